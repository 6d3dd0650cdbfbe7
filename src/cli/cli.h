/* What the subcommands of selfsame share: exit statuses and words for mistakes. */
#ifndef SELFSAME_CLI_CLI_H
#define SELFSAME_CLI_CLI_H

#include "base/attr.h"

/*
 * CLI_YES only if all that was asked holds. CLI_NO says something of what was looked at,
 * CLI_UNAVAILABLE nothing: it, or what it takes to look, could not be had.
 */
enum cli_status { CLI_YES = 0, CLI_NO = 1, CLI_USAGE = 2, CLI_UNAVAILABLE = 3 };

struct command {
	const char *verb;
	const char *arguments;
	const char *line; /* what it does, in one line */
	const char *help; /* the options, a line each, or "" */
	int (*run)(const struct command *self, int argc, char **argv); /* argv[0] is the verb */
};

int verify_run(const struct command *self, int argc, char **argv);
int collateral_run(const struct command *self, int argc, char **argv);
int inspect_run(const struct command *self, int argc, char **argv);
int watch_run(const struct command *self, int argc, char **argv);

/* Say what is wrong and how the command is used, on stderr; returns CLI_USAGE. */
int cli_usage(const struct command *self, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say which option getopt_long() returned '?' or ':' for; returns CLI_USAGE. */
int cli_bad_option(const struct command *self, char **argv, int option);

/* Say what does not hold, on stderr; returns CLI_NO. */
int cli_refused(const struct command *self, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say what could not be had and the next step, on stderr; returns CLI_UNAVAILABLE. */
int cli_failed(const struct command *self, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
