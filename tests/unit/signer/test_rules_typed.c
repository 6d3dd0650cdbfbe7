#include "typed_form.h"

#include "signer/rules.h"

#define WALLET 0xaa
#define PERMIT2 0x22
#define PERMIT "address owner,address spender,uint256 value,uint256 nonce,uint256 deadline"
#define AUTHORIZATION \
	"address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce"
#define DETAILS "address token,uint160 amount,uint48 expiration,uint48 nonce"
#define PERMISSIONS "address token,uint256 amount"

static struct policy policy;
static struct agent_record rec;
static struct charge charge;
static struct typed_data td;
static uint8_t room[16384];
static struct typed_hashes hashes;

static int
setup(void **state)
{
	(void)state;
	policy = test_policy();
	policy.actions |= POLICY_TYPED_DATA;
	policy_add_spender(&policy, SPENDER);
	policy_add_recipient(&policy, FRIEND);
	memset(&rec, 0, sizeof rec);
	memset(rec.address, WALLET, 20);
	return 0;
}

static void
read_form(const struct writer *w)
{
	assert_int_equal(w->err, 0);
	assert_int_equal(typed_data_read(room, w->len, &td), 0);
	assert_int_equal(typed_data_hash(&td, &hashes), 0);
}

static enum rule
judge(void)
{
	const struct rules_subject subject = {&policy, &rec, CHAIN};

	memset(&charge, 0, sizeof charge);
	return rules_judge_typed_data(&subject, &td, hashes.type_hash, &charge);
}

/* Put the type of the last form read on the policy's list. */
static void
allow(uint8_t contract)
{
	struct policy_typed *t = &policy.typed[policy.typed_count++];

	t->chain_id = CHAIN;
	memset(t->contract, contract, 20);
	memcpy(t->type_hash, hashes.type_hash, 32);
	policy_sort(&policy);
}

static void
mail(uint64_t chain_id, uint8_t contract, const char *domain)
{
	struct writer w = typed_begin(room, sizeof room, 1);

	write_struct(&w, "Mail", "address to,string contents");
	typed_domain(&w, domain, chain_id, contract);
	write_address_word(&w, FRIEND);
	write_lp(&w, "hi", 2);
	read_form(&w);
}

static void
test_listed(void **state)
{
	(void)state;
	mail(CHAIN, CONTRACT, "Mail");
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
	allow(CONTRACT);
	assert_int_equal(judge(), RULE_NONE);
	mail(CHAIN, ANY_CONTRACT, "Mail");
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
	mail(1, CONTRACT, "Mail");
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
	mail(CHAIN, CONTRACT, "Mail");
	policy.typed[0].type_hash[0]++;
	assert_int_equal(judge(), RULE_TYPED_TYPE);
	policy.typed[0].type_hash[0]--;
	policy.actions &= (uint8_t)~POLICY_TYPED_DATA;
	assert_int_equal(judge(), RULE_ACTION);
}

/* An entry for another chain does not help, and neither does a policy for it. */
static void
test_other_chain(void **state)
{
	(void)state;
	mail(1, CONTRACT, "Mail");
	allow(CONTRACT);
	policy.typed[0].chain_id = 1;
	policy.chains[0] = 1;
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
	policy.chains[0] = CHAIN;
	mail(CHAIN, CONTRACT, "Mail");
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
}

/* A domain that does not say where it counts counts everywhere. */
static void
test_open_domains(void **state)
{
	struct writer w = writer_of(room, sizeof room);

	(void)state;
	write_u8(&w, TYPED_DATA_VERSION);
	write_u8(&w, 2);
	write_struct(&w, "EIP712Domain", "string name,uint256 chainId");
	write_struct(&w, "Mail", "address to");
	write_u8(&w, 1);
	write_lp(&w, "Mail", 4);
	write_word(&w, CHAIN);
	write_address_word(&w, FRIEND);
	read_form(&w);
	allow(0); /* the zero address is not "absent" */
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
	w = writer_of(room, sizeof room);
	write_u8(&w, TYPED_DATA_VERSION);
	write_u8(&w, 2);
	write_struct(&w, "EIP712Domain", "string name,address verifyingContract");
	write_struct(&w, "Mail", "address to");
	write_u8(&w, 1);
	write_lp(&w, "Mail", 4);
	write_address_word(&w, 0);
	write_address_word(&w, FRIEND);
	read_form(&w);
	assert_int_equal(judge(), RULE_TYPED_DOMAIN);
}

