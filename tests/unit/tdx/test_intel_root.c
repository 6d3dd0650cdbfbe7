/* The pin: its published hash, its name and its key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <openssl/sha.h>

#include "base/hex.h"
#include "tdx/certificate.h"
#include "tdx/intel_root.h"
#include "tdx/p256.h"
#include "base/banned.h"

/* Of the root public key, as Intel's QvE has it built in. */
#define KEY                                                                                    \
	"0ba9c4c0c0c86193a3fe23d6b02cda10a8bbd4e88e48b4458561a36e705525f567918e2edc88e40d860b" \
	"d0cc4ee26aacc988e505a953558c453f6b0904ae7394"
#define HASH "44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3"

static void
test_pin(void **state)
{
	const struct bytes der = intel_root_der();
	uint8_t want[64], hash[32];
	struct certificate c;
	struct p256 p256 = {.key = NULL};

	(void)state;
	assert_int_equal(hex_decode(HASH, 64, want, 32), 0);
	SHA256(der.p, der.len, hash);
	assert_memory_equal(hash, want, 32);
	assert_int_equal(der.len, 659);
	assert_int_equal(certificate_parse(der, &c), 0);
	assert_int_equal(hex_decode(KEY, 128, want, 64), 0);
	assert_memory_equal(c.key, want, 64);
	assert_int_equal(c.common_name.len, strlen("Intel SGX Root CA"));
	assert_memory_equal(c.common_name.p, "Intel SGX Root CA", c.common_name.len);
	assert_int_equal(c.path_len, 1);
	assert_int_equal(certificate_issued_by(&c, &c, &p256), 0);
	p256_close(&p256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
