#include "evidence/bound_evidence.h"

#include <string.h>

#include "base/err.h"
#include "evidence/bound_nonce.h"
#include "evidence/tpm.h"
#include "base/banned.h"

#define RTMR_LEN_BYTES 48

static void
note(struct bound_result *ret, enum bound_step step, enum tdx_reason reason)
{
	ret->check[step].outcome = reason == TDX_HOLDS ? TDX_PASSED : TDX_FAILED;
	ret->check[step].reason = reason;
}

static void
note_unchecked(struct bound_result *ret, enum bound_step step, enum tdx_reason reason)
{
	ret->check[step].outcome = TDX_NOT_CHECKED;
	ret->check[step].reason = reason;
}

/* What comes later has nothing to look at. */
static void
note_lost(struct bound_result *ret, const enum bound_step *steps, size_t count,
    enum tdx_reason reason)
{
	for (size_t i = 0; i < count; i++)
		note_unchecked(ret, steps[i], reason);
}

static int
has_passed(const struct bound_result *r, enum bound_step step)
{
	return r->check[step].outcome == TDX_PASSED;
}

const char *
bound_platform_name(enum bound_platform platform)
{
	switch (platform) {
	case BOUND_TDX:
		return BOUND_TAG_TDX;
	case BOUND_SEV_SNP_VM:
		return BOUND_TAG_SEV_SNP;
	case BOUND_SHIELDED:
		return BOUND_TAG_SHIELDED_VM;
	}
	return "?";
}

/* The message says which it is by what it carries; the TPM's nonce must agree. */
static enum tdx_reason
find_platform(struct bound_result *ret)
{
	ret->platform = ret->message.tdx.len != 0 ? BOUND_TDX :
	    ret->message.sev_snp.len != 0 ? BOUND_SEV_SNP_VM : BOUND_SHIELDED;
	switch (ret->platform) {
	case BOUND_TDX:
		return TDX_HOLDS;
	case BOUND_SEV_SNP_VM:
		return BOUND_SEV_SNP;
	case BOUND_SHIELDED:
		return BOUND_SHIELDED_VM;
	}
	return TDX_INTERNAL;
}

/* What the metadata server said must not contradict what Google certified. */
static int
is_consistent(const struct layr_attestation *m, const struct instance *in)
{
	const struct layr_instance *said = &m->instance;

	return !m->has_instance ||
	    (bytes_equal(said->zone, in->zone) && bytes_equal(said->project_id, in->project_id) &&
		bytes_equal(said->name, in->name) && said->project_number == in->project_number &&
		said->id == in->id);
}

static enum tdx_reason
check_instance(X509 *ak, struct bound_result *ret)
{
	size_t len;

	if (instance_extension(ak, ret->instance_der, &len) != 0 ||
	    instance_parse((struct bytes){ret->instance_der, len}, &ret->instance) != 0)
		return AK_INSTANCE;
	if (!ret->instance.is_production || !is_consistent(&ret->message, &ret->instance))
		return AK_INSTANCE;
	ret->has_instance = has_passed(ret, BOUND_STEP_AK_CHAIN);
	return TDX_HOLDS;
}

static void
check_app(const struct bound_expect *expect, struct bound_result *ret)
{
	if (expect->app_id == NULL) {
		note_unchecked(ret, BOUND_STEP_APP, NOT_GIVEN);
		return;
	}
	note(ret, BOUND_STEP_APP, ret->has_instance && ret->instance.has_app_id &&
	    memcmp(ret->instance.app_id, expect->app_id, sizeof ret->instance.app_id) == 0 ?
	    TDX_HOLDS : APP_MISMATCH);
}

/* The key, its certificate, and the machine that the certificate names. */
static void
check_ak(const struct bound_expect *expect, struct bound_result *ret, struct tpm_key *key)
{
	const struct layr_attestation *m = &ret->message;
	const struct pkix_list others = {m->intermediate, m->intermediates};
	X509 *ak = pkix_parse(m->ak_cert);
	EVP_PKEY *certified = ak != NULL ? X509_get0_pubkey(ak) : NULL;
	int has_key = tpm_key_parse(m->ak_pub, key) == 0;

	note(ret, BOUND_STEP_AK_KEY, has_key ? TDX_HOLDS : TPM_KEY);
	if (certified == NULL) {
		note(ret, BOUND_STEP_AK_CHAIN, AK_CERTIFICATE);
		note_unchecked(ret, BOUND_STEP_INSTANCE, AK_CERTIFICATE);
	} else {
		note(ret, BOUND_STEP_AK_CHAIN, !has_key || !tpm_key_is(key, certified) ?
		    AK_MISMATCH :
		    pkix_verify(ak, others, expect->ak_roots, expect->at, AK_CERTIFICATE));
		note(ret, BOUND_STEP_INSTANCE, check_instance(ak, ret));
		if (pkix_spki(ak, ret->ak_spki, sizeof ret->ak_spki, &ret->ak_spki_len) != 0)
			ret->ak_spki_len = 0;
	}
	check_app(expect, ret);
	X509_free(ak);
}

