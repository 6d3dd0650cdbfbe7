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
#include "evm/transaction.h"

static const uint8_t calldata[] = {0xa9, 0x05, 0x9c, 0xbb, 0x00, 0x00};

/* [[0x11..11, [0x22..22, 0x33..33]], [0x44..44, []]] */
static uint8_t access_list[128];
static size_t access_list_len;

static int
make_access_list(void **state)
{
	struct writer w = writer_of(access_list, sizeof access_list);
	uint8_t run[32];

	(void)state;
	write_bytes(&w, (const uint8_t[]){0xf8, 22 + 90 + 2}, 2);
	write_bytes(&w, (const uint8_t[]){0xf8, 21 + 68}, 2);
	for (unsigned fill = 0x11; fill <= 0x33; fill += 0x11) {
		size_t n = fill == 0x11 ? 20 : 32;

		memset(run, (int)fill, sizeof run);
		write_u8(&w, (uint8_t)(0x80 + n));
		write_bytes(&w, run, n);
		if (fill == 0x11)
			write_bytes(&w, (const uint8_t[]){0xf8, 66}, 2);
	}
	write_u8(&w, 0xc0 + 22);
	memset(run, 0x44, sizeof run);
	write_u8(&w, 0x80 + 20);
	write_bytes(&w, run, 20);
	write_u8(&w, 0xc0);
	assert_int_equal(w.err, 0);
	access_list_len = w.len;
	access_list[1] = (uint8_t)(w.len - 2);
	return 0;
}

static struct tx
tx_of(uint8_t type)
{
	struct tx tx = {.type = type, .chain_id = 137, .nonce = 7, .gas_limit = 90000, .has_to = 1};

	memset(tx.to, 0x35, sizeof tx.to);
	tx.max_fee_per_gas = u256_of(100);
	tx.max_priority_fee = u256_of(type == TX_DYNAMIC_FEE ? 30 : 0);
	tx.value = u256_of(1000);
	tx.data = (struct bytes){calldata, sizeof calldata};
	if (type != TX_LEGACY)
		tx.access_list = (struct bytes){access_list, access_list_len};
	return tx;
}

static struct tx_signature
some_signature(void)
{
	struct tx_signature s = {.y_parity = 1};

	memset(s.r, 0x12, 32);
	memset(s.s, 0x34, 32);
	return s;
}

static int
encode(const struct tx *tx, const struct tx_signature *signature)
{
	uint8_t raw[1024];
	size_t len;

	return tx_encode_signed(tx, signature, raw, sizeof raw, &len);
}

/* --- encode ------------------------------------------------------------------ */

static void
test_polygon_split_is_the_published_one(void **state)
{
	static const char want_hash[] =
	    "227f92b199e7d3ea42408adafead8d76e4eb6726026c904866a4b0420c87e9f7";
	static const char call[] =
	    "72ce42750000000000000000000000002791bca1f2de4661ed88a30c99a7a9449aa84174"
	    "0000000000000000000000000000000000000000000000000000000000000000"
	    "1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51"
	    "00000000000000000000000000000000000000000000000000000000000000a0"
	    "0000000000000000000000000000000000000000000000000000000000989680"
	    "0000000000000000000000000000000000000000000000000000000000000002"
	    "0000000000000000000000000000000000000000000000000000000000000001"
	    "0000000000000000000000000000000000000000000000000000000000000002";
	struct tx tx = {.type = TX_DYNAMIC_FEE, .chain_id = 137, .gas_limit = 400000, .has_to = 1};
	uint8_t data[260], hash[32], wanted[32];

	(void)state;
	assert_int_equal(hex_decode("4d97dcd97ec945f40cf65f87097ace5ea0476045", 40, tx.to, 20), 0);
	assert_int_equal(hex_decode(call, strlen(call), data, sizeof data), 0);
	assert_int_equal(hex_decode(want_hash, 64, wanted, 32), 0);
	tx.data = (struct bytes){data, sizeof data};
	tx.max_fee_per_gas = u256_of(100000000000U);
	tx.max_priority_fee = u256_of(30000000000U);
	assert_int_equal(tx_signing_hash(&tx, hash), 0);
	assert_memory_equal(hash, wanted, 32);
}

static void
test_hash_is_of_the_encoding(void **state)
{
	uint8_t raw[1024], hash[32], wanted[32];
	size_t len;

	(void)state;
	for (uint8_t type = 0; type <= TX_DYNAMIC_FEE; type++) {
		struct tx tx = tx_of(type);

		assert_int_equal(tx_encode_unsigned(&tx, raw, sizeof raw, &len), 0);
		keccak256(raw, len, wanted);
		assert_int_equal(tx_signing_hash(&tx, hash), 0);
		assert_memory_equal(hash, wanted, 32);
		assert_int_equal(tx_recovery_hash(&tx, hash), 0);
		assert_memory_equal(hash, wanted, 32);
	}
}

