/* The KMS's list of addresses: signed here over text written by hand, then changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/err.h"
#include "evidence/kms_addresses.h"
#include "support/kms_signer.h"
#include "base/banned.h"

#define FOLDER "../shared/fixtures/eigen/"
#define A0 "0x9858effd232b4033e47d90003d41ec34ecaeda94"
#define A0_EIP55 "0x9858EfFD232B4033E47d90003D41EC34EcaEda94"
#define A1 "0x6fac4d18c912343bf86fa7049364dd4e424ab9c0"
#define APP "0x91b53aa4357f95ee2f470c5ce66292b080eff7a5"
#define P(i) "m/44'/60'/0'/0/" #i
#define SOLANA "[{\"address\":\"HAgk14JpMQLgt6rVgv7cBQFJWFto5Dqxi472uT3DKpqk\"," \
	"\"derivationPath\":\"m/44'/501'/0'/0'\"}]"
#define EVM "[{\"address\":\"" A0 "\",\"derivationPath\":\"" P(0) "\"}," \
	"{\"address\":\"" A1 "\",\"derivationPath\":\"" P(1) "\"}]"

/* As Go's encoder writes them: what is signed. */
#define DATA_1 "{\"evmAddresses\":" EVM ",\"solanaAddresses\":" SOLANA "}"
#define DATA_2 "{\"appId\":\"" APP "\",\"evmAddresses\":" EVM ",\"solanaAddresses\":" SOLANA "}"

static char signature[KMS_SIGNATURE_MAX], json[8192];
static struct kms_addresses list;

static int
read_list(const char *data)
{
	snprintf(json, sizeof json, "{\"data\":%s,\"signature\":\"%s\"}", data, signature);
	return kms_addresses_read(
	    (struct bytes){(const uint8_t *)json, strlen(json)}, kms_signer_key64, &list);
}

static void
test_holds(void **state)
{
	static const uint8_t a0[4] = {0x98, 0x58, 0xef, 0xfd}, a1[4] = {0x6f, 0xac, 0x4d, 0x18};

	(void)state;
	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", DATA_2, signature);
	assert_int_equal(read_list(DATA_2), 0);
	assert_true(list.has_app_id);
	assert_int_equal(list.count, 2);
	assert_memory_equal(list.evm[0], a0, 4);
	assert_memory_equal(list.evm[1], a1, 4);
	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", DATA_1, signature);
	assert_int_equal(read_list(DATA_1), 0);
	assert_false(list.has_app_id);
	/* spread out, in another order and case by whoever passed it on */
	assert_int_equal(read_list("{ \"solanaAddresses\": " SOLANA ",\n \"evmAddresses\" :"
		"[{\"derivationPath\":\"" P(0) "\",\"address\":\"" A0_EIP55 "\"},"
		"{\"address\":\"" A1 "\",\"derivationPath\":\"" P(1) "\"}] }"), 0);
}

static void
test_signature(void **state)
{
	static uint8_t other[64];

	(void)state;
	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", DATA_2, signature);
	assert_int_equal(read_list(DATA_1), ERR_SIGNATURE);
	memcpy(other, kms_signer_key64, 64);
	snprintf(json, sizeof json, "{\"data\":%s,\"signature\":\"%s\"}", DATA_2, signature);
	assert_int_equal(kms_addresses_read((struct bytes){(const uint8_t *)json, strlen(json)},
	    kms_signing_key("sepolia"), &list), ERR_SIGNATURE);
	kms_signer_sign("COMPUTE_APP_DERIVED_ADDRESSES_V1", DATA_2, signature); /* another domain */
	assert_int_equal(read_list(DATA_2), ERR_SIGNATURE);
	memcpy(signature, "AAAA", 5);
	assert_int_equal(read_list(DATA_2), ERR_PARSE);
	memcpy(signature, "MAA=", 5); /* an empty SEQUENCE */
	assert_int_equal(read_list(DATA_2), ERR_PARSE);
	memcpy(signature, "", 1);
	assert_int_equal(read_list(DATA_2), ERR_PARSE);
}

/* Every character of a list changed, and the list cut everywhere. */
static void
test_mutation(void **state)
{
	struct bytes whole = {(const uint8_t *)json, 0};
	size_t len;

	(void)state;
	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", DATA_2, signature);
	assert_int_equal(read_list(DATA_2), 0);
	len = strlen(json);
	whole.len = len;
	for (size_t i = 0; i < len; i++) {
		json[i] ^= 1;
		assert_int_not_equal(kms_addresses_read(whole, kms_signer_key64, &list), 0);
		json[i] ^= 1;
	}
	for (size_t n = 0; n < len; n++) {
		uint8_t *copy = malloc(n + 1);

		memcpy(copy, json, n);
		assert_int_equal(kms_addresses_read((struct bytes){copy, n}, kms_signer_key64,
		    &list), ERR_PARSE);
		free(copy);
	}
}

