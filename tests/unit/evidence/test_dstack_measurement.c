/* Vectors of dstack's formulas (dstack-types/src/mr_config.rs, recorded certificates). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/hex.h"
#include "evidence/dstack_measurement.h"
#include "tdx/digest.h"
#include "base/banned.h"

static struct bytes
unhex(const char *hex, uint8_t *room)
{
	size_t n = strlen(hex) / 2;

	assert_int_equal(hex_decode(hex, 2 * n, room, n), 0);
	return (struct bytes){room, n};
}

static void
assert_hex(const uint8_t *p, size_t n, const char *want)
{
	char hex[129];

	hex_encode(p, n, hex);
	assert_string_equal(hex, want);
}

static void
test_config_ids(void **state)
{
	static const char document[] =
	    "{\"app_id\":\"1111111111111111111111111111111111111111\","
	    "\"compose_hash\":\"2222222222222222222222222222222222222222222222222222222222222222\","
	    "\"gpu_policy_hash\":"
	    "\"5555555555555555555555555555555555555555555555555555555555555555\","
	    "\"instance_id\":\"4444444444444444444444444444444444444444\",\"key_provider\":\"kms\","
	    "\"key_provider_id\":"
	    "\"3333333333333333333333333333333333333333333333333333333333333333\","
	    "\"version\":3}";
	static struct dstack_facts facts;
	uint8_t id[48];

	(void)state;
	(void)unhex("9a5b9b449a34cc55277614876720bb9e5b552085ae742ab18f026867f72bdabc",
		    facts.compose_hash);
	dstack_config_id_v1(facts.compose_hash, id);
	assert_hex(id, 48,
		   "019a5b9b449a34cc55277614876720bb9e5b552085ae742ab18f026867f72bdabc000000"
		   "000000000000000000000000");
	(void)unhex("4f475ed201ac079f2e4760fb7554763edcc97c48132d554666a2ec3fd2c9e099",
		    facts.compose_hash);
	(void)unhex("8d8f406cf93e1cf54207fbf99c9bc437dd4d6aef", facts.app_id);
	facts.provider = DSTACK_PROVIDER_KMS;
	facts.provider_id_len =
	    unhex("3059301306072a8648ce3d020106082a8648ce3d030107034200048844eb42ccdf8c52fd4f174f36"
		  "2fcb9bbd19c45fd48f1edec2d8f1ca23536ec1a74021b4cee610c074f8294d431b2b7fee2c39e533"
		  "3fdaf0a4522d43fb159d9f",
		  facts.provider_id)
		.len;
	dstack_config_id_v2(&facts, id);
	assert_hex(id, 48,
		   "02dd0db3893b8c47b5e4098d7630d22959a1423af536890d10aaf3f0a7b169921b000000"
		   "000000000000000000000000");
	/* each kind of provider has its own byte */
	facts.provider = DSTACK_PROVIDER_TPM;
	dstack_config_id_v2(&facts, id);
	assert_int_not_equal(id[1], 0xdd);
	assert_int_equal(
	    dstack_config_id_v3((struct bytes){(const uint8_t *)document, sizeof document - 1}, id),
	    0);
	assert_hex(id, 48,
		   "0390e5cffa571b22c2ca846872d6fb7b071aa1346f1a1f87f72869c47b39d94099000000"
		   "000000000000000000000000");
}

/* Device of a recorded machine, before and after the change of meaning. */
static void
test_device_id(void **state)
{
	uint8_t ppid[16], id[32], user_data[20] = {0}, want[32];
	struct tdx_quote q = {.user_data = {user_data, sizeof user_data}};

	(void)state;
	(void)unhex("c0147b4831e7308ad2a9c6946caeae55", ppid);
	assert_int_equal(dstack_device_id_of_ppid(ppid, id), 0);
	assert_hex(id, 32, "6d1f66b03e866ac300d42d97f9bbda6e6a0b65335071d10261aa0e5d4b0ad760");
	assert_int_equal(dstack_device_id_of_header(&q, id), 0);
	assert_int_equal(digest_sha256(&q.user_data, 1, want), 0);
	assert_memory_equal(id, want, 32);
}

/* The configuration is hashed along as soon as any of its three registers is set. */
static void
test_mr_aggregated(void **state)
{
	static uint8_t body[TD_10_LEN];
	static const size_t places[] = {TD_MRCONFIGID, TD_MROWNER + 47, TD_MROWNERCONFIG};
	const struct tdx_quote q = {.body = {body, sizeof body}};
	uint8_t zeros[240] = {0}, id[32], want[32];
	struct bytes parts = {zeros, sizeof zeros};

	(void)state;
	assert_int_equal(dstack_mr_aggregated(&q, id), 0);
	assert_int_equal(digest_sha256(&parts, 1, want), 0);
	assert_memory_equal(id, want, 32);
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct bytes runs[2] = {{zeros, sizeof zeros}, {body + TD_MRCONFIGID, 144}};

		body[places[i]] = 1;
		assert_int_equal(dstack_mr_aggregated(&q, id), 0);
		assert_int_equal(digest_sha256(runs, 2, want), 0);
		assert_memory_equal(id, want, 32);
		body[places[i]] = 0;
	}
	assert_int_equal(dstack_mr_system(&q, zeros, id), 0);
	parts.len = 4 * 48 + 32;
	assert_int_equal(digest_sha256(&parts, 1, want), 0);
	assert_memory_equal(id, want, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_config_ids),
	    cmocka_unit_test(test_device_id),
	    cmocka_unit_test(test_mr_aggregated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
