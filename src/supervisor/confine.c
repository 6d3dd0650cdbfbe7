#include "supervisor/confine.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/banned.h"

/* Above every fixed number, so that no dup2() hits a descriptor that is still needed. */
#define PARKED_FD 64

static int
has(const struct __user_cap_data_struct data[2], unsigned cap)
{
	return (data[cap / 32].effective >> (cap % 32) & 1U) != 0;
}

int
powers_find(struct powers *ret)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};

	/* there is no wrapper in the C library */
	if (syscall(SYS_capget, &header, data) != 0)
		return ERR_IO;
	ret->users = has(data, CAP_SETUID) && has(data, CAP_SETGID) && has(data, CAP_KILL);
	ret->roots = has(data, CAP_SYS_CHROOT);
	ret->bounds = has(data, CAP_SETPCAP);
	return 0;
}

int
confine_empty_root(int *ret_fd)
{
	static const char *const places[] = {"/run", "/tmp", "/var/tmp", "/dev/shm"};
	char path[64];
	int fd = -1;

	for (size_t i = 0; i < ARRAY_LEN(places) && fd < 0; i++) {
		(void)snprintf(path, sizeof path, "%s/selfsame-XXXXXX", places[i]);
		if (mkdtemp(path) == NULL)
			continue;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		/* in a directory that is gone nothing can be made any more */
		if (rmdir(path) != 0 && fd >= 0) {
			close(fd);
			fd = -1;
		}
	}
	if (fd < 0)
		return ERR_IO;
	*ret_fd = fd;
	return 0;
}

int
confine_check_lock(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_MEMLOCK, &r) != 0)
		return ERR_MLOCK;
	if (r.rlim_cur >= SIGNER_LOCK_BYTES)
		return 0;
	r.rlim_cur = SIGNER_LOCK_BYTES;
	if (r.rlim_max < SIGNER_LOCK_BYTES)
		r.rlim_max = SIGNER_LOCK_BYTES;
	return setrlimit(RLIMIT_MEMLOCK, &r) == 0 ? 0 : ERR_MLOCK;
}

/* One descriptor out of the way of the fixed numbers; it ends at exec. */
static int
park(int fd)
{
	return fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, PARKED_FD);
}

static int
place(int from, int to)
{
	if (from < 0) {
		close(to); /* one of these numbers that this child does not have */
		return 0;
	}
	return dup2(from, to) == to ? 0 : ERR_IO;
}

/* 0 from /dev/null, 1 and 2 as they are, 3 to 8 the child's ends, 9 the executable, no others. */
static int
place_descriptors(const struct confinement *c, int root)
{
	struct ends parked;
	int null = park(c->null);
	int program = park(c->program);

	if (root >= 0 && fchdir(root) != 0)
		return ERR_IO;
	for (size_t i = 0; i < ENDS; i++) {
		parked.fd[i] = park(c->ends.fd[i]);
		if (c->ends.fd[i] >= 0 && parked.fd[i] < 0)
			return ERR_IO;
	}
	if (null < 0 || program < 0 || dup2(null, STDIN_FILENO) != STDIN_FILENO)
		return ERR_IO;
	for (size_t i = 0; i < ENDS; i++) {
		if (place(parked.fd[i], FD_SUPERVISOR + (int)i) != 0)
			return ERR_IO;
	}
	if (dup3(program, CONFINE_PROGRAM_FD, O_CLOEXEC) != CONFINE_PROGRAM_FD)
		return ERR_IO;
	return close_range(CONFINE_PROGRAM_FD + 1, ~0U, 0) == 0 ? 0 : ERR_IO;
}

static int
limit(__rlimit_resource_t which, rlim_t value)
{
	struct rlimit r;

	if (getrlimit(which, &r) != 0)
		return ERR_IO;
	/* lowering needs no privilege; what is lower already stays */
	r.rlim_cur = r.rlim_max < value ? r.rlim_max : value;
	r.rlim_max = r.rlim_cur;
	return setrlimit(which, &r) == 0 ? 0 : ERR_IO;
}

static int
writes_to_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* The two that hold the root secret. */
static int
locks_memory(enum ipc_role role)
{
	return role == ROLE_SIGNER || role == ROLE_ROOTSOURCE;
}

static int
set_limits(const struct confinement *c)
{
	struct rlimit files;

	if (limit(RLIMIT_CORE, 0) != 0)
		return ERR_IO;
	if (c->role == ROLE_GATEWAY) {
		/* every connection is a descriptor */
		if (getrlimit(RLIMIT_NOFILE, &files) != 0)
			return ERR_IO;
		files.rlim_cur = files.rlim_max;
		return setrlimit(RLIMIT_NOFILE, &files) == 0 ? limit(RLIMIT_MEMLOCK, 0) : ERR_IO;
	}
	/* the limit on file size would end a process that logs to a file */
	if (!writes_to_file(STDOUT_FILENO) && !writes_to_file(STDERR_FILENO) &&
	    limit(RLIMIT_FSIZE, 0) != 0)
		return ERR_IO;
	if (limit(RLIMIT_MEMLOCK, locks_memory(c->role) ? SIGNER_LOCK_BYTES : 0) != 0)
		return ERR_IO;
	return limit(RLIMIT_NOFILE, c->role == ROLE_SIGNER ? 16 : 64);
}

static int
drop_bounding_set(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) != 0)
			return ERR_IO;
	}
	return 0;
}

static int
change_user(uid_t id)
{
	uid_t r, e, s;

	if (setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0)
		return ERR_IO;
	if (getresuid(&r, &e, &s) != 0 || r != id || e != id || s != id)
		return ERR_IO;
	return 0;
}

static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	const struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
		return ERR_IO;
	return syscall(SYS_capset, &header, none) == 0 ? 0 : ERR_IO;
}

/* A child of root without users of its own stays root, but by no_new_privs without powers. */
static const char *
drop_privileges(const struct confinement *c)
{
	if (c->powers.bounds && drop_bounding_set() != 0)
		return "drop the bounding set";
	if (c->powers.users && change_user(c->uid) != 0)
		return "change the user";
	if (drop_capabilities() != 0)
		return "drop the capabilities";
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? NULL : "set no_new_privs";
}

/* exec keeps the mask and what is ignored: SIGPIPE stays so, every writer of ours checks. */
static int
reset_signals(void)
{
	sigset_t none;

	return sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0 ? 0 : ERR_IO;
}

const char *
confine_enter(const struct confinement *c)
{
	int hidden = c->role != ROLE_GATEWAY && c->powers.roots && c->empty_root >= 0;
	const char *step;

	/* a group of its own: Ctrl-C in a terminal is for the supervisor, which stops in order */
	if (setpgid(0, 0) != 0)
		return "leave the process group";
	(void)umask(077);
	if (place_descriptors(c, hidden ? c->empty_root : -1) != 0)
		return "place the descriptors";
	if (set_limits(c) != 0)
		return "set the limits";
	if (hidden && chroot(".") != 0)
		return "enter the empty root";
	if (chdir("/") != 0)
		return "change the directory";
	if ((step = drop_privileges(c)) != NULL)
		return step;
	/* counts processes of the user, so only after the change of user */
	if (c->role != ROLE_GATEWAY && limit(RLIMIT_NPROC, 0) != 0)
		return "set the process limit";
	/* a change of user clears it, so last; the parent may have died before */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != c->parent)
		return "follow the supervisor";
	return reset_signals() == 0 ? NULL : "reset the signals";
}
