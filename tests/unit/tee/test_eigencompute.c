/* The eigencompute platform against launchers of each image, and against wrong answers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/err.h"
#include "fakes/fake_agent.h"
#include "tdx/measurement.h"
#include "tee/eigencompute.h"

/* status and body per question; the sheet of the launcher says which image gives which */
struct launcher {
	unsigned bound, pki, oidc;
	const char *bound_body, *token_body;
};

static const struct launcher eigen = {200, 500, 500, "\x0a\x01x", NULL};
static const struct launcher stock = {404, 200, 200, NULL, "aGVhZA.Ym9keQ.c2ln"};
static const struct launcher oidc_alone = {404, 500, 200, NULL, "aGVhZA.Ym9keQ.c2ln\n"};

static struct launcher launcher;
static struct fake_agent agent;
static struct measurement measurement;
static struct tee tee;
static uint8_t report_data[64];
static char asked[256];
static char large[BOUND_EVIDENCE_MAX + 2];

static void
answer(void *arg, const char *path, struct bytes body, struct writer *w)
{
	static const char failure[] = "no GCA verifier client present, please try rebooting your VM";
	const char *text = launcher.token_body;
	unsigned status;

	(void)arg;
	if (strcmp(path, "/v1/bound_evidence") == 0) {
		status = launcher.bound;
		text = launcher.bound_body;
		asked[strlen(asked)] = 'B';
	} else if (memmem(body.p, body.len, "\"PKI\"", 5) != NULL) {
		status = launcher.pki;
		asked[strlen(asked)] = 'P';
	} else {
		status = launcher.oidc;
		asked[strlen(asked)] = 'O';
	}
	if (status != 200)
		text = failure;
	fake_agent_respond(w, status, "text/plain", text, strlen(text));
}

static int
begin(void **state)
{
	static const struct bytes mode = {(const uint8_t *)"eigencompute", 12},
				  none = {(const uint8_t *)"{}", 2};

	(void)state;
	agent = (struct fake_agent){.answer = answer};
	memset(asked, 0, sizeof asked);
	memset(report_data, 0x2d, sizeof report_data);
	return measurement_make(mode, none, none, &measurement);
}

static void
open_with(struct launcher l)
{
	const struct tee_host host = {
	    .io = fake_agent_io(&agent), .reports = -1, .measurements = -1};

	launcher = l;
	assert_int_equal(tee_open(&eigencompute_platform, &host, &measurement.log, &tee), 0);
	assert_false(tee.measured);
}

static void
test_bound_evidence(void **state)
{
	struct tee_evidence e;

	(void)state;
	open_with(eigen);
	agent.piece = 3;
	agent.interrupted = 9;
	assert_int_equal(tee_evidence(&tee, report_data, &e), 0);
	assert_int_equal(e.type, TEE_BOUND_EVIDENCE);
	assert_int_equal(e.attestation.len, 3);
	assert_memory_equal(e.attestation.p, eigen.bound_body, 3);
	assert_int_equal(tee_evidence(&tee, report_data, &e), 0);
	assert_string_equal(asked, "BB");
	tee_close(&tee);
}

static void
test_tokens(void **state)
{
	static const struct {
		const struct launcher *launcher;
		const char *asked;
	} cases[] = {{&stock, "BPP"}, {&oidc_alone, "BPOO"}};
	struct tee_evidence e;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(begin(state), 0);
		open_with(*cases[i].launcher);
		for (int k = 0; k < 2; k++) {
			assert_int_equal(tee_evidence(&tee, report_data, &e), 0);
			assert_int_equal(e.type, TEE_SPACE_TOKEN);
			assert_int_equal(e.token.len, 18);
			assert_memory_equal(e.token.p, "aGVhZA.Ym9keQ.c2ln", 18);
		}
		assert_string_equal(asked, cases[i].asked);
		tee_close(&tee);
	}
}

/* Once settled, or once there: never something weaker instead. */
static void
test_no_downgrade(void **state)
{
	struct launcher failing = stock;
	struct tee_evidence e;

	(void)state;
	failing.bound = 500;
	open_with(failing);
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_IO);
	assert_string_equal(asked, "B");
	tee_close(&tee);
	assert_int_equal(begin(state), 0);
	open_with(eigen);
	assert_int_equal(tee_evidence(&tee, report_data, &e), 0);
	launcher = stock;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_UNSUPPORTED);
	launcher.bound = 500;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_IO);
	assert_string_equal(asked, "BBB");
	tee_close(&tee);
}

static void
test_no_evidence_at_all(void **state)
{
	struct tee_evidence e;

	(void)state;
	open_with((struct launcher){404, 500, 500, NULL, NULL});
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_IO);
	assert_string_equal(asked, "BPO");
	tee_close(&tee);
	open_with((struct launcher){404, 404, 404, NULL, NULL});
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_UNSUPPORTED);
	tee_close(&tee);
	agent.connect_errno = ENOENT;
	open_with(eigen);
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_UNSUPPORTED);
	tee_close(&tee);
}

static void
test_wrong_answers(void **state)
{
	static const char *const tokens[] = {
	    "", "a.b", "a.b.c.d", ".b.c", "a..c", "a.b.", "a.b.c ", "a.b.c\n\n", "a.b.c=", "no token",
	    "{\"error\":1}",
	};
	struct launcher bound = eigen;
	struct tee_evidence e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		struct launcher l = stock;

		l.token_body = tokens[i];
		open_with(l);
		assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_EVIDENCE);
		tee_close(&tee);
	}
	bound.bound_body = "";
	open_with(bound);
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_EVIDENCE);
	memset(large, 'x', sizeof large - 1);
	launcher.bound_body = large;
	assert_int_equal(tee_evidence(&tee, report_data, &e), ERR_EVIDENCE);
	large[BOUND_EVIDENCE_MAX] = '\0';
	assert_int_equal(tee_evidence(&tee, report_data, &e), 0);
	assert_int_equal(e.attestation.len, BOUND_EVIDENCE_MAX);
	tee_close(&tee);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_bound_evidence, begin),
	    cmocka_unit_test_setup(test_tokens, begin),
	    cmocka_unit_test_setup(test_no_downgrade, begin),
	    cmocka_unit_test_setup(test_no_evidence_at_all, begin),
	    cmocka_unit_test_setup(test_wrong_answers, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
