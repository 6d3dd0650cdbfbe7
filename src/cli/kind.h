/*
 * What kind of thing was handed in: recognised by its form, undone from hex, base64
 * and PEM. Recognising is not reading: whoever reads it may still refuse it.
 */
#ifndef SELFSAME_CLI_KIND_H
#define SELFSAME_CLI_KIND_H

#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "base/bytes.h"

/* id, name as --json has it, what it is called */
#define KINDS(K) \
	K(KIND_UNKNOWN, "unknown", "nothing that is known here") \
	K(KIND_ATTESTATION, "attestation", "an attestation of Selfsame") \
	K(KIND_QUOTE, "tdx-quote", "a TDX quote") \
	K(KIND_DSTACK, "dstack", "dstack's evidence") \
	K(KIND_DSTACK_BLOB, "dstack-attestation", "dstack's evidence, as Attest answers it") \
	K(KIND_DSTACK_CERTIFICATE, "dstack-certificate", "a certificate of dstack's RA-TLS") \
	K(KIND_DSTACK_LOG, "dstack-event-log", "an event log of dstack") \
	K(KIND_BOUND, "bound-evidence", "bound evidence of EigenCompute") \
	K(KIND_TOKEN, "confidential-space-token", "a token of Confidential Space") \
	K(KIND_COLLATERAL, "collateral", "a bundle of Intel's collateral") \
	K(KIND_CCEL, "ccel", "a confidential computing event log (CCEL)") \
	K(KIND_SEV_SNP, "sev-snp-report", "a report of AMD SEV-SNP")

enum kind {
#define K(id, name, words) id,
	KINDS(K)
#undef K
	KINDS_COUNT
};

const char *kind_name(enum kind kind);
const char *kind_words(enum kind kind);

/*
 * Out:     room  what was decoded, buffer_free()
 *          *ret  the bytes themselves: in input, or in room; none where input is text
 *                that spells no bytes, such as hex that was cut
 */
enum kind kind_detect(struct bytes input, struct buffer *room, struct bytes *ret);

#endif
