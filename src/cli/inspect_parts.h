/* Parts that several kinds of evidence have in common, for cli/inspect.h. */
#ifndef SELFSAME_CLI_INSPECT_PARTS_H
#define SELFSAME_CLI_INSPECT_PARTS_H

#include "base/attr.h"
#include "evidence/dstack_evidence.h"
#include "json/writer.h"

/* event_log and rtmr */
void inspect_dstack_events(struct json_writer *w, const struct dstack_log *log);

/* quote, measured, vm_config, event_log, rtmr. Returns: as inspect_quote() */
int inspect_dstack_evidence(struct json_writer *w, const struct dstack_evidence *d) MUST_USE;

#endif
