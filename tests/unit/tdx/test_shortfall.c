/* Where a platform falls short, by the names that the TCB info gives, and what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/judge.h"
#include "base/banned.h"

static struct scenario scenario;

static const struct tdx_shortfall *
find(const struct tdx_result *r, enum tdx_component component, uint8_t index)
{
	for (size_t i = 0; i < r->shortfall_count; i++)
		if (r->shortfall[i].component == component && r->shortfall[i].index == index)
			return &r->shortfall[i];
	return NULL;
}

static void
assert_shortfall(const struct tdx_result *r, enum tdx_component component, uint8_t index,
		 uint32_t has, uint32_t needs, enum tdx_remedy remedy)
{
	const struct tdx_shortfall *f = find(r, component, index);

	assert_non_null(f);
	assert_int_equal(f->has, has);
	assert_int_equal(f->needs, needs);
	assert_int_equal(f->remedy, remedy);
}

static int
type_is(const struct tdx_shortfall *f, const char *type)
{
	return f->type.len == strlen(type) && memcmp(f->type.p, type, f->type.len) == 0;
}

static void
test_none_when_up_to_date(void **state)
{
	const struct tdx_result *r = judge(&scenario, SCENARIO_NOW);

	(void)state;
	assert_true(tdx_holds(r));
	assert_int_equal(r->status, TCB_UP_TO_DATE);
	assert_int_equal(r->shortfall_count, 0);
}

static void
test_sgx_components(void **state)
{
	const uint8_t *needs = scenario.tcb.level[0].sgx;
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.platform.components[0] = (uint8_t)(needs[0] - 1);
	s.platform.components[1] = (uint8_t)(needs[1] - 1);
	s.platform.pcesvn = (uint16_t)(scenario.tcb.level[0].pcesvn - 1);
	r = judge(&s, SCENARIO_NOW);
	assert_int_not_equal(r->status, TCB_UP_TO_DATE);
	assert_int_equal(r->shortfall_count, 3);
	assert_shortfall(r, TDX_COMPONENT_SGX, 0, needs[0] - 1U, needs[0], TDX_UPDATE_BIOS);
	assert_true(type_is(find(r, TDX_COMPONENT_SGX, 0), "Early Microcode Update"));
	assert_shortfall(r, TDX_COMPONENT_SGX, 1, needs[1] - 1U, needs[1], TDX_UPDATE_OS_VMM);
	assert_true(type_is(find(r, TDX_COMPONENT_SGX, 1), "SGX Late Microcode Update"));
	assert_shortfall(r, TDX_COMPONENT_PCE, 0, scenario.tcb.level[0].pcesvn - 1,
			 scenario.tcb.level[0].pcesvn, TDX_UPDATE_PLATFORM);
}

/* Also where no level matches: that is when somebody most wants to know. */
static void
test_without_a_level(void **state)
{
	const uint8_t needs = scenario.tcb.level[0].sgx[4];
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.platform.components[4] = 0;
	r = judge(&s, SCENARIO_NOW);
	assert_int_equal(r->reason, TDX_TCB_NOT_SUPPORTED);
	assert_shortfall(r, TDX_COMPONENT_SGX, 4, 0, needs, TDX_UPDATE_BIOS);
	assert_int_equal(find(r, TDX_COMPONENT_SGX, 4)->type.len, 0);
}

