/*
 * Recorded bound evidence: every nonce, claim and register as recomputed independently,
 * accepted on TDX, refused by name elsewhere. Skipped where the folder is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/sha.h>

#include "eigen_fixtures.h"
#include "evidence/bound_evidence.h"
#include "evidence/google_roots.h"
#include "tdx/intel_root.h"
#include "base/err.h"
#include "base/banned.h"

#define AT INT64_C(1780000000) /* within the life of every recorded certificate */

static json_t *vectors, *expected;
static struct eigen_vector vector;
static struct bound_result result;
static struct bound_expect expect;

static int
setup(void **state)
{
	(void)state;
	vectors = eigen_load("layr_bound_evidence_attestations.json");
	expected = eigen_load("layr_bound_evidence_expected.json");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	json_decref(vectors);
	json_decref(expected);
	return 0;
}

static void
load(size_t i)
{
	assert_int_equal(eigen_vector_read(vectors, expected, i, &vector), 0);
	expect = (struct bound_expect){
	    .challenge = {vector.challenge, vector.challenge_len},
	    .extra_data = {vector.extra, vector.extra_len},
	    .ak_roots = google_ak_roots(),
	    .tdx_root = intel_root_der(),
	    .at = AT,
	};
}

static void
verify(void)
{
	bound_evidence_verify(
	    (struct bytes){vector.evidence, vector.evidence_len}, &expect, &result);
}

/* A vector of Intel TDX, ready to be verified. */
static void
load_tdx(int hardened)
{
	if (vectors == NULL || expected == NULL)
		skip();
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		load(i);
		if (strcmp(vector.platform, "intel_tdx") != 0 ||
		    json_is_true(json_object_get(json_array_get(vectors, i), "hardened")) != hardened)
			continue;
		return;
	}
	skip();
}

static void
check_text(const char *name, struct bytes got)
{
	const json_t *container = json_object_get(vector.expected, "container");
	const char *want = eigen_text(container, name);

	assert_non_null(want);
	assert_int_equal(got.len, strlen(want));
	assert_memory_equal(got.p, want, got.len);
}

static void
check_container(void)
{
	const json_t *container = json_object_get(vector.expected, "container");
	json_t *args = json_object_get(container, "args"), *env = json_object_get(container, "env");
	const struct cel *c = &result.log;
	struct bytes value;
	const char *name;
	json_t *want;

	check_text("image_reference", c->image_reference);
	check_text("image_digest", c->image_digest);
	check_text("image_id", c->image_id);
	assert_int_equal(c->args.count, json_array_size(args));
	for (size_t i = 0; i < c->args.count; i++) {
		const char *arg = json_string_value(json_array_get(args, i));

		assert_int_equal(c->args.item[i].len, strlen(arg));
		assert_memory_equal(c->args.item[i].p, arg, strlen(arg));
	}
	assert_int_equal(c->env.count, json_object_size(env));
	json_object_foreach(env, name, want) {
		assert_int_equal(cel_env_find(&c->env, name, &value), 0);
		assert_int_equal(value.len, json_string_length(want));
		assert_memory_equal(value.p, json_string_value(want), value.len);
	}
	assert_int_equal(cel_env_find(&c->env, "PAT", &value), ERR_NOT_FOUND);
	assert_int_equal(c->memory_monitor, 0);
	assert_memory_equal(c->restart_policy.p, "Never", 5);
}

static void
check_field(const char *expected_name, const char *field)
{
	struct bytes got;

	assert_int_equal(quote_field(&result.tdx.quote, field, strlen(field), &got), 0);
	assert_true(eigen_is_hex(eigen_text(vector.expected, expected_name), got.p, got.len));
}

/* The re-serialised quote, where the folder has it: byte for byte. */
static void
check_raw_quote(void)
{
	static uint8_t raw[QUOTE_MESSAGE_RAW_MAX];
	char path[128];
	FILE *f;

	snprintf(path, sizeof path, EIGEN_FOLDER "tdx_quote_%s_%s.bin",
	    strstr(vector.name, "hardened") != NULL ? "hardened" : "debug",
	    vector.extra_len > 0 ? "extra" : "noextra");
	if ((f = fopen(path, "rb")) == NULL)
		return;
	assert_int_equal(fread(raw, 1, sizeof raw, f), result.quote_len);
	fclose(f);
	assert_memory_equal(raw, result.quote, result.quote_len);
}

static void
check_tdx(void)
{
	const json_t *rtmrs = json_object_get(vector.expected, "rtmrs");
	char name[8];

	assert_true(bound_evidence_is_signed(&result));
	/* there is no collateral in the folder, and without it nothing holds */
	assert_false(bound_evidence_holds(&result));
	assert_int_equal(result.step, BOUND_STEP_TDX);
	assert_int_equal(result.reason, TDX_COLLATERAL_MISSING);
	check_field("mrtd", "mrtd");
	check_field("td_attributes", "tdattributes");
	check_field("tee_tcb_svn", "teeTcbSvn");
	check_field("bound_nonce", "reportData");
	for (unsigned i = 0; i < 4; i++) {
		struct bytes got;

		snprintf(name, sizeof name, "rtmr%u", i);
		assert_int_equal(quote_field(&result.tdx.quote, name, 5, &got), 0);
		assert_true(eigen_is_hex(json_string_value(json_array_get(rtmrs, i)), got.p, 48));
	}
	check_raw_quote();
}

