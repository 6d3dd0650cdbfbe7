#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/address.h"

/* EIP-55: all of its examples. */
static const char *const examples[] = {
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
};

static void
unhex(const char *text, uint8_t *ret, size_t n)
{
	assert_int_equal(hex_decode(text, strlen(text), ret, n), 0);
}

static void
test_eip55_examples(void **state)
{
	char text[ADDRESS_TEXT_MAX];
	uint8_t address[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		assert_int_equal(address_parse(examples[i], 42, address), 0);
		address_format(address, text);
		assert_string_equal(text, examples[i]);
	}
}

static void
test_one_letter_of_another_case_is_refused(void **state)
{
	uint8_t address[20] = {7};
	char text[ADDRESS_TEXT_MAX];

	(void)state;
	for (size_t i = 2; i < 42; i++) {
		memcpy(text, examples[4], sizeof text);
		if (text[i] < 'A')
			continue;
		text[i] ^= 0x20;
		assert_int_equal(address_parse(text, 42, address), ERR_RANGE);
		assert_int_equal(address[0], 7);
	}
}

static void
test_one_case_needs_no_checksum(void **state)
{
	uint8_t address[20];

	(void)state;
	assert_int_equal(
	    address_parse("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed", 42, address), 0);
	assert_int_equal(
	    address_parse("0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", 42, address), 0);
}

static void
test_other_shapes_are_refused(void **state)
{
	static const char *const bad[] = {"", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
	    "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
	    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
	    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
	    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
	    " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"};
	uint8_t address[20];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(address_parse(bad[i], strlen(bad[i]), address), ERR_PARSE);
}

/* The well-known first deployments of 0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0. */
static void
test_create(void **state)
{
	static const char *const expected[] = {"cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d",
	    "343c43a37d37dff08ae8c4a11544c718abb4fcf8", "f778b86fa74e846c4f0a1fbd1335fe81c00a0c91",
	    "fffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c"};
	uint8_t sender[20], wanted[20], got[20];

	(void)state;
	unhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0", sender, 20);
	for (uint64_t nonce = 0; nonce < ARRAY_LEN(expected); nonce++) {
		unhex(expected[nonce], wanted, 20);
		address_create(sender, nonce, got);
		assert_memory_equal(got, wanted, 20);
	}
}

/* EIP-1014, examples 1 and 5. */
static void
test_create2(void **state)
{
	uint8_t sender[20] = {0}, salt[32] = {0}, hash[32], wanted[20], got[20];

	(void)state;
	unhex("bc36789e7a1e281436464229828f817d6612f7b477d66591ff96a9e064bcc98a", hash, 32);
	unhex("4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38", wanted, 20);
	address_create2(sender, salt, hash, got);
	assert_memory_equal(got, wanted, 20);
	unhex("00000000000000000000000000000000deadbeef", sender, 20);
	unhex("00000000000000000000000000000000000000000000000000000000cafebabe", salt, 32);
	unhex("d4fd4e189132273036449fc9e11198c739161b4c0116a9a2dccdfa1c492006f1", hash, 32);
	unhex("60f3f640a8508fc6a86d45df051962668e1e8ac7", wanted, 20);
	address_create2(sender, salt, hash, got);
	assert_memory_equal(got, wanted, 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_eip55_examples),
	    cmocka_unit_test(test_one_letter_of_another_case_is_refused),
	    cmocka_unit_test(test_one_case_needs_no_checksum),
	    cmocka_unit_test(test_other_shapes_are_refused),
	    cmocka_unit_test(test_create),
	    cmocka_unit_test(test_create2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
