#include "tee/pck_extension.h"

#include "tee/der_writer.h"
#include "base/banned.h"

static const uint8_t oid_sgx[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

/* The numbers below oid_sgx; those of TCB and configuration have members of their own. */
enum entry {
	ENTRY_PPID = 1,
	ENTRY_TCB = 2,
	ENTRY_PCEID = 3,
	ENTRY_FMSPC = 4,
	ENTRY_TYPE = 5,
	ENTRY_INSTANCE = 6,
	ENTRY_CONFIGURATION = 7,
	TCB_PCESVN = 17,
	TCB_CPUSVN = 18
};

/* SEQUENCE { oid_sgx . group . n, ... }: the caller writes the value and ends it. */
static size_t
entry_begin(struct writer *w, uint8_t group, uint8_t n)
{
	size_t s = der_begin(w, DER_SEQUENCE);
	size_t oid = der_begin(w, DER_OID);

	write_bytes(w, oid_sgx, sizeof oid_sgx);
	if (group != 0)
		write_u8(w, group);
	write_u8(w, n);
	der_end(w, oid);
	return s;
}

static void
put_octets(struct writer *w, uint8_t group, uint8_t n, const uint8_t *p, size_t len)
{
	size_t s = entry_begin(w, group, n);

	der_put(w, DER_OCTET_STRING, p, len);
	der_end(w, s);
}

static void
put_number(struct writer *w, uint8_t group, uint8_t n, uint8_t tag, uint32_t value)
{
	size_t s = entry_begin(w, group, n);

	der_put_small(w, tag, value);
	der_end(w, s);
}

static void
put_tcb(struct writer *w, const struct pck_platform *p)
{
	size_t s = entry_begin(w, 0, ENTRY_TCB);
	size_t list = der_begin(w, DER_SEQUENCE);

	for (uint8_t i = 0; i < sizeof p->components; i++)
		put_number(w, ENTRY_TCB, (uint8_t)(i + 1), DER_INTEGER, p->components[i]);
	put_number(w, ENTRY_TCB, TCB_PCESVN, DER_INTEGER, p->pcesvn);
	put_octets(w, ENTRY_TCB, TCB_CPUSVN, p->cpusvn, sizeof p->cpusvn);
	der_end(w, list);
	der_end(w, s);
}

static void
put_configuration(struct writer *w, const struct pck_platform *p)
{
	const int flags[3] = {p->dynamic_platform, p->cached_keys, p->smt_enabled};
	size_t s = entry_begin(w, 0, ENTRY_CONFIGURATION);
	size_t list = der_begin(w, DER_SEQUENCE);

	for (uint8_t i = 0; i < ARRAY_LEN(flags); i++) {
		size_t entry = entry_begin(w, ENTRY_CONFIGURATION, (uint8_t)(i + 1));

		der_put_boolean(w, flags[i]);
		der_end(w, entry);
	}
	der_end(w, list);
	der_end(w, s);
}

void
pck_extension_write(struct writer *w, const struct pck_platform *p)
{
	size_t extension = der_begin(w, DER_SEQUENCE), value, list;

	der_put(w, DER_OID, oid_sgx, sizeof oid_sgx);
	value = der_begin(w, DER_OCTET_STRING);
	list = der_begin(w, DER_SEQUENCE);
	put_octets(w, 0, ENTRY_PPID, p->ppid, sizeof p->ppid);
	put_tcb(w, p);
	put_octets(w, 0, ENTRY_PCEID, p->pceid, sizeof p->pceid);
	put_octets(w, 0, ENTRY_FMSPC, p->fmspc, sizeof p->fmspc);
	put_number(w, 0, ENTRY_TYPE, DER_ENUMERATED, p->sgx_type);
	if (p->ca == PCK_CA_PLATFORM) {
		put_octets(w, 0, ENTRY_INSTANCE, p->platform_instance_id,
			   sizeof p->platform_instance_id);
		put_configuration(w, p);
	}
	der_end(w, list);
	der_end(w, value);
	der_end(w, extension);
}
