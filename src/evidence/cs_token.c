#include "evidence/cs_token.h"

#include <string.h>

#include <openssl/x509v3.h>

#include "base/err.h"
#include "base/parse.h"
#include "evidence/instance.h"
#include "evidence/rsa.h"
#include "json/reader.h"
#include "base/banned.h"

#define TEXT_MAX 1024
#define TIME_MAX INT64_C(253402300799) /* the year 9999 */

static void
note(struct cs_result *ret, enum cs_step step, enum tdx_reason reason)
{
	ret->check[step].outcome = reason == TDX_HOLDS ? TDX_PASSED : TDX_FAILED;
	ret->check[step].reason = reason;
}

static void
note_unchecked(struct cs_result *ret, enum cs_step step, enum tdx_reason reason)
{
	ret->check[step].outcome = TDX_NOT_CHECKED;
	ret->check[step].reason = reason;
}

static int
is_text(struct bytes run, const char *text)
{
	return run.len == strlen(text) && memcmp(run.p, text, run.len) == 0;
}

/* A copy that outlives the JSON tree. Decoded text is never longer than its payload. */
static struct bytes
keep(struct cs_result *ret, struct bytes text)
{
	const size_t start = ret->pool.len;

	write_bytes(&ret->pool, text.p, text.len);
	return (struct bytes){ret->pool_bytes + start, ret->pool.len - start};
}

static void
take_text(struct cs_result *ret, struct json_in *in, const char *name, enum json_need need,
    struct bytes *field)
{
	struct bytes text = {NULL, 0};

	json_in_text(in, name, need, 0, TEXT_MAX, &text);
	*field = keep(ret, text);
}

static void
take_time(struct json_in *in, const char *name, int64_t *field)
{
	uint64_t v = 0;

	json_in_u64(in, name, JSON_REQUIRED, 0, TIME_MAX, &v);
	*field = (int64_t)v;
}

static struct bytes
string_of(const json_t *value)
{
	return (struct bytes){(const uint8_t *)json_string_value(value), json_string_length(value)};
}

/* An array of strings into room for cap of them. */
static void
take_list(struct cs_result *ret, struct json_in *in, const char *name, struct bytes *item,
    size_t cap, size_t *ret_count)
{
	json_t *list = NULL, *value;
	size_t i;

	json_in_value(in, name, JSON_OPTIONAL, &list);
	if (list == NULL)
		return;
	if (!json_is_array(list) || json_array_size(list) > cap) {
		json_in_fail(in, name, ERR_PARSE, "must be a short list of strings");
		return;
	}
	json_array_foreach(list, i, value) {
		if (!json_is_string(value)) {
			json_in_fail(in, name, ERR_PARSE, "must be a list of strings");
			return;
		}
		item[i] = keep(ret, string_of(value));
	}
	*ret_count = json_array_size(list);
}

/* "string or array" */
static void
take_nonces(struct cs_result *ret, struct json_in *in)
{
	struct cs_claims *c = &ret->claims;
	json_t *value = json_object_get(in->root, "eat_nonce");

	if (!json_is_string(value)) {
		take_list(ret, in, "eat_nonce", c->nonce, CS_TOKEN_NONCES_MAX, &c->nonces);
		return;
	}
	c->nonce[0] = keep(ret, string_of(value));
	c->nonces = 1;
}

static void
take_version(struct cs_result *ret, struct json_in *in)
{
	struct bytes version[1] = {{NULL, 0}};
	size_t count = 0;

	take_list(ret, in, "swversion", version, 1, &count);
	ret->claims.has_version = json_object_get(in->root, "swversion") != NULL;
	if (count == 1)
		ret->claims.software_version = version[0];
}

/* One entry as NAME=value. */
static void
keep_pair(struct cs_result *ret, const char *name, struct bytes value, struct cel_list *list)
{
	const size_t start = ret->pool.len;

	write_text(&ret->pool, name);
	write_u8(&ret->pool, '=');
	write_bytes(&ret->pool, value.p, value.len);
	list->item[list->count++] =
	    (struct bytes){ret->pool_bytes + start, ret->pool.len - start};
}

static void
take_env(struct cs_result *ret, struct json_in *in)
{
	json_t *env = NULL, *value;
	const char *name;

	json_in_value(in, "env", JSON_OPTIONAL, &env);
	if (env == NULL)
		return;
	if (!json_is_object(env) || json_object_size(env) > CEL_LIST_MAX) {
		json_in_fail(in, "env", ERR_PARSE, "must be an object of strings");
		return;
	}
	json_object_foreach(env, name, value) {
		if (!json_is_string(value)) {
			json_in_fail(in, "env", ERR_PARSE, "must be an object of strings");
			return;
		}
		keep_pair(ret, name, string_of(value), &ret->claims.env);
	}
}