static enum tdx_reason
check_tpm_signature(const struct layr_quote *q, const struct tpm_key *key, struct bytes ak_pub,
    struct tpm_quote *quote)
{
	int r;

	if (tpm_quote_parse(q->quote, quote) != 0)
		return TPM_QUOTE;
	if ((r = tpm_quote_verify(key, q->quote, q->signature)) == 0)
		r = tpm_signer_verify(quote, ak_pub);
	return r == 0 ? TDX_HOLDS : r == ERR_CRYPTO ? TDX_INTERNAL : TPM_QUOTE;
}

static enum tdx_reason
check_tpm_nonce(const struct tpm_quote *quote, const struct bound_result *ret)
{
	const struct bytes want = {ret->tpm_nonce, sizeof ret->tpm_nonce};

	return bytes_equal(quote->nonce, want) ? TDX_HOLDS : TPM_NONCE;
}

static enum tdx_reason
check_tpm_pcrs(const struct tpm_quote *quote, const struct layr_quote *q)
{
	int r = tpm_pcrs_verify(quote, q->hash, q->pcr);

	return r == 0 ? TDX_HOLDS : r == ERR_CRYPTO ? TDX_INTERNAL : TPM_PCRS;
}

static const enum bound_step tpm_steps[] = {
    BOUND_STEP_TPM_QUOTES, BOUND_STEP_TPM_NONCE, BOUND_STEP_TPM_PCRS};

/* Every bank's quote must hold: the first that does not decides. */
static void
check_tpm(const struct tpm_key *key, struct bound_result *ret)
{
	enum tdx_reason signature = TDX_HOLDS, nonce = TDX_HOLDS, pcrs = TDX_HOLDS;
	struct tpm_quote quote[LAYR_QUOTES_MAX];

	if (!has_passed(ret, BOUND_STEP_AK_KEY)) {
		note_lost(ret, tpm_steps, ARRAY_LEN(tpm_steps), TPM_KEY);
		return;
	}
	for (size_t i = 0; i < ret->message.quotes && signature == TDX_HOLDS; i++)
		signature = check_tpm_signature(
		    &ret->message.quote[i], key, ret->message.ak_pub, &quote[i]);
	note(ret, BOUND_STEP_TPM_QUOTES, signature);
	if (signature != TDX_HOLDS) {
		note_lost(ret, tpm_steps + 1, ARRAY_LEN(tpm_steps) - 1, signature);
		return;
	}
	for (size_t i = 0; i < ret->message.quotes; i++) {
		if (nonce == TDX_HOLDS)
			nonce = check_tpm_nonce(&quote[i], ret);
		if (pcrs == TDX_HOLDS)
			pcrs = check_tpm_pcrs(&quote[i], &ret->message.quote[i]);
	}
	note(ret, BOUND_STEP_TPM_NONCE, nonce);
	note(ret, BOUND_STEP_TPM_PCRS, pcrs);
}

static const uint8_t *
rtmr_of(const struct bound_result *r, unsigned i)
{
	return r->tdx.quote.body.p + TD_RTMR0 + i * RTMR_LEN_BYTES;
}

/* One line for all of the quote's own: a failure before what could not be checked. */
static void
note_quote(struct bound_result *ret)
{
	const struct tdx_result *t = &ret->tdx;
	unsigned failed;

	if (tdx_holds(t)) {
		note(ret, BOUND_STEP_TDX, TDX_HOLDS);
		return;
	}
	failed = step_list_failed(&tdx_steps, t->check, 0);
	if (failed < TDX_STEPS_COUNT)
		note(ret, BOUND_STEP_TDX, t->check[failed].reason);
	else
		note_unchecked(ret, BOUND_STEP_TDX, t->reason);
}

static const enum bound_step quote_steps[] = {
    BOUND_STEP_BINDING, BOUND_STEP_DEBUG, BOUND_STEP_RTMR3, BOUND_STEP_LAUNCHER};

