/* selfsame collateral fetch: what a quote is judged with, into a file for later or elsewhere. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <sodium.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/input.h"
#include "cli/options.h"
#include "cli/quote_in.h"
#include "tdx/utc.h"
#include "base/banned.h"

struct fetching {
	const struct command *self;
	const char *evidence;
	const char *out; /* NULL: standard output */
	int quiet;
	struct source_options options;
	struct buffer quote;
};

enum { OPTION_OUT = OPTION_OWN, OPTION_QUIET };

static int
take_arguments(struct fetching *f, int argc, char **argv)
{
	static const struct option options[] = {
	    SOURCE_OPTIONS,
	    {"out", required_argument, NULL, OPTION_OUT},
	    {"quiet", no_argument, NULL, OPTION_QUIET},
	    {NULL, 0, NULL, 0},
	};
	int option, status;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return cli_bad_option(f->self, argv, option);
		if (option == OPTION_OUT)
			f->out = optarg;
		else if (option == OPTION_QUIET)
			f->quiet = 1;
		else if ((status = source_option(f->self, &f->options, option, optarg)) != CLI_YES)
			return status;
	}
	if (argc - optind != 2 || strcmp(argv[optind], "fetch") != 0)
		return cli_usage(f->self, "takes \"fetch\" and one file or - with the evidence "
					  "whose collateral is wanted");
	f->evidence = argv[optind + 1];
	return CLI_YES;
}

static int
take_quote(struct fetching *f)
{
	struct buffer file, room = buffer_of(0);
	struct bytes bytes;
	enum kind kind = KIND_UNKNOWN;
	int status = CLI_YES, r;

	if ((r = input_read(f->evidence, &file)) != 0) {
		status = cli_failed(f->self, "%s: %s", f->evidence, input_problem(r));
		goto out;
	}
	kind = kind_detect((struct bytes){file.p, file.len}, &room, &bytes);
	if ((r = quote_in(kind, bytes, &f->quote)) != 0)
		status = cli_refused(f->self, "%s: %s: %s", f->evidence, kind_words(kind),
				     r == ERR_NOT_FOUND ? "it holds no TDX quote" : err_text(r));
out:
	buffer_free(&file);
	buffer_free(&room);
	return status;
}

/* What was fetched, judged: nobody should carry a bundle to a machine where it is of no use. */
static int
judge(struct fetching *f, const struct bundle *b)
{
	static struct tdx_result r;
	const struct bytes quote = {f->quote.p, f->quote.len};
	char until[UTC_TEXT_LEN + 1];
	enum tdx_reason flaw;

	flaw = collateral_flaw(b, quote, source_root(&f->options), (int64_t)time(NULL), &r);
	if (flaw != TDX_HOLDS)
		return cli_refused(f->self, "what the service answered does not hold: %s: %s; %s",
				   reason_code(flaw), reason_text(flaw), reason_remedy(flaw));
	if (f->quiet)
		return CLI_YES;
	utc_format(r.valid_until, until);
	fprintf(stderr, "it holds, until %s; evaluation data number %u; this platform's TCB: %s\n",
		until, (unsigned)r.evaluation_number, tcb_status_name(r.status));
	return CLI_YES;
}

static int
write_out(struct fetching *f, const struct bundle *b)
{
	if (f->out != NULL && file_replace(f->out, b->json.p, b->json.len, 0644) != 0)
		return cli_failed(f->self, "%s cannot be written", f->out);
	if (f->out == NULL && fwrite(b->json.p, 1, b->json.len, stdout) != b->json.len)
		return cli_failed(f->self, "%s", err_text(ERR_IO));
	return CLI_YES;
}

static int
fetch(struct fetching *f)
{
	struct collateral_source *s = &f->options.source;
	char problem[PCS_PROBLEM_MAX];
	const char *where;
	struct bundle b;
	int status, r;

	s->mode = COLLATERAL_FETCH;
	s->service.progress = f->quiet ? NULL : stderr;
	r = collateral_obtain(s, (struct bytes){f->quote.p, f->quote.len}, source_root(&f->options),
			      (int64_t)time(NULL), &b, &where, problem);
	if (r == ERR_EVIDENCE)
		status = cli_refused(f->self, "%s", problem);
	else if (r != 0)
		status = cli_failed(f->self, "%s", problem);
	else if ((status = judge(f, &b)) == CLI_YES)
		status = write_out(f, &b);
	bundle_free(&b);
	return status;
}

int
collateral_run(const struct command *self, int argc, char **argv)
{
	static struct fetching f;
	int status;

	f.self = self;
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return cli_failed(self, "the libraries could not be initialised");
	if ((status = source_options_begin(self, &f.options)) == CLI_YES &&
	    (status = take_arguments(&f, argc, argv)) == CLI_YES &&
	    (status = take_quote(&f)) == CLI_YES)
		status = fetch(&f);
	buffer_free(&f.quote);
	curl_global_cleanup();
	return status;
}
