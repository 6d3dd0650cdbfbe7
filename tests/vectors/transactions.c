/* Transactions: bytes to sign, signatures, signed bytes, and a strict decoder's verdicts. */
#include "encodings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/err.h"
#include "crypto/bip32.h"
#include "crypto/bip39.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "evm/address.h"
#include "evm/rlp.h"
#include "evm/transaction.h"
#include "evm/u256.h"
#include "base/banned.h"

#define RAW_MAX (1 << 20)

static uint8_t raw_buffer[RAW_MAX], data_buffer[RAW_MAX];

/* --- fields ------------------------------------------------------------------ */

/* An integer, a decimal or a 0x string; absent, "" and "0x" are 0. ERR_PARSE, ERR_RANGE. */
static int
member_number(const json_t *object, const char *key, struct u256 *ret)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	*ret = U256_ZERO;
	if (json_is_integer(value))
		*ret = u256_of((uint64_t)json_integer_value(value));
	if (text == NULL || text[0] == '\0' || strcmp(text, "0x") == 0)
		return 0;
	if (strncmp(text, "0x", 2) == 0)
		return u256_parse_hex(text, strlen(text), ret);
	return u256_parse_decimal(text, strlen(text), 0, ret);
}

static int
member_u64(const json_t *object, const char *key, uint64_t *ret)
{
	struct u256 v;

	if (member_number(object, key, &v) != 0)
		return ERR_PARSE;
	return u256_to_u64(&v, ret) == 0 ? 0 : ERR_RANGE;
}

static int
add_entry(struct buffer *out, const json_t *entry)
{
	const json_t *keys = json_object_get(entry, "storageKeys");
	size_t keys_size = 33 * json_array_size(keys);
	uint8_t small[RLP_HEADER_MAX * 2 + 21];
	struct writer w = writer_of(small, sizeof small);
	uint8_t address[20], key[32];

	if (member_hex_n(entry, "address", address, sizeof address) != 0)
		return ERR_PARSE;
	rlp_write_list(&w, 21 + rlp_size_list(keys_size));
	rlp_write_string(&w, address, sizeof address);
	rlp_write_list(&w, keys_size);
	buffer_add(out, small, w.len);
	for (size_t i = 0; i < json_array_size(keys); i++) {
		size_t len = 0;

		if (text_hex(json_string_value(json_array_get(keys, i)), key, 32, &len) != 0 ||
		    len != sizeof key)
			return ERR_PARSE;
		w = writer_of(small, sizeof small);
		rlp_write_string(&w, key, sizeof key);
		buffer_add(out, small, w.len);
	}
	return 0;
}

/* The RLP of an access list; nothing when it is empty. */
static int
access_list_of(const json_t *list, struct buffer *out)
{
	struct buffer entries = buffer_of(RAW_MAX);
	uint8_t header[RLP_HEADER_MAX];
	struct writer w = writer_of(header, sizeof header);
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = add_entry(&entries, json_array_get(list, i));
	rlp_write_list(&w, entries.len);
	if (entries.len > 0) {
		buffer_add(out, header, w.len);
		buffer_add(out, entries.p, entries.len);
	}
	buffer_free(&entries);
	return r;
}

static int
fees_of(const json_t *fields, uint8_t type, struct tx *tx)
{
	if (type != TX_DYNAMIC_FEE)
		return member_number(fields, "gasPrice", &tx->max_fee_per_gas);
	if (member_number(fields, "maxFeePerGas", &tx->max_fee_per_gas) != 0)
		return ERR_PARSE;
	return member_number(fields, "maxPriorityFeePerGas", &tx->max_priority_fee);
}

/*
 * The transaction of a type with these fields; data stands in data_buffer, the list in access.
 * ERR_RANGE: a field is beyond 64 bits, so that no such transaction can exist.
 */
