#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "evidence/dstack_blob.h"
#include "base/banned.h"

static struct dstack_evidence evidence;
static struct json_error error;
static uint8_t blob[65536];

static const uint8_t quote[5006] = {4, 0, 2};
static const uint8_t report_data[64] = {7};
static const uint8_t boot_digest[48] = {9};

static enum tdx_reason
read_blob(const struct writer *w)
{
	assert_int_equal(w->err, 0);
	return dstack_blob_read((struct bytes){blob, w->len}, &evidence, &error);
}

/* A truncated blob is refused wherever it is cut. */
static void
refuses_every_cut(const struct writer *w)
{
	for (size_t len = 0; len < w->len; len++) {
		uint8_t *exact = malloc(len == 0 ? 1 : len);

		assert_non_null(exact);
		memcpy(exact, blob, len);
		assert_int_not_equal(
		    dstack_blob_read((struct bytes){exact, len}, &evidence, &error), TDX_HOLDS);
		free(exact);
	}
}

static void
assert_whole(void)
{
	assert_int_equal(evidence.quote_len, sizeof quote);
	assert_memory_equal(evidence.quote, quote, sizeof quote);
	assert_true(evidence.has_report_data);
	assert_memory_equal(evidence.report_data, report_data, 64);
	assert_true(dstack_log_is_ready(&evidence.log));
	assert_non_null(dstack_log_find(&evidence.log, "app-id"));
	assert_string_equal(evidence.vm.image, "dstack-0.6.0");
}

/* --- version 0 -------------------------------------------------------------------- */

static void
compact(struct writer *w, uint32_t n)
{
	if (n < 1U << 6)
		write_u8(w, (uint8_t)(n << 2));
	else if (n < 1U << 14)
		write_le16(w, (uint16_t)(n << 2 | 1));
	else
		write_le32(w, n << 2 | 2);
}

static void
scale_run(struct writer *w, const void *p, size_t n)
{
	compact(w, (uint32_t)n);
	write_bytes(w, p, n);
}

static void
scale_event(struct writer *w, uint32_t imr, const char *name, const char *payload)
{
	write_le32(w, imr);
	write_le32(w, imr == 3 ? DSTACK_EVENT_TYPE : 4);
	scale_run(w, boot_digest, imr == 3 ? 0 : sizeof boot_digest);
	scale_run(w, name, strlen(name));
	scale_run(w, payload, strlen(payload));
}

static const char config[] = "{\"image\":\"dstack-0.6.0\"}";

struct shape {
	uint8_t variant;
	const char *app_id_in_log;
	const char *app_id_in_runtime;
	int without_runtime;
	size_t trailing;
};

static void
scale_tpm_quote(struct writer *w)
{
	scale_run(w, "message", 7);
	scale_run(w, "signature", 9);
	compact(w, 1);
	write_le32(w, 14);
	scale_run(w, "sha256", 6);
	scale_run(w, "value", 5);
	scale_run(w, "certificate", 11);
	write_u8(w, 1);
	compact(w, 1);
	write_le32(w, 14);
	scale_run(w, "digest", 6);
}

static struct writer
make_scale(struct shape s)
{
	struct writer w = writer_of(blob, sizeof blob);

	write_u8(&w, 0);
	write_u8(&w, s.variant);
	scale_run(&w, quote, sizeof quote);
	compact(&w, 3);
	scale_event(&w, 0, "", "separator");
	scale_event(&w, 3, "app-id", s.app_id_in_log);
	scale_event(&w, 3, "system-ready", "");
	if (s.variant == 1)
		scale_tpm_quote(&w);
	compact(&w, s.without_runtime ? 0 : 2);
	if (!s.without_runtime) {
		scale_run(&w, "app-id", 6);
		scale_run(&w, s.app_id_in_runtime, strlen(s.app_id_in_runtime));
		scale_run(&w, "system-ready", 12);
		scale_run(&w, "", 0);
	}
	write_bytes(&w, report_data, sizeof report_data);
	scale_run(&w, config, sizeof config - 1);
	for (size_t i = 0; i < s.trailing; i++)
		write_u8(&w, 0);
	return w;
}

static void
test_scale(void **state)
{
	struct writer w = make_scale((struct shape){0, "x", "x", 0, 0});

	(void)state;
	assert_int_equal(read_blob(&w), TDX_HOLDS);
	assert_whole();
	assert_int_equal(evidence.log.count, 3);
	refuses_every_cut(&w);
	w = make_scale((struct shape){1, "x", "x", 0, 0});
	assert_int_equal(read_blob(&w), TDX_HOLDS);
	assert_whole();
	refuses_every_cut(&w);
}

