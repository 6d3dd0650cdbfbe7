#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/bip39.h"
#include "crypto/bip39_words.h"
#include "base/banned.h"

#define DEV "test test test test test test test test test test test junk"
#define A11 \
	"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "

struct vector {
	const char *entropy;
	const char *mnemonic;
	const char *passphrase;
	const char *seed;
};

/* BIP-39's own vectors (trezor/python-mnemonic), one of them without passphrase (ethers) */
static const struct vector vectors[] = {
	{"00000000000000000000000000000000", A11 "about", "TREZOR",
	    "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e5349553"
	    "1f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04"},
	{"00000000000000000000000000000000", A11 "about", "",
	    "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc1"
	    "9a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4"},
	{"ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
	    "TREZOR",
	    "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13"
	    "332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069"},
	{"808080808080808080808080808080808080808080808080",
	    "letter advice cage absurd amount doctor acoustic avoid letter "
	    "advice cage absurd amount doctor acoustic avoid letter always",
	    "TREZOR",
	    "107d7c02a5aa6f38c58083ff74f04c607c2d2c0ecc55501dadd72d025b751bc2"
	    "7fe913ffb796f841c49b1d33b610cf0e91d3aa239027f5e99fe4ce9e5088cd65"},
	/* longer than a block of SHA-512: HMAC hashes its key first */
	{"8080808080808080808080808080808080808080808080808080808080808080",
	    "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd "
	    "amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
	    "TREZOR",
	    "c0c519bd0e91a2ed54357d9d1ebef6f5af218a153624cf4f2da911a0ed8f7a09"
	    "e2ef61af0aca007096df430022f7a2b6fb91661a9589097069720d015e4e982f"},
};

static void
from_hex(const char *hex, uint8_t *ret)
{
	assert_int_equal(hex_decode(hex, strlen(hex), ret, strlen(hex) / 2), 0);
}

/* Calls with the text alone in a buffer of its size, so that ASan sees a read beyond it. */
static int
entropy_of(const char *text, size_t len, uint8_t *ret, size_t *ret_len, unsigned *ret_position)
{
	char *exact = test_malloc(len + 1);
	int r;

	memcpy(exact + 1, text, len);
	r = bip39_entropy(exact + 1, len, ret, ret_len, ret_position);
	test_free(exact);
	return r;
}

static void
test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		const struct vector *v = &vectors[i];
		uint8_t entropy[BIP39_ENTROPY_MAX];
		uint8_t seed[64];
		uint8_t want[64];
		char text[BIP39_TEXT_MAX];
		size_t len = 0;
		unsigned position;

		from_hex(v->entropy, want);
		assert_int_equal(
		    entropy_of(v->mnemonic, strlen(v->mnemonic), entropy, &len, &position), 0);
		assert_int_equal(len, strlen(v->entropy) / 2);
		assert_memory_equal(entropy, want, len);
		assert_int_equal(bip39_mnemonic(want, len, text), 0);
		assert_string_equal(text, v->mnemonic);
		assert_int_equal(bip39_seed(v->mnemonic, strlen(v->mnemonic), v->passphrase,
				     strlen(v->passphrase), seed, &position),
		    0);
		from_hex(v->seed, want);
		assert_memory_equal(seed, want, sizeof want);
	}
}

/* The list is the published one: 2,048 lines that hash to what the file english.txt hashes to. */
static void
test_word_list(void **state)
{
	static const char want[] =
	    "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda";
	crypto_hash_sha256_state st;
	uint8_t hash[32];
	char hex[65];

	(void)state;
	crypto_hash_sha256_init(&st);
	for (size_t i = 0; i < BIP39_WORDS; i++) {
		const char *word = bip39_words[i];

		crypto_hash_sha256_update(&st, (const uint8_t *)word, strnlen(word, 8));
		crypto_hash_sha256_update(&st, (const uint8_t *)"\n", 1);
	}
	crypto_hash_sha256_final(&st, hash);
	hex_encode(hash, sizeof hash, hex);
	assert_string_equal(hex, want);
}

