/* Typed data in the form of evm/typed_data.h, written by hand. */
#ifndef SELFSAME_TESTS_SIGNER_TYPED_FORM_H
#define SELFSAME_TESTS_SIGNER_TYPED_FORM_H

#include "fixture.h"

#include "evm/typed_data.h"

static inline void
lp_text(struct writer *w, const char *s, size_t len)
{
	write_lp(w, s, len);
}

/* A struct from its members as Solidity writes them: "address owner,uint256 value". */
static inline void
write_struct(struct writer *w, const char *name, const char *members)
{
	uint8_t *count;

	lp_text(w, name, strlen(name));
	count = w->p + w->len;
	write_u8(w, 0);
	while (*members != '\0') {
		size_t type = strcspn(members, " ");
		size_t member = strcspn(members + type + 1, ",");

		lp_text(w, members + type + 1, member);
		lp_text(w, members, type);
		(*count)++;
		members += type + 1 + member;
		members += *members == ',';
	}
}

/* Version, the struct count, the usual domain; the primary struct comes first after it. */
static inline struct writer
typed_begin(uint8_t *room, size_t cap, uint8_t structs)
{
	struct writer w = writer_of(room, cap);

	write_u8(&w, TYPED_DATA_VERSION);
	write_u8(&w, (uint8_t)(structs + 1));
	write_struct(&w, "EIP712Domain",
	    "string name,string version,uint256 chainId,address verifyingContract");
	return w;
}

/* The primary's index and the domain's values. */
static inline void
typed_domain(struct writer *w, const char *name, uint64_t chain_id, uint8_t contract)
{
	write_u8(w, 1);
	lp_text(w, name, strlen(name));
	lp_text(w, "1", 1);
	write_word(w, chain_id);
	write_address_word(w, contract);
}

#endif
