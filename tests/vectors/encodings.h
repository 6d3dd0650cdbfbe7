/* What the files of the encodings' table share. */
#ifndef SELFSAME_TESTS_VECTORS_ENCODINGS_H
#define SELFSAME_TESTS_VECTORS_ENCODINGS_H

#include "vectors.h"

/* rlp_abi.c */
void run_rlp_pairs(struct vectors *v, const json_t *root);
void run_rlp_tests(struct vectors *v, const json_t *root);
void run_rlp_invalid(struct vectors *v, const json_t *root);
void run_rlp_random(struct vectors *v, const json_t *root);
void run_units(struct vectors *v, const json_t *root);
void run_abi(struct vectors *v, const json_t *root);
void run_abi_basic(struct vectors *v, const json_t *root);

/* transactions.c */
void run_ethers6_transactions(struct vectors *v, const json_t *root);
void run_ethers5_typed(struct vectors *v, const json_t *root);
void run_ethers5_legacy(struct vectors *v, const json_t *root);
void run_generated_transactions(struct vectors *v, const json_t *root);
void run_eip155_example(struct vectors *v, const json_t *root);
void run_key_addresses(struct vectors *v, const json_t *root);
void run_old_transactions(struct vectors *v, const json_t *root);
void run_transaction_tests(struct vectors *v, const json_t *root);

/* typed_data.c */
void run_ethers_typed_data(struct vectors *v, const json_t *root);
void run_generated_typed_data(struct vectors *v, const json_t *root);
void run_digests(struct vectors *v, const json_t *root);
void run_messages(struct vectors *v, const json_t *root);
void run_message_fixture(struct vectors *v, const json_t *root);

/* transactions.c: an account of the test mnemonic by its address; ERR_NOT_FOUND. */
int test_account(const char *address, uint8_t ret_key32[32]) MUST_USE;

#endif