static void
test_own_domain(void **state)
{
	(void)state;
	mail(CHAIN, CONTRACT, "Selfsame");
	allow(CONTRACT);
	assert_int_equal(judge(), RULE_TYPED_KIND);
	mail(CHAIN, CONTRACT, "Selfsamer");
	assert_int_equal(judge(), RULE_NONE);
}

/* --- permits ------------------------------------------------------------- */

static void
permit(uint8_t token, uint8_t owner, uint8_t spender, uint64_t value)
{
	struct writer w = typed_begin(room, sizeof room, 1);

	write_struct(&w, "Permit", PERMIT);
	typed_domain(&w, "USD", CHAIN, token);
	write_address_word(&w, owner);
	write_address_word(&w, spender);
	write_word(&w, value);
	write_word(&w, 0);
	write_word(&w, 99);
	read_form(&w);
}

static void
test_permit(void **state)
{
	(void)state;
	permit(TOKEN2, WALLET, SPENDER, 12);
	assert_int_equal(judge(), RULE_TYPED_DOMAIN); /* it must be listed all the same */
	allow(TOKEN2);
	assert_int_equal(judge(), RULE_NONE);
	assert_int_equal(charge.token[1].limb[0], 12);
	assert_true(u256_is_zero(&charge.token[0]));
	permit(TOKEN2, WALLET, STRANGER, 12);
	assert_int_equal(judge(), RULE_SPENDER);
	permit(TOKEN2, STRANGER, SPENDER, 12);
	assert_int_equal(judge(), RULE_TYPED_WALLET);
	permit(UNKNOWN_TOKEN, WALLET, SPENDER, 12);
	allow(UNKNOWN_TOKEN);
	assert_int_equal(judge(), RULE_TOKEN_UNKNOWN);
}

/* Permits whose amount is not where ERC-2612 has it. */
static void
test_odd_permits(void **state)
{
	struct writer w = typed_begin(room, sizeof room, 1);

	(void)state;
	write_struct(&w, "Permit",
	    "address holder,address spender,uint256 nonce,uint256 expiry,bool allowed");
	typed_domain(&w, "Dai", CHAIN, TOKEN);
	write_address_word(&w, WALLET);
	write_address_word(&w, SPENDER);
	write_word(&w, 0);
	write_word(&w, 0);
	write_word(&w, 1);
	read_form(&w);
	allow(TOKEN);
	assert_int_equal(judge(), RULE_TYPED_KIND);
	w = typed_begin(room, sizeof room, 1);
	write_struct(&w, "Permit", "address owner,address spender,bytes value");
	typed_domain(&w, "Odd", CHAIN, TOKEN);
	write_address_word(&w, WALLET);
	write_address_word(&w, SPENDER);
	write_lp(&w, "", 0);
	read_form(&w);
	allow(TOKEN);
	assert_int_equal(judge(), RULE_TYPED_KIND);
	w = typed_begin(room, sizeof room, 1);
	write_struct(&w, "Permit", "address spender,uint256 value");
	typed_domain(&w, "Odd", CHAIN, TOKEN);
	write_address_word(&w, SPENDER);
	write_word(&w, 1);
	read_form(&w);
	allow(TOKEN);
	assert_int_equal(judge(), RULE_TYPED_KIND);
}

