#include "gateway/auth.h"

#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/secret.h"
#include "base/banned.h"

#define PREFIX "ssk_"
#define PREFIX_LEN 4
#define BEARER "Bearer "
#define BEARER_LEN 7

static int
parse_key(struct bytes text, uint8_t ret_key32[32])
{
	if (text.len != PREFIX_LEN + 64 || memcmp(text.p, PREFIX, PREFIX_LEN) != 0)
		return ERR_PARSE;
	return hex_decode((const char *)text.p + PREFIX_LEN, 64, ret_key32, 32);
}

static int
header_key(const struct http_request *req, uint8_t ret_key32[32])
{
	struct bytes value;
	int r = http_header_one(req, "x-api-key", &value);

	if (r != 0)
		return r == ERR_DUPLICATE ? ERR_CONFLICT : r;
	return parse_key(value, ret_key32);
}

static int
bearer_key(const struct http_request *req, uint8_t ret_key32[32])
{
	struct bytes value;
	int r = http_header_one(req, "authorization", &value);

	if (r != 0)
		return r == ERR_DUPLICATE ? ERR_CONFLICT : r;
	if (value.len < BEARER_LEN || strncasecmp((const char *)value.p, BEARER, BEARER_LEN) != 0)
		return ERR_PARSE;
	return parse_key((struct bytes){value.p + BEARER_LEN, value.len - BEARER_LEN}, ret_key32);
}

int
auth_key(const struct http_request *req, uint8_t ret_key32[32])
{
	SECRET_BYTES(one, 32) = {0};
	SECRET_BYTES(two, 32) = {0};
	int a = header_key(req, one);
	int b = bearer_key(req, two);

	if (a == ERR_NOT_FOUND && b == ERR_NOT_FOUND)
		return ERR_NOT_FOUND;
	if (a == ERR_CONFLICT || b == ERR_CONFLICT)
		return ERR_CONFLICT;
	if ((a != 0 && a != ERR_NOT_FOUND) || (b != 0 && b != ERR_NOT_FOUND))
		return ERR_PARSE;
	if (a == 0 && b == 0 && sodium_memcmp(one, two, sizeof one) != 0)
		return ERR_CONFLICT;
	memcpy(ret_key32, a == 0 ? one : two, 32);
	return 0;
}

void
auth_key_text(const uint8_t key32[32], char ret[69])
{
	memcpy(ret, PREFIX, PREFIX_LEN);
	hex_encode(key32, 32, ret + PREFIX_LEN);
}

int
auth_token_is(const struct http_request *req, const char *header, const char *token)
{
	SECRET_BYTES(a, 32);
	SECRET_BYTES(b, 32);
	struct bytes value;

	if (http_header_one(req, header, &value) != 0)
		return 0;
	/* hashed first, so that the length of the token does not show either */
	crypto_hash_sha256(a, value.p, value.len);
	crypto_hash_sha256(b, (const uint8_t *)token, strlen(token));
	return sodium_memcmp(a, b, sizeof a) == 0;
}
