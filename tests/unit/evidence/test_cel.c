/* The canonical event log, written by hand: its one reading, and each way to have two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/err.h"
#include "evidence/cel.h"
#include "base/banned.h"

#define DIGEST_A "sha256:a1b0135e6b83e3cbb3a2ed8532f4ae1aedb6d3ad2e2fc1f4c8fadb2befadae85"

enum { SHA1_ALG = 4, SHA256_ALG = 11, SHA384_ALG = 12, SHA512_ALG = 13 };

static uint8_t text[70000];
static struct writer w;
static uint64_t number;
static struct cel cel;

static void
begin(void)
{
	w = writer_of(text, sizeof text);
	number = 0;
}

static void
tlv(struct writer *to, uint8_t type, const void *p, size_t n)
{
	write_u8(to, type);
	write_lp(to, p, n);
}

static void
add_digest(struct writer *to, uint8_t algorithm, const uint8_t *p, size_t n)
{
	uint8_t d[64];

	switch (algorithm) {
	case SHA1_ALG:
		tlv(to, algorithm, SHA1(p, n, d), 20);
		break;
	case SHA256_ALG:
		tlv(to, algorithm, SHA256(p, n, d), 32);
		break;
	case SHA384_ALG:
		tlv(to, algorithm, SHA384(p, n, d), 48);
		break;
	default:
		tlv(to, algorithm, SHA512(p, n, d), 64);
		break;
	}
}

/* A record in register (type, index) with these digests. */
static void
add_record(uint8_t type, uint8_t index, const uint8_t *algorithms, size_t count, uint8_t event,
    const char *value, size_t len)
{
	uint8_t content[1100], list[400], be[8];
	struct writer c = writer_of(content, sizeof content), inner = writer_of(list, sizeof list);

	store_be64(be, number++);
	tlv(&w, 0, be, 8);
	tlv(&w, type, &index, 1);
	write_u8(&c, 80);
	write_be32(&c, (uint32_t)len + 5);
	tlv(&c, event, value, len);
	for (size_t i = 0; i < count; i++)
		add_digest(&inner, algorithms[i], content, c.len);
	tlv(&w, 3, list, inner.len);
	write_bytes(&w, content, c.len);
	assert_int_equal(w.err | c.err | inner.err, 0);
}

static void
add(uint8_t event, const char *value)
{
	static const uint8_t sha384[] = {SHA384_ALG};

	add_record(108, 4, sha384, 1, event, value, strlen(value));
}

static void
add_image(void)
{
	add(0, "docker.io/a/b:c");
	add(1, DIGEST_A);
	add(2, "Never");
}

static enum tdx_reason
parse(void)
{
	/* an exact block, so that the sanitizer sees a read beyond it */
	uint8_t *copy = malloc(w.len > 0 ? w.len : 1);
	enum tdx_reason r;

	assert_non_null(copy);
	memcpy(copy, text, w.len);
	r = cel_parse((struct bytes){copy, w.len}, CEL_IN_RTMR3, &cel);
	free(copy);
	return r;
}

static void
test_reading(void **state)
{
	uint8_t want[96] = {0};
	struct bytes value;

	(void)state;
	begin();
	add_image();
	add(3, DIGEST_A);
	add(4, "/app");
	add(4, "");
	add(4, "--x");
	add(5, "A=1");
	add(5, "AB=2=3");
	add(5, "_c9=");
	add(7, "A=1");
	add(6, "--x");
	add(9, "\1");
	add(10, "ON");
	add(8, "");
	assert_int_equal(cel_parse((struct bytes){text, w.len}, CEL_IN_RTMR3, &cel), TDX_HOLDS);
	assert_int_equal(cel.records, 15);
	assert_int_equal(cel.args.count, 3);
	assert_int_equal(cel.args.item[1].len, 0);
	assert_int_equal(cel.env.count, 3);
	assert_int_equal(cel.override_env.count, 1);
	assert_int_equal(cel.override_args.count, 1);
	assert_int_equal(cel.memory_monitor, 1);
	assert_memory_equal(cel.gpu_mode.p, "ON", 2);
	assert_memory_equal(cel.image_digest.p, DIGEST_A, 71);
	assert_int_equal(cel_env_find(&cel.env, "AB", &value), 0);
	assert_int_equal(value.len, 3);
	assert_memory_equal(value.p, "2=3", 3);
	assert_int_equal(cel_env_find(&cel.env, "_c9", &value), 0);
	assert_int_equal(value.len, 0);
	assert_int_equal(cel_env_find(&cel.env, "B", &value), ERR_NOT_FOUND);
	/* the register after one record, by another call */
	begin();
	add(0, "x");
	assert_int_equal(parse(), CEL_PARSE);
	SHA384((const uint8_t *)"\x50\0\0\0\6\0\0\0\0\1x", 11, want + 48);
	SHA384(want, 96, want);
	assert_memory_equal(cel.sha384, want, 48);
}

