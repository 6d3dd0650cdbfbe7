/* selfsame-gateway: HTTP, the database and the chain. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <sodium.h>

#include "base/err.h"
#include "base/log.h"
#include "gateway/start.h"
#include "ipc/boot.h"
#include "ipc/sandbox.h"
#include "base/banned.h"

#define DRAIN_SECONDS 15
#define DRAIN_POLL_MS 20

extern char **environ;

static struct boot boot;
static struct gateway_start start;

/* The end, in order: no new requests, those under way finish, then the loop is left. */
struct ending {
	struct event *poll;
	uint64_t until_ms;
};

static struct ending ending;

static void
on_drain_poll(evutil_socket_t fd, short what, void *arg)
{
	struct http_counts counts;

	(void)fd;
	(void)what;
	(void)arg;
	http_server_counts(start.gw.http, &counts);
	if ((counts.open == 0 && counts.in_flight == 0) || limiter_clock() >= ending.until_ms)
		(void)event_base_loopbreak(start.gw.base);
}

static void
drain(void)
{
	struct timeval every = {0, DRAIN_POLL_MS * 1000};

	if (ending.poll != NULL)
		return;
	log_note(LOG_INFO, "draining");
	ending.until_ms = limiter_clock() + DRAIN_SECONDS * 1000;
	http_server_drain(start.gw.http);
	ending.poll = event_new(start.gw.base, -1, EV_PERSIST, on_drain_poll, NULL);
	if (ending.poll == NULL || event_add(ending.poll, &every) != 0)
		(void)event_base_loopbreak(start.gw.base);
}

static void
on_terminate(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	(void)arg;
	drain();
}

/* The supervisor says nothing more after BOOT: what comes is its end. */
static void
on_supervisor(evutil_socket_t fd, short what, void *arg)
{
	struct event *const *self = arg;

	(void)fd;
	(void)what;
	(void)event_del(*self);
	drain();
}

static int
watch_the_end(struct event *ret_events[3])
{
	struct event_base *base = start.gw.base;

	ret_events[0] = evsignal_new(base, SIGTERM, on_terminate, NULL);
	ret_events[1] = evsignal_new(base, SIGINT, on_terminate, NULL);
	ret_events[2] = event_new(base, FD_SUPERVISOR, EV_READ | EV_PERSIST, on_supervisor,
	    &ret_events[2]);
	for (size_t i = 0; i < 3; i++) {
		if (ret_events[i] == NULL || event_add(ret_events[i], NULL) != 0)
			return ERR_MEM;
	}
	return 0;
}

/* What libraries open or read at their first use must come before the filter. */
static int
prepare_libraries(void)
{
	http_wipe_memory();
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sodium_init() < 0)
		return ERR_IO;
	json_object_seed(0);
	tzset();
	/* no openssl.cnf: a file must not decide what TLS is */
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return ERR_CRYPTO;
	return 0;
}

static int
exit_status(void)
{
	if (signer_client_failed(start.gw.signer) != 0)
		return EXIT_SOFTWARE;
	if (signer_client_failed(start.gw.attester) != 0)
		return EXIT_IO;
	return ending.poll != NULL ? 0 : EXIT_SOFTWARE;
}

static int
run(void)
{
	struct event *events[3] = {NULL, NULL, NULL};
	int status;

	if (watch_the_end(events) != 0 || gateway_begin(&start) != 0)
		boot_fail(&boot, ERR_MEM, 0, "the gateway has not enough memory to start");
	if (boot_ready(&boot, start.port) != 0)
		return EXIT_IO;
	log_event(LOG_INFO, "listening", LOG_INT("port", start.port),
	    LOG_INT("tls", start.config.tls));
	(void)event_base_dispatch(start.gw.base);
	status = exit_status();
	for (size_t i = 0; i < 3; i++)
		event_free(events[i]);
	if (ending.poll != NULL)
		event_free(ending.poll);
	return status;
}

int
main(void)
{
	struct settings settings;
	const char *log = getenv("SELFSAME_LOG");
	char text[320];
	int status;
	int r;

	log_open("gateway", log != NULL && strcmp(log, "json") == 0, LOG_INFO);
	if (sandbox_begin() != 0)
		return EXIT_IO;
	if (boot_receive(ROLE_GATEWAY, &boot) != 0)
		return EXIT_PROTOCOL;
	if ((r = prepare_libraries()) != 0)
		boot_fail(&boot, r, 0, "a library could not be initialised");
	if ((r = settings_load(environ, NULL, &settings, text, sizeof text)) != 0)
		boot_fail(&boot, r, 0, text);
	environment_wipe(environ);
	if ((r = gateway_open(&start, &settings, &boot.message, text, sizeof text)) != 0)
		boot_fail(&boot, r, 0, text);
	r = sandbox_close(store_is_unix(start.config.database_url)
		? SANDBOX_GATEWAY_UNIX_DATABASE
		: SANDBOX_GATEWAY);
	if (r != 0)
		boot_fail(&boot, r, 0, "the system call filter could not be loaded");
	status = run();
	gateway_close(&start);
	settings_free(&settings);
	return status;
}
