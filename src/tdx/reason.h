/* Why evidence is refused: stable codes with their class words and remedies. */
#ifndef SELFSAME_TDX_REASON_H
#define SELFSAME_TDX_REASON_H

enum tdx_reason {
#define REASON(name, code, class_word, text, remedy) name,
#include "tdx/reason.def"
#undef REASON
	TDX_REASONS_COUNT
};

/* None of these is ever NULL. */
const char *reason_code(enum tdx_reason reason); /* "PCK_CHAIN" */
const char *reason_class(enum tdx_reason reason); /* "pck-chain" */
const char *reason_text(enum tdx_reason reason);
const char *reason_remedy(enum tdx_reason reason);

#endif
