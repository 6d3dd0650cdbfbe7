/*
 * The structure of a TDX quote (Intel DCAP, versions 4 and 5): parsed once,
 * forward, over immutable bytes. Every declared length must be used up exactly,
 * from the inside out; bytes after the auth data are normal and carry nothing.
 * Says nothing about who signed: that is tdx/verify.h. SGX quotes are refused.
 *
 * All integers little-endian. Source: sgx_quote_4.h, sgx_quote_5.h and
 * QuoteStructures.h of Intel's DCAP.
 */
#ifndef SELFSAME_TDX_QUOTE_H
#define SELFSAME_TDX_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define QUOTE_HEADER_LEN 48
#define QUOTE_TEE_TDX 0x81U
#define QUOTE_KEY_ECDSA_P256 2U
#define QE_REPORT_LEN 384

/* Certification data types that occur here. */
#define CERT_DATA_PCK_CHAIN 5U /* PEM: leaf, intermediate, root */
#define CERT_DATA_QE_REPORT 6U /* a QE report with certification data of its own */

/* Offsets in a TD report of 1.0 and later; tests use them too. */
enum td_offset {
	TD_TEE_TCB_SVN = 0,
	TD_MRSEAM = 16,
	TD_MRSIGNERSEAM = 64,
	TD_SEAMATTRIBUTES = 112,
	TD_TDATTRIBUTES = 120,
	TD_XFAM = 128,
	TD_MRTD = 136,
	TD_MRCONFIGID = 184,
	TD_MROWNER = 232,
	TD_MROWNERCONFIG = 280,
	TD_RTMR0 = 328,
	TD_REPORT_DATA = 520,
	TD_10_LEN = 584,
	TD_TEE_TCB_SVN2 = 584,
	TD_MRSERVICETD = 600,
	TD_15_LEN = 648,
	TD_INIT_SERVTD_HASH = 729,
	TD_CUR_SERVTD_HASH = 829,
	TD_15_EX_LEN = 885
};

/* Offsets in an SGX report, which the quoting enclave's is. */
enum qe_offset {
	QE_MISCSELECT = 16,
	QE_ATTRIBUTES = 48,
	QE_MRENCLAVE = 64,
	QE_MRSIGNER = 128,
	QE_ISVPRODID = 256,
	QE_ISVSVN = 258,
	QE_REPORT_DATA = 320
};

/* Bit 0 of TDATTRIBUTES: the host can read and write the TD's memory. */
#define TD_ATTRIBUTE_DEBUG 0x01U

/* The kinds of body; v4 has the first alone and does not name it. */
enum td_body_type { TD_BODY_10 = 2, TD_BODY_15 = 3, TD_BODY_15_EX = 4 };

/* All runs borrow from the input. */
struct tdx_quote {
	uint16_t version;
	uint16_t body_type; /* enum td_body_type */
	struct bytes qe_vendor_id; /* 16 */
	struct bytes user_data; /* 20 */
	struct bytes body; /* the TD report */
	struct bytes signed_part; /* header, descriptor in v5, body */
	const uint8_t *signature; /* 64: r || s */
	const uint8_t *key; /* 64: X || Y, the attestation key */
	const uint8_t *qe_report; /* QE_REPORT_LEN */
	const uint8_t *qe_signature; /* 64 */
	struct bytes qe_auth;
	struct bytes pck_chain; /* PEM, as it stands */
	size_t trailing; /* bytes after the auth data */
};

/*
 * Returns: TDX_HOLDS, or TDX_PARSE, TDX_PARSE_SIZE, TDX_VERSION, TDX_AK_TYPE,
 *          TDX_TEE_TYPE, TDX_QE_VENDOR, TDX_CERT_DATA_TYPE
 */
enum tdx_reason quote_parse(struct bytes quote, struct tdx_quote *ret) MUST_USE;

/* A named run of a TD report. */
struct td_field {
	const char *name; /* as users write it: "mrtd", "rtmr0", "reportData" */
	uint16_t offset;
	uint16_t len;
};

/* The fields in order; NULL for i at the end. */
const struct td_field *td_field_at(size_t i);

/*
 * The bytes of a field by name.
 *
 * Returns: 0, ERR_NOT_FOUND (no such field, or not in this kind of body)
 */
int quote_field(const struct tdx_quote *quote, const char *name, size_t name_len,
    struct bytes *ret) MUST_USE;

/* "TD report 1.0" */
const char *td_body_name(uint16_t body_type);

#endif
