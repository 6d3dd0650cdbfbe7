#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ipc/boot.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

static uint8_t pool[FRAME_MAX];
static uint8_t wire[2 * FRAME_MAX];
static uint8_t again[2 * FRAME_MAX];

/* Fields get values that differ from each other; runs are `run` bytes, or at their cap. */
struct filler {
	uint8_t next;
	size_t run;
};

static uint64_t
fill_number(struct filler *f)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | ++f->next;
	return v;
}

static struct bytes
fill_run(struct filler *f, size_t max)
{
	size_t n = f->run < max ? f->run : max;

	return (struct bytes){pool + ++f->next, n};
}

#define F_U8(field) m->field = (uint8_t)fill_number(f);
#define F_U32(field) m->field = (uint32_t)fill_number(f);
#define F_U64(field) m->field = fill_number(f);
#define F_FIXED(field, n) memset(m->field, ++f->next, n);
#define F_BYTES(field, max) m->field = fill_run(f, max);
#define S_NUM1(field) n += 1;
#define S_NUM4(field) n += 4;
#define S_NUM8(field) n += 8;
#define S_FIXED(field, k) n += (k);
#define S_BYTES(field, max) n += 4 + (run < (size_t)(max) ? run : (size_t)(max));
#define S_CAP(field, max) n += 4 + (size_t)(max);

/*
 * A message of each kind: what is written is what its fields add up to, it is
 * read back to the same bytes, and any cut and any addition is refused.
 */
