#include "support/crl_writer.h"

#include "tee/der_writer.h"
#include "base/banned.h"

static void
put_number(struct writer *w, enum x509_extension type, uint8_t tag, uint32_t value)
{
	struct x509_open e = x509_extension_begin(w, type, 0);

	der_put_small(w, tag, value);
	x509_extension_end(w, e);
}

static void
put_entries(struct writer *w, const struct crl_spec *spec)
{
	size_t list, entry, extensions;

	if (spec->count == 0)
		return; /* "revokedCertificates ... MUST be absent": RFC 5280, 5.1.2.6 */
	list = der_begin(w, DER_SEQUENCE);
	for (size_t i = 0; i < spec->count; i++) {
		entry = der_begin(w, DER_SEQUENCE);
		der_put_uint(w, spec->revoked + i * X509_ID_LEN, X509_ID_LEN);
		x509_put_time(w, spec->this_update);
		extensions = der_begin(w, DER_SEQUENCE);
		put_number(w, X509_REASON, DER_ENUMERATED, spec->reason);
		der_end(w, extensions);
		der_end(w, entry);
	}
	der_end(w, list);
}

static void
put_tbs(struct writer *w, const struct crl_spec *spec, const struct x509_spec *issuer)
{
	size_t tbs = der_begin(w, DER_SEQUENCE), outer, list;

	der_put_small(w, DER_INTEGER, 1); /* version 2 */
	x509_put_algorithm(w);
	x509_put_name(w, issuer->subject);
	x509_put_time(w, spec->this_update);
	x509_put_time(w, spec->next_update);
	put_entries(w, spec);
	outer = der_begin(w, DER_EXPLICIT_0);
	list = der_begin(w, DER_SEQUENCE);
	if (!spec->without_number)
		put_number(w, X509_CRL_NUMBER, DER_INTEGER, 1);
	if (!spec->without_authority_id)
		x509_put_authority_id(w, issuer->subject_id);
	der_end(w, list);
	der_end(w, outer);
	der_end(w, tbs);
}

int
crl_write(const struct crl_spec *spec, uint8_t *ret, size_t *ret_len)
{
	uint8_t tbs[CRL_WRITER_MAX];
	struct writer w = writer_of(tbs, sizeof tbs);
	struct simulated_key key;
	struct x509_spec issuer;
	size_t len;
	int r;

	if ((r = simulated_role_key(spec->issuer, &key)) != 0 ||
	    (r = simulated_role_spec(spec->issuer, SIMULATED_ROOT, &issuer)) != 0)
		return r;
	put_tbs(&w, spec, &issuer);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return x509_sign((struct bytes){tbs, len}, key.secret, ret, CRL_WRITER_MAX, ret_len);
}
