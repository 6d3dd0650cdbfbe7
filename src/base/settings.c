#include "base/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/parse.h"
#include "base/secret.h"
#include "base/setting_shape.h"
#include "base/banned.h"

#define FILE_BYTES_MAX 65536
#define OWN_PREFIX "SELFSAME_"
#define SHOWN_NAME_MAX 64

struct setting {
	const char *name;
	enum setting_kind kind;
	const char *fallback;
	int readers;
	int attested;
	const char *help;
};

static const struct setting list[SETTINGS_COUNT] = {
#define SETTING(name, kind, fallback, readers, attested, help) \
	{#name, kind, fallback, readers, attested, help},
#include "base/settings.def"
#undef SETTING
};

/* What is being read, and where the first problem is told. */
struct loader {
	char *found[SETTINGS_COUNT];
	char *text;
	size_t text_cap;
};

const char *
setting_name(enum setting_id id)
{
	return list[id].name;
}

const char *
setting_help(enum setting_id id)
{
	return list[id].help;
}

const char *
setting_default(enum setting_id id)
{
	return list[id].fallback;
}

static void
wipe_text(char *s)
{
	if (s == NULL)
		return;
	wipe(s, strlen(s));
	free(s);
}

static void
write_shown(struct writer *w, struct bytes name)
{
	for (size_t i = 0; i < name.len && i < SHOWN_NAME_MAX; i++)
		write_u8(w, name.p[i] > 0x20 && name.p[i] < 0x7f ? name.p[i] : '?');
}

/* "NAME: problem"; a name of ours or one that somebody misspelt. Returns ERR_SETTING. */
static int
refuse(struct loader *l, struct bytes name, const char *problem)
{
	struct writer w;

	if (l->text_cap == 0)
		return ERR_SETTING;
	w = writer_of((uint8_t *)l->text, l->text_cap - 1);
	write_shown(&w, name);
	write_text(&w, ": ");
	write_text(&w, problem);
	l->text[w.len] = '\0';
	return ERR_SETTING;
}

static struct bytes
bytes_of(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static int
refuse_setting(struct loader *l, enum setting_id id, const char *problem)
{
	return refuse(l, bytes_of(list[id].name), problem);
}

static int
find(struct bytes name, enum setting_id *ret)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (bytes_equal(bytes_of(list[i].name), name)) {
			*ret = (enum setting_id)i;
			return 0;
		}
	}
	return ERR_NOT_FOUND;
}

/* The part of NAME=VALUE before the first '=': 0, or ERR_PARSE without one. */
static int
split(struct bytes line, struct bytes *ret_name, struct bytes *ret_value)
{
	const uint8_t *at = line.len > 0 ? memchr(line.p, '=', line.len) : NULL;
	size_t n;

	if (at == NULL)
		return ERR_PARSE;
	n = (size_t)(at - line.p);
	*ret_name = (struct bytes){line.p, n};
	*ret_value = (struct bytes){line.p + n + 1, line.len - n - 1};
	return 0;
}

static int
keep(struct loader *l, enum setting_id id, struct bytes value)
{
	if (l->found[id] != NULL)
		return refuse_setting(l, id, "is given twice");
	if (value.len > SETTING_VALUE_MAX)
		return refuse_setting(l, id, "is longer than 4096 bytes");
	if (value.len > 0 && memchr(value.p, '\0', value.len) != NULL)
		return refuse_setting(l, id, "has a NUL byte in it");
	if ((l->found[id] = strndup((const char *)value.p, value.len)) == NULL)
		return ERR_MEM;
	return 0;
}

static int
read_environment(struct loader *l, char *const *environment)
{
	struct bytes name, value;
	enum setting_id id;
	int r;

	for (; environment != NULL && *environment != NULL; environment++) {
		if (split(bytes_of(*environment), &name, &value) != 0)
			continue;
		if (find(name, &id) == 0) {
			if ((r = keep(l, id, value)) != 0)
				return r;
			continue;
		}
		if (name.len >= strlen(OWN_PREFIX) &&
		    memcmp(name.p, OWN_PREFIX, strlen(OWN_PREFIX)) == 0)
			return refuse(l, name, "unknown setting; selfsamed --help lists them all");
	}
	return 0;
}

static int
read_line(struct loader *l, struct bytes line)
{
	struct bytes name, value;
	enum setting_id id;

	if (line.len == 0 || line.p[0] == '#')
		return 0;
	/* without '=' the line could be anything, a mnemonic too: it is not shown */
	if (split(line, &name, &value) != 0)
		return refuse(l, bytes_of("--config"), "has a line that is not NAME=VALUE");
	if (find(name, &id) != 0)
		return refuse(l, name, "unknown setting; selfsamed --help lists them all");
	return keep(l, id, value);
}

