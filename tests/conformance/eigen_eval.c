/*
 * What the library says of EigenCompute's evidence, as one JSON line, for eigen.py:
 *
 *   eigen_eval bound CHALLENGE EXTRA AT       standard input: the protobuf message
 *   eigen_eval token AT AUDIENCE NONCE        standard input: the token
 *   eigen_eval tpm-nonce TAG CHALLENGE EXTRA
 *   eigen_eval tee-nonce CHALLENGE AK EXTRA
 *   eigen_eval digest DOMAIN TEXT
 *
 * Bytes are hex; "" is empty. There is no collateral here: of a TDX quote everything else is
 * judged, and "accept" means no more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "base/parse.h"
#include "evidence/bound_evidence.h"
#include "evidence/bound_nonce.h"
#include "evidence/challenge.h"
#include "evidence/cs_token.h"
#include "evidence/google_roots.h"
#include "json/writer.h"
#include "tdx/digest.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

#define INPUT_MAX 262144
#define OUTPUT_MAX 1048576
#define BYTES_MAX 1024

static uint8_t input[INPUT_MAX + 1];
static struct bound_result bound;
static struct cs_result token;

static void
fail(const char *what)
{
	fprintf(stderr, "eigen_eval: %s\n", what);
	exit(2);
}

static struct bytes
text_of(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct bytes
hex_of(const char *text, uint8_t memory[BYTES_MAX])
{
	const size_t n = strlen(text) / 2;

	if (n > BYTES_MAX || hex_decode(text, strlen(text), memory, n) != 0)
		fail("not hex");
	return (struct bytes){memory, n};
}

static int64_t
time_of(const char *text)
{
	uint64_t v;

	if (parse_u64(text, strlen(text), 0, UINT32_MAX, &v) != 0)
		fail("not a time");
	return (int64_t)v;
}

static struct bytes
read_input(void)
{
	const size_t n = fread(input, 1, sizeof input, stdin);

	if (n > INPUT_MAX)
		fail("too long");
	return (struct bytes){input, n};
}

static void
write_hex_text(struct json_writer *w, const char *name, struct bytes run)
{
	char text[2 * BYTES_MAX + 1];

	if (run.len > BYTES_MAX)
		fail("too long for hex");
	hex_encode(run.p, run.len, text);
	json_text(w, name, text);
}

static void
write_text_run(struct json_writer *w, const char *name, struct bytes run)
{
	json_textn(w, name, (const char *)run.p, run.len);
}

static void
write_verdict(struct json_writer *w, int accept, enum tdx_reason reason, const char *step)
{
	json_text(w, "verdict", accept ? "accept" : "refuse");
	json_text(w, "reason", accept ? NULL : reason_class(reason));
	json_text(w, "code", accept ? NULL : reason_code(reason));
	json_text(w, "step", accept ? NULL : step);
}

static const char *
outcome_word(enum tdx_outcome outcome)
{
	return outcome == TDX_PASSED ? "passed" : outcome == TDX_FAILED ? "failed" : "not-checked";
}

static void
write_list(struct json_writer *w, const char *name, const struct cel_list *list)
{
	json_array_begin(w, name);
	for (size_t i = 0; i < list->count; i++)
		write_text_run(w, NULL, list->item[i]);
	json_array_end(w);
}

static void
write_container(struct json_writer *w, const struct cel *c)
{
	json_object_begin(w, "container");
	write_text_run(w, "image_reference", c->image_reference);
	write_text_run(w, "image_digest", c->image_digest);
	write_text_run(w, "image_id", c->image_id);
	write_text_run(w, "restart_policy", c->restart_policy);
	write_list(w, "args", &c->args);
	write_list(w, "env", &c->env);
	json_object_end(w);
}

static void
write_field(struct json_writer *w, const char *name, const char *field)
{
	struct bytes run;

	if (quote_field(&bound.tdx.quote, field, strlen(field), &run) != 0)
		fail("a field is missing");
	write_hex_text(w, name, run);
}

static void
write_quote(struct json_writer *w)
{
	static const char *const rtmrs[] = {"rtmr0", "rtmr1", "rtmr2", "rtmr3"};
	const struct bytes raw = {bound.quote, bound.quote_len};
	uint8_t hash[32];

	write_field(w, "mrtd", "mrtd");
	write_field(w, "td_attributes", "tdattributes");
	write_field(w, "tee_tcb_svn", "teeTcbSvn");
	json_array_begin(w, "rtmrs");
	for (size_t i = 0; i < ARRAY_LEN(rtmrs); i++)
		write_field(w, NULL, rtmrs[i]);
	json_array_end(w);
	if (digest_sha256(&raw, 1, hash) != 0)
		fail("no hash");
	write_hex_text(w, "quote_sha256", (struct bytes){hash, 32});
}

static void
write_bound(struct json_writer *w)
{
	const struct bytes spki = {bound.ak_spki, bound.ak_spki_len};
	uint8_t hash[32];

	json_object_begin(w, "steps");
	for (unsigned i = 0; i < BOUND_STEPS_COUNT; i++)
		json_text(w, bound_step_name((enum bound_step)i),
		    outcome_word(bound.check[i].outcome));
	json_object_end(w);
	if (!bound.has_message)
		return;
	if (digest_sha256(&spki, 1, hash) != 0)
		fail("no hash");
	json_text(w, "platform", bound_platform_name(bound.platform));
	write_hex_text(w, "tpm_nonce", (struct bytes){bound.tpm_nonce, 32});
	write_hex_text(w, "bound_nonce", (struct bytes){bound.bound_nonce, 64});
	write_hex_text(w, "ak_spki_der_sha256", (struct bytes){hash, 32});
	if (bound.has_instance)
		write_text_run(w, "instance", bound.instance.name);
	if (bound.has_log)
		write_container(w, &bound.log);
	if (bound.platform == BOUND_TDX && bound.tdx.has_quote)
		write_quote(w);
}

static void
eval_bound(char **argv, struct json_writer *w)
{
	uint8_t challenge[BYTES_MAX], extra[BYTES_MAX];
	const struct bound_expect expect = {
	    .challenge = hex_of(argv[0], challenge),
	    .extra_data = hex_of(argv[1], extra),
	    .ak_roots = google_ak_roots(),
	    .tdx_root = intel_root_der(),
	    .at = time_of(argv[2]),
	};

	bound_evidence_verify(read_input(), &expect, &bound);
	write_verdict(
	    w, bound_evidence_is_signed(&bound), bound.reason, bound_step_name(bound.step));
	write_bound(w);
}

static void
eval_token(char **argv, struct json_writer *w)
{
	const struct cs_claims *c = &token.claims;
	const struct cs_expect expect = {
	    .roots = google_confidential_space_roots(),
	    .at = time_of(argv[0]),
	    .audience = text_of(argv[1]),
	    .nonce = text_of(argv[2]),
	};

	cs_token_verify(read_input(), &expect, &token);
	write_verdict(w, cs_token_holds(&token), token.reason, cs_step_name(token.step));
	json_object_begin(w, "steps");
	for (unsigned i = 0; i < CS_STEPS_COUNT; i++)
		json_text(w, cs_step_name((enum cs_step)i), outcome_word(token.check[i].outcome));
	json_object_end(w);
	if (!token.has_claims)
		return;
	write_text_run(w, "image_digest", c->image_digest);
	write_text_run(w, "hwmodel", c->hardware);
	write_text_run(w, "swversion", c->software_version);
	write_text_run(w, "tcb_status", c->tcb_status);
	write_list(w, "args", &c->args);
	write_list(w, "env", &c->env);
}

static void
eval_tpm_nonce(char **argv, struct json_writer *w)
{
	uint8_t challenge[BYTES_MAX], extra[BYTES_MAX], nonce[32];

	if (bound_nonce_tpm(
		argv[0], hex_of(argv[1], challenge), hex_of(argv[2], extra), nonce) != 0)
		fail("no hash");
	write_hex_text(w, "nonce", (struct bytes){nonce, sizeof nonce});
}

static void
eval_tee_nonce(char **argv, struct json_writer *w)
{
	uint8_t challenge[BYTES_MAX], ak[BYTES_MAX], extra[BYTES_MAX], nonce[64];

	if (bound_nonce_tee(hex_of(argv[0], challenge), hex_of(argv[1], ak), hex_of(argv[2], extra),
		nonce) != 0)
		fail("no hash");
	write_hex_text(w, "nonce", (struct bytes){nonce, sizeof nonce});
}

static void
eval_digest(char **argv, struct json_writer *w)
{
	uint8_t digest[32];

	if (evidence_domain_digest(argv[0], text_of(argv[1]), digest) != 0)
		fail("no hash");
	write_hex_text(w, "digest", (struct bytes){digest, sizeof digest});
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int arguments;
		void (*run)(char **, struct json_writer *);
	} verbs[] = {
	    {"bound", 3, eval_bound},
	    {"token", 3, eval_token},
	    {"tpm-nonce", 3, eval_tpm_nonce},
	    {"tee-nonce", 3, eval_tee_nonce},
	    {"digest", 2, eval_digest},
	};
	struct buffer out = buffer_of(OUTPUT_MAX);
	struct json_writer w = json_writer_of(&out);

	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		if (argc != verbs[i].arguments + 2 || strcmp(argv[1], verbs[i].name) != 0)
			continue;
		json_object_begin(&w, NULL);
		verbs[i].run(argv + 2, &w);
		json_object_end(&w);
		if (out.err != 0)
			fail("no room");
		printf("%.*s\n", (int)out.len, (const char *)out.p);
		buffer_free(&out);
		return 0;
	}
	fail("usage: see the head of eigen_eval.c");
}
