/*
 * The same tests on both engines. PostgreSQL's are skipped unless
 * SELFSAME_TEST_POSTGRES names one: tests/postgres/run build/tests/unit/store/test_store
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "store/engine.h"
#include "store/schema.h"
#include "store/store.h"
#include "store/text.h"
#include "base/banned.h"

struct fixture {
	int postgres;
	int absent;
	char folder[64];
	char path[128];
	char url[512];
	struct store *s;
	char text[256];
};

/* --- the database from outside --------------------------------------------- */

static void
raw_sqlite(const struct fixture *f, const char *sql, int64_t *ret)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	const char *tail = sql;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	assert_int_equal(
	    sqlite3_exec(db, "PRAGMA ignore_check_constraints = ON", NULL, NULL, NULL), SQLITE_OK);
	while (*tail != '\0') {
		if (sqlite3_prepare_v2(db, tail, -1, &stmt, &tail) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			if (ret != NULL)
				*ret = sqlite3_column_int64(stmt, 0);
		}
		if (sqlite3_finalize(stmt) != SQLITE_OK)
			fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	}
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void
no_notice(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

static void
raw_postgres(const char *sql, int64_t *ret)
{
	PGconn *pg = PQconnectdb(getenv("SELFSAME_TEST_POSTGRES"));
	PGresult *result;

	assert_int_equal(PQstatus(pg), CONNECTION_OK);
	PQsetNoticeProcessor(pg, no_notice, NULL);
	result = PQexec(pg, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		fail_msg("%s: %s", sql, PQerrorMessage(pg));
	if (ret != NULL) {
		assert_int_equal(PQntuples(result), 1);
		*ret = (int64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10);
	}
	PQclear(result);
	PQfinish(pg);
}

static void
raw(const struct fixture *f, const char *sql)
{
	if (f->postgres)
		raw_postgres(sql, NULL);
	else
		raw_sqlite(f, sql, NULL);
}

static int64_t
raw_number(const struct fixture *f, const char *sql)
{
	int64_t v = -1;

	if (f->postgres)
		raw_postgres(sql, &v);
	else
		raw_sqlite(f, sql, &v);
	return v;
}

/* Text of a blob literal of n times this byte. */
static const char *
blob(const struct fixture *f, unsigned byte, size_t n, char *ret, size_t cap)
{
	size_t len = (size_t)snprintf(ret, cap, f->postgres ? "'\\x" : "x'");

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(ret + len, cap - len, "%02x", byte);
	assert_true(len + 2 < cap);
	(void)snprintf(ret + len, cap - len, "'");
	return ret;
}

/* --- fixture --------------------------------------------------------------- */

static int
open_store(struct fixture *f)
{
	f->text[0] = '\0';
	return store_open(f->url, &f->s, f->text, sizeof f->text);
}

static void
reopen(struct fixture *f)
{
	int r;

	store_close(f->s);
	f->s = NULL;
	if ((r = open_store(f)) != 0)
		fail_msg("%s: %s", err_name(r), f->text);
}

static int
setup(void **state, int postgres)
{
	struct fixture *f = calloc(1, sizeof *f);
	const char *url = getenv("SELFSAME_TEST_POSTGRES");

	*state = f;
	f->postgres = postgres;
	f->absent = postgres && url == NULL;
	(void)snprintf(f->folder, sizeof f->folder, "/tmp/selfsame-store.XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	(void)snprintf(f->path, sizeof f->path, "%s/test.db", f->folder);
	(void)snprintf(f->url, sizeof f->url, postgres ? "%s" : "sqlite:%s",
	    postgres ? (url == NULL ? "" : url) : f->path);
	if (f->absent)
		return 0;
	if (postgres)
		raw_postgres("DROP SCHEMA public CASCADE; CREATE SCHEMA public", NULL);
	if (open_store(f) == 0)
		return 0;
	print_error("%s\n", f->text);
	return -1;
}

static int
setup_sqlite(void **state)
{
	return setup(state, 0);
}

static int
setup_postgres(void **state)
{
	return setup(state, 1);
}

static int
teardown(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
	struct fixture *f = *state;
	char path[160];

	store_close(f->s);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		(void)snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
		(void)unlink(path);
	}
	(void)rmdir(f->folder);
	free(f);
	return 0;
}

static struct fixture *
fixture_of(void **state)
{
	struct fixture *f = *state;

	if (f->absent)
		skip();
	return f;
}

/* --- ops ------------------------------------------------------------------- */

static int
run(struct store *s, struct store_op *op)
{
	int r = store_run(s, &op, 1);

	assert_true(r == 0 || op->err == ERR_DATABASE);
	return op->err;
}

static void
fill(uint8_t *p, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed >> (8 * (i % 8)) ^ (i * 37));
}

static const uint8_t some_bytes[STORE_RAW_MAX + 1];

static struct store_agent
agent(char *id, uint64_t seed)
{
	struct store_agent a = {.id = id, .record = {some_bytes, 700}, .record_version = 1};

	fill(a.mac, 32, seed + 1);
	fill(a.key_hash, 32, seed + 2);
	fill(a.address, 20, seed + 3);
	a.has_index = 1;
	a.index = seed;
	a.created_at = 1700000000;
	return a;
}

static int
insert_agent(struct store *s, struct store_agent a)
{
	struct store_op op = {.kind = STORE_AGENT_INSERT, .agent = a};

	return run(s, &op);
}

static char a1[] = "agent-1", a2[] = "agent-2", no_request[] = "{}", no_receipt[] = "{\"r\":1}";

/* A trade of agent-1 in all parts, valid as it stands. */
struct trade_parts {
	struct store_op op;
	struct store_step steps[STORE_STEPS_MAX + 1];
};

static void
trade_parts(struct trade_parts *t, uint64_t seed, uint64_t nonce, size_t count)
{
	struct store_trade *d = &t->op.trade;

	memset(t, 0, sizeof *t);
	t->op.kind = STORE_TRADE_INSERT;
	t->op.agent = agent(a1, 1);
	t->op.agent.record_version = 1 + seed;
	(void)snprintf(d->id, sizeof d->id, "trd_%032llx", (unsigned long long)seed);
	(void)snprintf(d->kind, sizeof d->kind, "split");
	d->agent_id = a1;
	d->has_idempotency = 1;
	fill(d->idempotency_hash, 32, seed);
	fill(d->request_hash, 32, seed + 1);
	d->request = no_request;
	d->receipt = no_receipt;
	d->created_at = 1700000001;
	t->op.steps = t->steps;
	t->op.step_count = count;
	for (size_t i = 0; i < count; i++) {
		struct store_step *s = &t->steps[i];

		(void)snprintf(s->trade_id, sizeof s->trade_id, "%s", d->id);
		(void)snprintf(s->kind, sizeof s->kind, i + 1 == count ? "split" : "approve");
		s->number = (uint32_t)i;
		fill(s->wallet, 20, 77);
		s->chain_id = 137;
		s->nonce = nonce + i;
		s->intent = (struct bytes){some_bytes, 200};
		s->raw = (struct bytes){some_bytes, 300};
		fill(s->intent_mac, 32, seed + 3 + i);
		fill(s->tx_hash, 32, seed * 100 + 4 + i);
		s->state = STEP_SIGNED;
		s->updated_at = 1700000002;
	}
}

static int
insert_trade(struct store *s, uint64_t seed, uint64_t nonce, size_t count)
{
	struct trade_parts t;

	trade_parts(&t, seed, nonce, count);
	return run(s, &t.op);
}

static uint64_t
reserve(struct store *s, uint64_t count)
{
	struct store_op op = {.kind = STORE_RESERVE_INDICES, .count = count};

	assert_int_equal(run(s, &op), 0);
	return op.first_index;
}

static uint64_t
stored_version(struct store *s, const char *id)
{
	struct store_op op = {.kind = STORE_AGENT_BY_ID, .id = id};
	uint64_t v;

	assert_int_equal(run(s, &op), 0);
	v = op.agent.record_version;
	store_op_free(&op);
	return v;
}

/* --- indices --------------------------------------------------------------- */

static void
test_indices(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op raise = {.kind = STORE_RAISE_INDEX, .first_index = 100};
	struct store_op op = {.kind = STORE_RESERVE_INDICES, .count = 0};

	assert_int_equal(reserve(f->s, 1), 0);
	assert_int_equal(reserve(f->s, 5), 1);
	assert_int_equal(reserve(f->s, 1), 6);
	assert_int_equal(run(f->s, &raise), 0);
	assert_int_equal(reserve(f->s, 1), 100);
	raise.first_index = 50; /* never back */
	assert_int_equal(run(f->s, &raise), 0);
	assert_int_equal(reserve(f->s, 1), 101);
	reopen(f);
	assert_int_equal(reserve(f->s, 1), 102);

	assert_int_equal(run(f->s, &op), ERR_RANGE);
	op.count = STORE_INTEGER_MAX + 1;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
	raise.first_index = STORE_INTEGER_MAX + 1;
	assert_int_equal(run(f->s, &raise), ERR_RANGE);

	/* the last number is given, then none */
	raise.first_index = STORE_INTEGER_MAX - 1;
	assert_int_equal(run(f->s, &raise), 0);
	assert_int_equal(reserve(f->s, 1), STORE_INTEGER_MAX - 1);
	op.count = 1;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
}

/* --- agents ---------------------------------------------------------------- */

static void
test_agent_round_trip(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_agent a = agent(a1, 7);
	struct store_op op = {.kind = STORE_AGENT_BY_ID, .id = a1};

	a.has_register_tag = 1;
	fill(a.register_tag, 32, 9);
	assert_int_equal(insert_agent(f->s, a), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(run(f->s, &op), 0);
		assert_string_equal(op.agent.id, a1);
		assert_int_equal(op.agent.record.len, 700);
		assert_memory_equal(op.agent.record.p, some_bytes, 700);
		assert_memory_equal(op.agent.mac, a.mac, 32);
		assert_memory_equal(op.agent.key_hash, a.key_hash, 32);
		assert_memory_equal(op.agent.address, a.address, 20);
		assert_int_equal(op.agent.record_version, 1);
		assert_int_equal(op.agent.has_index, 1);
		assert_int_equal(op.agent.index, 7);
		assert_int_equal(op.agent.has_register_tag, 1);
		assert_memory_equal(op.agent.register_tag, a.register_tag, 32);
		assert_int_equal(op.agent.created_at, 1700000000);
		store_op_free(&op);
		op = (struct store_op){.kind = STORE_AGENT_BY_KEY};
		memcpy(op.hash32, a.key_hash, 32);
	}
	op.hash32[0] ^= 1;
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	op = (struct store_op){.kind = STORE_AGENT_BY_ID, .id = a2};
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
}

static void
test_agent_without_index(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_agent a = agent(a1, 7), b = agent(a2, 8);
	struct store_op op = {.kind = STORE_AGENT_BY_ID, .id = a1};

	a.has_index = b.has_index = 0; /* two without one do not clash */
	a.record = (struct bytes){NULL, 0};
	assert_int_equal(insert_agent(f->s, a), 0);
	assert_int_equal(insert_agent(f->s, b), 0);
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.agent.has_index, 0);
	assert_int_equal(op.agent.has_register_tag, 0);
	assert_int_equal(op.agent.record.len, 0);
	store_op_free(&op);
}

