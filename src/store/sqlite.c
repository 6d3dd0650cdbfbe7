/*
 * SQLite. The file is the operator's: every defence that SQLite has against a
 * crafted file is on, and rows are checked again where they are taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "store/engine.h"
#include "base/banned.h"

#define BUSY_MILLISECONDS 5000
#define LOCK_TRIES 20 /* 50 ms apart: a predecessor that is being reaped still has it */
#define APPLICATION_ID 0x53454c46 /* "SELF" */

struct sqlite_engine {
	struct engine base; /* first */
	sqlite3 *db;
	int lock_fd; /* closed after db: closing it would drop SQLite's own locks */
	sqlite3_stmt *prepared[STATEMENT_COUNT];
};

static struct sqlite_engine *
of(struct engine *e)
{
	return (struct sqlite_engine *)e;
}

/* --- the connection -------------------------------------------------------- */

static int
classify(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_TOOBIG:
		return ERR_WRONG_STATE;
	}
	return ERR_DATABASE;
}

/* Logs what SQLite says by number; its message may quote what a row holds. */
static int
failed(const struct sqlite_engine *q, const char *what)
{
	int r;

	log_event(LOG_ERROR, "sqlite_failed", LOG_STR("what", what),
	    LOG_INT("code", sqlite3_extended_errcode(q->db)),
	    LOG_STR("meaning", sqlite3_errstr(sqlite3_extended_errcode(q->db))));
	r = classify(sqlite3_errcode(q->db));
	return r != 0 ? r : ERR_DATABASE;
}

