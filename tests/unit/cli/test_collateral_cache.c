/* The cache of collateral: where it is, that a file is whole, and whose it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/collateral_cache.h"
#include "base/banned.h"

static const struct pck_platform platform = {.fmspc = {1, 2, 3, 4, 5, 6}, .ca = PCK_CA_PLATFORM};
static char folder[] = "/tmp/selfsame-test-cache-XXXXXX";
static char directory[128];

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	return snprintf(directory, sizeof directory, "%s/a/b", folder) > 0 ? 0 : 1;
}

static int
teardown(void **state)
{
	char command[256];

	(void)state;
	assert_true(snprintf(command, sizeof command, "%s/a/b/tdx-010203040506-platform-early.json",
			     folder) > 0);
	(void)unlink(command);
	(void)rmdir(directory);
	assert_true(snprintf(command, sizeof command, "%s/a", folder) > 0);
	(void)rmdir(command);
	return rmdir(folder);
}

static void
write_text_file(const char *text)
{
	struct buffer b = buffer_of(64);

	buffer_text(&b, text);
	assert_int_equal(cache_write(directory, &platform, PCS_EARLY, &b), 0);
	buffer_free(&b);
}

static int
count_files(void)
{
	DIR *d = opendir(directory);
	int n = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void
test_written_and_read(void **state)
{
	struct pck_platform other = platform;
	struct buffer b;
	int64_t written = 0;

	(void)state;
	assert_int_equal(cache_read(directory, &platform, PCS_EARLY, &b, &written), ERR_NOT_FOUND);
	buffer_free(&b);
	write_text_file("one");
	write_text_file("two");
	assert_int_equal(count_files(), 1);
	assert_int_equal(cache_read(directory, &platform, PCS_EARLY, &b, &written), 0);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.p, "two", 3);
	assert_true(written > 0);
	buffer_free(&b);
	/* of another update, another CA, another FMSPC */
	assert_int_equal(cache_read(directory, &platform, PCS_STANDARD, &b, &written),
			 ERR_NOT_FOUND);
	other.ca = PCK_CA_PROCESSOR;
	assert_int_equal(cache_read(directory, &other, PCS_EARLY, &b, &written), ERR_NOT_FOUND);
	other = platform;
	other.fmspc[5] = 7;
	assert_int_equal(cache_read(directory, &other, PCS_EARLY, &b, &written), ERR_NOT_FOUND);
}

static void
test_directory(void **state)
{
	char path[CACHE_PATH_MAX];

	(void)state;
	assert_int_equal(setenv("XDG_CACHE_HOME", "/x", 1), 0);
	assert_int_equal(cache_directory(path), 0);
	assert_string_equal(path, "/x/selfsame");
	/* a relative path is as good as none */
	assert_int_equal(setenv("XDG_CACHE_HOME", "x", 1), 0);
	assert_int_equal(setenv("HOME", "/h", 1), 0);
	assert_int_equal(cache_directory(path), 0);
	assert_string_equal(path, "/h/.cache/selfsame");
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
	assert_int_equal(unsetenv("HOME"), 0);
	assert_int_equal(cache_directory(path), ERR_NOT_FOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_written_and_read),
	    cmocka_unit_test(test_directory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
