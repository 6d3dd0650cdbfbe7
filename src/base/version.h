/* The version of everything that is built here. */
#ifndef SELFSAME_BASE_VERSION_H
#define SELFSAME_BASE_VERSION_H

#define SELFSAME_VERSION "0.1.0"

#endif
