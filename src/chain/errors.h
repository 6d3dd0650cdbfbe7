/*
 * What a node's error means for what we do next. Nodes and providers share no
 * numbers and no wording, so the class comes from one table of texts and codes
 * (errors.c); tests hold the wording of each client.
 */
#ifndef SELFSAME_CHAIN_ERRORS_H
#define SELFSAME_CHAIN_ERRORS_H

#include <stdint.h>

#include "chain/rpc.h"

/*
 * Class of a JSON-RPC error object. The text decides; the code decides where
 * the text says nothing that we know. message may be "".
 */
enum rpc_class rpc_error_class(int64_t code, const char *message);

/* Class of an HTTP status without a JSON-RPC error in the body. */
enum rpc_class rpc_http_class(long status);

/*
 * Whether another node may do better: the error says something about the node
 * or the way to it, not about the request.
 */
int rpc_class_is_node_trouble(enum rpc_class class);

#endif
