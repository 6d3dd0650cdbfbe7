/* The client against tests/faults/stub_rpc.py, which plays the faults of nodes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/parse.h"
#include "chain/rpc.h"

#define NODES 2
#define TIMEOUT_MS 2000

struct node {
	pid_t pid;
	int in;
	uint16_t port;
};

static struct node nodes[NODES];
static struct event_base *base;
static struct rpc *rpc;

/* --- the stub ----------------------------------------------------------------- */

static int
node_start(struct node *n)
{
	int in[2], out[2];
	char line[64] = "";
	uint64_t port;

	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	if ((n->pid = fork()) == 0) {
		(void)dup2(in[0], 0);
		(void)dup2(out[1], 1);
		(void)close(in[1]); /* or the stub would hold its own input open */
		(void)execlp("python3", "python3", "tests/faults/stub_rpc.py", (char *)NULL);
		_exit(127);
	}
	(void)close(in[0]);
	(void)close(out[1]);
	n->in = in[1];
	for (size_t at = 0; at + 1 < sizeof line && read(out[0], line + at, 1) == 1; at++) {
		if (line[at] == '\n') {
			line[at] = '\0';
			break;
		}
	}
	(void)close(out[0]);
	if (strncmp(line, "port ", 5) != 0 ||
	    parse_u64(line + 5, strlen(line + 5), 1, 65535, &port) != 0)
		return -1;
	n->port = (uint16_t)port;
	return 0;
}

static void
node_stop(struct node *n)
{
	if (n->pid <= 0)
		return;
	(void)close(n->in);
	(void)kill(n->pid, SIGKILL);
	(void)waitpid(n->pid, NULL, 0);
	n->pid = 0;
}

/* One request to the stub's control, its answer as text; heap. */
static char *
http(const struct node *n, const char *method, const char *path, const char *body)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(n->port)};
	char head[256];
	char *answer = calloc(1, 65536);
	size_t len = 0;
	ssize_t got;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_non_null(answer);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
	(void)snprintf(
	    head, sizeof head,
	    "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n", method,
	    path, strlen(body));
	assert_true(write(fd, head, strlen(head)) > 0);
	if (body[0] != '\0')
		assert_true(write(fd, body, strlen(body)) > 0);
	while (len < 65535 && (got = read(fd, answer + len, 65535 - len)) > 0)
		len += (size_t)got;
	(void)close(fd);
	return answer;
}

static void
control(size_t node, const char *wish)
{
	char *answer = http(&nodes[node], "POST", "/control", wish);

	assert_non_null(strstr(answer, "200 OK"));
	free(answer);
}

static size_t
count_calls(size_t node, const char *method)
{
	char *answer = http(&nodes[node], "GET", "/control", "");
	char quoted[64];
	size_t n = 0;

	(void)snprintf(quoted, sizeof quoted, "\"%s\"", method);
	for (const char *at = answer; (at = strstr(at, quoted)) != NULL; at++)
		n++;
	free(answer);
	return n;
}

/* --- calls -------------------------------------------------------------------- */

