/*
 * One honest machine, and everything that can be wrong with it, one at a time;
 * then the recorded machines of ../shared/fixtures/dstack with what is wrong
 * with them by nature (skipped where that folder is absent).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "evidence/dstack.h"
#include "evidence/dstack_blob.h"
#include "evidence/dstack_images.h"
#include "evidence/dstack_measurement.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

/* The recorded chain and KMS of tests/unit/evidence/test_dstack_chain.c. */
#define APP_ID "fdb7a14e5a6675f752e2cb69c9067a98ca402918"
#define KMS_ROOT "0334c76e0c3f52ec64cbf9bbf5c910c272330166fd656c0a86bb330963e46910e1"
#define KMS_CA                                                                                     \
	"3059301306072a8648ce3d020106082a8648ce3d030107034200048844eb42ccdf8c52fd4f174f362fcb9bbd" \
	"19"                                                                                       \
	"c45fd48f1edec2d8f1ca23536ec1a74021b4cee610c074f8294d431b2b7fee2c39e5333fdaf0a4522d43fb15" \
	"9d9f"
#define KMS_DATA "8e695b1d3d63775ce4c6162fcabb0666b045e2f35323f8ce8f07f26e3bbf6211"
#define KEY "03211c7585e727c2a2e5782dafc9d283b6afbfc88bd117aeb484a0a9495eae3d09"
#define LINK0                                                                                      \
	"17ace53fdeb0f56303ecc0986649b5879d6487590cee0d29d7896d6ebe59d025163da4439971d231fd48bc20" \
	"ef"                                                                                       \
	"90fe1a1881e55f76e0c28a35facaf6789a4ec000"
#define LINK1                                                                                      \
	"5c2fe36bdb1e434c0a371579bcbce07c4e7b89eba45affa089191baec84f23ad77b24a594aa28427b6b7a5f3" \
	"48"                                                                                       \
	"b0ecf5597abfd9a2add05ddb55c521ba38a38501"

#define D64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static const char compose[] = "{\"runner\":\"docker-compose\",\"docker_compose_file\":"
			      "\"services:\\n  a:\\n    image: x@sha256:" D64 "\\n\"}";

/* Everything that the judge is given, and what it says. */
static struct world {
	uint8_t body[TD_10_LEN];
	uint8_t user_data[20];
	uint8_t kms_body[TD_10_LEN];
	struct tdx_result quote;
	struct tdx_result kms_quote;
	struct tdx_policy policy;
	struct tdx_policy_result judged;
	struct dstack_evidence evidence;
	struct dstack_question question;
	struct dstack_os os[2];
	struct dstack_kms kms;
	struct dstack_key key;
	uint8_t compose_hash[2][32]; /* the second is the machine's */
	uint8_t os_image[2][32];
	struct tdx_policy_result kms_judged;
	uint8_t mr_kms[2][32]; /* of the event, and of the KMS's quote */
	uint8_t device[1][32];
	uint8_t app_id[20];
	uint8_t report_data[64];
	uint8_t ca[128];
	uint8_t kms_root[33];
	uint8_t public_key[33];
	struct dstack_result result;
} w;

static struct bytes
unhex(const char *hex, uint8_t *room)
{
	size_t n = strlen(hex) / 2;

	assert_int_equal(hex_decode(hex, 2 * n, room, n), 0);
	return (struct bytes){room, n};
}

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static void
put(uint32_t imr, const char *name, struct bytes payload)
{
	static const uint8_t digest[48] = {5};
	struct dstack_entry e = {.imr = imr,
				 .type = imr == 3 ? DSTACK_EVENT_TYPE : 4,
				 .version = 1,
				 .name = text(name),
				 .payload = payload};

	if (imr != 3)
		e.digest = (struct bytes){digest, sizeof digest};
	assert_int_equal(dstack_log_add(&w.evidence.log, &e), TDX_HOLDS);
}

static struct bytes
provider(const char *name)
{
	static char payload[512];

	(void)snprintf(payload, sizeof payload, "{\"name\":\"%s\",\"id\":\"" KMS_CA "\"}", name);
	return text(payload);
}

/* The log of a machine whose keys come from a provider of that kind; one event left away. */
static void
make_log_of(const char *kind, const char *leave)
{
	const struct {
		const char *name;
		struct bytes payload;
	} events[] = {
	    {"system-preparing", {NULL, 0}},
	    {"app-id", {w.app_id, 20}},
	    {"compose-hash", {w.compose_hash[1], 32}},
	    {"instance-id", {NULL, 0}},
	    {"boot-mr-done", {NULL, 0}},
	    {"mr-kms", {w.mr_kms[0], 32}},
	    {"os-image-hash", {w.os_image[1], 32}},
	    {"key-provider", provider(kind)},
	    {"system-ready", {NULL, 0}},
	};

	dstack_log_reset(&w.evidence.log);
	for (unsigned i = 0; i < 3; i++)
		put(i, "", text(""));
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (leave == NULL || strcmp(leave, events[i].name) != 0)
			put(3, events[i].name, events[i].payload);
}

static void
make_log(const char *leave)
{
	make_log_of("kms", leave);
}

