#include "cli/observation.h"

#include <stdio.h>
#include <string.h>

#include "tdx/utc.h"
#include "base/banned.h"

#define DAY 86400

/* --- making one ------------------------------------------------------------------------- */

/* The earliest end of some items that are known; 0: none is. */
static int64_t
earliest(const struct tdx_result *r, unsigned first, unsigned last)
{
	int64_t until = 0;

	for (unsigned i = first; i <= last; i++)
		if (r->window[i].known && (until == 0 || r->window[i].until < until))
			until = r->window[i].until;
	return until;
}

static json_t *
time_or_null(int64_t t)
{
	char text[UTC_TEXT_LEN + 1];

	if (t == 0)
		return json_null();
	utc_format(t, text);
	return json_string(text);
}

static json_t *
advisories_of(const struct evaluation *e)
{
	const struct tdx_evaluation *launch = &e->quote.launch;
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && tdx_holds(&e->quote) && i < launch->advisory_count; i++)
		if (json_array_append_new(list, json_stringn((const char *)launch->advisory[i].p,
							     launch->advisory[i].len)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *
facts_of(const struct facts *f)
{
	json_t *object = json_object();

	for (size_t i = 0; object != NULL && i < f->count; i++)
		if (json_object_set_new(object, f->fact[i].name, json_string(f->fact[i].text)) !=
		    0) {
			json_decref(object);
			return NULL;
		}
	return object;
}

/*
 * Whether it is this instance's own answer, be it good enough or not: about our nonce, signed,
 * with logs that are what was measured. Anybody has genuine quotes of some machine.
 */
static int
is_answer(const struct evaluation *e)
{
	static const char *const needed[] = {"nonce", "report-data", "quote-signature",
					     "trusted-root"};
	static const char *const logs[] = {"event-log", "measured", "rtmr3", "events"};

	if (verdict_accepts(&e->verdict))
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
		const struct check *c = verdict_find(&e->verdict, needed[i]);

		if (c == NULL || c->result != CHECK_PASSED)
			return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		const struct check *c = verdict_find(&e->verdict, logs[i]);

		if (c != NULL && c->result == CHECK_FAILED)
			return 0;
	}
	return tdx_is_signed(&e->quote);
}

json_t *
observation_of(const char *url, const struct evaluation *e)
{
	const struct check *refusal = verdict_refusal(&e->verdict);
	int accepts = verdict_accepts(&e->verdict);
	const char *status =
	    e->has_quote && tdx_holds(&e->quote) ? tcb_status_name(e->quote.status) : NULL;

	return json_pack(
	    "{s:s, s:s, s:s, s:b, s:s?, s:s?, s:s?, s:o, s:o, s:o, s:o}", "type", "observation",
	    "url", url, "verdict", accepts ? "accept" : "refuse", "holds", is_answer(e), "code",
	    refusal != NULL ? refusal->code : NULL, "step", refusal != NULL ? refusal->name : NULL,
	    "tcbStatus", status, "advisoryIds", advisories_of(e), "certificatesUntil",
	    time_or_null(earliest(&e->quote, TDX_ITEM_PCK, TDX_ITEM_ROOT)), "collateralUntil",
	    time_or_null(earliest(&e->quote, TDX_ITEM_ROOT_CRL, TDX_ITEM_QE_IDENTITY)), "facts",
	    facts_of(&e->facts));
}

/* --- comparing ------------------------------------------------------------------------------ */

static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static int
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
observation_equals(const json_t *a, const json_t *b)
{
	static const char *const members[] = {"verdict",	   "code",	     "step",
					      "tcbStatus",	   "advisoryIds",    "facts",
					      "certificatesUntil", "collateralUntil"};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (!json_equal(json_object_get(a, members[i]), json_object_get(b, members[i])))
			return 0;
	return 1;
}

json_t *
alert_new(const char *url, const char *name, const char *text)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "type", "alert", "url", url, "alert", name, "text",
			 text);
}

/* Takes the alert over; more may be NULL, is taken over and goes in as `name`. */
static int
add(json_t *list, json_t *alert, const char *name, json_t *more)
{
	if (alert != NULL && name != NULL && json_object_set_new(alert, name, more) != 0) {
		json_decref(alert);
		return 1;
	}
	if (alert == NULL && more != NULL)
		json_decref(more);
	return json_array_append_new(list, alert) != 0;
}

