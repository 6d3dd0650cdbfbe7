/*
 * Who signed what, who was revoked, and when: whole quotes under signatures
 * that all verify, by those who had no right to make them or at a wrong time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/judge.h"
#include "base/banned.h"

#define BEST_DATE "2024-11-13T00:00:00Z"
#define assert_best(s) assert_holds((s), "UpToDate", BEST_DATE, "")

static struct scenario scenario;

static int
setup(void **state)
{
	(void)state;
	return scenario_begin(&scenario);
}

static void
test_revoked(void **state)
{
	static const struct {
		enum scenario_item item;
		enum tdx_reason reason;
	} cases[] = {{ITEM_PCK, TDX_PCK_REVOKED},
		     {ITEM_CA, TDX_CA_REVOKED},
		     {ITEM_TCB_SIGNER, TDX_TCB_SIGNER_REVOKED},
		     {ITEM_QE_SIGNER, TDX_TCB_SIGNER_REVOKED}};
	struct scenario s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		s = scenario;
		s.revoked[cases[i].item] = 1;
		assert_refused(&s, cases[i].reason, TDX_STEP_REVOCATION);
	}
}

/* Both CAs issue; what the Processor CA's chain cannot say is zero. */
static void
test_processor_ca(void **state)
{
	static const uint8_t zero[16];
	const struct tdx_result *r;
	struct scenario s = scenario;

	(void)state;
	s.ca = s.pck_crl_issuer = SIMULATED_PROCESSOR_CA;
	s.platform.ca = PCK_CA_PROCESSOR;
	assert_best(&s);
	r = judge(&s, SCENARIO_NOW);
	assert_int_equal(r->platform.ca, PCK_CA_PROCESSOR);
	assert_memory_equal(r->platform.platform_instance_id, zero, 16);
	s.revoked[ITEM_PCK] = 1;
	assert_refused(&s, TDX_PCK_REVOKED, TDX_STEP_REVOCATION);
	/* seven entries under the Processor CA, five under the Platform CA */
	s = scenario;
	s.ca = s.pck_crl_issuer = SIMULATED_PROCESSOR_CA;
	assert_refused(&s, TDX_PCK_CHAIN, TDX_STEP_PCK_CHAIN);
	s = scenario;
	s.platform.ca = PCK_CA_PROCESSOR;
	assert_refused(&s, TDX_PCK_CHAIN, TDX_STEP_PCK_CHAIN);
}

/* A list of somebody else is no list, also when it is valid and names nobody. */
static void
test_crl_issuers(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.pck_crl_issuer = SIMULATED_PROCESSOR_CA;
	assert_refused(&s, TDX_PCK_CRL_ISSUER, TDX_STEP_PCK_CRL);
	s.revoked[ITEM_PCK] = 1;
	assert_refused(&s, TDX_PCK_CRL_ISSUER, TDX_STEP_PCK_CRL);
	s = scenario;
	s.pck_crl_issuer = SIMULATED_ROOT;
	assert_refused(&s, TDX_PCK_CRL_ISSUER, TDX_STEP_PCK_CRL);
	s = scenario;
	s.root_crl_issuer = SIMULATED_PLATFORM_CA;
	assert_refused(&s, TDX_ROOT_CRL_ISSUER, TDX_STEP_ROOT_CRL);
}

static void
test_crl_form(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.crl_without_number = 1;
	assert_refused(&s, TDX_ROOT_CRL_PARSE, TDX_STEP_ROOT_CRL);
	assert_int_equal(judge(&s, SCENARIO_NOW)->check[TDX_STEP_PCK_CRL].reason,
			 TDX_PCK_CRL_PARSE);
	s = scenario;
	s.crl_without_authority_id = 1;
	assert_refused(&s, TDX_ROOT_CRL_PARSE, TDX_STEP_ROOT_CRL);
	s = scenario;
	s.bundle_edit = (struct scenario_edit){"\"root_ca_crl\":\"30", "\"root_ca_crl\":\"31"};
	assert_refused(&s, TDX_ROOT_CRL_PARSE, TDX_STEP_ROOT_CRL);
	s.bundle_edit = (struct scenario_edit){"\"pck_crl\":\"30", "\"pck_crl\":\"0030"};
	assert_refused(&s, TDX_PCK_CRL_PARSE, TDX_STEP_PCK_CRL);
}

/* What is missing is never good news. */
static void
test_missing(void **state)
{
	static const struct {
		const char *name;
		enum tdx_reason reason;
		enum tdx_step step;
	} items[] = {
	    {"\"root_ca_crl\"", TDX_CRL_ABSENT, TDX_STEP_ROOT_CRL},
	    {"\"pck_crl\"", TDX_CRL_ABSENT, TDX_STEP_PCK_CRL},
	    {"\"tcb_info_issuer_chain\"", TDX_TCB_SIGNER, TDX_STEP_TCB_SIGNER},
	    {"\"qe_identity_issuer_chain\"", TDX_TCB_SIGNER, TDX_STEP_TCB_SIGNER},
	};
	struct scenario s = scenario;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(items); i++) {
		s.bundle_edit = (struct scenario_edit){items[i].name, "\"unknown\""};
		assert_refused(&s, items[i].reason, items[i].step);
	}
	/* the quote carries its own chain */
	s.bundle_edit = (struct scenario_edit){"\"pck_crl_issuer_chain\"", "\"unknown\""};
	assert_best(&s);
}