static void
test_agent_unique(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_agent a = agent(a1, 7), b;

	assert_int_equal(insert_agent(f->s, a), 0);
	b = agent(a1, 8);
	assert_int_equal(insert_agent(f->s, b), ERR_EXISTS);
	b = agent(a2, 8);
	memcpy(b.key_hash, a.key_hash, 32);
	assert_int_equal(insert_agent(f->s, b), ERR_EXISTS);
	b = agent(a2, 8);
	memcpy(b.address, a.address, 20);
	assert_int_equal(insert_agent(f->s, b), ERR_EXISTS);
	b = agent(a2, 8);
	b.index = a.index;
	assert_int_equal(insert_agent(f->s, b), ERR_EXISTS);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM agents"), 1);
	assert_int_equal(insert_agent(f->s, agent(a2, 8)), 0);
}

static void
test_agent_update(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op op = {.kind = STORE_AGENT_UPDATE, .agent = agent(a1, 7)};
	struct store_op get = {.kind = STORE_AGENT_BY_ID, .id = a1};
	struct store_agent other = agent(a2, 8), first = op.agent;

	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	assert_int_equal(insert_agent(f->s, first), 0);
	assert_int_equal(insert_agent(f->s, other), 0);
	assert_int_equal(run(f->s, &op), ERR_CONFLICT); /* the same version */
	op.agent.record_version = 0;
	assert_int_equal(run(f->s, &op), ERR_CONFLICT);

	op.agent.record_version = 5;
	memcpy(op.agent.key_hash, other.key_hash, 32);
	assert_int_equal(run(f->s, &op), ERR_EXISTS);
	assert_int_equal(stored_version(f->s, a1), 1);

	fill(op.agent.key_hash, 32, 99);
	fill(op.agent.mac, 32, 98);
	op.agent.record = (struct bytes){some_bytes, 10};
	op.agent.index = 1234; /* not among what changes */
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(run(f->s, &get), 0);
	assert_int_equal(get.agent.record_version, 5);
	assert_int_equal(get.agent.record.len, 10);
	assert_memory_equal(get.agent.mac, op.agent.mac, 32);
	assert_memory_equal(get.agent.key_hash, op.agent.key_hash, 32);
	assert_int_equal(get.agent.index, 7);
	store_op_free(&get);

	/* no key hash given: the stored one stays */
	memcpy(first.key_hash, op.agent.key_hash, 32);
	memset(op.agent.key_hash, 0, 32);
	op.agent.record_version = 6;
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(run(f->s, &get), 0);
	assert_int_equal(get.agent.record_version, 6);
	assert_memory_equal(get.agent.key_hash, first.key_hash, 32);
	store_op_free(&get);
}

static void
test_agent_bounds(void **state)
{
	struct fixture *f = fixture_of(state);
	char long_id[STORE_AGENT_ID_MAX + 2], bad[] = "a\xff", empty[] = "";
	struct store_agent a;

	memset(long_id, 'a', sizeof long_id - 1);
	long_id[sizeof long_id - 1] = '\0';
	assert_int_equal(insert_agent(f->s, agent(long_id, 1)), ERR_RANGE);
	assert_int_equal(insert_agent(f->s, agent(bad, 1)), ERR_PARSE);
	assert_int_equal(insert_agent(f->s, agent(empty, 1)), ERR_RANGE);
	assert_int_equal(insert_agent(f->s, agent(NULL, 1)), ERR_RANGE);
	a = agent(a1, 1);
	a.record.len = STORE_RECORD_MAX + 1;
	assert_int_equal(insert_agent(f->s, a), ERR_RANGE);
	a = agent(a1, 1);
	a.record_version = STORE_INTEGER_MAX + 1;
	assert_int_equal(insert_agent(f->s, a), ERR_RANGE);
	a = agent(a1, 1);
	a.index = STORE_INTEGER_MAX + 1;
	assert_int_equal(insert_agent(f->s, a), ERR_RANGE);
	a = agent(a1, 1);
	a.created_at = STORE_INTEGER_MAX + 1;
	assert_int_equal(insert_agent(f->s, a), ERR_RANGE);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM agents"), 0);

	long_id[STORE_AGENT_ID_MAX] = '\0';
	a = agent(long_id, STORE_INTEGER_MAX);
	a.record.len = STORE_RECORD_MAX;
	a.record_version = STORE_INTEGER_MAX;
	assert_int_equal(insert_agent(f->s, a), 0);
	assert_true(stored_version(f->s, long_id) == STORE_INTEGER_MAX);
}

/* --- trades ---------------------------------------------------------------- */

static void
check_trade(const struct store_op *got, const struct trade_parts *t)
{
	const struct store_trade *d = &t->op.trade;

	assert_string_equal(got->trade.id, d->id);
	assert_string_equal(got->trade.agent_id, a1);
	assert_string_equal(got->trade.kind, "split");
	assert_string_equal(got->trade.request, d->request);
	assert_string_equal(got->trade.receipt, d->receipt);
	assert_int_equal(got->trade.has_idempotency, 1);
	assert_memory_equal(got->trade.idempotency_hash, d->idempotency_hash, 32);
	assert_memory_equal(got->trade.request_hash, d->request_hash, 32);
	assert_int_equal(got->trade.created_at, 1700000001);
	assert_true(got->trade.sequence > 0);
	assert_int_equal(got->step_count, t->op.step_count);
	for (size_t i = 0; i < got->step_count; i++) {
		const struct store_step *s = &got->steps[i], *e = &t->steps[i];

		assert_string_equal(s->trade_id, d->id);
		assert_string_equal(s->agent_id, a1);
		assert_string_equal(s->kind, e->kind);
		assert_int_equal(s->number, i);
		assert_memory_equal(s->wallet, e->wallet, 20);
		assert_int_equal(s->chain_id, 137);
		assert_int_equal(s->nonce, e->nonce);
		assert_int_equal(s->intent.len, 200);
		assert_int_equal(s->raw.len, 300);
		assert_memory_equal(s->intent_mac, e->intent_mac, 32);
		assert_memory_equal(s->tx_hash, e->tx_hash, 32);
		assert_int_equal(s->attempt, 0);
		assert_int_equal(s->earlier_hashes.len, 0);
		assert_int_equal(s->state, STEP_SIGNED);
		assert_null(s->error);
	}
}

static void
test_trade_round_trip(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t;
	struct store_op get;

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	for (size_t n = 1; n <= STORE_STEPS_MAX; n++) {
		trade_parts(&t, n, 10 * n, n);
		assert_int_equal(run(f->s, &t.op), 0);
		assert_true(t.op.trade.sequence > 0);
		assert_int_equal(stored_version(f->s, a1), 1 + n);

		get = (struct store_op){.kind = STORE_TRADE_BY_ID, .id = t.op.trade.id};
		assert_int_equal(run(f->s, &get), 0);
		check_trade(&get, &t);
		store_op_free(&get);
		get = (struct store_op){.kind = STORE_TRADE_BY_IDEMPOTENCY, .id = a1};
		memcpy(get.hash32, t.op.trade.idempotency_hash, 32);
		assert_int_equal(run(f->s, &get), 0);
		check_trade(&get, &t);
		store_op_free(&get);
		get.id = a2; /* another agent's key is another key */
		assert_int_equal(run(f->s, &get), ERR_NOT_FOUND);
	}
	get = (struct store_op){.kind = STORE_TRADE_BY_ID, .id = "trd_none"};
	assert_int_equal(run(f->s, &get), ERR_NOT_FOUND);
}

static void
test_trade_exists(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts first, t;

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	trade_parts(&first, 1, 10, 2);
	assert_int_equal(run(f->s, &first.op), 0);

	trade_parts(&t, 2, 20, 1);
	memcpy(t.op.trade.idempotency_hash, first.op.trade.idempotency_hash, 32);
	assert_int_equal(run(f->s, &t.op), ERR_EXISTS);
	assert_string_equal(t.op.trade.id, first.op.trade.id);
	assert_memory_equal(t.op.trade.request_hash, first.op.trade.request_hash, 32);
	assert_ptr_equal(t.op.steps, t.steps);
	store_op_free(&t.op);
	assert_int_equal(stored_version(f->s, a1), 2); /* nothing of the second was kept */
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM steps"), 2);

	/* both at once: the idempotency key is the answer, not the nonce */
	trade_parts(&t, 3, 10, 1);
	memcpy(t.op.trade.idempotency_hash, first.op.trade.idempotency_hash, 32);
	assert_int_equal(run(f->s, &t.op), ERR_EXISTS);
	store_op_free(&t.op);

	/* the same op again, as after an answer that was lost */
	trade_parts(&t, 1, 10, 2);
	assert_int_equal(run(f->s, &t.op), ERR_EXISTS);
	assert_string_equal(t.op.trade.id, first.op.trade.id);
	store_op_free(&t.op);

	/* the same id with more steps does not add them */
	trade_parts(&t, 1, 30, 4);
	fill(t.op.trade.idempotency_hash, 32, 55);
	assert_int_equal(run(f->s, &t.op), ERR_EXISTS);
	store_op_free(&t.op);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM steps"), 2);

	/* without idempotency key two trades do not clash */
	for (uint64_t i = 5; i < 7; i++) {
		trade_parts(&t, i, 10 * i, 1);
		t.op.trade.has_idempotency = 0;
		assert_int_equal(run(f->s, &t.op), 0);
	}
}

