#include "agent/receipt.h"

#include "base/err.h"
#include "evm/address.h"
#include "base/banned.h"

/* The largest integer that every JSON reader holds exactly (RFC 8785, 3.2.2.3). */
#define JSON_INTEGER_MAX ((uint64_t)1 << 53)

static void
put_name(struct writer *w, const char *name)
{
	write_text(w, ",\"");
	write_text(w, name);
	write_text(w, "\":");
}

static void
put_text(struct writer *w, const char *name, const char *text)
{
	put_name(w, name);
	write_u8(w, '"');
	write_text(w, text);
	write_u8(w, '"');
}

static void
put_number(struct writer *w, const char *name, uint64_t v)
{
	put_name(w, name);
	if (v >= JSON_INTEGER_MAX)
		w->err = ERR_RANGE;
	write_decimal(w, v);
}

static void
put_hash(struct writer *w, const uint8_t hash[32])
{
	write_text(w, "\"0x");
	write_hex(w, hash, 32);
	write_u8(w, '"');
}

static void
put_hashes(struct writer *w, const struct receipt *receipt)
{
	put_name(w, "hashes");
	write_u8(w, '[');
	for (size_t i = 0; i < receipt->hash_count; i++) {
		write_text(w, i == 0 ? "" : ",");
		put_hash(w, receipt->hashes[i]);
	}
	write_u8(w, ']');
}

static void
put_identity(struct writer *w, const struct receipt *receipt)
{
	const struct agent_record *rec = receipt->record;
	char address[ADDRESS_TEXT_MAX];

	address_format(rec->address, address);
	write_text(w, "{\"action\":\"");
	write_text(w, receipt->action);
	write_u8(w, '"');
	put_text(w, "address", address);
	put_name(w, "agentId");
	write_u8(w, '"');
	write_bytes(w, rec->id, rec->id_len);
	write_u8(w, '"');
}

static void
put_state(struct writer *w, const struct receipt *receipt)
{
	const struct agent_record *rec = receipt->record;
	char path[PATH_TEXT_MAX];
	uint8_t hash[32];

	record_path_text(rec, path);
	policy_hash(rec->policy.p, rec->policy.len, hash);
	put_number(w, "keyVersion", rec->key_version);
	put_text(w, "mode", receipt->mode);
	put_text(w, "path", path);
	put_name(w, "policyHash");
	put_hash(w, hash);
	put_number(w, "policyVersion", rec->policy_version);
	put_number(w, "recordVersion", rec->record_version);
	if (receipt->request_hash32 != NULL) {
		put_name(w, "requestHash");
		put_hash(w, receipt->request_hash32);
	}
	put_text(w, "scheme", agent_scheme_name(rec->scheme));
	put_number(w, "version", 1);
}

/* No text here needs an escape: ids, paths, modes and actions hold neither '"' nor '\'. */
int
receipt_write(const struct receipt *receipt, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);

	if (receipt->hash_count > RECEIPT_HASHES_MAX)
		return ERR_RANGE;
	put_identity(&w, receipt);
	put_number(&w, "chainId", receipt->chain_id);
	put_hashes(&w, receipt);
	if (receipt->idempotency_hash32 != NULL) {
		put_name(&w, "idempotencyHash");
		put_hash(&w, receipt->idempotency_hash32);
	}
	put_name(&w, "instanceKey");
	put_hash(&w, receipt->instance_key32);
	put_state(&w, receipt);
	write_u8(&w, '}');
	return writer_end(&w, ret_len);
}
