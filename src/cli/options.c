#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "cli/input.h"
#include "cli/root_file.h"
#include "cli/transfer.h"
#include "tdx/intel_root.h"
#include "tdx/utc.h"
#include "base/banned.h"

static int
take_service(const struct command *self, struct source_options *o, const char *name,
	     const char *url)
{
	const char *problem = transfer_url_problem(url);
	int r;

	if (problem != NULL)
		return cli_usage(self, "%s: the URL %s", name, problem);
	if ((r = pcs_base(url, o->source.service.base)) == ERR_UNSUPPORTED)
		return cli_usage(self, "%s: TDX needs API v4 of the service", name);
	if (r != 0)
		return cli_usage(self, "%s takes the URL of a PCCS, without a query", name);
	return CLI_YES;
}

int
source_options_begin(const struct command *self, struct source_options *ret)
{
	const char *url = getenv(PCCS_VARIABLE);

	memset(ret, 0, sizeof *ret);
	ret->source.service.update = PCS_EARLY;
	if (cache_directory(ret->cache) == 0)
		ret->source.cache = ret->cache;
	return url != NULL && url[0] != '\0' ? take_service(self, ret, PCCS_VARIABLE, url)
					     : take_service(self, ret, "--pccs", PCS_INTEL);
}

static int
take_root(const struct command *self, struct source_options *o, const char *path)
{
	struct bytes der;
	int r = root_file_read(path, o->root, &der);

	if (r != 0)
		return cli_usage(self,
				 "--simulated-root %s: %s; it takes one certificate, such as "
				 "deploy/simulated-root.pem",
				 path, input_problem(r));
	memmove(o->root, der.p, der.len);
	o->root_len = der.len;
	return CLI_YES;
}

static int
take_update(const struct command *self, struct source_options *o, const char *word)
{
	if (strcmp(word, "early") == 0)
		o->source.service.update = PCS_EARLY;
	else if (strcmp(word, "standard") == 0)
		o->source.service.update = PCS_STANDARD;
	else
		return cli_usage(self, "--update takes early or standard");
	return CLI_YES;
}

int
source_option(const struct command *self, struct source_options *o, int option, const char *value)
{
	switch (option) {
	case OPTION_PCCS:
		return take_service(self, o, "--pccs", value);
	case OPTION_PCCS_CA:
		o->source.service.ca_file = value;
		return CLI_YES;
	case OPTION_UPDATE:
		return take_update(self, o, value);
	case OPTION_ROOT:
		return take_root(self, o, value);
	default:
		return cli_usage(self, "there is no such option");
	}
}

struct bytes
source_root(const struct source_options *o)
{
	return o->root_len > 0 ? (struct bytes){o->root, o->root_len} : intel_root_der();
}

int
option_time(const char *text, int64_t *ret)
{
	struct bytes b = {(const uint8_t *)text, strlen(text)};
	uint64_t seconds;

	if (utc_parse(b, ret) == 0)
		return 0;
	if (parse_u64(text, b.len, 0, INT64_MAX, &seconds) != 0)
		return ERR_PARSE;
	*ret = (int64_t)seconds;
	return 0;
}
