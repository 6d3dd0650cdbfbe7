"""The HTTP server refuses what is malformed, and keeps its promises to those who are slow, many or gone."""

import hashlib
import json
import os
import re
import select
import signal
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from conftest import ROOT, register

CASES = ROOT / "tests/conformance/http_cases.txt"


def unescape(text, number=0):
    text = text.replace("#", str(number)) if number is not None else text
    out = bytearray()
    at = 0
    while at < len(text):
        if text[at] == "\\" and text[at + 1] == "x":
            out.append(int(text[at + 2:at + 4], 16))
            at += 4
        elif text[at] == "\\":
            out.append({"r": 13, "n": 10, "t": 9, "0": 0}[text[at + 1]])
            at += 2
        else:
            out.append(ord(text[at]))
            at += 1
    return bytes(out)


def expand(text):
    out = b""
    for part in re.split(r"(\{[^}]*\})", text):
        if part in ("{G}", "{P}"):
            out += {"{G}": b"GET", "{P}": b"POST"}[part] + b" / HTTP/1.1\r\nHost: a\r\n"
        elif part.startswith("{REPEAT "):
            count, again = part[8:-1].split(" ", 1)
            out += b"".join(unescape(again, i) for i in range(int(count)))
        else:
            out += unescape(part, None)
    return out


def cases():
    for line in CASES.read_text().splitlines():
        if line and not line.startswith("#"):
            name, want, data = line.split(" | ", 2)
            yield pytest.param(want.split(), expand(data), id=name)


class Wire:
    def __init__(self, daemon, tls=None):
        self.socket = socket.create_connection(("127.0.0.1", daemon.port))
        if tls:
            self.socket = tls.wrap_socket(self.socket)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused in the middle: the answer tells

    def read(self, answers=1, quiet=0.3, total=30):
        """What comes until the end, or, when so many answers have begun, until nothing came for so long."""
        data, end = b"", time.monotonic() + total
        while (left := end - time.monotonic()) > 0:
            complete = len([s for s in statuses(data) if s != "100"]) >= answers
            if not select.select([self.socket], [], [], min(quiet, left) if complete else left)[0]:
                return data, False
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return data, True
            if not more:
                return data, True
            data += more
        return data, False

    def close(self):
        self.socket.close()


