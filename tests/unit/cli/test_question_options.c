/* What is asked on the command line: values, files, and that their order does not matter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/question_options.h"
#include "base/banned.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define APP_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define APP_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const struct command command = {.verb = "verify"};
static struct question_options o;
static char policy[] = "/tmp/selfsame-test-policy-XXXXXX";

/* What is refused is said on standard error, where a test's own words stand. */
static int saved_error = -1;

static void
silence(void)
{
	int none = open("/dev/null", O_WRONLY);

	saved_error = dup(STDERR_FILENO);
	assert_true(saved_error >= 0 && none >= 0 && dup2(none, STDERR_FILENO) >= 0);
	close(none);
}

static void
speak(void)
{
	fflush(stderr);
	assert_true(dup2(saved_error, STDERR_FILENO) >= 0);
	close(saved_error);
}

static int
setup(void **state)
{
	(void)state;
	assert_int_equal(unsetenv("SELFSAME_PCCS"), 0);
	return question_options_begin(&command, &o);
}

static int
teardown(void **state)
{
	(void)state;
	question_options_end(&o);
	return 0;
}

static int
begin(void **state)
{
	const char *text = "{\"graceDays\":7,\"dstack\":{\"appId\":\"" APP_B
			   "\",\"composeHashes\":[\"" HASH_B "\"]}}";
	int fd = mkstemp(policy);

	(void)state;
	return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0;
}

static int
end(void **state)
{
	(void)state;
	return unlink(policy);
}

/* An option by its name, as getopt_long() would find it. */
static int
give(const char *name, const char *value)
{
	struct option rows[QUESTION_OPTIONS_COUNT];

	question_options_rows(NULL, 0, rows);
	for (size_t i = 0; rows[i].name != NULL; i++) {
		int status;

		if (strcmp(rows[i].name, name) != 0)
			continue;
		silence();
		status = question_option(&o, rows[i].val, value);
		speak();
		return status;
	}
	fail_msg("there is no option %s", name);
	return CLI_USAGE;
}

static void
assert_policy_and_options(void)
{
	const struct dstack_policy *p = &o.question.dstack;

	assert_int_equal(o.question.policy.grace_days, 7);
	assert_true(p->has_app_id);
	assert_int_equal(p->app_id[0], 0xaa);
	assert_int_equal(p->compose_hashes.count, 2);
	assert_int_equal(p->compose_hashes.hash[0][0] ^ p->compose_hashes.hash[1][0], 0x11);
}

static void
test_policy_before_options(void **state)
{
	(void)state;
	assert_int_equal(give("policy", policy), CLI_YES);
	assert_int_equal(give("app-id", APP_A), CLI_YES);
	assert_int_equal(give("compose-hash", HASH_A), CLI_YES);
	assert_policy_and_options();
}

static void
test_policy_behind_options(void **state)
{
	(void)state;
	assert_int_equal(give("app-id", "0x" APP_A), CLI_YES);
	assert_int_equal(give("compose-hash", HASH_A), CLI_YES);
	assert_int_equal(give("policy", policy), CLI_YES);
	assert_policy_and_options();
}

static void
test_values(void **state)
{
	(void)state;
	assert_int_equal(give("at", "2026-05-28T20:26:40Z"), CLI_YES);
	assert_int_equal(o.question.at, 1780000000);
	assert_int_equal(give("at", "1780000001"), CLI_YES);
	assert_int_equal(o.question.at, 1780000001);
	assert_int_equal(give("nonce", "0x00112233445566778899aabbccddeeff"), CLI_YES);
	assert_int_equal(o.nonce_len, 16);
	assert_int_equal(give("image", "sha256:" HASH_A), CLI_YES);
	assert_int_equal(give("challenge", "00"), CLI_YES);
	assert_int_equal(o.question.challenge.len, 1);
	assert_int_equal(give("update", "standard"), CLI_YES);
	assert_int_equal(o.source.source.service.update, PCS_STANDARD);
	assert_int_equal(give("pccs", "https://pccs.example/sgx/certification/v4/"), CLI_YES);
	assert_string_equal(o.source.source.service.base, "https://pccs.example");
	assert_int_equal(give("offline", NULL), CLI_YES);
	assert_int_equal(give("offline", NULL), CLI_YES);
	assert_int_equal(o.source.source.mode, COLLATERAL_OFFLINE);
	assert_int_equal(give("fetch", NULL), CLI_USAGE);
}

static void
test_refused(void **state)
{
	static const char *const wrong[][2] = {
	    {"at", "-1"},
	    {"at", "2026-05-28"},
	    {"at", ""},
	    {"nonce", "00"},
	    {"nonce", "zz112233445566778899aabbccddeeff"},
	    {"image", HASH_A},
	    {"image", "sha256:" HASH_A "00"},
	    {"app-id", HASH_A},
	    {"compose-hash", APP_A},
	    {"os-image", ""},
	    {"kms-root", HASH_A},
	    {"kms-ca", policy},
	    {"google-root", policy},
	    {"simulated-root", policy},
	    {"challenge", ""},
	    {"expect", "mode"},
	    {"expect", "colour=red"},
	    {"update", "soon"},
	    {"pccs", "http://pccs.example"},
	    {"policy", "/dev/null"},
	    {"receipt", "/dev/null/none"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (give(wrong[i][0], wrong[i][1]) != CLI_USAGE)
			fail_msg("--%s %s was taken", wrong[i][0], wrong[i][1]);
}

static void
test_lists_have_an_end(void **state)
{
	(void)state;
	for (int i = 0; i < DSTACK_LIST_MAX; i++)
		assert_int_equal(give("device", HASH_A), CLI_YES);
	assert_int_equal(give("device", HASH_A), CLI_USAGE);
	for (int i = 0; i < EXPECTATIONS_MAX; i++)
		assert_int_equal(give("expect", "mode=tsm"), CLI_YES);
	assert_int_equal(give("expect", "mode=tsm"), CLI_USAGE);
}

/* What is not asked for is not looked for: --quote, and a simulated TEE. */
static void
test_collateral_that_nobody_wants(void **state)
{
	const struct bytes quote = {(const uint8_t *)"\4\0\2\0", 4};

	(void)state;
	question_collateral(&o, KIND_QUOTE, quote, 0);
	assert_null(o.question.collateral);
	assert_non_null(strstr(o.question.no_collateral, "--collateral"));
	assert_false(o.question.simulated_root);
	o.source.root_len = 1;
	question_collateral(&o, KIND_QUOTE, quote, 1);
	assert_null(o.question.no_collateral);
	assert_true(o.question.simulated_root);
	/* a file that is no bundle */
	o.source.source.file = policy;
	question_collateral(&o, KIND_QUOTE, quote, 1);
	assert_null(o.question.no_collateral);
	assert_non_null(o.question.collateral);
	o.source.source.file = "/dev/null";
	question_collateral(&o, KIND_QUOTE, quote, 1);
	assert_true(o.question.collateral_malformed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_policy_before_options, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_policy_behind_options, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_values, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_lists_have_an_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_collateral_that_nobody_wants, setup, teardown),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
