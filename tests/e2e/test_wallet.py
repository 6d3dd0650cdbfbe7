"""The main job: register, trade on the real contracts, read back."""

import concurrent.futures
import json
import re
import secrets
import time

import pytest
from conftest import register
from web3 import Web3


def split(market, amount="10"):
    return {"type": "split", "conditionId": market.condition, "amount": amount}


def test_register_answers_key_address_path_policy_and_receipt(daemon):
    agent = register(daemon)
    assert agent.key.startswith("ssk_") and len(agent.key) == 68
    assert Web3.is_checksum_address(agent.address)
    assert agent.answer["path"].startswith("m/44'/60'/")
    assert agent.answer["policy"]["tokens"][0]["perTransaction"] == "100"
    assert agent.answer["receipt"]["address"] == agent.address


def test_a_taken_name_is_refused(daemon):
    agent = register(daemon)
    status, _, problem = daemon.request("POST", "/register", {"agentId": agent.id})
    assert status == 409 and problem["type"].startswith("urn:selfsame:problem:")


def test_sixty_four_registrations_at_once_get_distinct_indices_and_addresses(start):
    daemon = start(SELFSAME_DERIVATION="indexed")
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        agents = list(pool.map(lambda i: register(daemon, f"c{i}"), range(64)))
    assert len({a.address for a in agents}) == 64
    assert len({a.answer["path"] for a in agents}) == 64


def test_one_name_sixteen_times_at_once_is_given_once(daemon):
    name = f"race-{secrets.token_hex(4)}"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: daemon.request("POST", "/register", {"agentId": name})[0], range(16)))
    assert sorted(answers) == [201] + [409] * 15


def test_registering_again_with_the_idempotency_key_gives_the_same_answer_until_first_use(daemon):
    key = secrets.token_hex(16)
    body = {"agentId": f"again-{secrets.token_hex(4)}"}
    first = daemon.request("POST", "/register", body, {"Idempotency-Key": key})
    second = daemon.request("POST", "/register", body, {"Idempotency-Key": key})
    assert first[0] == second[0] == 201
    assert first[2]["apiKey"] == second[2]["apiKey"] and first[2]["address"] == second[2]["address"]
    other = daemon.request("POST", "/register", {**body, "owner": "0x" + "11" * 20}, {"Idempotency-Key": key})
    assert other[0] in (409, 422)
    headers = {"x-api-key": first[2]["apiKey"]}
    assert daemon.request("GET", f"/agents/{body['agentId']}", headers=headers)[0] == 200
    late = daemon.request("POST", "/register", body, {"Idempotency-Key": key})
    assert late[0] == 409 and "apiKey" not in late[2]


def test_a_weak_idempotency_key_is_refused_for_registration(daemon):
    for weak in ("short", "a" * 40, secrets.token_hex(8)):
        status, _, problem = daemon.request("POST", "/register", {"agentId": "weak"}, {"Idempotency-Key": weak})
        assert status == 400, problem


def test_split_merge_and_balances_add_up(agent, market):
    status, _, done = agent.trade(split(market))
    assert status == 200, done
    assert done["status"] in ("mined", "final") and done["tx"].startswith("0x")
    assert [s["kind"] for s in done["steps"]] == ["approve", "split"]
    assert [s["nonce"] for s in done["steps"]] == [0, 1]
    assert market.position(agent.address, 1) == market.position(agent.address, 2) == 10_000_000
    # exact allowance: nothing is left of it
    assert market.usdc.functions.allowance(agent.address, market.ctf.address).call() == 0
    status, _, done = agent.trade({"type": "merge", "conditionId": market.condition, "amount": "4"})
    assert status == 200, done
    assert market.position(agent.address, 1) == 6_000_000
    status, _, balances = agent.get(f"/agents/{agent.id}/balances")
    assert status == 200
    assert balances["tokens"][0]["amount"] == "94"
    wei = market.web3.eth.get_balance(agent.address)
    assert balances["native"]["wei"] == str(wei)


def test_transfers_go_to_the_owner_only(daemon, market):
    owner = Web3.to_checksum_address("0x" + secrets.token_hex(20))
    agent = register(daemon, owner=owner)
    market.fund(agent.address)
    status, _, done = agent.trade({"type": "transfer", "token": "USDC", "to": owner, "amount": "2.5"})
    assert status == 200, done
    assert market.usdc.functions.balanceOf(owner).call() == 2_500_000
    status, _, done = agent.trade({"type": "transfer", "to": owner, "amount": "0.001"})
    assert status == 200, done
    assert market.web3.eth.get_balance(owner) == 10**15
    for body in ({"type": "transfer", "token": "USDC", "to": market.payer, "amount": "1"},
                 {"type": "transfer", "to": market.payer, "amount": "0.001"}):
        status, _, problem = agent.trade(body)
        assert status == 403 and problem["rule"] == "recipient", problem