static void
test_trade_conflict(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t;

	assert_int_equal(insert_trade(f->s, 1, 10, 1), ERR_NOT_FOUND); /* no agent */
	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	assert_int_equal(insert_trade(f->s, 1, 10, 2), 0);
	/* each place of the new trade meets each place of the old one */
	assert_int_equal(insert_trade(f->s, 2, 10, 1), ERR_CONFLICT);
	assert_int_equal(insert_trade(f->s, 2, 11, 1), ERR_CONFLICT);
	assert_int_equal(insert_trade(f->s, 2, 9, 2), ERR_CONFLICT);
	assert_int_equal(insert_trade(f->s, 2, 8, 3), ERR_CONFLICT);
	assert_int_equal(insert_trade(f->s, 2, 7, 4), ERR_CONFLICT);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM trades"), 1);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM steps"), 2);
	assert_int_equal(stored_version(f->s, a1), 2);

	/* another chain or wallet has nonces of its own */
	trade_parts(&t, 3, 10, 2);
	t.steps[0].chain_id = t.steps[1].chain_id = 1;
	assert_int_equal(run(f->s, &t.op), 0);
	trade_parts(&t, 4, 10, 2);
	t.steps[0].wallet[0] ^= 1;
	t.steps[1].wallet[0] ^= 1;
	assert_int_equal(run(f->s, &t.op), 0);
}

static void
test_trade_keeps_newer_record(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t;

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	trade_parts(&t, 1, 10, 1);
	t.op.agent.record_version = 50;
	assert_int_equal(run(f->s, &t.op), 0);
	trade_parts(&t, 2, 20, 1);
	t.op.agent.record_version = 49;
	assert_int_equal(run(f->s, &t.op), 0);
	assert_int_equal(stored_version(f->s, a1), 50);
}

static void
test_trade_bounds(void **state)
{
	struct fixture *f = fixture_of(state);
	char bad[] = "\xc3\x28", nul_agent[] = "";
	char *large = malloc(STORE_TEXT_MAX + 2);
	struct trade_parts t;

	assert_non_null(large);
	memset(large, 'x', STORE_TEXT_MAX + 1);
	large[STORE_TEXT_MAX + 1] = '\0';
	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
#define REFUSED(change, err) \
	do { \
		trade_parts(&t, 1, 10, 2); \
		change; \
		assert_int_equal(run(f->s, &t.op), err); \
	} while (0)
	REFUSED(t.op.step_count = 0, ERR_RANGE);
	REFUSED(t.op.step_count = STORE_STEPS_MAX + 1, ERR_RANGE);
	REFUSED(t.op.steps = NULL, ERR_RANGE);
	REFUSED(t.op.trade.id[0] = '\0', ERR_RANGE);
	REFUSED(memset(t.op.trade.id, 'a', sizeof t.op.trade.id), ERR_RANGE);
	REFUSED(t.op.trade.kind[0] = '\0', ERR_RANGE);
	REFUSED(t.op.trade.request = bad, ERR_PARSE);
	REFUSED(t.op.trade.receipt = NULL, ERR_RANGE);
	REFUSED(t.op.trade.request = large, ERR_RANGE);
	REFUSED(t.op.trade.created_at = STORE_INTEGER_MAX + 1, ERR_RANGE);
	REFUSED(t.op.trade.agent_id = a2, ERR_RANGE);
	REFUSED(t.op.trade.agent_id = nul_agent, ERR_RANGE);
	REFUSED(t.op.agent.id = NULL, ERR_RANGE);
	REFUSED(t.steps[1].number = 0, ERR_RANGE);
	REFUSED(t.steps[1].nonce = t.steps[0].nonce, ERR_RANGE);
	REFUSED(t.steps[1].chain_id = 1, ERR_RANGE);
	REFUSED(t.steps[1].wallet[3] ^= 1, ERR_RANGE);
	REFUSED(t.steps[1].trade_id[8] = 'x', ERR_RANGE);
	REFUSED(t.steps[0].nonce = STORE_INTEGER_MAX + 1, ERR_RANGE);
	REFUSED(t.steps[0].state = 0, ERR_RANGE);
	REFUSED(t.steps[0].state = STEP_STUCK + 1, ERR_RANGE);
	REFUSED(t.steps[0].raw.len = STORE_RAW_MAX + 1, ERR_RANGE);
	REFUSED(t.steps[0].intent.len = STORE_INTENT_MAX + 1, ERR_RANGE);
	REFUSED(t.steps[0].intent.p = NULL, ERR_RANGE);
	REFUSED(t.steps[0].attempt = 1, ERR_RANGE);
	REFUSED(t.steps[0].block_number = STORE_INTEGER_MAX + 1, ERR_RANGE);
	REFUSED(t.steps[0].error = bad, ERR_PARSE);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM trades"), 0);

	/* at the limits it fits */
	large[STORE_TEXT_MAX] = '\0';
	trade_parts(&t, 1, STORE_INTEGER_MAX, 1);
	t.op.trade.request = t.op.trade.receipt = large;
	t.steps[0].chain_id = STORE_INTEGER_MAX;
	t.steps[0].raw.len = STORE_RAW_MAX;
	t.steps[0].intent.len = STORE_INTENT_MAX;
	assert_int_equal(run(f->s, &t.op), 0);
	t.op = (struct store_op){.kind = STORE_TRADE_BY_ID, .id = "trd_00000000000000000000000000000001"};
	assert_int_equal(run(f->s, &t.op), 0);
	assert_string_equal(t.op.trade.request, large);
	assert_int_equal(t.op.steps->raw.len, STORE_RAW_MAX);
	assert_true(t.op.steps->nonce == STORE_INTEGER_MAX);
	store_op_free(&t.op);
	free(large);
}

static void
test_pages(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op op = {.kind = STORE_TRADES_PAGE, .id = a1, .limit = 10};
	uint64_t expected = 25;
	size_t pages = 0;

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.trade_count, 0);
	assert_int_equal(op.next_cursor, 0);
	store_op_free(&op);
	for (uint64_t i = 1; i <= 25; i++)
		assert_int_equal(insert_trade(f->s, i, 10 * i, 1 + i % 2), 0);
	do {
		size_t step = 0;

		assert_int_equal(run(f->s, &op), 0);
		assert_int_equal(op.trade_count, pages < 2 ? 10 : 5);
		for (size_t i = 0; i < op.trade_count; i++, expected--) {
			char id[STORE_TRADE_ID_MAX];

			(void)snprintf(id, sizeof id, "trd_%032llx", (unsigned long long)expected);
			assert_string_equal(op.trades[i].id, id);
			for (uint32_t n = 0; n < 1 + expected % 2; n++, step++) {
				assert_string_equal(op.steps[step].trade_id, id);
				assert_int_equal(op.steps[step].number, n);
			}
		}
		assert_int_equal(step, op.step_count);
		op.cursor = op.next_cursor;
		pages++;
		store_op_free(&op);
	} while (op.cursor != 0);
	assert_int_equal(pages, 3);
	assert_int_equal(expected, 0);

	op.limit = 25; /* exactly all: no further page */
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.trade_count, 25);
	assert_int_equal(op.next_cursor, 0);
	store_op_free(&op);
	op.cursor = STORE_INTEGER_MAX + 1;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
	op.cursor = 0;
	op.id = a2;
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.trade_count, 0);
	store_op_free(&op);
}

/* --- steps ----------------------------------------------------------------- */

static struct store_op
get_trade(struct store *s, const char *id)
{
	struct store_op op = {.kind = STORE_TRADE_BY_ID, .id = id};

	assert_int_equal(run(s, &op), 0);
	return op;
}

static void
test_step_update(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t;
	struct store_op got, op = {.kind = STORE_STEP_UPDATE, .step_count = 1};
	char reason[] = "bad \x01\xff\xc3\xa9 reason";

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	trade_parts(&t, 1, 10, 2);
	op.steps = &t.steps[1];
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	assert_int_equal(run(f->s, &t.op), 0);
	t.steps[1].state = STEP_REVERTED;
	t.steps[1].block_number = 1234;
	fill(t.steps[1].block_hash, 32, 5);
	t.steps[1].gas_used = 21000;
	t.steps[1].error = reason;
	t.steps[1].updated_at = 1700000009;
	assert_int_equal(run(f->s, &op), 0);
	got = get_trade(f->s, t.op.trade.id);
	assert_int_equal(got.steps[0].state, STEP_SIGNED);
	assert_int_equal(got.steps[1].state, STEP_REVERTED);
	assert_int_equal(got.steps[1].block_number, 1234);
	assert_memory_equal(got.steps[1].block_hash, t.steps[1].block_hash, 32);
	assert_int_equal(got.steps[1].gas_used, 21000);
	assert_string_equal(got.steps[1].error, "bad ??\xc3\xa9 reason");
	assert_int_equal(got.steps[1].updated_at, 1700000009);
	assert_memory_equal(got.steps[1].tx_hash, t.steps[1].tx_hash, 32);
	store_op_free(&got);

	t.steps[1].error = NULL;
	t.steps[1].state = STEP_FINAL;
	assert_int_equal(run(f->s, &op), 0);
	got = get_trade(f->s, t.op.trade.id);
	assert_null(got.steps[1].error);
	store_op_free(&got);

	t.steps[1].state = 99;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
	t.steps[1].state = STEP_SENT;
	t.steps[1].number = 3;
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	op.step_count = 2;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
}

static void
test_step_bump(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t;
	struct store_op got, op = {.kind = STORE_STEP_BUMP, .step_count = 1, .agent = agent(a1, 1)};
	struct store_step step;
	uint8_t hashes[3][32], swapped[64];

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	trade_parts(&t, 1, 10, 1);
	step = t.steps[0];
	op.steps = &step;
	op.agent.record_version = 10;
	step.attempt = 1;
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	assert_int_equal(run(f->s, &t.op), 0);
	step.attempt = 2;
	assert_int_equal(run(f->s, &op), ERR_CONFLICT);
	step.attempt = 0;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
	assert_int_equal(stored_version(f->s, a1), 2);

	memcpy(hashes[0], step.tx_hash, 32);
	for (uint32_t n = 1; n <= 2; n++) {
		step.attempt = n;
		fill(step.tx_hash, 32, 1000 + n);
		memcpy(hashes[n], step.tx_hash, 32);
		step.raw.len = 310 + n;
		step.intent.len = 210 + n;
		fill(step.intent_mac, 32, 2000 + n);
		step.state = STEP_SIGNED;
		op.agent.record_version = 10 + n;
		assert_int_equal(run(f->s, &op), 0);
		assert_int_equal(run(f->s, &op), ERR_CONFLICT); /* not twice */
		got = get_trade(f->s, t.op.trade.id);
		assert_int_equal(got.steps->attempt, n);
		assert_memory_equal(got.steps->tx_hash, hashes[n], 32);
		assert_int_equal(got.steps->earlier_hashes.len, 32 * n);
		assert_memory_equal(got.steps->earlier_hashes.p, hashes, 32 * n);
		assert_int_equal(got.steps->raw.len, 310 + n);
		assert_int_equal(got.steps->intent.len, 210 + n);
		assert_memory_equal(got.steps->intent_mac, step.intent_mac, 32);
		assert_int_equal(got.steps->nonce, 10);
		store_op_free(&got);
		assert_int_equal(stored_version(f->s, a1), 10 + n);
	}

	/* the first hash was mined after all: it changes places */
	memcpy(swapped, hashes[2], 32);
	memcpy(swapped + 32, hashes[1], 32);
	memcpy(step.tx_hash, hashes[0], 32);
	step.earlier_hashes = (struct bytes){swapped, 64};
	op.kind = STORE_STEP_UPDATE;
	step.state = STEP_MINED;
	assert_int_equal(run(f->s, &op), 0);
	got = get_trade(f->s, t.op.trade.id);
	assert_memory_equal(got.steps->tx_hash, hashes[0], 32);
	assert_memory_equal(got.steps->earlier_hashes.p, swapped, 64);
	store_op_free(&got);
	/* not with hashes of an attempt that is over */
	step.attempt = 1;
	step.earlier_hashes.len = 32;
	fill(step.tx_hash, 32, 9);
	assert_int_equal(run(f->s, &op), 0);
	got = get_trade(f->s, t.op.trade.id);
	assert_memory_equal(got.steps->tx_hash, hashes[0], 32);
	assert_int_equal(got.steps->earlier_hashes.len, 64);
	store_op_free(&got);

	/* what is final is not opened again */
	step.attempt = 2;
	step.state = STEP_FINAL;
	assert_int_equal(run(f->s, &op), 0);
	op.kind = STORE_STEP_BUMP;
	step.attempt = 3;
	step.state = STEP_SIGNED;
	assert_int_equal(run(f->s, &op), ERR_CONFLICT);
}

