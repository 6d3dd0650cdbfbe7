/*
 * Every statement that runs on the database after its schema is there, once
 * for both dialects. Conflicts that are expected are written so that they give
 * no row instead of an error: no statement here fails unless the database does
 * not hold what we put there. So a batch can be sent without waiting between.
 */
#ifndef SELFSAME_STORE_STATEMENT_H
#define SELFSAME_STORE_STATEMENT_H

#define STATEMENT_PARAMS_MAX 18
#define STATEMENT_COLUMNS_MAX 20

enum statement_id {
	SQL_INDEX_RESERVE,
	SQL_INDEX_RAISE,
	SQL_AGENT_INSERT,
	SQL_AGENT_UPDATE,
	SQL_AGENT_VERSION,
	SQL_AGENT_BY_ID,
	SQL_AGENT_BY_KEY,
	SQL_TRADE_INSERT,
	SQL_TRADE_STEP,
	SQL_TRADE_AGENT,
	SQL_TRADE_CLASH,
	SQL_TRADE_BY_ID,
	SQL_TRADE_STEPS,
	SQL_TRADE_BY_IDEMPOTENCY,
	SQL_IDEMPOTENCY_STEPS,
	SQL_PAGE_TRADES,
	SQL_PAGE_STEPS,
	SQL_STEP_UPDATE,
	SQL_STEP_BUMP,
	SQL_STEP_AGENT,
	SQL_STEP_ATTEMPT,
	SQL_OPEN_STEPS,
	SQL_WALLET_NONCE,
	SQL_WALLET_ABOVE,
	SQL_WALLET_REOPEN,
	SQL_WALLET_NEXT,
	SQL_COUNT_AGENTS,
	SQL_COUNT_TRADES,
	SQL_COUNT_OPEN,
	STATEMENT_COUNT
};

struct statement {
	const char *name; /* for the log, and for PREPARE */
	const char *params; /* a letter for each of $1, $2 ...: i integer, t text, b blob */
	unsigned columns;
	const char *sqlite; /* $1 stands before $2, and so on: SQLite numbers as it meets them */
	const char *postgres;
};

extern const struct statement statements[STATEMENT_COUNT];

#endif
