#include "gateway/metrics.h"

#include "chain/rpc.h"
#include "gateway/gateway.h"
#include "gateway/routes.h"
#include "trade/trade.h"
#include "base/banned.h"

static const uint64_t bounds_us[METRICS_BUCKETS] = {1000, 5000, 25000, 100000, 500000, 2500000,
    10000000, UINT64_MAX};
static const char *const bounds_text[METRICS_BUCKETS] = {"0.001", "0.005", "0.025", "0.1", "0.5",
    "2.5", "10", "+Inf"};

void
metrics_count(struct metrics *m, size_t route, int status, uint64_t us)
{
	struct route_metrics *r =
	    &m->routes[route < METRICS_ROUTES_MAX ? route : METRICS_ROUTES_MAX - 1];
	size_t b = 0;

	r->answers[status >= 100 && status < 600 ? status / 100 : 0]++;
	while (b + 1 < METRICS_BUCKETS && us > bounds_us[b])
		b++;
	r->buckets[b]++;
	r->sum_us += us;
}

static void
heading(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
single(struct buffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
	heading(out, name, type, help);
	buffer_format(out, "%s %llu\n", name, (unsigned long long)value);
}

static void
label(struct buffer *out, size_t route)
{
	const struct route *r = route_at(route);

	if (r->handle == NULL)
		buffer_text(out, "route=\"unmatched\"");
	else
		buffer_format(out, "route=\"%s %s\"", http_method_name(r->method), r->template);
}

static void
write_answers(const struct metrics *m, struct buffer *out)
{
	heading(out, "selfsame_http_answers_total", "counter",
	    "HTTP answers by route and status class.");
	for (size_t i = 0; i < routes_count(); i++) {
		for (size_t s = 2; s < ARRAY_LEN(m->routes[i].answers); s++) {
			if (m->routes[i].answers[s] == 0)
				continue;
			buffer_text(out, "selfsame_http_answers_total{");
			label(out, i);
			buffer_format(out, ",status=\"%zuxx\"} %llu\n", s,
			    (unsigned long long)m->routes[i].answers[s]);
		}
	}
}

static void
write_duration(const struct route_metrics *r, size_t route, struct buffer *out)
{
	uint64_t count = 0;

	for (size_t b = 0; b < METRICS_BUCKETS; b++) {
		count += r->buckets[b];
		buffer_text(out, "selfsame_http_duration_seconds_bucket{");
		label(out, route);
		buffer_format(out, ",le=\"%s\"} %llu\n", bounds_text[b], (unsigned long long)count);
	}
	buffer_text(out, "selfsame_http_duration_seconds_sum{");
	label(out, route);
	buffer_format(out, "} %llu.%06llu\n", (unsigned long long)(r->sum_us / 1000000),
	    (unsigned long long)(r->sum_us % 1000000));
	buffer_text(out, "selfsame_http_duration_seconds_count{");
	label(out, route);
	buffer_format(out, "} %llu\n", (unsigned long long)count);
}

static void
write_durations(const struct metrics *m, struct buffer *out)
{
	heading(out, "selfsame_http_duration_seconds", "histogram",
	    "From the first byte of a request to its answer.");
	for (size_t i = 0; i < routes_count(); i++) {
		uint64_t used = 0;

		for (size_t b = 0; b < METRICS_BUCKETS; b++)
			used += m->routes[i].buckets[b];
		if (used > 0)
			write_duration(&m->routes[i], i, out);
	}
}

static void
write_connections(const struct gateway *gw, struct buffer *out)
{
	struct http_counts h;

	http_server_counts(gw->http, &h);
	single(out, "selfsame_http_connections", "gauge", "Open connections.", h.open);
	single(out, "selfsame_http_requests_in_flight", "gauge", "Requests being worked on.",
	    h.in_flight);
	single(out, "selfsame_http_connections_total", "counter", "Connections accepted.",
	    h.accepted);
	single(out, "selfsame_http_connections_turned_away_total", "counter",
	    "Connections closed at once: no room.", h.turned_away);
	single(out, "selfsame_http_connections_evicted_total", "counter",
	    "Connections closed to make room: waiting longest, of the source with the most.",
	    h.evicted);
	single(out, "selfsame_http_refused_total", "counter", "Malformed or late requests.",
	    h.refused);
	single(out, "selfsame_http_timeouts_total", "counter", "Requests that came too slowly.",
	    h.timed_out);
}

static void
write_trades(const struct gateway *gw, struct buffer *out)
{
	struct trades_counts t;
	struct rpc_health r;

	trades_counts(gw->trades, &t);
	rpc_health(gw->rpc, &r);
	single(out, "selfsame_trades_accepted_total", "counter", "Trades journalled.", t.accepted);
	single(out, "selfsame_trades_refused_total", "counter", "Trades refused.", t.refused);
	single(out, "selfsame_trades_bumped_total", "counter", "Fee bumps.", t.bumped);
	single(out, "selfsame_trades_rebroadcast_total", "counter", "Transactions sent again.",
	    t.rebroadcast);
	single(out, "selfsame_trades_reorganised_total", "counter", "Blocks seen and gone again.",
	    t.reorged);
	single(out, "selfsame_trade_steps_open", "gauge", "Transactions that are not final.",
	    t.open);
	single(out, "selfsame_trade_steps_unreadable", "gauge", "Malformed rows among them.",
	    t.unreadable);
	single(out, "selfsame_trade_steps_reopened_total", "counter",
	    "Transactions that the journal called final and the chain does not have.", t.reopened);
	single(out, "selfsame_wallets_stopped", "gauge",
	    "Wallets stopped by a nonce disagreement or a changed row.", t.stopped_wallets);
	single(out, "selfsame_rpc_calls_total", "counter", "JSON-RPC calls.", r.calls);
	single(out, "selfsame_rpc_failures_total", "counter", "JSON-RPC calls that failed.",
	    r.failures);
	single(out, "selfsame_rpc_usable", "gauge", "1 when a node answers for the right chain.",
	    r.usable != 0);
}

void
metrics_write(const struct gateway *gw, struct buffer *out)
{
	write_answers(&gw->metrics, out);
	write_durations(&gw->metrics, out);
	write_connections(gw, out);
	write_trades(gw, out);
	single(out, "selfsame_signer_requests_in_flight", "gauge", "Requests the signer works on.",
	    signer_client_in_flight(gw->signer));
	single(out, "selfsame_development", "gauge", "1 when nothing is protected by hardware.",
	    gw->development != 0);
}
