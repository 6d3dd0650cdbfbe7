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
 * Inputs are borrowed until the op is answered, and checked: ERR_RANGE for a
 * length above its maximum or an integer above STORE_INTEGER_MAX, ERR_PARSE for
 * text that is not UTF-8. Rows come back as heap copies that store_op_free()
 * frees. A row that does not have the shape it was written with is ERR_DATABASE.
 *
 * After ERR_DATABASE nothing was applied, with one exception: a PostgreSQL that
 * went away in the middle of a commit and did not come back within half a
 * minute to say how it ended. Every op may be given again as it stands. What
 * did happen the first time answers ERR_EXISTS (inserts; the trade that comes
 * back has the same id) or ERR_CONFLICT (AGENT_UPDATE and STEP_BUMP: the version
 * or attempt is there); RESERVE_INDICES skips numbers; RAISE_INDEX, STEP_UPDATE
 * and reads give the same again.
 *
 * One daemon at a time: the database is locked while it is open.
 */
#ifndef SELFSAME_STORE_STORE_H
#define SELFSAME_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define STORE_TRADE_ID_MAX 40
#define STORE_PAGE_MAX 100 /* rows in one answer; a limit of 0 means this */
#define STORE_INTEGER_MAX ((uint64_t)INT64_MAX)
#define STORE_AGENT_ID_MAX 64
#define STORE_RECORD_MAX 8192
#define STORE_STEPS_MAX 4 /* of one trade */
#define STORE_KIND_MAX 15
#define STORE_INTENT_MAX 32768
#define STORE_RAW_MAX 32768
#define STORE_TEXT_MAX 131072 /* request and receipt */
#define STORE_ERROR_MAX 512
#define STORE_ATTEMPTS_MAX 256

enum store_kind {
	/* in: count. out: first_index. Never gives a number twice. ERR_RANGE: none left */
	STORE_RESERVE_INDICES,
	/* in: first_index. The next reservation starts at or above it */
	STORE_RAISE_INDEX,
	/* in: agent. ERR_EXISTS: id, key hash, address or index taken */
	STORE_AGENT_INSERT,
	/* in: agent: record, mac, record_version and key_hash (all zero: as it is); the rest
	 * never changes. ERR_CONFLICT: the stored record_version is not lower; ERR_EXISTS:
	 * another agent has that key hash; ERR_NOT_FOUND */
	STORE_AGENT_UPDATE,
	/* in: id. out: agent. ERR_NOT_FOUND */
	STORE_AGENT_BY_ID,
	/* in: hash32. out: agent. ERR_NOT_FOUND */
	STORE_AGENT_BY_KEY,
	/* in: trade, steps (of one wallet and chain, numbered from 0), agent. One commit holds
	 * all: the trade, every step, and the agent's new record as in AGENT_UPDATE (left as it
	 * is when the stored one is newer). out: trade.sequence. ERR_EXISTS: idempotency hash or
	 * id taken (out: trade = the other one, steps untouched); ERR_CONFLICT: a (chain, wallet,
	 * nonce) is taken; ERR_NOT_FOUND: no such agent */
	STORE_TRADE_INSERT,
	/* in: id. out: trade, steps. ERR_NOT_FOUND */
	STORE_TRADE_BY_ID,
	/* in: agent_id in id, hash32. out: trade, steps. ERR_NOT_FOUND */
	STORE_TRADE_BY_IDEMPOTENCY,
	/* in: id (agent), cursor, limit. out: trades newest first, next_cursor, and in steps
	 * the steps of all of them, in the same order */
	STORE_TRADES_PAGE,
	/* in: step, found by trade_id and number: state, block_number, block_hash, gas_used,
	 * error and updated_at are replaced. So are tx_hash and earlier_hashes when the latter
	 * is attempt x 32 bytes and not empty: an earlier hash that was mined changes places
	 * with tx_hash. ERR_NOT_FOUND */
	STORE_STEP_UPDATE,
	/* in: step (new intent, intent_mac, raw, tx_hash, attempt + 1, state, updated_at), agent
	 * as in TRADE_INSERT. One commit. The store appends the hash it had to earlier_hashes.
	 * ERR_CONFLICT: the stored attempt is not attempt - 1; ERR_NOT_FOUND */
	STORE_STEP_BUMP,
	/* in: cursor, limit. out: steps that are not final, oldest first, next_cursor. A row that
	 * is malformed hides no other one: it comes as STEP_UNREADABLE */
	STORE_OPEN_STEPS,
	/* in: chain_id, address, nonce. out: nonce = highest journalled, count = how many steps
	 * have the nonce that was given or a higher one. ERR_NOT_FOUND */
	STORE_WALLET_NONCE,
	/* in: chain_id, address, nonce, limit. The lowest steps of the wallet that are final or
	 * failed with this nonce or a higher one become STEP_SIGNED, as before their receipt.
	 * out: count = how many were */
	STORE_WALLET_REOPEN,
	/* in: chain_id, address. out: address = the next higher one that has steps.
	 * ERR_NOT_FOUND: none */
	STORE_WALLET_NEXT,
	/* out: agents_total, trades_total, open_total */
	STORE_COUNTS
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

/* No state: of a malformed row there is only what is legible of wallet and trade_id. */
#define STEP_UNREADABLE 0

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
	char *error; /* NULL, or why it reverted or is STEP_STUCK; stored cut and cleaned */
	uint64_t updated_at;
};

