#include "store/statement.h"

#include "base/banned.h"

#define BOTH(name, params, columns, sql) {name, params, columns, sql, sql}

#define AGENT_COLUMNS \
	"id, record, mac, record_version, key_hash, address, wallet_index, register_tag, created_at"

#define TRADE_COLUMNS \
	"sequence, id, agent_id, idempotency_hash, request_hash, kind, request, receipt, " \
	"created_at, step_count"

#define STEP_COLUMNS \
	"s.sequence, s.trade_id, s.number, s.kind, t.agent_id, s.wallet, s.chain_id, s.nonce, " \
	"s.intent, s.intent_mac, s.raw, s.tx_hash, s.attempt, s.earlier_hashes, s.state, " \
	"s.block_number, s.block_hash, s.gas_used, s.error, s.updated_at"

/*
 * The newest record wins, whoever brings it. A key hash that another agent has
 * leaves the row as it is (in an UPDATE it would be an error).
 */
#define AGENT_RECORD \
	"UPDATE agents SET record = $1, mac = $2, record_version = $3, " \
	"key_hash = COALESCE($4, key_hash) " \
	"WHERE id = $5 AND record_version < $3 AND NOT EXISTS " \
	"(SELECT 1 FROM agents AS other WHERE other.key_hash = $4 AND other.id <> $5)"

/*
 * The hash leads; the expression keeps the planner from walking all trades of
 * an agent, which looks as cheap to it while the table is small.
 */
#define BY_IDEMPOTENCY(t, agent, hash) \
	t "idempotency_hash = " hash " AND " t "agent_id || '' = " agent

/*
 * One by one: a plan that PostgreSQL made while the table was empty would look
 * for a list of nonces among all that the wallet ever had.
 */
#define NONCE_FREE(nonce) \
	" AND NOT EXISTS (SELECT 1 FROM steps WHERE chain_id = $10 AND wallet = $11 AND nonce = " \
	nonce ")"

/* 5 and 6 are STEP_FINAL and STEP_FAILED; the words are those of the partial index. */
#define OPEN_STEPS(hint) \
	"SELECT " STEP_COLUMNS " FROM steps AS s" hint " JOIN trades AS t ON t.id = s.trade_id " \
	"WHERE s.state NOT IN (5, 6) AND s.sequence > $1 ORDER BY s.sequence LIMIT $2"

#define STEP_BUMP(append) \
	"UPDATE steps SET intent = $1, intent_mac = $2, raw = $3, earlier_hashes = " append ", " \
	"tx_hash = $4, attempt = $5, state = $6, error = NULL, updated_at = $7 " \
	"WHERE trade_id = $8 AND number = $9 AND attempt = $5 - 1 AND state NOT IN (5, 6) " \
	"RETURNING number"

