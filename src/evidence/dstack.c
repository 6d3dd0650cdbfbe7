#include "evidence/dstack.h"

#include <string.h>

#include "evidence/dstack_images.h"
#include "evidence/dstack_measurement.h"
#include "base/banned.h"

/* What the steps share. */
struct judging {
	const struct dstack_evidence *evidence;
	const struct dstack_question *question;
	struct dstack_result *result;
};

static const struct tdx_check holds = {TDX_PASSED, TDX_HOLDS};

static struct tdx_check
fails(enum tdx_reason reason)
{
	return (struct tdx_check){TDX_FAILED, reason};
}

static struct tdx_check
unchecked(enum tdx_reason reason)
{
	return (struct tdx_check){TDX_NOT_CHECKED, reason};
}

static struct tdx_check
passes_if(int condition, enum tdx_reason otherwise)
{
	return condition ? holds : fails(otherwise);
}

static int
is_listed(const struct tdx_allowed *list, const uint8_t hash32[32])
{
	for (size_t i = 0; i < list->count; i++)
		if (memcmp(list->values + 32 * i, hash32, 32) == 0)
			return 1;
	return 0;
}

static const uint8_t *
quote_at(const struct judging *j, size_t offset)
{
	return j->question->quote->quote.body.p + offset;
}

/* Only a log that is the quote's says anything; its own failure is told once, at its step. */
static int
log_counts(const struct judging *j)
{
	return j->result->check[DSTACK_STEP_RTMR3].outcome == TDX_PASSED && j->result->has_facts;
}

static enum tdx_reason
log_reason(const struct judging *j)
{
	const struct tdx_check *rtmr3 = &j->result->check[DSTACK_STEP_RTMR3];

	if (rtmr3->outcome != TDX_PASSED)
		return rtmr3->reason;
	return j->result->check[DSTACK_STEP_EVENTS].reason;
}

static struct tdx_check
check_answer(enum dstack_answer answer, enum tdx_reason otherwise)
{
	switch (answer) {
	case DSTACK_UNSEEN:
		return unchecked(NOT_GIVEN);
	case DSTACK_SEEN:
		return holds;
	case DSTACK_WRONG:
		return fails(otherwise);
	}
	return fails(otherwise);
}

static struct tdx_check
check_quote(const struct judging *j)
{
	const struct tdx_result *quote = j->question->quote;

	if (tdx_holds(quote) || (j->question->signed_is_enough && tdx_is_signed(quote)))
		return holds;
	return fails(quote->reason == TDX_HOLDS ? TDX_NOT_EVALUATED : quote->reason);
}

static struct tdx_check
check_policy(const struct judging *j)
{
	const struct tdx_policy_result *judged = j->question->judged;
	const struct tdx_result *quote = j->question->quote;

	if (judged == NULL && j->question->signed_is_enough && quote->has_quote)
		return passes_if(!td_is_debug(&quote->quote), TDX_P_DEBUG);
	if (judged == NULL)
		return unchecked(NOT_GIVEN);
	if (tdx_policy_accepts(judged))
		return holds;
	return fails(judged->reason == TDX_HOLDS ? TDX_NOT_EVALUATED : judged->reason);
}

static void
replay(const struct judging *j)
{
	struct rtmr_bank bank;

	if (dstack_log_replay(&j->evidence->log, &bank) != 0)
		return;
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		j->result->registers[i] = register_match(&bank, i, &j->question->quote->quote);
}

/* A register without events has matched nothing, be it RTMR3 of an empty log. */
static struct tdx_check
check_rtmr3(const struct judging *j)
{
	return passes_if(j->result->registers[DSTACK_IMR] == REGISTER_MATCHES,
			 DSTACK_RTMR3_MISMATCH);
}

static struct tdx_check
check_events(const struct judging *j)
{
	enum tdx_reason reason = dstack_facts_read(&j->evidence->log, &j->result->facts);

	j->result->has_facts = reason == TDX_HOLDS;
	return passes_if(reason == TDX_HOLDS, reason);
}