static int
tx_of(const json_t *fields, uint8_t type, struct buffer *access, struct tx *ret)
{
	const char *gas = json_object_get(fields, "gas") != NULL ? "gas" : "gasLimit";
	struct tx tx = {.type = type};
	size_t len = 0;
	int r;

	if ((r = member_u64(fields, "chainId", &tx.chain_id)) != 0 ||
	    (r = member_u64(fields, "nonce", &tx.nonce)) != 0 ||
	    (r = member_u64(fields, gas, &tx.gas_limit)) != 0)
		return r;
	if (fees_of(fields, type, &tx) != 0 || member_number(fields, "value", &tx.value) != 0)
		return ERR_PARSE;
	r = member_hex(fields, "to", tx.to, sizeof tx.to, &len);
	if ((r != 0 && r != ERR_NOT_FOUND) || (len != 0 && len != sizeof tx.to))
		return ERR_PARSE;
	tx.has_to = len > 0;
	len = 0;
	r = member_hex(fields, "data", data_buffer, sizeof data_buffer, &len);
	if (r != 0 && r != ERR_NOT_FOUND)
		return ERR_PARSE;
	tx.data = (struct bytes){data_buffer, len};
	if (type != TX_LEGACY && access_list_of(json_object_get(fields, "accessList"), access) != 0)
		return ERR_PARSE;
	tx.access_list = (struct bytes){access->p, access->len};
	*ret = tx;
	return 0;
}

/* --- checks ------------------------------------------------------------------ */

static int
sender_of(const struct tx *tx, const struct tx_signature *signature, uint8_t ret[20])
{
	uint8_t hash[32], rs[64], public_key[64];
	int r;

	memcpy(rs, signature->r, 32);
	memcpy(rs + 32, signature->s, 32);
	if ((r = tx_recovery_hash(tx, hash)) != 0 ||
	    (r = secp_recover(hash, rs, signature->y_parity, public_key)) != 0)
		return r;
	address_from_public_key(public_key, ret);
	return 0;
}

static int
key_address(const uint8_t key32[32], uint8_t ret[20])
{
	uint8_t public_key[64];
	int r;

	if ((r = secp_public_key_64(key32, public_key)) != 0)
		return r;
	address_from_public_key(public_key, ret);
	return 0;
}

static int
sign(const struct tx *tx, const uint8_t key32[32], struct tx_signature *ret)
{
	uint8_t hash[32], rs[64];
	int r;

	if ((r = tx_signing_hash(tx, hash)) != 0 ||
	    (r = secp_sign(key32, hash, NULL, rs, &ret->y_parity)) != 0)
		return r;
	memcpy(ret->r, rs, 32);
	memcpy(ret->s, rs + 32, 32);
	return 0;
}

/* Equal in every field: the binary form is one for one transaction. */
static int
same_fields(const struct tx *a, const struct tx *b)
{
	struct writer wx, wy;
	uint8_t *px = calloc(1, 2 * RAW_MAX), *py = calloc(1, 2 * RAW_MAX);
	int equal = 0;

	if (px != NULL && py != NULL) {
		wx = writer_of(px, 2 * RAW_MAX);
		wy = writer_of(py, 2 * RAW_MAX);
		tx_write_fields(&wx, a);
		tx_write_fields(&wy, b);
		equal =
		    wx.err == 0 && wy.err == 0 && wx.len == wy.len && memcmp(px, py, wx.len) == 0;
	}
	free(px);
	free(py);
	return equal;
}

/* Everything about one transaction that we make. Returns what is wrong, or NULL. */
static const char *
check_made(const struct tx *tx, const uint8_t key32[32], const json_t *entry,
    const char *unsigned_key, const char *signed_key)
{
	struct tx_signature signature, decoded_signature;
	uint8_t from[20], expected[20];
	struct tx decoded;
	size_t len;

	if (tx_encode_unsigned(tx, raw_buffer, sizeof raw_buffer, &len) != 0)
		return "not encoded";
	if (!member_equals(entry, unsigned_key, raw_buffer, len))
		return "other bytes to sign";
	if (sign(tx, key32, &signature) != 0)
		return "not signed";
	if (tx_encode_signed(tx, &signature, raw_buffer, sizeof raw_buffer, &len) != 0)
		return "not encoded with its signature";
	if (!member_equals(entry, signed_key, raw_buffer, len))
		return "other signed bytes";
	if (tx_decode_signed(raw_buffer, len, &decoded, &decoded_signature) != 0)
		return "not decoded";
	if (!same_fields(tx, &decoded) ||
	    memcmp(&signature, &decoded_signature, sizeof signature) != 0)
		return "decoded to something else";
	if (sender_of(&decoded, &decoded_signature, from) != 0 ||
	    key_address(key32, expected) != 0 || memcmp(from, expected, 20) != 0)
		return "another sender";
	return NULL;
}

/* A transaction that we only read: it is this key's. */
static const char *
check_read(const json_t *entry, const char *signed_key, const uint8_t key32[32])
{
	struct tx_signature signature;
	uint8_t from[20], expected[20];
	struct tx tx;
	size_t len = 0;

	if (member_hex(entry, signed_key, raw_buffer, sizeof raw_buffer, &len) != 0)
		return "no bytes";
	if (tx_decode_signed(raw_buffer, len, &tx, &signature) != 0)
		return "not decoded";
	if (sender_of(&tx, &signature, from) != 0 || key_address(key32, expected) != 0 ||
	    memcmp(from, expected, 20) != 0)
		return "another sender";
	return NULL;
}

