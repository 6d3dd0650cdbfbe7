/*
 * The operating system images that dstack has released, by their os_image_hash,
 * as its release pages give them (not rebuilt here). A seed for a relying
 * party's own list; the development images are for refusing.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_IMAGES_H
#define SELFSAME_EVIDENCE_DSTACK_IMAGES_H

#include <stddef.h>
#include <stdint.h>

struct dstack_image {
	const char *name; /* "dstack-0.5.12" */
	int is_dev; /* its operator can log in */
	uint8_t hash[32];
};

/* NULL behind the last. */
const struct dstack_image *dstack_image_at(size_t i);

/* NULL when it is none of them. */
const struct dstack_image *dstack_image_find(const uint8_t hash32[32]);

#endif
