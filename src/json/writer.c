#include "json/writer.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/utf8.h"
#include "evm/address.h"
#include "base/banned.h"

struct json_writer
json_writer_of(struct buffer *out)
{
	return (struct json_writer){.out = out};
}

/* RFC 8785, 3.2.2.2: the two-character forms where JSON has one, else \u00xx. */
static void
escape_control(struct buffer *out, uint8_t c)
{
	static const char short_form[] = "btn\0fr"; /* 0x08 to 0x0d; 0x0b has none */

	if (c >= 0x08 && c <= 0x0d && short_form[c - 0x08] != '\0') {
		buffer_format(out, "\\%c", short_form[c - 0x08]);
		return;
	}
	buffer_format(out, "\\u%04x", c);
}

/* Bytes that are not UTF-8 become U+FFFD, so that the output is always JSON. */
static void
quote(struct buffer *out, const char *text, size_t len)
{
	const uint8_t *p = (const uint8_t *)text;
	size_t plain = 0; /* begin of the run that needs no escape */
	size_t i = 0;

	buffer_add(out, "\"", 1);
	while (i < len) {
		size_t n = utf8_length(p + i, len - i);

		if (n > 0 && p[i] >= 0x20 && p[i] != '"' && p[i] != '\\') {
			i += n;
			continue;
		}
		buffer_add(out, p + plain, i - plain);
		if (n == 0)
			buffer_text(out, "\xef\xbf\xbd");
		else if (p[i] < 0x20)
			escape_control(out, p[i]);
		else
			buffer_add(out, p[i] == '"' ? "\\\"" : "\\\\", 2);
		plain = ++i;
	}
	buffer_add(out, p + plain, i - plain);
	buffer_add(out, "\"", 1);
}

/* What comes before every value: the comma that is due, and the member's name. */
static void
lead(struct json_writer *w, const char *name)
{
	if (w->has_member[w->depth])
		buffer_add(w->out, ",", 1);
	w->has_member[w->depth] = 1;
	if (name == NULL)
		return;
	quote(w->out, name, strlen(name));
	buffer_add(w->out, ":", 1);
}

static void
open_level(struct json_writer *w, const char *name, const char *bracket)
{
	lead(w, name);
	buffer_add(w->out, bracket, 1);
	if (w->depth + 1 >= sizeof w->has_member) {
		if (w->out->err == 0)
			w->out->err = ERR_SPACE;
		return;
	}
	w->has_member[++w->depth] = 0;
}

static void
close_level(struct json_writer *w, const char *bracket)
{
	if (w->depth == 0) {
		if (w->out->err == 0)
			w->out->err = ERR_WRONG_STATE;
		return;
	}
	w->depth--;
	buffer_add(w->out, bracket, 1);
}

void
json_object_begin(struct json_writer *w, const char *name)
{
	open_level(w, name, "{");
}

void
json_object_end(struct json_writer *w)
{
	close_level(w, "}");
}

void
json_array_begin(struct json_writer *w, const char *name)
{
	open_level(w, name, "[");
}

void
json_array_end(struct json_writer *w)
{
	close_level(w, "]");
}

void
json_text(struct json_writer *w, const char *name, const char *value)
{
	if (value == NULL) {
		json_null_value(w, name);
		return;
	}
	json_textn(w, name, value, strlen(value));
}

void
json_textn(struct json_writer *w, const char *name, const char *value, size_t len)
{
	lead(w, name);
	quote(w->out, value, len);
}

void
json_u64(struct json_writer *w, const char *name, uint64_t value)
{
	lead(w, name);
	buffer_format(w->out, "%" PRIu64, value);
}

void
json_i64(struct json_writer *w, const char *name, int64_t value)
{
	lead(w, name);
	buffer_format(w->out, "%" PRId64, value);
}

void
json_bool_value(struct json_writer *w, const char *name, int value)
{
	lead(w, name);
	buffer_text(w->out, value ? "true" : "false");
}

void
json_null_value(struct json_writer *w, const char *name)
{
	lead(w, name);
	buffer_text(w->out, "null");
}

void
json_hex(struct json_writer *w, const char *name, const uint8_t *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char pair[2];

	lead(w, name);
	buffer_text(w->out, "\"0x");
	for (size_t i = 0; i < len; i++) {
		pair[0] = digits[p[i] >> 4];
		pair[1] = digits[p[i] & 15];
		buffer_add(w->out, pair, sizeof pair);
	}
	buffer_add(w->out, "\"", 1);
}

void
json_base64(struct json_writer *w, const char *name, const uint8_t *p, size_t len)
{
	uint8_t digits[4];
	struct writer group;

	lead(w, name);
	buffer_add(w->out, "\"", 1);
	for (size_t i = 0; i < len; i += 3) {
		group = writer_of(digits, sizeof digits);
		base64_write(&group, BASE64_STANDARD, p + i, len - i < 3 ? len - i : 3);
		buffer_add(w->out, digits, group.len);
	}
	buffer_add(w->out, "\"", 1);
}

void
json_address(struct json_writer *w, const char *name, const uint8_t address[20])
{
	char text[ADDRESS_TEXT_MAX];

	address_format(address, text);
	json_text(w, name, text);
}

void
json_decimal(struct json_writer *w, const char *name, const struct u256 *value, unsigned decimals)
{
	char text[U256_TEXT_MAX];

	json_textn(w, name, text, u256_format_decimal(value, decimals, text));
}

void
json_raw(struct json_writer *w, const char *name, const char *json, size_t len)
{
	lead(w, name);
	buffer_add(w->out, json, len);
}