/* Let the quote have what the log replays to. */
static void
settle(void)
{
	struct rtmr_bank bank;

	assert_int_equal(dstack_log_replay(&w.evidence.log, &bank), 0);
	memcpy(w.body + TD_RTMR0, bank.value, sizeof bank.value);
	memcpy(w.os[1].rtmr, w.body + TD_RTMR0, sizeof w.os[1].rtmr);
}

static void
pass_all(struct tdx_check *check, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check[i] = (struct tdx_check){TDX_PASSED, TDX_HOLDS};
}

static void
make_quote(struct tdx_result *r, uint8_t *body)
{
	pass_all(r->check, TDX_STEPS_COUNT);
	r->reason = TDX_HOLDS;
	r->has_quote = 1;
	r->quote = (struct tdx_quote){.version = 4,
				      .body_type = TD_BODY_10,
				      .user_data = {w.user_data, sizeof w.user_data},
				      .body = {body, TD_10_LEN}};
	r->has_platform = 1;
	r->has_tcb = 1;
	memset(r->platform.ppid, 0x77, sizeof r->platform.ppid);
}

static void
ask(void)
{
	w.question = (struct dstack_question){
	    .quote = &w.quote,
	    .policy = &w.policy,
	    .judged = &w.judged,
	    .app_compose = text(compose),
	    .compose_hashes = {1, w.compose_hash[0], 2},
	    .os_images = {1, w.os_image[0], 2},
	    .os = w.os,
	    .os_count = 2,
	    .app_id = w.app_id,
	    .kms_ca = {w.ca, sizeof KMS_CA / 2},
	    .kms_root = w.kms_root,
	    .mr_kms = {1, w.mr_kms[0], 2},
	    .devices = {1, w.device[0], 1},
	    .report_data = w.report_data,
	    .nonce = DSTACK_SEEN,
	    .channel = DSTACK_SEEN,
	    .kms = &w.kms,
	    .key = &w.key,
	};
}

static int
begin(void **state)
{
	(void)state;
	memset(&w, 0, sizeof w);
	(void)unhex(APP_ID, w.app_id);
	(void)unhex(KMS_CA, w.ca);
	(void)unhex(KMS_ROOT, w.kms_root);
	assert_int_equal(dstack_compose_hash(text(compose), w.compose_hash[1]), 0);
	memset(w.os_image[1], 0x33, 32);
	memset(w.mr_kms[0], 0x44, sizeof w.mr_kms[0]);
	memset(w.report_data, 0x55, sizeof w.report_data);
	memset(w.body + TD_MRTD, 0x66, 48);
	memcpy(w.body + TD_REPORT_DATA, w.report_data, 64);
	dstack_config_id_v1(w.compose_hash[1], w.body + TD_MRCONFIGID);
	memset(w.os[1].mrtd, 0x66, 48);
	make_quote(&w.quote, w.body);
	make_quote(&w.kms_quote, w.kms_body);
	(void)unhex(KMS_DATA, w.kms_body + TD_REPORT_DATA);
	assert_int_equal(dstack_mr_aggregated(&w.kms_quote.quote, w.mr_kms[1]), 0);
	assert_int_equal(dstack_device_id_of_ppid(w.quote.platform.ppid, w.device[0]), 0);
	pass_all(w.judged.check, TDX_POLICY_STEPS_COUNT);
	pass_all(w.kms_judged.check, TDX_POLICY_STEPS_COUNT);
	w.kms = (struct dstack_kms){&w.kms_quote, &w.kms_judged, {w.ca, sizeof KMS_CA / 2}, {0}};
	memcpy(w.kms.root, w.kms_root, 33);
	w.key.claim = (struct dstack_claim){DSTACK_SCHEME_V0, DSTACK_SECP256K1,
					    text("aci.receipt.v1"), unhex(KEY, w.public_key)};
	(void)unhex(LINK0, w.key.chain.link[0]);
	(void)unhex(LINK1, w.key.chain.link[1]);
	make_log(NULL);
	settle();
	ask();
	return 0;
}

static void
judge(void)
{
	dstack_judge(&w.evidence, &w.question, &w.result);
}

/* The step fails for this reason, no other one does before it, and nothing holds. */
static void
fails(enum dstack_step step, enum tdx_reason reason)
{
	judge();
	assert_int_equal(w.result.check[step].outcome, TDX_FAILED);
	assert_int_equal(w.result.check[step].reason, reason);
	assert_int_equal(w.result.reason, reason);
	assert_int_equal(w.result.step, step);
	assert_false(dstack_holds(&w.result));
}

static void
is_unchecked(enum dstack_step step, enum tdx_reason reason)
{
	judge();
	assert_int_equal(w.result.check[step].outcome, TDX_NOT_CHECKED);
	assert_int_equal(w.result.check[step].reason, reason);
}

