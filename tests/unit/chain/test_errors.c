#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* above: what cmocka.h needs before it */
#include <cmocka.h>

#include "base/attr.h"
#include "chain/errors.h"

struct wording {
	int64_t code;
	const char *message;
	enum rpc_class class;
};

/* As the clients and providers write them. */
static const struct wording wordings[] = {
    /* geth, bor */
    {-32000, "nonce too low", RPC_NONCE_TOO_LOW},
    {-32000, "nonce too low: next nonce 5, tx nonce 4", RPC_NONCE_TOO_LOW},
    {-32000, "already known", RPC_ALREADY_KNOWN},
    {-32000, "known transaction: 5e1c", RPC_ALREADY_KNOWN},
    {-32000, "transaction underpriced", RPC_UNDERPRICED},
    {-32000, "transaction underpriced: tip needed 25000000000, tip permitted 1", RPC_UNDERPRICED},
    {-32000, "transaction gas price below minimum: gas tip cap 1, minimum needed 25000000000",
     RPC_UNDERPRICED},
    {-32000, "replacement transaction underpriced", RPC_UNDERPRICED},
    {-32000, "future transaction tries to replace pending", RPC_UNDERPRICED},
    {-32000, "insufficient funds for gas * price + value: balance 0, tx cost 9, overshot 9",
     RPC_INSUFFICIENT_FUNDS},
    {-32000, "insufficient funds for transfer", RPC_INSUFFICIENT_FUNDS},
    {-32000, "insufficient balance for transfer", RPC_INSUFFICIENT_FUNDS},
    {-32000, "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 7",
     RPC_FEE_BELOW_BASE},
    {-32000, "fee cap less than block base fee", RPC_FEE_BELOW_BASE},
    {-32000, "intrinsic gas too low", RPC_GAS_TOO_LOW},
    {-32000, "intrinsic gas too low: gas 1, minimum needed 21000", RPC_GAS_TOO_LOW},
    {-32000, "insufficient gas for floor data gas cost", RPC_GAS_TOO_LOW},
    {-32000, "exceeds block gas limit", RPC_GAS_TOO_LOW},
    {-32000, "gas limit reached", RPC_GAS_TOO_LOW},
    {-32000, "gas required exceeds allowance (0)", RPC_GAS_TOO_LOW},
    {3, "execution reverted: SafeMath: subtraction overflow", RPC_REVERTED},
    {-32000, "execution reverted", RPC_REVERTED},
    {-32000, "txpool is full", RPC_RATE_LIMITED},
    {-32000, "in-flight transaction limit reached for delegated accounts", RPC_RATE_LIMITED},
    {-32000, "invalid chain id for signer: have 1 want 137", RPC_WRONG_CHAIN},
    {-32000, "header not found", RPC_UNREACHABLE},
    {-32000, "missing trie node 0a0b", RPC_UNREACHABLE},
    {-32000, "execution aborted (timeout = 5s)", RPC_TIMEOUT},
    {-32000, "context deadline exceeded", RPC_TIMEOUT},
    {-32000, "invalid sender", RPC_OTHER},
    {-32000, "tx fee (2.00 ether) exceeds the configured cap (1.00 ether)", RPC_OTHER},
    /* erigon */
    {-32000, "INTERNAL_ERROR: nonce too low", RPC_NONCE_TOO_LOW},
    {-32000, "ALREADY_EXISTS: already known", RPC_ALREADY_KNOWN},
    {-32000, "INTERNAL_ERROR: existing tx with same hash", RPC_ALREADY_KNOWN},
    {-32000, "INTERNAL_ERROR: could not replace existing tx", RPC_UNDERPRICED},
    {-32000, "underpriced", RPC_UNDERPRICED},
    {-32000, "fee too low", RPC_UNDERPRICED},
    {-32000, "insufficient funds", RPC_INSUFFICIENT_FUNDS},
    {-32000, "gas limit is too high", RPC_GAS_TOO_LOW},
    {-32000, "pending sub-pool is full", RPC_RATE_LIMITED},
    /* nethermind */
    {-32010, "OldNonce", RPC_NONCE_TOO_LOW},
    {-32010, "OldNonce, Current nonce: 5, nonce of rejected tx: 4", RPC_NONCE_TOO_LOW},
    {-32010, "AlreadyKnown", RPC_ALREADY_KNOWN},
    {-32010, "FeeTooLow", RPC_UNDERPRICED},
    {-32010, "FeeTooLowToCompete", RPC_UNDERPRICED},
    {-32010, "ReplacementNotAllowed", RPC_UNDERPRICED},
    {-32010, "InsufficientFunds, Account balance: 0", RPC_INSUFFICIENT_FUNDS},
    {-32010, "GasLimitExceeded", RPC_GAS_TOO_LOW},
    {-32015, "VM execution error.", RPC_REVERTED},
    /* besu */
    {-32001, "Nonce too low", RPC_NONCE_TOO_LOW},
    {-32001, "transaction nonce 4 below sender account nonce 5", RPC_NONCE_TOO_LOW},
    {-32000, "Known transaction", RPC_ALREADY_KNOWN},
    {-32000, "Transaction replacement underpriced", RPC_UNDERPRICED},
    {-32009, "Gas price below configured minimum gas price", RPC_UNDERPRICED},
    {-32004, "Upfront cost exceeds account balance", RPC_INSUFFICIENT_FUNDS},
    {-32004, "transaction up-front cost 10 exceeds transaction sender account balance 5",
     RPC_INSUFFICIENT_FUNDS},
    {-32003, "Intrinsic gas exceeds gas limit", RPC_GAS_TOO_LOW},
    {-32005, "Transaction gas limit exceeds block gas limit", RPC_GAS_TOO_LOW},
    {-32006, "Wrong chainId", RPC_WRONG_CHAIN},
    {-32000, "Execution reverted", RPC_REVERTED},
    /* anvil (observed, 1.7.1) */
    {-32003, "nonce too low", RPC_NONCE_TOO_LOW},
    {-32003, "transaction already imported", RPC_ALREADY_KNOWN},
    {-32003, "replacement transaction underpriced", RPC_UNDERPRICED},
    {-32003, "max fee per gas less than block base fee", RPC_FEE_BELOW_BASE},
    {-32003, "Insufficient funds for gas * price + value", RPC_INSUFFICIENT_FUNDS},
    {-32003, "invalid chain id for signer", RPC_WRONG_CHAIN},
    {-32000, "intrinsic gas too low", RPC_GAS_TOO_LOW},
    {-32000, "intrinsic gas too high -- tx.gas_limit > env.block.gas_limit", RPC_GAS_TOO_LOW},
    {3, "execution reverted: custom error 0x1234abcd", RPC_REVERTED},
    {-32602, "Failed to decode transaction", RPC_OTHER},
    {-32601, "Method not found", RPC_OTHER},
    /* hardhat */
    {-32000, "Nonce too low. Expected nonce to be 5 but got 4.", RPC_NONCE_TOO_LOW},
    {-32000, "Known transaction: 0x5e1c", RPC_ALREADY_KNOWN},
    {-32000,
     "Replacement transaction underpriced. A gasPrice/maxFeePerGas of at least 2 is necessary",
     RPC_UNDERPRICED},
    {-32000, "Sender doesn't have enough funds to send tx. The max upfront cost is: 9",
     RPC_INSUFFICIENT_FUNDS},
    {-32000,
     "Transaction maxFeePerGas (1) is too low for the next block, which has a "
     "baseFeePerGas of 7",
     RPC_FEE_BELOW_BASE},
    {-32000, "Transaction requires at least 21000 gas but got 100", RPC_GAS_TOO_LOW},
    {-32000, "Trying to send a raw transaction with an invalid chainId. The expected chainId is 1",
     RPC_WRONG_CHAIN},
    {-32603, "Error: VM Exception while processing transaction: reverted with reason string 'x'",
     RPC_REVERTED},
    {-32603, "Error: Transaction reverted without a reason string", RPC_REVERTED},
    /* openethereum */
    {-32010, "Transaction nonce is too low. Try incrementing the nonce.", RPC_NONCE_TOO_LOW},
    {-32010, "Transaction with the same hash was already imported.", RPC_ALREADY_KNOWN},
    {-32010,
     "Transaction gas price 1 is too low. There is another transaction with same nonce in "
     "the queue. Try increasing the gas price or incrementing the nonce.",
     RPC_UNDERPRICED},
    {-32010,
     "There are too many transactions in the queue. Your transaction was dropped due to "
     "limit. Try increasing the fee.",
     RPC_RATE_LIMITED},
    {-32010,
     "Insufficient funds. The account you tried to send transaction from does not have "
     "enough funds.",
     RPC_INSUFFICIENT_FUNDS},
    {-32010,
     "Transaction gas is too low. There is not enough gas to cover minimal cost of the "
     "transaction",
     RPC_GAS_TOO_LOW},
    /* providers */
    {429,
     "Your app has exceeded its compute units per second capacity. If you have retries "
     "enabled, you can safely ignore this message.",
     RPC_RATE_LIMITED},
    {429, "", RPC_RATE_LIMITED},
    {-32005, "daily request count exceeded, request rate limited", RPC_RATE_LIMITED},
    {-32005, "project ID request rate exceeded", RPC_RATE_LIMITED},
    {-32005, "You've exceeded the RPS limit available on the current plan.", RPC_RATE_LIMITED},
    {-32007, "50/second request limit reached - reduce calls per second", RPC_RATE_LIMITED},
    {-32029, "slow down", RPC_RATE_LIMITED},
    {-32090, "Too many requests, reason: call rate limit exhausted, retry in 10s",
     RPC_RATE_LIMITED},
    {-32000, "no backend is currently healthy to serve traffic", RPC_UNREACHABLE},
    {-32603, "Internal error", RPC_UNREACHABLE},
    {-32000, "request timed out", RPC_TIMEOUT},
    {0, "", RPC_OTHER},
};

