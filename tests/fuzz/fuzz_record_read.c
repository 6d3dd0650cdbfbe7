/* A record that is read is the one that it writes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/record.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t room[RECORD_BYTES_MAX];
	struct writer w = writer_of(room, sizeof room);
	char path[PATH_TEXT_MAX];
	struct agent_record rec;
	uint8_t *exact = malloc(size + 1);

	if (exact == NULL)
		return 0;
	memcpy(exact + 1, data, size);
	if (record_read(exact + 1, size, &rec) == 0) {
		record_write(&w, &rec);
		if (w.err != 0 || w.len != size || memcmp(room, data, size) != 0)
			abort();
		record_path_text(&rec, path);
		if (strnlen(path, sizeof path) == sizeof path)
			abort();
	}
	free(exact);
	return 0;
}
