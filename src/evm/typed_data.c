#include "evm/typed_data.h"

#include <string.h>

#include "base/err.h"
#include "base/parse.h"
#include "crypto/keccak256.h"
#include "evm/type.h"
#include "evm/u256.h"
#include "base/banned.h"

#define DOMAIN 0 /* the index of EIP712Domain */

/* EIP-712: "Protocol designers only need to include the fields that make sense", in this order. */
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

static int
struct_find(const struct typed_data *td, struct bytes name, uint8_t *ret)
{
	for (uint8_t i = 0; i < td->struct_count; i++) {
		if (bytes_equal(td->structs[i].name, name)) {
			*ret = i;
			return 0;
		}
	}
	return ERR_PARSE;
}

int
typed_data_meaning(const struct typed_data *td, struct bytes text, struct typed_meaning *ret)
{
	struct typed_meaning m = {0};
	int is_array, r;

	if ((r = type_split_array(text, &is_array, &m.element, &m.count)) != 0)
		return r;
	if (is_array)
		m.what = TYPED_ARRAY;
	else if (type_parse(text, &m.type) == 0)
		m.what = TYPED_PLAIN;
	else if (struct_find(td, text, &m.index) == 0)
		m.what = TYPED_STRUCT;
	else
		return ERR_PARSE;
	*ret = m;
	return 0;
}

/* --- the walk over values ------------------------------------------------- */

/* One walk checks and hashes, so that nothing is hashed that was not checked. */
struct walk {
	const struct typed_data *td;
	const uint8_t (*type_hash)[32]; /* by struct; NULL: check only */
};

static int walk_value(const struct walk *walk, struct bytes type, struct reader *r, unsigned depth,
    uint8_t ret_word32[32]);

static void
absorb(const struct walk *walk, struct keccak256 *k, const void *p, size_t n)
{
	if (walk->type_hash != NULL)
		keccak256_update(k, p, n);
}

static void
finish(const struct walk *walk, struct keccak256 *k, uint8_t ret_word32[32])
{
	if (walk->type_hash != NULL)
		keccak256_final(k, ret_word32);
}

static int
walk_type(const struct walk *walk, struct type type, struct reader *r, uint8_t ret_word32[32])
{
	struct keccak256 k;
	struct bytes run;
	uint8_t word[32];
	int e;

	if (type_is_word(type)) {
		if (read_copy(r, sizeof word, word) != 0)
			return ERR_PARSE;
		if ((e = type_check_word(type, word)) != 0)
			return e;
		memcpy(ret_word32, word, sizeof word);
		return 0;
	}
	if ((e = read_lp(r, TYPED_DATA_BYTES_MAX, &run)) != 0)
		return e;
	keccak256_init(&k);
	absorb(walk, &k, run.p, run.len);
	finish(walk, &k, ret_word32);
	return 0;
}

/* EIP-712: the hash of the concatenated encodeData of the elements. */
static int
walk_array(const struct walk *walk, const struct typed_meaning *m, struct reader *r, unsigned depth,
    uint8_t ret_word32[32])
{
	struct keccak256 k;
	uint8_t word[32];
	uint32_t count;
	int e;

	if (read_be32(r, &count) != 0)
		return ERR_PARSE;
	if (m->count != 0 && count != m->count)
		return ERR_RANGE;
	keccak256_init(&k);
	/* ends early: there is no element without a byte of the input */
	for (uint32_t i = 0; i < count; i++) {
		if ((e = walk_value(walk, m->element, r, depth, word)) != 0)
			return e;
		absorb(walk, &k, word, sizeof word);
	}
	finish(walk, &k, ret_word32);
	return 0;
}