const struct statement statements[STATEMENT_COUNT] = {
    [SQL_INDEX_RESERVE] = BOTH("index_reserve", "ii", 1,
	"UPDATE index_counter SET next_index = next_index + $1 WHERE one = 1 AND next_index <= $2 "
	"RETURNING next_index - $1"),
    [SQL_INDEX_RAISE] = BOTH("index_raise", "i", 0,
	"UPDATE index_counter SET next_index = $1 WHERE one = 1 AND next_index < $1"),

    [SQL_AGENT_INSERT] = BOTH("agent_insert", "tbbibbibi", 1,
	"INSERT INTO agents (" AGENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) "
	"ON CONFLICT DO NOTHING RETURNING record_version"),
    [SQL_AGENT_UPDATE] = BOTH("agent_update", "bbibt", 1, AGENT_RECORD " RETURNING record_version"),
    [SQL_AGENT_VERSION] = BOTH("agent_version", "t", 1,
	"SELECT record_version FROM agents WHERE id = $1"),
    [SQL_AGENT_BY_ID] = BOTH("agent_by_id", "t", 9,
	"SELECT " AGENT_COLUMNS " FROM agents WHERE id = $1"),
    [SQL_AGENT_BY_KEY] = BOTH("agent_by_key", "b", 9,
	"SELECT " AGENT_COLUMNS " FROM agents WHERE key_hash = $1"),

    /*
     * Nothing is inserted when a nonce is taken, so nothing has to be undone.
     * The nonces that a shorter trade does not have are NULL, which equals nothing.
     */
    [SQL_TRADE_INSERT] = BOTH("trade_insert", "ttbbtttiiibiiii", 1,
	"INSERT INTO trades (id, agent_id, idempotency_hash, request_hash, kind, request, receipt, "
	"created_at, step_count) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 "
	"WHERE EXISTS (SELECT 1 FROM agents WHERE id = $2)"
	NONCE_FREE("$12") NONCE_FREE("$13") NONCE_FREE("$14") NONCE_FREE("$15")
	" ON CONFLICT DO NOTHING RETURNING sequence"),
    /* Of a trade that was there before, every step below step_count is there too. */
    [SQL_TRADE_STEP] = BOTH("trade_step", "titbiibbbbibiibiti", 1,
	"INSERT INTO steps (trade_id, number, kind, wallet, chain_id, nonce, intent, intent_mac, "
	"raw, tx_hash, attempt, earlier_hashes, state, block_number, block_hash, gas_used, error, "
	"updated_at) SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, "
	"$17, $18 WHERE EXISTS (SELECT 1 FROM trades WHERE id = $1 AND step_count > $2) "
	"ON CONFLICT DO NOTHING RETURNING number"),
    [SQL_TRADE_AGENT] = BOTH("trade_agent", "bbibtt", 0,
	AGENT_RECORD " AND EXISTS (SELECT 1 FROM trades WHERE id = $6)"),
    [SQL_TRADE_CLASH] = BOTH("trade_clash", "btt", 10,
	"SELECT " TRADE_COLUMNS " FROM trades WHERE (" BY_IDEMPOTENCY("", "$2", "$1") ") "
	"OR id = $3 ORDER BY sequence LIMIT 1"),

    [SQL_TRADE_BY_ID] = BOTH("trade_by_id", "t", 10,
	"SELECT " TRADE_COLUMNS " FROM trades WHERE id = $1"),
    [SQL_TRADE_STEPS] = BOTH("trade_steps", "t", 20,
	"SELECT " STEP_COLUMNS " FROM steps AS s JOIN trades AS t ON t.id = s.trade_id "
	"WHERE s.trade_id = $1 ORDER BY s.number LIMIT 5"),
    [SQL_TRADE_BY_IDEMPOTENCY] = BOTH("trade_by_idempotency", "bt", 10,
	"SELECT " TRADE_COLUMNS " FROM trades WHERE " BY_IDEMPOTENCY("", "$2", "$1")),
    [SQL_IDEMPOTENCY_STEPS] = BOTH("idempotency_steps", "bt", 20,
	"SELECT " STEP_COLUMNS " FROM trades AS t JOIN steps AS s ON s.trade_id = t.id "
	"WHERE " BY_IDEMPOTENCY("t.", "$2", "$1") " ORDER BY s.number LIMIT 5"),

    [SQL_PAGE_TRADES] = BOTH("page_trades", "tii", 10,
	"SELECT " TRADE_COLUMNS " FROM trades WHERE agent_id = $1 AND sequence < $2 "
	"ORDER BY sequence DESC LIMIT $3"),
    [SQL_PAGE_STEPS] = BOTH("page_steps", "tii", 20,
	"SELECT " STEP_COLUMNS " FROM (SELECT id, agent_id, sequence FROM trades "
	"WHERE agent_id = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3) AS t "
	"JOIN steps AS s ON s.trade_id = t.id "
	"ORDER BY t.sequence DESC, s.number"),

    [SQL_STEP_UPDATE] = BOTH("step_update", "iibitiibbti", 1,
	"UPDATE steps SET state = $1, block_number = $2, block_hash = $3, gas_used = $4, "
	"error = $5, updated_at = $6, "
	"tx_hash = CASE WHEN attempt = $7 THEN COALESCE($8, tx_hash) ELSE tx_hash END, "
	"earlier_hashes = CASE WHEN attempt = $7 THEN COALESCE($9, earlier_hashes) "
	"ELSE earlier_hashes END WHERE trade_id = $10 AND number = $11 RETURNING number"),
    /* SQLite's || makes text of two blobs, byte for byte; the cast turns it back. */
    [SQL_STEP_BUMP] = {"step_bump", "bbbbiiiti", 1,
	STEP_BUMP("CAST(earlier_hashes || tx_hash AS BLOB)"),
	STEP_BUMP("earlier_hashes || tx_hash")},
    [SQL_STEP_AGENT] = BOTH("step_agent", "bbibttiib", 0,
	AGENT_RECORD " AND EXISTS (SELECT 1 FROM steps WHERE trade_id = $6 AND number = $7 "
	"AND attempt = $8 AND tx_hash = $9)"),
    [SQL_STEP_ATTEMPT] = BOTH("step_attempt", "ti", 1,
	"SELECT attempt FROM steps WHERE trade_id = $1 AND number = $2"),
    /* The hint: SQLite would rather walk the whole table by its key. */
    [SQL_OPEN_STEPS] = {"open_steps", "ii", 20,
	OPEN_STEPS(" INDEXED BY steps_open"), OPEN_STEPS("")},

    [SQL_WALLET_NONCE] = BOTH("wallet_nonce", "ib", 1,
	"SELECT nonce FROM steps WHERE chain_id = $1 AND wallet = $2 ORDER BY nonce DESC LIMIT 1"),
    [SQL_WALLET_ABOVE] = BOTH("wallet_above", "ibi", 1,
	"SELECT COUNT(*) FROM steps WHERE chain_id = $1 AND wallet = $2 AND nonce >= $3"),
    /* 1 is STEP_SIGNED. Asked of the nonces' index: there may be many older rows. */
    [SQL_WALLET_REOPEN] = BOTH("wallet_reopen", "bibii", 1,
	"UPDATE steps SET state = 1, block_number = 0, block_hash = $1, gas_used = 0, error = NULL "
	"WHERE sequence IN (SELECT sequence FROM steps WHERE chain_id = $2 AND wallet = $3 "
	"AND nonce >= $4 AND state IN (5, 6) ORDER BY nonce LIMIT $5) RETURNING number"),
    [SQL_WALLET_NEXT] = BOTH("wallet_next", "ib", 1,
	"SELECT wallet FROM steps WHERE chain_id = $1 AND wallet > $2 ORDER BY wallet LIMIT 1"),
    [SQL_COUNT_AGENTS] = BOTH("count_agents", "", 1, "SELECT COUNT(*) FROM agents"),
    [SQL_COUNT_TRADES] = BOTH("count_trades", "", 1, "SELECT COUNT(*) FROM trades"),
    [SQL_COUNT_OPEN] = BOTH("count_open", "", 1,
	"SELECT COUNT(*) FROM steps WHERE state NOT IN (5, 6)"),
};
