/*
 * A registration under way, and the queue in which registrations of the scheme
 * indexed get their numbers.
 *
 * An index that the store has reserved is given to the signer at once and in
 * ascending order, because the signer refuses one below its high-water mark.
 * As many are reserved as wait, so a lone registration gets the next number and
 * a crowd shares one commit.
 */
#ifndef SELFSAME_GATEWAY_REGISTRATION_H
#define SELFSAME_GATEWAY_REGISTRATION_H

#include "gateway/gateway.h"

#define ANSWER_MAX 65536

struct registration {
	char agent_id[AGENT_ID_MAX + 1];
	int has_owner;
	uint8_t owner[20];
	uint8_t policy[POLICY_BYTES_MAX]; /* canonical */
	size_t policy_len;
	struct bytes idempotency_key; /* of the request; p NULL: none */
	int restore; /* the caller brought its API key */
	uint32_t index;
	unsigned index_tries;
	struct buffer answer; /* holds the new API key until it is sent */
};

void registration_free(void *state);

/* The body of POST /register. */
int registration_parse(struct bytes body, const struct config *config, struct registration *ret,
    struct json_error *error) MUST_USE;

/* Wait for an index, then registration_sign(). */
void registration_queue(struct call *c);

/* The signer has given out this index already: ask it for the next one, then queue again. */
void registration_raise(struct call *c);

/* Ask the signer for the agent; routes_register.c. */
void registration_sign(struct call *c);

/* Unix seconds, by the host's clock. */
uint64_t gateway_seconds(void);

#endif
