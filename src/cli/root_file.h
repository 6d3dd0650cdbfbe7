/* A trusted root from a file: one certificate, PEM or DER. */
#ifndef SELFSAME_CLI_ROOT_FILE_H
#define SELFSAME_CLI_ROOT_FILE_H

#include "base/attr.h"
#include "base/bytes.h"
#include "tdx/certificate.h"

/*
 * Returns: 0, ERR_PARSE, ERR_TRAILING, or what input_read() returns
 * Out:     memory  lent as long as *ret is used
 */
int root_file_read(const char *path, uint8_t memory[CERTIFICATE_MAX], struct bytes *ret)
    MUST_USE;

#endif
