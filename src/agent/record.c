#include "agent/record.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/kdf.h"
#include "base/banned.h"

#define RECORD_FORM 1
#define PATH_NUMBER_MAX 0x7fffffffU

int
agent_id_valid(const char *id, size_t len)
{
	if (len < 1 || len > AGENT_ID_MAX)
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = id[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    c == '.' || c == '_' || c == ':' || c == '-')
			continue;
		return 0;
	}
	return 1;
}

void
record_write(struct writer *w, const struct agent_record *rec)
{
	write_u8(w, RECORD_FORM);
	write_u8(w, rec->id_len);
	write_bytes(w, rec->id, rec->id_len);
	write_u8(w, rec->scheme);
	write_be32(w, rec->index);
	for (size_t i = 0; i < 3; i++)
		write_be32(w, rec->path[i]);
	write_bytes(w, rec->address, 20);
	write_u8(w, rec->controller_kind);
	write_bytes(w, rec->controller, 32);
	write_u8(w, rec->has_owner);
	write_bytes(w, rec->owner, 20);
	write_be64(w, rec->record_version);
	write_be64(w, rec->key_version);
	write_be64(w, rec->policy_version);
	write_bytes(w, rec->key_hash, 32);
	write_u8(w, rec->used);
	write_lp(w, rec->policy.p, rec->policy.len);
	write_u8(w, rec->token_count);
	write_u256(w, &rec->native_used);
	for (size_t i = 0; i < rec->token_count; i++)
		write_u256(w, &rec->token_used[i]);
}

static int
read_identity(struct reader *in, struct agent_record *rec)
{
	uint8_t form;
	int r;

	if ((r = read_u8(in, &form)) != 0)
		return r;
	if (form != RECORD_FORM)
		return ERR_PARSE;
	if ((r = read_u8(in, &rec->id_len)) != 0)
		return r;
	if (rec->id_len > AGENT_ID_MAX)
		return ERR_RANGE;
	if ((r = read_copy(in, rec->id_len, (uint8_t *)rec->id)) != 0)
		return r;
	return agent_id_valid(rec->id, rec->id_len) ? 0 : ERR_PARSE;
}

/* Each scheme uses its own numbers, and the other's are zero. */
static int
check_path(const struct agent_record *rec)
{
	switch (rec->scheme) {
	case SCHEME_BOUND:
		if (rec->index != 0 || rec->path[0] > PATH_NUMBER_MAX ||
		    rec->path[1] > PATH_NUMBER_MAX || rec->path[2] > PATH_NUMBER_MAX)
			return ERR_RANGE;
		return 0;
	case SCHEME_INDEXED:
		if (rec->index > PATH_NUMBER_MAX || rec->path[0] != 0 || rec->path[1] != 0 ||
		    rec->path[2] != 0)
			return ERR_RANGE;
		return 0;
	}
	return ERR_UNSUPPORTED;
}

static int
read_place(struct reader *in, struct agent_record *rec)
{
	int r;

	if ((r = read_u8(in, &rec->scheme)) != 0)
		return r;
	if ((r = read_be32(in, &rec->index)) != 0)
		return r;
	for (size_t i = 0; i < 3; i++) {
		if ((r = read_be32(in, &rec->path[i])) != 0)
			return r;
	}
	if ((r = read_copy(in, 20, rec->address)) != 0)
		return r;
	return check_path(rec);
}

static int
read_people(struct reader *in, struct agent_record *rec)
{
	static const uint8_t nobody[20];
	int r;

	if ((r = read_u8(in, &rec->controller_kind)) != 0)
		return r;
	if (rec->controller_kind != CONTROLLER_API_KEY)
		return ERR_UNSUPPORTED;
	if ((r = read_copy(in, 32, rec->controller)) != 0)
		return r;
	if ((r = read_u8(in, &rec->has_owner)) != 0)
		return r;
	if ((r = read_copy(in, 20, rec->owner)) != 0)
		return r;
	if (rec->has_owner > 1)
		return ERR_RANGE;
	/* an owner is never the zero address, and zero where there is none */
	if ((memcmp(rec->owner, nobody, 20) != 0) != rec->has_owner)
		return ERR_RANGE;
	return 0;
}

