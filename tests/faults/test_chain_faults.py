"""The whole daemon in front of a chain that fails: drops, reorganises, limits, lies, answers in halves."""

import pathlib
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import stub_rpc  # noqa: E402
from play import OWNER, localchain, play  # noqa: E402, F401


def test_mined_then_final(play):
    p = play()
    status, done = p.trade()
    assert status == 200 and done["status"] in ("mined", "final"), done
    assert done["tx"] == p.on_chain()[0].hash
    p.stub.control({"mine": 5})
    p.until(done["tradeId"], "final")


def test_a_reorganisation_takes_the_block_away_and_it_is_sent_again(play):
    p = play()
    status, done = p.trade()
    assert status == 200, done
    p.stub.control({"automine": False, "reorg": 1})
    assert p.on_chain() == []
    p.wait_for(lambda: p.pooled() != [])
    p.until(done["tradeId"], "pending")
    p.stub.control({"mine": 1})
    again = p.until(done["tradeId"], "mined", "final")
    assert again["tx"] == done["tx"] and len(p.on_chain()) == 1


def test_what_the_node_dropped_is_sent_again(play):
    p = play(SELFSAME_BUMP_SECONDS="600")
    p.chain.automine = False
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    p.stub.control({"drop": True})
    p.wait_for(lambda: p.pooled() != [])
    p.stub.control({"mine": 1})
    assert p.until(done["tradeId"], "mined", "final")["tx"] == done["tx"]


def test_fees_are_raised_until_it_is_mined(play):
    p = play()
    p.chain.automine = False
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    first = p.pooled()[0]
    p.wait_for(lambda: p.pooled()[0].hash != first.hash)
    second = p.pooled()[0]
    assert second.nonce == first.nonce
    assert second.max_fee * 10 >= first.max_fee * 11 and second.tip * 10 >= first.tip * 11
    assert (second.to, second.value, second.data, second.gas) == (first.to, first.value, first.data, first.gas)
    p.wait_for(lambda: p.pooled()[0].hash not in (first.hash, second.hash))
    p.stub.control({"mine": 1})
    mined = p.until(done["tradeId"], "mined", "final")
    assert [tx.hash for tx in p.on_chain()] == [mined["tx"]]


def test_a_node_that_wants_a_higher_tip_gets_it(play):
    p = play()
    p.chain.minimum_tip = 5 * stub_rpc.GWEI
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    p.chain.tip = 6 * stub_rpc.GWEI
    p.until(done["tradeId"], "mined", "final")
    assert p.on_chain()[0].tip >= 5 * stub_rpc.GWEI


def test_without_funds_it_is_stuck_says_so_and_goes_on_with_them(play):
    p = play()
    p.chain.poor = True
    status, done = p.trade()
    assert status == 202 and done["status"] == "stuck", done
    assert "insufficient funds" in done["steps"][0]["error"]
    p.chain.poor = False
    p.until(done["tradeId"], "mined", "final")
    assert len(p.on_chain()) == 1


def test_a_revert_tells_its_reason(play):
    p = play()
    p.chain.reverting = ("0x08c379a0" + "20".rjust(64, "0") + "05".rjust(64, "0") + b"sorry".hex().ljust(64, "0"))
    status, done = p.trade()
    assert status == 200 and done["status"] in ("reverted", "failed"), done
    assert "sorry" in done["steps"][0]["error"]


def test_a_transaction_that_is_not_ours_stops_the_wallet(play):
    p = play(SELFSAME_BUMP_SECONDS="600")
    p.chain.automine = False
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    with p.stub.lock:
        stranger = p.chain.pool.popitem()[1]
        stranger.hash = "0x" + "99" * 32  # the same nonce in another transaction
        p.chain.blocks.append([stranger])
        p.chain.branches.append(0)
        p.chain.automine = True
    stuck = p.until(done["tradeId"], "stuck")
    assert "nonce" in stuck["steps"][0]["error"]
    status, problem = p.trade()
    assert status == 409 and "nonce" in problem["detail"], problem
    assert len(p.on_chain()) == 1


