#include "agent/policy.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/banned.h"

#define POLICY_FORM 1
#define CALL_BYTES 25 /* contract, any_selector, selector */
#define TYPED_BYTES 60 /* chain id, contract, type hash */

/* --- order: every list ascends by the bytes that identify an entry ------- */

static int
compare_u64(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_chain(const void *a, const void *b)
{
	return compare_u64(*(const uint64_t *)a, *(const uint64_t *)b);
}

static int
compare_address(const void *a, const void *b)
{
	return memcmp(a, b, 20);
}

/* One cap entry a token: two with the same token are a duplicate. */
static int
compare_token(const void *a, const void *b)
{
	const struct policy_token *x = a, *y = b;

	return memcmp(x->token, y->token, 20);
}

static int
compare_call(const void *a, const void *b)
{
	const struct policy_call *x = a, *y = b;
	int c = memcmp(x->contract, y->contract, 20);

	if (c == 0)
		c = x->any_selector - y->any_selector;
	return c != 0 ? c : memcmp(x->selector, y->selector, 4);
}

static int
compare_typed(const void *a, const void *b)
{
	const struct policy_typed *x = a, *y = b;
	int c = compare_u64(x->chain_id, y->chain_id);

	if (c == 0)
		c = memcmp(x->contract, y->contract, 20);
	return c != 0 ? c : memcmp(x->type_hash, y->type_hash, 32);
}

typedef int comparison(const void *a, const void *b);

/* Insertion sort: the lists are short, and qsort() may allocate. */
static void
sort(void *list, size_t count, size_t size, comparison *compare)
{
	uint8_t *p = list;
	uint8_t held[sizeof(struct policy_token)]; /* the largest entry */

	if (size > sizeof held)
		abort();
	for (size_t i = 1; i < count; i++) {
		size_t j = i;

		memcpy(held, p + i * size, size);
		for (; j > 0 && compare(p + (j - 1) * size, held) > 0; j--)
			memcpy(p + j * size, p + (j - 1) * size, size);
		memcpy(p + j * size, held, size);
	}
}

static int
is_ascending(const void *list, size_t count, size_t size, comparison *compare)
{
	const uint8_t *p = list;

	for (size_t i = 1; i < count; i++) {
		if (compare(p + (i - 1) * size, p + i * size) >= 0)
			return 0;
	}
	return 1;
}

static const void *
find(const void *list, size_t count, size_t size, comparison *compare, const void *entry)
{
	const uint8_t *p = list;

	for (size_t i = 0; i < count; i++) {
		if (compare(p + i * size, entry) == 0)
			return p + i * size;
	}
	return NULL;
}

#define SORT(p, list, count, compare) sort((p)->list, (p)->count, sizeof (p)->list[0], compare)
#define ASCENDS(p, list, count, compare) \
	is_ascending((p)->list, (p)->count, sizeof (p)->list[0], compare)
#define FIND(p, list, count, compare, entry) \
	find((p)->list, (p)->count, sizeof (p)->list[0], compare, entry)

void
policy_sort(struct policy *p)
{
	SORT(p, chains, chain_count, compare_chain);
	SORT(p, tokens, token_count, compare_token);
	SORT(p, recipients, recipient_count, compare_address);
	SORT(p, spenders, spender_count, compare_address);
	SORT(p, calls, call_count, compare_call);
	SORT(p, typed, typed_count, compare_typed);
}

/* --- canonical bytes ----------------------------------------------------- */

static void
write_lists(struct writer *w, const struct policy *p)
{
	for (size_t i = 0; i < p->chain_count; i++)
		write_be64(w, p->chains[i]);
	for (size_t i = 0; i < p->token_count; i++) {
		write_bytes(w, p->tokens[i].token, 20);
		write_u256(w, &p->tokens[i].per_transaction);
		write_u256(w, &p->tokens[i].per_day);
	}
	for (size_t i = 0; i < p->recipient_count; i++)
		write_bytes(w, p->recipients[i], 20);
	for (size_t i = 0; i < p->spender_count; i++)
		write_bytes(w, p->spenders[i], 20);
	for (size_t i = 0; i < p->call_count; i++) {
		write_bytes(w, p->calls[i].contract, 20);
		write_u8(w, p->calls[i].any_selector);
		write_bytes(w, p->calls[i].selector, 4);
	}
	for (size_t i = 0; i < p->typed_count; i++) {
		write_be64(w, p->typed[i].chain_id);
		write_bytes(w, p->typed[i].contract, 20);
		write_bytes(w, p->typed[i].type_hash, 32);
	}
}

void
policy_write(struct writer *w, const struct policy *p)
{
	write_u8(w, POLICY_FORM);
	write_u8(w, p->actions);
	write_u8(w, p->flags);
	write_u8(w, p->chain_count);
	write_u8(w, p->token_count);
	write_u8(w, p->recipient_count);
	write_u8(w, p->spender_count);
	write_u8(w, p->call_count);
	write_u8(w, p->typed_count);
	write_u256(w, &p->native_per_transaction);
	write_u256(w, &p->native_per_day);
	write_u256(w, &p->max_fee_per_gas);
	write_be64(w, p->max_gas);
	write_bytes(w, p->conditional_tokens, 20);
	write_lists(w, p);
}

/* An unknown form, action or flag, or a count beyond its list. */
static int
read_head(struct reader *in, struct policy *p)
{
	uint8_t head[9];
	int r;

	if ((r = read_copy(in, sizeof head, head)) != 0)
		return r;
	if (head[0] != POLICY_FORM)
		return ERR_PARSE;
	p->actions = head[1];
	p->flags = head[2];
	p->chain_count = head[3];
	p->token_count = head[4];
	p->recipient_count = head[5];
	p->spender_count = head[6];
	p->call_count = head[7];
	p->typed_count = head[8];
	if ((p->actions & ~POLICY_ACTIONS) != 0 || (p->flags & ~POLICY_FLAGS) != 0)
		return ERR_RANGE;
	if (p->chain_count > POLICY_CHAINS_MAX || p->token_count > POLICY_TOKENS_MAX ||
	    p->recipient_count > POLICY_RECIPIENTS_MAX || p->spender_count > POLICY_SPENDERS_MAX ||
	    p->call_count > POLICY_CALLS_MAX || p->typed_count > POLICY_TYPED_MAX)
		return ERR_RANGE;
	return 0;
}

static int
read_limits(struct reader *in, struct policy *p)
{
	int r;

	if ((r = read_u256(in, &p->native_per_transaction)) != 0)
		return r;
	if ((r = read_u256(in, &p->native_per_day)) != 0)
		return r;
	if ((r = read_u256(in, &p->max_fee_per_gas)) != 0)
		return r;
	if ((r = read_be64(in, &p->max_gas)) != 0)
		return r;
	return read_copy(in, 20, p->conditional_tokens);
}

static int
read_chains(struct reader *in, struct policy *p)
{
	int r;

	for (size_t i = 0; i < p->chain_count; i++) {
		if ((r = read_be64(in, &p->chains[i])) != 0)
			return r;
		if (p->chains[i] == 0)
			return ERR_RANGE;
	}
	return 0;
}

static int
read_tokens(struct reader *in, struct policy *p)
{
	int r;

	for (size_t i = 0; i < p->token_count; i++) {
		if ((r = read_copy(in, 20, p->tokens[i].token)) != 0)
			return r;
		if ((r = read_u256(in, &p->tokens[i].per_transaction)) != 0)
			return r;
		if ((r = read_u256(in, &p->tokens[i].per_day)) != 0)
			return r;
	}
	return 0;
}

static int
read_addresses(struct reader *in, size_t count, uint8_t (*ret)[20])
{
	int r;

	for (size_t i = 0; i < count; i++) {
		if ((r = read_copy(in, 20, ret[i])) != 0)
			return r;
	}
	return 0;
}

static int
read_calls(struct reader *in, struct policy *p)
{
	static const uint8_t none[4];
	uint8_t b[CALL_BYTES];
	int r;

	for (size_t i = 0; i < p->call_count; i++) {
		struct policy_call *c = &p->calls[i];

		if ((r = read_copy(in, sizeof b, b)) != 0)
			return r;
		memcpy(c->contract, b, 20);
		c->any_selector = b[20];
		memcpy(c->selector, b + 21, 4);
		if (c->any_selector > 1)
			return ERR_RANGE;
		if (c->any_selector && memcmp(c->selector, none, 4) != 0)
			return ERR_RANGE;
	}
	return 0;
}

static int
read_typed(struct reader *in, struct policy *p)
{
	uint8_t b[TYPED_BYTES];
	int r;

	for (size_t i = 0; i < p->typed_count; i++) {
		struct policy_typed *t = &p->typed[i];

		if ((r = read_copy(in, sizeof b, b)) != 0)
			return r;
		t->chain_id = load_be64(b);
		memcpy(t->contract, b + 8, 20);
		memcpy(t->type_hash, b + 28, 32);
		if (t->chain_id == 0)
			return ERR_RANGE;
	}
	return 0;
}

static int
read_lists(struct reader *in, struct policy *p)
{
	int r;

	if ((r = read_chains(in, p)) != 0)
		return r;
	if ((r = read_tokens(in, p)) != 0)
		return r;
	if ((r = read_addresses(in, p->recipient_count, p->recipients)) != 0)
		return r;
	if ((r = read_addresses(in, p->spender_count, p->spenders)) != 0)
		return r;
	if ((r = read_calls(in, p)) != 0)
		return r;
	return read_typed(in, p);
}

static int
is_sorted(const struct policy *p)
{
	return ASCENDS(p, chains, chain_count, compare_chain) &&
	       ASCENDS(p, tokens, token_count, compare_token) &&
	       ASCENDS(p, recipients, recipient_count, compare_address) &&
	       ASCENDS(p, spenders, spender_count, compare_address) &&
	       ASCENDS(p, calls, call_count, compare_call) &&
	       ASCENDS(p, typed, typed_count, compare_typed);
}

int
policy_read(const uint8_t *p, size_t len, struct policy *ret)
{
	struct reader in = reader_of(p, len);
	struct policy policy;
	int r;

	memset(&policy, 0, sizeof policy);
	if (len > POLICY_BYTES_MAX)
		return ERR_RANGE;
	if ((r = read_head(&in, &policy)) != 0)
		return r;
	if ((r = read_limits(&in, &policy)) != 0)
		return r;
	if ((r = read_lists(&in, &policy)) != 0)
		return r;
	if ((r = reader_end(&in)) != 0)
		return r;
	if (!is_sorted(&policy))
		return ERR_DUPLICATE;
	*ret = policy;
	return 0;
}

void
policy_hash(const uint8_t *canonical, size_t len, uint8_t ret_hash32[32])
{
	static const char tag[] = "selfsame/policy/v1"; /* hashed with its NUL */
	crypto_hash_sha256_state st;

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const uint8_t *)tag, sizeof tag);
	crypto_hash_sha256_update(&st, canonical, len);
	crypto_hash_sha256_final(&st, ret_hash32);
}

