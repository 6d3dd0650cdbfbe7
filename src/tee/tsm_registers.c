#include "tee/tsm_registers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "tdx/rtmr.h"
#include "base/banned.h"

#define REGISTER "rtmr3:sha384"

/* Each access opens the file anew: a register is read and extended at offset 0, whole. */
static int
read_register(const struct tee_host *host, uint8_t ret[RTMR_LEN])
{
	const struct tee_io *io = &host->io;
	int fd = io->openat(io->arg, host->measurements, REGISTER, O_RDONLY);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return ERR_IO;
	do {
		n = io->read(io->arg, fd, ret + len, RTMR_LEN - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n == -EINTR || (n > 0 && len < RTMR_LEN));
	(void)io->close(io->arg, fd);
	return len == RTMR_LEN ? 0 : ERR_IO;
}

/* A write that was interrupted may have happened: the next look at the register tells. */
static int
extend_register(const struct tee_host *host, const uint8_t digest[RTMR_LEN])
{
	const struct tee_io *io = &host->io;
	int fd = io->openat(io->arg, host->measurements, REGISTER, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return ERR_IO;
	n = io->write(io->arg, fd, digest, RTMR_LEN);
	(void)io->close(io->arg, fd);
	return n == RTMR_LEN ? 0 : ERR_IO;
}

/* How many of the log's events give this value, or log->count + 1. */
static size_t
events_in(const struct event_log *log, const uint8_t value[RTMR_LEN])
{
	struct rtmr_bank bank;

	rtmr_reset(&bank);
	for (size_t i = 0; i <= log->count; i++) {
		if (memcmp(bank.value[EVENT_RTMR], value, RTMR_LEN) == 0)
			return i;
		if (i < log->count && rtmr_extend(&bank, EVENT_RTMR, log->event[i].digest) != 0)
			break;
	}
	return log->count + 1;
}

static int
not_measured(const char *why, int *ret_measured)
{
	log_event(LOG_WARN, "rtmr3-is-not-ours", LOG_STR("why", why));
	*ret_measured = 0;
	return 0;
}

int
tsm_registers_extend(const struct tee_host *host, const struct event_log *log, int *ret_measured)
{
	uint8_t value[RTMR_LEN];
	struct rtmr_bank wanted;
	size_t done, bad;
	int r;

	if ((r = event_log_replay(log, &wanted, &bad)) != 0)
		return r;
	if (host->measurements < 0)
		return not_measured("the kernel has no register files", ret_measured);
	if (read_register(host, value) != 0)
		return not_measured("the register cannot be read", ret_measured);
	if ((done = events_in(log, value)) > log->count)
		return not_measured("something else was extended into it", ret_measured);
	for (size_t i = done; i < log->count; i++)
		if (extend_register(host, log->event[i].digest) != 0)
			return not_measured("the register cannot be extended", ret_measured);
	if (read_register(host, value) != 0 ||
	    memcmp(value, wanted.value[EVENT_RTMR], RTMR_LEN) != 0)
		return not_measured("the register is not what was extended", ret_measured);
	*ret_measured = 1;
	return 0;
}
