#include "evidence/ccel.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "base/banned.h"

#define TPM_ALG_SHA384 0x000cU
#define CC_TYPE_TDX 2
#define MR_LAST 4U /* RTMR3 */

/* The first record is in the form of the SHA-1 days, with a digest of zeros. */
#define SPEC_ID "Spec ID Event03"
#define SPEC_ID_LEN sizeof SPEC_ID /* its NUL is part of it */
#define SHA1_LEN 20

int
ccel_table_parse(struct bytes table, struct ccel_table *ret)
{
	struct reader r = reader_of(table.p, table.len);
	struct ccel_table t;
	struct bytes signature, rest;
	uint32_t len;
	uint16_t reserved;
	uint8_t sum = 0;

	if (table.len != CCEL_TABLE_LEN)
		return ERR_PARSE;
	for (size_t i = 0; i < table.len; i++)
		sum = (uint8_t)(sum + table.p[i]);
	if (read_take(&r, 4, &signature) != 0 || read_le32(&r, &len) != 0 ||
	    read_take(&r, 28, &rest) != 0 || read_u8(&r, &t.type) != 0 ||
	    read_u8(&r, &t.subtype) != 0 || read_le16(&r, &reserved) != 0 ||
	    read_le64(&r, &t.area_len) != 0 || read_le64(&r, &t.area_address) != 0)
		return ERR_PARSE;
	if (memcmp(signature.p, "CCEL", 4) != 0 || len != CCEL_TABLE_LEN || sum != 0)
		return ERR_PARSE;
	if (t.type != CC_TYPE_TDX)
		return ERR_UNSUPPORTED;
	*ret = t;
	return 0;
}

/* {alg u16, size u16} each; two entries for one algorithm would make a digest ambiguous. */
static int
read_algorithms(struct reader *r, struct ccel *log)
{
	uint32_t count;

	if (read_le32(r, &count) != 0 || count == 0 || count > CCEL_ALGORITHMS_MAX)
		return ERR_PARSE;
	for (uint32_t i = 0; i < count; i++) {
		if (read_le16(r, &log->algorithm[i]) != 0 || read_le16(r, &log->digest_len[i]) != 0)
			return ERR_PARSE;
		for (uint32_t j = 0; j < i; j++)
			if (log->algorithm[j] == log->algorithm[i])
				return ERR_PARSE;
	}
	log->algorithm_count = count;
	return 0;
}

static int
has_sha384(const struct ccel *log)
{
	for (size_t i = 0; i < log->algorithm_count; i++)
		if (log->algorithm[i] == TPM_ALG_SHA384)
			return log->digest_len[i] == 48;
	return 0;
}

/* TCG_EfiSpecIDEvent, which fills the first record's data exactly. */
static int
read_spec_id(struct bytes data, struct ccel *log)
{
	struct reader r = reader_of(data.p, data.len);
	struct bytes signature, platform_and_version, vendor;
	uint8_t vendor_len;

	/* platformClass u32, minor, major, errata and uintnSize u8 */
	if (read_take(&r, SPEC_ID_LEN, &signature) != 0 ||
	    read_take(&r, 8, &platform_and_version) != 0 || read_algorithms(&r, log) != 0 ||
	    read_u8(&r, &vendor_len) != 0 || read_take(&r, vendor_len, &vendor) != 0 ||
	    reader_end(&r) != 0)
		return ERR_PARSE;
	if (memcmp(signature.p, SPEC_ID, SPEC_ID_LEN) != 0)
		return ERR_PARSE;
	return has_sha384(log) ? 0 : ERR_UNSUPPORTED;
}

