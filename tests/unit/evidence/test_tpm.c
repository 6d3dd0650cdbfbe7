/* Structures of a TPM, written by hand and signed with keys made here: ECDSA and RSASSA. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "base/err.h"
#include "evidence/rsa.h"
#include "evidence/tpm.h"
#include "base/banned.h"

#define ATTRIBUTES 0x00050072U

static EVP_PKEY *ec, *rsa;
static uint8_t public_area[1024], attest[512], signature[600];
static size_t public_len, attest_len, signature_len;
static struct tpm_key key;

static int
setup(void **state)
{
	(void)state;
	ec = EVP_EC_gen("P-256");
	rsa = EVP_RSA_gen(2048);
	return ec != NULL && rsa != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(ec);
	EVP_PKEY_free(rsa);
	return 0;
}

static void
sized(struct writer *w, const void *p, size_t n)
{
	write_be16(w, (uint16_t)n);
	write_bytes(w, p, n);
}

static void
words(struct writer *w, const uint16_t *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		write_be16(w, v[i]);
}

static void
write_ec_key(uint32_t attributes)
{
	static const uint16_t head[] = {0x0023, 0x000b};
	static const uint16_t scheme[] = {0x0010, 0x0018, 0x000b, 0x0003, 0x0010};
	struct writer w = writer_of(public_area, sizeof public_area);
	uint8_t point[65];
	size_t len;

	assert_int_equal(
	    EVP_PKEY_get_octet_string_param(ec, OSSL_PKEY_PARAM_PUB_KEY, point, 65, &len), 1);
	words(&w, head, 2);
	write_be32(&w, attributes);
	sized(&w, "", 0);
	words(&w, scheme, ARRAY_LEN(scheme));
	sized(&w, point + 1, 32);
	sized(&w, point + 33, 32);
	assert_int_equal(writer_end(&w, &public_len), 0);
}

static void
write_rsa_key(void)
{
	static const uint16_t head[] = {0x0001, 0x000b}, scheme[] = {0x0010, 0x0014, 0x000b, 2048};
	struct writer w = writer_of(public_area, sizeof public_area);
	uint8_t modulus[256];
	BIGNUM *n = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(BN_bn2binpad(n, modulus, sizeof modulus), sizeof modulus);
	BN_free(n);
	words(&w, head, 2);
	write_be32(&w, ATTRIBUTES);
	sized(&w, "policy", 6);
	words(&w, scheme, ARRAY_LEN(scheme));
	write_be32(&w, 0);
	sized(&w, modulus, sizeof modulus);
	assert_int_equal(writer_end(&w, &public_len), 0);
}

static int
parse_key(void)
{
	return tpm_key_parse((struct bytes){public_area, public_len}, &key);
}

/* Sets the 16 bits at an offset of the public area, parses, and puts them back. */
static int
parse_key_with(size_t at, uint16_t v)
{
	uint8_t before[2] = {public_area[at], public_area[at + 1]};
	int r;

	public_area[at] = (uint8_t)(v >> 8);
	public_area[at + 1] = (uint8_t)v;
	r = parse_key();
	memcpy(public_area + at, before, 2);
	return r;
}

static void
test_ec_key(void **state)
{
	(void)state;
	write_ec_key(ATTRIBUTES);
	assert_int_equal(parse_key(), 0);
	assert_int_equal(key.type, TPM_ALG_ECC);
	assert_true(tpm_key_is(&key, ec));
	assert_false(tpm_key_is(&key, rsa));
	key.point[63] ^= 1;
	assert_false(tpm_key_is(&key, ec));
	/* type, name algorithm, symmetric, scheme, its hash, curve, key derivation */
	assert_int_equal(parse_key_with(0, 0x0008), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(2, 0x000c), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(10, 0x0006), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(12, 0x001a), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(14, 0x0004), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(16, 0x0004), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(18, 0x0008), ERR_UNSUPPORTED);
	/* lengths */
	assert_int_equal(parse_key_with(8, 1), ERR_UNSUPPORTED);
	assert_int_equal(parse_key_with(8, 100), ERR_PARSE);
	assert_int_equal(parse_key_with(20, 33), ERR_PARSE);
	assert_int_equal(parse_key_with(20, 0), ERR_PARSE);
	public_len++;
	assert_int_equal(parse_key(), ERR_PARSE);
	for (public_len--; public_len > 0;) {
		public_len--;
		assert_int_equal(parse_key(), ERR_PARSE);
	}
}

