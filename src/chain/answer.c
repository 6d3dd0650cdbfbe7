#include "chain/answer.h"

#include <string.h>

#include "chain/errors.h"
#include "base/banned.h"

void
printable_copy(const char *text, char *ret, size_t cap)
{
	size_t i;

	for (i = 0; i + 1 < cap && text[i] != '\0'; i++)
		ret[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	ret[i] = '\0';
}

static void
refuse(struct parsed_answer *a, const char *why)
{
	a->answer.class = RPC_MALFORMED;
	a->answer.result = NULL;
	a->answer.revert_data = NULL;
	printable_copy(why, a->message, sizeof a->message);
}

static int
is_hex_data(const char *text)
{
	size_t len = strlen(text);

	return len >= 2 && len % 2 == 0 && text[0] == '0' && text[1] == 'x' &&
	       strspn(text + 2, "0123456789abcdefABCDEF") == len - 2;
}

/*
 * Where clients put revert data: a string (geth, erigon, besu, anvil), a string
 * behind the word "Reverted" (nethermind, openethereum), or an object with a
 * member "data" (hardhat).
 */
static const char *
revert_data(const json_t *error)
{
	static const char word[] = "Reverted ";
	const json_t *data = json_object_get(error, "data");
	const char *text;

	if (json_is_object(data))
		data = json_object_get(data, "data");
	if ((text = json_string_value(data)) == NULL)
		return NULL;
	if (strncmp(text, word, sizeof word - 1) == 0)
		text += sizeof word - 1;
	return is_hex_data(text) ? text : NULL;
}

static void
take_error(struct parsed_answer *a, const json_t *error)
{
	const char *message = json_string_value(json_object_get(error, "message"));
	const json_t *code = json_object_get(error, "code");
	int64_t number = json_is_integer(code) ? json_integer_value(code) : 0;

	printable_copy(message == NULL ? "" : message, a->message, sizeof a->message);
	a->has_error = 1;
	a->answer.class = rpc_error_class(number, message == NULL ? "" : message);
	a->answer.revert_data = revert_data(error);
}

static int
id_matches(const json_t *id, uint64_t expected)
{
	return json_is_integer(id) && json_integer_value(id) >= 0 &&
	       (uint64_t)json_integer_value(id) == expected;
}

static void
take_root(struct parsed_answer *a, uint64_t id)
{
	const char *version = json_string_value(json_object_get(a->root, "jsonrpc"));
	const json_t *result = json_object_get(a->root, "result");
	const json_t *error = json_object_get(a->root, "error");
	const json_t *answer_id = json_object_get(a->root, "id");

	if (json_is_object(error)) {
		/* gateways in front of nodes leave out the version and the id in their errors */
		if (answer_id != NULL && !json_is_null(answer_id) && !id_matches(answer_id, id))
			refuse(a, "the answer has another id");
		else if (result != NULL && !json_is_null(result))
			refuse(a, "the answer holds a result and an error");
		else
			take_error(a, error);
		return;
	}
	if (version == NULL || strcmp(version, "2.0") != 0)
		refuse(a, "the answer is not JSON-RPC 2.0");
	else if (!id_matches(answer_id, id))
		refuse(a, "the answer has another id");
	else if (error != NULL && !json_is_null(error))
		refuse(a, "the answer's error is not an object");
	else if (result == NULL)
		refuse(a, "the answer holds neither result nor error");
	else
		a->answer.result = result;
}

/* Each value of a tree begins behind one of these; those within texts count as well. */
static size_t
count_parts(const char *body, size_t len)
{
	size_t parts = 0;

	for (size_t i = 0; i < len; i++)
		parts += body[i] == '[' || body[i] == '{' || body[i] == ',' || body[i] == ':';
	return parts;
}

void
answer_parse(const void *body, size_t len, uint64_t id, struct parsed_answer *ret)
{
	json_error_t ignored;

	*ret = (struct parsed_answer){.root = NULL, .answer = {.class = RPC_OK}};
	ret->answer.message = ret->message;
	if (count_parts(body, len) > ANSWER_PARTS_MAX) {
		refuse(ret, "the answer has too many parts");
		return;
	}
	/* anvil puts a custom error's raw bytes into the message, NUL included */
	ret->root = json_loadb(body, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &ignored);
	if (json_is_object(ret->root))
		take_root(ret, id);
	else
		refuse(ret, "the answer is not a JSON object");
}

void
parsed_answer_free(struct parsed_answer *a)
{
	json_decref(a->root);
	a->root = NULL;
	a->answer.result = NULL;
	a->answer.revert_data = NULL;
}
