/*
 * app-compose.json, the recipe of a dstack application, of which the machine
 * measures the SHA-256 over its raw bytes. A measured recipe is not a measured
 * program: here it is looked through for what would let the operator change the
 * program under the same hash.
 *
 *   images         in docker_compose_file every image is pinned by "@sha256:" and nothing
 *                  is built or taken from elsewhere at boot
 *   script         pre_launch_script and the like fetch nothing
 *   environment    allowed_envs names no variable that gives a shell or changes the code
 *
 * The compose file is YAML and is read as text, line by line, so that what cannot be
 * told is refused. That finds what is careless; what is malicious is kept out by the
 * list of compose hashes, which are put there by somebody who has read the file.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_COMPOSE_H
#define SELFSAME_EVIDENCE_DSTACK_COMPOSE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/reason.h"

#define DSTACK_COMPOSE_MAX (1U << 20)
#define DSTACK_COMPOSE_DETAIL_MAX 96

/* Each TDX_HOLDS or its reason; DSTACK_COMPOSE_PARSE in all when the file is not understood. */
struct dstack_compose {
	enum tdx_reason images;
	enum tdx_reason script;
	enum tdx_reason environment;
	/* the line of the compose file, the command and the variable at fault, or "" */
	unsigned image_line;
	char command[DSTACK_COMPOSE_DETAIL_MAX];
	char variable[DSTACK_COMPOSE_DETAIL_MAX];
};

/* SHA-256 of the raw bytes: not canonical, one space more is another application. */
int dstack_compose_hash(struct bytes file, uint8_t ret32[32]) MUST_USE;

void dstack_compose_look(struct bytes file, struct dstack_compose *ret);

#endif
