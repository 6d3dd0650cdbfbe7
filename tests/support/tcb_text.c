#include "support/tcb_text.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "json/writer.h"
#include "base/banned.h"

#define HEX_MAX 64

/* As Intel names them; the rest has no names. */
static const struct component_name {
	const char *category;
	const char *type;
} names[2][16] = {
    {
	{"BIOS", "Early Microcode Update"},
	{"OS/VMM", "SGX Late Microcode Update"},
	{"OS/VMM", "TXT SINIT"},
	{"BIOS", NULL},
	{"BIOS", NULL},
	{"BIOS", NULL},
	{NULL, NULL},
	{"OS/VMM", "SEAMLDR ACM"},
    },
    {
	{"OS/VMM", "TDX Module"},
	{"OS/VMM", "TDX Module"},
	{"OS/VMM", "TDX Late Microcode Update"},
    },
};

/* Intel writes these in upper case. */
static void
put_hex(struct json_writer *w, const char *name, const uint8_t *p, size_t len)
{
	char text[2 * HEX_MAX + 1];

	hex_encode(p, len, text);
	for (char *c = text; *c != '\0'; c++)
		*c = (char)toupper((unsigned char)*c);
	json_text(w, name, text);
}

static void
put_date(struct json_writer *w, const char *name, int64_t at)
{
	const time_t t = (time_t)at;
	char text[32];
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		text[0] = '\0';
	json_text(w, name, text);
}

static void
put_dates(struct json_writer *w, struct dates_spec dates)
{
	put_date(w, "issueDate", dates.issued);
	put_date(w, "nextUpdate", dates.next_update);
}

static void
put_says(struct json_writer *w, const struct level_says *says)
{
	json_text(w, "tcbDate", says->date);
	json_text(w, "tcbStatus", says->status);
	if (says->advisory[0] == NULL)
		return;
	json_array_begin(w, "advisoryIDs");
	for (size_t i = 0; i < TEXT_ADVISORIES_MAX && says->advisory[i] != NULL; i++)
		json_text(w, NULL, says->advisory[i]);
	json_array_end(w);
}

static void
put_svn_levels(struct json_writer *w, const struct svn_levels_spec *levels)
{
	json_array_begin(w, "tcbLevels");
	for (size_t i = 0; i < levels->count; i++) {
		json_object_begin(w, NULL);
		json_object_begin(w, "tcb");
		json_u64(w, "isvsvn", levels->level[i].isvsvn);
		json_object_end(w);
		put_says(w, &levels->level[i].says);
		json_object_end(w);
	}
	json_array_end(w);
}

static void
put_module(struct json_writer *w, const struct module_spec *m)
{
	static const uint8_t mask[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	put_hex(w, "mrsigner", m->mrsigner, sizeof m->mrsigner);
	put_hex(w, "attributes", m->attributes, sizeof m->attributes);
	put_hex(w, "attributesMask", mask, sizeof mask);
}

static void
put_identities(struct json_writer *w, const struct tcb_info_spec *spec)
{
	json_array_begin(w, "tdxModuleIdentities");
	for (size_t i = 0; i < spec->identity_count; i++) {
		json_object_begin(w, NULL);
		json_text(w, "id", spec->identity[i].id);
		put_module(w, &spec->identity[i]);
		put_svn_levels(w, &spec->identity[i].levels);
		json_object_end(w);
	}
	json_array_end(w);
}

static void
put_components(struct json_writer *w, const char *name, const uint8_t *svn, size_t count,
	       const struct component_name *named)
{
	json_array_begin(w, name);
	for (size_t i = 0; i < count; i++) {
		json_object_begin(w, NULL);
		json_u64(w, "svn", svn[i]);
		if (i < 16 && named[i].category != NULL)
			json_text(w, "category", named[i].category);
		if (i < 16 && named[i].type != NULL)
			json_text(w, "type", named[i].type);
		json_object_end(w);
	}
	json_array_end(w);
}

static void
put_level(struct json_writer *w, const struct tcb_info_spec *spec,
	  const struct platform_level_spec *level)
{
	json_object_begin(w, NULL);
	json_object_begin(w, "tcb");
	put_components(w, "sgxtcbcomponents", level->sgx, spec->component_count[0], names[0]);
	json_u64(w, "pcesvn", level->pcesvn);
	put_components(w, "tdxtcbcomponents", level->tdx, spec->component_count[1], names[1]);
	json_object_end(w);
	put_says(w, &level->says);
	json_object_end(w);
}

void
tcb_info_write(struct buffer *out, const struct tcb_info_spec *spec)
{
	struct json_writer w = json_writer_of(out);

	json_object_begin(&w, NULL);
	json_text(&w, "id", spec->id);
	json_u64(&w, "version", 3);
	put_dates(&w, spec->dates);
	put_hex(&w, "fmspc", spec->fmspc, sizeof spec->fmspc);
	put_hex(&w, "pceId", spec->pceid, sizeof spec->pceid);
	json_u64(&w, "tcbType", 0);
	json_u64(&w, "tcbEvaluationDataNumber", spec->evaluation);
	json_object_begin(&w, "tdxModule");
	put_module(&w, &spec->module);
	json_object_end(&w);
	if (!spec->without_identities)
		put_identities(&w, spec);
	json_array_begin(&w, "tcbLevels");
	for (size_t i = 0; i < spec->level_count; i++)
		put_level(&w, spec, &spec->level[i]);
	json_array_end(&w);
	json_object_end(&w);
}

/* "miscselect ... a big-endian text of a u32" */
static void
put_u32(struct json_writer *w, const char *name, uint32_t value)
{
	uint8_t be[4];

	store_be32(be, value);
	put_hex(w, name, be, sizeof be);
}

void
qe_identity_write(struct buffer *out, const struct qe_identity_spec *spec)
{
	struct json_writer w = json_writer_of(out);

	json_object_begin(&w, NULL);
	json_text(&w, "id", spec->id);
	json_u64(&w, "version", 2);
	put_dates(&w, spec->dates);
	json_u64(&w, "tcbEvaluationDataNumber", spec->evaluation);
	put_u32(&w, "miscselect", spec->miscselect);
	put_u32(&w, "miscselectMask", spec->miscselect_mask);
	put_hex(&w, "attributes", spec->attributes, sizeof spec->attributes);
	put_hex(&w, "attributesMask", spec->attributes_mask, sizeof spec->attributes_mask);
	put_hex(&w, "mrsigner", spec->mrsigner, sizeof spec->mrsigner);
	json_u64(&w, "isvprodid", spec->isvprodid);
	put_svn_levels(&w, &spec->levels);
	json_object_end(&w);
}
