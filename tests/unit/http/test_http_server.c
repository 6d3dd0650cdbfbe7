#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "http/server.h"
#include "http/tls.h"

#include "cases.h"

/* A server on a thread of its own; the tests are its clients. */
struct rig {
	struct event_base *base;
	struct http_server *server;
	struct event *tick;
	pthread_t thread;
	uint16_t port;
	SSL_CTX *tls;
	uint8_t spki[32];
	_Atomic int stop;
	_Atomic int drain;
	_Atomic int hold; /* requests wait for release */
	_Atomic int release;
	_Atomic int handled;
	_Atomic int most_at_once;
	_Atomic int gone;
	_Atomic int ticks;
	struct http_exchange *held[16];
	int held_count;
	struct http_counts counts;
	pthread_mutex_t lock;
};

static void
respond(struct http_exchange *x)
{
	const struct http_request *r = http_exchange_request(x);
	struct http_response answer = {
	    .status = 200, .content_type = "text/plain", .body = r->body};

	if (r->path.len == 4 && memcmp(r->path.p, "/big", 4) == 0) {
		static uint8_t big[1048576];

		answer.body = (struct bytes){big, sizeof big};
	}
	http_respond(x, &answer);
}

static void
on_admit(struct http_exchange *x, size_t *ret_body_max, void *arg)
{
	const struct http_request *r = http_exchange_request(x);

	(void)arg;
	(void)ret_body_max;
	if (r->path.len == 3 && memcmp(r->path.p, "/no", 3) == 0)
		http_respond(x, &(struct http_response){.status = 404, .content_type = "text/plain",
		    .extra_count = 4, .extra = {{"X-Why", "none"},
			{"X-Cut", "a\r\nSet-Cookie: b"}, {"X-Bell", "\a"}, {"X-High", "\x9b"}}});
}

static void
on_handle(struct http_exchange *x, void *arg)
{
	struct rig *rig = arg;

	rig->handled++;
	if (!rig->hold) {
		respond(x);
		return;
	}
	rig->held[rig->held_count++] = x;
	if (rig->held_count > rig->most_at_once)
		rig->most_at_once = rig->held_count;
}

static void
on_refused(int status, const char *reason, struct buffer *body, void *arg)
{
	(void)status;
	(void)arg;
	assert_true(strlen(reason) > 0);
	buffer_text(body, "refused");
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct rig *rig = arg;

	(void)fd;
	(void)what;
	if (rig->release) {
		while (rig->held_count > 0) {
			respond(rig->held[--rig->held_count]);
			rig->gone++;
		}
		rig->release = 0;
	}
	if (rig->drain) {
		rig->drain = 0;
		http_server_drain(rig->server);
	}
	pthread_mutex_lock(&rig->lock);
	http_server_counts(rig->server, &rig->counts);
	pthread_mutex_unlock(&rig->lock);
	rig->ticks++;
	if (rig->stop)
		(void)event_base_loopbreak(rig->base);
}

static void *
loop(void *arg)
{
	struct rig *rig = arg;

	(void)event_base_dispatch(rig->base);
	return NULL;
}

static void
rig_start(struct rig *rig, struct http_server_options options, int tls)
{
	struct timeval every = {0, 2000};
	int fd;

	memset(rig, 0, sizeof *rig);
	pthread_mutex_init(&rig->lock, NULL);
	rig->base = event_base_new();
	assert_non_null(rig->base);
	if (tls)
		assert_int_equal(tls_new(&rig->tls, rig->spki), 0);
	assert_int_equal(http_listen("127.0.0.1:0", &fd, &rig->port), 0);
	if (options.connections_max == 0)
		options.connections_max = 64;
	if (options.per_source_max == 0)
		options.per_source_max = 64;
	options.tls = rig->tls;
	options.admit = on_admit;
	options.handle = on_handle;
	options.refused = on_refused;
	options.refused_type = "text/plain";
	options.arg = rig;
	assert_int_equal(http_server_new(rig->base, fd, &options, &rig->server), 0);
	rig->tick = event_new(rig->base, -1, EV_PERSIST, on_tick, rig);
	assert_int_equal(event_add(rig->tick, &every), 0);
	assert_int_equal(pthread_create(&rig->thread, NULL, loop, rig), 0);
}

