#include "cli/collateral_source.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cli/collateral_cache.h"
#include "cli/input.h"
#include "tdx/p256.h"
#include "base/banned.h"

enum tdx_reason
collateral_subject_of(struct bytes quote, struct bytes root_der, struct collateral_subject *ret)
{
	struct pck_chain *chain = malloc(sizeof *chain);
	struct bytes points;
	struct tdx_quote q;
	struct p256 p256 = {.key = NULL};
	enum tdx_reason reason;

	if (chain == NULL)
		return TDX_INTERNAL;
	if ((reason = quote_parse(quote, &q)) != TDX_HOLDS ||
	    (reason = pck_chain_parse(q.pck_chain, chain)) != TDX_HOLDS ||
	    (reason = pck_root_is(chain, root_der)) != TDX_HOLDS ||
	    (reason = pck_chain_verify(chain, &p256)) != TDX_HOLDS)
		goto out;
	points = chain->certificate[PCK_ROOT].crl_points;
	ret->platform = chain->platform;
	ret->root_points_len = points.len <= sizeof ret->root_points ? points.len : 0;
	memcpy(ret->root_points, points.p, ret->root_points_len);
out:
	p256_close(&p256);
	free(chain);
	return reason;
}

enum tdx_reason
collateral_flaw(const struct bundle *b, struct bytes quote, struct bytes root_der, int64_t at,
		struct tdx_result *ret)
{
	static const enum tdx_step needed[] = {
	    TDX_STEP_ROOT_CRL,	  TDX_STEP_PCK_CRL,  TDX_STEP_TCB_SIGNER,	  TDX_STEP_TCB_INFO,
	    TDX_STEP_QE_DOCUMENT, TDX_STEP_PLATFORM, TDX_STEP_COLLATERAL_VALIDITY};

	tdx_verify(quote, &b->collateral, root_der, at, ret);
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (ret->check[needed[i]].outcome != TDX_PASSED)
			return ret->check[needed[i]].reason;
	return TDX_HOLDS;
}

static int
is_usable(const struct bundle *b, struct bytes quote, struct bytes root_der, int64_t at)
{
	struct tdx_result *r = malloc(sizeof *r);
	int usable = r != NULL && collateral_flaw(b, quote, root_der, at, r) == TDX_HOLDS;

	free(r);
	return usable;
}

static int
read_file(const char *path, struct bundle *ret, char *problem)
{
	const char *field = NULL, *why;
	struct buffer json;
	int r = input_read(path, &json);

	why = input_problem(r);
	if (r == 0) {
		r = bundle_open(&json, ret, &field);
		why = err_text(r);
	}
	buffer_free(&json);
	if (r != 0)
		(void)!snprintf(problem, PCS_PROBLEM_MAX, "%.200s: %s%s%s", path,
				field != NULL ? field : "", field != NULL ? ": " : "", why);
	return r;
}

/* *ret_fresh: not older than a day. Returns 0 when there is one that can be used. */
static int
read_cache(const struct collateral_source *s, const struct collateral_subject *subject,
	   struct bytes quote, struct bytes root_der, int64_t at, struct bundle *ret,
	   int *ret_fresh)
{
	const char *field;
	struct buffer json;
	int64_t written = 0, age;
	int r;

	if (s->cache == NULL)
		return ERR_NOT_FOUND;
	r = cache_read(s->cache, &subject->platform, s->service.update, &json, &written);
	if (r == 0)
		r = bundle_open(&json, ret, &field);
	if (r == 0 && !is_usable(ret, quote, root_der, at))
		r = ERR_STALE;
	buffer_free(&json);
	if (r != 0)
		bundle_free(ret);
	age = (int64_t)time(NULL) - written;
	*ret_fresh = age >= 0 && age < COLLATERAL_FRESH_SECONDS;
	return r;
}

static int
fetch(const struct collateral_source *s, const struct collateral_subject *subject,
      struct bytes quote, struct bytes root_der, int64_t at, struct bundle *ret, char *problem)
{
	struct bytes points = {subject->root_points, subject->root_points_len};
	const char *field = NULL;
	struct buffer json;
	int r;

	r = pcs_fetch(&s->service, &subject->platform, points, &json, problem);
	if (r == 0 && (r = bundle_open(&json, ret, &field)) != 0)
		(void)!snprintf(problem, PCS_PROBLEM_MAX, "the answers are no bundle: %s",
				err_text(r));
	/* a cache that cannot be written costs the next run a fetch, no more */
	if (r == 0 && s->cache != NULL && is_usable(ret, quote, root_der, at))
		(void)!cache_write(s->cache, &subject->platform, s->service.update, &ret->json);
	buffer_free(&json);
	return r;
}

static int
obtain_for(const struct collateral_source *s, const struct collateral_subject *subject,
	   struct bytes quote, struct bytes root_der, int64_t at, struct bundle *ret,
	   const char **ret_where, char *problem)
{
	struct bundle cached = {.memory = NULL};
	int fresh = 0, r;
	int has_cached = s->mode != COLLATERAL_FETCH &&
			 read_cache(s, subject, quote, root_der, at, &cached, &fresh) == 0;

	if (has_cached && (fresh || s->mode == COLLATERAL_OFFLINE)) {
		*ret = cached;
		*ret_where = "cached";
		return 0;
	}
	if (s->mode == COLLATERAL_OFFLINE) {
		(void)!snprintf(problem, PCS_PROBLEM_MAX,
				"offline, and nothing valid is cached for this platform: fetch it "
				"where there is a network (selfsame collateral fetch --out FILE) "
				"and give it with --collateral FILE");
		return ERR_NOT_FOUND;
	}
	*ret_where = "fetched";
	if ((r = fetch(s, subject, quote, root_der, at, ret, problem)) == 0) {
		bundle_free(&cached);
	} else if (has_cached) {
		bundle_free(ret);
		*ret = cached; /* transferred */
		*ret_where = "cached; the service could not be asked for newer";
		r = 0;
	}
	return r;
}

int
collateral_obtain(const struct collateral_source *s, struct bytes quote, struct bytes root_der,
		  int64_t at, struct bundle *ret, const char **ret_where,
		  char problem[PCS_PROBLEM_MAX])
{
	struct collateral_subject subject;
	enum tdx_reason reason;

	*ret = (struct bundle){.memory = NULL};
	*ret_where = "from the file";
	if (s->file != NULL)
		return read_file(s->file, ret, problem);
	if ((reason = collateral_subject_of(quote, root_der, &subject)) != TDX_HOLDS) {
		(void)!snprintf(problem, PCS_PROBLEM_MAX,
				"the quote does not say whose collateral it needs: %s",
				reason_text(reason));
		return ERR_EVIDENCE;
	}
	return obtain_for(s, &subject, quote, root_der, at, ret, ret_where, problem);
}
