#include "cli/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "base/err.h"
#include "base/parse.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define CONNECT_SECONDS 10L
#define REDIRECTS_MAX 3L
#define HEADER_MAX 32768
#define POLL_MS 1000
#define PAUSE_FIRST 500U /* milliseconds */
#define PAUSE_MAX 20000U

/* --- URLs ------------------------------------------------------------------------------ */

/* A part of the URL; NULL when it has none. curl_free() */
static char *
part(CURLU *u, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, 0) == CURLUE_OK ? text : NULL;
}

/* 127.0.0.0/8, ::1 and localhost, as the URL parser normalises them. */
static int
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

static const char *
origin_problem(CURLU *u)
{
	char *scheme = part(u, CURLUPART_SCHEME), *host = part(u, CURLUPART_HOST);
	char *user = part(u, CURLUPART_USER), *password = part(u, CURLUPART_PASSWORD);
	const char *problem = NULL;

	if (scheme == NULL || host == NULL)
		problem = "is not a URL";
	else if (user != NULL || password != NULL)
		problem = "must not hold a name and password";
	else if (strcmp(scheme, "https") != 0 &&
		 (strcmp(scheme, "http") != 0 || !is_loopback(host)))
		problem = "must be https: plain http is for loopback only";
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(password);
	return problem;
}

const char *
transfer_url_problem(const char *url)
{
	const char *problem = "is not a URL";
	CURLU *u = curl_url();

	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		problem = origin_problem(u);
	curl_url_cleanup(u);
	return problem;
}

/* --- one exchange ---------------------------------------------------------------------- */

static size_t
take_body(char *p, size_t size, size_t count, void *arg)
{
	struct buffer *b = arg;

	/* size is 1, says libcurl; a short return ends the transfer */
	buffer_add(b, p, size * count);
	return b->err == 0 ? size * count : 0;
}

static int
key_hash(const char *pem, uint8_t ret[32])
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *x = NULL;
	uint8_t *spki = NULL;
	struct bytes whole = {NULL, 0};
	int len, r = ERR_CRYPTO;

	if (bio == NULL || (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) == NULL)
		goto out;
	if ((len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki)) <= 0)
		goto out;
	whole = (struct bytes){spki, (size_t)len};
	r = digest_sha256(&whole, 1, ret);
out:
	OPENSSL_free(spki);
	X509_free(x);
	BIO_free(bio);
	return r;
}

/* The peer's own certificate is the first one of the chain. */
static int
take_peer_key(CURL *c, struct transfer_answer *ret)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
	    info->num_of_certs < 1)
		return ERR_IO;
	for (struct curl_slist *s = info->certinfo[0]; s != NULL; s = s->next) {
		if (strncmp(s->data, "Cert:", 5) != 0)
			continue;
		if (key_hash(s->data + 5, ret->peer_key_hash) != 0)
			return ERR_IO;
		ret->has_peer_key = 1;
		return 0;
	}
	return ERR_IO;
}

static int
set_trust(CURL *c, const struct transfer_request *q)
{
	int by_key = q->trust == TRANSFER_KEY;
	int ok = 1;

	/* by key: the certificate is self-signed, its key is compared with the attested one */
	ok &= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, by_key ? 0L : 1L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, by_key ? 0L : 2L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_CERTINFO, by_key ? 1L : 0L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, by_key ? 0L : 1L) == CURLE_OK;
	if (q->ca_file != NULL)
		ok &= curl_easy_setopt(c, CURLOPT_CAINFO, q->ca_file) == CURLE_OK;
	/* what is plain text, or pinned, is no proxy's business */
	if (by_key || strncmp(q->url, "https://", 8) != 0)
		ok &= curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK;
	return ok;
}

static int
set_options(CURL *c, const struct transfer_request *q, struct transfer_answer *ret, char *problem)
{
	int ok = curl_easy_setopt(c, CURLOPT_URL, q->url) == CURLE_OK;

	ok &= set_trust(c, q);
	ok &= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_TIMEOUT, q->seconds) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_WRITEDATA, &ret->body) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, problem) == CURLE_OK;
	if (q->post.p != NULL) {
		ok &= curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->post.len) ==
		      CURLE_OK;
		ok &= curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)q->post.p) == CURLE_OK;
	}
	return ok ? 0 : ERR_IO;
}