static void
test_fields_out_of_range_are_not_encoded(void **state)
{
	struct tx_signature signature = some_signature();
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	uint8_t hash[32];

	(void)state;
	tx.nonce = UINT64_MAX;
	assert_int_equal(encode(&tx, &signature), ERR_RANGE);
	assert_int_equal(tx_signing_hash(&tx, hash), ERR_RANGE);
	tx = tx_of(TX_DYNAMIC_FEE);
	tx.max_priority_fee = u256_of(101);
	assert_int_equal(encode(&tx, &signature), ERR_RANGE);
	tx = tx_of(TX_LEGACY);
	tx.chain_id = 0;
	assert_int_equal(encode(&tx, &signature), ERR_RANGE);
	assert_int_equal(tx_signing_hash(&tx, hash), ERR_RANGE);
	assert_int_equal(tx_recovery_hash(&tx, hash), 0);
}

static void
test_fields_of_another_type_are_not_encoded(void **state)
{
	struct tx_signature signature = some_signature();
	struct tx tx = tx_of(TX_ACCESS_LIST);

	(void)state;
	tx.type = 3;
	assert_int_equal(encode(&tx, &signature), ERR_UNSUPPORTED);
	tx.type = TX_LEGACY;
	assert_int_equal(encode(&tx, &signature), ERR_PARSE); /* an access list */
	tx = tx_of(TX_ACCESS_LIST);
	tx.max_priority_fee = u256_of(1);
	assert_int_equal(encode(&tx, &signature), ERR_PARSE);
}

static void
test_malformed_access_lists(void **state)
{
	struct tx_signature signature = some_signature();
	uint8_t copy[sizeof access_list];
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	/* the header of the list, of an entry, an address, keys, a key, the second address */
	static const size_t at[] = {0, 1, 2, 3, 4, 25, 26, 27, 93, 94};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		memcpy(copy, access_list, sizeof copy);
		copy[at[i]]--;
		tx.access_list.p = copy;
		assert_int_equal(encode(&tx, &signature), ERR_PARSE);
	}
	tx.access_list = (struct bytes){access_list, access_list_len - 1};
	assert_int_equal(encode(&tx, &signature), ERR_PARSE);
	memcpy(copy, access_list, sizeof copy);
	tx.access_list = (struct bytes){copy, access_list_len + 1};
	assert_int_equal(encode(&tx, &signature), ERR_PARSE);
}

static void
test_signatures_that_no_node_takes(void **state)
{
	static const char order[] =
	    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
	static const char half[] =
	    "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	struct tx_signature s = some_signature();

	(void)state;
	memset(s.r, 0, 32);
	assert_int_equal(encode(&tx, &s), ERR_RANGE);
	assert_int_equal(hex_decode(order, 64, s.r, 32), 0);
	assert_int_equal(encode(&tx, &s), ERR_RANGE);
	s.r[31]--;
	assert_int_equal(encode(&tx, &s), 0);
	memset(s.s, 0, 32);
	assert_int_equal(encode(&tx, &s), ERR_RANGE);
	assert_int_equal(hex_decode(half, 64, s.s, 32), 0);
	assert_int_equal(encode(&tx, &s), 0);
	s.s[31]++;
	assert_int_equal(encode(&tx, &s), ERR_RANGE);
	s = some_signature();
	s.y_parity = 2;
	assert_int_equal(encode(&tx, &s), ERR_RANGE);
}

static void
test_room_is_checked(void **state)
{
	struct tx_signature signature = some_signature();
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	uint8_t raw[1024];
	size_t len = 7, unused;

	(void)state;
	assert_int_equal(tx_encode_signed(&tx, &signature, raw, sizeof raw, &unused), 0);
	assert_int_equal(tx_encode_signed(&tx, &signature, raw, unused - 1, &len), ERR_SPACE);
	assert_int_equal(len, 7);
	assert_int_equal(tx_encode_unsigned(&tx, raw, 10, &len), ERR_SPACE);
}

/* The largest transaction that the signer makes fits into TX_RAW_MAX. */
static void
test_raw_max_is_enough(void **state)
{
	static uint8_t data[TX_DATA_MAX], list[TX_ACCESS_LIST_MAX], raw[TX_RAW_MAX];
	struct tx_signature signature = some_signature();
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	size_t len, entries = (sizeof list - 3) / 23;
	struct writer w = writer_of(list, sizeof list);

	(void)state;
	write_u8(&w, 0xf9);
	write_be16(&w, (uint16_t)(entries * 23));
	for (size_t i = 0; i < entries; i++) {
		write_bytes(&w, (const uint8_t[]){0xd6, 0x94}, 2);
		write_bytes(&w, data, 20);
		write_u8(&w, 0xc0);
	}
	tx.chain_id = UINT64_MAX;
	tx.nonce = UINT64_MAX - 1;
	tx.gas_limit = UINT64_MAX;
	tx.max_fee_per_gas = tx.max_priority_fee = tx.value = U256_MAX;
	tx.data = (struct bytes){data, sizeof data};
	tx.access_list = (struct bytes){list, w.len};
	assert_int_equal(tx_encode_signed(&tx, &signature, raw, sizeof raw, &len), 0);
}

