#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <stdlib.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "evm/typed_data.h"
#include "evm/u256.h"

/* A form that is written by hand, so that it can be written wrongly. */
static uint8_t form[TYPED_DATA_BYTES_MAX + 1];
static struct writer w;

static void
begin(unsigned structs)
{
	w = writer_of(form, sizeof form);
	write_u8(&w, TYPED_DATA_VERSION);
	write_u8(&w, (uint8_t)structs);
}

static void
lp(const char *text)
{
	write_lp(&w, text, strlen(text));
}

static void
type(const char *name, unsigned members)
{
	lp(name);
	write_u8(&w, (uint8_t)members);
}

static void
member(const char *type_text, const char *name)
{
	lp(name);
	lp(type_text);
}

static void
word(uint64_t v)
{
	struct u256 big = u256_of(v);

	write_u256(&w, &big);
}

static void
address(uint8_t fill)
{
	uint8_t bytes[32] = {0};

	memset(bytes + 12, fill, 20);
	write_bytes(&w, bytes, sizeof bytes);
}

static void
no_domain(void)
{
	type("EIP712Domain", 0);
}

/* Reads a copy of exactly the form's size. */
static int
read_form(struct typed_data *ret)
{
	static uint8_t *exact;
	static struct typed_data td;

	assert_int_equal(w.err, 0);
	free(exact);
	exact = malloc(w.len > 0 ? w.len : 1);
	assert_non_null(exact);
	memcpy(exact, form, w.len);
	return typed_data_read(exact, w.len, ret != NULL ? ret : &td);
}

static void
assert_hex(const uint8_t *p, size_t n, const char *hex)
{
	char text[129];

	hex_encode(p, n, text);
	assert_string_equal(text, hex);
}

/* The EIP's own example; wallet types and values as in its text. */
static void
mail_types(void)
{
	begin(3);
	type("EIP712Domain", 4);
	member("string", "name");
	member("string", "version");
	member("uint256", "chainId");
	member("address", "verifyingContract");
	type("Mail", 3);
	member("Person", "from");
	member("Person", "to");
	member("string", "contents");
	type("Person", 2);
	member("string", "name");
	member("address", "wallet");
	write_u8(&w, 1);
}

static void
mail_domain(void)
{
	lp("Ether Mail");
	lp("1");
	word(1);
	address(0xcc);
}

static void
person(const char *name, const char *wallet)
{
	uint8_t bytes[32] = {0};

	lp(name);
	assert_int_equal(hex_decode(wallet, 40, bytes + 12, 20), 0);
	write_bytes(&w, bytes, sizeof bytes);
}

