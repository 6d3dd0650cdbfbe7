"""A stub chain, a daemon that trades on it, and one registered agent: the stage of the fault tests."""

import pathlib
import secrets
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
for folder in (ROOT / "tools", ROOT / "tests" / "faults"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
import localchain  # noqa: E402
import stub_rpc  # noqa: E402

OWNER = "0x" + "00" * 19 + "aa"
WEI = {"type": "transfer", "to": OWNER, "amount": "0.000000000000000001"}


class Play:
    """A stub chain, a daemon that trades on it, and one registered agent."""

    def __init__(self, certificate=None, **settings):
        self.stub = stub_rpc.Stub(certificate=certificate)
        self.chain = self.stub.chain
        self.daemon = localchain.Daemon({
            "CHAINSTACK_NODE": self.stub.url, "SELFSAME_CHAIN_ID": "31337", "SELFSAME_DERIVATION": "bound",
            "SELFSAME_POLL_MILLISECONDS": "50", "SELFSAME_FINALITY_DEPTH": "3", "SELFSAME_BUMP_SECONDS": "1",
            "SELFSAME_RPC_TIMEOUT_MILLISECONDS": "1000", **settings})
        agent = self.register()
        self.name, self.key, self.address = agent["agentId"], agent["apiKey"], agent["address"].lower()

    def register(self):
        name = f"agent-{secrets.token_hex(6)}"
        status, _, answer = self.daemon.request("POST", "/register", {"agentId": name, "owner": OWNER})
        assert status == 201, answer
        return answer

    def trade(self, body=None, key=None, **headers):
        headers = {"x-api-key": key or self.key, **{k.replace("_", "-"): v for k, v in headers.items()}}
        status, _, answer = self.daemon.request("POST", "/trade", body or WEI, headers)
        return status, answer

    def read(self, trade_id):
        status, _, answer = self.daemon.request("GET", f"/trades/{trade_id}", headers={"x-api-key": self.key})
        assert status == 200, answer
        return answer

    def until(self, trade_id, *wanted, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            answer = self.read(trade_id)
            if answer["status"] in wanted:
                return answer
            time.sleep(0.05)
        raise AssertionError(f"not {wanted} but {answer}\n{self.daemon.output()[-3000:]}")

    def on_chain(self):
        """The wallet's mined transactions."""
        with self.stub.lock:
            return [tx for block in self.chain.blocks for tx in block if tx.sender == self.address]

    def pooled(self):
        with self.stub.lock:
            return [tx for tx in self.chain.pool.values() if tx.sender == self.address]

    def wait_for(self, condition, seconds=60):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.02)
        raise AssertionError(self.daemon.output()[-3000:])

    def close(self):
        self.daemon.stop()
        self.daemon.remove_files()
        self.stub.close()


@pytest.fixture
def play():
    running = []

    def begin(**settings):
        running.append(Play(**settings))
        return running[-1]

    yield begin
    for one in running:
        one.close()
