"""The operator edits the journal under a daemon that trades: a wallet may stop, nothing happens twice, others go on."""

import pathlib
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from play import OWNER, WEI, play, stub_rpc  # noqa: E402, F401

SLOW = {"SELFSAME_BUMP_SECONDS": "600"}


def query(p, statement, values=()):
    """What the operator does with his own database; the rows of a SELECT."""
    base = sqlite3.connect(f"{p.daemon.directory}/db/selfsame.db", timeout=10)
    base.execute("PRAGMA ignore_check_constraints = ON")
    with base:
        done = base.execute(statement, values)
        rows = done.fetchall()
        assert rows or done.rowcount > 0, statement
    base.close()
    return rows


def swallow(p):
    """The node takes transactions and loses them; what it did before."""
    take = p.chain.send
    p.chain.send = lambda raw: stub_rpc.Transaction(raw).hash
    return take


def health(p):
    return p.daemon.request("GET", "/health")[2]


def stopped(p, name, key):
    status, _, answer = p.daemon.request("GET", f"/agents/{name}", headers={"x-api-key": key})
    assert status == 200, answer
    return answer["walletStopped"]


def test_a_step_that_was_written_final_is_sent_after_all(play):  # noqa: F811
    p = play(**SLOW)
    take = swallow(p)
    trades = [p.trade(Prefer="respond-async")[1]["tradeId"] for _ in range(2)]
    query(p, "UPDATE steps SET state = 5 WHERE trade_id = ?", (trades[0],))
    p.chain.send = take
    p.wait_for(lambda: len(p.on_chain()) == 2, seconds=90)
    assert [tx.nonce for tx in p.on_chain()] == [0, 1]
    p.stub.control({"mine": 5})
    for trade in trades:
        p.until(trade, "final")
    assert health(p)["journal"]["reopenedSteps"] == 1


def test_a_malformed_row_stops_its_own_wallet_only(play):  # noqa: F811
    p = play(**SLOW)
    p.chain.automine = False
    status, bad = p.trade(Prefer="respond-async")
    assert status == 202, bad
    other = p.register()
    query(p, "UPDATE steps SET gas_used = -1 WHERE trade_id = ?", (bad["tradeId"],))
    p.wait_for(lambda: health(p)["journal"]["unreadableSteps"] == 1)
    status, problem = p.trade()
    assert status == 409 and problem["type"].endswith("wallet-stopped") and bad["tradeId"] in problem["detail"], problem
    assert bad["tradeId"] in stopped(p, p.name, p.key)
    assert any("malformed" in w for w in health(p)["warnings"])
    p.chain.automine = True
    status, done = p.trade(key=other["apiKey"])
    assert status == 200, done
    assert stopped(p, other["agentId"], other["apiKey"]) is None
    query(p, "UPDATE steps SET gas_used = 0 WHERE trade_id = ?", (bad["tradeId"],))
    p.until(bad["tradeId"], "mined", "final")
    p.wait_for(lambda: health(p)["journal"]["stoppedWallets"] == 0)
    assert p.trade()[0] == 200


def test_another_agents_bytes_in_a_step_are_never_its_own(play):  # noqa: F811
    p = play(**SLOW)
    other = p.register()
    take = swallow(p)
    mine = p.trade(Prefer="respond-async")[1]["tradeId"]
    theirs = p.trade({"type": "transfer", "to": OWNER, "amount": "0.000000000000000002"}, key=other["apiKey"],
                     Prefer="respond-async")[1]["tradeId"]
    before = query(p, "SELECT raw, tx_hash FROM steps WHERE trade_id = ?", (mine,))[0]
    query(p, "UPDATE steps SET (raw, tx_hash) = (SELECT raw, tx_hash FROM steps WHERE trade_id = ?) WHERE trade_id = ?",
          (theirs, mine))
    p.chain.send = take
    p.wait_for(lambda: any(tx.sender == other["address"].lower() for block in p.chain.blocks for tx in block))
    stuck = p.until(mine, "stuck")
    assert "database" in stuck["steps"][0]["error"], stuck
    status, problem = p.trade()
    assert status == 409 and mine in problem["detail"], problem
    assert p.on_chain() == []
    query(p, "UPDATE steps SET raw = ?, tx_hash = ? WHERE trade_id = ?", (*before, mine))
    p.until(mine, "mined", "final")
    assert len(p.on_chain()) == 1


def test_a_rewritten_intent_is_never_signed(play):  # noqa: F811
    p = play()  # fees are raised every second
    p.chain.automine = False
    status, done = p.trade(Prefer="respond-async")
    assert status == 202, done
    first = p.pooled()[0]
    thief = bytes.fromhex("00" * 19 + "bb")
    intent, = query(p, "SELECT intent FROM steps WHERE trade_id = ?", (done["tradeId"],))[0]
    assert bytes.fromhex(OWNER[2:]) in intent
    query(p, "UPDATE steps SET intent = ? WHERE trade_id = ?",
          (intent.replace(bytes.fromhex(OWNER[2:]), thief), done["tradeId"]))
    p.wait_for(lambda: stopped(p, p.name, p.key) is not None)
    time.sleep(3)  # longer than it takes to raise a fee
    seen = p.pooled()
    assert {tx.nonce for tx in seen} == {first.nonce} and all(tx.to == first.to for tx in seen), seen
    # what the database says again is what was signed, and it goes on by itself
    raised, = query(p, "SELECT intent FROM steps WHERE trade_id = ?", (done["tradeId"],))[0]
    query(p, "UPDATE steps SET intent = ? WHERE trade_id = ?",
          (raised.replace(thief, bytes.fromhex(OWNER[2:])), done["tradeId"]))
    p.chain.automine = True
    p.stub.control({"mine": 1})
    p.until(done["tradeId"], "mined", "final")
    assert [tx.to for tx in p.on_chain()] == [first.to]


def test_planted_nonces_stop_the_wallet_after_a_restart(play):  # noqa: F811
    p = play(**SLOW)
    for _ in range(2):
        assert p.trade()[0] == 200
    for planted in (1000, 2**63 - 1):
        query(p, "UPDATE steps SET nonce = ?, state = 5 WHERE nonce != 0", (planted,))
        p.daemon.kill("selfsame-gateway")
        p.wait_for(lambda: planted_is_refused(p, planted))
    query(p, "UPDATE steps SET nonce = 1 WHERE nonce != 0")
    status, done = p.trade()
    assert status == 200 and done["steps"][0]["nonce"] == 2, done


def planted_is_refused(p, planted):
    """Once the gateway has started again."""
    try:
        status, problem = p.trade()
    except OSError:
        return False
    assert status == 409 and str(planted) in problem["detail"], problem
    return True


def test_a_trades_name_cannot_break_out_of_its_header(play):  # noqa: F811
    p = play(**SLOW)
    p.chain.automine = False
    status, first = p.trade(Prefer="respond-async", Idempotency_Key="once")
    assert status == 202 and first["tradeId"].startswith("trd_")
    for name in ("x\r\nSet-Cookie: a=b\r\n\r\n{}", "x\nSet-Cookie: a=b", "trd_\u009b"):
        query(p, "UPDATE trades SET id = ? WHERE agent_id = ?", (name, p.name))
        query(p, "UPDATE steps SET trade_id = ? WHERE nonce = 0", (name,))
        status, headers, problem = p.daemon.request(
            "POST", "/trade", WEI, {"x-api-key": p.key, "Prefer": "respond-async", "Idempotency-Key": "once"})
        assert status == 503 and "set-cookie" not in {h.lower() for h in headers}, (status, headers, problem)
