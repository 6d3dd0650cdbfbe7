/* A complete, valid attestation of the simulated platform, and receipts under its key. */
#ifndef SELFSAME_TESTS_EVIDENCE_H
#define SELFSAME_TESTS_EVIDENCE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "attester/document.h"
#include "cli/evaluate.h"
#include "tdx/measurement.h"
#include "tdx/report_data.h"
#include "tee/simulated.h"
#include "tee/simulated_pki.h"
#include "tee/statement.h"

#define EVIDENCE_NOW INT64_C(1780000000)
#define EVIDENCE_BINARIES                                                       \
	"{\"selfsame-attester\":"                                               \
	"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"," \
	"\"selfsame-signer\":"                                                  \
	"\"ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100\"}"
#define EVIDENCE_SETTINGS \
	"{\"SELFSAME_CHAIN_ID\":\"31337\",\"SELFSAME_TLS\":\"0\",\"derivation\":\"indexed\"}"
#define EVIDENCE_SETTINGS_TLS "{\"SELFSAME_TLS\":\"1\",\"derivation\":\"bound\"}"

struct evidence {
	struct simulated_pki pki;
	uint8_t instance_secret[64];
	uint8_t nonce[32];
	uint8_t tls_key_hash[32];
	struct statement statement;
	struct measurement measurement;
	struct bytes measured_mode; /* what the log says; p NULL: the statement's */
	struct buffer text;
	struct buffer document;
};

static inline struct bytes
evidence_text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* Defaults; change what a test wants changed, then evidence_make(). */
static inline void
evidence_begin(struct evidence *e)
{
	static const uint8_t seed[32] = {7};

	memset(e, 0, sizeof *e);
	memset(e->nonce, 0x5c, sizeof e->nonce);
	memset(e->tls_key_hash, 0x3e, sizeof e->tls_key_hash);
	e->text = buffer_of(STATEMENT_MAX);
	e->document = buffer_of(DOCUMENT_MAX);
	if (simulated_pki_make(&e->pki) != 0)
		abort();
	e->statement = (struct statement){
	    .binaries = evidence_text(EVIDENCE_BINARIES),
	    .settings = evidence_text(EVIDENCE_SETTINGS),
	    .mode = "simulated-dev",
	    .platform = "simulated",
	    .development = 1,
	    .nonce = {e->nonce, sizeof e->nonce},
	    .time = 1770000000,
	};
	memset(e->statement.root_id, 0x11, sizeof e->statement.root_id);
	crypto_sign_seed_keypair(e->statement.instance_key, e->instance_secret, seed);
}

static inline void
evidence_make(struct evidence *e)
{
	struct document d = {.platform = &simulated_platform, .log = &e->measurement.log};
	struct bytes mode = e->measured_mode;
	uint8_t report_data[64];
	struct tee tee;

	if (mode.p == NULL)
		mode = evidence_text(e->statement.mode);
	buffer_reset(&e->text);
	buffer_reset(&e->document);
	if (measurement_make(mode, e->statement.settings, e->statement.binaries, &e->measurement) !=
		0 ||
	    tee_open(&simulated_platform, NULL, &e->measurement.log, &tee) != 0 ||
	    statement_write(&e->statement, &e->text) != 0)
		abort();
	d.statement = (struct bytes){e->text.p, e->text.len};
	if (report_data_of(d.statement, report_data) != 0 ||
	    tee_evidence(&tee, report_data, &d.evidence) != 0)
		abort();
	if (document_write(&d, &e->document) != 0)
		abort();
	tee_close(&tee);
}

static inline struct bytes
evidence_document(const struct evidence *e)
{
	return (struct bytes){e->document.p, e->document.len};
}

static inline struct question
evidence_question(const struct evidence *e)
{
	return (struct question){
	    .has_nonce = 1,
	    .nonce = {e->nonce, sizeof e->nonce},
	    .root = {e->pki.der[PCK_ROOT], e->pki.der_len[PCK_ROOT]},
	    .simulated_root = 1,
	    .policy = tdx_policy_default(),
	    .at = EVIDENCE_NOW,
	};
}

static inline void
evidence_end(struct evidence *e)
{
	buffer_free(&e->text);
	buffer_free(&e->document);
}

#endif
