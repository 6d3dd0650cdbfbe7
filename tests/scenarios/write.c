/*
 * Write simulated evidence to files, for programs that are not ours to link:
 *
 *   write collateral          the shipped collateral, to standard output
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "support/scenario.h"
#include "base/banned.h"

static struct scenario scenario;
static struct scenario_evidence made;

static int
write_collateral(void)
{
	int r;

	if ((r = scenario_begin(&scenario)) == 0 && (r = scenario_make(&scenario, &made)) == 0) {
		fwrite(made.bundle.p, 1, made.bundle.len, stdout);
		fputc('\n', stdout);
	}
	scenario_free(&made);
	return r;
}

int
main(int argc, char **argv)
{
	int r;

	if (argc != 2 || strcmp(argv[1], "collateral") != 0) {
		fputs("usage: write collateral\n", stderr);
		return 2;
	}
	if ((r = write_collateral()) != 0)
		fprintf(stderr, "write: %s\n", err_text(r));
	return r == 0 && fflush(stdout) == 0 ? 0 : 1;
}
