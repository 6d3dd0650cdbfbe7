/* EIP-712: documents as wallets get them, through the binary form, to digests and signatures. */
#include "encodings.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "evm/typed_data.h"
#include "gateway/typed_data_json.h"
#include "base/banned.h"

/* Both halves: the gateway's and the signer's. The caller's: buffer_free(). */
static int
read_document(json_t *document, struct buffer *form, struct typed_data *ret_td,
    struct typed_hashes *ret, struct json_error *error)
{
	int r;

	if ((r = typed_data_json_write(document, "", form, error)) != 0)
		return r;
	if ((r = typed_data_read(form->p, form->len, ret_td)) != 0)
		return r;
	return typed_data_hash(ret_td, ret);
}

static void
report_refusal(struct vectors *v, const char *name, const struct json_error *error, int err)
{
	char why[300];

	if (snprintf(why, sizeof why, "refused: %s %s: %s", err_name(err), error->field,
		error->text) < 0)
		why[0] = '\0';
	vectors_case(v, 0, name, why);
}

/* typeHash and the encoded members of the primary struct hash to the struct's hash. */
static int
encoded_is(const json_t *entry, const struct typed_hashes *hashes)
{
	static uint8_t encoded[1 << 16];
	uint8_t hash[32];
	size_t len = 0;

	if (member_hex(entry, "encoded", encoded, sizeof encoded, &len) != 0 || len < 32)
		return 0;
	keccak256(encoded, len, hash);
	return memcmp(encoded, hashes->type_hash, 32) == 0 &&
	    memcmp(hash, hashes->struct_hash, 32) == 0;
}

void
run_ethers_typed_data(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		json_t *document = json_pack("{s:O, s:O, s:O, s:O}", "types",
		    json_object_get(entry, "types"), "primaryType",
		    json_object_get(entry, "primaryType"), "domain",
		    json_object_get(entry, "domain"), "message", json_object_get(entry, "data"));
		struct buffer form = buffer_of(TYPED_DATA_BYTES_MAX);
		struct json_error error = {0};
		struct typed_hashes hashes;
		struct typed_data td;
		int r = read_document(document, &form, &td, &hashes, &error);

		(void)entry_name(entry, i, name, sizeof name);
		if (r != 0)
			report_refusal(v, name, &error, r);
		else
			vectors_case(v,
			    member_equals(entry, "digest", hashes.digest, 32) &&
				encoded_is(entry, &hashes),
			    name, "another digest");
		buffer_free(&form);
		json_decref(document);
	}
}

static const char *
check_generated(const json_t *entry, const struct typed_data *td, const struct typed_hashes *h)
{
	const char *wanted = member_text(entry, "encodeType");
	uint8_t type[4096], key[32], signature[65], parity;
	size_t len;

	if (typed_data_encode_type(td, td->primary, type, sizeof type, &len) != 0 ||
	    wanted == NULL || len != strlen(wanted) || memcmp(type, wanted, len) != 0)
		return "another encodeType";
	if (!member_equals(entry, "typeHash", h->type_hash, 32))
		return "another type hash";
	if (!member_equals(entry, "domainSeparator", h->domain_separator, 32))
		return "another domain separator";
	if (!member_equals(entry, "structHash", h->struct_hash, 32))
		return "another struct hash";
	if (!member_equals(entry, "digest", h->digest, 32))
		return "another digest";
	if (test_account(member_text(entry, "signer"), key) != 0 ||
	    secp_sign(key, h->digest, NULL, signature, &parity) != 0)
		return "not signed";
	signature[64] = (uint8_t)(27 + parity);
	return member_equals(entry, "signature", signature, 65) ? NULL : "another signature";
}

void
run_generated_typed_data(struct vectors *v, const json_t *root)
{
	char name[128];

	for (size_t i = 0; i < json_array_size(root); i++) {
		const json_t *entry = json_array_get(root, i);
		struct buffer form = buffer_of(TYPED_DATA_BYTES_MAX);
		struct json_error error = {0};
		struct typed_hashes hashes;
		struct typed_data td;
		int r =
		    read_document(json_object_get(entry, "typedData"), &form, &td, &hashes, &error);

		(void)entry_name(entry, i, name, sizeof name);
		if (r != 0) {
			report_refusal(v, name, &error, r);
		} else {
			const char *wrong = check_generated(entry, &td, &hashes);

			vectors_case(v, wrong == NULL, name, wrong);
		}
		buffer_free(&form);
	}
}

/* "fixtures/x.json" or "eip712_messages/x.json#key"; the caller's, json_decref(). */
static json_t *
open_message(const struct vectors *v, const char *where)
{
	const char *hash = strchr(where, '#');
	size_t len = hash == NULL ? strlen(where) : (size_t)(hash - where);
	char path[512];
	json_t *file, *message;

	if (snprintf(path, sizeof path, "eth-account/%.*s", (int)len, where) < 0)
		return NULL;
	file = vectors_open(v, path);
	if (file == NULL || hash == NULL)
		return file;
	message = json_incref(json_object_get(file, hash + 1));
	json_decref(file);
	return message;
}

void
run_digests(struct vectors *v, const json_t *root)
{
	json_t *digests = json_object_get(root, "digests");
	const char *where;
	json_t *unused;

	json_object_foreach(digests, where, unused) {
		json_t *message = open_message(v, where);
		struct buffer form = buffer_of(TYPED_DATA_BYTES_MAX);
		struct json_error error = {0};
		struct typed_hashes hashes;
		struct typed_data td;
		int r;

		if (message == NULL) {
			vectors_skip(v, where, "the message's file is not in this folder");
			continue;
		}
		r = read_document(message, &form, &td, &hashes, &error);
		if (r != 0)
			report_refusal(v, where, &error, r);
		else
			vectors_case(v, member_equals(digests, where, hashes.digest, 32), where,
			    "another digest");
		buffer_free(&form);
		json_decref(message);
	}
}

/* "invalid..." must be refused. A valid one without a digest has no verdict. */
static void
message_case(struct vectors *v, const char *name, int invalid, json_t *message)
{
	struct buffer form = buffer_of(TYPED_DATA_BYTES_MAX);
	struct json_error error = {0};
	struct typed_hashes hashes;
	struct typed_data td;
	int r = read_document(message, &form, &td, &hashes, &error);

	if (invalid)
		vectors_case(v, r != 0, name, "accepted");
	else
		vectors_skip(v, name, "judged by digests.json, or libraries differ");
	buffer_free(&form);
}

void
run_messages(struct vectors *v, const json_t *root)
{
	int invalid = strstr(vectors_file(v), "invalid") != NULL;
	const char *name;
	json_t *message;

	json_object_foreach((json_t *)(uintptr_t)root, name, message)
		message_case(v, name, invalid, message);
}

void
run_message_fixture(struct vectors *v, const json_t *root)
{
	message_case(
	    v, "", strstr(vectors_file(v), "/invalid_") != NULL, (json_t *)(uintptr_t)root);
}