/* Whatever the signature says of it. */
static void
refuse(const char *data)
{
	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", data, signature);
	if (read_list(data) != ERR_PARSE)
		fail_msg("was not refused: %s", data);
}

#define ENTRY(address, path) "{\"address\":\"" address "\",\"derivationPath\":\"" path "\"}"

static void
test_form(void **state)
{
	(void)state;
	refuse("{}");
	refuse("[]");
	refuse("{\"evmAddresses\":[],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":" EVM "}");
	refuse("{\"evmAddresses\":" EVM ",\"solanaAddresses\":null}");
	refuse("{\"evmAddresses\":{},\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":" EVM ",\"solanaAddresses\":[],\"x\":1}");
	refuse("{\"evmAddresses\":" EVM ",\"evmAddresses\":" EVM ",\"solanaAddresses\":[]}");
	refuse("{\"appId\":\"0x91\",\"evmAddresses\":" EVM ",\"solanaAddresses\":[]}");
	refuse("{\"appId\":7,\"evmAddresses\":" EVM ",\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[7],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[" ENTRY("9858", P(0)) "],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[" ENTRY(A0, P(1)) "],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[" ENTRY(A0, P(0)) "," ENTRY(A1, P(2)) "],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[" ENTRY(A0, "m/44'/60'/0'/1/0") "],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[{\"address\":\"" A0 "\"}],\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":[{\"address\":\"" A0 "\",\"derivationPath\":\"" P(0) "\",\"x\":1}],"
	       "\"solanaAddresses\":[]}");
	refuse("{\"evmAddresses\":" EVM ",\"solanaAddresses\":[" ENTRY("a\\\"b", "m") "]}");
	refuse("{\"evmAddresses\":" EVM ",\"solanaAddresses\":[" ENTRY("a<b", "m") "]}");
	refuse("{\"evmAddresses\":" EVM ",\"solanaAddresses\":[" ENTRY("a", "m\\u00e4") "]}");
}

static void
test_check(void **state)
{
	uint8_t a0[20], app[20];

	(void)state;
	kms_signer_sign("COMPUTE_APP_KMS_SIGNATURE_V1", DATA_2, signature);
	assert_int_equal(read_list(DATA_2), 0);
	memcpy(a0, list.evm[0], 20);
	memcpy(app, list.app_id, 20);
	assert_int_equal(kms_addresses_check(&list, a0, NULL), 0);
	assert_int_equal(kms_addresses_check(&list, a0, app), 0);
	assert_int_equal(kms_addresses_check(&list, list.evm[1], app), ERR_CONFLICT);
	app[19] ^= 1;
	assert_int_equal(kms_addresses_check(&list, a0, app), ERR_CONFLICT);
	list.has_app_id = 0;
	assert_int_equal(kms_addresses_check(&list, a0, NULL), 0);
	assert_int_equal(kms_addresses_check(&list, a0, app), ERR_NOT_FOUND);
}

/* The pinned keys are those of the SDK's files; skipped where they are absent. */
static void
test_keys(void **state)
{
	static const char *const environments[][2] = {{"mainnet-alpha", "mainnet-alpha_prod"},
	    {"sepolia", "sepolia_prod"}, {"sepolia-dev", "sepolia_dev"}};
	char path[128];

	(void)state;
	assert_null(kms_signing_key(""));
	assert_null(kms_signing_key("mainnet"));
	for (size_t i = 0; i < ARRAY_LEN(environments); i++) {
		uint8_t point[65];
		EVP_PKEY *recorded;
		size_t len;
		FILE *f;

		assert_non_null(kms_signing_key(environments[i][0]));
		snprintf(path, sizeof path, FOLDER "kms_signing_pub_%s.pem", environments[i][1]);
		if ((f = fopen(path, "rb")) == NULL)
			skip();
		recorded = PEM_read_PUBKEY(f, NULL, NULL, NULL);
		fclose(f);
		assert_non_null(recorded);
		assert_int_equal(EVP_PKEY_get_octet_string_param(
		    recorded, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len), 1);
		assert_memory_equal(point + 1, kms_signing_key(environments[i][0]), 64);
		EVP_PKEY_free(recorded);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_holds),
	    cmocka_unit_test(test_signature),
	    cmocka_unit_test(test_mutation),
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_check),
	    cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, kms_signer_open, kms_signer_close);
}
