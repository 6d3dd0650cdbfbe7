/*
 * The chain of whoever signed TCB info or QE identity: exactly signer and root.
 * A PCK certificate also chains to Intel's root, so the role is checked, and the
 * root is compared as a whole certificate.
 */
#ifndef SELFSAME_TDX_TCB_SIGNER_H
#define SELFSAME_TDX_TCB_SIGNER_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/certificate.h"
#include "tdx/reason.h"

/* The certificate points into der: not to be copied or moved. */
struct tcb_signer {
	struct certificate certificate;
	uint8_t der[CERTIFICATE_MAX];
};

/* Returns: TDX_HOLDS, TDX_TCB_SIGNER or TDX_INTERNAL */
enum tdx_reason tcb_signer_verify(struct bytes pem, const struct certificate *root,
    struct p256 *p256, struct tcb_signer *ret) MUST_USE;

/*
 * A document's signature, over the bytes it is.
 *
 * Returns: 0, ERR_SIGNATURE (also when the signature is not 64 bytes) or ERR_CRYPTO
 */
int tcb_signer_signed(const struct tcb_signer *signer, struct bytes document,
    struct bytes signature, struct p256 *p256) MUST_USE;

#endif
