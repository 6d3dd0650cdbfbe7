/*
 * How a child process begins: it learns of this boot from the supervisor, gets
 * ready, says so once, or says once why it cannot.
 *
 *	if (sandbox_begin() != 0)
 *		return EXIT_IO;
 *	if (boot_receive(ROLE_ATTESTER, &boot) != 0)
 *		return EXIT_PROTOCOL;
 *	... open everything; on failure: boot_fail(&boot, r, 0, "text for the operator");
 *	if (sandbox_close(SANDBOX_ATTESTER) != 0)
 *		boot_fail(&boot, ERR_IO, 0, "the system call filter could not be loaded");
 *	if (boot_ready(&boot, 0) != 0)
 *		return EXIT_IO;
 *	... loop
 *
 * Afterwards the supervisor sends nothing more; when its channel ends, the
 * process ends. No heap, and no call outside the filters of sandbox_*.def.
 */
#ifndef SELFSAME_IPC_BOOT_H
#define SELFSAME_IPC_BOOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

/* Exit statuses of our processes (sysexits.h where it has one). */
enum exit_status {
	EXIT_USAGE = 2,
	EXIT_SOFTWARE = 70, /* the signer died, or a loop ended that never ends */
	EXIT_IO = 74,
	EXIT_PROTOCOL = 76, /* another process broke the protocol */
	EXIT_SETTING = 78 /* the start was refused; a text on stderr or MSG_FAILED says why */
};

/* msg_boot.scheme; the numbers of enum agent_scheme, which ipc may not include. */
enum boot_scheme { BOOT_BOUND = 1, BOOT_INDEXED = 2 };

/* msg_boot.root_scheme: by which of an agent's derivations the root secret comes. */
enum boot_root {
	BOOT_ROOT_PHRASE, /* by none: it is a phrase */
	BOOT_ROOT_DSTACK, /* the first that the agent has: only when there is none on record */
	BOOT_ROOT_DSTACK_V0,
	BOOT_ROOT_DSTACK_V1
};

/* The largest BOOT frame: its fixed part and its four runs at their caps. */
#define BOOT_FRAME_MAX (FRAME_HEADER + 48 + 32 + 8192 + 2048 + 1024)

/* Not to be copied or moved: message borrows from frame. */
struct boot {
	struct channel supervisor;
	struct msg_boot message;
	uint8_t frame[BOOT_FRAME_MAX];
};

/*
 * Give the process its name, open the supervisor's channel (FD_SUPERVISOR) and
 * wait for MSG_BOOT, which must be the first frame.
 *
 * Returns: 0, ERR_CLOSED, ERR_IO, ERR_PROTOCOL (another frame, a flag that is not 0 or 1)
 */
int boot_receive(enum ipc_role self, struct boot *ret) MUST_USE;

/* Say READY; port: where the gateway listens, else 0. */
int boot_ready(struct boot *b, uint32_t port) MUST_USE;

/*
 * Say FAILED with an ERR_*, the position of a bad word (from 1, or 0) and one
 * line for the operator (cut at 512 bytes; names a setting, never its value),
 * then exit with EXIT_SETTING.
 */
NO_RETURN void boot_fail(struct boot *b, int err, uint32_t position, const char *text);

/*
 * Whether development (published phrases, simulated evidence) may run on this
 * chain: 1337 and 31337 are nobody's, any other id needs a loopback RPC and
 * the operator's word that it is a local copy.
 */
int boot_development_allowed(uint64_t chain_id, int rpc_is_loopback, int local_fork);

#endif