static void
authorization(const char *primary, uint8_t from, uint8_t to)
{
	struct writer w = typed_begin(room, sizeof room, 1);

	write_struct(&w, primary, AUTHORIZATION);
	typed_domain(&w, "USD Coin", CHAIN, TOKEN);
	write_address_word(&w, from);
	write_address_word(&w, to);
	write_word(&w, 33);
	write_word(&w, 0);
	write_word(&w, 99);
	write_word(&w, 1);
	read_form(&w);
}

static void
test_authorizations(void **state)
{
	static const char *const names[] = {"TransferWithAuthorization",
	    "ReceiveWithAuthorization"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		authorization(names[i], WALLET, FRIEND);
		allow(TOKEN);
		assert_int_equal(judge(), RULE_NONE);
		assert_int_equal(charge.token[0].limb[0], 33);
		authorization(names[i], WALLET, STRANGER);
		assert_int_equal(judge(), RULE_RECIPIENT);
		authorization(names[i], STRANGER, FRIEND);
		assert_int_equal(judge(), RULE_TYPED_WALLET);
	}
}

/* --- Permit2 ------------------------------------------------------------- */

static void
write_details(struct writer *w, uint8_t token, uint64_t amount)
{
	write_address_word(w, token);
	write_word(w, amount);
	write_word(w, 99);
	write_word(w, 0);
}

static void
permit_single(uint8_t token, uint64_t amount, uint8_t spender)
{
	struct writer w = typed_begin(room, sizeof room, 2);

	write_struct(&w, "PermitSingle",
	    "PermitDetails details,address spender,uint256 sigDeadline");
	write_struct(&w, "PermitDetails", DETAILS);
	typed_domain(&w, "Permit2", CHAIN, PERMIT2);
	write_details(&w, token, amount);
	write_address_word(&w, spender);
	write_word(&w, 99);
	read_form(&w);
}

static void
permit_batch(uint32_t count, uint8_t last_token)
{
	struct writer w = typed_begin(room, sizeof room, 2);

	write_struct(&w, "PermitBatch",
	    "PermitDetails[] details,address spender,uint256 sigDeadline");
	write_struct(&w, "PermitDetails", DETAILS);
	typed_domain(&w, "Permit2", CHAIN, PERMIT2);
	write_be32(&w, count);
	for (uint32_t i = 0; i < count; i++)
		write_details(&w, i + 1 == count ? last_token : TOKEN, i + 1);
	write_address_word(&w, SPENDER);
	write_word(&w, 99);
	read_form(&w);
}

static void
test_permit_single(void **state)
{
	(void)state;
	permit_single(TOKEN, 8, SPENDER);
	allow(PERMIT2);
	assert_int_equal(judge(), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 8);
	permit_single(TOKEN, 8, STRANGER);
	assert_int_equal(judge(), RULE_SPENDER);
	permit_single(UNKNOWN_TOKEN, 8, SPENDER);
	assert_int_equal(judge(), RULE_TOKEN_UNKNOWN);
}

static void
test_permit_batch(void **state)
{
	(void)state;
	permit_batch(3, TOKEN2);
	allow(PERMIT2);
	assert_int_equal(judge(), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 1 + 2);
	assert_int_equal(charge.token[1].limb[0], 3);
	permit_batch(3, UNKNOWN_TOKEN); /* the last of the list counts too */
	assert_int_equal(judge(), RULE_TOKEN_UNKNOWN);
	permit_batch(0, TOKEN);
	assert_int_equal(judge(), RULE_TYPED_KIND);
	permit_batch(32, TOKEN);
	assert_int_equal(judge(), RULE_NONE);
	assert_int_equal(charge.token[0].limb[0], 32 * 33 / 2);
	permit_batch(33, TOKEN); /* more than is looked at is not signed */
	assert_int_equal(judge(), RULE_TYPED_KIND);
}

