/*
 * Write simulated evidence to files, for programs that are not ours to link.
 *
 *   write collateral      what is shipped for the simulated platform, to standard output
 *   write cases FOLDER    a folder per case with quote.bin and collateral.json, root.der, and
 *                         index.json: what each case must give
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "json/writer.h"
#include "support/scenario.h"
#include "base/banned.h"

#define PATH_LEN_MAX 512
#define INDEX_MAX 65536

/* What no public sample shows, one of each. */
struct scenario_case {
	const char *id;
	void (*change)(struct scenario *s);
	const char *status; /* NULL: the evidence does not hold */
	const char *date;
	const char *advisories[3];
	const char *reason; /* class of the refusal under the default policy; NULL: accepted */
};

static struct scenario scenario;
static struct scenario_evidence made;

static void
up_to_date(struct scenario *s)
{
	(void)s;
}

static void
processor_ca(struct scenario *s)
{
	s->ca = s->pck_crl_issuer = SIMULATED_PROCESSOR_CA;
	s->platform.ca = PCK_CA_PROCESSOR;
}

static void
hardening(struct scenario *s)
{
	s->platform.pcesvn = 12;
}

static void
configuration(struct scenario *s)
{
	s->tcb.level[0].says.status = "ConfigurationNeeded";
}

static void
revoked_level(struct scenario *s)
{
	s->tcb.level[0].says.status = "Revoked";
}

static void
relaunch(struct scenario *s)
{
	s->quote.version = 5;
	s->quote.body_type = TD_BODY_15;
	s->quote.body[TD_TEE_TCB_SVN] = 3;
}

static void
relaunch_configuration(struct scenario *s)
{
	relaunch(s);
	configuration(s);
	s->tcb.identity[0].levels.level[1].says.status = "OutOfDate";
}

static void
body_10_in_v5(struct scenario *s)
{
	s->quote.version = 5;
}

static void
body_15_ex(struct scenario *s)
{
	s->quote.version = 5;
	s->quote.body_type = TD_BODY_15_EX;
	s->trailing = 70;
}

static void
pck_revoked(struct scenario *s)
{
	s->revoked[ITEM_PCK] = 1;
}

static void
ca_revoked(struct scenario *s)
{
	s->revoked[ITEM_CA] = 1;
}

static void
wrong_role(struct scenario *s)
{
	s->signer[0] = SIMULATED_PCK;
	s->signer_through_ca = 1;
}

static void
expired(struct scenario *s)
{
	s->window[ITEM_PCK_CRL].end = SCENARIO_NOW - 1;
}

static void
not_yet_valid(struct scenario *s)
{
	s->window[ITEM_QE_IDENTITY].start = SCENARIO_NOW + 1;
}

static void
encrypted_ppid(struct scenario *s)
{
	s->quote.data_type = 3;
	s->quote.data_len = 404;
}

static void
debug(struct scenario *s)
{
	s->quote.body[TD_TDATTRIBUTES] |= TD_ATTRIBUTE_DEBUG;
}

#define BEST "2024-11-13T00:00:00Z"
#define MODULE_OLD "2023-08-09T00:00:00Z"

static const struct scenario_case cases[] = {
    {"up-to-date", up_to_date, "UpToDate", BEST, {NULL}, NULL},
    {"processor-ca", processor_ca, "UpToDate", BEST, {NULL}, NULL},
    {"v5-body-10", body_10_in_v5, "UpToDate", BEST, {NULL}, NULL},
    {"v5-body-15-ex", body_15_ex, "UpToDate", BEST, {NULL}, NULL},
    {"hardening-needed",
     hardening,
     "SWHardeningNeeded",
     "2024-03-13T00:00:00Z",
     {"INTEL-SA-00001"},
     "tcb-status"},
    {"configuration-needed", configuration, "ConfigurationNeeded", BEST, {NULL}, "tcb-status"},
    {"level-revoked", revoked_level, "Revoked", BEST, {NULL}, "tcb-status"},
    {"relaunch-advised",
     relaunch,
     "TDRelaunchAdvised",
     MODULE_OLD,
     {"INTEL-SA-00004"},
     "tcb-status"},
    {"relaunch-advised-configuration",
     relaunch_configuration,
     "TDRelaunchAdvisedConfigurationNeeded",
     MODULE_OLD,
     {"INTEL-SA-00004"},
     "tcb-status"},
    {"debug", debug, "UpToDate", BEST, {NULL}, "debug"},
    {"pck-revoked", pck_revoked, NULL, NULL, {NULL}, "revoked"},
    {"ca-revoked", ca_revoked, NULL, NULL, {NULL}, "revoked"},
    {"signer-is-pck", wrong_role, NULL, NULL, {NULL}, "tcb-signer"},
    {"crl-expired", expired, NULL, NULL, {NULL}, "expired"},
    {"qe-identity-not-yet-valid", not_yet_valid, NULL, NULL, {NULL}, "not-yet-valid"},
    {"encrypted-ppid", encrypted_ppid, NULL, NULL, {NULL}, "cert-data-type"},
};

