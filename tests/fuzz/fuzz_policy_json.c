/* JSON to policy: what is accepted is canonical, and what is written reads as the same policy. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "gateway/policy_json.h"

static void
must(int condition)
{
	if (!condition)
		abort();
}

static struct trade_options
options(void)
{
	struct trade_options o = {.chain_id = 137,
	    .token_count = 2,
	    .tokens = {{.symbol = "USDC", .decimals = 6}, {.symbol = "DAI", .decimals = 18}}};

	memset(o.tokens[0].address, 0x11, 20);
	memset(o.tokens[1].address, 0x22, 20);
	return o;
}

static int
read_json(const void *p, size_t len, struct policy *policy)
{
	struct trade_options o = options();
	struct json_error e;
	struct json_in in;
	int r;

	if ((r = json_in_open(p, len, &in, &e)) != 0)
		return r;
	r = policy_json_read(&in, &o, policy);
	json_in_free(&in);
	return r;
}

static size_t
canonical(const struct policy *p, uint8_t ret[POLICY_BYTES_MAX])
{
	struct writer w = writer_of(ret, POLICY_BYTES_MAX);
	struct policy again;
	size_t len;

	policy_write(&w, p);
	must(writer_end(&w, &len) == 0);
	must(policy_read(ret, len, &again) == 0);
	return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t a[POLICY_BYTES_MAX], b[POLICY_BYTES_MAX];
	struct trade_options o = options();
	struct policy p = {.chain_count = 1, .chains = {137}}, again = {.actions = 0};
	struct buffer out = buffer_of(65536);
	struct json_writer w = json_writer_of(&out);
	size_t len;

	if (read_json(data, size, &p) != 0)
		return 0;
	len = canonical(&p, a);
	policy_json_write(&w, NULL, &o, &p);
	must(out.err == 0);
	must(read_json(out.p, out.len, &again) == 0);
	must(canonical(&again, b) == len && memcmp(a, b, len) == 0);
	must(policy_is_tighter(&p, &again) && policy_is_tighter(&again, &p));
	buffer_free(&out);
	return 0;
}
