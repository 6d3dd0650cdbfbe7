#include "supervisor/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "ipc/boot.h"
#include "base/banned.h"

void
child_init(struct child *c, enum ipc_role role, const char *name)
{
	*c = (struct child){.role = role, .name = name, .channel = {.fd = -1}};
}

static NO_RETURN void
child_main(const struct child *c, const struct confinement *confinement, char **environment)
{
	/* exec wants writable strings and does not write to them */
	char name[32] = {0};
	char *const argv[] = {name, NULL};
	const char *step;

	memcpy(name, c->name, strnlen(c->name, sizeof name - 1));
	if ((step = confine_enter(confinement)) == NULL) {
		(void)execveat(CONFINE_PROGRAM_FD, "", argv, environment, AT_EMPTY_PATH);
		step = "execute";
	}
	log_event(LOG_ERROR, "child not started", LOG_STR("name", c->name), LOG_STR("step", step),
	    LOG_STR("reason", strerror(errno)));
	_exit(EXIT_SOFTWARE);
}

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : ERR_IO;
}

int
child_start(struct child *c, const struct program *p, char **environment,
    const struct confinement *confinement)
{
	struct confinement mine = *confinement;
	int pair[2];
	pid_t pid;
	int r;

	child_close(c);
	if ((r = wiring_pair(pair)) != 0)
		return r;
	if ((r = set_nonblocking(pair[0])) != 0)
		goto fail;
	mine.role = c->role;
	mine.program = p->fd;
	mine.parent = getpid();
	mine.ends.fd[0] = pair[1];
	if ((pid = fork()) < 0) {
		r = ERR_IO;
		goto fail;
	}
	if (pid == 0)
		child_main(c, &mine, environment);
	close(pair[1]);
	c->pid = pid;
	c->ready = 0;
	channel_open(&c->channel, pair[0], ROLE_SUPERVISOR, c->role);
	log_event(LOG_INFO, "started", LOG_STR("name", c->name), LOG_INT("pid", pid));
	return 0;
fail:
	close(pair[0]);
	close(pair[1]);
	return r;
}

void
child_signal(const struct child *c, int signal)
{
	if (c->pid > 0)
		(void)kill(c->pid, signal);
}

void
child_ended(struct child *c, int status)
{
	if (WIFSIGNALED(status))
		log_event(LOG_INFO, "ended", LOG_STR("name", c->name), LOG_INT("pid", c->pid),
		    LOG_STR("signal", sigabbrev_np(WTERMSIG(status))));
	else
		log_event(LOG_INFO, "ended", LOG_STR("name", c->name), LOG_INT("pid", c->pid),
		    LOG_INT("status", WEXITSTATUS(status)));
	c->pid = 0;
	c->ready = 0;
}

void
child_close(struct child *c)
{
	if (c->channel.fd >= 0)
		close(c->channel.fd);
	c->channel.fd = -1;
}
