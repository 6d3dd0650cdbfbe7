#include "cli/attestation_checks.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/receipt_check.h"
#include "tdx/measurement.h"
#include "tdx/report_data.h"
#include "base/banned.h"

static int
text_is(struct bytes b, const char *text)
{
	return b.len == strlen(text) && memcmp(b.p, text, b.len) == 0;
}

static int
read_document(struct bytes document, struct evaluation *e)
{
	struct attestation *a = &e->attestation;
	struct verdict *v = &e->verdict;

	if (attestation_open(a, document.p, document.len) != 0) {
		check_fail(v, CHECK_DOCUMENT, "%s%s%s", a->error.field,
			   a->error.field[0] != '\0' ? ": " : "", a->error.text);
		return ERR_EVIDENCE;
	}
	check_pass(v, CHECK_DOCUMENT, "an attestation of version 1, every member as it must be");
	v->simulated |= a->simulated;
	return 0;
}

static void
read_statement(struct evaluation *e)
{
	struct attestation *a = &e->attestation;
	struct verdict *v = &e->verdict;

	if (attestation_read_statement(a) != 0) {
		/* a half-read statement must not be judged by its first half */
		buffer_reset(&a->attested.text);
		check_fail(v, CHECK_STATEMENT, "%s: %s", a->error.field, a->error.text);
		return;
	}
	check_pass(v, CHECK_STATEMENT, "%zu bytes in canonical form (RFC 8785)",
		   a->attested.text.len);
	v->development = a->attested.development;
}

static int
has_statement(const struct evaluation *e)
{
	return e->attestation.attested.text.len > 0;
}

