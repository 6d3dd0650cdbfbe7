/* selfsame verify: gather the evidence and the question, evaluate, report. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/parse.h"
#include "cli/cli.h"
#include "cli/evaluate.h"
#include "cli/fetch.h"
#include "cli/input.h"
#include "cli/report.h"
#include "cli/root_file.h"
#include "cli/verify_quote.h"
#include "base/banned.h"

#define NONCE_MIN 16
#define NONCE_MAX 64
#define RANDOM_NONCE 32

struct verify {
	const struct command *self;
	const char *source;
	int json;
	struct question question;
	uint8_t nonce[NONCE_MAX];
	size_t nonce_len;
	uint8_t root[CERTIFICATE_MAX];
	struct buffer receipt[RECEIPTS_MAX];
	struct buffer document;
};

static int
take_nonce(struct verify *v, const char *text)
{
	const char *hex = strncmp(text, "0x", 2) == 0 ? text + 2 : text;
	size_t len = strlen(hex) / 2;

	if (len < NONCE_MIN || len > NONCE_MAX || hex_decode(hex, strlen(hex), v->nonce, len) != 0)
		return cli_usage(v->self, "--nonce takes 16 to 64 bytes in hex");
	v->nonce_len = len;
	return CLI_YES;
}

static int
take_expectation(struct verify *v, const char *text)
{
	struct question *q = &v->question;
	int r;

	if (q->expectation_count == EXPECTATIONS_MAX)
		return cli_usage(v->self, "at most %d --expect", EXPECTATIONS_MAX);
	r = expectation_parse(text, &q->expectation[q->expectation_count]);
	if (r == ERR_PARSE)
		return cli_usage(v->self, "--expect takes FIELD=VALUE");
	if (r != 0)
		return cli_usage(v->self,
				 "--expect %.*s: neither the statement nor a TD report has such "
				 "a field (docs/attestation.md lists them)",
				 (int)strcspn(text, "="), text);
	q->expectation_count++;
	return CLI_YES;
}

static int
take_receipt(struct verify *v, const char *path)
{
	struct question *q = &v->question;
	struct buffer *b = &v->receipt[q->receipt_count];
	int r;

	if (q->receipt_count == RECEIPTS_MAX)
		return cli_usage(v->self, "at most %d --receipt", RECEIPTS_MAX);
	if ((r = input_read(path, b)) != 0) {
		buffer_free(b);
		return cli_usage(v->self, "--receipt %s: %s", path, err_text(r));
	}
	q->receipt[q->receipt_count++] = (struct bytes){b->p, b->len};
	return CLI_YES;
}

static int
take_root(struct verify *v, const char *path)
{
	int r = root_file_read(path, v->root, &v->question.simulated_root);

	if (r != 0)
		return cli_usage(v->self,
				 "--simulated-root %s: %s; it takes one certificate, such as "
				 "deploy/simulated-root.pem",
				 path, err_text(r));
	return CLI_YES;
}

static int
take_time(struct verify *v, const char *text)
{
	uint64_t at;

	if (parse_u64(text, strlen(text), 0, INT64_MAX, &at) != 0)
		return cli_usage(v->self, "--at takes seconds since 1970");
	v->question.at = (int64_t)at;
	return CLI_YES;
}

static int
take_option(struct verify *v, int option, const char *value)
{
	switch (option) {
	case 'n':
		return take_nonce(v, value);
	case 'e':
		return take_expectation(v, value);
	case 's':
		return take_root(v, value);
	case 'r':
		return take_receipt(v, value);
	case 'a':
		return take_time(v, value);
	case 'j':
		v->json = 1;
		return CLI_YES;
	case ':':
		return cli_usage(v->self, "an option needs its value");
	default:
		return cli_usage(v->self, "there is no such option");
	}
}

static int
take_arguments(struct verify *v, int argc, char **argv)
{
	static const struct option options[] = {
	    {"nonce", required_argument, NULL, 'n'},
	    {"expect", required_argument, NULL, 'e'},
	    {"simulated-root", required_argument, NULL, 's'},
	    {"receipt", required_argument, NULL, 'r'},
	    {"at", required_argument, NULL, 'a'},
	    {"json", no_argument, NULL, 'j'},
	    {NULL, 0, NULL, 0},
	};
	int option, status;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1)
		if ((status = take_option(v, option, optarg)) != CLI_YES)
			return status;
	if (argc - optind != 1)
		return cli_usage(v->self, "takes one URL, file or - (standard input)");
	v->source = argv[optind];
	return CLI_YES;
}

static int
get_url(struct verify *v)
{
	struct question *q = &v->question;
	struct transfer_answer answer;
	const char *problem;
	char *url = NULL;
	int status = CLI_YES;

	if (fetch_url(v->source, v->nonce, &v->nonce_len, &url, &problem) != 0)
		return cli_usage(v->self, "the URL %s", problem);
	if (fetch_get(url, &answer) != 0)
		status = cli_failed(v->self, "%s: %s", v->source, answer.problem);
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
	int r;

	if (fetch_is_url(v->source)) {
		if (v->nonce_len == 0 && !has_query_nonce(v->source)) {
			randombytes_buf(v->nonce, RANDOM_NONCE);
			v->nonce_len = RANDOM_NONCE;
		}
		return get_url(v);
	}
	if ((r = input_read(v->source, &v->document)) != 0)
		return cli_failed(v->self, "%s: %s", v->source, err_text(r));
	return CLI_YES;
}

static int
judge(struct verify *v)
{
	static struct evaluation e;
	int status, r = 0;

	v->question.has_nonce = v->nonce_len > 0;
	v->question.nonce = (struct bytes){v->nonce, v->nonce_len};
	evaluate((struct bytes){v->document.p, v->document.len}, &v->question, &e);
	status = verdict_accepts(&e.verdict) ? CLI_YES : CLI_NO;
	if (v->json)
		r = report_json(stdout, &e.verdict);
	else
		report_text(stdout, &e.verdict, isatty(STDOUT_FILENO));
	evaluation_close(&e);
	return r == 0 ? status : cli_failed(v->self, "%s", err_text(r));
}

int
verify_run(const struct command *self, int argc, char **argv)
{
	static struct verify v;
	int status;

	if (verify_quote_is_asked(argc, argv))
		return verify_quote_run(self, argc, argv);
	v.self = self;
	v.question.at = (int64_t)time(NULL);
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cli_failed(self, "the libraries could not be initialised");
	if ((status = take_arguments(&v, argc, argv)) == CLI_YES &&
	    (status = get_document(&v)) == CLI_YES)
		status = judge(&v);
	buffer_free(&v.document);
	for (size_t i = 0; i < RECEIPTS_MAX; i++)
		buffer_free(&v.receipt[i]);
	curl_global_cleanup();
	return status;
}