static void
test_scale_refuses(void **state)
{
	struct writer w = make_scale((struct shape){0, "x", "x", 0, 1});

	(void)state;
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	/* what is shown of one list, and replayed of the other */
	w = make_scale((struct shape){0, "x", "y", 0, 0});
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "runtime_events");
	w = make_scale((struct shape){0, "x", "x", 1, 0});
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "runtime_events");
	for (uint8_t variant = 2; variant < 5; variant++) {
		w = make_scale((struct shape){0, "x", "x", 0, 0});
		blob[1] = variant;
		assert_int_equal(read_blob(&w), DSTACK_PLATFORM);
	}
	blob[1] = 5;
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	w = make_scale((struct shape){0, "x", "x", 0, 0});
	blob[0] = 1;
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	/* the quote's length in the four-byte form, which is not the shortest, and above 2^30 */
	w = writer_of(blob, sizeof blob);
	write_le16(&w, 0);
	write_le32(&w, 5006U << 2 | 2);
	write_bytes(&w, quote, sizeof quote);
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "quote");
	blob[2] = 3;
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	/* a quote that does not fit, and an event of no register */
	w = writer_of(blob, sizeof blob);
	write_le16(&w, 0);
	compact(&w, DSTACK_QUOTE_MAX + 1);
	w.len += DSTACK_QUOTE_MAX + 1;
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "quote");
	w = writer_of(blob, sizeof blob);
	write_le16(&w, 0);
	scale_run(&w, quote, sizeof quote);
	compact(&w, 1);
	write_le32(&w, 4);
	write_le32(&w, 4);
	scale_run(&w, boot_digest, sizeof boot_digest);
	scale_run(&w, "", 0);
	scale_run(&w, "", 0);
	assert_int_equal(read_blob(&w), DSTACK_LOG_PARSE);
	assert_string_equal(error.field, "event_log[0]");
}

/* --- version 1 -------------------------------------------------------------------- */

static void
pack_text(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (n < 32) {
		write_u8(w, (uint8_t)(0xa0 | n));
	} else {
		write_u8(w, 0xd9);
		write_u8(w, (uint8_t)n);
	}
	write_text(w, text);
}

static void
pack_map(struct writer *w, uint8_t count)
{
	write_u8(w, (uint8_t)(0x80 | count));
}

static void
pack_bin(struct writer *w, const void *p, size_t n)
{
	write_u8(w, 0xc4);
	write_u8(w, (uint8_t)n);
	write_bytes(w, p, n);
}

/* What serde makes of a Vec<u8>. */
static void
pack_array_of_bytes(struct writer *w, const uint8_t *p, size_t n)
{
	write_u8(w, 0xdc);
	write_be16(w, (uint16_t)n);
	for (size_t i = 0; i < n; i++) {
		if (p[i] > 0x7f)
			write_u8(w, 0xcc);
		write_u8(w, p[i]);
	}
}

enum preimage { RIGHT, OF_ANOTHER, ABSENT };

/* {"name":name,"payload":payload in hex,"type":134217729}, in hex itself */
static void
pack_preimage(struct writer *w, const char *name, const char *payload)
{
	char inner[64], text[128], outer[2 * sizeof text];
	int n;

	hex_encode((const uint8_t *)payload, strlen(payload), inner);
	n = snprintf(text, sizeof text, "{\"name\":\"%s\",\"payload\":\"%s\",\"type\":134217729}",
		     name, inner);
	hex_encode((const uint8_t *)text, (size_t)n, outer);
	pack_text(w, "preimage");
	pack_text(w, outer);
}

static void
pack_event(struct writer *w, uint8_t imr, const char *name, const char *payload, uint8_t version,
	   enum preimage preimage)
{
	pack_map(w, version == 1 ? 5 : preimage == ABSENT ? 6 : 7);
	pack_text(w, "imr");
	write_u8(w, imr);
	pack_text(w, "event_type");
	write_u8(w, 0xce);
	write_be32(w, imr == 3 ? DSTACK_EVENT_TYPE : 4);
	pack_text(w, "digest");
	pack_bin(w, boot_digest, imr == 3 ? 0 : sizeof boot_digest);
	pack_text(w, "event");
	pack_text(w, name);
	pack_text(w, "event_payload");
	pack_bin(w, payload, strlen(payload));
	if (version == 1)
		return;
	pack_text(w, "version");
	write_u8(w, version);
	if (preimage != ABSENT)
		pack_preimage(w, preimage == RIGHT ? name : "other", payload);
}

static void
pack_runtime_event(struct writer *w, const char *name, const char *payload, uint8_t version)
{
	pack_map(w, version == 1 ? 2 : 3);
	pack_text(w, "event");
	pack_text(w, name);
	pack_text(w, "payload");
	pack_bin(w, payload, strlen(payload));
	if (version == 1)
		return;
	pack_text(w, "version");
	write_u8(w, version);
}

