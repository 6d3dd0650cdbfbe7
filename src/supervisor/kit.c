#include "supervisor/kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "supervisor/files.h"
#include "base/banned.h"

#define SELF "selfsamed"

void
kit_init(struct kit *k)
{
	for (enum who i = SIGNER; i < CHILDREN; i++)
		k->programs[i].fd = -1;
	k->reports = k->measurements = -1;
	k->confinement = (struct confinement){.empty_root = -1, .null = -1, .program = -1};
}

static int
refuse(char text[KIT_TEXT_MAX], const char *subject, const char *problem)
{
	(void)snprintf(text, KIT_TEXT_MAX, "%s: %s", subject, problem);
	return ERR_SETTING;
}

/* self is hashed, and not kept open. all: in the order of the names, as the statement wants it. */
static int
open_programs(struct kit *k, struct program all[CHILDREN + 1], char text[KIT_TEXT_MAX])
{
	static const struct {
		enum who who;
		const char *name;
	} order[CHILDREN] = {
	    {ATTESTER, "selfsame-attester"},
	    {GATEWAY, "selfsame-gateway"},
	    {ROOTSOURCE, "selfsame-rootsource"},
	    {SIGNER, "selfsame-signer"},
	};
	const char *problem = NULL;
	int directory = -1;

	if (program_directory(&directory) != 0)
		return refuse(text, SELF, "its own directory cannot be found; is /proc mounted?");
	for (size_t i = 0; i < CHILDREN && problem == NULL; i++) {
		if (program_open(directory, order[i].name, &all[i], &problem) != 0)
			(void)refuse(text, order[i].name, problem);
		else
			k->programs[order[i].who] = all[i];
	}
	close(directory);
	if (problem != NULL)
		return ERR_SETTING;
	if (program_open_self(SELF, &all[CHILDREN], &problem) != 0)
		return refuse(text, SELF, problem);
	program_close(&all[CHILDREN]);
	return 0;
}

static void
log_powers(const struct powers *p)
{
	if (p->users && p->roots && p->bounds)
		return;
	log_event(LOG_WARN, "confinement", LOG_INT("own_users", p->users),
	    LOG_INT("empty_root", p->roots), LOG_INT("bounding_set", p->bounds));
}

static int
open_confinement(struct confinement *c, char text[KIT_TEXT_MAX])
{
	if ((c->null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0)
		return refuse(text, SELF, "/dev/null cannot be opened");
	if (powers_find(&c->powers) != 0)
		return refuse(text, SELF, "the capabilities cannot be read");
	if (c->powers.roots && confine_empty_root(&c->empty_root) != 0)
		return refuse(text, SELF,
		    "no directory for temporary files can be written: mount one on /run or /tmp");
	if (confine_check_lock() != 0)
		return refuse(text, SELF,
		    "the signer must lock 64 KiB of memory; raise the limit: ulimit -l 64, "
		    "LimitMEMLOCK=64K, or --ulimit memlock=65536");
	log_powers(&c->powers);
	return 0;
}

static int
open_directory(const char *path, int *ret_fd, char text[KIT_TEXT_MAX])
{
	if (path == NULL)
		return 0;
	if ((*ret_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return refuse(text, path, "the directory cannot be opened; start as root");
	return 0;
}

int
kit_open(struct kit *k, const struct plan *plan, struct settings *s, char text[KIT_TEXT_MAX])
{
	struct program all[CHILDREN + 1];
	int own_user, r;

	if ((r = open_programs(k, all, text)) != 0)
		return r;
	if (statement_parts_make(s, plan, all, CHILDREN + 1, &k->parts) != 0)
		return refuse(text, "SELFSAME_TOKENS", "the attested settings are too long");
	if ((r = open_confinement(&k->confinement, text)) != 0)
		return r;
	if ((r = open_directory(plan->platform.reports, &k->reports, text)) != 0 ||
	    (r = open_directory(plan->platform.measurements, &k->measurements, text)) != 0)
		return r;
	own_user = k->confinement.powers.users;
	r = files_prepare(s, own_user, kit_user(s, &plan->platform, GATEWAY), text, KIT_TEXT_MAX);
	return r == 0 || r == ERR_SETTING ? r : refuse(text, "DATABASE_URL", err_text(r));
}

void
kit_close(struct kit *k)
{
	for (enum who i = SIGNER; i < CHILDREN; i++)
		program_close(&k->programs[i]);
	if (k->confinement.null >= 0)
		close(k->confinement.null);
	if (k->confinement.empty_root >= 0)
		close(k->confinement.empty_root);
	if (k->reports >= 0)
		close(k->reports);
	if (k->measurements >= 0)
		close(k->measurements);
}

uid_t
kit_user(const struct settings *s, const struct platform *platform, enum who who)
{
	if (who == ATTESTER && platform->reports != NULL)
		return 0;
	return (uid_t)(setting_u64(s, SET_SELFSAME_UID_BASE) + who);
}
