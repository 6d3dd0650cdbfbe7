#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

#include <getopt.h>

#include "base/banned.h"

static void say(const struct command *self, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

static void
say(const struct command *self, const char *fmt, va_list ap)
{
	fprintf(stderr, "selfsame %s: ", self->verb);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int
cli_usage(const struct command *self, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(self, fmt, ap);
	va_end(ap);
	fprintf(stderr, "selfsame help %s shows how it is used\n", self->verb);
	return CLI_USAGE;
}

int
cli_bad_option(const struct command *self, char **argv, int option)
{
	/* a letter is named by optopt: it may be one of several in an argument */
	if (option == '?' && optopt > 0 && optopt < 128)
		return cli_usage(self, "-%c: there is no such option", optopt);
	return cli_usage(self,
			 option == ':' ? "%s needs its value"
			 : optopt != 0 ? "%s: this option takes no value"
				       : "%s: there is no such option",
			 argv[optind - 1]);
}

int
cli_refused(const struct command *self, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(self, fmt, ap);
	va_end(ap);
	return CLI_NO;
}

int
cli_failed(const struct command *self, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(self, fmt, ap);
	va_end(ap);
	return CLI_UNAVAILABLE;
}
