#include "tee/simulated_pki.h"

#include <string.h>

#include "base/err.h"
#include "tdx/digest.h"
#include "tdx/pem.h"
#include "tee/p256_sign.h"
#include "base/banned.h"

static const char label_prefix[] = "selfsame/simulated/v1/";

#define CRL_PREFIX "https://simulated.selfsame.invalid/"
#define ROOT_CRL CRL_PREFIX "SimulatedSGXRootCA.der"
#define SIGNS (KEY_USAGE_DIGITAL_SIGNATURE | KEY_USAGE_NON_REPUDIATION)
#define ISSUES (KEY_USAGE_CERT_SIGN | KEY_USAGE_CRL_SIGN)

/* What distinguishes the certificates; the rest is the same for all. */
static const struct {
	const char *key_label;
	const char *common_name;
	const char *crl_url; /* of what it issues, if anything */
	int path_len;	     /* -1: no authority */
	uint8_t key_usage;
} roles[SIMULATED_ROLES_COUNT] = {
    [SIMULATED_PCK] = {"pck", "Selfsame Simulated SGX PCK Certificate", NULL, -1, SIGNS},
    [SIMULATED_PLATFORM_CA] = {"platform-ca", "Selfsame Simulated SGX PCK Platform CA",
			       CRL_PREFIX "pckcrl?ca=platform&encoding=der", 0, ISSUES},
    [SIMULATED_PROCESSOR_CA] = {"processor-ca", "Selfsame Simulated SGX PCK Processor CA",
				CRL_PREFIX "pckcrl?ca=processor&encoding=der", 0, ISSUES},
    [SIMULATED_TCB_SIGNER] = {"tcb-signer", "Selfsame Simulated SGX TCB Signing", NULL, -1, SIGNS},
    [SIMULATED_ROOT] = {"root", "Selfsame Simulated SGX Root CA", ROOT_CRL, 1, ISSUES},
};

static struct bytes
text_bytes(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

int
simulated_bytes32(const char *label, uint8_t ret[32])
{
	const struct bytes parts[2] = {text_bytes(label_prefix), text_bytes(label)};

	return digest_sha256(parts, 2, ret);
}

int
simulated_bytes48(const char *label, uint8_t ret[48])
{
	const struct bytes parts[2] = {text_bytes(label_prefix), text_bytes(label)};

	return digest_sha384(parts, 2, ret);
}

int
simulated_key_make(const char *label, struct simulated_key *ret)
{
	struct simulated_key k;
	int r;

	if ((r = simulated_bytes32(label, k.secret)) != 0)
		return r;
	if ((r = p256_public(k.secret, k.public)) != 0)
		return r;
	*ret = k;
	return 0;
}

int
simulated_role_key(enum simulated_role role, struct simulated_key *ret)
{
	return simulated_key_make(roles[role].key_label, ret);
}

int
simulated_role_spec(enum simulated_role role, enum simulated_role issuer, struct x509_spec *ret)
{
	struct simulated_key own, issuing;
	int r;

	if ((r = simulated_role_key(role, &own)) != 0 ||
	    (r = simulated_role_key(issuer, &issuing)) != 0)
		return r;
	*ret = (struct x509_spec){
	    .subject = roles[role].common_name,
	    .issuer = roles[issuer].common_name,
	    .not_before = SIMULATED_START,
	    .not_after = SIMULATED_END,
	    .crl_url = roles[issuer].crl_url,
	    .path_len = roles[role].path_len,
	    .key_usage = roles[role].key_usage,
	};
	memcpy(ret->key, own.public, sizeof ret->key);
	if ((r = x509_key_id(own.public, ret->subject_id)) != 0 ||
	    (r = x509_key_id(issuing.public, ret->authority_id)) != 0)
		return r;
	memcpy(ret->serial, ret->subject_id, sizeof ret->serial);
	return 0;
}

int
simulated_platform_make(struct pck_platform *ret)
{
	static const struct pck_platform platform = {
	    .components = {3, 3, 2, 2, 4, 1, 0, 5},
	    .cpusvn = {3, 3, 2, 2, 4, 1, 0, 5},
	    .pcesvn = 13,
	    .fmspc = {'S', 'E', 'L', 'F', 0x00, 0x01},
	    .sgx_type = 1, /* scalable, as nearly every real machine, and set like them: */
	    .ca = PCK_CA_PLATFORM,
	    .dynamic_platform = 1,
	    .cached_keys = 1,
	    .smt_enabled = 1,
	};
	uint8_t ppid[32], instance[32];
	int r;

	if ((r = simulated_bytes32("ppid", ppid)) != 0 ||
	    (r = simulated_bytes32("platform-instance-id", instance)) != 0)
		return r;
	*ret = platform;
	memcpy(ret->ppid, ppid, sizeof ret->ppid);
	memcpy(ret->platform_instance_id, instance, sizeof ret->platform_instance_id);
	return 0;
}

int
simulated_pki_make(struct simulated_pki *ret)
{
	static const enum simulated_role holder[PCK_CHAIN_LEN] = {[PCK_LEAF] = SIMULATED_PCK,
								  [PCK_INTERMEDIATE] =
								      SIMULATED_PLATFORM_CA,
								  [PCK_ROOT] = SIMULATED_ROOT};
	struct pck_platform platform;
	int r;

	if ((r = simulated_platform_make(&platform)) != 0)
		return r;
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++)
		if ((r = simulated_role_key(holder[i], &ret->key[i])) != 0)
			return r;
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++) {
		const unsigned issuer = i == PCK_ROOT ? PCK_ROOT : i + 1;
		struct x509_spec spec;

		if ((r = simulated_role_spec(holder[i], holder[issuer], &spec)) != 0)
			return r;
		spec.platform = i == PCK_LEAF ? &platform : NULL;
		if ((r = x509_certificate_write(&spec, ret->key[issuer].secret, ret->der[i],
						&ret->der_len[i])) != 0)
			return r;
	}
	return 0;
}

void
simulated_pki_write_chain(struct writer *w, const struct simulated_pki *pki)
{
	for (unsigned i = 0; i < PCK_CHAIN_LEN; i++)
		pem_write_certificate(w, pki->der[i], pki->der_len[i]);
}
