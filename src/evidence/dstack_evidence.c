#include "evidence/dstack_evidence.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "evidence/dstack_blob.h"
#include "base/banned.h"

static enum tdx_reason
malformed(struct json_error *error, const char *field, int err, const char *text)
{
	struct json_in in = {.error = error};

	json_in_fail(&in, field, err, text);
	return DSTACK_EVIDENCE;
}

/* The error of a text inside a member: "event_log[3].digest". */
static void
error_within(struct json_error *error, const char *name, const struct json_error *inner)
{
	struct json_in in = {.error = error};
	struct json_in member;

	json_in_enter(&in, NULL, name, &member);
	json_in_fail(&member, inner->field, inner->err, inner->text);
}

static enum tdx_reason
read_log_and_vm(struct bytes event_log, struct bytes vm_config, struct dstack_evidence *ret,
		struct json_error *error)
{
	struct json_error inner;
	enum tdx_reason reason;

	if ((reason = dstack_log_read(event_log, &ret->log, &inner)) != TDX_HOLDS) {
		error_within(error, "event_log", &inner);
		return reason;
	}
	if ((reason = dstack_vm_read(vm_config, &ret->vm, &inner)) != TDX_HOLDS)
		error_within(error, "vm_config", &inner);
	return reason;
}

enum tdx_reason
dstack_evidence_read_parts(struct bytes quote, struct bytes event_log, struct bytes vm_config,
			   struct dstack_evidence *ret, struct json_error *error)
{
	memset(error, 0, sizeof *error);
	if (quote.len == 0 || quote.len > sizeof ret->quote)
		return malformed(error, "quote", ERR_RANGE, "must be 1 to 16384 bytes");
	memcpy(ret->quote, quote.p, quote.len);
	ret->quote_len = quote.len;
	ret->has_report_data = 0;
	return read_log_and_vm(event_log, vm_config, ret, error);
}

/* The agent pads what it was asked for with zeros. */
static void
read_report_data(struct json_in *in, struct dstack_evidence *ret)
{
	struct bytes text = {NULL, 0};

	memset(ret->report_data, 0, sizeof ret->report_data);
	ret->has_report_data = 0;
	json_in_text(in, "report_data", JSON_OPTIONAL, 0, 2 * sizeof ret->report_data, &text);
	if (in->error->err != 0 || text.p == NULL)
		return;
	if (hex_decode((const char *)text.p, text.len, ret->report_data, text.len / 2) != 0)
		json_in_fail(in, "report_data", ERR_PARSE, "must be an even number of hex digits");
	else
		ret->has_report_data = 1;
}

static void
read_quote(struct json_in *in, uint8_t ret[DSTACK_QUOTE_MAX], size_t *ret_len)
{
	struct bytes text = {NULL, 0};

	json_in_text(in, "quote", JSON_REQUIRED, 2, (size_t)2 * DSTACK_QUOTE_MAX, &text);
	if (in->error->err != 0)
		return;
	if (hex_decode((const char *)text.p, text.len, ret, text.len / 2) != 0)
		json_in_fail(in, "quote", ERR_PARSE, "must be an even number of hex digits");
	*ret_len = text.len / 2;
}

/* Text, or the array or object that it would hold. *ret_owned is the caller's, free(). */
static struct bytes
text_or_value(struct json_in *in, const char *name, enum json_need need, char **ret_owned)
{
	json_t *value = NULL;

	*ret_owned = NULL;
	json_in_value(in, name, need, &value);
	if (value == NULL || (need == JSON_OPTIONAL && json_is_null(value)))
		return (struct bytes){NULL, 0};
	if (json_is_string(value))
		return (struct bytes){(const uint8_t *)json_string_value(value),
				      json_string_length(value)};
	*ret_owned = json_dumps(value, JSON_COMPACT);
	if (*ret_owned == NULL) {
		json_in_fail(in, name, ERR_PARSE, "must be JSON, or JSON as text");
		return (struct bytes){NULL, 0};
	}
	return (struct bytes){(const uint8_t *)*ret_owned, strlen(*ret_owned)};
}

