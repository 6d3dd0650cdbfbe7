#include "gateway/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/ssl.h>
#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "chain/rpc.h"
#include "gateway/routes.h"
#include "http/tls.h"
#include "trade/trade.h"
#include "base/banned.h"

#define CONNECTIONS_MAX 1024
#define CONNECTIONS_PER_SOURCE 256
#define CONNECTIONS_LOOPBACK 16 /* more of them, for health checks */
/* descriptors for everything else */
#define FILES_BESIDES (96 + CONNECTIONS_LOOPBACK)
#define AUTH_FAILURES_PER_MINUTE 120
#define START_SECONDS 20

static int
fail(int err, const char *what, const char *why, char *text, size_t cap)
{
	(void)snprintf(text, cap, "%s: %s", what, why);
	return err;
}

/* --- the store ------------------------------------------------------------------- */

static void
on_store(evutil_socket_t fd, short what, void *arg)
{
	struct gateway_start *s = arg;

	(void)fd;
	(void)what;
	store_finish(s->gw.store);
}

static int
open_store(struct gateway_start *s, char *text, size_t cap)
{
	char why[256];
	int r;

	if ((r = store_open(s->config.database_url, &s->gw.store, why, sizeof why)) != 0)
		return fail(r, "DATABASE_URL", why, text, cap);
	if ((r = store_start(s->gw.store, &s->store_fd)) != 0)
		return fail(r, "DATABASE_URL", "the store's thread could not be started", text,
		    cap);
	s->store_event = event_new(s->gw.base, s->store_fd, EV_READ | EV_PERSIST, on_store, s);
	if (s->store_event == NULL || event_add(s->store_event, NULL) != 0)
		return fail(ERR_MEM, "memory", "not enough to start", text, cap);
	return 0;
}

/* --- signer and attester ------------------------------------------------------------ */

/* The first words with both, before anybody is let in. */
struct first_words {
	struct gateway *gw;
	int waiting;
	int err;
};

static void
on_first_status(int err, uint32_t type, struct bytes body, void *arg)
{
	struct first_words *f = arg;
	struct msg_status m;

	f->waiting--;
	if (err == 0)
		err = type == MSG_STATUS ? msg_status_read(body, &m) : ERR_PROTOCOL;
	if (err != 0) {
		f->err = err;
		return;
	}
	memcpy(f->gw->root_id, m.root_id, sizeof f->gw->root_id);
	memcpy(f->gw->instance_key, m.instance_key, sizeof f->gw->instance_key);
}

static void
on_tls_bound(int err, uint32_t type, struct bytes body, void *arg)
{
	struct first_words *f = arg;

	(void)body;
	f->waiting--;
	if (err != 0 || type != MSG_DONE)
		f->err = err != 0 ? err : ERR_PROTOCOL;
}

static int
ask_status(struct first_words *f)
{
	struct msg_status_query m = {.version = 1};
	struct writer w = signer_client_begin(f->gw->signer);

	msg_status_query_write(&w, &m);
	f->waiting++;
	return signer_client_send(f->gw->signer, MSG_STATUS_QUERY, &w, on_first_status, f);
}

static int
bind_tls(struct first_words *f, const uint8_t spki32[32])
{
	struct msg_bind_tls m;
	struct writer w = signer_client_begin(f->gw->attester);

	memcpy(m.spki_hash, spki32, sizeof m.spki_hash);
	msg_bind_tls_write(&w, &m);
	f->waiting++;
	return signer_client_send(f->gw->attester, MSG_BIND_TLS, &w, on_tls_bound, f);
}

static void
on_too_late(evutil_socket_t fd, short what, void *arg)
{
	struct first_words *f = arg;

	(void)fd;
	(void)what;
	f->err = ERR_TIMEOUT;
}

/* f must outlive the answers, also those that come too late. */
static int
first_words(struct gateway_start *s, const uint8_t spki32[32])
{
	static struct first_words f;
	struct timeval limit = {START_SECONDS, 0};
	struct event *timer;
	int r;

	f = (struct first_words){.gw = &s->gw};
	if ((r = ask_status(&f)) != 0)
		return r;
	if (s->config.tls && (r = bind_tls(&f, spki32)) != 0)
		return r;
	timer = evtimer_new(s->gw.base, on_too_late, &f);
	if (timer == NULL || evtimer_add(timer, &limit) != 0)
		return ERR_MEM;
	while (f.waiting > 0 && f.err == 0 && event_base_loop(s->gw.base, EVLOOP_ONCE) == 0)
		continue;
	event_free(timer);
	return f.err;
}

static int
open_peers(struct gateway_start *s, char *text, size_t cap)
{
	uint8_t spki[32] = {0};
	int r;

	if (s->config.tls && (r = tls_new(&s->tls, spki)) != 0)
		return fail(r, "SELFSAME_TLS", "the key could not be made", text, cap);
	if ((r = signer_client_new(s->gw.base, FD_SIGNER, ROLE_SIGNER, &s->gw.signer)) != 0 ||
	    (r = signer_client_new(s->gw.base, FD_ATTESTER, ROLE_ATTESTER, &s->gw.attester)) != 0 ||
	    (r = first_words(s, spki)) != 0)
		return fail(r, "signer and attester", err_text(r), text, cap);
	return 0;
}

