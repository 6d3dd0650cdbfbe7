/* A trade as the API shows it, and the headers with which one asks for it. */
#ifndef SELFSAME_GATEWAY_TRADE_JSON_H
#define SELFSAME_GATEWAY_TRADE_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "http/parser.h"
#include "json/writer.h"
#include "store/store.h"

/*
 * {tradeId, agentId, type, tx, status, steps: [{kind, tx, nonce, status,
 * blockNumber, gasUsed, error}], receipt, createdAt}. tx is the hash of the last
 * step, the one that the caller asked for; receipt is null where the row's text
 * is not one JSON object (the log says so), and is for the caller to verify.
 */
void trade_json_write(struct json_writer *w, const char *name, const struct store_trade *trade,
    const struct store_step *steps, size_t count);

/* Whether every step has its first receipt, one way or the other. */
int trade_is_mined(const struct store_step *steps, size_t count);

#define PREFER_TEXT_MAX 32

struct prefer {
	int async; /* respond-async */
	int has_wait;
	uint64_t wait_seconds; /* at most 60 */
	char applied[PREFER_TEXT_MAX]; /* for Preference-Applied; "" */
};

/* The Prefer headers (RFC 7240); what is not understood is ignored, as the RFC wants it. */
void prefer_read(const struct http_request *req, struct prefer *ret);

#endif
