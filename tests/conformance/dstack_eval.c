/*
 * What src/evidence/ makes of dstack's evidence, as JSON on standard output, for
 * tests/conformance/dstack.py to compare with recorded values:
 *
 *   dstack_eval parts QUOTE LOG [VM_CONFIG [APP_COMPOSE]]     files; - for none
 *   dstack_eval response FILE [APP_COMPOSE]                   JSON of the agent
 *   dstack_eval blob FILE [APP_COMPOSE]                       VersionedAttestation
 *   dstack_eval chain v0|v1 ALGORITHM PURPOSE KEY APP_ID LINK0 LINK1
 *   dstack_eval signature ALGORITHM DATA KEY SIGNATURE
 *   dstack_eval event VERSION NAME PAYLOAD
 *   dstack_eval config-id COMPOSE_HASH APP_ID PROVIDER ID     all but v3
 *   dstack_eval document FILE                                 v3
 *   dstack_eval extend DIGEST...                              into RTMR3, from zero
 *   dstack_eval log FILE                                      an event log alone
 *   dstack_eval ccel FILE [TABLE]                             CCEL's log, and its ACPI table
 *   dstack_eval image HASH                                    what is known of an image
 *   dstack_eval ratls SPKI
 *   dstack_eval kms CA ROOT REPORT_DATA
 *
 * Everything that is not a file or a name is hex; a purpose too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/hex.h"
#include "evidence/ccel.h"
#include "evidence/dstack.h"
#include "evidence/dstack_blob.h"
#include "evidence/dstack_images.h"
#include "evidence/dstack_measurement.h"
#include "evidence/ratls.h"
#include "json/writer.h"
#include "tdx/intel_root.h"
#include "base/banned.h"

#define FILE_MAX (4U << 20)
#define ROOM 65536
#define FILES_MAX 4

static struct buffer out;
static struct json_writer w;

static NO_RETURN void
die(const char *what)
{
	(void)fprintf(stderr, "dstack_eval: %s\n", what);
	exit(2);
}

static struct bytes
load(const char *path)
{
	static uint8_t room[FILES_MAX][FILE_MAX];
	static unsigned used;
	FILE *f;
	size_t n;

	if (strcmp(path, "-") == 0)
		return (struct bytes){NULL, 0};
	if (used == FILES_MAX || (f = fopen(path, "rb")) == NULL)
		die(path);
	n = fread(room[used], 1, FILE_MAX, f);
	(void)fclose(f);
	if (n == FILE_MAX)
		die("too long a file");
	return (struct bytes){room[used++], n};
}

static struct bytes
unhex(const char *hex)
{
	static uint8_t room[ROOM];
	static size_t used;
	size_t n = strlen(hex) / 2;
	struct bytes b = {room + used, n};

	if (n > sizeof room - used || hex_decode(hex, strlen(hex), room + used, n) != 0)
		die("no hex");
	used += n;
	return b;
}

static const uint8_t *
unhex_exactly(const char *hex, size_t n)
{
	struct bytes b = unhex(hex);

	if (b.len != n)
		die("hex of another length");
	return b.p;
}

/* Bare lower-case digits, as recorded values have them. */
static void
put_hex(const char *name, const uint8_t *p, size_t len)
{
	static char hex[2 * DSTACK_PAYLOAD_MAX + 1];

	hex_encode(p, len, hex);
	json_text(&w, name, hex);
}

static void
put_reason(const char *name, enum tdx_reason reason)
{
	json_text(&w, name, reason == TDX_HOLDS ? NULL : reason_code(reason));
}

static const char *
outcome_text(enum tdx_outcome outcome)
{
	switch (outcome) {
	case TDX_NOT_CHECKED:
		return "not checked";
	case TDX_PASSED:
		return "passed";
	case TDX_FAILED:
		return "failed";
	}
	return "?";
}

/* --- evidence --------------------------------------------------------------------- */