struct outcome {
	int done;
	enum rpc_class class;
	char message[256];
	char result[256];
	char revert_data[256];
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
keep(const struct rpc_answer *answer, void *arg)
{
	struct outcome *o = arg;
	char *text = answer->result == NULL ? NULL : json_dumps(answer->result, JSON_ENCODE_ANY);

	o->done++;
	o->class = answer->class;
	(void)snprintf(o->message, sizeof o->message, "%s", answer->message);
	(void)snprintf(o->result, sizeof o->result, "%.200s", text == NULL ? "" : text);
	(void)snprintf(o->revert_data, sizeof o->revert_data, "%s",
		       answer->revert_data == NULL ? "" : answer->revert_data);
	free(text);
}

static void
run_until(const struct outcome *o, int done)
{
	uint64_t until = now_ms() + 20000;

	while (o->done < done && now_ms() < until) {
		struct timeval slice = {0, 20000};

		(void)event_base_loopexit(base, &slice);
		(void)event_base_dispatch(base);
	}
	assert_int_equal(o->done, done);
}

static void
run_for(uint64_t ms)
{
	struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

	(void)event_base_loopexit(base, &wait);
	(void)event_base_dispatch(base);
}

static struct outcome
call(const char *method, const char *params)
{
	struct outcome o = {0};

	rpc_call(rpc, method, params, keep, &o);
	assert_int_equal(o.done, 0); /* never before the loop */
	run_until(&o, 1);
	return o;
}

static void
client(size_t count)
{
	char urls[128], text[200];
	struct rpc_options options = {.urls = urls, .chain_id = 31337, .timeout_ms = TIMEOUT_MS};

	(void)snprintf(urls, sizeof urls, "http://127.0.0.1:%u", nodes[0].port);
	if (count == 2)
		(void)snprintf(urls, sizeof urls, "http://127.0.0.1:%u,http://127.0.0.1:%u",
			       nodes[0].port, nodes[1].port);
	assert_int_equal(rpc_new(base, &options, &rpc, text, sizeof text), 0);
}

static int
setup(void **state)
{
	(void)state;
	for (size_t i = 0; i < NODES; i++)
		control(i, "{\"faults\":[],\"chain_id\":31337,\"forget_calls\":true}");
	base = event_base_new();
	return base == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	rpc_free(rpc);
	rpc = NULL;
	event_base_free(base);
	return 0;
}

static void
expect(struct outcome o, enum rpc_class class)
{
	if (o.class != class)
		fail_msg("%s (%s), not %s", rpc_class_name(o.class), o.message,
			 rpc_class_name(class));
}

#define FAULT(rest) "{\"faults\":[{\"method\":\"eth_blockNumber\"," rest "}]}"

/* --- the tests ---------------------------------------------------------------- */

static void
test_a_call_after_the_chain_id_was_checked(void **state)
{
	struct rpc_health health;
	struct outcome o;

	(void)state;
	client(1);
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_OK);
	assert_int_equal(o.result[0], '"');
	assert_int_equal(count_calls(0, "eth_chainId"), 1);
	expect(call("eth_nothing", "[]"), RPC_OTHER);
	rpc_health(rpc, &health);
	assert_int_equal(health.usable, 1);
	assert_int_equal(health.wrong_chain, 0);
	assert_int_equal(health.urls, 1);
	assert_int_equal(health.calls, 2);
	assert_int_equal(health.failures, 0);
}

static void
test_another_chain_is_never_asked_anything_else(void **state)
{
	struct rpc_health health;
	struct outcome o;

	(void)state;
	control(0, "{\"chain_id\":137}");
	client(1);
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_WRONG_CHAIN);
	assert_non_null(strstr(o.message, "chain"));
	assert_int_equal(count_calls(0, "eth_blockNumber"), 0);
	rpc_health(rpc, &health);
	assert_int_equal(health.usable, 0);
	assert_int_equal(health.wrong_chain, 1);
}

static void
test_of_two_the_one_on_the_right_chain_is_used(void **state)
{
	struct rpc_health health;

	(void)state;
	control(0, "{\"chain_id\":137}");
	client(2);
	expect(call("eth_blockNumber", "[]"), RPC_OK);
	assert_int_equal(count_calls(0, "eth_blockNumber"), 0);
	assert_int_equal(count_calls(1, "eth_blockNumber"), 1);
	rpc_health(rpc, &health);
	assert_int_equal(health.usable, 1);
	assert_int_equal(health.wrong_chain, 1);
	assert_int_equal(health.urls_usable, 1);
}

static void
test_a_node_that_answers_another_chain_later_is_checked_again(void **state)
{
	struct outcome o;

	(void)state;
	client(1);
	expect(call("eth_blockNumber", "[]"), RPC_OK);
	control(0,
		"{\"chain_id\":137,\"faults\":[{\"method\":\"eth_blockNumber\",\"kind\":\"error\","
		"\"code\":-32000,\"message\":\"invalid chain id for signer\",\"times\":1}]}");
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_WRONG_CHAIN);
	expect(call("eth_blockNumber", "[]"), RPC_WRONG_CHAIN);
	assert_int_equal(count_calls(0, "eth_blockNumber"), 2);
}

