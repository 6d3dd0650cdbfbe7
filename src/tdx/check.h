/* One check: made or not, and why it failed. "Not checked" is never "passed". */
#ifndef SELFSAME_TDX_CHECK_H
#define SELFSAME_TDX_CHECK_H

#include "base/err.h"
#include "tdx/reason.h"

enum tdx_outcome { TDX_NOT_CHECKED, TDX_PASSED, TDX_FAILED };

struct tdx_check {
	enum tdx_outcome outcome;
	enum tdx_reason reason; /* of a failure; of not checking: the reason why an earlier step
				 * left nothing to check */
};

static inline struct tdx_check
tdx_checked(enum tdx_reason reason)
{
	return (struct tdx_check){reason == TDX_HOLDS ? TDX_PASSED : TDX_FAILED, reason};
}

static inline struct tdx_check
tdx_not_checked(enum tdx_reason why)
{
	return (struct tdx_check){TDX_NOT_CHECKED, why};
}

/* Of a signature check that answers 0, ERR_SIGNATURE or another error. */
static inline enum tdx_reason
tdx_reason_of(int r, enum tdx_reason bad_signature)
{
	if (r == 0)
		return TDX_HOLDS;
	return r == ERR_SIGNATURE ? bad_signature : TDX_INTERNAL;
}

#endif