static int
write_file(const char *folder, const char *name, const void *p, size_t len)
{
	char path[PATH_LEN_MAX];
	FILE *f;
	int ok;

	if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path ||
	    (f = fopen(path, "wb")) == NULL)
		return ERR_IO;
	ok = fwrite(p, 1, len, f) == len;
	return fclose(f) == 0 && ok ? 0 : ERR_IO;
}

static int
make_folder(const char *path)
{
	return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : ERR_IO;
}

/* In the form of the recorded cases' index. */
static void
put_case(struct json_writer *w, const struct scenario_case *c)
{
	char path[PATH_LEN_MAX];

	json_object_begin(w, NULL);
	json_text(w, "id", c->id);
	json_text(w, "kind", "simulated");
	snprintf(path, sizeof path, "%s/quote.bin", c->id);
	json_text(w, "quote", path);
	snprintf(path, sizeof path, "%s/collateral.json", c->id);
	json_text(w, "collateral", path);
	json_i64(w, "eval_unix", SCENARIO_NOW);
	json_text(w, "trust_root", "root.der");
	json_text(w, "evidence", c->status != NULL ? "valid" : "invalid");
	json_text(w, "outcome", c->reason == NULL ? "accept" : "refuse");
	json_text(w, "tcb_status", c->status);
	json_text(w, "tcb_date", c->date);
	json_array_begin(w, "advisories");
	for (size_t i = 0; i < ARRAY_LEN(c->advisories) && c->advisories[i] != NULL; i++)
		json_text(w, NULL, c->advisories[i]);
	json_array_end(w);
	json_text(w, "reason", c->reason);
	json_object_end(w);
}

static int
write_case(const char *folder, const struct scenario_case *c)
{
	char path[PATH_LEN_MAX];
	int r;

	if (snprintf(path, sizeof path, "%s/%s", folder, c->id) >= (int)sizeof path)
		return ERR_SPACE;
	if ((r = scenario_begin(&scenario)) != 0)
		return r;
	c->change(&scenario);
	if ((r = scenario_make(&scenario, &made)) == 0 && (r = make_folder(path)) == 0 &&
	    (r = write_file(path, "quote.bin", made.quote, made.quote_len)) == 0)
		r = write_file(path, "collateral.json", made.bundle.p, made.bundle.len);
	if (r == 0)
		r = write_file(folder, "root.der", made.root, made.root_len);
	scenario_free(&made);
	return r;
}

static int
write_cases(const char *folder)
{
	struct buffer index = buffer_of(INDEX_MAX);
	struct json_writer w = json_writer_of(&index);
	int r = make_folder(folder);

	json_array_begin(&w, NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases) && r == 0; i++) {
		r = write_case(folder, &cases[i]);
		put_case(&w, &cases[i]);
	}
	json_array_end(&w);
	if (r == 0 && (r = index.err) == 0)
		r = write_file(folder, "index.json", index.p, index.len);
	buffer_free(&index);
	return r;
}

static int
write_collateral(void)
{
	int r;

	if ((r = scenario_begin(&scenario)) == 0 && (r = scenario_make(&scenario, &made)) == 0) {
		fwrite(made.bundle.p, 1, made.bundle.len, stdout);
		fputc('\n', stdout);
	}
	scenario_free(&made);
	return r;
}

int
main(int argc, char **argv)
{
	int r;

	if (argc == 2 && strcmp(argv[1], "collateral") == 0) {
		r = write_collateral();
	} else if (argc == 3 && strcmp(argv[1], "cases") == 0) {
		r = write_cases(argv[2]);
	} else {
		fputs("usage: write collateral | write cases FOLDER\n", stderr);
		return 2;
	}
	if (r != 0)
		fprintf(stderr, "write: %s\n", err_text(r));
	return r == 0 && fflush(stdout) == 0 ? 0 : 1;
}
