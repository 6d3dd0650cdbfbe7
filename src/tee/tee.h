/*
 * The trusted execution environment behind one small interface: which platform
 * this is, and its evidence over 64 bytes of report data. The caller answers
 * for what those bytes commit to (tee/statement.h): no function here takes
 * them from anybody else.
 */
#ifndef SELFSAME_TEE_TEE_H
#define SELFSAME_TEE_TEE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tdx/event_log.h"
#include "tee/evidence.h"
#include "tee/io.h"

/* The largest quote that is taken from any platform. */
#define TEE_QUOTE_MAX 16384

struct tee_platform {
	const char *name; /* "simulated" */
	int simulated;

	/*
	 * Get ready and extend the log's events into RTMR3, where this platform lets
	 * us; ret_measured: whether they are in there, and nothing else is.
	 *
	 * Returns: 0, ERR_UNSUPPORTED (the machine does not have it), ERR_EVIDENCE,
	 *          ERR_IO, ERR_TIMEOUT, ERR_MEM or ERR_CRYPTO
	 * In:      host  copied
	 * Owns:    *ret_state is the caller's, close()
	 */
	int (*open)(const struct tee_host *host, const struct event_log *log, void **ret_state,
	    int *ret_measured);

	/*
	 * Evidence over report data, its runs borrowed until the next call or close().
	 *
	 * Returns: 0, ERR_SPACE, ERR_IO, ERR_TIMEOUT, ERR_EVIDENCE (the platform's answer is
	 *          not evidence over this), ERR_UNSUPPORTED or ERR_CRYPTO
	 */
	int (*evidence)(void *state, const uint8_t report_data[64], struct tee_evidence *ret);

	void (*close)(void *state);
};

struct tee {
	const struct tee_platform *platform;
	void *state;
	int measured; /* RTMR3 is the log that was given to tee_open() */
};

/* The platform with this name, or NULL. */
const struct tee_platform *tee_find(const char *name, size_t name_len);

/*
 * Open a platform. The log is what its evidence will show in RTMR3.
 *
 * Returns: what open() returns
 */
int tee_open(const struct tee_platform *platform, const struct tee_host *host,
    const struct event_log *log, struct tee *ret) MUST_USE;

/* Returns: what evidence() returns, which also says how long *ret is borrowed */
int tee_evidence(const struct tee *tee, const uint8_t report_data[64], struct tee_evidence *ret)
    MUST_USE;

void tee_close(struct tee *tee);

#endif
