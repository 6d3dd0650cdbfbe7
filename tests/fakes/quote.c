/*
 * quote REPORT_DATA RTMR3 [MRCONFIGID]: a quote of the simulated TEE with these
 * values (hex), as hex on standard output. For the agents that tests play.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "tdx/quote.h"
#include "tee/simulated_pki.h"
#include "tee/simulated_quote.h"
#include "tee/tee.h"
#include "base/banned.h"

static int
set(const char *hex, uint8_t *ret, size_t n)
{
	return hex_decode(hex, strlen(hex), ret, n);
}

static int
make(struct simulated_quote *q, char **argv, int argc)
{
	static struct simulated_pki pki;
	struct writer chain = writer_of(q->data, sizeof q->data);

	if (simulated_quote_make(q) != 0 || simulated_pki_make(&pki) != 0)
		return -1;
	simulated_pki_write_chain(&chain, &pki);
	write_u8(&chain, 0);
	q->data_len = chain.len;
	if (set(argv[1], q->body + TD_REPORT_DATA, 64) != 0 ||
	    set(argv[2], q->body + TD_RTMR0 + 48 * 3, 48) != 0)
		return -1;
	if (argc > 3 && set(argv[3], q->body + TD_MRCONFIGID, 48) != 0)
		return -1;
	return chain.err == 0 ? simulated_quote_seal(q, pki.key[PCK_LEAF].secret) : -1;
}

int
main(int argc, char **argv)
{
	static struct simulated_quote q;
	static uint8_t bytes[TEE_QUOTE_MAX];
	static char hex[2 * TEE_QUOTE_MAX + 1];
	size_t len;

	if (argc < 3 || make(&q, argv, argc) != 0 ||
	    simulated_quote_write(&q, bytes, sizeof bytes, &len) != 0) {
		(void)fputs("usage: quote REPORT_DATA RTMR3 [MRCONFIGID]\n", stderr);
		return 2;
	}
	hex_encode(bytes, len, hex);
	return puts(hex) < 0;
}
