/* A collateral bundle that owns its bytes, wherever it came from: file, service or cache. */
#ifndef SELFSAME_CLI_BUNDLE_H
#define SELFSAME_CLI_BUNDLE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "tdx/collateral.h"

struct bundle {
	struct buffer json;
	uint8_t *memory; /* where the runs point */
	struct collateral collateral;
};

/*
 * Take a bundle's JSON over and read it.
 *
 * Returns: 0, ERR_MEM or what collateral_read() does; *ret_field is the member at fault or NULL
 * Owns:    *ret needs bundle_free() in any case; json is empty afterwards
 */
int bundle_open(struct buffer *json, struct bundle *ret, const char **ret_field) MUST_USE;

void bundle_free(struct bundle *bundle);

#endif
