"""The operator wants the keys. He owns the database, the RPC node, the clock and the environment.

Each test is one thing that he does, and fails to steal by.
"""

import concurrent.futures
import secrets
import shutil
import sqlite3
import subprocess
import time

import clocks
import localchain
import pytest
from conftest import register
from eth_account import Account
from eth_account.messages import encode_typed_data
from web3 import Web3


def database(daemon):
    return f"{daemon.directory}/db/selfsame.db"


def copy_database(daemon, to):
    """A consistent copy, as an operator with a snapshot has it."""
    source = sqlite3.connect(f"file:{database(daemon)}?mode=ro", uri=True)
    target = sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()


def edit(daemon, *statements):
    base = sqlite3.connect(database(daemon), timeout=10)
    with base:
        for statement in statements:
            base.execute(*statement)
    base.close()


def restart(start, daemon, **settings):
    """The same root and settings again, on the database as the operator left it."""
    daemon.stop()
    settings = {k: v for k, v in {**daemon.settings, **settings}.items()}
    settings["SELFSAME_LISTEN"] = "127.0.0.1:0"
    again = start(**settings)
    again.directory = daemon.directory
    return again


def test_an_empty_database_gives_nobody_anothers_bound_wallet(start, market):
    first = start(SELFSAME_DERIVATION="bound")
    alice = register(first, "alice")
    second = start(SELFSAME_DERIVATION="bound")
    thief = register(second, "alice")
    assert thief.address != alice.address
    # and the same inputs give the same wallet back there
    third = start(SELFSAME_DERIVATION="bound")
    status, _, answer = third.request("POST", "/register", {"agentId": "alice"}, {"x-api-key": alice.key})
    assert status == 201 and answer["address"] == alice.address, answer
    assert market.condition


def test_an_api_key_restores_what_it_was_made_for_only(start):
    """Who could choose keys, or other inputs for one, could look for two registrations with one wallet."""
    first = start(SELFSAME_DERIVATION="bound")
    alice = register(first, "alice")
    second = start(SELFSAME_DERIVATION="bound")
    owner = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    for body, key in (({"agentId": "alice2"}, alice.key), ({"agentId": "alice", "owner": owner}, alice.key),
                      ({"agentId": "alice", "policy": {"actions": ["split"]}}, alice.key),
                      ({"agentId": "alice"}, "ssk_" + secrets.token_hex(32))):
        status, _, problem = second.request("POST", "/register", body, {"x-api-key": key})
        assert status == 401 and problem["rule"] == "api-key" and "registration" in problem["detail"], problem
    assert second.request("POST", "/register", {"agentId": "alice"}, {"x-api-key": alice.key})[0] == 201


def test_an_older_database_gives_nobody_anothers_bound_wallet(start):
    daemon = start(SELFSAME_DERIVATION="bound")
    older = f"{daemon.directory}/older.db"
    register(daemon, "before")
    copy_database(daemon, older)
    alice = register(daemon, "alice")
    daemon.stop()
    shutil.copy(older, database(daemon))
    for suffix in ("-wal", "-shm"):
        localchain.pathlib.Path(database(daemon) + suffix).unlink(missing_ok=True)
    again = restart(start, daemon)
    thief = register(again, "alice")
    assert thief.address != alice.address


def test_indexed_says_that_an_index_could_be_issued_again(start):
    daemon = start(SELFSAME_DERIVATION="indexed")
    _, _, health = daemon.request("GET", "/health")
    assert health["derivation"] == "indexed" or health["derivation"]["scheme"] == "indexed"
    assert "index" in str(health["warnings"])
    _, _, bound = start(SELFSAME_DERIVATION="bound").request("GET", "/health")
    assert "re-issue" not in str(bound.get("warnings"))


def test_swapped_rows_are_refused(daemon, market):
    alice, thief = register(daemon), register(daemon)
    market.fund(alice.address)
    base = sqlite3.connect(database(daemon))
    rows = {agent: (record, mac) for agent, record, mac in base.execute(
        "SELECT id, record, mac FROM agents WHERE id IN (?, ?)", (alice.id, thief.id))}
    base.close()
    try:
        edit(daemon, ("UPDATE agents SET record = ?, mac = ? WHERE id = ?", (*rows[alice.id], thief.id)))
        status, _, answer = thief.trade({"type": "split", "conditionId": market.condition, "amount": "1"})
        assert status != 200 and status != 202, answer
        assert thief.get(f"/agents/{thief.id}")[0] != 200
    finally:
        edit(daemon, ("UPDATE agents SET record = ?, mac = ? WHERE id = ?", (*rows[thief.id], thief.id)))
    assert market.position(alice.address) == 0


