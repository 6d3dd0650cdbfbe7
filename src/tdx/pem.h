/* PEM certificates in their one canonical form (RFC 7468, strict, LF). */
#ifndef SELFSAME_TDX_PEM_H
#define SELFSAME_TDX_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/*
 * Take one certificate off the reader: armour lines exact, base64 lines of 64
 * characters but the last, canonical padding, each line ended by LF.
 *
 * Returns: 0, ERR_PARSE or ERR_SPACE (longer than cap); the reader moves only on success
 */
int pem_take_certificate(struct reader *r, uint8_t *ret, size_t cap, size_t *ret_len) MUST_USE;

/*
 * Text as pem_take_certificate() reads it: each line ended by LF, without empty ones. For
 * text whose line ends nobody signed and proxies, editors and header decoders change.
 */
void pem_write_lines(struct writer *w, struct bytes text);

/* Matched by pem_take_certificate(). */
void pem_write_certificate(struct writer *w, const uint8_t *der, size_t len);

#endif