static void
test_every_wording_has_its_class(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wordings); i++) {
		enum rpc_class class = rpc_error_class(wordings[i].code, wordings[i].message);

		if (class != wordings[i].class)
			fail_msg("%lld \"%s\": %s, not %s", (long long)wordings[i].code,
				 wordings[i].message, rpc_class_name(class),
				 rpc_class_name(wordings[i].class));
	}
}

static void
test_what_a_contract_says_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(rpc_error_class(3, "execution reverted: rate limit"), RPC_REVERTED);
	assert_int_equal(rpc_error_class(-32000, "execution reverted: nonce too low"),
			 RPC_REVERTED);
	assert_int_equal(rpc_error_class(3, "execution reverted: timeout"), RPC_REVERTED);
}

static void
test_http_status(void **state)
{
	(void)state;
	assert_int_equal(rpc_http_class(429), RPC_RATE_LIMITED);
	assert_int_equal(rpc_http_class(504), RPC_TIMEOUT);
	assert_int_equal(rpc_http_class(408), RPC_TIMEOUT);
	assert_int_equal(rpc_http_class(503), RPC_UNREACHABLE);
	assert_int_equal(rpc_http_class(401), RPC_UNREACHABLE);
	assert_int_equal(rpc_http_class(302), RPC_UNREACHABLE);
	assert_int_equal(rpc_http_class(200), RPC_MALFORMED);
}

static void
test_only_the_nodes_own_trouble_goes_to_the_next(void **state)
{
	(void)state;
	assert_true(rpc_class_is_node_trouble(RPC_RATE_LIMITED));
	assert_true(rpc_class_is_node_trouble(RPC_TIMEOUT));
	assert_true(rpc_class_is_node_trouble(RPC_UNREACHABLE));
	assert_true(rpc_class_is_node_trouble(RPC_WRONG_CHAIN));
	assert_true(rpc_class_is_node_trouble(RPC_MALFORMED));
	assert_false(rpc_class_is_node_trouble(RPC_OK));
	assert_false(rpc_class_is_node_trouble(RPC_NONCE_TOO_LOW));
	assert_false(rpc_class_is_node_trouble(RPC_REVERTED));
	assert_false(rpc_class_is_node_trouble(RPC_OTHER));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_wording_has_its_class),
	    cmocka_unit_test(test_what_a_contract_says_changes_nothing),
	    cmocka_unit_test(test_http_status),
	    cmocka_unit_test(test_only_the_nodes_own_trouble_goes_to_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
