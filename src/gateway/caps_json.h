/*
 * What is left of an agent's caps of a day, as the signer says:
 *
 *   {"windowSeconds": 86400,
 *    "native": {"perDay": "5", "available": "4.99", "fullInSeconds": 173},
 *    "tokens": [{"token": "USDC", "perDay": "1000", "available": "990", "fullInSeconds": 864}]}
 *
 * Caps are token buckets: a whole one is filled again within the window.
 */
#ifndef SELFSAME_GATEWAY_CAPS_JSON_H
#define SELFSAME_GATEWAY_CAPS_JSON_H

#include "agent/policy.h"
#include "base/attr.h"
#include "ipc/messages.h"
#include "json/writer.h"
#include "trade/trade.h"

/* ERR_PROTOCOL: the caps are not those of this policy; then nothing is written. */
int caps_json_write(struct json_writer *w, const char *name, const struct trade_options *options,
    const struct policy *policy, const struct msg_caps *caps) MUST_USE;

#endif