/* Which platform gives evidence of which kind. */
static int
platform_gives(struct bytes platform, enum attestation_kind kind)
{
	static const struct {
		const char *platform;
		enum attestation_kind kind;
	} rows[] = {
	    {"simulated", ATTESTATION_TDX_QUOTE},
	    {"tsm", ATTESTATION_TDX_QUOTE},
	    {"dstack", ATTESTATION_DSTACK},
	    {"eigencompute", ATTESTATION_BOUND_EVIDENCE},
	    {"eigencompute", ATTESTATION_SPACE_TOKEN},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (text_is(platform, rows[i].platform) && rows[i].kind == kind)
			return 1;
	return 0;
}

/* Who says that he is simulated must say so everywhere. */
static int
names_agree(const struct attestation *a)
{
	const struct attested *s = &a->attested;

	if (!bytes_equal(a->platform, s->platform) ||
	    a->simulated != text_is(s->platform, "simulated"))
		return 0;
	if (!a->simulated)
		return bytes_equal(s->mode, s->platform);
	return text_is(s->mode, s->development ? "simulated-dev" : "simulated");
}

static void
check_platform(struct evaluation *e, const struct question *q)
{
	const struct attestation *a = &e->attestation;
	struct verdict *v = &e->verdict;
	int shown = (int)(a->platform.len < 32 ? a->platform.len : 32);

	if (!has_statement(e))
		check_unreached(v, CHECK_PLATFORM);
	else if (!names_agree(a))
		check_fail(v, CHECK_PLATFORM,
			   "document and statement name different platforms or modes");
	else if (!platform_gives(a->platform, a->kind))
		check_fail(v, CHECK_PLATFORM, "no evidence of this kind comes from %.*s", shown,
			   (const char *)a->platform.p);
	else if (!a->simulated)
		check_pass(v, CHECK_PLATFORM, "%.*s%s", shown, (const char *)a->platform.p,
			   q->simulated_root ? ", under a root that is not Intel's but was named"
					     : "");
	else if (!q->simulated_root)
		check_fail_reason(v, CHECK_PLATFORM, TDX_ROOT_NOT_TRUSTED,
				  "this TEE is simulated: its keys are published and anyone can "
				  "make such evidence; "
				  "accept it for development with --simulated-root FILE");
	else
		check_pass(v, CHECK_PLATFORM, "simulated, accepted because its root was named");
}

static void
check_nonce(struct evaluation *e, const struct question *q)
{
	const struct attested *s = &e->attestation.attested;
	struct verdict *v = &e->verdict;

	if (!has_statement(e))
		check_unreached(v, CHECK_NONCE);
	else if (!q->has_nonce)
		check_skip(v, CHECK_NONCE,
			   "no --nonce was given: this evidence may be old, or a copy");
	else if (bytes_equal(q->nonce, (struct bytes){s->nonce, s->nonce_len}))
		check_pass(v, CHECK_NONCE, "answers the nonce that was asked");
	else
		check_fail(v, CHECK_NONCE, "answers another nonce than the one that was asked");
}

static int
passed(const struct verdict *v, const char *name)
{
	const struct check *c = verdict_find(v, name);

	return c != NULL && c->result == CHECK_PASSED;
}

/* The verifiers of these were asked with a challenge and a nonce made of the report data. */
static void
check_bound(struct evaluation *e, const char *first, const char *second)
{
	struct verdict *v = &e->verdict;

	if (!has_statement(e))
		check_unreached(v, CHECK_REPORT_DATA);
	else if (passed(v, first) && passed(v, second))
		check_pass(v, CHECK_REPORT_DATA, "the statement's hash is what %s and %s are about",
			   first, second);
	else
		check_fail(v, CHECK_REPORT_DATA, "the evidence is not about the statement's hash");
}

static void
check_quoted(struct evaluation *e)
{
	const struct buffer *text = &e->attestation.attested.text;
	struct verdict *v = &e->verdict;
	struct bytes found;
	uint8_t wanted[64];

	if (!has_statement(e) || !e->quote.has_quote ||
	    report_data_of((struct bytes){text->p, text->len}, wanted) != 0 ||
	    quote_field(&e->quote.quote, "reportData", 10, &found) != 0)
		check_unreached(v, CHECK_REPORT_DATA);
	else if (memcmp(found.p, wanted, sizeof wanted) == 0)
		check_pass(v, CHECK_REPORT_DATA,
			   "SHA-512(\"selfsame/statement/v1\\0\" || statement), as in the quote");
	else
		check_fail(v, CHECK_REPORT_DATA,
			   "the quote's report data is not the statement's hash");
}

static void
check_report_data(struct evaluation *e)
{
	switch (e->attestation.kind) {
	case ATTESTATION_TDX_QUOTE:
	case ATTESTATION_DSTACK:
		check_quoted(e);
		break;
	case ATTESTATION_BOUND_EVIDENCE:
		check_bound(e, bound_step_name(BOUND_STEP_TPM_NONCE),
			    bound_step_name(BOUND_STEP_BINDING));
		break;
	case ATTESTATION_SPACE_TOKEN:
		check_bound(e, cs_step_name(CS_STEP_AUDIENCE), cs_step_name(CS_STEP_NONCE));
		break;
	}
}

/* Where RTMR3 is the platform's, its own checks tell what runs. */
static const char *
covered_by(enum attestation_kind kind)
{
	switch (kind) {
	case ATTESTATION_TDX_QUOTE:
		break;
	case ATTESTATION_DSTACK:
		return "the application's compose hash covers the programs (compose-hash)";
	case ATTESTATION_BOUND_EVIDENCE:
	case ATTESTATION_SPACE_TOKEN:
		return "the container's image covers the programs (image)";
	}
	return NULL;
}

static int
is_covered(const struct evaluation *e)
{
	return !e->attestation.has_events && covered_by(e->attestation.kind) != NULL;
}

/* Whether the log's register is the quote's; a register without events proves nothing. */
static void
check_event_log(struct evaluation *e)
{
	const struct event_log *log = &e->attestation.events.log;
	struct verdict *v = &e->verdict;
	struct rtmr_bank bank;
	struct bytes found;
	size_t bad = 0;
	int r;

	if (is_covered(e)) {
		check_skip(v, CHECK_EVENT_LOG, "RTMR3 is the platform's own");
		return;
	}
	if (!e->quote.has_quote || quote_field(&e->quote.quote, "rtmr3", 5, &found) != 0) {
		check_unreached(v, CHECK_EVENT_LOG);
		return;
	}
	r = event_log_replay(log, &bank, &bad);
	if (!e->attestation.has_events)
		check_fail(v, CHECK_EVENT_LOG,
			   "there is none: nothing says which programs this instance runs");
	else if (r == ERR_EVIDENCE)
		check_fail(v, CHECK_EVENT_LOG, "the digest of event %zu is not that of its content",
			   bad);
	else if (r != 0)
		check_fail(v, CHECK_EVENT_LOG, "it cannot be replayed: %s", err_text(r));
	else if (bank.extended[EVENT_RTMR] != log->count || log->count == 0)
		check_fail(v, CHECK_EVENT_LOG, "it must hold events, and of RTMR3 only");
	else if (memcmp(bank.value[EVENT_RTMR], found.p, RTMR_LEN) != 0)
		check_fail(v, CHECK_EVENT_LOG,
			   "it replays to another value than the quote's RTMR3");
	else
		check_pass(v, CHECK_EVENT_LOG, "%zu events replay to the quote's RTMR3",
			   log->count);
}

static int
logs_equal(const struct event_log *a, const struct event_log *b)
{
	if (a->count != b->count)
		return 0;
	/* the digest is injective in all that an event says, but for its register */
	for (size_t i = 0; i < a->count; i++)
		if (a->event[i].rtmr != b->event[i].rtmr ||
		    memcmp(a->event[i].digest, b->event[i].digest, sizeof a->event[i].digest) != 0)
			return 0;
	return 1;
}

/* The log that the statement's mode, settings and binaries make is the log that was measured. */
static void
check_measured(struct evaluation *e)
{
	const struct attested *s = &e->attestation.attested;
	struct verdict *v = &e->verdict;
	struct measurement m;

	if (is_covered(e)) {
		check_skip(v, CHECK_MEASURED, "%s", covered_by(e->attestation.kind));
		return;
	}
	if (!has_statement(e)) {
		check_unreached(v, CHECK_MEASURED);
		return;
	}
	if (measurement_make(s->mode, (struct bytes){s->settings_text.p, s->settings_text.len},
			     (struct bytes){s->binaries_text.p, s->binaries_text.len}, &m) != 0)
		check_fail(v, CHECK_MEASURED, "binaries are not names with a SHA-256 each");
	else if (!logs_equal(&m.log, &e->attestation.events.log))
		check_fail(v, CHECK_MEASURED,
			   "the log measures other binaries, settings or another mode");
	else
		check_pass(v, CHECK_MEASURED, "mode, %zu settings and %zu binaries are in the log",
			   json_object_size(s->settings), json_object_size(s->binaries));
}

static void
check_instance_key(struct evaluation *e)
{
	const struct attested *s = &e->attestation.attested;
	struct verdict *v = &e->verdict;
	char hex[67];

	if (!has_statement(e)) {
		check_unreached(v, CHECK_INSTANCE_KEY);
		return;
	}
	hex_encode_0x(s->instance_key, sizeof s->instance_key, hex);
	if (crypto_core_ed25519_is_valid_point(s->instance_key))
		check_pass(v, CHECK_INSTANCE_KEY, "%s", hex);
	else
		check_fail(v, CHECK_INSTANCE_KEY, "%s is not an Ed25519 key", hex);
}

/* A setting's text, or NULL. */
static const char *
setting(const struct attested *s, const char *name)
{
	return json_string_value(json_object_get(s->settings, name));
}

static int
setting_is(const struct attested *s, const char *name, const char *text)
{
	const char *value = setting(s, name);

	return value != NULL && strcmp(value, text) == 0;
}

static int
addresses_equal(const char *a, const char *b)
{
	uint8_t x[20], y[20];

	return hex_decode_0x(a, strlen(a), x, sizeof x) == 0 &&
	       hex_decode(b, strlen(b), y, sizeof y) == 0 && memcmp(x, y, sizeof x) == 0;
}

/*
 * A MNEMONIC in the environment is the KMS's only if something says so: the attester does not
 * start with one that is not on the list. But that list could be of any application.
 */
static void
check_mnemonic(struct evaluation *e)
{
	const struct attested *s = &e->attestation.attested;
	const char *listed = setting(s, "SELFSAME_APP_ID");
	const char *found = facts_find(&e->facts, "appId");
	const char *kms = setting(s, "SELFSAME_KMS_ENVIRONMENT");

	if (setting(s, "SELFSAME_KMS_ADDRESSES") == NULL || listed == NULL)
		check_skip(&e->verdict, CHECK_ROOT_SECRET,
			   "MNEMONIC came from the environment, and nothing shows that a KMS made "
			   "it: whoever put it there knows every key");
	else if (found == NULL)
		check_skip(&e->verdict, CHECK_ROOT_SECRET,
			   "MNEMONIC is on the KMS's list for application %.64s; the evidence does "
			   "not say that this is it", listed);
	else if (addresses_equal(listed, found))
		check_pass(&e->verdict, CHECK_ROOT_SECRET,
			   "MNEMONIC is on the list of the KMS (%.32s) for this application",
			   kms != NULL ? kms : "mainnet-alpha");
	else
		check_fail(&e->verdict, CHECK_ROOT_SECRET,
			   "MNEMONIC is on the KMS's list for application %.64s, and this is %s",
			   listed, found);
}

/* The chain beside the statement counts only as that of the key which the statement names. */
static void
check_derived(struct evaluation *e)
{
	const struct dstack_key_text *given = &e->attestation.key;
	const struct bytes key = given->key.claim.public_key;
	const char *named = setting(&e->attestation.attested, "rootKey");
	struct verdict *v = &e->verdict;
	uint8_t root_key[33];

	if (named == NULL || hex_decode_0x(named, strlen(named), root_key, sizeof root_key) != 0)
		check_fail(v, CHECK_ROOT_SECRET, "the statement does not name the key: no rootKey");
	else if (given->has_chain &&
		 (key.len != sizeof root_key || memcmp(key.p, root_key, sizeof root_key) != 0))
		check_fail(v, CHECK_ROOT_SECRET,
			   "the signature chain is of another key than the statement's rootKey");
	else
		check_pass(v, CHECK_ROOT_SECRET, "derived for this application by dstack's agent");
}

static void
check_root_secret(struct evaluation *e)
{
	const struct attested *s = &e->attestation.attested;
	struct verdict *v = &e->verdict;

	if (!has_statement(e))
		check_unreached(v, CHECK_ROOT_SECRET);
	else if (e->attestation.simulated)
		check_skip(v, CHECK_ROOT_SECRET, "simulated: whoever runs this machine knows it");
	else if (setting_is(s, "rootSource", "dstack"))
		check_derived(e);
	else
		check_mnemonic(e);
}

static int
serves_tls(const struct attested *s)
{
	return setting_is(s, "SELFSAME_TLS", "1");
}

/* The certificate is self-signed by design: the attested key, not a CA, says who the peer is. */
static void
check_tls_key(struct evaluation *e, const struct question *q)
{
	const struct attested *s = &e->attestation.attested;
	struct verdict *v = &e->verdict;
	char hex[67];

	if (!has_statement(e)) {
		check_unreached(v, CHECK_TLS_KEY);
		return;
	}
	hex_encode_0x(s->tls_key_hash, sizeof s->tls_key_hash, hex);
	if (serves_tls(s) != s->has_tls_key_hash)
		check_fail(v, CHECK_TLS_KEY,
			   "setting SELFSAME_TLS and tlsKeyHash contradict each other");
	else if (q->channel == CHANNEL_TLS && !s->has_tls_key_hash)
		check_fail(v, CHECK_TLS_KEY, "the connection's TLS ends outside of the instance");
	else if (q->channel == CHANNEL_TLS &&
		 memcmp(q->peer_key_hash, s->tls_key_hash, sizeof s->tls_key_hash) != 0)
		check_fail(v, CHECK_TLS_KEY, "the peer's TLS key is not the attested one");
	else if (q->channel == CHANNEL_TLS)
		check_pass(v, CHECK_TLS_KEY, "the peer's TLS key is the attested one");
	else if (s->has_tls_key_hash)
		check_skip(v, CHECK_TLS_KEY, "not fetched over TLS; compare with the peer's: %s",
			   hex);
	else
		check_skip(v, CHECK_TLS_KEY, "this instance serves no TLS of its own");
}

/* --- */

static void
add_map(struct facts *f, const char *prefix, json_t *map)
{
	const char *name;
	json_t *value;

	json_object_foreach(map, name, value)
	{
		struct bytes text = {(const uint8_t *)json_string_value(value),
				     json_string_length(value)};

		facts_add_member(f, prefix, name, text);
	}
}

static void
add_facts(struct evaluation *e)
{
	const struct attested *s = &e->attestation.attested;

	if (!has_statement(e))
		return;
	facts_add(&e->facts, "platform", s->platform);
	facts_add(&e->facts, "mode", s->mode);
	facts_add_hex(&e->facts, "instanceKey", s->instance_key, sizeof s->instance_key);
	facts_add_hex(&e->facts, "rootId", s->root_id, sizeof s->root_id);
	if (s->has_tls_key_hash)
		facts_add_hex(&e->facts, "tlsKeyHash", s->tls_key_hash, sizeof s->tls_key_hash);
	add_map(&e->facts, "binaries", s->binaries);
	add_map(&e->facts, "settings", s->settings);
}

int
attestation_check_first(struct evaluation *e, const struct question *q, struct bytes document)
{
	if (read_document(document, e) != 0)
		return ERR_EVIDENCE;
	read_statement(e);
	check_platform(e, q);
	check_nonce(e, q);
	check_tls_key(e, q);
	add_facts(e);
	return 0;
}

void
attestation_check_rest(struct evaluation *e, const struct question *q)
{
	check_report_data(e);
	check_event_log(e);
	check_measured(e);
	check_root_secret(e);
	check_instance_key(e);
	for (size_t i = 0; i < q->receipt_count; i++)
		receipt_check(q->receipt[i], &e->attestation.attested, &e->verdict);
}
