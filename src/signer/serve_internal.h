/*
 * What the files of serve share. A handler returns 0 (the reply is written),
 * ERR_PROTOCOL, or another ERR_* that becomes MSG_REFUSED; s->rule then names
 * the rule, if one refused.
 */
#ifndef SELFSAME_SIGNER_SERVE_INTERNAL_H
#define SELFSAME_SIGNER_SERVE_INTERNAL_H

#include "base/attr.h"
#include "signer/rules.h"
#include "signer/serve.h"

typedef int serve_handler(struct serve *s, struct bytes body, struct writer *w);

serve_handler serve_register, serve_register_again, serve_authenticate, serve_adopt,
    serve_caps_query, serve_rotate_key, serve_change_policy;
serve_handler serve_sign_trade, serve_bump, serve_sign_typed_data, serve_sign_message;

/* Refuse by a rule: remembers it and returns err. */
int serve_refuse(struct serve *s, int err, enum rule rule) MUST_USE;

/* Refuse by a cap that did not take the charge: remembers what is left too. ERR_POLICY. */
int serve_refuse_cap(struct serve *s, const struct spend *spend, const struct charge *charge,
    enum rule rule) MUST_USE;

/* MAC and form of a record; fills s->rec and s->policy. ERR_MAC or what record_read() says. */
int serve_read_record(struct serve *s, struct bytes record, const uint8_t mac32[32]) MUST_USE;

/*
 * serve_read_record(), then versions, the API key (NULL: none is asked for) and
 * the table; fills s->entry. An agent that is not authentic takes no place.
 */
int serve_admit(struct serve *s, struct bytes record, const uint8_t mac32[32],
    const uint8_t *api_key32) MUST_USE;

/*
 * serve_admit() for a request that makes a new record. Between the record of a
 * new key or policy and its adoption no other may be made: stored last, it
 * would bring the old key or policy back. ERR_CONFLICT; after
 * CHANGE_PATIENCE without an adoption the change counts as dropped.
 */
int serve_admit_change(struct serve *s, struct bytes record, const uint8_t mac32[32],
    const uint8_t *api_key32) MUST_USE;

/* Nanoseconds; longer than the gateway waits for a commit. */
#define CHANGE_PATIENCE ((uint64_t)10 * 1000000000)

/* Whether the API key is the one whose hash this is; constant time. */
int serve_key_matches(const uint8_t api_key32[32], const uint8_t hash32[32]);

/*
 * Write s->rec as the agent's next record, with the spend of the table, to
 * s->record and s->mac. After serve_admit().
 */
int serve_next_record(struct serve *s) MUST_USE;

/* Write s->rec, as it stands, to s->record and s->mac. */
int serve_write_record(struct serve *s) MUST_USE;

/* What a receipt says beyond the record. */
struct serve_act {
	const uint8_t *request_hash; /* 32 bytes */
	const uint8_t *idempotency_hash; /* 32 bytes, or NULL */
	const uint8_t (*hashes)[32];
	size_t hash_count;
};

/* Write and sign the receipt of s->rec. */
int serve_write_receipt(struct serve *s, const char *action, const struct serve_act *act) MUST_USE;

/* What the rules judge by. */
struct rules_subject serve_subject(const struct serve *s);

static inline struct bytes
serve_record(const struct serve *s)
{
	return (struct bytes){s->record, s->record_len};
}

static inline struct bytes
serve_receipt(const struct serve *s)
{
	return (struct bytes){s->receipt, s->receipt_len};
}

static inline struct bytes
serve_agent_id(const struct serve *s)
{
	return (struct bytes){(const uint8_t *)s->rec.id, s->rec.id_len};
}

#endif
