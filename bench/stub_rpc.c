/*
 * A JSON-RPC node that costs next to nothing (it recovers each sender): the
 * counterpart of the throughput figures, so that they measure the daemon and
 * not a chain. Every transaction is accepted and mined at once in block 1; the
 * head is block 1,000,000.
 *
 *   stub_rpc CHAIN_ID     prints "listening PORT"
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "base/parse.h"
#include "crypto/keccak256.h"
#include "crypto/secp.h"
#include "crypto/secp_verify.h"
#include "evm/address.h"
#include "evm/transaction.h"
#include "base/banned.h"

#define CONNECTIONS 64
#define INPUT_MAX 65536
#define MINED_MAX (1u << 21) /* transactions that are remembered, a power of two */
#define WALLETS_MAX (1u << 12)
#define BLOCK_HASH "0x1111111111111111111111111111111111111111111111111111111111111111"
#define WORD_MAX "0x00000000000000000000000000000000000000000000000000000000ffffffff"

struct connection {
	int fd;
	size_t len;
	char input[INPUT_MAX + 1];
};

struct mined {
	uint8_t hash[32];
	uint32_t wallet; /* its place in wallets[], plus 1; 0: free */
};

struct wallet {
	uint8_t address[20];
	uint64_t count; /* of transactions */
};

static struct connection connections[CONNECTIONS];
static struct mined mined[MINED_MAX]; /* by the head of the hash; a full table overwrites */
static struct wallet wallets[WALLETS_MAX];
static uint32_t wallet_count;
static char chain_id[32];

/* The text after `name` up to the next quote; NULL when absent. */
static const char *
quoted(const char *body, const char *name, size_t *ret_len)
{
	const char *at = strstr(body, name);
	const char *end;

	if (at == NULL)
		return NULL;
	at += strlen(name);
	if ((end = strchr(at, '"')) == NULL)
		return NULL;
	*ret_len = (size_t)(end - at);
	return at;
}

/* The first parameter, as bytes. */
static int
first_param(const char *body, uint8_t *ret, size_t cap, size_t *ret_len)
{
	const char *hex = strstr(body, "\"params\"");
	size_t len;

	if (hex == NULL || (hex = quoted(hex, "[\"", &len)) == NULL)
		return -1;
	return hex_decode_0x_run(hex, len, cap, ret, ret_len);
}

static struct wallet *
wallet_find(const uint8_t address[20])
{
	for (uint32_t i = 0; i < wallet_count; i++) {
		if (memcmp(wallets[i].address, address, 20) == 0)
			return &wallets[i];
	}
	return NULL;
}

static struct wallet *
wallet_of(const uint8_t address[20])
{
	struct wallet *known = wallet_find(address);

	if (known != NULL || wallet_count == WALLETS_MAX)
		return known;
	known = &wallets[wallet_count++];
	memcpy(known->address, address, 20);
	return known;
}

static struct mined *
mined_slot(const uint8_t hash[32])
{
	return &mined[load_be32(hash) % MINED_MAX];
}

static int
sender_of(const uint8_t *raw, size_t len, uint8_t ret[20], uint64_t *ret_nonce)
{
	struct tx tx;
	struct tx_signature signature;
	uint8_t digest[32], r_s[64], public_key[64];

	if (tx_decode_signed(raw, len, &tx, &signature) != 0 || tx_recovery_hash(&tx, digest) != 0)
		return -1;
	memcpy(r_s, signature.r, 32);
	memcpy(r_s + 32, signature.s, 32);
	if (secp_recover(digest, r_s, signature.y_parity, public_key) != 0)
		return -1;
	address_from_public_key(public_key, ret);
	*ret_nonce = tx.nonce;
	return 0;
}

/* Mine it; the hash that a node answers with is that of the raw bytes. */
static int
mine(const char *body, char ret[67])
{
	static uint8_t raw[INPUT_MAX / 2];
	uint8_t hash[32], from[20];
	struct wallet *wallet;
	uint64_t nonce;
	size_t len;

	if (first_param(body, raw, sizeof raw, &len) != 0 ||
	    sender_of(raw, len, from, &nonce) != 0 || (wallet = wallet_of(from)) == NULL)
		return -1;
	if (wallet->count <= nonce)
		wallet->count = nonce + 1;
	keccak256(raw, len, hash);
	memcpy(mined_slot(hash)->hash, hash, sizeof hash);
	mined_slot(hash)->wallet = (uint32_t)(wallet - wallets) + 1;
	hex_encode_0x(hash, 32, ret);
	return 0;
}

static void
receipt_of(const char *body, char *ret, size_t cap)
{
	uint8_t hash[32];
	char hash_text[67], from[43];
	const struct mined *known;
	size_t len;

	if (first_param(body, hash, sizeof hash, &len) != 0 || len != sizeof hash ||
	    (known = mined_slot(hash))->wallet == 0 || memcmp(known->hash, hash, 32) != 0) {
		snprintf(ret, cap, "null");
		return;
	}
	hex_encode_0x(hash, 32, hash_text);
	hex_encode_0x(wallets[known->wallet - 1].address, 20, from);
	snprintf(ret, cap,
		 "{\"status\":\"0x1\",\"blockNumber\":\"0x1\",\"blockHash\":\"" BLOCK_HASH
		 "\",\"gasUsed\":\"0x5208\",\"transactionHash\":\"%s\",\"from\":\"%s\","
		 "\"logs\":[]}",
		 hash_text, from);
}

static uint64_t
count_of(const char *body)
{
	uint8_t address[20];
	const struct wallet *wallet;
	size_t len;

	if (first_param(body, address, sizeof address, &len) != 0 || len != sizeof address)
		return 0;
	wallet = wallet_find(address);
	return wallet == NULL ? 0 : wallet->count;
}

