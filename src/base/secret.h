/*
 * Secrets on the stack. A SECRET_BYTES array wipes itself on every way out of
 * its block; declare it before the first goto of its function.
 */
#ifndef SELFSAME_BASE_SECRET_H
#define SELFSAME_BASE_SECRET_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef SELFSAME_UNPROTECTED
/* tests/e2e/test_secrets.py must find what stays: nothing is wiped, and stacks are not reused. */
static inline void
wipe(void *p, size_t n)
{
	(void)p;
	(void)n;
}

#define SECRET_BYTES(name, n) static uint8_t name[n]

#else
/* Overwrites n bytes; never removed by the compiler. */
static inline void
wipe(void *p, size_t n)
{
	explicit_bzero(p, n);
}

#define SECRET_WIPER(n) \
	static inline void wipe_##n(uint8_t (*p)[n]) \
	{ \
		explicit_bzero(*p, n); \
	}

SECRET_WIPER(16)
SECRET_WIPER(20)
SECRET_WIPER(32)
SECRET_WIPER(33)
SECRET_WIPER(64)
SECRET_WIPER(65)
SECRET_WIPER(128)
SECRET_WIPER(256)
SECRET_WIPER(512)
SECRET_WIPER(1024)

#define SECRET_BYTES(name, n) __attribute__((cleanup(wipe_##n))) uint8_t name[n]

#endif /* SELFSAME_UNPROTECTED */
#endif
