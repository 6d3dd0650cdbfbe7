/* The TDREPORT of the simulator, and a recorded one, by the same yardstick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "support/td_report.h"
#include "tee/simulated_quote.h"
#include "base/banned.h"

#define RECORDED "../shared/fixtures/tdx/tdreport/coco_tdx_report_1.bin"

static void
assert_structure(const uint8_t r[TDREPORT_LEN])
{
	static const uint8_t type[] = {0x81, 0x00, 0x01, 0x00};
	static const uint8_t valid[] = {0xff, 0x01, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00};
	static const uint8_t reserved[17];
	uint8_t hash[48];

	assert_memory_equal(r, type, sizeof type);
	assert_memory_equal(r + TDREPORT_TCB, valid, sizeof valid);
	assert_memory_equal(r + TDREPORT_TCB_END, reserved, sizeof reserved);
	SHA384(r + 256, 239, hash);
	assert_memory_equal(r + 32, hash, sizeof hash);
	SHA384(r + 512, 512, hash);
	assert_memory_equal(r + 80, hash, sizeof hash);
}

static void
test_recorded(void **state)
{
	uint8_t report[TDREPORT_LEN];
	FILE *f = fopen(RECORDED, "rb");

	(void)state;
	if (f == NULL)
		skip();
	assert_int_equal(fread(report, 1, sizeof report, f), sizeof report);
	fclose(f);
	assert_structure(report);
}

static void
test_made(void **state)
{
	static const uint8_t cpusvn[16] = {3, 3, 2, 2};
	static struct simulated_quote q;
	uint8_t report[TDREPORT_LEN];

	(void)state;
	assert_int_equal(simulated_quote_make(&q), 0);
	for (unsigned i = 0; i < TD_15_LEN; i++)
		q.body[i] = (uint8_t)(i * 7 + i / 256);
	assert_int_equal(td_report_make(q.body, cpusvn, report), 0);
	assert_structure(report);
	assert_memory_equal(report + 16, cpusvn, 16);
	assert_memory_equal(report + 128, q.body + TD_REPORT_DATA, 64);
	assert_memory_equal(report + 512, q.body + TD_TDATTRIBUTES, 8);
	assert_memory_equal(report + 520, q.body + TD_XFAM, 8);
	assert_memory_equal(report + 528, q.body + TD_MRTD, 48);
	assert_memory_equal(report + 576, q.body + TD_MRCONFIGID, 48);
	assert_memory_equal(report + 672, q.body + TD_MROWNERCONFIG, 48);
	assert_memory_equal(report + 720, q.body + TD_RTMR0, 48);
	assert_memory_equal(report + 864, q.body + TD_RTMR0 + 144, 48);
	assert_memory_equal(report + 912, q.body + TD_MRSERVICETD, 48);
	assert_memory_equal(report + 264, q.body + TD_TEE_TCB_SVN, 16);
	assert_memory_equal(report + 384, q.body + TD_TEE_TCB_SVN2, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_recorded),
	    cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
