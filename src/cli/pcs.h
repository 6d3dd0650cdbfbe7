/*
 * The words of Intel's provisioning certification service (PCS, API v4), which
 * every caching service (PCCS) repeats: URLs, headers, encodings. No network
 * here; what is decoded is not believed, tdx/verify.h judges it.
 *
 * Source: Intel, PCS API v4; the PCCS of DCAP.
 */
#ifndef SELFSAME_CLI_PCS_H
#define SELFSAME_CLI_PCS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"
#include "tdx/pck.h"

/* Intel's own service, which is asked unless another one is named. */
#define PCS_INTEL "https://api.trustedservices.intel.com"

#define PCS_URL_MAX 512
#define PCS_CHAIN_MAX 16384

/* Intel publishes new TCB data early; the standard answers lag by up to a year. */
enum pcs_update { PCS_STANDARD, PCS_EARLY };

enum pcs_document {
	PCS_PCK_CRL, /* DER; a PCCS may answer its hex */
	PCS_ROOT_CRL, /* the same; Intel has it at the root certificate's CRL point only */
	PCS_TCB_INFO, /* {"tcbInfo":{...},"signature":"..."} */
	PCS_QE_IDENTITY /* {"enclaveIdentity":{...},"signature":"..."} */
};

/*
 * The part of a URL before the API's paths: no slash at the end, and no
 * "/sgx/certification/v4", with which the settings of Intel's own clients end.
 *
 * Returns: 0, ERR_RANGE (too long, a query) or ERR_UNSUPPORTED (another API version)
 */
int pcs_base(const char *url, char ret[PCS_URL_MAX]) MUST_USE;

/* Whether it is Intel's service, which has no root CRL of its own. */
int pcs_is_intel(const char *base);

/* Returns: 0 or ERR_SPACE */
int pcs_url(const char *base, enum pcs_document document, const struct pck_platform *platform,
    enum pcs_update update, char ret[PCS_URL_MAX]) MUST_USE;

/* The header that brings a document's issuer chain, and its older name; NULL without one. */
const char *pcs_chain_header(enum pcs_document document);
const char *pcs_chain_header_v3(enum pcs_document document);

/* "platform" or "processor" */
const char *pcs_ca_name(enum pck_ca ca);

/*
 * An issuer chain out of its header: PEM in percent-encoding. "+" is itself, not a space.
 *
 * Returns: 0, ERR_PARSE (encoding, or not the characters of PEM) or what the buffer says
 */
int pcs_chain_decode(struct bytes value, struct buffer *ret) MUST_USE;

/*
 * A revocation list as DER, from DER or from hex.
 *
 * Returns: 0, ERR_PARSE (neither) or what the buffer says
 */
int pcs_crl_decode(struct bytes body, struct buffer *ret) MUST_USE;

/*
 * The first URL of a certificate's CRLDistributionPoints (RFC 5280, 4.2.1.13).
 *
 * In:      points  the extension's content
 * Returns: 0, ERR_PARSE, ERR_SPACE
 */
int pcs_crl_point(struct bytes points, char ret[PCS_URL_MAX]) MUST_USE;

#endif
