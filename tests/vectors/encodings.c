/* RLP, ABI, transactions and typed data: which file is whose. */
#include "encodings.h"

#include "base/banned.h"

const struct vector_file encoding_files[] = {
	{"ethers-v6/rlp.json", run_rlp_pairs, NULL},
	{"ethereum-tests/RLPTests/rlptest.json", run_rlp_tests, NULL},
	{"ethereum-tests/RLPTests/invalidRLPTest.json", run_rlp_invalid, NULL},
	{"ethereum-tests/RLPTests/RandomRLPTests/", run_rlp_random, NULL},
	{"ethers-v6/units.json", run_units, NULL},
	{"ethers-v6/abi.json", run_abi, NULL},
	{"ethereum-tests/ABITests/", run_abi_basic, NULL},
	{"ethers-v6/transactions.json", run_ethers6_transactions, NULL},
	{"ethers-v5/typed-transactions.json", run_ethers5_typed, NULL},
	{"ethers-v5/transactions.json", run_ethers5_legacy, NULL},
	{"generated/transactions.json", run_generated_transactions, NULL},
	{"generated/eip-155-example.json", run_eip155_example, NULL},
	{"ethereum-tests/BasicTests/keyaddrtest.json", run_key_addresses, NULL},
	{"ethereum-tests/BasicTests/txtest.json", run_old_transactions, NULL},
	{"ethereum-tests/BasicTests/hexencodetest.json", NULL,
	    "hex-prefix encoding of tries: no tries here"},
	{"ethereum-tests/TransactionTests/", run_transaction_tests, NULL},
	{"ethers-v6/typed-data.json", run_ethers_typed_data, NULL},
	{"ethers-v5/eip712.json", run_ethers_typed_data, NULL},
	{"generated/typed-data.json", run_generated_typed_data, NULL},
	{"eth-account/digests.json", run_digests, NULL},
	{"eth-account/eip712_messages/", run_messages, NULL},
	{"eth-account/fixtures/", run_message_fixture, NULL},
	{NULL, NULL, NULL},
};
