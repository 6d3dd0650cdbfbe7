/* A verdict for people, or as JSON for machines. Outside text comes out escaped. */
#ifndef SELFSAME_CLI_REPORT_H
#define SELFSAME_CLI_REPORT_H

#include <stdio.h>

#include "base/attr.h"
#include "cli/checks.h"

/* The checks as a table, the verdict last; colour only when asked. */
void report_text(FILE *out, const struct verdict *v, int colour);

/*
 * {"verdict":"accept"|"refuse","reason":CODE|null,"step":NAME|null,"remedy":TEXT|null,
 *  "simulated":bool,"development":bool,"checks":[{"name","result","detail"}]} and a line end;
 * result is "passed", "failed" or "not-checked".
 *
 * Returns: 0, ERR_MEM or ERR_IO
 */
int report_json(FILE *out, const struct verdict *v) MUST_USE;

/* Print text with everything but printable ASCII replaced. */
void report_escaped(FILE *out, const char *text, size_t len);

#endif
