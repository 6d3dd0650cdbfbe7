/*
 * The engine's parts and what they share. One event loop, one thread.
 *
 *   engine.c   a request's way in (idempotency) and out (outcome, waiting)
 *   wallet.c   the table of wallets: nonces, the queue of trades, who works on which step
 *   hear.c     a wallet's count of transactions, held against the journal
 *   audit.c    one wallet of the journal after the other is asked about
 *   market.c   the fees of the moment, asked once for all
 *   walk.c     a trade's turn and plan, one of a wallet at a time
 *   journal.c  sign, commit, send
 *   work.c     one step's next move: look for a receipt, send, mark
 *   bump.c     raise a step's fees
 *   watch.c    the round over all open steps
 */
#ifndef SELFSAME_TRADE_TRADE_INTERNAL_H
#define SELFSAME_TRADE_TRADE_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "chain/fees.h"
#include "trade/nonce.h"
#include "trade/plan.h"
#include "trade/records.h"
#include "trade/step.h"
#include "trade/trade.h"

struct event;
struct live;
struct wallet;
struct work;

uint64_t trade_now_ms(void);	   /* monotonic */
uint64_t trade_unix_seconds(void); /* the host's clock, for display */

/* --- fees of the moment ------------------------------------------------------- */

/* err: 0 or ERR_RPC with the node's words. */
typedef void market_done(int err, const char *text, const struct fee_market *market, void *arg);

struct market_waiter {
	struct market_waiter *next;
	market_done *done;
	void *arg;
};

struct market {
	struct rpc *rpc;
	struct fee_market now;
	uint64_t asked_at;
	int known;
	int asking;
	struct market_waiter *waiters;
};

/* w is the caller's until done; done may be called before this returns. */
void market_ask(struct market *m, struct market_waiter *w, market_done *done, void *arg);

/* --- wallets ------------------------------------------------------------------ */

struct wallet {
	struct trades *t;
	struct wallet *next; /* in its bucket */
	uint8_t address[20];
	struct nonces nonces;
	struct live *first, *last; /* waiting for their turn; the first has it */
	int giving_turns;
	struct live *sending, *sending_last; /* journalled, being sent in order */
	struct work *works;		     /* steps that somebody works on now */
	uint64_t used_at;
	/* of hear.c */
	int hearing;	   /* a node or the journal is being asked */
	uint64_t heard_at; /* when the count was last asked for */
	uint64_t heard;	   /* what the node said last; NOT_HEARD: nothing since a receipt came */
	uint64_t count;	   /* what it says now */
	struct store_op op;
	struct live *waiting; /* in its turn, until the nonces are known */
	/* of the watch */
	uint64_t round;	 /* the last round that saw an open step without receipt */
	uint64_t lowest; /* its lowest nonce */
	uint64_t lowest_since;
	uint64_t bumped_at;
	int underpriced;  /* a node said so: bump sooner */
	uint64_t bad_round; /* the last round that found a malformed row of it */
	uint64_t doubted; /* the nonce that a node calls too low */
	unsigned doubts;
};

#define NOT_HEARD UINT64_MAX
#define WALLET_BUCKETS 1024

struct wallets {
	struct wallet *buckets[WALLET_BUCKETS];
	size_t count;
	uint8_t hash_key[16];
};

struct wallet *wallet_get(struct trades *t, const uint8_t address[20]); /* NULL: no memory */
struct wallet *wallet_find(struct trades *t, const uint8_t address[20]);
void wallets_sweep(struct trades *t); /* frees what was idle for long */
void wallets_free(struct trades *t);

/* Whether somebody works on the step with this nonce. */
int wallet_is_busy(const struct wallet *w, uint64_t nonce);

/* Say in the log, once, why it stopped; before: what nonces.stopped was. */
void wallet_log_stop(const struct wallet *w, enum nonces_stop before);

/* A malformed row of the wallet's was seen in this round. */
void wallet_row_unreadable(struct wallet *w, const char *trade_id);

/* After a round: a wallet whose rows could all be read again goes on. */
void wallets_end_round(struct trades *t);

/*
 * Ask for the account's count unless the last is young. It may stop the
 * wallet; steps that the journal calls final and the count contradicts twice
 * are opened again. Nothing else of what a node says is believed.
 */
void wallet_listen(struct wallet *w, uint64_t age_ms);

/* Learn a wallet's nonces from node and journal; walk_seeded() when l is not NULL. */
void wallet_seed(struct wallet *w, struct live *l);

/* --- one request -------------------------------------------------------------- */

struct live {
	struct trades *t;
	struct wallet *wallet;
	struct live *all_next, *all_prev;
	struct live *next;	/* in the wallet's queue, the sending chain, or the ended list */
	struct live *followers; /* requests with the same idempotency key, waiting for this one */
	struct live *next_follower;
	int leads;   /* others with the same key wait for it */
	int in_turn; /* first of the wallet's queue and running */
	int ended;
	int following; /* waits for receipts */

	struct trade_request req;
	struct store_agent agent; /* copy */
	char *body;
	struct buffer record; /* the one that was sent to the signer */
	uint8_t mac[32];
	struct fees fees;
	struct u256 fee_ceiling;
	uint64_t gas_ceiling;
	uint8_t actions;
	struct plan_facts facts;
	struct plan plan;
	struct market_waiter market;
	unsigned tries;

