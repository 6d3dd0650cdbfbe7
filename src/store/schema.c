#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/banned.h"

/*
 * The words in which the dialects differ. NAME is text that is only ever
 * compared for equality, so it must not depend on a collation that an upgrade
 * of the C library changes. STRICT makes SQLite keep to the types.
 */
#define SQLITE_WORDS "INTEGER PRIMARY KEY", "INTEGER", "TEXT", "BLOB", "STRICT"
#define POSTGRES_WORDS \
	"BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BIGINT", "TEXT COLLATE \"C\"", \
	"BYTEA", ""
#define WITH(migration, words) WITH_WORDS(migration, words)
#define WITH_WORDS(migration, ...) migration(__VA_ARGS__)

#define VERSION_TABLE(SERIAL, INT, NAME, BLOB, STRICT) \
	"CREATE TABLE IF NOT EXISTS schema_version (version " INT " PRIMARY KEY, " \
	"applied_at " INT " NOT NULL) " STRICT ";"

#define AGENTS(SERIAL, INT, NAME, BLOB, STRICT) \
	"CREATE TABLE index_counter (one " INT " PRIMARY KEY CHECK (one = 1), " \
	"next_index " INT " NOT NULL CHECK (next_index >= 0)) " STRICT ";" \
	"INSERT INTO index_counter (one, next_index) VALUES (1, 0);" \
	"CREATE TABLE agents (sequence " SERIAL ", " \
	"id " NAME " NOT NULL UNIQUE, " \
	"record " BLOB " NOT NULL, " \
	"mac " BLOB " NOT NULL CHECK (length(mac) = 32), " \
	"record_version " INT " NOT NULL CHECK (record_version >= 0), " \
	"key_hash " BLOB " NOT NULL UNIQUE CHECK (length(key_hash) = 32), " \
	"address " BLOB " NOT NULL UNIQUE CHECK (length(address) = 20), " \
	"wallet_index " INT " UNIQUE CHECK (wallet_index >= 0), " \
	"register_tag " BLOB " CHECK (length(register_tag) = 32), " \
	"created_at " INT " NOT NULL) " STRICT ";"

#define TRADES(SERIAL, INT, NAME, BLOB, STRICT) \
	"CREATE TABLE trades (sequence " SERIAL ", " \
	"id " NAME " NOT NULL UNIQUE, " \
	"agent_id " NAME " NOT NULL REFERENCES agents (id), " \
	"idempotency_hash " BLOB " CHECK (length(idempotency_hash) = 32), " \
	"request_hash " BLOB " NOT NULL CHECK (length(request_hash) = 32), " \
	"kind " NAME " NOT NULL, " \
	"request " NAME " NOT NULL, " \
	"receipt " NAME " NOT NULL, " \
	"created_at " INT " NOT NULL, " \
	"step_count " INT " NOT NULL CHECK (step_count > 0), " \
	"UNIQUE (idempotency_hash, agent_id)) " STRICT ";" \
	"CREATE INDEX trades_page ON trades (agent_id, sequence);" \
	"CREATE TABLE steps (sequence " SERIAL ", " \
	"trade_id " NAME " NOT NULL REFERENCES trades (id), " \
	"number " INT " NOT NULL CHECK (number >= 0), " \
	"kind " NAME " NOT NULL, " \
	"wallet " BLOB " NOT NULL CHECK (length(wallet) = 20), " \
	"chain_id " INT " NOT NULL CHECK (chain_id >= 0), " \
	"nonce " INT " NOT NULL CHECK (nonce >= 0), " \
	"intent " BLOB " NOT NULL, " \
	"intent_mac " BLOB " NOT NULL CHECK (length(intent_mac) = 32), " \
	"raw " BLOB " NOT NULL, " \
	"tx_hash " BLOB " NOT NULL CHECK (length(tx_hash) = 32), " \
	"attempt " INT " NOT NULL CHECK (attempt >= 0), " \
	"earlier_hashes " BLOB " NOT NULL CHECK (length(earlier_hashes) = 32 * attempt), " \
	"state " INT " NOT NULL, " \
	"block_number " INT " NOT NULL, " \
	"block_hash " BLOB " NOT NULL CHECK (length(block_hash) = 32), " \
	"gas_used " INT " NOT NULL, " \
	"error " NAME ", " \
	"updated_at " INT " NOT NULL, " \
	"UNIQUE (trade_id, number), " \
	"UNIQUE (chain_id, wallet, nonce)) " STRICT ";" \
	"CREATE INDEX steps_open ON steps (sequence) WHERE state NOT IN (5, 6);"

/* What PostgreSQL is asked after a commit whose answer was lost; see postgres.c. */
#define COMMIT_MARK \
	"CREATE TABLE commit_mark (one BIGINT PRIMARY KEY CHECK (one = 1), " \
	"mark BYTEA NOT NULL) WITH (fillfactor = 10);" \
	"INSERT INTO commit_mark (one, mark) VALUES (1, '');"

struct migration {
	const char *sql[2]; /* by enum dialect; "" where there is nothing to do */
};

static const struct migration migrations[] = {
    {{WITH(AGENTS, SQLITE_WORDS), WITH(AGENTS, POSTGRES_WORDS)}},
    {{WITH(TRADES, SQLITE_WORDS), WITH(TRADES, POSTGRES_WORDS)}},
    {{"", COMMIT_MARK}},
};

static const struct migration version_table = {
    {WITH(VERSION_TABLE, SQLITE_WORDS), WITH(VERSION_TABLE, POSTGRES_WORDS)}};

uint64_t
schema_newest(void)
{
	return ARRAY_LEN(migrations);
}

static int
version_read(struct engine *e, uint64_t *ret)
{
	int64_t version;
	int r = e->table->number(e, "SELECT MAX(version) FROM schema_version", &version);

	if (r == ERR_NOT_FOUND) {
		*ret = 0;
		return 0;
	}
	if (r != 0 || version < 0)
		return ERR_DATABASE;
	*ret = (uint64_t)version;
	return 0;
}

/* The version's row and the change are one transaction, so a crash repeats neither. */
static int
migrate_one(struct engine *e, uint64_t version)
{
	char sql[8192];
	int n = snprintf(sql, sizeof sql,
	    "%sINSERT INTO schema_version (version, applied_at) VALUES (%" PRIu64 ", %lld);",
	    migrations[version - 1].sql[e->table->dialect], version, (long long)time(NULL));

	if (n < 0 || (size_t)n >= sizeof sql)
		return ERR_SPACE;
	return e->table->script(e, sql);
}

int
schema_migrate(struct engine *e, uint64_t newest, char *text, size_t text_cap)
{
	uint64_t version;

	if (e->table->script(e, version_table.sql[e->table->dialect]) != 0 ||
	    version_read(e, &version) != 0) {
		(void)snprintf(text, text_cap, "the database does not let its schema version "
		    "be read: the user needs the right to create tables");
		return ERR_DATABASE;
	}
	if (version > newest) {
		(void)snprintf(text, text_cap, "the database has schema version %" PRIu64
		    " and this program knows versions up to %" PRIu64 ": start the newer program",
		    version, newest);
		return ERR_WRONG_STATE;
	}
	while (version < newest) {
		version++;
		if (migrate_one(e, version) != 0) {
			(void)snprintf(text, text_cap, "the change to schema version %" PRIu64
			    " failed: is there room, and is the database this program's own?",
			    version);
			return ERR_DATABASE;
		}
		log_event(LOG_INFO, "schema_migrated", LOG_INT("version", version));
	}
	return 0;
}
