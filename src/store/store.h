/*
 * The database behind one interface: SQLite or PostgreSQL, chosen by
 * DATABASE_URL. It is the adversary's: what it gives back is a claim until the
 * signer has checked a record's MAC or an intent's MAC.
 *
 * Work is a store_op: one kind, inputs, outputs. A thread of the store's own
 * takes what has gathered, runs it in one transaction (group commit), and
 * hands the results back to the event loop. An op is answered only after the
 * commit that holds it. store_run() does the same for tests, synchronously.
 *
 * Rows come back as heap copies that store_op_free() frees.
 */
#ifndef SELFSAME_STORE_STORE_H
#define SELFSAME_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define STORE_TRADE_ID_MAX 40
#define STORE_PAGE_MAX 100

enum store_kind {
	STORE_RESERVE_INDICES, /* in: count. out: first_index. Never gives a number twice */
	STORE_RAISE_INDEX, /* in: first_index. the next reservation starts at or above it */
	STORE_AGENT_INSERT, /* in: agent. ERR_EXISTS: id, key hash, address or index taken */
	STORE_AGENT_UPDATE, /* in: agent. ERR_CONFLICT: the stored record_version is not lower */
	STORE_AGENT_BY_ID, /* in: id. out: agent. ERR_NOT_FOUND */
	STORE_AGENT_BY_KEY, /* in: hash32. out: agent. ERR_NOT_FOUND */
	STORE_TRADE_INSERT, /* in: trade, steps, agent. One commit holds all: the trade, every
	                       step, and the agent's new record (kept when the stored one is newer).
	                       ERR_EXISTS: idempotency hash taken (out: trade = the other one);
	                       ERR_CONFLICT: a (chain, wallet, nonce) is taken */
	STORE_TRADE_BY_ID, /* in: id. out: trade, steps. ERR_NOT_FOUND */
	STORE_TRADE_BY_IDEMPOTENCY, /* in: agent_id in id, hash32. out: trade, steps. ERR_NOT_FOUND */
	STORE_TRADES_PAGE, /* in: id (agent), cursor, limit. out: trades newest first, next_cursor */
	STORE_STEP_UPDATE, /* in: step (by trade_id, number): state, block, hash, gas, error... */
	STORE_STEP_BUMP, /* in: step (new intent, MAC, raw, hash, attempt + 1), agent. One commit.
	                    ERR_CONFLICT: the stored attempt is not attempt - 1 */
	STORE_OPEN_STEPS, /* in: cursor, limit. out: steps that are not final, oldest first */
	STORE_WALLET_NONCE, /* in: chain_id, address. out: nonce = highest journalled, ERR_NOT_FOUND */
	STORE_COUNTS /* out: agent_count, trade_count, open_count */
};

struct store_agent {
	char *id;
	struct bytes record; /* heap in results */
	uint8_t mac[32];
	uint64_t record_version;
	uint8_t key_hash[32];
	uint8_t address[20];
	int has_index;
	uint64_t index; /* SCHEME_INDEXED */
	int has_register_tag;
	uint8_t register_tag[32]; /* MAC of Idempotency-Key and body */
	uint64_t created_at; /* unix seconds, the host's clock */
};

/* The life of a step; see docs/architecture.md. Numbers are stored: append only. */
enum step_state {
	STEP_SIGNED = 1, /* journalled, not known to be accepted by a node */
	STEP_SENT = 2, /* a node took it */
	STEP_MINED = 3, /* receipt with success, not yet final */
	STEP_REVERTED = 4, /* receipt with failure, not yet final */
	STEP_FINAL = 5, /* success, finality depth reached */
	STEP_FAILED = 6, /* reverted, finality depth reached */
	STEP_STUCK = 7 /* cannot go on without help (funds, nonce disagreement); retried */
};

struct store_step {
	char trade_id[STORE_TRADE_ID_MAX];
	uint32_t number; /* from 0 */
	char kind[16]; /* "approve", "split", ... */
	char *agent_id;
	uint8_t wallet[20];
	uint64_t chain_id;
	uint64_t nonce;
	struct bytes intent; /* tx_write_fields() form */
	uint8_t intent_mac[32];
	struct bytes raw; /* the signed transaction */
	uint8_t tx_hash[32];
	uint32_t attempt; /* 0, + 1 with each fee bump */
	struct bytes earlier_hashes; /* attempt x 32 bytes: the hashes it had before its bumps */
	uint32_t state; /* enum step_state */
	uint64_t block_number; /* 0: none */
	uint8_t block_hash[32];
	uint64_t gas_used;
	char *error; /* NULL, or the reason of a revert or of STEP_STUCK */
	uint64_t updated_at;
};

struct store_trade {
	char id[STORE_TRADE_ID_MAX]; /* "trd_" and 32 hex digits */
	char *agent_id;
	int has_idempotency;
	uint8_t idempotency_hash[32]; /* SHA-256 over agent id and key; the key itself is not kept */
	uint8_t request_hash[32]; /* of the body: the same key with another body is refused */
	char kind[16];
	char *request; /* the request as JSON text, for display */
	char *receipt; /* JSON text */
	uint64_t created_at;
	uint64_t sequence; /* the page order, set by the store */
};

struct store_op {
	enum store_kind kind;
	/* in */
	const char *id;
	uint8_t hash32[32];
	uint8_t address[20];
	uint64_t chain_id;
	uint64_t cursor; /* 0: from the start */
	uint32_t limit;
	uint64_t count;
	/* in or out, by kind */
	uint64_t first_index;
	uint64_t nonce;
	struct store_agent agent;
	struct store_trade trade;
	struct store_step *steps;
	size_t step_count;
	struct store_trade *trades;
	size_t trade_count;
	uint64_t next_cursor; /* 0: no more */
	uint64_t agents_total;
	uint64_t trades_total;
	uint64_t open_total;
	int owned; /* the store filled in heap rows: store_op_free() frees them */
	/* result */
	int err;
	void (*done)(struct store_op *op, void *arg);
	void *arg;
	struct store_op *next; /* the store's queue */
};

struct store;

/*
 * Open and migrate. url is DATABASE_URL; "sqlite:PATH" or "postgres://...".
 * The text of a failure names what is wrong, never the URL.
 */
int store_open(const char *url, struct store **ret, char *text, size_t text_cap) MUST_USE;

/* Run a batch in one transaction, in order, on the caller's thread; sets every op's err.
 * An op that fails leaves the others standing. Returns ERR_DATABASE when the commit failed
 * (then every op has that err). */
int store_run(struct store *s, struct store_op **ops, size_t count) MUST_USE;

/*
 * Start the thread. wake_fd (an eventfd) becomes readable when results wait;
 * the loop then calls store_finish(), which calls each op's done().
 */
int store_start(struct store *s, int *ret_wake_fd) MUST_USE;
void store_submit(struct store *s, struct store_op *op); /* op is the caller's until done() */
void store_finish(struct store *s);

void store_op_free(struct store_op *op); /* frees heap rows in outputs, not the op itself */

/* Runs what is queued, stops the thread, closes. */
void store_close(struct store *s);

#endif