struct store_trade {
	char id[STORE_TRADE_ID_MAX]; /* "trd_" and 32 hex digits */
	char *agent_id;
	int has_idempotency;
	uint8_t idempotency_hash[32]; /* SHA-256 over agent id and key; the key is not kept */
	uint8_t request_hash[32]; /* of the body: the same key with another body is refused */
	char kind[16];
	char *request; /* the request as JSON text, for display */
	char *receipt; /* JSON text */
	uint64_t created_at;
	uint64_t sequence; /* the page order, set by the store */
};

enum store_owns {
	STORE_OWNS_AGENT = 1,
	STORE_OWNS_TRADE = 2,
	STORE_OWNS_STEPS = 4,
	STORE_OWNS_TRADES = 8
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
	unsigned owned; /* bits STORE_OWNS_*: outputs that store_op_free() frees */
	/* result */
	int err;
	void (*done)(struct store_op *op, void *arg);
	void *arg;
	struct store_op *next; /* the store's queue */
};

struct store;

/*
 * Open, lock and migrate. url is DATABASE_URL: "sqlite:PATH" (the file is made
 * with mode 0600) or "postgres://...".
 *
 * Returns: 0
 *          ERR_SETTING   the URL itself is wrong
 *          ERR_WRONG_STATE     another daemon has it, or its schema is a newer program's
 *          ERR_DATABASE  anything else; ERR_MEM
 * Out:     text          of a failure: what is wrong and what to do, never the URL
 */
int store_open(const char *url, struct store **ret, char *text, size_t text_cap) MUST_USE;

/* Whether that database is reached over a Unix socket. */
int store_is_unix(const char *url);

/*
 * Run a batch in one transaction, in order, on the caller's thread; sets every
 * op's err and calls no done(). An op that fails leaves the others standing.
 *
 * Returns: 0, or ERR_DATABASE when the commit failed (then every op has that err)
 */
int store_run(struct store *s, struct store_op **ops, size_t count) MUST_USE;

/*
 * Start the thread. wake_fd (an eventfd) becomes readable when results wait;
 * the loop then calls store_finish(), which calls each op's done().
 *
 * Returns: 0 or ERR_IO
 * Owns:    wake_fd stays the store's
 */
int store_start(struct store *s, int *ret_wake_fd) MUST_USE;

/* op is the caller's again when done() is called. From any thread. */
void store_submit(struct store *s, struct store_op *op);
void store_finish(struct store *s);

/* Frees heap rows in outputs, not the op itself; the op may be used again. */
void store_op_free(struct store_op *op);

/*
 * Runs what is queued, stops the thread, calls every done() that is due and
 * closes. An op that a done() submits now gets ERR_CLOSED. Accepts NULL.
 */
void store_close(struct store *s);

#endif