static void
test_holds(void **state)
{
	(void)state;
	judge();
	for (unsigned i = 0; i < DSTACK_STEPS_COUNT; i++) {
		int passed = w.result.check[i].outcome == TDX_PASSED;

		if (passed != (i != DSTACK_STEP_GOVERNANCE))
			fail_msg("%s", dstack_step_name((enum dstack_step)i));
		assert_true(dstack_step_name((enum dstack_step)i)[0] != '\0');
	}
	assert_int_equal(w.result.check[DSTACK_STEP_GOVERNANCE].reason, DSTACK_NOT_IN_EVIDENCE);
	assert_int_equal(w.result.reason, TDX_HOLDS);
	assert_true(dstack_holds(&w.result));
	assert_true(w.result.has_facts && w.result.has_measurements && w.result.has_roots);
	assert_string_equal(dstack_step_name(DSTACK_STEPS_COUNT), "?");
	assert_string_equal(step_list_text(&dstack_steps, DSTACK_STEPS_COUNT), "?");
}

/* Without a question nothing that must be asked has passed. */
static void
test_zero_bytes_refuse(void **state)
{
	(void)state;
	memset(&w.result, 0, sizeof w.result);
	assert_false(dstack_holds(&w.result));
	w.question = (struct dstack_question){.quote = &w.quote};
	judge();
	assert_int_equal(w.result.reason, TDX_HOLDS);
	assert_false(dstack_holds(&w.result));
}

static void
test_quote(void **state)
{
	(void)state;
	w.quote.reason = TDX_QUOTE_SIGNATURE;
	w.quote.check[TDX_STEP_SIGNATURE] = (struct tdx_check){TDX_FAILED, TDX_QUOTE_SIGNATURE};
	fails(DSTACK_STEP_QUOTE, TDX_QUOTE_SIGNATURE);
	/* what can be judged besides is */
	assert_int_equal(w.result.check[DSTACK_STEP_RTMR3].outcome, TDX_PASSED);
	w.quote.reason = TDX_PARSE;
	w.quote.has_quote = 0;
	fails(DSTACK_STEP_QUOTE, TDX_PARSE);
	assert_int_equal(w.result.check[DSTACK_STEP_RTMR3].outcome, TDX_NOT_CHECKED);
	assert_int_equal(w.result.check[DSTACK_STEP_RTMR3].reason, TDX_PARSE);
}

/* A simulated platform has no collateral: then debug is looked at here. */
static void
test_signed_is_enough(void **state)
{
	(void)state;
	w.quote.reason = TDX_COLLATERAL_MISSING;
	w.quote.check[TDX_STEP_TCB] = (struct tdx_check){TDX_FAILED, TDX_COLLATERAL_MISSING};
	w.kms_quote = w.quote;
	w.kms_quote.quote.body.p = w.kms_body;
	fails(DSTACK_STEP_QUOTE, TDX_COLLATERAL_MISSING);
	w.question.signed_is_enough = 1;
	w.question.judged = NULL;
	judge();
	assert_true(dstack_holds(&w.result));
	w.body[TD_TDATTRIBUTES] = TD_ATTRIBUTE_DEBUG;
	fails(DSTACK_STEP_POLICY, TDX_P_DEBUG);
	w.quote.check[TDX_STEP_SIGNATURE] = (struct tdx_check){TDX_FAILED, TDX_QUOTE_SIGNATURE};
	fails(DSTACK_STEP_QUOTE, TDX_COLLATERAL_MISSING);
}

static void
test_policy(void **state)
{
	(void)state;
	w.judged.reason = TDX_P_DEBUG;
	w.judged.check[TDX_POLICY_DEBUG] = (struct tdx_check){TDX_FAILED, TDX_P_DEBUG};
	fails(DSTACK_STEP_POLICY, TDX_P_DEBUG);
	memset(&w.judged, 0, sizeof w.judged); /* nothing was judged */
	fails(DSTACK_STEP_POLICY, TDX_NOT_EVALUATED);
	w.question.judged = NULL;
	is_unchecked(DSTACK_STEP_POLICY, NOT_GIVEN);
	assert_false(dstack_holds(&w.result));
}

static void
test_report_data(void **state)
{
	(void)state;
	w.body[TD_REPORT_DATA] ^= 1;
	fails(DSTACK_STEP_REPORT_DATA, DSTACK_REPORT_DATA);
	w.body[TD_REPORT_DATA] ^= 1;
	/* the agent's own word, where it gave one */
	w.evidence.has_report_data = 1;
	fails(DSTACK_STEP_REPORT_DATA, DSTACK_REPORT_DATA);
	memcpy(w.evidence.report_data, w.report_data, 64);
	judge();
	assert_true(dstack_holds(&w.result));
	w.question.report_data = NULL;
	is_unchecked(DSTACK_STEP_REPORT_DATA, NOT_GIVEN);
	assert_false(dstack_holds(&w.result));
}

static void
test_answers(void **state)
{
	(void)state;
	w.question.nonce = DSTACK_WRONG;
	fails(DSTACK_STEP_FRESHNESS, DSTACK_NONCE);
	w.question.nonce = DSTACK_UNSEEN;
	is_unchecked(DSTACK_STEP_FRESHNESS, NOT_GIVEN);
	assert_true(dstack_holds(&w.result));
	w.question.channel = DSTACK_WRONG;
	fails(DSTACK_STEP_CHANNEL, DSTACK_CHANNEL);
}

