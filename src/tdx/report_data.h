/*
 * What report data commits to: always the hash of a typed, domain-tagged
 * statement of ours, never bytes that a caller chose.
 *
 *   report_data = SHA-512("selfsame/statement/v1\0" || statement)
 *
 * with the statement as RFC 8785 JSON.
 */
#ifndef SELFSAME_TDX_REPORT_DATA_H
#define SELFSAME_TDX_REPORT_DATA_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

/* Returns: 0 or ERR_CRYPTO */
int report_data_of(struct bytes statement, uint8_t ret[64]) MUST_USE;

#endif
