/*
 * PostgreSQL through libpq's pipeline: a batch goes out in one piece, its
 * results are read, then COMMIT and the one sync follow. The results are asked
 * for before the COMMIT (a flush, not a sync) so that they are all known when
 * it is sent.
 *
 * A connection lost before COMMIT was sent has applied nothing. One lost after
 * that may have applied all or nothing, and is asked: every transaction that
 * writes sets commit_mark to a value of its own first. The next session waits
 * for the lock, which the lost one holds until its transaction has ended one
 * way or the other, and reads the mark: ours says committed. Else the batch
 * runs again. So no op is lost or doubled.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/parse.h"
#include "base/secret.h"
#include "store/connection.h"
#include "store/engine.h"
#include "base/banned.h"

#define SCRIPT_MILLISECONDS (3600 * 1000) /* an index on a large table takes its time */
#define RESOLVE_MILLISECONDS 30000
#define PAUSE_LEAST 100 /* between attempts to connect again */
#define PAUSE_MOST 5000
#define MARK_BYTES 24
#define MARK_NAME "commit_mark"

/* pg_type.dat: the three types that cross, always in binary form */
#define OID_BYTEA 17
#define OID_INT8 20
#define OID_TEXT 25

struct postgres_engine {
	struct engine base; /* first */
	char *url; /* with the password: wiped when it is freed */
	PGconn *pg; /* NULL: lost */
	int ready; /* in pipeline mode, statements prepared */
	int writes; /* of the open transaction */
	size_t unread; /* results that were asked for and not read */
	int64_t retry_at;
	int64_t pause;
	uint8_t mark[MARK_BYTES]; /* random of this process, and a count */
};

static struct postgres_engine *
of(struct engine *e)
{
	return (struct postgres_engine *)e;
}

/* --- the connection -------------------------------------------------------- */

static void
disconnect(struct postgres_engine *q)
{
	PQfinish(q->pg);
	q->pg = NULL;
	q->ready = 0;
	q->unread = 0;
}

/* After a loss the first attempt is made at once; after failures they come apart. */
static int
reconnect(struct postgres_engine *q)
{
	char text[256] = "";

	if (monotonic_ms() < q->retry_at)
		return ERR_DATABASE;
	if (connection_open(q->url, &q->pg, text, sizeof text) != 0) {
		q->pg = NULL;
		q->pause = q->pause == 0 ? PAUSE_LEAST : q->pause * 2;
		if (q->pause > PAUSE_MOST)
			q->pause = PAUSE_MOST;
		q->retry_at = monotonic_ms() + q->pause;
		log_event(LOG_ERROR, "postgres_unreachable", LOG_STR("reason", text));
		return ERR_DATABASE;
	}
	q->pause = 0;
	q->retry_at = 0;
	log_note(LOG_INFO, "postgres_connected");
	return 0;
}

/* The next result of the pipeline, which must be one of the expected kind. */
static int
read_result(struct postgres_engine *q, const char *what, PGresult **ret)
{
	PGresult *result = NULL, *end = NULL;
	int r;

	if ((r = connection_next(q->pg, ANSWER_MILLISECONDS, &result)) != 0)
		return r;
	if (result == NULL)
		return ERR_CLOSED;
	if (PQresultStatus(result) != PGRES_COMMAND_OK &&
	    PQresultStatus(result) != PGRES_TUPLES_OK) {
		r = result_error(q->pg, result, what);
		goto out;
	}
	/* libpq gives a NULL after the result of each statement */
	if ((r = connection_next(q->pg, ANSWER_MILLISECONDS, &end)) != 0)
		goto out;
	if (end != NULL) {
		PQclear(end);
		r = ERR_CLOSED;
		goto out;
	}
	q->unread--;
	*ret = result;
	result = NULL; /* transferred */
out:
	PQclear(result);
	return r;
}

static int
read_done(struct postgres_engine *q, const char *what)
{
	PGresult *result;
	int r = read_result(q, what, &result);

	if (r == 0)
		PQclear(result);
	return r;
}