/* Which alert a changed fact belongs to. What is not named here is a measurement. */
static const char *
class_of(const char *fact)
{
	static const char *const keys[] = {"instanceKey", "rootId",	   "tlsKeyHash", "kmsRoot",
					   "keyProvider", "keyProviderId", "mrKms"};
	static const char *const instances[] = {"platform", "fmspc",	  "ppid",
						"appId",    "instanceId", "instanceName",
						"zone",	    "projectId",  "hardware"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (strcmp(fact, keys[i]) == 0)
			return "key-changed";
	for (size_t i = 0; i < ARRAY_LEN(instances); i++)
		if (strcmp(fact, instances[i]) == 0)
			return "instance-changed";
	return "measurement-changed";
}

static int
note_change(json_t *changes, const char *class, const char *name, const json_t *old,
	    const json_t *new)
{
	if (strcmp(class_of(name), class) != 0 || json_equal(old, new))
		return 0;
	return json_array_append_new(changes, json_pack("{s:s, s:s?, s:s?}", "name", name, "old",
							json_string_value(old), "new",
							json_string_value(new))) != 0;
}

/* What of this class changed, went or came. */
static json_t *
changes_of(json_t *old, json_t *new, const char *class)
{
	json_t *changes = json_array(), *value;
	const char *name;
	int bad = changes == NULL;

	json_object_foreach(old, name, value) bad |=
	    note_change(changes, class, name, value, json_object_get(new, name));
	json_object_foreach(new, name, value) if (json_object_get(old, name) == NULL) bad |=
	    note_change(changes, class, name, NULL, value);
	if (!bad)
		return changes;
	json_decref(changes);
	return NULL;
}

static int
compare_facts(json_t *list, const json_t *old, const json_t *new, const char *class,
	      const char *text)
{
	json_t *changes =
	    changes_of(json_object_get(old, "facts"), json_object_get(new, "facts"), class);

	if (changes == NULL)
		return 1;
	if (json_array_size(changes) == 0) {
		json_decref(changes);
		return 0;
	}
	return add(list, alert_new(text_of(new, "url"), class, text), "changes", changes);
}

/* From best to worst; what is not in the list (or not known any more) is worst. */
static unsigned
rank(const char *status)
{
	static const char *const ranks[] = {"UpToDate",
					    "SWHardeningNeeded",
					    "ConfigurationNeeded",
					    "ConfigurationAndSWHardeningNeeded",
					    "TDRelaunchAdvised",
					    "TDRelaunchAdvisedConfigurationNeeded",
					    "OutOfDate",
					    "OutOfDateConfigurationNeeded",
					    "Revoked"};

	for (unsigned i = 0; status != NULL && i < ARRAY_LEN(ranks); i++)
		if (strcmp(status, ranks[i]) == 0)
			return i;
	return ARRAY_LEN(ranks);
}

static int
compare_status(json_t *list, const json_t *old, const json_t *new)
{
	const char *was = text_of(old, "tcbStatus"), *is = text_of(new, "tcbStatus");
	json_t *alert;

	/* evidence that does not hold has no status: that is another alert */
	if (was == NULL || is == NULL || rank(is) <= rank(was))
		return 0;
	alert = alert_new(text_of(new, "url"), "tcb-status-fell",
			  "the platform's TCB status has become worse: its host needs updates");
	if (alert != NULL && json_object_set_new(alert, "old", json_string(was)) != 0) {
		json_decref(alert);
		return 1;
	}
	return add(list, alert, "new", json_string(is));
}

static int
has_text(const json_t *list, const json_t *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_array_get(list, i), text))
			return 1;
	return 0;
}

