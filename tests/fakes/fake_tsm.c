#include "fakes/fake_tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "tdx/quote.h"
#include "tdx/rtmr.h"
#include "base/banned.h"

#define FIRST_FD 2000
#define REGISTER "rtmr3:sha384"

static const char *const attributes[] = {"provider", "generation", "inblob", "outblob", "auxblob"};

int
fake_tsm_make(struct fake_tsm *f)
{
	struct writer chain;
	int r;

	memset(f, 0, sizeof *f);
	f->reports = 1000;
	f->measurements = 1001;
	f->provider = "tdx_guest\n";
	f->extensions_allowed = 1000;
	if ((r = simulated_quote_make(&f->quote)) != 0 || (r = simulated_pki_make(&f->pki)) != 0)
		return r;
	chain = writer_of(f->quote.data, sizeof f->quote.data);
	simulated_pki_write_chain(&chain, &f->pki);
	write_u8(&chain, 0);
	if ((r = writer_end(&chain, &f->quote.data_len)) != 0)
		return r;
	return simulated_quote_seal(&f->quote, f->pki.key[PCK_LEAF].secret);
}

unsigned
fake_tsm_open_files(const struct fake_tsm *f)
{
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_LEN(f->files); i++)
		n += f->files[i].used != 0;
	return n;
}

static int
fails(struct fake_tsm *f, const char *call, const char *name)
{
	char whole[64];

	(void)snprintf(whole, sizeof whole, "%s%s%s", call, name[0] != '\0' ? ":" : "", name);
	if (f->failing == NULL || f->failing_times == 0 || strcmp(f->failing, whole) != 0)
		return 0;
	f->failing_times--;
	return -f->failing_errno;
}

static int
open_file(struct fake_tsm *f, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(f->files); i++) {
		if (f->files[i].used)
			continue;
		f->files[i] = (struct fake_tsm_file){.used = 1};
		(void)snprintf(f->files[i].name, sizeof f->files[i].name, "%s", name);
		return FIRST_FD + (int)i;
	}
	return -EMFILE;
}

static struct fake_tsm_file *
file_of(struct fake_tsm *f, int fd)
{
	size_t i = (size_t)(fd - FIRST_FD);

	return fd >= FIRST_FD && i < ARRAY_LEN(f->files) && f->files[i].used ? &f->files[i] : NULL;
}

