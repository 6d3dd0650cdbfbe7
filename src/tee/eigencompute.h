/*
 * EigenCompute, and stock Google Confidential Space images: evidence from the
 * launcher on its Unix socket. Bound evidence (TPM quote, TDX quote, event
 * logs) where the launcher has it; else a token that Google signs, as PKI, else
 * as OIDC. Which of them is settled at the start and does not fall back later:
 * a launcher that fails once must not make the proof weaker.
 */
#ifndef SELFSAME_TEE_EIGENCOMPUTE_H
#define SELFSAME_TEE_EIGENCOMPUTE_H

#include "tee/tee.h"

/* Recorded bound evidence has up to 50 KB. */
#define BOUND_EVIDENCE_MAX 98304
#define SPACE_TOKEN_MAX 32768

extern const struct tee_platform eigencompute_platform;

#endif
