#include "attester/kms_check.h"

#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "evidence/kms_addresses.h"
#include "base/banned.h"

static const char *
problem_of(int err)
{
	switch (err) {
	case ERR_PARSE:
		return "SELFSAME_KMS_ADDRESSES: is no list of the KMS's; give its whole answer, "
		       "{\"data\":...,\"signature\":...}";
	case ERR_SIGNATURE:
		return "SELFSAME_KMS_ADDRESSES: is not signed by the KMS of "
		       "SELFSAME_KMS_ENVIRONMENT";
	case ERR_CONFLICT:
		return "MNEMONIC: is not the one that the KMS released: its address 0 is not on "
		       "SELFSAME_KMS_ADDRESSES, or the list is another application's. Somebody "
		       "overrode it in the environment; remove MNEMONIC from the deployment's "
		       "variables";
	case ERR_NOT_FOUND:
		return "SELFSAME_KMS_ADDRESSES: does not say whose list it is, and "
		       "SELFSAME_APP_ID is set; get the list of version 2";
	}
	return "SELFSAME_KMS_ADDRESSES: could not be checked";
}

static int
check_list(const struct kms_settings *s, const uint8_t key[64], const uint8_t address[20])
{
	static struct kms_addresses list; /* 2 KiB */
	const struct bytes json = {(const uint8_t *)s->addresses, strlen(s->addresses)};
	uint8_t app_id[20];
	int r;

	if ((r = kms_addresses_read(json, key, &list)) != 0)
		return r;
	if (s->app_id == NULL)
		return kms_addresses_check(&list, address, NULL);
	if ((r = hex_decode_0x(s->app_id, strlen(s->app_id), app_id, sizeof app_id)) != 0)
		return r;
	return kms_addresses_check(&list, address, app_id);
}

int
kms_check_under(const struct kms_settings *s, const uint8_t key64[64], const uint8_t address[20],
		const char **problem)
{
	int r;

	if ((r = check_list(s, key64, address)) != 0) {
		*problem = problem_of(r);
		return r;
	}
	log_note(LOG_INFO, "mnemonic-is-the-kms's");
	return 0;
}

int
kms_check(const struct kms_settings *s, const uint8_t address[20], const char **problem)
{
	const char *environment = s->environment != NULL ? s->environment : "mainnet-alpha";
	const uint8_t *key;

	if (s->addresses == NULL)
		return 0;
	if ((key = kms_signing_key(environment)) != NULL)
		return kms_check_under(s, key, address, problem);
	*problem = "SELFSAME_KMS_ENVIRONMENT: must be mainnet-alpha, sepolia or sepolia-dev";
	return ERR_SETTING;
}
