/*
 * Roles and extensions of the PCK chain: the simulated one (whose form is
 * Intel's), changed in one place each. Signatures are not looked at by
 * pck_chain_parse(), so that every rule can be tripped alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "tdx/pck.h"
#include "tdx/pem.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

static struct simulated_pki pki;
static struct pck_chain chain;

static enum tdx_reason
verify_chain(void)
{
	struct p256 p256 = {.key = NULL};
	enum tdx_reason reason = pck_chain_verify(&chain, &p256);

	p256_close(&p256);
	return reason;
}

static int
setup(void **state)
{
	(void)state;
	return simulated_pki_make(&pki);
}

static enum tdx_reason
parse(const struct simulated_pki *p)
{
	uint8_t pem[PCK_PEM_MAX];
	struct writer w = writer_of(pem, sizeof pem);
	size_t len;

	simulated_pki_write_chain(&w, p);
	assert_int_equal(writer_end(&w, &len), 0);
	return pck_chain_parse((struct bytes){pem, len}, &chain);
}

/* Replace bytes that occur exactly `times` times in a certificate. */
static void
assert_patch_refused(enum pck_place place, const void *old, const void *new, size_t len,
		     unsigned times)
{
	struct simulated_pki p = pki;
	unsigned found = 0;

	for (size_t i = 0; i + len <= p.der_len[place]; i++)
		if (memcmp(p.der[place] + i, old, len) == 0) {
			memcpy(p.der[place] + i, new, len);
			found++;
		}
	assert_int_equal(found, times);
	assert_int_equal(parse(&p), TDX_PCK_CHAIN);
}

#define PATCH(place, times, old, new)                                            \
	do {                                                                     \
		static const uint8_t a[] = old, b[] = new;                       \
		_Static_assert(sizeof a == sizeof b, "patches keep the length"); \
		assert_patch_refused((place), a, b, sizeof a, (times));          \
	} while (0)
#define PATCH_TEXT(place, times, old, new)                                           \
	do {                                                                         \
		_Static_assert(sizeof old == sizeof new, "patches keep the length"); \
		assert_patch_refused((place), old, new, sizeof old - 1, (times));    \
	} while (0)
#define B(...)              \
	{                   \
		__VA_ARGS__ \
	}
#define SGX_OID 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01

static void
test_accepted(void **state)
{
	const struct pck_platform *p = &chain.platform;

	(void)state;
	assert_int_equal(parse(&pki), TDX_HOLDS);
	assert_int_equal(verify_chain(), TDX_HOLDS);
	assert_int_equal(p->ca, PCK_CA_PLATFORM);
	assert_int_equal(p->pcesvn, 13);
	assert_int_equal(p->sgx_type, 1);
	assert_int_equal(p->components[4], 4);
	assert_memory_equal(p->cpusvn, p->components, 16);
	assert_memory_equal(p->fmspc, "SELF\0\1", 6);
	assert_true(p->dynamic_platform && p->cached_keys && p->smt_enabled);
}

static void
test_names(void **state)
{
	(void)state;
	PATCH_TEXT(PCK_ROOT, 2, "SGX Root CA", "SGX Boot CA");
	PATCH_TEXT(PCK_INTERMEDIATE, 1, "SGX PCK Platform CA", "SGX PCK Platforn CA");
	PATCH_TEXT(PCK_LEAF, 1, "SGX PCK Certificate", "SGX PCK Certifikate");
	/* two common names */
	PATCH(PCK_LEAF, 2, B(0x06, 0x03, 0x55, 0x04, 0x0a), B(0x06, 0x03, 0x55, 0x04, 0x03));
}

