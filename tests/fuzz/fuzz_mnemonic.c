/* A mnemonic that is accepted is the one that its entropy writes, byte for byte. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/bip39.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t entropy[BIP39_ENTROPY_MAX];
	char text[BIP39_TEXT_MAX];
	size_t len;
	unsigned position = 0;
	char *exact = malloc(size + 1);
	int r;

	if (exact == NULL)
		return 0;
	/* at the end of its block, so that a read beyond the input is seen */
	memcpy(exact + 1, data, size);
	r = bip39_entropy(exact + 1, size, entropy, &len, &position);
	if (r == ERR_MNEMONIC_WORD && (position == 0 || position > 25))
		abort();
	if (r == 0 && (bip39_mnemonic(entropy, len, text) != 0 || strlen(text) != size ||
	                  memcmp(text, data, size) != 0))
		abort();
	free(exact);
	return 0;
}