struct packed {
	const char *platform;
	const char *stack;
	const char *app_id_in_runtime;
	uint8_t version; /* of the attestation */
	uint8_t event_version;
	enum preimage preimage;
};

static const struct packed plain = {"tdx", "dstack", "x", 1, 1, RIGHT};

static void
pack_platform(struct writer *w, const struct packed *s)
{
	pack_map(w, 2);
	pack_text(w, "kind");
	pack_text(w, s->platform);
	pack_text(w, "data");
	pack_map(w, 2);
	pack_text(w, "quote");
	pack_array_of_bytes(w, quote, sizeof quote);
	pack_text(w, "event_log");
	write_u8(w, 0x93);
	pack_event(w, 0, "", "separator", 1, RIGHT);
	pack_event(w, 3, "app-id", "x", s->event_version, s->preimage);
	pack_event(w, 3, "system-ready", "", s->event_version, s->preimage);
}

static void
pack_stack(struct writer *w, const struct packed *s)
{
	pack_map(w, 2);
	pack_text(w, "data"); /* before its kind */
	pack_map(w, 4);
	pack_text(w, "report_data");
	pack_bin(w, report_data, sizeof report_data);
	pack_text(w, "runtime_events");
	write_u8(w, 0x92);
	pack_runtime_event(w, "app-id", s->app_id_in_runtime, s->event_version);
	pack_runtime_event(w, "system-ready", "", s->event_version);
	pack_text(w, "config");
	pack_text(w, config);
	pack_text(w, "report_data_payload");
	pack_text(w, "");
	pack_text(w, "kind");
	pack_text(w, s->stack);
}

static struct writer
make_msgpack(struct packed s)
{
	struct writer w = writer_of(blob, sizeof blob);

	pack_map(&w, 3);
	pack_text(&w, "version");
	write_u8(&w, s.version);
	pack_text(&w, "platform");
	pack_platform(&w, &s);
	pack_text(&w, "stack");
	pack_stack(&w, &s);
	return w;
}

static void
test_msgpack(void **state)
{
	struct packed s = plain;
	struct writer w = make_msgpack(s);

	(void)state;
	assert_int_equal(read_blob(&w), TDX_HOLDS);
	assert_whole();
	assert_int_equal(evidence.log.event[1].version, 1);
	refuses_every_cut(&w);
	s.event_version = 2;
	s.stack = "dstack-pod";
	s.platform = "gcp-tdx";
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), TDX_HOLDS);
	assert_whole();
	assert_int_equal(evidence.log.event[1].version, 2);
}

static void
test_msgpack_refuses(void **state)
{
	static const char *const others[] = {"sev-snp", "nitro-enclave", "aws-nitro-tpm"};
	struct packed s;
	struct writer w;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		s = plain;
		s.platform = others[i];
		w = make_msgpack(s);
		assert_int_equal(read_blob(&w), DSTACK_PLATFORM);
	}
	s = plain;
	s.platform = "tdy";
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "platform.kind");
	s = plain;
	s.stack = "other";
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "stack.kind");
	s = plain;
	s.version = 2;
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "version");
	s = plain;
	s.app_id_in_runtime = "y";
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
	assert_string_equal(error.field, "runtime_events");
	s = plain;
	s.event_version = 3;
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_LOG_PARSE);
	assert_string_equal(error.field, "event_log[1]");
	/* upstream's verifier shows the preimage and replays the rest */
	s.event_version = 2;
	s.preimage = OF_ANOTHER;
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_LOG_DIGEST);
	assert_string_equal(error.field, "event_log[1]");
	s.preimage = ABSENT;
	w = make_msgpack(s);
	assert_int_equal(read_blob(&w), DSTACK_LOG_PARSE);
	assert_string_equal(error.field, "event_log[1]");
	w = make_msgpack(plain);
	write_u8(&w, 0xc0);
	assert_int_equal(read_blob(&w), DSTACK_EVIDENCE);
}

static void
test_bounds(void **state)
{
	(void)state;
	assert_int_equal(dstack_blob_read((struct bytes){blob, 0}, &evidence, &error),
			 DSTACK_EVIDENCE);
	assert_int_equal(
	    dstack_blob_read((struct bytes){blob, DSTACK_BLOB_MAX + 1}, &evidence, &error),
	    DSTACK_EVIDENCE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_scale),   cmocka_unit_test(test_scale_refuses),
	    cmocka_unit_test(test_msgpack), cmocka_unit_test(test_msgpack_refuses),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
