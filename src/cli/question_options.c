#include "cli/question_options.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/input.h"
#include "cli/pem_file.h"
#include "cli/policy_file.h"
#include "cli/quote_in.h"
#include "evidence/dstack_compose.h"
#include "base/banned.h"

/* --- values ---------------------------------------------------------------------------------- */

/* Hex of min to max bytes, with or without "0x". Returns: 0 or ERR_PARSE */
static int
take_hex(const char *text, size_t min, size_t max, uint8_t *ret, size_t *ret_len)
{
	const char *hex = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
	size_t len = strlen(hex) / 2;

	if (len < min || len > max || hex_decode(hex, strlen(hex), ret, len) != 0)
		return ERR_PARSE;
	*ret_len = len;
	return 0;
}

static int
take_exact(const struct question_options *o, const char *option, const char *text, uint8_t *ret,
	   size_t n)
{
	size_t len;

	if (take_hex(text, n, n, ret, &len) != 0)
		return cli_usage(o->self, "%s takes %zu bytes in hex", option, n);
	return CLI_YES;
}

static int
take_hash(const struct question_options *o, const char *option, const char *text,
	  struct dstack_list *list)
{
	int status;

	if (list->count == DSTACK_LIST_MAX)
		return cli_usage(o->self, "at most %d of %s", DSTACK_LIST_MAX, option);
	status = take_exact(o, option, text, list->hash[list->count], 32);
	if (status == CLI_YES) {
		list->given = 1;
		list->count++;
	}
	return status;
}

int
question_file(const struct question_options *o, const char *option, const char *path,
	      struct buffer *ret)
{
	int r;

	buffer_free(ret);
	if ((r = input_read(path, ret)) == 0)
		return CLI_YES;
	buffer_free(ret);
	return cli_usage(o->self, "%s %s: %s", option, path, input_problem(r));
}

static struct bytes
run(const struct buffer *b)
{
	return (struct bytes){b->p, b->len};
}

/* --- one function an option ---------------------------------------------------------------- */

static int
on_nonce(struct question_options *o, const char *text)
{
	if (take_hex(text, NONCE_MIN, NONCE_MAX, o->nonce, &o->nonce_len) != 0)
		return cli_usage(o->self, "--nonce takes 16 to 64 bytes in hex");
	return CLI_YES;
}

static int
on_expect(struct question_options *o, const char *text)
{
	struct question *q = &o->question;
	int r;

	if (q->expectation_count == EXPECTATIONS_MAX)
		return cli_usage(o->self, "at most %d --expect", EXPECTATIONS_MAX);
	r = expectation_parse(text, &q->expectation[q->expectation_count]);
	if (r == ERR_PARSE)
		return cli_usage(o->self, "--expect takes FIELD=VALUE");
	if (r != 0)
		return cli_usage(o->self,
				 "--expect %.*s: neither the statement, a TD report nor the "
				 "evidence has such a field (docs/verify.md lists them)",
				 (int)strcspn(text, "="), text);
	q->expectation_count++;
	return CLI_YES;
}

static int
on_receipt(struct question_options *o, const char *path)
{
	struct question *q = &o->question;
	struct buffer *b = &o->receipt[q->receipt_count];
	int status;

	if (q->receipt_count == RECEIPTS_MAX)
		return cli_usage(o->self, "at most %d --receipt", RECEIPTS_MAX);
	if ((status = question_file(o, "--receipt", path, b)) != CLI_YES)
		return status;
	q->receipt[q->receipt_count++] = run(b);
	return CLI_YES;
}

static int
on_at(struct question_options *o, const char *text)
{
	if (option_time(text, &o->question.at) != 0)
		return cli_usage(o->self, "--at takes seconds since 1970, or a time such as "
					  "2026-05-28T20:26:40Z");
	o->at_given = 1;
	return CLI_YES;
}

static int
on_policy(struct question_options *o, const char *path)
{
	struct policy_problem problem;
	int status;

	if ((status = question_file(o, "--policy", path, &o->policy)) != CLI_YES)
		return status;
	if (policy_file_read(&o->policy, &o->policy_memory, &o->question, &problem) == 0)
		return CLI_YES;
	return cli_usage(o->self, "--policy %s: %s%s%s (docs/verify.md has the form)", path,
			 problem.field, problem.field[0] != '\0' ? ": " : "", problem.text);
}

