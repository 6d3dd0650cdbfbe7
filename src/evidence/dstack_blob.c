#include "evidence/dstack_blob.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "evidence/msgpack.h"
#include "base/banned.h"

#define MSGPACK_MAP_16 0xde
#define MSGPACK_MAP_32 0xdf

/* The platforms by their number in version 0; the first two hold a TDX quote. */
enum variant { VARIANT_TDX, VARIANT_GCP_TDX, VARIANT_LAST = 4 };

/* Where both versions are read into. */
struct blob {
	struct dstack_evidence *evidence;
	struct json_error *error;
};

static enum tdx_reason
fail(struct blob *b, const char *field, const char *text)
{
	struct json_in in = {.error = b->error};

	json_in_fail(&in, field, ERR_PARSE, text);
	return DSTACK_EVIDENCE;
}

static enum tdx_reason
fail_event(struct blob *b, const char *list, uint32_t index, enum tdx_reason reason)
{
	struct json_in in = {.error = b->error};
	char name[64];

	(void)snprintf(name, sizeof name, "%s[%u]", list, (unsigned)index);
	json_in_fail(&in, name, ERR_EVIDENCE, reason_text(reason));
	return reason;
}

static enum tdx_reason
keep_quote(struct blob *b, struct bytes quote)
{
	if (quote.len == 0 || quote.len > sizeof b->evidence->quote)
		return fail(b, "quote", "must be 1 to 16384 bytes");
	/* gathered in place by MessagePack's reader, or still in the input */
	if (quote.p != b->evidence->quote)
		memcpy(b->evidence->quote, quote.p, quote.len);
	b->evidence->quote_len = quote.len;
	return TDX_HOLDS;
}

static enum tdx_reason
keep_config(struct blob *b, struct bytes config)
{
	struct json_error inner;

	if (dstack_vm_read(config, &b->evidence->vm, &inner) == TDX_HOLDS)
		return TDX_HOLDS;
	return fail(b, "config", inner.text);
}

/* --- version 0: SCALE ---------------------------------------------------------- */

/* SCALE's compact integers of at most 4 bytes, in their shortest form. */
static int
scale_compact(struct reader *r, uint32_t *ret)
{
	uint8_t first, second;
	uint16_t high;
	uint32_t n;

	if (read_u8(r, &first) != 0)
		return ERR_PARSE;
	switch (first & 3) {
	case 0:
		*ret = first >> 2;
		return 0;
	case 1:
		if (read_u8(r, &second) != 0)
			return ERR_PARSE;
		n = (uint32_t)(second << 8 | first) >> 2;
		break;
	case 2:
		if (read_u8(r, &second) != 0 || read_le16(r, &high) != 0)
			return ERR_PARSE;
		n = ((uint32_t)high << 16 | (uint32_t)second << 8 | first) >> 2;
		break;
	default: /* above 2^30: longer than any input */
		return ERR_PARSE;
	}
	if (n < ((first & 3) == 1 ? 1U << 6 : 1U << 14))
		return ERR_PARSE;
	*ret = n;
	return 0;
}

/* A Vec<u8> or String. */
static int
scale_run(struct reader *r, struct bytes *ret)
{
	uint32_t len;

	if (scale_compact(r, &len) != 0)
		return ERR_PARSE;
	return read_take(r, len, ret);
}

/* The version of an event is not encoded: only those of version 1 came in this form. */
static enum tdx_reason
scale_event_log(struct reader *r, struct blob *b)
{
	struct dstack_entry e;
	enum tdx_reason reason;
	uint32_t count;

	if (scale_compact(r, &count) != 0)
		return fail(b, "event_log", "is cut");
	for (uint32_t i = 0; i < count; i++) {
		e = (struct dstack_entry){.version = 1};
		if (read_le32(r, &e.imr) != 0 || read_le32(r, &e.type) != 0 ||
		    scale_run(r, &e.digest) != 0 || scale_run(r, &e.name) != 0 ||
		    scale_run(r, &e.payload) != 0)
			return fail(b, "event_log", "is cut");
		if ((reason = dstack_log_add(&b->evidence->log, &e)) != TDX_HOLDS)
			return fail_event(b, "event_log", i, reason);
	}
	return TDX_HOLDS;
}

