/* JSON for people: names to the left, values to the right, what is inside indented. */
#ifndef SELFSAME_CLI_OUTLINE_H
#define SELFSAME_CLI_OUTLINE_H

#include <stdio.h>

#include <jansson.h>

/* Text comes out escaped. */
void outline_print(FILE *out, json_t *object);

#endif
