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

#endif
