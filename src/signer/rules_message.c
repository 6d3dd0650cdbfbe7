#include "base/err.h"
#include "signer/rules.h"
#include "base/banned.h"

#define DIGEST_LEN 32

/* The number of continuation bytes that a first byte asks for, and its own bits; -1: none such. */
static int
utf8_first(uint8_t b, uint32_t *ret)
{
	if (b < 0x80) {
		*ret = b;
		return 0;
	}
	if (b >= 0xc2 && b <= 0xdf) {
		*ret = b & 0x1fU;
		return 1;
	}
	if (b >= 0xe0 && b <= 0xef) {
		*ret = b & 0x0fU;
		return 2;
	}
	if (b >= 0xf0 && b <= 0xf4) {
		*ret = b & 0x07U;
		return 3;
	}
	return -1;
}

/* One code point, in its shortest form and no surrogate. */
static int
utf8_read(struct reader *r, uint32_t *ret)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	uint32_t c;
	uint8_t b;
	int more;

	if (read_u8(r, &b) != 0)
		return ERR_PARSE;
	if ((more = utf8_first(b, &c)) < 0)
		return ERR_PARSE;
	for (int i = 0; i < more; i++) {
		if (read_u8(r, &b) != 0 || (b & 0xc0) != 0x80)
			return ERR_PARSE;
		c = c << 6 | (b & 0x3fU);
	}
	if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return ERR_PARSE;
	*ret = c;
	return 0;
}

/* Control characters, what is no character, and what turns the reading direction round. */
static int
is_printable(uint32_t c)
{
	if (c == '\n' || c == '\t')
		return 1;
	if (c < 0x20 || (c >= 0x7f && c <= 0x9f))
		return 0;
	if ((c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe)
		return 0;
	if (c == 0x2028 || c == 0x2029 || c == 0xfeff)
		return 0;
	return !((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
}

static int
is_text(struct bytes message)
{
	struct reader r = reader_of(message.p, message.len);
	uint32_t c;

	while (r.left > 0) {
		if (utf8_read(&r, &c) != 0 || !is_printable(c))
			return 0;
	}
	return 1;
}

static int
is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\t';
}

static int
is_hex_digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static struct bytes
trim(struct bytes b)
{
	while (b.len > 0 && is_space(b.p[0])) {
		b.p++;
		b.len--;
	}
	while (b.len > 0 && is_space(b.p[b.len - 1]))
		b.len--;
	return b;
}

/* 32 bytes, or their hex digits: somebody else's hash may be spelt so. */
static int
is_digest(struct bytes message)
{
	struct bytes b = trim(message);

	if (message.len == DIGEST_LEN)
		return 1;
	if (b.len == 2 * DIGEST_LEN + 2 && b.p[0] == '0' && (b.p[1] == 'x' || b.p[1] == 'X')) {
		b.p += 2;
		b.len -= 2;
	}
	if (b.len != 2 * DIGEST_LEN)
		return 0;
	for (size_t i = 0; i < b.len; i++) {
		if (!is_hex_digit(b.p[i]))
			return 0;
	}
	return 1;
}

enum rule
rules_judge_message(const struct rules_subject *s, struct bytes message)
{
	if (!(s->policy->actions & POLICY_MESSAGE))
		return RULE_ACTION;
	if (message.len == 0 || message.len > MESSAGE_BYTES_MAX)
		return RULE_MESSAGE_LENGTH;
	if (is_digest(message))
		return RULE_MESSAGE_DIGEST;
	return is_text(message) ? RULE_NONE : RULE_MESSAGE_TEXT;
}