static void
put_quote(const struct tdx_result *r, size_t len)
{
	static const struct {
		const char *name;
		const char *field;
	} fields[] = {
	    {"td_attributes", "tdattributes"},
	    {"mrtd", "mrtd"},
	    {"rtmr0", "rtmr0"},
	    {"rtmr1", "rtmr1"},
	    {"rtmr2", "rtmr2"},
	    {"rtmr3", "rtmr3"},
	    {"mr_config_id", "mrconfigid"},
	    {"report_data", "reportData"},
	    {"tee_tcb_svn", "teeTcbSvn"},
	};
	struct bytes b;

	json_u64(&w, "quote_len", len);
	json_u64(&w, "version", r->quote.version);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (quote_field(&r->quote, fields[i].field, strlen(fields[i].field), &b) != 0)
			die(fields[i].field);
		put_hex(fields[i].name, b.p, b.len);
	}
	json_bool_value(&w, "pck_chain_to_intel_root",
			r->check[TDX_STEP_PCK_CHAIN].outcome == TDX_PASSED &&
			    r->check[TDX_STEP_ROOT].outcome == TDX_PASSED);
	json_bool_value(&w, "quote_signature", r->check[TDX_STEP_SIGNATURE].outcome == TDX_PASSED);
	if (!r->has_platform)
		return;
	put_hex("ppid", r->platform.ppid, sizeof r->platform.ppid);
	put_hex("fmspc", r->platform.fmspc, sizeof r->platform.fmspc);
	put_hex("pceid", r->platform.pceid, sizeof r->platform.pceid);
}

static void
put_events(const struct dstack_log *events)
{
	json_array_begin(&w, "rtmr3_events");
	for (size_t i = 0; i < events->count; i++) {
		const struct dstack_event *e = &events->event[i];

		if (e->imr != DSTACK_IMR)
			continue;
		json_object_begin(&w, NULL);
		json_textn(&w, "event", (const char *)e->name.p, e->name.len);
		put_hex("payload", e->payload.p, e->payload.len);
		put_hex("digest", e->digest, sizeof e->digest);
		json_object_end(&w);
	}
	json_array_end(&w);
}

static void
put_measurements(const struct dstack_result *r)
{
	json_array_begin(&w, "registers");
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		json_text(&w, NULL,
			  r->registers[i] == REGISTER_MATCHES	? "matches"
			  : r->registers[i] == REGISTER_DIFFERS ? "differs"
								: "not in log");
	json_array_end(&w);
	put_hex("mr_aggregated", r->mr_aggregated, 32);
	put_hex("mr_system", r->mr_system, 32);
	put_hex("device_id_le_0_5_5_sha256_header_user_data", r->device_of_header, 32);
	if (r->has_device_of_ppid)
		put_hex("device_id_ge_0_5_6_sha256_ppid", r->device_of_ppid, 32);
}

static void
put_facts(const struct dstack_result *r)
{
	const struct dstack_facts *f = &r->facts;

	if (!r->has_facts)
		return;
	put_hex("app_id", f->app_id, sizeof f->app_id);
	put_hex("compose_hash", f->compose_hash, sizeof f->compose_hash);
	if (f->has_instance_id)
		put_hex("instance_id", f->instance_id, sizeof f->instance_id);
	if (f->has_os_image)
		put_hex("os_image_hash", f->os_image, sizeof f->os_image);
	if (f->has_mr_kms)
		put_hex("mr_kms", f->mr_kms, sizeof f->mr_kms);
	json_text(&w, "key_provider", dstack_provider_name(f->provider));
	put_hex("key_provider_id", f->provider_id, f->provider_id_len);
}

static void
put_steps(const struct dstack_result *r)
{
	json_object_begin(&w, "steps");
	for (unsigned i = 0; i < DSTACK_STEPS_COUNT; i++) {
		json_object_begin(&w, dstack_step_name((enum dstack_step)i));
		json_text(&w, "outcome", outcome_text(r->check[i].outcome));
		put_reason("reason", r->check[i].reason);
		json_object_end(&w);
	}
	json_object_end(&w);
}

static void
put_evidence(const struct dstack_evidence *e, struct bytes app_compose)
{
	static struct tdx_result quote;
	static struct dstack_result result;
	struct dstack_question question = {.quote = &quote, .app_compose = app_compose};
	uint8_t hash[32];

	tdx_verify((struct bytes){e->quote, e->quote_len}, NULL, intel_root_der(), 0, &quote);
	dstack_judge(e, &question, &result);
	if (quote.has_quote)
		put_quote(&quote, e->quote_len);
	if (result.has_measurements)
		put_measurements(&result);
	put_events(&e->log);
	put_facts(&result);
	if (app_compose.len > 0 && dstack_compose_hash(app_compose, hash) == 0)
		put_hex("app_compose_sha256", hash, sizeof hash);
	put_steps(&result);
}