/* What happens to bytes whose fields are out of range: the decoder says so. */
static const char *
check_refused(const json_t *entry, const char *signed_key)
{
	struct tx_signature signature;
	struct tx tx;
	size_t len = 0;

	if (member_hex(entry, signed_key, raw_buffer, sizeof raw_buffer, &len) != 0)
		return "no bytes";
	return tx_decode_signed(raw_buffer, len, &tx, &signature) == ERR_RANGE ? NULL : "accepted";
}

static void
report(struct vectors *v, const char *name, const char *form, const char *wrong)
{
	char label[256];

	if (snprintf(label, sizeof label, "%s.%s", name, form) < 0)
		label[0] = '\0';
	vectors_case(v, wrong == NULL, label, wrong);
}

/* --- files --------------------------------------------------------------------- */

static int
signature_is(const json_t *signature, const struct tx *tx, const uint8_t key32[32])
{
	struct u256 r, s, mine_r, mine_s;
	struct tx_signature mine;

	if (sign(tx, key32, &mine) != 0 || member_number(signature, "r", &r) != 0 ||
	    member_number(signature, "s", &s) != 0)
		return 0;
	mine_r = u256_from_be32(mine.r);
	mine_s = u256_from_be32(mine.s);
	return u256_compare(&r, &mine_r) == 0 && u256_compare(&s, &mine_s) == 0;
}

struct form {
	const char *name;
	uint8_t type;
	const char *unsigned_key;
	const char *signed_key;
	const char *signature_key;
};

static const char *
check_ethers6(const json_t *entry, const struct form *form, struct buffer *access)
{
	const json_t *fields = json_object_get(entry, "transaction");
	uint8_t key[32];
	struct tx tx;
	int r = member_hex_n(entry, "privateKey", key, 32);

	if (r == 0)
		r = tx_of(fields, form->type, access, &tx);
	if (r == ERR_RANGE)
		return check_refused(entry, form->signed_key);
	if (r != 0)
		return "not understood";
	if (!signature_is(json_object_get(entry, form->signature_key), &tx, key))
		return "another signature";
	return check_made(&tx, key, entry, form->unsigned_key, form->signed_key);
}

static const char *
check_legacy(const json_t *entry)
{
	struct buffer access = buffer_of(RAW_MAX);
	uint8_t key[32];
	struct tx tx;
	int r = tx_of(json_object_get(entry, "transaction"), TX_LEGACY, &access, &tx);

	buffer_free(&access);
	if (r == ERR_RANGE)
		return check_refused(entry, "signedLegacy");
	if (member_hex_n(entry, "privateKey", key, 32) != 0)
		return "no key";
	return check_read(entry, "signedLegacy", key);
}

static void
ethers6_form(struct vectors *v, const char *name, const json_t *entry, const struct form *form)
{
	const char *unsigned_text = member_text(entry, form->unsigned_key);
	struct buffer access = buffer_of(RAW_MAX);

	if (unsigned_text == NULL || unsigned_text[0] == '\0')
		vectors_skip(v, name, "this form does not exist with chain id 0");
	else
		report(v, name, form->name, check_ethers6(entry, form, &access));
	buffer_free(&access);
}

void
run_ethers6_transactions(struct vectors *v, const json_t *root)
{
	static const struct form forms[] = {
	    {"Eip155", TX_LEGACY, "unsignedEip155", "signedEip155", "signatureEip155"},
	    {"Berlin", TX_ACCESS_LIST, "unsignedBerlin", "signedBerlin", "signatureBerlin"},
	    {"London", TX_DYNAMIC_FEE, "unsignedLondon", "signedLondon", "signatureLondon"},
	};
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);

		(void)entry_name(entry, i, name, sizeof name);
		for (size_t f = 0; f < ARRAY_LEN(forms); f++)
			ethers6_form(v, name, entry, &forms[f]);
		report(v, name, "Legacy", check_legacy(entry));
	}
}

