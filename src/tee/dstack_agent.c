#include "tee/dstack_agent.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/banned.h"

#define WITHIN_MS 30000
#define AGAIN_WITHIN_MS 5000
#define ERROR_MAX 4096
#define NO_METHOD "Service not found"

static const struct bytes nothing = {(const uint8_t *)"{}", 2};

static int
begins_with(struct bytes b, const char *text)
{
	return b.len >= strlen(text) && memcmp(b.p, text, strlen(text)) == 0;
}

/* {"error": text}; an empty run when the body is anything else. */
static struct bytes
error_text(struct bytes body, struct json_in *in, struct json_error *error)
{
	struct bytes text = {(const uint8_t *)"", 0};

	*in = (struct json_in){.error = error};
	if (json_in_open(body.p, body.len, in, error) == 0)
		json_in_text(in, "error", JSON_REQUIRED, 0, ERROR_MAX, &text);
	return text;
}

/* Whether the interface that this path belongs to is there, whatever it says about the method. */
static int
is_mounted(const struct http_reply *reply)
{
	struct json_error error;
	struct json_in in;
	int mounted = reply->status == 200 || reply->status == 400;

	if (reply->status != 404)
		return mounted;
	mounted = begins_with(error_text(reply->body, &in, &error), NO_METHOD);
	json_in_free(&in);
	return mounted;
}

static int
is_passing(int err)
{
	return err == ERR_UNSUPPORTED || err == ERR_CLOSED || err == ERR_IO;
}

static int
ask(const struct dstack_agent *agent, const char *path, struct bytes body, struct http_reply *ret)
{
	const struct http_request request = {path, body};
	struct tee_pause pause = tee_pause_of(&agent->io, AGAIN_WITHIN_MS);
	int r;

	do {
		r = unix_http(&agent->io, &request, WITHIN_MS, agent->room, agent->room_len,
			      ret);
	} while (is_passing(r) && tee_pause(&agent->io, &pause) == 0);
	return r;
}

int
dstack_probe(struct dstack_agent *agent)
{
	static const struct {
		enum dstack_surface surface;
		const char *path;
	} probes[] = {
	    {DSTACK_V1, "/v1/Version"},
	    {DSTACK_V0, "/Version"},
	    {DSTACK_TAPPD, "/prpc/Tappd.Version"},
	};
	struct http_reply reply;
	int r;

	agent->surfaces = 0;
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		if ((r = ask(agent, probes[i].path, nothing, &reply)) != 0)
			return r;
		if (is_mounted(&reply))
			agent->surfaces |= (unsigned)probes[i].surface;
	}
	return agent->surfaces != 0 ? 0 : ERR_UNSUPPORTED;
}

static int
refused(const char *path, const struct http_reply *reply)
{
	struct json_error error;
	struct json_in in;
	struct bytes text = error_text(reply->body, &in, &error);
	int r = reply->status == 404 ? ERR_NOT_FOUND : ERR_IO;

	log_event(LOG_WARN, "dstack-agent-refused", LOG_STR("path", path),
		  LOG_INT("status", reply->status),
		  LOG_STRN("text", (const char *)text.p, text.len));
	json_in_free(&in);
	return r;
}

int
dstack_call(const struct dstack_agent *agent, const char *path, struct bytes body,
	    struct dstack_answer *ret)
{
	struct http_reply reply;
	int r;

	if ((r = ask(agent, path, body, &reply)) != 0)
		return r;
	if (reply.status != 200)
		return refused(path, &reply);
	if ((r = json_in_open(reply.body.p, reply.body.len, &ret->in, &ret->error)) != 0)
		return r;
	ret->open = 1;
	return 0;
}

void
dstack_answer_close(struct dstack_answer *a)
{
	if (a->open)
		json_in_free(&a->in);
	a->open = 0;
}

void
dstack_hex(struct dstack_answer *a, const char *name, uint8_t *ret, size_t cap, size_t *ret_len)
{
	struct bytes text = {NULL, 0};

	json_in_text(&a->in, name, JSON_REQUIRED, 0, 2 * cap + 2, &text);
	if (a->error.err != 0)
		return;
	if (begins_with(text, "0x")) {
		text.p += 2;
		text.len -= 2;
	}
	if (text.len / 2 > cap ||
	    hex_decode((const char *)text.p, text.len, ret, text.len / 2) != 0) {
		json_in_fail(&a->in, name, ERR_PARSE, "must be hex digits");
		return;
	}
	*ret_len = text.len / 2;
}
