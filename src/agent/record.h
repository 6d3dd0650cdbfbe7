/*
 * An agent's record: what the database keeps of an agent and the signer
 * authenticates. The gateway may read it and cannot write one: the MAC is the
 * signer's (signer/keyring.h).
 *
 * Form: u8 form (1) | u8 LEN id | u8 scheme | u32 index | u32 path[3] |
 * address 20 | u8 controller kind | controller 32 | u8 has owner | owner 20 |
 * u64 record version | u64 key version | u64 policy version | key hash 32 |
 * u8 used | LP policy | u8 token count | native used 32 | token used 32 each;
 * integers big-endian, what a scheme or an absent owner does not use is zero.
 */
#ifndef SELFSAME_AGENT_RECORD_H
#define SELFSAME_AGENT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "agent/policy.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "evm/u256.h"

#define AGENT_ID_MAX 64
#define RECORD_BYTES_MAX 5120
#define PATH_TEXT_MAX 64

enum agent_scheme { SCHEME_BOUND = 1, SCHEME_INDEXED = 2 };
enum controller_kind { CONTROLLER_API_KEY = 1, CONTROLLER_PUBLIC_KEY = 2 /* reserved */ };

struct agent_record {
	uint8_t id_len;
	char id[AGENT_ID_MAX]; /* A-Z a-z 0-9 . _ : - ; not terminated */
	uint8_t scheme; /* enum agent_scheme */
	uint32_t index; /* SCHEME_INDEXED: m/44'/60'/0'/0/index, else 0 */
	uint32_t path[3]; /* SCHEME_BOUND: m/44'/60'/a'/b'/c' without the hardened bit */
	uint8_t address[20];
	uint8_t controller_kind; /* enum controller_kind */
	uint8_t controller[32]; /* the first API key's hash; part of a bound path for ever */
	uint8_t has_owner;
	uint8_t owner[20];
	uint64_t record_version; /* + 1 with every change, spend included */
	uint64_t key_version; /* + 1 with every new API key */
	uint64_t policy_version; /* + 1 with every policy change */
	uint8_t key_hash[32]; /* of the API key that counts now */
	uint8_t used; /* 1 after the first authenticated use of that key */
	struct bytes policy; /* canonical bytes; borrowed */
	uint8_t token_count; /* the policy's token_count */
	struct u256 native_used; /* the buckets' fill, see signer/spend.h */
	struct u256 token_used[POLICY_TOKENS_MAX];
};

/* Whether the text is an agent id: 1 to 64 of A-Z a-z 0-9 . _ : - */
int agent_id_valid(const char *id, size_t len);

/* Matched by record_read(). */
void record_write(struct writer *w, const struct agent_record *rec);

/*
 * Read all of the bytes. Matched by record_write(). ret->policy borrows from p;
 * the policy itself is checked.
 *
 * Returns: 0, ERR_PARSE, ERR_TRAILING, ERR_RANGE, ERR_DUPLICATE (policy_read()),
 *          ERR_UNSUPPORTED (a scheme or a kind of controller of a later time)
 */
int record_read(const uint8_t *p, size_t len, struct agent_record *ret) MUST_USE;

/* "m/44'/60'/0'/0/7" or "m/44'/60'/1'/2'/3'" and a NUL. */
void record_path_text(const struct agent_record *rec, char ret[PATH_TEXT_MAX]);

/* "bound" or "indexed". */
const char *agent_scheme_name(uint8_t scheme);

/* SHA-256("selfsame/api-key/v1\0" || the 32 bytes of the key). */
void api_key_hash(const uint8_t key32[32], uint8_t ret_hash32[32]);

/*
 * The three numbers of a bound path: the first three 31-bit numbers (big-endian
 * 32-bit words without their top bit) of SHA-256("selfsame/path/v1\0" || LP(id)
 * || LP(controller) || LP(owner) || LP(first policy)); an absent owner is the
 * empty run.
 */
void bound_path(struct bytes id, const uint8_t controller32[32], struct bytes owner,
    struct bytes first_policy, uint32_t ret_path[3]);

#endif
