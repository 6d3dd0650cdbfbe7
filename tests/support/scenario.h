/*
 * A simulated machine and what Intel would publish about it: a quote with all
 * the collateral that judges it, under the simulated root. scenario_begin()
 * gives a machine that is up to date; a test changes what it is about, then
 * scenario_make() signs everything again. The verifier under test sees bytes
 * only.
 */
#ifndef SELFSAME_TESTS_SCENARIO_H
#define SELFSAME_TESTS_SCENARIO_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "support/crl_writer.h"
#include "support/tcb_text.h"
#include "tee/simulated_quote.h"

/* 2026-05-28T20:26:40Z, inside every window of scenario_begin(). */
#define SCENARIO_NOW INT64_C(1780000000)

#define SCENARIO_QUOTE_MAX 20480
#define SCENARIO_BUNDLE_MAX 65536

/* What has dates. The five that are certificates come first. */
enum scenario_item {
	ITEM_PCK,
	ITEM_CA,
	ITEM_ROOT,
	ITEM_TCB_SIGNER,
	ITEM_QE_SIGNER,
	ITEM_CERTIFICATES_COUNT,
	ITEM_ROOT_CRL = ITEM_CERTIFICATES_COUNT,
	ITEM_PCK_CRL,
	ITEM_TCB_INFO,
	ITEM_QE_IDENTITY,
	ITEM_COUNT
};

struct scenario_window {
	int64_t start;
	int64_t end;
};

/* Replace the first `from` by `to`; from NULL: nothing. */
struct scenario_edit {
	const char *from;
	const char *to;
};

/* Which signatures (r, s) to turn into (r, n - s). */
enum scenario_malleated {
	MALLEATED_QUOTE = 1,
	MALLEATED_QE_REPORT = 2,
	MALLEATED_TCB_INFO = 4,
	MALLEATED_QE_IDENTITY = 8
};

struct scenario {
	struct scenario_window window[ITEM_COUNT];

	/* the machine */
	struct pck_platform platform;
	enum simulated_role ca; /* who issued the PCK */
	struct simulated_quote quote;
	size_t trailing; /* zero bytes behind the quote */

	/* who revoked what; the CRL of a CA that is not the PCK's can be given out */
	int revoked[ITEM_CERTIFICATES_COUNT];
	enum simulated_role pck_crl_issuer;
	enum simulated_role root_crl_issuer;
	int crl_without_number;
	int crl_without_authority_id;

	/* what is published, and by whom: SIMULATED_TCB_SIGNER, or whose role is wrong */
	struct tcb_info_spec tcb;
	struct qe_identity_spec qe;
	enum simulated_role signer[2]; /* of TCB info, of QE identity; issued by the root, or: */
	int signer_through_ca; /* issued by the CA, which then is in their chains */
	struct scenario_edit tcb_edit; /* before it is signed */
	struct scenario_edit qe_edit;
	struct scenario_edit bundle_edit; /* after all is signed */
	unsigned malleated; /* enum scenario_malleated */
};

/*
 * An up-to-date machine: v4 with tee_tcb_svn 06 01 03, whose TDX components
 * fall short of the newest level at index 0, as on real ones (its module is
 * judged by TDX_01); four platform levels, newest first.
 *
 * Returns: 0 or ERR_CRYPTO
 */
int scenario_begin(struct scenario *ret) MUST_USE;

/* What a verifier is given. */
struct scenario_evidence {
	size_t quote_len;
	uint8_t quote[SCENARIO_QUOTE_MAX];
	size_t root_len;
	uint8_t root[CERTIFICATE_MAX];
	struct buffer bundle; /* JSON in the form of dcap-qvl's QuoteCollateralV3 */
};

/*
 * Owns:    *ret needs scenario_free() in any case
 * Returns: 0, ERR_CRYPTO, ERR_SPACE, ERR_MEM, or ERR_NOT_FOUND (nothing to edit)
 */
int scenario_make(const struct scenario *s, struct scenario_evidence *ret) MUST_USE;

void scenario_free(struct scenario_evidence *e);

#endif
