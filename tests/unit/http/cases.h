/* The lines of tests/conformance/http_cases.txt. */
#ifndef SELFSAME_TESTS_HTTP_CASES_H
#define SELFSAME_TESTS_HTTP_CASES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hex.h"

#define CASES_FILE "tests/conformance/http_cases.txt"
#define CASE_LINE_MAX 4096

struct http_case {
	char name[64];
	char want[64]; /* "200 200", "400 close" */
	struct buffer bytes;
};

static void
case_expand(const char *s, size_t len, struct buffer *out, unsigned number)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '#') {
			buffer_format(out, "%u", number);
		} else if (s[i] == '\\' && s[i + 1] == 'x') {
			uint8_t byte;

			if (hex_decode(s + i + 2, 2, &byte, 1) != 0)
				abort();
			buffer_add(out, &byte, 1);
			i += 3;
		} else if (s[i] == '\\') {
			const char *at = strchr("r\rn\nt\t", s[i + 1]);

			buffer_add(out, s[i + 1] == '0' ? "" : at + 1, 1);
			i++;
		} else {
			buffer_add(out, s + i, 1);
		}
	}
}

/* The braces: {G}, {P}, {REPEAT n TEXT}. */
static void
case_bytes(const char *s, struct buffer *out)
{
	while (*s != '\0') {
		size_t len = strcspn(s, "{");
		const char *end;
		char *text;
		unsigned long n;

		/* outside of a repetition the number sign is itself */
		for (size_t i = 0; i < len; i++) {
			if (s[i] == '#')
				buffer_text(out, "#");
			else if (s[i] == '\\')
				case_expand(s + i, s[i + 1] == 'x' ? 4 : 2, out, 0),
				    i += s[i + 1] == 'x' ? 3 : 1;
			else
				buffer_add(out, s + i, 1);
		}
		s += len;
		if (*s == '\0')
			return;
		end = strchr(s, '}');
		if (strncmp(s, "{G}", 3) == 0)
			buffer_text(out, "GET / HTTP/1.1\r\nHost: a\r\n");
		else if (strncmp(s, "{P}", 3) == 0)
			buffer_text(out, "POST / HTTP/1.1\r\nHost: a\r\n");
		if (strncmp(s, "{REPEAT ", 8) == 0) {
			n = (strtoul)(s + 8, &text, 10);
			for (unsigned i = 0; i < n; i++)
				case_expand(text + 1, (size_t)(end - text - 1), out, i);
		}
		s = end + 1;
	}
}

/* Returns 0 at the end of the file. */
static int
case_next(FILE *f, struct http_case *ret)
{
	char line[CASE_LINE_MAX];

	while (fgets(line, sizeof line, f) != NULL) {
		char *one, *two;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '#' || line[0] == '\0')
			continue;
		one = strstr(line, " | ");
		two = strstr(one + 3, " | ");
		*one = '\0';
		*two = '\0';
		(void)snprintf(ret->name, sizeof ret->name, "%.63s", line);
		(void)snprintf(ret->want, sizeof ret->want, "%.63s", one + 3);
		ret->bytes = buffer_of(1048576);
		case_bytes(two + 3, &ret->bytes);
		return 1;
	}
	return 0;
}

#endif
