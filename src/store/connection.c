#include "store/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/banned.h"

#define OLDEST_SERVER 140000 /* pipelines flush without a sync, idle clients are noticed */
#define LOCK_MILLISECONDS 3000 /* a predecessor's session may outlive it for a moment */

/* The key is "selfsame" as a number. */
#define TRY_LOCK "SELECT CASE WHEN pg_try_advisory_lock(8315171474287717733) THEN 1 ELSE 0 END"

/*
 * Plans are made once and never walk a whole table. The time-outs end what a
 * dead peer left behind, so that its lock is free again. An answered commit is
 * on the disk, whatever the server's configuration says.
 */
static const char session_setup[] =
    "SET statement_timeout = '20s'; SET lock_timeout = '10s';"
    "SET idle_in_transaction_session_timeout = '60s';"
    "SET tcp_keepalives_idle = 15; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3;"
    "SET client_connection_check_interval = '5s';"
    "SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off;"
    "SET default_transaction_isolation = 'read committed';"
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') = 'off'";

int64_t
monotonic_ms(void)
{
	struct timespec now = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
pause_ms(int64_t ms)
{
	const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	(void)nanosleep(&t, NULL);
}

/* --- reading --------------------------------------------------------------- */

static int
wait_socket(PGconn *pg, short events, int64_t until)
{
	struct pollfd p = {.fd = PQsocket(pg), .events = events};
	int64_t left = until - monotonic_ms();
	int n;

	if (p.fd < 0 || left <= 0)
		return ERR_CLOSED;
	n = poll(&p, 1, (int)left);
	if (n < 0)
		return errno == EINTR ? 0 : ERR_CLOSED;
	if (n == 0)
		return ERR_CLOSED;
	if (p.revents & (POLLIN | POLLHUP | POLLERR))
		return PQconsumeInput(pg) ? 0 : ERR_CLOSED;
	return 0;
}

int
connection_next(PGconn *pg, int64_t timeout_ms, PGresult **ret)
{
	int64_t until = monotonic_ms() + timeout_ms;
	int unsent, r;

	for (;;) {
		if ((unsent = PQflush(pg)) < 0)
			return ERR_CLOSED;
		if (!unsent && !PQisBusy(pg))
			break;
		if ((r = wait_socket(pg, (short)(unsent ? POLLIN | POLLOUT : POLLIN), until)) != 0)
			return r;
	}
	*ret = PQgetResult(pg);
	if (*ret == NULL && PQstatus(pg) == CONNECTION_BAD)
		return ERR_CLOSED;
	return 0;
}

int
result_error(const PGconn *pg, const PGresult *result, const char *what)
{
	static const struct {
		const char *prefix; /* of the SQLSTATE */
		int err;
	} classes[] = {
	    {"22", ERR_WRONG_STATE}, /* data exception */
	    {"23", ERR_WRONG_STATE}, /* constraint */
	    {"54", ERR_WRONG_STATE}, /* program limit */
	    {"P0", ERR_WRONG_STATE}, /* raised by somebody's trigger */
	    {"08", ERR_CLOSED}, /* connection */
	    {"57P", ERR_CLOSED}, /* the server ends the session */
	    {"40", ERR_CLOSED}, /* deadlock with a stranger's transaction: try again */
	};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	log_event(LOG_ERROR, "postgres_failed", LOG_STR("what", what),
	    LOG_STR("sqlstate", state == NULL ? "" : state));
	if (state == NULL || PQstatus(pg) == CONNECTION_BAD)
		return ERR_CLOSED;
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (strncmp(state, classes[i].prefix, strlen(classes[i].prefix)) == 0)
			return classes[i].err;
	}
	return ERR_DATABASE;
}

int
connection_query(PGconn *pg, const char *sql, int64_t timeout_ms, PGresult **ret)
{
	PGresult *last = NULL, *result;
	int first_err = 0, r;

	if (!PQsendQuery(pg, sql))
		return ERR_CLOSED;
	for (;;) {
		if ((r = connection_next(pg, timeout_ms, &result)) != 0) {
			PQclear(last);
			return r;
		}
		if (result == NULL)
			break;
		PQclear(last);
		last = result;
		if (PQresultStatus(result) != PGRES_COMMAND_OK &&
		    PQresultStatus(result) != PGRES_TUPLES_OK && first_err == 0)
			first_err = result_error(pg, result, "script");
	}
	if (first_err == 0 && ret != NULL) {
		*ret = last;
		last = NULL; /* transferred */
	}
	PQclear(last);
	return first_err;
}

/* --- opening --------------------------------------------------------------- */

static void
say_nothing(void *arg, const char *message)
{
	(void)arg;
	(void)message;
}

/* libpq's words by ours: no name, host or piece of a URL passes. */
static const char *
failure_text(const PGconn *pg)
{
	static const struct {
		const char *theirs;
		const char *ours;
	} texts[] = {
	    {"password", "PostgreSQL refuses the user or the password"},
	    {"no pg_hba.conf entry", "PostgreSQL's pg_hba.conf does not let this user in"},
	    {"authentication", "PostgreSQL refuses the user"},
	    {"role", "PostgreSQL does not know the user"},
	    {"does not exist", "PostgreSQL has no database of that name"},
	    {"could not translate host name", "PostgreSQL's host name is not known (special "
		"characters of a password must be %-encoded)"},
	    {"Connection refused", "PostgreSQL is not reachable: connection refused"},
	    {"No such file", "PostgreSQL is not reachable: no such socket"},
	    {"Permission denied", "PostgreSQL is not reachable: permission denied"},
	    {"timeout", "PostgreSQL is not reachable: timed out"},
	    {"read-only", "PostgreSQL is read-only here: the primary is needed"},
	    {"too many", "PostgreSQL has no connection free"},
	    {"starting up", "PostgreSQL is starting up"},
	    {"shutting down", "PostgreSQL is shutting down"},
	    {"certificate", "PostgreSQL's certificate is not accepted"},
	    {"SSL", "PostgreSQL and this program do not agree on TLS"},
	};
	const char *message = pg == NULL ? "" : PQerrorMessage(pg);

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (strstr(message, texts[i].theirs) != NULL)
			return texts[i].ours;
	}
	return "PostgreSQL is not reachable";
}

