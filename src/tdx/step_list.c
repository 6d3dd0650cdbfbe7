#include "tdx/step_list.h"

#include "base/banned.h"

const char *
step_list_name(const struct step_list *list, unsigned step)
{
	return step < list->count ? list->step[step].name : "?";
}

const char *
step_list_text(const struct step_list *list, unsigned step)
{
	return step < list->count ? list->step[step].text : "?";
}

unsigned
step_list_open(const struct step_list *list, const struct tdx_check *check, unsigned from)
{
	while (from < list->count && check[from].outcome == TDX_PASSED)
		from++;
	return from;
}

unsigned
step_list_failed(const struct step_list *list, const struct tdx_check *check, unsigned from)
{
	while (from < list->count && check[from].outcome != TDX_FAILED)
		from++;
	return from;
}
