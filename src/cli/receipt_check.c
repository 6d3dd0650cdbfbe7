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

static void
check_object(json_t *receipt, const struct attested *attested, struct verdict *v)
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
	action = json_string_value(json_object_get(receipt, "action"));
	agent = json_string_value(json_object_get(receipt, "agentId"));
	check_pass(v, CHECK_RECEIPT, "%.16s of agent %.*s, by the attested key (signed, not mined)",
		   action == NULL ? "?" : action, AGENT_SHOWN, agent == NULL ? "?" : agent);
}

void
receipt_check(struct bytes text, const struct attested *attested, struct verdict *v)
{
	json_error_t e;
	json_t *root, *receipt;

	if (attested->text.len == 0) {
		check_unreached(v, CHECK_RECEIPT);
		return;
	}
	root = json_loadb(text.len == 0 ? "" : (const char *)text.p, text.len,
			  JSON_REJECT_DUPLICATES, &e);
	receipt = json_is_object(json_object_get(root, "receipt"))
		      ? json_object_get(root, "receipt")
		      : root;
	if (json_is_object(receipt))
		check_object(receipt, attested, v);
	else
		check_fail(v, CHECK_RECEIPT, "it is not a JSON object");
	json_decref(root);
}
