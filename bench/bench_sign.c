/*
 * The signer's two hot operations against the bare library calls that no
 * implementation can do without, in one run, interleaved, best of many rounds.
 *
 * Prints "name microseconds" lines for bench/run.
 */
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/record.h"
#include "base/err.h"
#include "crypto/secp.h"
#include "evm/transaction.h"
#include "signer/keyring.h"
#include "base/banned.h"

#define ROUNDS 60
#define PER_ROUND 200

static const char phrase[] = "test test test test test test test test test test test junk";
static secp256k1_context *context;
static struct keyring *keyring;
static struct agent_record indexed, bound;
static struct tx transfer;
static uint8_t key32[32];

static void
fail(const char *what)
{
	fprintf(stderr, "bench_sign: %s failed\n", what);
	exit(1);
}

static void
bare_sign(uint32_t i)
{
	secp256k1_ecdsa_recoverable_signature signature;
	uint8_t digest[32] = {0};

	store_be32(digest, i);
	if (!secp256k1_ecdsa_sign_recoverable(context, &signature, digest, key32, NULL, NULL))
		fail("secp256k1_ecdsa_sign_recoverable");
}

static void
sign_with(const struct agent_record *rec, uint32_t i)
{
	uint8_t hash[32], signature[64], parity, raw[TX_RAW_MAX];
	struct tx_signature parts;
	size_t len;

	transfer.nonce = i;
	if (tx_signing_hash(&transfer, hash) != 0 ||
	    keyring_sign(keyring, rec, hash, signature, &parity) != 0)
		fail("keyring_sign");
	memcpy(parts.r, signature, 32);
	memcpy(parts.s, signature + 32, 32);
	parts.y_parity = parity;
	if (tx_encode_signed(&transfer, &parts, raw, sizeof raw, &len) != 0)
		fail("tx_encode_signed");
}

static void
sign_indexed(uint32_t i)
{
	indexed.index = i % 1000;
	sign_with(&indexed, i);
}

static void
sign_bound(uint32_t i)
{
	bound.path[2] = i % 1000;
	sign_with(&bound, i);
}

static void
bare_public_key(uint32_t i)
{
	secp256k1_pubkey key;

	store_be32(key32, i + 1);
	if (!secp256k1_ec_pubkey_create(context, &key, key32))
		fail("secp256k1_ec_pubkey_create");
}

static void
address_of(const struct agent_record *rec)
{
	uint8_t address[20];

	if (keyring_address(keyring, rec, address) != 0)
		fail("keyring_address");
}

static void
address_indexed(uint32_t i)
{
	indexed.index = i;
	address_of(&indexed);
}

static void
address_bound(uint32_t i)
{
	bound.path[2] = i;
	address_of(&bound);
}

struct subject {
	const char *name;
	void (*run)(uint32_t i);
	double best;
};

static double
microseconds(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		fail("clock_gettime");
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int
main(void)
{
	struct subject subjects[] = {
	    {"bare_sign", bare_sign, 1e9},
	    {"sign_indexed", sign_indexed, 1e9},
	    {"sign_bound", sign_bound, 1e9},
	    {"bare_public_key", bare_public_key, 1e9},
	    {"address_indexed", address_indexed, 1e9},
	    {"address_bound", address_bound, 1e9},
	};
	unsigned position;
	uint32_t i = 0;

	context = secp256k1_context_create(SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY);
	memset(key32, 7, sizeof key32);
	if (context == NULL || sodium_init() < 0 || secp_open() != 0 ||
	    keyring_open((struct bytes){(const uint8_t *)phrase, sizeof phrase - 1},
			 (struct bytes){NULL, 0}, &keyring, &position) != 0)
		fail("set-up");
	indexed.scheme = SCHEME_INDEXED;
	bound.scheme = SCHEME_BOUND;
	bound.path[0] = 123456789;
	bound.path[1] = 987654321;
	transfer = (struct tx){.type = TX_DYNAMIC_FEE,
			       .chain_id = 137,
			       .gas_limit = 21000,
			       .max_fee_per_gas = u256_of(100000000000),
			       .max_priority_fee = u256_of(30000000000),
			       .has_to = 1,
			       .value = u256_of(1000000000000000000)};
	memset(transfer.to, 0x11, sizeof transfer.to);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (size_t s = 0; s < sizeof subjects / sizeof subjects[0]; s++) {
			double begin = microseconds(), each;

			for (unsigned n = 0; n < PER_ROUND; n++)
				subjects[s].run(i++);
			each = (microseconds() - begin) / PER_ROUND;
			if (each < subjects[s].best)
				subjects[s].best = each;
		}
	}
	for (size_t s = 0; s < sizeof subjects / sizeof subjects[0]; s++)
		printf("%s %.3f\n", subjects[s].name, subjects[s].best);
	keyring_close(keyring);
	return 0;
}
