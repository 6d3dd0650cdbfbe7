/* docs/openapi.yaml, built into the program (generated: build/gen/openapi.c). */
#ifndef SELFSAME_GATEWAY_OPENAPI_H
#define SELFSAME_GATEWAY_OPENAPI_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t openapi_text[];
extern const size_t openapi_text_len;

#endif
