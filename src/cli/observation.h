/*
 * What one look at an instance has shown, as a JSON object for the history, and
 * what is to be told of the difference between two looks. Pure.
 *
 *   {"type":"observation","url":...,"verdict":"accept"|"refuse","holds":...,"code":...,
 *    "step":...,"tcbStatus":...,"advisoryIds":[...],"certificatesUntil":...,"collateralUntil":...,
 *    "facts":{...}}
 *
 * An alert is {"type":"alert","url":...,"alert":NAME,"text":...,...}:
 *
 *   refused               the evidence does not hold: code, step
 *   measurement-changed   changes: [{name, old, new}]
 *   key-changed           the same, of keys
 *   instance-changed      the same, of application and machine
 *   tcb-status-fell       old, new
 *   advisory-added        advisoryIds
 *   expiry-near           item, until
 *   unreachable           failures, problem
 *   recovered             after refused or unreachable
 */
#ifndef SELFSAME_CLI_OBSERVATION_H
#define SELFSAME_CLI_OBSERVATION_H

#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"
#include "cli/evaluate.h"

/* Owns: json_decref(); NULL when memory ran out */
json_t *observation_of(const char *url, const struct evaluation *e);

/* Whether nothing that an observation says has changed. */
int observation_equals(const json_t *a, const json_t *b);

/*
 * The alerts that a new observation of a URL gives rise to. What evidence says counts for
 * comparing only when it holds, if only against the policy: a forgery is one alert and no new
 * normal.
 *
 * In:   last  the observation before; NULL at the first one
 *       base  the last one that held, as observation_base() made it; NULL: none yet
 * Owns: an array, json_decref(); NULL when memory ran out
 */
json_t *observation_compare(const json_t *last, const json_t *base, const json_t *new);

/*
 * What the next observation is to be compared with. A status that is not known this time is
 * remembered from before.
 *
 * In:   base  until now, or NULL
 * Owns: json_decref(); NULL when memory ran out
 */
json_t *observation_base(json_t *base, json_t *new);

/*
 * The alerts about dates: what ends within `days` of `now`.
 *
 * In:      warned  object of what has been told already: item to until; may be NULL
 * Owns:    an array, json_decref(); NULL when memory ran out
 */
json_t *observation_expiring(const json_t *observation, const json_t *warned, int64_t now,
    uint32_t days);

/* Such an alert without more: {"type":"alert","url":...,"alert":...,"text":...}. */
json_t *alert_new(const char *url, const char *name, const char *text);

#endif
