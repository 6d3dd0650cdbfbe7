/*
 * The table of functions that an engine (sqlite.c, postgres.c) puts behind
 * store.c. An engine knows transactions and typed cells; it does not know ops.
 * It is called by one thread at a time.
 */
#ifndef SELFSAME_STORE_ENGINE_H
#define SELFSAME_STORE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "store/statement.h"

/* CELL_OTHER: a value in a row that is none of these; nothing of ours takes it. */
enum cell_kind { CELL_NULL, CELL_INTEGER, CELL_TEXT, CELL_BLOB, CELL_OTHER };

/* A parameter, or a value of a row. Text and blobs are borrowed. */
struct cell {
	enum cell_kind kind;
	union {
		int64_t integer;
		struct bytes run;
	};
};

struct plan;

/* One use of a statement within a batch. */
struct call {
	enum statement_id statement;
	struct plan *plan; /* who gets the rows */
	unsigned param_count;
	struct cell params[STATEMENT_PARAMS_MAX];
};

/* Takes one row, of as many cells as the statement has columns. The engine has checked the
 * number only: kinds, lengths and values are a hostile database's. */
typedef void call_row(const struct call *call, const struct cell *cells);

enum dialect { DIALECT_SQLITE, DIALECT_POSTGRES };

struct engine;

struct engine_table {
	const char *name; /* for the log */
	enum dialect dialect;

	/*
	 * Between begin and commit or rollback lies one transaction. A failure of
	 * begin, run or commit means that nothing of it was applied:
	 *
	 * Returns: 0
	 *          ERR_WRONG_STATE  the database refused a statement for what it holds;
	 *                        the same without it may succeed
	 *          ERR_CLOSED    the connection was lost; worth a second try
	 *          ERR_DATABASE  the database does not work (from commit of a lost
	 *                        connection: it is not known whether it was applied)
	 *
	 * rollback follows every failure.
	 */
	int (*begin)(struct engine *e, int writes) MUST_USE;
	int (*run)(struct engine *e, const struct call *calls, size_t count, call_row *row)
	    MUST_USE;
	int (*commit)(struct engine *e) MUST_USE;
	void (*rollback)(struct engine *e);

	/* Several statements in one transaction of their own; for the schema. */
	int (*script)(struct engine *e, const char *sql) MUST_USE;

	/* The one integer that a query gives; for the schema. ERR_NOT_FOUND: no row or NULL. */
	int (*number)(struct engine *e, const char *sql, int64_t *ret) MUST_USE;

	void (*close)(struct engine *e);
};

/* An engine's own struct begins with this. */
struct engine {
	const struct engine_table *table;
};

/*
 * Open and lock, as store_open() says; the schema is not looked at yet. name
 * is the path (sqlite) or the whole URL (postgres).
 */
int sqlite_open(const char *name, struct engine **ret, char *text, size_t text_cap) MUST_USE;
int postgres_open(const char *name, struct engine **ret, char *text, size_t text_cap) MUST_USE;

#endif
