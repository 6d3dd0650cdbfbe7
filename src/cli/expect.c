#include "cli/expect.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/evaluate.h"
#include "base/banned.h"

#define NAME_SHOWN 48

static const char *const members[] = {"binaries",  "development",    "instanceKey", "mode",
				      "nonce",	   "platform",	     "rootId",	    "settings",
				      "stateRoot", "timeUnverified", "tlsKeyHash",  "version"};

/* Facts of dstack, bound evidence, tokens and platforms (cli/facts.h). */
static const char *const said[] = {"appId",	   "composeHash", "osImageHash",   "instanceId",
				   "mrKms",	   "keyProvider", "keyProviderId", "kmsRoot",
				   "instanceName", "zone",	  "projectId",	   "imageReference",
				   "imageDigest",  "hardware",	  "fmspc",	   "ppid"};

static int
is_text(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

/* "settings.NAME" into its two parts; rest.len 0 without a dot. */
static struct bytes
split(struct bytes field, struct bytes *ret_rest)
{
	const uint8_t *dot = memchr(field.p, '.', field.len);

	*ret_rest = (struct bytes){NULL, 0};
	if (dot == NULL)
		return field;
	*ret_rest = (struct bytes){dot + 1, field.len - (size_t)(dot + 1 - field.p)};
	return (struct bytes){field.p, (size_t)(dot - field.p)};
}

static int
is_td_field(struct bytes name)
{
	const struct td_field *f;

	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++)
		if (is_text(name, f->name))
			return 1;
	return 0;
}

static int
is_said(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(said); i++)
		if (is_text(name, said[i]))
			return 1;
	return 0;
}

static int
is_known(struct bytes field)
{
	struct bytes rest;
	struct bytes top = split(field, &rest);
	int is_map = is_text(top, "settings") || is_text(top, "binaries");

	if (is_map)
		return rest.len > 0;
	if (top.len != field.len)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (is_text(top, members[i]))
			return 1;
	return is_td_field(top) || is_said(top);
}

int
expectation_parse(const char *text, struct expectation *ret)
{
	const char *equals = strchr(text, '=');
	struct expectation e;

	if (equals == NULL)
		return ERR_PARSE;
	e.field = (struct bytes){(const uint8_t *)text, (size_t)(equals - text)};
	e.value = (struct bytes){(const uint8_t *)equals + 1, strlen(equals + 1)};
	if (!is_known(e.field))
		return ERR_UNKNOWN_FIELD;
	*ret = e;
	return 0;
}

static struct bytes
without_prefix(struct bytes b)
{
	if (b.len >= 2 && b.p[0] == '0' && (b.p[1] == 'x' || b.p[1] == 'X'))
		return (struct bytes){b.p + 2, b.len - 2};
	return b;
}

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'F' ? (uint8_t)(c + 32) : c;
}

static int
is_hex(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = lower(b.p[i]);

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return 0;
	}
	return b.len > 0 && b.len % 2 == 0;
}

/* The same text, or the same bytes in hex. */
static int
values_equal(struct bytes wanted, struct bytes found)
{
	struct bytes a = without_prefix(wanted), b = without_prefix(found);

	if (bytes_equal(wanted, found))
		return 1;
	/* 32 bytes and more are hashes and keys; a shorter "10" is a number, not 0x10 */
	if (a.len != b.len || !is_hex(a) || !is_hex(b) || (b.len == found.len && b.len < 64))
		return 0;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return 0;
	return 1;
}

static void
compare(const struct expectation *e, struct bytes found, struct verdict *v)
{
	int name = (int)(e->field.len < NAME_SHOWN ? e->field.len : NAME_SHOWN);
	int shown = (int)(found.len < 130 ? found.len : 130);

	if (values_equal(e->value, found))
		check_pass(v, CHECK_EXPECT, "%.*s is %.*s", name, (const char *)e->field.p, shown,
			   (const char *)found.p);
	else
		check_fail(v, CHECK_EXPECT, "%.*s is %.*s", name, (const char *)e->field.p, shown,
			   (const char *)found.p);
}

static void
compare_absent(const struct expectation *e, const char *why, struct verdict *v)
{
	int name = (int)(e->field.len < NAME_SHOWN ? e->field.len : NAME_SHOWN);

	check_fail(v, CHECK_EXPECT, "%.*s: %s", name, (const char *)e->field.p, why);
}

static void
compare_json(const struct expectation *e, const json_t *value, struct verdict *v)
{
	char number[24];
	struct bytes found = {(const uint8_t *)number, 0};

	if (json_is_string(value)) {
		found = (struct bytes){(const uint8_t *)json_string_value(value),
				       json_string_length(value)};
	} else if (json_is_integer(value)) {
		(void)!snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
				json_integer_value(value));
		found.len = strlen(number);
	} else {
		found.p = (const uint8_t *)(json_is_null(value)	  ? "null"
					    : json_is_true(value) ? "true"
								  : "false");
		found.len = strlen((const char *)found.p);
	}
	compare(e, found, v);
}

static void
check_member(const struct expectation *e, const struct attestation *a, struct verdict *v)
{
	struct bytes rest;
	struct bytes top = split(e->field, &rest);
	const json_t *value = json_object_getn(a->statement, (const char *)top.p, top.len);

	if (rest.len > 0)
		value = json_object_getn(value, (const char *)rest.p, rest.len);
	if (value == NULL)
		compare_absent(e, "the statement has no such member", v);
	else
		compare_json(e, value, v);
}

static void
check_td_field(const struct expectation *e, const struct tdx_result *r, struct verdict *v)
{
	char text[2 * 64 + 3];
	struct bytes field;

	if (!r->has_quote)
		check_unreached(v, CHECK_EXPECT);
	else if (quote_field(&r->quote, (const char *)e->field.p, e->field.len, &field) != 0)
		compare_absent(e, "this kind of TD report has no such field", v);
	else {
		hex_encode_0x(field.p, field.len, text);
		compare(e, (struct bytes){(const uint8_t *)text, 2 * field.len + 2}, v);
	}
}

static void
check_said(const struct expectation *e, const struct facts *facts, struct verdict *v)
{
	char name[FACT_NAME_MAX], shown[FACT_TEXT_MAX + 2];
	const char *text;
	size_t len;

	(void)!snprintf(name, sizeof name, "%.*s", (int)e->field.len, (const char *)e->field.p);
	if ((text = facts_find(facts, name)) == NULL) {
		compare_absent(e, "the evidence does not say", v);
		return;
	}
	len = strlen(text);
	/* shorter ones could be names and numbers */
	(void)!snprintf(shown, sizeof shown, "%s%s",
			len >= 12 && is_hex((struct bytes){(const uint8_t *)text, len}) ? "0x" : "",
			text);
	compare(e, (struct bytes){(const uint8_t *)shown, strlen(shown)}, v);
}

void
expectation_check(const struct expectation *e, const struct evaluation *evaluation,
		  struct verdict *v)
{
	const struct attestation *a = &evaluation->attestation;

	if (is_td_field(e->field))
		check_td_field(e, &evaluation->quote, v);
	else if (is_said(e->field))
		check_said(e, &evaluation->facts, v);
	else if (a->attested.text.len == 0)
		check_unreached(v, CHECK_EXPECT);
	else
		check_member(e, a, v);
}
