#include "supervisor/platform.h"

#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/banned.h"

#define PLACES_MAX 6

struct candidate {
	const char *name;
	enum setting_id setting; /* names another place */
	int is_directory;
	const char *places[PLACES_MAX];
	const char *problem;
};

static const struct candidate candidates[] = {
    {"dstack", SET_SELFSAME_DSTACK_SOCKET, 0,
     {"/var/run/dstack.sock", "/run/dstack.sock", "/var/run/dstack/dstack.sock",
      "/run/dstack/dstack.sock", "/var/run/tappd.sock"},
     "SELFSAME_PLATFORM: there is no socket of a dstack agent; mount /var/run/dstack.sock into "
     "the container, or name it with SELFSAME_DSTACK_SOCKET"},
    {"eigencompute", SET_SELFSAME_LAUNCHER_SOCKET, 0,
     {"/run/container_launcher/teeserver.sock"},
     "SELFSAME_PLATFORM: there is no socket of a launcher at "
     "/run/container_launcher/teeserver.sock; this is not an EigenCompute or Confidential Space "
     "image, or SELFSAME_LAUNCHER_SOCKET has to name it"},
    {"tsm", SET_SELFSAME_TSM_REPORTS, 1,
     {"/sys/kernel/config/tsm/report"},
     "SELFSAME_PLATFORM: there is no directory /sys/kernel/config/tsm/report; mount configfs "
     "(Linux 6.7 or newer, in a TD), or name it with SELFSAME_TSM_REPORTS"},
};

/* Linux 6.16 and newer */
static const char *const register_places[] = {
    "/sys/devices/virtual/misc/tdx_guest/measurements",
    "/sys/class/misc/tdx_guest/measurements",
};

static int
is_there(const char *path, int is_directory)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return 0;
	return is_directory ? S_ISDIR(st.st_mode) : S_ISSOCK(st.st_mode);
}

/* The candidate's place on this machine, or NULL. */
static const char *
place_of(const struct candidate *c, const struct settings *s)
{
	const char *named = s->value[c->setting];

	if (named != NULL)
		return is_there(named, c->is_directory) ? named : NULL;
	for (size_t i = 0; i < PLACES_MAX && c->places[i] != NULL; i++)
		if (is_there(c->places[i], c->is_directory))
			return c->places[i];
	return NULL;
}

static void
fill(const struct candidate *c, const char *place, const struct settings *s, struct platform *ret)
{
	*ret = (struct platform){.name = c->name};
	if (!c->is_directory) {
		ret->socket = place;
		return;
	}
	ret->reports = place;
	ret->measurements = s->value[SET_SELFSAME_TSM_MEASUREMENTS];
	for (size_t i = 0; i < ARRAY_LEN(register_places) && ret->measurements == NULL; i++)
		if (is_there(register_places[i], 1))
			ret->measurements = register_places[i];
}

int
platform_find(const struct settings *s, struct platform *ret, const char **problem)
{
	const char *wanted = s->value[SET_SELFSAME_PLATFORM];
	int any = strcmp(wanted, "auto") == 0;
	const char *place;

	if (strcmp(wanted, "simulated") == 0) {
		*ret = (struct platform){.name = "simulated"};
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		const struct candidate *c = &candidates[i];

		if (!any && strcmp(wanted, c->name) != 0)
			continue;
		if ((place = place_of(c, s)) != NULL) {
			fill(c, place, s, ret);
			return 0;
		}
		if (!any) {
			*problem = c->problem;
			return ERR_SETTING;
		}
	}
	return ERR_NOT_FOUND;
}
