/*
 * One HTTP exchange by libcurl, bounded in size and time: https, or http to
 * loopback. Who the peer is, is shown by a certificate of a known authority, or
 * left to the caller, who compares the peer's key with an attested one.
 */
#ifndef SELFSAME_CLI_TRANSFER_H
#define SELFSAME_CLI_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"

#define TRANSFER_PROBLEM_MAX 256
#define TRANSFER_ATTEMPTS_MAX 4

enum transfer_trust {
	TRANSFER_CA, /* the system's authorities, or those of ca_file */
	TRANSFER_KEY /* the caller compares peer_key_hash: no authority, no proxy */
};

/* What is asked; all borrowed. */
struct transfer_request {
	const char *url;
	enum transfer_trust trust;
	const char *ca_file; /* PEM; NULL: the system's */
	struct bytes post; /* JSON; p NULL: GET */
	size_t max; /* of the answer's body */
	long seconds; /* for all of it */
	const char *header; /* of the answer, wanted; NULL: none */
	const char *other_header; /* another name of the same; NULL: none */
};

struct transfer_answer {
	long status; /* of HTTP; 0: there was no answer */
	struct buffer body;
	struct buffer header; /* the value, with a NUL; len 0: not there */
	int has_peer_key; /* TRANSFER_KEY over TLS */
	uint8_t peer_key_hash[32]; /* SHA-256 of its SubjectPublicKeyInfo */
	int transient; /* asking again may help */
	uint64_t retry_after; /* seconds, as the answer says; 0: it does not */
	char problem[TRANSFER_PROBLEM_MAX]; /* one line of printable ASCII for the user */
};

/*
 * Whether a URL may be asked at all. Returns NULL, or what is wrong with it, to
 * be read behind "the URL".
 */
const char *transfer_url_problem(const char *url);

/*
 * Redirects are followed under TRANSFER_CA, three at most, and to https only.
 *
 * Returns: 0 (an answer of any status), ERR_IO, ERR_TIMEOUT, ERR_SPACE (longer than max), ERR_RANGE
 *          (such a URL is not asked) or ERR_MEM; ret->problem says it
 * Owns:    *ret needs transfer_free() in any case
 */
int transfer_run(const struct transfer_request *request, struct transfer_answer *ret) MUST_USE;

/*
 * Several, at the same time: the slowest decides how long it takes, not their number.
 *
 * Returns: 0 or ERR_MEM (nothing was done)
 * Out:     ret, ret_err  count of each, as transfer_run() would give them
 * Owns:    every answer needs transfer_free() if 0 was returned
 */
int transfer_run_all(const struct transfer_request *requests, size_t count,
    struct transfer_answer *ret, int *ret_err) MUST_USE;

/*
 * The same as transfer_run(), again while a failure may pass: TRANSFER_ATTEMPTS_MAX times, with
 * growing pauses or those that the peer asks for. Blocks for up to a minute besides the exchanges.
 */
int transfer_persist(const struct transfer_request *request, struct transfer_answer *ret) MUST_USE;

/* Milliseconds to wait before attempt i (from 1), given a random number. */
uint64_t transfer_pause(unsigned attempt, uint64_t retry_after, uint32_t random);

void transfer_free(struct transfer_answer *answer);

#endif
