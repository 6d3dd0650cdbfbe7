#include "trade/step.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/keccak256.h"
#include "trade/trade.h"
#include "base/banned.h"

int
bytes_copy(struct bytes from, struct bytes *ret)
{
	uint8_t *p;

	if (from.len == 0) {
		*ret = (struct bytes){NULL, 0};
		return 0;
	}
	if ((p = malloc(from.len)) == NULL)
		return ERR_MEM;
	memcpy(p, from.p, from.len);
	*ret = (struct bytes){p, from.len};
	return 0;
}

void
bytes_free(struct bytes *b)
{
	/* the run is heap memory that only its readers see as const */
	union {
		const uint8_t *borrowed;
		uint8_t *owned;
	} p = {b->p};

	free(p.owned);
	*b = (struct bytes){NULL, 0};
}

static int
text_copy(const char *from, char **ret)
{
	*ret = NULL;
	if (from == NULL)
		return 0;
	*ret = strdup(from);
	return *ret == NULL ? ERR_MEM : 0;
}

int
step_copy(const struct store_step *from, struct store_step *ret)
{
	struct store_step copy = *from;
	int r;

	copy.agent_id = copy.error = NULL;
	copy.intent = copy.raw = copy.earlier_hashes = (struct bytes){NULL, 0};
	if ((r = text_copy(from->agent_id, &copy.agent_id)) != 0 ||
	    (r = text_copy(from->error, &copy.error)) != 0 ||
	    (r = bytes_copy(from->intent, &copy.intent)) != 0 ||
	    (r = bytes_copy(from->raw, &copy.raw)) != 0 ||
	    (r = bytes_copy(from->earlier_hashes, &copy.earlier_hashes)) != 0) {
		step_drop(&copy);
		return r;
	}
	*ret = copy;
	return 0;
}

void
step_drop(struct store_step *step)
{
	free(step->agent_id);
	free(step->error);
	step->agent_id = step->error = NULL;
	bytes_free(&step->intent);
	bytes_free(&step->raw);
	bytes_free(&step->earlier_hashes);
}

int
agent_row_copy(const struct store_agent *from, struct store_agent *ret)
{
	struct store_agent copy = *from;
	int r;

	copy.id = NULL;
	copy.record = (struct bytes){NULL, 0};
	if ((r = text_copy(from->id, &copy.id)) != 0 ||
	    (r = bytes_copy(from->record, &copy.record)) != 0) {
		agent_row_free(&copy);
		return r;
	}
	*ret = copy;
	return 0;
}

void
agent_row_free(struct store_agent *agent)
{
	free(agent->id);
	agent->id = NULL;
	bytes_free(&agent->record);
}

void
trade_row_free(struct store_trade *trade)
{
	free(trade->agent_id);
	free(trade->request);
	free(trade->receipt);
	trade->agent_id = trade->request = trade->receipt = NULL;
}

void
step_set_error(struct store_step *step, const char *text)
{
	char *copy = NULL;

	if (text_copy(text, &copy) != 0)
		return;
	free(step->error);
	step->error = copy;
}

int
step_has_receipt(const struct store_step *step)
{
	return step->state == STEP_MINED || step->state == STEP_REVERTED ||
	       step->state == STEP_FINAL || step->state == STEP_FAILED;
}

int
step_intent(const struct store_step *step, struct tx *ret)
{
	struct reader r = reader_of(step->intent.p, step->intent.len);
	struct tx tx;

	if (tx_read_fields(&r, &tx) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	*ret = tx;
	return 0;
}

static int
same_fields(const struct tx *a, const struct tx *b)
{
	return a->type == b->type && a->chain_id == b->chain_id && a->nonce == b->nonce &&
	       a->gas_limit == b->gas_limit && a->has_to == b->has_to &&
	       u256_compare(&a->max_fee_per_gas, &b->max_fee_per_gas) == 0 &&
	       u256_compare(&a->max_priority_fee, &b->max_priority_fee) == 0 &&
	       memcmp(a->to, b->to, sizeof a->to) == 0 && u256_compare(&a->value, &b->value) == 0 &&
	       bytes_equal(a->data, b->data) && bytes_equal(a->access_list, b->access_list);
}

int
step_check_signed(struct bytes raw, const struct tx *asked, const uint8_t hash32[32])
{
	struct tx_signature signature;
	struct tx tx;
	uint8_t hash[32];

	if (tx_decode_signed(raw.p, raw.len, &tx, &signature) != 0 || !same_fields(&tx, asked))
		return ERR_PROTOCOL;
	keccak256(raw.p, raw.len, hash);
	return memcmp(hash, hash32, sizeof hash) == 0 ? 0 : ERR_PROTOCOL;
}

int
step_check_row(const struct store_step *step)
{
	struct tx_signature signature;
	struct tx tx, asked;
	uint8_t hash[32];

	if (step_intent(step, &asked) != 0 ||
	    tx_decode_signed(step->raw.p, step->raw.len, &tx, &signature) != 0 ||
	    !same_fields(&tx, &asked) || tx.chain_id != step->chain_id || tx.nonce != step->nonce)
		return ERR_PARSE;
	keccak256(step->raw.p, step->raw.len, hash);
	for (size_t i = 0; i < step_hash_count(step); i++) {
		if (memcmp(hash, step_hash(step, i), sizeof hash) == 0)
			return 0;
	}
	return ERR_PARSE;
}

size_t
step_hash_count(const struct store_step *step)
{
	return 1 + step->earlier_hashes.len / 32;
}

const uint8_t *
step_hash(const struct store_step *step, size_t number)
{
	size_t earlier = step->earlier_hashes.len / 32;

	return number == 0 ? step->tx_hash : step->earlier_hashes.p + 32 * (earlier - number);
}

void
step_swap_hash(struct store_step *step, size_t number)
{
	size_t at = 32 * (step->earlier_hashes.len / 32 - number);
	uint8_t *copy;

	if (number == 0 || (copy = malloc(step->earlier_hashes.len)) == NULL)
		return;
	memcpy(copy, step->earlier_hashes.p, step->earlier_hashes.len);
	memcpy(copy + at, step->tx_hash, 32);
	memcpy(step->tx_hash, step->earlier_hashes.p + at, 32);
	step->earlier_hashes.len = 0;
	bytes_free(&step->earlier_hashes);
	step->earlier_hashes = (struct bytes){copy, 32 * (number + at / 32)};
}

/* --- the whole trade ---------------------------------------------------------- */

const char *
trade_status(const struct store_step *steps, size_t count)
{
	size_t n[STEP_STUCK + 1] = {0};

	for (size_t i = 0; i < count; i++) {
		if (steps[i].state <= STEP_STUCK)
			n[steps[i].state]++;
	}
	if (n[STEP_REVERTED] + n[STEP_FAILED] > 0)
		return n[STEP_FINAL] + n[STEP_FAILED] == count ? "failed" : "reverted";
	if (n[STEP_STUCK] > 0)
		return "stuck";
	if (count > 0 && n[STEP_FINAL] == count)
		return "final";
	if (count > 0 && n[STEP_FINAL] + n[STEP_MINED] == count)
		return "mined";
	return n[STEP_SIGNED] == count ? "signed" : "pending";
}