static const char *
check_ethers5_typed(const json_t *entry, struct buffer *access)
{
	const json_t *fields = json_object_get(entry, "tx");
	uint8_t key[32];
	uint64_t type;
	struct tx tx;
	int r;

	if (member_u64(fields, "type", &type) != 0 || type > TX_DYNAMIC_FEE ||
	    member_hex_n(entry, "key", key, 32) != 0)
		return "not understood";
	r = tx_of(fields, (uint8_t)type, access, &tx);
	if (r == ERR_RANGE)
		return check_refused(entry, "signed");
	if (r != 0)
		return "not understood";
	return check_made(&tx, key, entry, "unsigned", "signed");
}

void
run_ethers5_typed(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		struct buffer access = buffer_of(RAW_MAX);
		const char *wrong = check_ethers5_typed(entry, &access);

		vectors_case(v, wrong == NULL, entry_name(entry, i, name, sizeof name), wrong);
		buffer_free(&access);
	}
}

static void
ethers5_legacy_case(struct vectors *v, const char *name, const json_t *entry)
{
	struct buffer access = buffer_of(RAW_MAX);
	const char *made = "not understood", *read = "not understood";
	uint8_t key[32];
	struct tx tx;
	int r = member_hex_n(entry, "privateKey", key, 32);

	if (r == 0)
		r = tx_of(entry, TX_LEGACY, &access, &tx);
	if (r == 0) {
		tx.chain_id = 5;
		made = check_made(
		    &tx, key, entry, "unsignedTransactionChainId5", "signedTransactionChainId5");
		read = check_read(entry, "signedTransaction", key);
	} else if (r == ERR_RANGE) {
		made = check_refused(entry, "signedTransactionChainId5");
		read = check_refused(entry, "signedTransaction");
	}
	report(v, name, "chain5", made);
	report(v, name, "before-eip155", read);
	buffer_free(&access);
}

void
run_ethers5_legacy(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);

		ethers5_legacy_case(v, entry_name(entry, i, name, sizeof name), entry);
	}
}

int
test_account(const char *address, uint8_t ret_key32[32])
{
	static const char mnemonic[] =
	    "test test test test test test test test test test test junk";
	uint32_t path[5] = {44 | BIP32_HARDENED, 60 | BIP32_HARDENED, BIP32_HARDENED, 0, 0};
	uint8_t seed[64], wanted[20], got[20];
	struct bip32_node master, node;
	unsigned position;

	if (address == NULL || address_parse(address, strlen(address), wanted) != 0 ||
	    bip39_seed(mnemonic, strlen(mnemonic), "", 0, seed, &position) != 0 ||
	    bip32_master(seed, sizeof seed, &master) != 0)
		return ERR_NOT_FOUND;
	for (path[4] = 0; path[4] < 10; path[4]++) {
		if (bip32_path(&master, path, ARRAY_LEN(path), &node) != 0 ||
		    key_address(node.key, got) != 0)
			return ERR_NOT_FOUND;
		if (memcmp(got, wanted, 20) == 0) {
			memcpy(ret_key32, node.key, 32);
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

static const char *
check_generated(const json_t *entry)
{
	const json_t *fields = json_object_get(entry, "fields");
	struct buffer access = buffer_of(RAW_MAX);
	const char *wrong = "not understood";
	uint8_t key[32], hash[32];
	uint64_t type;
	struct tx tx;
	size_t len = 0;

	if (member_u64(fields, "type", &type) != 0 || type > TX_DYNAMIC_FEE ||
	    test_account(member_text(entry, "signer"), key) != 0 ||
	    tx_of(fields, (uint8_t)type, &access, &tx) != 0)
		goto out;
	wrong = check_made(&tx, key, entry, "unsigned", "raw");
	if (wrong != NULL)
		goto out;
	if (tx_signing_hash(&tx, hash) != 0 || !member_equals(entry, "signingHash", hash, 32))
		wrong = "another signing hash";
	else if (!signature_is(entry, &tx, key))
		wrong = "another signature";
	else if (tx_check_gas(&tx) != 0)
		wrong = "gas refused";
	else if (member_hex(entry, "raw", raw_buffer, sizeof raw_buffer, &len) != 0)
		wrong = "no raw";
	if (wrong == NULL) {
		keccak256(raw_buffer, len, hash);
		wrong = member_equals(entry, "hash", hash, 32) ? NULL : "another hash";
	}
out:
	buffer_free(&access);
	return wrong;
}

void
run_generated_transactions(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		const char *wrong = check_generated(entry);

		vectors_case(v, wrong == NULL, entry_name(entry, i, name, sizeof name), wrong);
	}
}

void
run_eip155_example(struct vectors *v, const json_t *root)
{
	struct buffer access = buffer_of(RAW_MAX);
	const char *wrong = "not understood";
	uint8_t key[32], hash[32];
	struct tx tx;

	if (member_hex_n(root, "privateKey", key, 32) == 0 &&
	    tx_of(json_object_get(root, "tx"), TX_LEGACY, &access, &tx) == 0)
		wrong = check_made(&tx, key, root, "unsigned", "raw");
	if (wrong == NULL &&
	    (tx_signing_hash(&tx, hash) != 0 || !member_equals(root, "signingHash", hash, 32) ||
		!signature_is(root, &tx, key)))
		wrong = "another hash or signature";
	vectors_case(v, wrong == NULL, "example", wrong);
	buffer_free(&access);
}

void
run_key_addresses(struct vectors *v, const json_t *root)
{
	char name[128];
	uint8_t key[32], address[20];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);

		vectors_case(v,
		    member_hex_n(entry, "key", key, 32) == 0 && key_address(key, address) == 0 &&
			member_equals(entry, "addr", address, 20),
		    entry_name(entry, i, name, sizeof name), NULL);
	}
}

