#include "cli/root_file.h"

#include <string.h>

#include "base/err.h"
#include "cli/input.h"
#include "tdx/pem.h"
#include "base/banned.h"

/* What it is called is nobody's concern: the user names it. */
static int
decode(const struct buffer *file, uint8_t memory[CERTIFICATE_MAX], struct bytes *ret)
{
	struct reader r = reader_of(file->p, file->len);
	struct bytes der = {file->p, file->len};
	struct certificate c;
	size_t len;

	if (pem_take_certificate(&r, memory, CERTIFICATE_MAX, &len) == 0) {
		if (reader_end(&r) != 0)
			return ERR_TRAILING;
		der = (struct bytes){memory, len};
	}
	if (certificate_parse(der, &c) != 0)
		return ERR_PARSE;
	memmove(memory, der.p, der.len);
	*ret = (struct bytes){memory, der.len};
	return 0;
}

int
root_file_read(const char *path, uint8_t memory[CERTIFICATE_MAX], struct bytes *ret)
{
	struct buffer file;
	int r;

	if ((r = input_read(path, &file)) == 0)
		r = decode(&file, memory, ret);
	buffer_free(&file);
	return r;
}
