#include "cli/explain.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/banned.h"

static const struct {
	const char *name;
	const char *against;
	const char *option;
} rows[] = {
#define EXPLAIN(name, against, option) {name, against, option},
#include "cli/explain.def"
#undef EXPLAIN
};

const char *
explain_check(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].against;
	return NULL;
}

const char *
explain_option(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return rows[i].option[0] != '\0' ? rows[i].option : NULL;
	return NULL;
}