/* From before EIP-155, and before EIP-2: one of them has a high s, which is refused. */
void
run_old_transactions(struct vectors *v, const json_t *root)
{
	char name[128];
	uint8_t key[32];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		struct tx_signature signature;
		const char *wrong;
		struct tx tx;
		size_t len = 0;
		int high;

		if (member_hex(entry, "signed", raw_buffer, sizeof raw_buffer, &len) != 0 ||
		    member_hex_n(entry, "key", key, 32) != 0 || len < 32) {
			vectors_case(v, 0, entry_name(entry, i, name, sizeof name), "no bytes");
			continue;
		}
		high = raw_buffer[len - 32] > 0x7f;
		if (high)
			wrong = tx_decode_signed(raw_buffer, len, &tx, &signature) == ERR_RANGE
			    ? NULL
			    : "high s accepted";
		else
			wrong = check_read(entry, "signed", key);
		vectors_case(v, wrong == NULL, entry_name(entry, i, name, sizeof name), wrong);
	}
}

static const json_t *
latest_fork(const json_t *result)
{
	static const char *const forks[] = {"Cancun", "Shanghai", "Paris", "London"};
	const json_t *r = NULL;

	for (size_t i = 0; r == NULL && i < ARRAY_LEN(forks); i++)
		r = json_object_get(result, forks[i]);
	return r;
}

/* The rules of the fixtures' README on chain id 1. */
static int
judge(const uint8_t *raw, size_t len, struct tx *ret_tx, uint8_t ret_sender[20])
{
	struct tx_signature signature;
	int r;

	if ((r = tx_decode_signed(raw, len, ret_tx, &signature)) != 0 ||
	    (r = tx_check_gas(ret_tx)) != 0)
		return r;
	if (ret_tx->chain_id != 1 && !(ret_tx->type == TX_LEGACY && ret_tx->chain_id == 0))
		return ERR_RANGE;
	return sender_of(ret_tx, &signature, ret_sender);
}

static const char *
check_verdict(const json_t *test)
{
	const json_t *expected = latest_fork(json_object_get(test, "result"));
	const char *text = member_text(test, "txbytes");
	uint8_t sender[20], hash[32];
	uint64_t gas, expected_gas;
	size_t len = 0;
	struct tx tx;
	int refused;

	if (expected == NULL)
		return "no verdict";
	/* an odd number of digits and the like are no bytes at all: refused before us */
	refused = text_hex(text, raw_buffer, sizeof raw_buffer, &len) != 0 ||
	    judge(raw_buffer, len, &tx, sender) != 0;
	if (json_object_get(expected, "exception") != NULL)
		return refused ? NULL : "accepted";
	if (refused)
		return "refused";
	keccak256(raw_buffer, len, hash);
	if (!member_equals(expected, "hash", hash, 32))
		return "another hash";
	if (!member_equals(expected, "sender", sender, 20))
		return "another sender";
	if (tx_intrinsic_gas(&tx, &gas) != 0 ||
	    member_u64(expected, "intrinsicGas", &expected_gas) != 0 || gas != expected_gas)
		return "another intrinsic gas";
	return NULL;
}

void
run_transaction_tests(struct vectors *v, const json_t *root)
{
	const char *name, *wrong;
	json_t *test;

	json_object_foreach((json_t *)(uintptr_t)root, name, test) {
		wrong = check_verdict(test);
		vectors_case(v, wrong == NULL, name, wrong);
	}
}
