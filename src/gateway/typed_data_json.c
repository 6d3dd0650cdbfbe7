#include "gateway/typed_data_json.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "evm/type.h"
#include "evm/typed_data.h"
#include "json/value.h"
#include "base/banned.h"

#define DOMAIN_NAME "EIP712Domain"

static const struct {
	const char *name;
	const char *type;
} domain_members[] = {
    {"name", "string"},
    {"version", "string"},
    {"chainId", "uint256"},
    {"verifyingContract", "address"},
    {"salt", "bytes32"},
};

/* The document's parts, and the structs that its form will have; all borrowed. */
struct document {
	json_t *types;
	json_t *domain;
	json_t *message;
	struct bytes primary;
	struct bytes names[TYPED_STRUCTS_MAX]; /* 0: EIP712Domain, 1: the primary type */
	size_t count;
};

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static struct bytes
string_of(json_t *value)
{
	return (struct bytes){(const uint8_t *)json_string_value(value),
	    json_string_length(value)};
}

/* jansson wants a NUL behind the key; no name that we look for is longer. */
static json_t *
object_get(json_t *object, struct bytes name)
{
	char key[TYPED_TYPE_MAX + 1];

	if (name.len >= sizeof key)
		return NULL;
	memcpy(key, name.p, name.len);
	key[name.len] = '\0';
	return json_object_get(object, key);
}

/* Record a failure at a member of where v stands. */
static int
fail_at(struct json_values *v, struct bytes name, int err, const char *text)
{
	size_t mark = json_values_member(v, name);

	(void)json_values_fail(v, err, text);
	json_values_leave(v, mark);
	return err;
}

/* --- the document ------------------------------------------------------------ */

static int
take_object(struct json_values *v, json_t *root, const char *name, json_t **ret)
{
	json_t *value = json_object_get(root, name);

	if (!json_is_object(value))
		return fail_at(v, bytes_of(name), ERR_PARSE, value == NULL ?
		    "this member is required" : "must be an object");
	*ret = value;
	return 0;
}

static int
document_take(struct json_values *v, json_t *root, struct document *ret)
{
	json_t *primary = json_object_get(root, "primaryType");
	int r;

	if ((r = take_object(v, root, "types", &ret->types)) != 0 ||
	    (r = take_object(v, root, "domain", &ret->domain)) != 0 ||
	    (r = take_object(v, root, "message", &ret->message)) != 0)
		return r;
	if (!json_is_string(primary))
		return fail_at(v, bytes_of("primaryType"), ERR_PARSE, "must be a string");
	ret->primary = string_of(primary);
	if (json_object_size(root) != 4)
		return json_values_fail(v, ERR_UNKNOWN_FIELD,
		    "has members besides types, primaryType, domain and message");
	if (bytes_are(ret->primary, DOMAIN_NAME) || object_get(ret->types, ret->primary) == NULL)
		return fail_at(v, bytes_of("primaryType"), ERR_PARSE,
		    "must be one of types, and not EIP712Domain");
	return 0;
}

/* --- the types ---------------------------------------------------------------- */

static int
document_has(const struct document *d, struct bytes name)
{
	for (size_t i = 0; i < d->count; i++) {
		if (bytes_equal(d->names[i], name))
			return 1;
	}
	return 0;
}

/* The struct of a member's type, without its array dimensions, joins the form. */
static int
note_type(struct json_values *v, struct document *d, struct bytes text)
{
	struct bytes element;
	struct type type;
	uint32_t count;
	int is_array;

	for (;;) {
		if (type_split_array(text, &is_array, &element, &count) != 0)
			return json_values_fail(v, ERR_PARSE, "is no type");
		if (!is_array)
			break;
		text = element;
	}
	if (type_parse(text, &type) == 0 || document_has(d, text))
		return 0;
	if (object_get(d->types, text) == NULL)
		return json_values_fail(v, ERR_PARSE, "is no type, and types does not define it");
	if (d->count == TYPED_STRUCTS_MAX)
		return json_values_fail(v, ERR_RANGE, "too many structs are used");
	d->names[d->count++] = text;
	return 0;
}

static int
add_text(struct json_values *v, json_t *value, size_t max, struct bytes *ret)
{
	const struct type string = {TYPE_STRING, 0};

	if (json_is_string(value) && json_string_length(value) > max)
		return json_values_fail(v, ERR_RANGE, "is too long");
	*ret = string_of(value);
	return json_values_add(v, value, string);
}

/* {"name": ..., "type": ...} */
static int
add_member(struct json_values *v, struct document *d, json_t *member)
{
	struct bytes name, type;
	size_t mark;
	int r;

	if (!json_is_object(member) || json_object_size(member) != 2)
		return json_values_fail(v, ERR_PARSE, "must be an object of name and type");
	mark = json_values_member(v, bytes_of("name"));
	if ((r = add_text(v, json_object_get(member, "name"), TYPED_NAME_MAX, &name)) != 0)
		return r;
	if (!type_is_identifier(name))
		return json_values_fail(v, ERR_PARSE, "is no identifier");
	json_values_leave(v, mark);
	mark = json_values_member(v, bytes_of("type"));
	if ((r = add_text(v, json_object_get(member, "type"), TYPED_TYPE_MAX, &type)) != 0 ||
	    (r = note_type(v, d, type)) != 0)
		return r;
	json_values_leave(v, mark);
	return 0;
}

