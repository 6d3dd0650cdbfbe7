#include "crypto/secp_verify.h"

#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <string.h>

#include "base/err.h"
#include "base/banned.h"

int
secp_verify(const uint8_t *public_key_text, size_t public_key_len, const uint8_t digest32[32],
    const uint8_t signature64[64])
{
	const secp256k1_context *const c = secp256k1_context_static;
	secp256k1_ecdsa_signature signature;
	secp256k1_pubkey point;

	if (public_key_len != 33 && public_key_len != 65)
		return ERR_PARSE;
	/* a length of 65 would also admit the hybrid forms 06 and 07 */
	if (public_key_len == 65 && public_key_text[0] != 0x04)
		return ERR_PARSE;
	if (!secp256k1_ec_pubkey_parse(c, &point, public_key_text, public_key_len))
		return ERR_PARSE;
	if (!secp256k1_ecdsa_signature_parse_compact(c, &signature, signature64))
		return ERR_SIGNATURE;
	/* the library verifies low s only */
	if (!secp256k1_ecdsa_verify(c, &signature, digest32, &point))
		return ERR_SIGNATURE;
	return 0;
}

int
secp_recover(const uint8_t digest32[32], const uint8_t signature64[64], uint8_t recovery_id,
    uint8_t ret_public_key64[64])
{
	const secp256k1_context *const c = secp256k1_context_static;
	secp256k1_ecdsa_recoverable_signature signature;
	secp256k1_ecdsa_signature plain;
	secp256k1_pubkey point;
	uint8_t text[65];
	size_t len = sizeof text;

	if (recovery_id > 3)
		return ERR_RANGE;
	if (!secp256k1_ecdsa_recoverable_signature_parse_compact(c, &signature, signature64,
	        recovery_id))
		return ERR_SIGNATURE;
	/* recovery takes high s too: refuse it as EIP-2 does */
	secp256k1_ecdsa_recoverable_signature_convert(c, &plain, &signature);
	if (secp256k1_ecdsa_signature_normalize(c, NULL, &plain))
		return ERR_SIGNATURE;
	if (!secp256k1_ecdsa_recover(c, &point, &signature, digest32))
		return ERR_SIGNATURE;
	if (!secp256k1_ec_pubkey_serialize(c, text, &len, &point, SECP256K1_EC_UNCOMPRESSED))
		return ERR_CRYPTO;
	memcpy(ret_public_key64, text + 1, 64);
	return 0;
}

void
secp_compress(const uint8_t public_key64[64], uint8_t ret_public_key33[33])
{
	ret_public_key33[0] = (uint8_t)(0x02 | (public_key64[63] & 1));
	memcpy(ret_public_key33 + 1, public_key64, 32);
}

int
secp_normalize(const uint8_t *public_key, size_t len, uint8_t ret_public_key33[33])
{
	const secp256k1_context *const c = secp256k1_context_static;
	uint8_t text[65] = {0x04};
	size_t text_len = 33;
	secp256k1_pubkey point;

	if (len != 33 && len != 64 && len != 65)
		return ERR_PARSE;
	/* a length of 65 would also admit the hybrid forms 06 and 07 */
	if (len == 65 && public_key[0] != 0x04)
		return ERR_PARSE;
	memcpy(len == 64 ? text + 1 : text, public_key, len);
	if (!secp256k1_ec_pubkey_parse(c, &point, text, len == 33 ? 33 : 65))
		return ERR_PARSE;
	if (!secp256k1_ec_pubkey_serialize(c, ret_public_key33, &text_len, &point,
	        SECP256K1_EC_COMPRESSED))
		return ERR_CRYPTO;
	return 0;
}
