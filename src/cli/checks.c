#include "cli/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct check_row {
	const char *name;
	const char *code;
	const char *remedy;
};

static const struct check_row rows[CHECKS_COUNT] = {
#define CHECK(id, name, code, remedy) [id] = {name, code, remedy},
#include "cli/checks.def"
#undef CHECK
};

/* The next free check; a full list can only refuse. */
static struct check *
next_check(struct verdict *v, const char *name, enum check_result result)
{
	struct check *c;

	if (v->count == CHECKS_MAX) {
		v->unreached = 1;
		return NULL;
	}
	c = &v->check[v->count++];
	*c = (struct check){.name = name, .result = result, .code = "", .remedy = ""};
	return c;
}

static void
describe(struct check *c, const char *fmt, va_list ap)
{
	/* cut text is still a description */
	(void)!vsnprintf(c->detail, sizeof c->detail, fmt, ap);
}

void
check_pass(struct verdict *v, enum check_id id, const char *fmt, ...)
{
	struct check *c = next_check(v, rows[id].name, CHECK_PASSED);
	va_list ap;

	if (c == NULL)
		return;
	va_start(ap, fmt);
	describe(c, fmt, ap);
	va_end(ap);
}

void
check_fail(struct verdict *v, enum check_id id, const char *fmt, ...)
{
	struct check *c = next_check(v, rows[id].name, CHECK_FAILED);
	va_list ap;

	if (c == NULL)
		return;
	c->code = rows[id].code;
	c->remedy = rows[id].remedy;
	va_start(ap, fmt);
	describe(c, fmt, ap);
	va_end(ap);
}

void
check_skip(struct verdict *v, enum check_id id, const char *fmt, ...)
{
	struct check *c = next_check(v, rows[id].name, CHECK_NOT_CHECKED);
	va_list ap;

	if (c == NULL)
		return;
	va_start(ap, fmt);
	describe(c, fmt, ap);
	va_end(ap);
}

void
check_unreached(struct verdict *v, enum check_id id)
{
	check_skip(v, id, "an earlier failure left nothing to check");
	v->unreached = 1;
}

void
check_fail_reason(struct verdict *v, enum check_id id, enum tdx_reason reason, const char *fmt, ...)
{
	struct check *c = next_check(v, rows[id].name, CHECK_FAILED);
	va_list ap;

	if (c == NULL)
		return;
	c->code = reason_code(reason);
	c->remedy = reason_remedy(reason);
	va_start(ap, fmt);
	describe(c, fmt, ap);
	va_end(ap);
}

static void
quote_step(struct verdict *v, enum tdx_step step, const struct tdx_check *t, const char *why)
{
	static const enum check_result results[] = {
	    [TDX_NOT_CHECKED] = CHECK_NOT_CHECKED,
	    [TDX_PASSED] = CHECK_PASSED,
	    [TDX_FAILED] = CHECK_FAILED,
	};
	struct check *c = next_check(v, tdx_step_name(step), results[t->outcome]);
	const char *text = t->outcome == TDX_PASSED ? tdx_step_text(step) : reason_text(t->reason);

	if (c == NULL)
		return;
	if (t->outcome == TDX_FAILED) {
		c->code = reason_code(t->reason);
		c->remedy = reason_remedy(t->reason);
	}
	if (t->outcome == TDX_NOT_CHECKED && t->reason == TDX_COLLATERAL_MISSING)
		text = why;
	else if (t->outcome == TDX_NOT_CHECKED)
		v->unreached = 1;
	(void)!snprintf(c->detail, sizeof c->detail, "%s", text);
}

void
check_quote_steps(struct verdict *v, const struct tdx_result *r, const char *why_unevaluated)
{
	for (unsigned i = 0; i < TDX_STEPS_COUNT; i++)
		quote_step(v, (enum tdx_step)i, &r->check[i], why_unevaluated);
	/* belt and braces: the verifier's own verdict has to agree with the list */
	if (!tdx_is_signed(r))
		v->unreached = 1;
}

const struct check *
verdict_failure(const struct verdict *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->check[i].result == CHECK_FAILED)
			return &v->check[i];
	return NULL;
}

int
verdict_accepts(const struct verdict *v)
{
	size_t passed = 0;

	for (size_t i = 0; i < v->count; i++)
		passed += v->check[i].result == CHECK_PASSED;
	return passed > 0 && !v->unreached && verdict_failure(v) == NULL;
}
