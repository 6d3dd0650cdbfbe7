/*
 * What most routes do with an agent: load it, take the turn for changing it,
 * let the signer check the caller's key, commit a new record.
 *
 * The database's row is a claim; the signer decides. Between a signer's answer
 * and its commit this process may know a newer record than the database: then
 * that one counts.
 */
#ifndef SELFSAME_GATEWAY_AGENTS_H
#define SELFSAME_GATEWAY_AGENTS_H

#include "gateway/gateway.h"

/* Load by c->agent_id, or by the caller's key; a missing agent answers the call. */
void agent_load(struct call *c, call_step *next);
void agent_load_by_key(struct call *c, call_step *next);

/* Load again and go on at the step after the last load; gives up after some tries. */
void agent_reload(struct call *c);

/*
 * Wait until no other call changes this agent, load it, go on. Calls that ask
 * the signer for a new record take turns, and wait for the trade that is being
 * signed, so that a record never overtakes one that was made before it. The
 * turn ends with the call.
 */
void agent_take_turn(struct call *c, call_step *next);
void agent_turn_end(struct call *c);

/*
 * Go on at once when nobody has the agent's turn; else wait for it, load again
 * and hold it until agent_turn_end(). For trades, which take turns among
 * themselves (trade.h) but must not begin while a key or policy is changed.
 */
void agent_wait_turn(struct call *c, call_step *next);

/* Load and have the signer check the key; commits a record that changed by it. */
void agent_authenticate(struct call *c, call_step *next);
void agent_authenticate_in_turn(struct call *c, call_step *next);

/*
 * The handler of refusals for c->refused: a stale record is loaded again, a
 * wrong key is told from another agent's key and counted against its source.
 */
int agent_refused(struct call *c, const struct msg_refused *m);

/* The signer's new record becomes the call's. ERR_PROTOCOL when it is not this agent's. */
int agent_take_record(struct call *c, struct bytes record, const uint8_t mac32[32]) MUST_USE;

/*
 * Store the call's record, then next(c) with c->op.err: 0, or ERR_CONFLICT when
 * the database has a newer one already. Other failures answer the call.
 */
void agent_commit(struct call *c, call_step *next);

/* Tell the signer that the record is committed, then next(c). */
void agent_adopt(struct call *c, call_step *next);

/* Fill row for the store from the call's record; borrows from the call. */
void agent_row(struct call *c, struct store_agent *ret);

#endif
