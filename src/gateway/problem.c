#include "gateway/problem.h"

#include "base/err.h"
#include "json/writer.h"
#include "base/banned.h"

struct entry {
	const char *slug;
	int status;
	const char *title;
};

static const struct entry entries[PROBLEMS_COUNT] = {
#define PROBLEM(name, slug, status, title) [PROBLEM_##name] = {slug, status, title},
#include "gateway/problem.def"
#undef PROBLEM
};

int
problem_status(enum problem_id id)
{
	return entries[id].status;
}

const char *
problem_slug(enum problem_id id)
{
	return entries[id].slug;
}

void
problem_write(const struct problem *p, struct buffer *out)
{
	const struct entry *e = &entries[p->id];
	struct json_writer w = json_writer_of(out);
	struct buffer type = buffer_of(128);

	buffer_text(&type, "urn:selfsame:problem:");
	buffer_text(&type, e->slug);
	json_object_begin(&w, NULL);
	json_textn(&w, "type", (const char *)type.p, type.len);
	json_text(&w, "title", e->title);
	json_u64(&w, "status", (uint64_t)e->status);
	if (p->detail != NULL)
		json_text(&w, "detail", p->detail);
	if (p->field != NULL && p->field[0] != '\0')
		json_text(&w, "field", p->field);
	if (p->rule != NULL && p->rule[0] != '\0')
		json_text(&w, "rule", p->rule);
	if (p->member != NULL)
		json_raw(&w, p->member, p->json, p->json_len);
	json_object_end(&w);
	buffer_free(&type);
}

enum problem_id
problem_of_status(int status)
{
	switch (status) {
	case 408:
		return PROBLEM_REQUEST_TIMEOUT;
	case 411:
		return PROBLEM_LENGTH_REQUIRED;
	case 413:
		return PROBLEM_BODY_TOO_LONG;
	case 414:
		return PROBLEM_TARGET_TOO_LONG;
	case 417:
		return PROBLEM_EXPECTATION_FAILED;
	case 431:
		return PROBLEM_HEADERS_TOO_LONG;
	case 501:
		return PROBLEM_NOT_IMPLEMENTED;
	case 503:
		return PROBLEM_OVERLOADED;
	case 505:
		return PROBLEM_HTTP_VERSION;
	default:
		return PROBLEM_MALFORMED_REQUEST;
	}
}

enum problem_id
problem_of_err(int err)
{
	switch (err) {
	case ERR_AUTH:
		return PROBLEM_WRONG_KEY;
	case ERR_POLICY:
		return PROBLEM_POLICY_REFUSED;
	case ERR_SIGNATURE:
		return PROBLEM_OWNER_SIGNATURE;
	case ERR_STALE:
	case ERR_CONFLICT:
		return PROBLEM_CONFLICT;
	case ERR_FULL:
		return PROBLEM_SIGNER_FULL;
	case ERR_MAC:
		return PROBLEM_RECORD_REJECTED;
	case ERR_EXISTS:
		return PROBLEM_AGENT_EXISTS;
	case ERR_NOT_FOUND:
		return PROBLEM_AGENT_NOT_FOUND;
	case ERR_USED:
		return PROBLEM_ANSWER_USED;
	case ERR_WRONG_STATE:
		return PROBLEM_WALLET_STOPPED;
	case ERR_RPC:
		return PROBLEM_CHAIN_ERROR;
	case ERR_TIMEOUT:
		return PROBLEM_CHAIN_UNAVAILABLE;
	case ERR_DATABASE:
		return PROBLEM_DATABASE_UNAVAILABLE;
	case ERR_PARSE:
	case ERR_RANGE:
	case ERR_DUPLICATE:
	case ERR_UNKNOWN_FIELD:
	case ERR_TRAILING:
		return PROBLEM_INVALID_BODY;
	case ERR_UNSUPPORTED:
	case ERR_OVERFLOW:
		return PROBLEM_UNSUPPORTED;
	case ERR_MEM:
	case ERR_CLOSED:
		return PROBLEM_OVERLOADED;
	default:
		return PROBLEM_INTERNAL;
	}
}
