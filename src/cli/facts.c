#include "cli/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/banned.h"

#define HEX_MAX ((FACT_TEXT_MAX - 1) / 2)

static void
put(char *ret, size_t cap, struct bytes text)
{
	size_t n = text.len < cap - 1 ? text.len : cap - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = text.p[i] >= 0x20 && text.p[i] < 0x7f ? (char)text.p[i] : '?';
	ret[n] = '\0';
}

void
facts_add(struct facts *f, const char *name, struct bytes text)
{
	struct fact *fact = &f->fact[f->count];

	if (text.len == 0 || f->count == FACTS_MAX)
		return;
	put(fact->name, sizeof fact->name, (struct bytes){(const uint8_t *)name, strlen(name)});
	put(fact->text, sizeof fact->text, text);
	f->count++;
}

void
facts_add_text(struct facts *f, const char *name, const char *text)
{
	facts_add(f, name, (struct bytes){(const uint8_t *)text, strlen(text)});
}

void
facts_add_hex(struct facts *f, const char *name, const uint8_t *p, size_t len)
{
	char hex[2 * HEX_MAX + 1];

	hex_encode(p, len < HEX_MAX ? len : HEX_MAX, hex);
	facts_add_text(f, name, hex);
}

void
facts_add_member(struct facts *f, const char *prefix, const char *name, struct bytes text)
{
	char whole[FACT_NAME_MAX];

	/* cut names are still names: a binary's is shorter */
	(void)!snprintf(whole, sizeof whole, "%s.%s", prefix, name);
	facts_add(f, whole, text);
}

const char *
facts_find(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->fact[i].name, name) == 0)
			return f->fact[i].text;
	return NULL;
}
