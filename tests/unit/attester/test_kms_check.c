/* The boot check of address 0 against a signed list: each way in which it must stop the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "attester/kms_check.h"
#include "base/base64.h"
#include "base/bytes.h"
#include "base/err.h"

#define APP "0x91b53aa4357f95ee2f470c5ce66292b080eff7a5"
#define OTHER_APP "0x91b53aa4357f95ee2f470c5ce66292b080eff7a6"
#define LIST                                                                               \
	"\"evmAddresses\":[{\"address\":\"0x9858effd232b4033e47d90003d41ec34ecaeda94\","   \
	"\"derivationPath\":\"m/44'/60'/0'/0/0\"}],\"solanaAddresses\":[{\"address\":"     \
	"\"HAgk14JpMQLgt6rVgv7cBQFJWFto5Dqxi472uT3DKpqk\",\"derivationPath\":"             \
	"\"m/44'/501'/0'/0'\"}]}"
#define WITH_APP "{\"appId\":\"" APP "\"," LIST
#define WITHOUT_APP "{" LIST

static const uint8_t address[20] = {0x98, 0x58, 0xef, 0xfd, 0x23, 0x2b, 0x40, 0x33, 0xe4, 0x7d,
				    0x90, 0x00, 0x3d, 0x41, 0xec, 0x34, 0xec, 0xae, 0xda, 0x94};
static EVP_PKEY *key;
static uint8_t key64[64];
static char list[2048];
static const char *problem;

static int
setup(void **state)
{
	uint8_t point[65];
	size_t len;

	(void)state;
	if ((key = EVP_EC_gen("P-256")) == NULL ||
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len) != 1)
		return -1;
	memcpy(key64, point + 1, 64);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	return 0;
}

/* {"data":...,"signature":...} into list */
static void
sign(const char *data)
{
	static uint8_t plain[2048];
	struct writer w = writer_of(plain, sizeof plain);
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	uint8_t der[100];
	size_t len = sizeof der;

	write_text(&w, "COMPUTE_APP_KMS_SIGNATURE_V1");
	write_u8(&w, 0);
	write_text(&w, data);
	assert_int_equal(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(c, der, &len, plain, w.len), 1);
	EVP_MD_CTX_free(c);
	w = writer_of((uint8_t *)list, sizeof list - 1);
	write_text(&w, "{\"data\":");
	write_text(&w, data);
	write_text(&w, ",\"signature\":\"");
	base64_write(&w, BASE64_STANDARD, der, len);
	write_text(&w, "\"}");
	list[w.len] = '\0';
}

static int
check(const char *app_id, const uint8_t a[20])
{
	const struct kms_settings s = {.addresses = list, .app_id = app_id};

	problem = "";
	return kms_check_under(&s, key64, a, &problem);
}

static void
test_holds(void **state)
{
	(void)state;
	sign(WITH_APP);
	assert_int_equal(check(NULL, address), 0);
	assert_int_equal(check(APP, address), 0);
	sign(WITHOUT_APP);
	assert_int_equal(check(NULL, address), 0);
}

static void
test_refuses(void **state)
{
	uint8_t other[20];

	(void)state;
	memcpy(other, address, sizeof other);
	other[19] ^= 1;
	sign(WITH_APP);
	assert_int_equal(check(NULL, other), ERR_CONFLICT);
	assert_memory_equal(problem, "MNEMONIC: ", 10);
	assert_int_equal(check(OTHER_APP, address), ERR_CONFLICT);
	assert_int_equal(check("0x91", address), ERR_RANGE);
	sign(WITHOUT_APP);
	assert_int_equal(check(APP, address), ERR_NOT_FOUND);
	assert_non_null(strstr(problem, "SELFSAME_APP_ID"));
	list[strlen(list) - 10] ^= 1;
	assert_int_not_equal(check(NULL, address), 0);
	sign(WITH_APP);
	key64[0] ^= 1;
	assert_int_equal(check(NULL, address), ERR_SIGNATURE);
	key64[0] ^= 1;
	list[1] = 'x';
	assert_int_equal(check(NULL, address), ERR_PARSE);
}

/* Without a list there is nothing to check; with one it is EigenCompute's key, not the test's. */
static void
test_environment(void **state)
{
	struct kms_settings s = {.addresses = NULL};

	(void)state;
	sign(WITH_APP);
	assert_int_equal(kms_check(&s, address, &problem), 0);
	s.addresses = list;
	assert_int_equal(kms_check(&s, address, &problem), ERR_SIGNATURE);
	s.environment = "elsewhere";
	assert_int_equal(kms_check(&s, address, &problem), ERR_SETTING);
	s.environment = "sepolia";
	assert_int_equal(kms_check(&s, address, &problem), ERR_SIGNATURE);
	assert_non_null(strstr(problem, "SELFSAME_KMS_ENVIRONMENT"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_refuses),
	    cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
