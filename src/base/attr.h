/* Compiler attributes that the whole tree uses. */
#ifndef SELFSAME_BASE_ATTR_H
#define SELFSAME_BASE_ATTR_H

#define MUST_USE __attribute__((warn_unused_result))
#define NO_RETURN __attribute__((noreturn))
#define UNUSED __attribute__((unused))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