static void
rig_stop(struct rig *rig)
{
	rig->stop = 1;
	assert_int_equal(pthread_join(rig->thread, NULL), 0);
	http_server_free(rig->server);
	while (rig->held_count > 0)
		respond(rig->held[--rig->held_count]); /* exchanges outlive their server */
	event_free(rig->tick);
	event_base_free(rig->base);
	tls_free(rig->tls);
}

static struct http_counts
rig_counts(struct rig *rig)
{
	struct http_counts c;

	/* one that began after now */
	for (int seen = rig->ticks; rig->ticks < seen + 2;)
		usleep(1000);
	pthread_mutex_lock(&rig->lock);
	c = rig->counts;
	pthread_mutex_unlock(&rig->lock);
	return c;
}

static int
dial(const struct rig *rig)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(rig->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

static void
put(int fd, const void *p, size_t len)
{
	const uint8_t *at = p;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0)
			return; /* refused in the middle: the answer tells */
		at += n;
		len -= (size_t)n;
	}
}

static void
put_text(int fd, const char *text)
{
	put(fd, text, strlen(text));
}

static int64_t
now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads until the end, or until nothing came for so long. Returns whether it was the end. */
static int
drink(int fd, int quiet_ms, char *ret, size_t cap, size_t *ret_len)
{
	size_t len = 0;
	int end = 0;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, quiet_ms) <= 0)
			break;
		n = recv(fd, ret + len, cap - 1 - len, 0);
		if (n <= 0) {
			end = 1;
			break;
		}
		len += (size_t)n;
	}
	ret[len] = '\0';
	*ret_len = len;
	return end;
}

/* Until something comes: the machine may be busy with something else. */
static void
wait_data(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	assert_int_equal(poll(&p, 1, 10000), 1);
}

/* The statuses in what came back, as "100 200 close". */
static void
statuses(const char *text, int end, char *ret, size_t cap)
{
	struct buffer out = buffer_of(cap - 1);

	for (const char *at = strstr(text, "HTTP/1.1 "); at != NULL;
	     at = strstr(at + 9, "HTTP/1.1 "))
		buffer_format(&out, "%s%.3s", out.len > 0 ? " " : "", at + 9);
	if (end)
		buffer_text(&out, " close");
	memcpy(ret, out.p == NULL ? (const uint8_t *)"" : out.p, out.len);
	ret[out.len] = '\0';
	buffer_free(&out);
}

static void
talk(struct rig *rig, const void *bytes, size_t len, int quiet_ms, char *ret, size_t cap)
{
	static char text[4194304];
	int fd = dial(rig);
	size_t n;
	int end;

	put(fd, bytes, len);
	wait_data(fd);
	end = drink(fd, quiet_ms, text, sizeof text, &n);
	statuses(text, end, ret, cap);
	(void)close(fd);
}

static void
expect(struct rig *rig, const char *request, const char *want)
{
	char got[64];

	talk(rig, request, strlen(request), 150, got, sizeof got);
	assert_string_equal(got, want);
}

/* Until so many requests have come to the handler. */
static void
wait_handled(struct rig *rig, int count)
{
	for (int i = 0; i < 1000 && rig->handled < count; i++)
		usleep(10000);
	assert_int_equal(rig->handled, count);
}

/* Until so many connections are open. */
static void
wait_open(struct rig *rig, unsigned count)
{
	for (int i = 0; i < 1000 && rig_counts(rig).open != count; i++)
		usleep(1000);
	assert_int_equal(rig_counts(rig).open, count);
}

/* Until held requests were answered. */
static void
release(struct rig *rig)
{
	rig->release = 1;
	for (int i = 0; i < 1000 && rig->release; i++)
		usleep(10000);
	assert_int_equal(rig->release, 0);
}

/* --- the tests -------------------------------------------------------------------- */

