/* The attester between a signer and a gateway that the test plays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attester/attester.h"
#include "attester/document.h"
#include "base/err.h"
#include "cli/evaluate.h"
#include "ipc/boot.h"
#include "tee/simulated_pki.h"
#include "base/banned.h"

#define SETTINGS \
	"{\"SELFSAME_CHAIN_ID\":\"31337\",\"SELFSAME_TLS\":\"0\",\"derivation\":\"indexed\"}"
#define SETTINGS_TLS "{\"SELFSAME_TLS\":\"1\",\"derivation\":\"bound\"}"
#define BINARIES                  \
	"{\"selfsame-attester\":" \
	"\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"}"

static struct attester attester;
static int signer_fd, gateway_fd; /* the test's ends */
static struct channel gateway;
static uint8_t frame[FRAME_MAX];
static int stale_first;

static struct bytes
text(const char *s)
{
	return (struct bytes){(const uint8_t *)s, strlen(s)};
}

static struct msg_boot
boot_of(const char *platform, const char *settings, const char *binaries)
{
	return (struct msg_boot){.development = 1,
				 .scheme = BOOT_INDEXED,
				 .platform = text(platform),
				 .settings = text(settings),
				 .binaries = text(binaries)};
}

static void
send_instance(struct channel *c, uint64_t id, uint8_t fill)
{
	uint8_t buf[FRAME_HEADER + 84];
	struct writer w = channel_body(buf, sizeof buf);
	struct msg_instance m;

	/* the key is the generator's encoding: a valid point */
	memset(m.instance_key, 0x66, 32);
	m.instance_key[0] = 0x58;
	memset(m.root_id, fill, 32);
	memset(m.address_0, fill, 20);
	msg_instance_write(&w, &m);
	if (channel_send(c, MSG_INSTANCE, id, buf, w.len) != 0)
		_exit(1);
}

static void *
play_signer(void *arg)
{
	static uint8_t buf[FRAME_MAX];
	struct channel c;
	struct frame f;

	channel_open(&c, *(const int *)arg, ROLE_SIGNER, ROLE_ATTESTER);
	if (channel_receive(&c, buf, sizeof buf, &f) != 0 || f.type != MSG_INSTANCE_QUERY)
		return NULL;
	if (stale_first)
		send_instance(&c, f.id + 1, 0xee);
	send_instance(&c, f.id, 0x22);
	return NULL;
}

static int
open_attester(const struct msg_boot *boot)
{
	const struct tee_host host = {.reports = -1, .measurements = -1};
	int signer[2], gate[2];
	pthread_t thread;
	int r;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, signer), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, gate), 0);
	signer_fd = signer[1];
	gateway_fd = gate[1];
	channel_open(&gateway, gateway_fd, ROLE_GATEWAY, ROLE_ATTESTER);
	assert_int_equal(pthread_create(&thread, NULL, play_signer, &signer_fd), 0);
	r = attester_open(&attester, boot, &host, signer[0], gate[0]);
	if (r != 0)
		shutdown(signer[0], SHUT_RDWR);
	assert_int_equal(pthread_join(thread, NULL), 0);
	return r;
}

static void
close_attester(void)
{
	close(attester.signer.fd);
	close(attester.gateway.fd);
	close(signer_fd);
	close(gateway_fd);
	attester_close(&attester);
}

static void
send_attest(uint64_t id, size_t nonce_len)
{
	struct writer w = channel_body(frame, sizeof frame);
	uint8_t nonce[64];
	struct msg_attest m = {.nonce = {nonce, nonce_len}};

	memset(nonce, 0x77, sizeof nonce);
	msg_attest_write(&w, &m);
	assert_int_equal(channel_send(&gateway, MSG_ATTEST, id, frame, w.len), 0);
}

static void
receive_done(uint64_t id)
{
	struct frame f;

	assert_int_equal(channel_receive(&gateway, frame, sizeof frame, &f), 0);
	assert_int_equal(f.type, MSG_DONE);
	assert_true(f.id == id);
}

