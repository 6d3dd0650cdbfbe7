/*
 * The messages of messages.def as structs with a reader and a writer each.
 *
 * For a message "register": struct msg_register, msg_register_write() and
 * msg_register_read(). A reader takes all of its input or fails; BYTES fields
 * borrow from it. No heap.
 */
#ifndef SELFSAME_IPC_MESSAGES_H
#define SELFSAME_IPC_MESSAGES_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "ipc/messages.def"

/* ANY and DIALER (the two that reach a platform's agent) stand in declarations only. */
enum ipc_role {
	ROLE_ANY,
	ROLE_SUPERVISOR,
	ROLE_SIGNER,
	ROLE_ATTESTER,
	ROLE_GATEWAY,
	ROLE_ROOTSOURCE,
	ROLE_DIALER
};
enum ipc_how { HOW_REQUEST, HOW_ONCE, HOW_REPLY };

enum msg_type {
#define M(name, NAME, number, from, to, how) MSG_##NAME = (number),
	MESSAGES(M)
#undef M
};

#define MSG_U8(field) uint8_t field;
#define MSG_U32(field) uint32_t field;
#define MSG_U64(field) uint64_t field;
#define MSG_FIXED(field, n) uint8_t field[n];
#define MSG_BYTES(field, max) struct bytes field;
#define M(name, NAME, number, from, to, how) \
	struct msg_##name { \
		FIELDS_##NAME(MSG_U8, MSG_U32, MSG_U64, MSG_FIXED, MSG_BYTES) \
	}; \
	void msg_##name##_write(struct writer *w, const struct msg_##name *m); \
	int msg_##name##_read(struct bytes body, struct msg_##name *ret) MUST_USE;
MESSAGES(M)
#undef M
#undef MSG_U8
#undef MSG_U32
#undef MSG_U64
#undef MSG_FIXED
#undef MSG_BYTES

/* "register"; NULL for a number that is no message. */
const char *msg_name(uint32_t type);

/*
 * Whether `from` may send this to `to`, and how. Unknown types are refused.
 *
 * Returns: 0 or ERR_PROTOCOL.
 */
int msg_permit(uint32_t type, enum ipc_role from, enum ipc_role to, enum ipc_how *ret_how)
    MUST_USE;

#endif
