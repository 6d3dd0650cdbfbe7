#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "agent/record.h"
#include "base/err.h"
#include "base/hex.h"

static uint8_t policy_bytes[POLICY_BYTES_MAX];

static struct bytes
small_policy(void)
{
	struct writer w = writer_of(policy_bytes, sizeof policy_bytes);
	struct policy p;

	memset(&p, 0, sizeof p);
	p.chain_count = 1;
	p.chains[0] = 137;
	p.token_count = 1;
	memset(p.tokens[0].token, 0x70, 20);
	policy_write(&w, &p);
	return (struct bytes){policy_bytes, w.len};
}

static struct agent_record
bound_record(void)
{
	struct agent_record rec;

	memset(&rec, 0, sizeof rec);
	rec.id_len = 5;
	memcpy(rec.id, "alice", 5);
	rec.scheme = SCHEME_BOUND;
	rec.path[0] = 0x7fffffff;
	rec.path[1] = 2;
	rec.path[2] = 3;
	memset(rec.address, 0xaa, 20);
	rec.controller_kind = CONTROLLER_API_KEY;
	memset(rec.controller, 0xcc, 32);
	rec.has_owner = 1;
	memset(rec.owner, 0x0f, 20);
	rec.record_version = 9;
	rec.key_version = 2;
	rec.policy_version = 3;
	memset(rec.key_hash, 0x4e, 32);
	rec.used = 1;
	rec.policy = small_policy();
	rec.token_count = 1;
	rec.native_used = u256_of(77);
	rec.token_used[0] = U256_MAX;
	return rec;
}

static size_t
write_rec(const struct agent_record *rec, uint8_t ret[RECORD_BYTES_MAX])
{
	struct writer w = writer_of(ret, RECORD_BYTES_MAX);
	size_t len;

	record_write(&w, rec);
	assert_int_equal(writer_end(&w, &len), 0);
	return len;
}

static int
read_back(const struct agent_record *rec)
{
	uint8_t b[RECORD_BYTES_MAX];
	struct agent_record q;

	return record_read(b, write_rec(rec, b), &q);
}

static void
test_round_trip(void **state)
{
	const struct agent_record rec = bound_record();
	uint8_t b[RECORD_BYTES_MAX], c[RECORD_BYTES_MAX];
	struct agent_record q;
	size_t len = write_rec(&rec, b);

	(void)state;
	assert_int_equal(record_read(b, len, &q), 0);
	assert_int_equal(write_rec(&q, c), len);
	assert_memory_equal(b, c, len);
	assert_memory_equal(q.id, "alice", 5);
	assert_int_equal(q.record_version, 9);
	assert_int_equal(q.key_version, 2);
	assert_int_equal(q.policy_version, 3);
	assert_true(bytes_equal(q.policy, rec.policy));
	assert_int_equal(u256_compare(&q.token_used[0], &rec.token_used[0]), 0);
}

static void
test_cut_and_trailing(void **state)
{
	const struct agent_record rec = bound_record();
	uint8_t b[RECORD_BYTES_MAX + 1];
	struct agent_record q;
	size_t len = write_rec(&rec, b);

	(void)state;
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(record_read(b, cut, &q), ERR_PARSE);
	b[len] = 0;
	assert_int_equal(record_read(b, len + 1, &q), ERR_TRAILING);
	assert_int_equal(record_read(b, RECORD_BYTES_MAX + 1, &q), ERR_RANGE);
	b[0] = 2; /* a form of a later time */
	assert_int_equal(record_read(b, len, &q), ERR_PARSE);
}

#define REFUSED(change, want) \
	do { \
		struct agent_record rec = bound_record(); \
		change; \
		assert_int_equal(read_back(&rec), want); \
	} while (0)

