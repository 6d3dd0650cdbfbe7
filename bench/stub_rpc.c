/*
 * A JSON-RPC node that costs nothing: the counterpart of the throughput
 * figures, so that they measure the daemon and not a chain. Every transaction
 * is accepted and mined at once in block 1; the head is block 1,000,000.
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
#include "base/banned.h"

#define CONNECTIONS 64
#define INPUT_MAX 65536
#define BLOCK_HASH "0x1111111111111111111111111111111111111111111111111111111111111111"
#define WORD_MAX "0x00000000000000000000000000000000000000000000000000000000ffffffff"

struct connection {
	int fd;
	size_t len;
	char input[INPUT_MAX + 1];
};

static struct connection connections[CONNECTIONS];
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

/* The hash that a node answers with: of the raw transaction's bytes. */
static int
sent_hash(const char *body, char ret[67])
{
	static uint8_t raw[INPUT_MAX / 2];
	uint8_t hash[32];
	size_t len, raw_len;
	const char *hex = strstr(body, "\"params\"");

	if (hex == NULL || (hex = quoted(hex, "[\"", &len)) == NULL ||
	    hex_decode_0x_run(hex, len, sizeof raw, raw, &raw_len) != 0)
		return -1;
	keccak256(raw, raw_len, hash);
	hex_encode_0x(hash, 32, ret);
	return 0;
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
	size_t len = 0, hash_len = 0;
	const char *method = quoted(body, "\"method\":\"", &len);
	const char *given;

	if (method == NULL)
		snprintf(ret, cap, "null");
	else if (is(method, len, "eth_chainId"))
		snprintf(ret, cap, "\"%s\"", chain_id);
	else if (is(method, len, "eth_blockNumber"))
		snprintf(ret, cap, "\"0xf4240\"");
	else if (is(method, len, "eth_getTransactionCount") || is(method, len, "eth_getBalance"))
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
	else if (is(method, len, "eth_sendRawTransaction") && sent_hash(body, hash) == 0)
		snprintf(ret, cap, "\"%s\"", hash);
	else if (is(method, len, "eth_getTransactionReceipt") &&
		 (given = strstr(body, "\"params\"")) != NULL &&
		 (given = quoted(given, "[\"", &hash_len)) != NULL)
		snprintf(ret, cap,
			 "{\"status\":\"0x1\",\"blockNumber\":\"0x1\",\"blockHash\":\"" BLOCK_HASH
			 "\","
			 "\"gasUsed\":\"0x5208\",\"transactionHash\":\"%.*s\",\"logs\":[]}",
			 (int)hash_len, given);
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
