#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/settings.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define E(s) ((char[]){s}) /* an entry that may be written to, as those of a process */

static char text[512];

static int
parse(char *const *env, const char *file, struct settings *ret)
{
	struct bytes b = {(const uint8_t *)file, file == NULL ? 0 : strlen(file)};

	return settings_parse(env, b, ret, text, sizeof text);
}

/* One setting from the environment; everything else by default. */
static int
parse_one(const char *name, const char *value)
{
	static char entry[SETTING_VALUE_MAX + 256];
	char *env[] = {entry, NULL};
	struct settings s;
	int r;

	snprintf(entry, sizeof entry, "%s=%s", name, value);
	r = parse(env, NULL, &s);
	if (r == 0)
		settings_free(&s);
	return r;
}

static void
test_defaults(void **state)
{
	struct settings s;

	(void)state;
	assert_int_equal(parse(NULL, NULL, &s), 0);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;

		assert_non_null(setting_name(id));
		assert_true(strlen(setting_help(id)) > 5);
		if (setting_default(id) == NULL)
			assert_null(s.value[i]);
		else
			assert_string_equal(s.value[i], setting_default(id));
	}
	assert_true(setting_u64(&s, SET_SELFSAME_CHAIN_ID) == 137);
	assert_true(setting_u64(&s, SET_SELFSAME_TLS) == 0);
	assert_true(setting_u64(&s, SET_MNEMONIC) == 0);
	assert_true(setting_is_loopback(&s, SET_CHAINSTACK_NODE));
	assert_false(setting_is_loopback(&s, SET_SELFSAME_CA_FILE));
	settings_free(&s);
}

static void
test_environment_and_file(void **state)
{
	char *env[] = {E("PATH=/bin"), E("NO_EQUALS"), E("SELFSAME_CHAIN_ID=31337"),
	    E("MNEMONIC=a b c"), E("MNEMONIC_PASSPHRASE="), E("=x"), NULL};
	struct settings s;

	(void)state;
	assert_int_equal(parse(env,
	                     "# a comment\n"
	                     "\n"
	                     "SELFSAME_CHAIN_ID=1\n"
	                     "SELFSAME_TLS=1\n"
	                     "SELFSAME_CA_FILE= two = signs # kept ",
	                     &s),
	    0);
	assert_true(setting_u64(&s, SET_SELFSAME_CHAIN_ID) == 31337);
	assert_true(setting_u64(&s, SET_SELFSAME_TLS) == 1);
	assert_string_equal(s.value[SET_MNEMONIC], "a b c");
	assert_string_equal(s.value[SET_MNEMONIC_PASSPHRASE], "");
	assert_string_equal(s.value[SET_SELFSAME_CA_FILE], " two = signs # kept ");
	settings_free(&s);
	assert_null(s.value[SET_MNEMONIC]);
	settings_free(&s);
}