/* hashStruct(s) = keccak256(typeHash || encodeData(s)) */
static int
walk_struct(const struct walk *walk, uint8_t index, struct reader *r, unsigned depth,
    uint8_t ret_word32[32])
{
	const struct typed_struct *s = &walk->td->structs[index];
	struct keccak256 k;
	uint8_t word[32];
	int e;

	keccak256_init(&k);
	if (walk->type_hash != NULL)
		keccak256_update(&k, walk->type_hash[index], 32);
	for (uint8_t i = 0; i < s->member_count; i++) {
		if ((e = walk_value(walk, s->members[i].type, r, depth, word)) != 0)
			return e;
		absorb(walk, &k, word, sizeof word);
	}
	finish(walk, &k, ret_word32);
	return 0;
}

static int
walk_value(const struct walk *walk, struct bytes type, struct reader *r, unsigned depth,
    uint8_t ret_word32[32])
{
	struct typed_meaning m;
	int e;

	if ((e = typed_data_meaning(walk->td, type, &m)) != 0)
		return e;
	if (m.what == TYPED_PLAIN)
		return walk_type(walk, m.type, r, ret_word32);
	if (depth >= TYPED_DEPTH_MAX)
		return ERR_RANGE;
	if (m.what == TYPED_ARRAY)
		return walk_array(walk, &m, r, depth + 1, ret_word32);
	return walk_struct(walk, m.index, r, depth + 1, ret_word32);
}

/* Move over one value. */
static int
skip_value(const struct typed_data *td, struct bytes type, struct reader *r)
{
	const struct walk check_only = {td, NULL};
	uint8_t unused[32];

	return walk_value(&check_only, type, r, 1, unused);
}

/* --- the types ------------------------------------------------------------ */

static int
member_read(struct reader *r, struct typed_member *ret)
{
	int e;

	if ((e = read_lp(r, TYPED_NAME_MAX, &ret->name)) != 0)
		return e;
	if ((e = read_lp(r, TYPED_TYPE_MAX, &ret->type)) != 0)
		return e;
	return type_is_identifier(ret->name) ? 0 : ERR_PARSE;
}

int
typed_struct_has(const struct typed_struct *s, struct bytes name)
{
	for (uint8_t i = 0; i < s->member_count; i++) {
		if (bytes_equal(s->members[i].name, name))
			return 1;
	}
	return 0;
}

static int
struct_read(struct reader *r, struct typed_struct *ret)
{
	struct typed_member member;
	uint8_t count;
	int e;

	ret->member_count = 0;
	if ((e = read_lp(r, TYPED_NAME_MAX, &ret->name)) != 0)
		return e;
	if (read_u8(r, &count) != 0 || !type_is_identifier(ret->name) ||
	    type_is_reserved(ret->name))
		return ERR_PARSE;
	if (count > TYPED_MEMBERS_MAX)
		return ERR_RANGE;
	while (ret->member_count < count) {
		if ((e = member_read(r, &member)) != 0)
			return e;
		if (typed_struct_has(ret, member.name))
			return ERR_DUPLICATE;
		ret->members[ret->member_count++] = member;
	}
	return 0;
}

static int
structs_read(struct reader *r, struct typed_data *td)
{
	uint8_t count, same;
	int e;

	td->struct_count = 0;
	if (read_u8(r, &count) != 0)
		return ERR_PARSE;
	if (count < 2 || count > TYPED_STRUCTS_MAX)
		return ERR_RANGE;
	while (td->struct_count < count) {
		struct typed_struct *s = &td->structs[td->struct_count];

		if ((e = struct_read(r, s)) != 0)
			return e;
		if (struct_find(td, s->name, &same) == 0)
			return ERR_DUPLICATE;
		/* an array of structs without a byte could have any length */
		if (s->member_count == 0 && td->struct_count != DOMAIN)
			return ERR_PARSE;
		td->struct_count++;
	}
	return 0;
}

static int
domain_check(const struct typed_struct *s)
{
	size_t known = 0;

	if (!bytes_are(s->name, "EIP712Domain"))
		return ERR_PARSE;
	for (uint8_t i = 0; i < s->member_count; i++) {
		while (known < ARRAY_LEN(domain_members) &&
		    !bytes_are(s->members[i].name, domain_members[known].name))
			known++;
		if (known == ARRAY_LEN(domain_members) ||
		    !bytes_are(s->members[i].type, domain_members[known].type))
			return ERR_PARSE;
	}
	return 0;
}