/* Only a key that can sign nothing but what the TPM made itself vouches for a quote. */
static void
test_attributes(void **state)
{
	static const uint32_t bad[] = {ATTRIBUTES & ~(1U << 1), ATTRIBUTES & ~(1U << 5),
	    ATTRIBUTES & ~(1U << 16), ATTRIBUTES & ~(1U << 18), ATTRIBUTES | 1U << 17};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		write_ec_key(bad[i]);
		assert_int_equal(parse_key(), ERR_POLICY);
	}
}

static void
test_rsa_key(void **state)
{
	EVP_PKEY *other = EVP_RSA_gen(2048);

	(void)state;
	write_rsa_key();
	assert_int_equal(parse_key(), 0);
	assert_int_equal(key.type, TPM_ALG_RSA);
	assert_true(tpm_key_is(&key, rsa));
	assert_false(tpm_key_is(&key, ec));
	assert_false(tpm_key_is(&key, other));
	EVP_PKEY_free(other);
	assert_int_equal(parse_key_with(18, 0x0016), ERR_UNSUPPORTED); /* RSAPSS */
	assert_int_equal(parse_key_with(22, 1024), ERR_PARSE); /* bits that are not the modulus' */
	assert_int_equal(parse_key_with(26, 3), ERR_UNSUPPORTED); /* exponent */
	memset(public_area + 22, 0, 8); /* no bits, and a modulus of as many */
	public_len = 30;
	assert_int_equal(parse_key(), ERR_UNSUPPORTED);
}

static void
write_quote(const void *nonce, size_t nonce_len, uint16_t bank, const uint8_t selection[3],
    const uint8_t digest[32])
{
	struct writer w = writer_of(attest, sizeof attest);
	static const uint8_t clock[25] = {0};

	write_be32(&w, 0xff544347);
	write_be16(&w, 0x8018);
	sized(&w, "\0\x0bname", 6);
	sized(&w, nonce, nonce_len);
	write_bytes(&w, clock, sizeof clock);
	write_be32(&w, 1);
	write_be16(&w, bank);
	write_u8(&w, 3);
	write_bytes(&w, selection, 3);
	sized(&w, digest, 32);
	assert_int_equal(writer_end(&w, &attest_len), 0);
}

/* Offsets in what write_quote() makes with a nonce of 4 bytes. */
enum { AT_TYPE = 4, AT_SIGNER = 6, AT_NONCE = 14, AT_COUNT = 45, AT_BANK = 49, AT_SIZE = 51 };

static int
parse_quote(struct tpm_quote *ret)
{
	return tpm_quote_parse((struct bytes){attest, attest_len}, ret);
}

static int
parse_quote_with(size_t at, uint8_t v)
{
	struct tpm_quote q;
	uint8_t before = attest[at];
	int r;

	attest[at] = v;
	r = parse_quote(&q);
	attest[at] = before;
	return r;
}

static void
test_quote(void **state)
{
	static const uint8_t all[3] = {0xff, 0xff, 0xff}, digest[32] = {9};
	struct tpm_quote q;

	(void)state;
	write_quote("abcd", 4, TPM_ALG_SHA384, all, digest);
	assert_int_equal(parse_quote(&q), 0);
	assert_int_equal(q.bank, TPM_ALG_SHA384);
	assert_int_equal(q.selection, 0xffffff);
	assert_int_equal(q.nonce.len, 4);
	assert_memory_equal(q.nonce.p, "abcd", 4);
	assert_memory_equal(q.pcr_digest.p, digest, 32);
	assert_int_equal(parse_quote_with(0, 0xfe), ERR_PARSE); /* not made by a TPM */
	assert_int_equal(parse_quote_with(AT_TYPE + 1, 0x17), ERR_UNSUPPORTED); /* certify */
	assert_int_equal(parse_quote_with(AT_SIGNER, 1), ERR_PARSE);
	assert_int_equal(parse_quote_with(AT_NONCE, 1), ERR_PARSE);
	assert_int_equal(parse_quote_with(AT_COUNT + 3, 2), ERR_UNSUPPORTED);
	assert_int_equal(parse_quote_with(AT_COUNT + 3, 0), ERR_UNSUPPORTED);
	assert_int_equal(parse_quote_with(AT_SIZE, 4), ERR_PARSE);
	assert_int_equal(parse_quote_with(AT_SIZE, 2), ERR_PARSE);
	attest_len++;
	assert_int_equal(parse_quote(&q), ERR_PARSE);
	for (attest_len--; attest_len > 0;) {
		attest_len--;
		assert_int_equal(parse_quote(&q), ERR_PARSE);
	}
}

