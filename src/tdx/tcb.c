#include "tdx/tcb.h"

#include <string.h>

#include "base/err.h"
#include "base/banned.h"

/* What a status is made of; combining statuses is combining these. */
enum trait {
	HARDENING = 1,
	CONFIGURATION = 2,
	OUT_OF_DATE = 4,
	REVOKED = 8,
	UNSUPPORTED = 16 /* no level, a relaunch status or none at all: nothing to combine */
};

const char *
tcb_status_name(enum tcb_status status)
{
	static const char *const names[TCB_STATUSES_COUNT] = {
#define S(id, name) [id] = name,
	    TCB_STATUSES(S)
#undef S
	};

	return (unsigned)status < TCB_STATUSES_COUNT ? names[status] : "";
}

int
tcb_status_find(struct bytes name, enum tcb_status *ret)
{
	for (unsigned i = TCB_NOT_EVALUATED + 1; i < TCB_STATUSES_COUNT; i++) {
		const char *known = tcb_status_name((enum tcb_status)i);

		if (name.len != strlen(known) || memcmp(name.p, known, name.len) != 0)
			continue;
		*ret = (enum tcb_status)i;
		return 0;
	}
	return ERR_NOT_FOUND;
}

static unsigned
traits_of(enum tcb_status status)
{
	switch (status) {
	case TCB_UP_TO_DATE:
		return 0;
	case TCB_SW_HARDENING_NEEDED:
		return HARDENING;
	case TCB_CONFIGURATION_NEEDED:
		return CONFIGURATION;
	case TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED:
		return CONFIGURATION | HARDENING;
	case TCB_OUT_OF_DATE:
		return OUT_OF_DATE;
	case TCB_OUT_OF_DATE_CONFIGURATION_NEEDED:
		return OUT_OF_DATE | CONFIGURATION;
	case TCB_REVOKED:
		return REVOKED;
	case TCB_NOT_EVALUATED:
	case TCB_TD_RELAUNCH_ADVISED:
	case TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED:
	case TCB_NOT_SUPPORTED:
	case TCB_STATUSES_COUNT:
		break;
	}
	return UNSUPPORTED;
}

static enum tcb_status
status_of(unsigned traits)
{
	if ((traits & UNSUPPORTED) != 0)
		return TCB_NOT_SUPPORTED;
	if ((traits & REVOKED) != 0)
		return TCB_REVOKED;
	/* out of date says more than that hardening is needed: Intel's names have no such pair */
	if ((traits & OUT_OF_DATE) != 0)
		return (traits & CONFIGURATION) != 0 ? TCB_OUT_OF_DATE_CONFIGURATION_NEEDED
						     : TCB_OUT_OF_DATE;
	if ((traits & CONFIGURATION) != 0)
		return (traits & HARDENING) != 0 ? TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED
						 : TCB_CONFIGURATION_NEEDED;
	return (traits & HARDENING) != 0 ? TCB_SW_HARDENING_NEEDED : TCB_UP_TO_DATE;
}

enum tcb_status
tcb_converge(enum tcb_status platform, enum tcb_status module, enum tcb_status qe)
{
	return status_of(traits_of(platform) | traits_of(module) | traits_of(qe));
}

enum tcb_status
tcb_relaunch(enum tcb_status launch, enum tcb_status current)
{
	const unsigned before = traits_of(launch), now = traits_of(current);

	if (((before | now) & UNSUPPORTED) != 0)
		return TCB_NOT_SUPPORTED;
	/* a new launch helps only what was out of date and is not any more */
	if ((before & OUT_OF_DATE) == 0 || (now & (OUT_OF_DATE | REVOKED)) != 0)
		return launch;
	return ((before | now) & CONFIGURATION) != 0
		   ? TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED
		   : TCB_TD_RELAUNCH_ADVISED;
}

const char *
tdx_remedy_text(enum tdx_remedy remedy)
{
	switch (remedy) {
	case TDX_UPDATE_BIOS:
		return "update the host's BIOS";
	case TDX_UPDATE_OS_VMM:
		return "update the host's operating system or VMM, and microcode";
	case TDX_UPDATE_MODULE:
		return "update the host's TDX module";
	case TDX_UPDATE_QE:
		return "update the host's TD quoting enclave";
	case TDX_UPDATE_PLATFORM:
		return "update the host's platform software (PCE) and BIOS";
	case TDX_RELAUNCH:
		return "launch the domain again: the host has been updated since";
	}
	return "?";
}
