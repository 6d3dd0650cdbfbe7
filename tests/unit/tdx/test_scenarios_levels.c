/*
 * Which level a platform is at, and what TCB info and QE identity must look
 * like, on whole quotes with collateral that is validly signed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "support/judge.h"
#include "base/banned.h"

/* What scenario_begin() concludes. */
#define BEST_DATE "2024-11-13T00:00:00Z"

static struct scenario scenario;

static int
setup(void **state)
{
	(void)state;
	return scenario_begin(&scenario);
}

static void
set_svn(struct scenario *s, uint8_t svn0, uint8_t svn1, uint8_t svn2)
{
	s->quote.body[TD_TEE_TCB_SVN] = svn0;
	s->quote.body[TD_TEE_TCB_SVN + 1] = svn1;
	s->quote.body[TD_TEE_TCB_SVN + 2] = svn2;
}

static void
test_up_to_date(void **state)
{
	const struct tdx_result *r;

	(void)state;
	assert_holds(&scenario, "UpToDate", BEST_DATE, "");
	r = judge(&scenario, SCENARIO_NOW);
	assert_true(r->has_platform);
	assert_memory_equal(r->platform.fmspc, scenario.platform.fmspc, 6);
	assert_int_equal(r->evaluation_number, 20);
	assert_int_equal(r->shortfall_count, 0);
	assert_false(r->has_current);
}

/* tee_tcb_svn[1] > 0: the module is judged by its identity, components from index 2 on. */
static void
test_components_from_index_2(void **state)
{
	struct scenario s = scenario;

	(void)state;
	/* 6 < 7 at index 0, which does not count; at index 1 the level may ask what it wants */
	s.tcb.level[0].tdx[1] = 9;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* index 2 does */
	set_svn(&s, 6, 1, 2);
	assert_holds(&s, "OutOfDate", "2023-08-09T00:00:00Z", "INTEL-SA-00001 INTEL-SA-00002");
	set_svn(&s, 6, 1, 1);
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
	/* and so does the last one */
	s = scenario;
	s.tcb.level[0].tdx[15] = 1;
	assert_holds(&s, "SWHardeningNeeded", "2024-03-13T00:00:00Z", "INTEL-SA-00001");
	s.quote.body[TD_TEE_TCB_SVN + 15] = 1;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
}

/* tee_tcb_svn[1] = 0: an old module, all sixteen components, no identity. */
static void
test_components_from_index_0(void **state)
{
	struct scenario s = scenario;

	(void)state;
	set_svn(&s, 6, 0, 3);
	assert_holds(&s, "SWHardeningNeeded", "2024-03-13T00:00:00Z", "INTEL-SA-00001");
	set_svn(&s, 7, 0, 3);
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.level[0].tdx[1] = 1;
	assert_holds(&s, "SWHardeningNeeded", "2024-03-13T00:00:00Z", "INTEL-SA-00001");
	/* identities are not needed, and their status not looked at */
	s = scenario;
	set_svn(&s, 7, 0, 3);
	s.tcb.identity[0].levels.level[0].says.status = "Revoked";
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.without_identities = 1;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
}

static void
test_sgx_components_and_pcesvn(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.platform.components[7] = 4;
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
	s.platform.components[7] = 255;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.platform.components[4] = 3;
	assert_holds(&s, "OutOfDate", "2023-08-09T00:00:00Z", "INTEL-SA-00001 INTEL-SA-00002");
	s.platform.components[4] = 2;
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
	s = scenario;
	s.platform.pcesvn = 12;
	assert_holds(&s, "SWHardeningNeeded", "2024-03-13T00:00:00Z", "INTEL-SA-00001");
	s.platform.pcesvn = 10;
	s.platform.components[0] = s.platform.components[1] = 2;
	assert_holds(&s, "OutOfDate", "2018-01-04T00:00:00Z", "INTEL-SA-00002 INTEL-SA-00003");
	s.platform.pcesvn = 4;
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
	/* two bytes wide */
	s = scenario;
	s.tcb.level[0].pcesvn = 300;
	s.platform.pcesvn = 299;
	assert_holds(&s, "SWHardeningNeeded", "2024-03-13T00:00:00Z", "INTEL-SA-00001");
	s.platform.pcesvn = 300;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
}

