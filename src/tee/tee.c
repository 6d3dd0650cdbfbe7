#include "tee/tee.h"

#include <string.h>

#include "base/err.h"
#include "tee/dstack.h"
#include "tee/eigencompute.h"
#include "tee/simulated.h"
#include "tee/tsm.h"
#include "base/banned.h"

static const struct tee_platform *const platforms[] = {
    &dstack_platform,
    &eigencompute_platform,
    &tsm_platform,
    &simulated_platform,
};

const struct tee_platform *
tee_find(const char *name, size_t name_len)
{
	for (size_t i = 0; i < ARRAY_LEN(platforms); i++)
		if (strlen(platforms[i]->name) == name_len &&
		    memcmp(platforms[i]->name, name, name_len) == 0)
			return platforms[i];
	return NULL;
}

int
tee_open(const struct tee_platform *platform, const struct tee_host *host,
	 const struct event_log *log, struct tee *ret)
{
	struct tee t = {platform, NULL, 0};
	int r;

	if ((r = platform->open(host, log, &t.state, &t.measured)) != 0)
		return r;
	*ret = t;
	return 0;
}

int
tee_evidence(const struct tee *tee, const uint8_t report_data[64], struct tee_evidence *ret)
{
	return tee->platform->evidence(tee->state, report_data, ret);
}

void
tee_close(struct tee *tee)
{
	if (tee->platform != NULL)
		tee->platform->close(tee->state);
	*tee = (struct tee){NULL, NULL, 0};
}