def test_every_changed_byte_of_a_row_is_refused(daemon):
    agent = register(daemon)
    base = sqlite3.connect(database(daemon))
    record, mac = base.execute("SELECT record, mac FROM agents WHERE id = ?", (agent.id,)).fetchone()
    base.close()
    for at in sorted({0, 1, 5, len(record) // 3, len(record) // 2, len(record) - 1} | set(range(60, 140, 7))):
        broken = bytearray(record)
        broken[at % len(record)] ^= 1
        edit(daemon, ("UPDATE agents SET record = ? WHERE id = ?", (bytes(broken), agent.id)))
        assert agent.get(f"/agents/{agent.id}")[0] != 200, at
    edit(daemon, ("UPDATE agents SET record = ?, mac = ? WHERE id = ?", (record, mac, agent.id)))
    assert agent.get(f"/agents/{agent.id}")[0] == 200


def test_a_version_beside_the_records_own_is_refused(daemon):
    agent = register(daemon)
    assert agent.get(f"/agents/{agent.id}")[0] == 200
    for change in ("+ 1", "- 1", "+ 1000000"):
        edit(daemon, (f"UPDATE agents SET record_version = record_version {change} WHERE id = ?", (agent.id,)))
        status, _, problem = agent.get(f"/agents/{agent.id}")
        assert status == 500 and problem["type"].endswith("record-rejected"), problem
        assert agent.trade({"type": "redeem", "conditionId": "0x" + "11" * 32})[0] == 500
        undo = change.replace("+", "?").replace("-", "+").replace("?", "-")
        edit(daemon, (f"UPDATE agents SET record_version = record_version {undo} WHERE id = ?", (agent.id,)))
    assert agent.get(f"/agents/{agent.id}")[0] == 200


def test_a_used_key_is_not_shown_again_when_the_agents_row_is_deleted(daemon):
    body, named = {"agentId": f"gone-{secrets.token_hex(4)}"}, {"Idempotency-Key": secrets.token_hex(16)}
    status, _, first = daemon.request("POST", "/register", body, named)
    assert status == 201
    key = {"x-api-key": first["apiKey"]}
    assert daemon.request("GET", f"/agents/{body['agentId']}", headers=key)[0] == 200
    edit(daemon, ("DELETE FROM agents WHERE id = ?", (body["agentId"],)))
    status, _, problem = daemon.request("POST", "/register", body, named)
    assert status == 409 and problem["type"].endswith(":used") and "apiKey" not in str(problem), problem
    status, _, restored = daemon.request("POST", "/register", body, key)
    assert status == 201 and restored["address"] == first["address"] and "apiKey" not in restored, restored
    assert daemon.request("GET", f"/agents/{body['agentId']}", headers=key)[0] == 200


def test_an_old_row_after_a_rotation_is_refused_within_one_life(daemon):
    agent = register(daemon)
    assert agent.get(f"/agents/{agent.id}")[0] == 200
    base = sqlite3.connect(database(daemon))
    old = base.execute("SELECT record, mac, record_version, key_hash FROM agents WHERE id = ?", (agent.id,)).fetchone()
    base.close()
    stolen = agent.key
    status, _, answer = agent.post(f"/agents/{agent.id}/rotate-key", {})
    assert status == 200
    edit(daemon, ("UPDATE agents SET record = ?, mac = ?, record_version = ?, key_hash = ? WHERE id = ?", (*old, agent.id)))
    agent.key = stolen
    assert agent.get(f"/agents/{agent.id}")[0] != 200
    status, _, problem = agent.trade({"type": "redeem", "conditionId": "0x" + "11" * 32})
    assert status in (401, 403, 409, 500, 503), problem


def test_a_tightened_policy_cannot_be_undone_by_an_old_row(daemon, market):
    agent = register(daemon)
    market.fund(agent.address)
    assert agent.get(f"/agents/{agent.id}")[0] == 200
    base = sqlite3.connect(database(daemon))
    old = base.execute("SELECT record, mac, record_version FROM agents WHERE id = ?", (agent.id,)).fetchone()
    base.close()
    status, _, answer = daemon.request("PATCH", f"/agents/{agent.id}/policy", {"policy": {"actions": ["redeem"]}}, agent.headers())
    assert status == 200, answer
    edit(daemon, ("UPDATE agents SET record = ?, mac = ?, record_version = ? WHERE id = ?", (*old, agent.id)))
    status, _, problem = agent.trade({"type": "split", "conditionId": market.condition, "amount": "1"})
    assert status not in (200, 202), problem
    assert market.position(agent.address) == 0


def owner_change(daemon, agent, key, policy):
    """Ask, sign what the refusal says must be signed, ask again with the signature."""
    path = f"/agents/{agent.id}/policy"
    status, _, problem = daemon.request("PATCH", path, {"policy": policy}, agent.headers())
    assert status == 403 and "typedData" in problem, problem
    signature = Web3.to_hex(Account.sign_message(encode_typed_data(full_message=problem["typedData"]), key).signature)
    body = {"policy": policy, "ownerSignature": signature}
    return body, daemon.request("PATCH", path, body, agent.headers())


def test_only_the_owner_loosens_and_his_signature_counts_once(daemon, market):
    owner = Account.create()
    agent = register(daemon, owner=owner.address)
    wide = {"actions": ["split", "merge", "redeem", "approve", "transfer"], "recipients": ["anyone"]}
    body, (status, _, answer) = owner_change(daemon, agent, owner.key, wide)
    assert status == 200, answer
    narrow = {"recipients": ["owner"]}
    assert daemon.request("PATCH", f"/agents/{agent.id}/policy", {"policy": narrow}, agent.headers())[0] == 200
    status, _, problem = daemon.request("PATCH", f"/agents/{agent.id}/policy", body, agent.headers())
    assert status == 403, problem
    _, (status, _, problem) = owner_change(daemon, agent, Account.create().key, wide)
    assert status == 403, problem
    assert market.condition


def test_without_an_owner_a_policy_never_loosens(daemon):
    agent = register(daemon)
    status, _, problem = daemon.request("PATCH", f"/agents/{agent.id}/policy", {"policy": {"recipients": ["anyone"]}}, agent.headers())
    assert status == 403, problem
    assert daemon.request("GET", f"/agents/{agent.id}", headers=agent.headers())[2]["policyVersion"] == 1


def test_forged_keys_are_refused(daemon):
    agent = register(daemon)
    flipped = agent.key[:-1] + ("0" if agent.key[-1] != "0" else "1")
    for key in ("", "ssk_", "ssk_" + "0" * 64, flipped, agent.key.upper(), agent.key[4:], secrets.token_hex(32)):
        assert daemon.request("GET", f"/agents/{agent.id}", headers={"x-api-key": key})[0] in (400, 401), key


def test_a_raised_cap_in_the_database_is_refused(daemon, market):
    agent = register(daemon)
    market.fund(agent.address, usdc=500)
    assert agent.trade({"type": "split", "conditionId": market.condition, "amount": "101"})[2]["rule"] == "token-per-transaction"
    base = sqlite3.connect(database(daemon))
    record = base.execute("SELECT record FROM agents WHERE id = ?", (agent.id,)).fetchone()[0]
    base.close()
    cap, more = (100 * 10**6).to_bytes(32, "big"), (400 * 10**6).to_bytes(32, "big")
    assert cap in record
    edit(daemon, ("UPDATE agents SET record = ? WHERE id = ?", (record.replace(cap, more), agent.id)))
    status, _, problem = agent.trade({"type": "split", "conditionId": market.condition, "amount": "101"})
    assert status not in (200, 202), problem
    assert market.position(agent.address) == 0


def test_a_trade_whose_rows_are_deleted_is_not_made_again(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon)
    market.fund(agent.address)
    body, key = {"type": "split", "conditionId": market.condition, "amount": "3"}, secrets.token_hex(8)
    status, _, done = agent.trade(body, Idempotency_Key=key)
    assert status == 200, done
    assert agent.trade(body)[0] == 200
    edit(daemon, ("DELETE FROM steps WHERE trade_id = ?", (done["tradeId"],)),
         ("DELETE FROM trades WHERE id = ?", (done["tradeId"],)))
    status, _, problem = agent.trade(body, Idempotency_Key=key)
    assert status == 409 and problem["rule"] == "trade-repeated", problem
    daemon.kill("selfsame-gateway")  # a new one knows nothing but the rows
    for _ in range(100):
        try:
            status, _, problem = agent.trade(body, Idempotency_Key=key)
            break
        except OSError:
            time.sleep(0.1)
    assert status == 409, problem
    assert market.position(agent.address) == 6_000_000


def test_a_rewritten_receipt_adds_nothing_to_an_answer(daemon, market):
    agent = register(daemon)
    market.fund(agent.address)
    status, _, done = agent.trade({"type": "split", "conditionId": market.condition, "amount": "1"})
    assert status == 200 and done["receipt"]["action"] == "trade", done
    for text in ('{},"status":"failed","x":{}', "[1]", "", '{"a":1}}'):
        edit(daemon, ("UPDATE trades SET receipt = ? WHERE id = ?", (text, done["tradeId"])))
        status, _, now = agent.get(f"/trades/{done['tradeId']}")
        assert status == 200 and now["receipt"] is None and now["status"] == done["status"] and "x" not in now, now
        assert agent.get(f"/agents/{agent.id}/trades")[2]["trades"][0]["receipt"] is None


def test_a_trade_that_could_not_be_stored_is_made_and_charged_once(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    policy = {"tokens": [{"token": "USDC", "perTransaction": "10", "perDay": "10"}]}
    agent = register(daemon, policy=policy)
    market.fund(agent.address)
    body, key = {"type": "split", "conditionId": market.condition, "amount": "10"}, secrets.token_hex(8)
    assert agent.get(f"/agents/{agent.id}")[0] == 200
    base = sqlite3.connect(database(daemon), isolation_level=None)
    base.execute("BEGIN IMMEDIATE")  # nobody else writes
    status, _, problem = agent.trade(body, Idempotency_Key=key)
    assert status == 503 and problem["type"].endswith("database-unavailable"), problem
    base.execute("ROLLBACK")
    base.close()
    status, _, done = agent.trade(body, Idempotency_Key=key)
    assert status == 200, done
    assert agent.trade(body, Idempotency_Key=key)[2]["tradeId"] == done["tradeId"]
    assert done["receipt"]["idempotencyHash"].startswith("0x")
    assert market.position(agent.address) == 10_000_000


def test_splits_raced_round_the_daily_cap_stay_below_it(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    policy = {"tokens": [{"token": "USDC", "perTransaction": "10", "perDay": "35"}]}
    agent = register(daemon, policy=policy)
    market.fund(agent.address, usdc=200)
    body = {"type": "split", "conditionId": market.condition, "amount": "10"}
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: agent.trade(body), range(12)))
    done = [a for a in answers if a[0] == 200]
    refused = [a for a in answers if a[0] == 403]
    assert len(done) == 3 and len(refused) == 9, [a[0] for a in answers]
    assert {a[2]["rule"] for a in refused} == {"token-per-day"}
    assert market.position(agent.address) == 30_000_000


def test_permits_approvals_and_transfers_raced_round_the_cap_share_it(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    spender = Web3.to_checksum_address("0x" + secrets.token_hex(20))
    kind = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    domain = {"name": "USD Coin", "version": "1", "chainId": 31337, "verifyingContract": market.usdc.address}
    policy = {"actions": ["approve", "transfer", "split", "sign-typed-data"], "spenders": [spender], "recipients": [spender],
              "typedData": [{"chainId": 31337, "verifyingContract": market.usdc.address, "type": kind}],
              "tokens": [{"token": "USDC", "perTransaction": "10", "perDay": "35"}]}
    agent = register(daemon, policy=policy)
    market.fund(agent.address, usdc=200)

    def permit(number):
        members = [m.split() for m in kind[7:-1].split(",")]
        return agent.post(f"/agents/{agent.id}/sign", {"typedData": {
            "types": {"EIP712Domain": [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
                                       {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"}],
                      "Permit": [{"type": t, "name": n} for t, n in members]},
            "primaryType": "Permit", "domain": domain,
            "message": {"owner": agent.address, "spender": spender, "value": str(10 * 10**6), "nonce": str(number),
                        "deadline": str(2**40)}}})

    def one(number):
        if number % 3 == 0:
            return permit(number)
        if number % 3 == 1:
            return agent.trade({"type": "approve", "token": "USDC", "spender": spender, "amount": "10"})
        return agent.trade({"type": "transfer", "token": "USDC", "to": spender, "amount": "10"})

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(one, range(12)))
    assert sorted(a[0] for a in answers) == [200] * 3 + [403] * 9, answers
    assert {a[2]["rule"] for a in answers if a[0] == 403} == {"token-per-day"}
    assert permit(99)[0] == 403


def test_an_approval_to_a_stranger_is_refused_and_to_a_spender_charged_in_full(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    spender = Web3.to_checksum_address("0x" + secrets.token_hex(20))
    policy = {"spenders": [spender], "tokens": [{"token": "USDC", "perTransaction": "20", "perDay": "50"}]}
    agent = register(daemon, policy=policy)
    market.fund(agent.address)
    approve = lambda to, amount: agent.trade({"type": "approve", "token": "USDC", "spender": to, "amount": amount})
    assert approve(market.payer, "1")[2]["rule"] == "spender"
    assert approve(spender, "20")[0] == 200
    assert approve(spender, "20")[0] == 200
    status, _, problem = approve(spender, "20")
    assert status == 403 and problem["rule"] == "token-per-day", problem
    # likewise to the ConditionalTokens contract, where no split of the same trade is charged for it
    assert approve(market.ctf.address, "10")[0] == 200
    status, _, problem = approve(market.ctf.address, "1")
    assert status == 403 and problem["rule"] == "token-per-day", problem


def test_a_restart_earns_nothing_and_forgets_nothing_that_was_stored(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    policy = {"tokens": [{"token": "USDC", "perTransaction": "10", "perDay": "10"}]}
    agent = register(daemon, policy=policy)
    market.fund(agent.address)
    body = {"type": "split", "conditionId": market.condition, "amount": "10"}
    assert agent.trade(body)[0] == 200
    agent.daemon = restart(start, daemon)
    status, _, problem = agent.trade(body)
    assert status == 403 and problem["rule"] == "token-per-day", problem


CAP = {"tokens": [{"token": "USDC", "perTransaction": "10", "perDay": "10"}]}


def test_the_clock_set_forward_fills_no_cap(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon, policy=CAP)
    market.fund(agent.address)
    body = {"type": "split", "conditionId": market.condition, "amount": "10"}
    assert agent.trade(body)[0] == 200
    processes = [daemon.pid, *daemon.children().values()]
    try:
        for pid in processes:
            clocks.set_forward(pid, clocks.REALTIME, 30 * 86400)
    except clocks.NotPermitted as error:
        pytest.skip(f"another process's memory cannot be written here: {error}")
    attested = daemon.request("GET", f"/attestation?nonce={secrets.token_hex(16)}")[2]["statement"]
    assert attested["timeUnverified"] > time.time() + 29 * 86400  # it was set
    status, _, problem = agent.trade(body)
    assert status == 403 and problem["rule"] == "token-per-day", problem
    assert float(agent.get(f"/agents/{agent.id}")[2]["caps"]["tokens"][0]["available"]) < 0.1
    # what this would find: a signer that goes by a clock that can be set
    clocks.set_forward(daemon.children()["selfsame-signer"], clocks.MONOTONIC, 2 * 86400)
    assert agent.trade(body)[0] == 200


def test_a_restart_on_a_host_with_later_clocks_fills_no_cap(start, market):
    under = ("unshare", "--time", "--monotonic", "864000", "--boottime", "864000")
    if subprocess.run([*under, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("a time namespace is not permitted here")
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon, policy=CAP)
    market.fund(agent.address)
    body = {"type": "split", "conditionId": market.condition, "amount": "10"}
    assert agent.trade(body)[0] == 200
    agent.daemon = restart(start, daemon, under=under)
    offsets = localchain.pathlib.Path(f"/proc/{agent.daemon.children()['selfsame-signer']}/timens_offsets").read_text()
    assert "864000" in offsets, offsets
    status, _, problem = agent.trade(body)
    assert status == 403 and problem["rule"] == "token-per-day", problem


def test_development_is_refused_on_a_public_chain(market):
    for more, says in (({"SELFSAME_CHAIN_ID": "137"}, "SELFSAME_LOCAL_FORK"),
                       ({"SELFSAME_CHAIN_ID": "137", "SELFSAME_LOCAL_FORK": "1", "CHAINSTACK_NODE": "https://rpc.example.org"},
                        "CHAINSTACK_NODE")):
        try:
            localchain.Daemon(market.settings(**more)).stop()
        except localchain.StartError as error:
            assert says in str(error) or "public" in str(error)
        else:
            raise AssertionError("it started")


def test_without_dev_there_is_no_simulated_tee(market):
    try:
        localchain.Daemon(market.settings(MNEMONIC=localchain.DEV_PHRASE), arguments=()).stop()
    except localchain.StartError as error:
        assert "--dev" in str(error)
    else:
        raise AssertionError("it started")
