#include "supervisor/root_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/banned.h"

#define KEY_TEXT_MAX 70

static int PRINTF_LIKE(2, 3)
refuse(char text[ROOT_TEXT_MAX], const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, ROOT_TEXT_MAX, format, ap);
	va_end(ap);
	return ERR_SETTING;
}

static int
read_pinned(const struct settings *s, struct root_check *c, char text[ROOT_TEXT_MAX])
{
	const char *pinned = s->value[SET_SELFSAME_ROOT_PUBLIC_KEY];

	if (pinned == NULL)
		return 0;
	if (hex_decode_0x(pinned, strlen(pinned), c->record.public_key,
	        sizeof c->record.public_key) != 0)
		return refuse(text, "SELFSAME_ROOT_PUBLIC_KEY: is not a key");
	c->is_pinned = 1;
	return 0;
}

static int
read_record(struct root_check *c, char text[ROOT_TEXT_MAX])
{
	int r = root_record_read(c->path, &c->record);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r == ERR_PARSE)
		return refuse(text,
		    "SELFSAME_ROOT_RECORD: %s is no record of a root secret; put it back from a "
		    "backup, or name another file",
		    c->path);
	if (r != 0)
		return refuse(text, "SELFSAME_ROOT_RECORD: %s cannot be read: %s", c->path,
		    strerror(errno));
	c->is_recorded = 1;
	return 0;
}

int
root_check_open(const struct settings *s, enum boot_root wanted, struct root_check *ret,
    char text[ROOT_TEXT_MAX])
{
	struct root_check c = {.path = s->value[SET_SELFSAME_ROOT_RECORD], .wanted = wanted};
	int r;

	if ((r = read_pinned(s, &c, text)) != 0)
		return r;
	if (!c.is_pinned && (r = read_record(&c, text)) != 0)
		return r;
	if (c.is_recorded && wanted == BOOT_ROOT_DSTACK)
		c.wanted = c.record.scheme;
	if (c.is_recorded && c.wanted != c.record.scheme)
		return refuse(text,
		    "SELFSAME_ROOT_SOURCE: %s is on record as %s: %s derives other keys, and with "
		    "them empty wallets. Set SELFSAME_ROOT_SOURCE=%s, or name another "
		    "SELFSAME_ROOT_RECORD for a new identity",
		    c.path, root_scheme_name(c.record.scheme), root_scheme_name(c.wanted),
		    root_scheme_name(c.record.scheme));
	*ret = c;
	return 0;
}

static int
refuse_key(const struct root_check *c, const uint8_t found[33], char text[ROOT_TEXT_MAX])
{
	char wanted_text[KEY_TEXT_MAX], found_text[KEY_TEXT_MAX];

	hex_encode_0x(c->record.public_key, sizeof c->record.public_key, wanted_text);
	hex_encode_0x(found, 33, found_text);
	return refuse(text,
	    "%s: the agent derives another root secret than the one on record (%s): now %s, "
	    "recorded %s. The KMS has another root or epoch, the application another id, or the "
	    "agent another scheme. Its wallets would be other ones, and empty. Go back to that KMS "
	    "or application, or start with another record and database for a new identity",
	    c->is_pinned ? "SELFSAME_ROOT_PUBLIC_KEY" : "SELFSAME_ROOT_RECORD",
	    c->is_pinned ? "the setting" : c->path, found_text, wanted_text);
}

static int
record_birth(const struct root_check *c, const struct root_record *born, char text[ROOT_TEXT_MAX])
{
	char key[KEY_TEXT_MAX];

	hex_encode_0x(born->public_key, sizeof born->public_key, key);
	if (root_record_write(c->path, born) != 0)
		return refuse(text,
		    "SELFSAME_ROOT_RECORD: %s cannot be written: %s. Name a file on a disk that "
		    "stays, or set SELFSAME_ROOT_PUBLIC_KEY=%s and SELFSAME_ROOT_SOURCE=%s",
		    c->path, strerror(errno), key, root_scheme_name(born->scheme));
	log_event(LOG_INFO, "root-recorded", LOG_STR("file", c->path),
	    LOG_STR("scheme", root_scheme_name(born->scheme)), LOG_STR("key", key));
	return 0;
}

int
root_check_accept(const struct root_check *c, const struct msg_root *root,
    char text[ROOT_TEXT_MAX])
{
	struct root_record born = {.scheme = (enum boot_root)root->scheme};

	if (root->scheme != BOOT_ROOT_DSTACK_V0 && root->scheme != BOOT_ROOT_DSTACK_V1)
		return refuse(text, "selfsame-rootsource named a scheme that does not exist");
	if (c->wanted != BOOT_ROOT_DSTACK && c->wanted != born.scheme)
		return refuse(text, "selfsame-rootsource used another scheme than it was told");
	memcpy(born.public_key, root->public_key, sizeof born.public_key);
	if (!c->is_pinned && !c->is_recorded)
		return record_birth(c, &born, text);
	if (memcmp(c->record.public_key, born.public_key, sizeof born.public_key) != 0)
		return refuse_key(c, born.public_key, text);
	return 0;
}