static int
read_sync(struct postgres_engine *q)
{
	PGresult *result = NULL;
	int r = connection_next(q->pg, ANSWER_MILLISECONDS, &result);

	if (r == 0 && PQresultStatus(result) != PGRES_PIPELINE_SYNC)
		r = ERR_CLOSED;
	PQclear(result);
	return r;
}

static int
send_prepare(struct postgres_engine *q, const char *name, const char *sql, const char *params)
{
	Oid types[STATEMENT_PARAMS_MAX];
	int n = (int)strlen(params);

	for (int i = 0; i < n; i++)
		types[i] = params[i] == 'i' ? OID_INT8 : params[i] == 't' ? OID_TEXT : OID_BYTEA;
	if (!PQsendPrepare(q->pg, name, sql, n, types))
		return ERR_CLOSED;
	q->unread++;
	return 0;
}

static int
prepare_all(struct postgres_engine *q)
{
	int r;

	if (!PQenterPipelineMode(q->pg))
		return ERR_CLOSED;
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		if ((r = send_prepare(q, statements[i].name, statements[i].postgres,
		    statements[i].params)) != 0)
			return r;
	}
	r = send_prepare(q, MARK_NAME, "UPDATE commit_mark SET mark = $1 WHERE one = 1", "b");
	if (r != 0)
		return r;
	if (!PQpipelineSync(q->pg))
		return ERR_CLOSED;
	for (size_t i = 0; i <= STATEMENT_COUNT; i++) {
		if ((r = read_done(q, "prepare")) != 0)
			return r;
	}
	return read_sync(q);
}

static int
make_ready(struct postgres_engine *q)
{
	int r;

	if (q->pg == NULL && (r = reconnect(q)) != 0)
		return r;
	if (q->ready)
		return 0;
	if ((r = prepare_all(q)) != 0) {
		disconnect(q);
		return r;
	}
	q->ready = 1;
	return 0;
}

/* --- transactions ---------------------------------------------------------- */

static int
send_plain(struct postgres_engine *q, const char *sql)
{
	if (!PQsendQueryParams(q->pg, sql, 0, NULL, NULL, NULL, NULL, 1))
		return ERR_CLOSED;
	q->unread++;
	return 0;
}

static int
send_mark(struct postgres_engine *q)
{
	const char *value = (const char *)q->mark;
	const int length = MARK_BYTES, format = 1;

	store_be64(q->mark + MARK_BYTES - 8, load_be64(q->mark + MARK_BYTES - 8) + 1);
	if (!PQsendQueryPrepared(q->pg, MARK_NAME, 1, &value, &length, &format, 1))
		return ERR_CLOSED;
	q->unread++;
	return 0;
}

/* Nothing is waited for: both lie in the pipeline before the first statement. */
static int
postgres_begin(struct engine *e, int writes)
{
	struct postgres_engine *q = of(e);
	int r;

	q->writes = writes;
	if ((r = make_ready(q)) != 0)
		return r;
	if ((r = send_plain(q, writes ? "BEGIN READ WRITE" : "BEGIN READ ONLY")) != 0)
		return r;
	return writes ? send_mark(q) : 0;
}

static int
mark_is_ours(struct postgres_engine *q, int *ret_ours)
{
	PGresult *result = NULL;
	char hex[2 * MARK_BYTES + 1];
	int r = connection_query(q->pg, "SELECT encode(mark, 'hex') FROM commit_mark WHERE one = 1",
	    ANSWER_MILLISECONDS, &result);

	if (r != 0)
		return r;
	hex_encode(q->mark, MARK_BYTES, hex);
	*ret_ours = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), hex) == 0;
	PQclear(result);
	return 0;
}

/*
 * COMMIT was sent and its answer is lost: ask, until it is known.
 *
 * Returns: 0 (committed), ERR_CLOSED (not applied) or ERR_DATABASE (not known)
 */
static int
resolve_commit(struct postgres_engine *q)
{
	int64_t until = monotonic_ms() + RESOLVE_MILLISECONDS;
	int ours = 0;

	log_note(LOG_WARN, "postgres_commit_unknown");
	disconnect(q);
	q->retry_at = 0;
	while (monotonic_ms() < until) {
		if (q->pg == NULL && reconnect(q) != 0) {
			pause_ms(PAUSE_LEAST);
			continue;
		}
		if (mark_is_ours(q, &ours) == 0) {
			log_event(LOG_WARN, "postgres_commit_known", LOG_INT("committed", ours));
			return ours ? 0 : ERR_CLOSED;
		}
		disconnect(q);
	}
	log_note(LOG_ERROR, "postgres_commit_stays_unknown");
	return ERR_DATABASE;
}