/* Every type text means something; note which structs stand directly in this one. */
static int
members_check(const struct typed_data *td, const struct typed_struct *s, uint32_t *ret_uses)
{
	uint32_t uses = 0;
	int e;

	for (uint8_t i = 0; i < s->member_count; i++) {
		struct typed_meaning m = {.what = TYPED_ARRAY, .element = s->members[i].type};

		while (m.what == TYPED_ARRAY) {
			if ((e = typed_data_meaning(td, m.element, &m)) != 0)
				return e;
		}
		if (m.what == TYPED_STRUCT && m.index == DOMAIN)
			return ERR_UNSUPPORTED;
		if (m.what == TYPED_STRUCT)
			uses |= (uint32_t)1 << m.index;
	}
	*ret_uses = uses;
	return 0;
}

/* The transitive closure (Warshall); a struct that uses itself is recursive. */
static int
uses_close(struct typed_data *td)
{
	for (uint8_t via = 0; via < td->struct_count; via++) {
		for (uint8_t i = 0; i < td->struct_count; i++) {
			if (td->uses[i] >> via & 1)
				td->uses[i] |= td->uses[via];
		}
	}
	for (uint8_t i = 0; i < td->struct_count; i++) {
		if (td->uses[i] >> i & 1)
			return ERR_UNSUPPORTED;
	}
	return 0;
}

static int
types_check(struct typed_data *td)
{
	uint32_t all = (uint32_t)(((uint64_t)1 << td->struct_count) - 1);
	uint32_t used;
	int e;

	if ((e = domain_check(&td->structs[DOMAIN])) != 0)
		return e;
	for (uint8_t i = 0; i < td->struct_count; i++) {
		if ((e = members_check(td, &td->structs[i], &td->uses[i])) != 0)
			return e;
	}
	if ((e = uses_close(td)) != 0)
		return e;
	used = td->uses[td->primary] | (uint32_t)1 << td->primary | (uint32_t)1 << DOMAIN;
	return used == all ? 0 : ERR_UNSUPPORTED;
}

/* The values of one struct, checked, as a run. */
static int
values_take(const struct typed_data *td, uint8_t index, struct reader *r, struct bytes *ret)
{
	const struct walk check_only = {td, NULL};
	struct reader at = *r;
	uint8_t unused[32];
	int e;

	if ((e = walk_struct(&check_only, index, &at, 1, unused)) != 0)
		return e;
	return read_take(r, r->left - at.left, ret);
}

static int
domain_take(struct typed_data *td)
{
	const struct typed_struct *s = &td->structs[DOMAIN];
	struct reader r = reader_of(td->domain.p, td->domain.len);
	struct u256 chain_id;
	struct bytes word;
	int e;

	for (uint8_t i = 0; i < s->member_count; i++) {
		struct reader at = r;

		if ((e = skip_value(td, s->members[i].type, &r)) != 0)
			return e;
		if (bytes_are(s->members[i].name, "chainId")) {
			if (read_u256(&at, &chain_id) != 0 ||
			    u256_to_u64(&chain_id, &td->chain_id) != 0)
				return ERR_RANGE;
			td->has_chain_id = 1;
		}
		if (bytes_are(s->members[i].name, "verifyingContract")) {
			if (read_take(&at, 32, &word) != 0)
				return ERR_PARSE;
			memcpy(td->verifying_contract, word.p + 12, 20);
			td->has_verifying_contract = 1;
		}
	}
	return 0;
}

int
typed_data_read_types(struct reader *r, struct typed_data *ret)
{
	uint8_t version;
	int e;

	memset(ret, 0, sizeof *ret);
	if (read_u8(r, &version) != 0 || version != TYPED_DATA_VERSION)
		return ERR_PARSE;
	if ((e = structs_read(r, ret)) != 0)
		return e;
	if (read_u8(r, &ret->primary) != 0)
		return ERR_PARSE;
	if (ret->primary == DOMAIN || ret->primary >= ret->struct_count)
		return ERR_RANGE;
	return types_check(ret);
}

