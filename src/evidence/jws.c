#include "evidence/jws.h"

#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "evidence/rsa.h"
#include "json/reader.h"
#include "base/banned.h"

#define PARTS 3
#define KEYS_MAX 32
#define NUMBER_MAX (RSA_BITS_MAX / 8 + 1)

static int
split(struct bytes token, struct bytes part[PARTS])
{
	const uint8_t *p = token.p, *end = token.p + token.len, *dot;

	if (token.len == 0 || token.len > JWS_MAX)
		return ERR_PARSE;
	for (size_t i = 0; i < PARTS; i++) {
		dot = memchr(p, '.', (size_t)(end - p));
		if ((dot == NULL) != (i == PARTS - 1))
			return ERR_PARSE;
		part[i] = (struct bytes){p, (size_t)((dot != NULL ? dot : end) - p)};
		p = dot != NULL ? dot + 1 : end;
	}
	return 0;
}

static int
decode(struct bytes part, uint8_t *memory, size_t cap, struct bytes *ret)
{
	size_t len;

	if (base64_decode(BASE64_URL, part, memory, cap, &len) != 0 || len == 0)
		return ERR_PARSE;
	*ret = (struct bytes){memory, len};
	return 0;
}

static int
is_text(struct bytes run, const char *text)
{
	return run.len == strlen(text) && memcmp(run.p, text, run.len) == 0;
}

static int
read_certificate(const json_t *value, struct jws *j)
{
	uint8_t *memory = j->certificate_bytes[j->certificates];
	size_t len;

	if (!json_is_string(value) || j->certificates == JWS_CERTIFICATES_MAX)
		return ERR_PARSE;
	if (base64_decode(BASE64_STANDARD,
		(struct bytes){(const uint8_t *)json_string_value(value),
		    json_string_length(value)},
		memory, JWS_CERTIFICATE_MAX, &len) != 0)
		return ERR_PARSE;
	j->certificate[j->certificates++] = (struct bytes){memory, len};
	return 0;
}

static int
read_certificates(const json_t *x5c, struct jws *j)
{
	const json_t *value;
	size_t i;

	if (x5c == NULL)
		return 0;
	if (!json_is_array(x5c) || json_array_size(x5c) == 0 ||
	    json_array_size(x5c) > JWS_CERTIFICATES_MAX)
		return ERR_PARSE;
	json_array_foreach(x5c, i, value)
		if (read_certificate(value, j) != 0)
			return ERR_PARSE;
	return 0;
}

/* Members that are not asked for are the issuer's business, unless they are critical. */
static int
read_header(struct json_in *in, struct jws *j)
{
	struct bytes algorithm = {NULL, 0}, type = {(const uint8_t *)"JWT", 3}, key_id = {NULL, 0};
	struct writer w = writer_of(j->key_id_bytes, sizeof j->key_id_bytes);
	json_t *x5c = NULL, *critical = NULL;
	size_t len;

	json_in_text(in, "alg", JSON_REQUIRED, 1, 32, &algorithm);
	json_in_text(in, "typ", JSON_OPTIONAL, 1, 32, &type);
	json_in_text(in, "kid", JSON_OPTIONAL, 1, JWS_KEY_ID_MAX, &key_id);
	json_in_value(in, "x5c", JSON_OPTIONAL, &x5c);
	json_in_value(in, "crit", JSON_OPTIONAL, &critical);
	if (in->error->err != 0)
		return in->error->err == ERR_MEM ? ERR_MEM : ERR_PARSE;
	if (critical != NULL || !is_text(type, "JWT") || (x5c == NULL && key_id.len == 0))
		return ERR_PARSE;
	j->is_rs256 = is_text(algorithm, "RS256");
	write_bytes(&w, key_id.p, key_id.len);
	if (writer_end(&w, &len) != 0)
		return ERR_PARSE;
	j->key_id = (struct bytes){j->key_id_bytes, len};
	return read_certificates(x5c, j);
}

