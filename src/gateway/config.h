/*
 * What the gateway knows from its settings, parsed once: what settings.h leaves
 * to the process that reads a value (EIP-55 checksums, tokens) is checked here.
 */
#ifndef SELFSAME_GATEWAY_CONFIG_H
#define SELFSAME_GATEWAY_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "agent/policy.h"
#include "base/attr.h"
#include "base/settings.h"
#include "trade/trade.h"

struct config {
	struct trade_options trade; /* chain, contracts, tokens, times */
	struct policy default_policy; /* sorted */
	const char *database_url; /* borrowed from the settings, like the next ones */
	const char *node_urls;
	const char *ca_file; /* NULL: the system's */
	const char *listen;
	const char *registration_token; /* NULL: open */
	int tls;
	uint64_t rpc_timeout_ms;
	uint64_t register_per_minute;
	uint64_t wait_seconds;
};

/* text: one line that names the setting and the remedy. Returns: 0 or ERR_SETTING. */
int config_read(const struct settings *s, struct config *ret, char *text, size_t text_cap) MUST_USE;

#endif