static void
test_each_kind_of_broken_answer(void **state)
{
	static const struct {
		const char *fault;
		enum rpc_class class;
	} cases[] = {
	    {FAULT("\"kind\":\"torn\""), RPC_UNREACHABLE},
	    {FAULT("\"kind\":\"close\""), RPC_UNREACHABLE},
	    {FAULT("\"kind\":\"not_json\""), RPC_MALFORMED},
	    {FAULT("\"kind\":\"wrong_id\""), RPC_MALFORMED},
	    {FAULT("\"kind\":\"huge\",\"bytes\":5000000"), RPC_MALFORMED},
	    {FAULT("\"kind\":\"http\",\"status\":503"), RPC_UNREACHABLE},
	    {FAULT("\"kind\":\"http\",\"status\":401"), RPC_UNREACHABLE},
	    {FAULT("\"kind\":\"http\",\"status\":200"), RPC_MALFORMED},
	    {FAULT("\"kind\":\"redirect\",\"to\":\"http://127.0.0.1:1/\""), RPC_UNREACHABLE},
	    {FAULT("\"kind\":\"hang\",\"seconds\":6"), RPC_TIMEOUT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct outcome o;

		client(1);
		control(0, cases[i].fault);
		o = call("eth_blockNumber", "[]");
		if (o.class != cases[i].class)
			fail_msg("%s: %s", cases[i].fault, rpc_class_name(o.class));
		assert_string_equal(o.result, "");
		/* what is said names no address */
		assert_null(strstr(o.message, "127.0.0.1"));
		rpc_free(rpc);
		rpc = NULL;
	}
}

static void
test_an_answer_of_almost_four_mebibytes_is_taken(void **state)
{
	(void)state;
	client(1);
	control(0, FAULT("\"kind\":\"huge\",\"bytes\":4100000"));
	expect(call("eth_blockNumber", "[]"), RPC_OK);
}

static void
test_node_errors_keep_their_class_words_and_data(void **state)
{
	struct outcome o;

	(void)state;
	client(1);
	control(0, FAULT("\"kind\":\"error\",\"code\":3,\"message\":\"execution reverted: no\","
			 "\"data\":\"0x08c379a0\""));
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_REVERTED);
	assert_string_equal(o.message, "execution reverted: no");
	assert_string_equal(o.revert_data, "0x08c379a0");
	control(0, FAULT("\"kind\":\"error\",\"code\":-32000,\"message\":\"nonce too low\""));
	expect(call("eth_blockNumber", "[]"), RPC_NONCE_TOO_LOW);
	/* such an answer is no trouble of the node's: it stays in use */
	control(0, "{\"faults\":[]}");
	expect(call("eth_blockNumber", "[]"), RPC_OK);
	assert_int_equal(count_calls(0, "eth_chainId"), 1);
}

static void
test_every_trouble_goes_to_the_next_url(void **state)
{
	static const char *const faults[] = {
	    FAULT("\"kind\":\"close\""),
	    FAULT("\"kind\":\"torn\""),
	    FAULT("\"kind\":\"wrong_id\""),
	    FAULT("\"kind\":\"http\",\"status\":503"),
	    FAULT("\"kind\":\"http\",\"status\":429"),
	    FAULT("\"kind\":\"error\",\"code\":-32005,\"message\":\"rate limited\""),
	    FAULT("\"kind\":\"error\",\"code\":-32603,\"message\":\"Internal error\""),
	    FAULT("\"kind\":\"hang\",\"seconds\":6"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		struct outcome o;

		control(1, "{\"forget_calls\":true}");
		client(2);
		control(0, faults[i]);
		o = call("eth_blockNumber", "[]");
		if (o.class != RPC_OK)
			fail_msg("%s: %s (%s)", faults[i], rpc_class_name(o.class), o.message);
		assert_int_equal(count_calls(1, "eth_blockNumber"), 1);
		rpc_free(rpc);
		rpc = NULL;
	}
}

static void
test_a_rate_limit_is_waited_out(void **state)
{
	struct outcome o;
	uint64_t began = now_ms();

	(void)state;
	client(1);
	control(0, FAULT("\"kind\":\"http\",\"status\":429,\"retry_after\":1,\"times\":1"));
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_OK);
	assert_true(now_ms() - began >= 1000);
	/* but not beyond the call's time */
	control(0, FAULT("\"kind\":\"http\",\"status\":429,\"retry_after\":30"));
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_RATE_LIMITED);
}

static void
test_a_node_comes_back(void **state)
{
	struct rpc_health health;

	(void)state;
	client(1);
	expect(call("eth_blockNumber", "[]"), RPC_OK);
	control(0, "{\"faults\":[{\"method\":\"*\",\"kind\":\"close\"}]}");
	expect(call("eth_blockNumber", "[]"), RPC_UNREACHABLE);
	rpc_health(rpc, &health);
	assert_int_equal(health.usable, 0);
	/* while it backs off, calls fail at once */
	expect(call("eth_blockNumber", "[]"), RPC_UNREACHABLE);
	control(0, "{\"faults\":[],\"forget_calls\":true}");
	run_for(2500);
	rpc_health(rpc, &health);
	assert_int_equal(health.usable, 1);
	expect(call("eth_blockNumber", "[]"), RPC_OK);
	assert_true(count_calls(0, "eth_chainId") >= 1);
}