static int
execute(struct sqlite_engine *q, const char *sql)
{
	if (sqlite3_exec(q->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return failed(q, "script");
}

/* The lengths that a crafted file or statement may ask for. */
static void
set_limits(sqlite3 *db)
{
	static const struct {
		int id;
		int value;
	} limits[] = {
	    {SQLITE_LIMIT_LENGTH, 1 << 20},
	    {SQLITE_LIMIT_SQL_LENGTH, 16384},
	    {SQLITE_LIMIT_COLUMN, 64},
	    {SQLITE_LIMIT_EXPR_DEPTH, 100},
	    {SQLITE_LIMIT_COMPOUND_SELECT, 4},
	    {SQLITE_LIMIT_VDBE_OP, 25000},
	    {SQLITE_LIMIT_FUNCTION_ARG, 8},
	    {SQLITE_LIMIT_ATTACHED, 0},
	    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
	    {SQLITE_LIMIT_VARIABLE_NUMBER, STATEMENT_PARAMS_MAX},
	    {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
	    {SQLITE_LIMIT_WORKER_THREADS, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		(void)sqlite3_limit(db, limits[i].id, limits[i].value);
}

static int
set_switches(sqlite3 *db)
{
	static const struct {
		int id;
		int on;
	} switches[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	    {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
	    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	};
	int now;

	for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
		if (sqlite3_db_config(db, switches[i].id, switches[i].on, &now) != SQLITE_OK ||
		    now != switches[i].on)
			return ERR_DATABASE;
	}
	return 0;
}

static int
sqlite_number(struct engine *e, const char *sql, int64_t *ret)
{
	struct sqlite_engine *q = of(e);
	sqlite3_stmt *stmt = NULL;
	int r = ERR_DATABASE;

	if (sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
		(void)failed(q, "prepare");
		return ERR_DATABASE;
	}
	switch (sqlite3_step(stmt)) {
	case SQLITE_ROW:
		r = ERR_NOT_FOUND;
		if (sqlite3_column_type(stmt, 0) == SQLITE_INTEGER) {
			*ret = sqlite3_column_int64(stmt, 0);
			r = 0;
		}
		break;
	case SQLITE_DONE:
		r = ERR_NOT_FOUND;
		break;
	default:
		(void)failed(q, "query");
	}
	sqlite3_finalize(stmt);
	return r;
}

/* Whether the first cell of the answer is this text. */
static int
answers(struct sqlite_engine *q, const char *sql, const char *expected)
{
	sqlite3_stmt *stmt = NULL;
	const unsigned char *text;
	int same = 0;

	if (sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW && (text = sqlite3_column_text(stmt, 0)) != NULL)
		same = strcmp((const char *)text, expected) == 0;
	sqlite3_finalize(stmt);
	return same;
}

/* --- opening --------------------------------------------------------------- */

/* A new file's name must survive a power cut as its first commit does. */
static int
sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];
	int n, fd, r;

	if (slash == NULL)
		n = snprintf(folder, sizeof folder, ".");
	else
		n = snprintf(folder, sizeof folder, "%.*s/", (int)(slash - path), path);
	if (n < 0 || (size_t)n >= sizeof folder)
		return ERR_SPACE;
	if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return ERR_IO;
	r = fsync(fd) == 0 ? 0 : ERR_IO;
	close(fd);
	return r;
}

/* Our own lock, on the file itself: flock() and SQLite's fcntl() locks do not meet. */
static int
lock_file(int fd)
{
	const struct timespec pause = {0, 50 * 1000 * 1000};

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return ERR_IO;
		(void)nanosleep(&pause, NULL);
	}
	return ERR_WRONG_STATE;
}

static int
open_file(struct sqlite_engine *q, const char *path, char *text, size_t text_cap)
{
	int fresh = 1, r;

	q->lock_fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (q->lock_fd < 0 && errno == EEXIST) {
		fresh = 0;
		q->lock_fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (q->lock_fd < 0) {
		(void)snprintf(text, text_cap, "the database file cannot be opened: %s "
		    "(its folder must exist and be writable)", strerror(errno));
		return ERR_DATABASE;
	}
	r = lock_file(q->lock_fd);
	if (r == ERR_WRONG_STATE) {
		(void)snprintf(text, text_cap, "another daemon has this database open: "
		    "stop it first");
		return r;
	}
	if (r != 0) {
		(void)snprintf(text, text_cap, "the database file cannot be locked here: "
		    "a local disk is needed");
		return ERR_DATABASE;
	}
	/* umask may have narrowed a new file, and somebody may have widened an old one */
	if (fchmod(q->lock_fd, 0600) != 0 || (fresh && sync_folder(path) != 0)) {
		(void)snprintf(text, text_cap, "the database file is not this user's");
		return ERR_DATABASE;
	}
	return 0;
}

/* A file of another program, or one that is broken, is not touched. */
static int
check_file(struct sqlite_engine *q, char *text, size_t text_cap)
{
	int64_t id, objects;

	if (sqlite_number(&q->base, "PRAGMA application_id", &id) != 0 ||
	    sqlite_number(&q->base, "SELECT COUNT(*) FROM sqlite_schema", &objects) != 0) {
		(void)snprintf(text, text_cap, "the database file cannot be read: "
		    "it is not SQLite, or it is damaged");
		return ERR_DATABASE;
	}
	if (id != APPLICATION_ID && (id != 0 || objects != 0)) {
		(void)snprintf(text, text_cap, "the database file is another program's");
		return ERR_DATABASE;
	}
	if (!answers(q, "PRAGMA quick_check(1)", "ok")) {
		(void)snprintf(text, text_cap, "the database file is damaged (PRAGMA quick_check): "
		    "restore it from a backup");
		return ERR_DATABASE;
	}
	return 0;
}

static int
mark_file(struct sqlite_engine *q)
{
	char sql[64];
	int64_t id;

	if (sqlite_number(&q->base, "PRAGMA application_id", &id) != 0)
		return ERR_DATABASE;
	if (id == APPLICATION_ID)
		return 0;
	(void)snprintf(sql, sizeof sql, "PRAGMA application_id = %d", APPLICATION_ID);
	return execute(q, sql);
}

static int
prepare_connection(struct sqlite_engine *q, char *text, size_t text_cap)
{
	int r;

	set_limits(q->db);
	(void)sqlite3_extended_result_codes(q->db, 1);
	(void)sqlite3_busy_timeout(q->db, BUSY_MILLISECONDS);
	if (set_switches(q->db) != 0 ||
	    execute(q, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;"
		       "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY;") != 0) {
		(void)snprintf(text, text_cap, "this SQLite lacks a protection that is needed");
		return ERR_DATABASE;
	}
	if ((r = check_file(q, text, text_cap)) != 0)
		return r;
	if (!answers(q, "PRAGMA journal_mode = WAL", "wal") ||
	    execute(q, "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;") != 0 ||
	    mark_file(q) != 0) {
		(void)snprintf(text, text_cap, "the database cannot be written to: "
		    "is there room, and is its folder on a local disk?");
		return ERR_DATABASE;
	}
	return 0;
}

static void
sqlite_close_engine(struct engine *e)
{
	struct sqlite_engine *q = of(e);

	for (size_t i = 0; i < STATEMENT_COUNT; i++)
		sqlite3_finalize(q->prepared[i]);
	if (q->db != NULL && sqlite3_close(q->db) != SQLITE_OK)
		log_note(LOG_ERROR, "sqlite_close_failed");
	if (q->lock_fd >= 0)
		close(q->lock_fd);
	free(q);
}

/* --- transactions ---------------------------------------------------------- */

static int
sqlite_begin(struct engine *e, int writes)
{
	/* taken at once, the write lock cannot be lost half way to another writer */
	return execute(of(e), writes ? "BEGIN IMMEDIATE" : "BEGIN") == 0 ? 0 : ERR_DATABASE;
}

static int
sqlite_commit(struct engine *e)
{
	return execute(of(e), "COMMIT") == 0 ? 0 : ERR_DATABASE;
}

static void
sqlite_rollback(struct engine *e)
{
	struct sqlite_engine *q = of(e);

	/* a full disk has rolled back already */
	if (!sqlite3_get_autocommit(q->db))
		(void)execute(q, "ROLLBACK");
}

static int
sqlite_script(struct engine *e, const char *sql)
{
	int r;

	if ((r = sqlite_begin(e, 1)) == 0 && (r = execute(of(e), sql)) == 0)
		r = sqlite_commit(e);
	if (r != 0)
		sqlite_rollback(e);
	return r;
}

/* --- statements ------------------------------------------------------------ */

/* SQLite numbers $1, $2 ... as it meets them, so the order in the text is checked. */
static int
check_numbering(sqlite3_stmt *stmt, const struct statement *s)
{
	char name[16];
	int count = sqlite3_bind_parameter_count(stmt);

	if ((size_t)count != strlen(s->params) ||
	    sqlite3_column_count(stmt) != (int)s->columns)
		return ERR_DATABASE;
	for (int i = 1; i <= count; i++) {
		const char *found = sqlite3_bind_parameter_name(stmt, i);

		(void)snprintf(name, sizeof name, "$%d", i);
		if (found == NULL || strcmp(found, name) != 0)
			return ERR_DATABASE;
	}
	return 0;
}

static int
prepared(struct sqlite_engine *q, enum statement_id id, sqlite3_stmt **ret)
{
	const struct statement *s = &statements[id];

	if (q->prepared[id] == NULL) {
		sqlite3_stmt *stmt = NULL;

		if (sqlite3_prepare_v3(q->db, s->sqlite, -1, SQLITE_PREPARE_PERSISTENT, &stmt,
		    NULL) != SQLITE_OK) {
			(void)failed(q, s->name);
			return ERR_DATABASE;
		}
		if (check_numbering(stmt, s) != 0) {
			sqlite3_finalize(stmt);
			return ERR_DATABASE;
		}
		q->prepared[id] = stmt;
	}
	*ret = q->prepared[id];
	return 0;
}

static int
bind_one(sqlite3_stmt *stmt, int i, const struct cell *c)
{
	switch (c->kind) {
	case CELL_NULL:
		return sqlite3_bind_null(stmt, i);
	case CELL_INTEGER:
		return sqlite3_bind_int64(stmt, i, c->integer);
	case CELL_TEXT:
		return sqlite3_bind_text(stmt, i, (const char *)c->run.p, (int)c->run.len,
		    SQLITE_STATIC);
	case CELL_BLOB:
		return sqlite3_bind_blob(stmt, i, c->run.p, (int)c->run.len, SQLITE_STATIC);
	case CELL_OTHER:
		return SQLITE_MISUSE;
	}
	return SQLITE_MISUSE;
}

static int
bind_all(sqlite3_stmt *stmt, const struct call *call)
{
	for (unsigned i = 0; i < call->param_count; i++) {
		if (bind_one(stmt, (int)i + 1, &call->params[i]) != SQLITE_OK)
			return ERR_DATABASE;
	}
	return 0;
}

static struct cell
cell_of(sqlite3_stmt *stmt, int i)
{
	struct cell c = {.kind = CELL_NULL};

	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_INTEGER:
		c.kind = CELL_INTEGER;
		c.integer = sqlite3_column_int64(stmt, i);
		return c;
	case SQLITE_TEXT:
		c.kind = CELL_TEXT;
		c.run.p = sqlite3_column_text(stmt, i);
		break;
	case SQLITE_BLOB:
		c.kind = CELL_BLOB;
		c.run.p = sqlite3_column_blob(stmt, i);
		break;
	case SQLITE_NULL:
		return c;
	default:
		c.kind = CELL_OTHER;
		return c;
	}
	c.run.len = c.run.p == NULL ? 0 : (size_t)sqlite3_column_bytes(stmt, i);
	return c;
}

static int
run_one(struct sqlite_engine *q, const struct call *call, call_row *row)
{
	struct cell cells[STATEMENT_COLUMNS_MAX];
	const struct statement *s = &statements[call->statement];
	sqlite3_stmt *stmt;
	int code, r;

	if ((r = prepared(q, call->statement, &stmt)) != 0)
		return r;
	if ((r = bind_all(stmt, call)) != 0)
		return r;
	while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (unsigned i = 0; i < s->columns; i++)
			cells[i] = cell_of(stmt, (int)i);
		row(call, cells);
	}
	r = code == SQLITE_DONE ? 0 : failed(q, s->name);
	(void)sqlite3_reset(stmt);
	(void)sqlite3_clear_bindings(stmt);
	return r;
}

static int
sqlite_run(struct engine *e, const struct call *calls, size_t count, call_row *row)
{
	int r;

	for (size_t i = 0; i < count; i++) {
		if ((r = run_one(of(e), &calls[i], row)) != 0)
			return r;
	}
	return 0;
}

static const struct engine_table sqlite_table = {
    .name = "sqlite",
    .dialect = DIALECT_SQLITE,
    .begin = sqlite_begin,
    .run = sqlite_run,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .script = sqlite_script,
    .number = sqlite_number,
    .close = sqlite_close_engine,
};

int
sqlite_open(const char *name, struct engine **ret, char *text, size_t text_cap)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
	struct sqlite_engine *q = NULL;
	int r;

	/* what SQLite takes for no file at all would forget every key with the process */
	if (name[0] == '\0' || name[0] == ':') {
		(void)snprintf(text, text_cap, "DATABASE_URL: sqlite: needs the path of a file");
		return ERR_SETTING;
	}
	if ((q = calloc(1, sizeof *q)) == NULL) {
		(void)snprintf(text, text_cap, "out of memory");
		return ERR_MEM;
	}
	q->base.table = &sqlite_table;
	q->lock_fd = -1;
	if ((r = open_file(q, name, text, text_cap)) != 0)
		goto out;
	if (sqlite3_open_v2(name, &q->db, flags, NULL) != SQLITE_OK) {
		(void)snprintf(text, text_cap, "SQLite cannot open the database file");
		r = ERR_DATABASE;
		goto out;
	}
	if ((r = prepare_connection(q, text, text_cap)) != 0)
		goto out;
	*ret = &q->base;
	q = NULL; /* transferred */
out:
	if (q != NULL)
		sqlite_close_engine(&q->base);
	return r;
}
