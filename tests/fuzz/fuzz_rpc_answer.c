/*
 * Bytes of an RPC node: as the answer to a request, and its result as every
 * kind of value that is read from one.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "chain/answer.h"
#include "chain/fees.h"
#include "chain/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
try_fees(const json_t *result)
{
	const struct u256 floor = fee_tip_floor(137), ceiling = u256_of(500000000000);
	struct fee_market market;
	struct fees fees, more;

	if (fee_market_parse(result, &market) != 0)
		return;
	if (fees_choose(&market, &floor, &ceiling, &fees) != 0)
		return;
	check(u256_compare(&fees.tip, &fees.max_fee) <= 0);
	check(u256_compare(&fees.max_fee, &ceiling) <= 0);
	if (fees_bump(&fees, &market, &floor, &ceiling, &more) != 0)
		return;
	check(u256_compare(&more.tip, &more.max_fee) <= 0);
	check(u256_compare(&more.max_fee, &fees.max_fee) > 0);
	check(u256_compare(&more.max_fee, &ceiling) <= 0);
}

static void
try_values(const json_t *result)
{
	static const uint8_t hash[32] = {0x11};
	struct chain_receipt receipt;
	struct u256 word;
	uint64_t number;
	int r;

	r = value_u64(result, &number);
	check(r == 0 || r == ERR_PARSE || r == ERR_RANGE);
	r = value_u256(result, &word);
	check(r == 0 || r == ERR_PARSE || r == ERR_RANGE);
	r = value_word(result, &word);
	check(r == 0 || r == ERR_PARSE);
	r = value_receipt(result, hash, &receipt);
	check(r == 0 || r == ERR_PARSE || r == ERR_NOT_FOUND);
	try_fees(result);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parsed_answer a;

	answer_parse(size == 0 ? (const uint8_t *)"" : data, size, 7, &a);
	check((a.answer.class == RPC_OK) == (a.answer.result != NULL));
	check(strlen(a.message) <= ANSWER_MESSAGE_MAX);
	for (const char *p = a.message; *p != '\0'; p++)
		check(*p >= 0x20 && *p < 0x7f);
	if (a.answer.revert_data != NULL)
		check(a.has_error && strlen(a.answer.revert_data) % 2 == 0);
	if (a.answer.class == RPC_OK)
		try_values(a.answer.result);
	parsed_answer_free(&a);
	return 0;
}