static void
mail_message(void)
{
	person("Cow", "cd2a3d9f938e13cd947ec05abc7fe734df8dd826");
	person("Bob", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
	lp("Hello, Bob!");
}

static void
mail(void)
{
	mail_types();
	mail_domain();
	mail_message();
}

static void
test_the_example_of_the_eip(void **state)
{
	struct typed_hashes h;
	struct typed_data td;
	uint8_t text[256];
	size_t len;

	(void)state;
	mail();
	assert_int_equal(read_form(&td), 0);
	assert_int_equal(typed_data_hash(&td, &h), 0);
	assert_hex(
	    h.type_hash, 32, "a0cedeb2dc280ba39b857546d74f5549c3a1d7bdc2dd96bf881f76108e23dac2");
	assert_hex(h.domain_separator, 32,
	    "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f");
	assert_hex(
	    h.struct_hash, 32, "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e");
	assert_hex(
	    h.digest, 32, "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
	assert_int_equal(typed_data_encode_type(&td, 1, text, sizeof text, &len), 0);
	text[len] = '\0';
	assert_string_equal((char *)text,
	    "Mail(Person from,Person to,string contents)Person(string name,address wallet)");
	assert_int_equal(typed_data_encode_type(&td, 1, text, len - 1, &len), ERR_SPACE);
	assert_int_equal(typed_data_encode_type(&td, 3, text, sizeof text, &len), ERR_RANGE);
}

static void
test_the_domain_is_told(void **state)
{
	struct typed_data td;
	uint8_t contract[20];

	(void)state;
	mail();
	assert_int_equal(read_form(&td), 0);
	memset(contract, 0xcc, sizeof contract);
	assert_true(td.has_chain_id && td.chain_id == 1 && td.has_verifying_contract);
	assert_memory_equal(td.verifying_contract, contract, 20);
	assert_int_equal(td.primary, 1);
	begin(2);
	no_domain();
	type("A", 1);
	member("bool", "b");
	write_u8(&w, 1);
	word(1);
	assert_int_equal(read_form(&td), 0);
	assert_false(td.has_chain_id || td.has_verifying_contract);
}

static void
test_every_cut_and_every_tail_is_refused(void **state)
{
	size_t len;

	(void)state;
	mail();
	len = w.len;
	for (size_t cut = 0; cut < len; cut++) {
		w.len = cut;
		assert_int_not_equal(read_form(NULL), 0);
	}
	w.len = len + 1;
	assert_int_equal(read_form(NULL), ERR_TRAILING);
}

/* One member of this type with the values that `values` writes. */
static int
one_member(const char *type_text, void (*values)(void))
{
	begin(2);
	no_domain();
	type("A", 1);
	member(type_text, "m");
	write_u8(&w, 1);
	values();
	return read_form(NULL);
}

static void
values_word_1(void)
{
	word(1);
}

static void
values_word_256(void)
{
	word(256);
}

static void
values_text(void)
{
	lp("text");
}

static void
values_two_words(void)
{
	write_be32(&w, 2);
	word(1);
	word(2);
}

static void
values_empty_array(void)
{
	write_be32(&w, 0);
}

static void
values_endless_array(void)
{
	write_be32(&w, UINT32_MAX);
	word(1);
}

static void
test_words_and_lengths_of_their_type(void **state)
{
	(void)state;
	assert_int_equal(one_member("uint8", values_word_1), 0);
	assert_int_equal(one_member("uint8", values_word_256), ERR_RANGE);
	assert_int_equal(one_member("bool", values_word_256), ERR_RANGE);
	assert_int_equal(one_member("bytes4", values_word_1), ERR_RANGE);
	assert_int_equal(one_member("string", values_text), 0);
	assert_int_equal(one_member("uint8[]", values_two_words), 0);
	assert_int_equal(one_member("uint8[2]", values_two_words), 0);
	assert_int_equal(one_member("uint8[3]", values_two_words), ERR_RANGE);
	assert_int_equal(one_member("uint8[]", values_empty_array), 0);
	assert_int_equal(one_member("uint8[2]", values_empty_array), ERR_RANGE);
	assert_int_equal(one_member("uint8[]", values_endless_array), ERR_PARSE);
}

static void
test_type_texts(void **state)
{
	static const char *const bad[] = {"uint", "uint25689", "B", "Hello Person", "", "uint8[",
	    "uint8[0]", "[]", "EIP712Domain2"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(one_member(bad[i], values_word_1), ERR_PARSE);
	assert_int_equal(one_member("EIP712Domain", values_word_1), ERR_UNSUPPORTED);
	assert_int_equal(one_member("A", values_word_1), ERR_UNSUPPORTED);
	assert_int_equal(one_member("A[]", values_empty_array), ERR_UNSUPPORTED);
}

static void
test_version_counts_and_primary(void **state)
{
	(void)state;
	mail();
	form[0] = 2;
	assert_int_equal(read_form(NULL), ERR_PARSE);
	mail();
	form[1] = 1;
	assert_int_equal(read_form(NULL), ERR_RANGE);
	form[1] = TYPED_STRUCTS_MAX + 1;
	assert_int_equal(read_form(NULL), ERR_RANGE);
	for (unsigned primary = 0; primary < 5; primary++) {
		mail_types();
		form[w.len - 1] = (uint8_t)primary;
		mail_domain();
		mail_message();
		if (primary == 0 || primary > 2)
			assert_int_equal(read_form(NULL), ERR_RANGE);
		if (primary == 1)
			assert_int_equal(read_form(NULL), 0);
		if (primary == 2) /* then nobody uses Mail */
			assert_int_equal(read_form(NULL), ERR_UNSUPPORTED);
	}
}

/* A struct A {bool b} whose names can be others. */
static int
named(const char *name, const char *member_name)
{
	begin(2);
	no_domain();
	type(name, 1);
	member("bool", member_name);
	write_u8(&w, 1);
	word(1);
	return read_form(NULL);
}

static void
test_names(void **state)
{
	static const char long_name[] =
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

	(void)state;
	assert_int_equal(named("A", "b"), 0);
	assert_int_equal(named("", "b"), ERR_PARSE);
	assert_int_equal(named("A B", "b"), ERR_PARSE);
	assert_int_equal(named("uint256", "b"), ERR_PARSE);
	assert_int_equal(named("string", "b"), ERR_PARSE);
	assert_int_equal(named("A(bool b)B", "b"), ERR_PARSE);
	assert_int_equal(named("A", ""), ERR_PARSE);
	assert_int_equal(named("A", "hello wallet"), ERR_PARSE);
	assert_int_equal(named("A", "b,bool c"), ERR_PARSE);
	assert_int_equal(named("A", "string"), 0); /* a member may be called so */
	assert_int_equal(named("EIP712Domain", "b"), ERR_DUPLICATE);
	assert_int_equal(named("A", long_name), ERR_RANGE);
	assert_int_equal(named(long_name, "b"), ERR_RANGE);
	assert_int_equal(named("A", long_name + 1), 0);
}

static void
test_structs_without_members_and_duplicates(void **state)
{
	(void)state;
	begin(2);
	no_domain();
	type("A", 0);
	write_u8(&w, 1);
	assert_int_equal(read_form(NULL), ERR_PARSE);
	begin(2);
	no_domain();
	type("A", 2);
	member("bool", "b");
	member("uint8", "b");
	write_u8(&w, 1);
	word(1);
	word(1);
	assert_int_equal(read_form(NULL), ERR_DUPLICATE);
	begin(2);
	no_domain();
	type("A", TYPED_MEMBERS_MAX + 1);
	assert_int_equal(read_form(NULL), ERR_RANGE);
}

/* The domain's members, and one word for each. */
static int
domain_of(const char *const *members, size_t count)
{
	begin(2);
	type("EIP712Domain", (unsigned)count);
	for (size_t i = 0; i < count; i++)
		member(members[2 * i], members[2 * i + 1]);
	type("A", 1);
	member("bool", "b");
	write_u8(&w, 1);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(members[2 * i], "string") == 0)
			lp("x");
		else
			word(1);
	}
	word(1);
	return read_form(NULL);
}

static void
test_the_domain_is_a_part_of_the_five(void **state)
{
	static const char *const five[] = {"string", "name", "string", "version", "uint256",
	    "chainId", "address", "verifyingContract", "bytes32", "salt"};
	static const char *const swapped[] = {"uint256", "chainId", "string", "name"};
	static const char *const unknown[] = {"string", "title"};
	static const char *const other_type[] = {"uint64", "chainId"};
	static const char *const twice[] = {"string", "name", "string", "name"};

	(void)state;
	assert_int_equal(domain_of(five, 5), 0);
	for (unsigned mask = 0; mask < 32; mask++) {
		const char *some[10];
		size_t n = 0;

		for (size_t i = 0; i < 5; i++) {
			if (mask >> i & 1) {
				some[2 * n] = five[2 * i];
				some[2 * n++ + 1] = five[2 * i + 1];
			}
		}
		assert_int_equal(domain_of(some, n), 0);
	}
	assert_int_equal(domain_of(swapped, 2), ERR_PARSE);
	assert_int_equal(domain_of(unknown, 1), ERR_PARSE);
	assert_int_equal(domain_of(other_type, 1), ERR_PARSE);
	assert_int_equal(domain_of(twice, 2), ERR_DUPLICATE);
	mail();
	form[2 + 3] = 'x'; /* the length of the domain's name, then its first letter */
	assert_int_not_equal(read_form(NULL), 0);
	mail();
	form[2 + 4] = 'F';
	assert_int_equal(read_form(NULL), ERR_PARSE);
}

static void
test_chain_ids_above_64_bits(void **state)
{
	struct u256 big = {{0, 1, 0, 0}};

	(void)state;
	mail_types();
	lp("Ether Mail");
	lp("1");
	write_u256(&w, &big);
	address(0xcc);
	mail_message();
	assert_int_equal(read_form(NULL), ERR_RANGE);
}

static void
test_recursion_is_refused(void **state)
{
	(void)state;
	begin(3);
	no_domain();
	type("A", 1);
	member("B[]", "b");
	type("B", 1);
	member("A[]", "a");
	write_u8(&w, 1);
	write_be32(&w, 0);
	assert_int_equal(read_form(NULL), ERR_UNSUPPORTED);
}

/* A chain of structs, S1 in S2 in S3 ..., or dimensions of one array. */
static int
nested(unsigned structs, unsigned dimensions)
{
	char name[4] = "Sa", text[TYPED_TYPE_MAX] = "bool";

	for (unsigned i = 0; i < dimensions; i++)
		memcpy(text + strlen(text), "[]", 3);
	begin(structs + 1);
	no_domain();
	for (unsigned i = 0; i < structs; i++) {
		name[1] = (char)('a' + i);
		type(name, 1);
		name[1]++;
		member(i + 1 < structs ? name : text, "m");
	}
	write_u8(&w, 1);
	for (unsigned i = 0; i < dimensions; i++)
		write_be32(&w, 1);
	word(1);
	return read_form(NULL);
}

static void
test_depth_is_bound(void **state)
{
	(void)state;
	assert_int_equal(nested(TYPED_DEPTH_MAX, 0), 0);
	assert_int_equal(nested(TYPED_DEPTH_MAX + 1, 0), ERR_RANGE);
	assert_int_equal(nested(1, TYPED_DEPTH_MAX - 1), 0);
	assert_int_equal(nested(1, TYPED_DEPTH_MAX), ERR_RANGE);
	assert_int_equal(nested(6, TYPED_DEPTH_MAX - 5), ERR_RANGE);
}

static void
test_size_is_bound(void **state)
{
	struct typed_data td;

	(void)state;
	memset(form, 0, sizeof form);
	assert_int_equal(typed_data_read(form, sizeof form, &td), ERR_RANGE);
}

/* "sorted by name", after the primary, whatever their order in the form; each once. */
static void
test_encode_type_sorts(void **state)
{
	struct typed_data td;
	uint8_t text[256];
	size_t len;

	(void)state;
	begin(5);
	no_domain();
	type("B", 3);
	member("Z", "z");
	member("AA[2]", "aa");
	member("A", "a");
	type("Z", 1);
	member("A[]", "a");
	type("AA", 1);
	member("bool", "b");
	type("A", 1);
	member("bool", "b");
	write_u8(&w, 1);
	write_be32(&w, 0); /* z.a */
	write_be32(&w, 2); /* aa */
	word(1);
	word(0);
	word(1); /* a.b */
	assert_int_equal(read_form(&td), 0);
	assert_int_equal(typed_data_encode_type(&td, 1, text, sizeof text, &len), 0);
	text[len] = '\0';
	assert_string_equal((char *)text, "B(Z z,AA[2] aa,A a)A(bool b)AA(bool b)Z(A[] a)");
	assert_int_equal(typed_data_encode_type(&td, 2, text, sizeof text, &len), 0);
	text[len] = '\0';
	assert_string_equal((char *)text, "Z(A[] a)A(bool b)");
}

/* Array members hash their elements' encodings; an empty one hashes nothing. */
static void
test_arrays_hash_their_elements(void **state)
{
	uint8_t packed[3 * 32], inner[2][32], wanted[32];
	struct typed_hashes h;
	struct typed_data td;

	(void)state;
	begin(2);
	no_domain();
	type("A", 2);
	member("uint8[2][]", "m");
	member("string[]", "s");
	write_u8(&w, 1);
	write_be32(&w, 2);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t pair[64] = {0};

		pair[31] = (uint8_t)(2 * i + 1);
		pair[63] = (uint8_t)(2 * i + 2);
		keccak256(pair, sizeof pair, inner[i]);
		write_be32(&w, 2);
		write_bytes(&w, pair, sizeof pair);
	}
	write_be32(&w, 0);
	assert_int_equal(read_form(&td), 0);
	assert_int_equal(typed_data_hash(&td, &h), 0);
	keccak256("A(uint8[2][] m,string[] s)", 26, packed);
	keccak256(inner, sizeof inner, packed + 32);
	keccak256("", 0, packed + 64);
	keccak256(packed, sizeof packed, wanted);
	assert_memory_equal(h.struct_hash, wanted, 32);
}

