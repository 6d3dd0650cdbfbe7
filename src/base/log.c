#include "base/log.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/banned.h"

#define LINE_MAX_BYTES 2048
#define TEXT_MAX_BYTES 200

static const char *process_name = "selfsame";
static int as_json;
static enum log_level least_level = LOG_INFO;

void
log_open(const char *process, int json, enum log_level least)
{
	process_name = process;
	as_json = json;
	least_level = least;
}

static void
put_text(struct writer *w, const char *s, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	if (len > TEXT_MAX_BYTES)
		len = TEXT_MAX_BYTES;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') {
			write_u8(w, c);
			continue;
		}
		write_text(w, "\\u00");
		write_u8(w, (uint8_t)digits[c >> 4]);
		write_u8(w, (uint8_t)digits[c & 15]);
	}
}

static void
put_quoted(struct writer *w, const char *s, size_t len)
{
	write_u8(w, '"');
	put_text(w, s, len);
	write_u8(w, '"');
}

static void
put_number(struct writer *w, int64_t v)
{
	if (v < 0) {
		write_u8(w, '-');
		write_decimal(w, (uint64_t)0 - (uint64_t)v);
		return;
	}
	write_decimal(w, (uint64_t)v);
}

static void
put_name(struct writer *w, const char *name)
{
	if (!as_json) {
		write_u8(w, ' ');
		write_text(w, name);
		write_u8(w, '=');
		return;
	}
	write_text(w, ",\"");
	write_text(w, name);
	write_text(w, "\":");
}

static void
put_field(struct writer *w, const struct log_field *f)
{
	const char *text = f->p;

	put_name(w, f->name);
	switch (f->kind) {
	case LOG_END:
		return;
	case LOG_TEXT:
		if (text == NULL)
			text = "";
		put_quoted(w, text, f->len == SIZE_MAX ? strlen(text) : f->len);
		return;
	case LOG_NUMBER:
		put_number(w, f->number);
		return;
	case LOG_HEX:
		write_u8(w, '"');
		write_hex(w, f->p, f->len > 64 ? 64 : f->len);
		write_u8(w, '"');
		return;
	case LOG_ERR:
		put_quoted(w, err_name((int)f->number), strlen(err_name((int)f->number)));
		return;
	}
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	static const char *const names[] = {"debug", "info", "warn", "error"};
	uint8_t line[LINE_MAX_BYTES];
	struct writer w = writer_of(line, sizeof line - 3);
	struct timespec now = {0, 0};

	if (level < least_level)
		return;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	write_text(&w, as_json ? "{\"time\":" : "time=");
	write_decimal(&w, (uint64_t)now.tv_sec);
	put_name(&w, "level");
	put_quoted(&w, names[level], strlen(names[level]));
	put_name(&w, "process");
	put_quoted(&w, process_name, strlen(process_name));
	put_name(&w, "event");
	put_quoted(&w, event, strlen(event));
	for (const struct log_field *f = fields; f->kind != LOG_END; f++) {
		struct writer before = w;

		put_field(&w, f);
		if (w.err != 0) {
			w = before; /* a field that does not fit is left out whole */
			break;
		}
	}
	if (as_json)
		line[w.len++] = '}';
	line[w.len++] = '\n';
	if (write(STDERR_FILENO, line, w.len) < 0)
		return; /* there is nowhere to report it */
}