	/* the journal's rows; owned */
	struct store_trade trade;
	struct store_step *steps;
	size_t step_count;
	size_t sent; /* steps given to a node so far */

	struct store_op op;   /* under way */
	struct store_op view; /* what the outcome shows */
	struct trade_outcome outcome;
	trade_done *done;
	void *arg;
	uint64_t deadline; /* of waiting; 0: does not wait */
	uint64_t wait_ms;
	uint64_t pause_ms; /* until receipts are looked for again */
	struct event *timer;
};

/* The end of a request: err, rule ("" for none) and a text. The outcome is told from the loop. */
void live_fail(struct live *l, int err, const char *rule, const char *text);
void live_succeed(struct live *l);

/* A node's failure as ERR_RPC. */
void live_fail_rpc(struct live *l, const char *what, const struct rpc_answer *answer);

/* The signer's refusal. */
void live_fail_refused(struct live *l, const struct msg_refused *m);

/* An agent's newest record, the cache's or the row's. */
struct bytes live_record(struct live *l, uint8_t ret_mac32[32]);

/* It is journalled: let the followers go on, send, and wait as the caller wished. */
void live_journalled(struct live *l);

/* All that can be sent was: answer, or follow. */
void live_sent(struct live *l);

/* The journal holds an earlier trade with this key: show that one. */
void live_replay(struct live *l);

void walk_enqueue(struct live *l); /* wait for the wallet's turn */
void walk_begin(struct live *l);   /* in its turn: plan, then journal_sign() */
void walk_seeded(struct live *l);  /* the wallet's nonces are known, or it is stopped */
void walk_leave(struct live *l);   /* gives the turn to the next */
void journal_sign(struct live *l); /* the plan stands: sign, commit, send */

/* --- one step's next move ----------------------------------------------------- */

enum work_kind {
	WORK_SEND, /* a fresh step */
	WORK_LOOK, /* look for a receipt, nothing else */
	WORK_WATCH /* look, and do what is due */
};

typedef void work_done(struct work *work, void *arg);

struct work {
	struct trades *t;
	struct wallet *wallet;
	struct work *next; /* in the wallet's list */
	enum work_kind kind;
	int is_lowest; /* the wallet's lowest open nonce */
	int has_head;
	uint64_t head;
	struct store_step step; /* copy; changed as the step goes on */
	int changed;		/* the copy is ahead of the journal */
	size_t hash;		/* which of its hashes is asked about */
	struct store_op op;
	work_done *done;
	void *arg;
	/* of a bump */
	struct buffer record;
	uint8_t mac[32];
	struct market_waiter market;
	struct fees fees;
	struct store_step next_step; /* as it will be once it is journalled */
};

/* Copies the step. done is called once (perhaps before this returns); ERR_MEM. */
int work_start(struct trades *t, enum work_kind kind, const struct store_step *step,
	       const struct work *hints, work_done *done, void *arg) MUST_USE;

/* For bump.c. */
void work_send(struct work *k); /* send the step's raw bytes, mark it, end */
void work_note(struct work *k, uint32_t state, const char *error); /* change the copy */
void work_save(struct work *k); /* journal the copy when it was changed, then end */
void work_free(struct work *k);
int bump_is_due(const struct work *k);
void bump_begin(struct work *k); /* ends the work in every case */

/* --- the round over all open steps -------------------------------------------- */

struct watch {
	struct event *timer;
	uint64_t round; /* counts from 1 */
	int running;
	int going_on; /* inside page_go_on() */
	int asked_head;
	int has_head;
	uint64_t head;
	struct store_op op;
	size_t at; /* next step of the page */
	size_t in_flight;
	uint64_t began;	      /* this round */
	uint64_t open_now;    /* seen in this round */
	uint64_t open_before; /* in the whole round before */
	uint64_t bad_now;     /* malformed rows, likewise */
	uint64_t bad_before;
};

void watch_start(struct trades *t);
void watch_stop(struct trades *t);

/* --- the slow round over all wallets ------------------------------------------- */

/* A trade that is final is not looked at again, so what made it so may have been a lie. */
struct audit {
	int running;
	uint64_t began;
	struct store_op op; /* address: the last one that was looked at */
};

/* Look at the journal's next wallet when it is time. */
void audit_go_on(struct trades *t);

/* A step has moved: whoever follows its trade is told. */
void lives_step_moved(struct trades *t, const struct store_step *step);

/* --- all together ------------------------------------------------------------- */

/* A request that there was no room for. */
struct unborn {
	trade_done *done;
	void *arg;
};

#define UNBORN_MAX 256

struct trades {
	struct event_base *base;
	struct trade_options options;
	struct store *store;
	struct signer_client *signer;
	struct rpc *rpc;
	struct records *records;
	struct market market;
	struct wallets wallets;
	struct watch watch;
	struct audit audit;
	struct live *all;
	size_t live_count;
	struct live *ended, **ended_last;
	struct event *ended_event;
	struct unborn unborn[UNBORN_MAX];
	size_t unborn_count;
	struct trades_counts counts;
};

#endif
