#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/err.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "base/banned.h"

#define PART_MAX 65536

static void
write_certificate(struct json_writer *w, const json_t *text)
{
	uint8_t der[4096];
	const uint8_t *p = der;
	char name[256];
	X509 *x = NULL;
	size_t len;

	if (json_is_string(text) &&
	    base64_decode(
		BASE64_STANDARD,
		(struct bytes){(const uint8_t *)json_string_value(text), json_string_length(text)},
		der, sizeof der, &len) == 0)
		x = d2i_X509(NULL, &p, (long)len);
	if (x != NULL && X509_NAME_oneline(X509_get_subject_name(x), name, sizeof name) != NULL)
		json_text(w, NULL, name);
	else
		json_text(w, NULL, "not a certificate");
	X509_free(x);
}

/* The certificates by their names: who wants their bytes has the token. */
static void
write_certificates(struct json_writer *w, json_t *header)
{
	const json_t *chain = json_object_get(header, "x5c");

	if (!json_is_array(chain))
		return;
	json_array_begin(w, "certificates");
	for (size_t i = 0; i < json_array_size(chain); i++)
		write_certificate(w, json_array_get(chain, i));
	json_array_end(w);
	(void)json_object_del(header, "x5c"); /* it was there */
}

/* One part of the compact form as JSON; NULL when it is none. json_decref() */
static json_t *
read_part(struct bytes part)
{
	uint8_t *room = malloc(PART_MAX);
	json_t *root = NULL;
	json_error_t e;
	size_t len;

	if (room != NULL && base64_decode(BASE64_URL, part, room, PART_MAX, &len) == 0)
		root = json_loadb((const char *)room, len, JSON_REJECT_DUPLICATES, &e);
	free(room);
	if (!json_is_object(root)) {
		json_decref(root);
		return NULL;
	}
	return root;
}

static int
write_part(struct json_writer *w, const char *name, const json_t *part)
{
	char *text = json_dumps(part, JSON_COMPACT);

	if (text == NULL)
		return ERR_MEM;
	json_raw(w, name, text, strlen(text));
	free(text);
	return 0;
}

/* Up to the next dot. */
static struct bytes
next_part(struct bytes *rest)
{
	const uint8_t *dot = rest->len > 0 ? memchr(rest->p, '.', rest->len) : NULL;
	struct bytes part = *rest;

	if (dot == NULL) {
		*rest = (struct bytes){NULL, 0};
		return part;
	}
	part.len = (size_t)(dot - rest->p);
	*rest = (struct bytes){dot + 1, rest->len - part.len - 1};
	return part;
}

int
inspect_token(struct json_writer *w, struct bytes token)
{
	json_t *header = read_part(next_part(&token)), *claims = read_part(next_part(&token));
	int r;

	if (header == NULL || claims == NULL) {
		r = inspect_refused(w, "TOKEN_PARSE", "header or claims are not JSON in base64url");
		goto out;
	}
	write_certificates(w, header);
	if ((r = write_part(w, "header", header)) == 0)
		r = write_part(w, "claims", claims);
out:
	json_decref(header);
	json_decref(claims);
	return r;
}
