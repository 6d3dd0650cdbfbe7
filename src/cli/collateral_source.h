/*
 * Where the collateral for a quote comes from: a file, the cache, or the
 * service. All of it is judged after it was read, wherever it lay.
 */
#ifndef SELFSAME_CLI_COLLATERAL_SOURCE_H
#define SELFSAME_CLI_COLLATERAL_SOURCE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "cli/bundle.h"
#include "cli/pcs_fetch.h"
#include "tdx/verify.h"

enum collateral_mode {
	COLLATERAL_USUAL, /* cached if fresh, else fetched, else what is cached */
	COLLATERAL_FETCH, /* fetched, whatever is cached */
	COLLATERAL_OFFLINE /* cached or not at all */
};

/* How fresh: Intel's documents are valid for 30 days, but a revocation should be seen sooner. */
#define COLLATERAL_FRESH_SECONDS 86400

struct collateral_source {
	enum collateral_mode mode;
	const char *file; /* NULL: none; else nothing else is asked */
	const char *cache; /* directory; NULL: none is kept */
	struct pcs_service service;
};

/* Whose collateral: what the verified PCK certificate of a quote says. */
struct collateral_subject {
	struct pck_platform platform;
	uint8_t root_points[512]; /* CRLDistributionPoints of the root */
	size_t root_points_len;
};

/*
 * Find out whose collateral a quote needs: its PCK chain is verified up to the root, since
 * a forged one would make us ask for somebody else's.
 *
 * Returns: TDX_HOLDS, or why the quote does not say
 */
enum tdx_reason collateral_subject_of(struct bytes quote, struct bytes root_der,
    struct collateral_subject *ret) MUST_USE;

/*
 * What keeps a bundle from judging this quote at that time: TDX_HOLDS when nothing does, however
 * it then judges it.
 *
 * Out:     ret  the whole result
 */
enum tdx_reason collateral_flaw(const struct bundle *bundle, struct bytes quote,
    struct bytes root_der, int64_t at, struct tdx_result *ret);

/*
 * Get the bundle. *ret_where says in a few words where it came from.
 *
 * Returns: 0; ERR_NOT_FOUND (offline, and nothing is cached); the failures of reading and of
 *          pcs_fetch(); problem says what and what to do
 * In:      at  when the quote is judged: a cached bundle must be valid then
 * Owns:    *ret needs bundle_free() in any case
 */
int collateral_obtain(const struct collateral_source *source, struct bytes quote,
    struct bytes root_der, int64_t at, struct bundle *ret, const char **ret_where,
    char problem[PCS_PROBLEM_MAX]) MUST_USE;

#endif
