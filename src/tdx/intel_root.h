/*
 * The one production trust anchor: "Intel SGX Root CA", valid 2018-05-21 to
 * 2049-12-31, SHA-256 of its DER
 * 44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3.
 * Published at https://certificates.trustedservices.intel.com.
 */
#ifndef SELFSAME_TDX_INTEL_ROOT_H
#define SELFSAME_TDX_INTEL_ROOT_H

#include "base/bytes.h"

/* The whole certificate, DER. */
struct bytes intel_root_der(void);

/*
 * Whether this very certificate (whole DER) is one that the root is known to have
 * signed: the CAs of PCK certificates and the TCB signer, which stand in every
 * chain. That a signature verifies does not change, so there is no need to find
 * it out each time. Not a list of what is trusted: any other certificate has its
 * signature checked, and roles, dates and revocation are checked of all.
 */
int intel_root_has_signed(struct bytes certificate);

#endif
