/*
 * Makes an attester whose kernel is tests/fakes/fake_tsm.c: linked in the place
 * of nothing else, under the filter and Landlock of the release. Never shipped:
 * it is built under tests/ and has another digest.
 */
#include <stdlib.h>

#include "fakes/fake_tsm.h"
#include "ipc/channel.h"
#include "base/banned.h"

struct tee_io __wrap_tee_io_system(int (*connect)(void *arg), void *arg);

struct tee_io
__wrap_tee_io_system(int (*connect)(void *arg), void *arg)
{
	static struct fake_tsm kernel;

	(void)connect;
	(void)arg;
	if (fake_tsm_make(&kernel) != 0)
		abort();
	kernel.reports = FD_REPORTS;
	kernel.measurements = FD_MEASUREMENTS;
	kernel.registers = 1;
	return fake_tsm_host(&kernel).io;
}
