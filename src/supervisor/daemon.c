#include "supervisor/daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "ipc/boot.h"
#include "ipc/channel.h"
#include "ipc/dial.h"
#include "supervisor/child.h"
#include "supervisor/confine.h"
#include "supervisor/handover.h"
#include "supervisor/kit.h"
#include "supervisor/root_check.h"
#include "supervisor/wiring.h"
#include "base/banned.h"

#define START_MS 60000 /* for READY */
#define DRAIN_MS 20000 /* for the gateway to finish its requests */
#define STOP_MS 5000 /* between SIGTERM and SIGKILL */
#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS 5000
#define HEALTHY_MS 30000 /* after so long a death is no longer part of a series */
#define NEVER UINT64_MAX
#define FRAMES_AT_ONCE 32 /* of one child */
#define LISTEN_MAX 2048 /* the longest of what children say: ROOT */

enum phase {
	PHASE_ROOT, /* selfsame-rootsource runs */
	PHASE_SIGNER, /* started, READY has not come */
	PHASE_ATTESTER,
	PHASE_GATEWAY,
	PHASE_RUN,
	PHASE_PAIR_STOP, /* the gateway or the attester ended: the other one has to */
	PHASE_PAUSE, /* both are down */
	PHASE_DRAIN_GATEWAY,
	PHASE_DRAIN_ATTESTER,
	PHASE_DRAIN_SIGNER,
	PHASE_ABORT, /* all have to end, and status says why */
	PHASE_END
};

struct daemon {
	const struct plan *plan;
	struct settings *settings;
	struct kit kit;
	struct root_check root;
	int has_root; /* seed is the root secret, until the signer has it */
	uint8_t seed[ROOT_SEED_LEN];
	struct child children[CHILDREN];
	struct wiring wiring;
	int signals; /* signalfd */
	enum phase phase;
	uint64_t deadline; /* of the phase, in monotonic ms */
	uint64_t ready_at;
	uint64_t pause;
	int was_ready; /* once: from then on failures are survived */
	int status;
};

static const struct {
	enum ipc_role role;
	const char *program;
	enum setting_reader reader;
	enum phase phase; /* while it starts */
} roles[CHILDREN] = {
    [SIGNER] = {ROLE_SIGNER, "selfsame-signer", FOR_SIGNER, PHASE_SIGNER},
    [ATTESTER] = {ROLE_ATTESTER, "selfsame-attester", FOR_ATTESTER, PHASE_ATTESTER},
    [GATEWAY] = {ROLE_GATEWAY, "selfsame-gateway", FOR_GATEWAY, PHASE_GATEWAY},
    [ROOTSOURCE] = {ROLE_ROOTSOURCE, "selfsame-rootsource", FOR_ROOTSOURCE, PHASE_ROOT},
};