static int
on_collateral(struct question_options *o, const char *path)
{
	o->source.source.file = path;
	return CLI_YES;
}

static int
set_mode(struct question_options *o, enum collateral_mode mode)
{
	if (o->mode_given && o->source.source.mode != mode)
		return cli_usage(o->self, "--fetch and --offline exclude each other");
	o->source.source.mode = mode;
	o->mode_given = 1;
	return CLI_YES;
}

static int
on_fetch(struct question_options *o, const char *none)
{
	(void)none;
	return set_mode(o, COLLATERAL_FETCH);
}

static int
on_offline(struct question_options *o, const char *none)
{
	(void)none;
	return set_mode(o, COLLATERAL_OFFLINE);
}

static int
on_image(struct question_options *o, const char *text)
{
	uint8_t hash[32];
	size_t len;

	if (strncmp(text, "sha256:", 7) != 0 || take_hex(text + 7, 32, 32, hash, &len) != 0)
		return cli_usage(o->self, "--image takes sha256: and 64 lower-case digits: the "
					  "digest of the image, not its tag");
	o->question.image = (struct bytes){(const uint8_t *)text, strlen(text)};
	return CLI_YES;
}

/* The file names the application that is meant, and is looked through besides. */
static int
on_compose(struct question_options *o, const char *path)
{
	struct dstack_list *list = &o->question.dstack.compose_hashes;
	int status;

	if ((status = question_file(o, "--compose", path, &o->compose)) != CLI_YES)
		return status;
	if (list->count == DSTACK_LIST_MAX)
		return cli_usage(o->self, "at most %d applications", DSTACK_LIST_MAX);
	if (dstack_compose_hash(run(&o->compose), list->hash[list->count]) != 0)
		return cli_failed(o->self, "%s", err_text(ERR_CRYPTO));
	list->given = 1;
	list->count++;
	o->question.compose = run(&o->compose);
	return CLI_YES;
}

static int
on_compose_hash(struct question_options *o, const char *text)
{
	return take_hash(o, "--compose-hash", text, &o->question.dstack.compose_hashes);
}

static int
on_os_image(struct question_options *o, const char *text)
{
	return take_hash(o, "--os-image", text, &o->question.dstack.os_images);
}

static int
on_mr_kms(struct question_options *o, const char *text)
{
	return take_hash(o, "--mr-kms", text, &o->question.dstack.mr_kms);
}

static int
on_device(struct question_options *o, const char *text)
{
	return take_hash(o, "--device", text, &o->question.dstack.devices);
}

/* Of EigenCompute and of dstack: both are 20 bytes. */
static int
on_app_id(struct question_options *o, const char *text)
{
	struct question *q = &o->question;

	q->has_app_id = q->dstack.has_app_id = 1;
	if (take_exact(o, "--app-id", text, q->app_id, sizeof q->app_id) != CLI_YES)
		return CLI_USAGE;
	memcpy(q->dstack.app_id, q->app_id, sizeof q->dstack.app_id);
	return CLI_YES;
}

static int
on_kms_root(struct question_options *o, const char *text)
{
	struct dstack_policy *p = &o->question.dstack;

	p->has_kms_root = 1;
	return take_exact(o, "--kms-root", text, p->kms_root, sizeof p->kms_root);
}

static int
on_kms_ca(struct question_options *o, const char *path)
{
	struct dstack_policy *p = &o->question.dstack;
	struct buffer file = buffer_of(0);
	int status, r;

	if ((status = question_file(o, "--kms-ca", path, &file)) != CLI_YES)
		return status;
	r = pem_file_public_key(&file, p->kms_ca, sizeof p->kms_ca, &p->kms_ca_len);
	buffer_free(&file);
	if (r == 0)
		return CLI_YES;
	return cli_usage(o->self, "--kms-ca %s: it takes a certificate or public key in PEM", path);
}