def statuses(data):
    return [m.decode() for m in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def body_of(data):
    return json.loads(data.split(b"\r\n\r\n", 1)[1])


@pytest.mark.parametrize("want,data", list(cases()))
def test_every_conformance_case(daemon, want, data):
    """GET / becomes /health, POST / becomes /register: a good one is answered by its route, a malformed one never gets there."""
    data = data.replace(b"GET / ", b"GET /health ").replace(b"HEAD / ", b"HEAD /health ")
    data = data.replace(b"POST / HTTP/1.1\r\n", b"POST /register HTTP/1.1\r\nContent-Type: application/json\r\n")
    closes = "close" in want
    want = [w for w in want if w not in ("close", "100")]
    wire = Wire(daemon)
    wire.send(data)
    routes = re.findall(rb"(GET /health|HEAD /health|POST /register|GET /a)", data)
    answer, closed = wire.read(len(routes) if want[0] == "200" else len(want), quiet=20 if closes else 0.3)
    wire.close()
    got = [s for s in statuses(answer) if s != "100"]
    if want[0] != "200":
        assert got == want and closed
        problem = body_of(answer)
        assert b"application/problem+json" in answer and problem["status"] == int(want[0])
        assert problem["type"].startswith("urn:selfsame:problem:") and problem["detail"]
        return
    # abc is no JSON, and /aaaa... no route
    assert got == [{b"POST /register": "400", b"GET /a": "404"}.get(route, "200") for route in routes]
    assert closed == closes


def test_bytes_may_come_one_by_one(daemon):
    wire = Wire(daemon)
    for byte in b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":
        wire.send(bytes([byte]))
    answer, closed = wire.read(quiet=20)
    assert statuses(answer) == ["200"] and closed
    wire.close()


def test_pipelined_requests_are_answered_in_order(daemon):
    wire = Wire(daemon)
    wire.send(b"".join(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % p for p in (b"/health", b"/nothing", b"/openapi.yaml", b"/metrics")))
    answer, _ = wire.read(answers=4)
    assert statuses(answer) == ["200", "404", "200", "200"]
    wire.close()


def test_a_method_that_the_route_does_not_take(daemon):
    for path, allow in (("/health", "GET, HEAD"), ("/register", "POST"), ("/agents/a/policy", "PATCH")):
        status, headers, problem = daemon.request("DELETE", path)
        assert status == 405 and headers["Allow"] == allow and problem["type"].endswith(":method-not-allowed")


def test_head_answers_as_get_without_a_body(daemon):
    wire = Wire(daemon)
    wire.send(b"HEAD /openapi.yaml HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    answer, _ = wire.read(quiet=20)
    size = int(re.search(rb"Content-Length: (\d+)", answer)[1])
    assert size == len((ROOT / "docs/openapi.yaml").read_bytes()) and answer.endswith(b"\r\n\r\n")
    wire.close()


def test_a_body_must_be_json_and_short_enough(daemon):
    for kind in ("text/plain", "application/jsonx", "application/x-www-form-urlencoded"):
        status, _, problem = daemon.request("POST", "/register", b"{}", {"Content-Type": kind})
        assert status == 415, problem
    # a body that says it is compressed is not read as if it were not
    assert daemon.request("POST", "/register", b'{"agentId": "plain"}', {"Content-Encoding": "gzip"})[0] == 415
    status, _, _ = daemon.request("POST", "/register", b'{"agentId": 1}', {"Content-Type": "application/json; charset=utf-8"})
    assert status == 400
    status, _, problem = daemon.request("POST", "/register", b'{"agentId": "' + b"x" * 40000 + b'"}')
    assert status == 413 and problem["type"].endswith(":body-too-long")


def test_keys_and_parameters_that_contradict_are_refused(daemon):
    agent = register(daemon)
    other = register(daemon)
    path = f"/agents/{agent.id}"
    both = {"x-api-key": agent.key, "Authorization": f"Bearer {other.key}"}
    assert daemon.request("GET", path, headers=both)[0] == 400
    assert daemon.request("GET", path, headers={"Authorization": f"Bearer {agent.key}"})[0] == 200
    assert daemon.request("GET", path, headers={"x-api-key": other.key})[0] == 403
    status, headers, _ = daemon.request("GET", path)
    assert status == 401 and headers["WWW-Authenticate"] == "Bearer"
    body = {"agentId": other.id, "type": "redeem", "conditionId": "0x" + "11" * 32}
    assert agent.trade(body)[0] == 403
    for query in ("?limit=0", "?limit=101", "?limit=x", "?cursor=-1", "?cursor=1&cursor=2", "?page=1"):
        status, _, problem = agent.get(f"{path}/trades{query}")
        assert status == 400, (query, problem)


def test_an_attestation_needs_a_nonce(daemon):
    for query in ("", "?nonce=", "?nonce=" + "ab" * 15, "?nonce=" + "ab" * 65, "?nonce=" + "zz" * 16, "?nonce=abc",
                  "?nonce=" + "ab" * 16 + "&x=1"):
        status, _, problem = daemon.request("GET", f"/attestation{query}")
        assert status == 400 and problem["field"] == "nonce" and "nonce" in problem["detail"]


def test_wrong_keys_are_slowed_down(start):
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon)
    seen = [daemon.request("GET", f"/agents/{agent.id}", headers={"x-api-key": "ssk_" + f"{i:064x}"}) for i in range(130)]
    assert {s for s, _, _ in seen[:100]} == {401}
    assert seen[-1][0] == 429 and int(seen[-1][1]["Retry-After"]) >= 1


def test_registrations_are_limited_and_can_be_closed(start):
    daemon = start(SELFSAME_DERIVATION="bound", SELFSAME_REGISTER_PER_MINUTE="3", SELFSAME_REGISTRATION_TOKEN="open-sesame-please")
    assert daemon.request("POST", "/register", {"agentId": "a"})[0] == 401
    assert daemon.request("POST", "/register", {"agentId": "a"}, {"x-registration-token": "open-sesame-plea"})[0] == 401
    assert daemon.request("POST", "/register", {"agentId": "a"}, {"x-registration-token": "open-sesame-please"})[0] == 201
    status, headers, _ = daemon.request("POST", "/register", {"agentId": "b"}, {"x-registration-token": "open-sesame-please"})
    assert status == 429 and int(headers["Retry-After"]) >= 1


def test_slow_clients_are_ended(daemon):
    """The deadlines run side by side; the unit tests have the finer points."""
    found = {}

    def head():
        wire, began = Wire(daemon), time.monotonic()
        for byte in b"GET /health HTTP/1.1\r\nX: " + b"y" * 100:
            wire.send(bytes([byte]))
            time.sleep(0.15)
            if select.select([wire.socket], [], [], 0)[0]:
                break
        found["head"] = (statuses(wire.read()[0]), time.monotonic() - began)

    def body():
        wire, began = Wire(daemon), time.monotonic()
        wire.send(b"POST /register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
        found["body"] = (statuses(wire.read(quiet=20, total=20)[0]), time.monotonic() - began)

    threads = [threading.Thread(target=t) for t in (head, body)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # the deadlines are 10 s and, for a body that does not come, 5 s; a busy machine adds to them
    assert found["head"][0] == ["408"] and 9 < found["head"][1] < 30
    assert found["body"][0] == ["408"] and found["body"][1] < 20
    assert daemon.request("GET", "/health")[0] == 200


def test_a_trade_goes_on_when_its_client_is_gone(agent, market):
    body = json.dumps({"type": "split", "conditionId": market.condition, "amount": "1"}).encode()
    wire = Wire(agent.daemon)
    wire.send(b"POST /trade HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nIdempotency-Key: gone\r\nx-api-key: "
              + agent.key.encode() + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    wire.close()
    status, _, done = agent.trade(body, Idempotency_Key="gone")
    assert status == 200, done
    assert market.position(agent.address) == 1_000_000
    assert len(agent.get(f"/agents/{agent.id}/trades")[2]["trades"]) == 1


def test_two_hundred_connections_at_once(daemon):
    wires = [Wire(daemon) for _ in range(200)]
    for wire in wires:
        wire.send(b"GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    for wire in wires:
        assert statuses(wire.read(quiet=5)[0]) == ["200"]
        wire.close()
    assert daemon.request("GET", "/health")[0] == 200


def test_terminating_lets_a_request_finish(start, market):
    daemon = start(SELFSAME_DERIVATION="bound")
    agent = register(daemon)
    market.fund(agent.address)
    market.chain.rpc("evm_setAutomine", False)
    try:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            agent.trade({"type": "split", "conditionId": market.condition, "amount": "1"}, Prefer="wait=8")))
        thread.start()
        until = time.monotonic() + 30
        while market.web3.eth.get_transaction_count(agent.address, "pending") == 0 and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(daemon.pid, signal.SIGTERM)
        thread.join()
    finally:
        market.chain.rpc("evm_setAutomine", True)
        market.chain.rpc("evm_mine")
    status, _, done = answers[0]
    assert status == 202 and done["status"] in ("signed", "pending"), done


def test_tls_is_1_3_and_its_key_is_the_attested_one(start):
    daemon = start(SELFSAME_DERIVATION="bound", SELFSAME_TLS="1")
    assert daemon.request("GET", "/health")[0] == 200  # what make run asks first
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    wire = Wire(daemon, context)
    assert wire.socket.version() == "TLSv1.3"
    certificate = x509.load_der_x509_certificate(wire.socket.getpeercert(True))
    spki = certificate.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    wire.send(b"GET /attestation?nonce=" + b"ab" * 32 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    data = b""
    while more := wire.socket.recv(65536):
        data += more
    assert body_of(data)["statement"]["tlsKeyHash"] == "0x" + hashlib.sha256(spki).hexdigest()
    wire.close()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError):
        Wire(daemon, context)