static void
test_open_steps(void **state)
{
	struct fixture *f = fixture_of(state);
	static const uint32_t states[] = {STEP_SIGNED, STEP_SENT, STEP_MINED, STEP_REVERTED,
	    STEP_FINAL, STEP_FAILED, STEP_STUCK};
	struct store_op op = {.kind = STORE_OPEN_STEPS, .limit = 3};
	uint64_t seen[16];
	size_t n = 0;

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		struct trade_parts t;

		trade_parts(&t, i + 1, i, 1);
		t.steps->state = states[i];
		assert_int_equal(run(f->s, &t.op), 0);
	}
	do {
		assert_int_equal(run(f->s, &op), 0);
		assert_true(op.step_count <= 3);
		for (size_t i = 0; i < op.step_count; i++) {
			assert_string_equal(op.steps[i].agent_id, a1);
			seen[n++] = op.steps[i].nonce;
		}
		op.cursor = op.next_cursor;
		store_op_free(&op);
	} while (op.cursor != 0);
	assert_int_equal(n, 5);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(seen[i], i);
	assert_int_equal(seen[4], 6);
}

static void
test_wallet_nonce(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op op = {.kind = STORE_WALLET_NONCE, .chain_id = 137};

	fill(op.address, 20, 77);
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	assert_int_equal(insert_trade(f->s, 1, 0, 1), 0);
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.nonce, 0);
	assert_int_equal(insert_trade(f->s, 2, 40, 3), 0);
	assert_int_equal(insert_trade(f->s, 3, 9, 1), 0);
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.nonce, 42);
	op.chain_id = 1;
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	op.chain_id = STORE_INTEGER_MAX + 1;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
}

/* How many of the wallet's steps have a nonce at or above a count. */
static void
test_wallet_nonce_counts(void **state)
{
	struct fixture *f = fixture_of(state);
	static const struct {
		uint64_t nonce;
		uint64_t count;
	} cases[] = {{0, 4}, {5, 4}, {6, 3}, {8, 1}, {9, 1}, {20, 1}, {21, 0},
	    {STORE_INTEGER_MAX, 0}};
	struct store_op op = {.kind = STORE_WALLET_NONCE};

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	assert_int_equal(insert_trade(f->s, 1, 5, 3), 0);
	assert_int_equal(insert_trade(f->s, 2, 20, 1), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		op = (struct store_op){
		    .kind = STORE_WALLET_NONCE, .chain_id = 137, .nonce = cases[i].nonce};
		fill(op.address, 20, 77);
		assert_int_equal(run(f->s, &op), 0);
		assert_int_equal(op.nonce, 20);
		assert_int_equal(op.count, cases[i].count);
	}
	op.nonce = STORE_INTEGER_MAX + 1;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
}

static void
insert_step(struct fixture *f, unsigned number, uint64_t nonce, uint32_t state)
{
	struct trade_parts t;

	trade_parts(&t, number, nonce, 1);
	t.steps->state = state;
	t.steps->block_number = 900 + nonce;
	t.steps->gas_used = 21000;
	fill(t.steps->block_hash, 32, 5);
	assert_int_equal(run(f->s, &t.op), 0);
}

static void
test_wallet_reopen(void **state)
{
	struct fixture *f = fixture_of(state);
	static const uint32_t states[] = {STEP_FINAL, STEP_FINAL, STEP_FAILED, STEP_MINED,
	    STEP_FINAL};
	static const uint8_t none[32];
	struct store_op op = {.kind = STORE_WALLET_REOPEN, .chain_id = 137, .nonce = 1, .limit = 2};
	struct store_op open = {.kind = STORE_OPEN_STEPS};

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	for (unsigned i = 0; i < ARRAY_LEN(states); i++)
		insert_step(f, i + 1, i, states[i]);
	assert_int_equal(run(f->s, &op), 0); /* another wallet */
	assert_int_equal(op.count, 0);
	fill(op.address, 20, 77);
	op.chain_id = 1;
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.count, 0);
	op.chain_id = 137;
	assert_int_equal(run(f->s, &op), 0); /* the lowest first */
	assert_int_equal(op.count, 2);
	assert_int_equal(run(f->s, &open), 0);
	assert_int_equal(open.step_count, 3);
	for (size_t i = 0; i < 2; i++) {
		const struct store_step *s = &open.steps[i];

		assert_int_equal(s->nonce, i + 1);
		assert_int_equal(s->state, STEP_SIGNED);
		assert_int_equal(s->block_number, 0);
		assert_int_equal(s->gas_used, 0);
		assert_memory_equal(s->block_hash, none, 32);
		assert_null(s->error);
	}
	assert_int_equal(open.steps[2].state, STEP_MINED);
	store_op_free(&open);
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.count, 1);
	assert_int_equal(run(f->s, &op), 0);
	assert_int_equal(op.count, 0);
	op.nonce = STORE_INTEGER_MAX + 1;
	assert_int_equal(run(f->s, &op), ERR_RANGE);
}

static void
test_wallet_next(void **state)
{
	struct fixture *f = fixture_of(state);
	static const uint8_t wallets[] = {3, 200, 9};
	static const uint8_t sorted[] = {3, 9, 200};
	struct store_op op = {.kind = STORE_WALLET_NEXT, .chain_id = 137};

	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	for (unsigned i = 0; i < ARRAY_LEN(wallets); i++) {
		struct trade_parts t;

		trade_parts(&t, i + 1, 0, 2);
		memset(t.steps[0].wallet, wallets[i], 20);
		memset(t.steps[1].wallet, wallets[i], 20);
		assert_int_equal(run(f->s, &t.op), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
		assert_int_equal(run(f->s, &op), 0);
		assert_int_equal(op.address[0], sorted[i]);
		assert_int_equal(op.address[19], sorted[i]);
	}
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
	memset(op.address, 0, 20);
	op.chain_id = 1;
	assert_int_equal(run(f->s, &op), ERR_NOT_FOUND);
}

static void
check_counts(struct store *s, uint64_t agents, uint64_t trades, uint64_t open)
{
	struct store_op op = {.kind = STORE_COUNTS};

	assert_int_equal(run(s, &op), 0);
	assert_int_equal(op.agents_total, agents);
	assert_int_equal(op.trades_total, trades);
	assert_int_equal(op.open_total, open);
}

static void
test_counts(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op count = {.kind = STORE_COUNTS};
	struct store_op more = {.kind = STORE_AGENT_INSERT, .agent = agent(a2, 2)};
	struct store_op *batch[] = {&count, &more};

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	/* counted before the insert of the same batch, and right afterwards */
	assert_int_equal(store_run(f->s, batch, 2), 0);
	assert_int_equal(count.agents_total, 1);
	check_counts(f->s, 2, 0, 0);
	assert_int_equal(insert_agent(f->s, agent(a2, 2)), ERR_EXISTS);
	assert_int_equal(insert_trade(f->s, 1, 1, 2), 0);
	check_counts(f->s, 2, 1, 2);
	reopen(f);
	check_counts(f->s, 2, 1, 2);
}

/* --- batches --------------------------------------------------------------- */

static void
test_batch_order(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op before = {.kind = STORE_AGENT_BY_ID, .id = a1};
	struct store_op insert = {.kind = STORE_AGENT_INSERT, .agent = agent(a1, 1)};
	struct store_op again = insert, bad = insert;
	struct store_op after = before, reserve_one = {.kind = STORE_RESERVE_INDICES, .count = 1};
	struct trade_parts t;
	struct store_op *ops[] = {&before, &insert, &again, &bad, &after, &reserve_one, &t.op};

	bad.agent.id = NULL;
	trade_parts(&t, 1, 10, 2);
	assert_int_equal(store_run(f->s, ops, ARRAY_LEN(ops)), 0);
	assert_int_equal(before.err, ERR_NOT_FOUND);
	assert_int_equal(insert.err, 0);
	assert_int_equal(again.err, ERR_EXISTS);
	assert_int_equal(bad.err, ERR_RANGE);
	assert_int_equal(after.err, 0);
	assert_int_equal(after.agent.record_version, 1);
	assert_int_equal(reserve_one.err, 0);
	assert_int_equal(t.op.err, 0);
	store_op_free(&after);
	assert_int_equal(stored_version(f->s, a1), 2);
	assert_int_equal(store_run(f->s, NULL, 0), 0);
}

/* A statement that the database refuses unexpectedly costs its op, not its neighbours. */
static void
test_batch_refused_statement(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t1, t2;
	struct store_op u1, u2, r1 = {.kind = STORE_RESERVE_INDICES, .count = 1}, r2 = r1;
	struct store_op *ops[] = {&r1, &u1, &u2, &r2};

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	trade_parts(&t1, 1, 10, 1);
	trade_parts(&t2, 2, 20, 1);
	assert_int_equal(run(f->s, &t1.op), 0);
	assert_int_equal(run(f->s, &t2.op), 0);
	raw(f, "CREATE UNIQUE INDEX poison ON steps (gas_used) WHERE gas_used = 666");
	t1.steps->gas_used = t2.steps->gas_used = 666;
	u1 = (struct store_op){.kind = STORE_STEP_UPDATE, .steps = t1.steps, .step_count = 1};
	u2 = (struct store_op){.kind = STORE_STEP_UPDATE, .steps = t2.steps, .step_count = 1};
	assert_int_equal(store_run(f->s, ops, ARRAY_LEN(ops)), 0);
	assert_int_equal(r1.err, 0);
	assert_int_equal(u1.err, 0);
	assert_int_equal(u2.err, ERR_DATABASE);
	assert_int_equal(r2.err, 0);
	assert_int_equal(r1.first_index, 0);
	assert_int_equal(r2.first_index, 1);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM steps WHERE gas_used = 666"), 1);
}

/* A trade of which one step is refused is not there at all. */
static void
test_trade_all_or_nothing(void **state)
{
	struct fixture *f = fixture_of(state);
	struct trade_parts t;
	struct store_op r1 = {.kind = STORE_RESERVE_INDICES, .count = 1};
	struct store_op *ops[] = {&t.op, &r1};

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	assert_int_equal(insert_trade(f->s, 1, 10, 2), 0);
	raw(f, "CREATE UNIQUE INDEX poison ON steps (kind) WHERE kind = 'approve'");
	trade_parts(&t, 2, 20, 2);
	assert_int_equal(store_run(f->s, ops, 2), 0);
	assert_int_equal(t.op.err, ERR_DATABASE);
	assert_int_equal(r1.err, 0);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM trades"), 1);
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM steps"), 2);
	assert_int_equal(stored_version(f->s, a1), 2);
	assert_int_equal(reserve(f->s, 1), 1);
}

/* --- a hostile database ---------------------------------------------------- */

static void
drop_checks(struct fixture *f)
{
	static const char *const names[] = {"agents DROP CONSTRAINT agents_mac_check",
	    "agents DROP CONSTRAINT agents_key_hash_check", "agents DROP CONSTRAINT agents_address_check",
	    "agents DROP CONSTRAINT agents_record_version_check",
	    "agents DROP CONSTRAINT agents_register_tag_check",
	    "trades DROP CONSTRAINT trades_request_hash_check",
	    "trades DROP CONSTRAINT trades_step_count_check",
	    "steps DROP CONSTRAINT steps_tx_hash_check", "steps DROP CONSTRAINT steps_wallet_check",
	    "steps DROP CONSTRAINT steps_number_check"};
	char sql[128];

	if (!f->postgres)
		return; /* raw() ignores them */
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		(void)snprintf(sql, sizeof sql, "ALTER TABLE %s", names[i]);
		raw(f, sql);
	}
}