static uint64_t
now_ms(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
enter(struct daemon *d, enum phase phase, uint64_t ms)
{
	d->phase = phase;
	d->deadline = ms == NEVER ? NEVER : now_ms() + ms;
}

static int
running(const struct daemon *d, enum who who)
{
	return d->children[who].pid != 0;
}

/* --- stopping ------------------------------------------------------------- */

static void
signal_all(const struct daemon *d, int signal)
{
	for (enum who i = SIGNER; i < CHILDREN; i++)
		child_signal(&d->children[i], signal);
}

static void
end_when_alone(struct daemon *d)
{
	for (enum who i = SIGNER; i < CHILDREN; i++) {
		if (running(d, i))
			return;
	}
	enter(d, PHASE_END, NEVER);
}

static void
abort_all(struct daemon *d, int status)
{
	d->status = status;
	signal_all(d, SIGTERM);
	/* the signer goes by the end of its channel, not by signals */
	child_close(&d->children[SIGNER]);
	enter(d, PHASE_ABORT, STOP_MS);
	end_when_alone(d);
}

/* The end of the supervisor's channel tells the signer that it is over; its pairs end too. */
static void
release_signer(struct daemon *d)
{
	child_close(&d->children[SIGNER]);
	wiring_close(&d->wiring);
	enter(d, PHASE_DRAIN_SIGNER, STOP_MS);
	end_when_alone(d);
}

static void
drain_attester(struct daemon *d)
{
	child_signal(&d->children[ATTESTER], SIGTERM);
	enter(d, PHASE_DRAIN_ATTESTER, STOP_MS);
	if (!running(d, ATTESTER))
		release_signer(d);
}

static void
drain(struct daemon *d)
{
	log_note(LOG_INFO, "draining");
	child_signal(&d->children[ROOTSOURCE], SIGTERM);
	child_signal(&d->children[GATEWAY], SIGTERM);
	enter(d, PHASE_DRAIN_GATEWAY, DRAIN_MS);
	if (!running(d, GATEWAY))
		drain_attester(d);
}

/* --- starting ------------------------------------------------------------- */

static int
start(struct daemon *d, enum who who)
{
	struct child *c = &d->children[who];
	struct confinement confinement = d->kit.confinement;
	char **environment = NULL;
	int r;

	if ((r = environment_for(d->settings, roles[who].reader, &environment)) != 0)
		return r;
	confinement.uid = kit_user(d->settings, &d->plan->platform, who);
	confinement.ends = wiring_ends(&d->wiring, roles[who].role);
	if (who == ATTESTER) {
		confinement.ends.fd[FD_REPORTS - FD_SUPERVISOR] = d->kit.reports;
		confinement.ends.fd[FD_MEASUREMENTS - FD_SUPERVISOR] = d->kit.measurements;
	}
	r = child_start(c, &d->kit.programs[who], environment, &confinement);
	environment_free(environment);
	if (r != 0)
		return r;
	enter(d, roles[who].phase, START_MS);
	return handover_boot(c, d->plan, d->root.wanted, &d->kit.parts);
}

static void
start_or_abort(struct daemon *d, enum who who)
{
	int r = start(d, who);

	/* a child that died at once closes its channel: its end will be seen */
	if (r == 0 || r == ERR_CLOSED)
		return;
	log_event(LOG_ERROR, "start failed", LOG_STR("name", roles[who].program), LOG_CODE(r));
	abort_all(d, EXIT_SOFTWARE);
}

/* The signer, and at once the secret: from then on nobody else has it. */
static void
start_signer(struct daemon *d)
{
	int r;

	start_or_abort(d, SIGNER);
	r = handover_secret(&d->children[SIGNER], d->plan, d->settings,
	    d->has_root ? d->seed : NULL);
	d->has_root = 0;
	if (r != 0 && r != ERR_CLOSED)
		abort_all(d, EXIT_SOFTWARE);
}

static void
start_pair(struct daemon *d)
{
	if (wiring_renew(&d->wiring) != 0) {
		log_note(LOG_ERROR, "no socket pair");
		abort_all(d, EXIT_SOFTWARE);
		return;
	}
	start_or_abort(d, ATTESTER);
}

/* The port that was picked once stays, so that clients find the next gateway too. */
static void
keep_port(struct daemon *d, uint32_t port)
{
	const char *listen = d->settings->value[SET_SELFSAME_LISTEN];
	const char *colon = strrchr(listen, ':');
	char text[128];
	int n;

	if (colon == NULL || strcmp(colon, ":0") != 0)
		return;
	n = snprintf(text, sizeof text, "%.*s:%" PRIu32, (int)(colon - listen), listen, port);
	if (n > 0 && (size_t)n < sizeof text)
		(void)!settings_replace(d->settings, SET_SELFSAME_LISTEN, text);
}

static void
say_development(void)
{
	static const char text[] =
	    "*********************************************************************\n"
	    "* DEVELOPMENT MODE: the TEE is simulated. Whoever runs this machine *\n"
	    "* has every key, and the attestation proves nothing. Never put      *\n"
	    "* money behind these wallets.                                       *\n"
	    "*********************************************************************\n";

	(void)fputs(text, stderr);
}

static void
gateway_ready(struct daemon *d, uint32_t port)
{
	wiring_release(&d->wiring);
	if (d->plan->development && !d->was_ready)
		say_development();
	d->was_ready = 1;
	d->ready_at = now_ms();
	keep_port(d, port);
	enter(d, PHASE_RUN, NEVER);
	log_event(LOG_INFO, "ready", LOG_INT("port", port),
	    LOG_STR("platform", d->plan->platform.name),
	    LOG_STR("derivation", plan_scheme_name(d->plan)), LOG_INT("chain", d->plan->chain_id),
	    LOG_INT("development", d->plan->development));
}

/* --- what the children say ------------------------------------------------ */

static void
on_ready(struct daemon *d, enum who who, uint32_t port)
{
	d->children[who].ready = 1;
	if (d->phase != roles[who].phase)
		return;
	switch (who) {
	case SIGNER:
		start_pair(d);
		return;
	case ATTESTER:
		start_or_abort(d, GATEWAY);
		return;
	case GATEWAY:
		gateway_ready(d, port);
		return;
	case ROOTSOURCE: /* it says ROOT instead */
	case CHILDREN:
		return;
	}
}

/* The secret is taken over only when it is the one on record. */
static void
on_root(struct daemon *d, const struct msg_root *m)
{
	char text[ROOT_TEXT_MAX];

	if (d->phase != PHASE_ROOT || d->has_root)
		return;
	if (root_check_accept(&d->root, m, text) != 0) {
		log_note(LOG_ERROR, "root-refused");
		(void)fprintf(stderr, "selfsamed: %s\n", text);
		abort_all(d, EXIT_SETTING);
		return;
	}
	log_event(LOG_INFO, "root", LOG_STR("scheme", root_scheme_name((enum boot_root)m->scheme)));
	if (statement_parts_root(d->settings, d->plan, m, &d->kit.parts) != 0) {
		log_note(LOG_ERROR, "root-refused");
		(void)fprintf(stderr, "selfsamed: the settings are too long for a statement\n");
		abort_all(d, EXIT_SETTING);
		return;
	}
	memcpy(d->seed, m->seed, sizeof d->seed);
	d->has_root = 1;
	start_signer(d);
}

static void
on_failed(struct daemon *d, enum who who, const struct msg_failed *m)
{
	log_event(LOG_ERROR, "failed", LOG_STR("name", roles[who].program),
	    LOG_CODE((int32_t)m->code), LOG_INT("position", m->position),
	    LOG_STRN("text", (const char *)m->text.p, m->text.len));
	if (d->was_ready || d->phase == PHASE_ABORT)
		return; /* its end follows, and then another start */
	(void)fprintf(stderr, "selfsamed: %.*s\n", (int)m->text.len, (const char *)m->text.p);
	abort_all(d, EXIT_SETTING);
}

static int
on_frame(struct daemon *d, enum who who, const struct frame *f)
{
	struct msg_ready ready;
	struct msg_failed failed;
	struct msg_root root;

	if (f->type == MSG_DIAL)
		return dial_answer(&d->children[who].channel, f, d->plan->platform.socket);
	if (f->type == MSG_ROOT && msg_root_read(f->body, &root) == 0) {
		on_root(d, &root);
		wipe(&root, sizeof root);
		return 0;
	}
	if (f->type == MSG_READY && msg_ready_read(f->body, &ready) == 0) {
		on_ready(d, who, ready.port);
		return 0;
	}
	if (f->type == MSG_FAILED && msg_failed_read(f->body, &failed) == 0) {
		on_failed(d, who, &failed);
		return 0;
	}
	return ERR_PROTOCOL;
}

static void
listen_to(struct daemon *d, enum who who)
{
	struct child *c = &d->children[who];
	uint8_t buf[LISTEN_MAX];
	struct frame f;
	int r = 0;

	/* no more at once: one that talks without end must not keep the others waiting */
	for (int i = 0; i < FRAMES_AT_ONCE && c->channel.fd >= 0 && r == 0; i++) {
		if ((r = channel_receive(&c->channel, buf, sizeof buf, &f)) == 0)
			r = on_frame(d, who, &f);
	}
	wipe(buf, sizeof buf); /* the root secret may have been in it */
	if (r == 0 || r == ERR_AGAIN)
		return;
	child_close(c);
	/* an ending process closes its channel; one that lives on must not */
	if (r != ERR_CLOSED) {
		log_event(LOG_ERROR, "channel", LOG_STR("name", c->name), LOG_CODE(r));
		child_signal(c, SIGKILL);
	}
}

/* --- what happens to the children ----------------------------------------- */

static void
pair_lost(struct daemon *d)
{
	if (running(d, GATEWAY) || running(d, ATTESTER)) {
		child_signal(&d->children[GATEWAY], SIGTERM);
		child_signal(&d->children[ATTESTER], SIGTERM);
		if (d->phase != PHASE_PAIR_STOP)
			enter(d, PHASE_PAIR_STOP, STOP_MS);
		return;
	}
	if (d->ready_at != 0 && now_ms() - d->ready_at >= HEALTHY_MS)
		d->pause = PAUSE_FIRST_MS;
	d->ready_at = 0;
	log_event(LOG_WARN, "restarting", LOG_INT("pause_ms", d->pause));
	enter(d, PHASE_PAUSE, d->pause);
	d->pause = d->pause * 2 > PAUSE_MOST_MS ? PAUSE_MOST_MS : d->pause * 2;
}

static void
lost(struct daemon *d, enum who who)
{
	if (!d->was_ready) {
		(void)fprintf(stderr,
		    "selfsamed: %s ended before it was ready; its last log lines say why\n",
		    roles[who].program);
		abort_all(d, EXIT_SOFTWARE);
		return;
	}
	if (who == SIGNER) {
		log_note(LOG_ERROR, "signer lost");
		abort_all(d, EXIT_SOFTWARE);
		return;
	}
	pair_lost(d);
}

static void
on_ended(struct daemon *d, enum who who, int status)
{
	/* what it said before it ended comes first */
	listen_to(d, who);
	child_ended(&d->children[who], status);
	child_close(&d->children[who]);
	if (d->phase == PHASE_ABORT || d->phase == PHASE_DRAIN_SIGNER) {
		end_when_alone(d);
		return;
	}
	if (who == ROOTSOURCE && d->phase != PHASE_ROOT)
		return; /* it did all that it was there for */
	if (d->phase == PHASE_DRAIN_GATEWAY || d->phase == PHASE_DRAIN_ATTESTER) {
		if (who == SIGNER)
			abort_all(d, EXIT_SOFTWARE);
		else if (who == GATEWAY && d->phase == PHASE_DRAIN_GATEWAY)
			drain_attester(d);
		else if (who == ATTESTER && d->phase == PHASE_DRAIN_ATTESTER)
			release_signer(d);
		return;
	}
	lost(d, who);
}

static void
reap(struct daemon *d)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (enum who i = SIGNER; i < CHILDREN; i++) {
			if (d->children[i].pid == pid)
				on_ended(d, i, status);
		}
	}
}

