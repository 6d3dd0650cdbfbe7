#include "cli/attestation.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/err.h"
#include "base/hex.h"
#include "cli/canonical.h"
#include "evidence/jws.h"
#include "evidence/layr.h"
#include "base/banned.h"

#define STATEMENT_TEXT_MAX 65536

static void
read_event(struct json_in *in, json_t *value, size_t i, struct event_store *ret)
{
	struct event *e = &ret->log.event[i];
	struct json_in event;
	size_t payload_len = 0, digest_len = 0;
	uint64_t rtmr = 0;
	char name[32];

	if (snprintf(name, sizeof name, "eventLog[%zu]", i) >= (int)sizeof name)
		return;
	*e = (struct event){0};
	json_in_enter(in, value, name, &event);
	json_in_u64(&event, "rtmr", JSON_REQUIRED, 0, RTMR_COUNT - 1, &rtmr);
	json_in_text(&event, "type", JSON_REQUIRED, 1, EVENT_TEXT_MAX, &e->type);
	json_in_text(&event, "name", JSON_REQUIRED, 1, EVENT_TEXT_MAX, &e->name);
	json_in_hex(&event, "payload", JSON_REQUIRED, EVENT_PAYLOAD_MAX, ret->payload[i],
		    &payload_len);
	json_in_hex(&event, "digest", JSON_REQUIRED, sizeof e->digest, e->digest, &digest_len);
	if (json_in_close(&event) != 0)
		return;
	if (digest_len != sizeof e->digest)
		json_in_fail(&event, "digest", ERR_RANGE, "must be 48 bytes in hex");
	e->rtmr = (uint32_t)rtmr;
	e->payload = (struct bytes){ret->payload[i], payload_len};
}

void
events_read(struct json_in *in, struct event_store *ret, int *ret_present)
{
	json_t *array = NULL;

	ret->log.count = 0;
	json_in_value(in, "eventLog", JSON_OPTIONAL, &array);
	*ret_present = array != NULL;
	if (array == NULL)
		return;
	if (!json_is_array(array) || json_array_size(array) > EVENT_LOG_MAX) {
		json_in_fail(in, "eventLog", ERR_RANGE, "must be an array of at most 32 events");
		return;
	}
	for (size_t i = 0; i < json_array_size(array); i++)
		read_event(in, json_array_get(array, i), i, ret);
	ret->log.count = json_array_size(array);
}