/* Set a column of the only row, see that reading fails, and put it back. */
static void
spoil(struct fixture *f, const char *table, const char *column, const char *value,
    struct store_op *op)
{
	char sql[32768];

	(void)snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS saved; CREATE TABLE saved AS "
	    "SELECT %s AS v FROM %s", column, table);
	raw(f, sql);
	(void)snprintf(sql, sizeof sql, "UPDATE %s SET %s = %s", table, column, value);
	raw(f, sql);
	if (run(f->s, op) != ERR_DATABASE)
		fail_msg("%s.%s was taken", table, column);
	assert_int_equal(op->owned, 0);
	(void)snprintf(sql, sizeof sql, "UPDATE %s SET %s = (SELECT v FROM saved)", table, column);
	raw(f, sql);
	assert_int_equal(run(f->s, op), 0);
	store_op_free(op);
}

static void
test_malformed_rows(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_agent a = agent(a1, 1);
	struct store_op by_id = {.kind = STORE_AGENT_BY_ID, .id = a1};
	struct store_op by_key = {.kind = STORE_AGENT_BY_KEY};
	struct store_op trade = {.kind = STORE_TRADE_BY_ID, .id = "trd_00000000000000000000000000000001"};
	struct store_op page = {.kind = STORE_TRADES_PAGE, .id = a1};
	static char large[2 * STORE_RECORD_MAX + 64];

	a.has_register_tag = 1;
	memcpy(by_key.hash32, a.key_hash, 32);
	assert_int_equal(insert_agent(f->s, a), 0);
	drop_checks(f);
	spoil(f, "agents", "mac", blob(f, 1, 31, large, sizeof large), &by_id);
	spoil(f, "agents", "mac", blob(f, 1, 33, large, sizeof large), &by_key);
	spoil(f, "agents", "mac", blob(f, 1, 0, large, sizeof large), &by_key);
	spoil(f, "agents", "key_hash", blob(f, 1, 20, large, sizeof large), &by_id);
	spoil(f, "agents", "address", blob(f, 1, 32, large, sizeof large), &by_id);
	spoil(f, "agents", "register_tag", blob(f, 1, 5, large, sizeof large), &by_id);
	spoil(f, "agents", "record_version", "-1", &by_id);
	spoil(f, "agents", "created_at", "-5", &by_id);
	spoil(f, "agents", "record", blob(f, 1, STORE_RECORD_MAX + 1, large, sizeof large), &by_id);

	assert_int_equal(insert_trade(f->s, 1, 10, 1), 0);
	spoil(f, "trades", "request_hash", blob(f, 1, 31, large, sizeof large), &trade);
	spoil(f, "trades", "request_hash", blob(f, 1, 31, large, sizeof large), &page);
	spoil(f, "trades", "step_count", "0", &trade);
	spoil(f, "trades", "step_count", "2", &trade); /* says more than there are */
	spoil(f, "trades", "step_count", "2", &page);
	spoil(f, "trades", "step_count", "5", &trade);
	spoil(f, "trades", "kind", "'a-kind-that-is-too-long'", &trade);
	spoil(f, "steps", "tx_hash", blob(f, 1, 1, large, sizeof large), &trade);
	spoil(f, "steps", "wallet", blob(f, 1, 21, large, sizeof large), &trade);
	spoil(f, "steps", "state", "0", &trade);
	spoil(f, "steps", "state", "8", &trade);
	spoil(f, "steps", "number", "4", &trade);
	spoil(f, "steps", "number", "4294967296", &trade);
	spoil(f, "steps", "gas_used", "-1", &trade);

	if (!f->postgres) { /* PostgreSQL refuses these itself */
		spoil(f, "trades", "kind", "CAST(x'ff' AS TEXT)", &trade);
		spoil(f, "trades", "kind", "CAST(x'610062' AS TEXT)", &trade);
		spoil(f, "trades", "request", "CAST(x'c080' AS TEXT)", &trade);
	}
}

/* One spoiled row among the open steps hides none of the others. */
static void
test_unreadable_open_step(void **state)
{
	struct fixture *f = fixture_of(state);
	static const uint8_t none[20];
	struct store_op open = {.kind = STORE_OPEN_STEPS, .limit = 2};
	uint8_t wallet[20];

	fill(wallet, 20, 77);
	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	for (unsigned i = 0; i < 4; i++)
		insert_step(f, i + 1, i, STEP_SENT);
	drop_checks(f);
	raw(f, "UPDATE steps SET gas_used = -1 WHERE nonce = 1");
	raw(f, "UPDATE steps SET state = 99, wallet = block_hash WHERE nonce = 2");
	assert_int_equal(run(f->s, &open), 0);
	assert_int_equal(open.step_count, 2);
	assert_int_equal(open.steps[0].state, STEP_SENT);
	assert_int_equal(open.steps[1].state, STEP_UNREADABLE);
	assert_string_equal(open.steps[1].trade_id, "trd_00000000000000000000000000000002");
	assert_memory_equal(open.steps[1].wallet, wallet, 20);
	assert_null(open.steps[1].agent_id);
	open.cursor = open.next_cursor;
	store_op_free(&open);
	assert_int_equal(run(f->s, &open), 0);
	assert_int_equal(open.step_count, 2);
	assert_int_equal(open.steps[0].state, STEP_UNREADABLE);
	assert_memory_equal(open.steps[0].wallet, none, 20);
	assert_int_equal(open.steps[1].state, STEP_SENT);
	assert_int_equal(open.steps[1].nonce, 3);
	assert_int_equal(open.next_cursor, 0);
	store_op_free(&open);
}

/* A column of another type: the statement or the row fails, the process does not. */
static void
test_changed_table(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op op = {.kind = STORE_AGENT_BY_ID, .id = a1};

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	if (f->postgres)
		raw(f, "ALTER TABLE agents ALTER COLUMN created_at TYPE double precision");
	else
		raw(f, "CREATE TABLE other AS SELECT * FROM agents; UPDATE other SET created_at = 1.5;"
		       "DROP TABLE agents; ALTER TABLE other RENAME TO agents");
	assert_int_equal(run(f->s, &op), ERR_DATABASE);
}

/* --- opening --------------------------------------------------------------- */

static void
test_second_opener(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store *second = NULL;
	char text[256] = "";

	assert_int_equal(store_open(f->url, &second, text, sizeof text), ERR_WRONG_STATE);
	assert_null(second);
	assert_non_null(strstr(text, "another daemon"));
	assert_int_equal(reserve(f->s, 1), 0); /* the first is untouched */
	reopen(f); /* and leaves it free */
}

