#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/secret.h"
#include "cli/file.h"
#include "tdx/digest.h"
#include "tdx/utc.h"
#include "base/banned.h"

#define DOMAIN "selfsame/history/v1" /* its NUL is part of the tag */
#define SIGNATURE_PREFIX ",\"signature\":\""
#define SIGNATURE_END "\"}"
#define SIGNATURE_LEN (sizeof SIGNATURE_PREFIX - 1 + 128 + sizeof SIGNATURE_END - 1)
#define SEED_LEN 32

static int
hash_line(const char *line, size_t len, uint8_t ret[32])
{
	const struct bytes b = {(const uint8_t *)line, len};

	return digest_sha256(&b, 1, ret);
}

/* --- reading one line ------------------------------------------------------------------- */

/* The signature stands at the end, in one form: what is before it is what was signed. */
static int
check_signature(const char *line, size_t len, const uint8_t key[32])
{
	static _Thread_local uint8_t message[sizeof DOMAIN + HISTORY_LINE_MAX];
	uint8_t signature[64];
	const char *at;
	size_t body;

	if (len <= SIGNATURE_LEN || len > HISTORY_LINE_MAX)
		return ERR_EVIDENCE;
	body = len - SIGNATURE_LEN;
	at = line + body;
	if (memcmp(at, SIGNATURE_PREFIX, sizeof SIGNATURE_PREFIX - 1) != 0 ||
	    memcmp(line + len - 2, SIGNATURE_END, 2) != 0 ||
	    hex_decode(at + sizeof SIGNATURE_PREFIX - 1, 128, signature, sizeof signature) != 0)
		return ERR_EVIDENCE;
	memcpy(message, DOMAIN, sizeof DOMAIN);
	memcpy(message + sizeof DOMAIN, line, body);
	message[sizeof DOMAIN + body] = '}';
	return crypto_sign_verify_detached(signature, message, sizeof DOMAIN + body + 1, key) == 0
		   ? 0
		   : ERR_EVIDENCE;
}

static int
follows(const json_t *entry, uint64_t next, const uint8_t head[32])
{
	const json_t *seq = json_object_get(entry, "seq");
	const json_t *prev = json_object_get(entry, "prev");
	uint8_t hash[32];

	return json_is_integer(seq) && (uint64_t)json_integer_value(seq) == next &&
	       json_is_string(prev) &&
	       hex_decode(json_string_value(prev), json_string_length(prev), hash, sizeof hash) ==
		   0 &&
	       memcmp(hash, head, sizeof hash) == 0;
}

int
history_line(const char *line, size_t len, const uint8_t key[32], uint64_t *next, uint8_t head[32],
	     json_t **ret_entry, const char **ret_why)
{
	json_error_t e;
	json_t *entry;

	*ret_why = "it is not signed by the key";
	if (check_signature(line, len, key) != 0)
		return ERR_EVIDENCE;
	*ret_why = "it is not a JSON object of this form";
	entry = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	if (!json_is_object(entry) || !json_is_string(json_object_get(entry, "type")) ||
	    !json_is_string(json_object_get(entry, "time")))
		goto bad;
	*ret_why = "it does not follow the line before";
	if (!follows(entry, *next, head) || hash_line(line, len, head) != 0)
		goto bad;
	++*next;
	*ret_entry = entry;
	return 0;
bad:
	json_decref(entry);
	return ERR_EVIDENCE;
}

/* --- reading the file ---------------------------------------------------------------------- */

struct walk {
	FILE *f;
	const uint8_t *key; /* NULL: the first line's */
	uint8_t first_key[32];
	uint64_t next;
	uint8_t head[32];
	off_t good; /* the end of the last whole line */
	history_visit *visit;
	void *arg;
	char *problem;
};

