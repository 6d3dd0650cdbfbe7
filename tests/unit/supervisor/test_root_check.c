/* The record of a root secret, and what is refused against it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "supervisor/root_check.h"

static char directory[] = "/tmp/selfsame-record-XXXXXX";
static char path[64];
static char text[ROOT_TEXT_MAX];
static struct settings settings;

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/root", directory);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	settings_free(&settings);
	return rmdir(directory);
}

static void
write_file(const char *content, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static struct root_record
record_of(enum boot_root scheme, uint8_t fill)
{
	struct root_record r = {.scheme = scheme};

	memset(r.public_key, fill, sizeof r.public_key);
	r.public_key[0] = 2;
	return r;
}

static struct msg_root
root_of(enum boot_root scheme, uint8_t fill)
{
	struct msg_root m = {.scheme = (uint8_t)scheme};

	memset(m.public_key, fill, sizeof m.public_key);
	m.public_key[0] = 2;
	return m;
}

/* What the settings and the record make of it. */
static int
open_check(enum boot_root wanted, const char *more, struct root_check *ret)
{
	char file[256], refused[128];

	(void)snprintf(file, sizeof file, "SELFSAME_ROOT_RECORD=%s\n%s", path, more);
	settings_free(&settings);
	assert_int_equal(settings_parse(NULL, (struct bytes){(const uint8_t *)file, strlen(file)},
	                     &settings, refused, sizeof refused),
	    0);
	text[0] = '\0';
	return root_check_open(&settings, wanted, ret, text);
}

static int
accept_root(const struct root_check *c, enum boot_root scheme, uint8_t fill)
{
	struct msg_root m = root_of(scheme, fill);

	text[0] = '\0';
	return root_check_accept(c, &m, text);
}

static void
test_record(void **state)
{
	static const enum boot_root schemes[] = {BOOT_ROOT_DSTACK_V0, BOOT_ROOT_DSTACK_V1};
	struct root_record wanted, got;
	struct stat st;
	char new[80];

	(void)state;
	assert_int_equal(root_record_read(path, &got), ERR_NOT_FOUND);
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		wanted = record_of(schemes[i], 0xa7);
		assert_int_equal(root_record_write(path, &wanted), 0);
		assert_int_equal(root_record_read(path, &got), 0);
		assert_int_equal(got.scheme, schemes[i]);
		assert_memory_equal(got.public_key, wanted.public_key, 33);
	}
	(void)snprintf(new, sizeof new, "%s.new", path);
	assert_int_not_equal(stat(new, &st), 0);
	assert_int_equal(root_record_write("/dev/null/none/root", &wanted), ERR_IO);
	assert_int_equal(root_record_read(directory, &got), ERR_IO);
}

/* Every byte of the file counts: cut anywhere, or with one more, it is none. */
static void
test_malformed(void **state)
{
	struct root_record record = record_of(BOOT_ROOT_DSTACK_V0, 0x3b), got;
	char content[256];
	size_t len;
	FILE *f;

	(void)state;
	assert_int_equal(root_record_write(path, &record), 0);
	assert_non_null(f = fopen(path, "r"));
	len = fread(content, 1, sizeof content, f);
	(void)fclose(f);
	for (size_t cut = 0; cut < len; cut++) {
		write_file(content, cut);
		assert_int_equal(root_record_read(path, &got), ERR_PARSE);
	}
	content[len] = '\n';
	write_file(content, len + 1);
	assert_int_equal(root_record_read(path, &got), ERR_PARSE);
	content[len - 2] = 'B'; /* upper case is another spelling */
	write_file(content, len);
	assert_int_equal(root_record_read(path, &got), ERR_PARSE);
	memset(content, 'x', sizeof content);
	write_file(content, sizeof content);
	assert_int_equal(root_record_read(path, &got), ERR_PARSE);
	assert_int_equal(unlink(path), 0);
}

static void
test_birth_and_after(void **state)
{
	struct root_check c;

	(void)state;
	assert_int_equal(open_check(BOOT_ROOT_DSTACK, "", &c), 0);
	assert_int_equal(c.wanted, BOOT_ROOT_DSTACK);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V0, 0x11), 0);
	/* from now on the record says which scheme, and which key */
	assert_int_equal(open_check(BOOT_ROOT_DSTACK, "", &c), 0);
	assert_int_equal(c.wanted, BOOT_ROOT_DSTACK_V0);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V0, 0x11), 0);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V0, 0x12), ERR_SETTING);
	assert_non_null(strstr(text, path));
	assert_non_null(strstr(text, "0x021111"));
	assert_non_null(strstr(text, "0x021212"));
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V1, 0x11), ERR_SETTING);
	/* and another scheme is not even asked for */
	assert_int_equal(open_check(BOOT_ROOT_DSTACK_V1, "", &c), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_ROOT_SOURCE=dstack-v0"));
	write_file("scheme=", 7);
	assert_int_equal(open_check(BOOT_ROOT_DSTACK, "", &c), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_ROOT_RECORD"));
	assert_int_equal(unlink(path), 0);
}

/* The setting stands for the file, which is then not even made. */
static void
test_pinned(void **state)
{
	char key[69] = "0x02", setting[128];
	struct root_check c;
	struct stat st;

	(void)state;
	memset(key + 4, '4', 64);
	(void)snprintf(setting, sizeof setting, "SELFSAME_ROOT_PUBLIC_KEY=%s\n", key);
	assert_int_equal(open_check(BOOT_ROOT_DSTACK_V1, setting, &c), 0);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V1, 0x44), 0);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V1, 0x45), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_ROOT_PUBLIC_KEY"));
	assert_int_not_equal(stat(path, &st), 0);
}

static void
test_odd_answers(void **state)
{
	struct root_check c;

	(void)state;
	assert_int_equal(open_check(BOOT_ROOT_DSTACK_V1, "", &c), 0);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V0, 0x11), ERR_SETTING);
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK, 0x11), ERR_SETTING);
	assert_int_equal(accept_root(&c, BOOT_ROOT_PHRASE, 0x11), ERR_SETTING);
	assert_int_equal(accept_root(&c, (enum boot_root)9, 0x11), ERR_SETTING);
	/* a birth that cannot be recorded is none */
	c.path = "/dev/null/none/root";
	assert_int_equal(accept_root(&c, BOOT_ROOT_DSTACK_V1, 0x11), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_ROOT_PUBLIC_KEY=0x021111"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_record),
	    cmocka_unit_test(test_malformed),
	    cmocka_unit_test(test_birth_and_after),
	    cmocka_unit_test(test_pinned),
	    cmocka_unit_test(test_odd_answers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