/* A payload changed under its digest, two events swapped, one dropped, one added. */
static void
test_rtmr3(void **state)
{
	(void)state;
	w.body[TD_RTMR0 + 3 * 48] ^= 1;
	fails(DSTACK_STEP_RTMR3, DSTACK_RTMR3_MISMATCH);
	/* then no fact of the log counts: the log's failure is told where it is */
	assert_int_equal(w.result.check[DSTACK_STEP_APP_ID].outcome, TDX_NOT_CHECKED);
	assert_int_equal(w.result.check[DSTACK_STEP_APP_ID].reason, DSTACK_RTMR3_MISMATCH);
	w.body[TD_RTMR0 + 3 * 48] ^= 1;
	w.compose_hash[1][0] ^= 1;
	make_log(NULL);
	fails(DSTACK_STEP_RTMR3, DSTACK_RTMR3_MISMATCH);
	w.compose_hash[1][0] ^= 1;
	make_log("boot-mr-done");
	fails(DSTACK_STEP_RTMR3, DSTACK_RTMR3_MISMATCH);
	make_log(NULL);
	put(3, "their-own", text("x"));
	fails(DSTACK_STEP_RTMR3, DSTACK_RTMR3_MISMATCH);
	/* nothing at all, and a register of zeros */
	dstack_log_reset(&w.evidence.log);
	memset(w.body + TD_RTMR0 + 3 * 48, 0, 48);
	fails(DSTACK_STEP_RTMR3, DSTACK_RTMR3_MISMATCH);
}

static void
test_events(void **state)
{
	(void)state;
	make_log("system-ready");
	settle();
	fails(DSTACK_STEP_EVENTS, DSTACK_LOG_NOT_READY);
	assert_int_equal(w.result.check[DSTACK_STEP_COMPOSE_HASH].outcome, TDX_NOT_CHECKED);
	assert_int_equal(w.result.check[DSTACK_STEP_COMPOSE_HASH].reason, DSTACK_LOG_NOT_READY);
	make_log("app-id");
	settle();
	fails(DSTACK_STEP_EVENTS, DSTACK_LOG_MISSING);
}

static void
test_boot_log(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		w.body[TD_RTMR0 + i * 48] ^= 1;
		memcpy(w.os[1].rtmr, w.body + TD_RTMR0, sizeof w.os[1].rtmr);
		fails(DSTACK_STEP_BOOT_LOG, DSTACK_BOOT_MISMATCH);
		w.body[TD_RTMR0 + i * 48] ^= 1;
	}
	memcpy(w.os[1].rtmr, w.body + TD_RTMR0, sizeof w.os[1].rtmr);
	/* one register without events, equal to zeros */
	w.evidence.log.event[1].imr = 0;
	settle();
	is_unchecked(DSTACK_STEP_BOOT_LOG, DSTACK_BOOT_ABSENT);
	assert_true(dstack_holds(&w.result));
}

static void
test_os_measurement(void **state)
{
	(void)state;
	w.os[1].mrtd[0] ^= 1;
	fails(DSTACK_STEP_OS_MEASUREMENT, DSTACK_OS_MEASUREMENT);
	w.os[1].mrtd[0] ^= 1;
	w.os[1].rtmr[2][47] ^= 1;
	fails(DSTACK_STEP_OS_MEASUREMENT, DSTACK_OS_MEASUREMENT);
	/* a policy that pins all four does as well */
	for (unsigned i = TDX_PIN_MRTD; i <= TDX_PIN_RTMR2; i++)
		w.policy.pin[i].given = 1;
	judge();
	assert_true(dstack_holds(&w.result));
	w.policy.pin[TDX_PIN_RTMR1].given = 0;
	fails(DSTACK_STEP_OS_MEASUREMENT, DSTACK_OS_MEASUREMENT);
	w.question.os = NULL;
	is_unchecked(DSTACK_STEP_OS_MEASUREMENT, NOT_GIVEN);
	assert_false(dstack_holds(&w.result));
	w.policy.pin[TDX_PIN_RTMR1].given = 1;
	w.judged.check[TDX_POLICY_MEASUREMENTS].outcome = TDX_NOT_CHECKED;
	is_unchecked(DSTACK_STEP_OS_MEASUREMENT, NOT_GIVEN);
}

static void
test_os_image(void **state)
{
	const struct dstack_image *dev = NULL;

	(void)state;
	w.question.os_images.count = 1;
	fails(DSTACK_STEP_OS_IMAGE, DSTACK_OS_NOT_LISTED);
	w.question.os_images.count = 2;
	/* the relying party's own list of what to refuse, and the releases' */
	w.question.dev_images = (struct tdx_allowed){1, w.os_image[1], 1};
	fails(DSTACK_STEP_OS_IMAGE, DSTACK_OS_DEV);
	w.question.dev_images.count = 0;
	for (size_t i = 0; dstack_image_at(i) != NULL; i++)
		if (dstack_image_at(i)->is_dev)
			dev = dstack_image_at(i);
	assert_non_null(dev);
	memcpy(w.evidence.vm.os_image, dev->hash, 32);
	w.evidence.vm.has_os_image = 1;
	fails(DSTACK_STEP_OS_IMAGE, DSTACK_OS_DEV);
	/* a configuration that contradicts the log */
	memset(w.evidence.vm.os_image, 0x32, 32);
	fails(DSTACK_STEP_OS_IMAGE, DSTACK_OS_MISMATCH);
	memset(w.evidence.vm.os_image, 0x33, 32);
	judge();
	assert_true(dstack_holds(&w.result));
	memcpy(w.evidence.vm.image, "dstack-dev-0.5.9", 17);
	fails(DSTACK_STEP_OS_IMAGE, DSTACK_OS_DEV);
	w.evidence.vm.image[0] = '\0';
	memcpy(w.os_image[1], dev->hash, 32);
	w.evidence.vm.has_os_image = 0;
	make_log(NULL);
	settle();
	fails(DSTACK_STEP_OS_IMAGE, DSTACK_OS_DEV);
}

