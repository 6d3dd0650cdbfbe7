/* Raw bytes: decode and encode again. The same bytes as the form of fields: read and write again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "evm/transaction.h"
#include "base/banned.h"

#define ROOM 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_raw(const uint8_t *p, size_t size)
{
	static uint8_t again[ROOM];
	struct tx_signature signature;
	uint8_t hash[32];
	uint64_t gas;
	struct tx tx;
	size_t len;

	if (tx_decode_signed(p, size, &tx, &signature) != 0)
		return;
	if (tx_recovery_hash(&tx, hash) != 0 || tx_intrinsic_gas(&tx, &gas) != 0)
		abort();
	if (tx.type == TX_LEGACY && tx.chain_id == 0) {
		if (tx_encode_signed(&tx, &signature, again, sizeof again, &len) != ERR_RANGE)
			abort();
		return;
	}
	if (tx_encode_signed(&tx, &signature, again, sizeof again, &len) != 0 || len != size ||
	    memcmp(again, p, len) != 0)
		abort();
}

static void
check_fields(const uint8_t *p, size_t size)
{
	static uint8_t again[ROOM];
	struct reader r = reader_of(p, size);
	struct writer w = writer_of(again, sizeof again);
	struct tx tx;

	if (tx_read_fields(&r, &tx) != 0)
		return;
	tx_write_fields(&w, &tx);
	if (w.err != 0 || w.len != size - r.left || memcmp(again, p, w.len) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = malloc(size + 1);

	if (exact == NULL || size > ROOM) {
		free(exact);
		return 0;
	}
	memcpy(exact + 1, data, size);
	check_raw(exact + 1, size);
	check_fields(exact + 1, size);
	free(exact);
	return 0;
}
