#include "cli/collateral_cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hex.h"
#include "cli/file.h"
#include "cli/input.h"
#include "base/banned.h"

int
cache_directory(char ret[CACHE_PATH_MAX])
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int n;

	/* the specification: a path that is not absolute is as good as none */
	if (cache != NULL && cache[0] == '/')
		n = snprintf(ret, CACHE_PATH_MAX, "%s/selfsame", cache);
	else if (home != NULL && home[0] == '/')
		n = snprintf(ret, CACHE_PATH_MAX, "%s/.cache/selfsame", home);
	else
		return ERR_NOT_FOUND;
	return n < 0 || n >= CACHE_PATH_MAX ? ERR_NOT_FOUND : 0;
}

static int
file_name(const char *directory, const struct pck_platform *platform, enum pcs_update update,
	  char ret[CACHE_PATH_MAX])
{
	char fmspc[sizeof platform->fmspc * 2 + 1];
	int n;

	hex_encode(platform->fmspc, sizeof platform->fmspc, fmspc);
	n = snprintf(ret, CACHE_PATH_MAX, "%s/tdx-%s-%s-%s.json", directory, fmspc,
		     pcs_ca_name(platform->ca), update == PCS_EARLY ? "early" : "standard");
	return n < 0 || n >= CACHE_PATH_MAX ? ERR_SPACE : 0;
}

int
cache_read(const char *directory, const struct pck_platform *platform, enum pcs_update update,
	   struct buffer *ret, int64_t *ret_time)
{
	char path[CACHE_PATH_MAX];
	struct stat st;
	int r;

	*ret = buffer_of(INPUT_MAX);
	if ((r = file_name(directory, platform, update, path)) != 0)
		return r;
	if (stat(path, &st) != 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	if ((r = input_read(path, ret)) != 0)
		return r;
	*ret_time = (int64_t)st.st_mtime;
	return 0;
}

int
cache_write(const char *directory, const struct pck_platform *platform, enum pcs_update update,
	    const struct buffer *json)
{
	char path[CACHE_PATH_MAX];
	int r;

	if ((r = file_name(directory, platform, update, path)) != 0 ||
	    (r = file_make_directory(directory)) != 0)
		return r;
	return file_replace(path, json->p, json->len, 0600);
}