/* The key that the first line names, which proves nothing about whose it is. */
static int
take_first_key(struct walk *w, const char *line, size_t len)
{
	json_error_t e;
	json_t *entry = json_loadb(line, len, JSON_REJECT_DUPLICATES, &e);
	const json_t *key = json_object_get(entry, "key");
	int r = ERR_EVIDENCE;

	if (json_is_string(key))
		r = hex_decode(json_string_value(key), json_string_length(key), w->first_key,
			       sizeof w->first_key);
	json_decref(entry);
	return r == 0 ? 0 : ERR_EVIDENCE;
}

static int
take_line(struct walk *w, char *line, size_t len)
{
	const char *why = "it names no key";
	json_t *entry = NULL;

	if ((w->next == 0 && take_first_key(w, line, len) != 0) ||
	    history_line(line, len, w->key != NULL ? w->key : w->first_key, &w->next, w->head,
			 &entry, &why) != 0) {
		(void)!snprintf(w->problem, HISTORY_PROBLEM_MAX, "line %" PRIu64 ": %s",
				w->next + 1, why);
		return ERR_EVIDENCE;
	}
	w->good += (off_t)len + 1;
	line[len] = '\0'; /* where its end was */
	w->visit(w->arg, entry, line);
	json_decref(entry);
	return 0;
}

/* Returns: 0, ERR_EVIDENCE, ERR_IO; *ret_torn: bytes behind the last whole line */
static int
walk(struct walk *w, size_t *ret_torn)
{
	static char line[HISTORY_LINE_MAX + 2];
	int r;

	*ret_torn = 0;
	while (fgets(line, sizeof line, w->f) != NULL) {
		size_t len = strlen(line);

		if (len == 0 || line[len - 1] != '\n') {
			if (!feof(w->f)) {
				(void)!snprintf(w->problem, HISTORY_PROBLEM_MAX,
						"line %" PRIu64 ": it is too long, or holds a NUL",
						w->next + 1);
				return ERR_EVIDENCE;
			}
			*ret_torn = len;
			return 0;
		}
		if ((r = take_line(w, line, len - 1)) != 0)
			return r;
	}
	return ferror(w->f) ? ERR_IO : 0;
}

/* --- the key --------------------------------------------------------------------------------- */

static int
read_key(const char *path, uint8_t ret_seed[SEED_LEN])
{
	char text[2 * SEED_LEN + 2];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	n = read(fd, text, sizeof text);
	close(fd);
	if (n != 2 * SEED_LEN + 1 || text[2 * SEED_LEN] != '\n')
		n = 0;
	n = n > 0 && hex_decode(text, 2 * SEED_LEN, ret_seed, SEED_LEN) == 0 ? n : 0;
	wipe(text, sizeof text);
	return n > 0 ? 0 : ERR_PARSE;
}

static int
write_key(const char *path, const uint8_t seed[SEED_LEN])
{
	char text[2 * SEED_LEN + 2];
	int r;

	hex_encode(seed, SEED_LEN, text);
	text[2 * SEED_LEN] = '\n';
	r = file_replace(path, text, 2 * SEED_LEN + 1, 0600);
	wipe(text, sizeof text);
	return r;
}

/* The key beside the file; a new one only for a history that has no line yet. */
static int
obtain_key(const char *path, int is_new, struct history *h)
{
	SECRET_BYTES(seed, 32);
	char name[PATH_MAX];
	int r;

	if (snprintf(name, sizeof name, "%s.key", path) >= (int)sizeof name)
		return ERR_SPACE;
	r = read_key(name, seed);
	if (r == ERR_NOT_FOUND && is_new) {
		randombytes_buf(seed, SEED_LEN);
		r = write_key(name, seed);
	}
	if (r == 0 && crypto_sign_seed_keypair(h->key, h->secret, seed) != 0)
		r = ERR_CRYPTO;
	return r;
}

/* --- opening -----------------------------------------------------------------------------------
 */

