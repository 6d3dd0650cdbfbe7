/* vectors DIR: run every published vector in DIR (laid out like fixtures/eth). */
#include "vectors.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hex.h"
#include "crypto/secp.h"
#include "base/banned.h"

#define FAILURES_SHOWN 10
#define REASONS_MAX 12
#define FILES_MAX 4096
#define FILE_BYTES_MAX (64 << 20)

struct counts {
	unsigned long passed;
	unsigned long failed;
	unsigned long skipped;
};

struct reason {
	char text[160];
	unsigned long count;
};

struct vectors {
	const char *dir;
	const char *file;
	struct counts counts; /* of the table's entry that runs */
	struct reason reasons[REASONS_MAX];
	size_t reason_count;
	char failures[FAILURES_SHOWN][512];
};

static const struct vector_file out_of_scope[] = {
	{"wycheproof/ecdsa_secp256r1_sha256_test.json", NULL, "secp256r1 is out of scope"},
	{"wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", NULL, "secp256r1 is out of scope"},
	{"eip-7951/", NULL, "a precompile of the chain"},
	{"x402/", NULL, "no x402 payments here"},
	{"erc8004-abi/", NULL, "no ERC-8004 calls here"},
	{"generated/erc8004-interface.json", NULL, "no ERC-8004 calls here"},
	{"generated/erc8004-recorded-calls.json", NULL, "no ERC-8004 calls here"},
	{"generated/transactions-eip7702.json", NULL, "the signer refuses type 4"},
	{NULL, NULL, NULL},
};

static const struct vector_file *const tables[] = {key_files, signature_files, encoding_files,
	out_of_scope};

/* What nftw() found; it has no argument of ours. */
static struct {
	char *names[FILES_MAX];
	uint8_t known[FILES_MAX];
	size_t count;
	size_t prefix;
	int overflow;
} found;

void
vectors_case(struct vectors *v, int ok, const char *entry, const char *why)
{
	if (ok) {
		v->counts.passed++;
		return;
	}
	if (v->counts.failed < FAILURES_SHOWN) {
		int n = snprintf(v->failures[v->counts.failed], sizeof v->failures[0], "%s#%s: %s",
		    v->file, entry, why == NULL ? "differs" : why);

		if (n < 0)
			v->failures[v->counts.failed][0] = '\0';
	}
	v->counts.failed++;
}

void
vectors_skip(struct vectors *v, const char *entry, const char *why)
{
	struct reason *r;
	int n;

	(void)entry;
	v->counts.skipped++;
	for (size_t i = 0; i < v->reason_count; i++) {
		if (strcmp(v->reasons[i].text, why) == 0) {
			v->reasons[i].count++;
			return;
		}
	}
	if (v->reason_count == REASONS_MAX)
		return;
	r = &v->reasons[v->reason_count++];
	r->count = 1;
	n = snprintf(r->text, sizeof r->text, "%s", why);
	if (n < 0)
		r->text[0] = '\0';
}

const char *
vectors_file(const struct vectors *v)
{
	return v->file;
}

/* NULL when it cannot be read whole; with a NUL behind the end. */
static char *
slurp(const char *path, size_t *ret_len)
{
	struct stat st;
	char *text = NULL;
	FILE *f = fopen(path, "rb");

	if (f == NULL)
		return NULL;
	if (fstat(fileno(f), &st) != 0 || st.st_size < 0 || st.st_size > FILE_BYTES_MAX)
		goto out;
	text = calloc(1, (size_t)st.st_size + 1);
	if (text == NULL)
		goto out;
	if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size) {
		free(text);
		text = NULL;
		goto out;
	}
	*ret_len = (size_t)st.st_size;
out:
	(void)fclose(f);
	return text;
}

static json_t *
lines_of(const char *text, size_t len)
{
	json_t *lines = json_array();

	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end == NULL ? len : (size_t)(end - text);

		if (json_array_append_new(lines, json_stringn(text, n)) != 0)
			break;
		text += end == NULL ? n : n + 1;
		len -= end == NULL ? n : n + 1;
	}
	return lines;
}

static int
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text);
	size_t m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

