#include "cli/policy_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/err.h"
#include "base/banned.h"

static int
fail(struct policy_problem *problem, int err, const char *field, const char *text)
{
	(void)!snprintf(problem->field, sizeof problem->field, "%s", field);
	(void)!snprintf(problem->text, sizeof problem->text, "%.159s", text);
	return err;
}

static void
merge_list(struct dstack_list *list, const struct dstack_list *more)
{
	list->given |= more->given;
	for (size_t i = 0; i < more->count && list->count < DSTACK_LIST_MAX; i++)
		memcpy(list->hash[list->count++], more->hash[i], sizeof more->hash[i]);
}

/* What an option gives counts before the file, in whichever order they came; lists add up. */
static void
merge_dstack(struct dstack_policy *ret, const struct dstack_policy *file)
{
	const struct dstack_policy given = *ret;

	*ret = *file;
	if (given.has_app_id)
		memcpy(ret->app_id, given.app_id, sizeof ret->app_id);
	if (given.has_kms_root)
		memcpy(ret->kms_root, given.kms_root, sizeof ret->kms_root);
	if (given.kms_ca_len > 0) {
		memcpy(ret->kms_ca, given.kms_ca, sizeof ret->kms_ca);
		ret->kms_ca_len = given.kms_ca_len;
	}
	ret->has_app_id |= given.has_app_id;
	ret->has_kms_root |= given.has_kms_root;
	merge_list(&ret->compose_hashes, &given.compose_hashes);
	merge_list(&ret->os_images, &given.os_images);
	merge_list(&ret->mr_kms, &given.mr_kms);
	merge_list(&ret->devices, &given.devices);
}

static int
take_dstack(json_t *root, struct question *q, struct policy_problem *problem)
{
	struct json_error error = {.field = ""};
	struct json_in in = {.root = root, .error = &error}, dstack;
	static struct dstack_policy file;
	int present = 0;

	json_in_object(&in, "dstack", JSON_OPTIONAL, &dstack, &present);
	if (present) {
		dstack_policy_read(&dstack, &file);
		if (json_in_close(&dstack) == 0)
			merge_dstack(&q->dstack, &file);
	}
	return error.err == 0 ? 0 : fail(problem, error.err, error.field, error.text);
}

/* What is left of the object, as its reader wants it: text, which it goes on to use. */
static int
take_rest(json_t *root, struct buffer *file, uint8_t **memory, struct question *q,
	  struct policy_problem *problem)
{
	char *text = json_dumps(root, JSON_COMPACT);
	const char *field = NULL;
	int r = ERR_MEM;

	q->has_policy |= json_object_size(root) > 0;
	buffer_reset(file);
	if (text != NULL)
		buffer_text(file, text);
	free(text);
	free(*memory);
	*memory = text != NULL ? malloc(file->len + 1) : NULL;
	if (*memory != NULL && (r = file->err) == 0)
		r = tdx_policy_read((struct bytes){file->p, file->len}, *memory, &q->policy,
				    &field);
	return r == 0 ? 0
		      : fail(problem, r, field != NULL ? field : "", tdx_policy_problem(r, field));
}

int
policy_file_read(struct buffer *file, uint8_t **memory, struct question *q,
		 struct policy_problem *ret_problem)
{
	char text[JSON_ERROR_TEXT_LENGTH + 32];
	json_error_t e;
	json_t *root = json_loadb((const char *)file->p, file->len, JSON_REJECT_DUPLICATES, &e);
	int r;

	if (!json_is_object(root)) {
		(void)!snprintf(text, sizeof text, "line %d: %s", e.line, e.text);
		r = fail(ret_problem, ERR_PARSE, "",
			 root == NULL && e.line > 0 ? text : "it takes a JSON object");
	} else if ((r = take_dstack(root, q, ret_problem)) == 0) {
		(void)json_object_del(root, "dstack"); /* it may not be there */
		r = take_rest(root, file, memory, q, ret_problem);
	}
	json_decref(root);
	return r;
}
