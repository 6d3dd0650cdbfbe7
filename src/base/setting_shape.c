#include "base/setting_shape.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/hex.h"
#include "base/parse.h"
#include "base/banned.h"

#define LIST_MAX 8
#define SYMBOL_MAX 16
#define HOST_MAX 255
#define KMS_LIST_MAX 2048 /* it is attested, and doubles when its quotes are escaped */

/* A run of the value; the cursor functions below cut it further. */
struct span {
	const char *p;
	size_t len;
};

struct limit {
	enum setting_id id;
	uint64_t min;
	uint64_t max;
	const char *problem;
};

struct words {
	enum setting_id id;
	const char *word[5];
	const char *problem;
};

/* EIP-2294: chain ids up to floor(2^64 / 2) - 36, so that v of EIP-155 fits 64 bits */
#define CHAIN_ID_MAX 9223372036854775771U

/* Of a number: its bounds. Of a secret: the bounds of its length. */
static const struct limit limits[] = {
	{SET_MNEMONIC, 1, 512, "must be a BIP-39 mnemonic of 12 to 24 English words"},
	{SET_MNEMONIC_PASSPHRASE, 0, 256, "must be at most 256 printable ASCII characters"},
	{SET_SELFSAME_REGISTRATION_TOKEN, 16, 128, "must have 16 to 128 characters; make one with: "
	                                           "openssl rand -hex 16"},
	{SET_SELFSAME_CHAIN_ID, 1, CHAIN_ID_MAX, "must be a chain id such as 137"},
	{SET_SELFSAME_REGISTER_PER_MINUTE, 1, 1000000, "must be a number from 1 to 1000000"},
	{SET_SELFSAME_ACTIVE_AGENTS, 1, 16777216, "must be a number from 1 to 16777216"},
	{SET_SELFSAME_MAX_FEE_PER_GAS, 1, UINT64_MAX, "must be a number of wei, at least 1"},
	{SET_SELFSAME_MAX_GAS, 21000, 1000000000, "must be a number from 21000 to 1000000000"},
	{SET_SELFSAME_FINALITY_DEPTH, 1, 100000, "must be a number of blocks from 1 to 100000"},
	{SET_SELFSAME_WAIT_SECONDS, 0, 600, "must be a number of seconds from 0 to 600"},
	{SET_SELFSAME_BUMP_SECONDS, 1, 86400, "must be a number of seconds from 1 to 86400"},
	{SET_SELFSAME_POLL_MILLISECONDS, 10, 60000, "must be a number from 10 to 60000"},
	{SET_SELFSAME_RPC_TIMEOUT_MILLISECONDS, 100, 120000, "must be a number from 100 to 120000"},
	/* 0 would be root; the highest uid means "no change" to the kernel */
	{SET_SELFSAME_UID_BASE, 1, 4294967291U, "must be a user id from 1 to 4294967291"},
};

static const struct words choices[] = {
	{SET_SELFSAME_PLATFORM, {"auto", "dstack", "eigencompute", "tsm", "simulated"},
	    "must be auto, dstack, eigencompute, tsm or simulated"},
	{SET_SELFSAME_ROOT_SOURCE, {"auto", "environment", "dstack-v0", "dstack-v1", NULL},
	    "must be auto, environment, dstack-v0 or dstack-v1"},
	{SET_SELFSAME_KMS_ENVIRONMENT, {"mainnet-alpha", "sepolia", "sepolia-dev", NULL},
	    "must be mainnet-alpha, sepolia or sepolia-dev"},
	{SET_SELFSAME_DERIVATION, {"auto", "bound", "indexed"}, "must be auto, bound or indexed"},
	{SET_SELFSAME_LOG, {"text", "json", NULL}, "must be text or json"},
};

static const struct limit *
limit_of(enum setting_id id)
{
	for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
		if (limits[i].id == id)
			return &limits[i];
	}
	return NULL;
}

static int
all_within(struct span s, char low, char high)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < low || s.p[i] > high)
			return 0;
	}
	return 1;
}

static int
has_any(struct span s, const char *set)
{
	for (size_t i = 0; i < s.len; i++) {
		if (strchr(set, s.p[i]) != NULL)
			return 1;
	}
	return 0;
}

static int
has_prefix(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && memcmp(s.p, prefix, n) == 0;
}

/* Cut off what stands before the first c; all of the rest when there is none. Returns whether. */
static int
cut(struct span *rest, char c, struct span *ret)
{
	const char *at = rest->len > 0 ? memchr(rest->p, c, rest->len) : NULL;
	size_t n = at == NULL ? rest->len : (size_t)(at - rest->p);

	*ret = (struct span){rest->p, n};
	rest->p += at == NULL ? n : n + 1;
	rest->len -= at == NULL ? n : n + 1;
	return at != NULL;
}

