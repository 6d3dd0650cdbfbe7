/* The boot check of address 0 against a signed list: each way in which it must stop the start. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "attester/kms_check.h"
#include "base/err.h"
#include "support/kms_signer.h"

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
static char list[2048];
static const char *problem;

/* {"data":...,"signature":...} into list */
static void
sign(const char *data)
{
	char signature[KMS_SIGNATURE_MAX];

	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", data, signature);
	snprintf(list, sizeof list, "{\"data\":%s,\"signature\":\"%s\"}", data, signature);
}

static int
check(const char *app_id, const uint8_t a[20])
{
	const struct kms_settings s = {.addresses = list, .app_id = app_id};

	problem = "";
	return kms_check_under(&s, kms_signer_key64, a, &problem);
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
	kms_signer_key64[0] ^= 1;
	assert_int_equal(check(NULL, address), ERR_SIGNATURE);
	kms_signer_key64[0] ^= 1;
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

	return cmocka_run_group_tests(tests, kms_signer_open, kms_signer_close);
}