/* Every word of the list, as the first word of a mnemonic. */
static void
test_every_word(void **state)
{
	uint8_t entropy[16] = {0};
	uint8_t back[BIP39_ENTROPY_MAX];
	char text[BIP39_TEXT_MAX];
	size_t len;
	unsigned position;

	(void)state;
	for (unsigned i = 0; i < BIP39_WORDS; i++) {
		size_t n = strnlen(bip39_words[i], 8);

		entropy[0] = (uint8_t)(i >> 3);
		entropy[1] = (uint8_t)(i << 5);
		assert_int_equal(bip39_mnemonic(entropy, sizeof entropy, text), 0);
		assert_memory_equal(text, bip39_words[i], n);
		assert_int_equal(text[n], ' ');
		assert_int_equal(bip39_entropy(text, strlen(text), back, &len, &position), 0);
		assert_int_equal(len, sizeof entropy);
		assert_memory_equal(back, entropy, sizeof entropy);
	}
}

static void
test_random_round_trip(void **state)
{
	uint8_t entropy[BIP39_ENTROPY_MAX];
	uint8_t back[BIP39_ENTROPY_MAX];
	char text[BIP39_TEXT_MAX];
	size_t len;
	unsigned position;

	(void)state;
	for (size_t n = 16; n <= 32; n += 4) {
		for (unsigned i = 0; i < 20; i++) {
			randombytes_buf(entropy, n);
			assert_int_equal(bip39_mnemonic(entropy, n, text), 0);
			assert_int_equal(entropy_of(text, strlen(text), back, &len, &position), 0);
			assert_int_equal(len, n);
			assert_memory_equal(back, entropy, n);
		}
	}
}

static void
test_entropy_lengths(void **state)
{
	static const uint8_t entropy[64];
	char text[BIP39_TEXT_MAX];

	(void)state;
	for (size_t n = 0; n <= sizeof entropy; n++) {
		int legal = n == 16 || n == 20 || n == 24 || n == 28 || n == 32;

		text[0] = '?';
		assert_int_equal(bip39_mnemonic(entropy, n, text), legal ? 0 : ERR_RANGE);
		if (!legal)
			assert_int_equal(text[0], '?');
	}
}

/* Only the word counts of the standard, whatever the words. */
static void
test_word_counts(void **state)
{
	uint8_t entropy[BIP39_ENTROPY_MAX];
	char text[BIP39_TEXT_MAX] = "";
	size_t at = 0;
	size_t len;
	unsigned position;

	(void)state;
	assert_int_equal(entropy_of("", 0, entropy, &len, &position), ERR_MNEMONIC_LENGTH);
	for (unsigned count = 1; count <= 50; count++) {
		int legal = count >= 12 && count <= 24 && count % 3 == 0;
		int r;

		if (count > 1)
			text[at++] = ' ';
		memcpy(text + at, "zoo", 3);
		at += 3;
		r = entropy_of(text, at, entropy, &len, &position);
		/* zoo repeated is no valid mnemonic: its checksum fails last */
		assert_int_equal(r, legal ? ERR_MNEMONIC_CHECKSUM : ERR_MNEMONIC_LENGTH);
	}
}

static void
refuse_word(const char *text, size_t len, unsigned want)
{
	uint8_t entropy[BIP39_ENTROPY_MAX];
	uint8_t untouched[BIP39_ENTROPY_MAX];
	size_t out_len = 99;
	unsigned position = 0;

	memset(entropy, 0xa5, sizeof entropy);
	memcpy(untouched, entropy, sizeof entropy);
	assert_int_equal(entropy_of(text, len, entropy, &out_len, &position), ERR_MNEMONIC_WORD);
	assert_int_equal(position, want);
	assert_memory_equal(entropy, untouched, sizeof entropy);
	assert_int_equal(out_len, 99);
}

#define REFUSE_WORD(text, position) refuse_word(text, sizeof(text) - 1, position)

