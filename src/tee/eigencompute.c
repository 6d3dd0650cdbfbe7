#include "tee/eigencompute.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "tee/oracle.h"
#include "tee/unix_http.h"
#include "base/banned.h"

#define WITHIN_MS 60000 /* a TPM is slow, and tokens are made elsewhere */
#define AGAIN_WITHIN_MS 5000
#define ROOM (BOUND_EVIDENCE_MAX + HTTP_REPLY_HEAD_MAX)
#define NO_ENDPOINT 404

struct eigencompute {
	struct tee_io io;
	int settled;
	enum oracle_kind kind;
	struct bytes answer; /* in room */
	uint8_t room[ROOM];
};

static const char *
kind_name(enum oracle_kind kind)
{
	switch (kind) {
	case ORACLE_BOUND_EVIDENCE:
		return "bound evidence";
	case ORACLE_TOKEN_PKI:
		return "PKI token";
	case ORACLE_TOKEN_OIDC:
		return "OIDC token";
	}
	return "?";
}

static int
is_passing(int err)
{
	return err == ERR_UNSUPPORTED || err == ERR_CLOSED || err == ERR_IO;
}

/* A JWT's characters, in three runs: anything else is an error text with status 200. */
static int
is_token(struct bytes b)
{
	unsigned dots = 0;

	for (size_t i = 0; i < b.len; i++) {
		uint8_t c = b.p[i];

		if (c == '.') {
			dots++;
			if (i == 0 || b.p[i - 1] == '.')
				return 0;
		} else if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
			   !(c >= '0' && c <= '9') && c != '-' && c != '_') {
			return 0;
		}
	}
	return dots == 2 && b.p[b.len - 1] != '.';
}

static int
take_answer(struct eigencompute *e, enum oracle_kind kind, struct bytes body)
{
	if (kind == ORACLE_BOUND_EVIDENCE) {
		if (body.len == 0 || body.len > BOUND_EVIDENCE_MAX)
			return ERR_EVIDENCE;
	} else {
		if (body.len > 0 && body.p[body.len - 1] == '\n')
			body.len--;
		if (body.len == 0 || body.len > SPACE_TOKEN_MAX || !is_token(body))
			return ERR_EVIDENCE;
	}
	e->answer = body;
	return 0;
}

/* Error bodies are plain text. */
static int
refused(enum oracle_kind kind, const struct http_reply *reply)
{
	log_event(LOG_WARN, "launcher-refused", LOG_STR("asked", kind_name(kind)),
		  LOG_INT("status", reply->status),
		  LOG_STRN("text", (const char *)reply->body.p, reply->body.len));
	return reply->status == NO_ENDPOINT ? ERR_UNSUPPORTED : ERR_IO;
}

static int
ask(struct eigencompute *e, enum oracle_kind kind, const uint8_t report_data[64])
{
	struct tee_pause pause = tee_pause_of(&e->io, AGAIN_WITHIN_MS);
	struct http_reply reply;
	struct oracle oracle;
	int r;

	if ((r = oracle_request(kind, report_data, &oracle)) != 0)
		return r;
	do {
		r = unix_http(&e->io, &oracle.request, WITHIN_MS, e->room, sizeof e->room, &reply);
	} while (is_passing(r) && tee_pause(&e->io, &pause) == 0);
	if (r != 0)
		return r;
	if (reply.status != 200)
		return refused(kind, &reply);
	return take_answer(e, kind, reply.body);
}

/*
 * The first kind that this launcher gives. Bound evidence that exists and fails
 * is a failure; a token of one type that fails may exist as the other.
 */
static int
settle(struct eigencompute *e, const uint8_t report_data[64])
{
	static const enum oracle_kind order[] = {ORACLE_BOUND_EVIDENCE, ORACLE_TOKEN_PKI,
						 ORACLE_TOKEN_OIDC};
	int r = ERR_UNSUPPORTED;

	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if ((r = ask(e, order[i], report_data)) == 0) {
			e->kind = order[i];
			e->settled = 1;
			log_event(LOG_INFO, "launcher-gives", LOG_STR("kind", kind_name(e->kind)));
			return 0;
		}
		if (order[i] == ORACLE_BOUND_EVIDENCE && r != ERR_UNSUPPORTED)
			return r;
		if (r != ERR_UNSUPPORTED && r != ERR_IO)
			return r;
	}
	return r;
}

static int
eigencompute_evidence(void *state, const uint8_t report_data[64], struct tee_evidence *ret)
{
	struct eigencompute *e = state;
	int r = e->settled ? ask(e, e->kind, report_data) : settle(e, report_data);

	if (r != 0)
		return r;
	if (e->kind == ORACLE_BOUND_EVIDENCE)
		*ret = (struct tee_evidence){.type = TEE_BOUND_EVIDENCE, .attestation = e->answer};
	else
		*ret = (struct tee_evidence){.type = TEE_SPACE_TOKEN, .token = e->answer};
	return 0;
}

/* The launcher measures the image before it starts; nothing of ours can follow. */
static int
eigencompute_open(const struct tee_host *host, const struct event_log *log, void **ret_state,
		  int *ret_measured)
{
	struct eigencompute *e = calloc(1, sizeof *e);

	(void)log;
	if (e == NULL)
		return ERR_MEM;
	e->io = host->io;
	*ret_state = e;
	*ret_measured = 0;
	return 0;
}

static void
eigencompute_close(void *state)
{
	free(state);
}

const struct tee_platform eigencompute_platform = {
    .name = "eigencompute",
    .open = eigencompute_open,
    .evidence = eigencompute_evidence,
    .close = eigencompute_close,
};
