/* Counters of the gateway in the Prometheus text format. No name of an agent stands in them. */
#ifndef SELFSAME_GATEWAY_METRICS_H
#define SELFSAME_GATEWAY_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define METRICS_ROUTES_MAX 24
#define METRICS_BUCKETS 8

struct route_metrics {
	uint64_t answers[6]; /* by the status' first digit */
	uint64_t buckets[METRICS_BUCKETS]; /* answers within the bound; not cumulative */
	uint64_t sum_us;
};

struct metrics {
	struct route_metrics routes[METRICS_ROUTES_MAX];
};

struct gateway;

void metrics_count(struct metrics *m, size_t route, int status, uint64_t us);
void metrics_write(const struct gateway *gw, struct buffer *out);

#endif
