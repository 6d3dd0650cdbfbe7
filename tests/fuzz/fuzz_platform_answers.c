/*
 * What an agent may answer, to each platform that asks one: the first byte picks
 * who asks, the rest is the body of every answer. Nothing but evidence over our
 * report data may come out, and no root secret from a key that is none.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "crypto/secp.h"
#include "fakes/fake_agent.h"
#include "rootsource/root.h"
#include "tdx/measurement.h"
#include "tdx/quote.h"
#include "tee/dstack.h"
#include "tee/eigencompute.h"
#include "base/banned.h"

static struct bytes input;
static struct fake_agent agent;
static uint8_t room[DSTACK_ANSWER_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
answer(void *arg, const char *path, struct bytes body, struct writer *w)
{
	(void)arg;
	(void)path;
	(void)body;
	fake_agent_respond(w, 200, "application/json", input.p, input.len);
}

static void
check_evidence(const struct tee_evidence *e, const uint8_t report_data[64])
{
	struct tdx_quote quote;
	struct bytes field;

	if (e->type != TEE_DSTACK)
		return;
	if (quote_parse(e->quote, &quote) != TDX_HOLDS ||
	    quote_field(&quote, "reportData", 10, &field) != 0 ||
	    memcmp(field.p, report_data, 64) != 0)
		abort();
}

static void
attest(const struct tee_platform *platform)
{
	static const struct bytes mode = {(const uint8_t *)"m", 1}, none = {(const uint8_t *)"{}", 2};
	static struct measurement measurement;
	const uint8_t report_data[64] = {1};
	const struct tee_host host = {
	    .io = fake_agent_io(&agent), .reports = -1, .measurements = -1};
	struct tee_evidence evidence;
	struct tee tee;

	if (measurement_make(mode, none, none, &measurement) != 0)
		abort();
	if (tee_open(platform, &host, &measurement.log, &tee) != 0)
		return;
	if (tee_evidence(&tee, report_data, &evidence) == 0)
		check_evidence(&evidence, report_data);
	tee_close(&tee);
}

static void
fetch(enum boot_root wanted)
{
	struct dstack_agent dstack = {
	    .io = fake_agent_io(&agent), .room = room, .room_len = sizeof room};
	struct root root;

	memset(&root, 0, sizeof root);
	if (root_fetch(&dstack, wanted, &root) == 0 &&
	    (root.chain_len == 0 || (root.public_key[0] != 2 && root.public_key[0] != 3)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int opened;

	if (!opened && secp_open() != 0)
		abort();
	opened = 1;
	if (size == 0 || size > 65536)
		return 0;
	agent = (struct fake_agent){.answer = answer};
	input = (struct bytes){data + 1, size - 1};
	switch (data[0] % 4) {
	case 0:
		attest(&dstack_platform);
		break;
	case 1:
		attest(&eigencompute_platform);
		break;
	case 2:
		fetch(BOOT_ROOT_DSTACK_V0);
		break;
	case 3:
		fetch(BOOT_ROOT_DSTACK_V1);
		break;
	}
	return 0;
}
