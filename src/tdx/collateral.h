/*
 * The collateral that a quote is judged with: Intel's revocation lists, TCB
 * info and identity of the quoting enclave, with the chains that signed them.
 * Runs of bytes only, nothing is trusted or parsed here.
 *
 * The bundle is one JSON object of nine strings, the form of dcap-qvl's
 * QuoteCollateralV3: chains as PEM, lists as hex of DER, documents as the exact
 * JSON text that was signed, signatures as hex of r || s. Other members are
 * ignored. An absent member, or null, is an empty run, a member that is not hex
 * is handed on as it stands: the verifier refuses both with the reason of that item.
 */
#ifndef SELFSAME_TDX_COLLATERAL_H
#define SELFSAME_TDX_COLLATERAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

#define COLLATERAL_JSON_MAX 1048576

/* Member of the struct, which is the bundle's name too; kind of text there. */
#define COLLATERAL_ITEMS(I) \
	I(pck_crl_issuer_chain, COLLATERAL_TEXT) /* informative: the quote has its own */ \
	I(root_ca_crl, COLLATERAL_HEX) /* DER */ \
	I(pck_crl, COLLATERAL_HEX) /* DER */ \
	I(tcb_info_issuer_chain, COLLATERAL_TEXT) /* PEM: signer, root */ \
	I(tcb_info, COLLATERAL_TEXT) /* JSON object, every byte as signed */ \
	I(tcb_info_signature, COLLATERAL_HEX) /* 64: r || s */ \
	I(qe_identity_issuer_chain, COLLATERAL_TEXT) \
	I(qe_identity, COLLATERAL_TEXT) \
	I(qe_identity_signature, COLLATERAL_HEX)

struct collateral {
#define I(name, kind) struct bytes name;
	COLLATERAL_ITEMS(I)
#undef I
};

/*
 * Read a bundle.
 *
 * Returns: 0, ERR_PARSE, ERR_RANGE, ERR_SPACE (longer than COLLATERAL_JSON_MAX), ERR_DUPLICATE
 *          or ERR_TRAILING; *ret_field is the member at fault or NULL
 * Out:     memory  json.len bytes, lent for as long as *ret is used: its runs point there
 */
int collateral_read(struct bytes json, uint8_t *memory, struct collateral *ret,
    const char **ret_field) MUST_USE;

/* Matched by collateral_read(). The runs must be ASCII where they are text. */
void collateral_write(struct writer *w, const struct collateral *collateral);

/*
 * Intel's service answers {"tcbInfo":{...},"signature":"hex"}, or "enclaveIdentity": the
 * object is signed as the bytes that it stands in. Finds it and decodes the signature.
 *
 * In:      member  "tcbInfo" or "enclaveIdentity"
 * Returns: 0, ERR_PARSE, ERR_RANGE, ERR_DUPLICATE or ERR_TRAILING
 */
int collateral_signed_part(struct bytes answer, const char *member, struct bytes *ret_object,
    uint8_t ret_signature[64]) MUST_USE;

#endif
