#include "crypto/kdf.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "base/banned.h"

#define HASH 32

/* T(1) = HMAC(PRK, info || 1), T(i) = HMAC(PRK, T(i-1) || info || i) */
static void
expand(const uint8_t prk[HASH], const char *info, uint8_t *ret, size_t len)
{
	crypto_auth_hmacsha256_state st;
	SECRET_BYTES(block, 32);
	uint8_t counter = 1;

	for (size_t done = 0; done < len; done += HASH, counter++) {
		size_t n = len - done < HASH ? len - done : HASH;

		crypto_auth_hmacsha256_init(&st, prk, HASH);
		if (done > 0)
			crypto_auth_hmacsha256_update(&st, block, HASH);
		crypto_auth_hmacsha256_update(&st, (const uint8_t *)info, strlen(info));
		crypto_auth_hmacsha256_update(&st, &counter, 1);
		crypto_auth_hmacsha256_final(&st, block);
		memcpy(ret + done, block, n);
	}
	wipe(&st, sizeof st);
}

int
hkdf_sha256(const uint8_t *key, size_t key_len, const char *info, uint8_t *ret, size_t len)
{
	/* "if not provided, [the salt] is set to a string of HashLen zeros" */
	static const uint8_t salt[HASH];
	crypto_auth_hmacsha256_state st;
	SECRET_BYTES(prk, 32);

	if (len > 255 * HASH)
		return ERR_RANGE;
	crypto_auth_hmacsha256_init(&st, salt, sizeof salt);
	crypto_auth_hmacsha256_update(&st, key, key_len);
	crypto_auth_hmacsha256_final(&st, prk);
	wipe(&st, sizeof st);
	expand(prk, info, ret, len);
	return 0;
}

/* The u32 that opens an LP run. No caller has 4 GiB; a cut length would let two inputs collide. */
static void
lp_length(size_t len, uint8_t ret[4])
{
	if (len > UINT32_MAX)
		abort();
	store_be32(ret, (uint32_t)len);
}

void
mac_parts(const uint8_t key32[32], const char *tag, const struct bytes *parts, size_t count,
    uint8_t ret_mac32[32])
{
	crypto_auth_hmacsha256_state st;
	uint8_t length[4];

	crypto_auth_hmacsha256_init(&st, key32, 32);
	crypto_auth_hmacsha256_update(&st, (const uint8_t *)tag, strlen(tag) + 1);
	for (size_t i = 0; i < count; i++) {
		lp_length(parts[i].len, length);
		crypto_auth_hmacsha256_update(&st, length, sizeof length);
		crypto_auth_hmacsha256_update(&st, parts[i].p, parts[i].len);
	}
	crypto_auth_hmacsha256_final(&st, ret_mac32);
	wipe(&st, sizeof st);
}

void
hash_parts(const char *tag, const struct bytes *parts, size_t count, uint8_t ret_hash32[32])
{
	crypto_hash_sha256_state st;
	uint8_t length[4];

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const uint8_t *)tag, strlen(tag) + 1);
	for (size_t i = 0; i < count; i++) {
		lp_length(parts[i].len, length);
		crypto_hash_sha256_update(&st, length, sizeof length);
		crypto_hash_sha256_update(&st, parts[i].p, parts[i].len);
	}
	crypto_hash_sha256_final(&st, ret_hash32);
	/* parts may be secret (an API key) */
	wipe(&st, sizeof st);
}

int
mac_equal(const uint8_t a32[32], const uint8_t b32[32])
{
	return sodium_memcmp(a32, b32, 32) == 0;
}
