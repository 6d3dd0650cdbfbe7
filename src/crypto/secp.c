#include "crypto/secp.h"

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/secret.h"
#include "crypto/declassify.h"
#include "base/banned.h"

/* Larger than any context of 0.2.0; secp_open() checks it. */
#define CONTEXT_MAX 1024

/* The deepest call (signing) uses about 2 KiB of stack. */
#define STACK_USED 4096

static _Alignas(max_align_t) uint8_t room[CONTEXT_MAX];
static secp256k1_context *context;

/*
 * Release 0.2.0 clears its scalars by a memset that the compiler drops, and
 * leaves keys and nonces where its frames were. Called right after it, from the
 * same frame, this overwrites that place (test_wipe.c finds what it would miss).
 */
static __attribute__((noinline)) void
wipe_stack_below(void)
{
	uint8_t used[STACK_USED];

	wipe(used, sizeof used);
}

int
secp_open(void)
{
	SECRET_BYTES(seed, 32);
	int ok;

	if (sodium_init() < 0)
		return ERR_CRYPTO;
	if (context == NULL) {
		if (secp256k1_context_preallocated_size(SECP256K1_CONTEXT_SIGN) > sizeof room)
			return ERR_CRYPTO;
		context = secp256k1_context_preallocated_create(room, SECP256K1_CONTEXT_SIGN);
	}
	randombytes_buf(seed, sizeof seed);
	ok = secp256k1_context_randomize(context, seed);
	wipe_stack_below();
	return ok ? 0 : ERR_CRYPTO;
}

int
secp_key_check(const uint8_t key32[32])
{
	int ok = secp256k1_ec_seckey_verify(context, key32);

	wipe_stack_below();
	/* callers refuse a bad key openly; a good one is good with all but certainty */
	declassify(&ok, sizeof ok);
	return ok ? 0 : ERR_RANGE;
}

int
secp_key_add(const uint8_t key32[32], const uint8_t tweak32[32], uint8_t ret_key32[32])
{
	SECRET_BYTES(key, 32);
	int ok;

	memcpy(key, key32, sizeof key);
	ok = secp256k1_ec_seckey_tweak_add(context, key, tweak32);
	wipe_stack_below();
	/* BIP-32 says in public that this child does not exist (chance 2^-127) */
	declassify(&ok, sizeof ok);
	if (!ok)
		return ERR_HD_INVALID;
	memcpy(ret_key32, key, sizeof key);
	return 0;
}

static int
public_key(const uint8_t key32[32], secp256k1_pubkey *ret)
{
	int ok = secp256k1_ec_pubkey_create(context, ret, key32);

	wipe_stack_below();
	declassify(&ok, sizeof ok);
	if (!ok)
		return ERR_RANGE;
	/* a public key is public; writing it out checks the point with branches */
	declassify(ret, sizeof *ret);
	return 0;
}

int
secp_public_key(const uint8_t key32[32], uint8_t ret_public_key33[33])
{
	secp256k1_pubkey point;
	size_t len = 33;
	int r;

	if ((r = public_key(key32, &point)) != 0)
		return r;
	if (!secp256k1_ec_pubkey_serialize(context, ret_public_key33, &len, &point,
	        SECP256K1_EC_COMPRESSED))
		return ERR_CRYPTO;
	return 0;
}

static int
write_64(const secp256k1_pubkey *point, uint8_t ret_public_key64[64])
{
	uint8_t text[65];
	size_t len = sizeof text;

	if (!secp256k1_ec_pubkey_serialize(context, text, &len, point, SECP256K1_EC_UNCOMPRESSED))
		return ERR_CRYPTO;
	memcpy(ret_public_key64, text + 1, 64);
	return 0;
}

int
secp_public_key_64(const uint8_t key32[32], uint8_t ret_public_key64[64])
{
	secp256k1_pubkey point;
	int r;

	if ((r = public_key(key32, &point)) != 0)
		return r;
	return write_64(&point, ret_public_key64);
}

int
secp_sign(const uint8_t key32[32], const uint8_t digest32[32], const uint8_t *extra32,
    uint8_t ret_signature64[64], uint8_t *ret_y_parity)
{
	secp256k1_ecdsa_recoverable_signature signature;
	uint8_t compact[64];
	int id = 0;
	int ok;

	/* the library's default nonce is RFC 6979 with HMAC-SHA-256, and its s is low */
	ok = secp256k1_ecdsa_sign_recoverable(context, &signature, digest32, key32,
	    secp256k1_nonce_function_rfc6979, extra32);
	wipe_stack_below();
	declassify(&ok, sizeof ok);
	if (!ok)
		return ERR_RANGE;
	/* the signature is public from here on */
	declassify(&signature, sizeof signature);
	if (!secp256k1_ecdsa_recoverable_signature_serialize_compact(context, compact, &id,
	        &signature))
		return ERR_CRYPTO;
	/* 2 and 3 mean that r overflowed: Ethereum cannot say it (chance 2^-127) */
	if (id != 0 && id != 1)
		return ERR_CRYPTO;
	memcpy(ret_signature64, compact, sizeof compact);
	*ret_y_parity = (uint8_t)id;
	return 0;
}