static void
reverse_levels(struct tcb_info_spec *t)
{
	for (size_t i = 0; i < t->level_count / 2; i++) {
		const struct platform_level_spec swap = t->level[i];

		t->level[i] = t->level[t->level_count - 1 - i];
		t->level[t->level_count - 1 - i] = swap;
	}
}

/* The order in the JSON is nobody's promise. */
static void
test_unsorted(void **state)
{
	static const struct level_says old = {"OutOfDate", "2020-01-01T00:00:00Z", {"INTEL-SA-1"}};
	struct scenario s = scenario;

	(void)state;
	reverse_levels(&s.tcb);
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.platform.pcesvn = 12;
	assert_holds(&s, "SWHardeningNeeded", "2024-03-13T00:00:00Z", "INTEL-SA-00001");
	/* levels of module and enclave */
	s = scenario;
	s.tcb.identity[0].levels.level[2] = s.tcb.identity[0].levels.level[0];
	s.tcb.identity[0].levels.level[0] = (struct svn_level_spec){1, old};
	s.tcb.identity[0].levels.count = 3;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.qe.levels.level[1] = s.qe.levels.level[0];
	s.qe.levels.level[0] = (struct svn_level_spec){2, old};
	s.qe.levels.count = 2;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
}

/* Levels that differ in one place only, the lesser one first. */
static void
test_ties(void **state)
{
	static const struct level_says lesser = {
	    "OutOfDate", "2020-01-01T00:00:00Z", {"INTEL-SA-1"}};
	struct scenario s = scenario;

	(void)state;
	s.tcb.level_count = 2;
	s.tcb.level[1] = s.tcb.level[0];
	s.tcb.level[0].says = lesser;
	s.tcb.level[0].tdx[2]--;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* the SGX components count before the PCESVN, and this before the TDX components */
	s.tcb.level[0].tdx[2] = 3;
	s.tcb.level[0].pcesvn--;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.level[0].pcesvn = 13;
	s.tcb.level[0].sgx[0]--;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.level[1].pcesvn = 5;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* "lexicographic": the first component decides, whatever the others say */
	s.tcb.level[1].sgx[7] = 0;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.level[0].sgx[0]++;
	s.tcb.level[0].sgx[1] = 0;
	s.tcb.level[1].sgx[0]--;
	assert_holds(&s, "OutOfDate", "2020-01-01T00:00:00Z", "INTEL-SA-1");
}

/* Two levels of one SVN, as Intel's library sorts them: the later date first. */
static void
test_equal_svns(void **state)
{
	static const struct level_says lesser = {
	    "OutOfDate", "2020-01-01T00:00:00Z", {"INTEL-SA-1"}};
	struct scenario s = scenario;

	(void)state;
	s.qe.levels.count = 2;
	s.qe.levels.level[1] = s.qe.levels.level[0];
	s.qe.levels.level[0].says = lesser;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.qe.levels.level[0].says.date = "2024-11-13T00:00:01Z";
	assert_holds(&s, "OutOfDate", BEST_DATE, "INTEL-SA-1");
	s = scenario;
	s.tcb.identity[0].levels.level[1].isvsvn = 6;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
}

static void
test_duplicates(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.tcb.level[3] = s.tcb.level[0];
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	/* another status makes it worse */
	s.tcb.level[3].says.status = "OutOfDate";
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s = scenario;
	s.qe.levels.count = 2;
	s.qe.levels.level[1] = s.qe.levels.level[0];
	s.qe.levels.level[1].says.status = "OutOfDate";
	assert_refused(&s, TDX_QE_IDENTITY_PARSE, TDX_STEP_QE_DOCUMENT);
	s = scenario;
	s.tcb.identity[0].levels.level[1] = s.tcb.identity[0].levels.level[0];
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s = scenario;
	s.tcb.identity_count = 2;
	s.tcb.identity[1] = s.tcb.identity[0];
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
}

