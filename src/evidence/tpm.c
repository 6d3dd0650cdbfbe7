#include "evidence/tpm.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>

#include "base/err.h"
#include "evidence/rsa.h"
#include "tdx/digest.h"
#include "tdx/p256.h"
#include "base/banned.h"

#define TPM_GENERATED 0xff544347U /* "bytes that a TPM made itself begin with it" */
#define TPM_ST_ATTEST_QUOTE 0x8018
#define TPM_ECC_NIST_P256 0x0003
#define COORDINATE 32
#define CLOCK_AND_FIRMWARE_LEN 25 /* clock 8, resetCount 4, restartCount 4, safe 1, firmware 8 */
#define TPM_NAME_LEN (2 + 32)
#define TPM_NAME_MAX 68 /* algorithm and a SHA-512 digest, with room */

enum attribute {
	ATTRIBUTE_FIXED_TPM = 1U << 1,
	ATTRIBUTE_SENSITIVE_DATA_ORIGIN = 1U << 5,
	ATTRIBUTE_RESTRICTED = 1U << 16,
	ATTRIBUTE_DECRYPT = 1U << 17,
	ATTRIBUTE_SIGN = 1U << 18
};

#define ATTRIBUTES_MUST \
	(ATTRIBUTE_FIXED_TPM | ATTRIBUTE_SENSITIVE_DATA_ORIGIN | ATTRIBUTE_RESTRICTED | \
	    ATTRIBUTE_SIGN)

size_t
tpm_digest_len(uint16_t algorithm)
{
	switch (algorithm) {
	case TPM_ALG_SHA1:
		return 20;
	case TPM_ALG_SHA256:
		return 32;
	case TPM_ALG_SHA384:
		return 48;
	case TPM_ALG_SHA512:
		return 64;
	default:
		return 0;
	}
}

/* TPM2B: a u16 length and that many bytes, at most max. */
static int
read_sized(struct reader *r, size_t max, struct bytes *ret)
{
	uint16_t len;

	if (read_be16(r, &len) != 0 || len > max)
		return ERR_PARSE;
	return read_take(r, len, ret);
}

static int
expect_be16(struct reader *r, uint16_t want)
{
	uint16_t v;

	if (read_be16(r, &v) != 0)
		return ERR_PARSE;
	return v == want ? 0 : ERR_UNSUPPORTED;
}

/* Symmetric: none. Scheme: the one that goes with the key, with SHA-256. */
static int
expect_scheme(struct reader *r, uint16_t scheme)
{
	int e;

	if ((e = expect_be16(r, TPM_ALG_NULL)) != 0 || (e = expect_be16(r, scheme)) != 0)
		return e;
	return expect_be16(r, TPM_ALG_SHA256);
}

/* A number of at most 32 bytes, right-aligned. */
static int
read_coordinate(struct reader *r, uint8_t ret[COORDINATE])
{
	struct bytes v;

	if (read_sized(r, COORDINATE, &v) != 0 || v.len == 0)
		return ERR_PARSE;
	memset(ret, 0, COORDINATE - v.len);
	memcpy(ret + COORDINATE - v.len, v.p, v.len);
	return 0;
}

static int
read_ecc(struct reader *r, struct tpm_key *key)
{
	int e;

	if ((e = expect_scheme(r, TPM_ALG_ECDSA)) != 0 ||
	    (e = expect_be16(r, TPM_ECC_NIST_P256)) != 0 ||
	    (e = expect_be16(r, TPM_ALG_NULL)) != 0) /* key derivation: none */
		return e;
	if ((e = read_coordinate(r, key->point)) != 0)
		return e;
	return read_coordinate(r, key->point + COORDINATE);
}

static int
read_rsa(struct reader *r, struct tpm_key *key)
{
	uint32_t exponent;
	uint16_t bits;
	int e;

	if ((e = expect_scheme(r, TPM_ALG_RSASSA)) != 0)
		return e;
	if (read_be16(r, &bits) != 0 || read_be32(r, &exponent) != 0)
		return ERR_PARSE;
	if (exponent != 0) /* "the default, 2^16 + 1" */
		return ERR_UNSUPPORTED;
	if (read_sized(r, RSA_BITS_MAX / 8, &key->modulus) != 0)
		return ERR_PARSE;
	if (key->modulus.len != bits / 8)
		return ERR_PARSE;
	return bits < RSA_BITS_MIN ? ERR_UNSUPPORTED : 0;
}

