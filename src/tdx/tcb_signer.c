#include "tdx/tcb_signer.h"

#include "base/err.h"
#include "tdx/digest.h"
#include "tdx/pem.h"
#include "base/banned.h"

/* two certificates of CERTIFICATE_MAX */
#define CHAIN_PEM_MAX 8192

static int
decode(struct bytes pem, struct tcb_signer *signer, struct bytes root_der)
{
	uint8_t text[CHAIN_PEM_MAX], root[CERTIFICATE_MAX];
	struct writer w = writer_of(text, sizeof text);
	size_t text_len, len, root_len;
	struct reader r;

	pem_write_lines(&w, pem);
	if (writer_end(&w, &text_len) != 0)
		return ERR_PARSE;
	r = reader_of(text, text_len);
	if (pem_take_certificate(&r, signer->der, sizeof signer->der, &len) != 0 ||
	    pem_take_certificate(&r, root, sizeof root, &root_len) != 0 || reader_end(&r) != 0)
		return ERR_PARSE;
	if (!bytes_equal((struct bytes){root, root_len}, root_der))
		return ERR_PARSE;
	return certificate_parse((struct bytes){signer->der, len}, &signer->certificate);
}

static int
has_role(const struct certificate *c)
{
	return certificate_name_has(c, "SGX TCB Signing") && !c->is_ca && c->sgx.len == 0 &&
	       (c->key_usage & KEY_USAGE_CERT_SIGN) == 0 &&
	       (c->key_usage & KEY_USAGE_DIGITAL_SIGNATURE) != 0;
}

enum tdx_reason
tcb_signer_verify(struct bytes pem, const struct certificate *root, struct p256 *p256,
		  struct tcb_signer *ret)
{
	int r;

	if (decode(pem, ret, root->der) != 0 || !has_role(&ret->certificate))
		return TDX_TCB_SIGNER;
	if ((r = certificate_issued_by(&ret->certificate, root, p256)) != 0)
		return r == ERR_SIGNATURE ? TDX_TCB_SIGNER : TDX_INTERNAL;
	return TDX_HOLDS;
}

int
tcb_signer_signed(const struct tcb_signer *signer, struct bytes document, struct bytes signature,
		  struct p256 *p256)
{
	uint8_t hash[32];
	int r;

	if (signature.len != 64)
		return ERR_SIGNATURE;
	if ((r = digest_sha256(&document, 1, hash)) != 0)
		return r;
	return p256_check(p256, signer->certificate.key, hash, signature.p);
}