static int
append_start(struct history *h)
{
	char key[65];
	json_t *entry;
	char *line = NULL;
	int r = ERR_MEM;

	hex_encode(h->key, sizeof h->key, key);
	if ((entry = json_pack("{s:s, s:s}", "type", "start", "key", key)) != NULL)
		r = history_append(h, entry, &line);
	free(line);
	json_decref(entry);
	return r;
}

static int
replay(const char *path, history_visit *visit, void *arg, struct history *h, char *problem)
{
	struct walk w = {.visit = visit, .arg = arg, .problem = problem, .key = h->key};
	int fd = dup(h->fd);
	size_t torn = 0;
	int r = ERR_IO;

	if (fd < 0 || (w.f = fdopen(fd, "r")) == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	r = walk(&w, &torn);
	fclose(w.f);
	if (r == ERR_EVIDENCE)
		return r;
	(void)!snprintf(problem, HISTORY_PROBLEM_MAX, "%.200s cannot be read or written", path);
	/* that line was never whole: nobody has acted on it */
	if (r == 0 && torn > 0 && ftruncate(h->fd, w.good) != 0)
		r = ERR_IO;
	if (r == 0 && lseek(h->fd, w.good, SEEK_SET) < 0)
		r = ERR_IO;
	h->next = w.next;
	h->end = w.good;
	memcpy(h->head, w.head, sizeof h->head);
	return r;
}

static int
lock_and_read(const char *path, history_visit *visit, void *arg, struct history *h, char *problem)
{
	struct stat st;
	int r;

	if (flock(h->fd, LOCK_EX | LOCK_NB) != 0) {
		(void)!snprintf(problem, HISTORY_PROBLEM_MAX, "another watch has %.200s open",
				path);
		return ERR_CONFLICT;
	}
	if (fstat(h->fd, &st) != 0)
		return ERR_IO;
	if ((r = obtain_key(path, st.st_size == 0, h)) != 0) {
		(void)!snprintf(problem, HISTORY_PROBLEM_MAX,
				"%.150s.key is missing or malformed: bring the key back, or begin "
				"another history",
				path);
		return r;
	}
	return replay(path, visit, arg, h, problem);
}

int
history_open(const char *path, history_visit *visit, void *arg, struct history *ret,
	     char problem[HISTORY_PROBLEM_MAX])
{
	int r;

	memset(ret, 0, sizeof *ret);
	(void)!snprintf(problem, HISTORY_PROBLEM_MAX, "%.200s cannot be opened", path);
	ret->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ret->fd < 0)
		return ERR_IO;
	r = lock_and_read(path, visit, arg, ret, problem);
	if (r == 0 && ret->next == 0)
		r = append_start(ret);
	if (r != 0)
		history_close(ret);
	return r;
}

void
history_close(struct history *h)
{
	if (h->fd >= 0)
		close(h->fd);
	wipe(h->secret, sizeof h->secret);
	h->fd = -1;
}

/* --- appending -----------------------------------------------------------------------------------
 */

static json_t *
with_place(const struct history *h, json_t *entry)
{
	char prev[65], now[UTC_TEXT_LEN + 1];
	json_t *whole;

	hex_encode(h->head, sizeof h->head, prev);
	utc_format((int64_t)time(NULL), now);
	whole = json_pack("{s:I, s:s, s:s}", "seq", (json_int_t)h->next, "prev", prev, "time", now);
	if (whole != NULL && json_object_update(whole, entry) != 0) {
		json_decref(whole);
		return NULL;
	}
	return whole;
}

