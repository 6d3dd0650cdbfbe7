/* selfsame inspect: what a quote or an attestation says; judges nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "cli/attestation.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/report.h"
#include "tdx/pck.h"
#include "tdx/quote.h"
#include "base/banned.h"

#define HEX_SHOWN 1024

static void
print_hex(const char *name, const uint8_t *p, size_t len)
{
	printf("  %-20s ", name);
	for (size_t i = 0; i < len && i < HEX_SHOWN; i++)
		printf("%02x", p[i]);
	putchar('\n');
}

static void
print_text(const char *name, struct bytes text)
{
	printf("  %-20s ", name);
	report_escaped(stdout, (const char *)text.p, text.len);
	putchar('\n');
}

static void
print_time(const char *name, int64_t t)
{
	struct tm tm;
	const time_t when = (time_t)t;
	char text[32];

	if (gmtime_r(&when, &tm) != NULL &&
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		printf("  %-20s %s\n", name, text);
	else
		printf("  %-20s %" PRId64 "\n", name, t);
}

static void
print_td_attributes(const struct tdx_quote *q)
{
	static const struct {
		unsigned bit;
		const char *name;
	} bits[] = {{0, "DEBUG"},	{27, "LASS"},	{28, "SEPT_VE_DISABLE"},
		    {29, "MIGRATABLE"}, {30, "PKS"},	{31, "KL"},
		    {62, "TPA"},	{63, "PERFMON"}};

	printf("  %-20s", "  set");
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		if (q->body.p[TD_TDATTRIBUTES + bits[i].bit / 8] & 1U << bits[i].bit % 8)
			printf(" %s", bits[i].name);
	putchar('\n');
}

static void
print_report(const struct tdx_quote *q)
{
	const struct td_field *f;
	struct bytes field;

	printf("quote version %u, %s\n", q->version, td_body_name(q->body_type));
	print_hex("qeVendorId", q->qe_vendor_id.p, q->qe_vendor_id.len);
	print_hex("userData", q->user_data.p, q->user_data.len);
	for (size_t i = 0; (f = td_field_at(i)) != NULL; i++) {
		if (quote_field(q, f->name, strlen(f->name), &field) != 0)
			continue;
		print_hex(f->name, field.p, field.len);
		if (f->offset == TD_TDATTRIBUTES)
			print_td_attributes(q);
	}
	printf("  %-20s %zu\n", "trailing bytes", q->trailing);
	printf("quoting enclave\n");
	print_hex("mrenclave", q->qe_report + QE_MRENCLAVE, 32);
	print_hex("mrsigner", q->qe_report + QE_MRSIGNER, 32);
	printf("  %-20s %u\n", "isvprodid",
	       q->qe_report[QE_ISVPRODID] | (unsigned)q->qe_report[QE_ISVPRODID + 1] << 8);
	printf("  %-20s %u\n", "isvsvn",
	       q->qe_report[QE_ISVSVN] | (unsigned)q->qe_report[QE_ISVSVN + 1] << 8);
	print_hex("attestationKey", q->key, 64);
}

static void
print_certificate(const char *title, const struct certificate *c)
{
	printf("certificate: %s\n", title);
	print_text("commonName", c->common_name);
	print_hex("serial", c->serial.p, c->serial.len);
	print_time("notBefore", c->not_before);
	print_time("notAfter", c->not_after);
}

static void
print_platform(const struct pck_platform *p)
{
	printf("platform, as the leaf certificate says\n");
	print_hex("fmspc", p->fmspc, sizeof p->fmspc);
	print_hex("pceid", p->pceid, sizeof p->pceid);
	print_hex("ppid", p->ppid, sizeof p->ppid);
	print_hex("cpusvn", p->cpusvn, sizeof p->cpusvn);
	printf("  %-20s %u\n", "pcesvn", p->pcesvn);
	printf("  %-20s %u\n", "sgxType", p->sgx_type);
	if (p->ca != PCK_CA_PLATFORM)
		return;
	print_hex("platformInstanceId", p->platform_instance_id, sizeof p->platform_instance_id);
	printf("  %-20s %s\n", "dynamicPlatform", p->dynamic_platform ? "yes" : "no");
	printf("  %-20s %s\n", "cachedKeys", p->cached_keys ? "yes" : "no");
	printf("  %-20s %s\n", "smtEnabled", p->smt_enabled ? "yes" : "no");
}

static int
inspect_quote(const struct command *self, struct bytes bytes)
{
	static struct pck_chain chain;
	struct tdx_quote q;
	enum tdx_reason reason;

	if ((reason = quote_parse(bytes, &q)) != TDX_HOLDS)
		return cli_failed(self, "%s: %s; %s", reason_code(reason), reason_text(reason),
				  reason_remedy(reason));
	print_report(&q);
	if ((reason = pck_chain_parse(q.pck_chain, &chain)) != TDX_HOLDS)
		return cli_failed(self, "%s: %s", reason_code(reason), reason_text(reason));
	print_certificate("PCK", &chain.certificate[PCK_LEAF]);
	print_certificate("intermediate", &chain.certificate[PCK_INTERMEDIATE]);
	print_certificate("root", &chain.certificate[PCK_ROOT]);
	print_platform(&chain.platform);
	return CLI_YES;
}

static void
print_events(const struct event_log *log)
{
	printf("event log\n");
	for (size_t i = 0; i < log->count; i++) {
		const struct event *e = &log->event[i];

		printf("  rtmr%u ", e->rtmr);
		report_escaped(stdout, (const char *)e->type.p, e->type.len);
		putchar(' ');
		report_escaped(stdout, (const char *)e->name.p, e->name.len);
		printf(" 0x");
		for (size_t k = 0; k < e->payload.len; k++)
			printf("%02x", e->payload.p[k]);
		putchar('\n');
	}
}

static void
print_map(const char *title, json_t *map)
{
	const char *name;
	json_t *value;

	printf("%s\n", title);
	json_object_foreach(map, name, value)
	{
		struct bytes text = {(const uint8_t *)json_string_value(value),
				     json_string_length(value)};

		printf("  ");
		report_escaped(stdout, name, strlen(name));
		printf(" = ");
		report_escaped(stdout, (const char *)text.p, text.len);
		putchar('\n');
	}
}

static void
print_statement(const struct attested *s)
{
	printf("statement\n");
	print_text("platform", s->platform);
	print_text("mode", s->mode);
	printf("  %-20s %s\n", "development", s->development ? "YES" : "no");
	print_hex("nonce", s->nonce, s->nonce_len);
	print_hex("instanceKey", s->instance_key, sizeof s->instance_key);
	print_hex("rootId", s->root_id, sizeof s->root_id);
	if (s->has_tls_key_hash)
		print_hex("tlsKeyHash", s->tls_key_hash, sizeof s->tls_key_hash);
	print_time("time (unverified)", (int64_t)s->time_unverified);
	print_map("settings", s->settings);
	print_map("binaries", s->binaries);
}

static int
inspect_attestation(const struct command *self, struct bytes text)
{
	static struct attestation a;
	int status = CLI_NO;

	if (attestation_open(&a, text.p, text.len) != 0 || attestation_read_statement(&a) != 0) {
		(void)cli_failed(self, "not an attestation: %s%s%s", a.error.field,
				 a.error.field[0] != '\0' ? ": " : "", a.error.text);
		goto out;
	}
	if (a.simulated)
		puts("SIMULATED TEE: this proves nothing about the machine or its operator.");
	print_statement(&a.attested);
	print_events(&a.events.log);
	status = inspect_quote(self, (struct bytes){a.quote, a.quote_len});
out:
	attestation_close(&a);
	return status;
}

/* A quote begins with its version; no JSON does. */
static int
is_quote(struct bytes b)
{
	return b.len >= 2 && b.p[0] >= 3 && b.p[0] <= 5 && b.p[1] == 0;
}

int
inspect_run(const struct command *self, int argc, char **argv)
{
	struct buffer file;
	struct bytes b;
	int status, r;

	if (argc != 2)
		return cli_usage(self, "takes one file or - (standard input)");
	if ((r = input_read(argv[1], &file)) != 0) {
		status = cli_failed(self, "%s: %s", argv[1], err_text(r));
	} else {
		b = (struct bytes){file.p, file.len};
		status = is_quote(b) ? inspect_quote(self, b) : inspect_attestation(self, b);
	}
	buffer_free(&file);
	return status;
}
