/*
 * Which machine of Google Compute Engine an attestation key belongs to, as Google
 * certified it: extension 1.3.6.1.4.1.11129.2.1.21 of the key's certificate.
 *
 *   SEQUENCE { zone UTF8String, projectNumber INTEGER, projectId UTF8String,
 *              instanceId INTEGER, instanceName UTF8String,
 *              [0] SEQUENCE { [0] securityVersion INTEGER, [1] isProduction BOOLEAN, ... } }
 *
 * EigenCompute names an app's instance after the app: the part behind the last "-" is
 * the app's id. Source: Layr-Labs/go-tpm-tools, internal/cert.go; eigenx-kms, pkg/utils/gce.go.
 */
#ifndef SELFSAME_EVIDENCE_INSTANCE_H
#define SELFSAME_EVIDENCE_INSTANCE_H

#include <stdint.h>

#include <openssl/x509.h>

#include "base/attr.h"
#include "base/bytes.h"

#define INSTANCE_DER_MAX 1024

/* The runs borrow. Texts are printable ASCII. */
struct instance {
	struct bytes zone;
	struct bytes project_id;
	struct bytes name;
	uint64_t project_number;
	uint64_t id;
	int is_production;
	int has_app_id;
	uint8_t app_id[20];
};

/* The app's id at the end of an instance's name. Returns: 0 or ERR_NOT_FOUND */
int instance_app_id(struct bytes name, uint8_t ret[20]) MUST_USE;

/* From the extension's content. Returns: 0 or ERR_PARSE */
int instance_parse(struct bytes extension, struct instance *ret) MUST_USE;

/*
 * The content of the extension of a certificate, whose chain is the caller's to check.
 *
 * Returns: 0, ERR_NOT_FOUND (no such extension, or twice), ERR_SPACE
 */
int instance_extension(const X509 *certificate, uint8_t ret[INSTANCE_DER_MAX], size_t *ret_len)
    MUST_USE;

#endif
