/*
 * The constant-time test (tests/ctime) marks secrets as undefined and lets
 * valgrind report every branch and index that depends on one. declassify()
 * marks the values that are public by design, each with its reason beside it;
 * outside that test build it is nothing.
 */
#ifndef SELFSAME_CRYPTO_DECLASSIFY_H
#define SELFSAME_CRYPTO_DECLASSIFY_H

#if defined(SELFSAME_CTIME) && __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define declassify(p, n) ((void)VALGRIND_MAKE_MEM_DEFINED((p), (n)))
#else
#define declassify(p, n) ((void)(p), (void)(n))
#endif

#endif
