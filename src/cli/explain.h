/* What each check protects from, by its name; and what to give where it was not made. */
#ifndef SELFSAME_CLI_EXPLAIN_H
#define SELFSAME_CLI_EXPLAIN_H

/* One line, to be read behind "against"; NULL for a name that is no check's. */
const char *explain_check(const char *name);

/* The option that would have it checked, or NULL. */
const char *explain_option(const char *name);

#endif
