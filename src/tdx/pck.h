/*
 * The provisioning certification key (PCK): the chain leaf, intermediate, root
 * that a quote carries, and what the leaf says about the platform.
 *
 * The certificates have roles, not just signatures: names, extensions and
 * order must be those of Intel's PKI (tested against the rules of Intel's
 * quote verification library). Platform ids count only from a verified chain.
 */
#ifndef SELFSAME_TDX_PCK_H
#define SELFSAME_TDX_PCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/certificate.h"
#include "tdx/reason.h"

#define PCK_PEM_MAX 16384

enum pck_place { PCK_LEAF, PCK_INTERMEDIATE, PCK_ROOT, PCK_CHAIN_LEN };

enum pck_ca { PCK_CA_PROCESSOR, PCK_CA_PLATFORM };

/* Extension 1.2.840.113741.1.13.1 of the leaf. */
struct pck_platform {
	uint8_t ppid[16];
	uint8_t components[16]; /* SGX component SVNs */
	uint16_t pcesvn;
	uint8_t cpusvn[16];
	uint8_t pceid[2];
	uint8_t fmspc[6];
	uint8_t sgx_type; /* 0 standard, 1 scalable, 2 scalable with integrity */
	enum pck_ca ca;
	/* the rest from the Platform CA only, else zero */
	uint8_t platform_instance_id[16];
	int dynamic_platform;
	int cached_keys;
	int smt_enabled;
};

/* The certificates point into der: not to be copied or moved. */
struct pck_chain {
	struct certificate certificate[PCK_CHAIN_LEN];
	struct pck_platform platform;
	uint8_t der[PCK_CHAIN_LEN][CERTIFICATE_MAX];
};

/*
 * Decode exactly three PEM certificates, each base64 line in its one canonical
 * form, NULs allowed at the very end; check roles and extensions; read the
 * platform. Signatures are not checked here.
 *
 * Returns: TDX_HOLDS or TDX_PCK_CHAIN
 */
enum tdx_reason pck_chain_parse(struct bytes pem, struct pck_chain *ret) MUST_USE;

/*
 * Leaf by intermediate, intermediate by root. That the root signed itself says
 * nothing: it is compared with a trusted one, whole, by pck_root_is().
 *
 * Returns: TDX_HOLDS, TDX_PCK_CHAIN or TDX_INTERNAL
 */
enum tdx_reason pck_chain_verify(const struct pck_chain *chain, struct p256 *p256)
    MUST_USE;

/* TDX_HOLDS or TDX_ROOT_NOT_TRUSTED */
enum tdx_reason pck_root_is(const struct pck_chain *chain, struct bytes root_der) MUST_USE;

#endif
