#include "tee/dstack.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "tee/dstack_agent.h"
#include "tee/quote_check.h"
#include "base/banned.h"

/* Each may double when its quotes are escaped, and all go into one document. */
#define EVENT_TEXT_CAP 40960 /* of the event log */
#define CONFIG_TEXT_CAP 16384
#define COMPOSE_TEXT_CAP 32768 /* a longer one is left out: a verifier can be given it */
#define BODY_MAX 512

struct dstack {
	struct dstack_agent agent;
	uint8_t quote[TEE_QUOTE_MAX];
	size_t quote_len;
	struct buffer event_log;
	struct buffer vm_config;
	struct buffer app_compose;
	int has_app_compose;
	uint8_t room[DSTACK_ANSWER_MAX];
};

static void
dstack_close(void *state)
{
	struct dstack *d = state;

	buffer_free(&d->event_log);
	buffer_free(&d->vm_config);
	buffer_free(&d->app_compose);
	free(d);
}

/* A member's text into a buffer of ours: the tree lives until the next call only. */
static int
keep_text(struct json_in *in, const char *name, enum json_need need, struct buffer *ret)
{
	struct bytes text = {NULL, 0};

	buffer_reset(ret);
	json_in_text(in, name, need, 0, ret->max, &text);
	if (text.p != NULL)
		buffer_add(ret, text.p, text.len);
	return ret->err;
}

static int
take_quote(struct dstack *d, struct dstack_answer *a)
{
	int r;

	dstack_hex(a, "quote", d->quote, sizeof d->quote, &d->quote_len);
	if ((r = keep_text(&a->in, "event_log", JSON_REQUIRED, &d->event_log)) != 0)
		return r;
	/* Tappd has none */
	if ((r = keep_text(&a->in, "vm_config", JSON_OPTIONAL, &d->vm_config)) != 0)
		return r;
	return a->error.err == 0 ? 0 : ERR_EVIDENCE;
}

static int
get_quote(struct dstack *d, const uint8_t report_data[64])
{
	uint8_t text[BODY_MAX];
	struct writer w = writer_of(text, sizeof text);
	int is_tappd = (d->agent.surfaces & DSTACK_V0) == 0;
	struct dstack_answer a;
	int r;

	write_text(&w, "{\"report_data\":\"");
	write_hex(&w, report_data, 64);
	/* else Tappd hashes what it gets, under a tag */
	write_text(&w, is_tappd ? "\",\"hash_algorithm\":\"raw\"}" : "\"}");
	r = dstack_call(&d->agent, is_tappd ? "/prpc/Tappd.TdxQuote" : "/GetQuote",
			(struct bytes){text, w.len}, &a);
	if (r != 0)
		return r;
	r = take_quote(d, &a);
	dstack_answer_close(&a);
	return r != 0 ? r : quote_check((struct bytes){d->quote, d->quote_len}, report_data);
}

static int
dstack_evidence(void *state, const uint8_t report_data[64], struct tee_evidence *ret)
{
	struct dstack *d = state;
	int r;

	if ((r = get_quote(d, report_data)) != 0)
		return r;
	*ret = (struct tee_evidence){
	    .type = TEE_DSTACK,
	    .quote = {d->quote, d->quote_len},
	    .event_log = {d->event_log.p, d->event_log.len},
	    .vm_config = {d->vm_config.p, d->vm_config.len},
	};
	if (d->has_app_compose)
		ret->app_compose = (struct bytes){d->app_compose.p, d->app_compose.len};
	return 0;
}

static void
keep_compose(struct dstack *d, struct json_in *tcb_info)
{
	struct bytes text = {NULL, 0};

	json_in_text(tcb_info, "app_compose", JSON_REQUIRED, 0, DSTACK_ANSWER_MAX, &text);
	if (text.p == NULL || text.len > d->app_compose.max)
		return;
	buffer_add(&d->app_compose, text.p, text.len);
	d->has_app_compose = d->app_compose.err == 0;
}

