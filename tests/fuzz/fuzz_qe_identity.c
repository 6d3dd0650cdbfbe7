/* An identity of a quoting enclave that somebody signed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/qe_identity.h"
#include "tdx/quote.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qe_identity q;
	uint8_t report[QE_REPORT_LEN] = {0};

	if (qe_identity_parse((struct bytes){data, size}, &q) != TDX_HOLDS)
		return 0;
	if (q.level_count == 0 || q.level_count > QE_LEVELS_MAX || q.issue_date > q.next_update)
		abort();
	for (size_t i = 1; i < q.level_count; i++)
		if (q.level[i - 1].isvsvn < q.level[i].isvsvn)
			abort();
	/* a report made of what it wants matches, unless a value lies outside its own mask */
	for (size_t i = 0; i < 4; i++)
		report[QE_MISCSELECT + i] = q.miscselect[3 - i];
	memcpy(report + QE_ATTRIBUTES, q.attributes, sizeof q.attributes);
	memcpy(report + QE_MRSIGNER, q.mrsigner, sizeof q.mrsigner);
	report[QE_ISVPRODID] = (uint8_t)q.isvprodid;
	report[QE_ISVPRODID + 1] = (uint8_t)(q.isvprodid >> 8);
	for (size_t i = 0; i < sizeof q.attributes; i++)
		if ((q.attributes[i] & ~q.attributes_mask[i]) != 0)
			return 0;
	for (size_t i = 0; i < sizeof q.miscselect; i++)
		if ((q.miscselect[i] & ~q.miscselect_mask[i]) != 0)
			return 0;
	if (!qe_identity_matches(&q, report))
		abort();
	report[QE_MRSIGNER] ^= 1;
	if (qe_identity_matches(&q, report))
		abort();
	return 0;
}
