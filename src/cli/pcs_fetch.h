/*
 * A platform's collateral from Intel's service or a PCCS, as one bundle. What
 * arrives is a claim of that service and the network: tdx/verify.h judges it.
 */
#ifndef SELFSAME_CLI_PCS_FETCH_H
#define SELFSAME_CLI_PCS_FETCH_H

#include <stdio.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "cli/pcs.h"

#define PCS_PROBLEM_MAX 512

struct pcs_service {
	char base[PCS_URL_MAX]; /* pcs_base() */
	const char *ca_file; /* whom TLS trusts; NULL: the system's authorities */
	enum pcs_update update;
	FILE *progress; /* a line for each document; NULL: none */
};

/*
 * In:      platform   whose collateral; fmspc and ca count
 *          root_points  CRLDistributionPoints of the platform's root certificate
 * Returns: 0, or the first failure, with what to do about it in problem
 * Owns:    ret is the caller's, buffer_free(): the bundle's JSON
 */
int pcs_fetch(const struct pcs_service *service, const struct pck_platform *platform,
    struct bytes root_points, struct buffer *ret, char problem[PCS_PROBLEM_MAX]) MUST_USE;

#endif
