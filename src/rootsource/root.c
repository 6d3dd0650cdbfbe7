#include "rootsource/root.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/secret.h"
#include "crypto/kdf.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define PURPOSE "selfsame"
#define BODY_MAX 256
#define LINK_LEN 65
#define LINKS 2

void
root_name(char ret[ROOT_NAME_MAX])
{
	static const struct bytes parts[] = {{(const uint8_t *)"root secret", 11},
	                                     {(const uint8_t *)PURPOSE, sizeof PURPOSE - 1}};
	static const char begin[] = "selfsame/v1/secp256k1/";
	uint8_t hash[32];

	hash_parts("selfsame/dstack-name/v1", parts, ARRAY_LEN(parts), hash);
	memcpy(ret, begin, sizeof begin - 1);
	hex_encode(hash, sizeof hash, ret + sizeof begin - 1);
}

static const char *
scheme_name(enum boot_root scheme)
{
	return scheme == BOOT_ROOT_DSTACK_V1 ? "dstack-v1" : "dstack-v0";
}

/* The first that the agent has: v0, so that most images of one application agree. */
static int
choose(const struct dstack_agent *agent, enum boot_root wanted, enum boot_root *ret)
{
	int v0 = (agent->surfaces & DSTACK_V0) != 0;
	int v1 = (agent->surfaces & DSTACK_V1) != 0;

	switch (wanted) {
	case BOOT_ROOT_PHRASE:
		return ERR_UNSUPPORTED;
	case BOOT_ROOT_DSTACK:
		*ret = v0 ? BOOT_ROOT_DSTACK_V0 : BOOT_ROOT_DSTACK_V1;
		return v0 || v1 ? 0 : ERR_UNSUPPORTED;
	case BOOT_ROOT_DSTACK_V0:
		*ret = wanted;
		return v0 ? 0 : ERR_UNSUPPORTED;
	case BOOT_ROOT_DSTACK_V1:
		*ret = wanted;
		return v1 ? 0 : ERR_UNSUPPORTED;
	}
	return ERR_UNSUPPORTED;
}

static int
ask(const struct dstack_agent *agent, enum boot_root scheme, const char *name,
    struct dstack_answer *ret)
{
	uint8_t text[BODY_MAX];
	struct writer w = writer_of(text, sizeof text);
	int is_v1 = scheme == BOOT_ROOT_DSTACK_V1;

	write_text(&w, is_v1 ? "{\"domain\":\"" : "{\"path\":\"");
	write_text(&w, name);
	if (!is_v1)
		write_text(&w, "\",\"purpose\":\"" PURPOSE);
	write_text(&w, "\",\"algorithm\":\"secp256k1\"}");
	return dstack_call(agent, is_v1 ? "/v1/GetKey" : "/GetKey", (struct bytes){text, w.len},
	    ret);
}

/* The key, and its public key; where the agent tells that too, they must agree. */
static int
take_key(struct dstack_answer *a, enum boot_root scheme, uint8_t ret_key[32],
    uint8_t ret_public[33])
{
	uint8_t told[33];
	size_t len = 0;
	int r;

	dstack_hex(a, "key", ret_key, 32, &len);
	if (a->error.err != 0 || len != 32)
		return ERR_EVIDENCE;
	if (secp_key_check(ret_key) != 0)
		return ERR_EVIDENCE;
	if ((r = secp_public_key(ret_key, ret_public)) != 0)
		return r;
	if (scheme == BOOT_ROOT_DSTACK_V0)
		return 0;
	dstack_hex(a, "public_key", told, sizeof told, &len);
	if (a->error.err != 0 || len != sizeof told || memcmp(told, ret_public, len) != 0)
		return ERR_EVIDENCE;
	return 0;
}

/* None at all (a machine without a KMS), or both links. */
static int
take_links(struct dstack_answer *a, uint8_t ret[LINKS][LINK_LEN], size_t *ret_count)
{
	json_t *links = NULL;
	size_t n;

	json_in_value(&a->in, "signature_chain", JSON_REQUIRED, &links);
	n = json_array_size(links);
	*ret_count = 0;
	if (n != LINKS)
		return n == 0 && json_is_array(links) ? 0 : ERR_EVIDENCE;
	for (size_t i = 0; i < n; i++) {
		const json_t *link = json_array_get(links, i);

		if (!json_is_string(link))
			return ERR_EVIDENCE;
		if (i == 1 && json_string_length(link) == 0)
			return 0; /* the application's root has nobody above it */
		if (hex_decode(json_string_value(link), json_string_length(link), ret[i],
		        LINK_LEN) != 0)
			return ERR_EVIDENCE;
	}
	*ret_count = n;
	return 0;
}