/* What only the configuration says is nobody's word. */
static void
test_os_image_not_measured(void **state)
{
	(void)state;
	make_log("os-image-hash");
	settle();
	memset(w.evidence.vm.os_image, 0x33, 32);
	w.evidence.vm.has_os_image = 1;
	is_unchecked(DSTACK_STEP_OS_IMAGE, DSTACK_OS_ABSENT);
	assert_true(dstack_holds(&w.result)); /* by its measurements */
	make_log(NULL);
	settle();
	w.question.os_images.given = 0;
	is_unchecked(DSTACK_STEP_OS_IMAGE, NOT_GIVEN);
}

static void
test_compose(void **state)
{
	static char spaced[sizeof compose + 1];

	(void)state;
	(void)snprintf(spaced, sizeof spaced, "%s ", compose);
	w.question.app_compose = text(spaced);
	fails(DSTACK_STEP_COMPOSE, DSTACK_COMPOSE_MISMATCH);
	/* what is seen in another file says nothing about the measured one */
	assert_int_equal(w.result.check[DSTACK_STEP_IMAGES].outcome, TDX_NOT_CHECKED);
	w.question.app_compose.len = 0;
	is_unchecked(DSTACK_STEP_COMPOSE, DSTACK_NOT_SUPPLIED);
	is_unchecked(DSTACK_STEP_IMAGES, DSTACK_NOT_SUPPLIED);
	assert_true(dstack_holds(&w.result)); /* by the list of hashes */
	w.question.compose_hashes.count = 1;
	fails(DSTACK_STEP_COMPOSE_HASH, DSTACK_COMPOSE_NOT_LISTED);
	w.question.compose_hashes.given = 0;
	is_unchecked(DSTACK_STEP_COMPOSE_HASH, NOT_GIVEN);
	assert_false(dstack_holds(&w.result));
}

static void
test_compose_content(void **state)
{
	static const struct {
		const char *file;
		enum dstack_step step;
		enum tdx_reason reason;
	} cases[] = {
	    {"{\"docker_compose_file\":\"image: x:latest\"}", DSTACK_STEP_IMAGES,
	     DSTACK_COMPOSE_IMAGE},
	    {"{\"runner\":\"bash\",\"bash_script\":\"curl x\"}", DSTACK_STEP_SCRIPT,
	     DSTACK_COMPOSE_SCRIPT},
	    {"{\"runner\":\"bash\",\"allowed_envs\":[\"LD_PRELOAD\"]}", DSTACK_STEP_ENVIRONMENT,
	     DSTACK_COMPOSE_ENV},
	    {"{", DSTACK_STEP_IMAGES, DSTACK_COMPOSE_PARSE},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		w.question.app_compose = text(cases[i].file);
		assert_int_equal(dstack_compose_hash(text(cases[i].file), w.compose_hash[1]), 0);
		dstack_config_id_v1(w.compose_hash[1], w.body + TD_MRCONFIGID);
		make_log(NULL);
		settle();
		fails(cases[i].step, cases[i].reason);
		/* whoever has read the file may know better, and is told */
		w.question.compose_reviewed = 1;
		is_unchecked(cases[i].step, cases[i].reason);
		assert_true(dstack_holds(&w.result));
		w.question.compose_reviewed = 0;
	}
}

static void
test_config_id(void **state)
{
	struct dstack_facts facts;
	char *document = (char *)w.evidence.vm.document;

	(void)state;
	w.body[TD_MRCONFIGID + 1] ^= 1;
	fails(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ID);
	w.body[TD_MRCONFIGID + 1] ^= 1;
	w.body[TD_MRCONFIGID + 47] = 1;
	fails(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ID);
	memset(w.body + TD_MRCONFIGID, 0, 48);
	is_unchecked(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ABSENT);
	assert_true(dstack_holds(&w.result));
	w.body[TD_MRCONFIGID] = 4;
	fails(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ID);
	facts = w.result.facts;
	dstack_config_id_v2(&facts, w.body + TD_MRCONFIGID);
	judge();
	assert_true(dstack_holds(&w.result));
	w.body[TD_MRCONFIGID + 1] ^= 1;
	fails(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ID);
	/* v3: the document that the register names, and that names what was measured */
	w.body[TD_MRCONFIGID] = 3;
	is_unchecked(DSTACK_STEP_CONFIG_ID, DSTACK_NOT_SUPPLIED);
	memcpy(document, "{\"key_provider\":\"kms\",\"compose_hash\":\"", 38);
	hex_encode(w.compose_hash[1], 32, document + 38);
	memcpy(document + 102, "\"}", 3);
	w.evidence.vm.document_len = 104;
	fails(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ID);
	assert_int_equal(dstack_config_id_v3((struct bytes){w.evidence.vm.document, 104},
					     w.body + TD_MRCONFIGID),
			 0);
	judge();
	assert_true(dstack_holds(&w.result));
	document[38] ^= 1; /* another application, as its register says */
	assert_int_equal(dstack_config_id_v3((struct bytes){w.evidence.vm.document, 104},
					     w.body + TD_MRCONFIGID),
			 0);
	fails(DSTACK_STEP_CONFIG_ID, DSTACK_CONFIG_ID);
}

