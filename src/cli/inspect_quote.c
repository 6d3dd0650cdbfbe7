#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/inspect.h"
#include "cli/inspect_parts.h"
#include "tdx/pck.h"
#include "tdx/quote.h"
#include "tdx/verify.h"
#include "base/banned.h"

/* Names of fields as other verifiers print them: with underscores where ours have capitals. */
static const struct {
	const char *ours;
	const char *theirs;
} field_names[] = {
    {"teeTcbSvn", "tee_tcb_svn"},
    {"teeTcbSvn2", "tee_tcb_svn2"},
    {"reportData", "report_data"},
};

static const char *
field_name(const char *ours)
{
	for (size_t i = 0; i < ARRAY_LEN(field_names); i++)
		if (strcmp(field_names[i].ours, ours) == 0)
			return field_names[i].theirs;
	return ours;
}

static void
write_attributes(struct json_writer *w, const struct tdx_quote *q)
{
	static const struct {
		unsigned bit;
		const char *name;
	} bits[] = {{0, "DEBUG"},	{27, "LASS"},	{28, "SEPT_VE_DISABLE"},
		    {29, "MIGRATABLE"}, {30, "PKS"},	{31, "KL"},
		    {62, "TPA"},	{63, "PERFMON"}};

	json_array_begin(w, "td_attributes_flags");
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (q->body.p[TD_TDATTRIBUTES + bits[i].bit / 8] & 1U << bits[i].bit % 8)
			json_text(w, NULL, bits[i].name);
	json_array_end(w);
}

static void
write_report(struct json_writer *w, const struct tdx_quote *q)
{
	const struct td_field *f;
	struct bytes value;

	json_text(w, "body", td_body_name(q->body_type));
	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++)
		if (quote_field(q, f->name, strlen(f->name), &value) == 0)
			inspect_hex(w, field_name(f->name), value.p, value.len);
	write_attributes(w, q);
}

static unsigned
le16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static void
write_enclave(struct json_writer *w, const struct tdx_quote *q)
{
	const uint8_t *r = q->qe_report;

	json_u64(w, "qe_isvsvn", le16(r + QE_ISVSVN));
	json_u64(w, "qe_isvprodid", le16(r + QE_ISVPRODID));
	inspect_hex(w, "qe_mrenclave", r + QE_MRENCLAVE, 32);
	inspect_hex(w, "qe_mrsigner", r + QE_MRSIGNER, 32);
	inspect_hex(w, "qe_attributes", r + QE_ATTRIBUTES, 16);
	inspect_hex(w, "ak", q->key, 64);
}

/* Behind what is signed stands the length of the signatures. */
static void
write_lengths(struct json_writer *w, const struct tdx_quote *q, struct bytes quote)
{
	struct reader r = reader_of(quote.p, quote.len);
	struct bytes skipped;
	uint32_t auth_len = 0;

	json_u64(w, "file_len", quote.len);
	json_u64(w, "signed_len", q->signed_part.len);
	if (read_take(&r, q->signed_part.len, &skipped) == 0 && read_le32(&r, &auth_len) == 0)
		json_u64(w, "auth_len", auth_len);
	json_u64(w, "trailing", q->trailing);
	/* the parser takes no others */
	json_u64(w, "outer_cert_type", CERT_DATA_QE_REPORT);
	json_u64(w, "qe_auth_len", q->qe_auth.len);
	json_u64(w, "cert_data_type", CERT_DATA_PCK_CHAIN);
	json_u64(w, "cert_data_len", q->pck_chain.len);
}

static void
write_flag(struct json_writer *w, const char *name, int flag)
{
	json_text(w, name, flag ? "ff" : "00"); /* as the certificate has it */
}

static void
write_fmspc(struct json_writer *w, const uint8_t fmspc[6])
{
	char text[13];

	hex_encode(fmspc, 6, text);
	for (char *c = text; *c != '\0'; c++)
		if (*c >= 'a')
			*c = (char)(*c - 'a' + 'A'); /* as Intel writes it */
	json_text(w, "fmspc", text);
}

static void
write_platform(struct json_writer *w, const struct pck_platform *p)
{
	inspect_hex(w, "ppid", p->ppid, sizeof p->ppid);
	json_array_begin(w, "components");
	for (size_t i = 0; i < sizeof p->components; i++)
		json_u64(w, NULL, p->components[i]);
	json_array_end(w);
	json_u64(w, "pcesvn", p->pcesvn);
	inspect_hex(w, "cpusvn", p->cpusvn, sizeof p->cpusvn);
	inspect_hex(w, "pceid", p->pceid, sizeof p->pceid);
	write_fmspc(w, p->fmspc);
	json_u64(w, "sgx_type", p->sgx_type);
	if (p->ca != PCK_CA_PLATFORM)
		return;
	inspect_hex(w, "platform_instance_id", p->platform_instance_id,
		    sizeof p->platform_instance_id);
	write_flag(w, "dynamic_platform", p->dynamic_platform);
	write_flag(w, "cached_keys", p->cached_keys);
	write_flag(w, "smt_enabled", p->smt_enabled);
}

static void
write_chain(struct json_writer *w, const struct pck_chain *c)
{
	const struct certificate *leaf = &c->certificate[PCK_LEAF];

	json_object_begin(w, "pck");
	inspect_text(w, "issuer", c->certificate[PCK_INTERMEDIATE].common_name);
	inspect_text(w, "root", c->certificate[PCK_ROOT].common_name);
	inspect_hex(w, "serial", leaf->serial.p, leaf->serial.len);
	inspect_time(w, "not_before", leaf->not_before);
	inspect_time(w, "not_after", leaf->not_after);
	write_platform(w, &c->platform);
	json_object_end(w);
}

/* The header alone, of what the parser refuses: an SGX quote has one, too. */
static void
write_header(struct json_writer *w, struct bytes quote)
{
	struct reader r = reader_of(quote.p, quote.len);
	uint16_t version = 0, key_type = 0;
	uint32_t tee_type = 0;

	if (read_le16(&r, &version) != 0 || read_le16(&r, &key_type) != 0 ||
	    read_le32(&r, &tee_type) != 0)
		return;
	json_u64(w, "version", version);
	json_u64(w, "att_key_type", key_type);
	json_u64(w, "tee_type", tee_type);
}

int
inspect_quote(struct json_writer *w, struct bytes quote)
{
	struct pck_chain *chain = malloc(sizeof *chain);
	struct tdx_quote q;
	enum tdx_reason reason;
	int r = 0;

	if (chain == NULL)
		return ERR_MEM;
	write_header(w, quote);
	if ((reason = quote_parse(quote, &q)) != TDX_HOLDS) {
		json_u64(w, "file_len", quote.len);
		r = inspect_refused(w, reason_code(reason), reason_text(reason));
		goto out;
	}
	json_u64(w, "body_type", q.body_type);
	inspect_hex(w, "qe_vendor_id", q.qe_vendor_id.p, q.qe_vendor_id.len);
	inspect_hex(w, "user_data", q.user_data.p, q.user_data.len);
	write_lengths(w, &q, quote);
	write_report(w, &q);
	write_enclave(w, &q);
	if ((reason = pck_chain_parse(q.pck_chain, chain)) != TDX_HOLDS)
		r = inspect_refused(w, reason_code(reason), reason_text(reason));
	else
		write_chain(w, chain);
out:
	free(chain);
	return r;
}
