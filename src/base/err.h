/*
 * The one list of errors. A function that can fail returns int: 0, or one of
 * these negative values. Outputs are written only when it returns 0.
 */
#ifndef SELFSAME_BASE_ERR_H
#define SELFSAME_BASE_ERR_H

enum err {
	ERR_NONE = 0,
#define ERR(name, number, text) name = -(number),
#include "base/err.def"
#undef ERR
};

/* The name, such as "ERR_PARSE"; "ERR_?" for a number that is not on the list. */
const char *err_name(int err);

/* One line for a person; never NULL. */
const char *err_text(int err);

#endif
