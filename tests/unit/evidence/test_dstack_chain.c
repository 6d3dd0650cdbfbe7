/*
 * Chains recorded from production (Phala, 2025 and 2026), the cross-SDK vectors
 * of Dstack-TEE/dstack (sdk/tests/vectors/signature_chain.json) and those of
 * its docs/guest-api-v1.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/hex.h"
#include "evidence/dstack_chain.h"
#include "base/banned.h"

#define PHALA_ROOT "0334c76e0c3f52ec64cbf9bbf5c910c272330166fd656c0a86bb330963e46910e1"
#define PHALA_CA                                                                                   \
	"3059301306072a8648ce3d020106082a8648ce3d030107034200048844eb42ccdf8c52fd4f174f362fcb9bbd" \
	"19"                                                                                       \
	"c45fd48f1edec2d8f1ca23536ec1a74021b4cee610c074f8294d431b2b7fee2c39e5333fdaf0a4522d43fb15" \
	"9d9f"

struct recorded {
	const char *app_id;
	enum dstack_scheme scheme;
	enum dstack_algorithm algorithm;
	const char *purpose;
	const char *public_key;
	const char *link[2];
	const char *app_root;
	const char *kms_root;
};

static const struct recorded aci_receipt = {
    .app_id = "fdb7a14e5a6675f752e2cb69c9067a98ca402918",
    .algorithm = DSTACK_SECP256K1,
    .purpose = "aci.receipt.v1",
    .public_key = "03211c7585e727c2a2e5782dafc9d283b6afbfc88bd117aeb484a0a9495eae3d09",
    .link = {"17ace53fdeb0f56303ecc0986649b5879d6487590cee0d29d7896d6ebe59d025"
	     "163da4439971d231fd48bc20ef90fe1a1881e55f76e0c28a35facaf6789a4ec000",
	     "5c2fe36bdb1e434c0a371579bcbce07c4e7b89eba45affa089191baec84f23ad"
	     "77b24a594aa28427b6b7a5f348b0ecf5597abfd9a2add05ddb55c521ba38a38501"},
    .app_root = "02cdcc3ffd3e22f60a0e4f7c0dfcc3fb62d4765295dd43997c538109b732bdb835",
    .kms_root = PHALA_ROOT,
};

/* As published, the chain does not cover the key next to it. */
static const struct recorded aci_legacy = {
    .app_id = "fdb7a14e5a6675f752e2cb69c9067a98ca402918",
    .algorithm = DSTACK_ED25519,
    .purpose = "aci.legacy.ed25519.v1",
    .public_key = "5b17b146b5991ce341019a919e5f628a208dc39b0e9e4640bf97bf4d3b972628",
    .link = {"cedb017ac7ccb724e68fd94575dfd1668e6a10a565d71259b54b74a07ea81456"
	     "34745252627f3ee804fb2b7a08f7aa3537bd7a39bf82adc4b99b217fa34f493501",
	     "5c2fe36bdb1e434c0a371579bcbce07c4e7b89eba45affa089191baec84f23ad"
	     "77b24a594aa28427b6b7a5f348b0ecf5597abfd9a2add05ddb55c521ba38a38501"},
    .app_root = "032f12557b2516d7b416eac9e146e424a462c666f0f51ed64a7183b0881e82770e",
    .kms_root = "03f893b9c0e3bac1e49007efc8f7032d81327953406366882aaf2653c3b7ad1afc",
};

#define SDK_LINK1                                                          \
	"00ac321fbbe6817c5de0720644e936b20046ff1c9226e0558a9c86856e8a1dd0" \
	"6bb7a7efae1cf3ec522553c28627ea96c139d5dc9cdd5a1898c2406c074438d800"
#define SDK_ROOT "0318f228673448772dd4835a82149a9d475db8095234469a8fcc85cfa18b85abbc"

static const struct recorded sdk_ed25519 = {
    .app_id = "a9019d1b2c3d4e5f60718293a4b5c6d7e8f90a1b",
    .algorithm = DSTACK_ED25519,
    .purpose = "signing",
    .public_key = "f2c761dfee96542500c1ca5460bb0e327b4acb67d882f5846e21baa8d55d2f5b",
    .link = {"181498cdcebe6cae41fe1474b3d8af53c7969a2fb20f9f20a5cdcc9d92f5596d"
	     "500cf9605996ec2e55406666fee630d5882e5e97c2417e079c6f074ca6c7c57301",
	     SDK_LINK1},
    .app_root = "03f8669c2bf08c4deeb712b81d456cd1eadbf97872dfc5d5ca916edf605fc5b6fe",
    .kms_root = SDK_ROOT,
};