def test_an_idempotency_key_trades_once_and_refuses_another_body(agent, market):
    key = secrets.token_hex(8)
    first = agent.trade(split(market, "3"), Idempotency_Key=key)
    again = agent.trade(split(market, "3"), Idempotency_Key=key)
    assert first[0] == again[0] == 200
    assert first[2]["tradeId"] == again[2]["tradeId"] and first[2]["tx"] == again[2]["tx"]
    other = agent.trade(split(market, "4"), Idempotency_Key=key)
    assert other[0] in (409, 422)
    assert market.position(agent.address) == 3_000_000


def test_eight_trades_at_once_of_one_wallet_have_gapless_nonces(agent, market):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: agent.trade(split(market, "1")), range(8)))
    assert all(status == 200 for status, _, _ in answers), answers
    nonces = sorted(step["nonce"] for _, _, done in answers for step in done["steps"])
    assert nonces == list(range(len(nonces)))
    assert market.position(agent.address) == 8_000_000
    assert market.web3.eth.get_transaction_count(agent.address) == len(nonces)


def test_respond_async_answers_at_once_and_the_trade_can_be_followed(agent, market):
    status, headers, done = agent.trade(split(market, "1"), Prefer="respond-async")
    assert status == 202 and headers["Location"] == f"/trades/{done['tradeId']}"
    for _ in range(600):
        status, _, now = agent.get(f"/trades/{done['tradeId']}")
        assert status == 200
        if now["status"] in ("mined", "final"):
            break
        time.sleep(0.05)
    assert now["status"] in ("mined", "final")


def test_a_revert_is_told_with_its_reason(agent, market):
    status, _, done = agent.trade({"type": "merge", "conditionId": market.condition, "amount": "50"})
    assert status == 200, done
    assert done["status"] in ("reverted", "failed")
    assert done["steps"][0]["error"]


def test_pages_of_trades_follow_the_cursor(agent, market):
    made = [agent.trade(split(market, "1"))[2]["tradeId"] for _ in range(5)]
    seen, cursor = [], ""
    while True:
        status, _, page = agent.get(f"/agents/{agent.id}/trades?limit=2{cursor}")
        assert status == 200
        seen += [t["tradeId"] for t in page["trades"]]
        if not page.get("nextCursor"):
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == made[::-1]


def test_redeem_after_resolution(start, market):
    chain, deployed = market.chain, market.deployed
    oracle = market.web3.eth.accounts[9]
    question = secrets.token_bytes(32)
    wait = market.web3.eth.wait_for_transaction_receipt
    wait(market.ctf.functions.prepareCondition(oracle, question, 2).transact({"from": oracle}))
    condition = market.ctf.functions.getConditionId(oracle, question, 2).call()
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon)
    market.fund(agent.address)
    body = {"type": "split", "conditionId": "0x" + condition.hex(), "amount": "7"}
    assert agent.trade(body)[0] == 200
    wait(market.ctf.functions.reportPayouts(question, [1, 0]).transact({"from": oracle}))
    status, _, done = agent.trade({"type": "redeem", "conditionId": "0x" + condition.hex()})
    assert status == 200 and done["status"] in ("mined", "final"), done
    assert market.usdc.functions.balanceOf(agent.address).call() == 100_000_000
    assert chain.alive() and deployed


def test_rotation_ends_the_old_key(agent):
    status, _, answer = agent.post(f"/agents/{agent.id}/rotate-key", {})
    assert status == 200, answer
    assert agent.get(f"/agents/{agent.id}")[0] == 401
    agent.key = answer["apiKey"]
    assert agent.get(f"/agents/{agent.id}")[0] == 200


def test_a_rotation_whose_answer_was_lost_is_repeated_until_the_new_key_is_used(agent):
    path, old = f"/agents/{agent.id}/rotate-key", agent.headers()
    named = {**old, "Idempotency-Key": secrets.token_hex(16)}
    assert agent.get(f"/agents/{agent.id}")[0] == 200
    first, again = (agent.daemon.request("POST", path, {}, named) for _ in range(2))
    assert first[0] == again[0] == 200, again
    assert first[2] == again[2] and first[2]["keyVersion"] == 2
    # the old key alone, or with another secret or body, is no key any more
    for body, headers in (({}, old), ({}, {**old, "Idempotency-Key": secrets.token_hex(16)}), (b"", named)):
        status, _, problem = agent.daemon.request("POST", path, body, headers)
        assert status == 401 and "apiKey" not in problem, problem
    assert agent.daemon.request("GET", f"/agents/{agent.id}", headers=named)[0] == 401
    agent.key = first[2]["apiKey"]
    assert agent.get(f"/agents/{agent.id}")[0] == 200
    status, _, problem = agent.daemon.request("POST", path, {}, named)
    assert status == 409 and problem["type"].endswith(":used") and "apiKey" not in problem, problem


