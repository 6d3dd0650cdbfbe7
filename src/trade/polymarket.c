#include "trade/polymarket.h"

#include <string.h>

#include "base/err.h"
#include "evm/abi.h"
#include "base/banned.h"

_Static_assert(TRADE_INDEX_SETS_MAX <= ABI_INDEX_SETS_MAX, "a request's partition fits a call");

static int
add_call(const struct abi_call *call, struct buffer *out)
{
	uint8_t data[ABI_CALL_MAX];
	size_t len;
	int r;

	if ((r = abi_call_encode(call, data, sizeof data, &len)) != 0)
		return r;
	buffer_add(out, data, len);
	return out->err;
}

static uint32_t
position_selector(enum trade_type type)
{
	switch (type) {
	case TRADE_SPLIT:
		return ABI_SPLIT;
	case TRADE_MERGE:
		return ABI_MERGE;
	case TRADE_REDEEM:
		return ABI_REDEEM;
	case TRADE_TRANSFER:
	case TRADE_APPROVE:
	case TRADE_CALL:
		break;
	}
	return 0;
}

int
polymarket_position_data(const struct trade_options *options, const struct trade_request *req,
			 struct buffer *out)
{
	struct abi_call call = {.selector = position_selector(req->type)};

	memcpy(call.address, options->tokens[0].address, sizeof call.address);
	memcpy(call.condition_id, req->condition_id, sizeof call.condition_id);
	call.amount = req->amount;
	call.index_set_count = req->index_set_count;
	memcpy(call.index_sets, req->index_sets, sizeof req->index_sets);
	return add_call(&call, out);
}

static int
two_argument_call(uint32_t selector, const uint8_t address[20], const struct u256 *amount,
		  struct buffer *out)
{
	struct abi_call call = {.selector = selector, .amount = *amount};

	memcpy(call.address, address, sizeof call.address);
	return add_call(&call, out);
}

int
polymarket_approve_data(const uint8_t spender[20], const struct u256 *amount, struct buffer *out)
{
	return two_argument_call(ABI_APPROVE, spender, amount, out);
}

int
polymarket_transfer_data(const uint8_t to[20], const struct u256 *amount, struct buffer *out)
{
	return two_argument_call(ABI_TRANSFER, to, amount, out);
}

int
polymarket_allowance_data(const uint8_t owner[20], const uint8_t spender[20], struct buffer *out)
{
	uint8_t data[4 + 2 * 32];
	struct writer w = writer_of(data, sizeof data);
	size_t len;
	int r;

	write_be32(&w, ABI_ALLOWANCE);
	abi_write_address(&w, owner);
	abi_write_address(&w, spender);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	buffer_add(out, data, len);
	return out->err;
}
