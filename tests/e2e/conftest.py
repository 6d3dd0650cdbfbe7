"""Fixtures: one chain and one market for the whole run; daemons as the tests want them."""

import json
import pathlib
import secrets
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import localchain  # noqa: E402
from web3 import Web3  # noqa: E402

QUICK = {
    "SELFSAME_POLL_MILLISECONDS": "100",
    "SELFSAME_FINALITY_DEPTH": "2",
    "SELFSAME_REGISTER_PER_MINUTE": "100000",
}
ERC20 = json.loads('[{"name":"balanceOf","type":"function","stateMutability":"view","inputs":[{"name":"a","type":"address"}],'
                   '"outputs":[{"name":"","type":"uint256"}]},{"name":"transfer","type":"function","stateMutability":"nonpayable",'
                   '"inputs":[{"name":"a","type":"address"},{"name":"v","type":"uint256"}],"outputs":[{"name":"","type":"bool"}]},'
                   '{"name":"allowance","type":"function","stateMutability":"view","inputs":[{"name":"a","type":"address"},'
                   '{"name":"b","type":"address"}],"outputs":[{"name":"","type":"uint256"}]}]')


class Market:
    """The chain, its contracts, and somebody who can pay."""

    def __init__(self, chain, deployed):
        self.chain = chain
        self.url = chain.url
        self.deployed = deployed
        self.condition = deployed["conditionId"]
        self.web3 = Web3(Web3.HTTPProvider(chain.url))
        self.usdc = self.web3.eth.contract(Web3.to_checksum_address(deployed["usdc"]), abi=ERC20)
        abi = json.loads((ROOT / "node_modules/@gnosis.pm/conditional-tokens-contracts/build/contracts/"
                          "ConditionalTokens.json").read_text())["abi"]
        self.ctf = self.web3.eth.contract(Web3.to_checksum_address(deployed["conditionalTokens"]), abi=abi)
        # anvil signs for its development accounts; account 8 pays
        self.payer = self.web3.eth.accounts[8]

    def fund(self, address, ether=1, usdc=100):
        address = Web3.to_checksum_address(address)
        wait = self.web3.eth.wait_for_transaction_receipt
        if ether:
            wait(self.web3.eth.send_transaction(
                {"from": self.payer, "to": address, "value": Web3.to_wei(ether, "ether")}), poll_latency=0.05)
        if usdc:
            wait(self.usdc.functions.transfer(address, int(usdc * 10**6)).transact({"from": self.payer}),
                 poll_latency=0.05)

    def position(self, address, index_set=1):
        collection = self.ctf.functions.getCollectionId(b"\0" * 32, self.condition, index_set).call()
        token = self.ctf.functions.getPositionId(self.usdc.address, collection).call()
        return self.ctf.functions.balanceOf(Web3.to_checksum_address(address), token).call()

    def settings(self, **more):
        return {"CHAINSTACK_NODE": self.url, **localchain.market_settings(self.deployed), **QUICK, **more}


@pytest.fixture(scope="session")
def market():
    chain = localchain.Anvil()
    try:
        yield Market(chain, localchain.deploy(chain.url))
    finally:
        chain.stop()


class Agent:
    """A registered agent and how it speaks to the daemon."""

    def __init__(self, daemon, answer):
        self.daemon = daemon
        self.answer = answer
        self.id = answer["agentId"]
        self.key = answer.get("apiKey")
        self.address = answer["address"]

    def headers(self, **more):
        return {"x-api-key": self.key, **{k.replace("_", "-"): v for k, v in more.items()}}

    def get(self, path, **headers):
        return self.daemon.request("GET", path, headers=self.headers(**headers))

    def post(self, path, body, **headers):
        return self.daemon.request("POST", path, body, self.headers(**headers))

    def trade(self, body, **headers):
        return self.post("/trade", body, **headers)


@pytest.fixture
def start(market):
    """start(settings...) -> Daemon; all are stopped afterwards."""
    running = []

    def begin(arguments=("--dev",), timeout=30, binaries=None, under=(), **settings):
        daemon = localchain.Daemon(market.settings(**settings), arguments, timeout=timeout, binaries=binaries, under=under)
        running.append(daemon)
        return daemon

    yield begin
    for daemon in running:
        daemon.stop()
        daemon.remove_files()


@pytest.fixture(scope="module")
def daemon(market):
    """One daemon for a module's tests, wallets bound so that agents do not meet."""
    daemon = localchain.Daemon(market.settings(SELFSAME_DERIVATION="bound"))
    yield daemon
    daemon.stop()
    daemon.remove_files()


def register(daemon, agent_id=None, headers=None, **members):
    agent_id = agent_id or f"agent-{secrets.token_hex(6)}"
    status, _, answer = daemon.request("POST", "/register", {"agentId": agent_id, **members}, headers)
    assert status == 201, answer
    return Agent(daemon, answer)


@pytest.fixture
def agent(daemon, market):
    """A fresh agent with money."""
    one = register(daemon)
    market.fund(one.address)
    return one
