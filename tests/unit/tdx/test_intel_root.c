/* The pin: its published hash, its name and its key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/hex.h"
#include "tdx/certificate.h"
#include "tdx/collateral.h"
#include "tdx/intel_root.h"
#include "tdx/p256.h"
#include "tdx/pem.h"
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

#define FOLDER "../shared/fixtures/tdx/"
#define BUNDLE_MAX 262144

/* The first certificate of each chain of a recorded bundle. */
static size_t
read_certificates(const char *bundle, uint8_t der[3][CERTIFICATE_MAX], size_t len[3])
{
	static uint8_t text[BUNDLE_MAX], memory[BUNDLE_MAX];
	FILE *f = fopen(bundle, "rb");
	struct collateral c;
	const char *field;
	size_t n, count = 0;

	if (f == NULL)
		return 0;
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	assert_int_equal(collateral_read((struct bytes){text, n}, memory, &c, &field), 0);
	const struct bytes chains[3] = {c.pck_crl_issuer_chain, c.tcb_info_issuer_chain,
					c.qe_identity_issuer_chain};

	for (size_t i = 0; i < 3; i++) {
		struct reader r = reader_of(chains[i].p, chains[i].len);

		if (pem_take_certificate(&r, der[count], CERTIFICATE_MAX, &len[count]) == 0)
			count++;
	}
	return count;
}

/* Whether the root signed it, by the signature itself. */
static int
verifies(const struct certificate *c)
{
	const struct bytes root_der = intel_root_der();
	struct certificate root;
	uint8_t hash[32];

	assert_int_equal(certificate_parse(root_der, &root), 0);
	SHA256(c->tbs.p, c->tbs.len, hash);
	return p256_verify(root.key, hash, c->signature) == 0;
}

/* What is said to be signed by the root is, and nothing that differs in a bit is said to be. */
static void
test_signed_by_root(void **state)
{
	static const char *const bundles[] = {FOLDER "phala-v4-uptodate/collateral.json",
					      FOLDER "oasis-v4-c0806f/collateral.json",
					      FOLDER "bad-coll-pckcrl-processor/collateral.json"};
	static uint8_t der[3][CERTIFICATE_MAX];
	uint8_t seen[8][32];
	size_t len[3], kinds = 0;

	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(bundles); b++) {
		size_t count = read_certificates(bundles[b], der, len);

		if (count == 0)
			skip();
		for (size_t i = 0; i < count; i++) {
			const struct bytes whole = {der[i], len[i]};
			struct certificate c;
			size_t k = 0;

			assert_int_equal(certificate_parse(whole, &c), 0);
			assert_true(intel_root_has_signed(whole));
			assert_true(verifies(&c));
			SHA256(whole.p, whole.len, seen[kinds]);
			while (memcmp(seen[k], seen[kinds], 32) != 0)
				k++;
			kinds += k == kinds;
			der[i][len[i] - 1] ^= 1;
			assert_false(intel_root_has_signed(whole));
		}
	}
	assert_int_equal(kinds, 4);
	assert_false(intel_root_has_signed(intel_root_der()));
	assert_false(intel_root_has_signed((struct bytes){NULL, 0}));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pin),
	    cmocka_unit_test(test_signed_by_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
