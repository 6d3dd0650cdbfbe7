#include "signer/rule.h"

#include "base/banned.h"

static const char *const names[RULES_COUNT] = {
	"",
#define RULE(NAME, name, text) name,
#include "signer/rule.def"
#undef RULE
};

static const char *const texts[RULES_COUNT] = {
	"",
#define RULE(NAME, name, text) text,
#include "signer/rule.def"
#undef RULE
};

const char *
rule_name(enum rule rule)
{
	return rule < RULES_COUNT ? names[rule] : "";
}

const char *
rule_text(enum rule rule)
{
	return rule < RULES_COUNT ? texts[rule] : "";
}
