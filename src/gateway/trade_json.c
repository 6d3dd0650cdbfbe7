#include "gateway/trade_json.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/parse.h"
#include "json/reader.h"
#include "trade/trade.h"
#include "base/banned.h"

#define WAIT_SECONDS_MAX 60

/* --- writing ------------------------------------------------------------------------ */

static void
write_step(struct json_writer *w, const struct store_step *s)
{
	json_object_begin(w, NULL);
	json_text(w, "kind", s->kind);
	json_hex(w, "tx", s->tx_hash, sizeof s->tx_hash);
	json_u64(w, "nonce", s->nonce);
	json_text(w, "status", trade_status(s, 1));
	if (s->block_number != 0)
		json_u64(w, "blockNumber", s->block_number);
	else
		json_null_value(w, "blockNumber");
	if (s->block_number != 0)
		json_u64(w, "gasUsed", s->gas_used);
	else
		json_null_value(w, "gasUsed");
	json_text(w, "error", s->error);
	json_object_end(w);
}

/* The database's text goes into an answer as it stands, so it must be one object and no more. */
static int
is_receipt(const struct store_trade *trade)
{
	struct json_error error;
	struct json_in in;

	if (trade->receipt == NULL)
		return 0;
	if (json_in_open(trade->receipt, strlen(trade->receipt), &in, &error) != 0) {
		log_event(LOG_ERROR, "receipt malformed", LOG_STR("trade", trade->id));
		return 0;
	}
	json_in_free(&in);
	return 1;
}

void
trade_json_write(struct json_writer *w, const char *name, const struct store_trade *trade,
    const struct store_step *steps, size_t count)
{
	json_object_begin(w, name);
	json_text(w, "tradeId", trade->id);
	json_text(w, "agentId", trade->agent_id);
	json_text(w, "type", trade->kind);
	if (count > 0)
		json_hex(w, "tx", steps[count - 1].tx_hash, sizeof steps[count - 1].tx_hash);
	else
		json_null_value(w, "tx");
	json_text(w, "status", trade_status(steps, count));
	json_array_begin(w, "steps");
	for (size_t i = 0; i < count; i++)
		write_step(w, &steps[i]);
	json_array_end(w);
	if (is_receipt(trade))
		json_raw(w, "receipt", trade->receipt, strlen(trade->receipt));
	else
		json_null_value(w, "receipt");
	json_u64(w, "createdAt", trade->created_at);
	json_object_end(w);
}

int
trade_is_mined(const struct store_step *steps, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		switch ((enum step_state)steps[i].state) {
		case STEP_SIGNED:
		case STEP_SENT:
		case STEP_STUCK:
			return 0;
		case STEP_MINED:
		case STEP_REVERTED:
		case STEP_FINAL:
		case STEP_FAILED:
			break;
		}
	}
	return 1;
}

/* --- Prefer --------------------------------------------------------------------------- */

/* What stands before the separator; moves behind it. */
static struct bytes
cut(struct bytes *rest, int separator)
{
	const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->p, separator, rest->len);
	struct bytes b = {rest->p, at == NULL ? rest->len : (size_t)(at - rest->p)};

	rest->p += b.len + (at != NULL);
	rest->len -= b.len + (at != NULL);
	return bytes_trim(b, " \t");
}

/* token [ = word ], the word perhaps in quotes; parameters behind a semicolon mean nothing here */
static void
take_preference(struct bytes one, struct prefer *ret)
{
	struct bytes rest = cut(&one, ';');
	struct bytes name = cut(&rest, '=');
	struct bytes value = bytes_trim(rest, " \t");
	uint64_t n;

	if (value.len >= 2 && value.p[0] == '"' && value.p[value.len - 1] == '"')
		value = (struct bytes){value.p + 1, value.len - 2};
	if (http_text_is(name, "respond-async"))
		ret->async = 1;
	/* "the first one is taken" (RFC 7240 2) */
	if (!http_text_is(name, "wait") || ret->has_wait ||
	    parse_u64((const char *)value.p, value.len, 0, UINT32_MAX, &n) != 0)
		return;
	ret->has_wait = 1;
	ret->wait_seconds = n > WAIT_SECONDS_MAX ? WAIT_SECONDS_MAX : n;
}

void
prefer_read(const struct http_request *req, struct prefer *ret)
{
	struct prefer p = {.async = 0};

	for (size_t i = 0; i < req->header_count; i++) {
		struct bytes rest = req->headers[i].value;

		if (!http_text_is(req->headers[i].name, "prefer"))
			continue;
		while (rest.len > 0)
			take_preference(cut(&rest, ','), &p);
	}
	if (p.has_wait)
		(void)snprintf(p.applied, sizeof p.applied, "%swait=%llu",
		    p.async ? "respond-async, " : "", (unsigned long long)p.wait_seconds);
	else if (p.async)
		(void)snprintf(p.applied, sizeof p.applied, "respond-async");
	*ret = p;
}
