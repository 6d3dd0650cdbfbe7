/*
 * A connection to PostgreSQL: opened, set up, holding the lock that keeps a
 * second daemon out, and read with a deadline. The URL carries a password, and
 * libpq quotes pieces of a malformed URL in its messages: none of them leaves.
 */
#ifndef SELFSAME_STORE_CONNECTION_H
#define SELFSAME_STORE_CONNECTION_H

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define ANSWER_MILLISECONDS 30000

/* Milliseconds of the monotonic clock. */
int64_t monotonic_ms(void);
void pause_ms(int64_t ms);

/*
 * Returns: 0
 *          ERR_SETTING      the URL is malformed
 *          ERR_WRONG_STATE  another daemon holds the lock
 *          ERR_DATABASE     no connection
 * Out:     text             of a failure, one of our own
 * Owns:    *ret is the caller's, PQfinish()
 */
int connection_open(const char *url, PGconn **ret, char *text, size_t text_cap) MUST_USE;

/* Whether libpq would open a Unix socket for it; 0 for a malformed URL, too. */
int connection_is_unix(const char *url);

/*
 * The next of what PQgetResult() gives, NULL included; sends what waits
 * meanwhile. ERR_CLOSED: the connection is lost, or silent for timeout_ms.
 */
int connection_next(PGconn *pg, int64_t timeout_ms, PGresult **ret) MUST_USE;

/*
 * Run statements outside of pipeline mode. *ret (if not NULL) is the last
 * result, the caller's.
 *
 * Returns: 0, ERR_CLOSED, or what result_error() says
 */
int connection_query(PGconn *pg, const char *sql, int64_t timeout_ms, PGresult **ret) MUST_USE;

/* Logs a failed result by its SQLSTATE and classifies it as engine.h says. */
int result_error(const PGconn *pg, const PGresult *result, const char *what) MUST_USE;

#endif