static const struct recorded sdk_secp256k1 = {
    .app_id = "a9019d1b2c3d4e5f60718293a4b5c6d7e8f90a1b",
    .algorithm = DSTACK_SECP256K1,
    .purpose = "signing",
    .public_key = "03f6e0f232f5eb6f4b118960a80c3939ea947b6dc727215aba43451910f2741bb8",
    .link = {"77ae5ea476f00df11938fd1df3a65a4fbd9f92b64c816b9f29ee79a1e4ae74ed"
	     "43269a36376b4ed838460ef3b56ba553cefa6e63def4a4487386f783f14295a001",
	     SDK_LINK1},
    .app_root = "03f8669c2bf08c4deeb712b81d456cd1eadbf97872dfc5d5ca916edf605fc5b6fe",
    .kms_root = SDK_ROOT,
};

static struct bytes
unhex(const char *hex, uint8_t *room)
{
	size_t n = strlen(hex) / 2;

	assert_int_equal(hex_decode(hex, 2 * n, room, n), 0);
	return (struct bytes){room, n};
}

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* A recorded chain, decoded. */
struct decoded {
	struct dstack_claim claim;
	struct dstack_chain chain;
	uint8_t app_id[20];
	uint8_t key[65];
	uint8_t kms_root[33];
};

static void
decode(const struct recorded *r, struct decoded *ret)
{
	ret->claim = (struct dstack_claim){r->scheme, r->algorithm, text(r->purpose),
					   unhex(r->public_key, ret->key)};
	(void)unhex(r->app_id, ret->app_id);
	(void)unhex(r->link[0], ret->chain.link[0]);
	(void)unhex(r->link[1], ret->chain.link[1]);
	(void)unhex(r->kms_root, ret->kms_root);
}

static enum tdx_reason
verify(const struct decoded *d)
{
	return dstack_chain_verify(&d->claim, d->app_id, &d->chain, d->kms_root);
}

static void
check_recovers(const struct recorded *r)
{
	struct decoded d;
	struct dstack_roots roots;
	char hex[67];

	decode(r, &d);
	assert_int_equal(dstack_chain_recover(&d.claim, d.app_id, &d.chain, &roots), TDX_HOLDS);
	hex_encode(roots.app_root, 33, hex);
	assert_string_equal(hex, r->app_root);
	hex_encode(roots.kms_root, 33, hex);
	assert_string_equal(hex, r->kms_root);
	assert_int_equal(verify(&d), TDX_HOLDS);
}

static void
test_recorded_chains(void **state)
{
	(void)state;
	check_recovers(&aci_receipt);
	check_recovers(&sdk_ed25519);
	check_recovers(&sdk_secp256k1);
}

static void
test_published_chain_of_another_key(void **state)
{
	struct decoded d;

	(void)state;
	check_recovers(&aci_legacy); /* to signers that nobody knows */
	decode(&aci_legacy, &d);
	(void)unhex(PHALA_ROOT, d.kms_root);
	assert_int_equal(verify(&d), DSTACK_CHAIN_ROOT);
}