static void
take_container(struct cs_result *ret, struct json_in *in)
{
	struct cs_claims *c = &ret->claims;

	take_text(ret, in, "image_reference", JSON_OPTIONAL, &c->image_reference);
	take_text(ret, in, "image_digest", JSON_REQUIRED, &c->image_digest);
	take_text(ret, in, "image_id", JSON_OPTIONAL, &c->image_id);
	take_text(ret, in, "restart_policy", JSON_OPTIONAL, &c->restart_policy);
	take_list(ret, in, "args", c->args.item, CEL_LIST_MAX, &c->args.count);
	take_env(ret, in);
}

static void
take_machine(struct cs_result *ret, struct json_in *in)
{
	struct cs_claims *c = &ret->claims;

	take_text(ret, in, "zone", JSON_OPTIONAL, &c->zone);
	take_text(ret, in, "project_id", JSON_OPTIONAL, &c->project_id);
	take_text(ret, in, "project_number", JSON_OPTIONAL, &c->project_number);
	take_text(ret, in, "instance_name", JSON_OPTIONAL, &c->instance_name);
	take_text(ret, in, "instance_id", JSON_OPTIONAL, &c->instance_id);
	c->has_app_id = instance_app_id(c->instance_name, c->app_id) == 0;
}

static void
take_submodules(struct cs_result *ret, struct json_in *in)
{
	struct cs_claims *c = &ret->claims;
	struct json_in submodules, part;
	int present;

	json_in_object(in, "submods", JSON_REQUIRED, &submodules, &present);
	json_in_object(&submodules, "container", JSON_REQUIRED, &part, &present);
	take_container(ret, &part);
	json_in_object(&submodules, "confidential_space", JSON_OPTIONAL, &part, &present);
	take_list(
	    ret, &part, "support_attributes", c->support, CS_TOKEN_SUPPORT_MAX, &c->supports);
	json_in_object(&submodules, "gce", JSON_OPTIONAL, &part, &present);
	take_machine(ret, &part);
}

/* Claims that are not asked for are the issuer's business. */
static void
take_claims(struct cs_result *ret, struct json_in *in)
{
	struct cs_claims *c = &ret->claims;
	struct json_in tdx;
	int present;

	take_text(ret, in, "iss", JSON_REQUIRED, &c->issuer);
	take_text(ret, in, "sub", JSON_OPTIONAL, &c->subject);
	take_text(ret, in, "aud", JSON_REQUIRED, &c->audience);
	take_time(in, "iat", &c->issued_at);
	take_time(in, "nbf", &c->not_before);
	take_time(in, "exp", &c->expires);
	take_nonces(ret, in);
	take_text(ret, in, "hwmodel", JSON_REQUIRED, &c->hardware);
	c->has_attesters = json_object_get(in->root, "attester_tcb") != NULL;
	take_list(
	    ret, in, "attester_tcb", c->attester, CS_TOKEN_ATTESTERS_MAX, &c->attesters);
	take_text(ret, in, "swname", JSON_REQUIRED, &c->software);
	take_version(ret, in);
	c->secure_boot = 1;
	json_in_bool(in, "secboot", JSON_OPTIONAL, &c->secure_boot);
	take_text(ret, in, "dbgstat", JSON_REQUIRED, &c->debug);
	take_submodules(ret, in);
	json_in_object(in, "tdx", JSON_OPTIONAL, &tdx, &present);
	c->has_tcb_status = json_object_get(tdx.root, "gcp_attester_tcb_status") != NULL;
	take_text(ret, &tdx, "gcp_attester_tcb_status", JSON_OPTIONAL, &c->tcb_status);
	take_text(ret, &tdx, "gcp_attester_tcb_date", JSON_OPTIONAL, &c->tcb_date);
}

static enum tdx_reason
read_claims(struct cs_result *ret)
{
	struct json_error e;
	struct json_in in;
	int r;

	ret->pool = writer_of(ret->pool_bytes, sizeof ret->pool_bytes);
	if ((r = json_in_open(ret->jws.payload.p, ret->jws.payload.len, &in, &e)) != 0)
		return r == ERR_MEM ? TDX_INTERNAL : TOKEN_PARSE;
	take_claims(ret, &in);
	json_in_free(&in);
	if (e.err != 0 || ret->pool.err != 0)
		return e.err == ERR_MEM ? TDX_INTERNAL : TOKEN_PARSE;
	ret->has_claims = 1;
	return TDX_HOLDS;
}

