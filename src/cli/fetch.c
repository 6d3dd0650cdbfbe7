#include "cli/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/hex.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define BODY_MAX 262144
#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS 60L
#define PATH "/attestation"
#define NONCE_MAX 64

int
fetch_is_url(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* 127.0.0.0/8, ::1 and localhost, as the URL parser normalises them. */
static int
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	       (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

/* A part of the URL; NULL when it has none. curl_free() */
static char *
part(CURLU *u, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, 0) == CURLUE_OK ? text : NULL;
}

static int
check_origin(CURLU *u, const char **problem)
{
	char *scheme = part(u, CURLUPART_SCHEME), *host = part(u, CURLUPART_HOST);
	char *user = part(u, CURLUPART_USER), *password = part(u, CURLUPART_PASSWORD);
	int r = ERR_RANGE;

	if (scheme == NULL || host == NULL)
		*problem = "is not a URL";
	else if (user != NULL || password != NULL)
		*problem = "must not hold a name and password";
	else if (strcmp(scheme, "https") != 0 &&
		 (strcmp(scheme, "http") != 0 || !is_loopback(host)))
		*problem = "must be https: plain http is for loopback only";
	else
		r = 0;
	curl_free(scheme);
	curl_free(host);
	curl_free(user);
	curl_free(password);
	return r;
}

static int
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && memcmp(text + n - m, end, m) == 0;
}

static int
complete_path(CURLU *u)
{
	char *path = part(u, CURLUPART_PATH);
	char *whole = NULL;
	int r = ERR_MEM;

	if (path == NULL)
		return ERR_MEM;
	if (ends_with(path, PATH)) {
		r = 0;
		goto out;
	}
	while (path[0] != '\0' && ends_with(path, "/"))
		path[strlen(path) - 1] = '\0';
	if (asprintf(&whole, "%s" PATH, path) < 0) {
		whole = NULL;
		goto out;
	}
	r = curl_url_set(u, CURLUPART_PATH, whole, 0) == CURLUE_OK ? 0 : ERR_MEM;
out:
	free(whole);
	curl_free(path);
	return r;
}

/* The value of "nonce" in a query; len 0 without one. */
static struct bytes
query_nonce(const char *query)
{
	while (query != NULL && *query != '\0') {
		size_t len = strcspn(query, "&");

		if (len >= 6 && memcmp(query, "nonce=", 6) == 0)
			return (struct bytes){(const uint8_t *)query + 6, len - 6};
		query += len + (query[len] == '&');
	}
	return (struct bytes){NULL, 0};
}

/* The URL's own nonce and the caller's: one of them, or both the same. */
static int
take_nonce(struct bytes text, uint8_t nonce[64], size_t *nonce_len, const char **problem)
{
	uint8_t own[NONCE_MAX];
	size_t len;

	if (text.len >= 2 && text.p[0] == '0' && text.p[1] == 'x') {
		text.p += 2;
		text.len -= 2;
	}
	len = text.len / 2;
	if (len > NONCE_MAX || hex_decode((const char *)text.p, text.len, own, len) != 0) {
		*problem = "has a nonce that is not hex of 16 to 64 bytes";
		return ERR_PARSE;
	}
	if (*nonce_len != 0 && (*nonce_len != len || memcmp(own, nonce, len) != 0)) {
		*problem = "has another nonce than --nonce";
		return ERR_CONFLICT;
	}
	memcpy(nonce, own, len);
	*nonce_len = len;
	return 0;
}

static int
append_nonce(CURLU *u, const uint8_t *nonce, size_t nonce_len)
{
	char query[6 + 2 * NONCE_MAX + 1] = "nonce=";

	hex_encode(nonce, nonce_len, query + 6);
	return curl_url_set(u, CURLUPART_QUERY, query, CURLU_APPENDQUERY) == CURLUE_OK ? 0
										       : ERR_MEM;
}

static int
complete_query(CURLU *u, uint8_t nonce[64], size_t *nonce_len, const char **problem)
{
	char *query = part(u, CURLUPART_QUERY);
	struct bytes own = query_nonce(query);
	int r = 0;

	if (own.len > 0)
		r = take_nonce(own, nonce, nonce_len, problem);
	else if (*nonce_len > 0)
		r = append_nonce(u, nonce, *nonce_len);
	curl_free(query);
	return r;
}

