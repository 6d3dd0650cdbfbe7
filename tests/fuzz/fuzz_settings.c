/* A configuration file of any bytes: refused with a text, or read and as it has to be. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_loaded(const struct settings *s)
{
	char json[32768];
	char **environment;
	size_t len;

	check(s->value[SET_SELFSAME_CHAIN_ID] != NULL && setting_u64(s, SET_SELFSAME_CHAIN_ID) > 0);
	check(setting_u64(s, SET_SELFSAME_TLS) <= 1);
	(void)setting_is_loopback(s, SET_CHAINSTACK_NODE);
	check(settings_attested(s, json, sizeof json, &len) == 0);
	check(json[0] == '{' && json[len - 1] == '}' && memchr(json, '\n', len) == NULL);
	check(environment_for(s, FOR_GATEWAY, &environment) == 0);
	for (size_t i = 0; environment[i] != NULL; i++)
		check(strncmp(environment[i], "MNEMONIC", 8) != 0);
	environment_free(environment);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings s;
	char text[128];
	int r = settings_parse(NULL, (struct bytes){data, size}, &s, text, sizeof text);

	check(r == 0 || r == ERR_SETTING);
	if (r != 0) {
		check(strlen(text) > 0);
		for (const char *p = text; *p != '\0'; p++)
			check(*p >= 0x20 && *p < 0x7f);
		return 0;
	}
	check_loaded(&s);
	settings_free(&s);
	return 0;
}
