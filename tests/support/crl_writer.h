/* CRLs of the simulated hierarchy: v2 with cRLNumber and authority key id, as Intel's are. */
#ifndef SELFSAME_TESTS_CRL_WRITER_H
#define SELFSAME_TESTS_CRL_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tee/simulated_pki.h"

#define CRL_WRITER_MAX 4096

struct crl_spec {
	enum simulated_role issuer;
	int64_t this_update;
	int64_t next_update;
	size_t count;
	const uint8_t *revoked; /* count serials of X509_ID_LEN bytes */
	uint8_t reason; /* CRLReason of every entry: 1 is keyCompromise */
	int without_number;
	int without_authority_id;
};

/* ret has room for CRL_WRITER_MAX. Returns: 0, ERR_CRYPTO or ERR_SPACE */
int crl_write(const struct crl_spec *spec, uint8_t *ret, size_t *ret_len) MUST_USE;

#endif