static void
check_other(void)
{
	assert_false(bound_evidence_holds(&result));
	assert_int_equal(result.step, BOUND_STEP_PLATFORM);
	assert_int_equal(result.reason, strcmp(vector.platform, "amd_sev_snp") == 0 ?
	    BOUND_SEV_SNP : BOUND_SHIELDED_VM);
	assert_int_equal(result.check[BOUND_STEP_TDX].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[BOUND_STEP_RTMR3].outcome, TDX_NOT_CHECKED);
}

static void
test_every_vector(void **state)
{
	static const enum bound_step everywhere[] = {BOUND_STEP_MESSAGE, BOUND_STEP_AK_KEY,
	    BOUND_STEP_AK_CHAIN, BOUND_STEP_INSTANCE, BOUND_STEP_TPM_QUOTES, BOUND_STEP_TPM_NONCE,
	    BOUND_STEP_TPM_PCRS, BOUND_STEP_LOG, BOUND_STEP_PCR13};
	uint8_t hash[32];

	(void)state;
	load_tdx(1);
	for (size_t i = 0; i < json_array_size(vectors); i++) {
		load(i);
		verify();
		for (size_t s = 0; s < ARRAY_LEN(everywhere); s++)
			assert_int_equal(result.check[everywhere[s]].outcome, TDX_PASSED);
		assert_true(eigen_is_hex(eigen_text(vector.expected, "tpm_nonce"), result.tpm_nonce, 32));
		assert_true(
		    eigen_is_hex(eigen_text(vector.expected, "bound_nonce"), result.bound_nonce, 64));
		SHA256(result.ak_spki, result.ak_spki_len, hash);
		assert_true(
		    eigen_is_hex(eigen_text(vector.expected, "ak_spki_der_sha256"), hash, 32));
		check_container();
		assert_true(result.has_instance);
		if (strcmp(vector.platform, "intel_tdx") == 0)
			check_tdx();
		else
			check_other();
	}
}

static void
assert_refused(enum bound_step step, enum tdx_reason reason)
{
	verify();
	assert_false(bound_evidence_is_signed(&result));
	assert_int_equal(result.check[step].outcome, TDX_FAILED);
	assert_string_equal(reason_code(result.check[step].reason), reason_code(reason));
	assert_true(result.step <= step);
}

static void
test_other_request(void **state)
{
	(void)state;
	load_tdx(1);
	vector.challenge[0] ^= 1;
	assert_refused(BOUND_STEP_TPM_NONCE, TPM_NONCE);
	assert_int_equal(result.check[BOUND_STEP_BINDING].reason, BOUND_NONCE);
	load_tdx(1);
	expect.extra_data.len = 0;
	assert_refused(BOUND_STEP_TPM_NONCE, TPM_NONCE);
	assert_int_equal(result.check[BOUND_STEP_BINDING].reason, BOUND_NONCE);
}

static void
test_roots_and_time(void **state)
{
	(void)state;
	load_tdx(1);
	expect.ak_roots = google_confidential_space_roots();
	assert_refused(BOUND_STEP_AK_CHAIN, TDX_ROOT_NOT_TRUSTED);
	assert_false(result.has_instance);
	load_tdx(1);
	expect.ak_roots.count = 0;
	assert_refused(BOUND_STEP_AK_CHAIN, TDX_ROOT_NOT_TRUSTED);
	load_tdx(1);
	expect.tdx_root = google_ak_roots().der[0];
	assert_refused(BOUND_STEP_TDX, TDX_ROOT_NOT_TRUSTED);
	load_tdx(1);
	expect.at = 1771891200; /* 24 February 2026, 00:00 */
	assert_refused(BOUND_STEP_AK_CHAIN, TDX_NOT_YET_VALID);
	expect.at = 2718000000; /* 2056, after 17 February */
	assert_refused(BOUND_STEP_AK_CHAIN, TDX_EXPIRED);
}

static void
test_expectations(void **state)
{
	static const uint8_t app_id[20] = {1};
	static const char other[] =
	    "sha256:0000000000000000000000000000000000000000000000000000000000000000";
	const char *digest;

	(void)state;
	load_tdx(0);
	digest = eigen_text(json_object_get(vector.expected, "container"), "image_digest");
	expect.image_digest = (struct bytes){(const uint8_t *)digest, strlen(digest)};
	verify();
	assert_true(bound_evidence_is_signed(&result));
	assert_int_equal(result.check[BOUND_STEP_IMAGE].outcome, TDX_PASSED);
	expect.image_digest.p = (const uint8_t *)other;
	assert_refused(BOUND_STEP_IMAGE, IMAGE_MISMATCH);
	load_tdx(0);
	expect.app_id = app_id;
	assert_refused(BOUND_STEP_APP, APP_MISMATCH);
}

