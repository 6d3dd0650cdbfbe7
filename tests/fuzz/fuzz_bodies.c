/*
 * The body parser of every route that takes one. The first byte chooses the
 * route. Nothing may be quoted back but names of members.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gateway/config.h"
#include "gateway/registration.h"
#include "gateway/routes.h"
#include "trade/trade.h"

static void
must(int condition)
{
	if (!condition)
		abort();
}

static void
check_error(const struct json_error *e)
{
	must(memchr(e->field, '\0', sizeof e->field) != NULL);
	must(memchr(e->text, '\0', sizeof e->text) != NULL);
	for (const char *c = e->field; *c != '\0'; c++)
		must(*c >= 0x20 && *c < 0x7f);
}

static const struct config *
config(void)
{
	static char *const none[] = {NULL};
	static struct config c;
	static int known;
	static struct settings s;
	char why[256];

	if (!known) {
		must(settings_load(none, NULL, &s, why, sizeof why) == 0);
		must(config_read(&s, &c, why, sizeof why) == 0);
		known = 1;
	}
	return &c;
}

static void
registration(const uint8_t *body, size_t len)
{
	struct registration *reg = calloc(1, sizeof *reg);
	struct json_error e = {0};
	struct policy p;

	must(reg != NULL);
	if (registration_parse((struct bytes){body, len}, config(), reg, &e) == 0) {
		must(agent_id_valid(reg->agent_id, strlen(reg->agent_id)));
		must(policy_read(reg->policy, reg->policy_len, &p) == 0);
	}
	check_error(&e);
	free(reg);
}

static void
trade(const uint8_t *body, size_t len)
{
	struct trade_request req = {0};
	struct json_error e = {0};

	if (trade_request_parse(&config()->trade, body, len, &req, &e) == 0)
		trade_request_free(&req);
	check_error(&e);
}

static void
sign(const uint8_t *body, size_t len)
{
	struct buffer content = buffer_of(32768);
	struct json_error e = {0};
	int is_message;

	(void)!sign_request_parse((struct bytes){body, len}, &content, &is_message, &e);
	check_error(&e);
	buffer_free(&content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact;

	if (size == 0)
		return 0;
	exact = malloc(size); /* one too many, so that an empty body has an address as well */
	must(exact != NULL);
	memcpy(exact, data + 1, size - 1);
	exact = realloc(exact, size > 1 ? size - 1 : 1);
	must(exact != NULL);
	switch (data[0] % 3) {
	case 0:
		registration(exact, size - 1);
		break;
	case 1:
		trade(exact, size - 1);
		break;
	default:
		sign(exact, size - 1);
		break;
	}
	free(exact);
	return 0;
}