static void
test_migrations(void **state)
{
	struct fixture *f = fixture_of(state);
	struct engine *e = NULL;
	char h[6][128];
	char sql[1024];

	store_close(f->s);
	f->s = NULL;
	if (f->postgres)
		raw(f, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
	else
		assert_int_equal(unlink(f->path), 0);

	/* a database of version 1, with an agent in it */
	assert_int_equal(f->postgres ? postgres_open(f->url, &e, f->text, sizeof f->text)
				     : sqlite_open(f->path, &e, f->text, sizeof f->text), 0);
	assert_int_equal(schema_migrate(e, 1, f->text, sizeof f->text), 0);
	e->table->close(e);
	assert_int_equal(raw_number(f, "SELECT MAX(version) FROM schema_version"), 1);
	(void)snprintf(sql, sizeof sql, "INSERT INTO agents (id, record, mac, record_version, key_hash, "
	    "address, created_at) VALUES ('agent-1', %s, %s, 3, %s, %s, 5)",
	    blob(f, 1, 10, h[0], 128), blob(f, 2, 32, h[1], 128), blob(f, 3, 32, h[2], 128),
	    blob(f, 4, 20, h[3], 128));
	raw(f, sql);
	raw(f, "UPDATE index_counter SET next_index = 17");

	assert_int_equal(open_store(f), 0);
	assert_int_equal(raw_number(f, "SELECT MAX(version) FROM schema_version"),
	    (int64_t)schema_newest());
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM schema_version"), (int64_t)schema_newest());
	assert_int_equal(stored_version(f->s, a1), 3);
	assert_int_equal(reserve(f->s, 1), 17);
	assert_int_equal(insert_trade(f->s, 5, 1, 2), 0);
	reopen(f); /* nothing to do the second time */
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM schema_version"), (int64_t)schema_newest());

	store_close(f->s);
	f->s = NULL;
	raw(f, "INSERT INTO schema_version (version, applied_at) VALUES (99, 0)");
	assert_int_equal(open_store(f), ERR_WRONG_STATE);
	assert_null(f->s);
	assert_non_null(strstr(f->text, "99"));
	assert_non_null(strstr(f->text, "newer program"));
}

static void
test_bad_urls(void **state)
{
	static const struct {
		const char *url;
		int err;
	} cases[] = {
	    {"", ERR_SETTING},
	    {"mysql://user:hunter2@host/db", ERR_SETTING},
	    {"sqlite:", ERR_SETTING},
	    {"sqlite::memory:", ERR_SETTING},
	    {"sqlite:/nonexistent-hunter2/x.db", ERR_DATABASE},
	    {"sqlite:/tmp", ERR_DATABASE},
	    {"postgres://user:hunter2@[::1/db", ERR_SETTING},
	    {"postgres://user:hunter2@127.0.0.1:port/db", ERR_DATABASE},
	    {"postgres://user:hunter2@127.0.0.1:1/db", ERR_DATABASE},
	    {"postgres://user:hunter2@/db?host=/nonexistent-hunter2", ERR_DATABASE},
	    {"postgres://user:pa@hunter2.invalid/db", ERR_DATABASE},
	    {"postgres://user:hunter2@127.0.0.1:1/db?nonsense=hunter2", ERR_SETTING},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct store *s = NULL;
		char text[256] = "";
		int r = store_open(cases[i].url, &s, text, sizeof text);

		if (r != cases[i].err)
			fail_msg("%s: %s %s", cases[i].url, err_name(r), text);
		assert_null(s);
		assert_true(strlen(text) > 10);
		assert_null(strstr(text, "hunter2"));
	}
}

/* --- SQLite's file --------------------------------------------------------- */

static void
test_sqlite_file(void **state)
{
	struct fixture *f = fixture_of(state);
	struct stat st;
	int fd;

	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(raw_number(f, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(chmod(f->path, 0666), 0);
	assert_int_equal(open_store(f), 0);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(f->s);
	f->s = NULL;

	/* another program's file is refused and left as it is */
	assert_int_equal(unlink(f->path), 0);
	raw(f, "CREATE TABLE theirs (x)");
	assert_int_equal(open_store(f), ERR_DATABASE);
	assert_non_null(strstr(f->text, "another program"));
	assert_int_equal(raw_number(f, "SELECT COUNT(*) FROM sqlite_schema"), 1);

	fd = open(f->path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "this is not a database, whatever its name says, not at all.", 59), 59);
	close(fd);
	assert_int_equal(open_store(f), ERR_DATABASE);
	assert_non_null(strstr(f->text, "not SQLite"));
}

static void
test_sqlite_damaged(void **state)
{
	struct fixture *f = fixture_of(state);
	uint8_t noise[4096];
	struct stat st;
	int fd;

	for (uint64_t i = 0; i < 200; i++) {
		char id[32];

		(void)snprintf(id, sizeof id, "agent-%llu", (unsigned long long)i);
		assert_int_equal(insert_agent(f->s, agent(id, i)), 0);
	}
	store_close(f->s);
	f->s = NULL;
	fd = open(f->path, O_RDWR);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	memset(noise, 0xa5, sizeof noise);
	for (off_t at = st.st_size / 2 / 4096 * 4096; at < st.st_size; at += 4096)
		assert_int_equal(pwrite(fd, noise, sizeof noise, at), (ssize_t)sizeof noise);
	close(fd);
	assert_int_equal(open_store(f), ERR_DATABASE);
	assert_non_null(strstr(f->text, "damaged"));
}

/* When the disk is full nothing is applied, and when it is not any more it goes on. */
static void
test_sqlite_disk_full(void **state)
{
	struct fixture *f = fixture_of(state);
	struct rlimit before, limit;
	struct store_op ops[8], *p[8];
	char ids[8][32];
	uint64_t kept = 0;
	int full = 0;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = before;
	limit.rlim_cur = 512 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (uint64_t round = 0; round < 100 && !full; round++) {
		for (uint64_t i = 0; i < 8; i++) {
			(void)snprintf(ids[i], sizeof ids[i], "a-%llu",
			    (unsigned long long)(round * 8 + i));
			ops[i] = (struct store_op){.kind = STORE_AGENT_INSERT,
			    .agent = agent(ids[i], round * 8 + i)};
			ops[i].agent.record.len = 8000;
			p[i] = &ops[i];
		}
		full = store_run(f->s, p, 8) == ERR_DATABASE;
		for (size_t i = 0; i < 8; i++)
			assert_int_equal(ops[i].err, full ? ERR_DATABASE : 0);
		kept += full ? 0 : 8;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_true(full);
	assert_true(kept > 0);
	check_counts(f->s, kept, 0, 0);
	assert_int_equal(store_run(f->s, p, 8), 0);
	check_counts(f->s, kept + 8, 0, 0);
	reopen(f);
	check_counts(f->s, kept + 8, 0, 0);
}

/* No statement may walk a table, whatever its size. */
static void
test_sqlite_plans(void **state)
{
	struct fixture *f = fixture_of(state);
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	for (size_t i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_stmt *stmt = NULL;
		char sql[4096];

		if (i == SQL_COUNT_AGENTS || i == SQL_COUNT_TRADES)
			continue; /* once in a life */
		(void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", statements[i].sqlite);
		assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
		while (sqlite3_step(stmt) == SQLITE_ROW) {
			const char *line = (const char *)sqlite3_column_text(stmt, 3);

			/* t is the page's subquery; steps_open holds the open ones only */
			if (strncmp(line, "SCAN", 4) == 0 && strcmp(line, "SCAN t") != 0 &&
			    strcmp(line, "SCAN CONSTANT ROW") != 0 && strstr(line, "steps_open") == NULL)
				fail_msg("%s: %s", statements[i].name, line);
		}
		sqlite3_finalize(stmt);
	}
	sqlite3_close(db);
}

/* --- size ------------------------------------------------------------------ */

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
fill_trades(struct fixture *f, unsigned n)
{
	char sql[2048];
	const char *hash = f->postgres ? "decode(lpad(to_hex(n), 64, '0'), 'hex')"
				       : "CAST(printf('%032d', n) AS BLOB)";
	const char *mac = f->postgres ? "decode(repeat('00', 32), 'hex')" : "zeroblob(32)";
	const char *wallet = f->postgres ? "decode(repeat('00', 20), 'hex')" : "zeroblob(20)";
	const char *none = f->postgres ? "''::bytea" : "x''";
	const char *id = f->postgres ? "'trd_' || n::text" : "'trd_' || n";
	char numbers[128];

	if (f->postgres)
		(void)snprintf(numbers, sizeof numbers, "FROM generate_series(1, %u) AS g(n)", n);
	else
		(void)snprintf(numbers, sizeof numbers, "FROM g");
	(void)snprintf(sql, sizeof sql, "%s%u%s INSERT INTO trades (id, agent_id, idempotency_hash, "
	    "request_hash, kind, request, receipt, created_at, step_count) SELECT %s, 'agent-1', %s, %s, "
	    "'split', '{}', '{}', 0, 1 %s",
	    f->postgres ? "/*" : "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < ",
	    n, f->postgres ? "*/" : ")", id, hash, mac, numbers);
	raw(f, sql);
	(void)snprintf(sql, sizeof sql, "%s%u%s INSERT INTO steps (trade_id, number, kind, wallet, "
	    "chain_id, nonce, intent, intent_mac, raw, tx_hash, attempt, earlier_hashes, state, "
	    "block_number, block_hash, gas_used, updated_at) SELECT %s, 0, 'split', %s, 137, n, %s, %s, "
	    "%s, %s, 0, %s, 5, 0, %s, 0, 0 %s",
	    f->postgres ? "/*" : "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < ",
	    n, f->postgres ? "*/" : ")", id, wallet, none, mac, none, mac, none, mac, numbers);
	raw(f, sql);
}

/*
 * Plans are made while the tables are empty, as in a new database, and then
 * there are 100,000 trades: walking them would take many times longer.
 */
static void
test_large(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op page = {.kind = STORE_TRADES_PAGE, .id = a1, .limit = 100, .cursor = 50000};
	struct store_op nonce = {.kind = STORE_WALLET_NONCE, .chain_id = 137};
	struct store_op open = {.kind = STORE_OPEN_STEPS};
	struct store_op by_id = {.kind = STORE_TRADE_BY_ID, .id = "trd_4711"};
	struct store_op by_key = {.kind = STORE_TRADE_BY_IDEMPOTENCY, .id = a1};
	struct store_op counts = {.kind = STORE_COUNTS};
	struct trade_parts t;
	struct store_op *ops[] = {&page, &nonce, &open, &by_id, &by_key, &counts, &t.op};
	double start = 0;

	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	for (uint64_t i = 0; i < 24; i++) {
		if (i == 4)
			fill_trades(f, 100000);
		if (i == 14)
			start = seconds(); /* from here on the pages are in memory */
		trade_parts(&t, 1000 + i, 200000 + i, 1);
		memset(t.steps->wallet, 0, 20);
		assert_int_equal(store_run(f->s, ops, ARRAY_LEN(ops)), 0);
		assert_int_equal(t.op.err, 0);
		assert_int_equal(page.trade_count, i < 4 ? i : 100);
		assert_int_equal(page.step_count, page.trade_count);
		assert_int_equal(open.step_count, i);
		assert_int_equal(by_id.err, i < 4 ? ERR_NOT_FOUND : 0);
		assert_int_equal(by_key.err, ERR_NOT_FOUND);
		assert_true(i == 0 || nonce.nonce == 200000 + i - 1);
		for (size_t k = 0; k < ARRAY_LEN(ops); k++)
			store_op_free(ops[k]);
	}
	start = seconds() - start;
	if (start > 3) /* a scan of every row would take longer, and this machine may be busy */
		fail_msg("10 rounds took %.3f s", start);
}

/* --- the thread ------------------------------------------------------------ */

#define THREADS 64
#define EACH 20

struct submitter {
	struct store *s;
	pthread_t thread;
	struct store_op ops[2 * EACH];
	char ids[EACH][32];
	unsigned number;
};

static unsigned done_count;

static void
count_done(struct store_op *op, void *arg)
{
	(void)arg;
	assert_int_equal(op->err, 0);
	done_count++;
}

static void *
submitter_main(void *arg)
{
	struct submitter *m = arg;

	for (unsigned i = 0; i < EACH; i++) {
		(void)snprintf(m->ids[i], sizeof m->ids[i], "t-%u-%u", m->number, i);
		m->ops[2 * i] = (struct store_op){.kind = STORE_RESERVE_INDICES, .count = 1,
		    .done = count_done};
		store_submit(m->s, &m->ops[2 * i]);
		m->ops[2 * i + 1] = (struct store_op){.kind = STORE_AGENT_INSERT,
		    .agent = agent(m->ids[i], 1000000 + m->number * 1000 + i), .done = count_done};
		store_submit(m->s, &m->ops[2 * i + 1]);
	}
	return NULL;
}

static void
wait_done(struct store *s, int fd, unsigned expected)
{
	while (done_count < expected) {
		struct pollfd p = {.fd = fd, .events = POLLIN};

		assert_int_equal(poll(&p, 1, 20000), 1);
		store_finish(s);
	}
	assert_int_equal(done_count, expected);
}

static void
test_concurrent(void **state)
{
	struct fixture *f = fixture_of(state);
	struct submitter *m = calloc(THREADS, sizeof *m);
	static uint8_t seen[THREADS * EACH];
	int fd = -1;

	memset(seen, 0, sizeof seen);
	done_count = 0;
	assert_int_equal(store_start(f->s, &fd), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		m[i].s = f->s;
		m[i].number = i;
		assert_int_equal(pthread_create(&m[i].thread, NULL, submitter_main, &m[i]), 0);
	}
	wait_done(f->s, fd, THREADS * EACH * 2);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(m[i].thread, NULL);
		for (unsigned k = 0; k < EACH; k++) {
			uint64_t index = m[i].ops[2 * k].first_index;

			assert_true(index < sizeof seen);
			assert_int_equal(seen[index]++, 0);
		}
	}
	check_counts(f->s, THREADS * EACH, 0, 0); /* the caller's thread, beside the store's own */
	free(m);
}

struct late {
	struct store *s;
	struct store_op op;
	int refused;
};

static void
late_done(struct store_op *op, void *arg)
{
	(void)op;
	((struct late *)arg)->refused += op->err == ERR_CLOSED;
}

static void
submit_late(struct store_op *op, void *arg)
{
	struct late *l = arg;

	count_done(op, NULL);
	if (done_count == 1)
		store_submit(l->s, &l->op);
}

static void
test_close_drains(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op *ops = calloc(600, sizeof *ops);
	struct late late = {f->s, {.kind = STORE_RESERVE_INDICES, .count = 1}, 0};
	int fd;

	late.op.done = late_done;
	late.op.arg = &late;
	done_count = 0;
	assert_int_equal(store_start(f->s, &fd), 0);
	for (size_t i = 0; i < 600; i++) {
		ops[i] = (struct store_op){.kind = STORE_RESERVE_INDICES, .count = 1,
		    .done = submit_late, .arg = &late};
		store_submit(f->s, &ops[i]);
	}
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(done_count, 600);
	for (size_t i = 0; i < 600; i++)
		assert_int_equal(ops[i].first_index, i);
	assert_int_equal(late.refused, 1);
	free(ops);
	assert_int_equal(open_store(f), 0);
	assert_int_equal(reserve(f->s, 1), 600);
}

static void
test_close_without_thread(void **state)
{
	struct fixture *f = fixture_of(state);
	struct store_op op = {.kind = STORE_RESERVE_INDICES, .count = 1, .done = count_done};

	done_count = 0;
	store_submit(f->s, &op);
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(done_count, 1);
	store_close(NULL);
}

/* --- kill -9 --------------------------------------------------------------- */

struct acknowledged {
	uint64_t round;
	uint64_t number;
	uint64_t index;
};

/* Registers agents one after the other and says each time that it is done. */
static void
crash_child(const char *url, uint64_t round, int out)
{
	struct store *s = NULL;
	char text[256], id[64];
	uint64_t i;

	if (store_open(url, &s, text, sizeof text) != 0)
		_exit(3);
	for (i = 0;; i++) {
		struct acknowledged ack = {round, i, 0};
		struct store_op r = {.kind = STORE_RESERVE_INDICES, .count = 1}, in, *p = &r;

		if (store_run(s, &p, 1) != 0)
			_exit(4);
		ack.index = r.first_index;
		(void)snprintf(id, sizeof id, "c-%llu-%llu", (unsigned long long)round,
		    (unsigned long long)i);
		in = (struct store_op){.kind = STORE_AGENT_INSERT};
		in.agent = agent(id, r.first_index);
		p = &in;
		if (store_run(s, &p, 1) != 0 || in.err != 0)
			_exit(5);
		if (write(out, &ack, sizeof ack) != (ssize_t)sizeof ack)
			_exit(6);
	}
}

static size_t
crash_round(struct fixture *f, uint64_t round, struct acknowledged *acks, size_t cap)
{
	int fds[2], status;
	size_t n = 0;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		crash_child(f->url, round, fds[1]);
	}
	close(fds[1]);
	/* the first answer, then some moment in the middle of the work */
	if (read(fds[0], &acks[n], sizeof *acks) == (ssize_t)sizeof *acks)
		n++;
	usleep((useconds_t)(1000 + (round * 7919) % 60000));
	kill(pid, SIGKILL);
	while (n < cap && read(fds[0], &acks[n], sizeof *acks) == (ssize_t)sizeof *acks)
		n++;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status))
		fail_msg("the child ended with %d", WEXITSTATUS(status));
	return n;
}

