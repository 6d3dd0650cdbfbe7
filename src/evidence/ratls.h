/*
 * A certificate of RA-TLS as dstack makes them: an X.509 certificate that
 * carries evidence over its own key, in extensions 1.3.6.1.4.1.62397.1:
 *
 *   .1 the quote   .2 the event log   .3 the application's id   .4 what it may be used for
 *   .8 an attestation (evidence/dstack_blob.h) in the place of .1 and .2
 *
 * each a DER OCTET STRING inside of the extension's. The quote is over
 *
 *   report_data = SHA-512("ratls-cert:" || SubjectPublicKeyInfo)
 *
 * Any application can have a quote over such a hash: it binds the key to a machine, and
 * the event log says what runs there. Who signed the certificate is not looked at here.
 *
 * Source: Dstack-TEE/dstack, dstack/ra-tls/src/{oids,cert,attestation}.rs.
 */
#ifndef SELFSAME_EVIDENCE_RATLS_H
#define SELFSAME_EVIDENCE_RATLS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_evidence.h"
#include "json/reader.h"
#include "tdx/reason.h"

/* Runs borrow from the certificate; those of absent extensions are empty. */
struct ratls {
	struct bytes spki; /* SubjectPublicKeyInfo, DER */
	struct bytes quote;
	struct bytes event_log;
	struct bytes app_id;
	struct bytes usage; /* text: "app:custom", "app:ca", "kms:rpc" */
	struct bytes attestation;
};

/* Returns: TDX_HOLDS or DSTACK_EVIDENCE (no such certificate, or an extension twice) */
enum tdx_reason ratls_parse(struct bytes der, struct ratls *ret) MUST_USE;

/* What a quote over this key has to have. Returns: 0 or ERR_CRYPTO */
int ratls_report_data(struct bytes spki, uint8_t ret64[64]) MUST_USE;

/*
 * The evidence that a certificate carries, with the report data that it must have.
 *
 * Returns: as evidence/dstack_evidence.h says; also when there is none
 */
enum tdx_reason ratls_read_evidence(const struct ratls *certificate, struct dstack_evidence *ret,
    struct json_error *error) MUST_USE;

#endif
