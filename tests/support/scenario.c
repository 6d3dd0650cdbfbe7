#include "support/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "json/writer.h"
#include "support/malleate.h"
#include "tdx/digest.h"
#include "tdx/pem.h"
#include "tee/p256_sign.h"
#include "base/banned.h"

#define TEXT_MAX 32768

enum document { TCB_INFO, QE_IDENTITY, DOCUMENTS_COUNT };

/* All that goes into a bundle, before it is written out. */
struct made {
	size_t der_len[ITEM_CERTIFICATES_COUNT];
	uint8_t der[ITEM_CERTIFICATES_COUNT][CERTIFICATE_MAX];
	size_t crl_len[2]; /* of the root, of the CA */
	uint8_t crl[2][CRL_WRITER_MAX];
	struct buffer document[DOCUMENTS_COUNT];
	uint8_t signature[DOCUMENTS_COUNT][64];
};

static const struct level_says up_to_date = {"UpToDate", "2024-11-13T00:00:00Z", {NULL}};

static void
begin_tcb(struct tcb_info_spec *t, const struct pck_platform *p)
{
	static const struct platform_level_spec levels[] = {
	    {{3, 3, 2, 2, 4, 1, 0, 5}, {7, 0, 3}, 13, {"UpToDate", "2024-11-13T00:00:00Z", {NULL}}},
	    {{3, 3, 2, 2, 4, 1, 0, 5},
	     {5, 0, 3},
	     11,
	     {"SWHardeningNeeded", "2024-03-13T00:00:00Z", {"INTEL-SA-00001"}}},
	    {{2, 2, 2, 2, 3, 1, 0, 5},
	     {3, 0, 2},
	     11,
	     {"OutOfDate", "2023-08-09T00:00:00Z", {"INTEL-SA-00002", "INTEL-SA-00001"}}},
	    {{2, 2, 2, 2, 3, 1, 0, 5},
	     {3, 0, 2},
	     5,
	     {"OutOfDate", "2018-01-04T00:00:00Z", {"INTEL-SA-00002", "INTEL-SA-00003"}}},
	};
	static const struct svn_levels_spec module = {
	    2,
	    {{6, {"UpToDate", "2024-11-13T00:00:00Z", {NULL}}},
	     {2, {"OutOfDate", "2023-08-09T00:00:00Z", {"INTEL-SA-00004"}}}}};

	memset(t, 0, sizeof *t);
	t->id = "TDX";
	memcpy(t->fmspc, p->fmspc, sizeof t->fmspc);
	memcpy(t->pceid, p->pceid, sizeof t->pceid);
	t->evaluation = 20;
	t->identity_count = 1;
	t->identity[0].id = "TDX_01";
	t->identity[0].levels = module;
	t->component_count[0] = t->component_count[1] = 16;
	t->level_count = ARRAY_LEN(levels);
	memcpy(t->level, levels, sizeof levels);
}

