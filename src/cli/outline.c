#include "cli/outline.h"

#include <string.h>

#include "cli/report.h"
#include "base/banned.h"

#define INDENT 2
#define COLUMN 22
#define DEPTH_MAX 16
#define LINE_ITEMS_LEN 80 /* an array of short values stands on one line */

static void print_value(FILE *out, const char *name, json_t *value, unsigned depth);

static int
is_scalar(const json_t *value)
{
	return !json_is_object(value) && !json_is_array(value);
}

static void
print_scalar(FILE *out, const json_t *value)
{
	if (json_is_string(value))
		report_escaped(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		fprintf(out, "%g", json_real_value(value));
	else
		fputs(json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-", out);
}

static void
print_name(FILE *out, const char *name, unsigned depth)
{
	int width = COLUMN - (int)(depth * INDENT);

	fprintf(out, "%*s", (int)(depth * INDENT), "");
	report_escaped(out, name, strlen(name));
	/* two spaces at least, also behind a long name */
	for (int i = (int)strlen(name); i < width; i++)
		fputc(' ', out);
	fputs("  ", out);
}

static size_t
scalar_len(const json_t *value)
{
	return json_is_string(value) ? json_string_length(value) + 1 : 8;
}

/* Whether all items are short scalars that fit on a line. */
static int
fits(const json_t *array)
{
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);

		if (!is_scalar(item) || (len += scalar_len(item)) > LINE_ITEMS_LEN)
			return 0;
	}
	return 1;
}

static void
print_array(FILE *out, const char *name, json_t *array, unsigned depth)
{
	char number[24];

	print_name(out, name, depth);
	if (fits(array)) {
		for (size_t i = 0; i < json_array_size(array); i++) {
			fputs(i == 0 ? "" : " ", out);
			print_scalar(out, json_array_get(array, i));
		}
		fputc('\n', out);
		return;
	}
	fputc('\n', out);
	for (size_t i = 0; i < json_array_size(array); i++) {
		(void)!snprintf(number, sizeof number, "%zu", i);
		print_value(out, number, json_array_get(array, i), depth + 1);
	}
}

static void
print_members(FILE *out, json_t *object, unsigned depth)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) print_value(out, name, value, depth);
}

static void
print_value(FILE *out, const char *name, json_t *value, unsigned depth)
{
	if (depth > DEPTH_MAX) {
		print_name(out, name, depth);
		fputs("...\n", out);
	} else if (json_is_object(value)) {
		print_name(out, name, depth);
		fputc('\n', out);
		print_members(out, value, depth + 1);
	} else if (json_is_array(value)) {
		print_array(out, name, value, depth);
	} else {
		print_name(out, name, depth);
		print_scalar(out, value);
		fputc('\n', out);
	}
}

void
outline_print(FILE *out, json_t *object)
{
	print_members(out, object, 0);
}
