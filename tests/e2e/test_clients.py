"""What the signer signs is, byte for byte, what eth-account and viem sign with the same key."""

import json
import subprocess

import pytest
from conftest import ROOT, register
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from web3 import Web3

Account.enable_unaudited_hdwallet_features()
PHRASE = "test test test test test test test test test test test junk"
MAIL = {
    "types": {
        "EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
                         {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
        "Person": [{"name": "name", "type": "string"}, {"name": "wallets", "type": "address[]"}],
        "Mail": [{"name": "from", "type": "Person"}, {"name": "to", "type": "Person[]"},
                 {"name": "contents", "type": "string"}, {"name": "flags", "type": "bytes32[2]"},
                 {"name": "delta", "type": "int64"}],
    },
    "primaryType": "Mail",
    "domain": {"name": "Ether Mail", "version": "1", "chainId": 31337,
               "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"},
    "message": {
        "from": {"name": "Cow", "wallets": ["0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"]},
        "to": [{"name": "Bob", "wallets": []}, {"name": "B\u00f6b", "wallets": ["0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"]}],
        "contents": "Hello, Bob!", "flags": ["0x" + "11" * 32, "0x" + "22" * 32], "delta": -5,
    },
}
MAIL_TYPE = "Mail(Person from,Person[] to,string contents,bytes32[2] flags,int64 delta)Person(string name,address[] wallets)"


def viem(request):
    done = subprocess.run(["node", str(ROOT / "tests/e2e/sign.mjs")], input=json.dumps(request) + "\n", text=True,
                          capture_output=True, check=True, cwd=ROOT)
    return json.loads(done.stdout)["signed"]


@pytest.fixture(scope="module")
def first(market):
    """Agent 0 of the development phrase, whose key everybody knows; it may sign data and messages."""
    import localchain
    daemon = localchain.Daemon(market.settings())
    policy = {"actions": ["split", "merge", "redeem", "approve", "transfer", "call", "sign-typed-data", "sign-message"],
              "recipients": ["anyone"],
              "typedData": [{"chainId": 31337, "verifyingContract": MAIL["domain"]["verifyingContract"],
                             "typeHash": Web3.to_hex(Web3.keccak(text=MAIL_TYPE))}]}
    agent = register(daemon, "first", policy=policy)
    yield agent, Account.from_mnemonic(PHRASE, account_path=agent.answer["path"])
    daemon.stop()
    daemon.remove_files()


def test_the_address_is_the_phrases(first):
    agent, account = first
    assert agent.answer["path"] == "m/44'/60'/0'/0/0"
    assert agent.address == account.address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


def test_a_transaction_equals_eth_accounts_and_viems(first, market):
    agent, account = first
    status, _, done = agent.trade({"type": "transfer", "token": "USDC", "to": market.payer, "amount": "1.25"})
    assert status == 200, done
    raw = market.chain.rpc("eth_getRawTransactionByHash", done["tx"])
    tx = market.web3.eth.get_transaction(done["tx"])
    fields = {"chainId": tx["chainId"], "nonce": tx["nonce"], "maxFeePerGas": tx["maxFeePerGas"],
              "maxPriorityFeePerGas": tx["maxPriorityFeePerGas"], "gas": tx["gas"], "to": tx["to"],
              "value": tx["value"], "data": Web3.to_hex(tx["input"]), "type": 2}
    signed = account.sign_transaction(fields)
    assert Web3.to_hex(signed.raw_transaction) == raw
    viems = {"type": "eip1559", **{k: v for k, v in fields.items() if k not in ("type",)}}
    for name in ("maxFeePerGas", "maxPriorityFeePerGas", "gas", "value"):
        viems[name] = f"bigint:{fields[name]}"
    assert viem({"kind": "transaction", "key": Web3.to_hex(account.key), "transaction": viems}) == raw


def test_typed_data_equals_eth_accounts_and_viems(first):
    agent, account = first
    status, _, done = agent.post(f"/agents/{agent.id}/sign", {"typedData": MAIL})
    assert status == 200, done
    message = encode_typed_data(full_message=MAIL)
    assert done["signature"] == Web3.to_hex(account.sign_message(message).signature)
    data = json.loads(json.dumps(MAIL))
    data["message"]["delta"] = "bigint:-5"
    assert done["signature"] == viem({"kind": "typedData", "key": Web3.to_hex(account.key), "typedData": data})


def test_a_message_equals_eth_accounts_and_viems(first):
    agent, account = first
    text = "I, agent zero, sign in to example.org \u2014 nonce 7"
    status, _, done = agent.post(f"/agents/{agent.id}/sign", {"message": text})
    assert status == 200, done
    assert done["signature"] == Web3.to_hex(account.sign_message(encode_defunct(text=text)).signature)
    assert done["signature"] == viem({"kind": "message", "key": Web3.to_hex(account.key), "message": text})


@pytest.mark.parametrize("text", ["0x" + "ab" * 32, "ab" * 32, "x" * 32, "bell \x07"])
def test_a_message_that_could_be_a_digest_is_refused(first, text):
    agent, _ = first
    status, _, problem = agent.post(f"/agents/{agent.id}/sign", {"message": text})
    assert status in (400, 403), problem


def test_typed_data_outside_the_policy_is_refused(first):
    agent, _ = first
    for change in ({"domain": {**MAIL["domain"], "chainId": 1}},
                   {"domain": {**MAIL["domain"], "verifyingContract": "0x" + "11" * 20}},
                   {"primaryType": "Person", "message": {"name": "x", "wallets": []}}):
        status, _, problem = agent.post(f"/agents/{agent.id}/sign", {"typedData": {**MAIL, **change}})
        assert status in (400, 403), problem


def test_there_is_no_way_to_sign_a_raw_hash_or_to_export_a_key(first):
    agent, _ = first
    for body in ({"hash": "0x" + "11" * 32}, {"digest": "0x" + "11" * 32}):
        assert agent.post(f"/agents/{agent.id}/sign", body)[0] == 400
    for path in ("/export-key", f"/agents/{agent.id}/export-key", f"/agents/{agent.id}/key"):
        assert agent.post(path, {})[0] == 404