static struct tdx_check
check_boot_log(const struct judging *j)
{
	unsigned absent = 0;

	for (unsigned i = 0; i < DSTACK_IMR; i++) {
		if (j->result->registers[i] == REGISTER_DIFFERS)
			return fails(DSTACK_BOOT_MISMATCH);
		absent += j->result->registers[i] == REGISTER_NOT_IN_LOG;
	}
	return absent > 0 ? unchecked(DSTACK_BOOT_ABSENT) : holds;
}

/* A policy that pins all four does what a list does, if its values are those of one machine. */
static int
is_pinned(const struct dstack_question *q)
{
	static const enum tdx_pin pins[] = {TDX_PIN_MRTD, TDX_PIN_RTMR0, TDX_PIN_RTMR1,
					    TDX_PIN_RTMR2};

	if (q->policy == NULL || q->judged == NULL)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(pins); i++)
		if (!q->policy->pin[pins[i]].given)
			return 0;
	return q->judged->check[TDX_POLICY_MEASUREMENTS].outcome == TDX_PASSED;
}

static struct tdx_check
check_os_measurement(const struct judging *j)
{
	const struct dstack_question *q = j->question;

	for (size_t i = 0; q->os != NULL && i < q->os_count; i++)
		if (memcmp(q->os[i].mrtd, quote_at(j, TD_MRTD), RTMR_LEN) == 0 &&
		    memcmp(q->os[i].rtmr, quote_at(j, TD_RTMR0), sizeof q->os[i].rtmr) == 0)
			return holds;
	if (is_pinned(q))
		return holds;
	return q->os != NULL ? fails(DSTACK_OS_MEASUREMENT) : unchecked(NOT_GIVEN);
}

static int
is_dev_image(const struct dstack_question *q, const uint8_t hash32[32])
{
	const struct dstack_image *image = dstack_image_find(hash32);

	return (image != NULL && image->is_dev) || is_listed(&q->dev_images, hash32);
}

/* The configuration may only speak against itself. */
static struct tdx_check
check_os_image(const struct judging *j)
{
	const struct dstack_facts *facts = &j->result->facts;
	const struct dstack_question *q = j->question;
	const struct dstack_vm *vm = &j->evidence->vm;

	if (dstack_vm_is_dev(vm) || (vm->has_os_image && is_dev_image(q, vm->os_image)))
		return fails(DSTACK_OS_DEV);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	if (!facts->has_os_image)
		return unchecked(DSTACK_OS_ABSENT);
	if (is_dev_image(q, facts->os_image))
		return fails(DSTACK_OS_DEV);
	if (vm->has_os_image && memcmp(vm->os_image, facts->os_image, 32) != 0)
		return fails(DSTACK_OS_MISMATCH);
	if (!q->os_images.given)
		return unchecked(NOT_GIVEN);
	return passes_if(is_listed(&q->os_images, facts->os_image), DSTACK_OS_NOT_LISTED);
}

static struct tdx_check
check_compose(const struct judging *j)
{
	uint8_t hash[32];

	if (j->question->app_compose.len == 0)
		return unchecked(DSTACK_NOT_SUPPLIED);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	if (dstack_compose_hash(j->question->app_compose, hash) != 0)
		return fails(TDX_INTERNAL);
	return passes_if(memcmp(hash, j->result->facts.compose_hash, sizeof hash) == 0,
			 DSTACK_COMPOSE_MISMATCH);
}

static struct tdx_check
check_compose_hash(const struct judging *j)
{
	const struct tdx_allowed *list = &j->question->compose_hashes;

	if (!list->given)
		return unchecked(NOT_GIVEN);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	return passes_if(is_listed(list, j->result->facts.compose_hash), DSTACK_COMPOSE_NOT_LISTED);
}

/* What was seen in a file counts only if it is the measured one. */
static struct tdx_check
check_look(const struct judging *j, enum tdx_reason seen)
{
	const struct tdx_check *file = &j->result->check[DSTACK_STEP_COMPOSE];

	if (j->question->app_compose.len == 0)
		return unchecked(DSTACK_NOT_SUPPLIED);
	if (seen != TDX_HOLDS)
		return j->question->compose_reviewed ? unchecked(seen) : fails(seen);
	return file->outcome == TDX_PASSED ? holds : unchecked(file->reason);
}

static int
is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return 0;
	return 1;
}

