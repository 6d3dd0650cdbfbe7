/*
 * libselfsame: whether a quote of Intel TDX holds, and what it says.
 *
 * Bytes in, verdict out: no network, no files, no clock, no global state. The
 * collateral (TCB info, QE identity, CRLs), the trusted root and the time are
 * arguments. Functions may be called from any thread; one result belongs to one
 * thread at a time.
 *
 *     selfsame_result *r;
 *     if (selfsame_quote_verify(quote, quote_len, collateral, collateral_len,
 *                               NULL, 0, time(NULL), &r) != 0)
 *             ... out of memory ...
 *     if (selfsame_policy_apply(NULL, r) == 1)
 *             ... trust selfsame_result_field(r, "reportData", &len) ...
 *     else
 *             puts(selfsame_result_text(r));
 *     selfsame_result_free(r);
 *
 * Two questions are kept apart. "Does the evidence hold?" is answered by
 * selfsame_result_holds(): everything verified, and a TCB status came out, be it
 * OutOfDate. "Is it good enough for me?" is answered by a policy. Only the
 * second is a yes.
 *
 * Stable: functions are added, never changed or removed within one SONAME; so
 * are names of steps, reasons and fields. Structures are opaque.
 */
#ifndef SELFSAME_SELFSAME_H
#define SELFSAME_SELFSAME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SELFSAME_API __attribute__((visibility("default")))
#define SELFSAME_MUST_USE __attribute__((warn_unused_result))
#else
#define SELFSAME_API
#define SELFSAME_MUST_USE
#endif

/* What functions that return int return besides 0 (and 1, where it says so). */
enum selfsame_error {
	SELFSAME_ERROR_MEMORY = -1, /* allocation failed: nothing was decided */
	SELFSAME_ERROR_ARGUMENT = -2, /* a required NULL, or a root that is no certificate */
	SELFSAME_ERROR_POLICY = -3 /* the policy's text is malformed */
};

/* "0.1.0", of the library that runs. */
SELFSAME_API const char *selfsame_version(void);

/* --- verification -------------------------------------------------------- */

/* One verdict, with a copy of all that it refers to. */
typedef struct selfsame_result selfsame_result;

/*
 * Verify a quote: structure, PCK chain, revocation, signers of the collateral,
 * TCB info, identities of the TDX module and of the quoting enclave, both
 * signatures, and the time windows of everything that has one; then evaluate
 * the TCB level by Intel's rules (Intel's quote verification library, 2026).
 * Every check that can be run is run; what is missing is never good news.
 *
 * In:      quote        version 4 or 5, a TDX trust domain; bytes behind its end are ignored
 *          collateral   JSON in the form of dcap-qvl's QuoteCollateralV3, UTF-8, whose
 *                       members selfsame_quote_verify(3) describes;
 *                       NULL: none, and the result says COLLATERAL_MISSING
 *          root         the trusted root certificate, DER or PEM; NULL: Intel's,
 *                       which the library has pinned. Anything else is for tests
 *          at           seconds since 1970-01-01T00:00:00Z; both ends of a validity
 *                       window count as inside
 *
 * Returns: 0  there is a verdict in *ret, which may well be a refusal
 *          SELFSAME_ERROR_MEMORY, SELFSAME_ERROR_ARGUMENT; *ret is then NULL
 * Owns:    *ret is the caller's: selfsame_result_free()
 */
SELFSAME_API int selfsame_quote_verify(const void *quote, size_t quote_len,
    const char *collateral, size_t collateral_len, const void *root, size_t root_len,
    int64_t at, selfsame_result **ret) SELFSAME_MUST_USE;

/*
 * Memory of what was verified before. Of quotes that come again from the same
 * machines under the same collateral, only the quote's own signature is left to
 * check: several times as fast. Nothing is remembered but by all the bytes that
 * it was made of, and dates, revocation and TCB are judged anew each time: the
 * answer is that of selfsame_quote_verify(). One cache, one thread at a time.
 */
typedef struct selfsame_cache selfsame_cache;

/*
 * In:      platforms, bundles   how many machines and sets of collateral to
 *          remember, at least one of each; they take about 50 and 100 KiB each
 *
 * Returns: 0, SELFSAME_ERROR_MEMORY, SELFSAME_ERROR_ARGUMENT; *ret is then NULL
 * Owns:    *ret is the caller's: selfsame_cache_free()
 */
SELFSAME_API int selfsame_cache_new(size_t platforms, size_t bundles, selfsame_cache **ret)
    SELFSAME_MUST_USE;

/* NULL is allowed. Results do not depend on the cache. */
SELFSAME_API void selfsame_cache_free(selfsame_cache *cache);

