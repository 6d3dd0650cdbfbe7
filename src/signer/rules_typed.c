#include <string.h>

#include "base/err.h"
#include "signer/rules.h"
#include "base/banned.h"

#define PERMIT_TOKENS_MAX 32

/* Typed data that gives tokens away by being signed, and where its parts stand. */
struct giving {
	const char *primary;
	const char *owner; /* must be the wallet; NULL: the signer is, by construction */
	const char *list; /* the array of the tokens; NULL: one token */
	const char *token; /* NULL: the verifying contract is the token */
	const char *amount;
	const char *party;
	int party_is_spender; /* else a recipient */
};

static const struct giving givings[] = {
	/* ERC-2612 */
	{"Permit", "owner", NULL, NULL, "value", "spender", 1},
	/* EIP-3009 */
	{"TransferWithAuthorization", "from", NULL, NULL, "value", "to", 0},
	{"ReceiveWithAuthorization", "from", NULL, NULL, "value", "to", 0},
	/* Permit2: allowances */
	{"PermitSingle", NULL, NULL, "details.token", "details.amount", "spender", 1},
	{"PermitBatch", NULL, "details", "token", "amount", "spender", 1},
	/* Permit2: transfers by signature, plain and with a witness */
	{"PermitTransferFrom", NULL, NULL, "permitted.token", "permitted.amount", "spender", 1},
	{"PermitWitnessTransferFrom", NULL, NULL, "permitted.token", "permitted.amount", "spender",
	    1},
	{"PermitBatchTransferFrom", NULL, "permitted", "token", "amount", "spender", 1},
	{"PermitBatchWitnessTransferFrom", NULL, "permitted", "token", "amount", "spender", 1},
};

/* Never signed, neither as the primary type nor inside another. */
static const char *const refused[] = {"SafeTx", "Batch", "AgentWalletSet", "PolicyChange"};

/* Permit2's parts: only inside a primary type that is decoded. */
static const char *const permit_parts[] = {"PermitDetails", "TokenPermissions"};

static int
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static int
is_one_of(struct bytes b, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (is_text(b, texts[i]))
			return 1;
	}
	return 0;
}

static const struct giving *
giving_find(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(givings); i++) {
		if (is_text(name, givings[i].primary))
			return &givings[i];
	}
	return NULL;
}

static int
word_address(const uint8_t word[32], uint8_t ret[20])
{
	static const uint8_t zero[12];

	if (memcmp(word, zero, sizeof zero) != 0)
		return ERR_RANGE;
	memcpy(ret, word + 12, 20);
	return 0;
}

static int
member_address(const struct typed_data *td, const char *path, uint8_t ret[20])
{
	uint8_t word[32];

	if (typed_data_member(td, path, word) != 0)
		return ERR_NOT_FOUND;
	return word_address(word, ret);
}

static enum rule
judge_owner(const struct rules_subject *s, const struct typed_data *td, const struct giving *g)
{
	uint8_t owner[20];

	if (g->owner == NULL)
		return RULE_NONE;
	if (member_address(td, g->owner, owner) != 0)
		return RULE_TYPED_KIND;
	return memcmp(owner, s->record->address, 20) == 0 ? RULE_NONE : RULE_TYPED_WALLET;
}

static enum rule
judge_party(const struct rules_subject *s, const struct typed_data *td, const struct giving *g)
{
	uint8_t party[20];

	if (member_address(td, g->party, party) != 0)
		return RULE_TYPED_KIND;
	if (g->party_is_spender)
		return rules_spender_allowed(s->policy, party) ? RULE_NONE : RULE_SPENDER;
	return rules_recipient_allowed(s, party) ? RULE_NONE : RULE_RECIPIENT;
}

static enum rule
charge_one(const struct rules_subject *s, const struct typed_data *td, const char *token_path,
    const char *amount_path, struct charge *charge)
{
	uint8_t token[20], word[32];
	struct u256 amount;

	memcpy(token, td->verifying_contract, 20);
	if (token_path != NULL && member_address(td, token_path, token) != 0)
		return RULE_TYPED_KIND;
	if (typed_data_member(td, amount_path, word) != 0)
		return RULE_TYPED_KIND;
	amount = u256_from_be32(word);
	return rules_charge_token(s->policy, token, &amount, charge);
}

