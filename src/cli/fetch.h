/*
 * GET of an attestation by URL: https anywhere (the peer's key is compared with
 * the attested one instead of a CA's word), http to loopback only. No
 * redirects, no proxies, bounded in size and time.
 */
#ifndef SELFSAME_CLI_FETCH_H
#define SELFSAME_CLI_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "cli/transfer.h"

/* Whether an argument is a URL at all. */
int fetch_is_url(const char *text);

/*
 * The whole URL: /attestation is added to a base, the nonce to a query without
 * one. A nonce that the URL has already must be the one given, and is returned
 * when none is.
 *
 * Returns: 0, ERR_PARSE (no URL), ERR_RANGE (http beyond loopback, another scheme, a name and
 *          password in it), ERR_CONFLICT (two nonces), ERR_MEM; *problem says it
 * In/Out:  nonce  up to 64 bytes, *nonce_len 0 when there is none yet
 * Owns:    *ret is the caller's, free()
 */
int fetch_url(const char *text, uint8_t nonce[64], size_t *nonce_len, char **ret,
    const char **problem) MUST_USE;

/* How a whole URL is asked; url is borrowed. */
struct transfer_request fetch_request(const char *url);

/* What came of it: ERR_RPC is an HTTP status that is not 200. */
int fetch_result(int err, const struct transfer_answer *answer);

/*
 * Returns: 0, ERR_RPC (an HTTP status that is not 200) or what transfer_run() does;
 *          ret->problem says it
 * Owns:    *ret needs transfer_free() in any case
 */
int fetch_get(const char *url, struct transfer_answer *ret) MUST_USE;

#endif
