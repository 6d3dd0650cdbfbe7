/* Options that several subcommands take, and what they fill in. */
#ifndef SELFSAME_CLI_OPTIONS_H
#define SELFSAME_CLI_OPTIONS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/collateral_cache.h"
#include "cli/collateral_source.h"
#include "tdx/certificate.h"

/* The environment's name for --pccs. */
#define PCCS_VARIABLE "SELFSAME_PCCS"

/* Whom to trust and where collateral comes from. */
struct source_options {
	struct collateral_source source;
	char cache[CACHE_PATH_MAX];
	size_t root_len; /* 0: Intel's root */
	uint8_t root[CERTIFICATE_MAX];
};

/* getopt_long() rows; the values are those that source_option() takes. */
#define SOURCE_OPTIONS \
	{"pccs", required_argument, NULL, OPTION_PCCS}, \
	{"pccs-ca", required_argument, NULL, OPTION_PCCS_CA}, \
	{"update", required_argument, NULL, OPTION_UPDATE}, \
	{"simulated-root", required_argument, NULL, OPTION_ROOT}

enum source_option_value {
	OPTION_PCCS = 256,
	OPTION_PCCS_CA,
	OPTION_UPDATE,
	OPTION_ROOT,
	OPTION_OWN /* the first that a subcommand may use */
};

/* Defaults: Intel's service or that of the environment, early updates, the user's cache. */
int source_options_begin(const struct command *self, struct source_options *ret);

/* Returns: CLI_YES, or CLI_USAGE after saying why */
int source_option(const struct command *self, struct source_options *o, int option,
    const char *value);

/* The trust anchor: the simulated root when one was named, else Intel's. */
struct bytes source_root(const struct source_options *o);

/*
 * "2026-05-28T20:26:40Z" or seconds since 1970.
 *
 * Returns: 0 or ERR_PARSE
 */
int option_time(const char *text, int64_t *ret) MUST_USE;

#endif