static void
test_bad_word_position(void **state)
{
	char text[BIP39_TEXT_MAX];

	(void)state;
	for (unsigned bad = 0; bad < 12; bad++) {
		size_t at = 0;

		for (unsigned i = 0; i < 12; i++) {
			int n = snprintf(text + at, sizeof text - at, "%s%s", i == 0 ? "" : " ",
			    i == bad ? "tset" : "test");

			assert_true(n > 0);
			at += (size_t)n;
		}
		refuse_word(text, at, bad + 1);
	}
	/* the first of several */
	REFUSE_WORD("test tset test tset test test test test test test test junk", 2);
}

static void
test_bad_words(void **state)
{
	(void)state;
	REFUSE_WORD("Test test test test test test test test test test test junk", 1);
	REFUSE_WORD("test test test test test test test test test test test JUNK", 12);
	REFUSE_WORD("test test test test test test test test test test test jun", 12);
	REFUSE_WORD("test test test test test test test test test test test junks", 12);
	/* four letters are enough for a person, not here */
	REFUSE_WORD("aban test test test test test test test test test test junk", 1);
	/* nine letters, of which eight are a word */
	REFUSE_WORD("test accidents test test test test test test test test test junk", 2);
	REFUSE_WORD("test t\xc3\xa9st test test test test test test test test test junk", 2);
	/* a NUL is not the padding of the list */
	REFUSE_WORD("zoo\0 zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong", 1);
	REFUSE_WORD("zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong\0", 12);
	/* other white space belongs to the word */
	REFUSE_WORD(DEV "\n", 12);
	REFUSE_WORD("test\ttest test test test test test test test test test test junk", 1);
	REFUSE_WORD("test,test test test test test test test test test test test junk", 1);
}

static void
test_spaces(void **state)
{
	(void)state;
	REFUSE_WORD(" " DEV, 1);
	REFUSE_WORD(DEV " ", 13);
	REFUSE_WORD("test  test test test test test test test test test test junk", 2);
	REFUSE_WORD("test  test test test test test test test test test test test junk", 2);
	REFUSE_WORD(" ", 1);
}

static void
test_checksum(void **state)
{
	static const char bad[] = A11 "abandon";
	uint8_t entropy[BIP39_ENTROPY_MAX];
	uint8_t seed[64];
	size_t len;
	unsigned position;
	unsigned good = 0;

	(void)state;
	/* 4 bits of checksum: of 2,048 last words 128 fit */
	for (unsigned i = 0; i < BIP39_WORDS; i++) {
		char text[BIP39_TEXT_MAX];
		int n = snprintf(text, sizeof text, A11 "%.8s", bip39_words[i]);
		int r = bip39_entropy(text, (size_t)n, entropy, &len, &position);

		assert_true(r == 0 || r == ERR_MNEMONIC_CHECKSUM);
		good += r == 0;
	}
	assert_int_equal(good, 128);
	assert_int_equal(bip39_seed(bad, sizeof bad - 1, "", 0, seed, &position),
	    ERR_MNEMONIC_CHECKSUM);
}

static void
test_too_long(void **state)
{
	char text[300];
	uint8_t entropy[BIP39_ENTROPY_MAX];
	size_t len;
	unsigned position;

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(entropy_of(text, sizeof text, entropy, &len, &position),
	    ERR_MNEMONIC_LENGTH);
	assert_int_equal(entropy_of(text, BIP39_TEXT_MAX, entropy, &len, &position),
	    ERR_MNEMONIC_LENGTH);
}

static int
seed_of(const char *passphrase, size_t len, uint8_t ret[64])
{
	unsigned position;

	return bip39_seed(DEV, sizeof DEV - 1, passphrase, len, ret, &position);
}

