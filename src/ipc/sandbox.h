/*
 * What a process gives up before its first untrusted byte: core dumps, being
 * traced, new privileges, and every system call that is not on its list.
 *
 * The lists are sandbox_signer.def, sandbox_attester.def and
 * sandbox_gateway.def. Under the first two a call that is not listed ends the
 * process; under the third it fails as on a kernel that does not have it,
 * because libraries probe, and the calls that only an intruder makes end it.
 * No filter allows memory that is executable and was not so before.
 */
#ifndef SELFSAME_IPC_SANDBOX_H
#define SELFSAME_IPC_SANDBOX_H

#include "base/attr.h"

enum sandbox_role {
	SANDBOX_SIGNER,
	SANDBOX_ATTESTER,
	SANDBOX_GATEWAY,
	SANDBOX_GATEWAY_UNIX_DATABASE
};

/* Not dumpable, no core files, no new privileges. ERR_IO. First thing in main(). */
int sandbox_begin(void) MUST_USE;

/*
 * Load the role's filter for every thread of the process. There is no way back.
 *
 * What a library loads on first use must be loaded before: in the gateway, the
 * initialisation of OpenSSL and libcurl. A module of the name service switch
 * beyond files and dns (libnss_*.so) is not loaded any more, unless a first
 * getaddrinfo() was made before; the switch goes on to the next one. Builds the
 * filter on the heap of libseccomp, which is free again afterwards.
 *
 * Returns: 0 or ERR_IO
 */
int sandbox_close(enum sandbox_role role) MUST_USE;

#endif
