/* SHA-1 is one of the digests in a log, and not relied on. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "evidence/cel.h"

#include <string.h>

#include <openssl/sha.h>

#include "base/err.h"
#include "base/utf8.h"
#include "evidence/tpm.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define RECORDS_MAX 1024
#define TEXT_MAX 65536
#define CCMR_RTMR3 4 /* CCMR 0 is MRTD */

enum tlv_type {
	TLV_NUMBER = 0,
	TLV_PCR = 1,
	TLV_DIGESTS = 3,
	TLV_COS = 80,
	TLV_CCMR = 108
};

enum cos_event {
	COS_IMAGE_REFERENCE = 0,
	COS_IMAGE_DIGEST = 1,
	COS_RESTART_POLICY = 2,
	COS_IMAGE_ID = 3,
	COS_ARG = 4,
	COS_ENV = 5,
	COS_OVERRIDE_ARG = 6,
	COS_OVERRIDE_ENV = 7,
	COS_SEPARATOR = 8,
	COS_MEMORY_MONITOR = 9,
	COS_GPU_MODE = 10
};

struct tlv {
	uint8_t type;
	struct bytes value;
	struct bytes whole;
};

/* All that is only of use while the log is read. */
struct state {
	enum cel_register in;
	int is_launched;
	struct cel *cel;
};

static int
read_tlv(struct reader *r, struct tlv *ret)
{
	const uint8_t *start = r->p;

	if (read_u8(r, &ret->type) != 0 || read_lp(r, CEL_MAX, &ret->value) != 0)
		return ERR_PARSE;
	ret->whole = (struct bytes){start, (size_t)(r->p - start)};
	return 0;
}

static int
read_typed(struct reader *r, uint8_t type, struct tlv *ret)
{
	return read_tlv(r, ret) == 0 && ret->type == type ? 0 : ERR_PARSE;
}

static int
digest_of(uint8_t algorithm, struct bytes content, uint8_t ret[64])
{
	switch (algorithm) {
	case TPM_ALG_SHA1:
		return SHA1(content.p, content.len, ret) != NULL ? 0 : ERR_CRYPTO;
	case TPM_ALG_SHA256:
		return digest_sha256(&content, 1, ret);
	case TPM_ALG_SHA384:
		return digest_sha384(&content, 1, ret);
	case TPM_ALG_SHA512:
		return digest_sha512(&content, 1, ret);
	default:
		return ERR_UNSUPPORTED;
	}
}

/* Each listed digest, of a known hash and no hash twice, is the content's. */
static enum tdx_reason
check_digests(struct bytes list, struct bytes content, enum cel_register in)
{
	const uint32_t must = UINT32_C(1) << (in == CEL_IN_RTMR3 ? TPM_ALG_SHA384 : TPM_ALG_SHA256);
	struct reader r = reader_of(list.p, list.len);
	uint8_t digest[64];
	uint32_t seen = 0;
	struct tlv t;

	while (r.left > 0) {
		if (read_tlv(&r, &t) != 0 || tpm_digest_len(t.type) != t.value.len ||
		    t.value.len == 0 || (seen & UINT32_C(1) << t.type) != 0)
			return CEL_PARSE;
		seen |= UINT32_C(1) << t.type;
		if (digest_of(t.type, content, digest) != 0)
			return TDX_INTERNAL;
		if (memcmp(digest, t.value.p, t.value.len) != 0)
			return CEL_DIGEST;
	}
	return (seen & must) != 0 ? TDX_HOLDS : CEL_PARSE;
}

/* register' = H(register || H(content)), in each bank that is asked for later. */
static int
extend(struct cel *c, struct bytes content)
{
	uint8_t digest[48];
	const struct bytes sha256[2] = {{c->sha256, 32}, {digest, 32}};
	const struct bytes sha384[2] = {{c->sha384, 48}, {digest, 48}};
	int r;

	if ((r = digest_sha256(&content, 1, digest)) != 0 ||
	    (r = digest_sha256(sha256, 2, c->sha256)) != 0)
		return r;
	if ((r = digest_sha384(&content, 1, digest)) != 0)
		return r;
	return digest_sha384(sha384, 2, c->sha384);
}

static int
is_image_digest(struct bytes v)
{
	static const char prefix[] = "sha256:";
	const size_t n = sizeof prefix - 1;

	if (v.len != n + 64 || memcmp(v.p, prefix, n) != 0)
		return 0;
	for (size_t i = n; i < v.len; i++)
		if (!((v.p[i] >= '0' && v.p[i] <= '9') || (v.p[i] >= 'a' && v.p[i] <= 'f')))
			return 0;
	return 1;
}

