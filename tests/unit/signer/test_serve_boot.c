#include "fixture.h"

#include <sodium.h>

#include "crypto/bip39.h"
#include "crypto/kdf.h"
#include "crypto/secp.h"
#include "ipc/boot.h"
#include "signer/serve.h"

#define TYPO "legal winner thank year wave sausage worth usage legal winner thank yellow"
#define JUNK "test test test test test test test test test test test junk"

static struct serve serve;
static char why[SERVE_TEXT_MAX];
static unsigned position;

/* A phrase that is nobody's: made here, from random bytes. */
static char own[BIP39_TEXT_MAX];

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static int
setup(void **state)
{
	(void)state;
	return secp_open();
}

static struct msg_boot
real_boot(void)
{
	return (struct msg_boot){.scheme = SCHEME_BOUND, .chain_id = 137, .active_agents = 4,
	    .platform = text("tdx")};
}

static struct msg_boot
dev_boot(void)
{
	return (struct msg_boot){.development = 1, .scheme = SCHEME_INDEXED, .chain_id = CHAIN,
	    .active_agents = 4, .platform = text("simulated")};
}

static int
boot(const struct msg_boot *m, const char *phrase)
{
	int r;

	memset(why, 'x', sizeof why);
	position = 99;
	r = serve_open(&serve, m, &(struct msg_secret){.mnemonic = text(phrase)}, &position, why);
	assert_true(strnlen(why, sizeof why) < sizeof why);
	if (r == 0) {
		assert_string_equal(why, "");
		assert_int_equal(position, 0);
		serve_close(&serve);
	} else {
		assert_true(strlen(why) > 10);
		assert_null(serve.keys); /* nothing is left behind */
		assert_null(serve.table.entries);
	}
	return r;
}

static void
test_published_phrases(void **state)
{
	struct msg_boot m = real_boot();

	(void)state;
	assert_int_equal(boot(&m, own), 0);
	assert_int_equal(boot(&m, JUNK), ERR_PUBLISHED_PHRASE);
	assert_non_null(strstr(why, "MNEMONIC"));
	assert_null(strstr(why, "junk"));
	m.chain_id = CHAIN; /* a chain that is nobody's does not help a real TEE */
	assert_int_equal(boot(&m, JUNK), ERR_PUBLISHED_PHRASE);
	m = dev_boot();
	assert_int_equal(boot(&m, JUNK), 0);
}

static void
test_development_and_chains(void **state)
{
	struct msg_boot m = dev_boot();

	(void)state;
	m.chain_id = 1337;
	assert_int_equal(boot(&m, JUNK), 0);
	m.chain_id = 137;
	assert_int_equal(boot(&m, JUNK), ERR_SETTING);
	assert_int_equal(boot(&m, own), ERR_SETTING);
	assert_non_null(strstr(why, "SELFSAME_CHAIN_ID"));
	m.rpc_is_loopback = 1;
	assert_int_equal(boot(&m, JUNK), ERR_SETTING);
	m.rpc_is_loopback = 0;
	m.local_fork = 1;
	assert_int_equal(boot(&m, JUNK), ERR_SETTING);
	m.rpc_is_loopback = 1;
	assert_int_equal(boot(&m, JUNK), 0);
	m.chain_id = 80002; /* a test network is public too */
	m.local_fork = 0;
	assert_int_equal(boot(&m, JUNK), ERR_SETTING);
}

static void
test_odd_boots(void **state)
{
	struct msg_boot m = real_boot();

	(void)state;
	m.platform = text("simulated");
	assert_int_equal(boot(&m, own), ERR_SETTING);
	assert_non_null(strstr(why, "--dev"));
	m = real_boot();
	m.platform = text("");
	assert_int_equal(boot(&m, own), ERR_SETTING);
	m.platform = text("t\"dx"); /* it stands in receipts */
	assert_int_equal(boot(&m, own), ERR_SETTING);
	m = real_boot();
	m.scheme = 0;
	assert_int_equal(boot(&m, own), ERR_SETTING);
	m.scheme = 3;
	assert_int_equal(boot(&m, own), ERR_SETTING);
	m = real_boot();
	m.chain_id = 0;
	assert_int_equal(boot(&m, own), ERR_SETTING);
	m = real_boot();
	m.active_agents = 0;
	assert_int_equal(boot(&m, own), ERR_RANGE);
	assert_non_null(strstr(why, "SELFSAME_ACTIVE_AGENTS"));
	m.active_agents = UINT64_MAX;
	assert_int_equal(boot(&m, own), ERR_RANGE);
}