static int
read_commit(struct postgres_engine *q)
{
	PGresult *result = NULL;
	int r;

	while (q->unread > 1) {
		if ((r = read_done(q, "begin")) != 0)
			return r;
	}
	if ((r = read_result(q, "commit", &result)) != 0)
		return r;
	/* COMMIT of a failed transaction is a ROLLBACK, and says so */
	r = strcmp(PQcmdStatus(result), "COMMIT") == 0 ? 0 : ERR_DATABASE;
	PQclear(result);
	return r != 0 ? r : read_sync(q);
}

static int
postgres_commit(struct engine *e)
{
	struct postgres_engine *q = of(e);
	int r = send_plain(q, "COMMIT");

	if (r == 0)
		r = PQpipelineSync(q->pg) ? read_commit(q) : ERR_CLOSED;
	if (r == ERR_CLOSED && q->writes)
		return resolve_commit(q);
	return r;
}

/* Reads what is left up to the second sync: what was in the pipeline, then the ROLLBACK. */
static int
drain(struct postgres_engine *q)
{
	size_t most = 2 * q->unread + 8;
	unsigned syncs = 0;
	int r;

	for (size_t i = 0; i < most; i++) {
		PGresult *result = NULL;

		if ((r = connection_next(q->pg, ANSWER_MILLISECONDS, &result)) != 0)
			return r;
		syncs += result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
		PQclear(result);
		if (syncs == 2) {
			q->unread = 0;
			return 0;
		}
	}
	return ERR_CLOSED;
}

static void
postgres_rollback(struct engine *e)
{
	struct postgres_engine *q = of(e);

	if (q->pg == NULL || !q->ready)
		return;
	if (PQstatus(q->pg) != CONNECTION_OK || !PQpipelineSync(q->pg) ||
	    send_plain(q, "ROLLBACK") != 0 || !PQpipelineSync(q->pg) || drain(q) != 0)
		disconnect(q);
}

/* --- statements ------------------------------------------------------------ */

static int
send_call(struct postgres_engine *q, const struct call *call)
{
	uint8_t integers[STATEMENT_PARAMS_MAX][8];
	const char *values[STATEMENT_PARAMS_MAX];
	int lengths[STATEMENT_PARAMS_MAX];
	int formats[STATEMENT_PARAMS_MAX];

	for (unsigned i = 0; i < call->param_count; i++) {
		const struct cell *c = &call->params[i];

		formats[i] = 1;
		switch (c->kind) {
		case CELL_INTEGER:
			store_be64(integers[i], (uint64_t)c->integer);
			values[i] = (const char *)integers[i];
			lengths[i] = 8;
			break;
		case CELL_TEXT:
		case CELL_BLOB:
			values[i] = (const char *)c->run.p;
			lengths[i] = (int)c->run.len;
			break;
		case CELL_NULL:
		case CELL_OTHER:
			values[i] = NULL;
			lengths[i] = 0;
			break;
		}
	}
	if (!PQsendQueryPrepared(q->pg, statements[call->statement].name, (int)call->param_count,
	    values, lengths, formats, 1))
		return ERR_CLOSED;
	q->unread++;
	return 0;
}

static struct cell
cell_of(const PGresult *result, int row, int column)
{
	const uint8_t *p = (const uint8_t *)PQgetvalue(result, row, column);
	size_t len = (size_t)PQgetlength(result, row, column);

	if (PQgetisnull(result, row, column))
		return (struct cell){.kind = CELL_NULL};
	switch (PQftype(result, column)) {
	case OID_INT8:
		if (len != 8)
			break;
		return (struct cell){.kind = CELL_INTEGER, .integer = (int64_t)load_be64(p)};
	case OID_TEXT:
		return (struct cell){.kind = CELL_TEXT, .run = {p, len}};
	case OID_BYTEA:
		return (struct cell){.kind = CELL_BLOB, .run = {p, len}};
	}
	return (struct cell){.kind = CELL_OTHER};
}

