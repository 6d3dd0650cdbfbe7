#include "fixture.h"

#include <sodium.h>

#include "signer/table.h"

static struct table table;
static struct policy policy;
static uint8_t room[POLICY_BYTES_MAX];

static int
setup(void **state)
{
	(void)state;
	policy = test_policy();
	return sodium_init() < 0 || table_open(&table, 3, 1000) != 0;
}

static int
teardown(void **state)
{
	(void)state;
	table_close(&table);
	return 0;
}

static struct agent_record
record_of(const char *id)
{
	struct agent_record rec;

	memset(&rec, 0, sizeof rec);
	rec.id_len = (uint8_t)strlen(id);
	memcpy(rec.id, id, strlen(id));
	memset(rec.address, id[0], 20);
	memset(rec.key_hash, 0x4e, 32);
	rec.record_version = 5;
	rec.key_version = 2;
	rec.policy_version = 2;
	rec.policy = policy_bytes(&policy, room);
	rec.token_count = policy.token_count;
	rec.token_used[0] = u256_of(50);
	return rec;
}

static int
admit(const struct agent_record *rec)
{
	struct table_entry *e;

	return table_admit(&table, rec, &policy, 2000, &e);
}

static void
test_seeded_once(void **state)
{
	struct agent_record rec = record_of("alice");
	struct table_entry *e, *again;

	(void)state;
	assert_null(table_find(&table, "alice", 5));
	assert_int_equal(table_admit(&table, &rec, &policy, 2000, &e), 0);
	assert_ptr_equal(table_find(&table, "alice", 5), e);
	assert_int_equal(e->spend.token[0].used.limb[0], 50);
	assert_int_equal(e->spend.token[0].at, 1000); /* leaks from the boot on, not from before */
	/* what a later record claims of the spend does not count */
	rec.token_used[0] = U256_ZERO;
	rec.record_version = 6;
	assert_int_equal(table_admit(&table, &rec, &policy, 2000, &again), 0);
	assert_ptr_equal(again, e);
	assert_int_equal(e->spend.token[0].used.limb[0], 50);
	assert_int_equal(e->record_version, 6);
	rec.record_version = 1;
	assert_int_equal(admit(&rec), 0);
	assert_int_equal(e->record_version, 6);
	assert_int_equal(table.count, 1);
}

#define STALE(change) \
	do { \
		struct agent_record rec = record_of("alice"); \
		change; \
		assert_int_equal(table_check(&table, &rec), ERR_STALE); \
		assert_int_equal(admit(&rec), ERR_STALE); \
	} while (0)

static void
test_stale(void **state)
{
	const struct agent_record first = record_of("alice");
	const struct table_entry *e;
	struct policy other = policy;
	uint8_t other_room[POLICY_BYTES_MAX];

	(void)state;
	other.max_gas--;
	assert_int_equal(admit(&first), 0);
	e = table_find(&table, "alice", 5);
	STALE(rec.key_version = 1);
	STALE(rec.policy_version = 1);
	STALE(rec.key_hash[31]++);
	STALE(rec.policy = policy_bytes(&other, other_room));
	STALE(rec.address[0]++);
	/* newer here does not make up for older there */
	STALE((rec.key_version = 3, rec.policy_version = 1));
	STALE((rec.key_version = 1, rec.policy_version = 3));
	assert_int_equal(e->key_version, 2);
	assert_int_equal(e->policy_version, 2);
}

static void
test_adopts_newer(void **state)
{
	struct agent_record rec = record_of("alice");
	struct table_entry *e;
	struct policy next = policy;
	uint8_t next_room[POLICY_BYTES_MAX];

	(void)state;
	assert_int_equal(admit(&rec), 0);
	rec.key_version = 3;
	memset(rec.key_hash, 0x99, 32);
	rec.used = 1;
	assert_int_equal(admit(&rec), 0);
	next.token_count = 1;
	rec.policy_version = 4;
	rec.policy = policy_bytes(&next, next_room);
	rec.token_count = 1;
	assert_int_equal(table_admit(&table, &rec, &next, 2000, &e), 0);
	assert_int_equal(e->key_version, 3);
	assert_int_equal(e->key_hash[0], 0x99);
	assert_int_equal(e->policy_version, 4);
	assert_int_equal(e->used, 1);
	assert_int_equal(e->spend.token_count, 1);
	assert_int_equal(e->spend.token[0].used.limb[0], 50); /* the spend stays */
	rec.used = 0; /* "unused" does not come back */
	assert_int_equal(table_admit(&table, &rec, &next, 2000, &e), 0);
	assert_int_equal(e->used, 1);
}

static void
test_full_forgets_nobody(void **state)
{
	const struct agent_record a = record_of("a"), b = record_of("b"), c = record_of("c"),
	                          d = record_of("d");

	(void)state;
	assert_int_equal(admit(&a), 0);
	assert_int_equal(admit(&b), 0);
	assert_int_equal(admit(&c), 0);
	assert_int_equal(admit(&d), ERR_FULL);
	assert_null(table_find(&table, "d", 1));
	assert_int_equal(admit(&a), 0);
	assert_int_equal(admit(&c), 0);
	assert_int_equal(table.count, 3);
}

static void
test_many(void **state)
{
	struct agent_record rec = record_of("agent-0000");
	struct table_entry *e;

	(void)state;
	table_close(&table);
	assert_int_equal(table_open(&table, 5000, 0), 0);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			rec.id[6] = (char)('0' + i / 1000);
			rec.id[7] = (char)('0' + i / 100 % 10);
			rec.id[8] = (char)('0' + i / 10 % 10);
			rec.id[9] = (char)('0' + i % 10);
			assert_int_equal(table_admit(&table, &rec, &policy, 0, &e), 0);
			assert_ptr_equal(e, &table.entries[i]);
		}
	}
	/* the prefix of an id is another id */
	assert_null(table_find(&table, "agent-000", 9));
}

static void
test_capacity(void **state)
{
	struct table t;

	(void)state;
	assert_int_equal(table_open(&t, 0, 0), ERR_RANGE);
	assert_int_equal(table_open(&t, TABLE_CAPACITY_MAX + 1, 0), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_seeded_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(test_adopts_newer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full_forgets_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test(test_capacity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
