/* A form that is read hashes without an error, is written again to the same bytes, and gives its
 * members. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "evm/typed_data.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
write_struct(struct writer *w, const struct typed_struct *s)
{
	write_lp(w, s->name.p, s->name.len);
	write_u8(w, s->member_count);
	for (uint8_t i = 0; i < s->member_count; i++) {
		write_lp(w, s->members[i].name.p, s->members[i].name.len);
		write_lp(w, s->members[i].type.p, s->members[i].type.len);
	}
}

static void
check_same(const struct typed_data *td, const uint8_t *data, size_t size)
{
	static uint8_t room[TYPED_DATA_BYTES_MAX];
	struct writer w = writer_of(room, sizeof room);

	write_u8(&w, TYPED_DATA_VERSION);
	write_u8(&w, td->struct_count);
	for (uint8_t i = 0; i < td->struct_count; i++)
		write_struct(&w, &td->structs[i]);
	write_u8(&w, td->primary);
	write_bytes(&w, td->domain.p, td->domain.len);
	write_bytes(&w, td->message.p, td->message.len);
	if (w.err != 0 || w.len != size || memcmp(room, data, size) != 0)
		abort();
}

/* Every member of the message that is one word is found, all others are not. */
static void
check_members(const struct typed_data *td)
{
	const struct typed_struct *s = &td->structs[td->primary];
	char path[TYPED_NAME_MAX + 1];
	struct typed_meaning m;
	uint8_t word[32];

	for (uint8_t i = 0; i < s->member_count; i++) {
		int is_word;

		memcpy(path, s->members[i].name.p, s->members[i].name.len);
		path[s->members[i].name.len] = '\0';
		if (typed_data_meaning(td, s->members[i].type, &m) != 0)
			abort();
		is_word = m.what == TYPED_PLAIN && type_is_word(m.type);
		if (typed_data_member(td, path, word) != (is_word ? 0 : ERR_NOT_FOUND))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t text[TYPED_DATA_BYTES_MAX];
	static struct typed_data td;
	uint8_t *exact = malloc(size + 1);
	struct typed_hashes hashes;
	size_t len;

	if (exact == NULL)
		return 0;
	memcpy(exact + 1, data, size);
	if (typed_data_read(exact + 1, size, &td) == 0) {
		if (typed_data_hash(&td, &hashes) != 0)
			abort();
		if (typed_data_encode_type(&td, td.primary, text, sizeof text, &len) != 0)
			abort();
		check_same(&td, data, size);
		check_members(&td);
	}
	free(exact);
	return 0;
}