static void
send_bind_tls(uint8_t fill)
{
	struct writer w = channel_body(frame, sizeof frame);
	struct msg_bind_tls m;

	memset(m.spki_hash, fill, sizeof m.spki_hash);
	msg_bind_tls_write(&w, &m);
	assert_int_equal(channel_send(&gateway, MSG_BIND_TLS, 42, frame, w.len), 0);
}

static struct bytes
receive_document(uint64_t id)
{
	struct msg_evidence m;
	struct frame f;

	assert_int_equal(channel_receive(&gateway, frame, sizeof frame, &f), 0);
	assert_int_equal(f.type, MSG_EVIDENCE);
	assert_true(f.id == id);
	assert_int_equal(msg_evidence_read(f.body, &m), 0);
	return m.document;
}

/* What goes out verifies, with the verifier of the command line. */
static void
assert_accepted(struct bytes document, const uint8_t *tls_key_hash)
{
	static struct simulated_pki pki;
	static struct evaluation e;
	static struct question q;
	uint8_t nonce[32];

	memset(nonce, 0x77, sizeof nonce);
	assert_int_equal(simulated_pki_make(&pki), 0);
	q = (struct question){
	    .has_nonce = 1,
	    .nonce = {nonce, sizeof nonce},
	    .at = 1780000000,
	    .root = {pki.der[PCK_ROOT], pki.der_len[PCK_ROOT]},
	    .simulated_root = 1,
	    .policy = tdx_policy_default(),
	};
	if (tls_key_hash != NULL) {
		q.channel = CHANNEL_TLS;
		memcpy(q.peer_key_hash, tls_key_hash, 32);
	}
	evaluate(KIND_ATTESTATION, document, &q, &e);
	if (!verdict_accepts(&e.verdict))
		fail_msg("%s: %s", verdict_refusal(&e.verdict)->name,
		    verdict_refusal(&e.verdict)->detail);
	assert_true(e.verdict.development && e.verdict.simulated);
	assert_int_equal(e.attestation.attested.root_id[0], 0x22);
	evaluation_close(&e);
}

static void
test_attest(void **state)
{
	const struct msg_boot boot = boot_of("simulated", SETTINGS, BINARIES);
	struct bytes document;

	(void)state;
	assert_int_equal(open_attester(&boot), 0);
	for (uint64_t id = 5; id < 8; id++) {
		send_attest(id, 32);
		assert_int_equal(attester_serve(&attester), 0);
		document = receive_document(id);
		assert_accepted(document, NULL);
	}
	assert_non_null(memmem(document.p, document.len, "could give an agent's index", 27));
	close_attester();
}

static void
test_stale_instance_is_dropped(void **state)
{
	const struct msg_boot boot = boot_of("simulated", SETTINGS, BINARIES);

	(void)state;
	stale_first = 1;
	assert_int_equal(open_attester(&boot), 0);
	assert_int_equal(attester.statement.root_id[0], 0x22);
	close_attester();
	stale_first = 0;
}

static void
test_bind_tls(void **state)
{
	const struct msg_boot boot = boot_of("simulated", SETTINGS_TLS, BINARIES);
	uint8_t hash[32];

	(void)state;
	memset(hash, 0x44, sizeof hash);
	assert_int_equal(open_attester(&boot), 0);
	send_bind_tls(0x44);
	assert_int_equal(attester_serve(&attester), 0);
	receive_done(42);
	send_attest(1, 32);
	assert_int_equal(attester_serve(&attester), 0);
	assert_accepted(receive_document(1), hash);
	send_bind_tls(0x45); /* a second one ends the peer */
	assert_int_equal(attester_serve(&attester), ERR_PROTOCOL);
	close_attester();
}

/* A hash that comes after an answer would contradict it. */
static void
test_bind_tls_too_late(void **state)
{
	const struct msg_boot boot = boot_of("simulated", SETTINGS, BINARIES);

	(void)state;
	assert_int_equal(open_attester(&boot), 0);
	send_attest(1, 16);
	assert_int_equal(attester_serve(&attester), 0);
	(void)receive_document(1);
	send_bind_tls(0x44);
	assert_int_equal(attester_serve(&attester), ERR_PROTOCOL);
	close_attester();
}

