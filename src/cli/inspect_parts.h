/* What the writers of cli/inspect.h have in common. */
#ifndef SELFSAME_CLI_INSPECT_PARTS_H
#define SELFSAME_CLI_INSPECT_PARTS_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_evidence.h"
#include "json/writer.h"

/* "refused": {"code", "text"}. Returns: ERR_PARSE */
int inspect_refused(struct json_writer *w, const char *code, const char *text) MUST_USE;

/* Hex without prefix. */
void inspect_hex(struct json_writer *w, const char *name, const uint8_t *p, size_t len);

/* "2026-05-28T20:26:40Z" */
void inspect_time(struct json_writer *w, const char *name, int64_t t);

/* A run of text; what is not UTF-8 is shown as hex. */
void inspect_text(struct json_writer *w, const char *name, struct bytes text);

/* event_log and rtmr */
void inspect_dstack_events(struct json_writer *w, const struct dstack_log *log);

/* quote, measured, vm_config, event_log, rtmr. Returns: as inspect_quote() */
int inspect_dstack_evidence(struct json_writer *w, const struct dstack_evidence *d) MUST_USE;

#endif