json_t *
vectors_open(const struct vectors *v, const char *name)
{
	char path[4096];
	json_t *root;
	char *text;
	size_t len = 0;
	int n = snprintf(path, sizeof path, "%s/%s", v->dir, name);

	if (n < 0 || (size_t)n >= sizeof path)
		return NULL;
	text = slurp(path, &len);
	if (text == NULL)
		return NULL;
	/* some vectors hold strings with U+0000 */
	if (ends_with(name, ".txt"))
		root = lines_of(text, len);
	else
		root = json_loadb(text, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	free(text);
	return root;
}

const char *
entry_name(const json_t *entry, size_t index, char *buf, size_t cap)
{
	const char *name = member_text(entry, "name");
	int n = name != NULL ? snprintf(buf, cap, "%s", name) : snprintf(buf, cap, "[%zu]", index);

	if (n < 0)
		buf[0] = '\0';
	return buf;
}

const char *
member_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

int
text_hex(const char *text, uint8_t *ret, size_t cap, size_t *ret_len)
{
	size_t len;
	int r;

	if (text == NULL)
		return ERR_NOT_FOUND;
	if (strncmp(text, "0x", 2) == 0)
		text += 2;
	len = strlen(text);
	if (len % 2 != 0)
		return ERR_PARSE;
	if (len / 2 > cap)
		return ERR_SPACE;
	if ((r = hex_decode(text, len, ret, len / 2)) != 0)
		return r;
	*ret_len = len / 2;
	return 0;
}

int
member_hex(const json_t *object, const char *key, uint8_t *ret, size_t cap, size_t *ret_len)
{
	return text_hex(member_text(object, key), ret, cap, ret_len);
}

int
member_hex_n(const json_t *object, const char *key, uint8_t *ret, size_t n)
{
	size_t len;
	int r = member_hex(object, key, ret, n, &len);

	if (r != 0)
		return r;
	return len == n ? 0 : ERR_PARSE;
}

int
member_equals(const json_t *object, const char *key, const uint8_t *p, size_t n)
{
	const char *text = member_text(object, key);
	uint8_t *got = malloc(n + 1);
	size_t len = 0;
	int equal;

	equal = got != NULL && text_hex(text, got, n, &len) == 0 && len == n &&
	    (n == 0 || memcmp(got, p, n) == 0);
	free(got);
	return equal;
}

static int
visit(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)where;
	if (kind != FTW_F)
		return 0;
	if (found.count == FILES_MAX) {
		found.overflow = 1;
		return 1;
	}
	found.names[found.count] = strdup(path + found.prefix);
	if (found.names[found.count] == NULL)
		return 1;
	found.count++;
	return 0;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
belongs(const char *name, const struct vector_file *f)
{
	if (ends_with(f->name, "/"))
		return strncmp(name, f->name, strlen(f->name)) == 0;
	return strcmp(name, f->name) == 0;
}

/* Licences and read-me files are no vectors. */
static int
is_prose(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash == NULL ? name : slash + 1;

	return strncmp(base, "LICENSE", 7) == 0 || strncmp(base, "README", 6) == 0;
}

static void
run_file(struct vectors *v, const struct vector_file *f, const char *name)
{
	unsigned long before = v->counts.passed + v->counts.failed + v->counts.skipped;
	json_t *root;

	v->file = name;
	if (f->run == NULL) {
		vectors_skip(v, "", f->skip);
		return;
	}
	root = vectors_open(v, name);
	if (root == NULL) {
		vectors_case(v, 0, "", "not readable");
		return;
	}
	f->run(v, root);
	json_decref(root);
	/* a function that reports nothing did not understand its file */
	if (v->counts.passed + v->counts.failed + v->counts.skipped == before)
		vectors_case(v, 0, "", "no entry found in it");
}

static void
report(const struct vectors *v, const char *name)
{
	printf("%-50s %5lu passed %4lu failed %4lu skipped", name, v->counts.passed,
	    v->counts.failed, v->counts.skipped);
	for (size_t i = 0; i < v->reason_count; i++)
		printf("%s%lu %s", i == 0 ? "  (" : "; ", v->reasons[i].count, v->reasons[i].text);
	printf("%s\n", v->reason_count == 0 ? "" : ")");
	for (size_t i = 0; i < v->counts.failed && i < FAILURES_SHOWN; i++)
		printf("    FAILED %s\n", v->failures[i]);
	if (v->counts.failed > FAILURES_SHOWN)
		printf("    ... and %lu more\n", v->counts.failed - FAILURES_SHOWN);
}

static void
add(struct counts *total, const struct counts *c)
{
	total->passed += c->passed;
	total->failed += c->failed;
	total->skipped += c->skipped;
}

static void
run_entry(const char *dir, const struct vector_file *f, struct counts *total)
{
	static struct vectors v;
	int any = 0;

	memset(&v, 0, sizeof v);
	v.dir = dir;
	for (size_t i = 0; i < found.count; i++) {
		if (found.known[i] || is_prose(found.names[i]) || !belongs(found.names[i], f))
			continue;
		found.known[i] = 1;
		any = 1;
		run_file(&v, f, found.names[i]);
	}
	if (!any)
		vectors_skip(&v, "", "not in this folder");
	report(&v, f->name);
	add(total, &v.counts);
}

/* Files that no table knows: skipped, by name, so that nothing goes unseen. */
static void
report_unknown(const char *dir, struct counts *total)
{
	static struct vectors v;

	for (size_t i = 0; i < found.count; i++) {
		if (found.known[i] || is_prose(found.names[i]))
			continue;
		memset(&v, 0, sizeof v);
		v.dir = dir;
		v.file = found.names[i];
		vectors_skip(&v, "", "no test knows this file");
		report(&v, found.names[i]);
		add(total, &v.counts);
	}
}

int
main(int argc, char **argv)
{
	struct counts total = {0, 0, 0};
	struct stat st;

	if (argc != 2) {
		fprintf(stderr, "usage: vectors DIR\n");
		return 2;
	}
	if (stat(argv[1], &st) != 0 || !S_ISDIR(st.st_mode)) {
		printf("%s: no such folder\n0 passed, 0 failed, 1 skipped\n", argv[1]);
		return 0;
	}
	if (secp_open() != 0) {
		fprintf(stderr, "vectors: no secp256k1 context\n");
		return 2;
	}
	for (size_t n = strlen(argv[1]); n > 1 && argv[1][n - 1] == '/'; n--)
		argv[1][n - 1] = '\0';
	found.prefix = strlen(argv[1]) + 1;
	if (nftw(argv[1], visit, 16, 0) != 0) {
		fprintf(stderr, "vectors: %s\n",
		    found.overflow ? "too many files" : "cannot read the folder");
		return 2;
	}
	qsort(found.names, found.count, sizeof found.names[0], by_name);
	for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
		for (const struct vector_file *f = tables[t]; f->name != NULL; f++)
			run_entry(argv[1], f, &total);
	}
	report_unknown(argv[1], &total);
	for (size_t i = 0; i < found.count; i++)
		free(found.names[i]);
	printf("%lu passed, %lu failed, %lu skipped\n", total.passed, total.failed, total.skipped);
	return total.failed == 0 ? 0 : 1;
}