static void
test_nobody_listens(void **state)
{
	struct rpc_options options = {
	    .urls = "http://127.0.0.1:1", .chain_id = 31337, .timeout_ms = TIMEOUT_MS};
	struct outcome o;
	char text[200];

	(void)state;
	assert_int_equal(rpc_new(base, &options, &rpc, text, sizeof text), 0);
	o = call("eth_blockNumber", "[]");
	expect(o, RPC_UNREACHABLE);
	assert_null(strstr(o.message, "127.0.0.1"));
}

static void
test_settings_that_cannot_be_used(void **state)
{
	struct rpc_options options = {.urls = "https://node.example",
				      .ca_file = "/nonexistent/ca.pem",
				      .chain_id = 31337,
				      .timeout_ms = TIMEOUT_MS};
	char text[200];

	(void)state;
	assert_int_equal(rpc_new(base, &options, &rpc, text, sizeof text), ERR_SETTING);
	assert_non_null(strstr(text, "SELFSAME_CA_FILE"));
	options.ca_file = NULL;
	options.urls = "http://node.example";
	assert_int_equal(rpc_new(base, &options, &rpc, text, sizeof text), ERR_SETTING);
	assert_non_null(strstr(text, "CHAINSTACK_NODE"));
	assert_null(rpc);
}

static void
test_three_hundred_at_once(void **state)
{
	struct outcome o = {0};

	(void)state;
	client(2);
	for (int i = 0; i < 300; i++)
		rpc_call(rpc, "eth_blockNumber", "[]", keep, &o);
	run_until(&o, 300);
	expect(o, RPC_OK);
}

static void
test_more_than_may_wait_are_refused_from_the_loop(void **state)
{
	struct outcome o = {0};
	struct rpc_health health;

	(void)state;
	client(1);
	control(0, "{\"faults\":[{\"method\":\"eth_chainId\",\"kind\":\"hang\",\"seconds\":6}]}");
	for (int i = 0; i < 4096 + 10; i++)
		rpc_call(rpc, "eth_blockNumber", "[]", keep, &o);
	assert_int_equal(o.done, 0);
	run_until(&o, 10);
	expect(o, RPC_RATE_LIMITED);
	rpc_health(rpc, &health);
	assert_int_equal(health.failures, 10);
}

static void
test_freed_with_calls_under_way(void **state)
{
	struct outcome o = {0};

	(void)state;
	client(2);
	control(0, FAULT("\"kind\":\"hang\",\"seconds\":6"));
	for (int i = 0; i < 40; i++)
		rpc_call(rpc, "eth_blockNumber", "[]", keep, &o);
	run_for(200);
	rpc_free(rpc);
	rpc = NULL;
	run_for(50);
}

static int
start_nodes(void **state)
{
	(void)state;
	/* a proxy of the environment must not see the calls */
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	(void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	(void)signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < NODES; i++) {
		if (node_start(&nodes[i]) != 0)
			return -1;
	}
	return 0;
}

static int
stop_nodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < NODES; i++)
		node_stop(&nodes[i]);
	return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_a_call_after_the_chain_id_was_checked),
	    TEST(test_another_chain_is_never_asked_anything_else),
	    TEST(test_of_two_the_one_on_the_right_chain_is_used),
	    TEST(test_a_node_that_answers_another_chain_later_is_checked_again),
	    TEST(test_each_kind_of_broken_answer),
	    TEST(test_an_answer_of_almost_four_mebibytes_is_taken),
	    TEST(test_node_errors_keep_their_class_words_and_data),
	    TEST(test_every_trouble_goes_to_the_next_url),
	    TEST(test_a_rate_limit_is_waited_out),
	    TEST(test_a_node_comes_back),
	    TEST(test_nobody_listens),
	    TEST(test_settings_that_cannot_be_used),
	    TEST(test_three_hundred_at_once),
	    TEST(test_more_than_may_wait_are_refused_from_the_loop),
	    TEST(test_freed_with_calls_under_way),
	};

	return cmocka_run_group_tests(tests, start_nodes, stop_nodes);
}
