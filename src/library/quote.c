#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/version.h"
#include "library/result.h"
#include "tdx/cache.h"
#include "tdx/certificate.h"
#include "tdx/intel_root.h"
#include "tdx/pem.h"
#include "base/banned.h"

struct selfsame_cache {
	struct tdx_cache *tdx; /* within room */
	void *room;
};

/* A root as it was given, PEM or DER, and where its DER goes. */
struct root {
	struct bytes der;
	uint8_t decoded[CERTIFICATE_MAX];
};

const char *
selfsame_version(void)
{
	return SELFSAME_VERSION;
}

/* What it is called is nobody's concern: the caller trusts it. */
static int
read_root(const void *given, size_t len, struct root *ret)
{
	struct reader r = reader_of(given, len);
	struct certificate c;
	size_t decoded;

	if (given == NULL) {
		ret->der = intel_root_der();
		return 0;
	}
	ret->der = (struct bytes){given, len};
	if (pem_take_certificate(&r, ret->decoded, sizeof ret->decoded, &decoded) == 0) {
		if (reader_end(&r) != 0)
			return SELFSAME_ERROR_ARGUMENT;
		ret->der = (struct bytes){ret->decoded, decoded};
	}
	return certificate_parse(ret->der, &c) == 0 ? 0 : SELFSAME_ERROR_ARGUMENT;
}

/* Whatever depends on collateral was not reached because it could not be read. */
static void
blame_bundle(struct tdx_result *r)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		if (r->check[i].reason == TDX_COLLATERAL_MISSING)
			r->check[i].reason = TDX_COLLATERAL_PARSE;
	if (r->reason == TDX_COLLATERAL_MISSING)
		r->reason = TDX_COLLATERAL_PARSE;
}

static void
verify_with(struct selfsame_cache *cache, struct bytes quote, const struct collateral *collateral,
	    struct bytes root, struct selfsame_result *r)
{
	if (cache != NULL)
		tdx_verify_cached(cache->tdx, quote, collateral, root, r->at, &r->tdx);
	else
		tdx_verify(quote, collateral, root, r->at, &r->tdx);
}

/* input: the quote, the collateral's text, and as much room for what is decoded from that */
static void
verify(struct selfsame_cache *cache, struct bytes quote, struct bytes json, struct bytes root,
       struct selfsame_result *r)
{
	uint8_t *memory = r->input + quote.len + json.len;
	struct collateral collateral;
	const char *field;

	if (json.p == NULL) {
		verify_with(cache, quote, NULL, root, r);
	} else if (collateral_read(json, memory, &collateral, &field) != 0) {
		verify_with(cache, quote, NULL, root, r);
		blame_bundle(&r->tdx);
	} else {
		verify_with(cache, quote, &collateral, root, r);
	}
}

static int
copy_advisories(struct selfsame_result *r)
{
	const struct tdx_evaluation *e = &r->tdx.launch;
	size_t len = 0;
	char *text;

	for (size_t i = 0; i < e->advisory_count; i++)
		len += e->advisory[i].len + 1;
	if (len == 0)
		return 0;
	if ((text = r->advisory_text = malloc(len)) == NULL)
		return SELFSAME_ERROR_MEMORY;
	for (size_t i = 0; i < e->advisory_count; i++) {
		r->advisory[i] = text;
		memcpy(text, e->advisory[i].p, e->advisory[i].len);
		text[e->advisory[i].len] = '\0';
		text += e->advisory[i].len + 1;
	}
	return 0;
}

static void
write_date(struct selfsame_result *r)
{
	const time_t t = (time_t)r->tdx.launch.date;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(r->date, sizeof r->date, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		r->date[0] = '\0';
}

/* The inputs are copied first: a result outlives them. */
static int
fill(struct selfsame_cache *cache, struct bytes quote, struct bytes json, struct bytes root,
     struct selfsame_result *r)
{
	size_t len;

	if (__builtin_mul_overflow(json.len, 2, &len) ||
	    __builtin_add_overflow(len, quote.len, &len) || __builtin_add_overflow(len, 1, &len))
		return SELFSAME_ERROR_ARGUMENT;
	if ((r->input = malloc(len)) == NULL)
		return SELFSAME_ERROR_MEMORY;
	memcpy(r->input, quote.p, quote.len);
	quote.p = r->input;
	if (json.p != NULL) {
		memcpy(r->input + quote.len, json.p, json.len);
		json.p = r->input + quote.len;
	}
	verify(cache, quote, json, root, r);
	if (r->tdx.reason == TDX_INTERNAL)
		return SELFSAME_ERROR_MEMORY;
	if (!tdx_holds(&r->tdx))
		return 0;
	write_date(r);
	return copy_advisories(r);
}

int
selfsame_quote_verify(const void *quote, size_t quote_len, const char *collateral,
		      size_t collateral_len, const void *root, size_t root_len, int64_t at,
		      selfsame_result **ret)
{
	return selfsame_quote_verify_cached(NULL, quote, quote_len, collateral, collateral_len,
					    root, root_len, at, ret);
}

int
selfsame_quote_verify_cached(selfsame_cache *cache, const void *quote, size_t quote_len,
			     const char *collateral, size_t collateral_len, const void *root,
			     size_t root_len, int64_t at, selfsame_result **ret)
{
	const struct bytes json = {(const uint8_t *)collateral,
				   collateral != NULL ? collateral_len : 0};
	struct selfsame_result *result = NULL;
	struct root trusted;
	int r;

	if (ret == NULL)
		return SELFSAME_ERROR_ARGUMENT;
	*ret = NULL;
	if (quote == NULL || collateral_len > COLLATERAL_JSON_MAX)
		return SELFSAME_ERROR_ARGUMENT;
	if ((r = read_root(root, root_len, &trusted)) != 0)
		return r;
	if ((result = calloc(1, sizeof *result)) == NULL)
		return SELFSAME_ERROR_MEMORY;
	result->at = at;
	if ((r = fill(cache, (struct bytes){quote, quote_len}, json, trusted.der, result)) == 0) {
		*ret = result;
		result = NULL; /* transferred */
	}
	selfsame_result_free(result);
	return r;
}

int
selfsame_cache_new(size_t platforms, size_t bundles, selfsame_cache **ret)
{
	const size_t size = tdx_cache_size(platforms, bundles);
	struct selfsame_cache *cache;

	if (ret == NULL)
		return SELFSAME_ERROR_ARGUMENT;
	*ret = NULL;
	if (size == 0)
		return SELFSAME_ERROR_ARGUMENT;
	if ((cache = calloc(1, sizeof *cache)) == NULL)
		return SELFSAME_ERROR_MEMORY;
	if ((cache->room = malloc(size)) == NULL) {
		free(cache);
		return SELFSAME_ERROR_MEMORY;
	}
	if ((cache->tdx = tdx_cache_open(cache->room, platforms, bundles)) == NULL) {
		selfsame_cache_free(cache);
		return SELFSAME_ERROR_ARGUMENT;
	}
	*ret = cache;
	return 0;
}

void
selfsame_cache_free(selfsame_cache *cache)
{
	if (cache == NULL)
		return;
	if (cache->tdx != NULL)
		tdx_cache_close(cache->tdx);
	free(cache->room);
	free(cache);
}

void
selfsame_result_free(selfsame_result *result)
{
	if (result == NULL)
		return;
	free(result->input);
	free(result->advisory_text);
	free(result);
}
