#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "evidence/ccel.h"
#include "evidence/registers.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define FOLDER "../shared/fixtures/tdx/"
#define FILE_MAX (1U << 20)

/* A log in the making. */
struct made {
	uint8_t bytes[4096];
	struct writer w;
};

static void
put_header(struct made *m, uint32_t algorithms)
{
	static const uint8_t zeros[20];

	m->w = writer_of(m->bytes, sizeof m->bytes);
	write_le32(&m->w, 1);
	write_le32(&m->w, CCEL_EV_NO_ACTION);
	write_bytes(&m->w, zeros, sizeof zeros);
	write_le32(&m->w, 29 + 4 * algorithms);
	write_bytes(&m->w, "Spec ID Event03", 16);
	write_le32(&m->w, 0);
	write_bytes(&m->w, "\x00\x02\x00\x02", 4);
	write_le32(&m->w, algorithms);
	write_le16(&m->w, 0x000c);
	write_le16(&m->w, 48);
	if (algorithms > 1) {
		write_le16(&m->w, 0x000b);
		write_le16(&m->w, 32);
	}
	write_u8(&m->w, 0);
}

static void
put_event(struct made *m, uint32_t mr, uint32_t type, const char *data)
{
	const struct bytes run = {(const uint8_t *)data, strlen(data)};
	uint8_t digest[48];

	assert_int_equal(digest_sha384(&run, 1, digest), 0);
	write_le32(&m->w, mr);
	write_le32(&m->w, type);
	write_le32(&m->w, 1);
	write_le16(&m->w, 0x000c);
	write_bytes(&m->w, digest, sizeof digest);
	write_le32(&m->w, (uint32_t)run.len);
	write_bytes(&m->w, run.p, run.len);
}

static struct bytes
log_of(const struct made *m)
{
	assert_int_equal(m->w.err, 0);
	return (struct bytes){m->bytes, m->w.len};
}

static int
replay(const struct made *m, struct rtmr_bank *bank, size_t *events)
{
	return ccel_replay(log_of(m), bank, events);
}

static void
refuses(const struct made *m, int want)
{
	struct rtmr_bank bank;
	size_t events = 77;

	assert_int_equal(replay(m, &bank, &events), want);
	assert_int_equal(events, 77);
}

static void
test_replays(void **state)
{
	/* SHA-384(48 zeros || SHA-384("separator")), by Python's hashlib */
	static const char want[] =
	    "249706ccc5746a8c7f58e7ae5777c7d4b22b0d7b9726e6c60017ad9fb3e686be"
	    "f709b104f5eead296335d6e9ff2360d2";
	static struct made m;
	struct rtmr_bank bank;
	char got[97];
	struct ccel_event e;
	struct ccel c;
	size_t events;

	(void)state;
	put_header(&m, 1);
	put_event(&m, 1, 4, "separator");
	put_event(&m, 0, CCEL_EV_NO_ACTION, "not extended");
	put_event(&m, 2, CCEL_EV_NO_ACTION, "not extended");
	put_event(&m, 4, 1, "runtime");
	assert_int_equal(replay(&m, &bank, &events), 0);
	assert_int_equal(events, 4);
	assert_int_equal(bank.extended[0], 1);
	assert_int_equal(bank.extended[1], 0);
	assert_int_equal(bank.extended[2], 0);
	assert_int_equal(bank.extended[3], 1);
	assert_int_equal(ccel_open(log_of(&m), &c), 0);
	assert_int_equal(ccel_next(&c, &e), 0);
	assert_int_equal(e.mr, 1);
	assert_int_equal(e.type, 4);
	assert_int_equal(e.data.len, 9);
	assert_true(ccel_event_is_hashed(&e));
	hex_encode(bank.value[0], 48, got);
	assert_string_equal(got, want);
}

static void
test_data_counts_only_when_hashed(void **state)
{
	static struct made m;
	struct ccel_event e;
	struct ccel c;

	(void)state;
	put_header(&m, 1);
	put_event(&m, 1, 4, "separator");
	m.bytes[m.w.len - 1] ^= 1;
	assert_int_equal(ccel_open(log_of(&m), &c), 0);
	assert_int_equal(ccel_next(&c, &e), 0);
	assert_false(ccel_event_is_hashed(&e));
}