static void
test_basic_constraints(void **state)
{
	(void)state;
	/* CA: FALSE spelled out; path length 0 of the root */
	PATCH(PCK_ROOT, 1, B(0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01),
	      B(0x30, 0x06, 0x01, 0x01, 0x00, 0x02, 0x01, 0x01));
	PATCH(PCK_ROOT, 1, B(0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x01),
	      B(0x30, 0x06, 0x01, 0x01, 0xff, 0x02, 0x01, 0x00));
	/* not critical */
	PATCH(PCK_ROOT, 1, B(0x55, 0x1d, 0x13, 0x01, 0x01, 0xff),
	      B(0x55, 0x1d, 0x13, 0x01, 0x01, 0x00));
	/* missing: under an OID that nobody knows, critical */
	PATCH(PCK_ROOT, 1, B(0x55, 0x1d, 0x13), B(0x55, 0x1d, 0x7f));
	PATCH(PCK_LEAF, 1, B(0x55, 0x1d, 0x13), B(0x55, 0x1d, 0x7f));
}

static void
test_key_usage(void **state)
{
	(void)state;
	/* without certificate signing, without CRL signing, leaf without digital signature */
	PATCH(PCK_INTERMEDIATE, 1, B(0x03, 0x02, 0x01, 0x06), B(0x03, 0x02, 0x01, 0x02));
	PATCH(PCK_INTERMEDIATE, 1, B(0x03, 0x02, 0x01, 0x06), B(0x03, 0x02, 0x02, 0x04));
	PATCH(PCK_LEAF, 1, B(0x03, 0x02, 0x06, 0xc0), B(0x03, 0x02, 0x06, 0x40));
	/* a leaf that may sign certificates; unused bits miscounted */
	PATCH(PCK_LEAF, 1, B(0x03, 0x02, 0x06, 0xc0), B(0x03, 0x02, 0x02, 0x84));
	PATCH(PCK_LEAF, 1, B(0x03, 0x02, 0x06, 0xc0), B(0x03, 0x02, 0x05, 0xc0));
	PATCH(PCK_LEAF, 1, B(0x03, 0x02, 0x06, 0xc0), B(0x03, 0x02, 0x06, 0xe0));
	PATCH(PCK_LEAF, 1, B(0x03, 0x02, 0x06, 0xc0), B(0x03, 0x02, 0x08, 0xc0));
}

static void
test_extensions(void **state)
{
	(void)state;
	/* each required one missing, by an OID that is unknown but not critical */
	PATCH(PCK_LEAF, 1, B(0x55, 0x1d, 0x23), B(0x55, 0x1d, 0x7f));
	PATCH(PCK_LEAF, 1, B(0x55, 0x1d, 0x1f), B(0x55, 0x1d, 0x7f));
	PATCH(PCK_LEAF, 1, B(0x55, 0x1d, 0x0e), B(0x55, 0x1d, 0x7f));
	/* one twice */
	PATCH(PCK_LEAF, 1, B(0x55, 0x1d, 0x1f), B(0x55, 0x1d, 0x23));
	/* the leaf without SGX extension, an authority that is not one */
	PATCH(PCK_LEAF, 1, B(0x06, 0x09, SGX_OID, 0x04),
	      B(0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x02, 0x04));
}

static void
test_algorithms(void **state)
{
	(void)state;
	/* ecdsa-with-SHA384, P-384's identifier, a compressed point, X.509 version 1 */
	PATCH(PCK_LEAF, 2, B(0x3d, 0x04, 0x03, 0x02), B(0x3d, 0x04, 0x03, 0x03));
	PATCH(PCK_LEAF, 1, B(0x3d, 0x03, 0x01, 0x07), B(0x3d, 0x03, 0x01, 0x06));
	PATCH(PCK_LEAF, 1, B(0x03, 0x42, 0x00, 0x04), B(0x03, 0x42, 0x00, 0x02));
	PATCH(PCK_LEAF, 1, B(0xa0, 0x03, 0x02, 0x01, 0x02), B(0xa0, 0x03, 0x02, 0x01, 0x00));
	/* notBefore after notAfter */
	PATCH_TEXT(PCK_LEAF, 1, "491231235959Z", "241231235959Z");
}

