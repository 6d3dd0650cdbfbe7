/*
 * The errors of the API: RFC 9457 application/problem+json with a stable type,
 * one line on what to do, and where it applies the field or the policy rule.
 * Nothing that a caller sent is quoted back, but names of members.
 */
#ifndef SELFSAME_GATEWAY_PROBLEM_H
#define SELFSAME_GATEWAY_PROBLEM_H

#include <stddef.h>

#include "base/buffer.h"

#define PROBLEM_TYPE "application/problem+json"

enum problem_id {
#define PROBLEM(name, slug, status, title) PROBLEM_##name,
#include "gateway/problem.def"
#undef PROBLEM
	PROBLEMS_COUNT
};

struct problem {
	enum problem_id id;
	const char *detail; /* NULL: the title says all */
	const char *field; /* NULL: none */
	const char *rule; /* NULL: none */
	const char *member; /* one member more, with JSON as its value; NULL: none */
	const char *json;
	size_t json_len;
	unsigned retry_after; /* seconds; 0: no such header */
	const char *allow; /* 405: the Allow header */
};

/* Write the JSON. */
void problem_write(const struct problem *p, struct buffer *out);

int problem_status(enum problem_id id);
const char *problem_slug(enum problem_id id);

/* The problem for a status with which the HTTP server refuses. */
enum problem_id problem_of_status(int status);

/* The problem for an ERR_* that nothing more special is known of. */
enum problem_id problem_of_err(int err);

#endif
