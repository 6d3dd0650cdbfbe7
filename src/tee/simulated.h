/*
 * A TEE that is none: structurally exact TDX quotes (v4, TD report 1.0) signed
 * under the development hierarchy of tee/simulated_pki.h, for development and
 * tests on machines without TDX. It proves nothing about the machine, and
 * verifies only for who names its root.
 */
#ifndef SELFSAME_TEE_SIMULATED_H
#define SELFSAME_TEE_SIMULATED_H

#include "tee/tee.h"

extern const struct tee_platform simulated_platform;

#endif