/* "{"scheme":...,"signatureChain":["0x...","0x..."]}"; all of it is ours or hex */
static int
write_chain(struct root *root, const char *name, uint8_t links[LINKS][LINK_LEN], size_t count)
{
	struct writer w = writer_of(root->chain, sizeof root->chain);

	write_text(&w, "{\"scheme\":\"");
	write_text(&w, scheme_name(root->scheme));
	write_text(&w, "\",\"path\":\"");
	write_text(&w, name);
	write_text(&w, "\",\"purpose\":\"" PURPOSE "\",\"publicKey\":\"0x");
	write_hex(&w, root->public_key, sizeof root->public_key);
	write_text(&w, "\",\"signatureChain\":[");
	for (size_t i = 0; i < count; i++) {
		write_text(&w, i == 0 ? "\"0x" : ",\"0x");
		write_hex(&w, links[i], LINK_LEN);
		write_text(&w, "\"");
	}
	write_text(&w, "]}");
	return writer_end(&w, &root->chain_len);
}

static int
derive_seed(const uint8_t key[32], struct root *root)
{
	return hkdf_sha256(key, 32,
	    root->scheme == BOOT_ROOT_DSTACK_V1 ? "selfsame/root-seed/v1/dstack-v1"
	                                        : "selfsame/root-seed/v1/dstack-v0",
	    root->seed, sizeof root->seed);
}

/* What the first link signs; evidence/dstack_chain.h has both formulas. */
static void
claim_digest(const struct root *root, const char *name, uint8_t ret[32])
{
	uint8_t claim[BODY_MAX];
	struct writer w = writer_of(claim, sizeof claim);

	if (root->scheme == BOOT_ROOT_DSTACK_V0) {
		write_text(&w, PURPOSE ":");
		write_hex(&w, root->public_key, sizeof root->public_key);
	} else {
		write_lp(&w, "dstack-guest-v1-key-claim", 25);
		write_lp(&w, "secp256k1", 9);
		write_lp(&w, name, strlen(name));
		write_lp(&w, root->public_key, sizeof root->public_key);
	}
	keccak256(claim, w.len, ret);
}

/*
 * HKDF-SHA-256 of the simulators' published application keys (dstack's
 * sdk/simulator/appkeys.json, 0.5.4 and 0.6) under our name is a key that
 * everybody can make; they show by who signed the first link.
 */
static int
is_published(const struct root *root, const char *name, const uint8_t link[LINK_LEN])
{
	static const char *const app_roots[] = {
	    "02818494263695e8839122dbd88e281d7380622999df4e60a14befa0f2d096fc7c",
	    "02b85cceca0c02d878f0ebcda72a97469a472416eb6faf3c4807642132f9786810",
	};
	uint8_t digest[32], signer[64], short_form[33];
	char hex[2 * sizeof short_form + 1];

	claim_digest(root, name, digest);
	if (secp_recover(digest, link, link[64], signer) != 0)
		return 0;
	secp_compress(signer, short_form);
	hex_encode(short_form, sizeof short_form, hex);
	for (size_t i = 0; i < ARRAY_LEN(app_roots); i++)
		if (memcmp(hex, app_roots[i], sizeof hex - 1) == 0)
			return 1;
	return 0;
}

static int
take_answer(struct dstack_answer *a, const char *name, struct root *root)
{
	SECRET_BYTES(key, 32);
	uint8_t links[LINKS][LINK_LEN];
	size_t count;
	int r;

	if ((r = take_key(a, root->scheme, key, root->public_key)) != 0)
		return r;
	if ((r = take_links(a, links, &count)) != 0)
		return r;
	if (count > 0 && is_published(root, name, links[0]))
		return ERR_PUBLISHED_PHRASE;
	if ((r = write_chain(root, name, links, count)) != 0)
		return r;
	return derive_seed(key, root);
}

int
root_fetch(struct dstack_agent *agent, enum boot_root wanted, struct root *ret)
{
	char name[ROOT_NAME_MAX];
	struct dstack_answer a;
	int r;

	if ((r = dstack_probe(agent)) != 0)
		return r;
	if ((r = choose(agent, wanted, &ret->scheme)) != 0)
		return r;
	root_name(name);
	if ((r = ask(agent, ret->scheme, name, &a)) != 0)
		return r == ERR_NOT_FOUND ? ERR_UNSUPPORTED : r;
	r = take_answer(&a, name, ret);
	dstack_answer_close(&a);
	if (r != 0)
		wipe(ret, sizeof *ret);
	return r;
}
