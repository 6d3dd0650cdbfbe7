/* The list of checks that a verdict is made of. */
#ifndef SELFSAME_CLI_CHECKS_H
#define SELFSAME_CLI_CHECKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tdx/verify.h"

enum check_id {
#define CHECK(id, name, code, remedy) id,
#include "cli/checks.def"
#undef CHECK
	CHECKS_COUNT
};

enum check_result { CHECK_PASSED, CHECK_FAILED, CHECK_NOT_CHECKED };

#define CHECK_DETAIL_MAX 240
#define CHECKS_MAX 96

struct check {
	const char *name;
	enum check_result result;
	const char *code; /* of a failure, else "" */
	const char *remedy; /* of a failure, else "" */
	char detail[CHECK_DETAIL_MAX]; /* may hold outside text: print it escaped */
};

/* Starts as "refuse": zero bytes are a verdict that nothing was checked. */
struct verdict {
	int simulated;
	int development;
	int unreached; /* a check that must be made was not, because an earlier one failed */
	size_t count;
	struct check check[CHECKS_MAX];
};

void check_pass(struct verdict *v, enum check_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);
void check_fail(struct verdict *v, enum check_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Not checked, for a reason that does not stand against the evidence. */
void check_skip(struct verdict *v, enum check_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Not checked because an earlier failure left nothing to check. */
void check_unreached(struct verdict *v, enum check_id id);

/* A failure with a code and a remedy of its own. */
void check_fail_reason(struct verdict *v, enum check_id id, enum tdx_reason reason,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The steps of a quote's verification; why_unevaluated tells of those that need collateral. */
void check_quote_steps(struct verdict *v, const struct tdx_result *r, const char *why_unevaluated);

/* The first failure, or NULL. */
const struct check *verdict_failure(const struct verdict *v);

/* Whether something passed, nothing failed and nothing was left out. */
int verdict_accepts(const struct verdict *v);

#endif