def test_a_rotation_is_repeated_across_a_crash_of_the_gateway(start):
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon)
    path, named = f"/agents/{agent.id}/rotate-key", {**agent.headers(), "Idempotency-Key": secrets.token_hex(16)}
    status, _, first = daemon.request("POST", path, {}, named)
    assert status == 200, first
    daemon.kill("selfsame-gateway")
    for _ in range(100):
        try:
            status, _, again = daemon.request("POST", path, {}, named)
            break
        except OSError:
            time.sleep(0.1)
    assert status == 200 and again["apiKey"] == first["apiKey"], again


@pytest.mark.parametrize("weak", ["short", "a" * 40, "0123456789"])
def test_a_weak_idempotency_key_is_refused_for_a_rotation(agent, weak):
    status, _, problem = agent.post(f"/agents/{agent.id}/rotate-key", {}, Idempotency_Key=weak)
    assert status == 400 and problem["field"] == "idempotency-key", problem
    assert agent.get(f"/agents/{agent.id}")[2]["keyVersion"] == 1


def test_caps_tell_what_is_left_and_when_enough_is(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon, policy={"tokens": [{"token": "USDC", "perTransaction": "30", "perDay": "50"}]})
    market.fund(agent.address)
    caps = agent.get(f"/agents/{agent.id}")[2]["caps"]
    assert caps["windowSeconds"] == 86400
    assert caps["native"] == {"perDay": "5", "available": "5", "fullInSeconds": 0}
    assert caps["tokens"] == [{"token": "USDC", "perDay": "50", "available": "50", "fullInSeconds": 0}]
    assert agent.trade(split(market, "30"))[0] == 200
    caps = agent.get(f"/agents/{agent.id}")[2]["caps"]
    assert 20 <= float(caps["tokens"][0]["available"]) < 20.1
    assert 51600 < caps["tokens"][0]["fullInSeconds"] <= 51840
    assert float(caps["native"]["available"]) < 5 and caps["native"]["fullInSeconds"] > 0
    status, _, problem = agent.trade(split(market, "25"))
    assert status == 403 and problem["rule"] == "token-per-day", problem
    left, hours = re.search(r"; ([0-9.]+) USDC are left now, and enough is there in (\d) h \d+ min$", problem["detail"]).groups()
    assert 20 <= float(left) < 20.1 and hours == "2", problem
    status, _, problem = agent.trade(split(market, "31"))
    assert status == 403 and problem["detail"].endswith("; the cap is 30 USDC"), problem


def test_an_agent_sees_only_its_own(daemon, agent, market):
    other = register(daemon)
    made = agent.trade(split(market, "1"))[2]["tradeId"]
    assert other.get(f"/agents/{agent.id}")[0] in (401, 403)
    assert other.get(f"/trades/{made}")[0] in (401, 403, 404)
    assert daemon.request("GET", f"/agents/{agent.id}")[0] == 401


def test_balances_fail_loudly_when_the_node_does(start, market):
    import localchain
    chain = localchain.Anvil()
    deployed = localchain.deploy(chain.url)
    daemon = start(CHAINSTACK_NODE=chain.url, **localchain.market_settings(deployed))
    agent = register(daemon)
    chain.stop()
    status, _, problem = agent.get(f"/agents/{agent.id}/balances")
    assert status in (502, 503) and "native" not in problem
    assert daemon.request("GET", "/health", timeout=5)[0] == 200


def test_an_unknown_or_duplicate_field_is_named(agent, market):
    status, _, problem = agent.trade({**split(market), "ammount": "1"})
    assert status == 400 and problem["field"] == "ammount"
    body = f'{{"type":"split","conditionId":"{market.condition}","amount":"1","amount":"2"}}'.encode()
    status, _, problem = agent.trade(body)
    assert status == 400 and "amount" in json.dumps(problem)


def test_rotating_the_key_while_trading_locks_nobody_out(agent, market):
    """Records of trades and of rotations meet in the database; the newest key is the one that counts."""
    stop = []

    def trade(_):
        while not stop:
            agent.trade(split(market, "0.01"), Prefer="respond-async")

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        traders = [pool.submit(trade, i) for i in range(4)]
        rotated = 0
        while rotated < 8:
            status, _, answer = agent.post(f"/agents/{agent.id}/rotate-key", {})
            assert status in (200, 409), answer
            if status == 200:
                agent.key = answer["apiKey"]
                rotated += 1
        stop.append(1)
        for one in traders:
            one.result()
    status, _, now = agent.get(f"/agents/{agent.id}")
    assert status == 200 and now["keyVersion"] == 9, now
    assert agent.trade(split(market, "1"))[0] == 200