const struct policy_token *
policy_token_find(const struct policy *p, const uint8_t token[20])
{
	for (size_t i = 0; i < p->token_count; i++) {
		if (memcmp(p->tokens[i].token, token, 20) == 0)
			return &p->tokens[i];
	}
	return NULL;
}

/* --- comparison ---------------------------------------------------------- */

static int
at_most(const struct u256 *a, const struct u256 *b)
{
	return u256_compare(a, b) <= 0;
}

static int
names_contract(const struct policy *p, const uint8_t contract[20])
{
	for (size_t i = 0; i < p->call_count; i++) {
		if (memcmp(p->calls[i].contract, contract, 20) == 0)
			return 1;
	}
	return 0;
}

static int
tokens_are_tighter(const struct policy *before, const struct policy *after)
{
	for (size_t i = 0; i < after->token_count; i++) {
		const struct policy_token *t = &after->tokens[i];
		const struct policy_token *old = policy_token_find(before, t->token);

		if (old == NULL || !at_most(&t->per_transaction, &old->per_transaction) ||
		    !at_most(&t->per_day, &old->per_day))
			return 0;
	}
	/* calls to a known token are charged: forgetting the token would lift its caps */
	for (size_t i = 0; i < before->token_count; i++) {
		const uint8_t *token = before->tokens[i].token;

		if (policy_token_find(after, token) == NULL && names_contract(after, token))
			return 0;
	}
	return 1;
}

