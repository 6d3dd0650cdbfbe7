/*
 * How levels become a status: every combination of platform, module and
 * quoting enclave, and of launch and now, on whole quotes. What must come out
 * is written out below from Intel's tables, not computed as the verifier does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "support/judge.h"
#include "base/banned.h"

#define MODULES 3
#define QES 5
#define PLATFORMS 7

static struct scenario scenario;

static const char *const platform_status[PLATFORMS] = {"UpToDate",
						       "SWHardeningNeeded",
						       "ConfigurationNeeded",
						       "ConfigurationAndSWHardeningNeeded",
						       "OutOfDate",
						       "OutOfDateConfigurationNeeded",
						       "Revoked"};
static const char *const module_status[MODULES] = {"UpToDate", "OutOfDate", "Revoked"};
static const char *const qe_status[QES] = {"UpToDate", "OutOfDate", "Revoked",
					   "ConfigurationNeeded", "OutOfDateConfigurationNeeded"};

/*
 * What module and QE do to the platform's status. The first three are the
 * columns of Intel's table; with the others we are stricter than Intel, where
 * such a QE changes nothing.
 */
enum effect { NOTHING, OUT_OF_DATE, REVOKED, CONFIGURATION, OUT_OF_DATE_CONFIGURATION, EFFECTS };

static const enum effect effects[MODULES][QES] = {
    {NOTHING, OUT_OF_DATE, REVOKED, CONFIGURATION, OUT_OF_DATE_CONFIGURATION},
    {OUT_OF_DATE, OUT_OF_DATE, REVOKED, OUT_OF_DATE_CONFIGURATION, OUT_OF_DATE_CONFIGURATION},
    {REVOKED, REVOKED, REVOKED, REVOKED, REVOKED},
};

static const char *const converged[PLATFORMS][EFFECTS] = {
    {"UpToDate", "OutOfDate", "Revoked", "ConfigurationNeeded", "OutOfDateConfigurationNeeded"},
    {"SWHardeningNeeded", "OutOfDate", "Revoked", "ConfigurationAndSWHardeningNeeded",
     "OutOfDateConfigurationNeeded"},
    {"ConfigurationNeeded", "OutOfDateConfigurationNeeded", "Revoked", "ConfigurationNeeded",
     "OutOfDateConfigurationNeeded"},
    {"ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded", "Revoked",
     "ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded"},
    {"OutOfDate", "OutOfDate", "Revoked", "OutOfDateConfigurationNeeded",
     "OutOfDateConfigurationNeeded"},
    {"OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded", "Revoked",
     "OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded"},
    {"Revoked", "Revoked", "Revoked", "Revoked", "Revoked"},
};

static int
setup(void **state)
{
	(void)state;
	return scenario_begin(&scenario);
}

static const char *
earliest(const char *a, const char *b)
{
	return strcmp(a, b) < 0 ? a : b;
}

/* Each of the three has the earliest date in some rows, and all three share an advisory. */
static void
test_converge(void **state)
{
	static const char *const platform_date[PLATFORMS] = {
	    "2024-01-10T00:00:00Z", "2024-03-10T00:00:00Z", "2024-05-10T00:00:00Z",
	    "2024-02-10T00:00:00Z", "2024-04-10T00:00:00Z", "2024-06-10T00:00:00Z",
	    "2024-07-10T00:00:00Z"};
	static const char *const module_date[MODULES] = {
	    "2024-05-20T01:02:03Z", "2024-02-20T01:02:03Z", "2024-03-20T01:02:03Z"};
	static const char *const qe_date[QES] = {"2024-06-15T23:59:59Z", "2024-02-15T23:59:59Z",
						 "2024-04-15T23:59:59Z", "2024-01-15T23:59:59Z",
						 "2024-03-15T23:59:59Z"};
	struct scenario s = scenario;
	unsigned rows = 0;

	(void)state;
	s.tcb.level_count = 1;
	s.tcb.identity[0].levels.count = 1;
	for (size_t p = 0; p < PLATFORMS; p++)
		for (size_t m = 0; m < MODULES; m++)
			for (size_t q = 0; q < QES; q++) {
				s.tcb.level[0].says =
				    (struct level_says){platform_status[p],
							platform_date[p],
							{"INTEL-SA-00300", "INTEL-SA-00099"}};
				s.tcb.identity[0].levels.level[0].says =
				    (struct level_says){module_status[m],
							module_date[m],
							{"INTEL-SA-00099", "INTEL-SA-00200"}};
				s.qe.levels.level[0].says =
				    (struct level_says){qe_status[q],
							qe_date[q],
							{"INTEL-SA-00099", "INTEL-DOC-10000"}};
				assert_holds(&s, converged[p][effects[m][q]],
					     earliest(platform_date[p],
						      earliest(module_date[m], qe_date[q])),
					     "INTEL-DOC-10000 INTEL-SA-00099 INTEL-SA-00200 "
					     "INTEL-SA-00300");
				rows++;
			}
	assert_int_equal(rows, 105);
}

