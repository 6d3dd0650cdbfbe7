/*~ selfsamed: the first process, and the only one that sees the environment.
 *
 * It reads the settings and the root secret, wipes both from where they came,
 * starts the signer, the attester and the gateway as programs of their own,
 * hands the secret to the signer and forgets it. From then on it holds no key;
 * it starts what died again and stops everything in order.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/settings.h"
#include "base/version.h"
#include "ipc/boot.h"
#include "ipc/sandbox.h"
#include "supervisor/daemon.h"
#include "supervisor/files.h"
#include "supervisor/plan.h"
#include "base/banned.h"

#define TEXT_MAX 1024

struct arguments {
	int development;
	int help;
	int version;
	const char *config;
};

extern char **environ;

static const char usage_text[] =
    "usage: selfsamed [--dev] [--config FILE]\n"
    "       selfsamed --help | --version\n"
    "\n"
    "  --dev          development: simulated TEE, published phrase; never for money\n"
    "  --config FILE  settings as NAME=VALUE lines; the environment wins\n";

static int
help(void)
{
	(void)fputs(usage_text, stdout);
	(void)fputs("\nSettings, from the environment or FILE:\n", stdout);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;

		(void)printf("\n  %s\n      %s\n", setting_name(id), setting_help(id));
		if (setting_default(id) != NULL)
			(void)printf("      default: %s\n", setting_default(id));
	}
	return fflush(stdout) == 0 ? 0 : EXIT_IO;
}

static int
usage_error(const char *problem, const char *argument)
{
	(void)fprintf(stderr, "selfsamed: %s: %s\n%s", argument, problem, usage_text);
	return EXIT_USAGE;
}

/* Returns 0 or EXIT_USAGE, after a message. */
static int
parse_arguments(int argc, char **argv, struct arguments *ret)
{
	struct arguments a = {0, 0, 0, NULL};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--dev") == 0)
			a.development = 1;
		else if (strcmp(argv[i], "--help") == 0)
			a.help = 1;
		else if (strcmp(argv[i], "--version") == 0)
			a.version = 1;
		else if (a.config != NULL && strncmp(argv[i], "--config", 8) == 0)
			return usage_error("is given twice", "--config");
		else if (strncmp(argv[i], "--config=", 9) == 0)
			a.config = argv[i] + 9;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			a.config = argv[++i];
		else if (strcmp(argv[i], "--config") == 0)
			return usage_error("needs a FILE", argv[i]);
		else
			return usage_error("unknown argument", argv[i]);
	}
	*ret = a;
	return 0;
}

/* A socket in the place of a missing standard stream would receive log lines. */
static int
fill_standard_streams(void)
{
	int fd;

	do {
		if ((fd = open("/dev/null", O_RDWR)) < 0)
			return ERR_IO;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static int
run(const struct arguments *a)
{
	struct settings s;
	struct plan plan;
	char text[TEXT_MAX];
	const char *problem = NULL;
	int status = EXIT_SETTING;
	int r;

	r = settings_load(environ, a->config, &s, text, sizeof text);
	environment_wipe(environ);
	if (r != 0) {
		(void)fprintf(stderr, "selfsamed: %s\n", r == ERR_SETTING ? text : err_text(r));
		return EXIT_SETTING;
	}
	log_open("selfsamed", strcmp(s.value[SET_SELFSAME_LOG], "json") == 0, LOG_INFO);
	if (files_inline(&s, SET_SELFSAME_KMS_ADDRESSES, text, sizeof text) != 0) {
		(void)fprintf(stderr, "selfsamed: %s\n", text);
		goto out;
	}
	if (plan_make(&s, a->development, &plan, &problem) != 0) {
		(void)fprintf(stderr, "selfsamed: %s\n", problem);
		goto out;
	}
	if (plan.phrase_is_published)
		(void)fputs("selfsamed: MNEMONIC is not set: using the published development "
		            "phrase, whose keys everybody has\n",
		    stderr);
	if (settings_replace(&s, SET_SELFSAME_PLATFORM, plan.platform.name) != 0)
		goto out;
	status = daemon_run(&plan, &s);
out:
	settings_free(&s);
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments a;
	int status;

	if (fill_standard_streams() != 0 || sandbox_begin() != 0 || sodium_init() < 0) {
		(void)fputs("selfsamed: the system refused to protect this process\n", stderr);
		return EXIT_SOFTWARE;
	}
	if ((status = parse_arguments(argc, argv, &a)) != 0)
		return status;
	if (a.help)
		return help();
	if (a.version)
		return printf("selfsamed %s\n", SELFSAME_VERSION) > 0 ? 0 : EXIT_IO;
	return run(&a);
}