static int
read_lines(struct loader *l, struct bytes file)
{
	struct reader in = reader_of(file.p, file.len);
	struct bytes line;
	int r;

	while (in.left > 0) {
		const uint8_t *end = memchr(in.p, '\n', in.left);

		line = (struct bytes){in.p, end == NULL ? in.left : (size_t)(end - in.p)};
		in.p += line.len + (end != NULL);
		in.left -= line.len + (end != NULL);
		if ((r = read_line(l, line)) != 0)
			return r;
	}
	return 0;
}

/* Moves what the loader found into s; the environment is merged first and wins. */
static void
merge(struct settings *s, struct loader *l)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (s->owned[i] == NULL)
			s->owned[i] = l->found[i];
		else
			wipe_text(l->found[i]);
		l->found[i] = NULL; /* transferred */
	}
}

static int
check_all(struct settings *s, struct loader *l)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const char *problem = NULL;

		s->value[i] = s->owned[i] != NULL ? s->owned[i] : list[i].fallback;
		if (s->value[i] != NULL)
			problem = setting_problem((enum setting_id)i, s->value[i]);
		if (problem != NULL)
			return refuse_setting(l, (enum setting_id)i, problem);
	}
	return 0;
}

int
settings_parse(char *const *environment, struct bytes file, struct settings *ret, char *text,
    size_t text_cap)
{
	struct loader l = {.found = {NULL}, .text = text, .text_cap = text_cap};
	struct settings s = {.value = {NULL}, .owned = {NULL}};
	int r;

	if (text_cap > 0)
		text[0] = '\0';
	if ((r = read_environment(&l, environment)) != 0)
		goto out;
	merge(&s, &l);
	if ((r = read_lines(&l, file)) != 0)
		goto out;
	merge(&s, &l);
	if ((r = check_all(&s, &l)) != 0)
		goto out;
	*ret = s;
	s = (struct settings){.value = {NULL}}; /* transferred */
out:
	merge(&s, &l);
	settings_free(&s);
	return r;
}

static int
read_all(int fd, struct buffer *b)
{
	uint8_t chunk[1024];
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof chunk);
		if (n > 0)
			buffer_add(b, chunk, (size_t)n);
	} while ((n > 0 && b->err == 0) || (n < 0 && errno == EINTR));
	wipe(chunk, sizeof chunk);
	if (n < 0)
		return ERR_IO;
	return b->err;
}

static int
file_refuse(struct loader *l, const char *problem)
{
	return refuse(l, bytes_of("--config"), problem);
}

/* A secret in a file that every user of the machine may read is none. */
static int
check_exposure(struct loader *l, const struct stat *st, struct bytes file)
{
	struct loader found = {.found = {NULL}, .text = NULL, .text_cap = 0};
	int r = 0;

	if (!S_ISREG(st->st_mode) || (st->st_mode & S_IROTH) == 0)
		return 0;
	(void)!read_lines(&found, file); /* settings_parse() tells what is wrong with it */
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (r == 0 && found.found[i] != NULL && list[i].kind == KIND_SECRET)
			r = refuse_setting(l, (enum setting_id)i,
			    "stands in a file that everybody may read; chmod 600 the file");
		wipe_text(found.found[i]);
	}
	return r;
}

int
settings_load(char *const *environment, const char *path, struct settings *ret, char *text,
    size_t text_cap)
{
	struct loader l = {.found = {NULL}, .text = text, .text_cap = text_cap};
	struct buffer file = buffer_of(FILE_BYTES_MAX);
	struct stat st;
	int fd = -1;
	int r;

	if (path == NULL)
		return settings_parse(environment, (struct bytes){NULL, 0}, ret, text, text_cap);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0 || fstat(fd, &st) != 0) {
		r = file_refuse(&l, strerror(errno));
		goto out;
	}
	if (S_ISDIR(st.st_mode)) {
		r = file_refuse(&l, "names a directory");
		goto out;
	}
	if ((r = read_all(fd, &file)) != 0) {
		r = file_refuse(&l, r == ERR_SPACE ? "the file is larger than 64 KiB"
		                                   : "the file could not be read");
		goto out;
	}
	if ((r = check_exposure(&l, &st, (struct bytes){file.p, file.len})) != 0)
		goto out;
	r = settings_parse(environment, (struct bytes){file.p, file.len}, ret, text, text_cap);
