#include "supervisor/plan.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/banned.h"

static int
refuse(const char **problem, const char *text)
{
	*problem = text;
	return ERR_SETTING;
}

static int
says(const struct settings *s, enum setting_id id, const char *word)
{
	return s->value[id] != NULL && strcmp(s->value[id], word) == 0;
}

static enum boot_scheme
choose_scheme(const struct settings *s, int development)
{
	if (says(s, SET_SELFSAME_DERIVATION, "bound"))
		return BOOT_BOUND;
	if (says(s, SET_SELFSAME_DERIVATION, "indexed"))
		return BOOT_INDEXED;
	return development ? BOOT_INDEXED : BOOT_BOUND;
}

/* By whom the root secret is derived: dstack's agent, unless the phrase is asked for by name. */
static int
choose_root(const struct settings *s, const char *platform, enum boot_root *ret,
    const char **problem)
{
	int is_dstack = strcmp(platform, "dstack") == 0;
	int is_auto = says(s, SET_SELFSAME_ROOT_SOURCE, "auto");

	*ret = BOOT_ROOT_PHRASE;
	if (says(s, SET_SELFSAME_ROOT_SOURCE, "environment") || (is_auto && !is_dstack))
		return 0;
	if (!is_dstack)
		return refuse(problem,
		    "SELFSAME_ROOT_SOURCE: only a dstack agent derives keys, and this platform "
		    "has none; set environment or auto");
	if (s->value[SET_MNEMONIC] != NULL)
		return refuse(problem,
		    "MNEMONIC: on dstack the root secret comes from the agent (GetKey), and "
		    "whoever set this phrase knows every key; remove it, or accept that with "
		    "SELFSAME_ROOT_SOURCE=environment");
	if (s->value[SET_MNEMONIC_PASSPHRASE] != NULL)
		return refuse(problem,
		    "MNEMONIC_PASSPHRASE: belongs to a phrase, and the agent's key is none; remove "
		    "it");
	if (is_auto)
		*ret = BOOT_ROOT_DSTACK;
	else
		*ret = says(s, SET_SELFSAME_ROOT_SOURCE, "dstack-v0") ? BOOT_ROOT_DSTACK_V0
		                                                     : BOOT_ROOT_DSTACK_V1;
	return 0;
}

static int
choose_real(const struct settings *s, struct plan *p, const char **problem)
{
	int r = platform_find(s, &p->platform, problem);

	if (r == 0 && strcmp(p->platform.name, "simulated") == 0)
		return refuse(problem,
		    "SELFSAME_PLATFORM: simulated evidence proves nothing and needs --dev");
	if (r == ERR_NOT_FOUND && s->value[SET_MNEMONIC] == NULL)
		return refuse(problem,
		    "MNEMONIC: is not set; the KMS of the TEE releases it into the environment "
		    "(for development without a TEE start with --dev)");
	if (r == ERR_NOT_FOUND)
		return refuse(problem,
		    "SELFSAME_PLATFORM: no TEE platform was found on this machine "
		    "(for development without a TEE start with --dev)");
	if (r != 0)
		return r;
	if ((r = choose_root(s, p->platform.name, &p->root, problem)) != 0)
		return r;
	if (p->root == BOOT_ROOT_PHRASE && s->value[SET_MNEMONIC] == NULL)
		return refuse(problem,
		    "MNEMONIC: is not set; the KMS of the TEE releases it into the environment");
	return 0;
}

/* Evidence that proves nothing must not come from a machine that could prove something. */
static int
choose_simulated(const struct settings *s, struct plan *p, const char **problem)
{
	struct platform found;
	int r = platform_find(s, &found, problem);

	if (r == ERR_SETTING)
		return r;
	if (r == 0 && strcmp(found.name, "simulated") != 0)
		return refuse(problem,
		    "SELFSAME_PLATFORM: --dev is refused in a real TEE, and this machine has one; "
		    "start without --dev, or say SELFSAME_PLATFORM=simulated");
	if (!says(s, SET_SELFSAME_ROOT_SOURCE, "auto") &&
	    !says(s, SET_SELFSAME_ROOT_SOURCE, "environment"))
		return refuse(problem,
		    "SELFSAME_ROOT_SOURCE: the simulated TEE has no agent; set environment or "
		    "auto");
	p->platform = (struct platform){.name = "simulated"};
	p->root = BOOT_ROOT_PHRASE;
	p->phrase_is_published = s->value[SET_MNEMONIC] == NULL;
	return 0;
}

int
plan_make(const struct settings *s, int development, struct plan *ret, const char **problem)
{
	struct plan p = {
	    .development = development,
	    .scheme = choose_scheme(s, development),
	    .chain_id = setting_u64(s, SET_SELFSAME_CHAIN_ID),
	    .active_agents = setting_u64(s, SET_SELFSAME_ACTIVE_AGENTS),
	    .rpc_is_loopback = setting_is_loopback(s, SET_CHAINSTACK_NODE),
	    .local_fork = setting_u64(s, SET_SELFSAME_LOCAL_FORK) == 1,
	};
	int r;

	r = development ? choose_simulated(s, &p, problem) : choose_real(s, &p, problem);
	if (r != 0)
		return r;
	if (development &&
	    !boot_development_allowed(p.chain_id, p.rpc_is_loopback, p.local_fork))
		return refuse(problem,
		    "SELFSAME_CHAIN_ID: --dev is refused on the chain id of a public network; set "
		    "31337 or 1337, or, for a local copy of that chain, SELFSAME_LOCAL_FORK=1 with "
		    "every CHAINSTACK_NODE on loopback");
	*ret = p;
	return 0;
}

const char *
plan_root_name(const struct plan *p)
{
	return p->root == BOOT_ROOT_PHRASE ? "environment" : "dstack";
}

const char *
plan_scheme_name(const struct plan *p)
{
	switch (p->scheme) {
	case BOOT_BOUND:
		return "bound";
	case BOOT_INDEXED:
		return "indexed";
	}
	return "?";
}

void
plan_development_phrase(char ret[PLAN_PHRASE_MAX])
{
	struct writer w = writer_of((uint8_t *)ret, PLAN_PHRASE_MAX - 1);

	for (int i = 0; i < 11; i++)
		write_text(&w, "test ");
	write_text(&w, "junk");
	ret[w.len] = '\0';
}
