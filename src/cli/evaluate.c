#include "cli/evaluate.h"

#include <string.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/receipt_check.h"
#include "tdx/measurement.h"
#include "tdx/report_data.h"
#include "base/banned.h"

#define SIMULATED_HAS_NONE "simulated evidence"
#define NOT_EVALUATED "it needs the collateral of Intel, which this version does not evaluate"

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
		v->unreached = 1;
		return ERR_EVIDENCE;
	}
	check_pass(v, CHECK_DOCUMENT, "an attestation of version 1, every member as it must be");
	v->simulated = a->simulated;
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
		v->unreached = 1;
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

/* Who says that he is simulated must say so everywhere, and be expected to. */
static void
check_platform(struct evaluation *e, const struct question *q)
{
	const struct attestation *a = &e->attestation;
	const struct attested *s = &a->attested;
	struct verdict *v = &e->verdict;
	int simulated_mode = text_is(s->mode, "simulated") || text_is(s->mode, "simulated-dev");

	if (!has_statement(e)) {
		check_unreached(v, CHECK_PLATFORM);
	} else if (!bytes_equal(a->platform, s->platform) ||
		   a->simulated != text_is(s->platform, "simulated") ||
		   a->simulated != simulated_mode ||
		   (a->simulated && s->development != text_is(s->mode, "simulated-dev"))) {
		check_fail(v, CHECK_PLATFORM,
			   "document and statement name different platforms or modes");
	} else if (!a->simulated) {
		check_fail_reason(
		    v, CHECK_PLATFORM, TDX_COLLATERAL_MISSING,
		    "evidence of a real platform cannot be evaluated by this version");
	} else if (q->simulated_root.len == 0) {
		check_fail_reason(v, CHECK_PLATFORM, TDX_ROOT_NOT_TRUSTED,
				  "this TEE is simulated: its keys are published and anyone can "
				  "make such evidence; "
				  "accept it for development with --simulated-root FILE");
	} else {
		check_pass(v, CHECK_PLATFORM, "simulated, accepted because its root was named");
	}
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

static void
check_report_data(struct evaluation *e)
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
check_debug(struct evaluation *e)
{
	struct verdict *v = &e->verdict;

	if (!e->quote.has_quote)
		check_unreached(v, CHECK_DEBUG);
	else if (td_is_debug(&e->quote.quote))
		check_fail(v, CHECK_DEBUG, "the domain is in debug mode");
	else
		check_pass(v, CHECK_DEBUG, "debug is off");
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

static int
serves_tls(const struct attested *s)
{
	const json_t *value = json_object_get(s->settings, "SELFSAME_TLS");

	return json_is_string(value) && strcmp(json_string_value(value), "1") == 0;
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

void
evaluate(struct bytes document, const struct question *q, struct evaluation *ret)
{
	const struct attestation *a = &ret->attestation;

	memset(&ret->verdict, 0, sizeof ret->verdict);
	memset(&ret->quote, 0, sizeof ret->quote);
	if (read_document(document, ret) != 0)
		return;
	read_statement(ret);
	tdx_verify((struct bytes){a->quote, a->quote_len}, NULL, q->simulated_root,
		   q->at, &ret->quote);
	check_platform(ret, q);
	check_nonce(ret, q);
	check_report_data(ret);
	check_quote_steps(&ret->verdict, &ret->quote,
			  a->simulated ? SIMULATED_HAS_NONE : NOT_EVALUATED);
	check_debug(ret);
	check_event_log(ret);
	check_measured(ret);
	check_instance_key(ret);
	check_tls_key(ret, q);
	for (size_t i = 0; i < q->receipt_count; i++)
		receipt_check(q->receipt[i], &a->attested, &ret->verdict);
	for (size_t i = 0; i < q->expectation_count; i++)
		expectation_check(&q->expectation[i], a,
				  ret->quote.has_quote ? &ret->quote.quote : NULL, &ret->verdict);
}

void
evaluation_close(struct evaluation *e)
{
	attestation_close(&e->attestation);
}
