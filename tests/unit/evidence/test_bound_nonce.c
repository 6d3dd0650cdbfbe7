/* The golden values of the launcher's own test (go-tpm-tools, internal/nonce). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "evidence/bound_nonce.h"
#include "base/banned.h"

static const uint8_t challenge_bytes[] = {1, 2, 3, 4}, extra_bytes[] = {5, 6, 7, 8};
static const uint8_t ak_bytes[] = {10, 11, 12, 13};
static const struct bytes challenge = {challenge_bytes, 4}, ak = {ak_bytes, 4};
static const struct bytes extra = {extra_bytes, 4}, none = {NULL, 0};

static void
check_tpm(const char *tag, struct bytes e, const char *want)
{
	uint8_t got[32];
	char hex[65];

	assert_int_equal(bound_nonce_tpm(tag, challenge, e, got), 0);
	hex_encode(got, sizeof got, hex);
	assert_string_equal(hex, want);
}

static void
check_tee(struct bytes e, const char *want)
{
	uint8_t got[64];
	char hex[129];

	assert_int_equal(bound_nonce_tee(challenge, ak, e, got), 0);
	hex_encode(got, sizeof got, hex);
	assert_string_equal(hex, want);
}

static void
test_golden(void **state)
{
	(void)state;
	check_tpm(BOUND_TAG_TDX, extra,
	    "ac2f7acb6c8cc02e00102bf966d94c27954bd7ac63bc071ff4d1fd5aecaa243e");
	check_tpm(BOUND_TAG_TDX, none,
	    "7a965bcf0880c2baae2708a1fd6d01d9c2bb5f1e4e39dfb320fdeb0172b895a7");
	check_tpm(BOUND_TAG_SEV_SNP, extra,
	    "39bf0f6f99fc962c167a5ba3397cf5dc68e52bfaabefda31a84b85629cc2c013");
	check_tpm(BOUND_TAG_SHIELDED_VM, none,
	    "da8b5d453af8dce8a317951dee0362994bb4f1d2d7db9c2668745f0687772e44");
	check_tee(extra, "b205f813f5da0b23eae253063a448819249097c4cc23f068194d01218e06d197"
			 "32a08e0930bad3c2cf6d745da2965957c1229b7c9571b38f28c7bec853a0a547");
	check_tee(none, "290ee7c79ce47a7eb10b0097398f63b9a23a96aefc25354e6b20b044407412c5"
			"e3e0e1581ba5a7e053a3098b3a7093260236cd226f95abc2ba1f4a0320953da6");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