static void
test_crash(void **state)
{
	struct fixture *f = fixture_of(state);
	enum { ROUNDS = 12, CAP = 4000 };
	struct acknowledged *acks = calloc(CAP, sizeof *acks);
	uint64_t last = 0;
	size_t n = 0;

	store_close(f->s);
	f->s = NULL;
	for (uint64_t round = 0; round < ROUNDS; round++)
		n += crash_round(f, round, acks + n, CAP - n);
	assert_true(n >= ROUNDS);
	assert_true(n < CAP);
	assert_int_equal(open_store(f), 0);
	for (size_t i = 0; i < n; i++) {
		struct store_op op = {.kind = STORE_AGENT_BY_ID};
		char id[64];

		(void)snprintf(id, sizeof id, "c-%llu-%llu", (unsigned long long)acks[i].round,
		    (unsigned long long)acks[i].number);
		op.id = id;
		assert_int_equal(run(f->s, &op), 0);
		assert_int_equal(op.agent.index, acks[i].index);
		store_op_free(&op);
		assert_true(i == 0 || acks[i].index > last);
		last = acks[i].index;
	}
	assert_true(reserve(f->s, 1) > last);
	print_message("%zu acknowledged, %d killed\n", n, ROUNDS);
	free(acks);
}

/* --- a PostgreSQL that goes away ------------------------------------------- */

enum proxy_mode { PASS, CUT_BEFORE_COMMIT, CUT_AFTER_COMMIT, DOWN };

/* Stands between libpq and the server and loses the connection at a chosen moment. */
struct proxy {
	pthread_t thread;
	pthread_mutex_t lock;
	enum proxy_mode mode;
	int stopping;
	unsigned cuts;
	int listener;
	char folder[64];
	char target[128];
	char url[512];
};

static enum proxy_mode
proxy_mode(struct proxy *p, enum proxy_mode *set)
{
	enum proxy_mode m;

	pthread_mutex_lock(&p->lock);
	m = p->mode;
	if (set != NULL)
		p->mode = *set;
	pthread_mutex_unlock(&p->lock);
	return m;
}

static int
proxy_stopping(struct proxy *p)
{
	int stopping;

	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	pthread_mutex_unlock(&p->lock);
	return stopping;
}

static int
unix_socket(const char *folder, int listening)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s/.s.PGSQL.5432", folder);
	if (listening) {
		assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
		assert_int_equal(listen(fd, 8), 0);
	} else {
		assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	}
	return fd;
}

static int
send_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0)
			return -1;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* One chunk from the client; nonzero ends the connection. */
static int
proxy_client(struct proxy *p, int client, int server)
{
	static const enum proxy_mode pass = PASS;
	uint8_t buf[65536];
	ssize_t n = recv(client, buf, sizeof buf, 0);
	enum proxy_mode mode = proxy_mode(p, NULL);
	enum proxy_mode next = pass;

	if (n <= 0)
		return 1;
	if (memmem(buf, (size_t)n, "COMMIT", 6) == NULL || mode == PASS || mode == DOWN)
		return send_all(server, buf, (size_t)n);
	(void)proxy_mode(p, &next);
	p->cuts++;
	if (mode == CUT_AFTER_COMMIT) {
		(void)send_all(server, buf, (size_t)n);
		(void)recv(server, buf, sizeof buf, 0); /* the answer, which nobody will see */
	}
	return 1;
}

static void
proxy_connection(struct proxy *p, int client)
{
	int server = unix_socket(p->target, 0);
	uint8_t buf[65536];

	while (!proxy_stopping(p) && proxy_mode(p, NULL) != DOWN) {
		struct pollfd fds[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};

		if (poll(fds, 2, 20) <= 0)
			continue;
		if (fds[0].revents != 0 && proxy_client(p, client, server) != 0)
			break;
		if (fds[1].revents != 0) {
			ssize_t n = recv(server, buf, sizeof buf, 0);

			if (n <= 0 || send_all(client, buf, (size_t)n) != 0)
				break;
		}
	}
	close(server);
	close(client);
}

static void *
proxy_main(void *arg)
{
	struct proxy *p = arg;

	while (!proxy_stopping(p)) {
		struct pollfd fd = {p->listener, POLLIN, 0};
		int client;

		if (poll(&fd, 1, 20) <= 0 || (client = accept(p->listener, NULL, NULL)) < 0)
			continue;
		if (proxy_mode(p, NULL) == DOWN)
			close(client);
		else
			proxy_connection(p, client);
	}
	return NULL;
}

static struct proxy *
proxy_start(struct fixture *f)
{
	struct proxy *p = calloc(1, sizeof *p);
	const char *host = strstr(f->url, "?host=");

	if (host == NULL)
		skip(); /* not the cluster of tests/postgres/run */
	pthread_mutex_init(&p->lock, NULL);
	(void)snprintf(p->target, sizeof p->target, "%s", host + 6);
	(void)snprintf(p->folder, sizeof p->folder, "%s", f->folder);
	(void)snprintf(p->url, sizeof p->url, "%.*s?host=%s", (int)(host - f->url), f->url, p->folder);
	p->listener = unix_socket(p->folder, 1);
	assert_int_equal(pthread_create(&p->thread, NULL, proxy_main, p), 0);
	store_close(f->s);
	f->s = NULL;
	assert_int_equal(store_open(p->url, &f->s, f->text, sizeof f->text), 0);
	return p;
}