static int
text_is(const json_t *value, const char *text)
{
	return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

/* Whether this boot's event stands in the log that Info shows. */
static int
has_event(struct json_in *tcb_info, const char *payload)
{
	json_t *log = NULL;

	json_in_value(tcb_info, "event_log", JSON_OPTIONAL, &log);
	for (size_t i = 0; i < json_array_size(log); i++) {
		const json_t *event = json_array_get(log, i);

		if (text_is(json_object_get(event, "event"), DSTACK_EVENT) &&
		    text_is(json_object_get(event, "event_payload"), payload))
			return 1;
	}
	return 0;
}

/*
 * Info is no evidence: it gives the compose file, whose hash the quote binds, and
 * says what needs not be emitted again. An attester without it can work.
 */
static int
read_info(struct dstack *d, const char *payload, int *ret_has_event)
{
	struct json_error error;
	struct json_in tcb_info;
	struct dstack_answer a;
	struct bytes text = {NULL, 0};
	int r;

	r = dstack_call(&d->agent, "/Info", (struct bytes){(const uint8_t *)"{}", 2}, &a);
	if (r != 0)
		return r;
	json_in_text(&a.in, "tcb_info", JSON_REQUIRED, 0, DSTACK_ANSWER_MAX, &text);
	if ((r = a.error.err) != 0 ||
	    (r = json_in_open(text.p, text.len, &tcb_info, &error)) != 0)
		goto out;
	keep_compose(d, &tcb_info);
	*ret_has_event = has_event(&tcb_info, payload);
	json_in_free(&tcb_info);
out:
	dstack_answer_close(&a);
	return r;
}

/* From 0.6 on, where v1 is, the agent refuses, by design: an event less that nothing needs. */
static void
emit_event(struct dstack *d, const char *payload)
{
	uint8_t text[BODY_MAX];
	struct writer w = writer_of(text, sizeof text);
	struct dstack_answer a;

	write_text(&w, "{\"event\":\"" DSTACK_EVENT "\",\"payload\":\"");
	write_text(&w, payload);
	write_text(&w, "\"}");
	if (dstack_call(&d->agent, "/EmitEvent", (struct bytes){text, w.len}, &a) != 0)
		return;
	dstack_answer_close(&a);
	log_note(LOG_INFO, "dstack-event-emitted");
}

static void
introduce(struct dstack *d, const struct rtmr_bank *bank)
{
	char payload[2 * RTMR_LEN + 1];
	int emitted = 0;

	hex_encode(bank->value[EVENT_RTMR], RTMR_LEN, payload);
	if (read_info(d, payload, &emitted) != 0) {
		log_note(LOG_WARN, "dstack-info-missing");
		return;
	}
	if (!emitted && (d->agent.surfaces & DSTACK_V1) == 0)
		emit_event(d, payload);
}

static int
dstack_open(const struct tee_host *host, const struct event_log *log, void **ret_state,
	    int *ret_measured)
{
	struct rtmr_bank bank;
	struct dstack *d;
	size_t bad;
	int r;

	if ((r = event_log_replay(log, &bank, &bad)) != 0)
		return r;
	if ((d = calloc(1, sizeof *d)) == NULL)
		return ERR_MEM;
	d->agent = (struct dstack_agent){.io = host->io, .room = d->room,
					.room_len = sizeof d->room};
	d->event_log = buffer_of(EVENT_TEXT_CAP);
	d->vm_config = buffer_of(CONFIG_TEXT_CAP);
	d->app_compose = buffer_of(COMPOSE_TEXT_CAP);
	if ((r = dstack_probe(&d->agent)) != 0)
		goto fail;
	/* v1 alone attests in a form of its own; every agent that has it has v0, too */
	if ((r = (d->agent.surfaces & (DSTACK_V0 | DSTACK_TAPPD)) != 0 ? 0 : ERR_UNSUPPORTED) != 0)
		goto fail;
	if ((d->agent.surfaces & DSTACK_V0) != 0)
		introduce(d, &bank);
	*ret_state = d;
	*ret_measured = 0; /* the register is the system's */
	return 0;
fail:
	dstack_close(d);
	return r;
}

const struct tee_platform dstack_platform = {
    .name = "dstack",
    .open = dstack_open,
    .evidence = dstack_evidence,
    .close = dstack_close,
};
