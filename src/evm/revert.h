/* What a call gave back when it failed, for a person. */
#ifndef SELFSAME_EVM_REVERT_H
#define SELFSAME_EVM_REVERT_H

#include "base/bytes.h"

#define REVERT_TEXT_MAX 200

/*
 * Revert data: the reason of Error(string), the meaning of Panic(uint256), the
 * selector of a custom error. Printable ASCII (other bytes become '?'), cut to
 * the room; always ends with a NUL. Never fails.
 */
void revert_text(struct bytes data, char ret[REVERT_TEXT_MAX]);

#endif
