/* Which platform is found, on a tree of our own: order, names, and what is no socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "supervisor/platform.h"

static char root[] = "/tmp/selfsame-platform-XXXXXX";
static char agent[64], launcher[64], reports[64], file[64];
static const char *problem;

static int
make_socket(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, path, strlen(path));
	return bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 ? close(fd) : -1;
}

static int
setup(void **state)
{
	FILE *f;

	(void)state;
	if (mkdtemp(root) == NULL)
		return -1;
	(void)snprintf(agent, sizeof agent, "%s/dstack.sock", root);
	(void)snprintf(launcher, sizeof launcher, "%s/teeserver.sock", root);
	(void)snprintf(reports, sizeof reports, "%s/report", root);
	(void)snprintf(file, sizeof file, "%s/file", root);
	if ((f = fopen(file, "w")) == NULL || fclose(f) != 0)
		return -1;
	return make_socket(agent) | make_socket(launcher) | mkdir(reports, 0700);
}

static int
teardown(void **state)
{
	(void)state;
	return unlink(agent) | unlink(launcher) | unlink(file) | rmdir(reports) | rmdir(root);
}

static int
find(const char *name, const char *dstack, const char *eigen, const char *tsm, struct platform *ret)
{
	static struct settings s; /* *ret borrows from it */
	char text[512], refused[128];

	(void)snprintf(text, sizeof text,
	    "SELFSAME_PLATFORM=%s\nSELFSAME_DSTACK_SOCKET=%s\nSELFSAME_LAUNCHER_SOCKET=%s\n"
	    "SELFSAME_TSM_REPORTS=%s\n",
	    name, dstack, eigen, tsm);
	settings_free(&s);
	assert_int_equal(settings_parse(NULL, (struct bytes){(const uint8_t *)text, strlen(text)},
	                     &s, refused, sizeof refused),
	    0);
	problem = "";
	return platform_find(&s, ret, &problem);
}

static void
test_order(void **state)
{
	struct platform p;

	(void)state;
	assert_int_equal(find("auto", agent, launcher, reports, &p), 0);
	assert_string_equal(p.name, "dstack");
	assert_string_equal(p.socket, agent);
	assert_null(p.reports);
	assert_int_equal(find("auto", "/dev/null/none", launcher, reports, &p), 0);
	assert_string_equal(p.name, "eigencompute");
	assert_string_equal(p.socket, launcher);
	assert_int_equal(find("auto", "/dev/null/none", "/dev/null/none", reports, &p), 0);
	assert_string_equal(p.name, "tsm");
	assert_string_equal(p.reports, reports);
	assert_null(p.socket);
	assert_int_equal(find("auto", "/dev/null/none", "/dev/null/none", "/dev/null/none", &p),
	    ERR_NOT_FOUND);
}

static void
test_named(void **state)
{
	struct platform p;

	(void)state;
	assert_int_equal(find("tsm", agent, launcher, reports, &p), 0);
	assert_string_equal(p.name, "tsm");
	assert_int_equal(find("eigencompute", agent, launcher, reports, &p), 0);
	assert_string_equal(p.name, "eigencompute");
	assert_int_equal(find("simulated", agent, launcher, reports, &p), 0);
	assert_string_equal(p.name, "simulated");
	assert_null(p.socket);
	assert_int_equal(find("dstack", "/dev/null/none", launcher, reports, &p), ERR_SETTING);
	assert_non_null(strstr(problem, "SELFSAME_DSTACK_SOCKET"));
	assert_int_equal(find("eigencompute", agent, "/dev/null/none", reports, &p), ERR_SETTING);
	assert_non_null(strstr(problem, "SELFSAME_LAUNCHER_SOCKET"));
	assert_int_equal(find("tsm", agent, launcher, "/dev/null/none", &p), ERR_SETTING);
	assert_non_null(strstr(problem, "SELFSAME_TSM_REPORTS"));
}

/* A file, or a directory where a socket should be, is no platform. */
static void
test_other_kinds(void **state)
{
	struct platform p;

	(void)state;
	assert_int_equal(find("auto", file, reports, launcher, &p), ERR_NOT_FOUND);
	assert_int_equal(find("dstack", file, launcher, reports, &p), ERR_SETTING);
	assert_int_equal(find("tsm", agent, launcher, file, &p), ERR_SETTING);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_named),
	    cmocka_unit_test(test_other_kinds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
