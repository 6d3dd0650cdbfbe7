/* The options by which a question is asked, of selfsame verify and selfsame watch. */
#ifndef SELFSAME_CLI_QUESTION_OPTIONS_H
#define SELFSAME_CLI_QUESTION_OPTIONS_H

#include <getopt.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/buffer.h"
#include "cli/bundle.h"
#include "cli/kind.h"
#include "cli/options.h"
#include "cli/question.h"

#define NONCE_MIN 16
#define NONCE_MAX 64
#define CHALLENGE_MAX 1024

/* What was asked on the command line, with the files behind it. Points into itself. */
struct question_options {
	const struct command *self;
	struct question question; /* but for nonce and collateral, whose time comes later */
	struct source_options source;
	int mode_given; /* --fetch or --offline */
	int at_given;
	int service_given; /* --pccs */
	uint8_t nonce[NONCE_MAX];
	size_t nonce_len;
	uint8_t challenge[CHALLENGE_MAX];
	uint8_t extra_data[CHALLENGE_MAX];
	uint8_t google_root[PKIX_CERTIFICATE_MAX];
	struct buffer receipt[RECEIPTS_MAX];
	struct buffer compose;
	struct buffer kms_quote;
	struct buffer policy;
	struct buffer jwks;
	uint8_t *policy_memory;
	struct bundle bundle;
	struct bundle kms_bundle;
	char no_collateral[PCS_PROBLEM_MAX];
};

/* The rows for getopt_long(): those of everybody, then the caller's own, ended by zeros. */
#define QUESTION_OPTIONS_COUNT 41
void question_options_rows(const struct option *own, size_t own_count,
    struct option ret[QUESTION_OPTIONS_COUNT]);

/* Returns: CLI_YES, or CLI_USAGE or CLI_NO after saying why */
int question_options_begin(const struct command *self, struct question_options *ret);
int question_option(struct question_options *o, int option, const char *value);

/* A file whole, or CLI_USAGE after naming option and file. */
int question_file(const struct question_options *o, const char *option, const char *path,
    struct buffer *ret);

/*
 * Get the collateral that the evidence needs, or note in the question why there is none. What
 * fails here is no error yet: it is for the verdict to say so.
 *
 * In: kind, bytes  as kind_detect() gives them
 *     fetch        whether the service may be asked without --fetch
 */
void question_collateral(struct question_options *o, enum kind kind, struct bytes bytes,
    int fetch);

void question_options_end(struct question_options *o);

#endif