static void
test_pcr13(void **state)
{
	static const uint8_t banks[] = {SHA1_ALG, SHA512_ALG, SHA256_ALG, SHA384_ALG};
	static const uint8_t sha384[] = {SHA384_ALG};
	struct bytes l = {text, 0};

	(void)state;
	begin();
	add_record(1, 13, banks, 4, 0, "a", 1);
	add_record(1, 13, banks, 4, 1, DIGEST_A, 71);
	add_record(1, 13, banks, 4, 2, "Always", 6);
	add_record(1, 13, banks, 4, 4, "a", 1);
	add_record(1, 13, banks, 4, 8, "", 0);
	l.len = w.len;
	assert_int_equal(cel_parse(l, CEL_IN_PCR13, &cel), TDX_HOLDS);
	assert_int_equal(cel.memory_monitor, -1);
	assert_int_equal(cel_parse(l, CEL_IN_RTMR3, &cel), CEL_PARSE);
	/* the digest of the register's own bank is required */
	begin();
	add_record(1, 13, sha384, 1, 0, "a", 1);
	l.len = w.len;
	assert_int_equal(cel_parse(l, CEL_IN_PCR13, &cel), CEL_PARSE);
}

/* A whole log but for one event in the place of the separator's predecessor. */
static enum tdx_reason
with(uint8_t event, const char *value)
{
	begin();
	add_image();
	add(4, "/app");
	add(5, "A=1");
	add(7, "A=1");
	add(9, "\1");
	add(10, "ON");
	add(3, DIGEST_A);
	add(event, value);
	add(8, "");
	return parse();
}

static void
test_events(void **state)
{
	(void)state;
	assert_int_equal(with(4, "more"), TDX_HOLDS);
	assert_int_equal(with(5, "B=1"), TDX_HOLDS);
	assert_int_equal(with(5, "a=1"), TDX_HOLDS);
	/* said once */
	assert_int_equal(with(0, "docker.io/a/b:c"), CEL_PARSE);
	assert_int_equal(with(1, DIGEST_A), CEL_PARSE);
	assert_int_equal(with(2, "Never"), CEL_PARSE);
	assert_int_equal(with(3, DIGEST_A), CEL_PARSE);
	assert_int_equal(with(9, "\1"), CEL_PARSE);
	assert_int_equal(with(10, "ON"), CEL_PARSE);
	assert_int_equal(with(5, "A=1"), CEL_PARSE);
	assert_int_equal(with(5, "A=2"), CEL_PARSE);
	assert_int_equal(with(7, "A=2"), CEL_PARSE);
	/* form */
	assert_int_equal(with(5, "A"), CEL_PARSE);
	assert_int_equal(with(5, "=1"), CEL_PARSE);
	assert_int_equal(with(5, "1A=1"), CEL_PARSE);
	assert_int_equal(with(5, "A-B=1"), CEL_PARSE);
	assert_int_equal(with(5, "B=\xff"), CEL_PARSE);
	assert_int_equal(with(4, "\xc3"), CEL_PARSE);
	assert_int_equal(with(11, "x"), CEL_PARSE);
	assert_int_equal(with(255, "x"), CEL_PARSE);
}