int
typed_data_read(const uint8_t *p, size_t len, struct typed_data *ret)
{
	struct reader r = reader_of(p, len);
	int e;

	if (len > TYPED_DATA_BYTES_MAX)
		return ERR_RANGE;
	if ((e = typed_data_read_types(&r, ret)) != 0)
		return e;
	if ((e = values_take(ret, DOMAIN, &r, &ret->domain)) != 0 ||
	    (e = values_take(ret, ret->primary, &r, &ret->message)) != 0 ||
	    (e = domain_take(ret)) != 0)
		return e;
	return reader_end(&r);
}

/* --- the hashes ----------------------------------------------------------- */

/* encodeType goes into a buffer or straight into a hash. */
struct sink {
	struct writer *w;
	struct keccak256 *k;
};

static void
emit(struct sink *sink, const void *p, size_t n)
{
	if (sink->w != NULL)
		write_bytes(sink->w, p, n);
	if (sink->k != NULL)
		keccak256_update(sink->k, p, n);
}

static void
emit_struct(struct sink *sink, const struct typed_struct *s)
{
	emit(sink, s->name.p, s->name.len);
	emit(sink, "(", 1);
	for (uint8_t i = 0; i < s->member_count; i++) {
		if (i > 0)
			emit(sink, ",", 1);
		emit(sink, s->members[i].type.p, s->members[i].type.len);
		emit(sink, " ", 1);
		emit(sink, s->members[i].name.p, s->members[i].name.len);
	}
	emit(sink, ")", 1);
}

static int
name_compare(struct bytes a, struct bytes b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = memcmp(a.p, b.p, n);

	if (c != 0)
		return c;
	return a.len < b.len ? -1 : a.len > b.len;
}

/* The struct of this set with the first name. The set is not empty. */
static uint8_t
first_by_name(const struct typed_data *td, uint32_t set)
{
	uint8_t first = (uint8_t)__builtin_ctz(set);

	for (uint8_t i = first; i < td->struct_count; i++) {
		if ((set >> i & 1) != 0 &&
		    name_compare(td->structs[i].name, td->structs[first].name) < 0)
			first = i;
	}
	return first;
}

/* "the set of referenced struct types is collected, sorted by name and appended" */
static void
emit_type(struct sink *sink, const struct typed_data *td, uint8_t index)
{
	uint32_t left = td->uses[index];

	emit_struct(sink, &td->structs[index]);
	while (left != 0) {
		uint8_t next = first_by_name(td, left);

		emit_struct(sink, &td->structs[next]);
		left &= ~((uint32_t)1 << next);
	}
}

int
typed_data_encode_type(const struct typed_data *td, uint8_t index, uint8_t *ret, size_t cap,
    size_t *ret_len)
{
	struct writer w = writer_of(ret, cap);
	struct sink sink = {&w, NULL};

	if (index >= td->struct_count)
		return ERR_RANGE;
	emit_type(&sink, td, index);
	return writer_end(&w, ret_len);
}

static void
type_hash(const struct typed_data *td, uint8_t index, uint8_t ret_hash32[32])
{
	struct keccak256 k;
	struct sink sink = {NULL, &k};

	keccak256_init(&k);
	emit_type(&sink, td, index);
	keccak256_final(&k, ret_hash32);
}

static int
hash_values(const struct walk *walk, uint8_t index, struct bytes values, uint8_t ret_hash32[32])
{
	struct reader r = reader_of(values.p, values.len);
	int e;

	if ((e = walk_struct(walk, index, &r, 1, ret_hash32)) != 0)
		return e;
	return reader_end(&r);
}

