/* Receipts: signed by the attested key over exactly what they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "cli/receipt_check.h"
#include "evidence.h"
#include "base/banned.h"

#define DOMAIN "selfsame/receipt/v1"

static struct evidence e;
static struct evaluation result;
static char receipt[4096];
static char text[8192]; /* of the canonical receipt: what is signed */

static int
setup(void **state)
{
	(void)state;
	evidence_begin(&e);
	evidence_make(&e);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	evidence_end(&e);
	return 0;
}

/* The canonical text by hand: sorted members, no spaces. */
static void
make_text(const char *mode, const uint8_t key[32])
{
	char hex[67];

	hex_encode_0x(key, 32, hex);
	assert_true(
	    snprintf(
		text, sizeof text,
		"{\"action\":\"trade\",\"address\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\","
		"\"agentId\":\"agent-1\",\"chainId\":31337,\"hashes\":[\"0x11\",\"0x22\"],"
		"\"instanceKey\":\"%s\",\"keyVersion\":3,\"mode\":\"%s\","
		"\"path\":\"m/44'/60'/1'/2'/3'\",\"policyHash\":\"0xab\",\"policyVersion\":2,"
		"\"scheme\":\"bound\",\"version\":1}",
		hex, mode) < (int)sizeof text);
}

static void
sign(void)
{
	uint8_t message[sizeof DOMAIN + sizeof text], signature[64];
	char hex[131];
	size_t len = strlen(text);

	memcpy(message, DOMAIN, sizeof DOMAIN);
	memcpy(message + sizeof DOMAIN, text, len);
	crypto_sign_detached(signature, NULL, message, sizeof DOMAIN + len, e.instance_secret);
	hex_encode_0x(signature, sizeof signature, hex);
	/* the signature comes first and spaces are added: the canonical form is the verifier's work
	 */
	assert_true(snprintf(receipt, sizeof receipt, "{ \"signature\" : \"%s\", %s", hex,
			     text + 1) < (int)sizeof receipt);
}

static const struct check *
named(const char *name)
{
	for (size_t i = 0; i < result.verdict.count; i++)
		if (strcmp(result.verdict.check[i].name, name) == 0)
			return &result.verdict.check[i];
	return NULL;
}

static enum check_result
check(const char *answer)
{
	struct question q = evidence_question(&e);
	enum check_result r;

	q.receipt[0] = evidence_text(answer);
	q.receipt_count = 1;
	evaluate(KIND_ATTESTATION, evidence_document(&e), &q, &result);
	r = named("receipt")->result;
	assert_int_equal(verdict_accepts(&result.verdict), r == CHECK_PASSED);
	evaluation_close(&result);
	return r;
}

static void
test_accepted(void **state)
{
	static char answer[8192];

	(void)state;
	make_text("simulated-dev", e.statement.instance_key);
	sign();
	assert_int_equal(check(receipt), CHECK_PASSED);
	/* as a member of an answer of the API */
	assert_true(snprintf(answer, sizeof answer, "{\"tradeId\":\"t\",\"receipt\":%s}", receipt) <
		    (int)sizeof answer);
	assert_int_equal(check(answer), CHECK_PASSED);
}

static void
assert_change_refused(const char *old, const char *new)
{
	static char changed[8192];
	const char *at = strstr(receipt, old);

	assert_non_null(at);
	assert_true(snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - receipt), receipt, new,
			     at + strlen(old)) < (int)sizeof changed);
	assert_int_equal(check(changed), CHECK_FAILED);
}

static void
test_changed(void **state)
{
	(void)state;
	make_text("simulated-dev", e.statement.instance_key);
	sign();
	assert_change_refused("\"chainId\":31337", "\"chainId\":137");
	assert_change_refused("\"agent-1\"", "\"agent-2\"");
	assert_change_refused("\"version\":1", "\"version\":1,\"more\":0");
	assert_change_refused("\"0x11\",\"0x22\"", "\"0x22\",\"0x11\"");
	assert_change_refused("\"signature\"", "\"signatur\"");
	assert_change_refused("\"signature\" : \"0x", "\"signature\" : \"");
	assert_change_refused("\"instanceKey\":\"0x", "\"instanceKey\":\"");
	assert_change_refused("\"version\":1", "\"version\":1.0");
	assert_change_refused("}", "");
}

static void
test_other_instance(void **state)
{
	static const uint8_t seed[32] = {9};
	uint8_t key[32], secret[64], attested[64];

	(void)state;
	memcpy(attested, e.instance_secret, sizeof attested);
	crypto_sign_seed_keypair(key, secret, seed);
	/* signed by another key and naming it; signed by another key and naming ours */
	memcpy(e.instance_secret, secret, sizeof secret);
	make_text("simulated-dev", key);
	sign();
	assert_int_equal(check(receipt), CHECK_FAILED);
	make_text("simulated-dev", e.statement.instance_key);
	sign();
	assert_int_equal(check(receipt), CHECK_FAILED);
	memcpy(e.instance_secret, attested, sizeof attested);
	/* ours, but of another mode */
	make_text("tsm", e.statement.instance_key);
	sign();
	assert_int_equal(check(receipt), CHECK_FAILED);
}