#define EVALUATED 8 /* platform_status, and no level at all */
#define NO_LEVEL 7

/* Intel's rule of 2026; NULL: the launch status. Rows: launch; columns: current. */
static const char *const relaunched[EVALUATED][EVALUATED] = {
    [4] = {"TDRelaunchAdvised", "TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded",
	   "TDRelaunchAdvisedConfigurationNeeded", NULL, NULL, NULL, NULL},
    [5] = {"TDRelaunchAdvisedConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded",
	   "TDRelaunchAdvisedConfigurationNeeded", "TDRelaunchAdvisedConfigurationNeeded", NULL,
	   NULL, NULL, NULL},
};

/* Old modules, which the platform's level judges: launch 2, now 4, at index 0. */
static void
prepare_relaunch(struct scenario *s, size_t launch, size_t current)
{
	*s = scenario;
	s->quote.version = 5;
	s->quote.body_type = TD_BODY_15;
	memset(s->quote.body + TD_TEE_TCB_SVN, 0, 16);
	memset(s->quote.body + TD_TEE_TCB_SVN2, 0, 16);
	s->quote.body[TD_TEE_TCB_SVN] = launch == NO_LEVEL ? 1 : 2;
	s->quote.body[TD_TEE_TCB_SVN2] = current == NO_LEVEL ? 0 : 4;
	s->tcb.level_count = 0;
	if (current != NO_LEVEL)
		s->tcb.level[s->tcb.level_count++] = (struct platform_level_spec){
		    .tdx = {4},
		    .says = {platform_status[current], "2024-02-01T00:00:00Z", {"INTEL-SA-00002"}}};
	/* a level at all: an empty list is malformed */
	s->tcb.level[s->tcb.level_count++] =
	    (struct platform_level_spec){.tdx = {2},
					 .says = {platform_status[launch == NO_LEVEL ? 0 : launch],
						  "2023-02-01T00:00:00Z",
						  {"INTEL-SA-00001"}}};
}

static void
assert_relaunch(size_t launch, size_t current)
{
	const char *want = relaunched[launch][current];
	const struct tdx_result *r;
	struct scenario s;

	prepare_relaunch(&s, launch, current);
	if (launch == NO_LEVEL || current == NO_LEVEL) {
		assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
		return;
	}
	assert_holds(&s, want != NULL ? want : platform_status[launch], "2023-02-01T00:00:00Z",
		     "INTEL-SA-00001");
	r = judge(&s, SCENARIO_NOW);
	assert_evaluation(&r->launch, platform_status[launch], "2023-02-01T00:00:00Z",
			  "INTEL-SA-00001");
	assert_true(r->has_current);
	assert_evaluation(&r->current, platform_status[current], "2024-02-01T00:00:00Z",
			  "INTEL-SA-00002");
}

static void
test_relaunch(void **state)
{
	(void)state;
	for (size_t launch = 0; launch < EVALUATED; launch++)
		for (size_t current = 0; current < EVALUATED; current++)
			assert_relaunch(launch, current);
}

