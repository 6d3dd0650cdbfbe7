/*
 * The Idempotency-Key of a request whose answer is a new API key. The signer
 * derives the key from it, so it is a secret like the key itself: it is never
 * kept, and one that could be guessed is refused.
 *
 * A trade's key (routes_trade.c) is only a name and may be any text.
 */
#ifndef SELFSAME_GATEWAY_IDEMPOTENCY_H
#define SELFSAME_GATEWAY_IDEMPOTENCY_H

#include "base/attr.h"
#include "gateway/gateway.h"

#define IDEMPOTENCY_SECRET_MIN 22
#define IDEMPOTENCY_SECRET_MAX 128

/*
 * Read the header. Whether it is strong enough says the signer.
 *
 * Returns: 0, or ERR_PARSE after it answered the call
 * Out:     borrows from the request; p is NULL where there is none
 */
int idempotency_secret(struct call *c, struct bytes *ret) MUST_USE;

/* Whether the signer refused for a key that is too weak; then the call is answered. */
int idempotency_refused(struct call *c, const struct msg_refused *m);

#endif