/* "details[3].token" and a NUL */
static void
element_path(const char *list, size_t i, const char *member, char ret[64])
{
	struct writer w = writer_of((uint8_t *)ret, 64);

	write_text(&w, list);
	write_u8(&w, '[');
	write_decimal(&w, i);
	write_text(&w, "].");
	write_text(&w, member);
	write_u8(&w, 0);
}

static enum rule
charge_list(const struct rules_subject *s, const struct typed_data *td, const struct giving *g,
    struct charge *charge)
{
	char token[64], amount[64];
	uint8_t word[32];
	enum rule rule;

	for (size_t i = 0; i <= PERMIT_TOKENS_MAX; i++) {
		element_path(g->list, i, g->token, token);
		element_path(g->list, i, g->amount, amount);
		/* elements are of one type: the first that is not there ends the list */
		if (i > 0 && typed_data_member(td, token, word) != 0)
			return RULE_NONE;
		if ((rule = charge_one(s, td, token, amount, charge)) != RULE_NONE)
			return rule;
	}
	return RULE_TYPED_KIND; /* longer than anybody looks */
}

static enum rule
judge_giving(const struct rules_subject *s, const struct typed_data *td, const struct giving *g,
    struct charge *charge)
{
	enum rule rule;

	if (g->list != NULL)
		rule = charge_list(s, td, g, charge);
	else
		rule = charge_one(s, td, g->token, g->amount, charge);
	if (rule != RULE_NONE)
		return rule;
	if ((rule = judge_owner(s, td, g)) != RULE_NONE)
		return rule;
	return judge_party(s, td, g);
}

/* Whether the domain is our own: what an owner signs, a wallet of an agent never does. */
static int
is_own_domain(const struct typed_data *td)
{
	struct reader r = reader_of(td->domain.p, td->domain.len);
	struct bytes name;

	if (td->structs[0].member_count == 0 || !is_text(td->structs[0].members[0].name, "name"))
		return 0;
	return read_lp(&r, td->domain.len, &name) == 0 && is_text(name, "Selfsame");
}

static enum rule
judge_structs(const struct typed_data *td, const struct giving *g)
{
	for (size_t i = 1; i < td->struct_count; i++) {
		struct bytes name = td->structs[i].name;

		if (is_one_of(name, refused, ARRAY_LEN(refused)))
			return RULE_TYPED_KIND;
		if (i != td->primary && giving_find(name) != NULL)
			return RULE_TYPED_KIND;
		if (is_one_of(name, permit_parts, ARRAY_LEN(permit_parts)) &&
		    (g == NULL || g->token == NULL))
			return RULE_TYPED_KIND;
	}
	return RULE_NONE;
}

/* The domain first, so that the refusal says which half is missing. */
static enum rule
judge_listed(const struct rules_subject *s, const struct typed_data *td,
    const uint8_t type_hash[32])
{
	enum rule rule = RULE_TYPED_DOMAIN;

	for (size_t i = 0; i < s->policy->typed_count; i++) {
		const struct policy_typed *t = &s->policy->typed[i];

		if (t->chain_id != td->chain_id ||
		    memcmp(t->contract, td->verifying_contract, 20) != 0)
			continue;
		if (memcmp(t->type_hash, type_hash, 32) == 0)
			return RULE_NONE;
		rule = RULE_TYPED_TYPE;
	}
	return rule;
}

enum rule
rules_judge_typed_data(const struct rules_subject *s, const struct typed_data *td,
    const uint8_t type_hash32[32], struct charge *ret)
{
	const struct giving *g = giving_find(td->structs[td->primary].name);
	struct charge charge;
	enum rule rule;

	memset(&charge, 0, sizeof charge);
	if (!(s->policy->actions & POLICY_TYPED_DATA))
		return RULE_ACTION;
	if (is_own_domain(td))
		return RULE_TYPED_KIND;
	if ((rule = judge_structs(td, g)) != RULE_NONE)
		return rule;
	if (!td->has_chain_id || !td->has_verifying_contract ||
	    !rules_chain_allowed(s, td->chain_id))
		return RULE_TYPED_DOMAIN;
	if ((rule = judge_listed(s, td, type_hash32)) != RULE_NONE)
		return rule;
	if (g != NULL && (rule = judge_giving(s, td, g, &charge)) != RULE_NONE)
		return rule;
	*ret = charge;
	return RULE_NONE;
}