static void
add_u8(struct json_values *v, size_t n)
{
	uint8_t byte = (uint8_t)n;

	buffer_add(v->out, &byte, 1);
}

static void
add_run(struct json_values *v, struct bytes run)
{
	uint8_t be[4];

	store_be32(be, (uint32_t)run.len);
	buffer_add(v->out, be, sizeof be);
	buffer_add(v->out, run.p, run.len);
}

static int
add_members(struct json_values *v, struct document *d, json_t *members)
{
	size_t count = json_array_size(members);
	int r;

	if (!json_is_array(members))
		return json_values_fail(v, ERR_PARSE, "must be an array of members");
	if (count > TYPED_MEMBERS_MAX)
		return json_values_fail(v, ERR_RANGE, "has too many members");
	add_u8(v, count);
	for (size_t i = 0; i < count; i++) {
		size_t mark = json_values_element(v, i);

		if ((r = add_member(v, d, json_array_get(members, i))) != 0)
			return r;
		json_values_leave(v, mark);
	}
	return 0;
}

static int
add_struct(struct json_values *v, struct document *d, struct bytes name)
{
	json_t *members = object_get(d->types, name);
	size_t mark = json_values_member(v, name);
	int r;

	if (name.len > TYPED_NAME_MAX)
		return json_values_fail(v, ERR_RANGE, "is too long a name");
	if (!type_is_identifier(name) || type_is_reserved(name))
		return json_values_fail(v, ERR_PARSE, "a struct must not have this name");
	if (json_array_size(members) == 0 && !bytes_are(name, DOMAIN_NAME))
		return json_values_fail(v, ERR_PARSE, "must be an array of at least one member");
	add_run(v, name);
	if ((r = add_members(v, d, members)) != 0)
		return r;
	json_values_leave(v, mark);
	return 0;
}

/* EIP712Domain as ethers and viem derive it. */
static void
add_derived_domain(struct json_values *v, const struct document *d)
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(domain_members); i++)
		count += json_object_get(d->domain, domain_members[i].name) != NULL;
	add_run(v, bytes_of(DOMAIN_NAME));
	add_u8(v, count);
	for (size_t i = 0; i < ARRAY_LEN(domain_members); i++) {
		if (json_object_get(d->domain, domain_members[i].name) == NULL)
			continue;
		add_run(v, bytes_of(domain_members[i].name));
		add_run(v, bytes_of(domain_members[i].type));
	}
}

/* What typed_data_read_types() found that is not said more closely before. */
static int
types_fail(struct json_values *v, int err)
{
	const char *text = "EIP712Domain must be a part of (string name,string version,"
			   "uint256 chainId,address verifyingContract,bytes32 salt), in this order";

	if (err == ERR_DUPLICATE)
		text = "a struct has two members with one name";
	if (err == ERR_UNSUPPORTED)
		text = "a struct is recursive, or EIP712Domain is used as a member";
	return json_values_fail(v, err, text);
}

/* Version, structs, primary. The list of structs grows while it is written. */
static int
add_types(struct json_values *v, struct document *d, struct typed_data *ret)
{
	size_t mark = json_values_member(v, bytes_of("types"));
	struct reader reader;
	int r = 0;

	d->count = 2;
	d->names[0] = bytes_of(DOMAIN_NAME);
	d->names[1] = d->primary;
	add_u8(v, TYPED_DATA_VERSION);
	add_u8(v, 0); /* the count, known at the end */
	for (size_t i = 0; i < d->count; i++) {
		if (i == 0 && json_object_get(d->types, DOMAIN_NAME) == NULL)
			add_derived_domain(v, d);
		else if ((r = add_struct(v, d, d->names[i])) != 0)
			return r;
	}
	add_u8(v, 1); /* the primary type stands right behind the domain */
	if ((r = v->out->err) != 0)
		return r;
	v->out->p[1] = (uint8_t)d->count;
	reader = reader_of(v->out->p, v->out->len);
	if ((r = typed_data_read_types(&reader, ret)) != 0)
		return types_fail(v, r);
	json_values_leave(v, mark);
	return 0;
}

/* --- the values ---------------------------------------------------------------- */

static int add_value(struct json_values *v, const struct typed_data *td, struct bytes text,
    json_t *value, unsigned depth);

static int
add_elements(struct json_values *v, const struct typed_data *td, const struct typed_meaning *m,
    json_t *value, unsigned depth)
{
	int r;

	if ((r = json_values_count(v, value, m->count)) != 0)
		return r;
	for (size_t i = 0; i < json_array_size(value); i++) {
		size_t mark = json_values_element(v, i);

		if ((r = add_value(v, td, m->element, json_array_get(value, i), depth)) != 0)
			return r;
		json_values_leave(v, mark);
	}
	return 0;
}

