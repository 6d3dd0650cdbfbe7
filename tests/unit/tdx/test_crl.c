/* The form of a revocation list, one deviation at a time; whose it is and whom it names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "tdx/crl.h"
#include "tee/der_writer.h"
#include "base/banned.h"

/* What is written, all of it as it should be but for one change. */
struct form {
	int v1;
	int v3;
	int sha384; /* another algorithm inside */
	int outer_sha384;
	int two_names;
	int without_next_update;
	int swapped_dates;
	int no_list;
	int empty_list;
	int entry_critical;
	int entry_empty_extensions;
	int entry_without_date;
	int without_number;
	int without_key_id;
	int number_twice;
	int critical; /* an extension of the list */
	int unknown; /* one that is not critical */
	int short_key_id;
	int negative_number;
	int trailing; /* after the signature */
	int trailing_inside;
};

static const uint8_t key_id[20] = {1, 2, 3};
static uint8_t der[4096];
static struct crl crl;

static void
put_oid(struct writer *w, const char *oid, size_t len)
{
	der_put(w, DER_OID, oid, len);
}

static void
put_algorithm(struct writer *w, int sha384)
{
	size_t sequence = der_begin(w, DER_SEQUENCE);

	put_oid(w, sha384 ? "\x2a\x86\x48\xce\x3d\x04\x03\x03" : "\x2a\x86\x48\xce\x3d\x04\x03\x02", 8);
	der_end(w, sequence);
}

static void
put_common_name(struct writer *w)
{
	size_t set = der_begin(w, DER_SET), sequence = der_begin(w, DER_SEQUENCE);

	put_oid(w, "\x55\x04\x03", 3);
	der_put_text(w, DER_UTF8_STRING, "A CA");
	der_end(w, sequence);
	der_end(w, set);
}

static void
put_extension(struct writer *w, const char *oid, int critical, const uint8_t *value, size_t len)
{
	size_t sequence = der_begin(w, DER_SEQUENCE);

	put_oid(w, oid, 3);
	if (critical)
		der_put_boolean(w, 1);
	der_put(w, DER_OCTET_STRING, value, len);
	der_end(w, sequence);
}

static void
put_entry(struct writer *w, const struct form *f, uint8_t serial)
{
	static const uint8_t reason[3] = {0x0a, 0x01, 0x01};
	size_t sequence = der_begin(w, DER_SEQUENCE), extensions;

	der_put_small(w, DER_INTEGER, serial);
	if (!f->entry_without_date)
		der_put_text(w, DER_UTC_TIME, "250101000000Z");
	extensions = der_begin(w, DER_SEQUENCE);
	if (!f->entry_empty_extensions)
		put_extension(w, "\x55\x1d\x15", f->entry_critical, reason, sizeof reason);
	der_end(w, extensions);
	der_end(w, sequence);
}

static void
put_extensions(struct writer *w, const struct form *f)
{
	const uint8_t number[3] = {0x02, 0x01, f->negative_number ? 0x80 : 0x01};
	size_t outer = der_begin(w, DER_EXPLICIT_0), sequence = der_begin(w, DER_SEQUENCE);
	uint8_t id[24] = {0x30, 22, 0x80, 20};

	memcpy(id + 4, key_id, sizeof key_id);
	if (f->short_key_id)
		memcpy(id, "\x30\x15\x80\x13", 4);
	if (!f->without_number)
		put_extension(w, "\x55\x1d\x14", f->critical, number, sizeof number);
	if (f->number_twice)
		put_extension(w, "\x55\x1d\x14", 0, number, sizeof number);
	if (f->unknown)
		put_extension(w, "\x55\x1d\x1c", 0, number, sizeof number);
	if (!f->without_key_id)
		put_extension(w, "\x55\x1d\x23", 0, id, f->short_key_id ? 23 : 24);
	der_end(w, sequence);
	der_end(w, outer);
}

