/*
 * What a process gives up before its first untrusted byte: core dumps, being
 * traced, new privileges, and every system call that is not on its list.
 *
 * The lists are sandbox_ROLE.def; two of the attester's platforms add to its
 * list (sandbox_agent.def, sandbox_tsm.def). A call that is not listed ends the
 * process; in the gateway it fails as on a kernel that does not have it,
 * because libraries probe, and the calls that only an intruder makes end it.
 * No filter allows memory that is executable and was not so before.
 */
#ifndef SELFSAME_IPC_SANDBOX_H
#define SELFSAME_IPC_SANDBOX_H

#include "base/attr.h"

enum sandbox_role {
	SANDBOX_SIGNER,
	SANDBOX_ATTESTER,
	SANDBOX_ATTESTER_AGENT, /* and connections that the supervisor passes */
	SANDBOX_ATTESTER_TSM, /* and files beneath FD_REPORTS and FD_MEASUREMENTS */
	SANDBOX_GATEWAY,
	SANDBOX_GATEWAY_UNIX_DATABASE,
	SANDBOX_ROOTSOURCE
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
 * No filter sees a path: on tsm, what lies outside the two directories is closed
 * by Landlock. On a kernel without it, which tsm's hardly is, a log line says so
 * and the empty root is all there is.
 *
 * Returns: 0 or ERR_IO
 */
int sandbox_close(enum sandbox_role role) MUST_USE;

#endif