static void
on_stop(struct daemon *d)
{
	switch (d->phase) {
	case PHASE_DRAIN_GATEWAY:
	case PHASE_DRAIN_ATTESTER:
	case PHASE_DRAIN_SIGNER:
	case PHASE_ABORT:
		/* asked twice: the journal makes it safe not to wait */
		signal_all(d, SIGKILL);
		enter(d, PHASE_ABORT, STOP_MS);
		end_when_alone(d);
		return;
	case PHASE_ROOT:
	case PHASE_SIGNER:
	case PHASE_ATTESTER:
	case PHASE_GATEWAY:
	case PHASE_RUN:
	case PHASE_PAIR_STOP:
	case PHASE_PAUSE:
		drain(d);
		return;
	case PHASE_END:
		return;
	}
}

static void
on_signals(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		if (info.ssi_signo == SIGCHLD)
			reap(d);
		else
			on_stop(d);
	}
}

static void
late_start(struct daemon *d, enum who who)
{
	log_event(LOG_ERROR, "not ready in time", LOG_STR("name", roles[who].program));
	if (!d->was_ready) {
		(void)fprintf(stderr, "selfsamed: %s did not get ready within %d seconds\n",
		    roles[who].program, START_MS / 1000);
		abort_all(d, EXIT_SOFTWARE);
		return;
	}
	child_signal(&d->children[who], SIGKILL);
	enter(d, PHASE_PAIR_STOP, STOP_MS);
}

