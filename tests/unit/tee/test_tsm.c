/* configfs-tsm and tsm-mr on good and on bad days (tests/fakes/fake_tsm.h). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "fakes/fake_tsm.h"
#include "tdx/measurement.h"
#include "tdx/quote.h"
#include "tee/tsm.h"

static struct fake_tsm fake;
static struct measurement measurement;
static struct tee tee;
static uint8_t report_data[64];

static void
measure(const char *mode)
{
	static const struct bytes none = {(const uint8_t *)"{}", 2};
	const struct bytes text = {(const uint8_t *)mode, strlen(mode)};

	assert_int_equal(measurement_make(text, none, none, &measurement), 0);
}

static int
begin(void **state)
{
	(void)state;
	measure("tsm");
	memset(report_data, 0x5a, sizeof report_data);
	return fake_tsm_make(&fake);
}

static int
open_tsm(void)
{
	const struct tee_host host = fake_tsm_host(&fake);

	return tee_open(&tsm_platform, &host, &measurement.log, &tee);
}

/* Whatever happened, nothing stays behind. */
static void
end(void)
{
	tee_close(&tee);
	assert_int_equal(fake_tsm_open_files(&fake), 0);
	assert_int_equal(fake.entries_left, 0);
}

static void
assert_quote(void)
{
	struct tee_evidence e;
	struct tdx_quote quote;
	struct bytes field;

	assert_int_equal(tee_evidence(&tee, report_data, &e), 0);
	assert_int_equal(e.type, TEE_TDX_QUOTE);
	assert_int_equal(quote_parse(e.quote, &quote), TDX_HOLDS);
	assert_int_equal(quote_field(&quote, "reportData", 10, &field), 0);
	assert_memory_equal(field.p, report_data, 64);
}

static void
test_quote(void **state)
{
	(void)state;
	assert_int_equal(open_tsm(), 0);
	for (unsigned i = 0; i < 3; i++) {
		report_data[0] = (uint8_t)i;
		assert_quote();
		assert_int_equal(fake.entries_made, i + 1); /* one of its own per request */
		assert_int_equal(fake.entries_left, 0);
	}
	assert_int_equal(fake.slept_ms, 0);
	end();
}

static void
test_torn_reads(void **state)
{
	(void)state;
	fake.one_byte_reads = 1;
	fake.registers = 1;
	assert_int_equal(open_tsm(), 0);
	assert_true(tee.measured);
	assert_quote();
	end();
}

/* What passes is asked again, in a new entry. */
static void
test_transient(void **state)
{
	static const struct {
		const char *call;
		int error;
	} cases[] = {
	    {"mkdir", EEXIST},	     {"mkdir", EINTR},	      {"open:entry", EINTR},
	    {"write:inblob", EBUSY}, {"write:inblob", EINTR}, {"read:outblob", EBUSY},
	    {"read:outblob", EINTR}, {"read:generation", EINTR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fake_tsm_make(&fake), 0);
		assert_int_equal(open_tsm(), 0);
		fake.failing = cases[i].call;
		fake.failing_errno = cases[i].error;
		fake.failing_times = 3;
		assert_quote();
		assert_int_equal(fake.failing_times, 0);
		assert_int_equal(fake.slept_ms, 10 + 20 + 40);
		end();
	}
}

/* Not for ever: within the time that the kernel itself takes. */
static void
test_busy_for_ever(void **state)
{
	struct tee_evidence e;

	(void)state;
	assert_int_equal(open_tsm(), 0);
	fake.failing = "read:outblob";
	fake.failing_errno = EBUSY;
	fake.failing_times = 1000000;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_TIMEOUT);
	assert_in_range(fake.slept_ms, 25000, 30000);
	end();
}

static void
test_permanent(void **state)
{
	static const struct {
		const char *call;
		int error, expected;
	} cases[] = {
	    {"mkdir", EACCES, ERR_IO},		  {"open:outblob", EACCES, ERR_IO},
	    {"mkdir", ENOENT, ERR_UNSUPPORTED},	  {"open:inblob", ENOENT, ERR_UNSUPPORTED},
	    {"write:inblob", EINVAL, ERR_IO},	  {"read:outblob", EINVAL, ERR_IO},
	    {"read:outblob", EIO, ERR_IO},	  {"read:outblob", ENXIO, ERR_UNSUPPORTED},
	    {"read:outblob", EFBIG, ERR_SPACE},	  {"read:outblob", ETIMEDOUT, ERR_TIMEOUT},
	    {"read:provider", EIO, ERR_IO},	  {"read:generation", EIO, ERR_IO},
	};
	struct tee_evidence e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fake_tsm_make(&fake), 0);
		assert_int_equal(open_tsm(), 0);
		fake.failing = cases[i].call;
		fake.failing_errno = cases[i].error;
		fake.failing_times = 1;
		assert_int_equal(tee_evidence(&tee, report_data, &e), cases[i].expected);
		assert_int_equal(fake.slept_ms, 0);
		assert_quote(); /* and the next request finds everything in order */
		end();
	}
}

