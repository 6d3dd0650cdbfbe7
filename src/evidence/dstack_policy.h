/*
 * What a relying party expects of a dstack application, as a JSON object: all
 * members are optional, unknown ones are refused, hex is without prefix.
 *
 *   appId            40 digits
 *   composeHashes    list: the applications that may run, by the SHA-256 of app-compose.json
 *   composeReviewed  true: somebody has read those files, so that what the text check finds
 *                    in them is told and not held against them
 *   osMeasurements   list of {mrtd, rtmr0, rtmr1, rtmr2}: each image on each shape of machine
 *   osImages         list: os_image_hash of images that may run
 *   osReleases       true: the production releases known here may run, too
 *   devImages        list: images to refuse besides the development releases known here
 *   kmsCa            the KMS's certificate authority: SubjectPublicKeyInfo, DER
 *   kmsRoot          the KMS's root of key chains: a secp256k1 public key
 *   mrKms            list: mr_aggregated of KMS machines
 *   devices          list: device ids
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_POLICY_H
#define SELFSAME_EVIDENCE_DSTACK_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "evidence/dstack.h"
#include "json/reader.h"

#define DSTACK_LIST_MAX 64

struct dstack_list {
	int given;
	size_t count;
	uint8_t hash[DSTACK_LIST_MAX][32];
};

/* Large: keep it off the stack. */
struct dstack_policy {
	int has_app_id;
	uint8_t app_id[20];
	struct dstack_list compose_hashes;
	int compose_reviewed;
	int has_os;
	size_t os_count;
	struct dstack_os os[DSTACK_LIST_MAX];
	struct dstack_list os_images;
	struct dstack_list dev_images;
	uint8_t kms_ca[DSTACK_CA_MAX];
	size_t kms_ca_len; /* 0: not given */
	int has_kms_root;
	uint8_t kms_root[33];
	struct dstack_list mr_kms;
	struct dstack_list devices;
};

/*
 * Read the members of an object; failures stay in `in`, as with json/reader.h, whose
 * json_in_close() the caller still calls.
 */
void dstack_policy_read(struct json_in *in, struct dstack_policy *ret);

/* Put it into a question, which then borrows from it; the other members stay as they are. */
void dstack_policy_ask(const struct dstack_policy *policy, struct dstack_question *question);

#endif