static void
check_quote(const struct bound_expect *expect, struct bound_result *ret)
{
	struct writer w = writer_of(ret->quote, sizeof ret->quote);
	enum tdx_reason reason = quote_message_write(ret->message.tdx, &w);
	const uint8_t *report_data;

	if (reason != TDX_HOLDS || writer_end(&w, &ret->quote_len) != 0) {
		note(ret, BOUND_STEP_TDX, BOUND_MESSAGE);
		note_lost(ret, quote_steps, ARRAY_LEN(quote_steps), BOUND_MESSAGE);
		return;
	}
	tdx_verify((struct bytes){ret->quote, ret->quote_len}, expect->collateral,
	    expect->tdx_root, expect->at, &ret->tdx);
	note_quote(ret);
	if (!ret->tdx.has_quote) {
		note_lost(ret, quote_steps, ARRAY_LEN(quote_steps), ret->tdx.reason);
		return;
	}
	report_data = ret->tdx.quote.body.p + TD_REPORT_DATA;
	note(ret, BOUND_STEP_BINDING, ret->ak_spki_len > 0 &&
	    memcmp(report_data, ret->bound_nonce, sizeof ret->bound_nonce) == 0 ?
	    TDX_HOLDS : BOUND_NONCE);
	note(ret, BOUND_STEP_DEBUG, td_is_debug(&ret->tdx.quote) ? TDX_P_DEBUG : TDX_HOLDS);
}

/* A bank of PCRs, or NULL. */
static const struct layr_quote *
bank_find(const struct layr_attestation *m, uint16_t hash)
{
	for (size_t i = 0; i < m->quotes; i++)
		if (m->quote[i].hash == hash)
			return &m->quote[i];
	return NULL;
}

struct bytes
bound_pcr(const struct layr_attestation *message, unsigned i)
{
	const struct layr_quote *bank = bank_find(message, TPM_ALG_SHA256);

	return bank != NULL ? bank->pcr[i] : (struct bytes){NULL, 0};
}

/*
 * On TDX the launcher measures into both. Were PCR 13 not compared, the TPM's quotes could come
 * from an honest machine of somebody else's, and the TDX quote from a domain that names its key.
 */
static enum tdx_reason
check_pcr13(const struct bound_result *r)
{
	const struct layr_quote *sha384 = bank_find(&r->message, TPM_ALG_SHA384);

	if (!bytes_equal(bound_pcr(&r->message, CEL_PCR),
		(struct bytes){r->log.sha256, sizeof r->log.sha256}))
		return CEL_PCR13;
	if (sha384 != NULL && !bytes_equal(sha384->pcr[CEL_PCR],
		(struct bytes){r->log.sha384, sizeof r->log.sha384}))
		return CEL_PCR13;
	return TDX_HOLDS;
}

static void
check_log(struct bound_result *ret)
{
	const enum cel_register in = ret->platform == BOUND_TDX ? CEL_IN_RTMR3 : CEL_IN_PCR13;
	enum tdx_reason reason = cel_parse(ret->message.canonical_log, in, &ret->log);

	note(ret, BOUND_STEP_LOG, reason);
	if (reason != TDX_HOLDS) {
		note_unchecked(ret, BOUND_STEP_RTMR3, reason);
		note_unchecked(ret, BOUND_STEP_PCR13, reason);
		return;
	}
	ret->has_log = 1;
	note(ret, BOUND_STEP_PCR13, check_pcr13(ret));
	if (ret->platform != BOUND_TDX || !ret->tdx.has_quote)
		return;
	note(ret, BOUND_STEP_RTMR3,
	    memcmp(rtmr_of(ret, 3), ret->log.sha384, sizeof ret->log.sha384) == 0 ?
	    TDX_HOLDS : CEL_RTMR3);
}

static void
check_image(const struct bound_expect *expect, struct bound_result *ret)
{
	if (expect->image_digest.len == 0)
		note_unchecked(ret, BOUND_STEP_IMAGE, NOT_GIVEN);
	else if (!ret->has_log)
		note_unchecked(ret, BOUND_STEP_IMAGE, ret->check[BOUND_STEP_LOG].reason);
	else
		note(ret, BOUND_STEP_IMAGE,
		    bytes_equal(ret->log.image_digest, expect->image_digest) ?
		    TDX_HOLDS : IMAGE_MISMATCH);
}

static int
launcher_matches(const struct bound_launcher *l, const struct bound_result *r)
{
	static const unsigned pcrs[3] = {4, 8, 9};
	const int by_rtmr = l->rtmr[0] != NULL && l->rtmr[1] != NULL;
	const int by_pcr = l->pcr[0] != NULL && l->pcr[1] != NULL && l->pcr[2] != NULL;

	if (!by_rtmr && !by_pcr)
		return 0;
	for (unsigned i = 0; i < 2; i++)
		if (l->rtmr[i] != NULL &&
		    memcmp(l->rtmr[i], rtmr_of(r, i + 1), RTMR_LEN_BYTES) != 0)
			return 0;
	for (unsigned i = 0; i < 3; i++)
		if (l->pcr[i] != NULL &&
		    !bytes_equal(bound_pcr(&r->message, pcrs[i]), (struct bytes){l->pcr[i], 32}))
			return 0;
	return 1;
}

