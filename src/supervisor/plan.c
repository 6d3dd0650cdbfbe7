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

static int
check_real(const struct settings *s, const char **problem)
{
	if (s->value[SET_MNEMONIC] == NULL)
		return refuse(problem,
		    "MNEMONIC: is not set; the KMS of the TEE releases it into the environment "
		    "(for development without a TEE start with --dev)");
	if (says(s, SET_SELFSAME_PLATFORM, "simulated"))
		return refuse(problem,
		    "SELFSAME_PLATFORM: simulated evidence proves nothing and needs --dev");
	return refuse(problem, "SELFSAME_PLATFORM: no TEE platform was found on this machine "
	                       "(for development without a TEE start with --dev)");
}

int
plan_make(const struct settings *s, int development, struct plan *ret, const char **problem)
{
	struct plan p = {
	    .development = development,
	    .phrase_is_published = s->value[SET_MNEMONIC] == NULL,
	    .scheme = choose_scheme(s, development),
	    .platform = "simulated",
	    .chain_id = setting_u64(s, SET_SELFSAME_CHAIN_ID),
	    .active_agents = setting_u64(s, SET_SELFSAME_ACTIVE_AGENTS),
	    .rpc_is_loopback = setting_is_loopback(s, SET_CHAINSTACK_NODE),
	    .local_fork = setting_u64(s, SET_SELFSAME_LOCAL_FORK) == 1,
	};
	int r;

	if (!development && (r = check_real(s, problem)) != 0)
		return r;
	if (!boot_development_allowed(p.chain_id, p.rpc_is_loopback, p.local_fork))
		return refuse(problem,
		    "SELFSAME_CHAIN_ID: --dev is refused on the chain id of a public network; set "
		    "31337 or 1337, or, for a local copy of that chain, SELFSAME_LOCAL_FORK=1 with "
		    "every CHAINSTACK_NODE on loopback");
	*ret = p;
	return 0;
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
