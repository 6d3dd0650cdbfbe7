/* Structures of a TPM, and the extension that names its machine: the first byte chooses. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "evidence/instance.h"
#include "evidence/tpm.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_quote(struct bytes input)
{
	static const struct bytes pcr[TPM_PCRS];
	struct tpm_quote q;

	if (tpm_quote_parse(input, &q) != 0)
		return;
	if (q.selection >> TPM_PCRS != 0)
		abort();
	/* values that nobody shows are those of no PCR */
	if (tpm_pcrs_verify(&q, q.bank, pcr) == 0 && q.selection != 0)
		abort();
}

static void
try_signature(struct bytes input)
{
	struct tpm_key key = {.type = TPM_ALG_ECC};

	if (tpm_quote_verify(&key, input, input) == 0)
		abort();
}

static void
try_instance(struct bytes input)
{
	struct instance in;

	if (instance_parse(input, &in) == 0 && (in.name.len == 0 || in.zone.len == 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tpm_key key;
	struct bytes input;

	if (size == 0)
		return 0;
	input = (struct bytes){data + 1, size - 1};
	switch (data[0] % 4) {
	case 0:
		if (tpm_key_parse(input, &key) == 0 && key.type != TPM_ALG_ECC &&
		    key.modulus.len == 0)
			abort();
		break;
	case 1:
		try_quote(input);
		break;
	case 2:
		try_signature(input);
		break;
	default:
		try_instance(input);
		break;
	}
	return 0;
}