/* The three forms, told apart by their first byte. */
static struct tdx_check
check_config_id(const struct judging *j)
{
	const uint8_t *found = quote_at(j, TD_MRCONFIGID);
	const struct dstack_facts *facts = &j->result->facts;
	const struct dstack_vm *vm = &j->evidence->vm;
	uint8_t want[48];

	if (is_zero(found, sizeof want))
		return unchecked(DSTACK_CONFIG_ABSENT);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	if (found[0] == 1) {
		dstack_config_id_v1(facts->compose_hash, want);
	} else if (found[0] == 2) {
		dstack_config_id_v2(facts, want);
	} else if (found[0] == 3) {
		if (vm->document_len == 0)
			return unchecked(DSTACK_NOT_SUPPLIED);
		if (dstack_vm_document_agrees(vm, facts) != TDX_HOLDS)
			return fails(DSTACK_CONFIG_ID);
		if (dstack_config_id_v3((struct bytes){vm->document, vm->document_len}, want) != 0)
			return fails(TDX_INTERNAL);
	} else {
		return fails(DSTACK_CONFIG_ID);
	}
	return passes_if(memcmp(found, want, sizeof want) == 0, DSTACK_CONFIG_ID);
}

static struct tdx_check
check_app_id(const struct judging *j)
{
	const uint8_t *expected = j->question->app_id;

	if (expected == NULL)
		return unchecked(NOT_GIVEN);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	return passes_if(memcmp(expected, j->result->facts.app_id, 20) == 0, DSTACK_APP_ID);
}

static struct tdx_check
check_key_provider(const struct judging *j)
{
	const struct dstack_facts *facts = &j->result->facts;
	const struct bytes id = {facts->provider_id, facts->provider_id_len};

	if (j->question->kms_ca.len == 0)
		return unchecked(NOT_GIVEN);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	return passes_if(facts->provider == DSTACK_PROVIDER_KMS &&
			     bytes_equal(id, j->question->kms_ca),
			 DSTACK_KEY_PROVIDER);
}

static struct tdx_check
check_mr_kms(const struct judging *j)
{
	const struct tdx_allowed *list = &j->question->mr_kms;

	if (!list->given)
		return unchecked(NOT_GIVEN);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	if (!j->result->facts.has_mr_kms) /* dropped in 0.6 */
		return unchecked(DSTACK_NOT_SUPPLIED);
	return passes_if(is_listed(list, j->result->facts.mr_kms), DSTACK_MR_KMS);
}

static struct tdx_check
check_report_data(const struct judging *j)
{
	const struct dstack_evidence *e = j->evidence;
	const uint8_t *found = quote_at(j, TD_REPORT_DATA);

	if (e->has_report_data && memcmp(found, e->report_data, sizeof e->report_data) != 0)
		return fails(DSTACK_REPORT_DATA);
	if (j->question->report_data == NULL)
		return unchecked(NOT_GIVEN);
	return passes_if(memcmp(found, j->question->report_data, 64) == 0, DSTACK_REPORT_DATA);
}

/* Whether the keys of a KMS are the pinned ones, and those of this machine's events and chain. */
static int
keys_agree(const struct judging *j, const struct dstack_kms *kms)
{
	const struct dstack_question *q = j->question;
	const struct dstack_facts *facts = &j->result->facts;
	const struct bytes id = {facts->provider_id, facts->provider_id_len};

	if (q->kms_ca.len != 0 && !bytes_equal(q->kms_ca, kms->ca))
		return 0;
	if (q->kms_root != NULL && memcmp(q->kms_root, kms->root, sizeof kms->root) != 0)
		return 0;
	if (log_counts(j) && !bytes_equal(id, kms->ca))
		return 0;
	return !j->result->has_roots ||
	       memcmp(j->result->roots.kms_root, kms->root, sizeof kms->root) == 0;
}

/* A KMS in debug mode, or on a platform that nobody accepts, has keys that others have too. */
static int
kms_is_good(const struct judging *j, const struct dstack_kms *kms)
{
	const int lenient = j->question->signed_is_enough && tdx_is_signed(kms->quote);

	if (!tdx_holds(kms->quote) && !lenient)
		return 0;
	if (kms->judged != NULL && !lenient)
		return tdx_policy_accepts(kms->judged);
	return !td_is_debug(&kms->quote->quote);
}

