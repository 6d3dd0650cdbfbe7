#include "evm/revert.h"

#include "base/err.h"
#include "evm/abi.h"
#include "base/banned.h"

#define WORD 32
#define REVERT_ERROR 0x08c379a0U /* Error(string) */
#define REVERT_PANIC 0x4e487b71U /* Panic(uint256) */

/* Solidity documentation, "Panic via assert and Error via require". */
static const char *
panic_meaning(uint64_t code)
{
	static const struct {
		uint8_t code;
		const char *meaning;
	} known[] = {
	    {0x01, "assertion failed"},
	    {0x11, "arithmetic overflow or underflow"},
	    {0x12, "division by zero"},
	    {0x21, "no such enum value"},
	    {0x22, "corrupt storage byte array"},
	    {0x31, "pop on an empty array"},
	    {0x32, "array index out of bounds"},
	    {0x41, "out of memory"},
	    {0x51, "call of an uninitialised function"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].code == code)
			return known[i].meaning;
	}
	return NULL;
}

/* As much as fits, printable. */
static void
write_printable(struct writer *w, struct bytes text)
{
	for (size_t i = 0; i < text.len && w->len < w->cap; i++)
		write_u8(w, text.p[i] >= 0x20 && text.p[i] < 0x7f ? text.p[i] : '?');
}

/* The argument of Error(string); a bad offset or length is no reason at all. */
static int
error_reason(struct reader *r, struct bytes *ret)
{
	uint64_t len;

	if (abi_expect_count(r, WORD) != 0 || abi_read_count(r, &len) != 0 || len > r->left)
		return ERR_PARSE;
	return read_take(r, (size_t)len, ret);
}

static void
write_panic(struct writer *w, uint64_t code)
{
	uint8_t byte = (uint8_t)code;

	if (panic_meaning(code) != NULL) {
		write_text(w, panic_meaning(code));
		write_text(w, " ");
	}
	write_text(w, "(Panic 0x");
	if (code > 0xff)
		write_text(w, "..");
	write_hex(w, &byte, 1);
	write_text(w, ")");
}

void
revert_text(struct bytes data, char ret[REVERT_TEXT_MAX])
{
	struct writer w = writer_of((uint8_t *)ret, REVERT_TEXT_MAX - 1);
	struct reader r = reader_of(data.p, data.len);
	uint32_t selector = 0;
	struct bytes reason;
	uint64_t code;

	if (read_be32(&r, &selector) != 0) {
		write_text(&w, data.len == 0 ? "reverted without a reason" :
		    "reverted with data that is no error");
	} else if (selector == REVERT_ERROR && error_reason(&r, &reason) == 0) {
		write_printable(&w, reason);
	} else if (selector == REVERT_PANIC && abi_read_count(&r, &code) == 0 && r.left == 0) {
		write_panic(&w, code);
	} else {
		write_text(&w, "custom error 0x");
		write_hex(&w, data.p, 4);
	}
	if (w.len == 0)
		write_text(&w, "reverted with an empty reason");
	ret[w.len] = '\0';
}
