/* What is handed in is recognised by its form, in every spelling of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "cli/kind.h"
#include "base/banned.h"

static const uint8_t quote[] = {4, 0, 2, 0, 0x81, 0, 0, 0, 0, 0, 0, 0, 0x93};

static struct buffer room;
static struct bytes found;

static enum kind
detect(const void *p, size_t len)
{
	enum kind kind = kind_detect((struct bytes){p, len}, &room, &found);

	return kind;
}

static void
assert_text(const char *text, enum kind want)
{
	assert_int_equal(detect(text, strlen(text)), want);
	buffer_free(&room);
}

static void
assert_quote(const char *text, size_t len)
{
	assert_int_equal(detect(text, len), KIND_QUOTE);
	assert_int_equal(found.len, sizeof quote);
	assert_memory_equal(found.p, quote, sizeof quote);
	buffer_free(&room);
}

static void
test_quote(void **state)
{
	const uint8_t sgx[] = {3, 0, 2, 0, 0, 0, 0, 0};

	(void)state;
	assert_quote((const char *)quote, sizeof quote);
	assert_quote("04000200810000000000000093", 26);
	assert_quote("0x04000200810000000000000093\n", 29);
	assert_quote(" 0400020081\n 0000\r\n000000000093\n", 32);
	assert_quote("BAACAIEAAAAAAAAAkw==", 20);
	assert_quote("BAACAIEA\nAAAAAAAAkw==\n", 22);
	/* who reads it says better than we that it is SGX */
	assert_int_equal(detect(sgx, sizeof sgx), KIND_QUOTE);
	buffer_free(&room);
}

static void
test_json(void **state)
{
	(void)state;
	assert_text("{\"kind\":\"selfsame-attestation\",\"statement\":{}}", KIND_ATTESTATION);
	assert_text("\n {\"statement\":", KIND_ATTESTATION);
	assert_text("{}", KIND_ATTESTATION);
	assert_text("{\"quote\":\"0400\",\"event_log\":\"[]\"}", KIND_DSTACK);
	assert_text("{\"attestation\":\"00\"}", KIND_DSTACK);
	assert_text("[{\"imr\":0}]", KIND_DSTACK_LOG);
	assert_text("{\"tcb_info\":\"{}\",\"pck_crl\":\"\"}", KIND_COLLATERAL);
}

static void
test_others(void **state)
{
	uint8_t snp[1184] = {2};

	(void)state;
	assert_int_equal(detect(snp, sizeof snp), KIND_SEV_SNP);
	buffer_free(&room);
	snp[0] = 5;
	assert_int_equal(detect(snp, sizeof snp), KIND_SEV_SNP);
	buffer_free(&room);
	assert_text("eyJhbGciOiJSUzI1NiJ9.e30.AAAA", KIND_TOKEN);
	/* folded by a mail program */
	assert_int_equal(detect("eyJhbGci\nOiJSUzI1NiJ9.e30.AAAA\n", 31), KIND_TOKEN);
	assert_int_equal(found.len, 29);
	buffer_free(&room);
	assert_text("0000", KIND_DSTACK_BLOB);
	assert_text("83a1", KIND_DSTACK_BLOB);
}

/* An X.509 certificate with the one extension that its caller names; nothing in it is real. */
static void
test_certificate(void **state)
{
	uint8_t der[] = {
	    0x30, 0x37, 0x30, 0x30, 0xa0, 0x03, 0x02, 0x01, 0x02, 0x02, 0x01, 0x01, 0x30,
	    0x00, 0x30, 0x00, 0x30, 0x00, 0x30, 0x00, 0x30, 0x03, 0x6b, 0x65, 0x79, 0xa3,
	    0x19, 0x30, 0x17, 0x30, 0x15, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x83,
	    0xe7, 0x3d, 0x01, 0x01, 0x04, 0x07, 0x04, 0x05, 0x71, 0x75, 0x6f, 0x74, 0x65,
	    0x30, 0x00, 0x03, 0x01, 0x00,
	};
	const size_t last_arc = 42;

	(void)state;
	assert_int_equal(detect(der, sizeof der), KIND_DSTACK_CERTIFICATE);
	assert_int_equal(found.len, sizeof der);
	buffer_free(&room);
	assert_text("-----BEGIN CERTIFICATE-----\r\n"
		    "MDcwMKADAgECAgEBMAAwADAAMAAwA2tleaMZMBcwFQYKKwYBBAGD5z0BAQQHBAVx\r\ndW90ZTAAAwEA\r\n"
		    "-----END CERTIFICATE-----\r\n-----BEGIN CERTIFICATE-----\r\nAAAA",
		    KIND_DSTACK_CERTIFICATE);
	assert_text("-----BEGIN CERTIFICATE-----\nAAAA", KIND_UNKNOWN);
	der[last_arc] = 3; /* the application's id: no evidence */
	assert_int_equal(detect(der, sizeof der), KIND_UNKNOWN);
	buffer_free(&room);
}

static void
test_unknown(void **state)
{
	(void)state;
	assert_text("", KIND_UNKNOWN);
	assert_text(" \n", KIND_UNKNOWN);
	assert_text("hello, world", KIND_UNKNOWN);
	assert_text("\x01\x02\x03", KIND_UNKNOWN);
	assert_text("0x", KIND_UNKNOWN);
	assert_text("eyJ.a", KIND_UNKNOWN);
	assert_int_equal(detect("\xff\xfe\0\0", 4), KIND_UNKNOWN);
	assert_int_equal(found.len, 4);
	buffer_free(&room);
	/* a brace before what no text has: bytes, for a reader of bytes */
	assert_int_equal(detect("{\0\2\0\x81", 5), KIND_UNKNOWN);
	assert_int_equal(found.len, 5);
	buffer_free(&room);
	/* hex that was cut stands for no bytes, and its digits are none */
	assert_int_equal(detect("040002008100000000000009", 23), KIND_UNKNOWN);
	assert_int_equal(found.len, 0);
	buffer_free(&room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_quote),
	    cmocka_unit_test(test_json),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_certificate),
	    cmocka_unit_test(test_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
