#include "fixture.h"

#include "signer/spend.h"

#define SECOND ((uint64_t)1000000000)

static void
test_take(void **state)
{
	const struct u256 cap = u256_of(100), all = u256_of(100), one = u256_of(1);
	struct bucket b = {U256_ZERO, 0, 0};

	(void)state;
	assert_int_equal(bucket_take(&b, &cap, &all), 0);
	assert_int_equal(bucket_take(&b, &cap, &one), ERR_POLICY);
	assert_int_equal(b.used.limb[0], 100);
	/* a sum that would wrap is above every cap */
	assert_int_equal(bucket_take(&b, &U256_MAX, &U256_MAX), ERR_POLICY);
	assert_int_equal(b.used.limb[0], 100);
}

static void
test_leak(void **state)
{
	const struct u256 cap = u256_of(86400);
	struct bucket b = {u256_of(86400), 0, 5 * SECOND};

	(void)state;
	bucket_leak(&b, &cap, 6 * SECOND);
	assert_int_equal(b.used.limb[0], 86399);
	bucket_leak(&b, &cap, 5 * SECOND); /* a clock that goes back */
	assert_int_equal(b.used.limb[0], 86399);
	assert_int_equal(b.at, 6 * SECOND);
	bucket_leak(&b, &cap, 6 * SECOND + SPEND_DAY_NS / 2);
	assert_int_equal(b.used.limb[0], 86399 - 43200);
	bucket_leak(&b, &cap, 6 * SECOND + 2 * SPEND_DAY_NS);
	assert_true(u256_is_zero(&b.used));
}

/* Looking every microsecond must leak what looking once does: no fraction is lost or gained. */
static void
test_no_starvation(void **state)
{
	const struct u256 caps[] = {u256_of(1), u256_of(7), u256_of(86399), u256_of(100000000)};

	(void)state;
	for (size_t c = 0; c < 4; c++) {
		struct bucket often = {u256_of(1000000000), 0, 0}, once = often;
		uint64_t now = 0;

		for (size_t i = 0; i < 20000; i++)
			bucket_leak(&often, &caps[c], now += 977 + i % 31);
		/* and the rest of 23 hours in minutes */
		while (now < 23 * 3600 * SECOND)
			bucket_leak(&often, &caps[c], now += 60 * SECOND + 1);
		bucket_leak(&once, &caps[c], now);
		assert_memory_equal(&often.used, &once.used, sizeof once.used);
		assert_int_equal(often.rest, once.rest);
	}
}

static void
test_an_empty_bucket_saves_nothing(void **state)
{
	const struct u256 cap = u256_of(100);
	struct bucket b = {u256_of(1), 0, 0};

	(void)state;
	bucket_leak(&b, &cap, SPEND_DAY_NS / 2);
	assert_true(u256_is_zero(&b.used));
	assert_int_equal(b.rest, 0);
}

static void
test_extreme_caps(void **state)
{
	struct bucket b = {U256_MAX, 0, 0};
	const struct u256 none = U256_ZERO;
	const struct u256 one = u256_of(1);
	struct u256 left;
	uint64_t rest;

	(void)state;
	bucket_leak(&b, &U256_MAX, SPEND_DAY_NS / 2);
	assert_int_equal(u256_div_u64(&U256_MAX, 2, &left, &rest), 0);
	assert_int_equal(u256_add(&left, &one, &left), 0); /* half leaked, rounded down */
	assert_int_equal(u256_compare(&b.used, &left), 0);
	b = (struct bucket){u256_of(5), 0, 0};
	bucket_leak(&b, &none, SPEND_DAY_NS - 1);
	assert_int_equal(b.used.limb[0], 5);
}

static struct charge
charge_of(uint64_t native, uint64_t first, uint64_t second)
{
	struct charge c;

	memset(&c, 0, sizeof c);
	c.native = u256_of(native);
	c.token[0] = u256_of(first);
	c.token[1] = u256_of(second);
	return c;
}