/* PermitBatch of Permit2, which the policy takes apart. */
static void
permit_batch(void)
{
	begin(3);
	no_domain();
	type("PermitBatch", 4);
	member("PermitDetails[]", "details");
	member("address", "spender");
	member("uint256", "sigDeadline");
	member("string", "note");
	type("PermitDetails", 4);
	member("address", "token");
	member("uint160", "amount");
	member("uint48", "expiration");
	member("uint48", "nonce");
	write_u8(&w, 1);
	write_be32(&w, 2);
	for (uint8_t i = 1; i <= 2; i++) {
		address(i);
		word(100U * i);
		word(i);
		word(0);
	}
	address(0x5e);
	word(999);
	lp("n");
}

static void
test_members_by_path(void **state)
{
	uint8_t got[32], wanted[32] = {0};
	struct typed_data td;

	(void)state;
	permit_batch();
	assert_int_equal(read_form(&td), 0);
	memset(wanted + 12, 0x5e, 20);
	assert_int_equal(typed_data_member(&td, "spender", got), 0);
	assert_memory_equal(got, wanted, 32);
	memset(wanted + 12, 2, 20);
	assert_int_equal(typed_data_member(&td, "details[1].token", got), 0);
	assert_memory_equal(got, wanted, 32);
	memset(wanted, 0, sizeof wanted);
	wanted[31] = 100;
	assert_int_equal(typed_data_member(&td, "details[0].amount", got), 0);
	assert_memory_equal(got, wanted, 32);
	wanted[30] = 999 >> 8;
	wanted[31] = 999 & 0xff;
	assert_int_equal(typed_data_member(&td, "sigDeadline", got), 0);
	assert_memory_equal(got, wanted, 32);
}

