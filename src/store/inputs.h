/* Whether an op can be run at all: bounds of what it gives the database, and its shape. */
#ifndef SELFSAME_STORE_INPUTS_H
#define SELFSAME_STORE_INPUTS_H

#include "base/attr.h"
#include "store/store.h"

/* Returns: 0, ERR_RANGE (a length, an integer, a trade's steps) or ERR_PARSE (text) */
int inputs_check(const struct store_op *op) MUST_USE;

#endif
