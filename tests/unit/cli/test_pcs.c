/* What is asked of Intel's service and its caches, and how their answers are undone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "cli/pcs.h"
#include "cli/transfer.h"
#include "base/banned.h"

static const struct pck_platform platform = {
    .fmspc = {0x90, 0xc0, 0x6f, 0x00, 0x00, 0x0a},
    .ca = PCK_CA_PLATFORM,
};

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void
assert_base(const char *url, const char *want)
{
	char base[PCS_URL_MAX];

	assert_int_equal(pcs_base(url, base), 0);
	assert_string_equal(base, want);
}

static void
test_base(void **state)
{
	char base[PCS_URL_MAX], longest[PCS_URL_MAX + 1];

	(void)state;
	assert_base("https://pccs.example", "https://pccs.example");
	assert_base("https://pccs.example//", "https://pccs.example");
	assert_base("https://pccs.example:8081/sgx/certification/v4/", "https://pccs.example:8081");
	assert_base("https://pccs.example/x/tdx/certification/v4", "https://pccs.example/x");
	assert_int_equal(pcs_base("https://a/sgx/certification/v3/", base), ERR_UNSUPPORTED);
	assert_int_equal(pcs_base("https://a/?x=1", base), ERR_RANGE);
	assert_int_equal(pcs_base("https://a/#x", base), ERR_RANGE);
	assert_int_equal(pcs_base("", base), ERR_RANGE);
	memset(longest, 'a', PCS_URL_MAX);
	longest[PCS_URL_MAX] = '\0';
	assert_int_equal(pcs_base(longest, base), ERR_RANGE);
	assert_true(pcs_is_intel(PCS_INTEL));
	assert_false(pcs_is_intel("https://pccs.example"));
}

static void
assert_url(enum pcs_document document, enum pcs_update update, const char *want)
{
	char url[PCS_URL_MAX];

	assert_int_equal(pcs_url("https://p", document, &platform, update, url), 0);
	assert_string_equal(url, want);
}

static void
test_urls(void **state)
{
	char url[PCS_URL_MAX], longest[PCS_URL_MAX];

	(void)state;
	assert_url(PCS_PCK_CRL, PCS_EARLY,
		   "https://p/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
	assert_url(PCS_ROOT_CRL, PCS_EARLY, "https://p/sgx/certification/v4/rootcacrl");
	assert_url(PCS_TCB_INFO, PCS_EARLY,
		   "https://p/tdx/certification/v4/tcb?fmspc=90c06f00000a&update=early");
	assert_url(PCS_TCB_INFO, PCS_STANDARD,
		   "https://p/tdx/certification/v4/tcb?fmspc=90c06f00000a&update=standard");
	assert_url(PCS_QE_IDENTITY, PCS_EARLY,
		   "https://p/tdx/certification/v4/qe/identity?update=early");
	memset(longest, 'a', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	assert_int_equal(pcs_url(longest, PCS_TCB_INFO, &platform, PCS_EARLY, url), ERR_SPACE);
}

static int
decode_chain(const char *value, const char *want)
{
	struct buffer b = buffer_of(64);
	int r = pcs_chain_decode(text(value), &b);

	if (r == 0)
		assert_true(b.len == strlen(want) && memcmp(b.p, want, b.len) == 0);
	buffer_free(&b);
	return r;
}

static void
test_chain(void **state)
{
	(void)state;
	assert_int_equal(decode_chain("-----BEGIN%20X-----%0AMII%2B+/%3D%0a", "-----BEGIN X-----\nMII++/=\n"),
			 0);
	assert_int_equal(decode_chain("", ""), ERR_PARSE);
	assert_int_equal(decode_chain("%", ""), ERR_PARSE);
	assert_int_equal(decode_chain("a%2", ""), ERR_PARSE);
	assert_int_equal(decode_chain("a%2g", ""), ERR_PARSE);
	assert_int_equal(decode_chain("a%00b", ""), ERR_PARSE);
	assert_int_equal(decode_chain("a%80b", ""), ERR_PARSE);
	assert_int_equal(decode_chain("a\tb", ""), ERR_PARSE);
	assert_int_equal(
	    decode_chain("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ""),
	    ERR_SPACE);
}

static int
decode_crl(const void *p, size_t len)
{
	static const uint8_t want[] = {0x30, 0x02, 0x05, 0x00};
	struct buffer b = buffer_of(16);
	int r = pcs_crl_decode((struct bytes){p, len}, &b);

	if (r == 0) {
		assert_int_equal(b.len, sizeof want);
		assert_memory_equal(b.p, want, sizeof want);
	}
	buffer_free(&b);
	return r;
}

static void
test_crl(void **state)
{
	(void)state;
	assert_int_equal(decode_crl("\x30\x02\x05\x00", 4), 0);
	assert_int_equal(decode_crl("30020500", 8), 0);
	assert_int_equal(decode_crl("30020500\r\n", 10), 0);
	assert_int_equal(decode_crl("", 0), ERR_PARSE);
	assert_int_equal(decode_crl("\n", 1), ERR_PARSE);
	assert_int_equal(decode_crl("31020500", 8), ERR_PARSE);
	/* hex that begins as DER does is taken for what it begins as: 0x33 is no SEQUENCE */
	assert_int_equal(decode_crl("3002050", 7), ERR_PARSE);
	assert_int_equal(decode_crl("{}", 2), ERR_PARSE);
	assert_int_equal(decode_crl("\x30\x02\x05\x00\x30\x02\x05\x00\x30\x02\x05\x00\x30\x02\x05\x00\x30", 17),
			 ERR_SPACE);
}

