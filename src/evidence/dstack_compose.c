#include "evidence/dstack_compose.h"

#include <string.h>

#include "base/hex.h"
#include "json/reader.h"
#include "tdx/digest.h"
#include "base/banned.h"

int
dstack_compose_hash(struct bytes file, uint8_t ret32[32])
{
	return digest_sha256(&file, 1, ret32);
}

static int
is_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static int
begins_with(struct bytes b, const char *s)
{
	size_t n = strlen(s);

	return b.len >= n && memcmp(b.p, s, n) == 0;
}

static int
contains(struct bytes b, const char *s)
{
	return memmem(b.p, b.len, s, strlen(s)) != NULL;
}

static struct bytes
skip(struct bytes b, size_t n)
{
	return (struct bytes){b.p + n, b.len - n};
}

static struct bytes
skip_blanks(struct bytes b)
{
	while (b.len > 0 && (b.p[0] == ' ' || b.p[0] == '\t'))
		b = skip(b, 1);
	return b;
}

/* Takes the next line off, without its end. */
static struct bytes
take_line(struct bytes *text)
{
	const uint8_t *end = text->len == 0 ? NULL : memchr(text->p, '\n', text->len);
	struct bytes line = {text->p, end == NULL ? text->len : (size_t)(end - text->p)};

	*text = skip(*text, end == NULL ? line.len : line.len + 1);
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* --- images ----------------------------------------------------------------------- */

/* Without a variable to fill in, and without the blank that could begin a comment. */
static int
name_is_plain(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] == '$' || name.p[i] == ' ' || name.p[i] == '\t' || name.p[i] == '\\')
			return 0;
	return 1;
}

/* "name@sha256:" and 64 hex digits, plain or in quotes, with nothing behind but a comment. */
static int
is_pinned(struct bytes value)
{
	static const char mark[] = "@sha256:";
	const uint8_t *at = memmem(value.p, value.len, mark, sizeof mark - 1);
	uint8_t digest[32], quote = 0;
	struct bytes rest;

	if (value.len > 0 && (value.p[0] == '"' || value.p[0] == '\''))
		quote = value.p[0];
	if (at == NULL || at == value.p ||
	    !name_is_plain((struct bytes){value.p, (size_t)(at - value.p)}))
		return 0;
	rest = skip(value, (size_t)(at - value.p) + sizeof mark - 1);
	if (rest.len < 64 || hex_decode((const char *)rest.p, 64, digest, 32) != 0)
		return 0;
	rest = skip(rest, 64);
	if (quote != 0) {
		if (rest.len == 0 || rest.p[0] != quote)
			return 0;
		rest = skip(rest, 1);
	}
	if (skip_blanks(rest).len == 0)
		return 1;
	return skip_blanks(rest).len < rest.len && skip_blanks(rest).p[0] == '#';
}

/* The key at the beginning of a line, bare or in quotes, and the value behind its colon. */
static int
split_key(struct bytes line, struct bytes *ret_key, struct bytes *ret_value)
{
	uint8_t quote = line.len > 0 && (line.p[0] == '"' || line.p[0] == '\'') ? line.p[0] : 0;
	struct bytes rest = quote != 0 ? skip(line, 1) : line;
	size_t n = 0;

	while (n < rest.len && (quote != 0 ? rest.p[n] != quote : is_word(rest.p[n])))
		n++;
	*ret_key = (struct bytes){rest.p, n};
	rest = skip(rest, n);
	if (quote != 0) {
		if (rest.len == 0)
			return 0;
		rest = skip(rest, 1);
	}
	rest = skip_blanks(rest);
	if (rest.len == 0 || rest.p[0] != ':')
		return 0;
	*ret_value = skip_blanks(skip(rest, 1));
	return 1;
}

static int
text_is(struct bytes b, const char *s)
{
	return b.len == strlen(s) && memcmp(b.p, s, b.len) == 0;
}

/* Whether a key of that name stands anywhere in the run: then the line is in flow style. */
static int
names_key(struct bytes run, const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i + n <= run.len; i++) {
		struct bytes rest;

		if (memcmp(run.p + i, key, n) != 0 || (i > 0 && is_word(run.p[i - 1])))
			continue;
		rest = skip(run, i + n);
		if (rest.len > 0 && (rest.p[0] == '"' || rest.p[0] == '\''))
			rest = skip(rest, 1);
		rest = skip_blanks(rest);
		if (rest.len > 0 && rest.p[0] == ':')
			return 1;
	}
	return 0;
}

