/* The bundle: read, written and read again; Intel's answers; what neither may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tdx/collateral.h"
#include "base/banned.h"

static uint8_t *memory;
static struct collateral read;
static const char *field;

/* Memory of exactly the length that the header asks for. */
static int
read_text(const char *text)
{
	const size_t len = strlen(text);

	free(memory);
	memory = malloc(len == 0 ? 1 : len);
	assert_non_null(memory);
	return collateral_read((struct bytes){(const uint8_t *)text, len}, memory, &read, &field);
}

static int
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static void
test_read(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"tcb_info\":\"{\\\"id\\\":1}\",\"root_ca_crl\":\"30aB\","
				   "\"unknown\":[{}],\"tcb_info_issuer_chain\":\"a\\nb\\n\"}"),
			 0);
	assert_true(is_text(read.tcb_info, "{\"id\":1}"));
	assert_true(is_text(read.tcb_info_issuer_chain, "a\nb\n"));
	assert_int_equal(read.root_ca_crl.len, 2);
	assert_int_equal(read.root_ca_crl.p[1], 0xab);
	/* what is absent is an empty run */
	assert_int_equal(read.pck_crl.len, 0);
	assert_int_equal(read.qe_identity_signature.len, 0);
}

/* What is not hex is nobody's DER or signature either: the verifier says which item is bad. */
static void
test_not_hex(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"pck_crl\":\"30a\",\"root_ca_crl\":\"zz\","
				   "\"tcb_info_signature\":\"\"}"),
			 0);
	assert_true(is_text(read.pck_crl, "30a"));
	assert_true(is_text(read.root_ca_crl, "zz"));
	assert_int_equal(read.tcb_info_signature.len, 0);
}

/* A bundle that says that it has no list has none; its other items count. */
static void
test_null_is_absent(void **state)
{
	(void)state;
	assert_int_equal(read_text("{\"root_ca_crl\":null,\"tcb_info\":\"{}\",\"pck_crl\":null}"), 0);
	assert_int_equal(read.root_ca_crl.len, 0);
	assert_int_equal(read.pck_crl.len, 0);
	assert_true(is_text(read.tcb_info, "{}"));
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), ERR_PARSE);
	assert_int_equal(read_text("[]"), ERR_PARSE);
	assert_int_equal(read_text("{\"pck_crl\":\"30\"} x"), ERR_TRAILING);
	assert_int_equal(read_text("{\"pck_crl\":\"30\",\"pck_crl\":\"30\"}"), ERR_DUPLICATE);
	assert_string_equal(field, "pck_crl");
	assert_int_equal(read_text("{\"qe_identity\":{\"id\":1}}"), ERR_PARSE);
	assert_string_equal(field, "qe_identity");
	assert_int_equal(read_text("{\"tcb_info\":null,\"tcb_info\":\"\"}"), ERR_DUPLICATE);
	assert_int_equal(read_text("{\"tcb_info\":7}"), ERR_PARSE);
	assert_int_equal(read_text("{\"tcb_info\":\"\\u00e9\"}"), ERR_PARSE);
	assert_int_equal(read_text("{\"x\":1,\"x\":1}"), ERR_DUPLICATE);
}

static void
test_too_long(void **state)
{
	char *text = malloc(COLLATERAL_JSON_MAX + 2);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', COLLATERAL_JSON_MAX + 1);
	memcpy(text, "{}", 2);
	text[COLLATERAL_JSON_MAX + 1] = '\0';
	assert_int_equal(read_text(text), ERR_SPACE);
	text[COLLATERAL_JSON_MAX] = '\0';
	assert_int_equal(read_text(text), 0);
	free(text);
}

static void
test_write(void **state)
{
	static const uint8_t der[3] = {0x30, 0x01, 0xff};
	const struct collateral c = {.pck_crl = {der, sizeof der},
				     .tcb_info = {(const uint8_t *)"{\"a\\\":\"b\t\"}\n", 12}};
	char text[1024];
	struct writer w = writer_of((uint8_t *)text, sizeof text - 1);
	size_t len;

	(void)state;
	collateral_write(&w, &c);
	assert_int_equal(writer_end(&w, &len), 0);
	text[len] = '\0';
	assert_int_equal(read_text(text), 0);
	assert_int_equal(read.pck_crl.len, sizeof der);
	assert_memory_equal(read.pck_crl.p, der, sizeof der);
	assert_int_equal(read.tcb_info.len, 12);
	assert_memory_equal(read.tcb_info.p, c.tcb_info.p, 12);
	assert_int_equal(read.root_ca_crl.len, 0);
}

#define SIGNATURE                                                          \
	"\"signature\":\"" "00112233445566778899aabbccddeeff" "00112233445566778899AABBCCDDEEFF" \
	"00112233445566778899aabbccddeeff" "00112233445566778899aabbccddeeff" "\""

static int
split(const char *text, struct bytes *ret)
{
	uint8_t signature[64];

	return collateral_signed_part((struct bytes){(const uint8_t *)text, strlen(text)},
				      "tcbInfo", ret, signature);
}

static void
test_signed_part(void **state)
{
	struct bytes object;

	(void)state;
	assert_int_equal(split("{\"tcbInfo\": {\"a\" : [1, {}]} ," SIGNATURE "}", &object), 0);
	assert_true(is_text(object, "{\"a\" : [1, {}]}"));
	assert_int_equal(split("{" SIGNATURE ",\"tcbInfo\":{}}", &object), 0);
	assert_true(is_text(object, "{}"));
	assert_int_equal(split("{\"tcbInfo\":{}}", &object), ERR_PARSE);
	assert_int_equal(split("{" SIGNATURE "}", &object), ERR_PARSE);
	assert_int_equal(split("{\"tcbInfo\":[]," SIGNATURE "}", &object), ERR_PARSE);
	assert_int_equal(split("{\"tcbInfo\":{},\"tcbInfo\":{}," SIGNATURE "}", &object),
			 ERR_DUPLICATE);
	assert_int_equal(split("{\"tcbInfo\":{},\"signature\":\"00\"}", &object), ERR_RANGE);
	assert_int_equal(split("{\"tcbInfo\":{}," SIGNATURE "}}", &object), ERR_TRAILING);
}

static int
teardown(void **state)
{
	(void)state;
	free(memory);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_read),     cmocka_unit_test(test_not_hex),
	    cmocka_unit_test(test_null_is_absent),
	    cmocka_unit_test(test_refused),  cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_write),    cmocka_unit_test(test_signed_part),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