static void
test_app_id(void **state)
{
	uint8_t other[20];

	(void)state;
	memcpy(other, w.app_id, 20);
	other[19] ^= 1;
	w.question.app_id = other;
	fails(DSTACK_STEP_APP_ID, DSTACK_APP_ID);
	w.question.app_id = NULL;
	is_unchecked(DSTACK_STEP_APP_ID, NOT_GIVEN);
	assert_false(dstack_holds(&w.result));
}

static void
test_key_provider(void **state)
{
	(void)state;
	w.question.kms = NULL;
	w.question.kms_ca.len--;
	fails(DSTACK_STEP_KEY_PROVIDER, DSTACK_KEY_PROVIDER);
	w.question.kms_ca.len = 0;
	is_unchecked(DSTACK_STEP_KEY_PROVIDER, NOT_GIVEN);
	assert_false(dstack_holds(&w.result));
	w.question.kms_ca.len = sizeof KMS_CA / 2;
	make_log_of("tpm", NULL); /* its id, of a provider that is no KMS */
	settle();
	fails(DSTACK_STEP_KEY_PROVIDER, DSTACK_KEY_PROVIDER);
}

static void
test_mr_kms(void **state)
{
	(void)state;
	w.question.mr_kms.count = 0;
	fails(DSTACK_STEP_MR_KMS, DSTACK_MR_KMS);
	w.question.mr_kms.count = 2;
	make_log("mr-kms");
	settle();
	/* the KMS's own quote is that of a listed machine */
	is_unchecked(DSTACK_STEP_MR_KMS, DSTACK_NOT_SUPPLIED);
	assert_true(dstack_holds(&w.result));
	w.question.kms = NULL;
	fails(DSTACK_STEP_MR_KMS, DSTACK_NOT_SUPPLIED);
	w.question.mr_kms.given = 0;
	is_unchecked(DSTACK_STEP_MR_KMS, NOT_GIVEN);
}

static void
test_kms(void **state)
{
	(void)state;
	w.kms_quote.reason = TDX_QUOTE_SIGNATURE;
	fails(DSTACK_STEP_KMS, DSTACK_KMS_QUOTE);
	w.kms_quote.reason = TDX_HOLDS;
	w.kms_judged.reason = TDX_P_TCB_STATUS;
	w.kms_judged.check[TDX_POLICY_STATUS] = (struct tdx_check){TDX_FAILED, TDX_P_TCB_STATUS};
	fails(DSTACK_STEP_KMS, DSTACK_KMS_QUOTE);
	w.kms.judged = NULL;
	judge();
	assert_true(dstack_holds(&w.result));
	w.kms_body[TD_TDATTRIBUTES] = TD_ATTRIBUTE_DEBUG;
	fails(DSTACK_STEP_KMS, DSTACK_KMS_QUOTE);
	w.kms_body[TD_TDATTRIBUTES] = 0;
	w.question.mr_kms.count = 1;
	fails(DSTACK_STEP_KMS, DSTACK_MR_KMS);
	w.question.mr_kms.count = 2;
	w.kms.ca.len = 0;
	is_unchecked(DSTACK_STEP_KMS, NOT_GIVEN);
	w.kms.ca.len = sizeof KMS_CA / 2;
	w.kms_body[TD_REPORT_DATA + 40] = 1;
	fails(DSTACK_STEP_KMS, DSTACK_KMS_BINDING);
	w.kms_body[TD_REPORT_DATA + 40] = 0;
	w.kms.root[1] ^= 1;
	fails(DSTACK_STEP_KMS, DSTACK_KMS_BINDING);
	w.kms.root[1] ^= 1;
	w.question.kms = NULL;
	is_unchecked(DSTACK_STEP_KMS, DSTACK_NOT_SUPPLIED);
	assert_true(dstack_holds(&w.result));
}

/* A KMS whose quote holds and binds its keys, but is not the one of this machine. */
static void
test_another_kms(void **state)
{
	uint8_t root[33];

	(void)state;
	w.question.kms_ca = (struct bytes){w.ca, 5};
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_KMS].reason, DSTACK_KMS_BINDING);
	ask();
	memcpy(root, w.kms_root, sizeof root);
	root[1] ^= 1;
	w.question.kms_root = root;
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_KMS].reason, DSTACK_KMS_BINDING);
	assert_int_equal(w.result.check[DSTACK_STEP_KEY_CHAIN].reason, DSTACK_CHAIN_ROOT);
	/* nothing is pinned: machine and chain themselves contradict it */
	ask();
	w.question.kms_ca.len = 0;
	w.question.kms_root = NULL;
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_KMS].outcome, TDX_PASSED);
	w.key.claim.purpose = text("another");
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_KMS].reason, DSTACK_KMS_BINDING);
	w.question.key = NULL;
	make_log("key-provider");
	settle();
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_KMS].reason, DSTACK_KMS_BINDING);
}

