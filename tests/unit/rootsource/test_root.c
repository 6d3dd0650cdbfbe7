/* The root secret from an agent of each generation: formulas by hand, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "fakes/fake_agent.h"
#include "rootsource/root.h"

#define NAME_DIGITS 64

static struct fake_agent fake;
static uint8_t room[DSTACK_ANSWER_MAX];
static int has_v0, has_v1, has_get_key;
static char key_text[80], public_text[80], links_text[400];
static char asked[256];
static const uint8_t key[32] = {0x11, 0x22, [31] = 0x33};

static void
respond_text(struct writer *w, unsigned status, const char *text)
{
	fake_agent_respond(w, status, "application/json", text, strlen(text));
}

static void
respond_key(struct writer *w, struct bytes body, int is_v1)
{
	char text[1024];

	assert_in_range(body.len, 2, sizeof asked - 1);
	memcpy(asked, body.p, body.len);
	asked[body.len] = '\0';
	(void)snprintf(text, sizeof text, "{\"key\":\"%s\"%s%s%s,\"signature_chain\":%s}", key_text,
	    is_v1 ? ",\"public_key\":\"" : "", is_v1 ? public_text : "", is_v1 ? "\"" : "",
	    links_text);
	respond_text(w, 200, text);
}

static void
answer(void *arg, const char *path, struct bytes body, struct writer *w)
{
	int is_v1 = strncmp(path, "/v1/", 4) == 0;

	(void)arg;
	if (strncmp(path, "/prpc/", 6) == 0 || (is_v1 ? !has_v1 : !has_v0))
		fake_agent_respond(w, 404, "text/html", "no", 2);
	else if (strstr(path, "GetKey") != NULL && has_get_key)
		respond_key(w, body, is_v1);
	else if (strstr(path, "Version") != NULL)
		respond_text(w, 200, "{\"version\":\"x\"}");
	else
		respond_text(w, 404, "{\"error\":\"Service not found: GetKey\"}");
}

static int
begin(void **state)
{
	char link[131];
	uint8_t public_key[33];

	(void)state;
	fake = (struct fake_agent){.answer = answer};
	has_v0 = has_v1 = has_get_key = 1;
	if (secp_open() != 0 || secp_public_key(key, public_key) != 0)
		return -1;
	hex_encode(key, 32, key_text);
	hex_encode(public_key, 33, public_text);
	memset(link, 'a', 130);
	link[130] = '\0';
	(void)snprintf(links_text, sizeof links_text, "[\"%s\",\"%s\"]", link, link);
	return 0;
}

static int
fetch(enum boot_root wanted, struct root *ret)
{
	struct dstack_agent agent = {
	    .io = fake_agent_io(&fake), .room = room, .room_len = sizeof room};

	memset(ret, 0, sizeof *ret);
	return root_fetch(&agent, wanted, ret);
}

/* RFC 5869 with one-call HMACs, not with the code under test. */
static void
hkdf_64(const uint8_t ikm[32], const char *info, uint8_t ret[64])
{
	static const uint8_t salt[32];
	uint8_t prk[32], block[32 + 64 + 1];
	size_t n = strlen(info);
	crypto_auth_hmacsha256_state st;

	crypto_auth_hmacsha256_init(&st, salt, 32);
	crypto_auth_hmacsha256_update(&st, ikm, 32);
	crypto_auth_hmacsha256_final(&st, prk);
	memcpy(block, info, n);
	block[n] = 1;
	crypto_auth_hmacsha256(ret, block, n + 1, prk);
	memcpy(block, ret, 32);
	memcpy(block + 32, info, n);
	block[32 + n] = 2;
	crypto_auth_hmacsha256(ret + 32, block, 32 + n + 1, prk);
}

/* Written out: the purpose and the curve are in the one string that derives. */
static void
expected_name(char ret[ROOT_NAME_MAX])
{
	static const char preimage[] = "selfsame/dstack-name/v1\0\0\0\0\x0broot secret\0\0\0\x08selfsame";
	uint8_t hash[32];
	int n = snprintf(ret, ROOT_NAME_MAX, "selfsame/v1/secp256k1/");

	SHA256((const uint8_t *)preimage, sizeof preimage - 1, hash);
	hex_encode(hash, 32, ret + n);
}