/* An answer of the API with these members beside the receipt. */
static enum check_result
check_answer(const char *members)
{
	static char answer[8192];

	assert_true(snprintf(answer, sizeof answer, "{%s,\"receipt\":%s}", members, receipt) <
		    (int)sizeof answer);
	return check(answer);
}

/* What stands beside a true receipt is not signed: it must be what the receipt says. */
static void
test_answer_contradicts(void **state)
{
	(void)state;
	make_text("simulated-dev", e.statement.instance_key);
	sign();
	assert_int_equal(check_answer("\"agentId\":\"agent-1\","
				      "\"address\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\","
				      "\"path\":\"m/44'/60'/1'/2'/3'\",\"scheme\":\"bound\","
				      "\"policyHash\":\"0xab\",\"policyVersion\":2,"
				      "\"keyVersion\":3,\"owner\":null,\"tx\":\"0x22\""),
			 CHECK_PASSED);
	assert_int_equal(check_answer("\"agentId\":\"agent-2\""), CHECK_FAILED);
	assert_int_equal(
	    check_answer("\"address\":\"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC\""),
	    CHECK_FAILED);
	assert_int_equal(check_answer("\"path\":\"m/44'/60'/1'/2'/4'\""), CHECK_FAILED);
	assert_int_equal(check_answer("\"scheme\":\"indexed\""), CHECK_FAILED);
	assert_int_equal(check_answer("\"policyHash\":\"0xac\""), CHECK_FAILED);
	assert_int_equal(check_answer("\"policyVersion\":3"), CHECK_FAILED);
	assert_int_equal(check_answer("\"keyVersion\":2"), CHECK_FAILED);
	assert_int_equal(check_answer("\"keyVersion\":\"3\""), CHECK_FAILED);
	assert_int_equal(check_answer("\"address\":null"), CHECK_FAILED);
	assert_non_null(strstr(named("receipt")->detail, "address"));
	assert_int_equal(check_answer("\"digest\":\"0x33\""), CHECK_FAILED);
	assert_int_equal(check_answer("\"digest\":\"0x11\""), CHECK_PASSED);
}

/* A raised fee gives a transaction another hash, so that this alone is no contradiction. */
static void
test_answer_hash(void **state)
{
	(void)state;
	make_text("simulated-dev", e.statement.instance_key);
	sign();
	assert_int_equal(check_answer("\"tradeId\":\"t\",\"tx\":\"0x22\""), CHECK_PASSED);
	assert_int_equal(named("receipt-hash")->result, CHECK_PASSED);
	assert_int_equal(check_answer("\"tradeId\":\"t\",\"tx\":\"0x33\""), CHECK_PASSED);
	assert_int_equal(named("receipt-hash")->result, CHECK_NOT_CHECKED);
	assert_int_equal(check_answer("\"tx\":\"0x22\",\"steps\":[{\"tx\":\"0x11\"},{\"tx\":\"0x44\"}]"),
			 CHECK_PASSED);
	assert_int_equal(named("receipt-hash")->result, CHECK_NOT_CHECKED);
	assert_non_null(strstr(named("receipt-hash")->detail, "0x44"));
	assert_int_equal(check_answer("\"tradeId\":\"t\",\"tx\":null"), CHECK_PASSED);
	assert_null(named("receipt-hash"));
	assert_int_equal(check(receipt), CHECK_PASSED);
	assert_null(named("receipt-hash"));
	assert_int_equal(check_answer("\"tx\":[]"), CHECK_FAILED);
	assert_int_equal(check_answer("\"steps\":[5]"), CHECK_FAILED);
	assert_int_equal(check_answer("\"steps\":{\"tx\":\"0x44\"}"), CHECK_FAILED);
	/* that the answer names none of its own hides no step */
	assert_int_equal(check_answer("\"tx\":null,\"steps\":[{\"tx\":\"0x44\"}]"), CHECK_PASSED);
	assert_int_equal(named("receipt-hash")->result, CHECK_NOT_CHECKED);
	assert_int_equal(check_answer("\"steps\":[{\"tx\":\"0x11\"}]"), CHECK_PASSED);
	assert_int_equal(named("receipt-hash")->result, CHECK_PASSED);
}

static void
test_not_a_receipt(void **state)
{
	(void)state;
	assert_int_equal(check(""), CHECK_FAILED);
	assert_int_equal(check("[]"), CHECK_FAILED);
	assert_int_equal(check("{}"), CHECK_FAILED);
	assert_int_equal(check("{\"receipt\":5}"), CHECK_FAILED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_changed),
	    cmocka_unit_test(test_other_instance),
	    cmocka_unit_test(test_answer_contradicts),
	    cmocka_unit_test(test_answer_hash),
	    cmocka_unit_test(test_not_a_receipt),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