/* A separator too many is another boot. */
static void
test_repeated_event_counts(void **state)
{
	static struct made once, twice;
	struct rtmr_bank a, b;
	size_t events;

	(void)state;
	put_header(&once, 1);
	put_event(&once, 1, 4, "separator");
	put_header(&twice, 1);
	put_event(&twice, 1, 4, "separator");
	put_event(&twice, 1, 4, "separator");
	assert_int_equal(replay(&once, &a, &events), 0);
	assert_int_equal(replay(&twice, &b, &events), 0);
	assert_memory_not_equal(a.value[0], b.value[0], 48);
}

static void
test_second_algorithm_is_passed_over(void **state)
{
	static const uint8_t sha256[32] = {7};
	static struct made m;
	struct rtmr_bank bank;
	uint8_t digest[48] = {9};
	size_t events;

	(void)state;
	put_header(&m, 2);
	write_le32(&m.w, 1);
	write_le32(&m.w, 4);
	write_le32(&m.w, 2);
	write_le16(&m.w, 0x000b);
	write_bytes(&m.w, sha256, sizeof sha256);
	write_le16(&m.w, 0x000c);
	write_bytes(&m.w, digest, sizeof digest);
	write_le32(&m.w, 0);
	assert_int_equal(replay(&m, &bank, &events), 0);
	assert_int_equal(events, 1);
}

static void
test_padding(void **state)
{
	static const size_t lengths[] = {1, 7, 8, 11, 12, 300};
	static struct made m;
	struct rtmr_bank bank;
	size_t events;

	(void)state;
	for (unsigned fill = 0; fill <= 0xff; fill += 0xff) {
		for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
			put_header(&m, 1);
			put_event(&m, 1, 4, "separator");
			for (size_t j = 0; j < lengths[i]; j++)
				write_u8(&m.w, (uint8_t)fill);
			assert_int_equal(replay(&m, &bank, &events), 0);
			assert_int_equal(events, 1);
		}
	}
}

static void
test_padding_hides_nothing(void **state)
{
	static struct made m;

	(void)state;
	put_header(&m, 1);
	put_event(&m, 1, 4, "separator");
	write_le32(&m.w, 0xffffffff);
	put_event(&m, 1, 4, "hidden");
	refuses(&m, ERR_PARSE);
	put_header(&m, 1);
	write_le64(&m.w, 0);
	write_le64(&m.w, 0);
	put_event(&m, 1, 4, "hidden");
	refuses(&m, ERR_PARSE);
	/* a byte that is no padding */
	put_header(&m, 1);
	write_u8(&m.w, 1);
	refuses(&m, ERR_PARSE);
}

static void
test_refuses_header(void **state)
{
	static struct made m;
	static const struct {
		size_t at;
		uint8_t value;
		int want;
	} cases[] = {
	    {4, 4, ERR_PARSE},		 /* the first record extends something */
	    {28, 34, ERR_PARSE},	 /* longer than what it holds */
	    {28, 32, ERR_PARSE},	 /* shorter */
	    {32, 's', ERR_PARSE},	 /* another signature */
	    {46, '2', ERR_PARSE},	 /* "Spec ID Event02" */
	    {56, 0, ERR_PARSE},		 /* no algorithm */
	    {56, 9, ERR_PARSE},		 /* more than there are */
	    {60, 0x0b, ERR_UNSUPPORTED}, /* no SHA-384 */
	    {62, 32, ERR_UNSUPPORTED},	 /* SHA-384 of 32 bytes */
	    {64, 1, ERR_PARSE},		 /* vendor information that is not there */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put_header(&m, 1);
		put_event(&m, 1, 4, "separator");
		m.bytes[cases[i].at] = cases[i].value;
		refuses(&m, cases[i].want);
	}
	/* the same algorithm twice */
	put_header(&m, 2);
	m.bytes[64] = 0x0c;
	refuses(&m, ERR_PARSE);
}