static void
transfer_from(const char *primary, const char *members, const char *witness, uint8_t token)
{
	struct writer w = typed_begin(room, sizeof room, witness == NULL ? 2 : 3);

	write_struct(&w, primary, members);
	write_struct(&w, "TokenPermissions", PERMISSIONS);
	if (witness != NULL)
		write_struct(&w, "Witness", witness);
	typed_domain(&w, "Permit2", CHAIN, PERMIT2);
	if (strstr(members, "[]") != NULL)
		write_be32(&w, 1);
	write_address_word(&w, token);
	write_word(&w, 21);
	write_address_word(&w, SPENDER);
	write_word(&w, 0);
	write_word(&w, 99);
	if (witness != NULL)
		write_address_word(&w, STRANGER);
	read_form(&w);
}

static void
test_transfers_by_signature(void **state)
{
	static const struct {
		const char *primary, *members, *witness;
	} forms[] = {
		{"PermitTransferFrom",
		    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline",
		    NULL},
		{"PermitWitnessTransferFrom",
		    "TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,"
		    "Witness witness",
		    "address to"},
		{"PermitBatchTransferFrom",
		    "TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline",
		    NULL},
		{"PermitBatchWitnessTransferFrom",
		    "TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline,"
		    "Witness witness",
		    "address to"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		transfer_from(forms[i].primary, forms[i].members, forms[i].witness, TOKEN);
		allow(PERMIT2);
		assert_int_equal(judge(), RULE_NONE);
		assert_int_equal(charge.token[0].limb[0], 21);
		transfer_from(forms[i].primary, forms[i].members, forms[i].witness, UNKNOWN_TOKEN);
		assert_int_equal(judge(), RULE_TOKEN_UNKNOWN);
		policy.spender_count = 0;
		transfer_from(forms[i].primary, forms[i].members, forms[i].witness, TOKEN);
		assert_int_equal(judge(), RULE_SPENDER);
		policy_add_spender(&policy, SPENDER);
	}
}

/* --- never --------------------------------------------------------------- */

static void
one_member(const char *primary, const char *inner)
{
	struct writer w = typed_begin(room, sizeof room, inner == NULL ? 1 : 2);

	write_struct(&w, primary, "uint256 a");
	if (inner != NULL) {
		w = typed_begin(room, sizeof room, 2);
		lp_text(&w, primary, strlen(primary));
		write_u8(&w, 1);
		lp_text(&w, "inner", 5);
		lp_text(&w, inner, strlen(inner));
		write_struct(&w, inner, "uint256 a");
	}
	typed_domain(&w, "X", CHAIN, CONTRACT);
	write_word(&w, 1);
	read_form(&w);
}

static void
test_refused_kinds(void **state)
{
	static const char *const names[] = {"SafeTx", "Batch", "AgentWalletSet", "PolicyChange"};
	static const char *const wrapped[] = {"SafeTx", "Batch", "AgentWalletSet", "PolicyChange",
	    "Permit", "TransferWithAuthorization", "PermitSingle", "PermitDetails",
	    "TokenPermissions"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		setup(NULL);
		one_member(names[i], NULL);
		allow(CONTRACT);
		assert_int_equal(judge(), RULE_TYPED_KIND);
	}
	for (size_t i = 0; i < ARRAY_LEN(wrapped); i++) {
		setup(NULL);
		one_member("Wrapper", wrapped[i]);
		allow(CONTRACT);
		assert_int_equal(judge(), RULE_TYPED_KIND);
	}
	setup(NULL);
	one_member("Wrapper", "Harmless");
	allow(CONTRACT);
	assert_int_equal(judge(), RULE_NONE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_listed, setup),
		cmocka_unit_test_setup(test_other_chain, setup),
		cmocka_unit_test_setup(test_open_domains, setup),
		cmocka_unit_test_setup(test_own_domain, setup),
		cmocka_unit_test_setup(test_permit, setup),
		cmocka_unit_test_setup(test_odd_permits, setup),
		cmocka_unit_test_setup(test_authorizations, setup),
		cmocka_unit_test_setup(test_permit_single, setup),
		cmocka_unit_test_setup(test_permit_batch, setup),
		cmocka_unit_test_setup(test_transfers_by_signature, setup),
		cmocka_unit_test_setup(test_refused_kinds, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
