#include "evidence/layr.h"

#include <string.h>

#include "base/err.h"
#include "evidence/protobuf.h"
#include "base/banned.h"

#define TPM_STRUCTURE_MAX 1024
#define INSTANCE_TEXT_MAX 256
#define DIGEST_MAX 64

#define ARRAY_AND_LEN(a) (a), ARRAY_LEN(a)

/* An entry of the map PCRs.pcrs. */
static int
read_pcr(struct bytes entry, struct layr_quote *q)
{
	struct bytes value;
	uint64_t index;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_NUMBER(1, &index, LAYR_PCRS - 1),
	    PROTOBUF_RUN(2, &value, 1, DIGEST_MAX),
	};
	int r;

	if ((r = protobuf_read(entry, ARRAY_AND_LEN(slots))) != 0)
		return r;
	if (q->pcr[index].len != 0)
		return ERR_DUPLICATE;
	q->pcr[index] = value;
	return 0;
}

static int
read_pcrs(struct bytes message, struct layr_quote *q)
{
	struct bytes entry[LAYR_PCRS];
	struct protobuf_runs entries = {entry, ARRAY_LEN(entry), 0};
	uint64_t hash;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_NUMBER(1, &hash, UINT16_MAX),
	    PROTOBUF_RUNS(2, &entries, 1, DIGEST_MAX + 8),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	q->hash = (uint16_t)hash;
	for (size_t i = 0; i < entries.count && r == 0; i++)
		r = read_pcr(entry[i], q);
	return r;
}

static int
read_quote(struct bytes message, struct layr_attestation *a)
{
	struct layr_quote q = {0};
	struct bytes pcrs;
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &q.quote, 1, TPM_STRUCTURE_MAX),
	    PROTOBUF_RUN(2, &q.signature, 1, TPM_STRUCTURE_MAX),
	    PROTOBUF_RUN(3, &pcrs, 1, LAYR_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0 ||
	    (r = read_pcrs(pcrs, &q)) != 0)
		return r;
	for (size_t i = 0; i < a->quotes; i++)
		if (a->quote[i].hash == q.hash)
			return ERR_DUPLICATE;
	a->quote[a->quotes++] = q;
	return 0;
}

static int
read_instance(struct bytes message, struct layr_instance *ret)
{
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &ret->zone, 0, INSTANCE_TEXT_MAX),
	    PROTOBUF_RUN(2, &ret->project_id, 0, INSTANCE_TEXT_MAX),
	    PROTOBUF_NUMBER(3, &ret->project_number, UINT64_MAX),
	    PROTOBUF_RUN(4, &ret->name, 0, INSTANCE_TEXT_MAX),
	    PROTOBUF_NUMBER(5, &ret->id, UINT64_MAX),
	};

	return protobuf_read(message, ARRAY_AND_LEN(slots));
}

static int
read_attestation(struct bytes message, struct layr_attestation *a)
{
	struct bytes quote[LAYR_QUOTES_MAX], instance;
	struct protobuf_runs quotes = {quote, ARRAY_LEN(quote), 0};
	struct protobuf_runs intermediates = {a->intermediate, LAYR_INTERMEDIATES_MAX, 0};
	const struct protobuf_slot slots[] = {
	    PROTOBUF_RUN(1, &a->ak_pub, 1, TPM_STRUCTURE_MAX),
	    PROTOBUF_RUNS(2, &quotes, 1, LAYR_MAX),
	    PROTOBUF_RUN(3, &a->event_log, 0, LAYR_MAX),
	    PROTOBUF_RUN(4, &instance, 0, LAYR_MAX),
	    PROTOBUF_RUN(5, &a->canonical_log, 0, LAYR_MAX),
	    PROTOBUF_RUN(6, &a->ak_cert, 1, LAYR_CERTIFICATE_MAX),
	    PROTOBUF_RUNS(7, &intermediates, 1, LAYR_CERTIFICATE_MAX),
	    PROTOBUF_RUN(8, &a->sev_snp, 0, LAYR_MAX),
	    PROTOBUF_RUN(9, &a->tdx, 0, LAYR_MAX),
	};
	int r;

	if ((r = protobuf_read(message, ARRAY_AND_LEN(slots))) != 0)
		return r;
	/* sev_snp and tdx are a oneof: of two, a lenient reader takes the last */
	if (quotes.count == 0 || (a->sev_snp.len != 0 && a->tdx.len != 0))
		return ERR_PARSE;
	for (size_t i = 0; i < quotes.count && r == 0; i++)
		r = read_quote(quote[i], a);
	a->intermediates = intermediates.count;
	a->has_instance = instance.len != 0;
	if (r == 0 && a->has_instance)
		r = read_instance(instance, &a->instance);
	return r;
}

enum tdx_reason
layr_parse(struct bytes message, struct layr_attestation *ret)
{
	memset(ret, 0, sizeof *ret);
	if (message.len > LAYR_MAX || read_attestation(message, ret) != 0)
		return BOUND_MESSAGE;
	return TDX_HOLDS;
}
