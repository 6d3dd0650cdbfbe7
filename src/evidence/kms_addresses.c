#include "evidence/kms_addresses.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/buffer.h"
#include "base/err.h"
#include "base/hex.h"
#include "evidence/challenge.h"
#include "json/reader.h"
#include "json/writer.h"
#include "tdx/der.h"
#include "tdx/p256.h"
#include "base/banned.h"

#define SIGNATURE_DOMAIN "COMPUTE_APP_KMS_SIGNATURE_V1"
#define SIGNATURE_MAX 80
#define TEXT_MAX 64
#define ADDRESS_CHARS 42 /* 0x and 40 digits */

/* SubjectPublicKeyInfo files of ecloud's SDK, packages/sdk/keys/. */
static const struct {
	const char *environment;
	uint8_t key[64];
} signing_keys[] = {
    {"mainnet-alpha",
	{0x7f, 0x16, 0xe1, 0x5c, 0x98, 0xc7, 0xe0, 0x3d, 0x03, 0x1f, 0xf8, 0x96,
	    0xe7, 0xfa, 0xca, 0xd4, 0x7c, 0xd6, 0x4b, 0xe7, 0xfd, 0x13, 0x2a, 0x28,
	    0x65, 0x3a, 0xc2, 0x62, 0x30, 0x9f, 0x7b, 0x3b, 0x8e, 0x12, 0x64, 0x6e,
	    0x39, 0x63, 0x5a, 0x64, 0xbb, 0xf0, 0x5c, 0xdf, 0x12, 0x77, 0x3a, 0xef,
	    0x8d, 0x60, 0x3b, 0x81, 0x2b, 0xce, 0x4b, 0xce, 0x61, 0x2f, 0x3a, 0x78,
	    0x82, 0xb0, 0x0d, 0x45}},
    {"sepolia",
	{0xb2, 0x4e, 0x99, 0x76, 0x69, 0xaf, 0x06, 0xa1, 0x5f, 0x28, 0x7b, 0x3e,
	    0xd5, 0xc6, 0x23, 0x21, 0xe9, 0x91, 0x18, 0xde, 0xe1, 0xd4, 0xd6, 0xad,
	    0x20, 0x48, 0xad, 0x15, 0x1c, 0xb1, 0xfb, 0x7a, 0xbc, 0xc2, 0x64, 0xc9,
	    0xf4, 0xb9, 0x27, 0x4c, 0x4d, 0x45, 0xc1, 0x60, 0x4b, 0x70, 0x23, 0x53,
	    0xb1, 0xe2, 0x43, 0xb6, 0x2f, 0x11, 0x87, 0xe4, 0x9a, 0x57, 0x17, 0xc6,
	    0x3b, 0x22, 0x6e, 0xb8}},
    {"sepolia-dev",
	{0x6f, 0x64, 0x3c, 0xf3, 0xf7, 0x31, 0x76, 0x27, 0x36, 0xc6, 0x2e, 0x23,
	    0x4b, 0x65, 0x74, 0x76, 0xd6, 0x07, 0x8c, 0xbc, 0x2a, 0xe3, 0x05, 0x45,
	    0x04, 0x59, 0x9a, 0x63, 0xc4, 0xd3, 0x5e, 0x83, 0x17, 0x36, 0x08, 0x0a,
	    0x11, 0xd5, 0x3a, 0x3e, 0xe1, 0x3c, 0x12, 0x8b, 0xe8, 0x71, 0x52, 0x8c,
	    0xa7, 0x0d, 0xd2, 0x22, 0x56, 0x8c, 0xdb, 0xbc, 0xfd, 0xbb, 0x19, 0x2c,
	    0x35, 0x52, 0xf6, 0xc7}},
};

const uint8_t *
kms_signing_key(const char *environment)
{
	for (size_t i = 0; i < ARRAY_LEN(signing_keys); i++)
		if (strcmp(signing_keys[i].environment, environment) == 0)
			return signing_keys[i].key;
	return NULL;
}

/* What Go's encoder writes as it stands, neither escaped for JSON nor for HTML. */
static int
is_plain(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 0x21 || text.p[i] > 0x7e || memchr("\"\\<>&", text.p[i], 5) != NULL)
			return 0;
	return 1;
}

static void
write_entry(struct json_writer *w, const char *address, size_t len, struct bytes path)
{
	json_object_begin(w, NULL);
	json_textn(w, "address", address, len);
	json_textn(w, "derivationPath", (const char *)path.p, path.len);
	json_object_end(w);
}

/* Entry i of evmAddresses; the KMS writes addresses in lower case. */
static int
take_evm(struct json_in *in, size_t i, struct kms_addresses *list, struct json_writer *w)
{
	struct bytes address = {NULL, 0}, path = {NULL, 0};
	char want[TEXT_MAX], text[ADDRESS_CHARS + 1];
	int n = snprintf(want, sizeof want, "m/44'/60'/0'/0/%zu", i);

	json_in_text(in, "address", JSON_REQUIRED, ADDRESS_CHARS, ADDRESS_CHARS, &address);
	json_in_text(in, "derivationPath", JSON_REQUIRED, 1, TEXT_MAX, &path);
	if (json_in_close(in) != 0 || n < 0 ||
	    !bytes_equal(path, (struct bytes){(const uint8_t *)want, (size_t)n}) ||
	    hex_decode_0x((const char *)address.p, address.len, list->evm[i], 20) != 0)
		return ERR_PARSE;
	hex_encode_0x(list->evm[i], 20, text);
	write_entry(w, text, ADDRESS_CHARS, path);
	return 0;
}