static int
read_versions(struct reader *in, struct agent_record *rec)
{
	int r;

	if ((r = read_be64(in, &rec->record_version)) != 0)
		return r;
	if ((r = read_be64(in, &rec->key_version)) != 0)
		return r;
	if ((r = read_be64(in, &rec->policy_version)) != 0)
		return r;
	if (rec->record_version == 0 || rec->key_version == 0 || rec->policy_version == 0)
		return ERR_RANGE;
	if ((r = read_copy(in, 32, rec->key_hash)) != 0)
		return r;
	if ((r = read_u8(in, &rec->used)) != 0)
		return r;
	return rec->used <= 1 ? 0 : ERR_RANGE;
}

static int
read_policy_and_spend(struct reader *in, struct agent_record *rec)
{
	struct policy policy;
	int r;

	if ((r = read_lp(in, POLICY_BYTES_MAX, &rec->policy)) != 0)
		return r;
	if ((r = policy_read(rec->policy.p, rec->policy.len, &policy)) != 0)
		return r;
	if ((r = read_u8(in, &rec->token_count)) != 0)
		return r;
	if (rec->token_count != policy.token_count)
		return ERR_RANGE;
	if ((r = read_u256(in, &rec->native_used)) != 0)
		return r;
	for (size_t i = 0; i < rec->token_count; i++) {
		if ((r = read_u256(in, &rec->token_used[i])) != 0)
			return r;
	}
	return 0;
}

int
record_read(const uint8_t *p, size_t len, struct agent_record *ret)
{
	struct reader in = reader_of(p, len);
	struct agent_record rec;
	int r;

	memset(&rec, 0, sizeof rec);
	if (len > RECORD_BYTES_MAX)
		return ERR_RANGE;
	if ((r = read_identity(&in, &rec)) != 0)
		return r;
	if ((r = read_place(&in, &rec)) != 0)
		return r;
	if ((r = read_people(&in, &rec)) != 0)
		return r;
	if ((r = read_versions(&in, &rec)) != 0)
		return r;
	if ((r = read_policy_and_spend(&in, &rec)) != 0)
		return r;
	if ((r = reader_end(&in)) != 0)
		return r;
	*ret = rec;
	return 0;
}

void
record_path_text(const struct agent_record *rec, char ret[PATH_TEXT_MAX])
{
	struct writer w = writer_of((uint8_t *)ret, PATH_TEXT_MAX);

	write_text(&w, "m/44'/60'/");
	if (rec->scheme == SCHEME_INDEXED) {
		write_text(&w, "0'/0/");
		write_decimal(&w, rec->index);
		write_u8(&w, 0);
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		write_text(&w, i == 0 ? "" : "/");
		write_decimal(&w, rec->path[i]);
		write_u8(&w, '\'');
	}
	write_u8(&w, 0);
}

const char *
agent_scheme_name(uint8_t scheme)
{
	return scheme == SCHEME_INDEXED ? "indexed" : "bound";
}

void
api_key_hash(const uint8_t key32[32], uint8_t ret_hash32[32])
{
	static const char tag[] = "selfsame/api-key/v1"; /* hashed with its NUL */
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const uint8_t *)tag, sizeof tag);
	crypto_hash_sha256_update(&st, key32, 32);
	crypto_hash_sha256_final(&st, ret_hash32);
	wipe(&st, sizeof st);
}

void
bound_path(struct bytes id, const uint8_t controller32[32], struct bytes owner,
    struct bytes first_policy, uint32_t ret_path[3])
{
	const struct bytes parts[] = {id, {controller32, 32}, owner, first_policy};
	uint8_t hash[32];

	hash_parts("selfsame/path/v1", parts, 4, hash);
	/* 31-bit numbers: the top bit of each 32-bit word is dropped (BIP-32 keeps it) */
	for (size_t i = 0; i < 3; i++)
		ret_path[i] = load_be32(hash + 4 * i) & PATH_NUMBER_MAX;
}
