/* What the judgement of one quote says besides its checks: for people, and as JSON for machines. */
#ifndef SELFSAME_CLI_QUOTE_REPORT_H
#define SELFSAME_CLI_QUOTE_REPORT_H

#include <stdio.h>

#include "json/writer.h"
#include "tdx/verify.h"

/* TCB status at launch and now, and what is short of being up to date. */
void quote_report_text(FILE *out, const struct tdx_result *result);

/* tcbStatus, advisoryIds, tcbDate: null unless the evidence holds. result may be NULL. */
void quote_report_status(struct json_writer *w, const struct tdx_result *result);

/* tcb, validity, platform, quote: as far as they are known. */
void quote_report_details(struct json_writer *w, const struct tdx_result *result);

#endif
