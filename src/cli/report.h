/* A verdict for people, or as JSON for machines. Outside text comes out escaped. */
#ifndef SELFSAME_CLI_REPORT_H
#define SELFSAME_CLI_REPORT_H

#include <stdio.h>

#include "base/attr.h"
#include "cli/evaluate.h"

struct report_style {
	int colour;
	int explain; /* what each check protects from, and what to do */
};

/* The checks as a table, what the platform is short of, the verdict last. */
void report_text(FILE *out, const struct evaluation *e, const struct report_style *style);

/*
 * One object and a line end; docs/verify.md describes it. A check's result is "passed", "failed"
 * or "not-checked".
 *
 * Returns: 0, ERR_MEM or ERR_IO
 */
int report_json(FILE *out, const struct evaluation *e, const struct report_style *style)
    MUST_USE;

/*
 * Print JSON in ASCII: terminals take some characters beyond it for orders, and JSON can spell
 * each of them. Returns 0 or ERR_IO.
 */
int report_json_text(FILE *out, struct bytes json) MUST_USE;

/* Print text with everything but printable ASCII replaced. */
void report_escaped(FILE *out, const char *text, size_t len);

#endif
