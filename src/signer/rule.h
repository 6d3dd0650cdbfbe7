/* The names of all reasons for a refusal (rule.def). RULE_NONE: nothing objects. */
#ifndef SELFSAME_SIGNER_RULE_H
#define SELFSAME_SIGNER_RULE_H

enum rule {
	RULE_NONE,
#define RULE(NAME, name, text) RULE_##NAME,
#include "signer/rule.def"
#undef RULE
	RULES_COUNT
};

/* The stable name, such as "fee-ceiling"; "" for RULE_NONE. */
const char *rule_name(enum rule rule);

/* One line for a person; "" for RULE_NONE. */
const char *rule_text(enum rule rule);

#endif