static void
check_launcher(const struct bound_expect *expect, struct bound_result *ret)
{
	enum tdx_reason reason = LAUNCHER_MISMATCH;

	if (expect->launchers == 0) {
		note_unchecked(ret, BOUND_STEP_LAUNCHER, NOT_GIVEN);
		return;
	}
	if (!ret->tdx.has_quote)
		return;
	for (size_t i = 0; i < expect->launchers && reason != TDX_HOLDS; i++)
		if (launcher_matches(&expect->launcher[i], ret))
			reason = TDX_HOLDS;
	note(ret, BOUND_STEP_LAUNCHER, reason);
}

/* Steps that compare with something that the caller need not give. */
static int
is_optional(enum bound_step step)
{
	return step == BOUND_STEP_APP || step == BOUND_STEP_IMAGE || step == BOUND_STEP_LAUNCHER;
}

static int
is_good(const struct bound_result *r, enum bound_step step)
{
	return has_passed(r, step) ||
	    (is_optional(step) && r->check[step].outcome == TDX_NOT_CHECKED &&
		r->check[step].reason == NOT_GIVEN);
}

/* The list has causes before what they leave unchecked. */
static void
conclude(struct bound_result *ret)
{
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++) {
		if (is_good(ret, (enum bound_step)i))
			continue;
		ret->reason = ret->check[i].reason;
		ret->step = (enum bound_step)i;
		return;
	}
	ret->reason = TDX_HOLDS;
}

static int
make_nonces(const struct bound_expect *expect, struct bound_result *ret)
{
	const struct bytes spki = {ret->ak_spki, ret->ak_spki_len};
	int r;

	if ((r = bound_nonce_tpm(bound_platform_name(ret->platform), expect->challenge,
	    expect->extra_data, ret->tpm_nonce)) != 0)
		return r;
	return bound_nonce_tee(expect->challenge, spki, expect->extra_data, ret->bound_nonce);
}

/* All that needs the message. */
static enum tdx_reason
check_message(const struct bound_expect *expect, struct bound_result *ret)
{
	struct tpm_key key = {0};
	enum tdx_reason platform = find_platform(ret);

	note(ret, BOUND_STEP_PLATFORM, platform);
	for (unsigned i = BOUND_STEP_PLATFORM + 1; i < BOUND_STEPS_COUNT; i++)
		note_unchecked(ret, (enum bound_step)i, platform);
	check_ak(expect, ret, &key);
	if (make_nonces(expect, ret) != 0)
		return TDX_INTERNAL;
	check_tpm(&key, ret);
	if (ret->platform == BOUND_TDX)
		check_quote(expect, ret);
	check_log(ret);
	check_image(expect, ret);
	check_launcher(expect, ret);
	return TDX_HOLDS;
}

void
bound_evidence_verify(struct bytes evidence, const struct bound_expect *expect,
    struct bound_result *ret)
{
	enum tdx_reason reason;

	memset(ret, 0, sizeof *ret);
	ret->reason = TDX_NOT_EVALUATED;
	reason = layr_parse(evidence, &ret->message);
	note(ret, BOUND_STEP_MESSAGE, reason);
	for (unsigned i = BOUND_STEP_MESSAGE + 1; i < BOUND_STEPS_COUNT; i++)
		note_unchecked(ret, (enum bound_step)i, reason);
	if (reason == TDX_HOLDS) {
		ret->has_message = 1;
		note(ret, BOUND_STEP_MESSAGE, check_message(expect, ret));
	}
	conclude(ret);
}

int
bound_evidence_holds(const struct bound_result *result)
{
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++)
		if (!is_good(result, (enum bound_step)i))
			return 0;
	return result->reason == TDX_HOLDS && tdx_holds(&result->tdx);
}

int
bound_evidence_is_signed(const struct bound_result *result)
{
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++)
		if (i != BOUND_STEP_TDX && !is_good(result, (enum bound_step)i))
			return 0;
	return tdx_is_signed(&result->tdx);
}

const struct step_list bound_steps = {
    .count = BOUND_STEPS_COUNT,
    .step = (const struct step_words[]){BOUND_STEPS(STEP_WORDS)},
};

const char *
bound_step_name(enum bound_step step)
{
	return step_list_name(&bound_steps, (unsigned)step);
}