/* --- the form for processes and the journal ---------------------------------- */

static size_t
write_fields(const struct tx *tx, uint8_t *buf, size_t cap)
{
	struct writer w = writer_of(buf, cap);
	size_t len = 0;

	tx_write_fields(&w, tx);
	assert_int_equal(writer_end(&w, &len), 0);
	return len;
}

static int
read_fields(const uint8_t *buf, size_t len)
{
	struct reader r = reader_of(buf, len);
	struct tx tx;
	int e = tx_read_fields(&r, &tx);

	assert_int_equal(r.left, e == 0 ? 0 : len);
	return e;
}

static void
test_fields_round_trip(void **state)
{
	uint8_t buf[1024], again[1024];

	(void)state;
	for (uint8_t type = 0; type <= TX_DYNAMIC_FEE; type++) {
		struct tx tx = tx_of(type), back;
		size_t len = write_fields(&tx, buf, sizeof buf);
		struct reader r = reader_of(buf, len);

		assert_int_equal(tx_read_fields(&r, &back), 0);
		assert_int_equal(write_fields(&back, again, sizeof again), len);
		assert_memory_equal(buf, again, len);
		for (size_t cut = 0; cut < len; cut++)
			assert_int_equal(read_fields(buf, cut), ERR_PARSE);
	}
}

static void
test_fields_have_one_form(void **state)
{
	static const uint8_t empty_list[] = {0xc0};
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	uint8_t buf[1024];

	(void)state;
	tx.has_to = 2;
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_PARSE);
	tx.has_to = 0; /* with an address */
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_PARSE);
	tx = tx_of(TX_DYNAMIC_FEE);
	tx.access_list = (struct bytes){empty_list, 1};
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_PARSE);
	tx = tx_of(TX_LEGACY);
	tx.access_list = (struct bytes){access_list, access_list_len};
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_PARSE);
	tx = tx_of(TX_LEGACY);
	tx.max_priority_fee = u256_of(1);
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_PARSE);
	tx = tx_of(TX_DYNAMIC_FEE);
	tx.type = 4;
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_UNSUPPORTED);
}

static void
test_fields_are_bound(void **state)
{
	static uint8_t big[TX_DATA_MAX + 1], buf[TX_DATA_MAX + 1024];
	struct tx tx = tx_of(TX_DYNAMIC_FEE);

	(void)state;
	tx.data = (struct bytes){big, sizeof big - 1};
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), 0);
	tx.data.len++;
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_RANGE);
	tx = tx_of(TX_DYNAMIC_FEE);
	tx.access_list = (struct bytes){big, TX_ACCESS_LIST_MAX + 1};
	assert_int_equal(read_fields(buf, write_fields(&tx, buf, sizeof buf)), ERR_RANGE);
}

/* --- decode -------------------------------------------------------------------- */

static void
test_decode_round_trips(void **state)
{
	uint8_t raw[1024], again[1024];
	size_t len, again_len;

	(void)state;
	for (uint8_t type = 0; type <= TX_DYNAMIC_FEE; type++) {
		struct tx_signature signature = some_signature(), back_signature;
		struct tx tx = tx_of(type), back;

		tx.chain_id = type == TX_LEGACY ? UINT64_MAX : 1; /* v above 64 bits */
		tx.has_to = type != TX_ACCESS_LIST;
		assert_int_equal(tx_encode_signed(&tx, &signature, raw, sizeof raw, &len), 0);
		assert_int_equal(tx_decode_signed(raw, len, &back, &back_signature), 0);
		assert_int_equal(back.has_to, tx.has_to);
		assert_true(back.chain_id == tx.chain_id);
		assert_int_equal(
		    tx_encode_signed(&back, &back_signature, again, sizeof again, &again_len), 0);
		assert_int_equal(again_len, len);
		assert_memory_equal(raw, again, len);
	}
}