/* Leaf, intermediate and root; the leaf signs no certificates, and the root is the pinned one. */
static enum tdx_reason
check_certificates(const struct jws *j, const struct cs_expect *expect, X509 *leaf)
{
	const struct pkix_list others = {j->certificate + 1, 1};
	int is_pinned = 0;

	if (leaf == NULL || j->certificates != CS_TOKEN_CERTIFICATES || X509_check_ca(leaf) != 0 ||
	    X509_get_signature_nid(leaf) != NID_sha256WithRSAEncryption)
		return TOKEN_CHAIN;
	for (size_t i = 0; i < expect->roots.count; i++)
		is_pinned |= bytes_equal(
		    j->certificate[CS_TOKEN_CERTIFICATES - 1], expect->roots.der[i]);
	if (!is_pinned)
		return TDX_ROOT_NOT_TRUSTED;
	return pkix_verify(leaf, others, expect->roots, expect->at, TOKEN_CHAIN);
}

static enum tdx_reason
check_signature(const struct jws *j, EVP_PKEY *key)
{
	int r = rsa_verify(key, j->signed_part, j->signature);

	return r == 0 ? TDX_HOLDS : r == ERR_CRYPTO ? TDX_INTERNAL : TOKEN_SIGNATURE;
}

static void
check_pki(const struct cs_expect *expect, struct cs_result *ret)
{
	X509 *leaf = pkix_parse(ret->jws.certificate[0]);
	EVP_PKEY *key = leaf != NULL ? X509_get0_pubkey(leaf) : NULL;

	note(ret, CS_STEP_KEY, check_certificates(&ret->jws, expect, leaf));
	if (key != NULL)
		note(ret, CS_STEP_SIGNATURE, check_signature(&ret->jws, key));
	else
		note_unchecked(ret, CS_STEP_SIGNATURE, TOKEN_CHAIN);
	X509_free(leaf);
}

static void
check_oidc(const struct cs_expect *expect, struct cs_result *ret)
{
	EVP_PKEY *key = NULL;

	if (expect->jwks.len == 0) {
		note_unchecked(ret, CS_STEP_KEY, TOKEN_KEYS_MISSING);
		note_unchecked(ret, CS_STEP_SIGNATURE, TOKEN_KEYS_MISSING);
		return;
	}
	if (jws_key_find(expect->jwks, ret->jws.key_id, &key) != 0) {
		note(ret, CS_STEP_KEY, TOKEN_KEY);
		note_unchecked(ret, CS_STEP_SIGNATURE, TOKEN_KEY);
		return;
	}
	note(ret, CS_STEP_KEY, TDX_HOLDS);
	note(ret, CS_STEP_SIGNATURE, check_signature(&ret->jws, key));
	EVP_PKEY_free(key);
}

static enum tdx_reason
check_time(const struct cs_claims *c, int64_t at)
{
	/* claims are within 0 and TIME_MAX, so that the skew cannot overflow */
	if (c->not_before - CS_TOKEN_SKEW > at || c->issued_at - CS_TOKEN_SKEW > at)
		return TOKEN_NOT_YET_VALID;
	return c->expires + CS_TOKEN_SKEW > at ? TDX_HOLDS : TOKEN_EXPIRED;
}

/* As the KMS judges: the model, and Intel alone as who vouched for it, where the token tells. */
static int
is_tdx(const struct cs_claims *c)
{
	return is_text(c->hardware, "GCP_INTEL_TDX") &&
	    (!c->has_attesters || (c->attesters == 1 && is_text(c->attester[0], "INTEL")));
}

/* Without a version, STABLE alone tells that the image is one of now. */
static int
is_current(const struct cs_claims *c)
{
	const struct bytes v = c->software_version;
	uint64_t version;

	return is_text(c->software, "CONFIDENTIAL_SPACE") && c->secure_boot &&
	    (!c->has_version || parse_u64((const char *)v.p, v.len, CS_TOKEN_VERSION_MIN,
		999999, &version) == 0);
}

static int
has_item(const struct bytes *item, size_t count, struct bytes wanted)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal(item[i], wanted))
			return 1;
	return 0;
}

/* A comparison that the caller may leave away. */
static void
note_asked(struct cs_result *ret, enum cs_step step, int is_asked, int is_same,
    enum tdx_reason reason)
{
	if (is_asked)
		note(ret, step, is_same ? TDX_HOLDS : reason);
	else
		note_unchecked(ret, step, NOT_GIVEN);
}

