#include "supervisor/handover.h"

#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "base/secret.h"
#include "ipc/boot.h"
#include "ipc/messages.h"
#include "base/banned.h"

/* root_key33: NULL where the root secret is a phrase, or not known yet. */
static int
make_settings(const struct settings *s, const struct plan *plan, const uint8_t *root_key33,
    struct statement_parts *ret)
{
	struct writer w = writer_of((uint8_t *)ret->settings, sizeof ret->settings);
	int r;

	if ((r = settings_attested(s, ret->settings, sizeof ret->settings, &w.len)) != 0)
		return r;
	/* RFC 8785 3.2.3: all other names are in capitals, so these come last */
	w.len--;
	write_text(&w, w.len > 1 ? ",\"derivation\":\"" : "\"derivation\":\"");
	write_text(&w, plan_scheme_name(plan));
	if (root_key33 != NULL) {
		write_text(&w, "\",\"rootKey\":\"0x");
		write_hex(&w, root_key33, 33);
	}
	write_text(&w, "\",\"rootSource\":\"");
	write_text(&w, plan_root_name(plan));
	write_text(&w, "\"}");
	return writer_end(&w, &ret->settings_len);
}

static int
make_binaries(const struct program *programs, size_t count, struct statement_parts *ret)
{
	struct writer w = writer_of((uint8_t *)ret->binaries, sizeof ret->binaries);

	write_text(&w, "{");
	for (size_t i = 0; i < count; i++) {
		write_text(&w, i == 0 ? "\"" : ",\"");
		write_text(&w, programs[i].name);
		write_text(&w, "\":\"");
		write_hex(&w, programs[i].sha256, sizeof programs[i].sha256);
		write_text(&w, "\"");
	}
	write_text(&w, "}");
	return writer_end(&w, &ret->binaries_len);
}

int
statement_parts_make(const struct settings *s, const struct plan *plan,
    const struct program *programs, size_t count, struct statement_parts *ret)
{
	int r;

	if ((r = make_settings(s, plan, NULL, ret)) != 0)
		return r;
	return make_binaries(programs, count, ret);
}

int
statement_parts_root(const struct settings *s, const struct plan *plan, const struct msg_root *m,
    struct statement_parts *parts)
{
	int r;

	if ((r = make_settings(s, plan, m->public_key, parts)) != 0)
		return r;
	memcpy(parts->key_chain, m->key_chain.p, m->key_chain.len);
	parts->key_chain_len = m->key_chain.len;
	return 0;
}

static struct bytes
bytes_of(const char *s, size_t len)
{
	return (struct bytes){(const uint8_t *)s, len};
}

int
handover_boot(struct child *c, const struct plan *plan, enum boot_root root_scheme,
    const struct statement_parts *parts)
{
	uint8_t frame[BOOT_FRAME_MAX];
	struct writer w = channel_body(frame, sizeof frame);
	struct msg_boot m = {
	    .development = (uint8_t)(plan->development != 0),
	    .scheme = (uint8_t)plan->scheme,
	    .rpc_is_loopback = (uint8_t)(plan->rpc_is_loopback != 0),
	    .local_fork = (uint8_t)(plan->local_fork != 0),
	    .root_scheme = (uint8_t)root_scheme,
	    .chain_id = plan->chain_id,
	    .active_agents = plan->active_agents,
	    .platform = bytes_of(plan->platform.name, strlen(plan->platform.name)),
	    .settings = bytes_of(parts->settings, parts->settings_len),
	    .binaries = bytes_of(parts->binaries, parts->binaries_len),
	    .key_chain = {parts->key_chain, parts->key_chain_len},
	};
	size_t len;
	int r;

	msg_boot_write(&w, &m);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(&c->channel, MSG_BOOT, 0, frame, len);
}

static int
send_secret(struct child *signer, const char *mnemonic, const char *passphrase,
    struct bytes seed)
{
	SECRET_BYTES(frame, 1024);
	struct writer w = channel_body(frame, sizeof frame);
	struct msg_secret m = {
	    .mnemonic = bytes_of(mnemonic, strlen(mnemonic)),
	    .passphrase = bytes_of(passphrase, strlen(passphrase)),
	    .seed = seed,
	};
	size_t len;
	int r;

	msg_secret_write(&w, &m);
	if ((r = writer_end(&w, &len)) != 0)
		return r;
	return channel_send(&signer->channel, MSG_SECRET, 0, frame, len);
}

int
handover_secret(struct child *signer, const struct plan *plan, struct settings *s, uint8_t *seed)
{
	const char *passphrase = s->value[SET_MNEMONIC_PASSPHRASE];
	char phrase[PLAN_PHRASE_MAX] = {0};
	const char *mnemonic = s->value[SET_MNEMONIC];
	int r;

	if (plan->phrase_is_published) {
		plan_development_phrase(phrase);
		mnemonic = phrase;
	}
	if (seed == NULL)
		r = send_secret(signer, mnemonic, passphrase == NULL ? "" : passphrase,
		    (struct bytes){NULL, 0});
	else
		r = send_secret(signer, "", "", (struct bytes){seed, ROOT_SEED_LEN});
	wipe(phrase, sizeof phrase);
	if (seed != NULL)
		wipe(seed, ROOT_SEED_LEN);
	settings_forget(s, SET_MNEMONIC);
	settings_forget(s, SET_MNEMONIC_PASSPHRASE);
	return r;
}
