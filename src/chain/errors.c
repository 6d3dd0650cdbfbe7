#include "chain/errors.h"

#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/banned.h"

struct text_entry {
	const char *text; /* lower case; found anywhere in the message */
	enum rpc_class class;
};

/*
 * First match counts, so the narrow texts stand above the wide ones. Clients:
 * geth and bor share most texts; erigon prefixes INTERNAL_ERROR or
 * ALREADY_EXISTS; nethermind answers with bare names; besu, hardhat and
 * openethereum write sentences.
 */
static const struct text_entry texts[] = {
    /* what a contract says comes behind these words, and may be any other text below */
    {"execution reverted", RPC_REVERTED},	     /* geth, bor, erigon, reth, besu, anvil */
    {"vm execution error", RPC_REVERTED},	     /* nethermind, openethereum */
    {"vm exception while processing", RPC_REVERTED}, /* hardhat, ganache */
    {"transaction reverted", RPC_REVERTED},	     /* hardhat */
    {"reverted with", RPC_REVERTED},		     /* hardhat */

    /* limits next: their sentences contain words such as "exceeded" and "timeout" */
    {"too many requests", RPC_RATE_LIMITED},
    {"rate limit", RPC_RATE_LIMITED},
    {"rate-limit", RPC_RATE_LIMITED},
    {"ratelimit", RPC_RATE_LIMITED},
    {"request rate exceeded", RPC_RATE_LIMITED},  /* infura */
    {"request count exceeded", RPC_RATE_LIMITED}, /* infura */
    {"request limit", RPC_RATE_LIMITED},	  /* quicknode: "50/second request limit reached" */
    {"rps limit", RPC_RATE_LIMITED},		  /* chainstack */
    {"requests per second", RPC_RATE_LIMITED},
    {"compute units per second", RPC_RATE_LIMITED}, /* alchemy */
    {"capacity limit exceeded", RPC_RATE_LIMITED},  /* alchemy, monthly */
    {"capacity exceeded", RPC_RATE_LIMITED},
    {"quota exceeded", RPC_RATE_LIMITED},
    {"exceeded the quota", RPC_RATE_LIMITED},
    {"throttle", RPC_RATE_LIMITED},
    {"server busy", RPC_RATE_LIMITED},

    /* the pool takes no more, whoever asks */
    {"txpool is full", RPC_RATE_LIMITED},		      /* geth, reth */
    {"sub-pool is full", RPC_RATE_LIMITED},		      /* erigon */
    {"too many transactions in the queue", RPC_RATE_LIMITED}, /* openethereum */
    {"account limit exceeded", RPC_RATE_LIMITED}, /* geth: "in-flight transaction limit" too */
    {"in-flight transaction limit", RPC_RATE_LIMITED},

    {"already known", RPC_ALREADY_KNOWN},	       /* geth, bor, erigon, reth */
    {"alreadyknown", RPC_ALREADY_KNOWN},	       /* nethermind */
    {"already imported", RPC_ALREADY_KNOWN},	       /* anvil, openethereum */
    {"known transaction", RPC_ALREADY_KNOWN},	       /* besu, hardhat, old geth */
    {"existing tx with same hash", RPC_ALREADY_KNOWN}, /* erigon */
    {"transaction already exists", RPC_ALREADY_KNOWN},
    {"already in mempool", RPC_ALREADY_KNOWN},
    {"already in the mempool", RPC_ALREADY_KNOWN},

    {"max fee per gas less than block base fee", RPC_FEE_BELOW_BASE}, /* geth, anvil, reth */
    {"is too low for the next block", RPC_FEE_BELOW_BASE},	      /* hardhat */
    {"fee cap less than block base fee", RPC_FEE_BELOW_BASE},	      /* older geth and bor */
    {"below current base fee", RPC_FEE_BELOW_BASE},		      /* besu */
    {"fee too low to be included", RPC_FEE_BELOW_BASE},

    {"replacement transaction underpriced", RPC_UNDERPRICED},
    {"transaction replacement underpriced", RPC_UNDERPRICED},	   /* besu */
    {"replacementnotallowed", RPC_UNDERPRICED},			   /* nethermind */
    {"could not replace existing", RPC_UNDERPRICED},		   /* erigon */
    {"tries to replace pending", RPC_UNDERPRICED},		   /* geth */
    {"transaction with same nonce in the queue", RPC_UNDERPRICED}, /* openethereum */
    {"underpriced", RPC_UNDERPRICED},				   /* geth, bor, erigon */
    {"gas price below minimum", RPC_UNDERPRICED},		   /* geth */
    {"gas price below configured minimum", RPC_UNDERPRICED},	   /* besu */
    {"gas price is too low", RPC_UNDERPRICED},			   /* openethereum */
    {"gas price too low", RPC_UNDERPRICED},
    {"feetoolow", RPC_UNDERPRICED},   /* nethermind: FeeTooLow, FeeTooLowToCompete */
    {"fee too low", RPC_UNDERPRICED}, /* erigon */
    {"tip needed", RPC_UNDERPRICED},  /* bor */

    {"nonce too low", RPC_NONCE_TOO_LOW},    /* geth, bor, erigon, reth, besu, hardhat, anvil */
    {"nonce is too low", RPC_NONCE_TOO_LOW}, /* openethereum */
    {"oldnonce", RPC_NONCE_TOO_LOW},	     /* nethermind */
    {"below sender account nonce", RPC_NONCE_TOO_LOW}, /* besu */
    {"lower than the current nonce", RPC_NONCE_TOO_LOW},
    {"nonce has already been used", RPC_NONCE_TOO_LOW},

    {"insufficient funds", RPC_INSUFFICIENT_FUNDS}, /* most */
    {"insufficientfunds", RPC_INSUFFICIENT_FUNDS},  /* nethermind */
    {"insufficient balance for", RPC_INSUFFICIENT_FUNDS},
    {"doesn't have enough funds", RPC_INSUFFICIENT_FUNDS}, /* hardhat */
    {"upfront cost exceeds", RPC_INSUFFICIENT_FUNDS},	   /* besu */
    {"up-front cost", RPC_INSUFFICIENT_FUNDS},		   /* besu */
    {"not enough funds", RPC_INSUFFICIENT_FUNDS},

    {"intrinsic gas", RPC_GAS_TOO_LOW}, /* too low: geth; exceeds gas limit: besu */
    {"intrinsicgas", RPC_GAS_TOO_LOW},
    {"floor data gas", RPC_GAS_TOO_LOW}, /* EIP-7623 */
    {"exceeds block gas limit", RPC_GAS_TOO_LOW},
    {"exceed block gas limit", RPC_GAS_TOO_LOW},
    {"gaslimitexceeded", RPC_GAS_TOO_LOW},	/* nethermind */
    {"gas limit is too high", RPC_GAS_TOO_LOW}, /* erigon */
    {"gas limit too high", RPC_GAS_TOO_LOW},
    {"gas limit reached", RPC_GAS_TOO_LOW},		 /* geth */
    {"exceeds current gas limit", RPC_GAS_TOO_LOW},	 /* openethereum */
    {"gas required exceeds allowance", RPC_GAS_TOO_LOW}, /* geth, eth_estimateGas */
    {"supplied gas is beyond limit", RPC_GAS_TOO_LOW},	 /* openethereum */
    {"transaction gas is too low", RPC_GAS_TOO_LOW},	 /* openethereum */
    {"transaction requires at least", RPC_GAS_TOO_LOW},	 /* hardhat */
    {"out of gas", RPC_GAS_TOO_LOW},

    {"invalid chain id", RPC_WRONG_CHAIN}, /* geth, anvil */
    {"invalid chainid", RPC_WRONG_CHAIN},  /* hardhat */
    {"wrong chainid", RPC_WRONG_CHAIN},	   /* besu */
    {"wrong chain id", RPC_WRONG_CHAIN},

    {"timed out", RPC_TIMEOUT},
    {"timeout", RPC_TIMEOUT}, /* geth: "execution aborted (timeout = 5s)" */
    {"time-out", RPC_TIMEOUT},
    {"deadline exceeded", RPC_TIMEOUT},

    /* a node that lags or a gateway without one */
    {"header not found", RPC_UNREACHABLE},
    {"missing trie node", RPC_UNREACHABLE},
    {"no backend is currently healthy", RPC_UNREACHABLE},
    {"world state not available", RPC_UNREACHABLE}, /* besu */
    {"service unavailable", RPC_UNREACHABLE},
    {"bad gateway", RPC_UNREACHABLE},
    {"upstream", RPC_UNREACHABLE},
    {"temporarily unavailable", RPC_UNREACHABLE},
};