/*
 * Collateral signed by a key that chains to the root, validly and in every
 * respect but its role. Change of recorded bytes cannot make this.
 */
static void
test_roles(void **state)
{
	static const enum simulated_role roles[] = {SIMULATED_PCK, SIMULATED_PLATFORM_CA,
						    SIMULATED_PROCESSOR_CA, SIMULATED_ROOT};
	struct scenario s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(roles); i++)
		for (size_t document = 0; document < 2; document++) {
			s = scenario;
			s.signer[document] = roles[i];
			assert_refused(&s, TDX_TCB_SIGNER, TDX_STEP_TCB_SIGNER);
		}
	/* the machine's own PCK, through its CA as it was issued */
	for (size_t document = 0; document < 2; document++) {
		s = scenario;
		s.signer[document] = SIMULATED_PCK;
		s.signer_through_ca = 1;
		assert_refused(&s, TDX_TCB_SIGNER, TDX_STEP_TCB_SIGNER);
	}
	/* the right name, by a CA that may not issue it */
	s = scenario;
	s.signer_through_ca = 1;
	assert_refused(&s, TDX_TCB_SIGNER, TDX_STEP_TCB_SIGNER);
}

static void
test_signature_by_nobody(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.bundle_edit =
	    (struct scenario_edit){"\"tcb_info_signature\":\"", "\"tcb_info_signature\":\"00"};
	assert_refused(&s, TDX_TCB_INFO_SIGNATURE, TDX_STEP_TCB_INFO);
	s.bundle_edit = (struct scenario_edit){"\"qe_identity_signature\":\"",
					       "\"qe_identity_signature\":\"00"};
	assert_refused(&s, TDX_QE_IDENTITY_SIGNATURE, TDX_STEP_QE_DOCUMENT);
	/* signatures as long as they must be, over another text */
	s.bundle_edit = (struct scenario_edit){"OutOfDate", "UpToDate"};
	assert_refused(&s, TDX_TCB_INFO_SIGNATURE, TDX_STEP_TCB_INFO);
	s.bundle_edit = (struct scenario_edit){"TD_QE", "td_QE"};
	assert_refused(&s, TDX_QE_IDENTITY_SIGNATURE, TDX_STEP_QE_DOCUMENT);
}

#define START INT64_C(1779000000)
#define END INT64_C(1781000000)

/* START as UTCTime in hex, and a second later */
#define START_HEX "170d3236303531373036343030305a"
#define LATER_HEX "170d3236303531373036343030315a"

static void
test_crl_signatures(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.window[ITEM_ROOT_CRL].start = START;
	assert_best(&s);
	s.bundle_edit = (struct scenario_edit){START_HEX, LATER_HEX};
	assert_refused(&s, TDX_ROOT_CRL_SIGNATURE, TDX_STEP_ROOT_CRL);
	s = scenario;
	s.window[ITEM_PCK_CRL].start = START;
	s.bundle_edit = (struct scenario_edit){START_HEX, LATER_HEX};
	assert_refused(&s, TDX_PCK_CRL_SIGNATURE, TDX_STEP_PCK_CRL);
}

static enum tdx_step
dated_step(unsigned item)
{
	return item == ITEM_PCK || item == ITEM_CA || item == ITEM_ROOT
		   ? TDX_STEP_VALIDITY
		   : TDX_STEP_COLLATERAL_VALIDITY;
}

static void
assert_at(const struct scenario *s, int64_t at, enum tdx_reason reason, enum tdx_step step)
{
	const struct tdx_result *r = judge(s, at);

	if (r->reason != reason)
		fail_msg("%s at %s, not %s", reason_code(r->reason), tdx_step_name(r->step),
			 reason_code(reason));
	if (reason == TDX_HOLDS)
		assert_true(tdx_holds(r));
	else
		assert_int_equal(r->step, step);
}

/* "t == nextUpdate (notAfter) is still valid", and t == the start already is. */
static void
test_time(void **state)
{
	struct scenario s;

	(void)state;
	for (unsigned item = 0; item < ITEM_COUNT; item++) {
		s = scenario;
		s.window[item] = (struct scenario_window){START, END};
		assert_at(&s, START - 1, TDX_NOT_YET_VALID, dated_step(item));
		assert_at(&s, START, TDX_HOLDS, dated_step(item));
		assert_at(&s, END - 1, TDX_HOLDS, dated_step(item));
		assert_at(&s, END, TDX_HOLDS, dated_step(item));
		assert_at(&s, END + 1, TDX_EXPIRED, dated_step(item));
		assert_at(&s, 0, TDX_NOT_YET_VALID, TDX_STEP_VALIDITY);
		assert_at(&s, INT64_MAX, TDX_EXPIRED, TDX_STEP_VALIDITY);
		assert_at(&s, INT64_MIN, TDX_NOT_YET_VALID, TDX_STEP_VALIDITY);
	}
}