static void
proxy_stop(struct proxy *p)
{
	char path[128];

	pthread_mutex_lock(&p->lock);
	p->stopping = 1;
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	close(p->listener);
	(void)snprintf(path, sizeof path, "%s/.s.PGSQL.5432", p->folder);
	(void)unlink(path);
	free(p);
}

static void
test_commit_unknown(void **state)
{
	struct fixture *f = fixture_of(state);
	struct proxy *p = proxy_start(f);
	enum proxy_mode mode;

	assert_int_equal(reserve(f->s, 1), 0);
	/* it did not happen: the batch runs again, once */
	mode = CUT_BEFORE_COMMIT;
	(void)proxy_mode(p, &mode);
	assert_int_equal(reserve(f->s, 1), 1);
	assert_int_equal(p->cuts, 1);
	assert_int_equal(reserve(f->s, 1), 2);
	/* it did happen: not a second time */
	mode = CUT_AFTER_COMMIT;
	(void)proxy_mode(p, &mode);
	assert_int_equal(reserve(f->s, 1), 3);
	assert_int_equal(p->cuts, 2);
	assert_int_equal(reserve(f->s, 1), 4);
	assert_int_equal(insert_agent(f->s, agent(a1, 1)), 0);
	mode = CUT_AFTER_COMMIT;
	(void)proxy_mode(p, &mode);
	assert_int_equal(insert_trade(f->s, 1, 10, 2), 0);
	assert_int_equal(p->cuts, 3);
	check_counts(f->s, 1, 1, 2);
	assert_int_equal(raw_number(f, "SELECT next_index FROM index_counter"), 5);
	store_close(f->s);
	f->s = NULL;
	proxy_stop(p);
}

static void
test_server_down(void **state)
{
	struct fixture *f = fixture_of(state);
	struct proxy *p = proxy_start(f);
	struct store_op op = {.kind = STORE_RESERVE_INDICES, .count = 1};
	enum proxy_mode mode = DOWN;
	double start;

	assert_int_equal(reserve(f->s, 1), 0);
	(void)proxy_mode(p, &mode);
	usleep(100000);
	assert_int_equal(run(f->s, &op), ERR_DATABASE);
	start = seconds();
	for (int i = 0; i < 20; i++)
		assert_int_equal(run(f->s, &op), ERR_DATABASE);
	assert_true(seconds() - start < 2); /* not one attempt each */
	mode = PASS;
	(void)proxy_mode(p, &mode);
	start = seconds();
	while (run(f->s, &op) != 0 && seconds() - start < 10)
		usleep(50000);
	assert_int_equal(op.err, 0);
	assert_int_equal(op.first_index, 1); /* none of the refused ones was applied */
	store_close(f->s);
	f->s = NULL;
	proxy_stop(p);
}

struct killer {
	pthread_t thread;
	pthread_mutex_t lock;
	int stopping;
	int64_t kills;
};

static void *
killer_main(void *arg)
{
	struct killer *k = arg;
	PGconn *pg = PQconnectdb(getenv("SELFSAME_TEST_POSTGRES"));
	int stopping = 0;

	for (unsigned i = 0; !stopping; i++) {
		PGresult *result = PQexec(pg, "SELECT COUNT(pg_terminate_backend(pid)) FROM "
		    "pg_stat_activity WHERE application_name = 'selfsame'");

		usleep(20000 + (i * 7919) % 100000);
		pthread_mutex_lock(&k->lock);
		k->kills += (int64_t)strtoll(PQgetvalue(result, 0, 0), NULL, 10);
		stopping = k->stopping;
		pthread_mutex_unlock(&k->lock);
		PQclear(result);
	}
	PQfinish(pg);
	return NULL;
}

/* Sessions die at random moments; what is answered is exactly what happened. */
static void
test_sessions_killed(void **state)
{
	struct fixture *f = fixture_of(state);
	struct killer k = {.kills = 0};
	uint64_t expected = 0, failed = 0;
	double start = seconds();

	pthread_mutex_init(&k.lock, NULL);
	assert_int_equal(pthread_create(&k.thread, NULL, killer_main, &k), 0);
	while (expected < 2000 && seconds() - start < 4) {
		struct store_op op = {.kind = STORE_RESERVE_INDICES, .count = 1};

		if (run(f->s, &op) != 0) {
			failed++;
			usleep(20000);
			continue;
		}
		assert_int_equal(op.first_index, expected);
		expected++;
	}
	pthread_mutex_lock(&k.lock);
	k.stopping = 1;
	pthread_mutex_unlock(&k.lock);
	pthread_join(k.thread, NULL);
	assert_true(k.kills > 3);
	assert_true(expected > 10);
	print_message("%lld sessions killed, %llu committed, %llu refused\n", (long long)k.kills,
	    (unsigned long long)expected, (unsigned long long)failed);
}

static void
test_wrong_password(void **state)
{
	struct fixture *f = fixture_of(state);
	char url[600], text[256] = "";
	const char *colon = strchr(f->url + 11, ':'), *at = strchr(f->url, '@');
	struct store *s = NULL;

	if (colon == NULL || at == NULL || colon > at)
		skip();
	(void)snprintf(url, sizeof url, "%.*s:hunter2%s", (int)(colon - f->url), f->url, at);
	assert_int_equal(store_open(url, &s, text, sizeof text), ERR_DATABASE);
	assert_string_equal(text, "PostgreSQL refuses the user or the password");
}

/* --- text ------------------------------------------------------------------ */

static void
test_text(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {{"", 0}, {"plain", 0}, {"\xc3\xa9", 0}, {"\xe2\x82\xac", 0}, {"\xf0\x9f\x98\x80", 0},
	    {"\xf4\x8f\xbf\xbf", 0}, {"\xed\x9f\xbf", 0}, {"\x80", ERR_PARSE}, {"\xc3", ERR_PARSE},
	    {"\xc0\x80", ERR_PARSE}, {"\xc1\xbf", ERR_PARSE}, {"\xe0\x9f\xbf", ERR_PARSE},
	    {"\xed\xa0\x80", ERR_PARSE}, {"\xf0\x8f\xbf\xbf", ERR_PARSE}, {"\xf4\x90\x80\x80", ERR_PARSE},
	    {"\xf5\x80\x80\x80", ERR_PARSE}, {"\xe2\x82", ERR_PARSE}, {"\xe2\x28\xa1", ERR_PARSE},
	    {"\xf0\x9f\x98\x28", ERR_PARSE}, {"longer than twenty bytes", ERR_RANGE}};
	char *copy;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(text_check((const uint8_t *)cases[i].text, strlen(cases[i].text),
		    20), cases[i].err);
	assert_int_equal(text_check((const uint8_t *)"a\0b", 3, 20), ERR_PARSE);
	copy = text_clean("a\xe2\x82\xac" "b", 4); /* a character is not cut in two */
	assert_string_equal(copy, "a\xe2\x82\xac");
	free(copy);
	copy = text_clean("a\xe2\x82\xac" "b", 3);
	assert_string_equal(copy, "a");
	free(copy);
	copy = text_clean("\n\x7f\xff" "x", 20);
	assert_string_equal(copy, "???x");
	free(copy);
}

/* As libpq reads it: what stands in another parameter opens no socket. */
static void
test_unix_urls(void **state)
{
	static const char *const over_a_socket[] = {
	    "postgres:///selfsame?host=/run/postgresql",
	    "postgresql://user:pw@/selfsame",
	    "postgres://",
	    "postgres://%2Frun%2Fpostgresql/selfsame",
	    "postgres://localhost/x?host=%2Frun",
	    "postgres://db.example.org,/x",
	    "postgres:///x?host=@abstract",
	};
	static const char *const over_a_network[] = {
	    "postgres://user:pw@db.example.org:5432/selfsame",
	    "postgres://127.0.0.1/selfsame",
	    "postgres://u@db.example.org/x?application_name=host=/x",
	    "postgres://u:host=%2Fx@db.example.org/x",
	    "postgres:///x?hostaddr=10.0.0.1",
	    "postgres://db.example.org/x?nonsense=1",
	    "sqlite:/var/lib/selfsame.db",
	    "sqlite:postgres:///x",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(over_a_socket); i++)
		if (!store_is_unix(over_a_socket[i]))
			fail_msg("%s", over_a_socket[i]);
	for (size_t i = 0; i < ARRAY_LEN(over_a_network); i++)
		if (store_is_unix(over_a_network[i]))
			fail_msg("%s", over_a_network[i]);
}

#define BOTH(test) \
	{"sqlite: " #test, test, setup_sqlite, teardown, NULL}, \
	{"postgres: " #test, test, setup_postgres, teardown, NULL}
#define SQLITE(test) {"sqlite: " #test, test, setup_sqlite, teardown, NULL}
#define POSTGRES(test) {"postgres: " #test, test, setup_postgres, teardown, NULL}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_bad_urls),
	    cmocka_unit_test(test_unix_urls),
	    BOTH(test_indices),
	    BOTH(test_agent_round_trip),
	    BOTH(test_agent_without_index),
	    BOTH(test_agent_unique),
	    BOTH(test_agent_update),
	    BOTH(test_agent_bounds),
	    BOTH(test_trade_round_trip),
	    BOTH(test_trade_exists),
	    BOTH(test_trade_conflict),
	    BOTH(test_trade_keeps_newer_record),
	    BOTH(test_trade_bounds),
	    BOTH(test_pages),
	    BOTH(test_step_update),
	    BOTH(test_step_bump),
	    BOTH(test_open_steps),
	    BOTH(test_wallet_nonce),
	    BOTH(test_wallet_nonce_counts),
	    BOTH(test_wallet_reopen),
	    BOTH(test_wallet_next),
	    BOTH(test_counts),
	    BOTH(test_batch_order),
	    BOTH(test_batch_refused_statement),
	    BOTH(test_trade_all_or_nothing),
	    BOTH(test_malformed_rows),
	    BOTH(test_unreadable_open_step),
	    BOTH(test_changed_table),
	    BOTH(test_second_opener),
	    BOTH(test_migrations),
	    SQLITE(test_sqlite_file),
	    SQLITE(test_sqlite_damaged),
	    SQLITE(test_sqlite_disk_full),
	    SQLITE(test_sqlite_plans),
	    BOTH(test_large),
	    BOTH(test_concurrent),
	    BOTH(test_close_drains),
	    BOTH(test_close_without_thread),
	    BOTH(test_crash),
	    POSTGRES(test_commit_unknown),
	    POSTGRES(test_server_down),
	    POSTGRES(test_sessions_killed),
	    POSTGRES(test_wrong_password),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
