/* selfsame inspect: what evidence, collateral or an event log says; judges nothing. */
#include "cli/inspect.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/inspect_parts.h"
#include "cli/outline.h"
#include "cli/report.h"
#include "base/banned.h"

#define JSON_MAX (16U << 20)

enum { OPTION_JSON = 256 /* no letter */ };

int
inspect_kind(struct json_writer *w, enum kind kind, struct bytes bytes)
{
	switch (kind) {
	case KIND_ATTESTATION:
		return inspect_attestation(w, bytes);
	case KIND_QUOTE:
		return inspect_quote(w, bytes);
	case KIND_DSTACK:
	case KIND_DSTACK_BLOB:
	case KIND_DSTACK_CERTIFICATE:
		return inspect_dstack(w, kind, bytes);
	case KIND_DSTACK_LOG:
		return inspect_dstack_log(w, bytes);
	case KIND_BOUND:
		return inspect_bound(w, bytes);
	case KIND_TOKEN:
		return inspect_token(w, bytes);
	case KIND_COLLATERAL:
		return inspect_collateral(w, bytes);
	case KIND_CCEL:
		return inspect_ccel(w, bytes);
	case KIND_SEV_SNP:
		return inspect_refused(w, "SEV_SNP", "AMD SEV-SNP is out of scope");
	case KIND_UNKNOWN:
	case KINDS_COUNT:
		break;
	}
	return inspect_refused(w, "KIND", kind_words(kind));
}

static int
show(const struct buffer *json, int as_json)
{
	json_error_t e;
	json_t *root;
	int r;

	if (as_json) {
		r = report_json_text(stdout, (struct bytes){json->p, json->len});
		return r == 0 && putchar('\n') == EOF ? ERR_IO : r;
	}
	root = json_loadb((const char *)json->p, json->len, 0, &e);
	if (root == NULL)
		return ERR_MEM;
	if (json_is_true(json_object_get(root, "simulated")))
		puts("SIMULATED TEE: this proves nothing about the machine or its operator.");
	outline_print(stdout, root);
	json_decref(root);
	return 0;
}

static int
inspect(const struct command *self, struct bytes input, int as_json)
{
	struct buffer json = buffer_of(JSON_MAX), room;
	struct json_writer w = json_writer_of(&json);
	struct bytes bytes;
	enum kind kind = kind_detect(input, &room, &bytes);
	int status = CLI_YES, r;

	json_object_begin(&w, NULL);
	json_text(&w, "kind", kind_name(kind));
	if ((r = inspect_kind(&w, kind, bytes)) != 0)
		status = CLI_NO;
	json_object_end(&w);
	if (r == 0 || r == ERR_PARSE)
		r = json.err != 0 ? json.err : show(&json, as_json);
	if (r != 0)
		status = cli_failed(self, "%s", err_text(r));
	buffer_free(&json);
	buffer_free(&room);
	return status;
}

static int
not_had(const struct command *self, const char *path, const char *problem, int as_json)
{
	struct buffer json = buffer_of(JSON_MAX);
	struct json_writer w = json_writer_of(&json);
	int status = cli_failed(self, "%s: %s", path, problem);

	json_object_begin(&w, NULL);
	json_text(&w, "kind", kind_name(KIND_UNKNOWN));
	(void)!inspect_refused(&w, "UNAVAILABLE", problem);
	json_object_end(&w);
	if (as_json && (json.err != 0 || show(&json, as_json) != 0))
		status = cli_failed(self, "%s", err_text(ERR_IO));
	buffer_free(&json);
	return status;
}

int
inspect_run(const struct command *self, int argc, char **argv)
{
	static const struct option options[] = {{"json", no_argument, NULL, OPTION_JSON},
						{NULL, 0, NULL, 0}};
	struct buffer file;
	int status, as_json = 0, option, r;

	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option != OPTION_JSON)
			return cli_bad_option(self, argv, option);
		as_json = 1;
	}
	if (argc - optind != 1)
		return cli_usage(self, "takes one file or - (standard input)");
	if ((r = input_read(argv[optind], &file)) != 0)
		status = not_had(self, argv[optind], input_problem(r), as_json);
	else
		status = inspect(self, (struct bytes){file.p, file.len}, as_json);
	buffer_free(&file);
	return status;
}
