#include "ipc/messages.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

#define W_U8(field) write_u8(w, m->field);
#define W_U32(field) write_be32(w, m->field);
#define W_U64(field) write_be64(w, m->field);
#define W_FIXED(field, n) write_bytes(w, m->field, n);
#define W_BYTES(field, max) \
	if (m->field.len > (max)) \
		w->err = ERR_SPACE; \
	write_lp(w, m->field.p, m->field.len);
#define R_U8(field) \
	if ((r = read_u8(&in, &m.field)) != 0) \
		return r;
#define R_U32(field) \
	if ((r = read_be32(&in, &m.field)) != 0) \
		return r;
#define R_U64(field) \
	if ((r = read_be64(&in, &m.field)) != 0) \
		return r;
#define R_FIXED(field, n) \
	if ((r = read_copy(&in, n, m.field)) != 0) \
		return r;
#define R_BYTES(field, max) \
	if ((r = read_lp(&in, max, &m.field)) != 0) \
		return r;

/* FIXED fields may hold an API key, so the reader's own copy is wiped by the caller's frame
 * buffer discipline (channel.h), and here by explicit_bzero on every way out. */
#define M(name, NAME, number, from, to, how) \
	void msg_##name##_write(struct writer *w, const struct msg_##name *m) \
	{ \
		FIELDS_##NAME(W_U8, W_U32, W_U64, W_FIXED, W_BYTES) \
	} \
	static int read_##name(struct reader in, struct msg_##name *ret) \
	{ \
		struct msg_##name m; \
		int r; \
\
		FIELDS_##NAME(R_U8, R_U32, R_U64, R_FIXED, R_BYTES) \
		if ((r = reader_end(&in)) != 0) \
			return r; \
		*ret = m; \
		explicit_bzero(&m, sizeof m); \
		return 0; \
	} \
	int msg_##name##_read(struct bytes body, struct msg_##name *ret) \
	{ \
		return read_##name(reader_of(body.p, body.len), ret); \
	}
MESSAGES(M)
#undef M

const char *
msg_name(uint32_t type)
{
	switch (type) {
#define M(name, NAME, number, from, to, how) \
	case number: \
		return #name;
		MESSAGES(M)
#undef M
	}
	return NULL;
}

static int
role_matches(enum ipc_role declared, enum ipc_role actual)
{
	if (declared == ROLE_DIALER)
		return actual == ROLE_ATTESTER || actual == ROLE_ROOTSOURCE;
	return declared == ROLE_ANY || declared == actual;
}

int
msg_permit(uint32_t type, enum ipc_role from, enum ipc_role to, enum ipc_how *ret_how)
{
	switch (type) {
#define M(name, NAME, number, sender, receiver, how) \
	case number: \
		if (!role_matches(ROLE_##sender, from) || !role_matches(ROLE_##receiver, to)) \
			return ERR_PROTOCOL; \
		*ret_how = HOW_##how; \
		return 0;
		MESSAGES(M)
#undef M
	}
	return ERR_PROTOCOL;
}
