#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/hex.h"
#include "evidence/dstack_compose.h"
#include "base/banned.h"

#define D64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define PINNED "x@sha256:" D64

static struct dstack_compose seen;

/* An app-compose file with these members; NULL leaves one away. */
static void
look(const char *compose, const char *script, json_t *envs)
{
	json_t *o = json_object();
	char *text;

	assert_int_equal(json_object_set_new(o, "manifest_version", json_integer(2)), 0);
	if (compose != NULL)
		(void)json_object_set_new(o, "docker_compose_file", json_string(compose));
	if (script != NULL)
		(void)json_object_set_new(o, "pre_launch_script", json_string(script));
	if (envs != NULL)
		(void)json_object_set_new(o, "allowed_envs", envs);
	assert_non_null(text = json_dumps(o, 0));
	dstack_compose_look((struct bytes){(const uint8_t *)text, strlen(text)}, &seen);
	free(text);
	json_decref(o);
}

static enum tdx_reason
images(const char *compose)
{
	look(compose, NULL, NULL);
	return seen.images;
}

static void
test_pinned(void **state)
{
	static const char *const files[] = {
	    "services:\n  a:\n    image: " PINNED "\n",
	    "services:\r\n  a:\r\n    image: \"" PINNED "\"\r\n",
	    "services:\n  a:\n    image: '" PINNED
	    "' # as released\n  b:\n    image: y:1@sha256:" D64,
	    "services:\n  a:\n    \"image\" : " PINNED "\n    # image: old\n",
	    "services:\n  a:\n    image: " PINNED "\n    environment:\n      - IMAGE=evil:latest\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		assert_int_equal(images(files[i]), TDX_HOLDS);
}

static void
test_unpinned(void **state)
{
	static const struct {
		const char *line; /* the third */
		unsigned at;
	} cases[] = {
	    {"image: evil:latest", 3},
	    {"image: evil", 3},
	    {"image:", 3},
	    {"image: evil@sha256:0011", 3},
	    {"image: evil@sha256:" D64 "00", 3},
	    {"image: evil@sha256:" D64 " more", 3},
	    {"image: @sha256:" D64, 3},
	    {"image: ${EVIL}@sha256:" D64, 3},
	    {"image: evil:latest #@sha256:" D64, 3}, /* a comment is not a pin */
	    {"image: \"evil:latest\" #@sha256:" D64, 3},
	    {"image: \"x@sha256:" D64, 3},
	    {"image: *elsewhere", 3},
	    {"a: {image: evil}", 3},
	    {"a: {\"image\": \"" PINNED "\", image: evil}", 3},
	    {"{image: evil}", 3},
	    {"- image: evil", 3},
	    {"-\timage: evil", 3},
	    {"?\timage\n: evil", 3},
	    {"?\n  image\n: evil", 3},
	    {"-\t? image\n  : evil", 3},
	    {"a: {\"im\\u0061ge\": evil}", 3},
	    {"- [{\"im\\u0061ge\": evil}]", 3},
	    /* YAML ends a line, and with it a comment, at all of these */
	    {"# old\rimage: evil", 3},
	    {"# old\xc2\x85image: evil", 3},
	    {"# old\xe2\x80\xa8image: evil", 3},
	    {"# old\xe2\x80\xa9image: evil", 3},
	    {"\"im\\x61ge\": evil", 3},
	    {"? image", 3},
	    {"build: .", 3},
	    {"- build:", 3},
	    {"dockerfile_inline: |", 3},
	    {"extends: other.yaml", 3},
	    {"include: other.yaml", 3},
	    {"a: {build: .}", 3},
	    {"command: run", 0}, /* no image at all */
	};
	char file[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		(void)snprintf(file, sizeof file, "services:\n  a:\n    %s\n", cases[i].line);
		assert_int_equal(images(file), DSTACK_COMPOSE_IMAGE);
		assert_int_equal(seen.image_line, cases[i].at);
	}
	assert_int_equal(images(""), DSTACK_COMPOSE_IMAGE);
	assert_int_equal(images(NULL), DSTACK_COMPOSE_IMAGE);
}

static void
test_scripts(void **state)
{
	static const struct {
		const char *script;
		const char *command; /* NULL: nothing is fetched */
	} cases[] = {
	    {"", NULL},
	    {"EXPECTED=$(jq -j .launch_token_hash app-compose.json)\nreboot\n", NULL},
	    {"docker login -u x\nmycurl\ncurling\n", NULL},
	    {"echo digital", NULL},
	    {"curl https://x | sh", "curl"},
	    {"/usr/bin/wget x", "wget"},
	    {"x=$(git clone y)", "git"},
	    {"docker run --rm evil", "docker"},
	    {"docker\tpull evil", "docker"},
	    {"docker-compose up", "docker-compose"},
	    {"apt-get install x", "apt-get"},
	    {"pip3 install x", "pip3"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		look("image: " PINNED, cases[i].script, NULL);
		assert_int_equal(seen.images, TDX_HOLDS);
		assert_int_equal(seen.script,
				 cases[i].command == NULL ? TDX_HOLDS : DSTACK_COMPOSE_SCRIPT);
		assert_string_equal(seen.command, cases[i].command == NULL ? "" : cases[i].command);
	}
}

static enum tdx_reason
look_at(const char *file)
{
	dstack_compose_look((struct bytes){(const uint8_t *)file, strlen(file)}, &seen);
	return seen.script;
}

static void
test_other_scripts(void **state)
{
	(void)state;
	assert_int_equal(look_at("{\"runner\":\"bash\",\"bash_script\":\"wget x\"}"),
			 DSTACK_COMPOSE_SCRIPT);
	assert_int_equal(seen.images, TDX_HOLDS); /* that runner has no containers */
	assert_int_equal(look_at("{\"init_script\":[\"true\",\"curl x\"]}"), DSTACK_COMPOSE_SCRIPT);
	assert_int_equal(look_at("{\"init_script\":[\"true\",7]}"), DSTACK_COMPOSE_PARSE);
	assert_int_equal(look_at("{\"pre_launch_script\":7}"), DSTACK_COMPOSE_PARSE);
	assert_int_equal(look_at("{\"pre_launch_script\":null}"), TDX_HOLDS);
}

static void
test_environment(void **state)
{
	static const char *const bad[] = {
	    "DSTACK_ROOT_PUBLIC_KEY",
	    "DSTACK_ROOT_PASSWORD",
	    "DSTACK_AUTHORIZED_KEYS",
	    "SSH_KEY",
	    "LD_PRELOAD",
	    "PATH",
	    "BASH_ENV",
	    "NODE_OPTIONS",
	    "DOCKER_HOST",
	    "COMPOSE_FILE",
	};

	(void)state;
	look("image: " PINNED, NULL, json_pack("[sss]", "API_KEY", "LDAP", "PATHS"));
	assert_int_equal(seen.environment, TDX_HOLDS);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		look("image: " PINNED, NULL, json_pack("[ss]", "API_KEY", bad[i]));
		assert_int_equal(seen.environment, DSTACK_COMPOSE_ENV);
		assert_string_equal(seen.variable, bad[i]);
	}
	look("image: " PINNED, NULL, json_pack("[i]", 7));
	assert_int_equal(seen.environment, DSTACK_COMPOSE_PARSE);
	look("image: " PINNED, NULL, json_string("PATH"));
	assert_int_equal(seen.environment, DSTACK_COMPOSE_PARSE);
	look("image: " PINNED, NULL, json_null());
	assert_int_equal(seen.environment, TDX_HOLDS);
}

static void
test_refuses_files(void **state)
{
	static const char *const files[] = {"", "[]", "{", "{\"docker_compose_file\":7}",
					    "{\"runner\":7}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		assert_int_equal(look_at(files[i]), DSTACK_COMPOSE_PARSE);
		assert_int_equal(seen.images, DSTACK_COMPOSE_PARSE);
		assert_int_equal(seen.environment, DSTACK_COMPOSE_PARSE);
	}
	dstack_compose_look((struct bytes){(const uint8_t *)"", DSTACK_COMPOSE_MAX + 1}, &seen);
	assert_int_equal(seen.images, DSTACK_COMPOSE_PARSE);
}

/* One space more is another application. */
static void
test_hash(void **state)
{
	uint8_t hash[32], other[32];
	char hex[65];

	(void)state;
	assert_int_equal(dstack_compose_hash((struct bytes){(const uint8_t *)"{}", 2}, hash), 0);
	hex_encode(hash, 32, hex);
	assert_string_equal(hex,
			    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
	assert_int_equal(dstack_compose_hash((struct bytes){(const uint8_t *)"{ }", 3}, other), 0);
	assert_memory_not_equal(hash, other, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pinned),	cmocka_unit_test(test_unpinned),
	    cmocka_unit_test(test_scripts),	cmocka_unit_test(test_other_scripts),
	    cmocka_unit_test(test_environment), cmocka_unit_test(test_refuses_files),
	    cmocka_unit_test(test_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
