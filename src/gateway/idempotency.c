#include "gateway/idempotency.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

static void
too_weak(struct call *c)
{
	call_problem(c,
	    &(struct problem){.id = PROBLEM_INVALID_PARAMETER,
		.field = "idempotency-key",
		.detail = "where an API key is made it is a secret of at least 128 bits in 22 to "
		          "128 characters, for example 32 random hex digits"});
}

int
idempotency_secret(struct call *c, struct bytes *ret)
{
	struct bytes key;
	int r = http_header_one(c->req, "idempotency-key", &key);

	if (r == ERR_NOT_FOUND) {
		*ret = (struct bytes){NULL, 0};
		return 0;
	}
	if (r != 0 || key.len < IDEMPOTENCY_SECRET_MIN || key.len > IDEMPOTENCY_SECRET_MAX) {
		too_weak(c);
		return ERR_PARSE;
	}
	*ret = key;
	return 0;
}

int
idempotency_refused(struct call *c, const struct msg_refused *m)
{
	static const char rule[] = "idempotency-key";

	if (!bytes_equal(m->rule, (struct bytes){(const uint8_t *)rule, sizeof rule - 1}))
		return 0;
	too_weak(c);
	return 1;
}