struct code_entry {
	int64_t code;
	enum rpc_class class;
};

static const struct code_entry codes[] = {
    {3, RPC_REVERTED},		/* geth: eth_call, eth_estimateGas */
    {-32015, RPC_REVERTED},	/* nethermind, openethereum */
    {429, RPC_RATE_LIMITED},	/* alchemy */
    {-32005, RPC_RATE_LIMITED}, /* EIP-1474: limit exceeded; infura, chainstack */
    {-32007, RPC_RATE_LIMITED}, /* quicknode */
    {-32029, RPC_RATE_LIMITED}, /* quicknode */
    {-32603, RPC_UNREACHABLE},	/* internal error */
};

/* ASCII only and independent of any locale. */
static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int
begins_with(const char *text, const char *lower_case)
{
	for (; *lower_case != '\0'; text++, lower_case++) {
		if (lower(*text) != *lower_case)
			return 0;
	}
	return 1;
}

static int
contains(const char *text, const char *lower_case)
{
	for (; *text != '\0'; text++) {
		if (begins_with(text, lower_case))
			return 1;
	}
	return 0;
}

enum rpc_class
rpc_error_class(int64_t code, const char *message)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (contains(message, texts[i].text))
			return texts[i].class;
	}
	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i].code == code)
			return codes[i].class;
	}
	return RPC_OTHER;
}

