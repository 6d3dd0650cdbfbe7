/* The extension by which Google names an instance, written by hand; and the pinned roots. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/err.h"
#include "base/hex.h"
#include "evidence/google_roots.h"
#include "evidence/instance.h"
#include "base/banned.h"

/* SEQUENCE { "z-1", 77, "proj", 2^63 + 1, NAME, [0] { [0] 0, [1] TRUE, [2] TRUE } } */
#define NAME "tee-0x91b53aa4357f95ee2f470c5ce66292b080eff7a5"
#define HEAD "\x0c\x03z-1\x02\x01\x4d\x0c\x04proj\x02\x09\x00\x80\0\0\0\0\0\0\1"
#define SECURITY "\xa0\x11\x30\x0f\xa0\x03\x02\x01\x00\xa1\x03\x01\x01\xff\xa2\x03\x01\x01\xff"

static struct instance in;

static int
parse(const char *content, size_t len)
{
	/* an exact block, so that the sanitizer sees a read beyond it */
	static uint8_t *kept;

	free(kept);
	kept = malloc(len + 3);
	kept[0] = 0x30;
	kept[1] = 0x81;
	kept[2] = (uint8_t)len;
	memcpy(kept + 3, content, len);
	if (len < 0x80) {
		memmove(kept + 1, kept + 2, len + 1);
		return instance_parse((struct bytes){kept, len + 2}, &in);
	}
	return instance_parse((struct bytes){kept, len + 3}, &in);
}

#define PARSE(literal) parse((literal), sizeof(literal) - 1)

static void
test_fields(void **state)
{
	static const uint8_t app_id[20] = {0x91, 0xb5, 0x3a, 0xa4, 0x35, 0x7f, 0x95, 0xee, 0x2f,
	    0x47, 0x0c, 0x5c, 0xe6, 0x62, 0x92, 0xb0, 0x80, 0xef, 0xf7, 0xa5};

	(void)state;
	assert_int_equal(PARSE(HEAD "\x0c\x2e" NAME SECURITY), 0);
	assert_int_equal(in.zone.len, 3);
	assert_memory_equal(in.zone.p, "z-1", 3);
	assert_memory_equal(in.project_id.p, "proj", 4);
	assert_int_equal(in.project_number, 77);
	assert_true(in.id == (UINT64_C(1) << 63) + 1);
	assert_true(in.is_production);
	assert_true(in.has_app_id);
	assert_memory_equal(in.app_id, app_id, 20);
	assert_int_equal(PARSE(HEAD "\x0c\x06tv-dbg" SECURITY), 0);
	assert_false(in.has_app_id);
	/* without its security properties it is no production instance */
	assert_int_equal(PARSE(HEAD "\x0c\x01n"), 0);
	assert_false(in.is_production);
	assert_int_equal(
	    PARSE(HEAD "\x0c\x01n\xa0\x0c\x30\x0a\xa0\x03\x02\x01\x00\xa1\x03\x01\x01\x00"), 0);
	assert_false(in.is_production);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE(""), ERR_PARSE);
	assert_int_equal(PARSE(HEAD), ERR_PARSE);
	assert_int_equal(PARSE(HEAD "\x0c\x00"), ERR_PARSE); /* no name */
	assert_int_equal(PARSE(HEAD "\x0c\x03" "a b"), ERR_PARSE); /* what no name of Google's has */
	assert_int_equal(PARSE(HEAD "\x0c\x02\xc3\xa4"), ERR_PARSE);
	assert_int_equal(PARSE(HEAD "\x13\x01n"), ERR_PARSE); /* PrintableString */
	assert_int_equal(PARSE(HEAD "\x0c\x01n\x05\x00"), ERR_PARSE);
	assert_int_equal(PARSE(HEAD "\x0c\x01n" SECURITY "\x05\x00"), ERR_PARSE);
	assert_int_equal(PARSE(HEAD "\x0c\x01n\xa0\x00"), ERR_PARSE);
	assert_int_equal(PARSE(HEAD "\x0c\x01n\xa0\x02\x30\x00"), ERR_PARSE);
	assert_int_equal(PARSE(HEAD "\x0c\x01n\xa0\x07\x30\x05\xa0\x03\x02\x01\x00"), ERR_PARSE);
	/* an id of 65 bits */
	assert_int_equal(PARSE("\x0c\x03z-1\x02\x01\x4d\x0c\x04proj\x02\x09\x01\0\0\0\0\0\0\0\0"
			       "\x0c\x01n"),
	    ERR_PARSE);
	assert_int_equal(instance_parse((struct bytes){(const uint8_t *)"\x31\x00", 2}, &in), ERR_PARSE);
}