/* All nine windows, and what they have in common. */
static void
test_common_window(void **state)
{
	static const enum tdx_item known_as[ITEM_COUNT] = {
	    [ITEM_PCK] = TDX_ITEM_PCK,
	    [ITEM_CA] = TDX_ITEM_PCK_CA,
	    [ITEM_ROOT] = TDX_ITEM_ROOT,
	    [ITEM_TCB_SIGNER] = TDX_ITEM_TCB_SIGNER,
	    [ITEM_QE_SIGNER] = TDX_ITEM_QE_SIGNER,
	    [ITEM_ROOT_CRL] = TDX_ITEM_ROOT_CRL,
	    [ITEM_PCK_CRL] = TDX_ITEM_PCK_CRL,
	    [ITEM_TCB_INFO] = TDX_ITEM_TCB_INFO,
	    [ITEM_QE_IDENTITY] = TDX_ITEM_QE_IDENTITY,
	};
	const struct tdx_result *r;
	struct scenario s = scenario;

	(void)state;
	for (unsigned item = 0; item < ITEM_COUNT; item++)
		s.window[item] = (struct scenario_window){START + item, END - 10 * (int64_t)item};
	r = judge(&s, SCENARIO_NOW);
	assert_true(tdx_holds(r));
	for (unsigned item = 0; item < ITEM_COUNT; item++) {
		assert_true(r->window[known_as[item]].known);
		assert_true(r->window[known_as[item]].from == s.window[item].start);
		assert_true(r->window[known_as[item]].until == s.window[item].end);
	}
	assert_true(r->valid_from == START + ITEM_COUNT - 1);
	assert_true(r->valid_until == END - 10 * (ITEM_COUNT - 1));
}

/* Types 1 to 4 and 7 need somebody else to complete the chain: named, not taken. */
static void
test_certification_data_types(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
	} kinds[] = {{1, 36}, {2, 276}, {3, 404}, {4, 1200}, {7, 1500}};
	struct scenario s = scenario;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		s.quote.data_type = kinds[i].type;
		s.quote.data_len = kinds[i].len;
		memset(s.quote.data, 0x5a, kinds[i].len);
		assert_refused(&s, TDX_CERT_DATA_TYPE, TDX_STEP_STRUCTURE);
	}
}

static void
test_bodies(void **state)
{
	static const uint16_t types[] = {TD_BODY_10, TD_BODY_15, TD_BODY_15_EX};
	struct scenario s = scenario;

	(void)state;
	s.quote.version = 5;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		s.quote.body_type = types[i];
		assert_best(&s);
		assert_int_equal(judge(&s, SCENARIO_NOW)->quote.body_type, types[i]);
	}
	s.trailing = 3065;
	assert_best(&s);
	assert_int_equal(judge(&s, SCENARIO_NOW)->quote.trailing, 3065);
}

/* ECDSA is malleable, and everybody accepts it: bytes are nobody's identity. */
static void
test_malleated(void **state)
{
	static const unsigned which[] = {MALLEATED_QUOTE, MALLEATED_QE_REPORT, MALLEATED_TCB_INFO,
					 MALLEATED_QE_IDENTITY, 15};
	struct scenario s = scenario;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(which); i++) {
		s.malleated = which[i];
		assert_best(&s);
	}
}

/* Several things are wrong: all of them are said. */
static void
test_all_failures_are_reported(void **state)
{
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.revoked[ITEM_PCK] = 1;
	s.platform.fmspc[0]++;
	s.qe.isvprodid = 1;
	s.window[ITEM_TCB_INFO].end = SCENARIO_NOW - 1;
	s.quote.body[TD_MRSIGNERSEAM] = 1;
	r = judge(&s, SCENARIO_NOW);
	assert_int_equal(r->check[TDX_STEP_REVOCATION].reason, TDX_PCK_REVOKED);
	assert_int_equal(r->check[TDX_STEP_PLATFORM].reason, TDX_FMSPC_MISMATCH);
	assert_int_equal(r->check[TDX_STEP_MODULE].reason, TDX_MODULE_MISMATCH);
	assert_int_equal(r->check[TDX_STEP_QE_IDENTITY].reason, TDX_QE_IDENTITY_MISMATCH);
	assert_int_equal(r->check[TDX_STEP_COLLATERAL_VALIDITY].reason, TDX_EXPIRED);
	assert_int_equal(r->check[TDX_STEP_SIGNATURE].outcome, TDX_PASSED);
	assert_int_equal(r->reason, TDX_PCK_REVOKED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_revoked),
	    cmocka_unit_test(test_processor_ca),
	    cmocka_unit_test(test_crl_issuers),
	    cmocka_unit_test(test_crl_form),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_roles),
	    cmocka_unit_test(test_signature_by_nobody),
	    cmocka_unit_test(test_crl_signatures),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_common_window),
	    cmocka_unit_test(test_certification_data_types),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_malleated),
	    cmocka_unit_test(test_all_failures_are_reported),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