static void
test_unknown_status(void **state)
{
	static const char *const words[] = {"Fine", "uptodate", "UpToDate ", "TDRelaunchAdvised",
					    "TCB_NOT_SUPPORTED"};
	struct scenario s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		s = scenario;
		s.tcb.level[0].says.status = words[i];
		assert_refused(&s, TDX_TCB_STATUS_UNKNOWN, TDX_STEP_TCB_INFO);
	}
	s = scenario;
	s.tcb.level[0].says.status = "";
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	/* also in a level that is not this platform's */
	s = scenario;
	s.tcb.level[3].says.status = "Fine";
	assert_refused(&s, TDX_TCB_STATUS_UNKNOWN, TDX_STEP_TCB_INFO);
	s = scenario;
	s.tcb.identity[0].levels.level[0].says.status = "Fine";
	assert_refused(&s, TDX_TCB_STATUS_UNKNOWN, TDX_STEP_TCB_INFO);
	s = scenario;
	s.qe.levels.level[0].says.status = "Fine";
	assert_refused(&s, TDX_QE_IDENTITY_PARSE, TDX_STEP_QE_DOCUMENT);
	/* statuses that are some, but not of a module or an enclave */
	s = scenario;
	s.tcb.identity[0].levels.level[0].says.status = "SWHardeningNeeded";
	assert_refused(&s, TDX_TCB_STATUS_UNKNOWN, TDX_STEP_TCB_INFO);
	s = scenario;
	s.qe.levels.level[0].says.status = "SWHardeningNeeded";
	assert_refused(&s, TDX_QE_IDENTITY_PARSE, TDX_STEP_QE_DOCUMENT);
}

static void
test_component_counts(void **state)
{
	struct scenario s;

	(void)state;
	for (size_t which = 0; which < 2; which++)
		for (size_t count = 15; count <= 17; count += 2) {
			s = scenario;
			s.tcb.component_count[which] = count;
			assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
		}
	s = scenario;
	s.tcb.level_count = 0;
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s = scenario;
	s.qe.levels.count = 0;
	assert_refused(&s, TDX_QE_IDENTITY_PARSE, TDX_STEP_QE_DOCUMENT);
	/* an SVN is a byte */
	s = scenario;
	s.tcb_edit = (struct scenario_edit){"{\"svn\":3,", "{\"svn\":256,"};
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s.tcb_edit = (struct scenario_edit){"{\"svn\":3,", "{\"svn\":-3,"};
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s.tcb_edit = (struct scenario_edit){"{\"svn\":3,", "{\"svn\":3.0,"};
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s.tcb_edit = (struct scenario_edit){"{\"svn\":3,", "{\"svn\":\"3\","};
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
}

/* Bytes are compared, not letters. */
static void
test_lower_case(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.tcb_edit = (struct scenario_edit){"\"53454C460001\"", "\"53454c460001\""};
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s = scenario;
	s.tcb.identity[0].id = "tdx_01";
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	set_svn(&s, 6, 0x0a, 3);
	s.tcb.identity[0].id = "TDX_0a";
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.identity[0].id = "TDX_0A";
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* hexadecimal: ten is not TDX_10 */
	s.tcb.identity[0].id = "TDX_10";
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
}

static void
test_module_identity(void **state)
{
	struct scenario s = scenario;

	(void)state;
	/* absent, empty, of another version */
	s.tcb.without_identities = 1;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	s = scenario;
	s.tcb.identity_count = 0;
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	s = scenario;
	s.tcb.identity[0].id = "TDX_03";
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	/* with tdxModule's signer instead of its own */
	s = scenario;
	s.tcb.identity[0].mrsigner[47] = 1;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	s.quote.body[TD_MRSIGNERSEAM + 47] = 1;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.identity[0].mrsigner[47] = 0;
	s.tcb.module.mrsigner[47] = 1;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	/* an old module is judged by tdxModule */
	s = scenario;
	set_svn(&s, 7, 0, 3);
	s.tcb.identity[0].mrsigner[0] = 1;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb.module.mrsigner[0] = 1;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	/* SEAM attributes are zero, whatever is published */
	s = scenario;
	s.quote.body[TD_SEAMATTRIBUTES] = 1;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	s.tcb.identity[0].attributes[0] = 1;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
	s.quote.body[TD_SEAMATTRIBUTES] = 0;
	assert_refused(&s, TDX_MODULE_MISMATCH, TDX_STEP_MODULE);
}

