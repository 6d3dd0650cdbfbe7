"""kill -9 of any process at random moments while eight clients trade: each accepted trade is on chain exactly once."""

import os
import random
import secrets
import threading
import time
import urllib.error

import localchain
from conftest import register

KILLS = int(os.environ.get("CRASH_KILLS", "40"))
CLIENTS = 8
TARGETS = ("selfsame-gateway", "selfsame-signer", "selfsame-attester", "selfsamed")


class Keeper:
    """Starts the daemon again whenever it ended, on the same port and database."""

    def __init__(self, start, settings):
        self.start, self.settings = start, settings
        self.lock = threading.Lock()
        self.starts = 0
        self.daemon = self.begin()

    def begin(self):
        for _ in range(20):
            try:
                daemon = self.start(**self.settings)
                self.settings["SELFSAME_LISTEN"] = f"127.0.0.1:{daemon.port}"
                self.settings["DATABASE_URL"] = daemon.settings["DATABASE_URL"]
                self.starts += 1
                return daemon
            except localchain.StartError as error:
                last = error
                time.sleep(0.1)
        raise last

    def ensure(self):
        with self.lock:
            if not self.daemon.alive():
                self.daemon.stop()
                self.daemon = self.begin()

    def request(self, *arguments, **more):
        return localchain.http_request(arguments[0], f"http://127.0.0.1:{self.daemon.port}{arguments[1]}", *arguments[2:], **more)


def until(keeper, deadline, *request):
    """Repeat a request, as a client with an idempotency key may, until it is answered."""
    while time.monotonic() < deadline:
        try:
            status, _, answer = keeper.request(*request, timeout=30)
            if status in (200, 201, 202):
                return answer
            if status not in (409, 429, 500, 502, 503):
                raise AssertionError((status, answer))
        except (urllib.error.URLError, OSError, ValueError):
            pass
        time.sleep(0.05)
    raise AssertionError("no answer in time")


def test_every_accepted_trade_is_on_chain_exactly_once(start, market):
    seed = int(os.environ.get("CRASH_SEED", secrets.randbits(32)))
    rng = random.Random(seed)
    policy = {"tokens": [{"token": "USDC", "perTransaction": "10", "perDay": "100000"}],
              "native": {"perTransaction": "5", "perDay": "100000"}}
    keeper = Keeper(start, {"SELFSAME_DERIVATION": "bound", "SELFSAME_BUMP_SECONDS": "3"})
    agents = [register(keeper.daemon, policy=policy) for _ in range(CLIENTS)]
    for agent in agents:
        market.fund(agent.address, ether=20, usdc=5000)
    before = {a.id: market.position(a.address) for a in agents}
    accepted = {a.id: {} for a in agents}
    stop = threading.Event()
    failures = []
    deadline = time.monotonic() + 600 + 3 * KILLS

    def client(agent, random_of_client):
        try:
            while not stop.is_set():
                key = secrets.token_hex(12)
                body = {"type": "split", "conditionId": market.condition, "amount": "1"}
                headers = {"x-api-key": agent.key, "Idempotency-Key": key}
                if random_of_client.random() < 0.5:
                    headers["Prefer"] = "respond-async"
                answer = until(keeper, deadline, "POST", "/trade", body, headers)
                accepted[agent.id][answer["tradeId"]] = key
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    threads = [threading.Thread(target=client, args=(a, random.Random(rng.random()))) for a in agents]
    for thread in threads:
        thread.start()
    killed = dict.fromkeys(TARGETS, 0)
    while sum(killed.values()) < KILLS:
        assert time.monotonic() < deadline, killed
        time.sleep(rng.uniform(0.02, 0.4))
        target = rng.choices(TARGETS, (5, 2, 1, 2))[0]
        try:
            if target == "selfsamed":
                os.kill(keeper.daemon.pid, 9)
            else:
                keeper.daemon.kill(target)
            killed[target] += 1
        except (KeyError, ProcessLookupError):
            pass  # it is being started again
        time.sleep(0.05)
        keeper.ensure()
    stop.set()
    for thread in threads:
        while thread.is_alive():
            keeper.ensure()
            thread.join(0.2)
    assert not failures, failures[:3]

    done = 0
    for agent in agents:
        for trade_id in accepted[agent.id]:
            while True:
                keeper.ensure()
                answer = until(keeper, deadline, "GET", f"/trades/{trade_id}", None, {"x-api-key": agent.key})
                if answer["status"] in ("mined", "final"):
                    break
                assert answer["status"] in ("signed", "pending", "stuck"), answer
                time.sleep(0.05)
            done += 1
    total, steps = 0, 0
    for agent in agents:
        listed, cursor = [], ""
        while True:
            page = until(keeper, deadline, "GET", f"/agents/{agent.id}/trades?limit=100{cursor}", None, {"x-api-key": agent.key})
            listed += page["trades"]
            if not page.get("nextCursor"):
                break
            cursor = f"&cursor={page['nextCursor']}"
        # a trade that was committed and whose answer was lost stands in the journal as well
        assert set(accepted[agent.id]) <= {t["tradeId"] for t in listed}
        waiting = [t for t in listed if t["status"] not in ("mined", "final")]
        while waiting:
            keeper.ensure()
            waiting = [t for t in waiting if until(keeper, deadline, "GET", f"/trades/{t['tradeId']}", None,
                                                   {"x-api-key": agent.key})["status"] not in ("mined", "final")]
            time.sleep(0.05)
        nonces = sorted(step["nonce"] for t in listed for step in t["steps"])
        assert nonces == list(range(len(nonces))), "nonces are gapless and used once"
        assert market.web3.eth.get_transaction_count(agent.address) == len(nonces)
        assert market.position(agent.address) - before[agent.id] == len(listed) * 1_000_000
        assert market.usdc.functions.balanceOf(agent.address).call() == 5_000_000_000 - len(listed) * 1_000_000
        total += len(listed)
        steps += len(nonces)
    print(f"\ncounts: seed {seed}, kills {killed}, daemon starts {keeper.starts}, accepted trades {done},"
          f" journalled trades {total}, transactions {steps}: each on chain once")
    assert done >= CLIENTS
    # nothing of it looked like a lie or a changed row
    journal = keeper.request("GET", "/health")[2]["journal"]
    assert journal["reopenedSteps"] == journal["unreadableSteps"] == journal["stoppedWallets"] == 0, journal
