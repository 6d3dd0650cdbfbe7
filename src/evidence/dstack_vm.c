#include "evidence/dstack_vm.h"

#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/banned.h"

/* Text that may be absent; upstream writes null for that, too. */
static void
optional_text(struct json_in *in, const char *name, size_t max, struct bytes *ret)
{
	if (in->root != NULL && json_is_null(json_object_get(in->root, name)))
		return;
	json_in_text(in, name, JSON_OPTIONAL, 0, max, ret);
}

static void
read_document(struct json_in *in, struct dstack_vm *ret)
{
	struct bytes document = {NULL, 0};

	optional_text(in, "mr_config", sizeof ret->document, &document);
	if (document.len == 0 || ret->document_len != 0)
		return;
	memcpy(ret->document, document.p, document.len);
	ret->document_len = document.len;
}

static void
read_members(struct json_in *in, struct dstack_vm *ret)
{
	struct bytes hash = {NULL, 0}, image = {NULL, 0};

	optional_text(in, "os_image_hash", 64, &hash);
	optional_text(in, "image", DSTACK_VM_IMAGE_MAX, &image);
	read_document(in, ret);
	if (in->error->err != 0)
		return;
	if (hash.len != 0 && hex_decode((const char *)hash.p, hash.len, ret->os_image, 32) != 0) {
		json_in_fail(in, "os_image_hash", ERR_PARSE, "must be 64 hex digits");
		return;
	}
	ret->has_os_image = hash.len != 0;
	if (image.len > 0)
		memcpy(ret->image, image.p, image.len);
	ret->image[image.len] = '\0';
}

/* The document of a sys-config comes first; older hosts have it in vm_config alone. */
static void
read_outer(struct json_in *in, struct dstack_vm *ret)
{
	struct bytes text = {NULL, 0};
	struct json_error error;
	struct json_in inner;

	optional_text(in, "vm_config", DSTACK_VM_TEXT_MAX, &text);
	if (in->error->err != 0)
		return;
	if (text.len == 0) {
		read_members(in, ret);
		return;
	}
	read_document(in, ret);
	if (json_in_open(text.p, text.len, &inner, &error) != 0) {
		json_in_fail(in, "vm_config", ERR_PARSE, "must be a JSON object as text");
		return;
	}
	read_members(&inner, ret);
	json_in_free(&inner);
	if (error.err != 0)
		json_in_fail(in, "vm_config", error.err, error.text);
}

enum tdx_reason
dstack_vm_read(struct bytes text, struct dstack_vm *ret, struct json_error *error)
{
	struct json_in in;

	memset(ret, 0, sizeof *ret);
	memset(error, 0, sizeof *error);
	if (text.len == 0)
		return TDX_HOLDS;
	if (text.len > DSTACK_VM_TEXT_MAX) {
		in = (struct json_in){.error = error};
		json_in_fail(&in, "", ERR_RANGE, "is too long");
		return DSTACK_EVIDENCE;
	}
	if (json_in_open(text.p, text.len, &in, error) != 0)
		return DSTACK_EVIDENCE;
	read_outer(&in, ret);
	json_in_free(&in);
	return error->err == 0 ? TDX_HOLDS : DSTACK_EVIDENCE;
}

/* "dstack-dev-0.5.9-de9c74f0", "dstack-nvidia-dev-0.5.12" */
int
dstack_vm_is_dev(const struct dstack_vm *vm)
{
	const char *at = strstr(vm->image, "-dev");

	return at != NULL && (at[4] == '\0' || at[4] == '-');
}

/* An id in hex, or absent or empty when it may be: then it binds nothing. */
static int
id_agrees(struct json_in *in, const char *name, enum json_need need, struct bytes id)
{
	uint8_t found[DSTACK_PROVIDER_ID_MAX];
	struct bytes text = {NULL, 0};

	json_in_text(in, name, need, 0, 2 * sizeof found, &text);
	if (in->error->err != 0)
		return 0;
	if (text.len == 0)
		return need == JSON_OPTIONAL;
	if (hex_decode((const char *)text.p, text.len, found, id.len) != 0)
		return 0;
	return memcmp(found, id.p, id.len) == 0;
}

/* The document says "local" where the event says "local-sgx". */
static int
provider_agrees(struct json_in *in, enum dstack_provider provider)
{
	const char *name = dstack_provider_name(provider);
	struct bytes text = {NULL, 0};

	if (provider == DSTACK_PROVIDER_LOCAL)
		name = "local";
	json_in_text(in, "key_provider", JSON_REQUIRED, 1, 16, &text);
	return in->error->err == 0 && name != NULL && text.len == strlen(name) &&
	       memcmp(text.p, name, text.len) == 0;
}

enum tdx_reason
dstack_vm_document_agrees(const struct dstack_vm *vm, const struct dstack_facts *facts)
{
	const struct bytes app = {facts->app_id, sizeof facts->app_id};
	const struct bytes compose = {facts->compose_hash, sizeof facts->compose_hash};
	const struct bytes provider = {facts->provider_id, facts->provider_id_len};
	const struct bytes instance = {facts->instance_id,
				       facts->has_instance_id ? sizeof facts->instance_id : 0};
	struct json_error error;
	struct json_in in;
	int agrees;

	if (json_in_open(vm->document, vm->document_len, &in, &error) != 0)
		return DSTACK_CONFIG_ID;
	agrees = id_agrees(&in, "compose_hash", JSON_REQUIRED, compose) &&
		 provider_agrees(&in, facts->provider) &&
		 id_agrees(&in, "app_id", JSON_OPTIONAL, app) &&
		 id_agrees(&in, "key_provider_id", JSON_OPTIONAL, provider) &&
		 id_agrees(&in, "instance_id", JSON_OPTIONAL, instance);
	json_in_free(&in);
	return agrees ? TDX_HOLDS : DSTACK_CONFIG_ID;
}
