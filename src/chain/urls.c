#include "chain/urls.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/banned.h"

static int
is_loopback(const char *host)
{
	struct in_addr v4;

	/* curl resolves "localhost" itself, whatever the hosts file says */
	if (strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return 1;
	return inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

/* NULL, or what is wrong with it. */
static const char *
complaint(CURLU *parts, const char *url)
{
	const char *found = NULL;
	char *scheme = NULL, *host = NULL, *fragment = NULL;

	if (curl_url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		found = "is not a URL";
	else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		found = "must begin with https://, or with http:// and a loopback address";
	else if (strcmp(scheme, "http") == 0 && !is_loopback(host))
		found = "is http and not a loopback address; use https";
	else if (curl_url_get(parts, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK)
		found = "has a fragment (#), which is never sent";
	curl_free(scheme);
	curl_free(host);
	curl_free(fragment);
	return found;
}

static int
add(struct rpc_urls *urls, const char *start, size_t len, char *text, size_t text_cap)
{
	CURLU *parts = NULL;
	const char *found;
	char *url = NULL;
	int r = ERR_MEM;

	if (urls->count == RPC_URLS_MAX) {
		(void)snprintf(text, text_cap, "CHAINSTACK_NODE: more than %d URLs", RPC_URLS_MAX);
		return ERR_SETTING;
	}
	if ((url = strndup(start, len)) == NULL || (parts = curl_url()) == NULL)
		goto out;
	if ((found = complaint(parts, url)) != NULL) {
		(void)snprintf(text, text_cap, "CHAINSTACK_NODE: URL %zu %s", urls->count + 1,
			       found);
		r = ERR_SETTING;
		goto out;
	}
	urls->url[urls->count++] = url;
	url = NULL; /* transferred */
	r = 0;
out:
	if (url != NULL) {
		wipe(url, len);
		free(url);
	}
	curl_url_cleanup(parts);
	return r;
}

int
rpc_urls_parse(const char *list, struct rpc_urls *ret, char *text, size_t text_cap)
{
	struct rpc_urls urls = {0};
	const char *at = list;
	int r;

	for (;;) {
		size_t len = strcspn(at, ",");

		if ((r = add(&urls, at, len, text, text_cap)) != 0)
			goto out;
		if (at[len] == '\0')
			break;
		at += len + 1;
	}
	*ret = urls;
	urls = (struct rpc_urls){0}; /* transferred */
out:
	if (r == ERR_MEM)
		(void)snprintf(text, text_cap, "out of memory");
	rpc_urls_free(&urls);
	return r;
}

void
rpc_urls_free(struct rpc_urls *urls)
{
	for (size_t i = 0; i < urls->count; i++) {
		wipe(urls->url[i], strlen(urls->url[i]));
		free(urls->url[i]);
	}
	urls->count = 0;
}
