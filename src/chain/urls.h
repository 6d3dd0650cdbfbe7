/*
 * The URLs of CHAINSTACK_NODE: https, or http to a loopback address (what a
 * local chain speaks). They carry provider keys, so they are never logged and
 * never stand in a failure's text: a URL is named by its place in the list.
 */
#ifndef SELFSAME_CHAIN_URLS_H
#define SELFSAME_CHAIN_URLS_H

#include <stddef.h>

#include "base/attr.h"

#define RPC_URLS_MAX 8

struct rpc_urls {
	size_t count;
	char *url[RPC_URLS_MAX]; /* owned */
};

/*
 * list: 1 to 8 URLs separated by commas, without spaces.
 *
 * Returns: 0, ERR_SETTING (text: which URL and what is wrong) or ERR_MEM
 * Owns:    *ret, rpc_urls_free()
 */
int rpc_urls_parse(const char *list, struct rpc_urls *ret, char *text, size_t text_cap) MUST_USE;

/* Wipes them. */
void rpc_urls_free(struct rpc_urls *urls);

#endif