static enum tdx_reason
scale_runtime_events(struct reader *r, struct blob *b)
{
	struct dstack_entry e;
	enum tdx_reason reason;
	uint32_t count;

	if (scale_compact(r, &count) != 0)
		return fail(b, "runtime_events", "is cut");
	for (uint32_t i = 0; i < count; i++) {
		e = (struct dstack_entry){
		    .imr = DSTACK_IMR, .type = DSTACK_EVENT_TYPE, .version = 1};
		if (scale_run(r, &e.name) != 0 || scale_run(r, &e.payload) != 0)
			return fail(b, "runtime_events", "is cut");
		if ((reason = dstack_log_add(&b->evidence->runtime, &e)) != TDX_HOLDS)
			return fail_event(b, "runtime_events", i, reason);
	}
	return TDX_HOLDS;
}

/* {message, signature, PCR values {index, algorithm, value}, AK certificate, platform, events} */
static int
scale_skip_tpm_quote(struct reader *r)
{
	struct bytes run;
	uint32_t count, number;
	uint8_t platform;

	if (scale_run(r, &run) != 0 || scale_run(r, &run) != 0 || scale_compact(r, &count) != 0)
		return ERR_PARSE;
	for (uint32_t i = 0; i < count; i++)
		if (read_le32(r, &number) != 0 || scale_run(r, &run) != 0 ||
		    scale_run(r, &run) != 0)
			return ERR_PARSE;
	if (scale_run(r, &run) != 0 || read_u8(r, &platform) != 0 || scale_compact(r, &count) != 0)
		return ERR_PARSE;
	for (uint32_t i = 0; i < count; i++)
		if (read_le32(r, &number) != 0 || scale_run(r, &run) != 0)
			return ERR_PARSE;
	return 0;
}

static enum tdx_reason
read_scale(struct reader *r, struct blob *b)
{
	struct bytes quote, config;
	enum tdx_reason reason;
	uint8_t variant;

	if (read_u8(r, &variant) != 0 || variant > VARIANT_LAST)
		return fail(b, "", "an attestation of no known platform");
	if (variant > VARIANT_GCP_TDX) {
		(void)fail(b, "", reason_text(DSTACK_PLATFORM));
		return DSTACK_PLATFORM;
	}
	if (scale_run(r, &quote) != 0)
		return fail(b, "quote", "is cut");
	if ((reason = keep_quote(b, quote)) != TDX_HOLDS)
		return reason;
	if ((reason = scale_event_log(r, b)) != TDX_HOLDS)
		return reason;
	if (variant == VARIANT_GCP_TDX && scale_skip_tpm_quote(r) != 0)
		return fail(b, "tpm_quote", "is cut");
	if ((reason = scale_runtime_events(r, b)) != TDX_HOLDS)
		return reason;
	if (read_copy(r, sizeof b->evidence->report_data, b->evidence->report_data) != 0)
		return fail(b, "report_data", "is cut");
	if (scale_run(r, &config) != 0 || reader_end(r) != 0)
		return fail(b, "config", "is cut, or something stands behind it");
	return keep_config(b, config);
}

/* --- version 1: MessagePack ------------------------------------------------------- */

static struct reader
reader_of_run(struct bytes run)
{
	return reader_of(run.p, run.len);
}

static int
run_is_text(struct bytes run, const char *want)
{
	struct reader r = reader_of_run(run);
	struct bytes text;

	return msgpack_text(&r, &text) == 0 && text.len == strlen(want) &&
	       memcmp(text.p, want, text.len) == 0;
}

/* A member that may be absent; the value stays as it is then. */
static int
run_u64(struct bytes run, uint64_t max, uint64_t *ret)
{
	struct reader r = reader_of_run(run);

	return run.len == 0 ? 0 : msgpack_u64(&r, max, ret);
}

static int
run_bytes(struct bytes run, uint8_t *room, size_t cap, struct bytes *ret)
{
	struct reader r = reader_of_run(run);

	return msgpack_bytes(&r, room, cap, ret);
}

static int
run_text(struct bytes run, struct bytes *ret)
{
	struct reader r = reader_of_run(run);

	return msgpack_text(&r, ret);
}

struct event_room {
	uint8_t digest[48];
	uint8_t payload[DSTACK_VM_TEXT_MAX]; /* those of boot events are longer than ours */
	uint8_t preimage[DSTACK_PREIMAGE_MAX];
};