static void
test_sgx_extension(void **state)
{
	(void)state;
	/* an unknown member, one twice, one missing */
	PATCH(PCK_LEAF, 1, B(0x06, 0x0a, SGX_OID, 0x03), B(0x06, 0x0a, SGX_OID, 0x08));
	PATCH(PCK_LEAF, 1, B(0x06, 0x0a, SGX_OID, 0x03), B(0x06, 0x0a, SGX_OID, 0x00));
	PATCH(PCK_LEAF, 1, B(0x06, 0x0a, SGX_OID, 0x03), B(0x06, 0x0a, SGX_OID, 0x04));
	/* TCB: an unknown component, one twice, below another number */
	PATCH(PCK_LEAF, 1, B(0x06, 0x0b, SGX_OID, 0x02, 0x10), B(0x06, 0x0b, SGX_OID, 0x02, 0x13));
	PATCH(PCK_LEAF, 1, B(0x06, 0x0b, SGX_OID, 0x02, 0x10), B(0x06, 0x0b, SGX_OID, 0x02, 0x0f));
	PATCH(PCK_LEAF, 1, B(0x06, 0x0b, SGX_OID, 0x02, 0x10), B(0x06, 0x0b, SGX_OID, 0x03, 0x10));
	/* a negative SVN, an SVN that is no INTEGER, one of three bytes that is a tuple of three */
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x02, 0x05, 0x02, 0x01, 0x04),
	      B(SGX_OID, 0x02, 0x05, 0x02, 0x01, 0x84));
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x02, 0x05, 0x02, 0x01, 0x04),
	      B(SGX_OID, 0x02, 0x05, 0x04, 0x01, 0x04));
	/* CPUSVN, PCEID and FMSPC are OCTET STRINGs of their lengths */
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x02, 0x12, 0x04, 0x10), B(SGX_OID, 0x02, 0x12, 0x03, 0x10));
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x03, 0x04, 0x02), B(SGX_OID, 0x03, 0x04, 0x01));
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x04, 0x04, 0x06), B(SGX_OID, 0x04, 0x04, 0x05));
	/* SGX type 3, or an INTEGER */
	PATCH(PCK_LEAF, 1, B(0x0a, 0x01, 0x01), B(0x0a, 0x01, 0x03));
	PATCH(PCK_LEAF, 1, B(0x0a, 0x01, 0x01), B(0x02, 0x01, 0x01));
	/* configuration: one twice, a boolean that is none */
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x07, 0x03), B(SGX_OID, 0x07, 0x02));
	PATCH(PCK_LEAF, 1, B(SGX_OID, 0x07, 0x03, 0x01, 0x01, 0xff),
	      B(SGX_OID, 0x07, 0x03, 0x01, 0x01, 0x01));
}

/* Seven members are the Platform CA's: under a Processor CA they are two too many. */
static void
test_processor_ca(void **state)
{
	struct simulated_pki p = pki;
	uint8_t *name = memmem(p.der[PCK_INTERMEDIATE], p.der_len[PCK_INTERMEDIATE],
			       "Simulated SGX PCK Platform CA", 29);

	(void)state;
	assert_non_null(name);
	/* a letter less elsewhere keeps the length */
	memcpy(name, "Simulatd SGX PCK Processor CA", 29);
	assert_int_equal(parse(&p), TDX_PCK_CHAIN);
}