static void
test_v0(void **state)
{
	char name[ROOT_NAME_MAX], wanted[1024];
	uint8_t seed[64];
	struct root root;

	(void)state;
	expected_name(name);
	assert_int_equal(fetch(BOOT_ROOT_DSTACK, &root), 0);
	assert_int_equal(root.scheme, BOOT_ROOT_DSTACK_V0);
	(void)snprintf(wanted, sizeof wanted,
	    "{\"path\":\"%s\",\"purpose\":\"selfsame\",\"algorithm\":\"secp256k1\"}", name);
	assert_string_equal(asked, wanted);
	hkdf_64(key, "selfsame/root-seed/v1/dstack-v0", seed);
	assert_memory_equal(root.seed, seed, 64);
	(void)snprintf(wanted, sizeof wanted,
	    "{\"scheme\":\"dstack-v0\",\"path\":\"%s\",\"purpose\":\"selfsame\",\"publicKey\":\"0x%s\","
	    "\"signatureChain\":[\"0x%.130s\",\"0x%.130s\"]}",
	    name, public_text, links_text + 2, links_text + 2);
	assert_int_equal(root.chain_len, strlen(wanted));
	assert_memory_equal(root.chain, wanted, root.chain_len);
}

static void
test_v1(void **state)
{
	char name[ROOT_NAME_MAX], wanted[256];
	uint8_t seed[64];
	struct root root;

	(void)state;
	expected_name(name);
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V1, &root), 0);
	assert_int_equal(root.scheme, BOOT_ROOT_DSTACK_V1);
	(void)snprintf(wanted, sizeof wanted, "{\"domain\":\"%s\",\"algorithm\":\"secp256k1\"}", name);
	assert_string_equal(asked, wanted);
	hkdf_64(key, "selfsame/root-seed/v1/dstack-v1", seed);
	assert_memory_equal(root.seed, seed, 64);
}

/* The scheme on record is asked for, or none. */
static void
test_schemes(void **state)
{
	static const struct {
		enum boot_root wanted;
		int v0, v1, get_key, expected;
		enum boot_root got;
	} cases[] = {
	    {BOOT_ROOT_DSTACK, 1, 1, 1, 0, BOOT_ROOT_DSTACK_V0},
	    {BOOT_ROOT_DSTACK, 1, 0, 1, 0, BOOT_ROOT_DSTACK_V0},
	    {BOOT_ROOT_DSTACK, 0, 1, 1, 0, BOOT_ROOT_DSTACK_V1},
	    {BOOT_ROOT_DSTACK_V0, 0, 1, 1, ERR_UNSUPPORTED, 0},
	    {BOOT_ROOT_DSTACK_V1, 1, 0, 1, ERR_UNSUPPORTED, 0},
	    {BOOT_ROOT_DSTACK, 0, 0, 1, ERR_UNSUPPORTED, 0},
	    {BOOT_ROOT_DSTACK, 1, 1, 0, ERR_UNSUPPORTED, 0},
	    {BOOT_ROOT_PHRASE, 1, 1, 1, ERR_UNSUPPORTED, 0},
	    {(enum boot_root)7, 1, 1, 1, ERR_UNSUPPORTED, 0},
	};
	struct root root;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		has_v0 = cases[i].v0;
		has_v1 = cases[i].v1;
		has_get_key = cases[i].get_key;
		assert_int_equal(fetch(cases[i].wanted, &root), cases[i].expected);
		if (cases[i].expected == 0)
			assert_int_equal(root.scheme, cases[i].got);
	}
}

