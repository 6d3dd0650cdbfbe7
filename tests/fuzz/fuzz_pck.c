/* Certificates: the PEM chain of a quote, and one certificate as DER. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/pck.h"
#include "tdx/pem.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What PEM decodes has one spelling: written again it is the same. */
static void
check_pem(const uint8_t *data, size_t size)
{
	static uint8_t der[CERTIFICATE_MAX], pem[2 * CERTIFICATE_MAX];
	struct reader r = reader_of(data, size);
	struct writer w = writer_of(pem, sizeof pem);
	size_t len;

	if (pem_take_certificate(&r, der, sizeof der, &len) != 0)
		return;
	pem_write_certificate(&w, der, len);
	if (w.err != 0 || w.len != size - r.left || memcmp(pem, data, w.len) != 0)
		abort();
}

/* Lines that were cleaned are clean. */
static void
check_lines(const uint8_t *data, size_t size)
{
	static uint8_t once[8192], twice[8192];
	struct writer a = writer_of(once, sizeof once), b = writer_of(twice, sizeof twice);

	pem_write_lines(&a, (struct bytes){data, size});
	if (a.err != 0)
		return;
	pem_write_lines(&b, (struct bytes){once, a.len});
	if (b.err != 0 || b.len != a.len || memcmp(once, twice, a.len) != 0)
		abort();
}

static void
check_certificate(struct bytes der)
{
	struct p256 p256 = {.key = NULL};
	struct certificate c;

	if (certificate_parse(der, &c) != 0)
		return;
	if (c.not_before > c.not_after || c.common_name.len == 0 || c.subject_key_id.len != 20 ||
	    c.tbs.p < der.p || c.tbs.p + c.tbs.len > der.p + der.len)
		abort();
	(void)!certificate_issued_by(&c, &c, &p256);
	p256_close(&p256);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pck_chain chain;
	struct p256 p256 = {.key = NULL};

	check_pem(data, size);
	check_lines(data, size);
	check_certificate((struct bytes){data, size});
	if (pck_chain_parse((struct bytes){data, size}, &chain) == TDX_HOLDS)
		(void)!pck_chain_verify(&chain, &p256);
	p256_close(&p256);
	return 0;
}