/* Hex, as in JSON. Upstream's verifier has none of an event of version 2 without it. */
static int
msgpack_preimage(struct bytes run, struct event_room *room, struct dstack_entry *ret)
{
	struct bytes text;
	size_t n;

	if (run.len == 0)
		return ret->version == 2 ? ERR_PARSE : 0;
	if (run_text(run, &text) != 0 || (n = text.len / 2) > sizeof room->preimage ||
	    hex_decode((const char *)text.p, text.len, room->preimage, n) != 0)
		return ERR_PARSE;
	ret->has_preimage = 1;
	ret->preimage = (struct bytes){room->preimage, n};
	return 0;
}

/* {imr, event_type, digest?, event, event_payload, version?, preimage?} */
static int
msgpack_event(struct reader *r, struct event_room *room, struct dstack_entry *ret)
{
	static const char *const names[] = {"imr",	     "event_type", "digest",  "event",
					    "event_payload", "version",	   "preimage"};
	uint64_t imr = UINT64_MAX, type = UINT64_MAX, version = 1;
	struct bytes m[ARRAY_LEN(names)];

	*ret = (struct dstack_entry){.imr = 0};
	if (msgpack_members(r, names, ARRAY_LEN(names), m) != 0 ||
	    run_u64(m[0], DSTACK_IMR, &imr) != 0 || run_u64(m[1], UINT32_MAX, &type) != 0 ||
	    (m[2].len != 0 &&
	     run_bytes(m[2], room->digest, sizeof room->digest, &ret->digest) != 0) ||
	    run_text(m[3], &ret->name) != 0 ||
	    run_bytes(m[4], room->payload, sizeof room->payload, &ret->payload) != 0 ||
	    run_u64(m[5], 2, &version) != 0 || imr == UINT64_MAX || type == UINT64_MAX)
		return ERR_PARSE;
	ret->imr = (uint32_t)imr;
	ret->type = (uint32_t)type;
	ret->version = (unsigned)version;
	return msgpack_preimage(m[6], room, ret);
}

/* {event, payload, version?} */
static int
msgpack_runtime_event(struct reader *r, struct event_room *room, struct dstack_entry *ret)
{
	static const char *const names[] = {"event", "payload", "version"};
	struct bytes m[ARRAY_LEN(names)];
	uint64_t version = 1;

	*ret = (struct dstack_entry){.imr = DSTACK_IMR, .type = DSTACK_EVENT_TYPE};
	if (msgpack_members(r, names, ARRAY_LEN(names), m) != 0 ||
	    run_text(m[0], &ret->name) != 0 ||
	    run_bytes(m[1], room->payload, sizeof room->payload, &ret->payload) != 0 ||
	    run_u64(m[2], 2, &version) != 0)
		return ERR_PARSE;
	ret->version = (unsigned)version;
	return 0;
}

typedef int event_reader(struct reader *r, struct event_room *room, struct dstack_entry *ret);

static enum tdx_reason
msgpack_events(struct blob *b, const char *list, struct bytes run, event_reader *read,
	       struct dstack_log *log)
{
	struct reader r = reader_of_run(run);
	struct event_room room;
	struct dstack_entry e;
	enum tdx_reason reason;
	uint32_t count;

	if (msgpack_array(&r, &count) != 0)
		return fail(b, list, "must be an array");
	for (uint32_t i = 0; i < count; i++) {
		if (read(&r, &room, &e) != 0)
			return fail_event(b, list, i, DSTACK_LOG_PARSE);
		if ((reason = dstack_log_add(log, &e)) != TDX_HOLDS)
			return fail_event(b, list, i, reason);
	}
	return TDX_HOLDS;
}

/* {kind, data}, and data's members by name. */
static enum tdx_reason
open_kind(struct blob *b, struct bytes run, const char *field, struct bytes *ret_kind,
	  const char *const *names, size_t count, struct bytes *ret)
{
	static const char *const kind_and_data[] = {"kind", "data"};
	struct reader r = reader_of_run(run);
	struct bytes m[2];

	if (msgpack_members(&r, kind_and_data, 2, m) != 0)
		return fail(b, field, "must be a kind with its data");
	*ret_kind = m[0];
	r = reader_of_run(m[1]);
	if (msgpack_members(&r, names, count, ret) != 0)
		return fail(b, field, "its data must be an object");
	return TDX_HOLDS;
}