static void
eval_evidence(const char *op, int argc, char **argv)
{
	static struct dstack_evidence e;
	struct json_error error;
	struct bytes compose = {NULL, 0};
	enum tdx_reason reason;

	if (strcmp(op, "parts") == 0) {
		reason = dstack_evidence_read_parts(
		    load(argv[0]), load(argv[1]),
		    argc > 2 ? load(argv[2]) : (struct bytes){NULL, 0}, &e, &error);
		if (argc > 3)
			compose = load(argv[3]);
	} else {
		reason = strcmp(op, "blob") == 0
			     ? dstack_blob_read(load(argv[0]), &e, &error)
			     : dstack_evidence_read_response(load(argv[0]), &e, &error);
		if (argc > 1)
			compose = load(argv[1]);
	}
	put_reason("refused", reason);
	if (reason == TDX_HOLDS) {
		put_evidence(&e, compose);
		return;
	}
	json_text(&w, "field", error.field);
	json_text(&w, "text", error.text);
}

/* --- logs ------------------------------------------------------------------------- */

/* The registers that were extended. */
static void
put_bank(const struct rtmr_bank *bank)
{
	static const char *const names[RTMR_COUNT] = {"0", "1", "2", "3"};

	json_object_begin(&w, "rtmr");
	for (unsigned i = 0; i < RTMR_COUNT; i++)
		if (bank->extended[i] > 0)
			put_hex(names[i], bank->value[i], RTMR_LEN);
	json_object_end(&w);
}

static void
eval_log(struct bytes text)
{
	static struct dstack_log events;
	struct json_error error;
	struct rtmr_bank bank;
	enum tdx_reason reason = dstack_log_read(text, &events, &error);

	put_reason("refused", reason);
	if (reason == TDX_HOLDS && dstack_log_replay(&events, &bank) == 0)
		put_bank(&bank);
}

static void
eval_extend(int argc, char **argv)
{
	struct rtmr_bank bank;

	rtmr_reset(&bank);
	for (int i = 0; i < argc; i++)
		if (rtmr_extend(&bank, DSTACK_IMR, unhex_exactly(argv[i], 48)) != 0)
			die("SHA-384");
	put_bank(&bank);
}

static void
eval_ccel(struct bytes text, struct bytes table)
{
	struct ccel_table t;
	struct rtmr_bank bank;
	size_t events;
	int r = ccel_replay(text, &bank, &events);

	if (table.len > 0 && ccel_table_parse(table, &t) == 0)
		json_u64(&w, "area_len", t.area_len);
	json_text(&w, "refused", r == 0 ? NULL : err_name(r));
	if (r != 0)
		return;
	json_u64(&w, "events", events);
	put_bank(&bank);
}

static void
eval_image(const uint8_t *hash32)
{
	const struct dstack_image *image = dstack_image_find(hash32);

	json_text(&w, "name", image == NULL ? NULL : image->name);
	json_bool_value(&w, "dev", image != NULL && image->is_dev);
}

/* --- single formulas -------------------------------------------------------------- */

static enum dstack_algorithm
algorithm_of(const char *name)
{
	if (strcmp(name, "ed25519") == 0)
		return DSTACK_ED25519;
	if (strcmp(name, "secp256k1_prehashed") == 0)
		return DSTACK_SECP256K1_PREHASHED;
	return DSTACK_SECP256K1;
}

static void
eval_chain(char **argv)
{
	struct dstack_claim claim = {strcmp(argv[0], "v1") == 0 ? DSTACK_SCHEME_V1
								: DSTACK_SCHEME_V0,
				     algorithm_of(argv[1]), unhex(argv[2]), unhex(argv[3])};
	const uint8_t *app_id = unhex_exactly(argv[4], 20);
	struct dstack_chain chain;
	struct dstack_roots roots;
	enum tdx_reason reason;

	memcpy(chain.link[0], unhex_exactly(argv[5], DSTACK_LINK_LEN), DSTACK_LINK_LEN);
	memcpy(chain.link[1], unhex_exactly(argv[6], DSTACK_LINK_LEN), DSTACK_LINK_LEN);
	reason = dstack_chain_recover(&claim, app_id, &chain, &roots);
	put_reason("refused", reason);
	if (reason != TDX_HOLDS)
		return;
	put_hex("app_root_pubkey", roots.app_root, 33);
	put_hex("kms_root_pubkey", roots.kms_root, 33);
}

