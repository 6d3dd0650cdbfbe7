#include "evidence/dstack_key.h"

#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/banned.h"

static void
read_links(struct json_in *in, struct dstack_key_text *ret)
{
	json_t *array = NULL, *value;
	size_t i;

	json_in_value(in, "signatureChain", JSON_REQUIRED, &array);
	if (array == NULL)
		return;
	if (!json_is_array(array) || (json_array_size(array) != 2 && json_array_size(array) != 0)) {
		json_in_fail(in, "signatureChain", ERR_PARSE,
			     "must be a list of two links, or of none");
		return;
	}
	json_array_foreach(array, i, value)
	{
		if (!json_is_string(value) ||
		    hex_decode_0x(json_string_value(value), json_string_length(value),
				  ret->key.chain.link[i], DSTACK_LINK_LEN) != 0) {
			json_in_fail(in, "signatureChain", ERR_PARSE,
				     "each link must be 65 bytes: 0x and 130 hex digits");
			return;
		}
	}
	ret->has_chain = json_array_size(array) == 2;
}

/* 32 bytes are Ed25519's; of any other length no curve but secp256k1 has one. */
static void
read_public_key(struct json_in *in, struct dstack_key_text *ret)
{
	struct dstack_claim *claim = &ret->key.claim;
	size_t len = 0;

	json_in_hex(in, "publicKey", JSON_REQUIRED, sizeof ret->public_key, ret->public_key, &len);
	claim->public_key = (struct bytes){ret->public_key, len};
	claim->algorithm = len == 32 ? DSTACK_ED25519 : DSTACK_SECP256K1;
}

static int
text_is(struct bytes b, const char *s)
{
	return b.len == strlen(s) && memcmp(b.p, s, b.len) == 0;
}

void
dstack_key_read(struct json_in *in, struct dstack_key_text *ret)
{
	struct bytes scheme = {NULL, 0}, path = {NULL, 0}, purpose = {NULL, 0}, claimed;

	memset(ret, 0, sizeof *ret);
	json_in_text(in, "scheme", JSON_REQUIRED, 1, 32, &scheme);
	json_in_text(in, "path", JSON_REQUIRED, 0, DSTACK_PURPOSE_MAX, &path);
	json_in_text(in, "purpose", JSON_REQUIRED, 0, DSTACK_PURPOSE_MAX, &purpose);
	read_public_key(in, ret);
	read_links(in, ret);
	if (in->error->err != 0)
		return;
	if (!text_is(scheme, "dstack-v0") && !text_is(scheme, "dstack-v1")) {
		json_in_fail(in, "scheme", ERR_PARSE, "must be dstack-v0 or dstack-v1");
		return;
	}
	ret->key.claim.scheme = text_is(scheme, "dstack-v1") ? DSTACK_SCHEME_V1 : DSTACK_SCHEME_V0;
	claimed = ret->key.claim.scheme == DSTACK_SCHEME_V1 ? path : purpose;
	memcpy(ret->purpose, claimed.p, claimed.len);
	ret->key.claim.purpose = (struct bytes){ret->purpose, claimed.len};
}