static void
test_phrases(void **state)
{
	const struct msg_secret secret = {.mnemonic = text(JUNK), .passphrase = text("p\xc3\xa4ss")};
	struct msg_boot m = dev_boot();

	(void)state;
	assert_int_equal(boot(&m, "test test"), ERR_MNEMONIC_LENGTH);
	assert_int_equal(position, 0);
	assert_int_equal(boot(&m, "test test test test test test test sekrit test test test junk"),
	    ERR_MNEMONIC_WORD);
	assert_int_equal(position, 8);
	assert_non_null(strstr(why, "word 8"));
	assert_null(strstr(why, "sekrit"));
	assert_int_equal(boot(&m, TYPO), ERR_MNEMONIC_CHECKSUM);
	assert_int_equal(position, 0);
	assert_null(strstr(why, "legal"));
	assert_int_equal(serve_open(&serve, &m, &secret, &position, why), ERR_PASSPHRASE);
	assert_non_null(strstr(why, "MNEMONIC_PASSPHRASE"));
}

static void
test_modes(void **state)
{
	const struct msg_secret secret = {.mnemonic = text(own)};
	struct msg_boot m = dev_boot();

	(void)state;
	assert_int_equal(serve_open(&serve, &m, &secret, &position, why), 0);
	assert_string_equal(serve.mode, "simulated-dev");
	serve_close(&serve);
	m.platform = text("0123456789abcdef0123456789abcdef");
	assert_int_equal(serve_open(&serve, &m, &secret, &position, why), 0);
	assert_string_equal(serve.mode, "0123456789abcdef0123456789abcdef-dev");
	serve_close(&serve);
	m = real_boot();
	assert_int_equal(serve_open(&serve, &m, &secret, &position, why), 0);
	assert_string_equal(serve.mode, "tdx");
	serve_close(&serve);
}

/* A seed boots where the boot says that there is one, and a phrase where there is none. */
static void
test_seeds(void **state)
{
	static const uint8_t seed[64] = {7};
	const struct msg_secret seed_alone = {.seed = {seed, 64}};
	const struct msg_secret cut = {.seed = {seed, 63}};
	const struct msg_secret both = {.mnemonic = text(own), .seed = {seed, 64}};
	const struct msg_secret with_passphrase = {.passphrase = text("x"), .seed = {seed, 64}};
	const struct msg_secret phrase = {.mnemonic = text(own)};
	struct msg_boot m = real_boot();
	uint8_t root_id[32];

	(void)state;
	assert_int_equal(serve_open(&serve, &m, &seed_alone, &position, why), ERR_SETTING);
	assert_int_equal(serve_open(&serve, &m, &both, &position, why), ERR_SETTING);
	m.root_scheme = BOOT_ROOT_DSTACK_V0;
	assert_int_equal(serve_open(&serve, &m, &cut, &position, why), ERR_SETTING);
	assert_int_equal(serve_open(&serve, &m, &both, &position, why), ERR_SETTING);
	assert_int_equal(serve_open(&serve, &m, &with_passphrase, &position, why), ERR_SETTING);
	assert_int_equal(serve_open(&serve, &m, &phrase, &position, why), ERR_SETTING);
	assert_int_equal(serve_open(&serve, &m, &seed_alone, &position, why), 0);
	assert_int_equal(hkdf_sha256(seed, 64, "selfsame/root-id/v1", root_id, 32), 0);
	assert_memory_equal(keyring_root_id(serve.keys), root_id, 32);
	serve_close(&serve);
}

static int
make_phrase(void **state)
{
	uint8_t entropy[16];

	(void)state;
	if (sodium_init() < 0)
		return 1;
	randombytes_buf(entropy, sizeof entropy);
	return bip39_mnemonic(entropy, sizeof entropy, own);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_published_phrases, setup),
		cmocka_unit_test_setup(test_development_and_chains, setup),
		cmocka_unit_test_setup(test_odd_boots, setup),
		cmocka_unit_test_setup(test_phrases, setup),
		cmocka_unit_test_setup(test_modes, setup),
		cmocka_unit_test_setup(test_seeds, setup),
	};

	return cmocka_run_group_tests(tests, make_phrase, NULL);
}
