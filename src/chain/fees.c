#include "chain/fees.h"

#include <stddef.h>
#include <string.h>

#include "base/err.h"
#include "chain/value.h"
#include "base/banned.h"

#define BLOCKS_MAX 64

static struct u256
smaller(const struct u256 *a, const struct u256 *b)
{
	return u256_compare(a, b) < 0 ? *a : *b;
}

static struct u256
larger(const struct u256 *a, const struct u256 *b)
{
	return u256_compare(a, b) > 0 ? *a : *b;
}

/* Insertion sort: a handful of blocks. */
static void
insert_sorted(struct u256 *list, size_t count, const struct u256 *v)
{
	size_t i = count;

	for (; i > 0 && u256_compare(&list[i - 1], v) > 0; i--)
		list[i] = list[i - 1];
	list[i] = *v;
}

/* The median of the first column; an absent list (no full block yet) is zero. */
static int
median_tip(const json_t *rewards, struct u256 *ret)
{
	struct u256 tips[BLOCKS_MAX], v;
	size_t count = json_array_size(rewards);
	int r;

	if (count > BLOCKS_MAX)
		return ERR_RANGE;
	for (size_t i = 0; i < count; i++) {
		if ((r = value_u256(json_array_get(json_array_get(rewards, i), 0), &v)) != 0)
			return r;
		insert_sorted(tips, i, &v);
	}
	*ret = count == 0 ? U256_ZERO : tips[count / 2];
	return 0;
}

int
fee_market_parse(const json_t *result, struct fee_market *ret)
{
	const json_t *base = json_object_get(result, "baseFeePerGas");
	const json_t *rewards = json_object_get(result, "reward");
	struct fee_market market;
	size_t count = json_array_size(base);
	int r;

	if (count == 0 || count > BLOCKS_MAX)
		return ERR_PARSE;
	if (rewards != NULL && !json_is_null(rewards) && !json_is_array(rewards))
		return ERR_PARSE;
	/* "includes the next block after the newest of the returned range" */
	if ((r = value_u256(json_array_get(base, count - 1), &market.base_fee)) != 0)
		return r;
	if ((r = median_tip(rewards, &market.tip)) != 0)
		return r;
	*ret = market;
	return 0;
}

struct u256
fee_tip_floor(uint64_t chain_id)
{
	/* Polygon and Amoy: nodes drop what tips less, whatever the history says */
	if (chain_id == 137 || chain_id == 80002)
		return u256_of(30000000000U);
	return u256_of(1);
}

int
fees_choose(const struct fee_market *market, const struct u256 *floor, const struct u256 *ceiling,
	    struct fees *ret)
{
	struct u256 tip = larger(&market->tip, floor);
	struct u256 max_fee;

	if (u256_compare(&market->base_fee, ceiling) > 0)
		return ERR_POLICY;
	/* a sum beyond 256 bits is beyond every ceiling */
	if (u256_mul_u64(&market->base_fee, 2, &max_fee) != 0 ||
	    u256_add(&max_fee, &tip, &max_fee) != 0)
		max_fee = *ceiling;
	ret->max_fee = smaller(&max_fee, ceiling);
	ret->tip = smaller(&tip, &ret->max_fee);
	return 0;
}

static int
tenth_more(const struct u256 *v, struct u256 *ret)
{
	const struct u256 one = u256_of(1);
	struct u256 product;
	uint64_t rest;
	int r;

	if ((r = u256_mul_u64(v, 110, &product)) != 0)
		return r;
	if ((r = u256_div_u64(&product, 100, &product, &rest)) != 0)
		return r;
	if (rest == 0 && !u256_is_zero(v)) {
		*ret = product;
		return 0;
	}
	return u256_add(&product, &one, ret);
}

int
fees_bump(const struct fees *old, const struct fee_market *market, const struct u256 *floor,
	  const struct u256 *ceiling, struct fees *ret)
{
	struct fees least, now;

	if (tenth_more(&old->max_fee, &least.max_fee) != 0 ||
	    tenth_more(&old->tip, &least.tip) != 0 || u256_compare(&least.max_fee, ceiling) > 0 ||
	    u256_compare(&least.tip, ceiling) > 0)
		return ERR_POLICY;
	if (fees_choose(market, floor, ceiling, &now) != 0)
		now = least; /* the base fee is out of reach: the node still wants 10 % */
	ret->max_fee = larger(&least.max_fee, &now.max_fee);
	ret->tip = larger(&least.tip, &now.tip);
	/* a tip above the max fee is invalid; least.tip may exceed it by rounding only */
	ret->max_fee = larger(&ret->max_fee, &ret->tip);
	return 0;
}