/* body ends with "}"; the line with its end. Returns: 0, ERR_SPACE or ERR_MEM */
static int
sign(const struct history *h, const char *body, char **ret)
{
	size_t len = strlen(body);
	uint8_t *message = malloc(sizeof DOMAIN + len);
	char *line = malloc(len + SIGNATURE_LEN + 2);
	uint8_t signature[64];
	char hex[129];
	int r = ERR_MEM;

	if (message == NULL || line == NULL)
		goto out;
	r = ERR_SPACE;
	if (len + SIGNATURE_LEN > HISTORY_LINE_MAX)
		goto out;
	memcpy(message, DOMAIN, sizeof DOMAIN);
	memcpy(message + sizeof DOMAIN, body, len);
	crypto_sign_detached(signature, NULL, message, sizeof DOMAIN + len, h->secret);
	hex_encode(signature, sizeof signature, hex);
	(void)!snprintf(line, len + SIGNATURE_LEN + 2,
			"%.*s" SIGNATURE_PREFIX "%s" SIGNATURE_END "\n", (int)(len - 1), body, hex);
	*ret = line;
	line = NULL; /* transferred */
	r = 0;
out:
	free(message);
	free(line);
	return r;
}

/* All of the line or none of it, so that a full disk does not end the history. */
static int
write_line(struct history *h, const char *line, size_t len)
{
	if (file_write_all(h->fd, line, len) == 0 && fdatasync(h->fd) == 0) {
		h->end += (off_t)len;
		return 0;
	}
	if (ftruncate(h->fd, h->end) == 0)
		(void)lseek(h->fd, h->end, SEEK_SET);
	return ERR_IO;
}

int
history_append(struct history *h, json_t *entry, char **ret_line)
{
	json_t *whole = with_place(h, entry);
	char *body = whole != NULL ? json_dumps(whole, JSON_COMPACT) : NULL;
	char *line = NULL;
	size_t len;
	int r = ERR_MEM;

	if (body == NULL || (r = sign(h, body, &line)) != 0)
		goto out;
	len = strlen(line);
	if ((r = write_line(h, line, len)) != 0)
		goto out;
	if ((r = hash_line(line, len - 1, h->head)) != 0)
		goto out;
	h->next++;
	line[len - 1] = '\0';
	*ret_line = line;
	line = NULL; /* transferred */
out:
	free(line);
	free(body);
	json_decref(whole);
	return r;
}

/* --- checking
 * -------------------------------------------------------------------------------------- */

struct checking {
	struct history_summary *summary;
	const uint8_t *head;
	const struct walk *walk;
};

static void
check_visit(void *arg, const json_t *entry, const char *line)
{
	struct checking *c = arg;
	struct history_summary *s = c->summary;
	const char *when = json_string_value(json_object_get(entry, "time"));

	(void)line;
	s->count++;
	(void)!snprintf(s->last, sizeof s->last, "%s", when);
	if (s->count == 1)
		memcpy(s->first, s->last, sizeof s->first);
	if (c->head != NULL && memcmp(c->walk->head, c->head, 32) == 0)
		s->head_seen = 1;
}

int
history_check(const char *path, const uint8_t *key, const uint8_t *head,
	      struct history_summary *ret, char problem[HISTORY_PROBLEM_MAX])
{
	struct walk w = {.key = key, .visit = check_visit, .problem = problem};
	struct checking c = {ret, head, &w};
	size_t torn = 0;
	int r;

	memset(ret, 0, sizeof *ret);
	w.arg = &c;
	(void)!snprintf(problem, HISTORY_PROBLEM_MAX, "%.200s cannot be read", path);
	if ((w.f = fopen(path, "re")) == NULL)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	r = walk(&w, &torn);
	fclose(w.f);
	memcpy(ret->key, key != NULL ? key : w.first_key, sizeof ret->key);
	memcpy(ret->head, w.head, sizeof ret->head);
	if (r != 0)
		return r;
	if (ret->count == 0 || torn > 0 || (head != NULL && !ret->head_seen)) {
		(void)!snprintf(problem, HISTORY_PROBLEM_MAX, "%s",
				torn > 0 ? "the last line is incomplete"
				: ret->count == 0
				    ? "it is empty"
				    : "no line has the hash that was given: lines were cut "
				      "off, or it is another history");
		return ERR_EVIDENCE;
	}
	return 0;
}
