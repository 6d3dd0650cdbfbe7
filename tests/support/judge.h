/*
 * The verifier's verdict on a scenario, by the door that everybody uses:
 * collateral_read() and tdx_verify(). Each is judged a second time under
 * Intel's root, which must refuse it, and by a verifier with a cache, which must
 * say the same in every respect. Fails the test that calls it.
 */
#ifndef SELFSAME_TESTS_JUDGE_H
#define SELFSAME_TESTS_JUDGE_H

#include <stdint.h>

#include "support/scenario.h"
#include "tdx/verify.h"

/* Valid until the next call. */
const struct tdx_result *judge(const struct scenario *s, int64_t at);

/*
 * Evidence that holds: status, tcbDate and advisories (all of them, sorted,
 * with a space between) of the result, which are those of launch.
 */
void assert_holds(const struct scenario *s, const char *status, const char *date,
    const char *advisories);

/* Evidence that does not hold, for this reason at this step. */
void assert_refused(const struct scenario *s, enum tdx_reason reason, enum tdx_step step);

/* One evaluation of a result. */
void assert_evaluation(const struct tdx_evaluation *e, const char *status, const char *date,
    const char *advisories);

#endif