static int
inet_from(int family, struct span s, void *ret)
{
	char text[HOST_MAX + 1];

	if (s.len == 0 || s.len > HOST_MAX || memchr(s.p, '\0', s.len) != NULL)
		return 0;
	memcpy(text, s.p, s.len);
	text[s.len] = '\0';
	return inet_pton(family, text, ret) == 1;
}

static int
port_ok(struct span s, uint64_t min)
{
	uint64_t port;

	return parse_u64(s.p, s.len, min, 65535, &port) == 0;
}

/* host, or [IPv6], and what follows it */
static int
split_host(struct span authority, struct span *ret_host, int *ret_v6, struct span *ret_after)
{
	struct span rest = authority;
	size_t n = 0;

	if (authority.len > 0 && authority.p[0] == '[') {
		rest.p++;
		rest.len--;
		if (!cut(&rest, ']', ret_host))
			return 0;
		*ret_v6 = 1;
		*ret_after = rest;
		return 1;
	}
	while (n < authority.len && authority.p[n] != ':')
		n++;
	*ret_host = (struct span){authority.p, n};
	*ret_v6 = 0;
	*ret_after = (struct span){authority.p + n, authority.len - n};
	return 1;
}

static int
host_ok(struct span host, int v6)
{
	struct in6_addr a;

	if (v6)
		return inet_from(AF_INET6, host, &a);
	if (host.len == 0 || host.len > HOST_MAX)
		return 0;
	for (size_t i = 0; i < host.len; i++) {
		char c = host.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '.' && c != '-' && c != '_')
			return 0;
	}
	return 1;
}

/*
 * The host of scheme://[user@]host[:port][/...]. Strict, because libcurl reads
 * the URL again: where two parsers could disagree about the host, we refuse.
 */
static int
url_host(struct span url, struct span *ret_host, int *ret_v6)
{
	struct span rest = url;
	struct span authority, user, after;
	size_t n = 0;

	if (!all_within(url, '!', '~') || has_any(url, "\"<>\\^`{|}#"))
		return 0;
	if (has_prefix(rest, "https://"))
		n = 8;
	else if (has_prefix(rest, "http://"))
		n = 7;
	else
		return 0;
	rest.p += n;
	rest.len -= n;
	for (n = 0; n < rest.len && rest.p[n] != '/' && rest.p[n] != '?'; n++)
		;
	authority = (struct span){rest.p, n};
	rest = authority;
	if (cut(&rest, '@', &user))
		authority = rest;
	if (has_any(authority, "@"))
		return 0;
	if (!split_host(authority, ret_host, ret_v6, &after) || !host_ok(*ret_host, *ret_v6))
		return 0;
	if (after.len == 0)
		return 1;
	return after.p[0] == ':' && port_ok((struct span){after.p + 1, after.len - 1}, 1);
}

int
url_is_loopback(const char *url, size_t len)
{
	struct span host;
	struct in_addr v4;
	struct in6_addr a;
	int v6;

	if (!url_host((struct span){url, len}, &host, &v6))
		return 0;
	if (v6)
		return inet_from(AF_INET6, host, &a) && IN6_IS_ADDR_LOOPBACK(&a);
	if (host.len == 9 && memcmp(host.p, "localhost", 9) == 0)
		return 1;
	return inet_from(AF_INET, host, &v4) && ntohl(v4.s_addr) >> 24 == 127;
}

static const char *
urls_problem(struct span rest)
{
	struct span url, host;
	size_t count = 0;
	int v6, more;

	do {
		more = cut(&rest, ',', &url);
		if (++count > LIST_MAX)
			return "has more than 8 URLs";
		if (!url_host(url, &host, &v6))
			return "must be https://HOST... or http://127.0.0.1:PORT, several "
			       "separated by commas, without spaces";
		if (has_prefix(url, "http://") && !url_is_loopback(url.p, url.len))
			return "allows http to loopback addresses only; use https";
	} while (more);
	return NULL;
}

static int
address_ok(struct span s)
{
	uint8_t address[20];

	return hex_decode_0x(s.p, s.len, address, sizeof address) == 0;
}

static const char *
public_key_problem(struct span s)
{
	uint8_t key[33];

	if (hex_decode_0x(s.p, s.len, key, sizeof key) == 0 && (key[0] == 2 || key[0] == 3))
		return NULL;
	return "must be 0x and the 66 hex digits of a compressed secp256k1 key";
}

static const char *
kms_list_problem(struct span s)
{
	if (s.p[0] == '/')
		return NULL;
	if (s.len > KMS_LIST_MAX)
		return "is longer than 2048 bytes; ask the KMS for fewer addresses, one will do";
	if (s.p[0] == '{' && s.p[s.len - 1] == '}' && all_within(s, ' ', '~'))
		return NULL;
	return "must be the KMS's answer, a JSON object on one line, or the absolute path of a "
	       "file with it";
}

static int
symbol_ok(struct span s)
{
	if (s.len == 0 || s.len > SYMBOL_MAX)
		return 0;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '.' && c != '-' && c != '_')
			return 0;
	}
	return 1;
}

