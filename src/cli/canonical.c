#include "cli/canonical.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "json/writer.h"
#include "base/banned.h"

#define DEPTH_MAX 8
#define INTEGER_MAX ((INT64_C(1) << 53) - 1)

static int write_value(struct json_writer *w, const char *name, json_t *value, unsigned depth);

static int
by_name(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

/* For ASCII names the order of bytes is the order of UTF-16 units that RFC 8785 3.2.3 wants. */
static int
collect_names(json_t *object, const char **names, size_t *ret_count)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	if (json_object_size(object) > CANONICAL_MEMBERS_MAX)
		return ERR_RANGE;
	json_object_foreach(object, name, value)
	{
		for (const char *c = name; *c != '\0'; c++)
			if (*c < 0x20 || *c > 0x7e)
				return ERR_RANGE;
		names[n++] = name;
	}
	qsort(names, n, sizeof *names, by_name);
	*ret_count = n;
	return 0;
}

static int
write_object(struct json_writer *w, const char *name, json_t *object, unsigned depth)
{
	const char *names[CANONICAL_MEMBERS_MAX];
	size_t count;
	int r;

	if ((r = collect_names(object, names, &count)) != 0)
		return r;
	json_object_begin(w, name);
	for (size_t i = 0; i < count; i++)
		if ((r = write_value(w, names[i], json_object_get(object, names[i]), depth + 1)) !=
		    0)
			return r;
	json_object_end(w);
	return 0;
}

static int
write_array(struct json_writer *w, const char *name, json_t *array, unsigned depth)
{
	int r;

	json_array_begin(w, name);
	for (size_t i = 0; i < json_array_size(array); i++)
		if ((r = write_value(w, NULL, json_array_get(array, i), depth + 1)) != 0)
			return r;
	json_array_end(w);
	return 0;
}

static int
write_integer(struct json_writer *w, const char *name, int64_t v)
{
	if (v < -INTEGER_MAX || v > INTEGER_MAX)
		return ERR_RANGE;
	json_i64(w, name, v);
	return 0;
}

static int
write_value(struct json_writer *w, const char *name, json_t *value, unsigned depth)
{
	if (depth > DEPTH_MAX)
		return ERR_RANGE;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_object(w, name, value, depth);
	case JSON_ARRAY:
		return write_array(w, name, value, depth);
	case JSON_STRING:
		json_textn(w, name, json_string_value(value), json_string_length(value));
		return 0;
	case JSON_INTEGER:
		return write_integer(w, name, json_integer_value(value));
	case JSON_TRUE:
	case JSON_FALSE:
		json_bool_value(w, name, json_is_true(value));
		return 0;
	case JSON_NULL:
		json_null_value(w, name);
		return 0;
	case JSON_REAL:
		break; /* our documents have none */
	}
	return ERR_RANGE;
}

int
canonical_write(json_t *value, struct buffer *ret)
{
	struct json_writer w = json_writer_of(ret);
	int r;

	if ((r = write_value(&w, NULL, value, 0)) != 0)
		return r;
	return ret->err;
}
