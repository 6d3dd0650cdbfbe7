/*
 * The configuration of a dstack machine as it came along with the evidence:
 * vm_config, or the sys-config that holds one as text. The host wrote it and
 * whoever passes evidence on may change it: nothing here is measured but the
 * mr_config document, and that only when MRCONFIGID is its hash.
 */
#ifndef SELFSAME_EVIDENCE_DSTACK_VM_H
#define SELFSAME_EVIDENCE_DSTACK_VM_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "evidence/dstack_facts.h"
#include "json/reader.h"
#include "tdx/reason.h"

#define DSTACK_VM_TEXT_MAX 65536
#define DSTACK_VM_IMAGE_MAX 128
#define DSTACK_VM_DOCUMENT_MAX 4096

struct dstack_vm {
	int has_os_image;
	uint8_t os_image[32];
	char image[DSTACK_VM_IMAGE_MAX + 1]; /* such as "dstack-0.6.0"; "" when absent */
	uint8_t document[DSTACK_VM_DOCUMENT_MAX]; /* mr_config, as it stands */
	size_t document_len; /* 0: none */
};

/*
 * Read the text; an empty one has nothing. Unknown members are passed over.
 *
 * Returns: TDX_HOLDS or DSTACK_EVIDENCE; *error then names the member
 */
enum tdx_reason dstack_vm_read(struct bytes text, struct dstack_vm *ret, struct json_error *error)
    MUST_USE;

/* Whether the image's name says that it is one for development. */
int dstack_vm_is_dev(const struct dstack_vm *vm);

/*
 * Whether an mr_config document names what the events measured: compose hash and
 * key provider, and application, provider's and instance's id where it names them.
 * That MRCONFIGID is the document's hash is another check.
 *
 * Returns: TDX_HOLDS or DSTACK_CONFIG_ID
 */
enum tdx_reason dstack_vm_document_agrees(const struct dstack_vm *vm,
    const struct dstack_facts *facts) MUST_USE;

#endif