static int
is(const char *method, size_t len, const char *name)
{
	return len == strlen(name) && memcmp(method, name, len) == 0;
}

static void
result_of(const char *body, char *ret, size_t cap)
{
	char hash[67] = "";
	size_t len = 0;
	const char *method = quoted(body, "\"method\":\"", &len);

	if (method == NULL)
		snprintf(ret, cap, "null");
	else if (is(method, len, "eth_chainId"))
		snprintf(ret, cap, "\"%s\"", chain_id);
	else if (is(method, len, "eth_blockNumber"))
		snprintf(ret, cap, "\"0xf4240\"");
	else if (is(method, len, "eth_getTransactionCount"))
		snprintf(ret, cap, "\"0x%llx\"", (unsigned long long)count_of(body));
	else if (is(method, len, "eth_getBalance"))
		snprintf(ret, cap, "\"0x0\"");
	else if (is(method, len, "eth_call"))
		snprintf(ret, cap, "\"%s\"", WORD_MAX);
	else if (is(method, len, "eth_estimateGas"))
		snprintf(ret, cap, "\"0x5208\"");
	else if (is(method, len, "eth_feeHistory"))
		snprintf(
		    ret, cap,
		    "{\"oldestBlock\":\"0x1\",\"baseFeePerGas\":[\"0x3b9aca00\",\"0x3b9aca00\"],"
		    "\"gasUsedRatio\":[0.5],\"reward\":[[\"0x3b9aca00\"]]}");
	else if (is(method, len, "eth_sendRawTransaction") && mine(body, hash) == 0)
		snprintf(ret, cap, "\"%s\"", hash);
	else if (is(method, len, "eth_getTransactionReceipt"))
		receipt_of(body, ret, cap);
	else if (is(method, len, "eth_getBlockByNumber"))
		snprintf(ret, cap, "{\"number\":\"0x1\",\"hash\":\"" BLOCK_HASH "\"}");
	else
		snprintf(ret, cap, "null");
}

static int
answer(struct connection *c, const char *body)
{
	char result[1024], json[1200], http[1400];
	const char *id = strstr(body, "\"id\":");
	size_t id_len = 0;
	int n;

	if (id != NULL) {
		id += 5;
		id_len = strspn(id, "0123456789\"abcdef-");
	}
	result_of(body, result, sizeof result);
	n = snprintf(json, sizeof json, "{\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":%s}",
		     id_len > 0 ? (int)id_len : 4, id_len > 0 ? id : "null", result);
	n = snprintf(
	    http, sizeof http,
	    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", n,
	    json);
	return write(c->fd, http, (size_t)n) == n ? 0 : -1;
}

/* Answers every whole request in the input; -1 ends the connection. */
static int
serve(struct connection *c)
{
	for (;;) {
		char *end = strstr(c->input, "\r\n\r\n");
		const char *length;
		uint64_t body = 0;
		size_t head, whole;
		char saved;

		if (end == NULL)
			return c->len < INPUT_MAX ? 0 : -1;
		head = (size_t)(end + 4 - c->input);
		if ((length = strcasestr(c->input, "content-length: ")) != NULL) {
			length += 16;
			if (parse_u64(length, strspn(length, "0123456789"), 0, INPUT_MAX, &body) !=
			    0)
				return -1;
		}
		whole = head + (size_t)body;
		if (whole > INPUT_MAX)
			return -1;
		if (c->len < whole)
			return 0;
		saved = c->input[whole];
		c->input[whole] = '\0';
		if (answer(c, c->input + head) != 0)
			return -1;
		c->input[whole] = saved;
		c->len -= whole;
		memmove(c->input, c->input + whole, c->len + 1);
	}
}

static void
take(int listener, int poller)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	struct epoll_event event = {.events = EPOLLIN};

	for (size_t i = 0; fd >= 0 && i < CONNECTIONS; i++) {
		if (connections[i].fd >= 0)
			continue;
		connections[i].fd = fd;
		connections[i].len = 0;
		connections[i].input[0] = '\0';
		event.data.ptr = &connections[i];
		if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) == 0)
			return;
	}
	if (fd >= 0)
		close(fd);
}

static void
read_more(struct connection *c)
{
	ssize_t n = read(c->fd, c->input + c->len, INPUT_MAX - c->len);

	if (n > 0) {
		c->len += (size_t)n;
		c->input[c->len] = '\0';
		if (serve(c) == 0)
			return;
	}
	close(c->fd);
	c->fd = -1;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	struct epoll_event event = {.events = EPOLLIN}, ready[CONNECTIONS];
	uint64_t id;
	int listener, poller;

	if (argc != 2 || parse_u64(argv[1], strlen(argv[1]), 1, UINT64_MAX, &id) != 0) {
		fprintf(stderr, "usage: stub_rpc CHAIN_ID\n");
		return 2;
	}
	if (secp_open() != 0)
		return 1;
	snprintf(chain_id, sizeof chain_id, "0x%llx", (unsigned long long)id);
	for (size_t i = 0; i < CONNECTIONS; i++)
		connections[i].fd = -1;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (listener < 0 || poller < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
	    listen(listener, CONNECTIONS) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
	    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0) {
		perror("stub_rpc");
		return 1;
	}
	printf("listening %d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(poller, ready, CONNECTIONS, -1);

		for (int i = 0; i < n; i++) {
			if (ready[i].data.ptr == NULL)
				take(listener, poller);
			else
				read_more(ready[i].data.ptr);
		}
		if (n < 0 && errno != EINTR)
			return 1;
	}
}
