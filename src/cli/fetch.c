#include "cli/fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/banned.h"

#define BODY_MAX 1048576 /* evidence of EigenCompute is the longest */
#define TOTAL_SECONDS 60L
#define PATH "/attestation"
#define NONCE_MAX 64

int
fetch_is_url(const char *text)
{
	return strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
}

/* A part of the URL; NULL when it has none. curl_free() */
static char *
part(CURLU *u, CURLUPart what)
{
	char *text = NULL;

	return curl_url_get(u, what, &text, 0) == CURLUE_OK ? text : NULL;
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
	const char *wrong;
	char *whole = NULL;
	int r = ERR_MEM;

	*problem = "could not be taken apart";
	if (u == NULL)
		goto out;
	r = ERR_PARSE;
	if (curl_url_set(u, CURLUPART_URL, text, 0) != CURLUE_OK)
		goto out;
	r = ERR_RANGE;
	if ((wrong = transfer_url_problem(text)) != NULL) {
		*problem = wrong;
		goto out;
	}
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

struct transfer_request
fetch_request(const char *url)
{
	return (struct transfer_request){
	    .url = url, .trust = TRANSFER_KEY, .max = BODY_MAX, .seconds = TOTAL_SECONDS};
}

int
fetch_result(int err, const struct transfer_answer *answer)
{
	return err == 0 && answer->status != 200 ? ERR_RPC : err;
}

int
fetch_get(const char *url, struct transfer_answer *ret)
{
	const struct transfer_request q = fetch_request(url);

	return fetch_result(transfer_run(&q, ret), ret);
}