static void
test_refused_names(void **state)
{
	static const struct {
		const char *file;
		const char *name;
	} files[] = {
	    {"SELFSAME_COLOUR=blue\n", "SELFSAME_COLOUR: unknown setting"},
	    {"mnemonic=x\n", "mnemonic: unknown setting"},
	    {" MNEMONIC=x\n", "?MNEMONIC: unknown setting"},
	    {"export MNEMONIC=x\n", "export?MNEMONIC: unknown"},
	    {"=x\n", ": unknown setting"},
	    {"MNEMONIC\n", "--config: has a line that is not NAME=VALUE"},
	    {"\r\n", "--config: has a line that is not NAME=VALUE"},
	    {"SELFSAME_TLS=1\nSELFSAME_TLS=1\n", "SELFSAME_TLS: is given twice"},
	};
	const struct bytes short_file = {(const uint8_t *)"X=1", 3};
	char *unknown[] = {E("SELFSAME_COLOUR=blue"), NULL};
	char *twice[] = {E("SELFSAME_TLS=1"), E("SELFSAME_TLS=0"), NULL};
	struct settings s;

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		assert_int_equal(parse(NULL, files[i].file, &s), ERR_SETTING);
		assert_memory_equal(text, files[i].name, strlen(files[i].name));
	}
	assert_int_equal(parse(unknown, NULL, &s), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_COLOUR"));
	assert_null(strstr(text, "blue"));
	assert_int_equal(parse(twice, NULL, &s), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_TLS"));
	/* once in each place is no contradiction: the environment wins */
	assert_int_equal(parse(unknown + 1, "SELFSAME_TLS=1\n", &s), 0);
	settings_free(&s);
	/* an unprintable name cannot garble the terminal, a long one is cut */
	assert_int_equal(parse(NULL, "\x1b[31m=x\n", &s), ERR_SETTING);
	assert_null(strchr(text, '\x1b'));
	assert_int_equal(settings_parse(NULL, short_file, &s, text, 6), ERR_SETTING);
	assert_string_equal(text, "X: ");
	assert_int_equal(settings_parse(NULL, short_file, &s, NULL, 0), ERR_SETTING);
}

static void
test_refused_bytes(void **state)
{
	static const uint8_t nul[] = "MNEMONIC=a\0b\n";
	static char value[SETTING_VALUE_MAX + 2];
	struct settings s;

	(void)state;
	assert_int_equal(settings_parse(NULL, (struct bytes){nul, sizeof nul - 1}, &s, text,
	                     sizeof text), ERR_SETTING);
	assert_non_null(strstr(text, "MNEMONIC: has a NUL"));
	memset(value, 'x', sizeof value - 1);
	assert_int_equal(parse_one("SELFSAME_CA_FILE", value), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_CA_FILE"));
	value[SETTING_VALUE_MAX] = '\0';
	assert_int_equal(parse_one("SELFSAME_CA_FILE", value), 0);
}

#define USDC "USDC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:6"
#define DAI "DAI:0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063:18"
#define A8(s) s "," s "," s "," s "," s "," s "," s "," s

static const struct {
	const char *name;
	const char *value;
	int ok;
} shapes[] = {
    {"SELFSAME_TLS", "0", 1},
    {"SELFSAME_TLS", "1", 1},
    {"SELFSAME_TLS", "2", 0},
    {"SELFSAME_TLS", "true", 0},
    {"SELFSAME_TLS", "", 0},
    {"SELFSAME_TLS", "1\n", 0},
    {"SELFSAME_CHAIN_ID", "1", 1},
    {"SELFSAME_CHAIN_ID", "0", 0},
    {"SELFSAME_CHAIN_ID", "0x89", 0},
    {"SELFSAME_CHAIN_ID", "9223372036854775771", 1},
    {"SELFSAME_CHAIN_ID", "9223372036854775772", 0},
    {"SELFSAME_MAX_FEE_PER_GAS", "18446744073709551615", 1},
    {"SELFSAME_MAX_FEE_PER_GAS", "18446744073709551616", 0},
    {"SELFSAME_MAX_GAS", "20999", 0},
    {"SELFSAME_MAX_GAS", "21000", 1},
    {"SELFSAME_ACTIVE_AGENTS", "0", 0},
    {"SELFSAME_ACTIVE_AGENTS", "1", 1},
    {"SELFSAME_UID_BASE", "0", 0},
    {"SELFSAME_UID_BASE", "4294967292", 0},
    {"SELFSAME_UID_BASE", "4294967291", 1},
    {"SELFSAME_WAIT_SECONDS", "0", 1},
    {"SELFSAME_WAIT_SECONDS", "-1", 0},
    {"SELFSAME_PLATFORM", "auto", 1},
    {"SELFSAME_PLATFORM", "simulated", 1},
    {"SELFSAME_PLATFORM", "Simulated", 0},
    {"SELFSAME_PLATFORM", "tdx", 0},
    {"SELFSAME_PLATFORM", "dstack", 1},
    {"SELFSAME_PLATFORM", "eigencompute", 1},
    {"SELFSAME_PLATFORM", "tsm", 1},
    {"SELFSAME_KMS_ADDRESSES", "{\"data\":{},\"signature\":\"\"}", 1},
    {"SELFSAME_KMS_ADDRESSES", "/etc/selfsame/addresses.json", 1},
    {"SELFSAME_KMS_ADDRESSES", "addresses.json", 0},
    {"SELFSAME_KMS_ADDRESSES", "{\xc3\xa9}", 0},
    {"SELFSAME_KMS_ENVIRONMENT", "sepolia", 1},
    {"SELFSAME_KMS_ENVIRONMENT", "goerli", 0},
    {"SELFSAME_ROOT_SOURCE", "auto", 1},
    {"SELFSAME_ROOT_SOURCE", "environment", 1},
    {"SELFSAME_ROOT_SOURCE", "dstack-v0", 1},
    {"SELFSAME_ROOT_SOURCE", "dstack-v1", 1},
    {"SELFSAME_ROOT_SOURCE", "dstack", 0},
    {"SELFSAME_ROOT_PUBLIC_KEY",
     "0x0377c7fb050db181d392266a3cee9adb2901c6d665f11bac68be5457f577ba4908", 1},
    {"SELFSAME_ROOT_PUBLIC_KEY",
     "0x0477c7fb050db181d392266a3cee9adb2901c6d665f11bac68be5457f577ba4908", 0},
    {"SELFSAME_ROOT_PUBLIC_KEY",
     "0377c7fb050db181d392266a3cee9adb2901c6d665f11bac68be5457f577ba4908", 0},
    {"SELFSAME_ROOT_PUBLIC_KEY",
     "0x0377c7fb050db181d392266a3cee9adb2901c6d665f11bac68be5457f577ba49", 0},
    {"SELFSAME_DERIVATION", "bound", 1},
    {"SELFSAME_DERIVATION", "indexed", 1},
    {"SELFSAME_DERIVATION", "index", 0},
    {"SELFSAME_LOG", "json", 1},
    {"SELFSAME_LOG", "xml", 0},
    {"SELFSAME_CONDITIONAL_TOKENS", "0x4D97DCd97eC945f40cF65F87097ACe5EA0476045", 1},
    {"SELFSAME_CONDITIONAL_TOKENS", "4D97DCd97eC945f40cF65F87097ACe5EA0476045", 0},
    {"SELFSAME_CONDITIONAL_TOKENS", "0x4D97DCd97eC945f40cF65F87097ACe5EA047604", 0},
    {"SELFSAME_CONDITIONAL_TOKENS", "0x4D97DCd97eC945f40cF65F87097ACe5EA04760455", 0},
    {"SELFSAME_CONDITIONAL_TOKENS", "0x4D97DCd97eC945f40cF65F87097ACe5EA047604g", 0},
    {"SELFSAME_TOKENS", USDC, 1},
    {"SELFSAME_TOKENS", USDC "," DAI, 1},
    {"SELFSAME_TOKENS", USDC ", " DAI, 0},
    {"SELFSAME_TOKENS", USDC ",", 0},
    {"SELFSAME_TOKENS", "," USDC, 0},
    {"SELFSAME_TOKENS", USDC "," USDC, 0},
    {"SELFSAME_TOKENS", USDC ",OTHER:0x2791bca1f2de4661ed88a30c99a7a9449aa84174:6", 0},
    {"SELFSAME_TOKENS", USDC ",USDC:0x8f3Cf7ad23Cd3CaDbD9735AFf958023239c6A063:6", 0},
    {"SELFSAME_TOKENS", "USDC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174", 0},
    {"SELFSAME_TOKENS", "USDC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:", 0},
    {"SELFSAME_TOKENS", "USDC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:37", 0},
    {"SELFSAME_TOKENS", "USDC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:06", 0},
    {"SELFSAME_TOKENS", "USDC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:6:7", 0},
    {"SELFSAME_TOKENS", ":0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:6", 0},
    {"SELFSAME_TOKENS", "US DC:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:6", 0},
    {"SELFSAME_TOKENS", "ABCDEFGHIJKLMNOPQ:0x2791Bca1f2de4661ED88A30C99A7a9449Aa84174:6", 0},
    {"SELFSAME_TOKENS", "USDC", 0},
    {"CHAINSTACK_NODE", "https://rpc.example", 1},
    {"CHAINSTACK_NODE", "https://user:pa%20ss@rpc.example:8545/key?x=1&y=[2]", 1},
    {"CHAINSTACK_NODE", "https://rpc.example,https://other.example", 1},
    {"CHAINSTACK_NODE", A8("https://rpc.example"), 1},
    {"CHAINSTACK_NODE", A8("https://rpc.example") ",https://rpc.example", 0},
    {"CHAINSTACK_NODE", "https://rpc.example,", 0},
    {"CHAINSTACK_NODE", "https://rpc.example, https://other.example", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1:8545", 1},
    {"CHAINSTACK_NODE", "http://127.255.0.3", 1},
    {"CHAINSTACK_NODE", "http://localhost:8545/", 1},
    {"CHAINSTACK_NODE", "http://[::1]:8545/", 1},
    {"CHAINSTACK_NODE", "http://[::2]:8545/", 0},
    {"CHAINSTACK_NODE", "http://[::ffff:127.0.0.1]/", 0},
    {"CHAINSTACK_NODE", "http://128.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://127.1", 0},
    {"CHAINSTACK_NODE", "http://0x7f.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://2130706433", 0},
    {"CHAINSTACK_NODE", "http://localhost.example", 0},
    {"CHAINSTACK_NODE", "http://rpc.example", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1,http://rpc.example", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1@rpc.example", 0},
    {"CHAINSTACK_NODE", "http://a@b@127.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1:1@rpc.example/", 0},
    {"CHAINSTACK_NODE", "http://rpc.example/@127.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://rpc.example?@127.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://rpc.example#@127.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://rpc.example\\@127.0.0.1", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1\t", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.2:", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1:0", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1:65536", 0},
    {"CHAINSTACK_NODE", "http://127.0.0.1:8545x", 0},
    {"CHAINSTACK_NODE", "http://[::1", 0},
    {"CHAINSTACK_NODE", "http://[::1]x", 0},
    {"CHAINSTACK_NODE", "http://[]", 0},
    {"CHAINSTACK_NODE", "http://", 0},
    {"CHAINSTACK_NODE", "https://", 0},
    {"CHAINSTACK_NODE", "https:///path", 0},
    {"CHAINSTACK_NODE", "HTTPS://rpc.example", 0},
    {"CHAINSTACK_NODE", "ws://127.0.0.1", 0},
    {"CHAINSTACK_NODE", "file:///etc/passwd", 0},
    {"CHAINSTACK_NODE", "127.0.0.1:8545", 0},
    {"CHAINSTACK_NODE", "https://rp\xc3\xa9.example", 0},
    {"DATABASE_URL", "sqlite:x", 1},
    {"DATABASE_URL", "sqlite:/var/lib/with space/x.db", 1},
    {"DATABASE_URL", "sqlite:", 0},
    {"DATABASE_URL", "sqlite:a\nb", 0},
    {"DATABASE_URL", "postgres://u:p@h/n", 1},
    {"DATABASE_URL", "postgresql:///n?host=/run/postgresql", 1},
    {"DATABASE_URL", "postgres://", 0},
    {"DATABASE_URL", "postgresql://", 0},
    {"DATABASE_URL", "postgres://u p@h/n", 0},
    {"DATABASE_URL", "mysql://u", 0},
    {"DATABASE_URL", "", 0},
    {"SELFSAME_LISTEN", "0.0.0.0:8000", 1},
    {"SELFSAME_LISTEN", "127.0.0.1:0", 1},
    {"SELFSAME_LISTEN", "[::]:8000", 1},
    {"SELFSAME_LISTEN", "[::1]:65535", 1},
    {"SELFSAME_LISTEN", "::1:8000", 0},
    {"SELFSAME_LISTEN", "127.0.0.1", 0},
    {"SELFSAME_LISTEN", "127.0.0.1:", 0},
    {"SELFSAME_LISTEN", ":8000", 0},
    {"SELFSAME_LISTEN", "8000", 0},
    {"SELFSAME_LISTEN", "127.0.0.1:65536", 0},
    {"SELFSAME_LISTEN", "127.0.0.1:080", 0},
    {"SELFSAME_LISTEN", "localhost:8000", 0},
    {"SELFSAME_LISTEN", "127.0.0.1:8000 ", 0},
    {"SELFSAME_LISTEN", "[127.0.0.1]:8000", 0},
    {"SELFSAME_LISTEN", "[::1]", 0},
    {"SELFSAME_CA_FILE", "ca.pem", 1},
    {"SELFSAME_CA_FILE", "", 0},
    {"SELFSAME_CA_FILE", "a\x01z", 0},
    {"MNEMONIC", "any words", 1},
    {"MNEMONIC", "", 0},
    {"MNEMONIC", "two\nlines", 0},
    {"MNEMONIC", "carriage\r", 0},
    {"MNEMONIC_PASSPHRASE", "", 1},
    {"SELFSAME_REGISTRATION_TOKEN", "0123456789abcdef", 1},
    {"SELFSAME_REGISTRATION_TOKEN", "0123456789abcde", 0},
    {"SELFSAME_REGISTRATION_TOKEN", "0123456789 abcdef", 0},
};

/* Each refusal names the setting, and shows the value nowhere. */
static void
test_shapes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shapes); i++) {
		int r = parse_one(shapes[i].name, shapes[i].value);

		if (r != (shapes[i].ok ? 0 : ERR_SETTING))
			fail_msg("%s=%s: %d", shapes[i].name, shapes[i].value, r);
		if (shapes[i].ok)
			continue;
		assert_memory_equal(text, shapes[i].name, strlen(shapes[i].name));
		if (strlen(shapes[i].value) > 12)
			assert_null(strstr(text, shapes[i].value));
	}
}

static void
test_secret_lengths(void **state)
{
	char value[600];

	(void)state;
	memset(value, 'x', sizeof value);
	value[513] = '\0';
	assert_int_equal(parse_one("MNEMONIC", value), ERR_SETTING);
	value[512] = '\0';
	assert_int_equal(parse_one("MNEMONIC", value), 0);
	value[257] = '\0';
	assert_int_equal(parse_one("MNEMONIC_PASSPHRASE", value), ERR_SETTING);
	value[256] = '\0';
	assert_int_equal(parse_one("MNEMONIC_PASSPHRASE", value), 0);
	value[129] = '\0';
	assert_int_equal(parse_one("SELFSAME_REGISTRATION_TOKEN", value), ERR_SETTING);
}

/* A failure leaves the caller's struct alone and keeps nothing (the leak check sees that). */
static void
test_untouched_on_failure(void **state)
{
	char *env[] = {E("MNEMONIC=a"), E("SELFSAME_TLS=1"), E("SELFSAME_COLOUR=x"), NULL};
	struct settings s, before;

	(void)state;
	memset(&s, 0x5a, sizeof s);
	before = s;
	assert_int_equal(parse(env, NULL, &s), ERR_SETTING);
	assert_memory_equal(&s, &before, sizeof s);
	env[2] = NULL;
	assert_int_equal(parse(env, "SELFSAME_TLS=0\nSELFSAME_LOG=json\nSELFSAME_TLS=0\n", &s),
	    ERR_SETTING);
	assert_memory_equal(&s, &before, sizeof s);
}

static void
test_replace_and_forget(void **state)
{
	char *env[] = {E("MNEMONIC=a b c"), NULL};
	struct settings s;

	(void)state;
	assert_int_equal(parse(env, NULL, &s), 0);
	assert_int_equal(settings_replace(&s, SET_DATABASE_URL, "sqlite:/x"), 0);
	assert_string_equal(s.value[SET_DATABASE_URL], "sqlite:/x");
	assert_int_equal(settings_replace(&s, SET_DATABASE_URL, "nonsense"), ERR_SETTING);
	assert_string_equal(s.value[SET_DATABASE_URL], "sqlite:/x");
	settings_forget(&s, SET_MNEMONIC);
	assert_null(s.value[SET_MNEMONIC]);
	settings_forget(&s, SET_MNEMONIC);
	settings_free(&s);
}

static int
holds(char **e, const char *entry)
{
	for (; *e != NULL; e++) {
		if (strcmp(*e, entry) == 0)
			return 1;
	}
	return 0;
}

static size_t
length(char **e)
{
	size_t n = 0;

	while (e[n] != NULL)
		n++;
	return n;
}

static void
test_environment_for(void **state)
{
	char *env[] = {E("MNEMONIC=secret words"), E("MNEMONIC_PASSPHRASE=pass"),
	    E("LD_PRELOAD=x"), E("PGHOST=x"),
	    E("PATH=/evil"), E("SELFSAME_REGISTRATION_TOKEN=0123456789abcdef"), NULL};
	struct settings s;
	char **e;

	(void)state;
	assert_int_equal(parse(env, NULL, &s), 0);
	assert_int_equal(environment_for(&s, FOR_SIGNER, &e), 0);
	assert_int_equal(length(e), 3);
	assert_true(holds(e, "PATH=/usr/bin:/bin") && holds(e, "LC_ALL=C"));
	assert_true(holds(e, "SELFSAME_LOG=text"));
	environment_free(e);

	assert_int_equal(environment_for(&s, FOR_GATEWAY, &e), 0);
	assert_true(holds(e, "DATABASE_URL=sqlite:selfsame.db"));
	assert_true(holds(e, "SELFSAME_REGISTRATION_TOKEN=0123456789abcdef"));
	for (size_t i = 0; i < length(e); i++) {
		assert_null(strstr(e[i], "MNEMONIC"));
		assert_null(strstr(e[i], "secret"));
		assert_null(strstr(e[i], "SELFSAME_CA_FILE"));
	}
	environment_free(e);
	environment_free(NULL);
	settings_free(&s);
}

static void
test_environment_wipe(void **state)
{
	char a[] = "MNEMONIC=secret";
	char b[] = "X=";
	char *env[] = {a, b, NULL};
	static const char zeros[sizeof a];

	(void)state;
	environment_wipe(env);
	assert_memory_equal(a, zeros, sizeof a);
	assert_memory_equal(b, zeros, sizeof b);
	assert_null(env[0]);
	environment_wipe(env);
	environment_wipe(NULL);
}

/* RFC 8785: sorted, no spaces, strings; only what settings.def marks as attested. */
static void
test_attested(void **state)
{
	char *env[] = {E("MNEMONIC=secret words"), E("SELFSAME_CHAIN_ID=31337"), NULL};
	char json[8192];
	struct settings s;
	const char *key, *last = "";
	json_t *o, *v;
	size_t len = 0;

	(void)state;
	assert_int_equal(parse(env, NULL, &s), 0);
	assert_int_equal(settings_attested(&s, json, sizeof json, &len), 0);
	o = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	assert_string_equal(json_string_value(json_object_get(o, "SELFSAME_CHAIN_ID")), "31337");
	v = json_object_get(o, "SELFSAME_ACTIVE_AGENTS");
	assert_string_equal(json_string_value(v), "65536");
	assert_null(json_object_get(o, "DATABASE_URL"));
	assert_null(json_object_get(o, "MNEMONIC"));
	json_object_foreach(o, key, v) {
		assert_true(strcmp(last, key) < 0);
		assert_true(json_is_string(v));
		last = key;
	}
	assert_null(memchr(json, ' ', len));
	json_decref(o);

	for (size_t cap = 0; cap < len; cap++)
		assert_int_equal(settings_attested(&s, json, cap, &len), ERR_SPACE);
	settings_free(&s);
}

static void
write_file(const char *path, const void *p, size_t n, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), (ssize_t)n);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
test_load_file(void **state)
{
	static const char secret[] = "MNEMONIC=secret words\nSELFSAME_TLS=1\n";
	static const char plain[] = "SELFSAME_TLS=1\n";
	static char big[70000];
	char path[] = "/tmp/selfsame-settings-XXXXXX";
	struct settings s;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_file(path, secret, sizeof secret - 1, 0640);
	assert_int_equal(settings_load(NULL, path, &s, text, sizeof text), 0);
	assert_string_equal(s.value[SET_MNEMONIC], "secret words");
	settings_free(&s);

	write_file(path, secret, sizeof secret - 1, 0644);
	assert_int_equal(settings_load(NULL, path, &s, text, sizeof text), ERR_SETTING);
	assert_non_null(strstr(text, "MNEMONIC"));
	assert_non_null(strstr(text, "chmod 600"));
	assert_null(strstr(text, "secret words"));

	write_file(path, plain, sizeof plain - 1, 0644);
	assert_int_equal(settings_load(NULL, path, &s, text, sizeof text), 0);
	settings_free(&s);

	memset(big, '\n', sizeof big);
	write_file(path, big, 65536, 0600);
	assert_int_equal(settings_load(NULL, path, &s, text, sizeof text), 0);
	settings_free(&s);
	write_file(path, big, 65537, 0600);
	assert_int_equal(settings_load(NULL, path, &s, text, sizeof text), ERR_SETTING);
	assert_non_null(strstr(text, "64 KiB"));
	unlink(path);

	assert_int_equal(settings_load(NULL, path, &s, text, sizeof text), ERR_SETTING);
	assert_string_equal(text, "--config: No such file or directory");
	assert_int_equal(settings_load(NULL, "/tmp", &s, text, sizeof text), ERR_SETTING);
	assert_string_equal(text, "--config: names a directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_environment_and_file),
	    cmocka_unit_test(test_refused_names),
	    cmocka_unit_test(test_refused_bytes),
	    cmocka_unit_test(test_shapes),
	    cmocka_unit_test(test_secret_lengths),
	    cmocka_unit_test(test_untouched_on_failure),
	    cmocka_unit_test(test_replace_and_forget),
	    cmocka_unit_test(test_environment_for),
	    cmocka_unit_test(test_environment_wipe),
	    cmocka_unit_test(test_attested),
	    cmocka_unit_test(test_load_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