static int
app_id_of(const char *name)
{
	uint8_t id[20];

	return instance_app_id((struct bytes){(const uint8_t *)name, strlen(name)}, id);
}

static void
test_app_id(void **state)
{
	(void)state;
	assert_int_equal(app_id_of(NAME), 0);
	assert_int_equal(app_id_of(NAME "0"), ERR_NOT_FOUND);
	assert_int_equal(app_id_of(NAME "-x"), ERR_NOT_FOUND);
	assert_int_equal(app_id_of("0x91b53aa4357f95ee2f470c5ce66292b080eff7a5"), ERR_NOT_FOUND);
	assert_int_equal(app_id_of("tee-91b53aa4357f95ee2f470c5ce66292b080eff7a5aa"), ERR_NOT_FOUND);
	assert_int_equal(app_id_of("-"), ERR_NOT_FOUND);
	assert_int_equal(app_id_of(""), ERR_NOT_FOUND);
}

static void
check_root(struct pkix_list roots, const char *fingerprint)
{
	const struct pkix_list none = {NULL, 0};
	uint8_t hash[32];
	char hex[65];
	X509 *c;

	assert_int_equal(roots.count, 1);
	SHA256(roots.der[0].p, roots.der[0].len, hash);
	hex_encode(hash, sizeof hash, hex);
	assert_string_equal(hex, fingerprint);
	assert_non_null(c = pkix_parse(roots.der[0]));
	assert_int_equal(X509_verify(c, X509_get0_pubkey(c)), 1);
	X509_free(c);
	/* it is its own chain, at any time of its life */
	assert_non_null(c = pkix_parse(roots.der[0]));
	assert_int_equal(pkix_verify(c, none, roots, 1780000000, TOKEN_CHAIN), TDX_HOLDS);
	assert_int_equal(pkix_verify(c, none, roots, 1600000000, TOKEN_CHAIN), TDX_NOT_YET_VALID);
	X509_free(c);
}

static void
test_roots(void **state)
{
	(void)state;
	check_root(google_ak_roots(),
	    "594759594b9b61524f6c8ef668f7177f7b9066bc0674f2f49fe9e052be78beb2");
	check_root(google_confidential_space_roots(),
	    "148b293821bb0c6a317f413c8ba475814091cb22d49b9e3c94198db8e8f86c39");
}

/* A certificate is one whole value. */
static void
test_parse(void **state)
{
	static uint8_t copy[PKIX_CERTIFICATE_MAX + 1];
	const struct bytes root = google_ak_roots().der[0];
	X509 *c;

	(void)state;
	memcpy(copy, root.p, root.len);
	assert_non_null(c = pkix_parse((struct bytes){copy, root.len}));
	X509_free(c);
	assert_null(pkix_parse((struct bytes){copy, root.len + 1}));
	assert_null(pkix_parse((struct bytes){copy, root.len - 1}));
	assert_null(pkix_parse((struct bytes){copy, 0}));
	assert_null(pkix_parse((struct bytes){copy, sizeof copy}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_app_id),
	    cmocka_unit_test(test_roots),
	    cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
