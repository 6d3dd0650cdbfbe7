/* Recorded evidence of EigenCompute, in ../shared/fixtures/eigen; tests skip without it. */
#ifndef SELFSAME_TESTS_EIGEN_FIXTURES_H
#define SELFSAME_TESTS_EIGEN_FIXTURES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base64.h"
#include "base/hex.h"
#include "evidence/layr.h"

#define EIGEN_FOLDER "../shared/fixtures/eigen/"

/* One recorded answer and what was recomputed from it. */
struct eigen_vector {
	const char *name;
	const char *platform;
	json_t *expected;
	uint8_t evidence[LAYR_MAX];
	size_t evidence_len;
	uint8_t challenge[64];
	size_t challenge_len;
	uint8_t extra[64];
	size_t extra_len;
};

static inline json_t *
eigen_load(const char *name)
{
	char path[256];
	json_error_t e;

	if (snprintf(path, sizeof path, EIGEN_FOLDER "%s", name) >= (int)sizeof path)
		return NULL;
	return json_load_file(path, 0, &e);
}

static inline const char *
eigen_text(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* 0, or -1 when the recorded value is not what the index's form says. */
static inline int
eigen_vector_read(const json_t *vectors, const json_t *expected, size_t i, struct eigen_vector *ret)
{
	const json_t *v = json_array_get(vectors, i);
	const char *evidence = eigen_text(v, "attestation");
	const char *challenge = eigen_text(v, "challenge"), *extra = eigen_text(v, "extra_data");
	json_t *row;
	size_t at;

	ret->name = eigen_text(v, "name");
	ret->platform = eigen_text(v, "platform");
	ret->expected = NULL;
	json_array_foreach(expected, at, row)
		if (strcmp(eigen_text(row, "name"), ret->name) == 0)
			ret->expected = row;
	ret->challenge_len = strlen(challenge) / 2;
	ret->extra_len = extra != NULL ? strlen(extra) / 2 : 0;
	if (ret->challenge_len > 64 || ret->extra_len > 64 || ret->expected == NULL)
		return -1;
	if (hex_decode(challenge, strlen(challenge), ret->challenge, ret->challenge_len) != 0 ||
	    (ret->extra_len > 0 &&
		hex_decode(extra, strlen(extra), ret->extra, ret->extra_len) != 0))
		return -1;
	return base64_decode(BASE64_STANDARD,
	    (struct bytes){(const uint8_t *)evidence, strlen(evidence)}, ret->evidence,
	    sizeof ret->evidence, &ret->evidence_len);
}

/* Whether bytes are the hex of a recorded text. */
static inline int
eigen_is_hex(const char *want, const uint8_t *p, size_t n)
{
	char hex[513];

	if (want == NULL || n > 256)
		return 0;
	hex_encode(p, n, hex);
	return strcmp(hex, want) == 0;
}

#endif
