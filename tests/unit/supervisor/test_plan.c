#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/err.h"
#include "supervisor/plan.h"

static const char *problem;

/* What plan_make() says about a file of settings; the plan in *ret. */
static int
make(const char *file, int development, struct plan *ret)
{
	struct bytes b = {(const uint8_t *)file, strlen(file)};
	struct settings s;
	char text[200];
	int r;

	problem = "";
	assert_int_equal(settings_parse(NULL, b, &s, text, sizeof text), 0);
	r = plan_make(&s, development, ret, &problem);
	settings_free(&s);
	return r;
}

static void
test_development(void **state)
{
	struct plan p;

	(void)state;
	assert_int_equal(make("SELFSAME_CHAIN_ID=31337\n", 1, &p), 0);
	assert_int_equal(p.development, 1);
	assert_int_equal(p.phrase_is_published, 1);
	assert_int_equal(p.scheme, BOOT_INDEXED);
	assert_string_equal(p.platform.name, "simulated");
	assert_int_equal(p.chain_id, 31337);
	assert_int_equal(p.active_agents, 65536);
	assert_int_equal(p.rpc_is_loopback, 1);
	assert_int_equal(p.local_fork, 0);
	assert_string_equal(plan_scheme_name(&p), "indexed");

	assert_int_equal(make("SELFSAME_CHAIN_ID=1337\nMNEMONIC=x\nSELFSAME_DERIVATION=bound\n"
	                      "SELFSAME_PLATFORM=simulated\nCHAINSTACK_NODE=https://rpc.example\n"
	                      "SELFSAME_ACTIVE_AGENTS=5\n", 1, &p), 0);
	assert_int_equal(p.phrase_is_published, 0);
	assert_int_equal(p.scheme, BOOT_BOUND);
	assert_int_equal(p.rpc_is_loopback, 0);
	assert_int_equal(p.active_agents, 5);
	assert_string_equal(plan_scheme_name(&p), "bound");
	assert_int_equal(make("SELFSAME_CHAIN_ID=1337\nSELFSAME_DERIVATION=indexed\n", 1, &p), 0);
	assert_int_equal(p.scheme, BOOT_INDEXED);
}

/* Development never touches a public network by accident. */
static void
test_public_chain(void **state)
{
	struct plan p;

	(void)state;
	assert_int_equal(make("", 1, &p), ERR_SETTING);
	assert_memory_equal(problem, "SELFSAME_CHAIN_ID: ", 19);
	assert_int_equal(make("SELFSAME_LOCAL_FORK=1\n", 1, &p), 0);
	assert_int_equal(p.local_fork, 1);
	assert_int_equal(make("SELFSAME_LOCAL_FORK=1\n"
	                      "CHAINSTACK_NODE=https://rpc.example\n", 1, &p), ERR_SETTING);
	assert_int_equal(make("SELFSAME_LOCAL_FORK=1\n"
	                      "CHAINSTACK_NODE=http://127.0.0.1:1,https://rpc.example\n", 1, &p),
	    ERR_SETTING);
	assert_int_equal(make("SELFSAME_LOCAL_FORK=1\n"
	                      "CHAINSTACK_NODE=http://127.0.0.1:1,http://[::1]:2\n", 1, &p), 0);
	assert_int_equal(make("CHAINSTACK_NODE=http://127.0.0.1:1\n", 1, &p), ERR_SETTING);
}

static void
test_without_development(void **state)
{
	struct plan p;

	(void)state;
	assert_int_equal(make("SELFSAME_CHAIN_ID=31337\n", 0, &p), ERR_SETTING);
	assert_memory_equal(problem, "MNEMONIC: ", 10);
	assert_int_equal(make("MNEMONIC=x\n", 0, &p), ERR_SETTING);
	assert_memory_equal(problem, "SELFSAME_PLATFORM: no TEE", 25);
	assert_int_equal(make("MNEMONIC=x\nSELFSAME_PLATFORM=simulated\n", 0, &p), ERR_SETTING);
	assert_memory_equal(problem, "SELFSAME_PLATFORM: simulated", 28);
	assert_non_null(strstr(problem, "--dev"));
}

/* A platform stands there as soon as its directory does: the root of the file system will do. */
#define TSM "SELFSAME_PLATFORM=tsm\nSELFSAME_TSM_REPORTS=/\n"
#define NO_SOCKETS "SELFSAME_DSTACK_SOCKET=/dev/null/none\nSELFSAME_LAUNCHER_SOCKET=/dev/null/none\n"

static void
test_real(void **state)
{
	struct plan p;

	(void)state;
	assert_int_equal(make(TSM "MNEMONIC=x\n", 0, &p), 0);
	assert_string_equal(p.platform.name, "tsm");
	assert_string_equal(plan_root_name(&p), "environment");
	assert_int_equal(p.root, BOOT_ROOT_PHRASE);
	assert_int_equal(p.scheme, BOOT_BOUND);
	assert_int_equal(p.development, 0);
	assert_int_equal(make(TSM, 0, &p), ERR_SETTING);
	assert_memory_equal(problem, "MNEMONIC: ", 10);
	/* only dstack's agent derives keys */
	assert_int_equal(make(TSM "MNEMONIC=x\nSELFSAME_ROOT_SOURCE=dstack-v0\n", 0, &p),
	    ERR_SETTING);
	assert_memory_equal(problem, "SELFSAME_ROOT_SOURCE: ", 22);
	assert_int_equal(make("MNEMONIC=x\nSELFSAME_PLATFORM=dstack\n"
	                      "SELFSAME_DSTACK_SOCKET=/dev/null/none\n", 0, &p), ERR_SETTING);
	assert_memory_equal(problem, "SELFSAME_PLATFORM: ", 19);
}

/* Where there is a real TEE, development has to be said twice. */
static void
test_development_in_a_tee(void **state)
{
	struct plan p;

	(void)state;
	assert_int_equal(make(TSM "SELFSAME_CHAIN_ID=31337\n", 1, &p), ERR_SETTING);
	assert_non_null(strstr(problem, "--dev is refused in a real TEE"));
	assert_int_equal(make(NO_SOCKETS "SELFSAME_TSM_REPORTS=/\nSELFSAME_CHAIN_ID=31337\n", 1,
	                     &p), ERR_SETTING);
	assert_int_equal(make(NO_SOCKETS "SELFSAME_TSM_REPORTS=/\nSELFSAME_CHAIN_ID=31337\n"
	                      "SELFSAME_PLATFORM=simulated\n", 1, &p), 0);
	assert_string_equal(p.platform.name, "simulated");
	assert_int_equal(make("SELFSAME_CHAIN_ID=31337\nSELFSAME_ROOT_SOURCE=dstack-v1\n", 1, &p),
	    ERR_SETTING);
	assert_memory_equal(problem, "SELFSAME_ROOT_SOURCE: ", 22);
}

static void
test_phrase(void **state)
{
	char phrase[PLAN_PHRASE_MAX];

	(void)state;
	plan_development_phrase(phrase);
	assert_string_equal(phrase, "test test test test test test test test test test test junk");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_development),
	    cmocka_unit_test(test_public_chain),
	    cmocka_unit_test(test_without_development),
	    cmocka_unit_test(test_real),
	    cmocka_unit_test(test_development_in_a_tee),
	    cmocka_unit_test(test_phrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