int
fetch_url(const char *text, uint8_t nonce[64], size_t *nonce_len, char **ret, const char **problem)
{
	CURLU *u = curl_url();
	char *whole = NULL;
	int r = ERR_MEM;

	*problem = "could not be taken apart";
	if (u == NULL)
		goto out;
	r = ERR_PARSE;
	if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK)
		goto out;
	if ((r = check_origin(u, problem)) != 0)
		goto out;
	if ((r = complete_path(u)) != 0)
		goto out;
	if ((r = complete_query(u, nonce, nonce_len, problem)) != 0)
		goto out;
	r = ERR_MEM;
	if ((whole = part(u, CURLUPART_URL)) == NULL || (*ret = strdup(whole)) == NULL)
		goto out;
	r = 0;
out:
	curl_free(whole);
	curl_url_cleanup(u);
	return r;
}

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
	struct bytes part_of = {NULL, 0};
	int len, r = ERR_CRYPTO;

	if (bio == NULL || (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) == NULL)
		goto out;
	if ((len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki)) <= 0)
		goto out;
	part_of = (struct bytes){spki, (size_t)len};
	r = digest_sha256(&part_of, 1, ret);
out:
	OPENSSL_free(spki);
	X509_free(x);
	BIO_free(bio);
	return r;
}

/* The peer's own certificate is the first one of the chain. */
static int
take_peer_key(CURL *c, struct fetched *ret)
{
	struct curl_certinfo *info = NULL;

	if (curl_easy_getinfo(c, CURLINFO_CERTINFO, &info) != CURLE_OK || info == NULL ||
	    info->num_of_certs < 1)
		return ERR_CRYPTO;
	for (struct curl_slist *s = info->certinfo[0]; s != NULL; s = s->next) {
		if (strncmp(s->data, "Cert:", 5) != 0)
			continue;
		if (key_hash(s->data + 5, ret->peer_key_hash) != 0)
			return ERR_CRYPTO;
		ret->has_peer_key = 1;
		return 0;
	}
	return ERR_CRYPTO;
}

static int
set_options(CURL *c, const char *url, struct buffer *body, char *problem)
{
	int ok = curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK;

	ok &= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_TIMEOUT, TOTAL_SECONDS) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK;
	/* the certificate is self-signed: check_tls_key() compares its key with the attested one */
	ok &= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_CERTINFO, 1L) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_WRITEDATA, body) == CURLE_OK;
	ok &= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, problem) == CURLE_OK;
	return ok ? 0 : ERR_IO;
}

static int
perform(CURL *c, const char *url, struct fetched *ret, char *text)
{
	char problem[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURLcode code;

	if (set_options(c, url, &ret->body, problem) != 0)
		return ERR_IO;
	code = curl_easy_perform(c);
	/* the buffer is this function's */
	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	if (ret->body.err == ERR_SPACE) {
		(void)!snprintf(text, FETCH_TEXT_MAX, "the answer is longer than %d bytes",
				BODY_MAX);
		return ERR_SPACE;
	}
	if (code != CURLE_OK) {
		(void)!snprintf(text, FETCH_TEXT_MAX, "%.200s",
				problem[0] != '\0' ? problem : curl_easy_strerror(code));
		return ERR_IO;
	}
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) {
		(void)!snprintf(text, FETCH_TEXT_MAX, "the server answered with status %ld",
				status);
		return ERR_RPC;
	}
	return 0;
}

int
fetch_get(const char *url, struct fetched *ret, char text[FETCH_TEXT_MAX])
{
	CURL *c = NULL;
	int r = ERR_MEM;

	*ret = (struct fetched){.body = buffer_of(BODY_MAX)};
	(void)!snprintf(text, FETCH_TEXT_MAX, "the request could not be made");
	if ((c = curl_easy_init()) == NULL)
		goto out;
	if ((r = perform(c, url, ret, text)) != 0)
		goto out;
	if (strncmp(url, "https://", 8) == 0 && (r = take_peer_key(c, ret)) != 0)
		(void)!snprintf(text, FETCH_TEXT_MAX, "the peer's certificate cannot be read");
out:
	curl_easy_cleanup(c);
	return r;
}