static void
test_wrong_answers(void **state)
{
	static const struct {
		enum fake_tsm_answer answer;
		int expected;
	} cases[] = {
	    {ANSWER_EMPTY, ERR_EVIDENCE},      {ANSWER_HALF, ERR_EVIDENCE},
	    {ANSWER_GARBAGE, ERR_EVIDENCE},    {ANSWER_OTHER_DATA, ERR_EVIDENCE},
	    {ANSWER_BAD_SIGNATURE, ERR_EVIDENCE}, {ANSWER_HUGE, ERR_SPACE},
	};
	struct tee_evidence e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(fake_tsm_make(&fake), 0);
		assert_int_equal(open_tsm(), 0);
		fake.answer = cases[i].answer;
		assert_int_equal(tee_evidence(&tee, report_data, &e), cases[i].expected);
		end();
	}
}

/* Somebody else wrote to the entry meanwhile: the answer is discarded, however good. */
static void
test_generation(void **state)
{
	struct tee_evidence e;

	(void)state;
	assert_int_equal(open_tsm(), 0);
	fake.foreign_writers = 2;
	assert_quote();
	assert_int_equal(fake.entries_made, 3);
	fake.foreign_writers = 1000000;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_TIMEOUT);
	end();
}

static void
test_provider(void **state)
{
	static const char *const others[] = {"sev_guest\n", "tdx_guest", "tdx_guest\n\n", ""};
	struct tee_evidence e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		assert_int_equal(fake_tsm_make(&fake), 0);
		assert_int_equal(open_tsm(), 0);
		fake.provider = others[i];
		assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_UNSUPPORTED);
		end();
	}
}

/* A directory that cannot be removed now can be a moment later. */
static void
test_rmdir(void **state)
{
	(void)state;
	assert_int_equal(open_tsm(), 0);
	fake.failing = "rmdir";
	fake.failing_errno = EBUSY;
	fake.failing_times = 2;
	assert_quote();
	end();
}

static void
test_no_directory(void **state)
{
	struct tee_host host = fake_tsm_host(&fake);

	(void)state;
	host.reports = -1;
	assert_int_equal(tee_open(&tsm_platform, &host, &measurement.log, &tee), ERR_UNSUPPORTED);
}

static void
assert_register(void)
{
	struct rtmr_bank bank;
	size_t bad;

	assert_int_equal(event_log_replay(&measurement.log, &bank, &bad), 0);
	assert_memory_equal(fake.rtmr3, bank.value[EVENT_RTMR], 48);
}

static void
test_registers(void **state)
{
	(void)state;
	fake.registers = 1;
	assert_int_equal(open_tsm(), 0);
	assert_true(tee.measured);
	assert_int_equal(fake.extended, measurement.log.count);
	assert_register();
	assert_quote();
	end();
	/* the attester was started again: nothing is extended twice */
	assert_int_equal(open_tsm(), 0);
	assert_true(tee.measured);
	assert_int_equal(fake.extended, measurement.log.count);
	end();
	/* with other settings in the same domain: the register tells another story */
	measure("other");
	assert_int_equal(open_tsm(), 0);
	assert_false(tee.measured);
	assert_int_equal(fake.extended, measurement.log.count);
	end();
}

static void
test_registers_half_way(void **state)
{
	(void)state;
	fake.registers = 1;
	fake.extensions_allowed = 1;
	assert_int_equal(open_tsm(), 0);
	assert_false(tee.measured);
	end();
	fake.extensions_allowed = 1000;
	assert_int_equal(open_tsm(), 0);
	assert_true(tee.measured);
	assert_int_equal(fake.extended, measurement.log.count);
	assert_register();
	end();
}

static void
test_registers_missing(void **state)
{
	(void)state;
	assert_int_equal(open_tsm(), 0);
	assert_false(tee.measured);
	end();
	fake.registers = 1;
	fake.failing = "read:rtmr3:sha384";
	fake.failing_errno = EIO;
	fake.failing_times = 1;
	assert_int_equal(open_tsm(), 0);
	assert_false(tee.measured);
	end();
	fake.failing = "write:rtmr3:sha384";
	fake.failing_errno = EACCES;
	fake.failing_times = 1;
	assert_int_equal(open_tsm(), 0);
	assert_false(tee.measured);
	end();
	fake.rtmr3[7] = 1; /* extended by somebody else */
	assert_int_equal(open_tsm(), 0);
	assert_false(tee.measured);
	assert_int_equal(fake.extended, 0);
	end();
}

static void
test_log_is_checked(void **state)
{
	(void)state;
	measurement.log.event[0].digest[0] ^= 1;
	assert_int_equal(open_tsm(), ERR_EVIDENCE);
	assert_int_equal(fake.extended, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_quote, begin),
	    cmocka_unit_test_setup(test_torn_reads, begin),
	    cmocka_unit_test_setup(test_transient, begin),
	    cmocka_unit_test_setup(test_busy_for_ever, begin),
	    cmocka_unit_test_setup(test_permanent, begin),
	    cmocka_unit_test_setup(test_wrong_answers, begin),
	    cmocka_unit_test_setup(test_generation, begin),
	    cmocka_unit_test_setup(test_provider, begin),
	    cmocka_unit_test_setup(test_rmdir, begin),
	    cmocka_unit_test_setup(test_no_directory, begin),
	    cmocka_unit_test_setup(test_registers, begin),
	    cmocka_unit_test_setup(test_registers_half_way, begin),
	    cmocka_unit_test_setup(test_registers_missing, begin),
	    cmocka_unit_test_setup(test_log_is_checked, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
