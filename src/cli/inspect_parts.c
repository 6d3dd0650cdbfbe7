#include "cli/inspect_parts.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "tdx/utc.h"
#include "base/banned.h"

void
inspect_hex(struct json_writer *w, const char *name, const uint8_t *p, size_t len)
{
	char *text = malloc(2 * len + 1);

	if (text == NULL) {
		w->out->err = ERR_MEM;
		return;
	}
	hex_encode(p, len, text);
	json_text(w, name, text);
	free(text);
}

void
inspect_time(struct json_writer *w, const char *name, int64_t t)
{
	char text[UTC_TEXT_LEN + 1];

	utc_format(t, text);
	json_text(w, name, text);
}

void
inspect_text(struct json_writer *w, const char *name, struct bytes text)
{
	if (text.len == 0)
		json_text(w, name, "");
	else if (utf8_is_text(text))
		json_textn(w, name, (const char *)text.p, text.len);
	else
		inspect_hex(w, name, text.p, text.len);
}

int
inspect_refused(struct json_writer *w, const char *code, const char *text)
{
	json_object_begin(w, "refused");
	json_text(w, "code", code);
	json_text(w, "text", text);
	json_object_end(w);
	return ERR_PARSE;
}
