/* A revocation list of anybody's. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tdx/crl.h"
#include "tdx/der.h"
#include "tdx/x509.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each serial that is in the list is found in it. */
static void
check_entries(const struct crl *crl)
{
	struct reader entries = reader_of(crl->entries.p, crl->entries.len), entry;
	size_t count = 0;
	struct bytes serial;

	for (; entries.left > 0; count++)
		if (der_enter(&entries, DER_SEQUENCE, &entry) != 0 ||
		    x509_serial(&entry, &serial) != 0 || !crl_revokes(crl, serial))
			abort();
	if (count != crl->count)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t other[21] = {0x7f};
	struct crl crl;

	if (crl_parse((struct bytes){data, size}, &crl) != 0)
		return 0;
	if (crl.tbs.p < data || crl.tbs.p + crl.tbs.len > data + size ||
	    crl.this_update > crl.next_update || crl.authority_key_id.len != 20)
		abort();
	check_entries(&crl);
	/* longer than any serial can be */
	if (crl_revokes(&crl, (struct bytes){other, sizeof other}))
		abort();
	return 0;
}
