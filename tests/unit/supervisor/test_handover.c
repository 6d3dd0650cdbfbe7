#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "supervisor/handover.h"
#include "supervisor/wiring.h"

static const struct plan bound = {.scheme = BOOT_BOUND, .platform = {.name = "simulated"}};

static void
load(const char *file, struct settings *ret)
{
	struct bytes b = {(const uint8_t *)file, strlen(file)};
	char text[200];

	assert_int_equal(settings_parse(NULL, b, ret, text, sizeof text), 0);
}

/* Both parts are RFC 8785: members sorted, no spaces; jansson writes the same bytes again. */
static void
is_canonical(const char *json, size_t len)
{
	json_t *o = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	char *again;

	assert_non_null(o);
	again = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	assert_non_null(again);
	assert_int_equal(strlen(again), len);
	assert_memory_equal(again, json, len);
	free(again);
	json_decref(o);
}

static void
test_parts(void **state)
{
	static struct statement_parts parts;
	struct program programs[] = {
	    {.name = "selfsame-attester", .sha256 = {0xab}},
	    {.name = "selfsame-gateway", .sha256 = {0xcd}},
	    {.name = "selfsamed", .sha256 = {0xef}},
	};
	struct settings s;
	json_t *o;

	(void)state;
	load("SELFSAME_CHAIN_ID=31337\n", &s);
	assert_int_equal(statement_parts_make(&s, &bound, programs, 3, &parts), 0);
	is_canonical(parts.settings, parts.settings_len);
	is_canonical(parts.binaries, parts.binaries_len);
	o = json_loadb(parts.settings, parts.settings_len, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "derivation")), "bound");
	assert_string_equal(json_string_value(json_object_get(o, "SELFSAME_CHAIN_ID")), "31337");
	assert_string_equal(json_string_value(json_object_get(o, "rootSource")), "environment");
	assert_null(json_object_get(o, "rootKey"));
	json_decref(o);
	o = json_loadb(parts.binaries, parts.binaries_len, 0, NULL);
	assert_int_equal(json_object_size(o), 3);
	assert_string_equal(json_string_value(json_object_get(o, "selfsamed")),
	    "ef00000000000000000000000000000000000000000000000000000000000000");
	json_decref(o);
	settings_free(&s);
}

/* With the secret of an agent the settings name its key, and the chain is kept. */
static void
test_parts_of_a_root(void **state)
{
	static struct statement_parts parts;
	struct program program = {.name = "selfsamed", .sha256 = {0xef}};
	struct msg_root root = {.public_key = {0x02, 0xaa}, .key_chain = {(const uint8_t *)"{}", 2}};
	struct settings s;
	json_t *o;

	(void)state;
	load("SELFSAME_CHAIN_ID=31337\n", &s);
	assert_int_equal(statement_parts_make(&s, &bound, &program, 1, &parts), 0);
	assert_int_equal(statement_parts_root(&s, &bound, &root, &parts), 0);
	is_canonical(parts.settings, parts.settings_len);
	o = json_loadb(parts.settings, parts.settings_len, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "rootKey")),
	    "0x02aa00000000000000000000000000000000000000000000000000000000000000");
	json_decref(o);
	assert_int_equal(parts.key_chain_len, 2);
	assert_memory_equal(parts.key_chain, "{}", 2);
	settings_free(&s);
}

static void
test_secret(void **state)
{
	struct child signer;
	struct channel theirs;
	struct msg_secret m;
	struct settings s;
	struct frame f;
	uint8_t buf[1024], seed[ROOT_SEED_LEN];
	int fd[2];

	(void)state;
	child_init(&signer, ROLE_SIGNER, "selfsame-signer");
	assert_int_equal(wiring_pair(fd), 0);
	channel_open(&signer.channel, fd[0], ROLE_SUPERVISOR, ROLE_SIGNER);
	channel_open(&theirs, fd[1], ROLE_SIGNER, ROLE_SUPERVISOR);

	load("MNEMONIC=some words\nMNEMONIC_PASSPHRASE=extra\n", &s);
	assert_int_equal(handover_secret(&signer, &bound, &s, NULL), 0);
	assert_null(s.value[SET_MNEMONIC]);
	assert_null(s.value[SET_MNEMONIC_PASSPHRASE]);
	settings_free(&s);
	assert_int_equal(channel_receive(&theirs, buf, sizeof buf, &f), 0);
	assert_int_equal(msg_secret_read(f.body, &m), 0);
	assert_int_equal(m.mnemonic.len, 10);
	assert_memory_equal(m.mnemonic.p, "some words", 10);
	assert_int_equal(m.passphrase.len, 5);
	assert_int_equal(m.seed.len, 0);

	/* a seed instead, and nothing else besides */
	load("MNEMONIC_PASSPHRASE=extra\n", &s);
	memset(seed, 0x5e, sizeof seed);
	assert_int_equal(handover_secret(&signer, &bound, &s, seed), 0);
	assert_null(s.value[SET_MNEMONIC_PASSPHRASE]);
	settings_free(&s);
	assert_int_equal(seed[0] | seed[63], 0);
	/* it comes once; this is another signer */
	channel_open(&theirs, fd[1], ROLE_SIGNER, ROLE_SUPERVISOR);
	assert_int_equal(channel_receive(&theirs, buf, sizeof buf, &f), 0);
	assert_int_equal(msg_secret_read(f.body, &m), 0);
	assert_int_equal(m.mnemonic.len + m.passphrase.len, 0);
	assert_int_equal(m.seed.len, 64);
	assert_int_equal(m.seed.p[63], 0x5e);

	/* a signer that is gone: the secret is wiped all the same */
	close(fd[1]);
	load("MNEMONIC=some words\n", &s);
	assert_int_equal(handover_secret(&signer, &bound, &s, NULL), ERR_CLOSED);
	assert_null(s.value[SET_MNEMONIC]);
	settings_free(&s);
	child_close(&signer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts),
	    cmocka_unit_test(test_parts_of_a_root),
	    cmocka_unit_test(test_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