static enum tdx_reason
read_get_quote(struct json_in *in, struct dstack_evidence *ret)
{
	char *log_owned = NULL, *vm_owned = NULL;
	enum tdx_reason reason = DSTACK_EVIDENCE;
	struct bytes event_log, vm_config;

	read_quote(in, ret->quote, &ret->quote_len);
	read_report_data(in, ret);
	event_log = text_or_value(in, "event_log", JSON_REQUIRED, &log_owned);
	vm_config = text_or_value(in, "vm_config", JSON_OPTIONAL, &vm_owned);
	if (in->error->err == 0)
		reason = read_log_and_vm(event_log, vm_config, ret, in->error);
	free(log_owned);
	free(vm_owned);
	return reason;
}

static int
is_given(const struct json_in *in, const char *name)
{
	return json_object_get(in->root, name) != NULL;
}

static int
quote_agrees(struct json_in *in, const struct dstack_evidence *e)
{
	uint8_t quote[DSTACK_QUOTE_MAX];
	size_t len = 0;

	if (!is_given(in, "quote"))
		return 1;
	read_quote(in, quote, &len);
	return in->error->err != 0 ||
	       (len == e->quote_len && memcmp(quote, e->quote, len) == 0);
}

static int
log_agrees(struct json_in *in, struct dstack_evidence *e)
{
	struct json_error inner;
	struct bytes event_log;
	char *owned = NULL;
	int agrees;

	if (!is_given(in, "event_log"))
		return 1;
	event_log = text_or_value(in, "event_log", JSON_REQUIRED, &owned);
	/* the blob's runtime events have been compared with its log and are not needed again */
	agrees = in->error->err != 0 ||
		 (dstack_log_read(event_log, &e->runtime, &inner) == TDX_HOLDS &&
		  dstack_log_agrees(&e->log, &e->runtime));
	free(owned);
	return agrees;
}

/*
 * Some agents give the same evidence twice in one answer. Upstream's verifier passes over
 * all but the attestation; whoever reads quote and log instead must not see another machine.
 */
static enum tdx_reason
check_same(struct json_in *in, struct dstack_evidence *e)
{
	if (!quote_agrees(in, e))
		json_in_fail(in, "quote", ERR_CONFLICT, "must be the attestation's");
	else if (!log_agrees(in, e))
		json_in_fail(in, "event_log", ERR_CONFLICT, "must be the attestation's");
	return in->error->err == 0 ? TDX_HOLDS : DSTACK_EVIDENCE;
}

static enum tdx_reason
read_attestation(struct json_in *in, struct bytes hex, struct dstack_evidence *ret)
{
	struct json_error inner;
	enum tdx_reason reason;
	uint8_t *blob;

	if ((blob = malloc(hex.len / 2 + 1)) == NULL)
		return TDX_INTERNAL;
	if (hex_decode((const char *)hex.p, hex.len, blob, hex.len / 2) != 0) {
		json_in_fail(in, "attestation", ERR_PARSE, "must be an even number of hex digits");
		reason = DSTACK_EVIDENCE;
	} else {
		reason = dstack_blob_read((struct bytes){blob, hex.len / 2}, ret, &inner);
		if (reason != TDX_HOLDS)
			error_within(in->error, "attestation", &inner);
	}
	free(blob);
	return reason == TDX_HOLDS ? check_same(in, ret) : reason;
}

enum tdx_reason
dstack_evidence_read_response(struct bytes json, struct dstack_evidence *ret,
			      struct json_error *error)
{
	struct bytes attestation = {NULL, 0};
	enum tdx_reason reason;
	struct json_in in;

	memset(error, 0, sizeof *error);
	if (json.len > DSTACK_TEXT_MAX)
		return malformed(error, "", ERR_RANGE, "is longer than 4 MiB");
	if (json_in_open(json.p, json.len, &in, error) != 0)
		return DSTACK_EVIDENCE;
	json_in_text(&in, "attestation", JSON_OPTIONAL, 0, (size_t)2 * DSTACK_BLOB_MAX,
		     &attestation);
	if (error->err != 0)
		reason = DSTACK_EVIDENCE;
	else if (attestation.len > 0) /* empty where quote and log have been given instead */
		reason = read_attestation(&in, attestation, ret);
	else
		reason = read_get_quote(&in, ret);
	json_in_free(&in);
	return reason;
}