/* Keys that take the program from what is not measured. */
static const char *const fetching_keys[] = {"build", "dockerfile", "dockerfile_inline", "extends",
					    "include"};

static int
names_fetching_key(struct bytes line)
{
	for (size_t i = 0; i < ARRAY_LEN(fetching_keys); i++)
		if (names_key(line, fetching_keys[i]))
			return 1;
	return 0;
}

/* YAML ends a line, and a comment on it, at CR, NEL, LS and PS too. */
static int
hides_a_line(struct bytes line)
{
	return contains(line, "\r") || contains(line, "\xc2\x85") ||
	       contains(line, "\xe2\x80\xa8") || contains(line, "\xe2\x80\xa9");
}

/* Whether it begins with this indicator of YAML: "- " of a list, "? " of a key. */
static int
has_mark(struct bytes b, uint8_t mark)
{
	return b.len > 0 && b.p[0] == mark && (b.len == 1 || b.p[1] == ' ' || b.p[1] == '\t');
}

/* A key with an escape, in flow style, spells what this reader does not see. */
static int
hides_a_key(struct bytes b)
{
	return b.len > 0 && (b.p[0] == '{' || b.p[0] == '[') && contains(b, "\\");
}

static int
line_is_pinned(struct bytes line, unsigned *images)
{
	struct bytes key, value;

	if (hides_a_line(line))
		return 0;
	line = skip_blanks(line);
	while (has_mark(line, '-'))
		line = skip_blanks(skip(line, 1));
	if (line.len == 0 || line.p[0] == '#')
		return 1;
	/* an explicit key may stand on another line than its value */
	if (has_mark(line, '?') || names_fetching_key(line))
		return 0;
	if (!split_key(line, &key, &value))
		return !names_key(line, "image") && !hides_a_key(line);
	if (contains(key, "\\") || hides_a_key(value) || names_key(value, "image"))
		return 0;
	if (!text_is(key, "image"))
		return 1;
	++*images;
	return is_pinned(value);
}

static void
look_at_images(struct bytes compose, struct dstack_compose *ret)
{
	unsigned number = 0, images = 0;

	ret->images = TDX_HOLDS;
	while (compose.len > 0) {
		number++;
		if (line_is_pinned(take_line(&compose), &images))
			continue;
		ret->images = DSTACK_COMPOSE_IMAGE;
		ret->image_line = number;
		return;
	}
	/* nothing recognised is not everything pinned */
	if (images == 0)
		ret->images = DSTACK_COMPOSE_IMAGE;
}

/* --- scripts ---------------------------------------------------------------------- */

/* Commands that fetch; with a second word, where only that use of it does. */
static const struct {
	const char *command;
	const char *use;
} fetchers[] = {
    {"curl", NULL},	{"wget", NULL},	      {"git", NULL},	    {"ssh", NULL},
    {"scp", NULL},	{"rsync", NULL},      {"nc", NULL},	    {"apt", NULL},
    {"apt-get", NULL},	{"apk", NULL},	      {"pip", NULL},	    {"pip3", NULL},
    {"npm", NULL},	{"npx", NULL},	      {"cargo", NULL},	    {"docker-compose", NULL},
    {"docker", "pull"}, {"docker", "run"},    {"docker", "build"},  {"docker", "compose"},
    {"docker", "load"}, {"docker", "create"}, {"docker", "import"}, {"docker", "exec"},
};

/* The word at the beginning, or an empty run. */
static struct bytes
word_at(struct bytes b)
{
	size_t n = 0;

	while (n < b.len && is_word(b.p[n]))
		n++;
	return (struct bytes){b.p, n};
}

static const char *
fetcher_at(struct bytes script)
{
	struct bytes word = word_at(script);
	struct bytes next = word_at(skip_blanks(skip(script, word.len)));

	for (size_t i = 0; i < ARRAY_LEN(fetchers); i++)
		if (text_is(word, fetchers[i].command) &&
		    (fetchers[i].use == NULL || text_is(next, fetchers[i].use)))
			return fetchers[i].command;
	return NULL;
}

static void
look_at_script_text(struct bytes script, struct dstack_compose *ret)
{
	const char *found;

	while (script.len > 0 && ret->script == TDX_HOLDS) {
		if (!is_word(script.p[0])) {
			script = skip(script, 1);
			continue;
		}
		if ((found = fetcher_at(script)) != NULL) {
			ret->script = DSTACK_COMPOSE_SCRIPT;
			memcpy(ret->command, found, strlen(found) + 1);
		}
		script = skip(script, word_at(script).len);
	}
}

