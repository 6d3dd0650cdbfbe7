/*
 * SHA-2 over a list of byte runs, in order and without separators: what every
 * hash of quotes, statements and event logs here is. No heap.
 */
#ifndef SELFSAME_TDX_DIGEST_H
#define SELFSAME_TDX_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

int digest_sha256(const struct bytes *parts, size_t count, uint8_t ret[32]) MUST_USE;
int digest_sha384(const struct bytes *parts, size_t count, uint8_t ret[48]) MUST_USE;
int digest_sha512(const struct bytes *parts, size_t count, uint8_t ret[64]) MUST_USE;

#endif