static void
on_deadline(struct daemon *d)
{
	d->deadline = NEVER;
	switch (d->phase) {
	case PHASE_ROOT:
		late_start(d, ROOTSOURCE);
		return;
	case PHASE_SIGNER:
		late_start(d, SIGNER);
		return;
	case PHASE_ATTESTER:
		late_start(d, ATTESTER);
		return;
	case PHASE_GATEWAY:
		late_start(d, GATEWAY);
		return;
	case PHASE_PAUSE:
		start_pair(d);
		return;
	case PHASE_PAIR_STOP:
	case PHASE_DRAIN_ATTESTER:
		child_signal(&d->children[GATEWAY], SIGKILL);
		child_signal(&d->children[ATTESTER], SIGKILL);
		return;
	case PHASE_DRAIN_GATEWAY:
		child_signal(&d->children[GATEWAY], SIGKILL);
		return;
	case PHASE_DRAIN_SIGNER:
	case PHASE_ABORT:
		signal_all(d, SIGKILL);
		return;
	case PHASE_RUN:
	case PHASE_END:
		return;
	}
}

static int
wait_ms(const struct daemon *d)
{
	uint64_t now = now_ms();

	if (d->deadline == NEVER)
		return -1;
	return d->deadline <= now ? 0 : (int)(d->deadline - now);
}