/* The real ones' masks; the signer is the simulated enclave's. */
static void
begin_qe(struct qe_identity_spec *qe, const uint8_t *report)
{
	static const uint8_t mask[16] = {0xfb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	memset(qe, 0, sizeof *qe);
	qe->id = "TD_QE";
	qe->evaluation = 20;
	qe->miscselect_mask = UINT32_MAX;
	qe->attributes[0] = 0x11;
	memcpy(qe->attributes_mask, mask, sizeof mask);
	memcpy(qe->mrsigner, report + QE_MRSIGNER, sizeof qe->mrsigner);
	qe->isvprodid = 2;
	qe->levels.count = 1;
	qe->levels.level[0] = (struct svn_level_spec){4, up_to_date};
}

int
scenario_begin(struct scenario *ret)
{
	int r;

	memset(ret, 0, sizeof *ret);
	for (unsigned i = 0; i < ITEM_COUNT; i++)
		ret->window[i] = (struct scenario_window){SIMULATED_START, SIMULATED_END};
	if ((r = simulated_platform_make(&ret->platform)) != 0 ||
	    (r = simulated_quote_make(&ret->quote)) != 0)
		return r;
	ret->ca = SIMULATED_PLATFORM_CA;
	ret->pck_crl_issuer = SIMULATED_PLATFORM_CA;
	ret->root_crl_issuer = SIMULATED_ROOT;
	ret->signer[TCB_INFO] = SIMULATED_TCB_SIGNER;
	ret->signer[QE_IDENTITY] = SIMULATED_TCB_SIGNER;
	begin_tcb(&ret->tcb, &ret->platform);
	begin_qe(&ret->qe, ret->quote.qe_report);
	return 0;
}

/* Who holds the certificate of an item. */
static enum simulated_role
holder_of(const struct scenario *s, unsigned item)
{
	const enum simulated_role holder[ITEM_CERTIFICATES_COUNT] = {
	    [ITEM_PCK] = SIMULATED_PCK,
	    [ITEM_CA] = s->ca,
	    [ITEM_ROOT] = SIMULATED_ROOT,
	    [ITEM_TCB_SIGNER] = s->signer[TCB_INFO],
	    [ITEM_QE_SIGNER] = s->signer[QE_IDENTITY],
	};

	return holder[item];
}

static enum simulated_role
issuer_of(const struct scenario *s, unsigned item)
{
	const enum simulated_role of_signers = s->signer_through_ca ? s->ca : SIMULATED_ROOT;
	const enum simulated_role issuer[ITEM_CERTIFICATES_COUNT] = {
	    [ITEM_PCK] = s->ca,
	    [ITEM_CA] = SIMULATED_ROOT,
	    [ITEM_ROOT] = SIMULATED_ROOT,
	    [ITEM_TCB_SIGNER] = of_signers,
	    [ITEM_QE_SIGNER] = of_signers,
	};

	return issuer[item];
}

static int
make_certificate(const struct scenario *s, enum scenario_item item, struct made *m)
{
	const enum simulated_role role = holder_of(s, item), issuer = issuer_of(s, item);
	struct simulated_key key;
	struct x509_spec spec;
	int r;

	if ((r = simulated_role_spec(role, issuer, &spec)) != 0 ||
	    (r = simulated_role_key(issuer, &key)) != 0)
		return r;
	spec.not_before = s->window[item].start;
	spec.not_after = s->window[item].end;
	if (role == SIMULATED_PCK)
		spec.platform = &s->platform;
	return x509_certificate_write(&spec, key.secret, m->der[item], &m->der_len[item]);
}

/* The serials of those among the items that this authority revoked. */
static int
revoked_by(const struct scenario *s, enum simulated_role authority, uint8_t *ret, size_t *ret_count)
{
	struct x509_spec spec;
	size_t count = 0;
	int r;

	for (unsigned i = 0; i < ITEM_CERTIFICATES_COUNT; i++) {
		if (!s->revoked[i] || issuer_of(s, i) != authority)
			continue;
		if ((r = simulated_role_spec(holder_of(s, i), authority, &spec)) != 0)
			return r;
		memcpy(ret + count++ * X509_ID_LEN, spec.serial, X509_ID_LEN);
	}
	*ret_count = count;
	return 0;
}

static int
make_crl(const struct scenario *s, enum scenario_item item, struct made *m)
{
	const size_t i = item - ITEM_ROOT_CRL;
	uint8_t serials[ITEM_CERTIFICATES_COUNT * X509_ID_LEN];
	struct crl_spec spec = {
	    .issuer = item == ITEM_ROOT_CRL ? s->root_crl_issuer : s->pck_crl_issuer,
	    .this_update = s->window[item].start,
	    .next_update = s->window[item].end,
	    .revoked = serials,
	    .reason = 1,
	    .without_number = s->crl_without_number,
	    .without_authority_id = s->crl_without_authority_id,
	};
	int r;

	if ((r = revoked_by(s, spec.issuer, serials, &spec.count)) != 0)
		return r;
	return crl_write(&spec, m->crl[i], &m->crl_len[i]);
}

static int
edit(struct buffer *b, struct scenario_edit e)
{
	struct buffer out = buffer_of(b->max);
	const uint8_t *at;
	size_t from, before;

	if (e.from == NULL)
		return b->err;
	from = strlen(e.from);
	at = b->err == 0 ? memmem(b->p, b->len, e.from, from) : NULL;
	if (at == NULL)
		return b->err != 0 ? b->err : ERR_NOT_FOUND;
	before = (size_t)(at - b->p);
	buffer_add(&out, b->p, before);
	buffer_text(&out, e.to);
	buffer_add(&out, at + from, b->len - before - from);
	buffer_free(b);
	*b = out; /* transferred */
	return out.err;
}

static int
sign_document(const struct scenario *s, enum document d, struct made *m)
{
	const struct bytes text = {m->document[d].p, m->document[d].len};
	const unsigned flag = d == TCB_INFO ? MALLEATED_TCB_INFO : MALLEATED_QE_IDENTITY;
	struct simulated_key key;
	uint8_t hash[32];
	int r;

	if ((r = simulated_role_key(s->signer[d], &key)) != 0 ||
	    (r = digest_sha256(&text, 1, hash)) != 0 ||
	    (r = p256_sign(key.secret, hash, m->signature[d])) != 0)
		return r;
	return (s->malleated & flag) != 0 ? malleate(m->signature[d]) : 0;
}

static int
make_documents(const struct scenario *s, struct made *m)
{
	struct tcb_info_spec tcb = s->tcb;
	struct qe_identity_spec qe = s->qe;
	int r;

	tcb.dates =
	    (struct dates_spec){s->window[ITEM_TCB_INFO].start, s->window[ITEM_TCB_INFO].end};
	qe.dates =
	    (struct dates_spec){s->window[ITEM_QE_IDENTITY].start, s->window[ITEM_QE_IDENTITY].end};
	tcb_info_write(&m->document[TCB_INFO], &tcb);
	qe_identity_write(&m->document[QE_IDENTITY], &qe);
	if ((r = edit(&m->document[TCB_INFO], s->tcb_edit)) != 0 ||
	    (r = edit(&m->document[QE_IDENTITY], s->qe_edit)) != 0)
		return r;
	if ((r = sign_document(s, TCB_INFO, m)) != 0)
		return r;
	return sign_document(s, QE_IDENTITY, m);
}

static void
put_chain(struct json_writer *w, const char *name, const struct made *m, enum scenario_item first,
	  int through_ca)
{
	uint8_t pem[3 * CERTIFICATE_MAX * 2];
	struct writer p = writer_of(pem, sizeof pem);

	pem_write_certificate(&p, m->der[first], m->der_len[first]);
	if (through_ca)
		pem_write_certificate(&p, m->der[ITEM_CA], m->der_len[ITEM_CA]);
	pem_write_certificate(&p, m->der[ITEM_ROOT], m->der_len[ITEM_ROOT]);
	json_textn(w, name, (const char *)pem, p.len);
}

static void
put_hex(struct json_writer *w, const char *name, const uint8_t *p, size_t len)
{
	char text[2 * CRL_WRITER_MAX + 1];

	hex_encode(p, len, text);
	json_text(w, name, text);
}

static void
put_text(struct json_writer *w, const char *name, const struct buffer *b)
{
	json_textn(w, name, (const char *)b->p, b->len);
}

static void
write_bundle(const struct scenario *s, const struct made *m, struct buffer *out)
{
	struct json_writer w = json_writer_of(out);

	json_object_begin(&w, NULL);
	put_chain(&w, "pck_crl_issuer_chain", m, ITEM_CA, 0);
	put_hex(&w, "root_ca_crl", m->crl[0], m->crl_len[0]);
	put_hex(&w, "pck_crl", m->crl[1], m->crl_len[1]);
	put_chain(&w, "tcb_info_issuer_chain", m, ITEM_TCB_SIGNER, s->signer_through_ca);
	put_text(&w, "tcb_info", &m->document[TCB_INFO]);
	put_hex(&w, "tcb_info_signature", m->signature[TCB_INFO], 64);
	put_chain(&w, "qe_identity_issuer_chain", m, ITEM_QE_SIGNER, s->signer_through_ca);
	put_text(&w, "qe_identity", &m->document[QE_IDENTITY]);
	put_hex(&w, "qe_identity_signature", m->signature[QE_IDENTITY], 64);
	json_object_end(&w);
}

/* The chain goes in unless the test has put something else there. */
static int
make_quote(const struct scenario *s, const struct made *m, struct scenario_evidence *ret)
{
	static const enum scenario_item chain[] = {ITEM_PCK, ITEM_CA, ITEM_ROOT};
	struct simulated_quote *q = malloc(sizeof *q);
	struct simulated_key pck;
	struct writer w;
	int r = ERR_MEM;

	if (q == NULL)
		goto out;
	*q = s->quote;
	w = writer_of(q->data, sizeof q->data);
	for (size_t i = 0; i < ARRAY_LEN(chain) && s->quote.data_len == 0; i++)
		pem_write_certificate(&w, m->der[chain[i]], m->der_len[chain[i]]);
	if (s->quote.data_len == 0)
		q->data_len = w.len;
	if ((r = w.err) != 0 || (r = simulated_role_key(SIMULATED_PCK, &pck)) != 0 ||
	    (r = simulated_quote_seal(q, pck.secret)) != 0)
		goto out;
	if ((s->malleated & MALLEATED_QE_REPORT) != 0 && (r = malleate(q->qe_signature)) != 0)
		goto out;
	r = simulated_quote_write(q, ret->quote, sizeof ret->quote - s->trailing, &ret->quote_len);
	if (r == 0 && (s->malleated & MALLEATED_QUOTE) != 0)
		r = malleate_quote(ret->quote, ret->quote_len);
	memset(ret->quote + ret->quote_len, 0, s->trailing);
	ret->quote_len += s->trailing;
out:
	free(q);
	return r;
}

static int
make_all(const struct scenario *s, struct made *m, struct scenario_evidence *ret)
{
	int r;

	for (unsigned i = 0; i < ITEM_CERTIFICATES_COUNT; i++)
		if ((r = make_certificate(s, (enum scenario_item)i, m)) != 0)
			return r;
	if ((r = make_crl(s, ITEM_ROOT_CRL, m)) != 0 || (r = make_crl(s, ITEM_PCK_CRL, m)) != 0)
		return r;
	if ((r = make_documents(s, m)) != 0 || (r = make_quote(s, m, ret)) != 0)
		return r;
	write_bundle(s, m, &ret->bundle);
	memcpy(ret->root, m->der[ITEM_ROOT], m->der_len[ITEM_ROOT]);
	ret->root_len = m->der_len[ITEM_ROOT];
	return edit(&ret->bundle, s->bundle_edit);
}

int
scenario_make(const struct scenario *s, struct scenario_evidence *ret)
{
	struct made *m = calloc(1, sizeof *m);
	int r = ERR_MEM;

	ret->quote_len = ret->root_len = 0;
	ret->bundle = buffer_of(SCENARIO_BUNDLE_MAX);
	if (m == NULL)
		return r;
	for (unsigned i = 0; i < DOCUMENTS_COUNT; i++)
		m->document[i] = buffer_of(TEXT_MAX);
	r = make_all(s, m, ret);
	for (unsigned i = 0; i < DOCUMENTS_COUNT; i++)
		buffer_free(&m->document[i]);
	free(m);
	return r;
}

void
scenario_free(struct scenario_evidence *e)
{
	buffer_free(&e->bundle);
}