static void
test_module_and_enclave_levels(void **state)
{
	struct scenario s = scenario;

	(void)state;
	/* isvsvn <= tee_tcb_svn[0] */
	set_svn(&s, 5, 1, 3);
	assert_holds(&s, "OutOfDate", "2023-08-09T00:00:00Z", "INTEL-SA-00004");
	set_svn(&s, 2, 1, 3);
	assert_holds(&s, "OutOfDate", "2023-08-09T00:00:00Z", "INTEL-SA-00004");
	set_svn(&s, 1, 1, 3);
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
	s = scenario;
	s.quote.qe_report[QE_ISVSVN] = 4;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.quote.qe_report[QE_ISVSVN] = 3;
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
	/* two bytes wide, little-endian */
	s.quote.qe_report[QE_ISVSVN + 1] = 1;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.qe.levels.level[0].isvsvn = 260;
	assert_refused(&s, TDX_TCB_NOT_SUPPORTED, TDX_STEP_TCB);
}

static void
test_platform_match(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.platform.fmspc[5]++;
	assert_refused(&s, TDX_FMSPC_MISMATCH, TDX_STEP_PLATFORM);
	s = scenario;
	s.platform.pceid[1]++;
	assert_refused(&s, TDX_PCEID_MISMATCH, TDX_STEP_PLATFORM);
	s.tcb.pceid[1]++;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
}

static void
assert_tcb_edit(const char *from, const char *to, enum tdx_reason reason)
{
	struct scenario s = scenario;

	s.tcb_edit = (struct scenario_edit){from, to};
	assert_refused(&s, reason, TDX_STEP_TCB_INFO);
}

