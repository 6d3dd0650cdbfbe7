#include "tee/simulated.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "tdx/rtmr.h"
#include "tee/simulated_pki.h"
#include "tee/simulated_quote.h"
#include "base/banned.h"

struct simulated {
	struct simulated_quote content;
	uint8_t quote[TEE_QUOTE_MAX]; /* the last one */
};

/* All but the report data is fixed when the platform is opened. */
static int
prepare(struct simulated_quote *q, struct simulated_pki *pki, const struct event_log *log)
{
	struct writer chain = writer_of(q->data, sizeof q->data);
	struct rtmr_bank rtmr;
	size_t bad;
	int r;

	if ((r = event_log_replay(log, &rtmr, &bad)) != 0)
		return r;
	if ((r = simulated_quote_make(q)) != 0 || (r = simulated_pki_make(pki)) != 0)
		return r;
	memcpy(q->body + TD_RTMR0 + RTMR_LEN * EVENT_RTMR, rtmr.value[EVENT_RTMR], RTMR_LEN);
	simulated_pki_write_chain(&chain, pki);
	write_u8(&chain, 0); /* Intel's stack counts the string's end in */
	if ((r = writer_end(&chain, &q->data_len)) != 0)
		return r;
	return simulated_quote_seal(q, pki->key[PCK_LEAF].secret);
}

static int
simulated_open(const struct tee_host *host, const struct event_log *log, void **ret_state,
	       int *ret_measured)
{
	struct simulated *s = calloc(1, sizeof *s);
	struct simulated_pki *pki = calloc(1, sizeof *pki);
	int r = ERR_MEM;

	(void)host;
	if (s == NULL || pki == NULL)
		goto out;
	if ((r = prepare(&s->content, pki, log)) != 0)
		goto out;
	*ret_state = s;
	*ret_measured = 1;
	s = NULL; /* transferred */
out:
	free(pki);
	free(s);
	return r;
}

static void
simulated_close(void *state)
{
	free(state);
}

static int
simulated_evidence(void *state, const uint8_t report_data[64], struct tee_evidence *ret)
{
	struct simulated *s = state;
	size_t len;
	int r;

	memcpy(s->content.body + TD_REPORT_DATA, report_data, 64);
	if ((r = simulated_quote_write(&s->content, s->quote, sizeof s->quote, &len)) != 0)
		return r;
	*ret = (struct tee_evidence){.type = TEE_TDX_QUOTE, .quote = {s->quote, len}};
	return 0;
}

const struct tee_platform simulated_platform = {
    .name = "simulated",
    .simulated = 1,
    .open = simulated_open,
    .evidence = simulated_evidence,
    .close = simulated_close,
};