static void
test_crl_point(void **state)
{
	/* SEQUENCE { SEQUENCE { [0] { [0] { [6] "http://a" } } } } */
	uint8_t der[] = {0x30, 0x10, 0x30, 0x0e, 0xa0, 0x0c, 0xa0, 0x0a, 0x86,
			 0x08, 'h',  't',  't',	 'p',  ':',  '/',  '/',	 'a'};
	char url[PCS_URL_MAX];

	(void)state;
	assert_int_equal(pcs_crl_point((struct bytes){der, sizeof der}, url), 0);
	assert_string_equal(url, "http://a");
	for (size_t n = 0; n < sizeof der; n++)
		assert_int_equal(pcs_crl_point((struct bytes){der, n}, url), ERR_PARSE);
	der[17] = '\n';
	assert_int_equal(pcs_crl_point((struct bytes){der, sizeof der}, url), ERR_PARSE);
	der[17] = 'a';
	der[8] = 0x87; /* an IP address */
	assert_int_equal(pcs_crl_point((struct bytes){der, sizeof der}, url), ERR_PARSE);
}

static void
test_pause(void **state)
{
	(void)state;
	assert_int_equal(transfer_pause(1, 0, 0), 500);
	assert_int_equal(transfer_pause(2, 0, 0), 1000);
	assert_int_equal(transfer_pause(3, 0, 0), 2000);
	assert_in_range(transfer_pause(1, 0, UINT32_MAX), 500, 750);
	assert_int_equal(transfer_pause(1, 3, 0), 3000);
	/* nobody makes us wait for an hour */
	assert_int_equal(transfer_pause(1, 3600, 0), 20000);
	assert_int_equal(transfer_pause(1, UINT64_MAX, 0), 20000);
	assert_int_equal(transfer_pause(60, 0, UINT32_MAX), 20000);
}

static void
test_url_problem(void **state)
{
	(void)state;
	assert_null(transfer_url_problem("https://a.example/x"));
	assert_null(transfer_url_problem("http://127.0.0.1:1/"));
	assert_null(transfer_url_problem("http://[::1]:1/"));
	assert_non_null(transfer_url_problem("http://a.example/"));
	assert_non_null(transfer_url_problem("http://127.0.0.1.a.example/"));
	assert_non_null(transfer_url_problem("file:///etc/passwd"));
	assert_non_null(transfer_url_problem("https://u:p@a.example/"));
	assert_non_null(transfer_url_problem(""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_base),      cmocka_unit_test(test_urls),
	    cmocka_unit_test(test_chain),     cmocka_unit_test(test_crl),
	    cmocka_unit_test(test_crl_point), cmocka_unit_test(test_pause),
	    cmocka_unit_test(test_url_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
