/* What the signer's tests share: a policy, transactions, and a booted signer that is asked. */
#ifndef SELFSAME_TESTS_SIGNER_FIXTURE_H
#define SELFSAME_TESTS_SIGNER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent/policy.h"
#include "agent/record.h"
#include "base/bytes.h"
#include "base/err.h"
#include "evm/transaction.h"
#include "evm/u256.h"

#define CHAIN 31337
#define GWEI 1000000000U

/* The addresses of the tests, by their only byte. */
enum { OWNER = 0x0e, FRIEND = 0xf1, STRANGER = 0x55, SPENDER = 0x5e, CTF = 0xc7, TOKEN = 0x70,
	TOKEN2 = 0x71, UNKNOWN_TOKEN = 0x7f, CONTRACT = 0xca, ANY_CONTRACT = 0xcb };

#define ADDRESS(name, byte) \
	uint8_t name[20]; \
	memset(name, byte, 20)

/* Caps: 100 a transaction and 1,000 a day of two tokens; 1 native a transaction, 5 a day. */
static inline struct policy
test_policy(void)
{
	struct policy p;
	const struct u256 giga = u256_of(GWEI);
	struct u256 one;

	memset(&p, 0, sizeof p);
	assert_int_equal(u256_mul(&giga, &giga, &one), 0);
	p.actions = POLICY_SPLIT | POLICY_MERGE | POLICY_REDEEM | POLICY_APPROVE | POLICY_TRANSFER;
	p.flags = POLICY_TO_OWNER;
	p.native_per_transaction = one;
	assert_int_equal(u256_mul_u64(&one, 5, &p.native_per_day), 0);
	p.max_fee_per_gas = u256_of((uint64_t)500 * GWEI);
	p.max_gas = 1000000;
	memset(p.conditional_tokens, CTF, 20);
	p.chain_count = 1;
	p.chains[0] = CHAIN;
	p.token_count = 2;
	memset(p.tokens[0].token, TOKEN, 20);
	memset(p.tokens[1].token, TOKEN2, 20);
	for (size_t i = 0; i < 2; i++) {
		p.tokens[i].per_transaction = u256_of(100);
		p.tokens[i].per_day = u256_of(1000);
	}
	return p;
}

static inline void
policy_add_call(struct policy *p, uint8_t contract, uint32_t selector, uint8_t any)
{
	struct policy_call *c = &p->calls[p->call_count++];

	p->actions |= POLICY_CALL;
	memset(c->contract, contract, 20);
	c->any_selector = any;
	store_be32(c->selector, selector);
	policy_sort(p);
}

static inline void
policy_add_recipient(struct policy *p, uint8_t address)
{
	memset(p->recipients[p->recipient_count++], address, 20);
	policy_sort(p);
}

static inline void
policy_add_spender(struct policy *p, uint8_t address)
{
	memset(p->spenders[p->spender_count++], address, 20);
	policy_sort(p);
}

static inline struct bytes
policy_bytes(const struct policy *p, uint8_t room[POLICY_BYTES_MAX])
{
	struct writer w = writer_of(room, POLICY_BYTES_MAX);

	policy_write(&w, p);
	assert_int_equal(w.err, 0);
	return (struct bytes){room, w.len};
}

/* A type 2 transaction of 100,000 gas at 1 gwei: a ten-thousandth of a native unit in fees. */
static inline struct tx
test_tx(uint8_t to)
{
	struct tx tx;

	memset(&tx, 0, sizeof tx);
	tx.type = TX_DYNAMIC_FEE;
	tx.chain_id = CHAIN;
	tx.gas_limit = 100000;
	tx.max_fee_per_gas = u256_of(GWEI);
	tx.max_priority_fee = u256_of(GWEI);
	tx.has_to = 1;
	memset(tx.to, to, 20);
	return tx;
}

static inline void
write_word(struct writer *w, uint64_t v)
{
	const struct u256 word = u256_of(v);

	write_u256(w, &word);
}

static inline void
write_address_word(struct writer *w, uint8_t address)
{
	for (size_t i = 0; i < 32; i++)
		write_u8(w, i < 12 ? 0 : address);
}

/* selector(address, uint256) */
static inline struct bytes
call_two(uint8_t room[68], uint32_t selector, uint8_t address, uint64_t amount)
{
	struct writer w = writer_of(room, 68);

	write_be32(&w, selector);
	write_address_word(&w, address);
	write_word(&w, amount);
	return (struct bytes){room, w.len};
}

/* splitPosition or mergePositions, canonical, two index sets */
static inline struct bytes
call_split(uint8_t room[260], uint32_t selector, uint8_t collateral, uint64_t amount)
{
	struct writer w = writer_of(room, 260);

	write_be32(&w, selector);
	write_address_word(&w, collateral);
	write_word(&w, 0);
	write_word(&w, 0xc0);
	write_word(&w, 5 * 32);
	write_word(&w, amount);
	write_word(&w, 2);
	write_word(&w, 1);
	write_word(&w, 2);
	return (struct bytes){room, w.len};
}

static inline struct bytes
call_redeem(uint8_t room[260], uint8_t collateral)
{
	struct writer w = writer_of(room, 260);

	write_be32(&w, 0x01b7037c);
	write_address_word(&w, collateral);
	write_word(&w, 0);
	write_word(&w, 0xc0);
	write_word(&w, 4 * 32);
	write_word(&w, 2);
	write_word(&w, 1);
	write_word(&w, 2);
	return (struct bytes){room, w.len};
}

#endif
