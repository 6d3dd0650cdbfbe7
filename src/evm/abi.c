#include "evm/abi.h"

#include <string.h>

#include "base/err.h"
#include "evm/type.h"
#include "base/banned.h"

#define WORD 32

/* --- words ------------------------------------------------------------------ */

void
abi_write_count(struct writer *w, uint64_t v)
{
	struct u256 word = u256_of(v);

	write_u256(w, &word);
}

void
abi_write_address(struct writer *w, const uint8_t address[20])
{
	static const uint8_t zeros[12];

	write_bytes(w, zeros, sizeof zeros);
	write_bytes(w, address, 20);
}

int
abi_read_count(struct reader *r, uint64_t *ret)
{
	struct u256 v;

	if (read_u256(r, &v) != 0 || u256_to_u64(&v, ret) != 0)
		return ERR_PARSE;
	return 0;
}

int
abi_expect_count(struct reader *r, uint64_t expected)
{
	uint64_t v;

	if (abi_read_count(r, &v) != 0 || v != expected)
		return ERR_PARSE;
	return 0;
}

static int
read_address(struct reader *r, uint8_t ret[20])
{
	const struct type address = {TYPE_ADDRESS, 0};
	struct bytes word;

	if (read_take(r, WORD, &word) != 0 || type_check_word(address, word.p) != 0)
		return ERR_PARSE;
	memcpy(ret, word.p + 12, 20);
	return 0;
}

/* --- the calls ----------------------------------------------------------------- */

static int
has_partition(uint32_t selector)
{
	return selector == ABI_SPLIT || selector == ABI_MERGE || selector == ABI_REDEEM;
}

static int
is_call(uint32_t selector)
{
	return selector == ABI_APPROVE || selector == ABI_TRANSFER || has_partition(selector);
}

/* The offset of the partition: it stands behind the heads. */
static uint64_t
partition_offset(uint32_t selector)
{
	return selector == ABI_REDEEM ? 4 * WORD : 5 * WORD;
}

int
abi_call_encode(const struct abi_call *call, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);

	if (!is_call(call->selector))
		return ERR_UNSUPPORTED;
	if (call->index_set_count > ABI_INDEX_SETS_MAX)
		return ERR_RANGE;
	write_be32(&w, call->selector);
	abi_write_address(&w, call->address);
	if (!has_partition(call->selector)) {
		write_u256(&w, &call->amount);
		return writer_end(&w, ret_len);
	}
	write_bytes(&w, call->parent_collection, WORD);
	write_bytes(&w, call->condition_id, WORD);
	abi_write_count(&w, partition_offset(call->selector));
	if (call->selector != ABI_REDEEM)
		write_u256(&w, &call->amount);
	abi_write_count(&w, call->index_set_count);
	for (size_t i = 0; i < call->index_set_count; i++)
		write_u256(&w, &call->index_sets[i]);
	return writer_end(&w, ret_len);
}

static int
read_partition(struct reader *r, struct abi_call *call)
{
	uint64_t count;

	if (abi_read_count(r, &count) != 0)
		return ERR_PARSE;
	if (count > ABI_INDEX_SETS_MAX)
		return ERR_RANGE;
	call->index_set_count = (size_t)count;
	for (size_t i = 0; i < call->index_set_count; i++) {
		if (read_u256(r, &call->index_sets[i]) != 0)
			return ERR_PARSE;
	}
	return 0;
}

static int
read_arguments(struct reader *r, struct abi_call *call)
{
	if (read_address(r, call->address) != 0)
		return ERR_PARSE;
	if (!has_partition(call->selector))
		return read_u256(r, &call->amount);
	if (read_copy(r, WORD, call->parent_collection) != 0 ||
	    read_copy(r, WORD, call->condition_id) != 0 ||
	    abi_expect_count(r, partition_offset(call->selector)) != 0)
		return ERR_PARSE;
	if (call->selector != ABI_REDEEM && read_u256(r, &call->amount) != 0)
		return ERR_PARSE;
	return read_partition(r, call);
}

int
abi_call_decode(struct bytes data, struct abi_call *ret)
{
	struct reader r = reader_of(data.p, data.len);
	struct abi_call call = {0};
	int e;

	if (read_be32(&r, &call.selector) != 0 || !is_call(call.selector))
		return ERR_UNSUPPORTED;
	if ((e = read_arguments(&r, &call)) != 0)
		return e;
	if (r.left != 0)
		return ERR_PARSE;
	*ret = call;
	return 0;
}