static void
loop(struct daemon *d)
{
	struct pollfd p[CHILDREN + 1];

	while (d->phase != PHASE_END) {
		for (enum who i = SIGNER; i < CHILDREN; i++)
			p[i] = (struct pollfd){d->children[i].channel.fd, POLLIN, 0};
		p[CHILDREN] = (struct pollfd){d->signals, POLLIN, 0};
		if (poll(p, ARRAY_LEN(p), wait_ms(d)) < 0 && errno != EINTR) {
			abort_all(d, EXIT_SOFTWARE);
			continue;
		}
		for (enum who i = SIGNER; i < CHILDREN; i++) {
			if (p[i].revents != 0)
				listen_to(d, i);
		}
		on_signals(d);
		if (d->deadline <= now_ms())
			on_deadline(d);
	}
}

/* --- from the first child to the last ------------------------------------- */

static int
open_signals(struct daemon *d)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0)
		return ERR_IO;
	if ((d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		return ERR_IO;
	return 0;
}

/* Returns 0 or an exit status, after a message. */
static int
prepare(struct daemon *d)
{
	char text[KIT_TEXT_MAX > ROOT_TEXT_MAX ? KIT_TEXT_MAX : ROOT_TEXT_MAX];

	if (d->plan->root != BOOT_ROOT_PHRASE &&
	    root_check_open(d->settings, d->plan->root, &d->root, text) != 0) {
		(void)fprintf(stderr, "selfsamed: %s\n", text);
		return EXIT_SETTING;
	}
	if (kit_open(&d->kit, d->plan, d->settings, text) == 0) {
		if (open_signals(d) == 0 && wiring_open(&d->wiring) == 0)
			return 0;
		(void)snprintf(text, sizeof text, "the system refused a signal or a socket");
	}
	(void)fprintf(stderr, "selfsamed: %s\n", text);
	return EXIT_SETTING;
}

static void
release(struct daemon *d)
{
	wiring_close(&d->wiring);
	for (enum who i = SIGNER; i < CHILDREN; i++)
		child_close(&d->children[i]);
	if (d->signals >= 0)
		close(d->signals);
	kit_close(&d->kit);
}

int
daemon_run(const struct plan *plan, struct settings *s)
{
	static struct daemon d; /* it holds 10 KiB of JSON */
	int status;

	d = (struct daemon){.plan = plan, .settings = s, .signals = -1, .pause = PAUSE_FIRST_MS};
	kit_init(&d.kit);
	wiring_init(&d.wiring);
	for (enum who i = SIGNER; i < CHILDREN; i++)
		child_init(&d.children[i], roles[i].role, roles[i].program);
	if ((status = prepare(&d)) == 0) {
		if (plan->root == BOOT_ROOT_PHRASE)
			start_signer(&d);
		else
			start_or_abort(&d, ROOTSOURCE);
		loop(&d);
		status = d.status;
		log_event(LOG_INFO, "stopped", LOG_INT("status", status));
	}
	wipe(d.seed, sizeof d.seed);
	release(&d);
	return status;
}
