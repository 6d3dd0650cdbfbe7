#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* White box: the moves of memory are seen and can be made to fail. */
static void *test_malloc_(size_t n);
static void test_free_(void *p);
#define malloc test_malloc_
#define free test_free_
#include "../../../src/base/buffer.c"
#undef malloc
#undef free

static int fail_malloc;
static size_t freed_dirty; /* bytes that were not wiped when they were freed */
static size_t sizes[64];
static void *blocks[64];
static size_t block_count;

static void *
test_malloc_(size_t n)
{
	void *p = fail_malloc ? NULL : malloc(n);

	if (p != NULL && block_count < 64) {
		blocks[block_count] = p;
		sizes[block_count++] = n;
		memset(p, 0, n);
	}
	return p;
}

static void
test_free_(void *p)
{
	for (size_t i = 0; i < block_count; i++) {
		for (size_t k = 0; blocks[i] == p && k < sizes[i]; k++)
			freed_dirty += ((uint8_t *)p)[k] != 0;
		if (blocks[i] == p)
			blocks[i] = NULL;
	}
	free(p);
}

static int
setup(void **state)
{
	(void)state;
	fail_malloc = 0;
	freed_dirty = 0;
	block_count = 0;
	return 0;
}

static void
test_grows_and_wipes(void **state)
{
	struct buffer b = buffer_of(100000);
	char chunk[100];

	(void)state;
	memset(chunk, 's', sizeof chunk);
	for (int i = 0; i < 300; i++)
		buffer_add(&b, chunk, sizeof chunk);
	assert_int_equal(b.err, 0);
	assert_int_equal(b.len, 30000);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.p[i], 's');
	assert_true(block_count > 3);
	buffer_free(&b);
	assert_int_equal(freed_dirty, 0);
	assert_null(b.p);
	assert_int_equal(b.max, 100000);
	/* again */
	buffer_text(&b, "x");
	assert_int_equal(b.len, 1);
	buffer_free(&b);
}

static void
test_maximum(void **state)
{
	struct buffer b = buffer_of(10);

	(void)state;
	buffer_text(&b, "0123456789");
	assert_int_equal(b.err, 0);
	buffer_add(&b, "", 0);
	assert_int_equal(b.err, 0);
	buffer_text(&b, "x");
	assert_int_equal(b.err, ERR_SPACE);
	assert_int_equal(b.len, 10);
	/* the failure stays, though this would fit after a reset */
	buffer_text(&b, "");
	assert_int_equal(b.err, ERR_SPACE);
	buffer_reset(&b);
	assert_int_equal(b.err, 0);
	buffer_text(&b, "ab");
	assert_int_equal(b.len, 2);
	assert_memory_equal(b.p, "ab\0\0", 4); /* what was there is wiped */
	buffer_add(&b, "x", SIZE_MAX);
	assert_int_equal(b.err, ERR_SPACE);
	buffer_free(&b);
}

static void
test_format(void **state)
{
	struct buffer b = buffer_of(1000);

	(void)state;
	buffer_format(&b, "%d-%s", 42, "x");
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.p, "42-x", 4);
	buffer_format(&b, "%600d", 1);
	assert_int_equal(b.err, ERR_SPACE);
	assert_int_equal(b.len, 4);
	buffer_free(&b);
}

static void
test_no_memory(void **state)
{
	struct buffer b = buffer_of(100000);
	char chunk[1000] = {0};

	(void)state;
	buffer_text(&b, "kept");
	fail_malloc = 1;
	buffer_add(&b, chunk, sizeof chunk);
	assert_int_equal(b.err, ERR_MEM);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.p, "kept", 4);
	fail_malloc = 0;
	buffer_text(&b, "x");
	assert_int_equal(b.len, 4);
	buffer_free(&b);
	assert_int_equal(freed_dirty, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_grows_and_wipes, setup),
	    cmocka_unit_test_setup(test_maximum, setup),
	    cmocka_unit_test_setup(test_format, setup),
	    cmocka_unit_test_setup(test_no_memory, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
