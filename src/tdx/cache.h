/*
 * Verification that remembers: of quotes that come again and again from the
 * same platforms only the quote's own signature is left to check.
 *
 * Kept are a platform's PCK chain with its revocation list, its quoting enclave
 * with the attestation key, and collateral; only what has passed, found again
 * by all the bytes it was made of, signatures and trusted root included. Dates,
 * revocation and TCB are judged anew at every use, so that a cached verdict
 * never outlives what it rests on: tdx_verify_cached() answers what
 * tdx_verify() would.
 *
 * The memory is the caller's. One cache is for one thread at a time. What does
 * not fit (CACHE_*_MAX) is verified without being kept.
 */
#ifndef SELFSAME_TDX_CACHE_H
#define SELFSAME_TDX_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/verify.h"

#define CACHE_PLATFORM_MAX 49152 /* bytes of root, chain, list and enclave */
#define CACHE_COLLATERAL_MAX 98304 /* bytes of root and bundle */

struct tdx_cache;

/* Bytes that a cache of so many platforms and bundles takes; 0: too many. */
size_t tdx_cache_size(size_t platforms, size_t bundles);

/*
 * In:      memory  of tdx_cache_size() bytes, aligned as malloc() does; at least one of each
 * Returns: the cache, within memory; NULL when the numbers are out of range
 * Owns:    keys of the cryptographic library: tdx_cache_close() before memory goes
 */
struct tdx_cache *tdx_cache_open(void *memory, size_t platforms, size_t bundles) MUST_USE;

void tdx_cache_close(struct tdx_cache *cache);

/* As tdx_verify(). */
void tdx_verify_cached(struct tdx_cache *cache, struct bytes quote,
    const struct collateral *collateral, struct bytes root_der, int64_t at,
    struct tdx_result *ret);

#endif