static void
test_key_chain(void **state)
{
	(void)state;
	w.question.kms = NULL;
	w.key.claim.purpose = text("another");
	fails(DSTACK_STEP_KEY_CHAIN, DSTACK_CHAIN_ROOT);
	w.key.claim.purpose = text("aci.receipt.v1");
	w.key.chain.link[0][64] = 4;
	fails(DSTACK_STEP_KEY_CHAIN, DSTACK_CHAIN_SIGNATURE);
	assert_false(w.result.has_roots);
	w.key.chain.link[0][64] = 0;
	w.key.claim.public_key.len = 32;
	fails(DSTACK_STEP_KEY_CHAIN, DSTACK_CHAIN_PARSE);
	w.key.claim.public_key.len = 33;
	w.question.kms_root = NULL;
	is_unchecked(DSTACK_STEP_KEY_CHAIN, NOT_GIVEN);
	w.question.key = NULL;
	is_unchecked(DSTACK_STEP_KEY_CHAIN, DSTACK_NOT_SUPPLIED);
	assert_true(dstack_holds(&w.result));
	/* a root was pinned: then only the KMS's own quote stands in for the chain */
	w.question.kms_root = w.kms_root;
	fails(DSTACK_STEP_KEY_CHAIN, DSTACK_NOT_SUPPLIED);
	w.question.kms = &w.kms;
	is_unchecked(DSTACK_STEP_KEY_CHAIN, DSTACK_NOT_SUPPLIED);
	assert_true(dstack_holds(&w.result));
}

/* link1 is over the application that the log names, not one that somebody says. */
static void
test_key_of_another_application(void **state)
{
	(void)state;
	w.question.kms = NULL;
	w.app_id[0] ^= 1;
	make_log(NULL);
	settle();
	fails(DSTACK_STEP_KEY_CHAIN, DSTACK_CHAIN_ROOT);
}

static void
test_device(void **state)
{
	(void)state;
	w.question.devices.count = 0;
	fails(DSTACK_STEP_DEVICE, DSTACK_DEVICE);
	w.question.devices.count = 1;
	w.quote.has_platform = 0; /* an unverified PPID is nobody's */
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_DEVICE].reason, DSTACK_DEVICE);
	w.quote.has_platform = 1;
	assert_int_equal(dstack_device_id_of_header(&w.quote.quote, w.device[0]), 0);
	judge();
	assert_true(dstack_holds(&w.result));
	w.question.devices.given = 0;
	is_unchecked(DSTACK_STEP_DEVICE, NOT_GIVEN);
}

/* --- recorded machines ------------------------------------------------------------ */

#define FOLDER "../shared/fixtures/dstack/"
#define FILES_MAX 4

static struct bytes
load(const char *name)
{
	static uint8_t room[FILES_MAX][1 << 17];
	static unsigned used;
	uint8_t *into = room[used++ % FILES_MAX];
	char path[256];
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof path, FOLDER "%s", name);
	assert_non_null(f = fopen(path, "rb"));
	n = fread(into, 1, sizeof room[0], f);
	assert_true(n < sizeof room[0]);
	(void)fclose(f);
	return (struct bytes){into, n};
}

static void
need_fixtures(void)
{
	FILE *f = fopen(FOLDER "expected.json", "rb");

	if (f == NULL) {
		print_message("skipped: no " FOLDER "\n");
		skip();
	}
	(void)fclose(f);
}

/* Under Intel's root and without collateral: signed, and nothing more is known. */
static void
judge_recorded(struct bytes app_compose)
{
	tdx_verify((struct bytes){w.evidence.quote, w.evidence.quote_len}, NULL, intel_root_der(),
		   INT64_C(1750000000), &w.quote);
	w.question = (struct dstack_question){.quote = &w.quote, .app_compose = app_compose};
	judge();
	assert_int_equal(w.result.check[DSTACK_STEP_RTMR3].outcome, TDX_PASSED);
	assert_int_equal(w.result.check[DSTACK_STEP_EVENTS].outcome, TDX_PASSED);
	assert_false(dstack_holds(&w.result));
}

static enum tdx_reason
reason_of(enum dstack_step step)
{
	return w.result.check[step].reason;
}

/* A service of June 2026 that ran a development image. */
static void
test_recorded_dev_image(void **state)
{
	struct json_error error;

	(void)state;
	need_fixtures();
	assert_int_equal(
	    dstack_evidence_read_parts(load("phala-prod/aci-live-2026-06-28/quote.bin"),
				       load("phala-prod/aci-live-2026-06-28/event_log.json"),
				       text(""), &w.evidence, &error),
	    TDX_HOLDS);
	judge_recorded(text(""));
	assert_int_equal(w.result.check[DSTACK_STEP_BOOT_LOG].outcome, TDX_PASSED);
	assert_int_equal(w.result.check[DSTACK_STEP_CONFIG_ID].outcome, TDX_PASSED);
	assert_int_equal(w.result.check[DSTACK_STEP_OS_IMAGE].outcome, TDX_FAILED);
	assert_int_equal(reason_of(DSTACK_STEP_OS_IMAGE), DSTACK_OS_DEV);
}