int
tpm_key_parse(struct bytes public_area, struct tpm_key *ret)
{
	struct reader r = reader_of(public_area.p, public_area.len);
	struct tpm_key key = {0};
	uint32_t attributes;
	struct bytes policy;
	int e;

	if (read_be16(&r, &key.type) != 0)
		return ERR_PARSE;
	if ((e = expect_be16(&r, TPM_ALG_SHA256)) != 0)
		return e;
	if (read_be32(&r, &attributes) != 0 || read_sized(&r, TPM_NAME_MAX, &policy) != 0)
		return ERR_PARSE;
	if ((attributes & ATTRIBUTES_MUST) != ATTRIBUTES_MUST ||
	    (attributes & ATTRIBUTE_DECRYPT) != 0)
		return ERR_POLICY;
	e = key.type == TPM_ALG_ECC ? read_ecc(&r, &key) :
	    key.type == TPM_ALG_RSA ? read_rsa(&r, &key) : ERR_UNSUPPORTED;
	if (e != 0)
		return e;
	if (reader_end(&r) != 0)
		return ERR_PARSE;
	*ret = key;
	return 0;
}

static int
is_point(const struct tpm_key *key, const EVP_PKEY *other)
{
	uint8_t point[65];
	char group[32];
	size_t len;

	if (!EVP_PKEY_is_a(other, "EC") ||
	    EVP_PKEY_get_group_name(other, group, sizeof group, &len) != 1 ||
	    strcmp(group, SN_X9_62_prime256v1) != 0)
		return 0;
	if (EVP_PKEY_get_octet_string_param(
		other, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &len) != 1)
		return 0;
	return len == sizeof point && point[0] == POINT_CONVERSION_UNCOMPRESSED &&
	    memcmp(point + 1, key->point, sizeof key->point) == 0;
}

static int
is_modulus(const struct tpm_key *key, const EVP_PKEY *other)
{
	BIGNUM *n = NULL, *e = NULL;
	uint8_t modulus[RSA_BITS_MAX / 8];
	int same = 0;

	if (EVP_PKEY_is_a(other, "RSA") &&
	    EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
	    EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_RSA_E, &e) == 1)
		same = BN_is_word(e, 65537) && key->modulus.len <= sizeof modulus &&
		    BN_bn2binpad(n, modulus, (int)key->modulus.len) == (int)key->modulus.len &&
		    memcmp(modulus, key->modulus.p, key->modulus.len) == 0;
	BN_free(n);
	BN_free(e);
	return same;
}

int
tpm_key_is(const struct tpm_key *key, const EVP_PKEY *other)
{
	return key->type == TPM_ALG_ECC ? is_point(key, other) : is_modulus(key, other);
}

/* TPML_PCR_SELECTION with one bank. */
static int
read_selection(struct reader *r, struct tpm_quote *q)
{
	uint32_t count;
	uint8_t size, b;

	if (read_be32(r, &count) != 0)
		return ERR_PARSE;
	if (count != 1)
		return ERR_UNSUPPORTED;
	if (read_be16(r, &q->bank) != 0 || read_u8(r, &size) != 0 || size > TPM_PCRS / 8)
		return ERR_PARSE;
	for (unsigned i = 0; i < size; i++) {
		if (read_u8(r, &b) != 0)
			return ERR_PARSE;
		q->selection |= (uint32_t)b << 8 * i;
	}
	return 0;
}

