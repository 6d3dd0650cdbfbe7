#include "tdx/collateral.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "json/cursor.h"
#include "base/banned.h"

enum item_kind { COLLATERAL_TEXT, COLLATERAL_HEX };

#define I(name, kind) #name,
static const char *const item_names[] = {COLLATERAL_ITEMS(I)};
#undef I

#define I(name, kind) kind,
static const enum item_kind item_kinds[] = {COLLATERAL_ITEMS(I)};
#undef I

#define ITEMS_COUNT ARRAY_LEN(item_names)

static struct bytes *
item_of(struct collateral *c, size_t i)
{
	struct bytes *const items[] = {
#define I(name, kind) &c->name,
	    COLLATERAL_ITEMS(I)
#undef I
	};

	return items[i];
}

/* Decode hex where it stands; what is none stays as it is, and will be no DER either. */
static void
decode_hex_in_place(uint8_t *p, size_t *len)
{
	size_t n = *len / 2;

	if (n == 0 || *len % 2 != 0 || hex_decode((const char *)p, *len, p, n) != 0)
		return;
	*len = n;
}

int
collateral_read(struct bytes json, uint8_t *memory, struct collateral *ret,
		const char **ret_field)
{
	struct json_cursor c = cursor_of(json);
	struct collateral read;
	struct cursor_object o;
	size_t used = 0, len;
	int i, r;

	memset(&read, 0, sizeof read);
	*ret_field = NULL;
	if (json.len > COLLATERAL_JSON_MAX)
		return ERR_SPACE;
	cursor_object(&c, &o);
	while ((i = cursor_member(&c, &o, item_names, ITEMS_COUNT)) != CURSOR_END) {
		/* undone, a string is never longer than it was */
		struct writer w = writer_of(memory + used, json.len - used);

		if (cursor_null(&c)) /* as good as absent */
			continue;
		cursor_unescape(&c, &w);
		if (c.err != 0 || writer_end(&w, &len) != 0)
			break;
		if (item_kinds[i] == COLLATERAL_HEX)
			decode_hex_in_place(memory + used, &len);
		*item_of(&read, (size_t)i) = (struct bytes){memory + used, len};
		used += len;
	}
	if ((r = cursor_close(&c)) != 0) {
		*ret_field = c.field;
		return r;
	}
	*ret = read;
	return 0;
}

static void
write_string(struct writer *w, struct bytes text)
{
	write_u8(w, '"');
	for (size_t i = 0; i < text.len; i++) {
		const uint8_t c = text.p[i];

		if (c == '\n') {
			write_text(w, "\\n");
		} else if (c < 0x20) {
			write_text(w, "\\u00");
			write_hex(w, &c, 1);
		} else {
			if (c == '"' || c == '\\')
				write_u8(w, '\\');
			write_u8(w, c);
		}
	}
	write_u8(w, '"');
}

void
collateral_write(struct writer *w, const struct collateral *collateral)
{
	struct collateral copy = *collateral;

	for (size_t i = 0; i < ITEMS_COUNT; i++) {
		const struct bytes *item = item_of(&copy, i);

		write_text(w, i == 0 ? "{\"" : ",\"");
		write_text(w, item_names[i]);
		write_text(w, "\":");
		if (item_kinds[i] == COLLATERAL_TEXT) {
			write_string(w, *item);
			continue;
		}
		write_u8(w, '"');
		write_hex(w, item->p, item->len);
		write_u8(w, '"');
	}
	write_u8(w, '}');
}

int
collateral_signed_part(struct bytes answer, const char *member, struct bytes *ret_object,
		       uint8_t ret_signature[64])
{
	const char *const names[] = {member, "signature"};
	struct json_cursor c = cursor_of(answer);
	struct bytes object = {NULL, 0};
	struct cursor_object o;
	uint8_t signature[64];
	int i, r;

	cursor_object(&c, &o);
	while ((i = cursor_member(&c, &o, names, ARRAY_LEN(names))) != CURSOR_END) {
		if (i == 0)
			cursor_skip(&c, &object);
		else
			cursor_hex(&c, signature, sizeof signature);
	}
	cursor_need(&c, &o, names, 3);
	if ((r = cursor_close(&c)) != 0)
		return r;
	if (object.p[0] != '{')
		return ERR_PARSE;
	*ret_object = object;
	memcpy(ret_signature, signature, sizeof signature);
	return 0;
}
