#include "cli/receipt_check.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/canonical.h"
#include "base/banned.h"

#define RECEIPT_MAX 8192
#define AGENT_SHOWN 64

static const char domain[] = "selfsame/receipt/v1"; /* its NUL is part of the tag */

static int
member_hex(const json_t *object, const char *name, uint8_t *ret, size_t n)
{
	const json_t *value = json_object_get(object, name);

	if (!json_is_string(value))
		return ERR_PARSE;
	return hex_decode_0x(json_string_value(value), json_string_length(value), ret, n);
}

static int
member_is(const json_t *object, const char *name, struct bytes wanted)
{
	const json_t *value = json_object_get(object, name);

	return json_is_string(value) &&
	       bytes_equal(wanted, (struct bytes){(const uint8_t *)json_string_value(value),
						  json_string_length(value)});
}

/* Take the signature out, so that the rest is what was signed. */
static int
take_signature(json_t *receipt, uint8_t ret[64])
{
	int r;

	if ((r = member_hex(receipt, "signature", ret, 64)) != 0)
		return r;
	return json_object_del(receipt, "signature") == 0 ? 0 : ERR_PARSE;
}

static int
signature_verify(json_t *receipt, const uint8_t signature[64], const uint8_t key[32])
{
	struct buffer b = buffer_of(RECEIPT_MAX);
	int r;

	buffer_add(&b, domain, sizeof domain);
	if ((r = canonical_write(receipt, &b)) == 0 &&
	    crypto_sign_ed25519_verify_detached(signature, b.p, b.len, key) != 0)
		r = ERR_SIGNATURE;
	buffer_free(&b);
	return r;
}

/*
 * What an answer repeats of its receipt is what its reader takes for true, and only
 * the receipt is signed. Returns the first member that says something else, or NULL.
 */
static const char *
contradiction(const json_t *answer, const json_t *receipt)
{
	static const char *const repeated[] = {"agentId", "address", "path", "scheme",
					       "policyHash", "policyVersion", "keyVersion"};

	for (size_t i = 0; i < ARRAY_LEN(repeated); i++) {
		const json_t *said = json_object_get(answer, repeated[i]);

		if (said != NULL && !json_equal(said, json_object_get(receipt, repeated[i])))
			return repeated[i];
	}
	return NULL;
}

static int
is_among_hashes(const json_t *receipt, const json_t *hash)
{
	const json_t *hashes = json_object_get(receipt, "hashes");

	for (size_t i = 0; i < json_array_size(hashes); i++)
		if (json_equal(json_array_get(hashes, i), hash))
			return 1;
	return 0;
}

/*
 * The first transaction of an answer that the receipt does not name, or NULL.
 * *ret_named: how many it names.
 */
static const json_t *
unnamed_transaction(const json_t *answer, const json_t *receipt, size_t *ret_named)
{
	const json_t *steps = json_object_get(answer, "steps");
	const json_t *tx = json_object_get(answer, "tx");
	const size_t count = json_array_size(steps);

	*ret_named = 0;
	/* the answer's own first: it may have none, and its steps some */
	for (size_t i = 0; i <= count; i++) {
		if (json_is_string(tx) && !is_among_hashes(receipt, tx))
			return tx;
		*ret_named += json_is_string(tx) ? 1 : 0;
		tx = i < count ? json_object_get(json_array_get(steps, i), "tx") : NULL;
	}
	return NULL;
}

/* Whether tx of the answer and of its steps are what transactions are called. */
static int
has_transactions(const json_t *answer)
{
	const json_t *steps = json_object_get(answer, "steps");
	const json_t *tx = json_object_get(answer, "tx");

	for (size_t i = 0; i < json_array_size(steps); i++)
		if (!json_is_string(json_object_get(json_array_get(steps, i), "tx")))
			return 0;
	return (steps == NULL || json_is_array(steps)) &&
	       (tx == NULL || json_is_null(tx) || json_is_string(tx));
}

static void
check_hashes(const json_t *answer, const json_t *receipt, struct verdict *v)
{
	size_t named;
	const json_t *unnamed = unnamed_transaction(answer, receipt, &named);

	if (unnamed != NULL)
		/* not a failure: a raised fee gives a transaction another hash */
		check_skip(v, CHECK_RECEIPT_HASH,
			   "tx %.80s is none of the receipt's hashes: its fees were raised since, "
			   "or the answer is about another transaction",
			   json_string_value(unnamed));
	else if (named > 0)
		check_pass(v, CHECK_RECEIPT_HASH, "the answer's tx is among the hashes signed");
}

/* The answer around a receipt that holds. Returns 0 when they agree. */
static int
check_answer(const json_t *answer, const json_t *receipt, struct verdict *v)
{
	const json_t *digest = json_object_get(answer, "digest");
	const char *member = contradiction(answer, receipt);

	if (member != NULL)
		check_fail(v, CHECK_RECEIPT, "%s of the answer is not the one that was signed",
			   member);
	else if (digest != NULL && !is_among_hashes(receipt, digest))
		check_fail(v, CHECK_RECEIPT, "digest of the answer is not the one that was signed");
	else if (!has_transactions(answer))
		check_fail(v, CHECK_RECEIPT, "tx of the answer is not the name of a transaction");
	else
		return 0;
	return ERR_EVIDENCE;
}

/* answer: what the receipt came in, or NULL */
static void
check_object(const json_t *answer, json_t *receipt, const struct attested *attested,
	     struct verdict *v)
{
	uint8_t key[32], signature[64];
	const char *action, *agent;

	if (member_hex(receipt, "instanceKey", key, sizeof key) != 0 ||
	    take_signature(receipt, signature) != 0) {
		check_fail(v, CHECK_RECEIPT, "it has no instanceKey or signature in hex");
		return;
	}
	if (memcmp(key, attested->instance_key, sizeof key) != 0) {
		check_fail(v, CHECK_RECEIPT, "signed by another instance than the attested one");
		return;
	}
	if (signature_verify(receipt, signature, key) != 0) {
		check_fail(v, CHECK_RECEIPT, "the signature does not verify");
		return;
	}
	if (!member_is(receipt, "mode", attested->mode)) {
		check_fail(v, CHECK_RECEIPT, "its mode is not the attested one");
		return;
	}
	if (answer != NULL && check_answer(answer, receipt, v) != 0)
		return;
	action = json_string_value(json_object_get(receipt, "action"));
	agent = json_string_value(json_object_get(receipt, "agentId"));
	check_pass(v, CHECK_RECEIPT, "%.16s of agent %.*s, by the attested key (signed, not mined)",
		   action == NULL ? "?" : action, AGENT_SHOWN, agent == NULL ? "?" : agent);
	if (answer != NULL)
		check_hashes(answer, receipt, v);
}

void
receipt_check(struct bytes text, const struct attested *attested, struct verdict *v)
{
	json_error_t e;
	json_t *root, *inner;

	if (attested->text.len == 0) {
		check_unreached(v, CHECK_RECEIPT);
		return;
	}
	root = json_loadb(text.len == 0 ? "" : (const char *)text.p, text.len,
			  JSON_REJECT_DUPLICATES, &e);
	inner = json_object_get(root, "receipt");
	if (json_is_object(inner))
		check_object(root, inner, attested, v);
	else if (json_is_object(root))
		check_object(NULL, root, attested, v);
	else
		check_fail(v, CHECK_RECEIPT, "it is not a JSON object");
	json_decref(root);
}