static void
test_order_and_number(void **state)
{
	static const enum pck_place orders[][3] = {
	    {PCK_ROOT, PCK_INTERMEDIATE, PCK_LEAF},	    {PCK_LEAF, PCK_ROOT, PCK_INTERMEDIATE},
	    {PCK_INTERMEDIATE, PCK_LEAF, PCK_ROOT},	    {PCK_LEAF, PCK_LEAF, PCK_ROOT},
	    {PCK_LEAF, PCK_INTERMEDIATE, PCK_INTERMEDIATE},
	};
	uint8_t pem[PCK_PEM_MAX];
	struct writer w = writer_of(pem, sizeof pem);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		w = writer_of(pem, sizeof pem);
		for (size_t k = 0; k < 3; k++)
			pem_write_certificate(&w, pki.der[orders[i][k]], pki.der_len[orders[i][k]]);
		assert_int_equal(pck_chain_parse((struct bytes){pem, w.len}, &chain),
				 TDX_PCK_CHAIN);
	}
	w = writer_of(pem, sizeof pem);
	simulated_pki_write_chain(&w, &pki);
	/* without the root; with a fourth; with NULs at the end, and one in the middle */
	assert_int_equal(pck_chain_parse((struct bytes){pem, w.len / 2}, &chain), TDX_PCK_CHAIN);
	assert_int_equal(pck_chain_parse((struct bytes){pem, w.len}, &chain), TDX_HOLDS);
	write_bytes(&w, "\0\0", 2);
	assert_int_equal(pck_chain_parse((struct bytes){pem, w.len}, &chain), TDX_HOLDS);
	pem_write_certificate(&w, pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]);
	assert_int_equal(pck_chain_parse((struct bytes){pem, w.len}, &chain), TDX_PCK_CHAIN);
	w = writer_of(pem, sizeof pem);
	simulated_pki_write_chain(&w, &pki);
	pem_write_certificate(&w, pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]);
	assert_int_equal(pck_chain_parse((struct bytes){pem, w.len}, &chain), TDX_PCK_CHAIN);
	assert_int_equal(pck_chain_parse((struct bytes){NULL, 0}, &chain), TDX_PCK_CHAIN);
}

/* Links between the certificates: a broken name, key identifier or signature. */
static void
test_links(void **state)
{
	struct simulated_pki p = pki;
	uint8_t *at;

	(void)state;
	/* the issuer's name in the leaf */
	at = memmem(p.der[PCK_LEAF], p.der_len[PCK_LEAF], "Nowhere", 7);
	at[0] = 'M';
	assert_int_equal(parse(&p), TDX_HOLDS);
	assert_int_equal(verify_chain(), TDX_PCK_CHAIN);
	/* the authority key identifier */
	p = pki;
	at = memmem(p.der[PCK_LEAF], p.der_len[PCK_LEAF], (const uint8_t[]){0x80, 0x14}, 2);
	at[2] ^= 1;
	assert_int_equal(parse(&p), TDX_HOLDS);
	assert_int_equal(verify_chain(), TDX_PCK_CHAIN);
	/* the last byte of a signature */
	for (unsigned i = PCK_LEAF; i < PCK_ROOT; i++) {
		p = pki;
		p.der[i][p.der_len[i] - 1] ^= 1;
		assert_int_equal(parse(&p), TDX_HOLDS);
		assert_int_equal(verify_chain(), TDX_PCK_CHAIN);
	}
}

static void
test_root(void **state)
{
	struct bytes root = {pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]};

	(void)state;
	assert_int_equal(parse(&pki), TDX_HOLDS);
	assert_int_equal(pck_root_is(&chain, root), TDX_HOLDS);
	root.len--;
	assert_int_equal(pck_root_is(&chain, root), TDX_ROOT_NOT_TRUSTED);
	root.len = 0;
	assert_int_equal(pck_root_is(&chain, root), TDX_ROOT_NOT_TRUSTED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),	      cmocka_unit_test(test_names),
	    cmocka_unit_test(test_basic_constraints), cmocka_unit_test(test_key_usage),
	    cmocka_unit_test(test_extensions),	      cmocka_unit_test(test_algorithms),
	    cmocka_unit_test(test_sgx_extension),     cmocka_unit_test(test_processor_ca),
	    cmocka_unit_test(test_order_and_number),  cmocka_unit_test(test_links),
	    cmocka_unit_test(test_root),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
