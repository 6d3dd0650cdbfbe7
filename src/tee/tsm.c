#include "tee/tsm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/log.h"
#include "base/parse.h"
#include "tee/quote_check.h"
#include "tee/tsm_registers.h"
#include "base/banned.h"

#define WITHIN_MS 30000 /* as long as the kernel itself waits for a quote */
#define PROVIDER "tdx_guest\n"
#define NAME_MAX_LEN 32
#define ATTRIBUTE_MAX 32
#define INBLOB_LEN 64 /* a TDX report takes no other length */

struct tsm {
	struct tee_host host;
	uint8_t quote[TEE_QUOTE_MAX];
	size_t quote_len;
};

/* One request's directory; fd -1: not made. */
struct entry {
	char name[NAME_MAX_LEN];
	int made;
	int fd;
};

/* Which of the kernel's answers to `outblob` mean what. */
static int
error_of(int negative_errno)
{
	switch (-negative_errno) {
	case EBUSY: /* a quote is in flight, or the generations wrapped */
	case EINTR:
	case EEXIST: /* somebody has an entry of this name: take another */
		return ERR_AGAIN;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EFBIG:
		return ERR_SPACE;
	case ENXIO: /* no provider */
	case ENOENT:
		return ERR_UNSUPPORTED;
	default:
		return ERR_IO;
	}
}

static int
close_and(const struct tee_io *io, int fd, int r)
{
	(void)io->close(io->arg, fd);
	return r;
}

