#include "chain/rpc_internal.h"

#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <event2/event.h>

#include "base/err.h"
#include "base/banned.h"

#define KEEP_ROOM ((size_t)64 * 1024) /* a larger answer's memory is given back */
#define CONNECT_MS 5000

struct slot {
	struct transport *transport;
	CURL *easy; /* reused, with its connection */
	struct slot *next_free;
	struct buffer request;
	struct buffer answer;
	exchange_done *done;
	void *arg;
	int busy;
};

struct transport {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct curl_slist *headers;
	struct slot *free;
	struct slot slots[TRANSPORT_SLOTS];
};

/* --- libcurl's side ----------------------------------------------------------- */

static size_t
on_data(char *p, size_t size, size_t n, void *arg)
{
	struct slot *s = arg;

	buffer_add(&s->answer, p, size * n);
	return s->answer.err == 0 ? size * n : 0;
}

static void
fill_exchange(const struct slot *s, CURLcode code, struct exchange *ret)
{
	curl_off_t retry_after = 0;

	*ret = (struct exchange){.class = RPC_UNREACHABLE, .body = &s->answer};
	(void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &ret->status);
	if (curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK &&
	    retry_after > 0 && retry_after < 3600)
		ret->retry_after_ms = (uint64_t)retry_after * 1000;
	ret->message = curl_easy_strerror(code);
	if (code == CURLE_OK)
		ret->class = RPC_OK;
	else if (code == CURLE_OPERATION_TIMEDOUT)
		ret->class = RPC_TIMEOUT;
	if (s->answer.err == ERR_SPACE) {
		ret->class = RPC_MALFORMED;
		ret->message = "the answer is larger than 4 MiB";
	}
}

static void
release(struct slot *s)
{
	buffer_reset(&s->request);
	buffer_reset(&s->answer);
	if (s->answer.cap > KEEP_ROOM)
		buffer_free(&s->answer);
	s->busy = 0;
	s->next_free = s->transport->free;
	s->transport->free = s;
}

static void
finish(struct slot *s, CURLcode code)
{
	struct exchange exchange;

	(void)curl_multi_remove_handle(s->transport->multi, s->easy);
	fill_exchange(s, code, &exchange);
	s->done(&exchange, s->arg);
	release(s);
}

static void
collect(struct transport *t)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(t->multi, &left)) != NULL) {
		struct slot *s = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
		finish(s, m->data.result);
	}
}

/* --- libevent's side ---------------------------------------------------------- */

static void
on_socket_event(evutil_socket_t fd, short what, void *arg)
{
	struct transport *t = arg;
	int running;
	int action = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
		     ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

	(void)curl_multi_socket_action(t->multi, fd, action, &running);
	collect(t);
}

static void
on_timer_event(evutil_socket_t fd, short what, void *arg)
{
	struct transport *t = arg;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(t);
}

static int
on_curl_timer(CURLM *multi, long ms, void *arg)
{
	struct transport *t = arg;
	struct timeval wait = {ms / 1000, (ms % 1000) * 1000};

	(void)multi;
	if (ms < 0)
		return event_del(t->timer);
	return event_add(t->timer, &wait);
}

static int
on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct transport *t = arg;
	struct event *ev = socket_arg;
	short kind = EV_PERSIST;

	(void)easy;
	if (ev != NULL)
		event_free(ev);
	(void)curl_multi_assign(t->multi, fd, NULL);
	if (what == CURL_POLL_REMOVE)
		return 0;
	if (what != CURL_POLL_OUT)
		kind |= EV_READ;
	if (what != CURL_POLL_IN)
		kind |= EV_WRITE;
	if ((ev = event_new(t->base, fd, kind, on_socket_event, t)) == NULL)
		return -1;
	(void)curl_multi_assign(t->multi, fd, ev);
	return event_add(ev, NULL);
}

/* --- life --------------------------------------------------------------------- */

static int
set_options(struct slot *s, const char *ca_file)
{
	CURL *e = s->easy;
	CURLcode bad = CURLE_OK;

#define SET(option, value)                                        \
	do {                                                      \
		if (bad == CURLE_OK)                              \
			bad = curl_easy_setopt(e, option, value); \
	} while (0)
	SET(CURLOPT_PRIVATE, s);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "https,http"); /* http to loopback only: urls.c */
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, ""); /* none, whatever the environment says */
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	SET(CURLOPT_TCP_NODELAY, 1L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_ACCEPT_ENCODING, NULL); /* a small answer must not unpack into a large one */
	SET(CURLOPT_HTTPHEADER, s->transport->headers);
	SET(CURLOPT_USERAGENT, "selfsame");
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, s);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL)
		SET(CURLOPT_CAINFO, ca_file);
#undef SET
	return bad == CURLE_OK ? 0 : ERR_IO;
}

static int
set_multi(struct transport *t)
{
	if (curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)TRANSPORT_SLOTS) != CURLM_OK)
		return ERR_IO;
	return 0;
}

int
transport_new(struct event_base *base, const char *ca_file, struct transport **ret)
{
	struct transport *t = calloc(1, sizeof *t);
	int r = ERR_MEM;

	if (t == NULL)
		return ERR_MEM;
	t->base = base;
	t->timer = event_new(base, -1, 0, on_timer_event, t);
	t->headers = curl_slist_append(NULL, "Content-Type: application/json");
	t->multi = curl_multi_init();
	if (t->timer == NULL || t->headers == NULL || t->multi == NULL)
		goto out;
	if ((r = set_multi(t)) != 0)
		goto out;
	for (size_t i = 0; i < TRANSPORT_SLOTS; i++) {
		struct slot *s = &t->slots[i];

		s->transport = t;
		s->request = buffer_of(RPC_ANSWER_MAX);
		s->answer = buffer_of(RPC_ANSWER_MAX);
		if ((s->easy = curl_easy_init()) == NULL)
			r = ERR_MEM;
		else
			r = set_options(s, ca_file);
		if (r != 0)
			goto out;
		s->next_free = t->free;
		t->free = s;
	}
	*ret = t;
	t = NULL; /* transferred */
	r = 0;
out:
	transport_free(t);
	return r;
}

void
transport_free(struct transport *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < TRANSPORT_SLOTS; i++) {
		struct slot *s = &t->slots[i];

		if (s->busy)
			(void)curl_multi_remove_handle(t->multi, s->easy);
		curl_easy_cleanup(s->easy);
		buffer_free(&s->request);
		buffer_free(&s->answer);
	}
	if (t->multi != NULL)
		(void)curl_multi_cleanup(t->multi);
	curl_slist_free_all(t->headers);
	if (t->timer != NULL)
		event_free(t->timer);
	free(t);
}

int
transport_has_room(const struct transport *t)
{
	return t->free != NULL;
}

int
transport_post(struct transport *t, const char *url, const struct buffer *body, uint64_t timeout_ms,
	       exchange_done *done, void *arg)
{
	struct slot *s = t->free;
	long timeout = timeout_ms < 600000 ? (long)timeout_ms : 600000L;

	if (s == NULL)
		return ERR_FULL;
	buffer_reset(&s->request);
	buffer_add(&s->request, body->p, body->len);
	if (s->request.err != 0)
		return ERR_MEM;
	if (curl_easy_setopt(s->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, timeout) != CURLE_OK ||
	    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)s->request.len) !=
		CURLE_OK ||
	    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, (char *)s->request.p) != CURLE_OK ||
	    curl_multi_add_handle(t->multi, s->easy) != CURLM_OK)
		return ERR_IO;
	t->free = s->next_free;
	s->busy = 1;
	s->done = done;
	s->arg = arg;
	return 0;
}
