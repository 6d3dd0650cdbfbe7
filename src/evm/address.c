#include "evm/address.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "evm/rlp.h"
#include "base/banned.h"

void
address_from_public_key(const uint8_t public_key64[64], uint8_t ret[20])
{
	uint8_t hash[32];

	keccak256(public_key64, 64, hash);
	memcpy(ret, hash + 12, 20);
}

/* A letter is upper case where the hash of the lower-case digits has a nibble of 8 or more. */
void
address_format(const uint8_t address[20], char ret[ADDRESS_TEXT_MAX])
{
	uint8_t hash[32];
	char *digits = ret + 2;

	hex_encode_0x(address, 20, ret);
	keccak256(digits, 40, hash);
	for (size_t i = 0; i < 40; i++) {
		unsigned nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15;

		if (digits[i] >= 'a' && nibble >= 8)
			digits[i] = (char)(digits[i] - 'a' + 'A');
	}
}

static int
is_mixed_case(const char *digits, size_t len)
{
	int lower = 0, upper = 0;

	for (size_t i = 0; i < len; i++) {
		lower |= digits[i] >= 'a' && digits[i] <= 'f';
		upper |= digits[i] >= 'A' && digits[i] <= 'F';
	}
	return lower && upper;
}

int
address_parse(const char *text, size_t len, uint8_t ret[20])
{
	char right[ADDRESS_TEXT_MAX];
	uint8_t address[20];

	if (hex_decode_0x(text, len, address, sizeof address) != 0)
		return ERR_PARSE;
	address_format(address, right);
	if (is_mixed_case(text + 2, 40) && memcmp(text, right, 42) != 0)
		return ERR_RANGE;
	memcpy(ret, address, sizeof address);
	return 0;
}

void
address_create(const uint8_t sender[20], uint64_t nonce, uint8_t ret[20])
{
	uint8_t list[RLP_HEADER_MAX + 21 + 9];
	struct writer w = writer_of(list, sizeof list);
	uint8_t hash[32];

	rlp_write_list(&w, 21 + rlp_size_u64(nonce));
	rlp_write_string(&w, sender, 20);
	rlp_write_u64(&w, nonce);
	keccak256(list, w.len, hash);
	memcpy(ret, hash + 12, 20);
}

void
address_create2(const uint8_t sender[20], const uint8_t salt32[32],
    const uint8_t init_code_hash32[32], uint8_t ret[20])
{
	uint8_t message[1 + 20 + 32 + 32];
	uint8_t hash[32];

	message[0] = 0xff;
	memcpy(message + 1, sender, 20);
	memcpy(message + 21, salt32, 32);
	memcpy(message + 53, init_code_hash32, 32);
	keccak256(message, sizeof message, hash);
	memcpy(ret, hash + 12, 20);
}
