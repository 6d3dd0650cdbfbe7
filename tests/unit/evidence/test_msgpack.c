/* Examples are those of the format's own description (msgpack/spec.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "evidence/msgpack.h"
#include "base/banned.h"

#define READER(literal) reader_of((const uint8_t *)(literal), sizeof(literal) - 1)

static void
test_takes_every_type(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
	    {"\x00", 1},
	    {"\x7f", 1},
	    {"\xe0", 1},
	    {"\xff", 1},
	    {"\xc0", 1},
	    {"\xc2", 1},
	    {"\xc3", 1},
	    {"\xc4\x02xy", 4},
	    {"\xc5\x00\x02xy", 5},
	    {"\xc6\x00\x00\x00\x02xy", 7},
	    {"\xc7\x02\x05xy", 5},
	    {"\xc8\x00\x01\x05x", 5},
	    {"\xc9\x00\x00\x00\x01\x05x", 7},
	    {"\xca"
	     "1234",
	     5},
	    {"\xcb"
	     "12345678",
	     9},
	    {"\xcc\xff", 2},
	    {"\xcd\xff\xff", 3},
	    {"\xce"
	     "1234",
	     5},
	    {"\xcf"
	     "12345678",
	     9},
	    {"\xd0\xff", 2},
	    {"\xd1\xff\xff", 3},
	    {"\xd2"
	     "1234",
	     5},
	    {"\xd3"
	     "12345678",
	     9},
	    {"\xd4\x05x", 3},
	    {"\xd5\x05xy", 4},
	    {"\xd6\x05"
	     "1234",
	     6},
	    {"\xd7\x05"
	     "12345678",
	     10},
	    {"\xd8\x05"
	     "1234567890123456",
	     18},
	    {"\xa2xy", 3},
	    {"\xd9\x02xy", 4},
	    {"\xda\x00\x02xy", 5},
	    {"\xdb\x00\x00\x00\x02xy", 7},
	    {"\x92\x01\xa1x", 4},
	    {"\xdc\x00\x02\x01\x02", 5},
	    {"\xdd\x00\x00\x00\x01\x01", 6},
	    {"\x81\xa1x\x01", 4},
	    {"\xde\x00\x01\xa1x\x01", 6},
	    {"\xdf\x00\x00\x00\x01\xa1x\x01", 8},
	    {"\x81\x91\x91\x01\x82\xc0\xc0\xc0\x90", 9},
	};
	struct bytes run;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t exact[32];
		struct reader r;

		memcpy(exact, cases[i].bytes, cases[i].len);
		exact[cases[i].len] = 0xc1; /* no value */
		r = reader_of(exact, cases[i].len + 1);
		assert_int_equal(msgpack_take(&r, &run), 0);
		assert_int_equal(run.len, cases[i].len);
		assert_int_equal(r.left, 1);
		for (size_t len = 0; len < cases[i].len; len++) {
			r = reader_of(exact, len);
			assert_int_equal(msgpack_take(&r, &run), ERR_PARSE);
			assert_int_equal(r.left, len);
		}
	}
}

static void
test_refuses_sizes(void **state)
{
	struct reader all[] = {
	    READER("\xc1"),
	    READER("\xdd\xff\xff\xff\xff\x01"),
	    READER("\xdf\xff\xff\xff\xff\x01"),
	    READER("\xdb\xff\xff\xff\xffx"),
	    READER("\xc9\xff\xff\xff\xff\x05x"),
	};
	struct bytes run;
	uint32_t count;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		assert_int_equal(msgpack_take(&all[i], &run), ERR_PARSE);
	assert_int_equal(msgpack_array(&all[1], &count), ERR_PARSE);
}

static void
test_integers(void **state)
{
	struct reader r = READER("\x05\xcc\xff\xcd\x01\x00\xce\x00\x01\x00\x00"
				 "\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xd0\x01");
	uint64_t n;

	(void)state;
	assert_int_equal(msgpack_u64(&r, 4, &n), ERR_RANGE);
	assert_int_equal(msgpack_u64(&r, 5, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(msgpack_u64(&r, 255, &n), 0);
	assert_int_equal(n, 255);
	assert_int_equal(msgpack_u64(&r, UINT64_MAX, &n), 0);
	assert_int_equal(n, 256);
	assert_int_equal(msgpack_u64(&r, UINT64_MAX, &n), 0);
	assert_int_equal(n, 65536);
	assert_int_equal(msgpack_u64(&r, UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(msgpack_u64(&r, UINT64_MAX, &n), ERR_PARSE); /* a signed one */
}

static void
test_text_and_bytes(void **state)
{
	struct reader r = READER("\xa2xy\xc4\x02\x01\x02\x93\x01\xcc\xff\x03\x91\xcd\x01\x00");
	uint8_t room[4] = {0};
	struct bytes b;

	(void)state;
	assert_int_equal(msgpack_bytes(&r, room, sizeof room, &b), ERR_PARSE);
	assert_int_equal(msgpack_text(&r, &b), 0);
	assert_int_equal(b.len, 2);
	assert_memory_equal(b.p, "xy", 2);
	assert_int_equal(msgpack_text(&r, &b), ERR_PARSE);
	assert_int_equal(msgpack_bytes(&r, room, 1, &b), ERR_SPACE);
	assert_int_equal(msgpack_bytes(&r, room, 2, &b), 0);
	assert_memory_equal(b.p, "\x01\x02", 2);
	assert_int_equal(msgpack_bytes(&r, room, 2, &b), ERR_SPACE);
	assert_int_equal(msgpack_bytes(&r, room, sizeof room, &b), 0);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.p, "\x01\xff\x03", 3);
	assert_int_equal(msgpack_bytes(&r, room, sizeof room, &b), ERR_PARSE); /* [256] */
}

static void
test_members(void **state)
{
	static const char *const names[] = {"a", "b"};
	static const char *const many[MSGPACK_MEMBERS_MAX + 1] = {"a"};
	struct reader r = READER("\x83\xa1z\x90\xa1"
				 "b\x05\xa1"
				 "a\xa1x");
	struct reader twice = READER("\x82\xa1"
				     "a\x01\xa1"
				     "a\x02");
	struct reader number = READER("\x81\x01\x01");
	struct reader cut = READER("\x82\xa1"
				   "a\x01");
	struct bytes m[MSGPACK_MEMBERS_MAX + 1];

	(void)state;
	assert_int_equal(msgpack_members(&r, names, 2, m), 0);
	assert_int_equal(r.left, 0);
	assert_int_equal(m[0].len, 2);
	assert_int_equal(m[1].len, 1);
	assert_int_equal(m[1].p[0], 5);
	assert_int_equal(msgpack_members(&twice, names, 2, m), ERR_DUPLICATE);
	assert_int_equal(msgpack_members(&number, names, 2, m), ERR_PARSE);
	assert_int_equal(msgpack_members(&cut, names, 2, m), ERR_PARSE);
	assert_int_equal(cut.left, 4);
	assert_int_equal(msgpack_members(&cut, many, MSGPACK_MEMBERS_MAX + 1, m), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_takes_every_type), cmocka_unit_test(test_refuses_sizes),
	    cmocka_unit_test(test_integers),	     cmocka_unit_test(test_text_and_bytes),
	    cmocka_unit_test(test_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