static struct spend
empty_spend(const struct policy *p)
{
	struct agent_record rec;
	struct spend s;

	memset(&rec, 0, sizeof rec);
	spend_seed(&s, p, &rec, 0);
	return s;
}

static void
test_caps(void **state)
{
	struct policy p = test_policy();
	struct spend s, before;
	struct charge c;

	(void)state;
	p.native_per_transaction = u256_of(10);
	p.native_per_day = u256_of(15);
	s = empty_spend(&p);
	before = s;
	c = charge_of(11, 0, 0);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NATIVE_PER_TRANSACTION);
	c = charge_of(1, 101, 0);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_TOKEN_PER_TRANSACTION);
	c = charge_of(1, 1, 101);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_TOKEN_PER_TRANSACTION);
	assert_memory_equal(&s, &before, sizeof s); /* a refusal changes nothing */
	c = charge_of(10, 0, 0);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
	c = charge_of(6, 0, 0);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NATIVE_PER_DAY);
	c = charge_of(5, 0, 0);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
	c = charge_of(0, 0, 100);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
	c = charge_of(0, 0, 1);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_TOKEN_PER_DAY);
	c = charge_of(0, 1, 0); /* the other token has its own bucket */
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
}

static void
test_charges(void **state)
{
	struct charge charge = charge_of(5, 10, 20), paid = charge_of(7, 3, 20), got, want;

	(void)state;
	charge.token[POLICY_TOKENS_MAX - 1] = U256_MAX;
	got = charge_beyond(&charge, &paid);
	want = charge_of(0, 7, 0);
	want.token[POLICY_TOKENS_MAX - 1] = U256_MAX;
	assert_memory_equal(&got, &want, sizeof want);
	charge_raise(&charge, &paid);
	want = charge_of(7, 10, 20);
	want.token[POLICY_TOKENS_MAX - 1] = U256_MAX;
	assert_memory_equal(&charge, &want, sizeof want);
}

static void
assert_short(const struct shortage *s, const uint8_t *token, uint64_t available, uint32_t seconds)
{
	assert_int_equal(s->is_token, token != NULL);
	if (token != NULL)
		assert_memory_equal(s->token, token, 20);
	assert_int_equal(s->available.limb[0], available);
	assert_int_equal(s->seconds, seconds);
}

/* What a refusal says is what happens: not a second earlier, and then at once. */
static void
test_what_is_left(void **state)
{
	struct policy p = test_policy();
	struct spend s, later;
	struct shortage why;
	struct charge c;

	(void)state;
	p.native_per_transaction = u256_of(20000);
	p.native_per_day = u256_of(86400); /* one a second */
	p.tokens[1].per_transaction = u256_of(2000);
	s = empty_spend(&p);
	c = charge_of(20001, 0, 0);
	spend_explain(&s, &p, &c, RULE_NATIVE_PER_TRANSACTION, 0, &why);
	assert_short(&why, NULL, 20000, 0);
	c = charge_of(0, 7, 2001);
	spend_explain(&s, &p, &c, RULE_TOKEN_PER_TRANSACTION, 0, &why);
	assert_short(&why, p.tokens[1].token, 2000, 0);
	/* more than the cap of a day never fits */
	c = charge_of(0, 0, 1500);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_TOKEN_PER_DAY);
	spend_explain(&s, &p, &c, RULE_TOKEN_PER_DAY, 0, &why);
	assert_short(&why, p.tokens[1].token, 1000, 0);
	s.native.used = u256_of(80000);
	c = charge_of(10000, 0, 0);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NATIVE_PER_DAY);
	spend_explain(&s, &p, &c, RULE_NATIVE_PER_DAY, 0, &why);
	assert_short(&why, NULL, 6400, 3600);
	later = s;
	assert_int_equal(spend_take(&later, &p, &c, 3599 * SECOND), RULE_NATIVE_PER_DAY);
	spend_explain(&later, &p, &c, RULE_NATIVE_PER_DAY, 3599 * SECOND, &why);
	assert_short(&why, NULL, 9999, 1);
	assert_int_equal(spend_take(&later, &p, &c, 3600 * SECOND), RULE_NONE);
	/* a fill above a cap that was lowered */
	s.native.used = u256_of(200000);
	spend_explain(&s, &p, &c, RULE_NATIVE_PER_DAY, 0, &why);
	assert_short(&why, NULL, 0, 86400);
	assert_int_equal(bucket_seconds_to_empty(&s.native, &p.native_per_day), 86400);
	later.native.used = bucket_available(&s.native, &p.native_per_day);
	assert_true(u256_is_zero(&later.native.used));
	s.native.used = u256_of(60);
	assert_int_equal(bucket_seconds_to_empty(&s.native, &p.native_per_day), 60);
	s.native.used = U256_ZERO;
	assert_int_equal(bucket_seconds_to_empty(&s.native, &U256_ZERO), 0);
	/* the largest amounts */
	p.native_per_day = U256_MAX;
	s.native.used = U256_MAX;
	spend_explain(&s, &p, &c, RULE_NATIVE_PER_DAY, 0, &why);
	assert_int_equal(why.seconds, 1);
}