static void
check_claims(const struct cs_expect *expect, struct cs_result *ret)
{
	static const struct bytes stable = {(const uint8_t *)"STABLE", 6};
	const struct cs_claims *c = &ret->claims;

	note(ret, CS_STEP_TIME, check_time(c, expect->at));
	note(ret, CS_STEP_ISSUER, is_text(c->issuer, CS_TOKEN_ISSUER) ? TDX_HOLDS : TOKEN_ISSUER);
	note_asked(ret, CS_STEP_AUDIENCE, expect->audience.len != 0,
	    bytes_equal(c->audience, expect->audience), TOKEN_AUDIENCE);
	note_asked(ret, CS_STEP_NONCE, expect->nonce.len != 0,
	    has_item(c->nonce, c->nonces, expect->nonce), TOKEN_NONCE);
	note(ret, CS_STEP_HARDWARE, is_tdx(c) ? TDX_HOLDS : TOKEN_HARDWARE);
	note(ret, CS_STEP_SOFTWARE, is_current(c) ? TDX_HOLDS : TOKEN_SOFTWARE);
	note(ret, CS_STEP_DEBUG,
	    is_text(c->debug, "disabled-since-boot") ? TDX_HOLDS : TOKEN_DEBUG);
	note(ret, CS_STEP_SUPPORT,
	    has_item(c->support, c->supports, stable) ? TDX_HOLDS : TOKEN_SUPPORT);
	/* Google's service issues tokens for hosts that are out of date, too */
	note(ret, CS_STEP_TCB, !c->has_tcb_status || is_text(c->tcb_status, "UpToDate") ?
	    TDX_HOLDS : TOKEN_TCB_STATUS);
	note_asked(ret, CS_STEP_APP, expect->app_id != NULL, expect->app_id != NULL &&
	    c->has_app_id && memcmp(c->app_id, expect->app_id, sizeof c->app_id) == 0,
	    APP_MISMATCH);
	note_asked(ret, CS_STEP_IMAGE, expect->image_digest.len != 0,
	    bytes_equal(c->image_digest, expect->image_digest), IMAGE_MISMATCH);
}

static void
check_token(const struct cs_expect *expect, struct cs_result *ret)
{
	enum tdx_reason reason;

	/* the one algorithm is ours to choose: under another nothing is verified */
	note(ret, CS_STEP_ALGORITHM, ret->jws.is_rs256 ? TDX_HOLDS : TOKEN_ALGORITHM);
	ret->is_pki = ret->jws.certificates > 0;
	if (!ret->jws.is_rs256) {
		note_unchecked(ret, CS_STEP_KEY, TOKEN_ALGORITHM);
		note_unchecked(ret, CS_STEP_SIGNATURE, TOKEN_ALGORITHM);
	} else if (ret->is_pki)
		check_pki(expect, ret);
	else
		check_oidc(expect, ret);
	reason = read_claims(ret);
	note(ret, CS_STEP_CLAIMS, reason);
	for (unsigned i = CS_STEP_CLAIMS + 1; i < CS_STEPS_COUNT; i++)
		note_unchecked(ret, (enum cs_step)i, reason);
	if (reason == TDX_HOLDS)
		check_claims(expect, ret);
}

static int
is_optional(enum cs_step step)
{
	return step == CS_STEP_AUDIENCE || step == CS_STEP_NONCE || step == CS_STEP_APP ||
	    step == CS_STEP_IMAGE;
}

static int
is_good(const struct tdx_check *c, enum cs_step step)
{
	return c->outcome == TDX_PASSED ||
	    (is_optional(step) && c->outcome == TDX_NOT_CHECKED && c->reason == NOT_GIVEN);
}

/* The list has causes before what they leave unchecked. */
static void
conclude(struct cs_result *ret)
{
	for (unsigned i = 0; i < CS_STEPS_COUNT; i++) {
		if (is_good(&ret->check[i], (enum cs_step)i))
			continue;
		ret->reason = ret->check[i].reason;
		ret->step = (enum cs_step)i;
		return;
	}
	ret->reason = TDX_HOLDS;
}

void
cs_token_verify(struct bytes token, const struct cs_expect *expect, struct cs_result *ret)
{
	enum tdx_reason reason;
	int r;

	memset(ret, 0, sizeof *ret);
	ret->reason = TDX_NOT_EVALUATED;
	r = jws_parse(token, &ret->jws);
	reason = r == 0 ? TDX_HOLDS : r == ERR_MEM ? TDX_INTERNAL : TOKEN_PARSE;
	note(ret, CS_STEP_STRUCTURE, reason);
	for (unsigned i = CS_STEP_STRUCTURE + 1; i < CS_STEPS_COUNT; i++)
		note_unchecked(ret, (enum cs_step)i, reason);
	if (reason == TDX_HOLDS)
		check_token(expect, ret);
	conclude(ret);
}

int
cs_token_holds(const struct cs_result *result)
{
	for (unsigned i = 0; i < CS_STEPS_COUNT; i++)
		if (!is_good(&result->check[i], (enum cs_step)i))
			return 0;
	return result->reason == TDX_HOLDS && result->has_claims;
}

const struct step_list cs_token_steps = {
    .count = CS_STEPS_COUNT,
    .step = (const struct step_words[]){CS_TOKEN_STEPS(STEP_WORDS)},
};

const char *
cs_step_name(enum cs_step step)
{
	return step_list_name(&cs_token_steps, (unsigned)step);
}