/* Only link0 is published for v1: the application's root signed, whatever link1 says. */
static void
test_v1_claims(void **state)
{
	/* the public key of 1a2b...1a2b, the application's root of docs/guest-api-v1.md */
	static const char app_root[] =
	    "0375427ab8309aad26beea8142edf427674e4544604ae4dc5045108ad21fc8a0db";
	static const struct {
		const char *domain;
		const char *key;
		const char *link0;
	} cases[] = {
	    {"storage-encryption",
	     "03d962450a41748021c8b02787ac36ce642ff0ae25f4c55019eb527e1112cfd764",
	     "5b6193729ce7976ec67863f21692d4b98c69832698aae8e001a7d33a6f818b6e"
	     "46ca950725b6e90e8ca9bcf394abd03ce264bf9b7eec1e91693247f9dd53c26901"},
	    {"wallet", "0369cecd3c8da88730f7d45875824c3e75f63a2d3da4be42f45671954daa2abb28",
	     "af26d2f258d34580e7288bd83fc97bddc83769476d77823c4f76a3ad77a75149"
	     "1a39ffc4ef3aa66cb0d008b8f6f199e6d57c1da9a92ba4cf10f23bf752b8cad000"},
	};
	struct dstack_roots roots;
	struct decoded d;
	char hex[67];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		decode(&sdk_secp256k1, &d);
		d.claim.scheme = DSTACK_SCHEME_V1;
		d.claim.purpose = text(cases[i].domain);
		d.claim.public_key = unhex(cases[i].key, d.key);
		(void)unhex(cases[i].link0, d.chain.link[0]);
		assert_int_equal(dstack_chain_recover(&d.claim, d.app_id, &d.chain, &roots),
				 TDX_HOLDS);
		hex_encode(roots.app_root, 33, hex);
		assert_string_equal(hex, app_root);
	}
	/* in the words of v0 the same signature is another's */
	d.claim.scheme = DSTACK_SCHEME_V0;
	assert_int_equal(dstack_chain_recover(&d.claim, d.app_id, &d.chain, &roots), TDX_HOLDS);
	hex_encode(roots.app_root, 33, hex);
	assert_string_not_equal(hex, app_root);
}

static void
test_every_form_of_the_key(void **state)
{
	struct decoded d;

	(void)state;
	decode(&aci_receipt, &d);
	d.claim.public_key =
	    unhex("04211c7585e727c2a2e5782dafc9d283b6afbfc88bd117aeb484a0a9495eae3d09"
		  "bd7d2f71ca10020fb1397a08efd67dff76b29c40f6057a38bc8c424cd142406d",
		  d.key);
	assert_int_equal(verify(&d), TDX_HOLDS);
	d.claim.public_key = (struct bytes){d.key + 1, 64};
	assert_int_equal(verify(&d), TDX_HOLDS);
	d.claim.public_key = (struct bytes){d.key, 64};
	assert_int_equal(verify(&d), DSTACK_CHAIN_PARSE);
	d.claim.algorithm = DSTACK_ED25519;
	assert_int_equal(verify(&d), DSTACK_CHAIN_PARSE);
}

static void
test_refuses_other_inputs(void **state)
{
	static const uint8_t long_purpose[DSTACK_PURPOSE_MAX + 1];
	struct decoded d;

	(void)state;
	decode(&aci_receipt, &d);
	d.claim.purpose = text("aci.identity.v1");
	assert_int_equal(verify(&d), DSTACK_CHAIN_ROOT);
	decode(&aci_receipt, &d);
	d.app_id[0] ^= 1;
	assert_int_equal(verify(&d), DSTACK_CHAIN_ROOT);
	decode(&aci_receipt, &d);
	d.kms_root[32] ^= 1;
	assert_int_equal(verify(&d), DSTACK_CHAIN_ROOT);
	decode(&aci_receipt, &d);
	(void)unhex(sdk_secp256k1.public_key, d.key);
	assert_int_equal(verify(&d), DSTACK_CHAIN_ROOT);
	decode(&aci_receipt, &d);
	d.claim.purpose = (struct bytes){long_purpose, sizeof long_purpose};
	assert_int_equal(verify(&d), DSTACK_CHAIN_PARSE);
}

/* s' = n - s, with the other recovery id: the same signature to whoever does not look. */
static void
test_refuses_high_s(void **state)
{
	/* n less the s of link0 and of link1 */
	static const char *const high[2] = {
	    "e9c25bbc668e2dce02b743df106f01e4a22cf7873867ddb189d79396579bf281",
	    "884db5a6b55d7bd849485a0cb74f130961341d0d0c9acfdde47c996b15fd9dbc",
	};
	struct decoded d;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		decode(&aci_receipt, &d);
		(void)unhex(high[i], d.chain.link[i] + 32);
		d.chain.link[i][64] ^= 1;
		assert_int_equal(verify(&d), DSTACK_CHAIN_SIGNATURE);
	}
}