static void
test_refuses_event(void **state)
{
	static struct made m;
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {
	    {0, 0},	/* an extension of MRTD */
	    {0, 5},	/* no such register */
	    {8, 0},	/* no digest */
	    {8, 2},	/* more digests than algorithms */
	    {12, 0x0b}, /* an algorithm that was not announced */
	    {62, 10},	/* data that is not there */
	    {65, 0x80}, /* a length near the end of the address space */
	};
	size_t begin;

	(void)state;
	put_header(&m, 1);
	begin = m.w.len;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		put_header(&m, 1);
		put_event(&m, 1, 4, "separator");
		m.bytes[begin + cases[i].at] = cases[i].value;
		refuses(&m, ERR_PARSE);
	}
	/* SHA-384 twice */
	put_header(&m, 2);
	write_le32(&m.w, 1);
	write_le32(&m.w, 4);
	write_le32(&m.w, 2);
	for (unsigned i = 0; i < 2; i++) {
		static const uint8_t digest[48] = {1};

		write_le16(&m.w, 0x000c);
		write_bytes(&m.w, digest, sizeof digest);
	}
	write_le32(&m.w, 0);
	refuses(&m, ERR_PARSE);
}

static void
test_refuses_every_cut(void **state)
{
	static struct made m;
	struct rtmr_bank bank;
	size_t events, header;

	(void)state;
	put_header(&m, 1);
	header = m.w.len;
	put_event(&m, 1, 4, "separator");
	for (size_t len = 0; len < m.w.len; len++) {
		uint8_t *exact = malloc(len == 0 ? 1 : len);

		assert_non_null(exact);
		memcpy(exact, m.bytes, len);
		/* a log may end behind its header */
		assert_int_equal(ccel_replay((struct bytes){exact, len}, &bank, &events),
				 len == header ? 0 : ERR_PARSE);
		free(exact);
	}
	assert_int_equal(ccel_replay((struct bytes){m.bytes, CCEL_LOG_MAX + 1}, &bank, &events),
			 ERR_SPACE);
}

static void
make_table(uint8_t ret[CCEL_TABLE_LEN])
{
	struct writer w = writer_of(ret, CCEL_TABLE_LEN);
	uint8_t sum = 0;

	memset(ret, 0, CCEL_TABLE_LEN);
	write_text(&w, "CCEL");
	write_le32(&w, CCEL_TABLE_LEN);
	w.len = 36;
	write_u8(&w, 2);
	w.len = 40;
	write_le64(&w, 65536);
	write_le64(&w, 0x7fbee000);
	for (size_t i = 0; i < CCEL_TABLE_LEN; i++)
		sum = (uint8_t)(sum + ret[i]);
	ret[9] = (uint8_t)-sum;
}

static void
test_table(void **state)
{
	uint8_t raw[CCEL_TABLE_LEN];
	struct ccel_table t;

	(void)state;
	make_table(raw);
	assert_int_equal(ccel_table_parse((struct bytes){raw, sizeof raw}, &t), 0);
	assert_int_equal(t.type, 2);
	assert_int_equal(t.area_len, 65536);
	assert_int_equal(t.area_address, 0x7fbee000);
	assert_int_equal(ccel_table_parse((struct bytes){raw, sizeof raw - 1}, &t), ERR_PARSE);
	raw[50] ^= 1; /* the checksum */
	assert_int_equal(ccel_table_parse((struct bytes){raw, sizeof raw}, &t), ERR_PARSE);
	make_table(raw);
	raw[0]++, raw[9]--;
	assert_int_equal(ccel_table_parse((struct bytes){raw, sizeof raw}, &t), ERR_PARSE);
	make_table(raw);
	raw[4]++, raw[9]--;
	assert_int_equal(ccel_table_parse((struct bytes){raw, sizeof raw}, &t), ERR_PARSE);
	make_table(raw);
	raw[36]--, raw[9]++; /* SEV */
	assert_int_equal(ccel_table_parse((struct bytes){raw, sizeof raw}, &t), ERR_UNSUPPORTED);
}

