#include "tdx/measurement.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/digest.h"
#include "base/banned.h"

static int
take_char(struct reader *r, char c)
{
	if (r->left == 0 || r->p[0] != (uint8_t)c)
		return ERR_PARSE;
	r->p++;
	r->left--;
	return 0;
}

static int
is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

/* A JSON string of plain characters: nothing to unescape. */
static int
take_plain_string(struct reader *r, struct bytes *ret)
{
	size_t n = 0;

	if (take_char(r, '"') != 0)
		return ERR_PARSE;
	while (n < r->left && is_plain(r->p[n]))
		n++;
	if (n == 0 || n > EVENT_TEXT_MAX)
		return ERR_PARSE;
	if (read_take(r, n, ret) != 0)
		return ERR_PARSE;
	return take_char(r, '"');
}

static int
decode_hash(struct bytes text, uint8_t ret[32])
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F')
			return ERR_PARSE;
	return hex_decode((const char *)text.p, text.len, ret, 32) == 0 ? 0 : ERR_PARSE;
}

/* Whether a sorts before b, byte by byte. */
static int
sorts_before(struct bytes a, struct bytes b)
{
	int c = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

	return c < 0 || (c == 0 && a.len < b.len);
}

static int
take_binary(struct reader *r, struct measurement *m, size_t i, struct bytes *name)
{
	struct bytes before = *name, value;

	if (i >= MEASUREMENT_BINARIES_MAX)
		return ERR_FULL;
	if (take_plain_string(r, name) != 0 || take_char(r, ':') != 0 ||
	    take_plain_string(r, &value) != 0 || decode_hash(value, m->binary_hash[i]) != 0)
		return ERR_PARSE;
	/* sorted and therefore without duplicates */
	if (i > 0 && !sorts_before(before, *name))
		return ERR_PARSE;
	return event_log_add(&m->log, EVENT_TYPE_BINARY, *name,
			     (struct bytes){m->binary_hash[i], 32});
}

static int
add_binaries(struct bytes json, struct measurement *m)
{
	struct reader r = reader_of(json.p, json.len);
	struct bytes name = {NULL, 0};
	size_t i = 0;
	int e;

	if (take_char(&r, '{') != 0)
		return ERR_PARSE;
	if (take_char(&r, '}') == 0)
		return reader_end(&r) == 0 ? 0 : ERR_PARSE;
	do {
		if ((e = take_binary(&r, m, i++, &name)) != 0)
			return e;
	} while (take_char(&r, ',') == 0);
	return take_char(&r, '}') == 0 && reader_end(&r) == 0 ? 0 : ERR_PARSE;
}

int
measurement_make(struct bytes mode, struct bytes settings, struct bytes binaries,
		 struct measurement *ret)
{
	static const struct bytes mode_name = {(const uint8_t *)"mode", 4};
	static const struct bytes settings_name = {(const uint8_t *)"settings", 8};
	int r;

	ret->log.count = 0;
	if ((r = event_log_add(&ret->log, EVENT_TYPE_MODE, mode_name, mode)) != 0)
		return r;
	if ((r = digest_sha256(&settings, 1, ret->settings_hash)) != 0)
		return r;
	if ((r = event_log_add(&ret->log, EVENT_TYPE_SETTINGS, settings_name,
			       (struct bytes){ret->settings_hash, 32})) != 0)
		return r;
	return add_binaries(binaries, ret);
}