static int
text_is(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

/* --- the kinds of evidence ------------------------------------------------------------ */

static void
read_quote(struct json_in *in, struct attestation *a)
{
	json_in_hex(in, "quote", JSON_REQUIRED, sizeof a->quote, a->quote, &a->quote_len);
}

/* Whether the chain holds is evidence/dstack_chain.h's business. */
static void
read_key_chain(struct json_in *evidence, struct attestation *a)
{
	struct json_in in;
	int present = 0;

	json_in_object(evidence, "keyChain", JSON_OPTIONAL, &in, &present);
	if (!present)
		return;
	dstack_key_read(&in, &a->key);
	(void)!json_in_close(&in); /* the document's own end reports it */
}

static void
read_dstack(struct json_in *in, struct attestation *a)
{
	read_quote(in, a);
	json_in_text(in, "eventLog", JSON_REQUIRED, 1, DSTACK_LOG_TEXT_MAX, &a->event_log);
	json_in_text(in, "vmConfig", JSON_OPTIONAL, 0, DSTACK_VM_TEXT_MAX, &a->vm_config);
	json_in_text(in, "appCompose", JSON_OPTIONAL, 0, DSTACK_COMPOSE_MAX, &a->app_compose);
	read_key_chain(in, a);
}

static void
read_message(struct json_in *in, struct attestation *a)
{
	struct bytes text = {NULL, 0};
	size_t len;

	json_in_text(in, "attestation", JSON_REQUIRED, 1, BASE64_LEN(LAYR_MAX), &text);
	if (a->error.err != 0)
		return;
	buffer_add(&a->message, text.p, text.len);
	if (a->message.err != 0 ||
	    base64_decode(BASE64_STANDARD, text, a->message.p, a->message.len, &len) != 0)
		json_in_fail(in, "attestation", ERR_PARSE, "must be base64");
	else
		a->message.len = len;
}

static void
read_token(struct json_in *in, struct attestation *a)
{
	json_in_text(in, "token", JSON_REQUIRED, 1, JWS_MAX, &a->token);
}

static const struct evidence_row {
	const char *type;
	enum attestation_kind kind;
	void (*read)(struct json_in *in, struct attestation *a);
} evidence_rows[] = {
    {"tdx-quote", ATTESTATION_TDX_QUOTE, read_quote},
    {"dstack", ATTESTATION_DSTACK, read_dstack},
    {"bound-evidence", ATTESTATION_BOUND_EVIDENCE, read_message},
    {"confidential-space-token", ATTESTATION_SPACE_TOKEN, read_token},
};

static void
read_evidence(struct json_in *in, struct attestation *a)
{
	const struct evidence_row *row = NULL;
	struct bytes type = {NULL, 0};
	struct json_in evidence;
	int present = 0;

	json_in_object(in, "evidence", JSON_REQUIRED, &evidence, &present);
	if (!present)
		return;
	json_in_text(&evidence, "type", JSON_REQUIRED, 1, 64, &type);
	for (size_t i = 0; i < ARRAY_LEN(evidence_rows); i++)
		if (text_is(type, evidence_rows[i].type))
			row = &evidence_rows[i];
	if (row == NULL) {
		json_in_fail(
		    &evidence, "type", ERR_RANGE,
		    "must be \"tdx-quote\", \"dstack\", \"bound-evidence\" or "
		    "\"confidential-space-token\": nothing else is verified here, AMD SEV-SNP "
		    "neither");
		return;
	}
	a->kind = row->kind;
	row->read(&evidence, a);
	(void)!json_in_close(&evidence); /* the document's own end reports it */
}

/* --- */

int
attestation_open(struct attestation *a, const void *text, size_t len)
{
	struct json_in *in = &a->document;
	struct bytes kind = {NULL, 0};
	json_t *warning = NULL;
	uint64_t version = 0;
	int r;

	memset(a, 0, sizeof *a);
	a->attested.text = buffer_of(STATEMENT_TEXT_MAX);
	a->attested.settings_text = buffer_of(STATEMENT_TEXT_MAX);
	a->attested.binaries_text = buffer_of(STATEMENT_TEXT_MAX);
	a->message = buffer_of(BASE64_LEN(LAYR_MAX));
	if ((r = json_in_open(text, len, in, &a->error)) != 0)
		return r;
	json_in_text(in, "kind", JSON_REQUIRED, 1, 64, &kind);
	if (a->error.err == 0 && !text_is(kind, "selfsame-attestation"))
		json_in_fail(in, "kind", ERR_RANGE, "must be \"selfsame-attestation\"");
	json_in_u64(in, "version", JSON_REQUIRED, 1, 1, &version);
	json_in_text(in, "platform", JSON_REQUIRED, 1, 32, &a->platform);
	json_in_bool(in, "simulated", JSON_REQUIRED, &a->simulated);
	json_in_value(in, "warning", JSON_OPTIONAL, &warning);
	if (warning != NULL && !json_is_null(warning) && !json_is_string(warning))
		json_in_fail(in, "warning", ERR_PARSE, "must be text or null");
	json_in_value(in, "statement", JSON_REQUIRED, &a->statement);
	if (a->statement != NULL && !json_is_object(a->statement))
		json_in_fail(in, "statement", ERR_PARSE, "must be an object");
	events_read(in, &a->events, &a->has_events);
	read_evidence(in, a);
	return json_in_close(in);
}

static void
read_map(struct json_in *in, const char *name, json_t **ret)
{
	const char *key;
	json_t *value, *map = NULL;

	json_in_value(in, name, JSON_REQUIRED, &map);
	if (map == NULL)
		return;
	if (!json_is_object(map)) {
		json_in_fail(in, name, ERR_PARSE, "must be an object");
		return;
	}
	json_object_foreach(map, key, value) if (!json_is_string(value))
	    json_in_fail(in, name, ERR_PARSE, "must have text values only");
	*ret = map;
}

static void
read_tls_key_hash(struct json_in *in, struct attested *s)
{
	json_t *value = NULL;

	json_in_value(in, "tlsKeyHash", JSON_REQUIRED, &value);
	if (value != NULL && !json_is_null(value))
		json_in_hash32(in, "tlsKeyHash", JSON_REQUIRED, s->tls_key_hash,
			       &s->has_tls_key_hash);
}

static void
read_members(struct json_in *in, struct attested *s)
{
	json_t *state_root = NULL;
	uint64_t version = 0;
	int present;

	read_map(in, "binaries", &s->binaries);
	json_in_bool(in, "development", JSON_REQUIRED, &s->development);
	json_in_hash32(in, "instanceKey", JSON_REQUIRED, s->instance_key, &present);
	json_in_text(in, "mode", JSON_REQUIRED, 1, EVENT_TEXT_MAX, &s->mode);
	json_in_hex(in, "nonce", JSON_REQUIRED, sizeof s->nonce, s->nonce, &s->nonce_len);
	json_in_text(in, "platform", JSON_REQUIRED, 1, 32, &s->platform);
	json_in_hash32(in, "rootId", JSON_REQUIRED, s->root_id, &present);
	read_map(in, "settings", &s->settings);
	json_in_value(in, "stateRoot", JSON_REQUIRED, &state_root);
	if (state_root != NULL && !json_is_null(state_root))
		json_in_fail(in, "stateRoot", ERR_RANGE, "must be null in this version");
	json_in_u64(in, "timeUnverified", JSON_REQUIRED, 0, UINT64_C(1) << 53, &s->time_unverified);
	read_tls_key_hash(in, s);
	json_in_u64(in, "version", JSON_REQUIRED, 1, 1, &version);
}

int
attestation_read_statement(struct attestation *a)
{
	struct attested *s = &a->attested;
	struct json_in in;
	int r;

	if (a->error.err != 0)
		return a->error.err;
	json_in_enter(&a->document, a->statement, "statement", &in);
	read_members(&in, s);
	if ((r = json_in_close(&in)) != 0)
		return r;
	if ((r = canonical_write(a->statement, &s->text)) != 0 ||
	    (r = canonical_write(s->settings, &s->settings_text)) != 0 ||
	    (r = canonical_write(s->binaries, &s->binaries_text)) != 0) {
		json_in_fail(&in, NULL, r, "has no canonical form (RFC 8785)");
		return r;
	}
	return 0;
}

void
attestation_close(struct attestation *a)
{
	json_in_free(&a->document);
	buffer_free(&a->attested.text);
	buffer_free(&a->attested.settings_text);
	buffer_free(&a->attested.binaries_text);
	buffer_free(&a->message);
}
