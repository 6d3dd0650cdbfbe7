/*
 * configfs-tsm and tsm-mr as the kernel's sources say they behave, behind the
 * table of tee/io.h: generations, EBUSY and EINVAL where they come from, quotes
 * under the simulated hierarchy over what was written. Then, one at a time, bad
 * days: any call can fail a number of times, and answers can be wrong.
 */
#ifndef SELFSAME_TESTS_FAKE_TSM_H
#define SELFSAME_TESTS_FAKE_TSM_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "tee/evidence.h"
#include "tee/io.h"
#include "tee/simulated_quote.h"
#include "tee/tee.h"


enum fake_tsm_answer {
	ANSWER_RIGHT,
	ANSWER_EMPTY, /* an old driver: success without a quote */
	ANSWER_HALF,
	ANSWER_GARBAGE,
	ANSWER_OTHER_DATA, /* a good quote over other report data */
	ANSWER_BAD_SIGNATURE,
	ANSWER_HUGE
};

struct fake_tsm_file {
	int used;
	char name[48]; /* "" for an entry's directory */
	size_t at;
	int filled; /* fs/configfs/file.c: the first read takes it all, the others go on */
};

struct fake_tsm {
	int reports, measurements; /* the descriptors of the two directories */
	struct simulated_quote quote;
	struct simulated_pki pki;
	const char *provider;
	enum fake_tsm_answer answer;
	int one_byte_reads;
	int registers; /* the kernel has tsm-mr */
	uint8_t rtmr3[48];
	unsigned extended;
	unsigned extensions_allowed; /* the next one fails with EIO */
	unsigned foreign_writers; /* this many answers come after somebody else's write */

	/* the named call ("mkdir", "rmdir", "open:outblob", "read:outblob", ...) fails so often */
	const char *failing;
	int failing_errno;
	unsigned failing_times;

	/* one entry at a time is what the attester needs, and all that it may have */
	int has_entry;
	char entry_name[48];
	uint8_t inblob[64];
	size_t inblob_len;
	uint64_t write_generation, read_generation;
	int was_read;
	uint8_t outblob[2 * TEE_QUOTE_MAX];
	size_t outblob_len;
	struct fake_tsm_file files[8];
	unsigned entries_made, entries_left;
	uint64_t clock_ms;
	uint64_t slept_ms;
};

/* Returns: 0 or ERR_CRYPTO, ERR_SPACE */
int fake_tsm_make(struct fake_tsm *f) MUST_USE;

/* f is borrowed. */
struct tee_host fake_tsm_host(struct fake_tsm *f);

/* Descriptors that were opened and not closed. */
unsigned fake_tsm_open_files(const struct fake_tsm *f);

#endif
