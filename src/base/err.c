#include "base/err.h"

#include <stddef.h>

#include "base/banned.h"

struct err_entry {
	int err;
	const char *name;
	const char *text;
};

static const struct err_entry entries[] = {
	{ERR_NONE, "ERR_NONE", "no error"},
#define ERR(name, number, text) {name, #name, text},
#include "base/err.def"
#undef ERR
};

static const struct err_entry *
find(int err)
{
	for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
		if (entries[i].err == err)
			return &entries[i];
	}
	return NULL;
}

const char *
err_name(int err)
{
	const struct err_entry *e = find(err);

	return e == NULL ? "ERR_?" : e->name;
}

const char *
err_text(int err)
{
	const struct err_entry *e = find(err);

	return e == NULL ? "unknown error" : e->text;
}