int
tpm_quote_parse(struct bytes attest, struct tpm_quote *ret)
{
	struct reader r = reader_of(attest.p, attest.len);
	struct tpm_quote q = {0};
	struct bytes state;
	uint32_t magic;
	int e;

	if (read_be32(&r, &magic) != 0 || magic != TPM_GENERATED)
		return ERR_PARSE;
	if ((e = expect_be16(&r, TPM_ST_ATTEST_QUOTE)) != 0)
		return e;
	if (read_sized(&r, TPM_NAME_MAX, &q.signer) != 0 ||
	    read_sized(&r, TPM_NAME_MAX, &q.nonce) != 0 ||
	    read_take(&r, CLOCK_AND_FIRMWARE_LEN, &state) != 0)
		return ERR_PARSE;
	if ((e = read_selection(&r, &q)) != 0)
		return e;
	if (read_sized(&r, TPM_NAME_MAX, &q.pcr_digest) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	*ret = q;
	return 0;
}

static int
verify_ecdsa(const struct tpm_key *key, struct bytes attest, struct reader *r)
{
	uint8_t signature[2 * COORDINATE], hash[32];

	if (read_coordinate(r, signature) != 0 ||
	    read_coordinate(r, signature + COORDINATE) != 0 || reader_end(r) != 0)
		return ERR_PARSE;
	if (digest_sha256(&attest, 1, hash) != 0)
		return ERR_CRYPTO;
	return p256_verify(key->point, hash, signature);
}

static int
verify_rsassa(const struct tpm_key *key, struct bytes attest, struct reader *r)
{
	static const uint8_t exponent[] = {1, 0, 1};
	struct bytes signature;
	EVP_PKEY *rsa = NULL;
	int e;

	if (read_sized(r, RSA_BITS_MAX / 8, &signature) != 0 || reader_end(r) != 0)
		return ERR_PARSE;
	e = rsa_key_make(key->modulus, (struct bytes){exponent, sizeof exponent}, &rsa);
	if (e != 0)
		return e == ERR_RANGE ? ERR_UNSUPPORTED : e;
	e = rsa_verify(rsa, attest, signature);
	EVP_PKEY_free(rsa);
	return e;
}

int
tpm_quote_verify(const struct tpm_key *key, struct bytes attest, struct bytes signature)
{
	struct reader r = reader_of(signature.p, signature.len);
	const uint16_t scheme = key->type == TPM_ALG_ECC ? TPM_ALG_ECDSA : TPM_ALG_RSASSA;
	int e;

	if ((e = expect_be16(&r, scheme)) != 0 || (e = expect_be16(&r, TPM_ALG_SHA256)) != 0)
		return e;
	return key->type == TPM_ALG_ECC ? verify_ecdsa(key, attest, &r) :
	    verify_rsassa(key, attest, &r);
}

/* A name: the algorithm, and the digest of the parts. */
static int
write_name(const struct bytes *parts, size_t count, uint8_t ret[TPM_NAME_LEN])
{
	ret[0] = TPM_ALG_SHA256 >> 8;
	ret[1] = TPM_ALG_SHA256 & 0xff;
	return digest_sha256(parts, count, ret + 2);
}

int
tpm_signer_verify(const struct tpm_quote *quote, struct bytes public_area)
{
	static const uint8_t endorsement[4] = {0x40, 0x00, 0x00, 0x0b}; /* TPM_RH_ENDORSEMENT */
	uint8_t name[TPM_NAME_LEN], qualified[TPM_NAME_LEN];
	const struct bytes parts[] = {{endorsement, sizeof endorsement}, {name, sizeof name}};

	if (write_name(&public_area, 1, name) != 0 ||
	    write_name(parts, ARRAY_LEN(parts), qualified) != 0)
		return ERR_CRYPTO;
	return bytes_equal(quote->signer, (struct bytes){qualified, sizeof qualified}) ?
	    0 : ERR_EVIDENCE;
}

int
tpm_pcrs_verify(const struct tpm_quote *quote, uint16_t bank, const struct bytes pcr[TPM_PCRS])
{
	const size_t len = tpm_digest_len(bank);
	struct bytes selected[TPM_PCRS];
	uint8_t digest[32];
	size_t count = 0;

	if (len == 0)
		return ERR_UNSUPPORTED;
	for (unsigned i = 0; i < TPM_PCRS; i++) {
		int is_selected = (quote->selection >> i & 1) != 0;

		if (pcr[i].len != (is_selected ? len : 0))
			return ERR_EVIDENCE;
		if (is_selected)
			selected[count++] = pcr[i];
	}
	/* "hashed with the algorithm of the signature", whatever the bank's is */
	if (digest_sha256(selected, count, digest) != 0)
		return ERR_CRYPTO;
	if (quote->bank != bank ||
	    !bytes_equal(quote->pcr_digest, (struct bytes){digest, sizeof digest}))
		return ERR_EVIDENCE;
	return 0;
}