/* The image's events, each left out or malformed. */
static void
test_image(void **state)
{
	static const char *const bad_digests[] = {"", "sha256:", "sha512:" DIGEST_A,
	    "sha256:A1B0135E6B83E3CBB3A2ED8532F4AE1AEDB6D3AD2E2FC1F4C8FADB2BEFADAE85",
	    DIGEST_A "0", "sha256:a1b0135e6b83e3cbb3a2ed8532f4ae1aedb6d3ad2e2fc1f4c8fadb2befadae8"};
	static const uint8_t order[] = {0, 1, 2, 4, 8};
	static const char *const values[] = {"ref", DIGEST_A, "Never", "/app", ""};

	(void)state;
	for (size_t left_out = 0; left_out <= ARRAY_LEN(order); left_out++) {
		begin();
		for (size_t i = 0; i < ARRAY_LEN(order); i++)
			if (i != left_out)
				add(order[i], values[i]);
		assert_int_equal(
		    parse(), left_out == ARRAY_LEN(order) ? TDX_HOLDS : CEL_PARSE);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad_digests); i++) {
		begin();
		add(1, bad_digests[i]);
		assert_int_equal(parse(), CEL_PARSE);
		assert_int_equal(cel.records, 0);
		begin();
		add(3, bad_digests[i]);
		assert_int_equal(parse(), CEL_PARSE);
		assert_int_equal(cel.records, 0);
	}
	begin();
	add(2, "never");
	assert_int_equal(parse(), CEL_PARSE);
	assert_int_equal(cel.records, 0);
	begin();
	assert_int_equal(parse(), CEL_PARSE);
}

static void
test_separator(void **state)
{
	(void)state;
	begin();
	add_image();
	add(4, "/app");
	assert_int_equal(parse(), CEL_PARSE); /* not launched */
	add(8, "launch failed");
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_image();
	add(4, "/app");
	add(8, "");
	assert_int_equal(parse(), TDX_HOLDS);
	add(4, "later");
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_image();
	add(4, "/app");
	add(8, "");
	add(8, "");
	assert_int_equal(parse(), CEL_PARSE);
}

static void
test_records(void **state)
{
	static const uint8_t sha384[] = {SHA384_ALG}, twice[] = {SHA384_ALG, SHA384_ALG};
	static const uint8_t sha256[] = {SHA256_ALG};

	(void)state;
	/* numbers */
	begin();
	number = 1;
	add(0, "a");
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add(0, "a");
	number = 0;
	add(1, DIGEST_A);
	assert_int_equal(parse(), CEL_PARSE);
	assert_int_equal(cel.records, 1);
	/* registers */
	begin();
	add_record(108, 3, sha384, 1, 0, "a", 1);
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_record(1, 4, sha384, 1, 0, "a", 1);
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_record(2, 4, sha384, 1, 0, "a", 1);
	assert_int_equal(parse(), CEL_PARSE);
	/* digests: none, twice, of another bank */
	begin();
	add_record(108, 4, NULL, 0, 0, "a", 1);
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_record(108, 4, twice, 2, 0, "a", 1);
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_record(108, 4, sha256, 1, 0, "a", 1);
	assert_int_equal(parse(), CEL_PARSE);
}

/* Every byte of a log changed, and the log cut everywhere. */
static void
test_mutation(void **state)
{
	size_t full;

	(void)state;
	begin();
	add_image();
	add(4, "/app");
	add(5, "A=1");
	add(8, "");
	assert_int_equal(parse(), TDX_HOLDS);
	for (size_t i = 0; i < w.len; i++) {
		text[i] ^= 0x01;
		assert_int_not_equal(parse(), TDX_HOLDS);
		text[i] ^= 0x01;
	}
	full = w.len;
	for (w.len = 0; w.len < full; w.len++)
		assert_int_not_equal(parse(), TDX_HOLDS);
	assert_int_equal(parse(), TDX_HOLDS);
	write_u8(&w, 0);
	assert_int_equal(parse(), CEL_PARSE);
	/* a digest alone is said to be so */
	begin();
	add(0, "a");
	text[13 + 6 + 5 + 5] ^= 1;
	assert_int_equal(parse(), CEL_DIGEST);
}

static void
test_bounds(void **state)
{
	static char nul[] = "a\0b";
	static const uint8_t sha384[] = {SHA384_ALG};

	(void)state;
	begin();
	add_image();
	for (size_t i = 0; i < CEL_LIST_MAX; i++)
		add(4, "x");
	add(8, "");
	assert_int_equal(parse(), TDX_HOLDS);
	begin();
	add_image();
	for (size_t i = 0; i <= CEL_LIST_MAX; i++)
		add(4, "x");
	add(8, "");
	assert_int_equal(parse(), CEL_PARSE);
	begin();
	add_record(108, 4, sha384, 1, 4, nul, 3);
	assert_int_equal(parse(), CEL_PARSE);
	assert_int_equal(cel.records, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_reading),
	    cmocka_unit_test(test_pcr13),
	    cmocka_unit_test(test_events),
	    cmocka_unit_test(test_image),
	    cmocka_unit_test(test_separator),
	    cmocka_unit_test(test_records),
	    cmocka_unit_test(test_mutation),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