/* Whether it is one of the listed machines, where there is a list. */
static int
kms_is_listed(const struct judging *j, const struct dstack_kms *kms)
{
	uint8_t mr_aggregated[32];

	if (!j->question->mr_kms.given)
		return 1;
	return dstack_mr_aggregated(&kms->quote->quote, mr_aggregated) == 0 &&
	       is_listed(&j->question->mr_kms, mr_aggregated);
}

/* Intel's root, the quote of the KMS, its two keys: and those are the ones relied on. */
static struct tdx_check
check_kms(const struct judging *j)
{
	const struct dstack_question *q = j->question;
	const struct dstack_kms *kms = q->kms;
	enum tdx_reason reason;

	if (kms == NULL)
		return unchecked(DSTACK_NOT_SUPPLIED);
	if (kms->ca.len == 0)
		return unchecked(NOT_GIVEN);
	if (!kms_is_good(j, kms))
		return fails(DSTACK_KMS_QUOTE);
	if (!kms_is_listed(j, kms))
		return fails(DSTACK_MR_KMS);
	reason =
	    dstack_root_is_bound(kms->quote->quote.body.p + TD_REPORT_DATA, kms->ca, kms->root);
	if (reason != TDX_HOLDS)
		return fails(reason);
	return passes_if(keys_agree(j, kms), DSTACK_KMS_BINDING);
}

static struct tdx_check
check_key_chain(const struct judging *j)
{
	const struct dstack_key *key = j->question->key;
	struct dstack_result *ret = j->result;
	enum tdx_reason reason;

	if (key == NULL)
		return unchecked(DSTACK_NOT_SUPPLIED);
	if (!log_counts(j))
		return unchecked(log_reason(j));
	reason = dstack_chain_recover(&key->claim, ret->facts.app_id, &key->chain, &ret->roots);
	ret->has_roots = reason == TDX_HOLDS;
	if (reason != TDX_HOLDS)
		return fails(reason);
	if (j->question->kms_root == NULL)
		return unchecked(NOT_GIVEN);
	return passes_if(memcmp(ret->roots.kms_root, j->question->kms_root, 33) == 0,
			 DSTACK_CHAIN_ROOT);
}

static struct tdx_check
check_device(const struct judging *j)
{
	const struct tdx_allowed *list = &j->question->devices;
	const struct dstack_result *ret = j->result;

	if (!list->given)
		return unchecked(NOT_GIVEN);
	if (ret->has_device_of_ppid && is_listed(list, ret->device_of_ppid))
		return holds;
	return passes_if(is_listed(list, ret->device_of_header), DSTACK_DEVICE);
}

static void
measure(const struct judging *j)
{
	const struct tdx_result *quote = j->question->quote;
	struct dstack_result *ret = j->result;

	ret->has_measurements =
	    dstack_mr_aggregated(&quote->quote, ret->mr_aggregated) == 0 &&
	    dstack_mr_system(&quote->quote, ret->facts.provider_hash, ret->mr_system) == 0 &&
	    dstack_device_id_of_header(&quote->quote, ret->device_of_header) == 0;
	ret->has_device_of_ppid =
	    quote->has_platform &&
	    dstack_device_id_of_ppid(quote->platform.ppid, ret->device_of_ppid) == 0;
}

/* Everything that compares something with the quote. */
static void
judge_with_quote(const struct judging *j)
{
	struct tdx_check *c = j->result->check;

	replay(j);
	c[DSTACK_STEP_RTMR3] = check_rtmr3(j);
	c[DSTACK_STEP_EVENTS] = check_events(j);
	measure(j);
	c[DSTACK_STEP_BOOT_LOG] = check_boot_log(j);
	c[DSTACK_STEP_OS_MEASUREMENT] = check_os_measurement(j);
	c[DSTACK_STEP_OS_IMAGE] = check_os_image(j);
	c[DSTACK_STEP_COMPOSE] = check_compose(j);
	c[DSTACK_STEP_COMPOSE_HASH] = check_compose_hash(j);
	c[DSTACK_STEP_IMAGES] = check_look(j, j->result->compose.images);
	c[DSTACK_STEP_SCRIPT] = check_look(j, j->result->compose.script);
	c[DSTACK_STEP_ENVIRONMENT] = check_look(j, j->result->compose.environment);
	c[DSTACK_STEP_CONFIG_ID] = check_config_id(j);
	c[DSTACK_STEP_APP_ID] = check_app_id(j);
	c[DSTACK_STEP_KEY_PROVIDER] = check_key_provider(j);
	c[DSTACK_STEP_MR_KMS] = check_mr_kms(j);
	c[DSTACK_STEP_REPORT_DATA] = check_report_data(j);
	c[DSTACK_STEP_KEY_CHAIN] = check_key_chain(j);
	c[DSTACK_STEP_DEVICE] = check_device(j);
}