static void
test_refusals(void **state)
{
	(void)state;
	REFUSED(rec.id[2] = ' ', ERR_PARSE);
	REFUSED(rec.id_len = 0, ERR_PARSE);
	REFUSED(rec.scheme = 0, ERR_UNSUPPORTED);
	REFUSED(rec.scheme = 3, ERR_UNSUPPORTED);
	REFUSED(rec.index = 1, ERR_RANGE);
	for (size_t i = 0; i < 3; i++)
		REFUSED(rec.path[i] = 0x80000000U, ERR_RANGE);
	REFUSED(rec.controller_kind = CONTROLLER_PUBLIC_KEY, ERR_UNSUPPORTED);
	REFUSED(rec.has_owner = 2, ERR_RANGE);
	REFUSED(rec.has_owner = 0, ERR_RANGE);
	REFUSED(memset(rec.owner, 0, 20), ERR_RANGE);
	REFUSED(rec.record_version = 0, ERR_RANGE);
	REFUSED(rec.key_version = 0, ERR_RANGE);
	REFUSED(rec.policy_version = 0, ERR_RANGE);
	REFUSED(rec.used = 2, ERR_RANGE);
	REFUSED(rec.token_count = 0, ERR_RANGE);
	REFUSED(rec.token_count = 2, ERR_RANGE);
	REFUSED(rec.policy.len--, ERR_PARSE);
	/* indexed, with numbers of the other scheme */
	REFUSED(rec.scheme = SCHEME_INDEXED, ERR_RANGE);
	REFUSED((rec.scheme = SCHEME_INDEXED, memset(rec.path, 0, sizeof rec.path),
	            rec.index = 0x80000000U),
	    ERR_RANGE);
	REFUSED((rec.scheme = SCHEME_INDEXED, memset(rec.path, 0, sizeof rec.path),
	            rec.index = 0x7fffffffU),
	    0);
	REFUSED((rec.has_owner = 0, memset(rec.owner, 0, 20)), 0);
}

static void
test_largest_fits(void **state)
{
	struct agent_record rec = bound_record();
	struct writer w = writer_of(policy_bytes, sizeof policy_bytes);
	struct policy p;
	uint8_t b[RECORD_BYTES_MAX];

	(void)state;
	memset(&p, 0, sizeof p);
	p.chain_count = POLICY_CHAINS_MAX;
	p.token_count = rec.token_count = POLICY_TOKENS_MAX;
	p.recipient_count = POLICY_RECIPIENTS_MAX;
	p.spender_count = POLICY_SPENDERS_MAX;
	p.call_count = POLICY_CALLS_MAX;
	p.typed_count = POLICY_TYPED_MAX;
	policy_write(&w, &p);
	rec.policy = (struct bytes){policy_bytes, w.len};
	rec.id_len = AGENT_ID_MAX;
	assert_true(write_rec(&rec, b) <= RECORD_BYTES_MAX);
}

static void
test_ids(void **state)
{
	char id[65];

	(void)state;
	memset(id, 'a', sizeof id);
	assert_true(agent_id_valid("A-z_0.9:", 8));
	assert_true(agent_id_valid(id, 64));
	assert_false(agent_id_valid(id, 65));
	assert_false(agent_id_valid(id, 0));
	for (int c = 0; c < 256; c++) {
		int good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		           (c >= '0' && c <= '9') ||
		           (c != 0 && strchr("._:-", c) != NULL);

		id[1] = (char)c;
		assert_int_equal(agent_id_valid(id, 3), good);
	}
}

static void
test_path_text(void **state)
{
	struct agent_record rec = bound_record();
	char text[PATH_TEXT_MAX];

	(void)state;
	record_path_text(&rec, text);
	assert_string_equal(text, "m/44'/60'/2147483647'/2'/3'");
	rec.scheme = SCHEME_INDEXED;
	rec.index = 7;
	record_path_text(&rec, text);
	assert_string_equal(text, "m/44'/60'/0'/0/7");
	assert_string_equal(agent_scheme_name(SCHEME_BOUND), "bound");
	assert_string_equal(agent_scheme_name(SCHEME_INDEXED), "indexed");
}

#define WANT "558754324a80cf669fca3ab20e85bad0006b36f10ceee9fe2d3812f8d8c8aecf"

/* Values by Python's hashlib from the formulas of the header. */
static void
test_hash_and_path(void **state)
{
	static const uint8_t policy[] = {1, 2, 3};
	uint8_t key[32], hash[32], want[32], owner[20];
	const struct bytes id = {(const uint8_t *)"alice", 5};
	uint32_t path[3];

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		key[i] = i;
	assert_int_equal(hex_decode(WANT, 64, want, 32), 0);
	api_key_hash(key, hash);
	assert_memory_equal(hash, want, 32);
	bound_path(id, hash, (struct bytes){NULL, 0}, (struct bytes){policy, 3}, path);
	assert_int_equal(path[0], 1431168539);
	assert_int_equal(path[1], 185413471);
	assert_int_equal(path[2], 1609735261);
	memset(owner, 0x11, sizeof owner);
	bound_path(id, hash, (struct bytes){owner, 20}, (struct bytes){policy, 3}, path);
	assert_int_equal(path[0], 926212974);
	assert_int_equal(path[1], 238396280);
	assert_int_equal(path[2], 136762611);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cut_and_trailing),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_largest_fits),
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_path_text),
		cmocka_unit_test(test_hash_and_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