static void
test_passphrase_refused(void **state)
{
	char long_one[BIP39_PASSPHRASE_MAX + 1];
	uint8_t seed[64];
	uint8_t untouched[64];

	(void)state;
	memset(seed, 0xa5, sizeof seed);
	memcpy(untouched, seed, sizeof seed);
	memset(long_one, 'x', sizeof long_one);
	for (unsigned c = 0; c < 256; c++) {
		char one = (char)c;

		if (c < 0x20 || c > 0x7e)
			assert_int_equal(seed_of(&one, 1, seed), ERR_PASSPHRASE);
	}
	assert_int_equal(seed_of("caf\xc3\xa9", 5, seed), ERR_PASSPHRASE);
	assert_int_equal(seed_of(long_one, sizeof long_one, seed), ERR_PASSPHRASE);
	assert_memory_equal(seed, untouched, sizeof seed);
}

/* Every printable character, and the longest passphrase, against OpenSSL's PBKDF2. */
static void
test_passphrase_allowed(void **state)
{
	char salt[8 + BIP39_PASSPHRASE_MAX] = "mnemonic";
	char *passphrase = salt + 8;
	static const size_t lengths[] = {0, 1, 95, 119, 120, 128, BIP39_PASSPHRASE_MAX};
	uint8_t seed[64];
	uint8_t want[64];

	(void)state;
	for (size_t i = 0; i < BIP39_PASSPHRASE_MAX; i++)
		passphrase[i] = (char)(0x20 + i % 95);
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		assert_int_equal(PKCS5_PBKDF2_HMAC(DEV, sizeof DEV - 1, (const uint8_t *)salt,
				     (int)(8 + lengths[i]), 2048, EVP_sha512(), sizeof want, want),
		    1);
		assert_int_equal(seed_of(passphrase, lengths[i], seed), 0);
		assert_memory_equal(seed, want, sizeof want);
	}
}

static void
test_seed_reports_word(void **state)
{
	static const char text[] = "test test nope test test test test test test test test junk";
	uint8_t seed[64];
	unsigned position = 0;

	(void)state;
	assert_int_equal(bip39_seed(text, sizeof text - 1, "", 0, seed, &position),
	    ERR_MNEMONIC_WORD);
	assert_int_equal(position, 3);
}

static const char *const published[] = {
	DEV,
	A11 "about",
	A11 A11 "abandon art",
	"legal winner thank year wave sausage worth useful legal winner thank yellow",
	"letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
	"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
	"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo "
	"zoo vote",
	"myth like bonus scare over problem client lizard pioneer submit female collect",
	"candy maple cake sugar pudding cream honey rich smooth crumble sweet treat",
	"ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
	"void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing "
	"screen patrol group space point ten exist slush involve unfold",
};

static void
test_published(void **state)
{
	uint8_t entropy[32];
	char text[BIP39_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(published); i++)
		assert_true(bip39_is_published(published[i], strlen(published[i])));
	for (size_t n = 16; n <= 32; n += 4) {
		randombytes_buf(entropy, n);
		assert_int_equal(bip39_mnemonic(entropy, n, text), 0);
		assert_false(bip39_is_published(text, strlen(text)));
	}
	assert_false(bip39_is_published("", 0));
	assert_false(bip39_is_published(DEV, sizeof DEV - 2));
}

static void
test_published_list(void **state)
{
	size_t count = 0;

	(void)state;
	for (; bip39_published[count] != NULL; count++) {
		assert_int_equal(strlen(bip39_published[count]), 64);
		assert_int_equal(strspn(bip39_published[count], "0123456789abcdef"), 64);
		for (size_t i = 0; i < count; i++)
			assert_string_not_equal(bip39_published[i], bip39_published[count]);
	}
	assert_true(count >= 24 + 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_word_list),
		cmocka_unit_test(test_every_word),
		cmocka_unit_test(test_random_round_trip),
		cmocka_unit_test(test_entropy_lengths),
		cmocka_unit_test(test_word_counts),
		cmocka_unit_test(test_bad_word_position),
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_passphrase_refused),
		cmocka_unit_test(test_passphrase_allowed),
		cmocka_unit_test(test_seed_reports_word),
		cmocka_unit_test(test_published),
		cmocka_unit_test(test_published_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