static int
is_restart_policy(struct bytes v)
{
	static const char *const words[] = {"Always", "OnFailure", "Never"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (v.len == strlen(words[i]) && memcmp(v.p, words[i], v.len) == 0)
			return 1;
	return 0;
}

static int
set_once(struct bytes *field, struct bytes value)
{
	if (field->len != 0 || value.len == 0 || value.len > TEXT_MAX || !utf8_is_text(value))
		return ERR_PARSE;
	*field = value;
	return 0;
}

static int
list_add(struct cel_list *list, struct bytes value)
{
	if (list->count == CEL_LIST_MAX || value.len > TEXT_MAX || !utf8_is_text(value))
		return ERR_PARSE;
	list->item[list->count++] = value;
	return 0;
}

static int
is_name_char(uint8_t c, int is_first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (!is_first && c >= '0' && c <= '9');
}

/* The length of NAME in NAME=value, or 0 when there is none. */
static size_t
name_length(struct bytes v)
{
	size_t i = 0;

	while (i < v.len && is_name_char(v.p[i], i == 0))
		i++;
	return i < v.len && v.p[i] == '=' ? i : 0;
}

/* Of a name given twice, one program takes the first value and another the last. */
static int
env_add(struct cel_list *list, struct bytes value)
{
	const size_t n = name_length(value);

	if (n == 0)
		return ERR_PARSE;
	for (size_t i = 0; i < list->count; i++)
		if (list->item[i].len > n && memcmp(list->item[i].p, value.p, n + 1) == 0)
			return ERR_PARSE;
	return list_add(list, value);
}

static int
set_memory_monitor(struct cel *c, struct bytes value)
{
	if (c->memory_monitor != -1 || value.len != 1 || value.p[0] > 1)
		return ERR_PARSE;
	c->memory_monitor = value.p[0];
	return 0;
}

static int
take_event(struct state *s, uint8_t type, struct bytes value)
{
	struct cel *c = s->cel;

	switch (type) {
	case COS_IMAGE_REFERENCE:
		return set_once(&c->image_reference, value);
	case COS_IMAGE_DIGEST:
		return is_image_digest(value) ? set_once(&c->image_digest, value) : ERR_PARSE;
	case COS_RESTART_POLICY:
		return is_restart_policy(value) ? set_once(&c->restart_policy, value) : ERR_PARSE;
	case COS_IMAGE_ID:
		return is_image_digest(value) ? set_once(&c->image_id, value) : ERR_PARSE;
	case COS_ARG:
		return list_add(&c->args, value);
	case COS_ENV:
		return env_add(&c->env, value);
	case COS_OVERRIDE_ARG:
		return list_add(&c->override_args, value);
	case COS_OVERRIDE_ENV:
		return env_add(&c->override_env, value);
	case COS_SEPARATOR: /* "empty on success"; else it holds the launcher's error */
		s->is_launched = 1;
		return value.len == 0 ? 0 : ERR_PARSE;
	case COS_MEMORY_MONITOR:
		return set_memory_monitor(c, value);
	case COS_GPU_MODE:
		return set_once(&c->gpu_mode, value);
	default:
		return ERR_PARSE;
	}
}

static int
check_place(struct state *s, const struct tlv *number, const struct tlv *place)
{
	const int is_rtmr3 = s->in == CEL_IN_RTMR3;

	if (number->value.len != 8 || load_be64(number->value.p) != s->cel->records)
		return ERR_PARSE;
	if (place->type != (is_rtmr3 ? TLV_CCMR : TLV_PCR) || place->value.len != 1)
		return ERR_PARSE;
	return place->value.p[0] == (is_rtmr3 ? CCMR_RTMR3 : CEL_PCR) ? 0 : ERR_PARSE;
}

static enum tdx_reason
take_record(struct reader *r, struct state *s)
{
	struct tlv number, place, digests, content, event;
	struct reader inner;
	enum tdx_reason reason;

	if (s->is_launched || s->cel->records == RECORDS_MAX)
		return CEL_PARSE;
	if (read_typed(r, TLV_NUMBER, &number) != 0 || read_tlv(r, &place) != 0 ||
	    read_typed(r, TLV_DIGESTS, &digests) != 0 || read_typed(r, TLV_COS, &content) != 0)
		return CEL_PARSE;
	inner = reader_of(content.value.p, content.value.len);
	if (check_place(s, &number, &place) != 0 || read_tlv(&inner, &event) != 0 ||
	    reader_end(&inner) != 0)
		return CEL_PARSE;
	if ((reason = check_digests(digests.value, content.whole, s->in)) != TDX_HOLDS)
		return reason;
	if (take_event(s, event.type, event.value) != 0)
		return CEL_PARSE;
	s->cel->records++;
	return extend(s->cel, content.whole) == 0 ? TDX_HOLDS : TDX_INTERNAL;
}

enum tdx_reason
cel_parse(struct bytes log, enum cel_register in, struct cel *ret)
{
	struct reader r = reader_of(log.p, log.len);
	struct state s = {.in = in, .cel = ret};
	enum tdx_reason reason;

	memset(ret, 0, sizeof *ret);
	ret->memory_monitor = -1;
	if (log.len > CEL_MAX)
		return CEL_PARSE;
	while (r.left > 0)
		if ((reason = take_record(&r, &s)) != TDX_HOLDS)
			return reason;
	if (!s.is_launched || ret->image_reference.len == 0 || ret->image_digest.len == 0 ||
	    ret->restart_policy.len == 0 || ret->args.count == 0)
		return CEL_PARSE;
	return TDX_HOLDS;
}

int
cel_env_find(const struct cel_list *env, const char *name, struct bytes *ret)
{
	const size_t n = strlen(name);

	for (size_t i = 0; i < env->count; i++) {
		struct bytes item = env->item[i];

		if (name_length(item) != n || memcmp(item.p, name, n) != 0)
			continue;
		*ret = (struct bytes){item.p + n + 1, item.len - n - 1};
		return 0;
	}
	return ERR_NOT_FOUND;
}