static int
take_result(struct postgres_engine *q, const struct call *call, call_row *row)
{
	struct cell cells[STATEMENT_COLUMNS_MAX];
	const struct statement *s = &statements[call->statement];
	PGresult *result = NULL;
	int r;

	if ((r = read_result(q, s->name, &result)) != 0)
		return r;
	if (PQnfields(result) != (int)s->columns) {
		PQclear(result);
		return ERR_DATABASE;
	}
	for (int i = 0; i < PQntuples(result) && s->columns > 0; i++) {
		for (unsigned k = 0; k < s->columns; k++)
			cells[k] = cell_of(result, i, (int)k);
		row(call, cells);
	}
	PQclear(result);
	return 0;
}

static int
postgres_run(struct engine *e, const struct call *calls, size_t count, call_row *row)
{
	struct postgres_engine *q = of(e);
	int r;

	for (size_t i = 0; i < count; i++) {
		if ((r = send_call(q, &calls[i])) != 0)
			return r;
	}
	if (!PQsendFlushRequest(q->pg))
		return ERR_CLOSED;
	while (q->unread > count) {
		if ((r = read_done(q, "begin")) != 0)
			return r;
	}
	for (size_t i = 0; i < count; i++) {
		if ((r = take_result(q, &calls[i], row)) != 0)
			return r;
	}
	return 0;
}

/* --- the schema ------------------------------------------------------------ */

static int
postgres_script(struct engine *e, const char *sql)
{
	struct postgres_engine *q = of(e);
	char script[16384];
	int n = snprintf(script, sizeof script,
	    "BEGIN; SET LOCAL statement_timeout = 0; %s COMMIT", sql);

	if (n < 0 || (size_t)n >= sizeof script)
		return ERR_SPACE;
	if (connection_query(q->pg, script, SCRIPT_MILLISECONDS, NULL) == 0)
		return 0;
	if (connection_query(q->pg, "ROLLBACK", ANSWER_MILLISECONDS, NULL) != 0)
		log_note(LOG_ERROR, "postgres_rollback_failed");
	return ERR_DATABASE;
}

static int
postgres_number(struct engine *e, const char *sql, int64_t *ret)
{
	PGresult *result = NULL;
	uint64_t v;
	int r = connection_query(of(e)->pg, sql, ANSWER_MILLISECONDS, &result);

	if (r != 0)
		return ERR_DATABASE;
	if (PQntuples(result) != 1 || PQnfields(result) != 1 || PQgetisnull(result, 0, 0)) {
		r = ERR_NOT_FOUND;
	} else if (parse_u64(PQgetvalue(result, 0, 0), (size_t)PQgetlength(result, 0, 0), 0,
	    INT64_MAX, &v) != 0) {
		r = ERR_DATABASE;
	} else {
		*ret = (int64_t)v;
	}
	PQclear(result);
	return r;
}

static void
postgres_close(struct engine *e)
{
	struct postgres_engine *q = of(e);

	disconnect(q);
	if (q->url != NULL) {
		wipe(q->url, strlen(q->url));
		free(q->url);
	}
	free(q);
}

static const struct engine_table postgres_table = {
    .name = "postgres",
    .dialect = DIALECT_POSTGRES,
    .begin = postgres_begin,
    .run = postgres_run,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .script = postgres_script,
    .number = postgres_number,
    .close = postgres_close,
};

int
postgres_open(const char *name, struct engine **ret, char *text, size_t text_cap)
{
	struct postgres_engine *q = calloc(1, sizeof *q);
	int r;

	if (q == NULL || (q->url = strdup(name)) == NULL ||
	    getrandom(q->mark, sizeof q->mark, 0) != (ssize_t)sizeof q->mark) {
		(void)snprintf(text, text_cap, "out of memory");
		r = ERR_MEM;
		goto out;
	}
	q->base.table = &postgres_table;
	if ((r = connection_open(q->url, &q->pg, text, text_cap)) != 0)
		goto out;
	*ret = &q->base;
	q = NULL; /* transferred */
out:
	if (q != NULL)
		postgres_close(&q->base);
	return r;
}
