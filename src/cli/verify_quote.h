/* selfsame verify --quote: one TDX quote with its collateral, under a policy. */
#ifndef SELFSAME_CLI_VERIFY_QUOTE_H
#define SELFSAME_CLI_VERIFY_QUOTE_H

#include "cli/cli.h"

/* Whether the arguments speak of a quote. */
int verify_quote_is_asked(int argc, char **argv);

int verify_quote_run(const struct command *self, int argc, char **argv);

#endif