/* An entry of solanaAddresses: signed with the rest, and not used. */
static int
take_other(struct json_in *in, struct json_writer *w)
{
	struct bytes address = {NULL, 0}, path = {NULL, 0};

	json_in_text(in, "address", JSON_REQUIRED, 1, TEXT_MAX, &address);
	json_in_text(in, "derivationPath", JSON_REQUIRED, 1, TEXT_MAX, &path);
	if (json_in_close(in) != 0 || !is_plain(address) || !is_plain(path))
		return ERR_PARSE;
	write_entry(w, (const char *)address.p, address.len, path);
	return 0;
}

static int
take_list(struct json_in *data, const char *name, struct kms_addresses *evm, struct json_writer *w)
{
	json_t *list = NULL, *value;
	struct json_in in;
	size_t i;
	int r = 0;

	json_in_value(data, name, JSON_REQUIRED, &list);
	if (!json_is_array(list) || json_array_size(list) > KMS_ADDRESSES_MAX)
		return ERR_PARSE;
	json_array_begin(w, name);
	json_array_foreach(list, i, value) {
		json_in_enter(data, value, name, &in);
		r = in.root == NULL ? ERR_PARSE :
		    evm != NULL ? take_evm(&in, i, evm, w) : take_other(&in, w);
		if (r != 0)
			return r;
	}
	json_array_end(w);
	if (evm != NULL)
		evm->count = json_array_size(list);
	return 0;
}

static int
take_app_id(struct json_in *data, struct kms_addresses *list, struct json_writer *w)
{
	struct bytes id = {NULL, 0};

	json_in_text(data, "appId", JSON_OPTIONAL, ADDRESS_CHARS, ADDRESS_CHARS, &id);
	if (data->error->err != 0)
		return ERR_PARSE;
	if (id.len == 0)
		return 0;
	if (hex_decode_0x((const char *)id.p, id.len, list->app_id, 20) != 0)
		return ERR_PARSE;
	list->has_app_id = 1;
	json_hex(w, "appId", list->app_id, 20); /* "lower-case" */
	return 0;
}

/* The list, and the bytes that were signed. */
static int
take_data(struct json_in *data, struct kms_addresses *list, struct buffer *ret_signed)
{
	struct json_writer w = json_writer_of(ret_signed);
	int r;

	json_object_begin(&w, NULL);
	if ((r = take_app_id(data, list, &w)) != 0 ||
	    (r = take_list(data, "evmAddresses", list, &w)) != 0 ||
	    (r = take_list(data, "solanaAddresses", NULL, &w)) != 0)
		return r;
	json_object_end(&w);
	if (list->count == 0 || json_in_close(data) != 0)
		return ERR_PARSE;
	return ret_signed->err;
}

/* SEQUENCE { r INTEGER, s INTEGER } in base64. */
static int
take_signature(struct json_in *in, uint8_t ret[64])
{
	struct bytes text = {NULL, 0};
	struct reader r, pair;
	uint8_t der[SIGNATURE_MAX];
	size_t len;

	json_in_text(in, "signature", JSON_REQUIRED, 1, BASE64_LEN(SIGNATURE_MAX), &text);
	if (in->error->err != 0 ||
	    base64_decode(BASE64_STANDARD, text, der, sizeof der, &len) != 0)
		return ERR_PARSE;
	r = reader_of(der, len);
	if (der_enter(&r, DER_SEQUENCE, &pair) != 0 || reader_end(&r) != 0 ||
	    der_uint256(&pair, ret) != 0 || der_uint256(&pair, ret + 32) != 0)
		return ERR_PARSE;
	return reader_end(&pair) == 0 ? 0 : ERR_PARSE;
}

static int
read_signed(struct json_in *in, const uint8_t key64[64], struct kms_addresses *list)
{
	struct buffer text = buffer_of(KMS_ADDRESSES_JSON_MAX);
	uint8_t signature[64], digest[32];
	struct json_in data;
	int present, r;

	json_in_object(in, "data", JSON_REQUIRED, &data, &present);
	r = present ? take_data(&data, list, &text) : ERR_PARSE;
	if (r == 0)
		r = take_signature(in, signature);
	if (r == 0 && json_in_close(in) != 0)
		r = ERR_PARSE;
	if (r == 0)
		r = evidence_domain_digest(
		    SIGNATURE_DOMAIN, (struct bytes){text.p, text.len}, digest);
	if (r == 0)
		r = p256_verify(key64, digest, signature);
	buffer_free(&text);
	return r;
}

int
kms_addresses_read(struct bytes json, const uint8_t key64[64], struct kms_addresses *ret)
{
	struct kms_addresses list = {0};
	struct json_error e;
	struct json_in in;
	int r;

	if (json.len > KMS_ADDRESSES_JSON_MAX)
		return ERR_PARSE;
	if ((r = json_in_open(json.p, json.len, &in, &e)) != 0)
		return r == ERR_MEM ? ERR_MEM : ERR_PARSE;
	r = read_signed(&in, key64, &list);
	json_in_free(&in);
	if (r == 0)
		*ret = list;
	return r;
}

int
kms_addresses_check(const struct kms_addresses *list, const uint8_t address[20],
    const uint8_t *app_id)
{
	if (memcmp(list->evm[0], address, 20) != 0)
		return ERR_CONFLICT;
	if (app_id == NULL)
		return 0;
	if (!list->has_app_id)
		return ERR_NOT_FOUND;
	return memcmp(list->app_id, app_id, 20) == 0 ? 0 : ERR_CONFLICT;
}
