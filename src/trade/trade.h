/*
 * The trade engine: turns a trade request into signed, journalled, broadcast
 * transactions, and watches them to the end. A trade happens once.
 *
 * One wallet signs one trade at a time (so that nonces have no gaps); wallets
 * are independent of each other. The walk: plan (allowance, fees, nonce) ->
 * signer -> journal commit -> broadcast -> watch.
 */
#ifndef SELFSAME_TRADE_TRADE_H
#define SELFSAME_TRADE_TRADE_H

#include <stddef.h>
#include <stdint.h>

#include "agent/record.h"
#include "base/attr.h"
#include "base/buffer.h"
#include "chain/rpc.h"
#include "evm/u256.h"
#include "gateway/signer_client.h"
#include "json/reader.h"
#include "store/store.h"

struct event_base;
struct trades;

struct known_token {
	char symbol[16];
	uint8_t address[20];
	unsigned decimals;
};

struct trade_options {
	uint64_t chain_id;
	uint8_t conditional_tokens[20];
	struct known_token tokens[POLICY_TOKENS_MAX];
	size_t token_count; /* tokens[0] is the collateral */
	uint64_t finality_depth;
	uint64_t bump_seconds;
	uint64_t poll_ms;
};

#define NATIVE_DECIMALS 18

/* The known token of this address, or of this symbol; NULL. */
const struct known_token *known_token_find(const struct trade_options *options,
					   const uint8_t address[20]);
const struct known_token *known_token_named(const struct trade_options *options,
					    struct bytes symbol);

enum trade_type {
	TRADE_SPLIT,
	TRADE_MERGE,
	TRADE_REDEEM,
	TRADE_TRANSFER,
	TRADE_APPROVE,
	TRADE_CALL
};

#define TRADE_INDEX_SETS_MAX 16

struct trade_request {
	enum trade_type type;
	uint8_t condition_id[32]; /* split, merge, redeem */
	size_t index_set_count;	  /* default [1, 2] */
	struct u256 index_sets[TRADE_INDEX_SETS_MAX];
	struct u256 amount; /* base units */
	int has_token;	    /* transfer: 0 = native */
	uint8_t token[20];
	uint8_t to[20];			 /* transfer: recipient; approve: spender; call: contract */
	struct u256 value;		 /* call: wei */
	struct buffer data;		 /* call; owned */
	uint64_t gas_limit;		 /* 0: chosen by us */
	char agent_id[AGENT_ID_MAX + 1]; /* "agentId", or "" when absent; the caller compares */
	/* of the HTTP request */
	struct bytes body; /* borrowed */
	uint8_t request_hash[32];
	int has_idempotency;
	uint8_t idempotency_hash[32];
	uint8_t api_key[32]; /* wiped by trade_request_free() */
};

/*
 * {"type": "split", "conditionId", "amount", ...} into a request. Unknown
 * members and members of another type are refused with the field's name.
 */
int trade_request_parse(const struct trade_options *options, const void *body, size_t len,
			struct trade_request *ret, struct json_error *error) MUST_USE;
void trade_request_free(struct trade_request *req);

/* How a trade request ended before anything was signed, or after. */
struct trade_outcome {
	int err; /* 0, ERR_POLICY, ERR_AUTH, ERR_STALE, ERR_CONFLICT, ERR_RPC, ...; ERR_EXISTS: the
		    key came with another body; ERR_WRONG_STATE: the wallet is stopped */
	char rule[48];		   /* of a refusal */
	char detail[512];	   /* what to do */
	const struct store_op *op; /* err 0: op->trade and op->steps as they stand (borrowed) */
	int replayed; /* the idempotency key named an earlier trade with the same body */
};

typedef void trade_done(const struct trade_outcome *outcome, void *arg);

int trades_new(struct event_base *base, const struct trade_options *options, struct store *store,
	       struct signer_client *signer, struct rpc *rpc, struct trades **ret) MUST_USE;
/* After store_close(): what is under way there holds memory of the engine. */
void trades_free(struct trades *t);

/* Re-read the journal after a start and go on with every open step. */
void trades_resume(struct trades *t);

/*
 * Run a trade for the agent of this row. req is moved (owned by the engine from
 * here on). done is called once, from the loop: as soon as the trade is
 * journalled and sent when wait_ms is 0, else when every step has its first
 * receipt, when one is stuck, or when wait_ms is over.
 */
void trades_run(struct trades *t, const struct store_agent *agent, struct trade_request *req,
		uint64_t wait_ms, trade_done *done, void *arg);

/*
 * The newest record of an agent that this process knows (records change with
 * every trade; the database may lag by the commits under way). NULL: none.
 * The gateway notes every record it commits itself.
 */
int trades_latest_record(struct trades *t, const char *agent_id, struct bytes *ret_record,
			 uint8_t ret_mac32[32]);
void trades_note_record(struct trades *t, const char *agent_id, struct bytes record,
			const uint8_t mac32[32]);

/* "signed", "pending", "mined", "final", "reverted", "failed" or "stuck", from all steps. */
const char *trade_status(const struct store_step *steps, size_t count);

/* Whether a trade of this wallet is between its beginning and its commit. */
int trades_wallet_busy(struct trades *t, const uint8_t wallet[20]);

/* Whether a wallet was stopped (nonces, changed rows); text says what was seen and the remedy. */
int trades_wallet_stopped(struct trades *t, const uint8_t wallet[20], char *text, size_t cap);

struct trades_counts {
	uint64_t accepted, refused, bumped, rebroadcast, reorged, open, stopped_wallets;
	uint64_t reopened;   /* steps that were final and that the chain does not have */
	uint64_t unreadable; /* rows of open steps that are malformed, in the last whole round */
};
void trades_counts(const struct trades *t, struct trades_counts *ret);

#endif