static void
test_refuses_recovery_id(void **state)
{
	static const uint8_t ids[] = {4, 27, 28, 255};
	struct decoded d;

	(void)state;
	for (unsigned link = 0; link < 2; link++) {
		for (size_t i = 0; i < sizeof ids; i++) {
			decode(&aci_receipt, &d);
			d.chain.link[link][64] = ids[i];
			assert_int_equal(verify(&d), DSTACK_CHAIN_SIGNATURE);
		}
		memset(d.chain.link[link], 0, DSTACK_LINK_LEN);
		assert_int_equal(verify(&d), DSTACK_CHAIN_SIGNATURE);
	}
}

static void
test_kms_binding(void **state)
{
	uint8_t data[64] = {0}, ca_bytes[128], root[33];
	struct bytes ca = unhex(PHALA_CA, ca_bytes);

	(void)state;
	(void)unhex(PHALA_ROOT, root);
	(void)unhex("8e695b1d3d63775ce4c6162fcabb0666b045e2f35323f8ce8f07f26e3bbf6211", data);
	assert_int_equal(dstack_root_is_bound(data, ca, root), TDX_HOLDS);
	data[63] = 1;
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
	data[63] = 0;
	data[0] ^= 1;
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
	data[0] ^= 1;
	root[0] ^= 1;
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
	root[0] ^= 1;
	ca_bytes[90] ^= 1;
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
	ca_bytes[90] ^= 1;
	ca.len--;
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
	ca.len = 0;
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
	ca.len = DSTACK_CA_MAX + 1; /* not read */
	assert_int_equal(dstack_root_is_bound(data, ca, root), DSTACK_KMS_BINDING);
}

static void
test_signatures(void **state)
{
	static const char data[] = "dstack signature chain test vector";
	uint8_t key[33], signature[64], hash[32];
	struct bytes k;

	(void)state;
	k = unhex(sdk_ed25519.public_key, key);
	(void)unhex("b29c21a4aa614b434542e938abe9e48c46369c4d37ecfcdbaae02251c73eff5f"
		    "1912ada04309445575204a110a6fc74dd73734240a7c6e2bffbb5c9e1bd0b408",
		    signature);
	assert_int_equal(dstack_signature_verify(DSTACK_ED25519, k, text(data), signature), 0);
	assert_int_equal(dstack_signature_verify(DSTACK_ED25519, k, text("other"), signature),
			 DSTACK_CHAIN_SIGNATURE);
	k.len--;
	assert_int_equal(dstack_signature_verify(DSTACK_ED25519, k, text(data), signature),
			 DSTACK_CHAIN_PARSE);
	k = unhex(sdk_secp256k1.public_key, key);
	(void)unhex("4753cea786fe882ec17a1f75199d15f43e864286ddf1d599a901e503db787dc2"
		    "5c825c8a7a259a7c256fdbf75e74bd73282737f03fc449f9e627c8b540a161f4",
		    signature);
	assert_int_equal(dstack_signature_verify(DSTACK_SECP256K1, k, text(data), signature), 0);
	assert_int_equal(dstack_signature_verify(DSTACK_SECP256K1, k, text("other"), signature),
			 DSTACK_CHAIN_SIGNATURE);
	assert_int_equal(
	    dstack_signature_verify(
		DSTACK_SECP256K1_PREHASHED, k,
		unhex("18779657704cffe138dcca907960ddc7c4586078c0a7a60b689de8ec0e9f558b", hash),
		signature),
	    0);
	assert_int_equal(dstack_signature_verify(DSTACK_SECP256K1_PREHASHED, k,
						 (struct bytes){hash, 31}, signature),
			 DSTACK_CHAIN_PARSE);
	/* the same signature with a high s */
	(void)unhex("a37da37585da6583da902408a18b428b9287a4f66f845641d9aa95d78f94df4d",
		    signature + 32);
	assert_int_equal(dstack_signature_verify(DSTACK_SECP256K1, k, text(data), signature),
			 DSTACK_CHAIN_SIGNATURE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_recorded_chains),
	    cmocka_unit_test(test_published_chain_of_another_key),
	    cmocka_unit_test(test_v1_claims),
	    cmocka_unit_test(test_every_form_of_the_key),
	    cmocka_unit_test(test_refuses_other_inputs),
	    cmocka_unit_test(test_refuses_high_s),
	    cmocka_unit_test(test_refuses_recovery_id),
	    cmocka_unit_test(test_kms_binding),
	    cmocka_unit_test(test_signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
