/* selfsame: the command line. Exit status 0 only for "yes". */
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "cli/cli.h"
#include "base/banned.h"

static int help_run(const struct command *self, int argc, char **argv);
static int version_run(const struct command *self, int argc, char **argv);

static const struct command commands[] = {
    {"verify", "URL|FILE|-", "check evidence of any kind without trusting who sent it",
     "Evidence is an attestation of Selfsame (asked for by URL, with a fresh nonce), or by itself\n"
     "a TDX quote, dstack's evidence, bound evidence of EigenCompute or a token of Confidential\n"
     "Space, in binary, hex or base64. AMD SEV-SNP is out of scope. docs/verify.md says more.\n\n"
     "Who is trusted, and when:\n"
     "  --simulated-root FILE  accept a simulated TEE under this root\n"
     "                         (deploy/simulated-root.pem)\n"
     "  --google-root FILE     instead of Google's roots, of TPM keys and tokens (PEM)\n"
     "  --jwks FILE            Google's keys, for tokens of type OIDC\n"
     "  --at TIME              judge as of this time: Unix seconds, or 2026-05-28T20:26:40Z\n"
     "Collateral, which tells revocation and TCB status; else the cache, else it is fetched:\n"
     "  --collateral FILE      a bundle (selfsame collateral fetch)\n"
     "  --fetch                fetch it anew, also with --at and --quote\n"
     "  --offline              fetch nothing: what is cached, or the verdict is to refuse\n"
     "  --pccs URL, --pccs-ca FILE, --update early|standard   see selfsame help collateral\n"
     "What is expected:\n"
     "  --nonce HEX            the nonce that the attestation must answer; a URL is asked with\n"
     "                         it, or with a random one\n"
     "  --expect FIELD=VALUE   a member of the statement (mode, settings.SELFSAME_CHAIN_ID,\n"
     "                         binaries.selfsame-signer, ...), a field of the TD report (mrtd,\n"
     "                         rtmr0 to rtmr3, mrconfigid, ...) or what the evidence says\n"
     "                         (appId, imageDigest, composeHash, ...); repeatable\n"
     "  --policy FILE          what is good enough; else: up to date, and not in debug mode\n"
     "  --receipt FILE         a receipt, or an answer of the API that holds one; repeatable\n"
     "  --image sha256:HEX     the container's image\n"
     "  --app-id HEX           the application, of EigenCompute or dstack\n"
     "  --compose FILE         dstack: the app-compose.json that may run, which is looked through\n"
     "  --compose-hash HEX     dstack: one that may run, too\n"
     "  --os-image HEX         dstack: an image of the operating system; repeatable\n"
     "  --kms-ca FILE          dstack: the certificate or key of the KMS that is trusted (PEM)\n"
     "  --kms-root HEX         dstack: the KMS's root of key chains\n"
     "  --kms-quote FILE       dstack: evidence of the KMS, whose quote binds those two keys\n"
     "  --mr-kms HEX           dstack: a machine of the KMS; repeatable\n"
     "  --device HEX           dstack: a machine that may run it; repeatable\n"
     "  --challenge HEX, --extra-data HEX   of bound evidence that stands alone\n"
     "  --audience TEXT, --token-nonce TEXT   of a token that stands alone\n"
     "What is printed:\n"
     "  --explain              with each check, what it protects from and what to do\n"
     "  --json                 JSON\n"
     "One TDX quote, judged by the files that are named and by nothing else:\n"
     "  --quote FILE           the quote, binary, hex or base64; without --collateral or --fetch\n"
     "                         it is refused\n",
     verify_run},
    {"inspect", "FILE|-", "show what evidence, collateral or an event log says; judges nothing",
     "  --json                 print JSON\n", inspect_run},
    {"collateral", "fetch FILE|-", "get what a quote is judged with, from Intel or a PCCS",
     "FILE is evidence of any kind that holds a TDX quote; its verified PCK certificate says\n"
     "which collateral it needs. What is fetched is judged before it is written.\n\n"
     "  --out FILE             where the bundle goes; else to standard output\n"
     "  --pccs URL             the service to ask: API v4. Default: $SELFSAME_PCCS, or Intel's\n"
     "                         https://api.trustedservices.intel.com\n"
     "  --pccs-ca FILE         certificates that the service's TLS is checked with (PEM)\n"
     "  --update early|standard  which TCB data; early (the default) is what Intel knows now,\n"
     "                         standard lags by up to a year\n"
     "  --simulated-root FILE  the quote is of a simulated TEE under this root\n"
     "  --quiet                no progress on standard error\n",
     collateral_run},
    {"watch", "URL...", "look at instances again and again, and tell what has changed",
     "An alert is a line of JSON on standard output: refused, measurement-changed, key-changed,\n"
     "instance-changed, tcb-status-fell, advisory-added, expiry-near, unreachable, recovered.\n"
     "What was seen and told goes into a signed history, from which a later run goes on.\n\n"
     "  --interval SECONDS     between looks at an instance; 300\n"
     "  --jitter PERCENT       of the interval, so that looks do not come in step; 10\n"
     "  --once                 look once; exit status 0 if all hold and nothing is to be told\n"
     "  --failures N           so many looks must fail before an instance is unreachable; 3\n"
     "  --warn-days N          so long before certificates and collateral end; 14\n"
     "  --webhook URL          POST each alert there, again until it is taken\n"
     "  --webhook-ca FILE      certificates that the webhook's TLS is checked with (PEM)\n"
     "  --history FILE         default: $XDG_STATE_HOME/selfsame/watch.jsonl; its key is FILE.key\n"
     "and, as for verify, --simulated-root, --policy, --expect, --collateral, --offline, --pccs,\n"
     "--image, --app-id and the others.\n\n"
     "Verifying a history:\n"
     "  --check-history FILE   every line is signed and follows the one before\n"
     "  --key HEX              by this key, not just by the one that it names\n"
     "  --head HEX             and a line with this hash is among them\n",
     watch_run},
    {"version", "", "print the version", "", version_run},
    {"help", "[VERB]", "print this, or how to use one verb", "", help_run},
};