static int
url_valid(const char *url)
{
	char *message = NULL;
	PQconninfoOption *options = PQconninfoParse(url, &message);

	if (message != NULL)
		PQfreemem(message);
	if (options == NULL)
		return 0;
	PQconninfoFree(options);
	return 1;
}

/* What stands before dbname the URL may override; what stands after it may not. */
static PGconn *
connect_to(const char *url)
{
	const char *const names[] = {"connect_timeout", "keepalives_idle", "keepalives_interval",
	    "keepalives_count", "tcp_user_timeout", "gssencmode", "target_session_attrs",
	    "fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {"5", "15", "5", "3", "15000", "disable", "read-write",
	    "selfsame", url, "UTF8", NULL};

	PGconn *pg = PQconnectStartParams(names, values, 1);

	/*
	 * Without a processor of ours a server's notices stand in the log as they come, and the
	 * first come while it lets us in. PQreset() then connects as PQconnectdbParams() would:
	 * host by host, with their time-outs, which PQconnectPoll() does not know.
	 */
	(void)PQsetNoticeProcessor(pg, say_nothing, NULL);
	PQreset(pg);
	return pg;
}

/* The one value of a one-row answer is this text. */
static int
answers(PGconn *pg, const char *sql, const char *expected, int *ret_same)
{
	PGresult *result = NULL;
	int r = connection_query(pg, sql, ANSWER_MILLISECONDS, &result);

	if (r != 0)
		return r;
	*ret_same = PQntuples(result) == 1 && PQnfields(result) == 1 &&
	    strcmp(PQgetvalue(result, 0, 0), expected) == 0;
	PQclear(result);
	return 0;
}

static int
take_lock(PGconn *pg)
{
	int64_t until = monotonic_ms() + LOCK_MILLISECONDS;
	int locked = 0, r;

	for (;;) {
		if ((r = answers(pg, TRY_LOCK, "1", &locked)) != 0)
			return r;
		if (locked)
			return 0;
		if (monotonic_ms() >= until)
			return ERR_WRONG_STATE;
		pause_ms(50);
	}
}

static int
set_up(PGconn *pg, char *text, size_t text_cap)
{
	int r;

	if (PQserverVersion(pg) < OLDEST_SERVER) {
		(void)snprintf(text, text_cap, "PostgreSQL 14 or newer is needed");
		return ERR_DATABASE;
	}
	if (PQsetnonblocking(pg, 1) != 0 ||
	    connection_query(pg, session_setup, ANSWER_MILLISECONDS, NULL) != 0) {
		(void)snprintf(text, text_cap, "PostgreSQL refused the settings of a session");
		return ERR_DATABASE;
	}
	r = take_lock(pg);
	if (r == ERR_WRONG_STATE)
		(void)snprintf(text, text_cap, "another daemon has this database open: "
		    "stop it first");
	else if (r != 0)
		(void)snprintf(text, text_cap, "PostgreSQL refused the lock of the database");
	return r == 0 || r == ERR_WRONG_STATE ? r : ERR_DATABASE;
}

int
connection_open(const char *url, PGconn **ret, char *text, size_t text_cap)
{
	PGconn *pg = NULL;
	int r;

	if (!url_valid(url)) {
		(void)snprintf(text, text_cap, "DATABASE_URL is not a PostgreSQL URL "
		    "(postgres://USER:PASSWORD@HOST:PORT/NAME, special characters %%-encoded)");
		return ERR_SETTING;
	}
	pg = connect_to(url);
	if (pg == NULL || PQstatus(pg) != CONNECTION_OK) {
		(void)snprintf(text, text_cap, "%s", failure_text(pg));
		r = ERR_DATABASE;
		goto out;
	}
	if ((r = set_up(pg, text, text_cap)) != 0)
		goto out;
	*ret = pg;
	pg = NULL; /* transferred */
out:
	PQfinish(pg);
	return r;
}

/* One element of a list of hosts; none at all is the default socket. */
static int
is_socket(const char *host)
{
	return *host == '/' || *host == '@' || *host == ',' || *host == '\0';
}

static int
has_socket(const char *hosts)
{
	while (!is_socket(hosts)) {
		hosts += strcspn(hosts, ",");
		if (*hosts == '\0')
			return 0;
		hosts++;
	}
	return 1;
}

int
connection_is_unix(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);
	const char *hosts = "";
	int has_address = 0, found;

	if (options == NULL)
		return 0; /* nothing can be opened with it */
	for (const PQconninfoOption *o = options; o->keyword != NULL; o++) {
		if (o->val == NULL)
			continue;
		if (strcmp(o->keyword, "host") == 0)
			hosts = o->val;
		has_address |= strcmp(o->keyword, "hostaddr") == 0 && o->val[0] != '\0';
	}
	found = !has_address && has_socket(hosts);
	PQconninfoFree(options);
	return found;
}
