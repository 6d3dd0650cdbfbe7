#include "cli/kind.h"

#include <string.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/hex.h"
#include "cli/input.h"
#include "evidence/ccel.h"
#include "evidence/layr.h"
#include "evidence/ratls.h"
#include "base/banned.h"

#define SNP_REPORT_LEN 1184 /* AMD 56860, table 23 */

static const char *const names[] = {
#define K(id, name, words) [id] = name,
    KINDS(K)
#undef K
};

static const char *const words_of[] = {
#define K(id, name, words) [id] = words,
    KINDS(K)
#undef K
};

const char *
kind_name(enum kind kind)
{
	return names[kind];
}

const char *
kind_words(enum kind kind)
{
	return words_of[kind];
}

/* --- JSON ------------------------------------------------------------------------------- */

static int
has(const json_t *object, const char *member)
{
	return json_object_get(object, member) != NULL;
}

static enum kind
object_kind(const json_t *object)
{
	if (has(object, "statement"))
		return KIND_ATTESTATION;
	if (has(object, "tcb_info") || has(object, "qe_identity"))
		return KIND_COLLATERAL;
	if (has(object, "quote") || has(object, "event_log") || has(object, "attestation"))
		return KIND_DSTACK;
	return KIND_ATTESTATION; /* whose reader says best what is missing */
}

static enum kind
json_kind(struct bytes text)
{
	enum kind kind = text.p[0] == '[' ? KIND_DSTACK_LOG : KIND_ATTESTATION;
	json_error_t e;
	json_t *root = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &e);

	if (json_is_object(root))
		kind = object_kind(root);
	json_decref(root);
	return kind;
}

/* --- bytes -------------------------------------------------------------------------------- */

static int
is_snp_report(struct bytes b)
{
	return b.len == SNP_REPORT_LEN && b.p[0] >= 2 && b.p[0] <= 5 && b.p[1] == 0 &&
	       b.p[2] == 0 && b.p[3] == 0;
}

/* A quote begins with its version and the type of its key, both little-endian and small. */
static int
is_quote(struct bytes b)
{
	return b.len >= 4 && b.p[0] >= 1 && b.p[0] <= 9 && b.p[1] == 0 && b.p[2] <= 9 &&
	       b.p[3] == 0;
}

static int
is_ccel(struct bytes b)
{
	struct ccel log;

	return ccel_open(b, &log) == 0;
}

static int
is_bound(struct bytes b)
{
	static struct layr_attestation message;

	return layr_parse(b, &message) == TDX_HOLDS;
}

/* SCALE's version 0, whose first byte is the enum's index, or a MessagePack map. */
static int
is_dstack_blob(struct bytes b)
{
	return b.len >= 2 && ((b.p[0] == 0 && b.p[1] <= 9) || (b.p[0] & 0xf0U) == 0x80U);
}

/* Not every certificate: one that carries evidence. */
static int
is_dstack_certificate(struct bytes b)
{
	struct ratls c;

	return ratls_parse(b, &c) == TDX_HOLDS && (c.quote.len > 0 || c.attestation.len > 0);
}

static enum kind
bytes_kind(struct bytes b)
{
	if (is_snp_report(b))
		return KIND_SEV_SNP;
	if (is_ccel(b))
		return KIND_CCEL;
	if (is_quote(b))
		return KIND_QUOTE;
	if (is_dstack_certificate(b))
		return KIND_DSTACK_CERTIFICATE;
	if (is_bound(b))
		return KIND_BOUND;
	return is_dstack_blob(b) ? KIND_DSTACK_BLOB : KIND_UNKNOWN;
}

#define BLANKS " \n\r\t"

/* --- text ----------------------------------------------------------------------------------- */

/* Of certificates in PEM the base64 of the first, which is the leaf; other text as it is. */
static struct bytes
unarmoured(struct bytes text)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	static const char end[] = "-----END CERTIFICATE-----";
	const struct bytes inner = {text.p + sizeof begin - 1, text.len - (sizeof begin - 1)};
	const uint8_t *at;

	if (text.len < sizeof begin || memcmp(text.p, begin, sizeof begin - 1) != 0)
		return text;
	at = memmem(inner.p, inner.len, end, sizeof end - 1);
	return at == NULL ? text : (struct bytes){inner.p, (size_t)(at - inner.p)};
}

/* Without the line ends that tools fold long text with; 0 when it is no printable text. */
static int
unfold(struct bytes text, struct buffer *ret)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];

		if (c != 0 && strchr(BLANKS, c) != NULL)
			continue;
		if (c < 0x21 || c > 0x7e)
			return 0;
		buffer_add(ret, &c, 1);
	}
	return ret->err == 0 && ret->len > 0;
}

/* Header, payload, signature; a header that is an object begins "eyJ" in base64. */
static int
is_token(const struct buffer *text)
{
	size_t dots = 0;

	for (size_t i = 0; i < text->len; i++)
		dots += text->p[i] == '.';
	return dots == 2 && text->len > 3 && memcmp(text->p, "eyJ", 3) == 0;
}

/* In place: a value is never longer than its spelling. */
static int
decode(struct buffer *text)
{
	size_t skip = text->len >= 2 && text->p[0] == '0' && (text->p[1] | 0x20) == 'x' ? 2 : 0;
	size_t digits = text->len - skip, n;

	if (digits > 0 &&
	    hex_decode((const char *)text->p + skip, digits, text->p, digits / 2) == 0) {
		text->len = digits / 2;
		return 1;
	}
	if (base64_decode(BASE64_STANDARD, (struct bytes){text->p, text->len}, text->p, text->len,
			  &n) != 0)
		return 0;
	text->len = n;
	return 1;
}

static enum kind
text_kind(struct buffer *text, struct bytes *ret)
{
	int token = is_token(text);

	*ret = (struct bytes){NULL, 0};
	if (!token && !decode(text))
		return KIND_UNKNOWN;
	*ret = (struct bytes){text->p, text->len};
	return token ? KIND_TOKEN : bytes_kind(*ret);
}

enum kind
kind_detect(struct bytes input, struct buffer *room, struct bytes *ret)
{
	struct bytes text = bytes_trim(input, BLANKS);
	enum kind kind;

	*room = buffer_of(INPUT_MAX);
	*ret = input;
	if (text.len == 0)
		return KIND_UNKNOWN;
	/* a quote of a version that there is not may begin so too; JSON has no NUL */
	if ((text.p[0] == '{' || text.p[0] == '[') && memchr(text.p, '\0', text.len) == NULL) {
		*ret = text;
		return json_kind(text);
	}
	if ((kind = bytes_kind(input)) != KIND_UNKNOWN)
		return kind;
	return unfold(unarmoured(text), room) ? text_kind(room, ret) : KIND_UNKNOWN;
}