static void
explain(const struct command *c, FILE *out)
{
	fprintf(out, "usage: selfsame %s%s%s\n\n%s.\n", c->verb, c->arguments[0] != '\0' ? " " : "",
		c->arguments, c->line);
	if (c->help[0] != '\0')
		fprintf(out, "\n%s", c->help);
}

static void
explain_all(FILE *out)
{
	fputs("usage: selfsame VERB [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		fprintf(out, "  %-10s %-14s %s\n", commands[i].verb, commands[i].arguments,
			commands[i].line);
	fputs("\nselfsame help VERB shows the options. Exit status: 0 yes, 1 no, 2 wrong usage,\n"
	      "3 what was to be looked at could not be had.\n",
	      out);
}

static const struct command *
find(const char *verb)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].verb, verb) == 0)
			return &commands[i];
	return NULL;
}

/* Output that did not reach its reader is not a "yes". */
static int
flushed(int status)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	fputs("selfsame: standard output could not be written\n", stderr);
	return CLI_UNAVAILABLE;
}

static int
version_run(const struct command *self, int argc, char **argv)
{
	(void)argv;
	if (argc != 1)
		return cli_usage(self, "takes no argument");
	printf("selfsame %s\n", SELFSAME_VERSION);
	return CLI_YES;
}

static int
help_run(const struct command *self, int argc, char **argv)
{
	const struct command *c;

	if (argc == 1) {
		explain_all(stdout);
		return CLI_YES;
	}
	if (argc != 2 || (c = find(argv[1])) == NULL)
		return cli_usage(self, "there is no such verb");
	explain(c, stdout);
	return CLI_YES;
}

int
main(int argc, char **argv)
{
	const struct command *c;

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		explain_all(stdout);
		return flushed(CLI_YES);
	}
	if (argc >= 2 && strcmp(argv[1], "--version") == 0)
		return flushed(version_run(find("version"), 1, argv));
	if (argc < 2 || (c = find(argv[1])) == NULL) {
		if (argc >= 2)
			fputs("selfsame: there is no such verb\n\n", stderr);
		explain_all(stderr);
		return CLI_USAGE;
	}
	if (argc >= 3 && (strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0)) {
		explain(c, stdout);
		return flushed(CLI_YES);
	}
	return flushed(c->run(c, argc - 1, argv + 1));
}