/* The table again. What it makes itself is no evaluation's status: refused. */
static void
test_relaunch_table(void **state)
{
	static const enum tcb_status status[10] = {TCB_UP_TO_DATE,
						   TCB_SW_HARDENING_NEEDED,
						   TCB_CONFIGURATION_NEEDED,
						   TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
						   TCB_OUT_OF_DATE,
						   TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
						   TCB_REVOKED,
						   TCB_NOT_SUPPORTED,
						   TCB_TD_RELAUNCH_ADVISED,
						   TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED};
	const char *want;

	(void)state;
	for (size_t launch = 0; launch < 10; launch++)
		for (size_t current = 0; current < 10; current++) {
			want = launch < EVALUATED && current < EVALUATED
				   ? relaunched[launch][current]
				   : NULL;
			if (want == NULL)
				want = tcb_status_name(status[launch]);
			if (launch >= NO_LEVEL || current >= NO_LEVEL)
				want = "TCB_NOT_SUPPORTED";
			assert_string_equal(
			    tcb_status_name(tcb_relaunch(status[launch], status[current])), want);
		}
}

/* v4 and a v5 with a TD report 1.0 have one evaluation only; 1.5 Ex has two. */
static void
test_which_bodies_are_evaluated_twice(void **state)
{
	struct scenario s;
	const struct tdx_result *r;

	(void)state;
	prepare_relaunch(&s, 4, 0);
	s.quote.body_type = TD_BODY_10;
	assert_holds(&s, "OutOfDate", "2023-02-01T00:00:00Z", "INTEL-SA-00001");
	assert_false(judge(&s, SCENARIO_NOW)->has_current);
	s.quote.version = 4;
	assert_holds(&s, "OutOfDate", "2023-02-01T00:00:00Z", "INTEL-SA-00001");
	assert_false(judge(&s, SCENARIO_NOW)->has_current);
	s.quote.version = 5;
	s.quote.body_type = TD_BODY_15_EX;
	assert_holds(&s, "TDRelaunchAdvised", "2023-02-01T00:00:00Z", "INTEL-SA-00001");
	r = judge(&s, SCENARIO_NOW);
	assert_true(r->has_current);
}

/* Both evaluations converge with their own module and the same QE. */
static void
test_relaunch_of_modules(void **state)
{
	static const struct level_says old = {
	    "OutOfDate", "2022-02-02T00:00:00Z", {"INTEL-SA-00022"}};
	static const struct level_says new = {"UpToDate", "2024-11-13T00:00:00Z", {NULL}};
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.quote.version = 5;
	s.quote.body_type = TD_BODY_15;
	s.quote.body[TD_TEE_TCB_SVN] = 3;
	s.tcb.identity[0].levels =
	    (struct svn_levels_spec){2, {{2, old}, {5, new}}}; /* not sorted, too */
	assert_holds(&s, "TDRelaunchAdvised", "2022-02-02T00:00:00Z", "INTEL-SA-00022");
	r = judge(&s, SCENARIO_NOW);
	assert_evaluation(&r->current, "UpToDate", "2024-11-13T00:00:00Z", "");
	/* an enclave out of date is so in both: no relaunch helps */
	s.qe.levels.level[0].says.status = "OutOfDate";
	assert_holds(&s, "OutOfDate", "2022-02-02T00:00:00Z", "INTEL-SA-00022");
	r = judge(&s, SCENARIO_NOW);
	assert_evaluation(&r->current, "OutOfDate", "2024-11-13T00:00:00Z", "");
	/* now in another major version of the module: judged by that identity */
	s = scenario;
	s.quote.version = 5;
	s.quote.body_type = TD_BODY_15;
	s.quote.body[TD_TEE_TCB_SVN] = 3;
	s.quote.body[TD_TEE_TCB_SVN2 + 1] = 3;
	s.tcb.identity_count = 2;
	s.tcb.identity[0].levels = (struct svn_levels_spec){1, {{2, old}}};
	s.tcb.identity[1] = s.tcb.identity[0];
	s.tcb.identity[1].id = "TDX_03";
	s.tcb.identity[1].levels = (struct svn_levels_spec){1, {{6, new}}};
	assert_holds(&s, "TDRelaunchAdvised", "2022-02-02T00:00:00Z", "INTEL-SA-00022");
	/* which must be there */
	s.tcb.identity_count = 1;
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_converge),
	    cmocka_unit_test(test_relaunch),
	    cmocka_unit_test(test_relaunch_table),
	    cmocka_unit_test(test_which_bodies_are_evaluated_twice),
	    cmocka_unit_test(test_relaunch_of_modules),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
