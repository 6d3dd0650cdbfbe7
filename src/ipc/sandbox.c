#include "ipc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "ipc/landlock.h"
#include "base/banned.h"

/* A thread shares memory, signal handlers and process, and gets no namespace of its own. */
#define THREAD_FLAGS (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)
#define NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	    CLONE_NEWPID | CLONE_NEWNET)
#define THREAD_MASK (uint64_t)(uint32_t)(THREAD_FLAGS | NAMESPACES)

#define CONDITIONS_MAX 2

#ifdef SELFSAME_UNPROTECTED
#define DUMPABLE 1 /* see base/secret.h */
#else
#define DUMPABLE 0
#endif

/*
 * The lines of the tables:
 *   ALLOW(call)                     with any arguments
 *   ALLOW_IF(call, condition...)    when all conditions hold
 *   UNIX_DATABASE(call, condition)  allowed for a database on a Unix socket, else EACCES
 *   REFUSE_IF(errno, call, condition...)
 *   KILL(call)                      ends the process
 * A condition is ARG_IS(n, value) or ARG_MASKED(n, mask, value); n counts from 0. The lines
 * of one call are alternatives; a call that none of them matches gets the default.
 */
struct rule {
	uint32_t action;
	int call;
	struct scmp_arg_cmp conditions[CONDITIONS_MAX + 1]; /* ends at the first _SCMP_CMP_MIN */
};

#define BY_ROLE UINT32_MAX /* stands for the action of UNIX_DATABASE() */

#define ARG_IS(n, value) {(n), SCMP_CMP_EQ, (scmp_datum_t)(value), 0}
#define ARG_MASKED(n, mask, value) \
	{(n), SCMP_CMP_MASKED_EQ, (scmp_datum_t)(mask), (scmp_datum_t)(value)}
#define ANY_ARGS {0, _SCMP_CMP_MIN, 0, 0}

#define ALLOW(call) {SCMP_ACT_ALLOW, SCMP_SYS(call), {ANY_ARGS}},
#define KILL(call) {SCMP_ACT_KILL_PROCESS, SCMP_SYS(call), {ANY_ARGS}},
#define ALLOW_IF(call, ...) {SCMP_ACT_ALLOW, SCMP_SYS(call), {__VA_ARGS__, ANY_ARGS}},
#define REFUSE_IF(e, call, ...) {SCMP_ACT_ERRNO(e), SCMP_SYS(call), {__VA_ARGS__, ANY_ARGS}},
#define UNIX_DATABASE(call, ...) {BY_ROLE, SCMP_SYS(call), {__VA_ARGS__, ANY_ARGS}},

static const struct rule signer_rules[] = {
#include "ipc/sandbox_signer.def"
};

static const struct rule attester_rules[] = {
#include "ipc/sandbox_attester.def"
};

static const struct rule agent_rules[] = {
#include "ipc/sandbox_agent.def"
};

static const struct rule tsm_rules[] = {
#include "ipc/sandbox_tsm.def"
};

static const struct rule rootsource_rules[] = {
#include "ipc/sandbox_rootsource.def"
};

static const struct rule gateway_rules[] = {
#include "ipc/sandbox_gateway.def"
};

struct filter {
	uint32_t otherwise;
	uint32_t unix_database;
	const struct rule *rules;
	size_t count;
	const struct rule *more; /* or NULL */
	size_t more_count;
};

#define DIE SCMP_ACT_KILL_PROCESS
#define MISSING SCMP_ACT_ERRNO(ENOSYS)

#define CLOSED SCMP_ACT_ERRNO(EACCES)
#define RULES(role) role##_rules, ARRAY_LEN(role##_rules)

static const struct filter filters[] = {
    [SANDBOX_SIGNER] = {DIE, DIE, RULES(signer), NULL, 0},
    [SANDBOX_ATTESTER] = {DIE, DIE, RULES(attester), NULL, 0},
    [SANDBOX_ATTESTER_AGENT] = {DIE, DIE, RULES(attester), RULES(agent)},
    [SANDBOX_ATTESTER_TSM] = {DIE, DIE, RULES(attester), RULES(tsm)},
    [SANDBOX_GATEWAY] = {MISSING, CLOSED, RULES(gateway), NULL, 0},
    [SANDBOX_GATEWAY_UNIX_DATABASE] = {MISSING, SCMP_ACT_ALLOW, RULES(gateway), NULL, 0},
    [SANDBOX_ROOTSOURCE] = {DIE, DIE, RULES(rootsource), RULES(agent)},
};

int
sandbox_begin(void)
{
	const struct rlimit none = {0, 0};

	if (prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return ERR_IO;
	return 0;
}

static unsigned
count_conditions(const struct rule *rule)
{
	unsigned n = 0;

	while (rule->conditions[n].op != _SCMP_CMP_MIN)
		n++;
	return n;
}

static int
add_rules(scmp_filter_ctx ctx, const struct filter *f, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		uint32_t action = rule->action == BY_ROLE ? f->unix_database : rule->action;

		/* a negative number is a call that this architecture does not have */
		if (rule->call >= 0 && seccomp_rule_add_array(ctx, action, rule->call,
		                           count_conditions(rule), rule->conditions) != 0)
			return ERR_IO;
	}
	return 0;
}

static int
close_files(void)
{
	static const int directories[] = {FD_REPORTS, FD_MEASUREMENTS};
	int r = landlock_beneath(directories, ARRAY_LEN(directories));

	if (r == ERR_UNSUPPORTED)
		log_note(LOG_WARN, "the kernel has no Landlock");
	return r == ERR_UNSUPPORTED ? 0 : r;
}

int
sandbox_close(enum sandbox_role role)
{
	const struct filter *f = &filters[role];
	scmp_filter_ctx ctx = NULL;
	int r = ERR_IO;

	if (role == SANDBOX_ATTESTER_TSM && close_files() != 0)
		return ERR_IO;
	if ((ctx = seccomp_init(f->otherwise)) == NULL)
		goto out;
	/* a call of another architecture (32 bit, x32) would be checked against wrong numbers */
	if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) != 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 1) != 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) != 0)
		goto out;
	if (add_rules(ctx, f, f->rules, f->count) != 0 ||
	    add_rules(ctx, f, f->more, f->more_count) != 0)
		goto out;
	if (seccomp_load(ctx) != 0)
		goto out;
	r = 0;
out:
	seccomp_release(ctx);
	return r;
}
