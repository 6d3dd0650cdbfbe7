/*
 * What a process gives up before its first untrusted byte: core dumps, being
 * traced, new privileges, and every system call that is not on its list.
 */
#ifndef SELFSAME_IPC_SANDBOX_H
#define SELFSAME_IPC_SANDBOX_H

#include "base/attr.h"

enum sandbox_role { SANDBOX_SIGNER, SANDBOX_ATTESTER, SANDBOX_GATEWAY, SANDBOX_GATEWAY_UNIX_DATABASE };

/* Not dumpable, no core files, no new privileges. ERR_IO. First thing in main(). */
int sandbox_begin(void) MUST_USE;

/*
 * Load the role's seccomp filter (sandbox_*.def): everything else kills the
 * process (signer, attester), or is refused with an error where a library
 * tries it harmlessly. There is no way back. ERR_IO.
 */
int sandbox_close(enum sandbox_role role) MUST_USE;

#endif
