/*
 * Verify a quote of Intel TDX against collateral, and say what it attests to.
 *
 *   cc verify_quote.c $(pkg-config --cflags --libs libselfsame) -o verify_quote
 *   ./verify_quote QUOTE COLLATERAL [UNIX-TIME [ROOT]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <selfsame/selfsame.h>

static unsigned char quote[65536], collateral[262144], root[8192];

static size_t
load(const char *path, unsigned char *buffer, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n = f != NULL ? fread(buffer, 1, size, f) : 0;

	if (n == 0 || n == size) {
		fprintf(stderr, "%s: cannot be read, or is too large\n", path);
		exit(2);
	}
	fclose(f);
	return n;
}

int
main(int argc, char **argv)
{
	selfsame_result *r;
	const uint8_t *mrtd;
	size_t quote_len, collateral_len, root_len = 0, len, i;
	int accepted;

	if (argc < 3 || argc > 5) {
		fputs("usage: verify_quote QUOTE COLLATERAL [UNIX-TIME [ROOT]]\n", stderr);
		return 2;
	}
	quote_len = load(argv[1], quote, sizeof quote);
	collateral_len = load(argv[2], collateral, sizeof collateral);
	if (argc == 5)
		root_len = load(argv[4], root, sizeof root);
	if (selfsame_quote_verify(quote, quote_len, (const char *)collateral, collateral_len,
				  argc == 5 ? root : NULL, root_len,
				  argc > 3 ? atoll(argv[3]) : (int64_t)time(NULL), &r) != 0)
		return 2;
	accepted = selfsame_policy_apply(NULL, r); /* up to date, not in debug mode */
	printf("%s: %s\n", accepted ? "accepted" : "refused", selfsame_result_text(r));
	if (selfsame_result_holds(r)) {
		printf("status %s of %s, MRTD ", selfsame_result_tcb_status(r),
		       selfsame_result_tcb_date(r));
		mrtd = selfsame_result_field(r, "mrtd", &len);
		for (i = 0; i < len; i++)
			printf("%02x", mrtd[i]);
		putchar('\n');
	}
	selfsame_result_free(r);
	return accepted ? 0 : 1;
}
