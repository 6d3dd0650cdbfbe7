/* A relying party's expectations, and a key with its chain, as anybody may write them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "evidence/dstack_key.h"
#include "evidence/dstack_policy.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dstack_policy policy;
	static struct dstack_key_text key;
	struct dstack_question question = {.quote = NULL};
	struct dstack_roots roots;
	struct json_error error;
	struct json_in in;

	if (json_in_open(data, size, &in, &error) != 0)
		return 0;
	dstack_policy_read(&in, &policy);
	if (json_in_close(&in) == 0)
		dstack_policy_ask(&policy, &question);
	if (question.os_count > DSTACK_LIST_MAX || question.kms_ca.len > DSTACK_CA_MAX)
		abort();
	json_in_free(&in);
	if (json_in_open(data, size, &in, &error) != 0)
		abort();
	dstack_key_read(&in, &key);
	if (json_in_close(&in) == 0)
		(void)dstack_chain_recover(&key.key.claim, policy.app_id, &key.key.chain, &roots);
	json_in_free(&in);
	return 0;
}