/* SHA-256 over the names' algorithm and digest, by hand: 0x000b, then the hash. */
static void
write_signer(uint32_t hierarchy, uint8_t ret[34])
{
	uint8_t parts[4 + 34];
	struct writer w = writer_of(parts, sizeof parts);

	write_be32(&w, hierarchy);
	write_be16(&w, 0x000b);
	SHA256(public_area, public_len, parts + 6);
	ret[0] = 0;
	ret[1] = 0x0b;
	SHA256(parts, sizeof parts, ret + 2);
}

static int
verify_signer(const uint8_t *name, size_t len)
{
	const struct tpm_quote q = {.signer = {name, len}};

	return tpm_signer_verify(&q, (struct bytes){public_area, public_len});
}

static void
test_signer(void **state)
{
	uint8_t name[34], other[34];

	(void)state;
	write_ec_key(ATTRIBUTES);
	write_signer(0x4000000b, name);
	assert_int_equal(verify_signer(name, 34), 0);
	assert_int_equal(verify_signer(name, 33), ERR_EVIDENCE);
	assert_int_equal(verify_signer(name, 0), ERR_EVIDENCE);
	name[1] = 0x0c; /* another algorithm */
	assert_int_equal(verify_signer(name, 34), ERR_EVIDENCE);
	name[1] = 0x0b;
	write_signer(0x40000001, other); /* the owner's hierarchy */
	assert_int_equal(verify_signer(other, 34), ERR_EVIDENCE);
	write_ec_key(ATTRIBUTES | 1U << 10); /* noDA: nothing that the key's parsing refuses */
	assert_int_equal(parse_key(), 0);
	assert_int_equal(verify_signer(name, 34), ERR_EVIDENCE);
}

static void
sign(EVP_PKEY *with, const EVP_MD *hash, uint8_t *ret, size_t *len)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	assert_int_equal(EVP_DigestSignInit(c, NULL, hash, NULL, with), 1);
	assert_int_equal(EVP_DigestSign(c, ret, len, attest, attest_len), 1);
	EVP_MD_CTX_free(c);
}

static void
sign_ecdsa(void)
{
	struct writer w = writer_of(signature, sizeof signature);
	uint8_t der[128], rs[64];
	const uint8_t *p = der;
	size_t len = sizeof der;
	ECDSA_SIG *sig;

	sign(ec, EVP_sha256(), der, &len);
	assert_non_null(sig = d2i_ECDSA_SIG(NULL, &p, (long)len));
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32);
	ECDSA_SIG_free(sig);
	write_be16(&w, TPM_ALG_ECDSA);
	write_be16(&w, TPM_ALG_SHA256);
	sized(&w, rs, 32);
	sized(&w, rs + 32, 32);
	assert_int_equal(writer_end(&w, &signature_len), 0);
}

static void
sign_rsassa(const EVP_MD *hash)
{
	struct writer w = writer_of(signature, sizeof signature);
	uint8_t raw[256];
	size_t len = sizeof raw;

	sign(rsa, hash, raw, &len);
	write_be16(&w, TPM_ALG_RSASSA);
	write_be16(&w, TPM_ALG_SHA256);
	sized(&w, raw, len);
	assert_int_equal(writer_end(&w, &signature_len), 0);
}

static int
verify(void)
{
	return tpm_quote_verify(&key, (struct bytes){attest, attest_len},
	    (struct bytes){signature, signature_len});
}

/* Every byte of what is signed and of the signature. */
static void
check_mutations(void)
{
	for (size_t i = 0; i < attest_len; i++) {
		attest[i] ^= 1;
		assert_int_equal(verify(), ERR_SIGNATURE);
		attest[i] ^= 1;
	}
	for (size_t i = 0; i < signature_len; i++) {
		signature[i] ^= 1;
		assert_int_not_equal(verify(), 0);
		signature[i] ^= 1;
	}
	signature_len++;
	assert_int_equal(verify(), ERR_PARSE);
	signature_len -= 2;
	assert_int_equal(verify(), ERR_PARSE);
	signature_len++;
	assert_int_equal(verify(), 0);
}

