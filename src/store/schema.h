/*
 * The one history of the schema. Migrations are append-only: an entry that was
 * ever released is never changed, removed or moved.
 */
#ifndef SELFSAME_STORE_SCHEMA_H
#define SELFSAME_STORE_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "store/engine.h"

/* The newest version that this program knows. */
uint64_t schema_newest(void);

/*
 * Bring the database up to version newest (tests stop earlier), each
 * migration in a transaction together with its row in schema_version.
 *
 * Returns: 0, ERR_WRONG_STATE (the schema is a newer program's) or ERR_DATABASE
 * Out:     text    of a failure
 */
int schema_migrate(struct engine *e, uint64_t newest, char *text, size_t text_cap) MUST_USE;

#endif