static int
same(struct span a, struct span b, int fold_case)
{
	if (a.len != b.len)
		return 0;
	return fold_case ? strncasecmp(a.p, b.p, a.len) == 0 : memcmp(a.p, b.p, a.len) == 0;
}

static const char *
tokens_problem(struct span rest)
{
	struct span symbols[LIST_MAX], addresses[LIST_MAX];
	struct span token;
	uint64_t decimals;
	size_t count = 0;
	int more;

	do {
		more = cut(&rest, ',', &token);
		if (count == LIST_MAX)
			return "has more than 8 tokens";
		if (!cut(&token, ':', &symbols[count]) || !cut(&token, ':', &addresses[count]) ||
		    !symbol_ok(symbols[count]) || !address_ok(addresses[count]) ||
		    parse_u64(token.p, token.len, 0, 36, &decimals) != 0)
			return "must be SYMBOL:ADDRESS:DECIMALS, several separated by commas, "
			       "without spaces";
		for (size_t i = 0; i < count; i++) {
			if (same(symbols[i], symbols[count], 0) ||
			    same(addresses[i], addresses[count], 1))
				return "names a symbol or an address twice";
		}
		count++;
	} while (more);
	return NULL;
}

static const char *
listen_problem(struct span s)
{
	struct span host, after;
	uint8_t address[16];
	int v6;

	if (split_host(s, &host, &v6, &after) && after.len > 1 && after.p[0] == ':' &&
	    inet_from(v6 ? AF_INET6 : AF_INET, host, address) &&
	    port_ok((struct span){after.p + 1, after.len - 1}, 0))
		return NULL;
	return "must be IPv4:PORT or [IPv6]:PORT, such as 127.0.0.1:8000";
}

static const char *
database_problem(struct span s)
{
	const char *text = "must be sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME";

	if (has_prefix(s, "sqlite:"))
		return s.len > 7 ? NULL : text;
	if (!all_within(s, '!', '~'))
		return text;
	if (has_prefix(s, "postgres://") && s.len > 11)
		return NULL;
	return has_prefix(s, "postgresql://") && s.len > 13 ? NULL : text;
}

static const char *
word_problem(enum setting_id id, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(choices); i++) {
		if (choices[i].id != id)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(choices[i].word); k++) {
			if (choices[i].word[k] != NULL && strcmp(value, choices[i].word[k]) == 0)
				return NULL;
		}
		return choices[i].problem;
	}
	return "has no list of words"; /* a KIND_TEXT without a line in choices[] */
}

static const char *
number_problem(enum setting_id id, struct span s)
{
	const struct limit *l = limit_of(id);
	uint64_t v;

	if (l == NULL)
		return "has no bounds"; /* a KIND_U64 without a line in limits[] */
	return parse_u64(s.p, s.len, l->min, l->max, &v) == 0 ? NULL : l->problem;
}

static const char *
secret_problem(enum setting_id id, struct span s)
{
	const struct limit *l = limit_of(id);

	if (l != NULL && (s.len < l->min || s.len > l->max))
		return l->problem;
	if (has_any(s, "\r\n"))
		return "must be one line";
	/* it arrives in an HTTP header, so nothing else could ever match it */
	if (id == SET_SELFSAME_REGISTRATION_TOKEN && !all_within(s, '!', '~'))
		return "must be printable ASCII without spaces";
	return NULL;
}

static int
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return 1;
	}
	return 0;
}

const char *
setting_problem(enum setting_id id, const char *value)
{
	static const enum setting_kind kinds[] = {
#define SETTING(name, kind, fallback, readers, attested, help) kind,
#include "base/settings.def"
#undef SETTING
	};
	struct span s = {value, strnlen(value, SETTING_VALUE_MAX + 1)};

	if (s.len > SETTING_VALUE_MAX)
		return "is longer than 4096 bytes";
	if (kinds[id] == KIND_SECRET)
		return secret_problem(id, s);
	if (s.len == 0)
		return "is empty; remove it to get the default";
	if (has_control(s))
		return "has a control character in it";
	switch (kinds[id]) {
	case KIND_TEXT:
		return word_problem(id, value);
	case KIND_BOOL:
		return strcmp(value, "0") == 0 || strcmp(value, "1") == 0 ? NULL : "must be 0 or 1";
	case KIND_U64:
		return number_problem(id, s);
	case KIND_ADDRESS:
		return address_ok(s) ? NULL : "must be 0x and 40 hex digits";
	case KIND_PUBLIC_KEY:
		return public_key_problem(s);
	case KIND_KMS_LIST:
		return kms_list_problem(s);
	case KIND_TOKENS:
		return tokens_problem(s);
	case KIND_URLS:
		return urls_problem(s);
	case KIND_DATABASE:
		return database_problem(s);
	case KIND_LISTEN:
		return listen_problem(s);
	case KIND_PATH:
	case KIND_SECRET:
		break;
	}
	return NULL;
}
