/*
 * A world for the engine: store, signer and node as fakes in one process. The
 * node has a chain of its own; the signer signs with nobody's key; the clock is
 * the test's.
 */
#ifndef SELFSAME_TESTS_TRADE_WORLD_H
#define SELFSAME_TESTS_TRADE_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "trade/trade.h"

#define WORLD_STEPS 64
#define WORLD_TXS 128
#define GWEI 1000000000ULL

struct world_tx {
	uint8_t hash[32];
	uint64_t nonce;
	struct u256 max_fee;
	struct u256 tip;
	int pooled;
	uint64_t block; /* 0: not mined */
	int stranger;	/* somebody else signed it */
};

struct world {
	struct event_base *base;
	struct trades *trades;
	struct store_agent agent;
	uint8_t api_key[32];
	uint64_t clock_ms;

	/* the node */
	int node_down;
	int automine;
	uint64_t head;
	uint8_t branch; /* of block hashes */
	uint64_t base_fee;
	uint64_t first_count; /* transactions of the wallet before ours */
	int lie_count;	      /* eth_getTransactionCount says count_lie */
	uint64_t count_lie;
	uint64_t allowance;
	int poor;
	int hide_receipts;
	int invent_receipts; /* for everything, whether or not it was mined */
	int swallow;	     /* what is sent is taken and lost */
	int reverting;
	uint64_t gas_used;   /* of every transaction */
	const char *refusal; /* of eth_sendRawTransaction, instead of taking it */
	enum rpc_class refusal_class;
	struct world_tx txs[WORLD_TXS];
	size_t tx_count;
	size_t sent; /* eth_sendRawTransaction calls */
	size_t sent_before_journal;
	size_t calls;
	size_t histories; /* eth_feeHistory calls */

	/* the signer */
	int refuse_err;
	const char *refuse_rule;
	int wrong_field; /* 1 nonce, 2 recipient, 3 amount of steps, 4 hash */
	int stale_once;
	uint64_t version;
	int named; /* the last trade came with the hash of an idempotency key */
	uint8_t name[32];
	size_t signatures;
	size_t bumps;

	/* the store */
	size_t bad_row;	    /* 1 + the step whose row is malformed */
	int insert_err;	    /* the next insert */
	int insert_applied; /* although it said ERR_DATABASE */
	int read_err;	    /* the next STORE_TRADE_BY_ID */
	int miss; /* so many look-ups by key find nothing, as if the row came just after */
	struct store_trade trades_rows[WORLD_STEPS];
	size_t trade_count;
	struct store_step steps[WORLD_STEPS];
	size_t step_count;
};

extern struct world world;

void world_open(void);
void world_close(void);

/* A new engine on the same journal. */
void world_restart(void);

/* Let the loop run until nothing is due, for some rounds of the watch. */
void world_run(int rounds);

void world_mine(void);

struct world_outcome {
	int done;
	struct trade_outcome outcome;
	char id[STORE_TRADE_ID_MAX];
	char status[16];
	size_t step_count;
	uint64_t nonces[4];
	char kinds[4][16];
	char error[128];
};

/* Starts a request; the outcome is filled in later, from the loop. */
void world_trade(const char *body, const char *idempotency_key, uint64_t wait_ms,
		 struct world_outcome *ret);

/* A native transfer of one wei's worth, run to its end. */
struct world_outcome world_transfer(uint64_t wait_ms);

#endif
