/*
 * Judging what an agent asks to be signed, against its policy. What no rule
 * allows is refused.
 *
 * Nothing is believed that is not in the bytes to be signed: amounts and
 * parties come from the calldata or the typed data, decoded strictly, in the
 * one canonical layout. Judging changes nothing; the charge that it gives is
 * taken from the agent's caps by signer/spend.h.
 *
 * A transaction, beyond chain, gas and fees:
 *   no data          to a recipient of the policy
 *   a policy token   transfer to a recipient, charged; approve to a spender of
 *                    the policy or to ConditionalTokens, charged in full; but
 *                    see rules_judge_step()
 *   ConditionalTokens  split of a policy token, charged; merge; redeem
 *   anything else    an entry of the calls list: by selector, or by
 *                    any_selector, which covers neither selectors.def nor calls
 *                    to a policy token (their effect on the caps is not known)
 * A call to a policy token that the calls list names is charged all the same.
 * Native value and gas limit x fee are always charged.
 */
#ifndef SELFSAME_SIGNER_RULES_H
#define SELFSAME_SIGNER_RULES_H

#include <stdint.h>

#include "agent/policy.h"
#include "agent/record.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "evm/transaction.h"
#include "evm/typed_data.h"
#include "signer/rule.h"
#include "signer/spend.h"

#define MESSAGE_BYTES_MAX 8192

struct rules_subject {
	const struct policy *policy; /* the record's */
	const struct agent_record *record;
	uint64_t chain_id; /* the chain of this boot */
};

/* RULE_NONE and the charge, or the rule that refuses. */
enum rule rules_judge_transaction(const struct rules_subject *s, const struct tx *tx,
    struct charge *ret) MUST_USE;

/*
 * The same for steps[at] of the steps that are signed together. An approval to
 * ConditionalTokens is free where a split behind it takes at least as much of
 * the token: the split is charged, and an allowance is no more than the last
 * one that was set.
 */
enum rule rules_judge_step(const struct rules_subject *s, const struct tx *steps, size_t count,
    size_t at, struct charge *ret) MUST_USE;

/*
 * The same for a fee bump of a transaction that was signed before: before and
 * after differ in their fees only, which the caller made sure of. The charge
 * is the difference.
 */
enum rule rules_judge_bump(const struct rules_subject *s, const struct tx *before,
    const struct tx *after, struct charge *ret) MUST_USE;

/*
 * EIP-712 typed data. Permits (ERC-2612, Permit2) and authorizations (EIP-3009)
 * are decoded: they spend by being signed, so they are charged and their
 * spender or recipient must be one of the policy's. SafeTx, Batch,
 * AgentWalletSet, DAI's permit and everything of our own domain are refused.
 */
enum rule rules_judge_typed_data(const struct rules_subject *s, const struct typed_data *td,
    const uint8_t type_hash32[32], struct charge *ret) MUST_USE;

/* EIP-191 text: printable UTF-8 that no other protocol could take for a hash. */
enum rule rules_judge_message(const struct rules_subject *s, struct bytes message) MUST_USE;

/* For the three above and for each other. */
int rules_chain_allowed(const struct rules_subject *s, uint64_t chain_id);
int rules_recipient_allowed(const struct rules_subject *s, const uint8_t address[20]);
int rules_spender_allowed(const struct policy *policy, const uint8_t address[20]);

/* Whether selectors.def has it. */
int rules_selector_dangerous(uint32_t selector);

/* Add an amount of a policy token; RULE_TOKEN_UNKNOWN, RULE_TOKEN_PER_TRANSACTION (overflow). */
enum rule rules_charge_token(const struct policy *policy, const uint8_t token[20],
    const struct u256 *amount, struct charge *charge) MUST_USE;

#endif
