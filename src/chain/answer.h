/*
 * One JSON-RPC 2.0 answer: bytes of a node in, a checked answer out. Refuses
 * what is not an answer to this very request (version, id, exactly one of
 * result and error), and what would unpack into far more memory than it has bytes.
 */
#ifndef SELFSAME_CHAIN_ANSWER_H
#define SELFSAME_CHAIN_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "chain/rpc.h"

#define ANSWER_MESSAGE_MAX 200
#define ANSWER_PARTS_MAX 262144 /* a receipt of 7,000 logs has fewer */

struct parsed_answer {
	json_t *root;		  /* owned */
	struct rpc_answer answer; /* borrows from root and message */
	char message[ANSWER_MESSAGE_MAX + 1];
	int has_error; /* the body holds a JSON-RPC error: the HTTP status says nothing more */
};

/*
 * Always fills ret; a body that is no answer gives class RPC_MALFORMED. An
 * error may come with id null (the node could not read the request).
 *
 * Owns: ret->root, parsed_answer_free(). ret must not be moved or copied.
 */
void answer_parse(const void *body, size_t len, uint64_t id, struct parsed_answer *ret);
void parsed_answer_free(struct parsed_answer *a);

/* Cut to cap - 1 bytes; what is not printable ASCII becomes '?'. */
void printable_copy(const char *text, char *ret, size_t cap);

#endif