def test_receipts_that_the_node_invented_are_undone_when_it_tells_the_truth(play):
    p = play(SELFSAME_BUMP_SECONDS="600")
    true_send, true_receipt = p.chain.send, p.chain.receipt
    p.chain.send = lambda raw: stub_rpc.Transaction(raw).hash
    p.chain.receipt = lambda tx_hash: {
        "transactionHash": tx_hash, "blockNumber": "0x1", "blockHash": "0x" + "11" * 32, "status": "0x1",
        "gasUsed": "0x5208", "from": p.address, "to": OWNER, "logs": []}
    trades = [p.trade()[1]["tradeId"] for _ in range(3)]
    p.stub.control({"mine": 5})
    for trade in trades:
        p.until(trade, "final")
    p.chain.send, p.chain.receipt = true_send, true_receipt
    assert p.on_chain() == []
    status, last = p.trade(Prefer="respond-async")
    assert status == 202, last
    p.wait_for(lambda: len(p.on_chain()) == 4, seconds=60)
    assert [tx.nonce for tx in p.on_chain()] == [0, 1, 2, 3]
    p.stub.control({"mine": 5})
    for trade in [*trades, last["tradeId"]]:
        p.until(trade, "final")
    assert len({tx.hash for tx in p.on_chain()}) == 4
    health = p.daemon.request("GET", "/health")[2]
    assert health["journal"]["reopenedSteps"] == 3 and any("lied" in w for w in health["warnings"]), health


@pytest.mark.parametrize("fault", [
    {"kind": "torn"}, {"kind": "close"}, {"kind": "hang", "seconds": 3}, {"kind": "wrong_id"}, {"kind": "not_json"},
    {"kind": "huge", "bytes": 5_000_000}, {"kind": "http", "status": 503}, {"kind": "http", "status": 429},
    {"kind": "http", "status": 429, "retry_after": 1},
    {"kind": "error", "code": -32005, "message": "request rate limited"},
    {"kind": "error", "code": -32603, "message": "Internal error"},
    {"kind": "error", "code": -32000, "message": "nonce too low"},
    {"kind": "error", "code": -32000, "message": "already known"},
    {"kind": "error", "code": -32000, "message": "replacement transaction underpriced"},
    {"kind": "result", "value": "0x" + "00" * 32},
], ids=lambda fault: "-".join(str(v) for v in fault.values())[:40])
def test_whatever_happens_to_the_sending_it_is_on_chain_once(play, fault):
    p = play(SELFSAME_BUMP_SECONDS="600")
    p.stub.fault("eth_sendRawTransaction", times=2, **fault)
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    p.until(done["tradeId"], "mined", "final")
    assert [tx.hash for tx in p.on_chain()] == [done["tx"]]
    assert len({tx.hash for tx in p.chain.sent}) == 1


@pytest.mark.parametrize("method", ["eth_getTransactionReceipt", "eth_blockNumber"])
@pytest.mark.parametrize("kind", ["torn", "wrong_id", "not_json"])
def test_a_watch_that_hears_nonsense_concludes_nothing(play, method, kind):
    p = play(SELFSAME_BUMP_SECONDS="600")
    p.stub.fault(method, kind, times=6)
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    p.until(done["tradeId"], "mined", "final")
    assert [tx.hash for tx in p.on_chain()] == [done["tx"]]


def test_planning_without_the_node_is_an_error_and_nothing_is_signed(play):
    p = play()
    p.stub.fault("*", "close")
    status, problem = p.trade()
    assert status in (502, 503), problem
    p.stub.clear()
    p.wait_for(lambda: p.trade()[0] == 200)
    assert [tx.nonce for tx in p.on_chain()] == [0]


def test_a_journalled_trade_goes_out_after_a_restart_of_the_gateway(play):
    p = play(SELFSAME_BUMP_SECONDS="600")
    p.stub.fault("eth_sendRawTransaction", "close")
    status, done = p.trade(Prefer="respond-async")
    assert status == 202 and done["status"] == "signed", done
    p.daemon.kill("selfsame-gateway")
    p.stub.clear()
    p.wait_for(lambda: len(p.on_chain()) == 1)
    assert p.on_chain()[0].hash == done["tx"]


@pytest.fixture
def certificate():
    """A self-signed certificate for localhost and its key in one file, readable by the gateway's user."""
    if shutil.which("openssl") is None:
        pytest.skip("the openssl program is not installed")
    folder = localchain.open_directory("selfsame-tls-")
    path = folder / "node.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", str(path), "-out", str(folder / "ca.pem")], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (folder / "ca.pem").read_bytes())
    (folder / "ca.pem").chmod(0o644)
    yield path
    shutil.rmtree(folder)


def test_https_with_the_ca_file_that_is_set(play, certificate):
    p = play(certificate=certificate, SELFSAME_CA_FILE=str(certificate.parent / "ca.pem"))
    status, done = p.trade()
    assert status == 200, done


def test_https_with_an_unknown_certificate_is_refused(play, certificate):
    p = play(certificate=certificate)
    status, problem = p.trade()
    assert status in (502, 503), problem
    assert p.stub.state()["calls"] == []
    # the URL of a node may carry a key: it stands in no log and no answer
    assert f"localhost:{p.stub.port}" not in p.daemon.output() + str(problem)