enum rpc_class
rpc_http_class(long status)
{
	if (status == 429)
		return RPC_RATE_LIMITED;
	if (status == 408 || status == 504)
		return RPC_TIMEOUT;
	return status == 200 ? RPC_MALFORMED : RPC_UNREACHABLE;
}

int rpc_class_is_node_trouble(enum rpc_class class)
{
	switch (class) {
	case RPC_RATE_LIMITED:
	case RPC_TIMEOUT:
	case RPC_UNREACHABLE:
	case RPC_WRONG_CHAIN:
	case RPC_MALFORMED:
		return 1;
	case RPC_OK:
	case RPC_NONCE_TOO_LOW:
	case RPC_ALREADY_KNOWN:
	case RPC_UNDERPRICED:
	case RPC_INSUFFICIENT_FUNDS:
	case RPC_FEE_BELOW_BASE:
	case RPC_GAS_TOO_LOW:
	case RPC_REVERTED:
	case RPC_OTHER:
		return 0;
	}
	return 0;
}

const char *rpc_class_name(enum rpc_class class)
{
	switch (class) {
	case RPC_OK:
		return "ok";
	case RPC_NONCE_TOO_LOW:
		return "nonce-too-low";
	case RPC_ALREADY_KNOWN:
		return "already-known";
	case RPC_UNDERPRICED:
		return "underpriced";
	case RPC_INSUFFICIENT_FUNDS:
		return "insufficient-funds";
	case RPC_FEE_BELOW_BASE:
		return "fee-below-base";
	case RPC_GAS_TOO_LOW:
		return "gas-too-low";
	case RPC_REVERTED:
		return "reverted";
	case RPC_RATE_LIMITED:
		return "rate-limited";
	case RPC_TIMEOUT:
		return "timeout";
	case RPC_UNREACHABLE:
		return "unreachable";
	case RPC_WRONG_CHAIN:
		return "wrong-chain";
	case RPC_MALFORMED:
		return "malformed";
	case RPC_OTHER:
		return "other";
	}
	return "?";
}
