"""An RPC node that lies: about the chain, the nonce, the fees. In front of the real chain, answering wrong."""

import http.server
import json
import secrets
import threading
import time

import localchain
import pytest
from conftest import register


class Liar:
    """A proxy to the real node; lies maps a method to a function of (params, the true answer)."""

    def __init__(self, url):
        self.target = url
        self.lies = {}
        self.sent = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = {"jsonrpc": "2.0", "id": body["id"], **outer.answer(body["method"], body["params"])}
                data = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, params):
        if method == "eth_sendRawTransaction":
            self.sent.append(params[0])
        try:
            true = localchain.json_rpc(self.target, method, *params)
        except RuntimeError as error:
            return {"error": {"code": -32000, "message": str(error)}}
        lie = self.lies.get(method)
        return {"result": lie(params, true)} if lie else {"result": true}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def liar(market):
    one = Liar(market.url)
    yield one
    one.close()


def body(market, amount="1"):
    return {"type": "split", "conditionId": market.condition, "amount": amount}


def test_another_chain_id_is_never_used(start, market, liar):
    liar.lies["eth_chainId"] = lambda params, true: "0x89"
    daemon = start(SELFSAME_DERIVATION="bound", CHAINSTACK_NODE=liar.url)
    agent = register(daemon)
    market.fund(agent.address)
    status, _, problem = agent.trade(body(market))
    assert status in (502, 503), problem
    assert liar.sent == []
    assert "chain" in json.dumps(daemon.request("GET", "/health")[2]).lower()


def test_fees_that_the_node_invents_stop_at_the_policys_ceiling(start, market, liar):
    huge = hex(10**15)

    def history(_params, true):
        return {**true, "baseFeePerGas": [huge] * len(true["baseFeePerGas"]),
                "reward": [[huge] * len(row) for row in true.get("reward") or []]}

    liar.lies.update({"eth_feeHistory": history, "eth_gasPrice": lambda p, t: huge,
                      "eth_maxPriorityFeePerGas": lambda p, t: huge})
    daemon = start(SELFSAME_DERIVATION="bound", CHAINSTACK_NODE=liar.url)
    agent = register(daemon)
    market.fund(agent.address)
    status, _, problem = agent.trade(body(market))
    assert status == 403 and problem["rule"] == "fee-ceiling", problem
    assert liar.sent == []


def test_a_low_nonce_later_is_ignored_and_a_high_one_stops_the_wallet(start, market, liar):
    daemon = start(SELFSAME_DERIVATION="bound", CHAINSTACK_NODE=liar.url)
    agent = register(daemon)
    market.fund(agent.address)
    assert agent.trade(body(market))[0] == 200
    liar.lies["eth_getTransactionCount"] = lambda params, true: "0x0"
    status, _, done = agent.trade(body(market))
    assert status == 200 and [s["nonce"] for s in done["steps"]] in ([2, 3], [2]), done
    # somebody else has used the key, or the node says so: this wallet stops, with a clear state
    liar.lies["eth_getTransactionCount"] = lambda params, true: "0x63" if agent.address.lower() in params[0].lower() else true
    for _ in range(100):
        agent.trade(body(market), Prefer="respond-async")
        status, _, problem = agent.trade(body(market), Prefer="respond-async")
        if status not in (200, 202):
            break
        time.sleep(0.1)
    assert status in (409, 503) and "nonce" in json.dumps(problem), problem
    other = register(daemon)
    market.fund(other.address)
    assert other.trade(body(market))[0] == 200, "other wallets go on"


def test_a_first_nonce_that_is_a_lie_steals_nothing(start, market, liar):
    liar.lies["eth_getTransactionCount"] = lambda params, true: "0x5"
    daemon = start(SELFSAME_DERIVATION="bound", CHAINSTACK_NODE=liar.url)
    agent = register(daemon)
    market.fund(agent.address)
    status, _, done = agent.trade(body(market), Prefer="respond-async")
    assert status in (200, 202, 409, 503), done
    assert market.position(agent.address) == 0


def test_the_next_url_is_used_when_one_fails(start, market):
    dead = "http://127.0.0.1:9"
    daemon = start(SELFSAME_DERIVATION="bound", CHAINSTACK_NODE=f"{dead},{market.url}")
    agent = register(daemon, f"failover-{secrets.token_hex(4)}")
    market.fund(agent.address)
    assert agent.trade(body(market))[0] == 200


def test_tokens_decimals_are_settings_and_not_what_the_node_says(start, market, liar):
    def call(params, true):
        return "0x" + "00" * 31 + "12" if params[0].get("data", params[0].get("input", "")).startswith("0x313ce567") else true

    liar.lies["eth_call"] = call
    daemon = start(SELFSAME_DERIVATION="bound", CHAINSTACK_NODE=liar.url)
    agent = register(daemon)
    market.fund(agent.address)
    assert agent.trade(body(market, "2"))[0] == 200
    assert market.position(agent.address) == 2_000_000