static enum tdx_reason
msgpack_platform(struct blob *b, struct bytes run)
{
	static const char *const names[] = {"quote", "event_log"};
	struct bytes kind, m[2], quote;
	enum tdx_reason reason;

	if ((reason = open_kind(b, run, "platform", &kind, names, 2, m)) != TDX_HOLDS)
		return reason;
	if (run_is_text(kind, "sev-snp") || run_is_text(kind, "nitro-enclave") ||
	    run_is_text(kind, "aws-nitro-tpm")) {
		(void)fail(b, "platform.kind", reason_text(DSTACK_PLATFORM));
		return DSTACK_PLATFORM;
	}
	if (!run_is_text(kind, "tdx") && !run_is_text(kind, "gcp-tdx"))
		return fail(b, "platform.kind", "is no known platform");
	if (run_bytes(m[0], b->evidence->quote, sizeof b->evidence->quote, &quote) != 0)
		return fail(b, "platform.data.quote", "must be at most 16384 bytes");
	if ((reason = keep_quote(b, quote)) != TDX_HOLDS)
		return reason;
	return msgpack_events(b, "event_log", m[1], msgpack_event, &b->evidence->log);
}

static enum tdx_reason
msgpack_stack(struct blob *b, struct bytes run)
{
	static const char *const names[] = {"report_data", "runtime_events", "config"};
	uint8_t *room = b->evidence->report_data;
	struct bytes kind, m[3], data, config;
	enum tdx_reason reason;

	if ((reason = open_kind(b, run, "stack", &kind, names, 3, m)) != TDX_HOLDS)
		return reason;
	if (!run_is_text(kind, "dstack") && !run_is_text(kind, "dstack-pod"))
		return fail(b, "stack.kind", "must be dstack or dstack-pod");
	if (run_bytes(m[0], room, 64, &data) != 0 || data.len != 64)
		return fail(b, "stack.data.report_data", "must be 64 bytes");
	if (data.p != room)
		memcpy(room, data.p, data.len);
	reason =
	    msgpack_events(b, "runtime_events", m[1], msgpack_runtime_event, &b->evidence->runtime);
	if (reason != TDX_HOLDS)
		return reason;
	if (run_text(m[2], &config) != 0)
		return fail(b, "stack.data.config", "must be text");
	return keep_config(b, config);
}

static enum tdx_reason
read_msgpack(struct reader *r, struct blob *b)
{
	static const char *const names[] = {"version", "platform", "stack"};
	enum tdx_reason reason;
	struct bytes m[3];
	uint64_t version = 0;

	if (msgpack_members(r, names, 3, m) != 0 || reader_end(r) != 0)
		return fail(b, "", "must be one map of version, platform and stack");
	if (run_u64(m[0], UINT64_MAX, &version) != 0 || version != 1)
		return fail(b, "version", "must be 1");
	if ((reason = msgpack_platform(b, m[1])) != TDX_HOLDS)
		return reason;
	return msgpack_stack(b, m[2]);
}

/* --- both ------------------------------------------------------------------------- */

/* The agent gives both lists; upstream's verifier replays the second, others the first. */
static enum tdx_reason
check_agreement(struct blob *b)
{
	if (!dstack_log_agrees(&b->evidence->log, &b->evidence->runtime))
		return fail(b, "runtime_events", "must be those of the event log, in its order");
	return TDX_HOLDS;
}

static int
is_map(uint8_t first)
{
	return (first >= 0x80 && first <= 0x8f) || first == MSGPACK_MAP_16 ||
	       first == MSGPACK_MAP_32;
}

enum tdx_reason
dstack_blob_read(struct bytes blob, struct dstack_evidence *ret, struct json_error *error)
{
	struct reader r = reader_of(blob.p, blob.len);
	struct blob b = {ret, error};
	enum tdx_reason reason;

	memset(error, 0, sizeof *error);
	dstack_log_reset(&ret->log);
	dstack_log_reset(&ret->runtime);
	if (blob.len == 0 || blob.len > DSTACK_BLOB_MAX)
		return fail(&b, "", "must be 1 byte to 1 MiB");
	if (is_map(blob.p[0])) {
		reason = read_msgpack(&r, &b);
	} else if (blob.p[0] == 0) {
		r = reader_of(blob.p + 1, blob.len - 1);
		reason = read_scale(&r, &b);
	} else {
		return fail(&b, "", "is neither of version 0 nor of version 1");
	}
	if (reason != TDX_HOLDS)
		return reason;
	ret->has_report_data = 1;
	return check_agreement(&b);
}