/* Digests stripped, boot events left out, and a configuration that names another image. */
static void
test_recorded_lite(void **state)
{
	static const char *const names[] = {"verifier/tdx-lite-getquote.json",
					    "verifier/tdx-lite-attestation.json"};
	struct json_error error;

	(void)state;
	need_fixtures();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(dstack_evidence_read_response(load(names[i]), &w.evidence, &error),
				 TDX_HOLDS);
		assert_true(w.evidence.has_report_data);
		judge_recorded(text(""));
		assert_int_equal(reason_of(DSTACK_STEP_OS_IMAGE), DSTACK_OS_MISMATCH);
		assert_int_equal(w.result.check[DSTACK_STEP_CONFIG_ID].outcome, TDX_PASSED);
		assert_int_not_equal(w.result.check[DSTACK_STEP_BOOT_LOG].outcome,
				     i == 0 ? TDX_FAILED : TDX_PASSED);
	}
	assert_int_equal(reason_of(DSTACK_STEP_BOOT_LOG), DSTACK_BOOT_ABSENT);
}

/* An event behind system-ready, keys of the machine's own, no MRCONFIGID. */
static void
test_recorded_local(void **state)
{
	struct json_error error;

	(void)state;
	need_fixtures();
	assert_int_equal(
	    dstack_evidence_read_response(load("verifier/quote-report.json"), &w.evidence, &error),
	    TDX_HOLDS);
	judge_recorded(text(""));
	assert_null(dstack_log_find(&w.evidence.log, "LIUM_MINER_HOTKEY"));
	assert_int_equal(w.result.facts.provider, DSTACK_PROVIDER_LOCAL);
	assert_int_equal(reason_of(DSTACK_STEP_CONFIG_ID), DSTACK_CONFIG_ABSENT);
	assert_int_equal(reason_of(DSTACK_STEP_OS_IMAGE), DSTACK_OS_ABSENT);
}

/* The simulator's compose file is not the one that its attestation measured. */
static void
test_recorded_simulator(void **state)
{
	struct json_error error;

	(void)state;
	need_fixtures();
	assert_int_equal(
	    dstack_blob_read(load("simulator-0.6/attestation.bin"), &w.evidence, &error),
	    TDX_HOLDS);
	judge_recorded(load("simulator-0.6/app-compose.json"));
	assert_int_equal(reason_of(DSTACK_STEP_COMPOSE), DSTACK_COMPOSE_MISMATCH);
	assert_int_equal(reason_of(DSTACK_STEP_IMAGES), DSTACK_COMPOSE_IMAGE);
	assert_int_equal(reason_of(DSTACK_STEP_SCRIPT), DSTACK_COMPOSE_SCRIPT);
	assert_int_equal(w.result.check[DSTACK_STEP_CONFIG_ID].outcome, TDX_PASSED);
}

/* The gateway builds its program at boot: the recipe is measured, the program is not. */
static void
test_recorded_gateway(void **state)
{
	struct json_error error;

	(void)state;
	need_fixtures();
	assert_int_equal(
	    dstack_evidence_read_parts(load("phala-prod/phala-llm04-2025/gateway/quote.bin"),
				       load("phala-prod/phala-llm04-2025/gateway/event_log.json"),
				       load("phala-prod/phala-llm04-2025/gateway/vm_config.json"),
				       &w.evidence, &error),
	    TDX_HOLDS);
	judge_recorded(load("phala-prod/phala-llm04-2025/gateway/app-compose.json"));
	assert_int_equal(w.result.check[DSTACK_STEP_COMPOSE].outcome, TDX_PASSED);
	assert_int_equal(reason_of(DSTACK_STEP_IMAGES), DSTACK_COMPOSE_IMAGE);
	assert_int_equal(w.result.check[DSTACK_STEP_SCRIPT].outcome, TDX_PASSED);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, begin)
	const struct CMUnitTest tests[] = {
	    TEST(test_holds),
	    TEST(test_zero_bytes_refuse),
	    TEST(test_quote),
	    TEST(test_signed_is_enough),
	    TEST(test_policy),
	    TEST(test_report_data),
	    TEST(test_answers),
	    TEST(test_rtmr3),
	    TEST(test_events),
	    TEST(test_boot_log),
	    TEST(test_os_measurement),
	    TEST(test_os_image),
	    TEST(test_os_image_not_measured),
	    TEST(test_compose),
	    TEST(test_compose_content),
	    TEST(test_config_id),
	    TEST(test_app_id),
	    TEST(test_key_provider),
	    TEST(test_mr_kms),
	    TEST(test_kms),
	    TEST(test_another_kms),
	    TEST(test_key_chain),
	    TEST(test_key_of_another_application),
	    TEST(test_device),
	    TEST(test_recorded_dev_image),
	    TEST(test_recorded_lite),
	    TEST(test_recorded_local),
	    TEST(test_recorded_simulator),
	    TEST(test_recorded_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
