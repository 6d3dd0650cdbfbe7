#include "evidence/dstack_policy.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/secp_verify.h"
#include "evidence/dstack_images.h"
#include "base/banned.h"

/* Exactly n bytes; whether the member is there. */
static int
read_fixed(struct json_in *in, const char *name, uint8_t *ret, size_t n)
{
	struct bytes text = {NULL, 0};

	json_in_text(in, name, JSON_OPTIONAL, 0, SIZE_MAX, &text);
	if (text.p == NULL)
		return 0;
	if (hex_decode((const char *)text.p, text.len, ret, n) == 0)
		return 1;
	json_in_fail(in, name, ERR_PARSE, "must be hex digits, of the right number");
	return 0;
}

/* An array of at most DSTACK_LIST_MAX elements, or NULL. */
static json_t *
read_array(struct json_in *in, const char *name)
{
	json_t *value = NULL;

	json_in_value(in, name, JSON_OPTIONAL, &value);
	if (value == NULL)
		return NULL;
	if (json_is_array(value) && json_array_size(value) <= DSTACK_LIST_MAX)
		return value;
	json_in_fail(in, name, ERR_PARSE, "must be a list of at most 64");
	return NULL;
}

static void
read_hashes(struct json_in *in, const char *name, struct dstack_list *ret)
{
	json_t *array = read_array(in, name), *value;
	size_t i;

	if (array == NULL)
		return;
	ret->given = 1;
	json_array_foreach(array, i, value)
	{
		if (!json_is_string(value) ||
		    hex_decode(json_string_value(value), json_string_length(value), ret->hash[i],
			       32) != 0) {
			json_in_fail(in, name, ERR_PARSE, "must be a list of 64 hex digits each");
			return;
		}
	}
	ret->count = json_array_size(array);
}

static void
read_measurement(struct json_in *in, const char *name, uint8_t ret48[48])
{
	if (!read_fixed(in, name, ret48, 48))
		json_in_fail(in, name, ERR_PARSE, "this member is required: 96 hex digits");
}

static void
read_os(struct json_in *in, struct dstack_policy *ret)
{
	json_t *array = read_array(in, "osMeasurements"), *value;
	char name[64];
	size_t i;

	if (array == NULL)
		return;
	ret->has_os = 1;
	json_array_foreach(array, i, value)
	{
		struct dstack_os *os = &ret->os[i];
		struct json_in element;

		(void)snprintf(name, sizeof name, "osMeasurements[%zu]", i);
		json_in_enter(in, value, name, &element);
		read_measurement(&element, "mrtd", os->mrtd);
		read_measurement(&element, "rtmr0", os->rtmr[0]);
		read_measurement(&element, "rtmr1", os->rtmr[1]);
		read_measurement(&element, "rtmr2", os->rtmr[2]);
		if (json_in_close(&element) != 0)
			return;
	}
	ret->os_count = json_array_size(array);
}

/* The releases join the list; where they do not fit, the list was too long. */
static void
add_releases(struct json_in *in, struct dstack_policy *ret)
{
	const struct dstack_image *image;
	int wanted = 0;

	json_in_bool(in, "osReleases", JSON_OPTIONAL, &wanted);
	if (!wanted)
		return;
	ret->os_images.given = 1;
	for (size_t i = 0; (image = dstack_image_at(i)) != NULL; i++) {
		if (image->is_dev)
			continue;
		if (ret->os_images.count == DSTACK_LIST_MAX) {
			json_in_fail(in, "osImages", ERR_RANGE, "is too long beside osReleases");
			return;
		}
		memcpy(ret->os_images.hash[ret->os_images.count++], image->hash, 32);
	}
}

static void
read_kms(struct json_in *in, struct dstack_policy *ret)
{
	struct bytes ca = {NULL, 0}, root = {NULL, 0};
	uint8_t key[65];

	json_in_text(in, "kmsCa", JSON_OPTIONAL, 2, 2 * sizeof ret->kms_ca, &ca);
	json_in_text(in, "kmsRoot", JSON_OPTIONAL, 2, 2 * sizeof key, &root);
	if (in->error->err != 0)
		return;
	if (ca.len != 0 && hex_decode((const char *)ca.p, ca.len, ret->kms_ca, ca.len / 2) != 0)
		json_in_fail(in, "kmsCa", ERR_PARSE, "must be a public key in DER, as hex");
	ret->kms_ca_len = ca.len / 2;
	if (root.len == 0)
		return;
	if (hex_decode((const char *)root.p, root.len, key, root.len / 2) != 0 ||
	    secp_normalize(key, root.len / 2, ret->kms_root) != 0)
		json_in_fail(in, "kmsRoot", ERR_PARSE, "must be a public key of secp256k1, as hex");
	ret->has_kms_root = 1;
}

void
dstack_policy_read(struct json_in *in, struct dstack_policy *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->has_app_id = read_fixed(in, "appId", ret->app_id, sizeof ret->app_id);
	read_hashes(in, "composeHashes", &ret->compose_hashes);
	json_in_bool(in, "composeReviewed", JSON_OPTIONAL, &ret->compose_reviewed);
	read_os(in, ret);
	read_hashes(in, "osImages", &ret->os_images);
	add_releases(in, ret);
	read_hashes(in, "devImages", &ret->dev_images);
	read_kms(in, ret);
	read_hashes(in, "mrKms", &ret->mr_kms);
	read_hashes(in, "devices", &ret->devices);
}

static struct tdx_allowed
allowed(const struct dstack_list *list)
{
	return (struct tdx_allowed){list->given, list->hash[0], list->count};
}

void
dstack_policy_ask(const struct dstack_policy *policy, struct dstack_question *question)
{
	question->app_id = policy->has_app_id ? policy->app_id : NULL;
	question->compose_hashes = allowed(&policy->compose_hashes);
	question->compose_reviewed = policy->compose_reviewed;
	question->os = policy->has_os ? policy->os : NULL;
	question->os_count = policy->os_count;
	question->os_images = allowed(&policy->os_images);
	question->dev_images = allowed(&policy->dev_images);
	question->kms_ca = (struct bytes){policy->kms_ca, policy->kms_ca_len};
	question->kms_root = policy->has_kms_root ? policy->kms_root : NULL;
	question->mr_kms = allowed(&policy->mr_kms);
	question->devices = allowed(&policy->devices);
}