/* As selfsame_quote_verify(). cache may be NULL. */
SELFSAME_API int selfsame_quote_verify_cached(selfsame_cache *cache, const void *quote,
    size_t quote_len, const char *collateral, size_t collateral_len, const void *root,
    size_t root_len, int64_t at, selfsame_result **ret) SELFSAME_MUST_USE;

/* NULL is allowed. */
SELFSAME_API void selfsame_result_free(selfsame_result *result);

/*
 * Whether the evidence holds: 1 or 0. A yes says that the status, the dates and
 * the fields are true, not that they are good.
 */
SELFSAME_API int selfsame_result_holds(const selfsame_result *result) SELFSAME_MUST_USE;

/* --- policy -------------------------------------------------------------- */

/* Which evidence is accepted, parsed once. Never changes: threads may share it. */
typedef struct selfsame_policy selfsame_policy;

#define SELFSAME_POLICY_ERROR_MAX 256

/*
 * Read a policy: a JSON object, whose members selfsame_policy_apply(3) describes.
 *
 * Out:     error   with SELFSAME_ERROR_POLICY: which member is wrong and what would
 *                  be right, at most error_cap bytes with its NUL; may be NULL
 * Returns: 0, SELFSAME_ERROR_POLICY, SELFSAME_ERROR_MEMORY, SELFSAME_ERROR_ARGUMENT
 * Owns:    *ret is the caller's: selfsame_policy_free()
 */
SELFSAME_API int selfsame_policy_parse(const char *json, size_t len, selfsame_policy **ret,
    char *error, size_t error_cap) SELFSAME_MUST_USE;

SELFSAME_API void selfsame_policy_free(selfsame_policy *policy);

/*
 * Whether evidence that holds is accepted too: 1 or 0. The result's reason, step
 * and checks then include the policy's.
 *
 * In:      policy   NULL: status UpToDate, no debug, no reserved attribute
 */
SELFSAME_API int selfsame_policy_apply(const selfsame_policy *policy, selfsame_result *result)
    SELFSAME_MUST_USE;

/* --- what a result says ---------------------------------------------------
 *
 * Strings live as long as the result and are never NULL unless it says so.
 */

/*
 * Of the first check that failed: its reason, the reason's class, its name, and
 * for people what is wrong and what helps: "PCK_REVOKED", "revoked",
 * "revocation", "the platform's certificate is revoked", ... Before any policy
 * was applied: of the evidence. Without a failure: "OK", "", "", "holds", "".
 */
SELFSAME_API const char *selfsame_result_reason(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_reason_class(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_step(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_text(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_remedy(const selfsame_result *result);

/* Every check, in order; those of a policy last, once one was applied. */
enum selfsame_outcome { SELFSAME_NOT_CHECKED, SELFSAME_PASSED, SELFSAME_FAILED };

SELFSAME_API size_t selfsame_result_check_count(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_check_name(const selfsame_result *result, size_t i);
SELFSAME_API enum selfsame_outcome selfsame_result_check_outcome(const selfsame_result *result,
    size_t i);
/* The reason of a failure, or of why it was not checked; "OK" when it passed. */
SELFSAME_API const char *selfsame_result_check_reason(const selfsame_result *result, size_t i);

/*
 * The TCB: NULL or 0 unless the evidence holds. Advisories are sorted. In a TD
 * report 1.5 the TCB was evaluated twice, as of launch and as of now: date and
 * advisories are those of launch, the status comes from both.
 */
SELFSAME_API const char *selfsame_result_tcb_status(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_tcb_date(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_launch_status(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_current_status(const selfsame_result *result);
SELFSAME_API size_t selfsame_result_advisory_count(const selfsame_result *result);
SELFSAME_API const char *selfsame_result_advisory(const selfsame_result *result, size_t i);
SELFSAME_API uint32_t selfsame_result_evaluation_number(const selfsame_result *result);

/*
 * From when until when the evidence holds as it does now: what all certificates,
 * CRLs and documents have in common. 0 unless the evidence holds.
 */
SELFSAME_API int64_t selfsame_result_valid_from(const selfsame_result *result);
SELFSAME_API int64_t selfsame_result_valid_until(const selfsame_result *result);

/*
 * Bytes of a field. Of the TD report, when the structure holds: teeTcbSvn,
 * mrseam, mrsignerseam, seamattributes, tdattributes, xfam, mrtd, mrconfigid,
 * mrowner, mrownerconfig, rtmr0 to rtmr3, reportData; with a TD report 1.5
 * teeTcbSvn2 and mrservicetd. Of the PCK, when its chain holds: ppid, fmspc,
 * pceid, cpusvn, platformInstanceId (zero under the Processor CA).
 *
 * A field says something true only when the evidence holds.
 *
 * Returns: the bytes, which live as long as the result, or NULL (no such field here)
 */
SELFSAME_API const uint8_t *selfsame_result_field(const selfsame_result *result,
    const char *name, size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
