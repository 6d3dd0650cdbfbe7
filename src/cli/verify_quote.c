#include "cli/verify_quote.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/parse.h"
#include "cli/input.h"
#include "cli/quote_report.h"
#include "cli/root_file.h"
#include "tdx/collateral.h"
#include "tdx/intel_root.h"
#include "tdx/policy.h"
#include "base/banned.h"

struct quote_question {
	const struct command *self;
	const char *quote;
	const char *collateral; /* NULL: none */
	const char *policy; /* NULL: the default one */
	const char *root; /* NULL: Intel's */
	int64_t at;
	int json;
};

/* What is read for it, and lent to the results. */
struct quote_files {
	struct buffer quote, collateral, policy;
	uint8_t *collateral_memory, *policy_memory;
	uint8_t root_memory[CERTIFICATE_MAX];
	struct bytes root;
	struct collateral bundle;
	int has_bundle;
	enum tdx_reason bundle_reason;
	struct tdx_policy rules;
};

int
verify_quote_is_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--quote") == 0 || strncmp(argv[i], "--quote=", 8) == 0)
			return 1;
	return 0;
}

static int
take_time(struct quote_question *q, const char *text)
{
	uint64_t at;

	if (parse_u64(text, strlen(text), 0, INT64_MAX, &at) != 0)
		return cli_usage(q->self, "--at takes seconds since 1970");
	q->at = (int64_t)at;
	return CLI_YES;
}

static int
take_option(struct quote_question *q, int option, const char *value)
{
	switch (option) {
	case 'q':
		q->quote = value;
		return CLI_YES;
	case 'c':
		q->collateral = value;
		return CLI_YES;
	case 'p':
		q->policy = value;
		return CLI_YES;
	case 's':
		q->root = value;
		return CLI_YES;
	case 'a':
		return take_time(q, value);
	case 'j':
		q->json = 1;
		return CLI_YES;
	case ':':
		return cli_usage(q->self, "an option needs its value");
	default:
		return cli_usage(q->self, "there is no such option beside --quote");
	}
}

static int
take_arguments(struct quote_question *q, int argc, char **argv)
{
	static const struct option options[] = {
	    {"quote", required_argument, NULL, 'q'},
	    {"collateral", required_argument, NULL, 'c'},
	    {"policy", required_argument, NULL, 'p'},
	    {"simulated-root", required_argument, NULL, 's'},
	    {"at", required_argument, NULL, 'a'},
	    {"json", no_argument, NULL, 'j'},
	    {NULL, 0, NULL, 0},
	};
	int option, status;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
		if ((status = take_option(q, option, optarg)) != CLI_YES)
			return status;
	if (optind != argc)
		return cli_usage(q->self, "--quote names the one thing that is verified");
	return CLI_YES;
}

static int
read_file(const struct quote_question *q, const char *option, const char *path,
	  struct buffer *ret)
{
	int r = input_read(path, ret);

	return r == 0 ? CLI_YES : cli_usage(q->self, "%s %s: %s", option, path, err_text(r));
}

/* A quote in hex, as dstack's agent gives it; a binary one begins with its version. */
static void
decode_hex(struct buffer *b)
{
	size_t len = b->len;

	while (len > 0 && (b->p[len - 1] == '\n' || b->p[len - 1] == '\r'))
		len--;
	if (len > 0 && hex_decode((const char *)b->p, len, b->p, len / 2) == 0)
		b->len = len / 2;
}

/* Room for what is decoded of a file; never none. */
static uint8_t *
memory_for(const struct buffer *file)
{
	return malloc(file->len + 1);
}

/* A bundle that cannot be read is bad evidence, not wrong usage: it comes from others. */
static int
read_bundle(const struct quote_question *q, struct quote_files *f)
{
	const struct bytes json = {f->collateral.p, f->collateral.len};
	const char *field;
	int r;

	if ((f->collateral_memory = memory_for(&f->collateral)) == NULL)
		return cli_failed(q->self, "%s", err_text(ERR_MEM));
	r = collateral_read(json, f->collateral_memory, &f->bundle, &field);
	if (r != 0) {
		f->bundle_reason = TDX_COLLATERAL_PARSE;
		fprintf(stderr, "selfsame verify: --collateral: %s%s%s\n",
			field == NULL ? "" : field, field == NULL ? "" : ": ", err_text(r));
		return CLI_YES;
	}
	f->has_bundle = 1;
	return CLI_YES;
}

static int
read_policy(const struct quote_question *q, struct quote_files *f)
{
	const struct bytes json = {f->policy.p, f->policy.len};
	const char *field;
	int r;

	if ((f->policy_memory = memory_for(&f->policy)) == NULL)
		return cli_failed(q->self, "%s", err_text(ERR_MEM));
	if ((r = tdx_policy_read(json, f->policy_memory, &f->rules, &field)) != 0)
		return cli_usage(q->self, "--policy %s: %s%s%s (docs/attestation.md has the form)",
				 q->policy, field == NULL ? "" : field, field == NULL ? "" : ": ",
				 err_text(r));
	return CLI_YES;
}

static int
read_root(const struct quote_question *q, struct quote_files *f)
{
	int r = root_file_read(q->root, f->root_memory, &f->root);

	return r == 0 ? CLI_YES
		      : cli_usage(q->self, "--simulated-root %s: %s; it takes one certificate",
				  q->root, err_text(r));
}

static int
read_files(const struct quote_question *q, struct quote_files *f)
{
	int status;

	f->root = intel_root_der();
	f->rules = tdx_policy_default();
	if ((status = read_file(q, "--quote", q->quote, &f->quote)) != CLI_YES)
		return status;
	decode_hex(&f->quote);
	if (q->collateral != NULL &&
	    ((status = read_file(q, "--collateral", q->collateral, &f->collateral)) != CLI_YES ||
	     (status = read_bundle(q, f)) != CLI_YES))
		return status;
	if (q->policy != NULL &&
	    ((status = read_file(q, "--policy", q->policy, &f->policy)) != CLI_YES ||
	     (status = read_policy(q, f)) != CLI_YES))
		return status;
	return q->root == NULL ? CLI_YES : read_root(q, f);
}

static int
judge(const struct quote_question *q, const struct quote_files *f)
{
	static struct tdx_result result;
	struct tdx_policy_result policy;
	const struct quote_verdict v = {&result, &policy, f->bundle_reason, q->root != NULL};
	int r = 0;

	tdx_verify((struct bytes){f->quote.p, f->quote.len}, f->has_bundle ? &f->bundle : NULL,
		   f->root, q->at, &result);
	tdx_policy_judge(&f->rules, &result, q->at, &policy);
	if (q->json)
		r = quote_report_json(stdout, &v);
	else
		quote_report_text(stdout, &v);
	if (r != 0)
		return cli_failed(q->self, "%s", err_text(r));
	return quote_verdict_accepts(&v) ? CLI_YES : CLI_NO;
}

int
verify_quote_run(const struct command *self, int argc, char **argv)
{
	static struct quote_files f;
	struct quote_question q = {.self = self, .at = (int64_t)time(NULL)};
	int status;

	if ((status = take_arguments(&q, argc, argv)) == CLI_YES &&
	    (status = read_files(&q, &f)) == CLI_YES)
		status = judge(&q, &f);
	buffer_free(&f.quote);
	buffer_free(&f.collateral);
	buffer_free(&f.policy);
	free(f.collateral_memory);
	free(f.policy_memory);
	return status;
}