static struct bytes
text_of(const json_t *value)
{
	return (struct bytes){(const uint8_t *)json_string_value(value), json_string_length(value)};
}

/* Text, or a list of texts. */
static void
look_at_script(const json_t *value, struct dstack_compose *ret)
{
	const json_t *element;
	size_t i;

	if (value == NULL || json_is_null(value))
		return;
	if (json_is_string(value)) {
		look_at_script_text(text_of(value), ret);
		return;
	}
	if (!json_is_array(value)) {
		ret->script = DSTACK_COMPOSE_PARSE;
		return;
	}
	json_array_foreach(value, i, element)
	{
		if (json_is_string(element))
			look_at_script_text(text_of(element), ret);
		else
			ret->script = DSTACK_COMPOSE_PARSE;
	}
}

/* --- environment ------------------------------------------------------------------ */

/* The operator's key to the machine's root account goes by several names. */
static const char *const shell_parts[] = {"ROOT_PUBLIC_KEY", "ROOT_PASSWORD", "AUTHORIZED_KEYS",
					  "SSH_"};
static const char *const code_prefixes[] = {"LD_", "COMPOSE_", "DOCKER_HOST"};
static const char *const code_names[] = {
    "PATH",	 "ENV",	     "BASH_ENV", "PYTHONPATH", "PYTHONSTARTUP", "NODE_OPTIONS",
    "NODE_PATH", "PERL5OPT", "PERL5LIB", "RUBYOPT",    "RUBYLIB",	"JAVA_TOOL_OPTIONS",
};

static int
is_dangerous(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_LEN(shell_parts); i++)
		if (contains(name, shell_parts[i]))
			return 1;
	for (size_t i = 0; i < ARRAY_LEN(code_prefixes); i++)
		if (begins_with(name, code_prefixes[i]))
			return 1;
	for (size_t i = 0; i < ARRAY_LEN(code_names); i++)
		if (text_is(name, code_names[i]))
			return 1;
	return 0;
}

static void
look_at_environment(const json_t *names, struct dstack_compose *ret)
{
	const json_t *value;
	struct bytes name;
	size_t i;

	ret->environment = TDX_HOLDS;
	if (names == NULL || json_is_null(names))
		return;
	if (!json_is_array(names)) {
		ret->environment = DSTACK_COMPOSE_PARSE;
		return;
	}
	json_array_foreach(names, i, value)
	{
		name = text_of(value);
		if (name.p == NULL || name.len >= sizeof ret->variable) {
			ret->environment = DSTACK_COMPOSE_PARSE;
			return;
		}
		if (!is_dangerous(name))
			continue;
		ret->environment = DSTACK_COMPOSE_ENV;
		memcpy(ret->variable, name.p, name.len);
		ret->variable[name.len] = '\0';
		return;
	}
}

/* --- the file --------------------------------------------------------------------- */

static const char *const script_members[] = {"pre_launch_script", "init_script", "bash_script"};

/* The runner "bash" has no containers. */
static void
look_at_members(struct json_in *in, struct dstack_compose *ret)
{
	struct bytes compose = {NULL, 0}, runner = {NULL, 0};
	json_t *names = NULL, *script;

	json_in_text(in, "docker_compose_file", JSON_OPTIONAL, 0, SIZE_MAX, &compose);
	json_in_text(in, "runner", JSON_OPTIONAL, 0, 64, &runner);
	json_in_value(in, "allowed_envs", JSON_OPTIONAL, &names);
	if (in->error->err != 0)
		return;
	if (compose.len > 0 || !text_is(runner, "bash"))
		look_at_images(compose, ret);
	else
		ret->images = TDX_HOLDS;
	look_at_environment(names, ret);
	ret->script = TDX_HOLDS;
	for (size_t i = 0; i < ARRAY_LEN(script_members); i++) {
		script = NULL;
		json_in_value(in, script_members[i], JSON_OPTIONAL, &script);
		look_at_script(script, ret);
	}
}

void
dstack_compose_look(struct bytes file, struct dstack_compose *ret)
{
	struct json_error error;
	struct json_in in;

	*ret = (struct dstack_compose){.images = DSTACK_COMPOSE_PARSE,
				       .script = DSTACK_COMPOSE_PARSE,
				       .environment = DSTACK_COMPOSE_PARSE};
	if (file.len > DSTACK_COMPOSE_MAX || json_in_open(file.p, file.len, &in, &error) != 0)
		return;
	look_at_members(&in, ret);
	json_in_free(&in);
}
