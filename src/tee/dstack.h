/*
 * A dstack guest: quotes from its agent (v0 GetQuote, or Tappd on old images),
 * with the event log, the machine's configuration and the compose file that
 * tie them to an image.
 *
 * RTMR3 is the system's here. Up to 0.5.11 an application can add to it, and we
 * add one event, DSTACK_EVENT, whose payload is the RTMR3 that our own log
 * gives: it stands behind system-ready, where any process that reaches the
 * agent can write, so that it is a trace and proves nothing by itself.
 */
#ifndef SELFSAME_TEE_DSTACK_H
#define SELFSAME_TEE_DSTACK_H

#include "tee/tee.h"

#define DSTACK_EVENT "selfsame.boot"

extern const struct tee_platform dstack_platform;

#endif