/* A debug launcher differs from a hardened one in RTMR2 and PCRs only. */
static void
test_launchers(void **state)
{
	static uint8_t rtmr[2][48], pcr[3][32];
	struct bound_launcher row[2] = {{{NULL, NULL}, {NULL, NULL, NULL}}};

	(void)state;
	load_tdx(1);
	verify();
	memcpy(rtmr, result.tdx.quote.body.p + TD_RTMR0 + 48, sizeof rtmr);
	memcpy(pcr[0], bound_pcr(&result.message, 4).p, 32);
	memcpy(pcr[1], bound_pcr(&result.message, 8).p, 32);
	memcpy(pcr[2], bound_pcr(&result.message, 9).p, 32);
	assert_int_equal(result.check[BOUND_STEP_LAUNCHER].outcome, TDX_NOT_CHECKED);
	assert_int_equal(result.check[BOUND_STEP_LAUNCHER].reason, NOT_GIVEN);
	expect.launcher = row;
	expect.launchers = 1;
	assert_refused(BOUND_STEP_LAUNCHER, LAUNCHER_MISMATCH); /* a row that says nothing */
	row[0].rtmr[0] = rtmr[0]; /* what both images share does not do */
	assert_refused(BOUND_STEP_LAUNCHER, LAUNCHER_MISMATCH);
	row[1].rtmr[0] = rtmr[0];
	row[1].rtmr[1] = rtmr[1];
	expect.launchers = 2;
	verify();
	assert_int_equal(result.check[BOUND_STEP_LAUNCHER].outcome, TDX_PASSED);
	assert_true(bound_evidence_is_signed(&result));
	row[1] = (struct bound_launcher){{NULL, NULL}, {pcr[0], pcr[1], pcr[2]}};
	verify();
	assert_true(bound_evidence_is_signed(&result));
	row[1].rtmr[1] = rtmr[0]; /* what a row says beyond that counts, too */
	assert_refused(BOUND_STEP_LAUNCHER, LAUNCHER_MISMATCH);
	load_tdx(0);
	expect.launcher = row;
	expect.launchers = 2;
	row[1] = (struct bound_launcher){{rtmr[0], rtmr[1]}, {NULL, NULL, NULL}};
	assert_refused(BOUND_STEP_LAUNCHER, LAUNCHER_MISMATCH);
	row[1] = (struct bound_launcher){{NULL, NULL}, {pcr[0], pcr[1], pcr[2]}};
	assert_refused(BOUND_STEP_LAUNCHER, LAUNCHER_MISMATCH);
}

/* Offsets of what is not looked at, where evidence may be changed and still hold. */
struct range {
	const char *what;
	size_t begin;
	size_t end;
};

static struct range
range_of(const char *what, struct bytes run)
{
	const size_t begin = (size_t)(run.p - vector.evidence);

	return (struct range){what, begin, begin + run.len};
}

/* Bytes all over the evidence, more of them where it is not the firmware's long log. */
static void
test_mutation(void **state)
{
	static const size_t stride = 331, dense = 37;
	const struct layr_attestation *m = &result.message;
	struct range ignored[3];
	size_t held[3] = {0};

	(void)state;
	load_tdx(1);
	verify();
	ignored[0] = range_of("the firmware's log", m->event_log);
	ignored[1] = range_of("the copy of Google's root", m->intermediate[m->intermediates - 1]);
	ignored[2] = range_of("bytes behind the quote", m->tdx);
	ignored[2].begin = ignored[2].end - result.tdx.quote.trailing;
	for (size_t i = 0; i < vector.evidence_len;
	    i += i >= ignored[0].begin && i < ignored[0].end ? stride : dense) {
		size_t k = 0;

		vector.evidence[i] ^= i % 2 == 0 ? 0x01 : 0x80;
		verify();
		vector.evidence[i] ^= i % 2 == 0 ? 0x01 : 0x80;
		if (!bound_evidence_is_signed(&result))
			continue;
		while (k < ARRAY_LEN(ignored) && (i < ignored[k].begin || i >= ignored[k].end))
			k++;
		if (k == ARRAY_LEN(ignored))
			fail_msg("byte %zu may be changed", i);
		held[k]++;
	}
	for (size_t k = 0; k < ARRAY_LEN(ignored); k++)
		if (held[k] == 0)
			fail_msg("%s is looked at", ignored[k].what);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_vector),
	    cmocka_unit_test(test_other_request),
	    cmocka_unit_test(test_roots_and_time),
	    cmocka_unit_test(test_expectations),
	    cmocka_unit_test(test_launchers),
	    cmocka_unit_test(test_mutation),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