static void
test_signatures(void **state)
{
	static const uint8_t all[3] = {0xff, 0xff, 0xff}, digest[32] = {9};

	(void)state;
	write_quote("abcd", 4, TPM_ALG_SHA256, all, digest);
	write_ec_key(ATTRIBUTES);
	assert_int_equal(parse_key(), 0);
	sign_ecdsa();
	assert_int_equal(verify(), 0);
	check_mutations();
	sign_rsassa(EVP_sha256());
	assert_int_equal(verify(), ERR_UNSUPPORTED); /* of the other kind of key */
	write_rsa_key();
	assert_int_equal(parse_key(), 0);
	assert_int_equal(verify(), 0);
	check_mutations();
	sign_rsassa(EVP_sha384()); /* under another hash than it says */
	assert_int_equal(verify(), ERR_SIGNATURE);
	sign_ecdsa();
	assert_int_equal(verify(), ERR_UNSUPPORTED);
}

/* A bank of PCRs with the right quote, then each way to differ from it. */
static void
check_bank(uint16_t bank, size_t len)
{
	static uint8_t values[TPM_PCRS][64];
	static const uint8_t selection[3] = {0x01, 0x20, 0x80}; /* 0, 13, 23 */
	struct bytes pcr[TPM_PCRS] = {{NULL, 0}};
	uint8_t plain[3 * 64], digest[32];
	struct tpm_quote q;

	for (size_t i = 0; i < TPM_PCRS; i++)
		memset(values[i], (int)i + 1, sizeof values[i]);
	pcr[0] = (struct bytes){values[0], len};
	pcr[13] = (struct bytes){values[13], len};
	pcr[23] = (struct bytes){values[23], len};
	memcpy(plain, values[0], len);
	memcpy(plain + len, values[13], len);
	memcpy(plain + 2 * len, values[23], len);
	SHA256(plain, 3 * len, digest);
	write_quote("abcd", 4, bank, selection, digest);
	assert_int_equal(parse_quote(&q), 0);
	assert_int_equal(tpm_pcrs_verify(&q, bank, pcr), 0);
	values[13][len - 1] ^= 1;
	assert_int_equal(tpm_pcrs_verify(&q, bank, pcr), ERR_EVIDENCE);
	values[13][len - 1] ^= 1;
	pcr[13].len = len - 1;
	assert_int_equal(tpm_pcrs_verify(&q, bank, pcr), ERR_EVIDENCE);
	pcr[13].len = 0;
	assert_int_equal(tpm_pcrs_verify(&q, bank, pcr), ERR_EVIDENCE);
	pcr[13].len = len;
	pcr[14] = (struct bytes){values[14], len}; /* shown, but not quoted */
	assert_int_equal(tpm_pcrs_verify(&q, bank, pcr), ERR_EVIDENCE);
	pcr[14].len = 0;
	q.bank = 0x0027;
	assert_int_equal(tpm_pcrs_verify(&q, bank, pcr), ERR_EVIDENCE);
	assert_int_equal(tpm_pcrs_verify(&q, 0x0027, pcr), ERR_UNSUPPORTED);
}

static void
test_pcrs(void **state)
{
	(void)state;
	check_bank(TPM_ALG_SHA1, 20);
	check_bank(TPM_ALG_SHA256, 32);
	check_bank(TPM_ALG_SHA384, 48);
	check_bank(TPM_ALG_SHA512, 64);
}

static int
make_rsa(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len, EVP_PKEY **ret)
{
	return rsa_key_make((struct bytes){n, n_len}, (struct bytes){e, e_len}, ret);
}

static void
test_rsa_bounds(void **state)
{
	static const uint8_t e3[] = {3}, padded[] = {0, 1, 0, 1}, e[] = {1, 0, 1};
	static uint8_t n[RSA_BITS_MAX / 8 + 1];
	EVP_PKEY *made = NULL;

	(void)state;
	memset(n, 0xff, sizeof n);
	assert_int_equal(make_rsa(n, 256, e3, sizeof e3, &made), ERR_RANGE);
	assert_int_equal(make_rsa(n, 256, padded, sizeof padded, &made), ERR_RANGE);
	assert_int_equal(make_rsa(n, 255, e, sizeof e, &made), ERR_RANGE);
	assert_int_equal(make_rsa(n, sizeof n, e, sizeof e, &made), ERR_RANGE);
	assert_int_equal(make_rsa(n, 256, e, sizeof e, &made), 0);
	EVP_PKEY_free(made);
	assert_int_equal(
	    rsa_verify(ec, (struct bytes){n, 1}, (struct bytes){n, 64}), ERR_UNSUPPORTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ec_key),
	    cmocka_unit_test(test_attributes),
	    cmocka_unit_test(test_rsa_key),
	    cmocka_unit_test(test_quote),
	    cmocka_unit_test(test_signer),
	    cmocka_unit_test(test_signatures),
	    cmocka_unit_test(test_pcrs),
	    cmocka_unit_test(test_rsa_bounds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