#define M(name, NAME, number, from, to, how) \
	static size_t size_##name(size_t run) \
	{ \
		size_t n = 0; \
\
		(void)run; \
		FIELDS_##NAME(S_NUM1, S_NUM4, S_NUM8, S_FIXED, S_BYTES) \
		return n; \
	} \
	static size_t cap_##name(void) \
	{ \
		size_t n = 0; \
\
		FIELDS_##NAME(S_NUM1, S_NUM4, S_NUM8, S_FIXED, S_CAP) \
		return n; \
	} \
	static void write_##name(struct filler *f, struct writer *w) \
	{ \
		struct msg_##name message; \
		struct msg_##name *m = &message; \
\
		FIELDS_##NAME(F_U8, F_U32, F_U64, F_FIXED, F_BYTES) \
		msg_##name##_write(w, m); \
	} \
	static void check_##name(size_t run) \
	{ \
		struct filler f = {0, run}; \
		struct writer w = writer_of(wire, sizeof wire); \
		struct msg_##name m; \
		size_t len = 0; \
		size_t len2 = 0; \
		struct bytes b; \
		uint8_t *exact; \
\
		write_##name(&f, &w); \
		assert_int_equal(writer_end(&w, &len), 0); \
		assert_int_equal(len, size_##name(run)); \
		exact = malloc(len); \
		assert_non_null(exact); \
		memcpy(exact, wire, len); \
		assert_int_equal(msg_##name##_read((struct bytes){exact, len}, &m), 0); \
		w = writer_of(again, sizeof again); \
		msg_##name##_write(&w, &m); \
		assert_int_equal(writer_end(&w, &len2), 0); \
		assert_int_equal(len, len2); \
		assert_memory_equal(wire, again, len); \
		free(exact); \
		b = (struct bytes){wire, len + 1}; \
		assert_int_equal(msg_##name##_read(b, &m), ERR_TRAILING); \
		for (b.len = 0; b.len < len; b.len += len > 4096 ? 97 : 1) \
			assert_int_equal(msg_##name##_read(b, &m), ERR_PARSE); \
	} \
	static void test_##name(void **state) \
	{ \
		(void)state; \
		check_##name(0); \
		check_##name(7); \
		check_##name(SIZE_MAX); \
		assert_int_equal(size_##name(SIZE_MAX), cap_##name()); \
		/* every message fits a frame at its largest */ \
		assert_true(FRAME_HEADER + cap_##name() <= FRAME_MAX); \
		assert_string_equal(msg_name(number), #name); \
	}
MESSAGES(M)
#undef M

/* A run beyond its cap is written by nobody and read by nobody. */
static void
test_run_beyond_its_cap(void **state)
{
	struct msg_attest m = {.nonce = {pool, 65}};
	struct writer w = writer_of(wire, sizeof wire);
	size_t len = 77;

	(void)state;
	msg_attest_write(&w, &m);
	assert_int_equal(writer_end(&w, &len), ERR_SPACE);
	assert_int_equal(len, 77);
	w = writer_of(wire, sizeof wire);
	write_lp(&w, pool, 65);
	assert_int_equal(writer_end(&w, &len), 0);
	m.nonce.len = 5;
	assert_int_equal(msg_attest_read((struct bytes){wire, len}, &m), ERR_RANGE);
	assert_int_equal(m.nonce.len, 5);
}

static void
test_no_room(void **state)
{
	struct msg_ready m = {.port = 1};
	struct writer w = writer_of(wire, 3);
	size_t len = 77;

	(void)state;
	msg_ready_write(&w, &m);
	assert_int_equal(writer_end(&w, &len), ERR_SPACE);
}

static const enum ipc_role roles[] = {
    ROLE_SUPERVISOR, ROLE_SIGNER, ROLE_ATTESTER, ROLE_GATEWAY, ROLE_ROOTSOURCE};

/* Who may send what to whom, written down a second time and independently. */
static int
may(uint32_t type, enum ipc_role from, enum ipc_role to)
{
	switch (type) {
	case MSG_SECRET:
		return from == ROLE_SUPERVISOR && to == ROLE_SIGNER;
	case MSG_BOOT:
		return from == ROLE_SUPERVISOR;
	case MSG_READY:
	case MSG_FAILED:
		return to == ROLE_SUPERVISOR;
	case MSG_ROOT:
		return from == ROLE_ROOTSOURCE && to == ROLE_SUPERVISOR;
	case MSG_DIAL:
		return (from == ROLE_ATTESTER || from == ROLE_ROOTSOURCE) && to == ROLE_SUPERVISOR;
	case MSG_DIALLED:
		return from == ROLE_SUPERVISOR && (to == ROLE_ATTESTER || to == ROLE_ROOTSOURCE);
	case MSG_INSTANCE_QUERY:
		return from == ROLE_ATTESTER && to == ROLE_SIGNER;
	case MSG_INSTANCE:
		return from == ROLE_SIGNER && to == ROLE_ATTESTER;
	case MSG_BIND_TLS:
	case MSG_ATTEST:
		return from == ROLE_GATEWAY && to == ROLE_ATTESTER;
	case MSG_EVIDENCE:
		return from == ROLE_ATTESTER && to == ROLE_GATEWAY;
	case MSG_REGISTER:
	case MSG_REGISTER_AGAIN:
	case MSG_AUTHENTICATE:
	case MSG_ADOPT:
	case MSG_ROTATE_KEY:
	case MSG_CHANGE_POLICY:
	case MSG_SIGN_TRADE:
	case MSG_BUMP:
	case MSG_SIGN_TYPED_DATA:
	case MSG_SIGN_MESSAGE:
	case MSG_STATUS_QUERY:
	case MSG_CAPS_QUERY:
		return from == ROLE_GATEWAY && to == ROLE_SIGNER;
	case MSG_REGISTERED:
	case MSG_RECORD:
	case MSG_ROTATED:
	case MSG_POLICY_CHANGED:
	case MSG_TRADE_SIGNED:
	case MSG_BUMPED:
	case MSG_SIGNED:
	case MSG_STATUS:
	case MSG_CAPS:
		return from == ROLE_SIGNER && to == ROLE_GATEWAY;
	case MSG_DONE:
		return to == ROLE_GATEWAY;
	case MSG_REFUSED:
		return 1;
	}
	return 0;
}

static void
test_permits(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 200; type++) {
		for (size_t a = 0; a < ARRAY_LEN(roles); a++) {
			for (size_t b = 0; b < ARRAY_LEN(roles); b++) {
				enum ipc_how how = HOW_REPLY;
				int r = msg_permit(type, roles[a], roles[b], &how);

				if (r != (may(type, roles[a], roles[b]) ? 0 : ERR_PROTOCOL))
					fail_msg("type %u from %d to %d: %d", type, (int)roles[a],
					    (int)roles[b], r);
			}
		}
	}
}

static void
test_how(void **state)
{
	enum ipc_how how;

	(void)state;
	assert_int_equal(msg_permit(MSG_SECRET, ROLE_SUPERVISOR, ROLE_SIGNER, &how), 0);
	assert_int_equal(how, HOW_ONCE);
	assert_int_equal(msg_permit(MSG_SIGN_TRADE, ROLE_GATEWAY, ROLE_SIGNER, &how), 0);
	assert_int_equal(how, HOW_REQUEST);
	assert_int_equal(msg_permit(MSG_TRADE_SIGNED, ROLE_SIGNER, ROLE_GATEWAY, &how), 0);
	assert_int_equal(how, HOW_REPLY);
}

/* Numbers are unique, and those used once fit the 64 bits that remember them. */
static void
test_numbers(void **state)
{
#define M(name, NAME, number, from, to, how) {number, HOW_##how},
	static const struct {
		uint32_t number;
		enum ipc_how how;
	} all[] = {MESSAGES(M)};
#undef M

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		assert_true(all[i].how != HOW_ONCE || all[i].number < 64);
		for (size_t k = 0; k < i; k++)
			assert_int_not_equal(all[i].number, all[k].number);
	}
	assert_null(msg_name(0));
	assert_null(msg_name(9999));
	assert_null(msg_name(UINT32_MAX));
}

static void
test_boot_frame(void **state)
{
	(void)state;
	assert_true(FRAME_HEADER + cap_boot() <= BOOT_FRAME_MAX);
}

static int
fill_pool(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof pool; i++)
		pool[i] = (uint8_t)(i * 31 + i / 251);
	return 0;
}

int
main(void)
{
#define M(name, NAME, number, from, to, how) cmocka_unit_test(test_##name),
	const struct CMUnitTest tests[] = {
	    MESSAGES(M)
	    cmocka_unit_test(test_run_beyond_its_cap),
	    cmocka_unit_test(test_no_room),
	    cmocka_unit_test(test_permits),
	    cmocka_unit_test(test_how),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_boot_frame),
	};
#undef M

	return cmocka_run_group_tests(tests, fill_pool, NULL);
}