static int
compare_advisories(json_t *list, const json_t *old, const json_t *new)
{
	const json_t *was = json_object_get(old, "advisoryIds");
	json_t *is = json_object_get(new, "advisoryIds"), *added;
	int bad;

	/* without a status nobody knows which advisories there are */
	if (text_of(old, "tcbStatus") == NULL || text_of(new, "tcbStatus") == NULL)
		return 0;
	added = json_array();
	bad = added == NULL;

	for (size_t i = 0; !bad && i < json_array_size(is); i++)
		if (!has_text(was, json_array_get(is, i)))
			bad = json_array_append(added, json_array_get(is, i)) != 0;
	if (bad || json_array_size(added) == 0) {
		json_decref(added);
		return bad;
	}
	return add(list,
		   alert_new(text_of(new, "url"), "advisory-added",
			     "a security advisory stands against the platform"),
		   "advisoryIds", added);
}

static int
compare_verdict(json_t *list, const json_t *old, const json_t *new)
{
	const char *url = text_of(new, "url"), *code = text_of(new, "code");
	int refused = !same_text(text_of(new, "verdict"), "accept");
	int was_refused = old != NULL && !same_text(text_of(old, "verdict"), "accept");
	json_t *alert;

	if (refused && (!was_refused || !same_text(text_of(old, "code"), code))) {
		alert = alert_new(url, "refused", "the evidence does not hold");
		if (alert != NULL &&
		    json_object_set_new(alert, "code",
					code != NULL ? json_string(code) : json_null()) != 0) {
			json_decref(alert);
			return 1;
		}
		return add(list, alert, "step",
			   json_string(text_of(new, "step") != NULL ? text_of(new, "step") : ""));
	}
	if (!refused && was_refused)
		return add(list, alert_new(url, "recovered", "the evidence holds again"), NULL,
			   NULL);
	return 0;
}

static int
compare_content(json_t *list, const json_t *base, const json_t *new)
{
	return compare_facts(list, base, new, "measurement-changed",
			     "other firmware, programs or settings are measured") ||
	       compare_facts(list, base, new, "key-changed",
			     "the instance has other keys: it was started again, or is another "
			     "one") ||
	       compare_facts(list, base, new, "instance-changed",
			     "another application or machine answers") ||
	       compare_status(list, base, new) || compare_advisories(list, base, new);
}

json_t *
observation_compare(const json_t *last, const json_t *base, const json_t *new)
{
	json_t *list = json_array();
	int bad = list == NULL || compare_verdict(list, last, new);

	if (!bad && base != NULL && json_is_true(json_object_get(new, "holds")))
		bad = compare_content(list, base, new);
	if (!bad)
		return list;
	json_decref(list);
	return NULL;
}

json_t *
observation_base(json_t *base, json_t *new)
{
	json_t *next;

	if (!json_is_true(json_object_get(new, "holds")))
		return json_incref(base);
	next = json_copy(new);
	if (next == NULL || base == NULL || text_of(new, "tcbStatus") != NULL)
		return next;
	if (json_object_set(next, "tcbStatus", json_object_get(base, "tcbStatus")) == 0 &&
	    json_object_set(next, "advisoryIds", json_object_get(base, "advisoryIds")) == 0)
		return next;
	json_decref(next);
	return NULL;
}

/* --- dates -------------------------------------------------------------------------------------
 */

static int
check_date(json_t *list, const json_t *o, const json_t *warned, const char *item, int64_t now,
	   uint32_t days)
{
	const char *until = text_of(o, item);
	json_t *alert;
	int64_t t;

	if (until == NULL || same_text(until, text_of(warned, item)) ||
	    utc_parse((struct bytes){(const uint8_t *)until, strlen(until)}, &t) != 0 ||
	    t - now > (int64_t)days * DAY)
		return 0;
	alert = alert_new(text_of(o, "url"), "expiry-near",
			  strcmp(item, "collateralUntil") == 0
			      ? "the collateral ends soon: is the service that renews it alive?"
			      : "a certificate of the platform ends soon");
	if (alert != NULL && json_object_set_new(alert, "item", json_string(item)) != 0) {
		json_decref(alert);
		return 1;
	}
	return add(list, alert, "until", json_string(until));
}

json_t *
observation_expiring(const json_t *o, const json_t *warned, int64_t now, uint32_t days)
{
	json_t *list = json_array();

	if (list != NULL && (check_date(list, o, warned, "certificatesUntil", now, days) ||
			     check_date(list, o, warned, "collateralUntil", now, days))) {
		json_decref(list);
		return NULL;
	}
	return list;
}