/* From evidence of the KMS, in whatever form it is. */
static int
on_kms_quote(struct question_options *o, const char *path)
{
	struct buffer file = buffer_of(0), room;
	struct bytes bytes;
	enum kind kind;
	int status, r;

	if ((status = question_file(o, "--kms-quote", path, &file)) != CLI_YES)
		return status;
	kind = kind_detect(run(&file), &room, &bytes);
	buffer_free(&o->kms_quote);
	r = quote_in(kind, bytes, &o->kms_quote);
	buffer_free(&room);
	buffer_free(&file);
	if (r != 0)
		return cli_usage(o->self, "--kms-quote %s: it is %s, and holds no TDX quote", path,
				 kind_words(kind));
	o->question.kms_quote = run(&o->kms_quote);
	return CLI_YES;
}

static int
on_challenge(struct question_options *o, const char *text)
{
	struct bytes *b = &o->question.challenge;

	b->p = o->challenge;
	if (take_hex(text, 1, CHALLENGE_MAX, o->challenge, &b->len) != 0)
		return cli_usage(o->self, "--challenge takes up to %d bytes in hex", CHALLENGE_MAX);
	return CLI_YES;
}

static int
on_extra_data(struct question_options *o, const char *text)
{
	struct bytes *b = &o->question.extra_data;

	b->p = o->extra_data;
	if (take_hex(text, 1, CHALLENGE_MAX, o->extra_data, &b->len) != 0)
		return cli_usage(o->self, "--extra-data takes up to %d bytes in hex",
				 CHALLENGE_MAX);
	return CLI_YES;
}

/* Nothing is what a variable holds that nobody has set, and would be asked as nothing. */
static int
take_text(struct question_options *o, const char *option, const char *text, struct bytes *ret)
{
	*ret = (struct bytes){(const uint8_t *)text, strlen(text)};
	return ret->len > 0 ? CLI_YES : cli_usage(o->self, "%s takes a text, not nothing", option);
}

static int
on_audience(struct question_options *o, const char *text)
{
	return take_text(o, "--audience", text, &o->question.audience);
}

static int
on_token_nonce(struct question_options *o, const char *text)
{
	return take_text(o, "--token-nonce", text, &o->question.nonce_text);
}

static int
on_jwks(struct question_options *o, const char *path)
{
	int status = question_file(o, "--jwks", path, &o->jwks);

	o->question.jwks = run(&o->jwks);
	return status;
}

static int
on_google_root(struct question_options *o, const char *path)
{
	struct bytes *root = &o->question.google_root;
	struct buffer file = buffer_of(0);
	int status, r;

	if ((status = question_file(o, "--google-root", path, &file)) != CLI_YES)
		return status;
	root->p = o->google_root;
	r = pem_file_certificate(&file, o->google_root, sizeof o->google_root, &root->len);
	buffer_free(&file);
	if (r == 0)
		return CLI_YES;
	return cli_usage(o->self, "--google-root %s: it takes a certificate in PEM", path);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int argument;
	int (*take)(struct question_options *o, const char *value);
} rows[] = {
    {"nonce", required_argument, on_nonce},
    {"expect", required_argument, on_expect},
    {"receipt", required_argument, on_receipt},
    {"at", required_argument, on_at},
    {"policy", required_argument, on_policy},
    {"collateral", required_argument, on_collateral},
    {"fetch", no_argument, on_fetch},
    {"offline", no_argument, on_offline},
    {"image", required_argument, on_image},
    {"compose", required_argument, on_compose},
    {"compose-hash", required_argument, on_compose_hash},
    {"os-image", required_argument, on_os_image},
    {"mr-kms", required_argument, on_mr_kms},
    {"device", required_argument, on_device},
    {"app-id", required_argument, on_app_id},
    {"kms-root", required_argument, on_kms_root},
    {"kms-ca", required_argument, on_kms_ca},
    {"kms-quote", required_argument, on_kms_quote},
    {"challenge", required_argument, on_challenge},
    {"extra-data", required_argument, on_extra_data},
    {"audience", required_argument, on_audience},
    {"token-nonce", required_argument, on_token_nonce},
    {"jwks", required_argument, on_jwks},
    {"google-root", required_argument, on_google_root},
};

#define FIRST_ROW 4096 /* beyond characters and the options of options.h */

void
question_options_rows(const struct option *own, size_t own_count,
		      struct option ret[QUESTION_OPTIONS_COUNT])
{
	static const struct option sources[] = {SOURCE_OPTIONS};
	size_t n = 0;