static void
test_tdx_components_and_module(void **state)
{
	const uint8_t needs = scenario.tcb.level[0].tdx[2];
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.quote.body[TD_TEE_TCB_SVN] = 2;
	s.quote.body[TD_TEE_TCB_SVN + 2] = (uint8_t)(needs - 1);
	r = judge(&s, SCENARIO_NOW);
	assert_shortfall(r, TDX_COMPONENT_TDX, 2, needs - 1U, needs, TDX_UPDATE_OS_VMM);
	/* the first two are the module's */
	assert_null(find(r, TDX_COMPONENT_TDX, 0));
	assert_non_null(find(r, TDX_COMPONENT_MODULE, 0));
	assert_int_equal(find(r, TDX_COMPONENT_MODULE, 0)->has, 2);
	assert_int_equal(find(r, TDX_COMPONENT_MODULE, 0)->remedy, TDX_UPDATE_MODULE);
	/* without an identity they are components */
	s.quote.body[TD_TEE_TCB_SVN + 1] = 0;
	r = judge(&s, SCENARIO_NOW);
	assert_non_null(find(r, TDX_COMPONENT_TDX, 0));
	assert_int_equal(find(r, TDX_COMPONENT_TDX, 0)->remedy, TDX_UPDATE_MODULE);
	assert_null(find(r, TDX_COMPONENT_MODULE, 0));
}

/* What runs now is new enough: the domain has only to be launched again. */
static void
test_relaunch(void **state)
{
	const uint8_t needs = scenario.tcb.level[0].tdx[2];
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.quote.version = 5;
	s.quote.body_type = TD_BODY_15;
	memcpy(s.quote.body + TD_TEE_TCB_SVN2, s.quote.body + TD_TEE_TCB_SVN, 16);
	s.quote.body[TD_TEE_TCB_SVN] = 2;
	s.quote.body[TD_TEE_TCB_SVN + 2] = (uint8_t)(needs - 1);
	r = judge(&s, SCENARIO_NOW);
	assert_shortfall(r, TDX_COMPONENT_TDX, 2, needs - 1U, needs, TDX_RELAUNCH);
	assert_int_equal(find(r, TDX_COMPONENT_MODULE, 0)->remedy, TDX_RELAUNCH);
	/* the same with what runs now being old too */
	memcpy(s.quote.body + TD_TEE_TCB_SVN2, s.quote.body + TD_TEE_TCB_SVN, 16);
	r = judge(&s, SCENARIO_NOW);
	assert_int_equal(find(r, TDX_COMPONENT_TDX, 2)->remedy, TDX_UPDATE_OS_VMM);
	assert_int_equal(find(r, TDX_COMPONENT_MODULE, 0)->remedy, TDX_UPDATE_MODULE);
}

static void
test_quoting_enclave(void **state)
{
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.qe.levels.count = 2;
	s.qe.levels.level[1] = s.qe.levels.level[0];
	s.qe.levels.level[1].isvsvn = 1;
	s.qe.levels.level[1].says.status = "OutOfDate";
	s.qe.levels.level[0].isvsvn = 200;
	r = judge(&s, SCENARIO_NOW);
	assert_int_equal(r->status, TCB_OUT_OF_DATE);
	assert_non_null(find(r, TDX_COMPONENT_QE, 0));
	assert_int_equal(find(r, TDX_COMPONENT_QE, 0)->needs, 200);
	assert_int_equal(find(r, TDX_COMPONENT_QE, 0)->remedy, TDX_UPDATE_QE);
}

static void
test_texts(void **state)
{
	(void)state;
	for (unsigned i = TDX_UPDATE_BIOS; i <= TDX_RELAUNCH; i++)
		assert_true(strlen(tdx_remedy_text((enum tdx_remedy)i)) > 10);
	assert_string_equal(tcb_status_name(TCB_STATUSES_COUNT), "");
	assert_string_equal(tdx_item_name(TDX_ITEM_ROOT_CRL), "root CRL");
	assert_string_equal(tdx_item_name(TDX_ITEMS_COUNT), "?");
}

static int
setup(void **state)
{
	(void)state;
	return scenario_begin(&scenario);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_none_when_up_to_date),
	    cmocka_unit_test(test_sgx_components),
	    cmocka_unit_test(test_without_a_level),
	    cmocka_unit_test(test_tdx_components_and_module),
	    cmocka_unit_test(test_relaunch),
	    cmocka_unit_test(test_quoting_enclave),
	    cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
