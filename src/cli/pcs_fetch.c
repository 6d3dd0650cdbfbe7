#include "cli/pcs_fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "cli/transfer.h"
#include "tdx/collateral.h"
#include "base/banned.h"

#define DOCUMENT_MAX 262144 /* the largest on record: 12 kB */
#define SECONDS 30L

struct fetch {
	const struct pcs_service *service;
	const struct pck_platform *platform;
	char *problem;
	struct buffer pck_crl, root_crl;				/* DER */
	struct buffer tcb_info, qe_identity;				/* answers */
	struct buffer pck_crl_chain, tcb_info_chain, qe_identity_chain; /* PEM */
};

static const char *
document_name(enum pcs_document document)
{
	switch (document) {
	case PCS_PCK_CRL:
		return "PCK CRL";
	case PCS_ROOT_CRL:
		return "root CRL";
	case PCS_TCB_INFO:
		return "TCB info";
	case PCS_QE_IDENTITY:
		return "QE identity";
	}
	return "document";
}

/* What the person in front of the terminal can do about a status. */
static const char *
advice(enum pcs_document document, long status)
{
	if (status == 404 && document == PCS_TCB_INFO)
		return "; it knows no TDX platform with this FMSPC: ask another service (--pccs), "
		       "or "
		       "the platform is none for TDX";
	if (status == 401 || status == 403)
		return "; it wants credentials: name a PCCS that does not (--pccs)";
	if (status == 429)
		return "; it is asked too often: try again later, or use a PCCS of your own "
		       "(--pccs)";
	if (status >= 500)
		return "; try again later, or name another PCCS (--pccs)";
	return status != 0 ? "; is it a PCCS with API v4 (--pccs)?" : "";
}

static void
report(const struct fetch *f, enum pcs_document document, const char *url, size_t len)
{
	if (f->service->progress != NULL)
		fprintf(f->service->progress, "  %-12s %6zu bytes  %s\n", document_name(document),
			len, url);
}

/* One document by URL; *ret_status tells a caller who has another place to ask. */
static int
ask(struct fetch *f, enum pcs_document document, const char *url, struct transfer_answer *ret)
{
	const struct transfer_request q = {
	    .url = url,
	    .trust = TRANSFER_CA,
	    .ca_file = f->service->ca_file,
	    .max = DOCUMENT_MAX,
	    .seconds = SECONDS,
	    .header = pcs_chain_header(document),
	    .other_header = pcs_chain_header_v3(document),
	};
	int r = transfer_persist(&q, ret);

	if (r == 0 && ret->status == 200) {
		report(f, document, url, ret->body.len);
		return 0;
	}
	(void)!snprintf(f->problem, PCS_PROBLEM_MAX, "%s from %s: %s%s", document_name(document),
			url, ret->problem, advice(document, ret->status));
	return r != 0 ? r : ERR_RPC;
}

static int
malformed(struct fetch *f, enum pcs_document document, const char *what)
{
	(void)!snprintf(f->problem, PCS_PROBLEM_MAX, "%s: %s; is it a PCCS with API v4 (--pccs)?",
			document_name(document), what);
	return ERR_PARSE;
}

static int
take_chain(struct fetch *f, enum pcs_document document, const struct buffer *header,
	   struct buffer *ret)
{
	if (header->len == 0)
		return malformed(f, document, "the answer has no issuer chain in its headers");
	if (pcs_chain_decode((struct bytes){header->p, header->len - 1}, ret) != 0)
		return malformed(f, document, "the issuer chain is not PEM in percent-encoding");
	return 0;
}

/* A document with its chain; a CRL is decoded, a signed answer taken as it is. */
static int
take(struct fetch *f, enum pcs_document document, const char *url, struct buffer *ret,
     struct buffer *ret_chain)
{
	struct transfer_answer answer;
	int r;

	if ((r = ask(f, document, url, &answer)) != 0)
		goto out;
	if (ret_chain != NULL && (r = take_chain(f, document, &answer.header, ret_chain)) != 0)
		goto out;
	if (document == PCS_TCB_INFO || document == PCS_QE_IDENTITY) {
		*ret = answer.body;
		answer.body = buffer_of(0); /* transferred */
		goto out;
	}
	if (pcs_crl_decode((struct bytes){answer.body.p, answer.body.len}, ret) != 0)
		r = malformed(f, document, "the answer is neither DER nor hex");
out:
	transfer_free(&answer);
	return r;
}

static int
take_document(struct fetch *f, enum pcs_document document, struct buffer *ret,
	      struct buffer *ret_chain)
{
	char url[PCS_URL_MAX];
	int r = pcs_url(f->service->base, document, f->platform, f->service->update, url);