/* The contract may only be forgotten, and then no call may name it: its calls were charged. */
static int
conditional_tokens_are_tighter(const struct policy *before, const struct policy *after)
{
	static const uint8_t none[20];

	if (memcmp(before->conditional_tokens, after->conditional_tokens, 20) == 0)
		return 1;
	if (memcmp(after->conditional_tokens, none, 20) != 0)
		return 0;
	return !names_contract(after, before->conditional_tokens);
}

static int
limits_are_tighter(const struct policy *before, const struct policy *after)
{
	/* whoever may pay anyone may pay the owner */
	uint8_t recipients = before->flags & POLICY_TO_ANYONE ? POLICY_FLAGS : before->flags;

	return (after->actions & ~before->actions) == 0 && (after->flags & ~recipients) == 0 &&
	       at_most(&after->native_per_transaction, &before->native_per_transaction) &&
	       at_most(&after->native_per_day, &before->native_per_day) &&
	       at_most(&after->max_fee_per_gas, &before->max_fee_per_gas) &&
	       after->max_gas <= before->max_gas;
}

#define SUBSET(before, after, list, count, compare) \
	for (size_t i = 0; i < (after)->count; i++) { \
		if (FIND(before, list, count, compare, &(after)->list[i]) == NULL) \
			return 0; \
	}

static int
lists_are_tighter(const struct policy *before, const struct policy *after)
{
	SUBSET(before, after, chains, chain_count, compare_chain)
	SUBSET(before, after, spenders, spender_count, compare_address)
	SUBSET(before, after, calls, call_count, compare_call)
	SUBSET(before, after, typed, typed_count, compare_typed)
	if (before->flags & POLICY_TO_ANYONE)
		return 1;
	SUBSET(before, after, recipients, recipient_count, compare_address)
	return 1;
}

int
policy_is_tighter(const struct policy *before, const struct policy *after)
{
	return limits_are_tighter(before, after) && tokens_are_tighter(before, after) &&
	       conditional_tokens_are_tighter(before, after) && lists_are_tighter(before, after);
}
