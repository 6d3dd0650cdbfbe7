#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/err.h"
#include "base/hex.h"
#include "evm/ctf.h"

#define USDC_E "2791bca1f2de4661ed88a30c99a7a9449aa84174"
#define WRAPPED "3a3bd7bb9528e159577f7c2e685cc81a765002e2"
#define AMOY "9c4e1703476e875070ee25b56a58b008cfb8fa78"

/* Token ids as Polymarket's own clients publish them, and more of the same markets. */
static const struct {
	const char *condition;
	const char *collateral;
	uint64_t index_set;
	const char *position;
} published[] = {
    {"5f65177b394277fd294cd75650044e32ba009a95022d88a0c1d565897d72f8f1", AMOY, 1,
	"71321045679252212594626385532706912750332728571942532289631379312455583992563"},
    {"5f65177b394277fd294cd75650044e32ba009a95022d88a0c1d565897d72f8f1", AMOY, 2,
	"52114319501245915516055106046884209969926127482827954674443846427813813222426"},
    {"311d0c4b6671ab54af4970c06fcf58662516f5168997bdda209ec3db5aa6b0c1", USDC_E, 1,
	"76043073756653678226373981964075571318267289248134717369284518995922789326425"},
    {"311d0c4b6671ab54af4970c06fcf58662516f5168997bdda209ec3db5aa6b0c1", USDC_E, 2,
	"31690934263385727664202099278545688007799199447969475608906331829650099442770"},
    {"6a67b9d828d53862160e470329ffea5246f338ecfffdf2cab45211ec578b0347", USDC_E, 1,
	"114122071509644379678018727908709560226618148003371446110114509806601493071694"},
    {"0005c0d312de0be897668695bae9f32b624b4a1ae8b140c49f08447fcc74f442", USDC_E, 1,
	"85354956062430465315924116860125388538595433819574542752031640332592237464430"},
    {"1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51", USDC_E, 1,
	"71205441384710237666143404821642173406275865371820469124594456563766857424469"},
    {"1171bfba0ad9386688133910593527fe77ce5406a7ac2c9a3552ab5471c1ac51", USDC_E, 2,
	"9279114629686000575574741717539143521861618813922434266965330512761271924358"},
    {"bd31dc8a20211944f6b70f31557f1001557b59905b7738480ca09bd4532f84af", USDC_E, 1,
	"72571461691924044785767745893191550081642691516392071023483732835471829999311"},
    {"bd31dc8a20211944f6b70f31557f1001557b59905b7738480ca09bd4532f84af", USDC_E, 2,
	"70648378406729434691224743764265322044276451872824198747645329277898040244341"},
    {"bd31dc8a20211944f6b70f31557f1001557b59905b7738480ca09bd4532f84af", WRAPPED, 2,
	"58269709854574523467949420538505191301979386769150559546938519980927227716167"},
};

static void
unhex(const char *text, uint8_t *ret, size_t n)
{
	assert_int_equal(hex_decode(text, strlen(text), ret, n), 0);
}

static void
test_published_positions(void **state)
{
	uint8_t condition[32], collateral[20], collection[32], position[32];
	char text[U256_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(published); i++) {
		struct u256 set = u256_of(published[i].index_set), id;

		unhex(published[i].condition, condition, 32);
		unhex(published[i].collateral, collateral, 20);
		ctf_collection_id(condition, &set, collection);
		ctf_position_id(collateral, collection, position);
		id = u256_from_be32(position);
		(void)u256_format_decimal(&id, 0, text);
		assert_string_equal(text, published[i].position);
	}
}

/* The packing, against keccak256 of the bytes written out (computed with another implementation).
 */
static void
test_condition_id(void **state)
{
	uint8_t oracle[20], question[32], got[32], wanted[32];
	struct u256 two = u256_of(2);

	(void)state;
	memset(oracle, 0x11, sizeof oracle);
	memset(question, 0x22, sizeof question);
	ctf_condition_id(oracle, question, &two, got);
	unhex("bcee96a610b7f4e61e2947f6510d1a15d4ae7c961a556b014db3527975047a1a", wanted, 32);
	assert_memory_equal(got, wanted, 32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published_positions),
	    cmocka_unit_test(test_condition_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
