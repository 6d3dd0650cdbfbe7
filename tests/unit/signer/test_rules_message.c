#include "fixture.h"

#include "signer/rules.h"

#define DIGITS "0123456789abcdefABCDEF0123456789abcdef0123456789abcdef0123456789"

static struct policy policy;
static struct agent_record rec;

static int
setup(void **state)
{
	(void)state;
	policy = test_policy();
	policy.actions |= POLICY_MESSAGE;
	return 0;
}

static enum rule
judge_run(const char *s, size_t len)
{
	const struct rules_subject subject = {&policy, &rec, CHAIN};

	return rules_judge_message(&subject, (struct bytes){(const uint8_t *)s, len});
}

static enum rule
judge(const char *s)
{
	return judge_run(s, strlen(s));
}

static void
test_text(void **state)
{
	(void)state;
	assert_int_equal(judge("example.org wants you to sign in:\n\n\tyes"), RULE_NONE);
	assert_int_equal(judge("Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80"), RULE_NONE);
	policy.actions &= (uint8_t)~POLICY_MESSAGE;
	assert_int_equal(judge("hello"), RULE_ACTION);
}

static void
test_length(void **state)
{
	static char text[MESSAGE_BYTES_MAX + 1];

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(judge_run(text, 0), RULE_MESSAGE_LENGTH);
	assert_int_equal(judge_run(text, MESSAGE_BYTES_MAX), RULE_NONE);
	assert_int_equal(judge_run(text, MESSAGE_BYTES_MAX + 1), RULE_MESSAGE_LENGTH);
}

static void
test_digests(void **state)
{
	static const char *const refused[] = {
		"exactly thirty-two bytes of text",
		DIGITS,
		"0x" DIGITS,
		"0X" DIGITS,
		" " DIGITS,
		DIGITS "\n",
		"\t 0x" DIGITS " \n\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_int_equal(judge(refused[i]), RULE_MESSAGE_DIGEST);
	assert_int_equal(judge(DIGITS "0"), RULE_NONE);
	assert_int_equal(judge("hash: " DIGITS), RULE_NONE);
	assert_int_equal(judge("1x" DIGITS), RULE_NONE);
	assert_int_equal(judge("g123456789abcdef0123456789abcdef"
	                       "0123456789abcdef0123456789abcdef"),
	    RULE_NONE);
	/* 32 raw bytes are a digest before they are bad text */
	assert_int_equal(judge_run("\xff\xfe\xfd\xfc" "aaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32),
	    RULE_MESSAGE_DIGEST);
}

static void
test_bytes_that_are_no_text(void **state)
{
	static const char *const refused[] = {
		"\x19" "Ethereum Signed Message:\n", /* control characters */
		"\x01" "a",
		"a\rb",
		"a\x1b[0m",
		"a\x7f",
		"\xc2\x85", /* C1 */
		"\x80", /* UTF-8: a lone continuation */
		"\xc3", /* cut off */
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc3" "a",
		"\xc0\xaf", /* overlong */
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xed\xa0\x80", /* a surrogate */
		"\xf4\x90\x80\x80", /* above U+10FFFF */
		"\xf5\x80\x80\x80",
		"\xff",
		"\xef\xbf\xbe", /* U+FFFE, U+1FFFF, U+FDD0: no characters */
		"\xf0\x9f\xbf\xbf",
		"\xef\xb7\x90",
		"\xe2\x80\xae" "abc", /* right to left from here */
		"\xe2\x81\xa6" "abc",
		"\xe2\x80\xa8", /* line separator */
		"\xef\xbb\xbf" "abc", /* a byte order mark */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		assert_int_equal(judge(refused[i]), RULE_MESSAGE_TEXT);
	assert_int_equal(judge_run("a\0b", 3), RULE_MESSAGE_TEXT);
}

static void
test_edges_of_utf8(void **state)
{
	(void)state;
	assert_int_equal(judge("\xc2\xa0"), RULE_NONE);
	assert_int_equal(judge("\xe0\xa0\x80"), RULE_NONE);
	assert_int_equal(judge("\xed\x9f\xbf"), RULE_NONE);
	assert_int_equal(judge("\xee\x80\x80"), RULE_NONE);
	assert_int_equal(judge("\xf0\x90\x80\x80"), RULE_NONE);
	assert_int_equal(judge("\xf4\x8f\xbf\xbd"), RULE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_text, setup),
		cmocka_unit_test_setup(test_length, setup),
		cmocka_unit_test_setup(test_digests, setup),
		cmocka_unit_test_setup(test_bytes_that_are_no_text, setup),
		cmocka_unit_test_setup(test_edges_of_utf8, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