/* --- the chain ------------------------------------------------------------------------ */

static int
open_chain(struct gateway_start *s, char *text, size_t cap)
{
	struct rpc_options options = {.urls = s->config.node_urls,
	    .ca_file = s->config.ca_file,
	    .chain_id = s->config.trade.chain_id,
	    .timeout_ms = s->config.rpc_timeout_ms};
	char why[256];
	int r;

	if ((r = rpc_new(s->gw.base, &options, &s->gw.rpc, why, sizeof why)) != 0)
		return fail(r, "CHAINSTACK_NODE", why, text, cap);
	r = trades_new(s->gw.base, &s->config.trade, s->gw.store, s->gw.signer, s->gw.rpc,
	    &s->gw.trades);
	if (r != 0)
		return fail(r, "memory", "not enough to start", text, cap);
	return 0;
}

/* --- all together ----------------------------------------------------------------------- */

static int
open_listener(struct gateway_start *s, char *text, size_t cap)
{
	char why[160];
	int r = http_listen(s->config.listen, &s->listen_fd, &s->port);

	if (r == ERR_SETTING)
		return fail(r, "SELFSAME_LISTEN", "write IPv4:PORT or [IPv6]:PORT", text, cap);
	if (r != 0) {
		(void)snprintf(why, sizeof why, "cannot listen there (%s): choose another port",
		    errno == EADDRINUSE ? "the address is in use"
					: "not permitted or no such address");
		return fail(r, "SELFSAME_LISTEN", why, text, cap);
	}
	return 0;
}

static void
take_boot(struct gateway *gw, const struct msg_boot *boot)
{
	size_t n = boot->platform.len < sizeof gw->platform ? boot->platform.len
	                                                    : sizeof gw->platform - 1;

	gw->development = boot->development;
	gw->scheme = boot->scheme;
	if (n > 0)
		memcpy(gw->platform, boot->platform.p, n);
	gw->platform[n] = '\0';
}

int
gateway_open(struct gateway_start *s, const struct settings *settings, const struct msg_boot *boot,
    char *text, size_t text_cap)
{
	int r;

	s->listen_fd = -1;
	s->gw.config = &s->config;
	take_boot(&s->gw, boot);
	if ((r = config_read(settings, &s->config, text, text_cap)) != 0)
		return r;
	s->gw.base = event_base_new();
	if (s->gw.base == NULL ||
	    limiter_new(s->config.register_per_minute, &s->gw.register_limit) != 0 ||
	    limiter_new(AUTH_FAILURES_PER_MINUTE, &s->gw.auth_limit) != 0)
		return fail(ERR_MEM, "memory", "not enough to start", text, text_cap);
	if ((r = open_store(s, text, text_cap)) != 0)
		return r;
	if ((r = open_peers(s, text, text_cap)) != 0)
		return r;
	if ((r = open_chain(s, text, text_cap)) != 0)
		return r;
	return open_listener(s, text, text_cap);
}

static unsigned
connections_max(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 ||
	    files.rlim_cur >= CONNECTIONS_MAX + FILES_BESIDES)
		return CONNECTIONS_MAX;
	if (files.rlim_cur <= FILES_BESIDES + 16)
		return 16;
	return (unsigned)(files.rlim_cur - FILES_BESIDES);
}

int
gateway_begin(struct gateway_start *s)
{
	unsigned most = connections_max();
	struct http_server_options options = {.tls = s->tls,
	    .connections_max = most,
	    .per_source_max = most < CONNECTIONS_PER_SOURCE ? most : CONNECTIONS_PER_SOURCE,
	    .loopback_more = CONNECTIONS_LOOPBACK,
	    .admit = routes_admit,
	    .handle = routes_handle,
	    .refused = routes_refused,
	    .refused_type = PROBLEM_TYPE,
	    .arg = &s->gw};
	int fd = s->listen_fd;

	trades_resume(s->gw.trades);
	s->listen_fd = -1; /* transferred */
	return http_server_new(s->gw.base, fd, &options, &s->gw.http);
}

/*
 * The store first: it calls back what was queued, and those steps may still use
 * everything else.
 */
void
gateway_close(struct gateway_start *s)
{
	if (s->store_event != NULL)
		event_free(s->store_event);
	store_close(s->gw.store);
	if (s->gw.trades != NULL)
		trades_free(s->gw.trades);
	if (s->gw.rpc != NULL)
		rpc_free(s->gw.rpc);
	signer_client_free(s->gw.signer);
	signer_client_free(s->gw.attester);
	http_server_free(s->gw.http);
	tls_free(s->tls);
	limiter_free(s->gw.register_limit);
	limiter_free(s->gw.auth_limit);
	if (s->listen_fd >= 0)
		(void)close(s->listen_fd);
	if (s->gw.base != NULL)
		event_base_free(s->gw.base);
}
