/* selfsame verify: gather the evidence and the question, evaluate, report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curl/curl.h>
#include <sodium.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/evaluate.h"
#include "cli/fetch.h"
#include "cli/input.h"
#include "cli/question_options.h"
#include "cli/report.h"
#include "base/banned.h"

#define RANDOM_NONCE 32

struct verify {
	const struct command *self;
	const char *source;
	int one_quote; /* --quote: it, the files that were named, and nothing else */
	int json;
	struct report_style style;
	struct question_options options;
	struct buffer document;
};

enum { OPTION_JSON = OPTION_OWN, OPTION_EXPLAIN, OPTION_QUOTE };

static int
take_option(struct verify *v, int option, const char *value)
{
	switch (option) {
	case OPTION_JSON:
		v->json = 1;
		return CLI_YES;
	case OPTION_EXPLAIN:
		v->style.explain = 1;
		return CLI_YES;
	case OPTION_QUOTE:
		v->source = value;
		v->one_quote = 1;
		return CLI_YES;
	default:
		return question_option(&v->options, option, value);
	}
}

static int
take_arguments(struct verify *v, int argc, char **argv)
{
	static const struct option own[] = {
	    {"json", no_argument, NULL, OPTION_JSON},
	    {"explain", no_argument, NULL, OPTION_EXPLAIN},
	    {"quote", required_argument, NULL, OPTION_QUOTE},
	};
	struct option options[QUESTION_OPTIONS_COUNT];
	int option, status;

	question_options_rows(own, ARRAY_LEN(own), options);
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return cli_bad_option(v->self, argv, option);
		if ((status = take_option(v, option, optarg)) != CLI_YES)
			return status;
	}
	if (v->one_quote && optind != argc)
		return cli_usage(v->self, "--quote names the one thing that is verified");
	if (!v->one_quote && argc - optind != 1)
		return cli_usage(v->self, "takes one URL, file or - (standard input)");
	if (!v->one_quote)
		v->source = argv[optind];
	return CLI_YES;
}

/* It says nothing about what was meant, and yet whoever reads JSON has an object to read. */
static int
not_had(struct verify *v, const char *problem)
{
	static struct evaluation nothing;
	int status = cli_failed(v->self, "%s: %s", v->source, problem);

	check_fail(&nothing.verdict, CHECK_EVIDENCE, "%s: %s", v->source, problem);
	if (v->json && report_json(stdout, &nothing, &v->style) != 0)
		return cli_failed(v->self, "%s", err_text(ERR_IO));
	return status;
}

static int
get_url(struct verify *v)
{
	struct question_options *o = &v->options;
	struct question *q = &o->question;
	struct transfer_answer answer;
	const char *problem;
	char *url = NULL;
	int status = CLI_YES;

	if (fetch_url(v->source, o->nonce, &o->nonce_len, &url, &problem) != 0)
		return cli_usage(v->self, "the URL %s", problem);
	if (fetch_get(url, &answer) != 0)
		status = not_had(v, answer.problem);
	v->document = answer.body;
	answer.body = buffer_of(0); /* transferred */
	q->channel = answer.has_peer_key ? CHANNEL_TLS : CHANNEL_PLAIN;
	memcpy(q->peer_key_hash, answer.peer_key_hash, sizeof q->peer_key_hash);
	transfer_free(&answer);
	free(url);
	return status;
}

static int
has_query_nonce(const char *url)
{
	return strstr(url, "?nonce=") != NULL || strstr(url, "&nonce=") != NULL;
}

static int
get_document(struct verify *v)
{
	struct question_options *o = &v->options;
	int r;

	if (!v->one_quote && fetch_is_url(v->source)) {
		if (o->nonce_len == 0 && !has_query_nonce(v->source)) {
			randombytes_buf(o->nonce, RANDOM_NONCE);
			o->nonce_len = RANDOM_NONCE;
		}
		return get_url(v);
	}
	r = input_read(v->source, &v->document);
	if (r == ERR_SPACE && v->one_quote) {
		buffer_reset(&v->document); /* longer than any quote: judged as none at all */
		r = 0;
	}
	if (r != 0)
		return not_had(v, input_problem(r));
	return CLI_YES;
}

/*
 * What is called a quote is judged as one, so that it is told what is wrong with it,
 * whatever its first bytes look like; but what holds a quote may stand for it.
 */
static enum kind
kind_of_quote(enum kind found)
{
	return found == KIND_ATTESTATION || found == KIND_DSTACK || found == KIND_BOUND
		   ? found
		   : KIND_QUOTE;
}

/* A terminal, unless its user wants none: no-color.org */
static int
takes_colour(void)
{
	const char *unwanted = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && (unwanted == NULL || unwanted[0] == '\0') &&
	       (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

static int
judge(struct verify *v)
{
	static struct evaluation e;
	struct question_options *o = &v->options;
	struct bytes bytes;
	struct buffer room;
	enum kind kind;
	int status, r = 0;

	kind = kind_detect((struct bytes){v->document.p, v->document.len}, &room, &bytes);
	if (v->one_quote)
		kind = kind_of_quote(kind);
	o->question.has_nonce = o->nonce_len > 0;
	o->question.nonce = (struct bytes){o->nonce, o->nonce_len};
	question_collateral(o, kind, bytes, !v->one_quote);
	evaluate(kind, bytes, &o->question, &e);
	status = verdict_accepts(&e.verdict) ? CLI_YES : CLI_NO;
	v->style.colour = takes_colour();
	if (v->json)
		r = report_json(stdout, &e, &v->style);
	else
		report_text(stdout, &e, &v->style);
	evaluation_close(&e);
	buffer_free(&room);
	return r == 0 ? status : cli_failed(v->self, "%s", err_text(r));
}

int
verify_run(const struct command *self, int argc, char **argv)
{
	static struct verify v;
	int status;

	v.self = self;
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cli_failed(self, "the libraries could not be initialised");
	if ((status = question_options_begin(self, &v.options)) == CLI_YES &&
	    (status = take_arguments(&v, argc, argv)) == CLI_YES &&
	    (status = get_document(&v)) == CLI_YES)
		status = judge(&v);
	buffer_free(&v.document);
	question_options_end(&v.options);
	curl_global_cleanup();
	return status;
}
