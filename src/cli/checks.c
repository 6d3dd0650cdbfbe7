#include "cli/checks.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/banned.h"

struct check_row {
	const char *name;
	const char *code;
	const char *class;
	const char *remedy;
};

static const struct check_row rows[CHECKS_COUNT] = {
#define CHECK(id, name, code, class, remedy) [id] = {name, code, class, remedy},
#include "cli/checks.def"
#undef CHECK
};

/* The next free check; a full list can only refuse. */
static struct check *
next_check(struct verdict *v, const char *name, enum check_result result)
{
	struct check *c;

	if (v->count == CHECKS_MAX) {
		v->overflowed = 1;
		return NULL;
	}
	c = &v->check[v->count++];
	*c = (struct check){.name = name, .result = result, .code = "", .class = "", .remedy = ""};
	return c;
}

static void
take_reason(struct check *c, enum tdx_reason reason)
{
	c->code = reason_code(reason);
	c->class = reason_class(reason);
	c->remedy = reason_remedy(reason);
}

static void describe(struct check *c, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

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
	c->class = rows[id].class;
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
	struct check *c = next_check(v, rows[id].name, CHECK_NOT_CHECKED);

	if (c == NULL)
		return;
	take_reason(c, TDX_NOT_EVALUATED);
	c->required = 1;
	(void)!snprintf(c->detail, sizeof c->detail, "an earlier failure left nothing to check");
}

void
check_fail_reason(struct verdict *v, enum check_id id, enum tdx_reason reason, const char *fmt, ...)
{
	struct check *c = next_check(v, rows[id].name, CHECK_FAILED);
	va_list ap;

	if (c == NULL)
		return;
	take_reason(c, reason);
	va_start(ap, fmt);
	describe(c, fmt, ap);
	va_end(ap);
}

/* Of the last check of that name; v->count without one. */
static size_t
index_of(const struct verdict *v, const char *name)
{
	for (size_t i = v->count; i > 0; i--)
		if (strcmp(v->check[i - 1].name, name) == 0)
			return i - 1;
	return v->count;
}

void
check_missing(struct verdict *v, enum check_id id, enum tdx_reason reason, const char *fmt, ...)
{
	struct check *c = next_check(v, rows[id].name, CHECK_NOT_CHECKED);
	va_list ap;

	if (c == NULL)
		return;
	take_reason(c, reason);
	c->required = 1;
	va_start(ap, fmt);
	describe(c, fmt, ap);
	va_end(ap);
}

/* --- the steps of a verifier --------------------------------------------------------------- */

static void
add_step(struct verdict *v, const struct steps *s, unsigned i)
{
	static const enum check_result results[] = {
	    [TDX_NOT_CHECKED] = CHECK_NOT_CHECKED,
	    [TDX_PASSED] = CHECK_PASSED,
	    [TDX_FAILED] = CHECK_FAILED,
	};
	const struct tdx_check *t = &s->check[i];
	struct check *c = next_check(v, step_list_name(s->list, i), results[t->outcome]);
	const char *text = reason_text(t->reason);

	if (c == NULL)
		return;
	if (t->outcome == TDX_PASSED)
		text = step_list_text(s->list, i);
	else
		take_reason(c, t->reason);
	if (t->outcome == TDX_NOT_CHECKED) {
		c->required = !s->holds && i == s->blocking;
		if (t->reason == TDX_COLLATERAL_MISSING && s->uncollateralled != NULL)
			text = s->uncollateralled;
	}
	(void)!snprintf(c->detail, sizeof c->detail, "%s", text);
}

void
check_steps(struct verdict *v, const struct steps *s)
{
	for (unsigned i = s->first; i < s->list->count; i++)
		add_step(v, s, i);
	/* belt and braces: the verifier's own verdict has to agree with its list */
	if (!s->holds && verdict_refusal(v) == NULL)
		v->overflowed = 1;
}

void
check_add_detail(struct verdict *v, const char *name, const char *fmt, ...)
{
	size_t at = index_of(v, name), len;
	struct check *c;
	va_list ap;

	if (at == v->count)
		return;
	c = &v->check[at];
	len = strlen(c->detail);
	(void)!snprintf(c->detail + len, sizeof c->detail - len, ": ");
	len = strlen(c->detail);
	va_start(ap, fmt);
	(void)!vsnprintf(c->detail + len, sizeof c->detail - len, fmt, ap);
	va_end(ap);
}

/* --- the verdict ------------------------------------------------------------------------------ */

const struct check *
verdict_refusal(const struct verdict *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->check[i].result == CHECK_FAILED)
			return &v->check[i];
	for (size_t i = 0; i < v->count; i++)
		if (v->check[i].required)
			return &v->check[i];
	return NULL;
}

int
verdict_accepts(const struct verdict *v)
{
	size_t passed = 0;

	for (size_t i = 0; i < v->count; i++)
		passed += v->check[i].result == CHECK_PASSED;
	return passed > 0 && !v->overflowed && verdict_refusal(v) == NULL;
}

const struct check *
verdict_find(const struct verdict *v, const char *name)
{
	size_t at = index_of(v, name);

	return at == v->count ? NULL : &v->check[at];
}

const char *
check_name(enum check_id id)
{
	return rows[id].name;
}