static void
eval_event(char **argv)
{
	const struct bytes name = {(const uint8_t *)argv[1], strlen(argv[1])};
	uint8_t digest[48];

	if (dstack_event_digest(strcmp(argv[0], "2") == 0 ? 2 : 1, name, unhex(argv[2]), digest) !=
	    0)
		die("event");
	put_hex("digest", digest, sizeof digest);
}

static void
eval_config_id(char **argv)
{
	static struct dstack_facts facts;
	struct bytes id = unhex(argv[3]);
	uint8_t config_id[48];

	memcpy(facts.compose_hash, unhex_exactly(argv[0], 32), 32);
	memcpy(facts.app_id, unhex_exactly(argv[1], 20), 20);
	for (unsigned i = DSTACK_PROVIDER_NONE; i <= DSTACK_PROVIDER_TPM; i++)
		if (strcmp(argv[2], dstack_provider_name((enum dstack_provider)i)) == 0)
			facts.provider = (enum dstack_provider)i;
	if (id.len > sizeof facts.provider_id)
		die("id");
	memcpy(facts.provider_id, id.p, id.len);
	facts.provider_id_len = id.len;
	dstack_config_id_v1(facts.compose_hash, config_id);
	put_hex("v1", config_id, sizeof config_id);
	dstack_config_id_v2(&facts, config_id);
	put_hex("v2", config_id, sizeof config_id);
}

static void
eval_formula(const char *op, int argc, char **argv)
{
	uint8_t long_hash[64];

	if (strcmp(op, "chain") == 0 && argc == 7) {
		eval_chain(argv);
	} else if (strcmp(op, "signature") == 0 && argc == 4) {
		put_reason("refused",
			   dstack_signature_verify(algorithm_of(argv[0]), unhex(argv[2]),
						   unhex(argv[1]), unhex_exactly(argv[3], 64)));
	} else if (strcmp(op, "event") == 0 && argc == 3) {
		eval_event(argv);
	} else if (strcmp(op, "config-id") == 0 && argc == 4) {
		eval_config_id(argv);
	} else if (strcmp(op, "document") == 0 && argc == 1) {
		if (dstack_config_id_v3(load(argv[0]), long_hash) != 0)
			die("SHA-256");
		put_hex("v3", long_hash, 48);
	} else if (strcmp(op, "extend") == 0) {
		eval_extend(argc, argv);
	} else if (strcmp(op, "log") == 0 && argc == 1) {
		eval_log(load(argv[0]));
	} else if (strcmp(op, "ccel") == 0) {
		eval_ccel(load(argv[0]), argc > 1 ? load(argv[1]) : (struct bytes){NULL, 0});
	} else if (strcmp(op, "image") == 0 && argc == 1) {
		eval_image(unhex_exactly(argv[0], 32));
	} else if (strcmp(op, "ratls") == 0 && argc == 1) {
		if (ratls_report_data(unhex(argv[0]), long_hash) != 0)
			die("SHA-512");
		put_hex("report_data", long_hash, 64);
	} else if (strcmp(op, "kms") == 0 && argc == 3) {
		put_reason("refused",
			   dstack_root_is_bound(unhex_exactly(argv[2], 64), unhex(argv[0]),
						unhex_exactly(argv[1], 33)));
	} else {
		die("see the comment in its source");
	}
}

int
main(int argc, char **argv)
{
	out = buffer_of(FILE_MAX);
	w = json_writer_of(&out);
	if (argc < 3)
		die("see the comment in its source");
	json_object_begin(&w, NULL);
	if ((strcmp(argv[1], "parts") == 0 && argc >= 4) || strcmp(argv[1], "response") == 0 ||
	    strcmp(argv[1], "blob") == 0)
		eval_evidence(argv[1], argc - 2, argv + 2);
	else
		eval_formula(argv[1], argc - 2, argv + 2);
	json_object_end(&w);
	if (out.err != 0)
		die("too much to say");
	(void)fwrite(out.p, 1, out.len, stdout);
	(void)putchar('\n');
	buffer_free(&out);
	return 0;
}