int
ccel_open(struct bytes log, struct ccel *ret)
{
	struct ccel c = {.rest = reader_of(log.p, log.len)};
	struct bytes digest, data;
	uint32_t mr, type, len;
	int r;

	if (log.len > CCEL_LOG_MAX)
		return ERR_SPACE;
	if (read_le32(&c.rest, &mr) != 0 || read_le32(&c.rest, &type) != 0 ||
	    read_take(&c.rest, SHA1_LEN, &digest) != 0 || read_le32(&c.rest, &len) != 0 ||
	    read_take(&c.rest, len, &data) != 0)
		return ERR_PARSE;
	if (type != CCEL_EV_NO_ACTION)
		return ERR_PARSE;
	if ((r = read_spec_id(data, &c)) != 0)
		return r;
	*ret = c;
	return 0;
}

/*
 * Whether nothing but padding is left. One recorded log has less of it than a
 * record's header; a record that is all zeros could not be one, since it has no digest.
 */
static int
is_padding(const struct reader *r)
{
	if (r->left == 0)
		return 1;
	if (r->p[0] != 0x00 && r->p[0] != 0xff)
		return 0;
	return memcmp(r->p, r->p + 1, r->left - 1) == 0;
}

static const uint16_t *
digest_len_of(const struct ccel *log, uint16_t algorithm)
{
	for (size_t i = 0; i < log->algorithm_count; i++)
		if (log->algorithm[i] == algorithm)
			return &log->digest_len[i];
	return NULL;
}

/* TPML_DIGEST_VALUES with one SHA-384 among them. */
static int
read_digests(struct reader *r, const struct ccel *log, const uint8_t **ret)
{
	const uint8_t *found = NULL;
	const uint16_t *len;
	struct bytes digest;
	uint32_t count;
	uint16_t algorithm;

	if (read_le32(r, &count) != 0 || count > log->algorithm_count)
		return ERR_PARSE;
	for (uint32_t i = 0; i < count; i++) {
		if (read_le16(r, &algorithm) != 0 ||
		    (len = digest_len_of(log, algorithm)) == NULL ||
		    read_take(r, *len, &digest) != 0)
			return ERR_PARSE;
		if (algorithm != TPM_ALG_SHA384)
			continue;
		if (found != NULL)
			return ERR_PARSE;
		found = digest.p;
	}
	if (found == NULL)
		return ERR_PARSE;
	*ret = found;
	return 0;
}

int
ccel_next(struct ccel *log, struct ccel_event *ret)
{
	struct reader r = log->rest;
	struct ccel_event e;
	uint32_t len;

	if (is_padding(&r))
		return ERR_NOT_FOUND;
	if (read_le32(&r, &e.mr) != 0 || read_le32(&r, &e.type) != 0 ||
	    read_digests(&r, log, &e.digest) != 0 || read_le32(&r, &len) != 0 ||
	    read_take(&r, len, &e.data) != 0)
		return ERR_PARSE;
	/* MRTD was final before anything ran that writes a log */
	if (e.mr > MR_LAST || (e.mr == 0 && e.type != CCEL_EV_NO_ACTION))
		return ERR_PARSE;
	log->rest = r;
	*ret = e;
	return 0;
}

int
ccel_replay(struct bytes log, struct rtmr_bank *ret, size_t *ret_events)
{
	struct rtmr_bank bank;
	struct ccel_event e;
	struct ccel c;
	size_t count = 0;
	int r;

	if ((r = ccel_open(log, &c)) != 0)
		return r;
	rtmr_reset(&bank);
	while ((r = ccel_next(&c, &e)) == 0) {
		count++;
		if (e.type == CCEL_EV_NO_ACTION)
			continue;
		if ((r = rtmr_extend(&bank, e.mr - 1, e.digest)) != 0)
			return r;
	}
	if (r != ERR_NOT_FOUND)
		return r;
	*ret = bank;
	*ret_events = count;
	return 0;
}

int
ccel_event_is_hashed(const struct ccel_event *event)
{
	uint8_t hash[48];

	return digest_sha384(&event->data, 1, hash) == 0 &&
	       memcmp(hash, event->digest, sizeof hash) == 0;
}