static int
parse_header(struct bytes part, struct jws *j)
{
	uint8_t memory[JWS_HEADER_MAX];
	struct bytes header;
	struct json_error e;
	struct json_in in;
	int r;

	if (decode(part, memory, sizeof memory, &header) != 0)
		return ERR_PARSE;
	if ((r = json_in_open(header.p, header.len, &in, &e)) != 0)
		return r == ERR_MEM ? ERR_MEM : ERR_PARSE;
	r = read_header(&in, j);
	json_in_free(&in);
	return r;
}

int
jws_parse(struct bytes token, struct jws *ret)
{
	struct bytes part[PARTS];
	int r;

	memset(ret, 0, sizeof *ret);
	if (split(token, part) != 0)
		return ERR_PARSE;
	if ((r = parse_header(part[0], ret)) != 0)
		return r;
	if (decode(part[1], ret->payload_bytes, sizeof ret->payload_bytes, &ret->payload) != 0 ||
	    decode(part[2], ret->signature_bytes, sizeof ret->signature_bytes,
		&ret->signature) != 0)
		return ERR_PARSE;
	ret->signed_part = (struct bytes){token.p, part[0].len + 1 + part[1].len};
	return 0;
}

/* Whether it is the one; a key of another kind or use is none. */
static int
is_key(struct json_in *in, struct bytes key_id)
{
	struct bytes type = {NULL, 0}, id = {NULL, 0};
	struct bytes algorithm = {(const uint8_t *)"RS256", 5}, use = {(const uint8_t *)"sig", 3};

	json_in_text(in, "kty", JSON_REQUIRED, 1, 32, &type);
	json_in_text(in, "kid", JSON_OPTIONAL, 0, JWS_KEY_ID_MAX, &id);
	json_in_text(in, "alg", JSON_OPTIONAL, 0, 32, &algorithm);
	json_in_text(in, "use", JSON_OPTIONAL, 0, 32, &use);
	return in->error->err == 0 && is_text(type, "RSA") && is_text(algorithm, "RS256") &&
	    is_text(use, "sig") && bytes_equal(id, key_id);
}

static int
make_key(struct json_in *in, EVP_PKEY **ret)
{
	uint8_t n[NUMBER_MAX], e[NUMBER_MAX];
	struct bytes text_n = {NULL, 0}, text_e = {NULL, 0}, modulus, exponent;

	json_in_text(in, "n", JSON_REQUIRED, 1, 2 * NUMBER_MAX, &text_n);
	json_in_text(in, "e", JSON_REQUIRED, 1, 2 * NUMBER_MAX, &text_e);
	if (in->error->err != 0 || decode(text_n, n, sizeof n, &modulus) != 0 ||
	    decode(text_e, e, sizeof e, &exponent) != 0)
		return ERR_PARSE;
	return rsa_key_make(modulus, exponent, ret);
}

static int
find_key(struct json_in *set, struct bytes key_id, EVP_PKEY **ret)
{
	json_t *keys = NULL, *value;
	EVP_PKEY *key = NULL;
	struct json_in in;
	size_t i;
	int r = 0;

	json_in_value(set, "keys", JSON_REQUIRED, &keys);
	if (!json_is_array(keys) || json_array_size(keys) > KEYS_MAX)
		return ERR_PARSE;
	json_array_foreach(keys, i, value) {
		json_in_enter(set, value, "keys", &in);
		if (is_key(&in, key_id))
			r = key == NULL ? make_key(&in, &key) : ERR_DUPLICATE;
		else if (set->error->err != 0)
			r = ERR_PARSE;
		if (r != 0)
			break;
	}
	if (r == 0 && key == NULL)
		r = ERR_NOT_FOUND;
	if (r == 0)
		*ret = key;
	else
		EVP_PKEY_free(key);
	return r;
}

int
jws_key_find(struct bytes key_set, struct bytes key_id, EVP_PKEY **ret)
{
	struct json_error e;
	struct json_in in;
	int r;

	if (json_in_open(key_set.p, key_set.len, &in, &e) != 0)
		return ERR_PARSE;
	r = key_id.len == 0 ? ERR_NOT_FOUND : find_key(&in, key_id, ret);
	json_in_free(&in);
	return r;
}
