#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "tdx/certificate.h"
#include "tdx/collateral.h"
#include "tdx/crl.h"
#include "tdx/pem.h"
#include "base/banned.h"

static int
write_list(struct json_writer *w, const char *name, struct bytes der)
{
	struct crl list;
	int r = 0;

	json_object_begin(w, name);
	if (crl_parse(der, &list) != 0) {
		r = inspect_refused(w, "CRL_PARSE", "not a revocation list of Intel's form");
	} else {
		inspect_time(w, "this_update", list.this_update);
		inspect_time(w, "next_update", list.next_update);
		json_u64(w, "revoked", list.count);
	}
	json_object_end(w);
	return r;
}

static int
write_chain(struct json_writer *w, const char *name, struct bytes pem)
{
	struct reader r = reader_of(pem.p, pem.len);
	uint8_t der[CERTIFICATE_MAX];
	struct certificate c;
	size_t len;
	int bad = 0;

	json_array_begin(w, name);
	while (r.left > 0 && !bad) {
		bad = pem_take_certificate(&r, der, sizeof der, &len) != 0 ||
		      certificate_parse((struct bytes){der, len}, &c) != 0;
		if (bad)
			break;
		json_object_begin(w, NULL);
		inspect_text(w, "subject", c.common_name);
		inspect_time(w, "not_before", c.not_before);
		inspect_time(w, "not_after", c.not_after);
		json_object_end(w);
	}
	json_array_end(w);
	return bad ? ERR_PARSE : 0;
}

/* The document as it stands: its bytes are what is signed, but here it is only shown. */
static int
write_document(struct json_writer *w, const char *name, struct bytes text)
{
	json_error_t e;
	json_t *root = json_loadb(text.len > 0 ? (const char *)text.p : "", text.len,
				  JSON_REJECT_DUPLICATES, &e);
	int r = root != NULL ? 0 : ERR_PARSE;

	if (r == 0)
		json_raw(w, name, (const char *)text.p, text.len);
	else
		inspect_text(w, name, text);
	json_decref(root);
	return r;
}

static int
write_members(struct json_writer *w, const struct collateral *c)
{
	int bad = 0;

	bad |= write_document(w, "tcb_info", c->tcb_info);
	bad |= write_chain(w, "tcb_info_issuer_chain", c->tcb_info_issuer_chain);
	bad |= write_document(w, "qe_identity", c->qe_identity);
	bad |= write_chain(w, "qe_identity_issuer_chain", c->qe_identity_issuer_chain);
	bad |= write_list(w, "root_ca_crl", c->root_ca_crl);
	bad |= write_list(w, "pck_crl", c->pck_crl);
	bad |= write_chain(w, "pck_crl_issuer_chain", c->pck_crl_issuer_chain);
	return bad != 0 ? ERR_PARSE : 0;
}

int
inspect_collateral(struct json_writer *w, struct bytes bundle)
{
	uint8_t *memory = malloc(bundle.len + 1);
	struct collateral c;
	const char *field;
	int r;

	if (memory == NULL)
		return ERR_MEM;
	if ((r = collateral_read(bundle, memory, &c, &field)) == 0)
		r = write_members(w, &c);
	else
		r = inspect_refused(w, "COLLATERAL_PARSE", err_text(r));
	free(memory);
	return r;
}
