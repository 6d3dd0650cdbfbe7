#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/revert.h"
#include "evm/u256.h"

#define W(last) "00000000000000000000000000000000000000000000000000000000000000" last

static uint8_t room[8192], *exact;

/* The bytes of a text, in a block of exactly their size. */
static struct bytes
bytes_of(const char *hex)
{
	size_t n = strlen(hex) / 2;

	free(exact);
	exact = malloc(n + 1);
	assert_non_null(exact);
	assert_int_equal(hex_decode(hex, strlen(hex), exact + 1, n), 0);
	return (struct bytes){exact + 1, n};
}

static int
free_exact(void **state)
{
	(void)state;
	free(exact);
	exact = NULL;
	return 0;
}

static void
assert_revert(const char *hex, const char *wanted)
{
	char text[REVERT_TEXT_MAX];

	revert_text(bytes_of(hex), text);
	assert_string_equal(text, wanted);
}

static void
test_revert_texts(void **state)
{
	(void)state;
	assert_revert("", "reverted without a reason");
	assert_revert("08c379", "reverted with data that is no error");
	assert_revert("08c379a0" W("20") W(
			  "03") "6e6f0a0000000000000000000000000000000000000000000000000000000000",
	    "no?");
	assert_revert("08c379a0" W("20") W("00"), "reverted with an empty reason");
	assert_revert("4e487b71" W("11"), "arithmetic overflow or underflow (Panic 0x11)");
	assert_revert("4e487b71" W("77"), "(Panic 0x77)");
	assert_revert("fb8f41b2" W("00"), "custom error 0xfb8f41b2");
	/* malformed errors are not read beyond their end */
	assert_revert("08c379a0" W("20") W("03"), "custom error 0x08c379a0");
	assert_revert("08c379a0" W("40") W("00"), "custom error 0x08c379a0");
	assert_revert("08c379a0ff" W("20"), "custom error 0x08c379a0");
	assert_revert("4e487b71", "custom error 0x4e487b71");
}

static void
test_long_reasons_are_cut(void **state)
{
	char text[REVERT_TEXT_MAX];
	struct writer w = writer_of(room, sizeof room);
	struct u256 word = u256_of(32), len = u256_of(1000);

	(void)state;
	write_be32(&w, 0x08c379a0);
	write_u256(&w, &word);
	write_u256(&w, &len);
	memset(room + w.len, 'x', 1000);
	revert_text((struct bytes){room, w.len + 1000}, text);
	assert_int_equal(strlen(text), REVERT_TEXT_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_revert_texts),
	    cmocka_unit_test(test_long_reasons_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, free_exact);
}
