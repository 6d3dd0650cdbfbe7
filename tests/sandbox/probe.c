/*
 * Under each role's filter, as released: what must work works, and what must
 * not is refused or ends the process. Each attempt is made in a process of its
 * own. Built without sanitizers, which need calls that the filters refuse.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/log.h"
#include "ipc/channel.h"
#include "ipc/sandbox.h"
#include "base/banned.h"

#define EXIT_NO_FILTER 99
#define DIES (-1)
#define WORKS 0

static int pair[2]; /* of SOCK_SEQPACKET, open before the filter */
static int stream = -1; /* an unconnected TCP socket, open before the filter */
static void *page; /* private, readable and writable */
static char path[] = "/tmp/selfsame-probe-XXXXXX";
static char reports[] = "/tmp/selfsame-reports-XXXXXX"; /* beside it */

/* Every attempt returns 0, or the errno that it met. */
static int
result(long r)
{
	return r < 0 ? errno : 0;
}

static int
try_frames(void)
{
	char c = 1;

	if (send(pair[0], &c, 1, MSG_NOSIGNAL) != 1 || recv(pair[1], &c, 1, MSG_TRUNC) != 1)
		return errno;
	return 0;
}

static int
try_poll(void)
{
	struct pollfd p = {pair[0], POLLOUT, 0};

	return result(poll(&p, 1, 0));
}

static int
try_ppoll(void)
{
	struct pollfd p = {pair[0], POLLOUT, 0};
	struct timespec none = {0, 0};

	return result(ppoll(&p, 1, &none, NULL));
}

static int
try_log(void)
{
	log_event(LOG_DEBUG, "probe", LOG_INT("n", 1));
	return result(write(STDERR_FILENO, "", 0));
}

static int
try_random(void)
{
	uint8_t b[32];

	return result(getrandom(b, sizeof b, 0));
}

static int
try_clock(void)
{
	struct timespec now;

	return result(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now));
}

static int
try_heap(void)
{
	void *volatile p = malloc((size_t)1 << 20);

	free(p);
	return p == NULL ? ENOMEM : 0;
}

static int
try_write_other(void)
{
	return result(write(pair[0], "x", 1));
}

static int
try_read(void)
{
	char c;

	return result(read(STDIN_FILENO, &c, 1));
}

static int
try_open(void)
{
	return result(open(path, O_RDONLY | O_CLOEXEC));
}

static int
try_open_old(void)
{
	return result(syscall(SYS_open, path, O_RDONLY | O_CLOEXEC));
}

static int
try_openat2(void)
{
	uint64_t how[3] = {O_RDONLY, 0, 0};

	return result(syscall(SYS_openat2, AT_FDCWD, path, how, sizeof how));
}

static int
try_create(void)
{
	char new[sizeof path + 4];

	(void)snprintf(new, sizeof new, "%s.new", path);
	if (open(new, O_CREAT | O_RDWR | O_CLOEXEC, 0600) < 0)
		return errno;
	return result(unlink(new));
}

/* Where the attester of tsm has its directory; the file in it and the one beside it exist. */
static int
try_open_beneath(void)
{
	return result(openat(FD_REPORTS, "file", O_RDONLY | O_CLOEXEC));
}

static int
try_open_beside(void)
{
	char beside[sizeof path + 4];

	(void)snprintf(beside, sizeof beside, "..%s", strrchr(path, '/'));
	return result(openat(FD_REPORTS, beside, O_RDONLY | O_CLOEXEC));
}

static int
try_directory(void)
{
	if (mkdirat(FD_REPORTS, "entry", 0700) != 0)
		return errno;
	return result(unlinkat(FD_REPORTS, "entry", AT_REMOVEDIR));
}

static int
try_unlink(void)
{
	return result(unlinkat(FD_REPORTS, "none", 0));
}

static int
try_descriptor(void)
{
	struct msghdr m = {.msg_iov = NULL};

	return result(recvmsg(pair[0], &m, MSG_DONTWAIT)) == EAGAIN ? 0 : errno;
}

static int
try_tmpfile(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return result(fd);
}

static int
try_rename(void)
{
	return result(rename(path, path));
}

static int
try_socket_inet(void)
{
	return result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int
try_socket_inet6(void)
{
	int e = result(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));

	return e == EAFNOSUPPORT ? 0 : e; /* a machine without IPv6: the filter let it pass */
}

