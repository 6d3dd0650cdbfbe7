/* A history that is signed and chained: every change of it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/history.h"
#include "base/banned.h"

#define TEXT_MAX 65536

static char folder[] = "/tmp/selfsame-test-history-XXXXXX";
static char path[128], key_path[136];
static char problem[HISTORY_PROBLEM_MAX];
static struct history h;
static unsigned visited;
static char last_type[64];

static void
visit(void *arg, const json_t *entry, const char *line)
{
	(void)arg;
	assert_true(line[0] == '{' && strchr(line, '\n') == NULL);
	visited++;
	assert_true(snprintf(last_type, sizeof last_type, "%s",
			     json_string_value(json_object_get(entry, "type"))) > 0);
}

static int
open_history(void)
{
	visited = 0;
	return history_open(path, visit, NULL, &h, problem);
}

static void
append(const char *type)
{
	json_t *entry = json_pack("{s:s, s:i}", "type", type, "n", 5);
	char *line = NULL;

	assert_int_equal(history_append(&h, entry, &line), 0);
	assert_non_null(strstr(line, type));
	free(line);
	json_decref(entry);
}

static size_t
read_text(char text[TEXT_MAX])
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, text, TEXT_MAX - 1);

	assert_true(n > 0);
	close(fd);
	text[n] = '\0';
	return (size_t)n;
}

static void
write_text(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0 && write(fd, text, len) == (ssize_t)len);
	close(fd);
}

static int
setup(void **state)
{
	(void)state;
	if (sodium_init() < 0)
		return 1;
	(void)unlink(path);
	(void)unlink(key_path);
	assert_int_equal(open_history(), 0);
	append("one");
	append("two");
	history_close(&h);
	return 0;
}

static int
group_setup(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL && snprintf(path, sizeof path, "%s/history", folder) > 0 &&
		       snprintf(key_path, sizeof key_path, "%s.key", path) > 0
		   ? 0
		   : 1;
}

static int
group_teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(key_path);
	return rmdir(folder);
}

static void
test_goes_on(void **state)
{
	struct history_summary s;
	struct stat st;
	uint8_t head[32], key[32];

	(void)state;
	assert_int_equal(stat(key_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(open_history(), 0);
	assert_int_equal(visited, 3);
	assert_string_equal(last_type, "two");
	memcpy(head, h.head, sizeof head);
	append("three");
	history_close(&h);
	assert_int_equal(history_check(path, NULL, head, &s, problem), 0);
	assert_int_equal(s.count, 4);
	assert_true(s.head_seen);
	memcpy(key, s.key, sizeof key);
	assert_int_equal(history_check(path, key, NULL, &s, problem), 0);
	key[0] ^= 1;
	assert_int_equal(history_check(path, key, NULL, &s, problem), ERR_EVIDENCE);
	head[0] ^= 1;
	assert_int_equal(history_check(path, NULL, head, &s, problem), ERR_EVIDENCE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), ERR_NOT_FOUND);
}

/* Every byte of it, one at a time. */
static void
test_every_byte_counts(void **state)
{
	static char text[TEXT_MAX];
	struct history_summary s;
	size_t len = read_text(text);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		char was = text[i];

		text[i] ^= 0x01;
		write_text(text, len);
		assert_int_not_equal(history_check(path, NULL, NULL, &s, problem), 0);
		text[i] = was;
	}
	write_text(text, len);
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), 0);
}

static char *
line_at(char *text, unsigned n)
{
	for (; n > 0; n--)
		text = strchr(text, '\n') + 1;
	return text;
}

static void
test_lines_swapped_dropped_repeated(void **state)
{
	static char text[TEXT_MAX], changed[TEXT_MAX];
	struct history_summary s;
	size_t len = read_text(text);
	const char *second = line_at(text, 1), *third = line_at(text, 2);
	int first_len = (int)(second - text), second_len = (int)(third - second);

	(void)state;
	/* the second line left out */
	assert_true(snprintf(changed, sizeof changed, "%.*s%s", first_len, text, third) > 0);
	write_text(changed, strlen(changed));
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), ERR_EVIDENCE);
	assert_non_null(strstr(problem, "line 2"));
	/* swapped */
	assert_true(snprintf(changed, sizeof changed, "%.*s%s%.*s", first_len, text, third,
			     second_len, second) > 0);
	write_text(changed, strlen(changed));
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), ERR_EVIDENCE);
	/* twice */
	assert_true(snprintf(changed, sizeof changed, "%.*s%.*s%s", (int)len, text, second_len,
			     second, "") > 0);
	write_text(changed, strlen(changed));
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), ERR_EVIDENCE);
	assert_int_not_equal(open_history(), 0);
	write_text("", 0);
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), ERR_EVIDENCE);
}

/* What a crash leaves behind was never acted on. */
static void
test_torn_line(void **state)
{
	static char text[TEXT_MAX];
	struct history_summary s;
	size_t len = read_text(text);

	(void)state;
	write_text(text, len - 10);
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), ERR_EVIDENCE);
	assert_int_equal(open_history(), 0);
	assert_int_equal(visited, 2);
	append("after");
	history_close(&h);
	assert_int_equal(history_check(path, NULL, NULL, &s, problem), 0);
	assert_int_equal(s.count, 3);
}

static void
test_key_and_lock(void **state)
{
	struct history other;

	(void)state;
	assert_int_equal(open_history(), 0);
	assert_int_equal(history_open(path, visit, NULL, &other, problem), ERR_CONFLICT);
	history_close(&h);
	assert_int_equal(unlink(key_path), 0);
	assert_int_equal(open_history(), ERR_NOT_FOUND);
	assert_non_null(strstr(problem, ".key"));
}

static void
test_too_long(void **state)
{
	static char long_text[HISTORY_LINE_MAX + 1];
	json_t *entry;
	char *line;

	(void)state;
	memset(long_text, 'x', HISTORY_LINE_MAX);
	assert_int_equal(open_history(), 0);
	entry = json_pack("{s:s, s:s}", "type", "x", "text", long_text);
	assert_int_equal(history_append(&h, entry, &line), ERR_SPACE);
	json_decref(entry);
	append("shorter");
	history_close(&h);
	assert_int_equal(open_history(), 0);
	assert_int_equal(visited, 4);
	history_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_goes_on, setup),
	    cmocka_unit_test_setup(test_every_byte_counts, setup),
	    cmocka_unit_test_setup(test_lines_swapped_dropped_repeated, setup),
	    cmocka_unit_test_setup(test_torn_line, setup),
	    cmocka_unit_test_setup(test_key_and_lock, setup),
	    cmocka_unit_test_setup(test_too_long, setup),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
