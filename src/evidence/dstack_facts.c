#include "evidence/dstack_facts.h"

#include <string.h>

#include "base/hex.h"
#include "json/reader.h"
#include "tdx/digest.h"
#include "base/banned.h"

struct fact {
	const char *name;
	uint8_t *into;
	size_t len;
	int *flag; /* NULL: every machine has it */
	int may_be_empty;
};

static enum tdx_reason
read_fact(const struct dstack_log *log, const struct fact *f)
{
	const struct dstack_event *e = dstack_log_find(log, f->name);

	if (e == NULL)
		return f->flag == NULL ? DSTACK_LOG_MISSING : TDX_HOLDS;
	if (e->payload.len == 0 && f->may_be_empty)
		return TDX_HOLDS;
	if (e->payload.len != f->len)
		return DSTACK_LOG_PAYLOAD;
	memcpy(f->into, e->payload.p, f->len);
	if (f->flag != NULL)
		*f->flag = 1;
	return TDX_HOLDS;
}

static const struct {
	const char *name;
	enum dstack_provider provider;
} providers[] = {
    {"none", DSTACK_PROVIDER_NONE},
    {"local-sgx", DSTACK_PROVIDER_LOCAL},
    {"kms", DSTACK_PROVIDER_KMS},
    {"tpm", DSTACK_PROVIDER_TPM},
};

static enum dstack_provider
provider_of(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (name.len == strlen(providers[i].name) &&
		    memcmp(name.p, providers[i].name, name.len) == 0)
			return providers[i].provider;
	return DSTACK_PROVIDER_ABSENT;
}

/* {"name":...,"id":hex}: what else the object may hold is not known to mean nothing. */
static enum tdx_reason
parse_provider(struct bytes payload, struct dstack_facts *ret)
{
	struct bytes name = {NULL, 0}, id = {NULL, 0};
	enum tdx_reason reason = DSTACK_LOG_PAYLOAD;
	struct json_error error;
	struct json_in in;

	if (json_in_open(payload.p, payload.len, &in, &error) != 0)
		return DSTACK_LOG_PAYLOAD;
	json_in_text(&in, "name", JSON_REQUIRED, 1, 32, &name);
	json_in_text(&in, "id", JSON_REQUIRED, 0, (size_t)2 * DSTACK_PROVIDER_ID_MAX, &id);
	if (json_in_close(&in) != 0)
		goto out;
	if (provider_of(name) == DSTACK_PROVIDER_ABSENT)
		goto out;
	if (hex_decode((const char *)id.p, id.len, ret->provider_id, id.len / 2) != 0)
		goto out;
	ret->provider = provider_of(name);
	ret->provider_id_len = id.len / 2;
	reason = TDX_HOLDS;
out:
	json_in_free(&in);
	return reason;
}

static enum tdx_reason
read_provider(const struct dstack_log *log, struct dstack_facts *ret)
{
	const struct dstack_event *e = dstack_log_find(log, "key-provider");

	if (e == NULL)
		return TDX_HOLDS;
	if (digest_sha256(&e->payload, 1, ret->provider_hash) != 0)
		return TDX_INTERNAL;
	return parse_provider(e->payload, ret);
}

enum tdx_reason
dstack_facts_read(const struct dstack_log *log, struct dstack_facts *ret)
{
	const struct fact facts[] = {
	    {"app-id", ret->app_id, sizeof ret->app_id, NULL, 0},
	    {"compose-hash", ret->compose_hash, sizeof ret->compose_hash, NULL, 0},
	    /* app-compose may say no_instance_id */
	    {"instance-id", ret->instance_id, sizeof ret->instance_id, &ret->has_instance_id, 1},
	    {"os-image-hash", ret->os_image, sizeof ret->os_image, &ret->has_os_image, 0},
	    {"rootfs-hash", ret->rootfs, sizeof ret->rootfs, &ret->has_rootfs, 0},
	    {"mr-kms", ret->mr_kms, sizeof ret->mr_kms, &ret->has_mr_kms, 0},
	};
	enum tdx_reason reason;

	memset(ret, 0, sizeof *ret);
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if ((reason = read_fact(log, &facts[i])) != TDX_HOLDS)
			return reason;
	if ((reason = read_provider(log, ret)) != TDX_HOLDS)
		return reason;
	return dstack_log_is_ready(log) ? TDX_HOLDS : DSTACK_LOG_NOT_READY;
}

const char *
dstack_provider_name(enum dstack_provider provider)
{
	for (size_t i = 0; i < ARRAY_LEN(providers); i++)
		if (providers[i].provider == provider)
			return providers[i].name;
	return NULL;
}
