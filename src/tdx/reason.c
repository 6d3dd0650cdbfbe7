#include "tdx/reason.h"

#include "base/banned.h"

struct reason_row {
	const char *code;
	const char *class_word;
	const char *text;
	const char *remedy;
};

static const struct reason_row *
row(enum tdx_reason reason)
{
	static const struct reason_row rows[TDX_REASONS_COUNT] = {
#define REASON(name, code, class_word, text, remedy) [name] = {code, class_word, text, remedy},
#include "tdx/reason.def"
#undef REASON
	};

	return &rows[(unsigned)reason < TDX_REASONS_COUNT ? reason : TDX_INTERNAL];
}

const char *
reason_code(enum tdx_reason reason)
{
	return row(reason)->code;
}

const char *
reason_class(enum tdx_reason reason)
{
	return row(reason)->class_word;
}

const char *
reason_text(enum tdx_reason reason)
{
	return row(reason)->text;
}

const char *
reason_remedy(enum tdx_reason reason)
{
	return row(reason)->remedy;
}
