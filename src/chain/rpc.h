/*
 * Ethereum JSON-RPC over libcurl's multi interface on the event loop. Several
 * URLs: the next one is tried when one fails or limits us. Everything a node
 * says is a claim.
 */
#ifndef SELFSAME_CHAIN_RPC_H
#define SELFSAME_CHAIN_RPC_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/attr.h"

struct event_base;
struct rpc;

/* What an error means for what we do next; chain/errors.h maps texts and codes to these. */
enum rpc_class {
	RPC_OK,
	RPC_NONCE_TOO_LOW,
	RPC_ALREADY_KNOWN,
	RPC_UNDERPRICED, /* also: replacement underpriced */
	RPC_INSUFFICIENT_FUNDS,
	RPC_FEE_BELOW_BASE,
	RPC_GAS_TOO_LOW, /* intrinsic gas too low, out of block gas */
	RPC_REVERTED,	 /* eth_call, eth_estimateGas: data holds the revert data */
	RPC_RATE_LIMITED,
	RPC_TIMEOUT,
	RPC_UNREACHABLE,
	RPC_WRONG_CHAIN,
	RPC_MALFORMED, /* not JSON-RPC, wrong id, too large */
	RPC_OTHER
};

struct rpc_answer {
	enum rpc_class class;
	const json_t *result;	 /* borrowed; NULL unless RPC_OK */
	const char *message;	 /* the node's words, cut and made printable; "" if none */
	const char *revert_data; /* "0x..." or NULL */
};

typedef void rpc_done(const struct rpc_answer *answer, void *arg);

struct rpc_options {
	const char *urls;    /* comma separated */
	const char *ca_file; /* NULL: the system's */
	uint64_t chain_id;   /* checked by eth_chainId on every URL before it is used, and again
				after it failed */
	uint64_t timeout_ms;
};

/* text: what is wrong with the setting, without the URL. */
int rpc_new(struct event_base *base, const struct rpc_options *options, struct rpc **ret,
	    char *text, size_t text_cap) MUST_USE;
void rpc_free(struct rpc *rpc);

/*
 * params is JSON text of the array. done is called exactly once, from the loop;
 * never for what is under way at rpc_free(). A node's trouble (rate limit, timeout, no
 * connection, wrong chain, a malformed answer) is answered by trying the next
 * URL; done hears of it when none is left or timeout_ms is over.
 */
void rpc_call(struct rpc *rpc, const char *method, const char *params, rpc_done *done, void *arg);

struct rpc_health {
	int usable;	 /* some URL answered with the right chain id lately */
	int wrong_chain; /* some URL answered with another chain id */
	size_t urls;
	size_t urls_usable;
	uint64_t calls;
	uint64_t failures;
};
void rpc_health(const struct rpc *rpc, struct rpc_health *ret);

const char *rpc_class_name(enum rpc_class class);

#endif