static void
put_tbs(struct writer *w, const struct form *f)
{
	size_t tbs = der_begin(w, DER_SEQUENCE), part;

	der_put_small(w, DER_INTEGER, f->v1 ? 0 : f->v3 ? 2 : 1);
	put_algorithm(w, f->sha384);
	part = der_begin(w, DER_SEQUENCE);
	put_common_name(w);
	if (f->two_names)
		put_common_name(w);
	der_end(w, part);
	der_put_text(w, DER_UTC_TIME, f->swapped_dates ? "260101000000Z" : "250101000000Z");
	if (!f->without_next_update)
		der_put_text(w, DER_UTC_TIME, "250201000000Z");
	if (!f->no_list) {
		part = der_begin(w, DER_SEQUENCE);
		for (uint8_t i = 1; i <= 3 && !f->empty_list; i++)
			put_entry(w, f, i);
		der_end(w, part);
	}
	put_extensions(w, f);
	if (f->trailing_inside)
		der_put(w, DER_NULL, "", 0);
	der_end(w, tbs);
}

static int
parse(const struct form *f)
{
	static const uint8_t signature[9] = {0, 0x30, 0x06, 0x02, 0x01, 0x07, 0x02, 0x01, 0x09};
	struct writer w = writer_of(der, sizeof der);
	size_t whole = der_begin(&w, DER_SEQUENCE), len;

	put_tbs(&w, f);
	put_algorithm(&w, f->outer_sha384);
	der_put(&w, DER_BIT_STRING, signature, sizeof signature);
	if (f->trailing)
		der_put(&w, DER_NULL, "", 0);
	der_end(&w, whole);
	assert_int_equal(writer_end(&w, &len), 0);
	return crl_parse((struct bytes){der, len}, &crl);
}

#define FORM(...) (&(struct form){__VA_ARGS__})

static void
test_accepted(void **state)
{
	(void)state;
	assert_int_equal(parse(FORM(.v1 = 0)), 0);
	assert_int_equal(crl.count, 3);
	assert_int_equal(crl.this_update, 1735689600);
	assert_int_equal(crl.next_update, 1738368000);
	assert_memory_equal(crl.authority_key_id.p, key_id, 20);
	assert_int_equal(crl.signature[31], 7);
	assert_int_equal(crl.signature[63], 9);
	assert_int_equal(parse(FORM(.no_list = 1)), 0);
	assert_int_equal(crl.count, 0);
	assert_int_equal(parse(FORM(.empty_list = 1)), 0);
	assert_int_equal(parse(FORM(.unknown = 1)), 0);
}

static void
test_refused(void **state)
{
	(void)state;
	assert_int_equal(parse(FORM(.v1 = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.v3 = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.sha384 = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.outer_sha384 = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.two_names = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.without_next_update = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.swapped_dates = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.entry_critical = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.entry_empty_extensions = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.entry_without_date = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.without_number = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.without_key_id = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.number_twice = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.critical = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.short_key_id = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.negative_number = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.trailing = 1)), ERR_PARSE);
	assert_int_equal(parse(FORM(.trailing_inside = 1)), ERR_PARSE);
	assert_int_equal(crl_parse((struct bytes){NULL, 0}, &crl), ERR_PARSE);
}

static void
test_revokes(void **state)
{
	static const uint8_t serials[] = {1, 2, 3, 4};
	static const uint8_t longer[2] = {1, 1};

	(void)state;
	assert_int_equal(parse(FORM(.v1 = 0)), 0);
	for (size_t i = 0; i < sizeof serials; i++)
		assert_int_equal(crl_revokes(&crl, (struct bytes){&serials[i], 1}), i < 3);
	assert_int_equal(crl_revokes(&crl, (struct bytes){longer, 2}), 0);
	assert_int_equal(parse(FORM(.no_list = 1)), 0);
	assert_int_equal(crl_revokes(&crl, (struct bytes){serials, 1}), 0);
}

static void
test_whose(void **state)
{
	struct certificate issuer = {.key_usage = KEY_USAGE_CRL_SIGN,
				     .subject_key_id = {key_id, sizeof key_id}};

	(void)state;
	assert_int_equal(parse(FORM(.v1 = 0)), 0);
	issuer.subject = crl.issuer;
	assert_true(crl_is_of(&crl, &issuer));
	issuer.subject.len--;
	assert_false(crl_is_of(&crl, &issuer));
	issuer.subject.len++;
	issuer.key_usage = KEY_USAGE_CERT_SIGN;
	assert_false(crl_is_of(&crl, &issuer));
	issuer.key_usage = KEY_USAGE_CRL_SIGN;
	issuer.subject_key_id.len--;
	assert_false(crl_is_of(&crl, &issuer));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accepted),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_revokes),
	    cmocka_unit_test(test_whose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
