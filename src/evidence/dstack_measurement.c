#include "evidence/dstack_measurement.h"

#include <string.h>

#include "crypto/keccak256.h"
#include "tdx/digest.h"
#include "tdx/rtmr.h"
#include "base/banned.h"

#define CONFIG_ID_LEN 48

static struct bytes
field(const struct tdx_quote *quote, size_t offset, size_t len)
{
	return (struct bytes){quote->body.p + offset, len};
}

static int
is_zero(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] != 0)
			return 0;
	return 1;
}

_Static_assert(TD_MROWNERCONFIG + 48 == TD_RTMR0, "the configuration stands in one piece");

int
dstack_mr_aggregated(const struct tdx_quote *quote, uint8_t ret32[32])
{
	const struct bytes config = field(quote, TD_MRCONFIGID, TD_RTMR0 - TD_MRCONFIGID);
	const struct bytes parts[] = {
	    field(quote, TD_MRTD, RTMR_LEN),
	    field(quote, TD_RTMR0, (size_t)RTMR_COUNT * RTMR_LEN),
	    config,
	};

	return digest_sha256(parts, is_zero(config) ? 2 : 3, ret32);
}

int
dstack_mr_system(const struct tdx_quote *quote, const uint8_t provider_hash32[32],
		 uint8_t ret32[32])
{
	const struct bytes parts[] = {
	    field(quote, TD_MRTD, RTMR_LEN),
	    field(quote, TD_RTMR0, (size_t)3 * RTMR_LEN),
	    {provider_hash32, 32},
	};

	return digest_sha256(parts, ARRAY_LEN(parts), ret32);
}

int
dstack_device_id_of_header(const struct tdx_quote *quote, uint8_t ret32[32])
{
	return digest_sha256(&quote->user_data, 1, ret32);
}

int
dstack_device_id_of_ppid(const uint8_t ppid16[16], uint8_t ret32[32])
{
	const struct bytes ppid = {ppid16, 16};

	return digest_sha256(&ppid, 1, ret32);
}

void
dstack_config_id_v1(const uint8_t compose_hash32[32], uint8_t ret48[48])
{
	memset(ret48, 0, CONFIG_ID_LEN);
	ret48[0] = 1;
	memcpy(ret48 + 1, compose_hash32, 32);
}

static uint8_t
provider_byte(enum dstack_provider provider)
{
	switch (provider) {
	case DSTACK_PROVIDER_ABSENT:
	case DSTACK_PROVIDER_NONE:
		return 0;
	case DSTACK_PROVIDER_LOCAL:
		return 1;
	case DSTACK_PROVIDER_KMS:
		return 2;
	case DSTACK_PROVIDER_TPM:
		return 3;
	}
	return 0;
}

void
dstack_config_id_v2(const struct dstack_facts *facts, uint8_t ret48[48])
{
	const uint8_t kind = provider_byte(facts->provider);
	struct keccak256 k;

	memset(ret48, 0, CONFIG_ID_LEN);
	ret48[0] = 2;
	keccak256_init(&k);
	keccak256_update(&k, facts->compose_hash, sizeof facts->compose_hash);
	keccak256_update(&k, facts->app_id, sizeof facts->app_id);
	keccak256_update(&k, &kind, 1);
	keccak256_update(&k, facts->provider_id, facts->provider_id_len);
	keccak256_final(&k, ret48 + 1);
}

int
dstack_config_id_v3(struct bytes document, uint8_t ret48[48])
{
	static const char tag[] = "dstack-mr-config-v3:"; /* its NUL is part of it */
	const struct bytes parts[] = {{(const uint8_t *)tag, sizeof tag}, document};
	uint8_t hash[32];
	int r;

	if ((r = digest_sha256(parts, ARRAY_LEN(parts), hash)) != 0)
		return r;
	memset(ret48, 0, CONFIG_ID_LEN);
	ret48[0] = 3;
	memcpy(ret48 + 1, hash, sizeof hash);
	return 0;
}
