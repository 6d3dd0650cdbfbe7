#include "attester/attester.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "attester/document.h"
#include "base/err.h"
#include "ipc/boot.h"
#include "tdx/report_data.h"
#include "base/banned.h"

#define AGAIN_MS 10000

static uint64_t
now_ms(void)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* The statement and the document over it, for one nonce, into a->document. */
static int
attest(struct attester *a, struct bytes nonce)
{
	struct document d = {.platform = a->tee.platform,
			     .log = a->tee.measured ? &a->measurement.log : NULL,
			     .key_chain = a->key_chain,
			     .index_can_be_reissued = a->index_can_be_reissued};
	struct statement s = a->statement;
	uint8_t report_data[64];
	int r;

	s.nonce = nonce;
	s.time = (uint64_t)time(NULL);
	buffer_reset(&a->text);
	buffer_reset(&a->document);
	if ((r = statement_write(&s, &a->text)) != 0)
		return r;
	d.statement = (struct bytes){a->text.p, a->text.len};
	if ((r = report_data_of(d.statement, report_data)) != 0)
		return r;
	if ((r = tee_evidence(&a->tee, report_data, &d.evidence)) != 0)
		return r;
	if ((r = document_write(&d, &a->document)) != 0)
		buffer_reset(&a->document);
	return r;
}

/* The same nonce, and not long ago. */
static int
is_at_hand(const struct attester *a, struct bytes nonce)
{
	return a->document.len > 0 && now_ms() - a->made_ms < AGAIN_MS &&
	       bytes_equal(nonce, (struct bytes){a->nonce, a->nonce_len});
}

static int
attest_once(struct attester *a, struct bytes nonce)
{
	int r;

	if (is_at_hand(a, nonce))
		return 0;
	if ((r = attest(a, nonce)) != 0)
		return r;
	memcpy(a->nonce, nonce.p, nonce.len);
	a->nonce_len = nonce.len;
	a->made_ms = now_ms();
	return 0;
}

/* Replies to an earlier attester's questions may still lie in the socket: their ids differ. */
static int
ask_instance(struct attester *a)
{
	struct writer w = channel_body(a->frame, sizeof a->frame);
	struct msg_instance instance;
	struct frame f;
	uint64_t id;
	size_t len;
	int r;

	if (getrandom(&id, sizeof id, 0) != (ssize_t)sizeof id)
		return ERR_IO;
	msg_instance_query_write(&w, &(struct msg_instance_query){.version = 1});
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	if ((r = channel_send(&a->signer, MSG_INSTANCE_QUERY, id, a->frame, len)) != 0)
		return r;
	do {
		if ((r = channel_receive(&a->signer, a->frame, sizeof a->frame, &f)) != 0)
			return r;
	} while (f.id != id);
	if (f.type != MSG_INSTANCE || msg_instance_read(f.body, &instance) != 0)
		return ERR_PROTOCOL;
	memcpy(a->statement.instance_key, instance.instance_key, 32);
	memcpy(a->statement.root_id, instance.root_id, 32);
	memcpy(a->address_0, instance.address_0, 20);
	return 0;
}

static int
measure(struct attester *a, const struct msg_boot *boot)
{
	const struct tee_platform *platform;
	struct bytes mode;
	int r;

	if ((platform = tee_find((const char *)boot->platform.p, boot->platform.len)) == NULL)
		return ERR_NOT_FOUND;
	a->statement.development = boot->development;
	a->statement.platform = platform->name;
	a->statement.mode = statement_mode(platform->name, platform->simulated, boot->development);
	a->statement.settings = boot->settings;
	a->statement.binaries = boot->binaries;
	a->key_chain = boot->key_chain;
	a->index_can_be_reissued = boot->scheme == BOOT_INDEXED;
	mode = (struct bytes){(const uint8_t *)a->statement.mode, strlen(a->statement.mode)};
	if ((r = measurement_make(mode, boot->settings, boot->binaries, &a->measurement)) != 0)
		return r;
	return tee_open(platform, &a->host, &a->measurement.log, &a->tee);
}

int
attester_open(struct attester *a, const struct msg_boot *boot, const struct tee_host *host,
    int signer_fd, int gateway_fd)
{
	static const uint8_t unused_nonce[STATEMENT_NONCE_MIN];
	int r;

	memset(a, 0, sizeof *a);
	a->host = *host;
	a->text = buffer_of(STATEMENT_MAX);
	a->document = buffer_of(DOCUMENT_MAX);
	channel_open(&a->signer, signer_fd, ROLE_ATTESTER, ROLE_SIGNER);
	channel_open(&a->gateway, gateway_fd, ROLE_ATTESTER, ROLE_GATEWAY);
	if ((r = measure(a, boot)) != 0 || (r = ask_instance(a)) != 0)
		return r;
	return attest(a, (struct bytes){unused_nonce, sizeof unused_nonce});
}

static int
send_done(struct attester *a, uint64_t id)
{
	struct writer w = channel_body(a->frame, sizeof a->frame);
	size_t len;
	int r;

	msg_done_write(&w, &(struct msg_done){.version = 1});
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(&a->gateway, MSG_DONE, id, a->frame, len);
}

static int
bind_tls(struct attester *a, uint64_t id, struct bytes body)
{
	struct msg_bind_tls m;

	/* sent once before the gateway listens: later it would contradict what went out */
	if (a->answered || msg_bind_tls_read(body, &m) != 0)
		return ERR_PROTOCOL;
	memcpy(a->tls_key_hash, m.spki_hash, sizeof a->tls_key_hash);
	a->statement.tls_key_hash = a->tls_key_hash;
	return send_done(a, id);
}

static int
send_evidence(struct attester *a, uint64_t id)
{
	struct writer w = channel_body(a->frame, sizeof a->frame);
	struct msg_evidence m = {.document = {a->document.p, a->document.len}};
	size_t len;
	int r;

	msg_evidence_write(&w, &m);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(&a->gateway, MSG_EVIDENCE, id, a->frame, len);
}

static int
send_refusal(struct attester *a, uint64_t id, int err)
{
	struct writer w = channel_body(a->frame, sizeof a->frame);
	const char *text = err_text(err);
	struct msg_refused m = {.code = (uint32_t)err,
				.detail = {(const uint8_t *)text, strlen(text)}};
	size_t len;
	int r;

	msg_refused_write(&w, &m);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(&a->gateway, MSG_REFUSED, id, a->frame, len);
}

static int
answer(struct attester *a, uint64_t id, struct bytes body)
{
	struct msg_attest m;
	int r;

	if (msg_attest_read(body, &m) != 0 || m.nonce.len < STATEMENT_NONCE_MIN)
		return ERR_PROTOCOL;
	a->answered = 1;
	/* a platform that is busy or out of order now may work for the next caller */
	if ((r = attest_once(a, m.nonce)) != 0)
		return send_refusal(a, id, r);
	return send_evidence(a, id);
}

int
attester_serve(struct attester *a)
{
	struct frame f;
	int r;

	if ((r = channel_receive(&a->gateway, a->frame, sizeof a->frame, &f)) != 0)
		return r;
	if (f.type == MSG_BIND_TLS)
		return bind_tls(a, f.id, f.body);
	if (f.type == MSG_ATTEST)
		return answer(a, f.id, f.body);
	return ERR_PROTOCOL;
}

void
attester_close(struct attester *a)
{
	tee_close(&a->tee);
	buffer_free(&a->text);
	buffer_free(&a->document);
}
