/*
 * A receipt against the instance that an attestation names: Ed25519 over
 * "selfsame/receipt/v1\0" || the RFC 8785 form of the receipt without its
 * member "signature". It says signed, never mined.
 */
#ifndef SELFSAME_CLI_RECEIPT_CHECK_H
#define SELFSAME_CLI_RECEIPT_CHECK_H

#include "base/attr.h"
#include "base/bytes.h"
#include "cli/attestation.h"
#include "cli/checks.h"

/*
 * text: the receipt, or an answer of the API with a member "receipt": then what the
 * answer says of agent, wallet, policy and digest must be what the receipt says, and
 * check receipt-hash tells whether its transactions are among the hashes signed.
 */
void receipt_check(struct bytes text, const struct attested *attested, struct verdict *v);

#endif
