/* The list of checks that a verdict is made of. */
#ifndef SELFSAME_CLI_CHECKS_H
#define SELFSAME_CLI_CHECKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tdx/step_list.h"
#include "tdx/verify.h"

enum check_id {
#define CHECK(id, name, code, class, remedy) id,
#include "cli/checks.def"
#undef CHECK
	CHECKS_COUNT
};

enum check_result { CHECK_PASSED, CHECK_FAILED, CHECK_NOT_CHECKED };

#define CHECK_DETAIL_MAX 240
#define CHECKS_MAX 192

struct check {
	const char *name;
	enum check_result result;
	int required; /* not checked, and nothing is accepted without it */
	const char *code; /* of a failure or of not checking, else "" */
	const char *class; /* the class word of the code, or "" */
	const char *remedy; /* of a failure, else "" */
	char detail[CHECK_DETAIL_MAX]; /* may hold outside text: print it escaped */
};

/* Starts as "refuse": zero bytes are a verdict that nothing was checked. */
struct verdict {
	int simulated;
	int development;
	int overflowed; /* there were more checks than room */
	size_t count;
	struct check check[CHECKS_MAX];
};

void check_pass(struct verdict *v, enum check_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);
void check_fail(struct verdict *v, enum check_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Not checked, for a reason that does not stand against the evidence. */
void check_skip(struct verdict *v, enum check_id id, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Not checked because an earlier failure left nothing to check: nothing is accepted without it. */
void check_unreached(struct verdict *v, enum check_id id);

/* Not checked, and nothing is accepted without it: for a reason of its own. */
void check_missing(struct verdict *v, enum check_id id, enum tdx_reason reason,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* A failure with a code and a remedy of its own. */
void check_fail_reason(struct verdict *v, enum check_id id, enum tdx_reason reason,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/*
 * The result of one of the verifiers in tdx/ and evidence/, whose results are all of one form.
 * A kind of evidence is a row like this one.
 */
struct steps {
	unsigned first; /* steps before it are not shown */
	const struct step_list *list;
	const struct tdx_check *check; /* one per step of the list */
	int holds; /* the verifier's own verdict */
	unsigned blocking; /* when it does not hold: the step that it does not hold for */
	const char *uncollateralled; /* said of steps that lack collateral */
};

void check_steps(struct verdict *v, const struct steps *steps);

/* Append ": ..." to the detail of the check of this name that was made last, if there is one. */
void check_add_detail(struct verdict *v, const char *name, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* What decides a refusal: the first failure, else what must be checked and was not; or NULL. */
const struct check *verdict_refusal(const struct verdict *v);

/* Whether something passed, nothing failed and nothing that must be checked was left out. */
int verdict_accepts(const struct verdict *v);

/* The check of this name that was made last, or NULL. */
const struct check *verdict_find(const struct verdict *v, const char *name);

const char *check_name(enum check_id id);

#endif