/* A machine without a KMS has no chain; one link alone, or half a link, is none either. */
static void
test_links(void **state)
{
	static const struct {
		const char *links;
		int expected;
	} cases[] = {
	    {"[]", 0}, {"[\"aa\"]", ERR_EVIDENCE}, {"[\"aa\",\"bb\"]", ERR_EVIDENCE},
	    {"[\"\",\"\",\"\"]", ERR_EVIDENCE}, {"[1,2]", ERR_EVIDENCE}, {"{}", ERR_EVIDENCE},
	    {"\"\"", ERR_EVIDENCE},
	};
	struct root root;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memcpy(links_text, cases[i].links, strlen(cases[i].links) + 1);
		assert_int_equal(fetch(BOOT_ROOT_DSTACK_V0, &root), cases[i].expected);
		if (cases[i].expected == 0)
			assert_non_null(memmem(root.chain, root.chain_len, "\"signatureChain\":[]}", 20));
	}
	(void)snprintf(links_text, sizeof links_text, "[\"%0130d\",\"\"]", 0);
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V0, &root), 0);
}

static void
test_wrong_keys(void **state)
{
	static const char *const keys[] = {
	    "", "00",
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
	    "11220000000000000000000000000000000000000000000000000000000000",
	    "112200000000000000000000000000000000000000000000000000000000003300",
	    "zz22000000000000000000000000000000000000000000000000000000000033",
	};
	static const struct root none;
	struct root root;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		memcpy(key_text, keys[i], strlen(keys[i]) + 1);
		assert_int_equal(fetch(BOOT_ROOT_DSTACK_V0, &root), ERR_EVIDENCE);
		assert_memory_equal(&root, &none, sizeof root);
	}
	/* v1 tells the public key too */
	hex_encode(key, 32, key_text);
	public_text[0] = public_text[0] == '0' ? '1' : '0';
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V1, &root), ERR_EVIDENCE);
	public_text[0] = '0';
	public_text[65] ^= 1;
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V1, &root), ERR_EVIDENCE);
	public_text[64] = '\0';
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V1, &root), ERR_EVIDENCE);
}

static void
test_agent_gone(void **state)
{
	struct root root;

	(void)state;
	fake.cut_after = 40;
	assert_int_equal(fetch(BOOT_ROOT_DSTACK, &root), ERR_CLOSED);
	fake.cut_after = 0;
	fake.silent = 1;
	assert_int_equal(fetch(BOOT_ROOT_DSTACK, &root), ERR_TIMEOUT);
}

/* dstack's simulator, whose application key is in its repository. */
static void
test_simulator(void **state)
{
	static const char place[] = "../shared/fixtures/dstack/simulator-0.6/appkeys.json";
	char text[16384], *at, claim[128];
	uint8_t app_key[32], digest[32], link[65];
	struct root root;
	size_t len;
	FILE *f = fopen(place, "r");

	(void)state;
	if (f == NULL)
		skip();
	len = fread(text, 1, sizeof text - 1, f);
	(void)fclose(f);
	text[len] = '\0';
	assert_non_null(at = strstr(text, "\"k256_key\""));
	assert_non_null(at = strchr(at + 10, '"'));
	assert_int_equal(hex_decode(at + 1, 64, app_key, 32), 0);
	(void)snprintf(claim, sizeof claim, "selfsame:%s", public_text);
	keccak256(claim, strlen(claim), digest);
	assert_int_equal(secp_sign(app_key, digest, NULL, link, &link[64]), 0);
	hex_encode(link, 65, links_text + 2);
	(void)snprintf(links_text + 132, sizeof links_text - 132, "\",\"%0130d\"]", 0);
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V0, &root), ERR_PUBLISHED_PHRASE);
	/* another key of ours under the same link recovers somebody else */
	memset(key_text, '7', 64);
	assert_int_equal(fetch(BOOT_ROOT_DSTACK_V0, &root), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_v0, begin),
	    cmocka_unit_test_setup(test_v1, begin),
	    cmocka_unit_test_setup(test_schemes, begin),
	    cmocka_unit_test_setup(test_links, begin),
	    cmocka_unit_test_setup(test_wrong_keys, begin),
	    cmocka_unit_test_setup(test_agent_gone, begin),
	    cmocka_unit_test_setup(test_simulator, begin),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