/* Whether a failure of the connection may pass; a name that is not known does not. */
static int
may_pass(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ||
	       code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
	       code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

/* libcurl quotes what a peer says of itself, the name in its certificate for one. */
static void
take_words(const char *text, char ret[TRANSFER_PROBLEM_MAX])
{
	size_t i;

	for (i = 0; i + 1 < TRANSFER_PROBLEM_MAX && text[i] != '\0'; i++)
		ret[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	ret[i] = '\0';
}

static int
took_failure(CURLcode code, const struct transfer_request *q, const char *problem,
	     struct transfer_answer *ret)
{
	if (ret->body.err == ERR_SPACE) {
		(void)!snprintf(ret->problem, sizeof ret->problem,
				"the answer is longer than %zu bytes", q->max);
		return ERR_SPACE;
	}
	take_words(problem[0] != '\0' ? problem : curl_easy_strerror(code), ret->problem);
	ret->transient = may_pass(code);
	return code == CURLE_OPERATION_TIMEDOUT ? ERR_TIMEOUT : ERR_IO;
}

static void
take_header(CURL *c, const char *name, struct buffer *ret)
{
	struct curl_header *h;

	if (name == NULL || ret->len > 0 ||
	    curl_easy_header(c, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK)
		return;
	buffer_add(ret, h->value, strlen(h->value) + 1);
}

static void
take_retry_after(CURL *c, struct transfer_answer *ret)
{
	struct curl_header *h;
	uint64_t seconds;

	/* a date is not understood, and the pause is our own then */
	if (curl_easy_header(c, "Retry-After", 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
	    parse_u64(h->value, strlen(h->value), 0, UINT32_MAX, &seconds) == 0)
		ret->retry_after = seconds;
}

/* One exchange between its options and its outcome. */
struct exchange {
	CURL *c;
	struct curl_slist *headers;
	char problem[CURL_ERROR_SIZE]; /* libcurl's */
};

/* Everything short of performing it. */
static int
exchange_begin(struct exchange *x, const struct transfer_request *q, struct transfer_answer *ret)
{
	const char *problem = transfer_url_problem(q->url);

	*x = (struct exchange){.c = NULL};
	*ret = (struct transfer_answer){.body = buffer_of(q->max), .header = buffer_of(HEADER_MAX)};
	(void)!snprintf(ret->problem, sizeof ret->problem, "the request could not be made");
	if (problem != NULL) {
		(void)!snprintf(ret->problem, sizeof ret->problem, "the URL %s", problem);
		return ERR_RANGE;
	}
	if ((x->c = curl_easy_init()) == NULL)
		return ERR_MEM;
	if (q->post.p != NULL) {
		x->headers = curl_slist_append(NULL, "Content-Type: application/json");
		if (x->headers == NULL ||
		    curl_easy_setopt(x->c, CURLOPT_HTTPHEADER, x->headers) != CURLE_OK)
			return ERR_MEM;
	}
	return set_options(x->c, q, ret, x->problem);
}

static int
exchange_take(struct exchange *x, CURLcode code, const struct transfer_request *q,
	      struct transfer_answer *ret)
{
	if (code != CURLE_OK)
		return took_failure(code, q, x->problem, ret);
	(void)curl_easy_getinfo(x->c, CURLINFO_RESPONSE_CODE, &ret->status);
	if (ret->status != 200)
		(void)!snprintf(ret->problem, sizeof ret->problem,
				"the server answered with status %ld", ret->status);
	ret->transient = ret->status == 429 || ret->status >= 500;
	take_retry_after(x->c, ret);
	take_header(x->c, q->header, &ret->header);
	take_header(x->c, q->other_header, &ret->header);
	if (q->trust == TRANSFER_KEY && strncmp(q->url, "https://", 8) == 0 &&
	    take_peer_key(x->c, ret) != 0) {
		(void)!snprintf(ret->problem, sizeof ret->problem,
				"the peer's certificate cannot be read");
		return ERR_IO;
	}
	return 0;
}

static void
exchange_end(struct exchange *x)
{
	curl_easy_cleanup(x->c);
	curl_slist_free_all(x->headers);
}

int
transfer_run(const struct transfer_request *q, struct transfer_answer *ret)
{
	struct exchange x;
	int r = exchange_begin(&x, q, ret);

	if (r == 0)
		r = exchange_take(&x, curl_easy_perform(x.c), q, ret);
	exchange_end(&x);
	return r;
}

/* --- several at once --------------------------------------------------------------------- */

/* Those that have ended since. */
static void
take_ended(CURLM *multi, struct exchange *x, const struct transfer_request *requests, size_t count,
	   struct transfer_answer *ret, int *ret_err)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL)
		for (size_t i = 0; i < count; i++)
			if (message->msg == CURLMSG_DONE && x[i].c == message->easy_handle)
				ret_err[i] = exchange_take(&x[i], message->data.result,
							   &requests[i], &ret[i]);
}

static void
run_together(CURLM *multi, struct exchange *x, const struct transfer_request *requests,
	     size_t count, struct transfer_answer *ret, int *ret_err)
{
	int running = 0;

	for (size_t i = 0; i < count; i++) {
		ret_err[i] = exchange_begin(&x[i], &requests[i], &ret[i]);
		if (ret_err[i] == 0)
			ret_err[i] = curl_multi_add_handle(multi, x[i].c) == CURLM_OK ? ERR_AGAIN
										      : ERR_MEM;
	}
	do {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			break;
		take_ended(multi, x, requests, count, ret, ret_err);
	} while (running > 0 && curl_multi_poll(multi, NULL, 0, POLL_MS, NULL) == CURLM_OK);
	for (size_t i = 0; i < count; i++) {
		if (ret_err[i] == ERR_AGAIN)
			ret_err[i] = ERR_IO;
		(void)curl_multi_remove_handle(multi, x[i].c);
		exchange_end(&x[i]);
	}
}

int
transfer_run_all(const struct transfer_request *requests, size_t count,
		 struct transfer_answer *ret, int *ret_err)
{
	struct exchange *x = calloc(count, sizeof *x);
	CURLM *multi = curl_multi_init();
	int r = ERR_MEM;

	if (x != NULL && multi != NULL) {
		run_together(multi, x, requests, count, ret, ret_err);
		r = 0;
	}
	curl_multi_cleanup(multi);
	free(x);
	return r;
}

/* --- again ------------------------------------------------------------------------------- */

uint64_t
transfer_pause(unsigned attempt, uint64_t retry_after, uint32_t random)
{
	uint64_t pause = PAUSE_FIRST;

	for (unsigned i = 1; i < attempt && pause < PAUSE_MAX; i++)
		pause *= 2;
	/* up to half of it more, so that those who failed together do not come together */
	pause += random % (pause / 2 + 1);
	if (retry_after > PAUSE_MAX / 1000)
		return PAUSE_MAX;
	if (retry_after * 1000 > pause)
		pause = retry_after * 1000;
	return pause < PAUSE_MAX ? pause : PAUSE_MAX;
}

static void
sleep_ms(uint64_t ms)
{
	struct timespec left = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	/* a signal ends it early: whoever sent it does not want to wait either */
	(void)nanosleep(&left, NULL);
}

int
transfer_persist(const struct transfer_request *q, struct transfer_answer *ret)
{
	int r = transfer_run(q, ret);

	for (unsigned i = 1; i < TRANSFER_ATTEMPTS_MAX && ret->transient; i++) {
		uint64_t pause = transfer_pause(i, ret->retry_after, randombytes_random());

		transfer_free(ret);
		sleep_ms(pause);
		r = transfer_run(q, ret);
	}
	return r;
}

void
transfer_free(struct transfer_answer *answer)
{
	buffer_free(&answer->body);
	buffer_free(&answer->header);
}
