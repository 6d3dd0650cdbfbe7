/*
 * Extension 1.2.840.113741.1.13.1 of a PCK certificate: what it says about the
 * platform. Seven entries under the Platform CA, five under the Processor CA.
 */
#ifndef SELFSAME_TEE_PCK_EXTENSION_H
#define SELFSAME_TEE_PCK_EXTENSION_H

#include "base/bytes.h"
#include "tdx/pck.h"

/* The whole extension. Matched by pck_chain_parse(). */
void pck_extension_write(struct writer *w, const struct pck_platform *platform);

#endif