/* A whole attribute, in as many reads as it takes. */
static int
read_all(const struct tee_io *io, int fd, uint8_t *ret, size_t cap, size_t *ret_len)
{
	size_t len = 0;
	uint8_t more;
	ssize_t n;

	for (;;) {
		n = len < cap ? io->read(io->arg, fd, ret + len, cap - len)
			      : io->read(io->arg, fd, &more, 1);
		if (n < 0)
			return error_of((int)n);
		if (n == 0)
			break;
		if (len == cap)
			return ERR_SPACE;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

static int
read_attribute(const struct tee_io *io, int entry, const char *name, uint8_t *ret, size_t cap,
	       size_t *ret_len)
{
	int fd = io->openat(io->arg, entry, name, O_RDONLY);

	if (fd < 0)
		return error_of(fd);
	return close_and(io, fd, read_all(io, fd, ret, cap, ret_len));
}

static int
read_generation(const struct tee_io *io, int entry, uint64_t *ret)
{
	uint8_t text[ATTRIBUTE_MAX];
	size_t len;
	int r;

	if ((r = read_attribute(io, entry, "generation", text, sizeof text, &len)) != 0)
		return r;
	if (len < 2 || text[len - 1] != '\n')
		return ERR_EVIDENCE;
	return parse_u64((const char *)text, len - 1, 0, UINT64_MAX, ret);
}

static int
check_provider(const struct tee_io *io, int entry)
{
	uint8_t text[ATTRIBUTE_MAX];
	size_t len;
	int r;

	if ((r = read_attribute(io, entry, "provider", text, sizeof text, &len)) != 0)
		return r;
	if (len == strlen(PROVIDER) && memcmp(text, PROVIDER, len) == 0)
		return 0;
	log_note(LOG_ERROR, "tsm-provider-is-not-tdx");
	return ERR_UNSUPPORTED;
}

/* In one write: each write of an attribute counts as a generation. */
static int
write_inblob(const struct tee_io *io, int entry, const uint8_t report_data[INBLOB_LEN])
{
	int fd = io->openat(io->arg, entry, "inblob", O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return error_of(fd);
	n = io->write(io->arg, fd, report_data, INBLOB_LEN);
	if (n < 0)
		return close_and(io, fd, error_of((int)n));
	return close_and(io, fd, n == INBLOB_LEN ? 0 : ERR_IO);
}

static int
make_entry(const struct tee_host *host, struct entry *ret)
{
	const struct tee_io *io = &host->io;
	struct writer w = writer_of((uint8_t *)ret->name, sizeof ret->name - 1);
	uint8_t unique[8];
	int r;

	*ret = (struct entry){.fd = -1};
	if (io->random_bytes(io->arg, unique, sizeof unique) != 0)
		return ERR_IO;
	write_text(&w, "selfsame-");
	write_hex(&w, unique, sizeof unique);
	if ((r = io->mkdirat(io->arg, host->reports, ret->name)) < 0)
		return error_of(r);
	ret->made = 1;
	if ((ret->fd = io->openat(io->arg, host->reports, ret->name, O_RDONLY | O_DIRECTORY)) < 0)
		return error_of(ret->fd);
	return 0;
}

static void
remove_entry(const struct tee_host *host, const struct entry *e)
{
	const struct tee_io *io = &host->io;
	struct tee_pause pause = tee_pause_of(io, 1000);
	int r;

	if (e->fd >= 0)
		(void)io->close(io->arg, e->fd);
	if (!e->made)
		return;
	do {
		r = io->rmdirat(io->arg, host->reports, e->name);
	} while (r < 0 && error_of(r) == ERR_AGAIN && tee_pause(io, &pause) == 0);
	if (r < 0)
		log_event(LOG_WARN, "tsm-entry-stays", LOG_STR("name", e->name),
			  LOG_INT("errno", -r));
}

/* Whoever else wrote to this entry raised its generation: then the answer may not be ours. */
static int
ask(struct tsm *t, int entry, const uint8_t report_data[INBLOB_LEN])
{
	const struct tee_io *io = &t->host.io;
	uint64_t before, written, after;
	int r;

	if ((r = check_provider(io, entry)) != 0 || (r = read_generation(io, entry, &before)) != 0)
		return r;
	if ((r = write_inblob(io, entry, report_data)) != 0)
		return r;
	if ((r = read_generation(io, entry, &written)) != 0)
		return r;
	r = read_attribute(io, entry, "outblob", t->quote, sizeof t->quote, &t->quote_len);
	if (r != 0)
		return r;
	if ((r = read_generation(io, entry, &after)) != 0)
		return r;
	if (written != before + 1 || after != written)
		return ERR_AGAIN;
	return quote_check((struct bytes){t->quote, t->quote_len}, report_data);
}

static int
ask_once(struct tsm *t, const uint8_t report_data[64])
{
	struct entry e;
	int r;

	if ((r = make_entry(&t->host, &e)) == 0)
		r = ask(t, e.fd, report_data);
	remove_entry(&t->host, &e);
	return r;
}

static int
tsm_evidence(void *state, const uint8_t report_data[64], struct tee_evidence *ret)
{
	struct tsm *t = state;
	struct tee_pause pause = tee_pause_of(&t->host.io, WITHIN_MS);
	int r;

	while ((r = ask_once(t, report_data)) == ERR_AGAIN)
		if ((r = tee_pause(&t->host.io, &pause)) != 0)
			break;
	if (r != 0)
		return r;
	*ret = (struct tee_evidence){.type = TEE_TDX_QUOTE, .quote = {t->quote, t->quote_len}};
	return 0;
}

static int
tsm_open(const struct tee_host *host, const struct event_log *log, void **ret_state,
	 int *ret_measured)
{
	struct tsm *t;
	int r;

	if (host->reports < 0)
		return ERR_UNSUPPORTED;
	if ((t = calloc(1, sizeof *t)) == NULL)
		return ERR_MEM;
	t->host = *host;
	if ((r = tsm_registers_extend(host, log, ret_measured)) != 0) {
		free(t);
		return r;
	}
	*ret_state = t;
	return 0;
}

static void
tsm_close(void *state)
{
	free(state);
}

const struct tee_platform tsm_platform = {
    .name = "tsm",
    .open = tsm_open,
    .evidence = tsm_evidence,
    .close = tsm_close,
};