out:
	if (fd >= 0)
		close(fd);
	buffer_free(&file);
	return r;
}

void
settings_forget(struct settings *s, enum setting_id id)
{
	wipe_text(s->owned[id]);
	s->owned[id] = NULL;
	s->value[id] = NULL;
}

void
settings_free(struct settings *s)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		settings_forget(s, (enum setting_id)i);
}

int
settings_replace(struct settings *s, enum setting_id id, const char *value)
{
	char *copy;

	if (setting_problem(id, value) != NULL)
		return ERR_SETTING;
	if ((copy = strdup(value)) == NULL)
		return ERR_MEM;
	settings_forget(s, id);
	s->owned[id] = copy;
	s->value[id] = copy;
	return 0;
}

void
environment_wipe(char **environment)
{
	if (environment == NULL)
		return;
	for (size_t i = 0; environment[i] != NULL; i++) {
		wipe(environment[i], strlen(environment[i]));
		environment[i] = NULL;
	}
}

/* NAME=VALUE on the heap; NULL without memory. */
static char *
joined(const char *name, const char *value)
{
	size_t n = strlen(name);
	size_t v = strlen(value);
	char *p = malloc(n + 1 + v + 1);

	if (p == NULL)
		return NULL;
	memcpy(p, name, n);
	p[n] = '=';
	memcpy(p + n + 1, value, v + 1);
	return p;
}

int
environment_for(const struct settings *s, enum setting_reader reader, char ***ret)
{
	/* PATH and LC_ALL besides the settings, and the NULL at the end */
	char **e = calloc(SETTINGS_COUNT + 3, sizeof *e);
	size_t n = 0;

	if (e == NULL)
		return ERR_MEM;
	if ((e[n++] = joined("PATH", "/usr/bin:/bin")) == NULL)
		goto fail;
	if ((e[n++] = joined("LC_ALL", "C")) == NULL)
		goto fail;
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if ((list[i].readers & (int)reader) == 0 || s->value[i] == NULL)
			continue;
		if ((e[n++] = joined(list[i].name, s->value[i])) == NULL)
			goto fail;
	}
	*ret = e;
	return 0;
fail:
	environment_free(e);
	return ERR_MEM;
}

void
environment_free(char **environment)
{
	if (environment == NULL)
		return;
	for (size_t i = 0; environment[i] != NULL; i++)
		wipe_text(environment[i]);
	free(environment);
}

/* RFC 8785 3.2.2.2 for what a checked value can hold: no control characters. */
static void
write_json_string(struct writer *w, const char *s)
{
	write_u8(w, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			write_u8(w, '\\');
		write_u8(w, (uint8_t)*s);
	}
	write_u8(w, '"');
}

/* RFC 8785 3.2.3: members by name. All names are ASCII, so strcmp gives the order. */
static size_t
attested_by_name(size_t ret[SETTINGS_COUNT])
{
	size_t n = 0;

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		size_t at = n;

		if (!list[i].attested)
			continue;
		for (; at > 0 && strcmp(list[ret[at - 1]].name, list[i].name) > 0; at--)
			ret[at] = ret[at - 1];
		ret[at] = i;
		n++;
	}
	return n;
}

int
settings_attested(const struct settings *s, char *ret, size_t cap, size_t *ret_len)
{
	struct writer w = writer_of((uint8_t *)ret, cap);
	size_t order[SETTINGS_COUNT] = {0};
	size_t n = attested_by_name(order);
	const char *comma = "";

	write_u8(&w, '{');
	for (size_t i = 0; i < n; i++) {
		if (s->value[order[i]] == NULL)
			continue;
		write_text(&w, comma);
		write_json_string(&w, list[order[i]].name);
		write_u8(&w, ':');
		write_json_string(&w, s->value[order[i]]);
		comma = ",";
	}
	write_u8(&w, '}');
	return writer_end(&w, ret_len);
}

uint64_t
setting_u64(const struct settings *s, enum setting_id id)
{
	uint64_t v = 0;

	const char *text = s->value[id];

	if (text == NULL || parse_u64(text, strlen(text), 0, UINT64_MAX, &v) != 0)
		return 0;
	return v;
}

int
setting_is_loopback(const struct settings *s, enum setting_id id)
{
	const char *p = s->value[id];

	if (p == NULL)
		return 0;
	for (;;) {
		size_t n = strcspn(p, ",");

		if (!url_is_loopback(p, n))
			return 0;
		if (p[n] == '\0')
			return 1;
		p += n + 1;
	}
}
