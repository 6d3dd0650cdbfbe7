/*
 * The settings of settings.def: found in the environment or a configuration
 * file, checked by shape, handed to each process as an environment of its own.
 *
 * A process never sees a variable that is not on the list. What needs more
 * than shape (an EIP-55 checksum, a reachable database) is checked by the
 * process that reads it, which names the setting in its failure.
 */
#ifndef SELFSAME_BASE_SETTINGS_H
#define SELFSAME_BASE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

enum setting_kind {
	KIND_TEXT, /* one of the words in settings.c */
	KIND_SECRET, /* anything but NUL and line ends; wiped after use, never shown */
	KIND_BOOL, /* 0 or 1 */
	KIND_U64, /* decimal, within the bounds in settings.c */
	KIND_PATH, /* absolute or relative, not empty, no control characters */
	KIND_ADDRESS, /* 0x and 40 hex digits */
	KIND_PUBLIC_KEY, /* 0x and 66 hex digits: a compressed secp256k1 key */
	KIND_KMS_LIST, /* a JSON object of at most 2 KiB, or an absolute path */
	KIND_TOKENS, /* SYMBOL:ADDRESS:DECIMALS, ... ; 1 to 8, no symbol or address twice */
	KIND_URLS, /* 1 to 8; https, or http to a loopback address */
	KIND_DATABASE, /* sqlite:PATH or postgres(ql)://... */
	KIND_LISTEN /* IPv4:PORT or [IPv6]:PORT */
};

enum setting_reader { FOR_SIGNER = 1, FOR_ATTESTER = 2, FOR_GATEWAY = 4, FOR_ROOTSOURCE = 8 };

enum setting_id {
#define SETTING(name, kind, fallback, readers, attested, help) SET_##name,
#include "base/settings.def"
#undef SETTING
	SETTINGS_COUNT
};

#define SETTING_VALUE_MAX 4096

struct settings {
	const char *value[SETTINGS_COUNT]; /* NULL: not set and no default */
	char *owned[SETTINGS_COUNT]; /* what settings_free() wipes and frees */
};

/*
 * Read the environment and, if path is not NULL, a file of NAME=VALUE lines
 * (blank lines and lines beginning with # are skipped; the value is the rest
 * of the line, as it stands). The environment wins. Then check every value.
 *
 * An unknown name in the file, an unknown SELFSAME_* in the environment, a name
 * given twice in one place, a malformed value and a secret in a file that
 * everybody may read are ERR_SETTING: text gets one line that names the setting
 * and the remedy, never the value. Empty is malformed, except for the passphrase.
 *
 * Owns: *ret is the caller's, settings_free().
 */
int settings_load(char *const *environment, const char *path, struct settings *ret, char *text,
    size_t text_cap) MUST_USE;

/* The same with the file's content at hand: what settings_load() does after reading. */
int settings_parse(char *const *environment, struct bytes file, struct settings *ret, char *text,
    size_t text_cap) MUST_USE;

/* Wipes every value. */
void settings_free(struct settings *s);

/*
 * Put another value in the place of one (a relative path made absolute, a port
 * that was picked), with the same checks; the old one is wiped.
 *
 * Returns: 0, ERR_SETTING (malformed) or ERR_MEM
 */
int settings_replace(struct settings *s, enum setting_id id, const char *value) MUST_USE;

/* Wipes one value; it is not set afterwards. */
void settings_forget(struct settings *s, enum setting_id id);

/*
 * Overwrite every string of the environment in place (the bytes that
 * /proc/self/environ shows) and empty the list, before anything else is started.
 */
void environment_wipe(char **environment);

/*
 * The NAME=VALUE list of one process: the settings with this reader, and
 * PATH=/usr/bin:/bin and LC_ALL=C. Nothing else.
 *
 * Owns: *ret is the caller's, environment_free().
 */
int environment_for(const struct settings *s, enum setting_reader reader, char ***ret) MUST_USE;
void environment_free(char **environment);

/* RFC 8785 JSON object of the attested settings (all values as strings). */
int settings_attested(const struct settings *s, char *ret, size_t cap, size_t *ret_len) MUST_USE;

const char *setting_name(enum setting_id id);
const char *setting_help(enum setting_id id);
const char *setting_default(enum setting_id id);

/* A checked KIND_U64 or KIND_BOOL value. */
uint64_t setting_u64(const struct settings *s, enum setting_id id);

/*
 * Whether every URL of a KIND_URLS value names this machine: localhost,
 * 127.0.0.0/8 or [::1], as written; nothing is resolved.
 */
int setting_is_loopback(const struct settings *s, enum setting_id id);

#endif