	_Static_assert(ARRAY_LEN(rows) + ARRAY_LEN(sources) + 8 < QUESTION_OPTIONS_COUNT,
		       "eight are the callers'");
	memset(ret, 0, QUESTION_OPTIONS_COUNT * sizeof *ret);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		ret[n++] =
		    (struct option){rows[i].name, rows[i].argument, NULL, FIRST_ROW + (int)i};
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		ret[n++] = sources[i];
	for (size_t i = 0; i < own_count && n + 1 < QUESTION_OPTIONS_COUNT; i++)
		ret[n++] = own[i];
}

int
question_option(struct question_options *o, int option, const char *value)
{
	size_t i = (size_t)(option - FIRST_ROW);

	if (option >= FIRST_ROW && i < ARRAY_LEN(rows))
		return rows[i].take(o, value);
	if (option == OPTION_PCCS)
		o->service_given = 1;
	return source_option(o->self, &o->source, option, value);
}

int
question_options_begin(const struct command *self, struct question_options *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->self = self;
	ret->question.at = (int64_t)time(NULL);
	ret->question.policy = tdx_policy_default();
	return source_options_begin(self, &ret->source);
}

void
question_options_end(struct question_options *o)
{
	for (size_t i = 0; i < RECEIPTS_MAX; i++)
		buffer_free(&o->receipt[i]);
	buffer_free(&o->compose);
	buffer_free(&o->kms_quote);
	buffer_free(&o->policy);
	buffer_free(&o->jwks);
	free(o->policy_memory);
	bundle_free(&o->bundle);
	bundle_free(&o->kms_bundle);
}

/* --- collateral ---------------------------------------------------------------------------- */

static void
no_collateral(struct question_options *o, const char *why)
{
	(void)!snprintf(o->no_collateral, sizeof o->no_collateral, "%s", why);
	o->question.no_collateral = o->no_collateral;
}

/* What a simulated TEE is worth is known without collateral; Intel has none for it. */
static int
is_needed(const struct question_options *o)
{
	return !o->question.simulated_root || o->source.source.file != NULL ||
	       o->source.source.mode == COLLATERAL_FETCH || o->service_given;
}

static void
obtain(struct question_options *o, struct bytes quote)
{
	struct question *q = &o->question;
	char problem[PCS_PROBLEM_MAX];
	int r = collateral_obtain(&o->source.source, quote, q->root, q->at, &o->bundle,
				  &q->collateral_where, problem);

	if (r == 0) {
		q->collateral = &o->bundle.collateral;
		return;
	}
	no_collateral(o, problem);
	q->collateral_malformed = o->source.source.file != NULL && !input_is_unreadable(r);
}

/* From where the evidence's own comes, though the KMS may stand on a platform of another type. */
static void
obtain_for_kms(struct question_options *o)
{
	struct question *q = &o->question;
	char problem[PCS_PROBLEM_MAX];
	const char *where;

	if (q->kms_quote.len > 0 &&
	    collateral_obtain(&o->source.source, q->kms_quote, q->root, q->at, &o->kms_bundle,
			      &where, problem) == 0)
		q->kms_collateral = &o->kms_bundle.collateral;
}

void
question_collateral(struct question_options *o, enum kind kind, struct bytes bytes, int fetch)
{
	struct question *q = &o->question;
	struct buffer quote;

	bundle_free(&o->bundle);
	bundle_free(&o->kms_bundle);
	q->collateral = q->kms_collateral = NULL;
	q->collateral_malformed = 0;
	q->no_collateral = q->collateral_where = NULL;
	q->root = source_root(&o->source);
	q->simulated_root = o->source.root_len > 0;
	if (!fetch && !o->mode_given && o->source.source.file == NULL) {
		no_collateral(o, "no collateral was given: --collateral FILE, or --fetch");
		return;
	}
	/* the service has what is valid now */
	if (o->at_given && !o->mode_given)
		o->source.source.mode = COLLATERAL_OFFLINE;
	if (!is_needed(o))
		return;
	if (quote_in(kind, bytes, &quote) == 0) {
		obtain(o, run(&quote));
	} else {
		/* a file that was named and not looked at must not count as none */
		no_collateral(o, "there is no quote that it could be for");
		q->collateral_malformed = o->source.source.file != NULL;
	}
	buffer_free(&quote);
	obtain_for_kms(o);
}