int
typed_data_hash(const struct typed_data *td, struct typed_hashes *ret)
{
	uint8_t hashes[TYPED_STRUCTS_MAX][32];
	const struct walk walk = {td, (const uint8_t(*)[32])hashes};
	struct typed_hashes out;
	uint8_t message[66] = {0x19, 0x01};
	int e;

	for (uint8_t i = 0; i < td->struct_count; i++)
		type_hash(td, i, hashes[i]);
	memcpy(out.type_hash, hashes[td->primary], 32);
	if ((e = hash_values(&walk, DOMAIN, td->domain, out.domain_separator)) != 0 ||
	    (e = hash_values(&walk, td->primary, td->message, out.struct_hash)) != 0)
		return e;
	memcpy(message + 2, out.domain_separator, 32);
	memcpy(message + 34, out.struct_hash, 32);
	keccak256(message, sizeof message, out.digest);
	*ret = out;
	return 0;
}

/* --- one member by its path ----------------------------------------------- */

struct place {
	struct bytes type;
	struct reader r;
};

static int
place_member(const struct typed_data *td, struct place *at, struct bytes name)
{
	const struct typed_struct *s;
	struct typed_meaning m;

	if (typed_data_meaning(td, at->type, &m) != 0 || m.what != TYPED_STRUCT)
		return ERR_NOT_FOUND;
	s = &td->structs[m.index];
	for (uint8_t i = 0; i < s->member_count; i++) {
		if (bytes_equal(s->members[i].name, name)) {
			at->type = s->members[i].type;
			return 0;
		}
		if (skip_value(td, s->members[i].type, &at->r) != 0)
			break;
	}
	return ERR_NOT_FOUND;
}

static int
place_element(const struct typed_data *td, struct place *at, uint64_t index)
{
	struct typed_meaning m;
	uint32_t count;

	if (typed_data_meaning(td, at->type, &m) != 0 || m.what != TYPED_ARRAY ||
	    read_be32(&at->r, &count) != 0 || index >= count)
		return ERR_NOT_FOUND;
	for (uint64_t i = 0; i < index; i++) {
		if (skip_value(td, m.element, &at->r) != 0)
			return ERR_NOT_FOUND;
	}
	at->type = m.element;
	return 0;
}

/* One step of the path, "name", ".name" or "[n]"; gives the rest. */
static int
place_step(const struct typed_data *td, struct place *at, const char *path, const char **ret_rest)
{
	const char *begin = path + (path[0] == '.' || path[0] == '[');
	size_t n = strcspn(begin, ".[]");
	uint64_t index;

	*ret_rest = begin + n;
	if (path[0] != '[')
		return place_member(td, at, (struct bytes){(const uint8_t *)begin, n});
	if (begin[n] != ']' || parse_u64(begin, n, 0, UINT32_MAX, &index) != 0)
		return ERR_NOT_FOUND;
	*ret_rest = begin + n + 1;
	return place_element(td, at, index);
}

int
typed_data_member(const struct typed_data *td, const char *path, uint8_t ret_word32[32])
{
	struct place at = {td->structs[td->primary].name,
	    reader_of(td->message.p, td->message.len)};
	struct typed_meaning m;

	do {
		if (place_step(td, &at, path, &path) != 0)
			return ERR_NOT_FOUND;
	} while (path[0] != '\0');
	if (typed_data_meaning(td, at.type, &m) != 0 || m.what != TYPED_PLAIN ||
	    !type_is_word(m.type))
		return ERR_NOT_FOUND;
	return read_copy(&at.r, 32, ret_word32) == 0 ? 0 : ERR_NOT_FOUND;
}

void
eip191_hash(const uint8_t *message, size_t len, uint8_t ret_hash32[32])
{
	static const char prefix[] = "\x19" "Ethereum Signed Message:\n";
	uint8_t digits[20];
	struct writer w = writer_of(digits, sizeof digits);
	struct keccak256 k;

	write_decimal(&w, len);
	keccak256_init(&k);
	keccak256_update(&k, prefix, sizeof prefix - 1);
	keccak256_update(&k, digits, w.len);
	keccak256_update(&k, message, len);
	keccak256_final(&k, ret_hash32);
}
