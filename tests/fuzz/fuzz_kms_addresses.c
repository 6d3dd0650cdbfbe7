/* A list of addresses that nobody signed. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "evidence/kms_addresses.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kms_addresses list;

	if (kms_addresses_read((struct bytes){data, size}, kms_signing_key("sepolia"), &list) == 0)
		abort();
	return 0;
}
