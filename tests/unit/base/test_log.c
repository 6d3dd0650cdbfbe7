#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

static char line[8192];
static int saved = -1;
static int pipe_fds[2];

/* Standard error goes through a pipe while a line is written. */
static void
capture(void)
{
	assert_int_equal(pipe2(pipe_fds, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_int_equal(dup2(pipe_fds[1], STDERR_FILENO), STDERR_FILENO);
}

static void
captured(void)
{
	ssize_t n;

	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
	close(pipe_fds[1]);
	n = read(pipe_fds[0], line, sizeof line - 1);
	close(pipe_fds[0]);
	line[n > 0 ? n : 0] = '\0';
}

#define LOGGED(...) \
	do { \
		capture(); \
		log_event(__VA_ARGS__); \
		captured(); \
	} while (0)

/* What stands after the time, which differs. */
static const char *
after_time(void)
{
	const char *p = strchr(line, ' ');

	assert_non_null(p);
	assert_memory_equal(line, "time=", 5);
	return p;
}

static void
test_text(void **state)
{
	static const uint8_t bytes[] = {0xde, 0xad};

	(void)state;
	log_open("prog", 0, LOG_INFO);
	LOGGED(LOG_WARN, "happened", LOG_STR("s", "plain"), LOG_INT("n", -5), LOG_INT("z", 0),
	    LOG_BYTES("b", bytes, sizeof bytes), LOG_CODE(ERR_PARSE), LOG_STRN("cut", "abcdef", 3));
	assert_string_equal(after_time(), " level=\"warn\" process=\"prog\" event=\"happened\" "
	                                  "s=\"plain\" n=-5 z=0 b=\"dead\" "
	                                  "error=\"ERR_PARSE\" cut=\"abc\"\n");
	LOGGED(LOG_INFO, "least", LOG_INT("n", INT64_MIN), LOG_STR("none", NULL));
	assert_string_equal(after_time(), " level=\"info\" process=\"prog\" event=\"least\" "
	                                  "n=-9223372036854775808 none=\"\"\n");
}

static void
test_json_parses(void **state)
{
	json_t *o;

	(void)state;
	log_open("prog", 1, LOG_INFO);
	LOGGED(LOG_ERROR, "happened", LOG_STR("s", "a\"b\\c\nd\x7f\xc3\xa9"), LOG_INT("n", 7));
	o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "level")), "error");
	assert_string_equal(json_string_value(json_object_get(o, "event")), "happened");
	assert_int_equal(json_integer_value(json_object_get(o, "n")), 7);
	assert_true(json_integer_value(json_object_get(o, "time")) > 0);
	/* what is not printable ASCII comes escaped, byte by byte */
	assert_non_null(strstr(line, "a\\u0022b\\u005cc\\u000ad\\u007f\\u00c3\\u00a9"));
	json_decref(o);
	log_open("prog", 0, LOG_INFO);
}

/* Nobody forges a line: line ends and quotes of outside text are escaped in both forms. */
static void
test_one_line(void **state)
{
	(void)state;
	log_open("prog", 0, LOG_INFO);
	LOGGED(LOG_INFO, "e", LOG_STR("s", "x\" level=\"error\n\r\x1b[31m"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_null(strchr(line, '\x1b'));
	assert_null(strstr(line, "level=\"error"));
}

static void
test_cuts(void **state)
{
	static char text[1000];
	const char *s;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	log_open("prog", 0, LOG_INFO);
	LOGGED(LOG_INFO, "e", LOG_STR("s", text));
	s = strchr(line, 'x');
	assert_non_null(s);
	assert_int_equal(strspn(s, "x"), 200);

	/* a field that does not fit is left out whole, and the line still ends */
	memset(text, '\n', sizeof text - 1);
	LOGGED(LOG_INFO, "e", LOG_STR("a", text), LOG_STR("b", text), LOG_INT("n", 1));
	assert_non_null(strstr(line, " a=\""));
	assert_null(strstr(line, " b=\""));
	assert_int_equal(line[strlen(line) - 1], '\n');
	assert_int_equal(line[strlen(line) - 2], '"');
}

static void
test_level(void **state)
{
	(void)state;
	log_open("prog", 0, LOG_WARN);
	LOGGED(LOG_INFO, "quiet", LOG_INT("n", 1));
	assert_string_equal(line, "");
	LOGGED(LOG_WARN, "loud", LOG_INT("n", 1));
	assert_non_null(strstr(line, "loud"));
	log_open("prog", 0, LOG_DEBUG);
	capture();
	log_note(LOG_DEBUG, "alone");
	captured();
	assert_string_equal(after_time(), " level=\"debug\" process=\"prog\" event=\"alone\"\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_json_parses),
	    cmocka_unit_test(test_one_line),
	    cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_level),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
