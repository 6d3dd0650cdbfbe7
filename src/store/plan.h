/*
 * From an op to the statements that carry it out, and from their rows to its
 * result. The steps: check, write the calls, take the rows, judge; for some
 * refusals a second round of reads says why; then, after the commit, publish.
 * Nothing of an op is touched before that, so a batch can be run again.
 *
 *   plan_calls.c  the calls of both rounds
 *   plan_rows.c   the rows
 *   plan.c        the beginning, the judgement, the result
 */
#ifndef SELFSAME_STORE_PLAN_H
#define SELFSAME_STORE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "store/engine.h"
#include "store/store.h"

struct plan {
	struct store_op *op;
	int err;
	int unexplained; /* the second round is to come */
	int totals_known; /* STORE_COUNTS: agents and trades need not be counted */
	unsigned main_rows; /* of the statement that decides */
	unsigned step_rows; /* steps that TRADE_INSERT inserted */
	int reason_found; /* second round */
	uint64_t reason_number;
	uint64_t number[3]; /* what the op gives back; STORE_COUNTS: agents, trades, open */
	uint64_t step_count; /* the trade's own, out of its row */
	uint8_t address[20]; /* likewise */
	uint64_t last_sequence;
	int more;
	char *error_text; /* the cleaned copy that is bound */
	struct store_agent agent;
	struct store_trade trade;
	int has_agent;
	int has_trade;
	struct store_step *steps;
	size_t steps_len;
	size_t steps_cap;
	struct store_trade *trades;
	size_t trades_len;
	size_t trades_cap;
};

/* Whether an op of this kind changes the database. */
int plan_writes(enum store_kind kind);

/*
 * Begin a plan: checks the op's inputs and sets plan->err to ERR_RANGE,
 * ERR_PARSE or ERR_MEM when it cannot run. Matched by plan_drop().
 */
void plan_begin(struct plan *p, struct store_op *op);

/* How many rows a page of this op may have. */
uint32_t plan_page_limit(const struct store_op *op);

/* How many calls plan_write() writes at most. */
#define PLAN_CALLS_MAX (2 + STORE_STEPS_MAX)
size_t plan_write(struct plan *p, struct call *calls);

/* A call_row. */
void plan_row(const struct call *call, const struct cell *cells);

/* Returns 0 or ERR_WRONG_STATE: the op was half done, the transaction must not be committed. */
int plan_judge(struct plan *p) MUST_USE;

/* The second round, for plans that are unexplained: at most 2 calls; then the last word. */
#define PLAN_REASONS_MAX 2
size_t plan_write_reasons(struct plan *p, struct call *calls);
void plan_judge_reasons(struct plan *p);

/* Move the results into the op. */
void plan_publish(struct plan *p);

/* Free what was not published. */
void plan_drop(struct plan *p);

#endif