/* A cap that sank below the fill refuses its own charges only. */
static void
test_a_lowered_cap_does_not_block_the_rest(void **state)
{
	struct policy p = test_policy();
	struct spend s = empty_spend(&p);
	struct charge c = charge_of(0, 100, 0);

	(void)state;
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
	p.tokens[0].per_day = u256_of(10);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_TOKEN_PER_DAY);
	c = charge_of(0, 0, 100);
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
}

static void
test_in_any_day_less_than_twice_the_cap(void **state)
{
	const struct policy p = test_policy();
	struct spend s = empty_spend(&p);
	struct charge c = charge_of(0, 1, 0);
	uint64_t taken = 0;

	(void)state;
	for (uint64_t now = 0; now < SPEND_DAY_NS; now += SECOND)
		taken += spend_take(&s, &p, &c, now) == RULE_NONE;
	assert_true(taken >= 1990 && taken <= 2000);
}

static void
test_follow(void **state)
{
	struct policy p = test_policy(), q = p;
	struct spend s = empty_spend(&p);
	struct charge c = charge_of(7, 30, 40);

	(void)state;
	assert_int_equal(spend_take(&s, &p, &c, 0), RULE_NONE);
	/* TOKEN goes, TOKEN2 stays, another one comes, and the order changes */
	memset(q.tokens[0].token, TOKEN2, 20);
	memset(q.tokens[1].token, 0x7a, 20);
	spend_follow(&s, &q, 5);
	assert_int_equal(s.native.used.limb[0], 7);
	assert_int_equal(s.token[0].used.limb[0], 40);
	assert_int_equal(s.token[1].used.limb[0], 0);
	assert_int_equal(s.token[1].at, 5);
}

static void
test_seed_and_write(void **state)
{
	const struct policy p = test_policy();
	struct agent_record rec, out;
	struct spend s;

	(void)state;
	memset(&rec, 0, sizeof rec);
	memset(&out, 0, sizeof out);
	rec.native_used = u256_of(3);
	rec.token_used[0] = u256_of(4);
	rec.token_used[1] = u256_of(5);
	spend_seed(&s, &p, &rec, 9);
	assert_int_equal(s.token[1].at, 9);
	spend_write(&s, &out);
	assert_int_equal(out.token_count, 2);
	assert_int_equal(out.native_used.limb[0], 3);
	assert_int_equal(out.token_used[0].limb[0], 4);
	assert_int_equal(out.token_used[1].limb[0], 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_leak),
		cmocka_unit_test(test_no_starvation),
		cmocka_unit_test(test_an_empty_bucket_saves_nothing),
		cmocka_unit_test(test_extreme_caps),
		cmocka_unit_test(test_caps),
		cmocka_unit_test(test_charges),
		cmocka_unit_test(test_what_is_left),
		cmocka_unit_test(test_a_lowered_cap_does_not_block_the_rest),
		cmocka_unit_test(test_in_any_day_less_than_twice_the_cap),
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_seed_and_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