static void
test_paths_that_lead_nowhere(void **state)
{
	static const char *const paths[] = {"", ".", "x", "details", "details.token",
	    "details[2].token", "details[0]", "details[0].x", "details[00].token",
	    "details[-1].token", "details[0", "details[", "details]", "spender.x", "spender[0]",
	    "note", "details[0]..token", "details[0].token.", "[0]", "details[4294967296].token"};
	uint8_t got[32];
	struct typed_data td;

	(void)state;
	permit_batch();
	assert_int_equal(read_form(&td), 0);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		assert_int_equal(typed_data_member(&td, paths[i], got), ERR_NOT_FOUND);
}

/* As every wallet computes it. */
static void
test_eip191(void **state)
{
	uint8_t hash[32];

	(void)state;
	eip191_hash((const uint8_t *)"hello world", 11, hash);
	assert_hex(hash, 32, "d9eba16ed0ecae432b71fe008c98cc872bb4cc214d3220a36f365326cf807d68");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_example_of_the_eip),
	    cmocka_unit_test(test_the_domain_is_told),
	    cmocka_unit_test(test_every_cut_and_every_tail_is_refused),
	    cmocka_unit_test(test_words_and_lengths_of_their_type),
	    cmocka_unit_test(test_type_texts),
	    cmocka_unit_test(test_version_counts_and_primary),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_structs_without_members_and_duplicates),
	    cmocka_unit_test(test_the_domain_is_a_part_of_the_five),
	    cmocka_unit_test(test_chain_ids_above_64_bits),
	    cmocka_unit_test(test_recursion_is_refused),
	    cmocka_unit_test(test_depth_is_bound),
	    cmocka_unit_test(test_size_is_bound),
	    cmocka_unit_test(test_encode_type_sorts),
	    cmocka_unit_test(test_arrays_hash_their_elements),
	    cmocka_unit_test(test_members_by_path),
	    cmocka_unit_test(test_paths_that_lead_nowhere),
	    cmocka_unit_test(test_eip191),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