static void
test_tcb_info_form(void **state)
{
	struct scenario s = scenario;

	(void)state;
	assert_tcb_edit("\"id\":\"TDX\"", "\"id\":\"SGX\"", TDX_TCB_INFO_ID);
	assert_tcb_edit("\"id\":\"TDX\"", "\"id\":\"tdx\"", TDX_TCB_INFO_ID);
	assert_tcb_edit("\"version\":3", "\"version\":2", TDX_TCB_INFO_VERSION);
	assert_tcb_edit("\"version\":3", "\"version\":4", TDX_TCB_INFO_VERSION);
	assert_tcb_edit("\"tcbType\":0", "\"tcbType\":1", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"tcbType\":0,", "", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"tcbType\":0", "\"tcbType\":0,\"tcbType\":0", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"tcbEvaluationDataNumber\":20,", "", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"tdxModule\"", "\"tdxmodule\"", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"fmspc\":\"53454C460001\"", "\"fmspc\":\"53454C4600\"",
			TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"pceId\":\"0000\"", "\"pceId\":\"00000\"", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"pcesvn\":13", "\"pcesvn\":65536", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("2024-11-13T00:00:00Z", "2024-13-13T00:00:00Z", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("2024-11-13T00:00:00Z", "2024-11-13", TDX_TCB_INFO_PARSE);
	assert_tcb_edit("\"tcbDate\":\"2024-11-13T00:00:00Z\",", "", TDX_TCB_INFO_PARSE);
	/* members that are not known change nothing; that they are signed is enough */
	s.tcb_edit = (struct scenario_edit){"\"tcbType\":0", "\"tcbType\":0,\"more\":[{}]"};
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* nor does white space, as long as it is signed too */
	s.tcb_edit = (struct scenario_edit){"\"tcbType\":0", " \"tcbType\" : 0"};
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* components' names are for people: Intel may spell them as it likes */
	s.tcb_edit = (struct scenario_edit){"\"category\":\"", "\"category\":\"\\u00b5 \\/ "};
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb_edit = (struct scenario_edit){
	    "\"category\":\"",
	    "\"category\":\"a name of more than sixty-four characters, which is long for one "};
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.tcb_edit = (struct scenario_edit){"\"category\":\"", "\"category\":\"\\x"};
	assert_refused(&s, TDX_TCB_INFO_PARSE, TDX_STEP_TCB_INFO);
	/* after the signature everything is a change */
	s = scenario;
	s.bundle_edit = (struct scenario_edit){"\\\"tcbType\\\":0", "\\\"tcbType\\\": 0"};
	assert_refused(&s, TDX_TCB_INFO_SIGNATURE, TDX_STEP_TCB_INFO);
}

static void
assert_qe_edit(const char *from, const char *to, enum tdx_reason reason)
{
	struct scenario s = scenario;

	s.qe_edit = (struct scenario_edit){from, to};
	assert_refused(&s, reason, TDX_STEP_QE_DOCUMENT);
}

static void
test_qe_identity_form(void **state)
{
	struct scenario s = scenario;

	(void)state;
	assert_qe_edit("\"TD_QE\"", "\"QE\"", TDX_QE_IDENTITY_ID);
	assert_qe_edit("\"version\":2", "\"version\":1", TDX_QE_IDENTITY_PARSE);
	assert_qe_edit("\"isvprodid\":2,", "", TDX_QE_IDENTITY_PARSE);
	assert_qe_edit("\"miscselect\":\"00000000\"", "\"miscselect\":\"000000\"",
		       TDX_QE_IDENTITY_PARSE);
	assert_qe_edit("\"isvsvn\":4", "\"isvsvn\":65536", TDX_QE_IDENTITY_PARSE);
	s.bundle_edit = (struct scenario_edit){"\\\"isvprodid\\\":2", "\\\"isvprodid\\\":3"};
	assert_refused(&s, TDX_QE_IDENTITY_SIGNATURE, TDX_STEP_QE_DOCUMENT);
}

static void
test_qe_identity_match(void **state)
{
	struct scenario s = scenario;

	(void)state;
	s.qe.mrsigner[31] ^= 1;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
	s = scenario;
	s.qe.isvprodid = 1;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
	s = scenario;
	s.qe.attributes[0] = 0x10;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
	/* the debug bit of the enclave is under the mask, bit 2 is not */
	s = scenario;
	s.quote.qe_report[QE_ATTRIBUTES] |= 2;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
	s = scenario;
	s.quote.qe_report[QE_ATTRIBUTES] |= 4;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* the text is big-endian, the report little-endian */
	s = scenario;
	s.quote.qe_report[QE_MISCSELECT] = 1;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
	s.qe.miscselect = 1;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	s.quote.qe_report[QE_MISCSELECT + 3] = 0x80;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
	s.qe.miscselect_mask = 0x7fffffff;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	/* a value with bits outside of its mask can never match */
	s = scenario;
	s.qe.miscselect = 0x80000000;
	s.qe.miscselect_mask = 0x7fffffff;
	assert_refused(&s, TDX_QE_IDENTITY_MISMATCH, TDX_STEP_QE_IDENTITY);
}

/* "use the minimum, do not require equality" */
static void
test_evaluation_numbers(void **state)
{
	struct scenario s = scenario;
	const struct tdx_result *r;

	(void)state;
	s.qe.evaluation = 19;
	assert_holds(&s, "UpToDate", BEST_DATE, "");
	r = judge(&s, SCENARIO_NOW);
	assert_int_equal(r->tcb_info_number, 20);
	assert_int_equal(r->qe_identity_number, 19);
	assert_int_equal(r->evaluation_number, 19);
	s.tcb.evaluation = 17;
	r = judge(&s, SCENARIO_NOW);
	assert_true(tdx_holds(r));
	assert_int_equal(r->evaluation_number, 17);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_up_to_date),
	    cmocka_unit_test(test_components_from_index_2),
	    cmocka_unit_test(test_components_from_index_0),
	    cmocka_unit_test(test_sgx_components_and_pcesvn),
	    cmocka_unit_test(test_unsorted),
	    cmocka_unit_test(test_ties),
	    cmocka_unit_test(test_equal_svns),
	    cmocka_unit_test(test_duplicates),
	    cmocka_unit_test(test_unknown_status),
	    cmocka_unit_test(test_component_counts),
	    cmocka_unit_test(test_lower_case),
	    cmocka_unit_test(test_module_identity),
	    cmocka_unit_test(test_module_and_enclave_levels),
	    cmocka_unit_test(test_platform_match),
	    cmocka_unit_test(test_tcb_info_form),
	    cmocka_unit_test(test_qe_identity_form),
	    cmocka_unit_test(test_qe_identity_match),
	    cmocka_unit_test(test_evaluation_numbers),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