static int
fail_unknown(struct json_values *v, const struct typed_struct *s, json_t *value)
{
	const char *name;
	json_t *unused;

	json_object_foreach(value, name, unused) {
		if (!typed_struct_has(s, bytes_of(name)))
			return fail_at(v, bytes_of(name), ERR_UNKNOWN_FIELD,
			    "the type has no such member");
	}
	return ERR_UNKNOWN_FIELD;
}

static int
add_struct_values(struct json_values *v, const struct typed_data *td, uint8_t index,
    json_t *value, unsigned depth)
{
	const struct typed_struct *s = &td->structs[index];
	int r;

	if (!json_is_object(value))
		return json_values_fail(v, ERR_PARSE, "must be an object");
	for (uint8_t i = 0; i < s->member_count; i++) {
		json_t *member = object_get(value, s->members[i].name);
		size_t mark = json_values_member(v, s->members[i].name);

		if (member == NULL)
			return json_values_fail(v, ERR_PARSE, "the type demands this member");
		if ((r = add_value(v, td, s->members[i].type, member, depth)) != 0)
			return r;
		json_values_leave(v, mark);
	}
	if (json_object_size(value) != s->member_count)
		return fail_unknown(v, s, value);
	return 0;
}

static int
add_value(struct json_values *v, const struct typed_data *td, struct bytes text,
    json_t *value, unsigned depth)
{
	struct typed_meaning m;
	int r;

	if ((r = typed_data_meaning(td, text, &m)) != 0)
		return json_values_fail(v, r, "is of a malformed type");
	if (m.what == TYPED_PLAIN)
		return json_values_add(v, value, m.type);
	if (depth >= TYPED_DEPTH_MAX)
		return json_values_fail(v, ERR_RANGE, "is nested too deeply");
	if (m.what == TYPED_ARRAY)
		return add_elements(v, td, &m, value, depth + 1);
	return add_struct_values(v, td, m.index, value, depth + 1);
}

static int
add_top(struct json_values *v, const struct typed_data *td, const char *name, uint8_t index,
    json_t *value)
{
	size_t mark = json_values_member(v, bytes_of(name));
	int r;

	if ((r = add_struct_values(v, td, index, value, 1)) != 0)
		return r;
	json_values_leave(v, mark);
	return 0;
}

static int
add_values(struct json_values *v, const struct typed_data *td, const struct document *d)
{
	int r;

	if ((r = add_top(v, td, "domain", 0, d->domain)) != 0 ||
	    (r = add_top(v, td, "message", td->primary, d->message)) != 0)
		return r;
	return v->out->err;
}

/* --- all of it ------------------------------------------------------------------ */

/* The signer will read the same bytes: what it would refuse is refused here, by name. */
static int
check_form(struct json_values *v, const struct buffer *form)
{
	static const char chain_id[] = "chainId";
	struct typed_data td;
	size_t mark;
	int r;

	if ((r = typed_data_read(form->p, form->len, &td)) == 0)
		return 0;
	if (r != ERR_RANGE)
		return json_values_fail(v, r, "is not readable as typed data");
	mark = json_values_member(v, bytes_of("domain"));
	(void)fail_at(v, bytes_of(chain_id), r, "is above 64 bits");
	json_values_leave(v, mark);
	return r;
}

static int
write_document(struct json_values *v, json_t *root, struct buffer *types,
    struct buffer *form)
{
	struct document d = {0};
	struct typed_data td;
	int r;

	if ((r = document_take(v, root, &d)) != 0)
		return r;
	v->out = types;
	if ((r = add_types(v, &d, &td)) != 0) /* td borrows from types, which stays as it is */
		return r;
	v->out = form;
	buffer_add(form, types->p, types->len);
	if ((r = add_values(v, &td, &d)) != 0)
		return r;
	return check_form(v, form);
}

/* MetaMask and others send the document as a string. */
static json_t *
open_string(json_t *value)
{
	return json_loadb(json_string_value(value), json_string_length(value),
	    JSON_REJECT_DUPLICATES, NULL);
}

int
typed_data_json_write(json_t *value, const char *field, struct buffer *out,
    struct json_error *error)
{
	struct buffer types = buffer_of(TYPED_DATA_BYTES_MAX);
	struct buffer form = buffer_of(TYPED_DATA_BYTES_MAX);
	struct json_values v = json_values_of(NULL, error, field);
	json_t *opened = json_is_string(value) ? open_string(value) : NULL;
	json_t *root = opened != NULL ? opened : value;
	int r;

	if (!json_is_object(root)) {
		r = json_values_fail(&v, ERR_PARSE,
		    "must be an object, or a string that holds one");
		goto out;
	}
	if ((r = write_document(&v, root, &types, &form)) != 0)
		goto out;
	buffer_add(out, form.p, form.len);
	r = out->err;
out:
	if (r == ERR_SPACE)
		r = json_values_fail(&v, r, "is too long");
	buffer_free(&types);
	buffer_free(&form);
	json_decref(opened);
	return r;
}