	if (r != 0) {
		(void)!snprintf(f->problem, PCS_PROBLEM_MAX, "the service's URL is too long");
		return r;
	}
	return take(f, document, url, ret, ret_chain);
}

/* From the root certificate's own CRL point; a PCCS is asked first, which may be all there is. */
static int
take_root_crl(struct fetch *f, struct bytes points)
{
	char url[PCS_URL_MAX], problem[PCS_PROBLEM_MAX];

	if (!pcs_is_intel(f->service->base) &&
	    take_document(f, PCS_ROOT_CRL, &f->root_crl, NULL) == 0)
		return 0;
	buffer_reset(&f->root_crl);
	if (pcs_crl_point(points, url) != 0)
		return pcs_is_intel(f->service->base)
			   ? malformed(f, PCS_ROOT_CRL, "the root names no place for it")
			   : ERR_RPC;
	memcpy(problem, f->problem, sizeof problem);
	if (take(f, PCS_ROOT_CRL, url, &f->root_crl, NULL) == 0)
		return 0;
	/* the PCCS that was named is the one to mend */
	if (!pcs_is_intel(f->service->base))
		memcpy(f->problem, problem, sizeof problem);
	return ERR_RPC;
}

static struct bytes
run(const struct buffer *b)
{
	return (struct bytes){b->p, b->len};
}

static int
write_bundle(struct fetch *f, struct buffer *ret)
{
	uint8_t tcb_signature[64], qe_signature[64];
	struct collateral c = {
	    .pck_crl_issuer_chain = run(&f->pck_crl_chain),
	    .root_ca_crl = run(&f->root_crl),
	    .pck_crl = run(&f->pck_crl),
	    .tcb_info_issuer_chain = run(&f->tcb_info_chain),
	    .tcb_info_signature = {tcb_signature, sizeof tcb_signature},
	    .qe_identity_issuer_chain = run(&f->qe_identity_chain),
	    .qe_identity_signature = {qe_signature, sizeof qe_signature},
	};
	uint8_t *room;
	struct writer w;
	int r;

	if (collateral_signed_part(run(&f->tcb_info), "tcbInfo", &c.tcb_info, tcb_signature) != 0)
		return malformed(f, PCS_TCB_INFO, "the answer is not {\"tcbInfo\",\"signature\"}");
	if (collateral_signed_part(run(&f->qe_identity), "enclaveIdentity", &c.qe_identity,
				   qe_signature) != 0)
		return malformed(f, PCS_QE_IDENTITY,
				 "the answer is not {\"enclaveIdentity\",\"signature\"}");
	if ((room = malloc(COLLATERAL_JSON_MAX)) == NULL)
		return ERR_MEM;
	w = writer_of(room, COLLATERAL_JSON_MAX);
	collateral_write(&w, &c);
	write_text(&w, "\n");
	if ((r = w.err) == 0) {
		buffer_add(ret, room, w.len);
		r = ret->err;
	}
	free(room);
	return r;
}

static int
fetch_all(struct fetch *f, struct bytes root_points)
{
	int r;

	if ((r = take_document(f, PCS_TCB_INFO, &f->tcb_info, &f->tcb_info_chain)) != 0 ||
	    (r = take_document(f, PCS_QE_IDENTITY, &f->qe_identity, &f->qe_identity_chain)) != 0 ||
	    (r = take_document(f, PCS_PCK_CRL, &f->pck_crl, &f->pck_crl_chain)) != 0)
		return r;
	return take_root_crl(f, root_points);
}

int
pcs_fetch(const struct pcs_service *service, const struct pck_platform *platform,
	  struct bytes root_points, struct buffer *ret, char problem[PCS_PROBLEM_MAX])
{
	struct fetch f = {
	    .service = service,
	    .platform = platform,
	    .problem = problem,
	    .pck_crl = buffer_of(DOCUMENT_MAX),
	    .root_crl = buffer_of(DOCUMENT_MAX),
	    .pck_crl_chain = buffer_of(PCS_CHAIN_MAX),
	    .tcb_info_chain = buffer_of(PCS_CHAIN_MAX),
	    .qe_identity_chain = buffer_of(PCS_CHAIN_MAX),
	};
	int r;

	(void)!snprintf(problem, PCS_PROBLEM_MAX, "the collateral could not be put together");
	*ret = buffer_of(COLLATERAL_JSON_MAX);
	if ((r = fetch_all(&f, root_points)) == 0)
		r = write_bundle(&f, ret);
	buffer_free(&f.pck_crl);
	buffer_free(&f.root_crl);
	buffer_free(&f.tcb_info);
	buffer_free(&f.qe_identity);
	buffer_free(&f.pck_crl_chain);
	buffer_free(&f.tcb_info_chain);
	buffer_free(&f.qe_identity_chain);
	return r;
}