static int
fake_openat(void *arg, int directory, const char *name, int flags)
{
	struct fake_tsm *f = arg;
	int r;

	if (directory == f->measurements) {
		if ((r = fails(f, "open", name)) != 0)
			return r;
		return f->registers && strcmp(name, REGISTER) == 0 ? open_file(f, name) : -ENOENT;
	}
	if (directory == f->reports) {
		if ((r = fails(f, "open", "entry")) != 0)
			return r;
		if (!f->has_entry || strcmp(name, f->entry_name) != 0 || !(flags & O_DIRECTORY))
			return -ENOENT;
		return open_file(f, "");
	}
	if (file_of(f, directory) == NULL || file_of(f, directory)->name[0] != '\0')
		return -ENOTDIR;
	if ((r = fails(f, "open", name)) != 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (strcmp(name, attributes[i]) == 0)
			return open_file(f, name);
	return -ENOENT;
}

static int
fake_mkdirat(void *arg, int directory, const char *name)
{
	struct fake_tsm *f = arg;
	int r;

	if (directory != f->reports || strchr(name, '/') != NULL)
		return -ENOTDIR;
	if ((r = fails(f, "mkdir", "")) != 0)
		return r;
	if (f->has_entry)
		return -EEXIST;
	f->has_entry = 1;
	f->entries_made++;
	f->entries_left++;
	(void)snprintf(f->entry_name, sizeof f->entry_name, "%s", name);
	f->inblob_len = f->outblob_len = 0;
	f->write_generation = f->read_generation = 0;
	f->was_read = 0;
	return 0;
}

static int
fake_rmdirat(void *arg, int directory, const char *name)
{
	struct fake_tsm *f = arg;
	int r;

	if ((r = fails(f, "rmdir", "")) != 0)
		return r;
	if (directory != f->reports || !f->has_entry || strcmp(name, f->entry_name) != 0)
		return -ENOENT;
	f->has_entry = 0;
	f->entries_left--;
	return 0;
}

static int
make_answer(struct fake_tsm *f)
{
	int r;

	memcpy(f->quote.body + TD_REPORT_DATA, f->inblob, sizeof f->inblob);
	if (f->answer == ANSWER_OTHER_DATA)
		f->quote.body[TD_REPORT_DATA] ^= 1;
	memcpy(f->quote.body + TD_RTMR0 + 48 * 3, f->rtmr3, sizeof f->rtmr3);
	r = simulated_quote_write(&f->quote, f->outblob, sizeof f->outblob, &f->outblob_len);
	if (r != 0)
		return -EIO;
	if (f->answer == ANSWER_EMPTY)
		f->outblob_len = 0;
	if (f->answer == ANSWER_HALF)
		f->outblob_len /= 2;
	if (f->answer == ANSWER_GARBAGE)
		memset(f->outblob, 0xa5, f->outblob_len);
	if (f->answer == ANSWER_BAD_SIGNATURE)
		f->outblob[QUOTE_HEADER_LEN + TD_MRTD] ^= 1;
	if (f->answer == ANSWER_HUGE)
		f->outblob_len = sizeof f->outblob;
	return 0;
}

/* drivers/virt/coco/guest/report.c, tsm_report_read(): a stale answer is made again */
static int
read_outblob(struct fake_tsm *f)
{
	int r;

	if (f->was_read && f->read_generation == f->write_generation)
		return 0;
	if (f->inblob_len != sizeof f->inblob)
		return -EINVAL;
	if ((r = make_answer(f)) != 0)
		return r;
	f->read_generation = f->write_generation;
	f->was_read = 1;
	if (f->foreign_writers > 0) {
		f->foreign_writers--;
		f->write_generation++;
	}
	return 0;
}

/* The content of a file in text or bytes; negative errno. */
static int
content(struct fake_tsm *f, struct fake_tsm_file *file, char text[32], const uint8_t **ret,
	size_t *ret_len)
{
	const char *name = file->name;
	int r;

	*ret = (const uint8_t *)text;
	if (strcmp(name, "outblob") == 0) {
		if (!file->filled && (r = read_outblob(f)) != 0)
			return r;
		file->filled = 1;
		*ret = f->outblob;
		*ret_len = f->outblob_len;
		return 0;
	}
	if (strcmp(name, REGISTER) == 0) {
		*ret = f->rtmr3;
		*ret_len = sizeof f->rtmr3;
		return 0;
	}
	if (strcmp(name, "provider") == 0)
		*ret_len = (size_t)snprintf(text, 32, "%s", f->provider);
	else if (strcmp(name, "generation") == 0)
		*ret_len = (size_t)snprintf(text, 32, "%lu\n", (unsigned long)f->write_generation);
	else
		return -EACCES; /* inblob is write-only */
	return 0;
}

static ssize_t
fake_read(void *arg, int fd, void *ret, size_t cap)
{
	struct fake_tsm *f = arg;
	struct fake_tsm_file *file = file_of(f, fd);
	const uint8_t *p = NULL;
	size_t len = 0, n;
	char text[32];
	int r;

	if (file == NULL)
		return -EBADF;
	if ((r = fails(f, "read", file->name)) != 0)
		return r;
	if ((r = content(f, file, text, &p, &len)) != 0)
		return r;
	n = file->at < len ? len - file->at : 0;
	n = n < cap ? n : cap;
	n = f->one_byte_reads && n > 1 ? 1 : n;
	memcpy(ret, p + file->at, n);
	file->at += n;
	return (ssize_t)n;
}

static ssize_t
extend(struct fake_tsm *f, const void *p, size_t len)
{
	struct rtmr_bank bank;

	if (len != sizeof f->rtmr3)
		return -EINVAL;
	if (f->extended == f->extensions_allowed)
		return -EIO;
	rtmr_reset(&bank);
	memcpy(bank.value[3], f->rtmr3, sizeof f->rtmr3);
	if (rtmr_extend(&bank, 3, p) != 0)
		return -EIO;
	memcpy(f->rtmr3, bank.value[3], sizeof f->rtmr3);
	f->extended++;
	return (ssize_t)len;
}

static ssize_t
fake_write(void *arg, int fd, const void *p, size_t len)
{
	struct fake_tsm *f = arg;
	const struct fake_tsm_file *file = file_of(f, fd);
	int r;

	if (file == NULL)
		return -EBADF;
	if ((r = fails(f, "write", file->name)) != 0)
		return r;
	if (strcmp(file->name, REGISTER) == 0)
		return extend(f, p, len);
	if (strcmp(file->name, "inblob") != 0)
		return -EACCES;
	if (len > sizeof f->inblob || len == 0)
		return -EINVAL;
	/* one write more would wrap round to the generation that was read */
	if (f->was_read && f->write_generation == f->read_generation - 1)
		return -EBUSY;
	memcpy(f->inblob, p, len);
	f->inblob_len = len;
	f->write_generation++;
	return (ssize_t)len;
}

static int
fake_close(void *arg, int fd)
{
	struct fake_tsm_file *file = file_of(arg, fd);

	if (file == NULL)
		return -EBADF;
	file->used = 0;
	return 0;
}

static int
fake_random(void *arg, void *ret, size_t len)
{
	memset(ret, (int)(((const struct fake_tsm *)arg)->entries_made & 0xff), len);
	return 0;
}

static uint64_t
fake_now(void *arg)
{
	return ((const struct fake_tsm *)arg)->clock_ms;
}

static void
fake_sleep(void *arg, uint64_t ms)
{
	struct fake_tsm *f = arg;

	f->clock_ms += ms;
	f->slept_ms += ms;
}

struct tee_host
fake_tsm_host(struct fake_tsm *f)
{
	return (struct tee_host){
	    .io = {.openat = fake_openat,
		   .mkdirat = fake_mkdirat,
		   .rmdirat = fake_rmdirat,
		   .read = fake_read,
		   .write = fake_write,
		   .close = fake_close,
		   .random_bytes = fake_random,
		   .now_ms = fake_now,
		   .sleep_ms = fake_sleep,
		   .arg = f},
	    .reports = f->reports,
	    .measurements = f->measurements,
	};
}
