#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/banned.h"

int
cli_usage(const struct command *self, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "selfsame %s: ", self->verb);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nselfsame help %s shows how it is used\n", self->verb);
	return CLI_USAGE;
}

int
cli_failed(const struct command *self, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "selfsame %s: ", self->verb);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CLI_NO;
}