static int
try_socket_unix(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int
try_socket_packet(void)
{
	return result(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int
try_socket_vsock(void)
{
	return result(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

static int
try_socket_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static int
try_socket_audit(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 9));
}

static int
try_socketpair(void)
{
	int fds[2];

	return result(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
}

static int
try_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(1)};
	int e;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	e = result(connect(stream, (struct sockaddr *)&to, sizeof to));
	return e == ECONNREFUSED ? 0 : e; /* nobody there: the filter let it pass */
}

static int
try_resolve(void)
{
	struct addrinfo *found = NULL;

	if (getaddrinfo("localhost", "80", NULL, &found) != 0)
		return EIO;
	freeaddrinfo(found);
	return 0;
}

static void *
thread_main(void *arg)
{
	return arg;
}

static int
try_thread(void)
{
	pthread_t t;
	int e = pthread_create(&t, NULL, thread_main, NULL);

	return e != 0 ? e : pthread_join(t, NULL);
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
try_namespace(void)
{
	/* a thread with a user namespace of its own: the kernel refuses too, the filter first */
	return result(syscall(SYS_clone,
	    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWUSER, NULL, NULL, NULL, NULL));
}

static int
try_execve(void)
{
	char *const none[] = {NULL};

	return result(execve("/bin/true", none, none));
}

static int
try_execveat(void)
{
	char *const none[] = {NULL};

	return result(syscall(SYS_execveat, stream, "", none, none, AT_EMPTY_PATH));
}

static int
try_ptrace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int
try_vm_read(void)
{
	char c;
	struct iovec to = {&c, 1};
	struct iovec from = {page, 1};

	return result(process_vm_readv(getppid(), &to, 1, &from, 1, 0));
}

static int
try_vm_write(void)
{
	char c = 0;
	struct iovec from = {&c, 1};
	struct iovec to = {page, 1};

	return result(syscall(SYS_process_vm_writev, 1, &from, 1L, &to, 1L, 0L));
}

static int
try_mmap_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
try_mprotect_exec(void)
{
	return result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int
try_mprotect(void)
{
	return result(mprotect(page, 4096, PROT_READ));
}

static int
try_pkey_mprotect(void)
{
	return result(syscall(SYS_pkey_mprotect, page, 4096UL, PROT_READ | PROT_EXEC, -1));
}

static int
try_personality(void)
{
	return result(syscall(SYS_personality, 0x0400000UL)); /* READ_IMPLIES_EXEC */
}

static int
try_memfd(void)
{
	return result(memfd_create("x", MFD_CLOEXEC));
}

static int
try_dumpable(void)
{
	return result(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

static int
try_kill_other(void)
{
	return result(kill(getppid(), 0));
}

static int
try_setuid(void)
{
	return result(setuid(0));
}

static int
try_raise_limit(void)
{
	struct rlimit r = {0, 0};

	return result(setrlimit(RLIMIT_NOFILE, &r));
}

static int
try_bpf(void)
{
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static int
try_mount(void)
{
	return result(syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, NULL));
}

static int
try_kexec(void)
{
	return result(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static int
try_io_uring(void)
{
	return result(syscall(SYS_io_uring_setup, 1, NULL));
}

static int
try_unshare(void)
{
	return result(unshare(CLONE_FS));
}

static int
try_keyctl(void)
{
	return result(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
}

#ifdef __x86_64__
static int
try_32_bit(void)
{
	long r;

	/* getpid of the 32-bit table: on the filter's own table this number is writev */
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");
	return r < 0 ? (int)-r : 0;
}

static int
try_x32(void)
{
	return result(syscall(0x40000000 + SYS_getpid));
}
#endif

struct attempt {
	const char *name;
	int (*run)(void);
	/* by enum sandbox_role: signer, attester, the same with an agent, the same on tsm,
	 * gateway, the same with a Unix database, rootsource: WORKS, DIES or an errno */
	int expected[7];
};

#define ALL_DIE {DIES, DIES, DIES, DIES, DIES, DIES, DIES}
#define ALL_WORK {WORKS, WORKS, WORKS, WORKS, WORKS, WORKS, WORKS}
#define ONLY_GATEWAY {DIES, DIES, DIES, DIES, WORKS, WORKS, DIES}
#define GATEWAY_REFUSES(e) {DIES, DIES, DIES, DIES, (e), (e), DIES}
#define HAS_CONNECTIONS {DIES, DIES, WORKS, WORKS, WORKS, WORKS, WORKS}

static const struct attempt attempts[] = {
	/* after its boot the rootsource receives descriptors only */
	{"frames", try_frames, {WORKS, WORKS, WORKS, WORKS, WORKS, WORKS, DIES}},
	{"descriptors", try_descriptor, {DIES, DIES, WORKS, DIES, WORKS, WORKS, WORKS}},
	{"poll", try_poll, ALL_WORK},
	{"ppoll", try_ppoll, ALL_WORK},
	{"log line", try_log, ALL_WORK},
	{"getrandom", try_random, ALL_WORK},
	{"clock_gettime", try_clock, ALL_WORK},
	{"heap", try_heap, {DIES, WORKS, WORKS, WORKS, WORKS, WORKS, DIES}},
	{"mprotect", try_mprotect, ALL_WORK},
	{"write elsewhere", try_write_other, HAS_CONNECTIONS},
	{"read", try_read, HAS_CONNECTIONS},
	{"openat", try_open, {DIES, DIES, DIES, EACCES, WORKS, WORKS, DIES}},
	{"open", try_open_old, ONLY_GATEWAY},
	{"openat2", try_openat2, GATEWAY_REFUSES(ENOSYS)},
	{"create a file", try_create, {DIES, DIES, DIES, DIES, WORKS, WORKS, DIES}},
	{"create a nameless file", try_tmpfile, {DIES, DIES, DIES, EACCES, WORKS, WORKS, DIES}},
	{"open beneath", try_open_beneath, {DIES, DIES, DIES, WORKS, WORKS, WORKS, DIES}},
	{"open beside", try_open_beside, {DIES, DIES, DIES, EACCES, WORKS, WORKS, DIES}},
	{"directory beneath", try_directory, {DIES, DIES, DIES, WORKS, ENOSYS, ENOSYS, DIES}},
	{"remove a file beneath", try_unlink, {DIES, DIES, DIES, DIES, ENOENT, ENOENT, DIES}},
	{"rename", try_rename, GATEWAY_REFUSES(ENOSYS)},
	{"socket AF_INET", try_socket_inet, ONLY_GATEWAY},
	{"socket AF_INET6", try_socket_inet6, ONLY_GATEWAY},
	{"socket AF_UNIX", try_socket_unix, {DIES, DIES, DIES, DIES, EACCES, WORKS, DIES}},
	{"socket AF_PACKET", try_socket_packet, GATEWAY_REFUSES(ENOSYS)},
	{"socket AF_VSOCK", try_socket_vsock, GATEWAY_REFUSES(ENOSYS)},
	{"socket AF_NETLINK routing", try_socket_netlink, ONLY_GATEWAY},
	{"socket AF_NETLINK audit", try_socket_audit, GATEWAY_REFUSES(ENOSYS)},
	{"socketpair", try_socketpair, ONLY_GATEWAY},
	{"connect", try_connect, ONLY_GATEWAY},
	{"getaddrinfo", try_resolve, ONLY_GATEWAY},
	{"thread", try_thread, ONLY_GATEWAY},
	{"fork", try_fork, GATEWAY_REFUSES(ENOSYS)},
	{"thread in a namespace", try_namespace, GATEWAY_REFUSES(ENOSYS)},
	{"execve", try_execve, ALL_DIE},
	{"execveat", try_execveat, ALL_DIE},
	{"ptrace", try_ptrace, ALL_DIE},
	{"process_vm_readv", try_vm_read, ALL_DIE},
	{"process_vm_writev", try_vm_write, ALL_DIE},
	{"mmap PROT_EXEC", try_mmap_exec, GATEWAY_REFUSES(EACCES)},
	{"mprotect PROT_EXEC", try_mprotect_exec, GATEWAY_REFUSES(EACCES)},
	{"pkey_mprotect PROT_EXEC", try_pkey_mprotect, GATEWAY_REFUSES(ENOSYS)},
	{"personality", try_personality, GATEWAY_REFUSES(ENOSYS)},
	{"memfd_create", try_memfd, GATEWAY_REFUSES(ENOSYS)},
	{"prctl PR_SET_DUMPABLE", try_dumpable, GATEWAY_REFUSES(ENOSYS)},
	{"kill", try_kill_other, GATEWAY_REFUSES(ENOSYS)},
	{"setuid", try_setuid, GATEWAY_REFUSES(ENOSYS)},
	{"setrlimit", try_raise_limit, GATEWAY_REFUSES(ENOSYS)},
	{"bpf", try_bpf, ALL_DIE},
	{"mount", try_mount, ALL_DIE},
	{"kexec_load", try_kexec, ALL_DIE},
	{"io_uring_setup", try_io_uring, ALL_DIE},
	{"unshare", try_unshare, ALL_DIE},
	{"keyctl", try_keyctl, ALL_DIE},
#ifdef __x86_64__
	{"32-bit call", try_32_bit, ALL_DIE},
	{"x32 call", try_x32, ALL_DIE},
#endif
};

static const char *const role_names[] = {
	[SANDBOX_SIGNER] = "signer",
	[SANDBOX_ATTESTER] = "attester",
	[SANDBOX_ATTESTER_AGENT] = "attester with an agent",
	[SANDBOX_ATTESTER_TSM] = "attester on tsm",
	[SANDBOX_GATEWAY] = "gateway",
	[SANDBOX_GATEWAY_UNIX_DATABASE] = "gateway, database on a Unix socket",
	[SANDBOX_ROOTSOURCE] = "rootsource",
};

/* WORKS, DIES or an errno; EXIT_NO_FILTER and other ends are told apart by the caller. */
static int
attempt_run(const struct attempt *a, enum sandbox_role role)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return EXIT_NO_FILTER;
	if (pid == 0) {
		if (sandbox_begin() != 0 || sandbox_close(role) != 0)
			_exit(EXIT_NO_FILTER);
		_exit(a->run());
	}
	if (waitpid(pid, &status, 0) != pid)
		return EXIT_NO_FILTER;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? DIES : EXIT_NO_FILTER;
	return WEXITSTATUS(status);
}

static const char *
outcome_text(int outcome)
{
	if (outcome == WORKS)
		return "works";
	if (outcome == DIES)
		return "ends the process";
	return outcome == EXIT_NO_FILTER ? "did not run" : strerror(outcome);
}

#ifdef __x86_64__
/* A kernel without 32-bit calls answers one with SIGSEGV, filter or not: nothing to prove there. */
static int
has_32_bit(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_32_bit() == 0 ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}
#endif

/* Without Landlock the filter of tsm cannot tell one path from another. */
static int
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

static int
is_possible(const struct attempt *a, enum sandbox_role role)
{
	if (role == SANDBOX_ATTESTER_TSM && a->expected[role] == EACCES && !has_landlock())
		return 0;
#ifdef __x86_64__
	if (a->run == try_32_bit)
		return has_32_bit();
#endif
	return a != NULL;
}

/* sandbox_begin() alone: what the process may do with itself afterwards. */
static int
begin_check(void)
{
	struct rlimit core;
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return 0;
	if (pid == 0) {
		if (sandbox_begin() != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
		    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
		    getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
			_exit(1);
		_exit(0);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static int
prepare(void)
{
	int fd = mkstemp(path);
	struct addrinfo *found = NULL;

	if (fd < 0 || close(fd) != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return -1;
	stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* as the gateway does: the name service switch loads its libraries now */
	if (getaddrinfo("localhost", "80", NULL, &found) == 0)
		freeaddrinfo(found);
	return stream < 0 || page == MAP_FAILED ? -1 : 0;
}

/* At FD_REPORTS, with a file in it. */
static int
prepare_directory(void)
{
	int directory, fd;

	if (mkdtemp(reports) == NULL || (directory = open(reports, O_RDONLY | O_DIRECTORY)) < 0)
		return -1;
	if ((fd = openat(directory, "file", O_CREAT | O_WRONLY, 0600)) < 0 || close(fd) != 0)
		return -1;
	return dup2(directory, FD_REPORTS) == FD_REPORTS ? 0 : -1;
}

static void
clean(void)
{
	(void)unlinkat(FD_REPORTS, "file", 0);
	(void)rmdir(reports);
	(void)unlink(path);
}

int
main(void)
{
	unsigned passed = 0;
	unsigned failed = 0;
	unsigned skipped = 0;

	if (prepare() != 0 || prepare_directory() != 0) {
		perror("probe");
		return 1;
	}
	if (begin_check())
		passed++;
	else
		failed++;
	printf("%s  sandbox_begin: not dumpable, no core, no new privileges\n",
	    failed == 0 ? "ok    " : "FAILED");
	for (size_t role = 0; role < ARRAY_LEN(role_names); role++) {
		for (size_t i = 0; i < ARRAY_LEN(attempts); i++) {
			const struct attempt *a = &attempts[i];
			int got;

			fflush(stdout);
			if (!is_possible(a, (enum sandbox_role)role)) {
				skipped++;
				continue;
			}
			got = attempt_run(a, (enum sandbox_role)role);
			if (got == a->expected[role])
				passed++;
			else
				failed++;
			printf("%s  %s: %s: %s\n", got == a->expected[role] ? "ok    " : "FAILED",
			    role_names[role], a->name, outcome_text(got));
		}
	}
	clean();
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed == 0 ? 0 : 1;
}
