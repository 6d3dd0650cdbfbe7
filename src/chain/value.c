#include "chain/value.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/parse.h"
#include "base/banned.h"

int
value_u64(const json_t *value, uint64_t *ret)
{
	if (!json_is_string(value))
		return ERR_PARSE;
	return parse_quantity(json_string_value(value), json_string_length(value), ret);
}

int
value_u256(const json_t *value, struct u256 *ret)
{
	const char *text = json_string_value(value);
	size_t len = json_string_length(value);

	if (text == NULL || len < 3 || (len > 3 && text[2] == '0'))
		return ERR_PARSE;
	if (len > 66)
		return ERR_RANGE;
	return u256_parse_hex(text, len, ret) == 0 ? 0 : ERR_PARSE;
}

int
value_fixed(const json_t *value, uint8_t *ret, size_t n)
{
	if (!json_is_string(value))
		return ERR_PARSE;
	if (hex_decode_0x(json_string_value(value), json_string_length(value), ret, n) != 0)
		return ERR_PARSE;
	return 0;
}

int
value_word(const json_t *value, struct u256 *ret)
{
	uint8_t word[32];

	if (value_fixed(value, word, sizeof word) != 0)
		return ERR_PARSE;
	*ret = u256_from_be32(word);
	return 0;
}

int
value_receipt(const json_t *value, const uint8_t hash32[32], struct chain_receipt *ret)
{
	struct chain_receipt receipt = {0};
	uint8_t hash[32];
	uint64_t status;

	if (json_is_null(value))
		return ERR_NOT_FOUND;
	if (!json_is_object(value) ||
	    value_fixed(json_object_get(value, "transactionHash"), hash, sizeof hash) != 0 ||
	    memcmp(hash, hash32, sizeof hash) != 0)
		return ERR_PARSE;
	/* a pending receipt (block null) is none */
	if (json_is_null(json_object_get(value, "blockHash")))
		return ERR_NOT_FOUND;
	if (value_u64(json_object_get(value, "status"), &status) != 0 || status > 1 ||
	    value_fixed(json_object_get(value, "from"), receipt.from, 20) != 0 ||
	    value_u64(json_object_get(value, "blockNumber"), &receipt.block_number) != 0 ||
	    value_fixed(json_object_get(value, "blockHash"), receipt.block_hash, 32) != 0 ||
	    value_u64(json_object_get(value, "gasUsed"), &receipt.gas_used) != 0)
		return ERR_PARSE;
	receipt.success = status == 1;
	*ret = receipt;
	return 0;
}