static void
test_all_cases_over_a_socket(void **state)
{
	struct rig rig;
	FILE *f = fopen(CASES_FILE, "r");
	struct http_case c;
	unsigned n = 0;

	(void)state;
	assert_non_null(f);
	rig_start(&rig, (struct http_server_options){0}, 0);
	while (case_next(f, &c)) {
		char got[64];

		talk(&rig, c.bytes.p, c.bytes.len, strstr(c.want, "close") ? 1000 : 100, got,
		     sizeof got);
		/* a client that has sent its body already need not be told to go on */
		if (strcmp(c.name, "expect-continue") == 0)
			assert_true(strcmp(got, "200") == 0 || strcmp(got, "100 200") == 0);
		else if (strcmp(got, c.want) != 0)
			fail_msg("%s: %s, not %s", c.name, got, c.want);
		buffer_free(&c.bytes);
		n++;
	}
	(void)fclose(f);
	assert_true(n >= 32);
	rig_stop(&rig);
}

static void
test_continue_is_sent_to_a_client_that_waits(void **state)
{
	struct rig rig;
	char text[2048];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	fd = dial(&rig);
	put_text(fd,
		 "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	assert_int_equal(drink(fd, 100, text, sizeof text, &n), 0);
	assert_string_equal(text, "HTTP/1.1 100 Continue\r\n\r\n");
	put_text(fd, "abc");
	wait_data(fd);
	(void)drink(fd, 100, text, sizeof text, &n);
	assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
	assert_string_equal(text + n - 3, "abc");
	(void)close(fd);
	/* and not to one whose request is refused before its body */
	expect(&rig,
	       "POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n",
	       "404 close");
	expect(&rig,
	       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 262145\r\n"
	       "Expect: 100-continue\r\n\r\n",
	       "413 close");
	/* nor to one that has no body to send */
	expect(&rig, "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "200");
	rig_stop(&rig);
}

static void
test_a_header_cannot_be_two(void **state)
{
	struct rig rig;
	char text[2048];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	fd = dial(&rig);
	put_text(fd, "GET /no HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_data(fd);
	(void)drink(fd, 100, text, sizeof text, &n);
	assert_non_null(strstr(text, "X-Why: none\r\n"));
	assert_null(strstr(text, "Set-Cookie"));
	assert_null(strstr(text, "X-Cut"));
	assert_null(strstr(text, "X-Bell"));
	assert_null(strstr(text, "X-High"));
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_head_has_no_body(void **state)
{
	struct rig rig;
	char text[2048];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	fd = dial(&rig);
	put_text(fd, "HEAD /big HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_data(fd);
	(void)drink(fd, 100, text, sizeof text, &n);
	assert_non_null(strstr(text, "Content-Length: 1048576\r\n"));
	assert_string_equal(text + n - 4, "\r\n\r\n");
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_a_slow_head_is_ended(void **state)
{
	struct rig rig;
	char text[2048], got[64];
	int64_t begun;
	size_t n;
	int fd, end;

	(void)state;
	rig_start(&rig, (struct http_server_options){.head_ms = 150}, 0);
	fd = dial(&rig);
	begun = now_ms();
	/* trickling does not help: the deadline is for the whole head */
	for (int i = 0; i < 4; i++) {
		put(fd, &"GET "[i], 1);
		usleep(30000);
	}
	end = drink(fd, 1000, text, sizeof text, &n);
	statuses(text, end, got, sizeof got);
	assert_string_equal(got, "408 close");
	assert_true(now_ms() - begun < 1000);
	(void)close(fd);
	assert_int_equal(rig_counts(&rig).timed_out, 1);
	rig_stop(&rig);
}

static void
test_a_silent_client_is_closed_without_a_word(void **state)
{
	struct rig rig;
	char text[64];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){.head_ms = 100}, 0);
	fd = dial(&rig);
	assert_int_equal(drink(fd, 1000, text, sizeof text, &n), 1);
	assert_int_equal(n, 0);
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_a_slow_body_is_ended(void **state)
{
	struct rig rig;

	(void)state;
	rig_start(&rig, (struct http_server_options){.body_ms = 150}, 0);
	{
		char got[64];
		const char *request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab";

		talk(&rig, request, strlen(request), 1000, got, sizeof got);
		assert_string_equal(got, "408 close");
	}
	rig_stop(&rig);
}

static void
test_an_idle_connection_is_closed(void **state)
{
	struct rig rig;
	char text[2048], got[64];
	int64_t begun = now_ms();
	size_t n;
	int fd, end;

	(void)state;
	rig_start(&rig, (struct http_server_options){.idle_ms = 150}, 0);
	fd = dial(&rig);
	put_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	end = drink(fd, 2000, text, sizeof text, &n);
	statuses(text, end, got, sizeof got);
	assert_string_equal(got, "200 close");
	assert_true(now_ms() - begun < 1500);
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_a_client_that_does_not_read_is_closed(void **state)
{
	struct rig rig;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){.write_ms = 150}, 0);
	fd = dial(&rig);
	for (int i = 0; i < 8; i++)
		put_text(fd, "GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
	for (int i = 0; i < 1000 && rig_counts(&rig).accepted == 0; i++)
		usleep(1000);
	wait_open(&rig, 0);
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_a_source_has_its_share_of_connections(void **state)
{
	struct rig rig;
	char text[256];
	int a, b, c;
	size_t n;

	(void)state;
	rig_start(&rig, (struct http_server_options){.per_source_max = 2}, 0);
	rig.hold = 1;
	a = dial(&rig);
	put_text(a, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_handled(&rig, 1);
	b = dial(&rig);
	wait_open(&rig, 2);
	c = dial(&rig);
	/* the one that waits for its client makes room */
	assert_int_equal(drink(b, 1000, text, sizeof text, &n), 1);
	assert_int_equal(rig_counts(&rig).evicted, 1);
	put_text(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_handled(&rig, 2);
	(void)close(b);
	b = dial(&rig); /* both are worked on */
	assert_int_equal(drink(b, 1000, text, sizeof text, &n), 1);
	assert_int_equal(rig_counts(&rig).turned_away, 1);
	rig.release = 1;
	wait_data(a);
	(void)drink(a, 300, text, sizeof text, &n);
	assert_memory_equal(text, "HTTP/1.1 200", 12);
	wait_data(c);
	(void)drink(c, 300, text, sizeof text, &n);
	assert_memory_equal(text, "HTTP/1.1 200", 12);
	(void)close(a);
	(void)close(b);
	(void)close(c);
	rig_stop(&rig);
}

static void
test_above_the_maximum_who_waits_longest_goes(void **state)
{
	struct rig rig;
	char text[2048];
	size_t n;
	int a, b;

	(void)state;
	rig_start(&rig, (struct http_server_options){.connections_max = 1}, 0);
	a = dial(&rig);
	put_text(a, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
	wait_open(&rig, 1);
	b = dial(&rig);
	put_text(b, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_data(b);
	(void)drink(b, 300, text, sizeof text, &n);
	assert_memory_equal(text, "HTTP/1.1 200", 12);
	assert_int_equal(drink(a, 1000, text, sizeof text, &n), 1);
	assert_int_equal(rig_counts(&rig).evicted, 1);
	assert_int_equal(rig_counts(&rig).in_flight, 0);
	(void)close(a);
	(void)close(b);
	rig_stop(&rig);
}

static void
test_without_descriptors_it_waits_and_goes_on(void **state)
{
	struct rig rig;
	struct rlimit before, tight;
	struct timespec cpu1, cpu2;
	int fds[64], count = 0, fd;
	char text[2048];
	size_t n;
	clockid_t clock;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	fd = dial(&rig);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	wait_open(&rig, 1);
	{
		int probe = dial(&rig);

		wait_open(&rig, 2); /* both ends */
		tight = before;
		tight.rlim_cur = (rlim_t)probe + 2;
		(void)close(probe);
	}
	wait_open(&rig, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &tight), 0);
	while (count < 64 && (fds[count] = socket(AF_INET, SOCK_STREAM, 0)) >= 0)
		count++;
	assert_true(count > 0);
	/* one descriptor for us to dial with, none for the server to accept with */
	(void)close(fds[--count]);
	{
		int waiting = dial(&rig);

		assert_int_equal(pthread_getcpuclockid(rig.thread, &clock), 0);
		assert_int_equal(clock_gettime(clock, &cpu1), 0);
		put_text(waiting, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
		assert_int_equal(drink(waiting, 400, text, sizeof text, &n), 0);
		assert_int_equal(n, 0);
		assert_int_equal(clock_gettime(clock, &cpu2), 0);
		/* it did not spin */
		assert_true((cpu2.tv_sec - cpu1.tv_sec) * 1000 +
				(cpu2.tv_nsec - cpu1.tv_nsec) / 1000000 <
			    200);
		while (count > 0)
			(void)close(fds[--count]);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		wait_data(waiting);
		(void)drink(waiting, 500, text, sizeof text, &n);
		assert_memory_equal(text, "HTTP/1.1 200", 12);
		(void)close(waiting);
	}
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_one_request_of_a_connection_at_a_time(void **state)
{
	struct rig rig;
	char text[4096], got[64];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	rig.hold = 1;
	fd = dial(&rig);
	for (int i = 0; i < 3; i++)
		put_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_handled(&rig, 1);
	usleep(50000);
	assert_int_equal(rig.handled, 1);
	for (int i = 1; i <= 3; i++) {
		wait_handled(&rig, i);
		release(&rig);
	}
	wait_data(fd);
	(void)drink(fd, 100, text, sizeof text, &n);
	statuses(text, 0, got, sizeof got);
	assert_string_equal(got, "200 200 200");
	assert_int_equal(rig.most_at_once, 1);
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_a_request_outlives_its_client(void **state)
{
	struct rig rig;
	struct linger reset = {1, 0};
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	rig.hold = 1;
	fd = dial(&rig);
	put_text(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
	wait_handled(&rig, 1);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
	(void)close(fd);
	usleep(50000); /* seen or not, the request goes on */
	release(&rig);
	assert_int_equal(rig.gone, 1);
	assert_int_equal(rig_counts(&rig).in_flight, 0);
	rig_stop(&rig);
}

static void
test_exchanges_outlive_the_server(void **state)
{
	struct rig rig;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	rig.hold = 1;
	fd = dial(&rig);
	put_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_handled(&rig, 1);
	rig_stop(&rig); /* answers what is held after the server is gone */
	(void)close(fd);
}

static void
test_draining_finishes_what_is_under_way(void **state)
{
	struct rig rig;
	char text[2048];
	size_t n;
	int busy, idle;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 0);
	idle = dial(&rig);
	rig.hold = 1;
	busy = dial(&rig);
	put_text(busy, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_handled(&rig, 1);
	rig.drain = 1;
	assert_int_equal(drink(idle, 1000, text, sizeof text, &n), 1);
	assert_int_equal(n, 0);
	rig.release = 1;
	assert_int_equal(drink(busy, 1000, text, sizeof text, &n), 1);
	assert_memory_equal(text, "HTTP/1.1 200", 12);
	assert_non_null(strstr(text, "Connection: close\r\n"));
	(void)close(idle);
	(void)close(busy);
	rig_stop(&rig);
}

static void
test_listen_takes_its_two_forms_only(void **state)
{
	static const char *const bad[] = {
	    "",		  "8000",	 ":8000",	    "localhost:8000",
	    "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:8000",
	    "[::1]",	  "[::1:8000",	 "1.2.3:80"};
	uint16_t port;
	int fd;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(http_listen(bad[i], &fd, &port), ERR_SETTING);
	assert_int_equal(http_listen("127.0.0.1:0", &fd, &port), 0);
	assert_true(port > 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	(void)close(fd);
}

/* --- TLS ------------------------------------------------------------------------------ */

static _Atomic int tickets;

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	(void)ssl;
	(void)session;
	tickets++;
	return 0;
}

static SSL *
dial_tls(struct rig *rig, SSL_CTX *ctx, int fd)
{
	SSL *ssl = SSL_new(ctx);

	(void)rig;
	assert_non_null(ssl);
	assert_int_equal(SSL_set_fd(ssl, fd), 1);
	return ssl;
}

static void
test_tls_speaks_1_3_with_the_announced_key(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	struct rig rig;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	unsigned char *der = NULL;
	uint8_t hash[32];
	char text[2048];
	X509 *cert;
	SSL *ssl;
	int fd, len, n, total = 0;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT);
	SSL_CTX_sess_set_new_cb(ctx, on_session);
	fd = dial(&rig);
	ssl = dial_tls(&rig, ctx, fd);
	assert_int_equal(SSL_connect(ssl), 1);
	assert_int_equal(SSL_version(ssl), TLS1_3_VERSION);
	cert = SSL_get1_peer_certificate(ssl);
	len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	assert_true(len > 0);
	assert_int_equal(EVP_Digest(der, (size_t)len, hash, NULL, EVP_sha256(), NULL), 1);
	assert_memory_equal(hash, rig.spki, 32);
	assert_int_equal(SSL_write(ssl, request, (int)strlen(request)), (int)strlen(request));
	while ((n = SSL_read(ssl, text + total, (int)sizeof text - 1 - total)) > 0)
		total += n;
	text[total] = '\0';
	assert_memory_equal(text, "HTTP/1.1 200", 12);
	/* the end was said, not torn off */
	assert_int_equal(SSL_get_error(ssl, n), SSL_ERROR_ZERO_RETURN);
	assert_int_equal(tickets, 0);
	OPENSSL_free(der);
	X509_free(cert);
	SSL_free(ssl);
	(void)close(fd);
	SSL_CTX_free(ctx);
	rig_stop(&rig);
}

static void
test_tls_1_2_is_refused(void **state)
{
	struct rig rig;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 1);
	assert_int_equal(SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION), 1);
	fd = dial(&rig);
	ssl = dial_tls(&rig, ctx, fd);
	assert_true(SSL_connect(ssl) <= 0);
	SSL_free(ssl);
	(void)close(fd);
	SSL_CTX_free(ctx);
	rig_stop(&rig);
}

static void
test_tls_handshake_has_a_deadline(void **state)
{
	struct rig rig;
	char text[64];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){.head_ms = 150}, 1);
	fd = dial(&rig);
	put(fd, "\x16\x03\x01", 3);
	assert_int_equal(drink(fd, 1000, text, sizeof text, &n), 1);
	(void)close(fd);
	rig_stop(&rig);
}

static void
test_plain_bytes_on_tls_are_refused(void **state)
{
	struct rig rig;
	char text[2048];
	size_t n;
	int fd;

	(void)state;
	rig_start(&rig, (struct http_server_options){0}, 1);
	fd = dial(&rig);
	put_text(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	assert_int_equal(drink(fd, 1000, text, sizeof text, &n), 1);
	assert_null(strstr(text, "HTTP/1.1 200"));
	(void)close(fd);
	rig_stop(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_cases_over_a_socket),
		cmocka_unit_test(test_continue_is_sent_to_a_client_that_waits),
		cmocka_unit_test(test_a_header_cannot_be_two),
		cmocka_unit_test(test_head_has_no_body),
		cmocka_unit_test(test_a_slow_head_is_ended),
		cmocka_unit_test(test_a_silent_client_is_closed_without_a_word),
		cmocka_unit_test(test_a_slow_body_is_ended),
		cmocka_unit_test(test_an_idle_connection_is_closed),
		cmocka_unit_test(test_a_client_that_does_not_read_is_closed),
		cmocka_unit_test(test_a_source_has_its_share_of_connections),
		cmocka_unit_test(test_above_the_maximum_who_waits_longest_goes),
		cmocka_unit_test(test_without_descriptors_it_waits_and_goes_on),
		cmocka_unit_test(test_one_request_of_a_connection_at_a_time),
		cmocka_unit_test(test_a_request_outlives_its_client),
		cmocka_unit_test(test_exchanges_outlive_the_server),
		cmocka_unit_test(test_draining_finishes_what_is_under_way),
		cmocka_unit_test(test_listen_takes_its_two_forms_only),
		cmocka_unit_test(test_tls_speaks_1_3_with_the_announced_key),
		cmocka_unit_test(test_tls_1_2_is_refused),
		cmocka_unit_test(test_tls_handshake_has_a_deadline),
		cmocka_unit_test(test_plain_bytes_on_tls_are_refused),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	http_wipe_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