static void
refuse_unchecked(struct tdx_check *pinned)
{
	if (pinned->outcome == TDX_NOT_CHECKED)
		*pinned = fails(pinned->reason);
}

/* A pin that nothing answers refuses. (An image's is answered by the machine's measurements.) */
static void
close_pins(const struct judging *j)
{
	struct tdx_check *c = j->result->check;

	if (c[DSTACK_STEP_KMS].outcome == TDX_PASSED)
		return; /* its own quote answers for its machine and its root */
	if (j->question->mr_kms.given)
		refuse_unchecked(&c[DSTACK_STEP_MR_KMS]);
	if (j->question->kms_root != NULL)
		refuse_unchecked(&c[DSTACK_STEP_KEY_CHAIN]);
}

static void
conclude(struct dstack_result *ret)
{
	const unsigned failed = step_list_failed(&dstack_steps, ret->check, 0);

	ret->reason = TDX_HOLDS;
	if (failed == DSTACK_STEPS_COUNT)
		return;
	ret->reason = ret->check[failed].reason;
	ret->step = (enum dstack_step)failed;
}

void
dstack_judge(const struct dstack_evidence *evidence, const struct dstack_question *question,
	     struct dstack_result *ret)
{
	const struct judging j = {evidence, question, ret};
	struct tdx_check *c = ret->check;

	memset(ret, 0, sizeof *ret);
	for (unsigned i = 0; i < DSTACK_STEPS_COUNT; i++)
		c[i] = unchecked(question->quote->reason);
	if (question->app_compose.len > 0)
		dstack_compose_look(question->app_compose, &ret->compose);
	c[DSTACK_STEP_FRESHNESS] = check_answer(question->nonce, DSTACK_NONCE);
	c[DSTACK_STEP_QUOTE] = check_quote(&j);
	c[DSTACK_STEP_POLICY] = check_policy(&j);
	if (question->quote->has_quote)
		judge_with_quote(&j);
	c[DSTACK_STEP_KMS] = check_kms(&j);
	c[DSTACK_STEP_GOVERNANCE] = unchecked(DSTACK_NOT_IN_EVIDENCE);
	c[DSTACK_STEP_CHANNEL] = check_answer(question->channel, DSTACK_CHANNEL);
	close_pins(&j);
	conclude(ret);
}

enum need { MAY, MUST };

static const enum need needs[DSTACK_STEPS_COUNT] = {
#define S(id, name, need, text) [id] = need,
    DSTACK_STEPS(S)
#undef S
};

const struct step_list dstack_steps = {
    .count = DSTACK_STEPS_COUNT,
#define S(id, name, need, text) STEP_WORDS(id, name, text)
    .step = (const struct step_words[]){DSTACK_STEPS(S)},
#undef S
};

int
dstack_holds(const struct dstack_result *result)
{
	for (unsigned i = 0; i < DSTACK_STEPS_COUNT; i++)
		if (needs[i] == MUST && result->check[i].outcome != TDX_PASSED)
			return 0;
	return step_list_failed(&dstack_steps, result->check, 0) == DSTACK_STEPS_COUNT &&
	       result->reason == TDX_HOLDS;
}

int
dstack_step_is_required(enum dstack_step step)
{
	return (unsigned)step >= DSTACK_STEPS_COUNT || needs[step] == MUST;
}

const char *
dstack_step_name(enum dstack_step step)
{
	return step_list_name(&dstack_steps, (unsigned)step);
}