static void
test_register_match(void **state)
{
	uint8_t body[TD_10_LEN] = {0};
	const struct tdx_quote q = {.body = {body, sizeof body}};
	struct rtmr_bank bank;

	(void)state;
	rtmr_reset(&bank);
	/* equal, but nothing was extended */
	assert_int_equal(register_match(&bank, 0, &q), REGISTER_NOT_IN_LOG);
	assert_int_equal(register_match(&bank, 4, &q), REGISTER_NOT_IN_LOG);
	assert_int_equal(rtmr_extend(&bank, 2, body), 0);
	assert_int_equal(register_match(&bank, 2, &q), REGISTER_DIFFERS);
	memcpy(body + TD_RTMR0 + 2 * 48, bank.value[2], 48);
	assert_int_equal(register_match(&bank, 2, &q), REGISTER_MATCHES);
	assert_int_equal(register_match(&bank, 3, &q), REGISTER_NOT_IN_LOG);
}

static uint8_t file_bytes[FILE_MAX];

static struct bytes
load(const char *name)
{
	char path[512];
	FILE *f;
	size_t n;

	assert_true(snprintf(path, sizeof path, FOLDER "%s", name) < (int)sizeof path);
	assert_non_null(f = fopen(path, "rb"));
	n = fread(file_bytes, 1, sizeof file_bytes, f);
	assert_true(n < sizeof file_bytes);
	fclose(f);
	return (struct bytes){file_bytes, n};
}

static void
check_recorded(const json_t *entry)
{
	const char *name = json_string_value(json_object_get(entry, "file"));
	const json_t *registers = json_object_get(entry, "rtmr");
	struct rtmr_bank bank;
	char key[2] = "0", got[97];
	size_t events;

	print_message("%s\n", name);
	assert_int_equal(ccel_replay(load(name), &bank, &events), 0);
	assert_int_equal(events, json_integer_value(json_object_get(entry, "events")));
	for (unsigned i = 0; i < RTMR_COUNT; i++) {
		const char *want;

		key[0] = (char)('0' + i);
		want = json_string_value(json_object_get(registers, key));
		assert_int_equal(want != NULL, bank.extended[i] > 0);
		hex_encode(bank.value[i], 48, got);
		if (want != NULL)
			assert_string_equal(got, want);
	}
}

static void
test_recorded_logs(void **state)
{
	json_error_t e;
	json_t *list = json_load_file(FOLDER "eventlogs/expected.json", 0, &e), *entry;
	size_t i, checked = 0;

	(void)state;
	if (list == NULL) {
		print_message("skipped: no " FOLDER "eventlogs\n");
		skip();
	}
	json_array_foreach(list, i, entry)
	{
		if (json_object_get(entry, "rtmr") == NULL)
			continue;
		check_recorded(entry);
		checked++;
	}
	assert_true(checked > 0);
	json_decref(list);
}

/* Firmware and boot loader of a recorded quote, as its machine logged them. */
static void
test_recorded_quote(void **state)
{
	static uint8_t quote[16384];
	struct tdx_quote q;
	struct ccel_table t;
	struct rtmr_bank bank;
	struct bytes b;
	size_t events;
	FILE *f;

	(void)state;
	f = fopen(FOLDER "google-v4-cos113-ccel/quote.bin", "rb");
	if (f == NULL) {
		print_message("skipped: no " FOLDER "\n");
		skip();
	}
	b = (struct bytes){quote, fread(quote, 1, sizeof quote, f)};
	fclose(f);
	assert_int_equal(quote_parse(b, &q), TDX_HOLDS);
	assert_int_equal(ccel_table_parse(load("google-v4-cos113-ccel/ccel_table.dat"), &t), 0);
	assert_int_equal(ccel_replay(load("google-v4-cos113-ccel/ccel_data.dat"), &bank, &events),
			 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(register_match(&bank, i, &q), REGISTER_MATCHES);
	assert_int_equal(register_match(&bank, 3, &q), REGISTER_NOT_IN_LOG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_replays),
	    cmocka_unit_test(test_data_counts_only_when_hashed),
	    cmocka_unit_test(test_repeated_event_counts),
	    cmocka_unit_test(test_second_algorithm_is_passed_over),
	    cmocka_unit_test(test_padding),
	    cmocka_unit_test(test_padding_hides_nothing),
	    cmocka_unit_test(test_refuses_header),
	    cmocka_unit_test(test_refuses_event),
	    cmocka_unit_test(test_refuses_every_cut),
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_register_match),
	    cmocka_unit_test(test_recorded_logs),
	    cmocka_unit_test(test_recorded_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