static void
test_nonce_bounds(void **state)
{
	const struct msg_boot boot = boot_of("simulated", SETTINGS, BINARIES);

	(void)state;
	assert_int_equal(open_attester(&boot), 0);
	send_attest(1, 64);
	assert_int_equal(attester_serve(&attester), 0);
	(void)receive_document(1);
	send_attest(2, 15);
	assert_int_equal(attester_serve(&attester), ERR_PROTOCOL);
	send_attest(3, 0);
	assert_int_equal(attester_serve(&attester), ERR_PROTOCOL);
	close_attester();
}

/* Anything else that a gateway could say ends the process. */
static void
test_protocol(void **state)
{
	const struct msg_boot boot = boot_of("simulated", SETTINGS, BINARIES);
	static const uint32_t types[] = {MSG_SECRET,   MSG_BOOT,    MSG_INSTANCE, MSG_EVIDENCE,
					 MSG_REGISTER, MSG_REFUSED, 9999};
	uint8_t raw[FRAME_HEADER + 40] = {0};

	(void)state;
	assert_int_equal(open_attester(&boot), 0);
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		store_be32(raw, sizeof raw - 4);
		store_be32(raw + 4, types[i]);
		assert_int_equal(send(gateway_fd, raw, sizeof raw, 0), sizeof raw);
		assert_int_equal(attester_serve(&attester), ERR_PROTOCOL);
	}
	/* an ATTEST with a byte too many */
	store_be32(raw + 4, MSG_ATTEST);
	store_be32(raw + FRAME_HEADER, 32);
	assert_int_equal(send(gateway_fd, raw, sizeof raw, 0), sizeof raw);
	assert_int_equal(attester_serve(&attester), ERR_PROTOCOL);
	close(gateway_fd);
	assert_int_equal(attester_serve(&attester), ERR_CLOSED);
	gateway_fd = dup(signer_fd);
	close_attester();
}

static void
test_refuses_to_start(void **state)
{
	struct msg_boot boot = boot_of("sgx", SETTINGS, BINARIES);

	(void)state;
	assert_int_equal(open_attester(&boot), ERR_NOT_FOUND);
	close_attester();
	boot = boot_of("tsm", SETTINGS, BINARIES);
	assert_int_equal(open_attester(&boot), ERR_UNSUPPORTED);
	close_attester();
	boot = boot_of("simulated", SETTINGS, "{\"a\":1}");
	assert_int_equal(open_attester(&boot), ERR_PARSE);
	close_attester();
}

/* The largest settings and binaries that a BOOT message holds still fit into the document. */
static void
test_largest_document(void **state)
{
	static char settings[8193], binaries[2049];
	struct msg_boot boot;
	size_t at = 0;

	(void)state;
	memset(settings, 'x', 8192);
	memcpy(settings, "{\"derivation\":\"", 15);
	memcpy(settings + 8190, "\"}", 2);
	binaries[at++] = '{';
	for (char name = 'a'; name <= 'z'; name++) {
		static const char member[] = "\"n\":\"00112233445566778899aabbccddeeff"
					     "00112233445566778899aabbccddeeff\",";

		memcpy(binaries + at, member, sizeof member - 1);
		binaries[at + 1] = name;
		at += sizeof member - 1;
	}
	binaries[at - 1] = '}';
	boot = boot_of("simulated", settings, binaries);
	assert_int_equal(open_attester(&boot), 0);
	send_attest(1, 32);
	assert_int_equal(attester_serve(&attester), 0);
	assert_true(receive_document(1).len > 8192 + 1800 + 2 * 4900);
	close_attester();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_attest),
	    cmocka_unit_test(test_stale_instance_is_dropped),
	    cmocka_unit_test(test_bind_tls),
	    cmocka_unit_test(test_bind_tls_too_late),
	    cmocka_unit_test(test_nonce_bounds),
	    cmocka_unit_test(test_protocol),
	    cmocka_unit_test(test_refuses_to_start),
	    cmocka_unit_test(test_largest_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
