/* Every check of every kind of evidence says what it protects from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/checks.h"
#include "cli/explain.h"
#include "evidence/bound_evidence.h"
#include "evidence/cs_token.h"
#include "evidence/dstack.h"
#include "tdx/policy.h"
#include "base/banned.h"

static void
assert_explained(const char *name)
{
	if (explain_check(name) == NULL)
		fail_msg("explain.def has no %s", name);
}

static void
test_every_check(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CHECKS_COUNT; i++)
		assert_explained(check_name((enum check_id)i));
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		assert_explained(tdx_step_name((enum tdx_step)i));
	for (unsigned i = TDX_POLICY_EVIDENCE + 1; i < TDX_POLICY_STEPS_COUNT; i++)
		assert_explained(tdx_policy_step_name((enum tdx_policy_step)i));
	for (unsigned i = 0; i < DSTACK_STEPS_COUNT; i++)
		assert_explained(dstack_step_name((enum dstack_step)i));
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++)
		assert_explained(bound_step_name((enum bound_step)i));
	for (unsigned i = 0; i < CS_STEPS_COUNT; i++)
		assert_explained(cs_step_name((enum cs_step)i));
}

static void
test_options(void **state)
{
	(void)state;
	assert_non_null(explain_option("image"));
	assert_null(explain_option("quote-signature"));
	assert_null(explain_option("nothing"));
	assert_null(explain_check("nothing"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_check),
	    cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
