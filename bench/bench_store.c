/*
 * The store alone: rows a second that are on the disk when they are answered,
 * one and 64 to a commit. What the daemon's /register and /trade are measured
 * against: neither can be faster than its commits.
 *
 * usage: bench_store [DATABASE_URL]; without one a new SQLite file in $TMPDIR.
 * Prints "name value unit" lines for bench/run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "store/store.h"
#include "base/banned.h"

#define BATCH 64
#define SECONDS 0.5
#define ROUNDS 3 /* the best of them: the disk is shared */

static uint8_t record[600], intent[200], raw_tx[220];
static char agent_id[] = "bench", request[] = "{\"type\":\"split\"}", receipt[] = "{}";
static uint64_t serial;

struct item {
	struct store_op op;
	struct store_step step;
	char id[32];
};

static void
fail(const char *what, const char *why)
{
	fprintf(stderr, "bench_store: %s: %s\n", what, why);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct store_agent
agent(char *id)
{
	struct store_agent a = {.id = id, .record = {record, sizeof record}};

	a.record_version = serial;
	store_be64(a.key_hash, serial * 0x9e3779b97f4a7c15u); /* scattered, as hashes are */
	store_be64(a.address, serial * 0xc2b2ae3d27d4eb4fu);
	return a;
}

static void
make_agent(struct item *it)
{
	serial++;
	(void)snprintf(it->id, sizeof it->id, "agent-%llu", (unsigned long long)serial);
	it->op = (struct store_op){.kind = STORE_AGENT_INSERT, .agent = agent(it->id)};
}

/* The trade, its step and the agent's new record. */
static void
make_trade(struct item *it)
{
	struct store_trade *t = &it->op.trade;

	serial++;
	it->op = (struct store_op){.kind = STORE_TRADE_INSERT, .steps = &it->step, .step_count = 1};
	it->op.agent = agent(agent_id);
	memset(it->op.agent.key_hash, 0, sizeof it->op.agent.key_hash);
	(void)snprintf(t->id, sizeof t->id, "trd_%032llx", (unsigned long long)serial);
	(void)snprintf(t->kind, sizeof t->kind, "split");
	t->agent_id = agent_id;
	t->request = request;
	t->receipt = receipt;
	t->has_idempotency = 1;
	store_be64(t->idempotency_hash, serial * 0x9e3779b97f4a7c15u);
	it->step = (struct store_step){.chain_id = 137, .nonce = serial, .state = STEP_SIGNED};
	(void)snprintf(it->step.trade_id, sizeof it->step.trade_id, "%s", t->id);
	(void)snprintf(it->step.kind, sizeof it->step.kind, "split");
	it->step.intent = (struct bytes){intent, sizeof intent};
	it->step.raw = (struct bytes){raw_tx, sizeof raw_tx};
}

static size_t
commit_once(struct store *s, void (*make)(struct item *), size_t batch)
{
	static struct item items[BATCH];
	struct store_op *ops[BATCH];

	for (size_t i = 0; i < batch; i++) {
		make(&items[i]);
		ops[i] = &items[i].op;
	}
	if (store_run(s, ops, batch) != 0)
		fail("commit", err_text(ERR_DATABASE));
	for (size_t i = 0; i < batch; i++) {
		if (ops[i]->err != 0)
			fail("insert", err_text(ops[i]->err));
	}
	return batch;
}

static void
measure(struct store *s, const char *name, void (*make)(struct item *), size_t batch)
{
	double best = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now(), passed;
		size_t rows = 0;

		do {
			rows += commit_once(s, make, batch);
			passed = now() - start;
		} while (passed < SECONDS);
		if ((double)rows / passed > best)
			best = (double)rows / passed;
	}
	printf("%s_%zu %.0f rows/s\n", name, batch, best);
	fflush(stdout);
}

static void
run(const char *url)
{
	struct item first;
	struct store_op *op = &first.op;
	struct store *s = NULL;
	char text[256] = "";

	if (store_open(url, &s, text, sizeof text) != 0)
		fail("open", text);
	first.op = (struct store_op){.kind = STORE_AGENT_INSERT, .agent = agent(agent_id)};
	if (store_run(s, &op, 1) != 0 || op->err != 0)
		fail("insert", "the database is not a new one");
	measure(s, "commit", make_agent, 1);
	measure(s, "commit", make_agent, BATCH);
	measure(s, "trade_commit", make_trade, 1);
	measure(s, "trade_commit", make_trade, BATCH);
	store_close(s);
}

int
main(int argc, char **argv)
{
	const char *folder = getenv("TMPDIR");
	char path[256], url[300];

	if (argc > 1) {
		run(argv[1]);
		return 0;
	}
	if (folder == NULL)
		folder = "/tmp";
	(void)snprintf(path, sizeof path, "%s/bench_store.XXXXXX", folder);
	if (mkdtemp(path) == NULL)
		fail("mkdtemp", "no temporary folder");
	(void)snprintf(url, sizeof url, "sqlite:%s/store.db", path);
	run(url);
	(void)unlink(url + strlen("sqlite:"));
	(void)rmdir(path);
	return 0;
}