/* Nothing shorter or longer is a transaction, and no read goes beyond the input. */
static void
test_decode_takes_all_of_it(void **state)
{
	struct tx_signature signature = some_signature(), unused_signature;
	struct tx tx = tx_of(TX_DYNAMIC_FEE), unused;
	uint8_t raw[1024] = {0};
	size_t len;

	(void)state;
	assert_int_equal(tx_encode_signed(&tx, &signature, raw, sizeof raw, &len), 0);
	assert_int_equal(tx_decode_signed(raw, len + 1, &unused, &unused_signature), ERR_PARSE);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *exact = malloc(cut + 1);

		assert_non_null(exact);
		memcpy(exact + 1, raw, cut);
		assert_int_equal(
		    tx_decode_signed(exact + 1, cut, &unused, &unused_signature), ERR_PARSE);
		free(exact);
	}
}

static void
test_decode_refuses_other_envelopes(void **state)
{
	struct tx_signature signature = some_signature(), unused_signature;
	struct tx tx = tx_of(TX_ACCESS_LIST), unused;
	uint8_t raw[1024];
	size_t len;

	(void)state;
	assert_int_equal(tx_encode_signed(&tx, &signature, raw, sizeof raw, &len), 0);
	raw[0] = 3;
	assert_int_equal(tx_decode_signed(raw, len, &unused, &unused_signature), ERR_UNSUPPORTED);
	raw[0] = 4;
	assert_int_equal(tx_decode_signed(raw, len, &unused, &unused_signature), ERR_UNSUPPORTED);
	raw[0] = 2; /* its gas limit would be the recipient */
	assert_int_equal(tx_decode_signed(raw, len, &unused, &unused_signature), ERR_RANGE);
	raw[0] = 0;
	assert_int_equal(tx_decode_signed(raw, len, &unused, &unused_signature), ERR_PARSE);
	raw[0] = 0x80;
	assert_int_equal(tx_decode_signed(raw, len, &unused, &unused_signature), ERR_PARSE);
}

/* --- gas ------------------------------------------------------------------------ */

static void
test_intrinsic_gas(void **state)
{
	struct tx tx = tx_of(TX_DYNAMIC_FEE);
	uint64_t gas;

	(void)state;
	assert_int_equal(tx_intrinsic_gas(&tx, &gas), 0);
	assert_int_equal(gas, 21000 + 4 * 16 + 2 * 4 + 2 * 2400 + 2 * 1900);
	tx.has_to = 0;
	assert_int_equal(tx_intrinsic_gas(&tx, &gas), 0);
	assert_int_equal(gas, 21000 + 4 * 16 + 2 * 4 + 2 * 2400 + 2 * 1900 + 32000 + 2);
	tx.access_list.len--;
	assert_int_equal(tx_intrinsic_gas(&tx, &gas), ERR_PARSE);
}

static void
test_gas_rules(void **state)
{
	static uint8_t code[49153];
	struct tx tx = tx_of(TX_DYNAMIC_FEE);

	(void)state;
	tx.access_list.len = 0;
	tx.gas_limit = 21000 + 4 * 16 + 2 * 4;
	assert_int_equal(tx_check_gas(&tx), 0);
	tx.gas_limit--;
	assert_int_equal(tx_check_gas(&tx), ERR_RANGE);
	tx.gas_limit = (uint64_t)1 << 60;
	tx.max_fee_per_gas = (struct u256){{0, 0, 0, 1 << 3}};
	assert_int_equal(tx_check_gas(&tx), 0);
	tx.max_fee_per_gas = (struct u256){{0, 0, 0, 1 << 4}};
	assert_int_equal(tx_check_gas(&tx), ERR_RANGE);
	tx.max_fee_per_gas = u256_of(1);
	tx.has_to = 0;
	tx.data = (struct bytes){code, sizeof code - 1};
	assert_int_equal(tx_check_gas(&tx), 0);
	tx.data.len++;
	assert_int_equal(tx_check_gas(&tx), ERR_RANGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_polygon_split_is_the_published_one),
	    cmocka_unit_test(test_hash_is_of_the_encoding),
	    cmocka_unit_test(test_fields_out_of_range_are_not_encoded),
	    cmocka_unit_test(test_fields_of_another_type_are_not_encoded),
	    cmocka_unit_test(test_malformed_access_lists),
	    cmocka_unit_test(test_signatures_that_no_node_takes),
	    cmocka_unit_test(test_room_is_checked),
	    cmocka_unit_test(test_raw_max_is_enough),
	    cmocka_unit_test(test_fields_round_trip),
	    cmocka_unit_test(test_fields_have_one_form),
	    cmocka_unit_test(test_fields_are_bound),
	    cmocka_unit_test(test_decode_round_trips),
	    cmocka_unit_test(test_decode_takes_all_of_it),
	    cmocka_unit_test(test_decode_refuses_other_envelopes),
	    cmocka_unit_test(test_intrinsic_gas),
	    cmocka_unit_test(test_gas_rules),
	};

	return cmocka_run_group_tests(tests, make_access_list, NULL);
}
