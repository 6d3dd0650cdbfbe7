"""A JSON-RPC node that plays faults: a small chain of its own, and a script of lies and failures.

Standard library only. As a module: Stub(). As a program: prints "port N" and serves until its standard input ends.

    POST /control {"faults": [{"method": "eth_call", "kind": "http", "status": 429, "times": 2}], "mine": 1, ...}
    GET  /control   what was asked so far, and the chain's state

Kinds: error (code, message, data) - result (value; lies) - http (status, retry_after, body) - hang (seconds)
torn (half an answer) - huge (bytes) - wrong_id - not_json - close - redirect. "times" absent: for ever.
"""

import argparse
import hashlib
import http.server
import json
import ssl
import sys
import threading
import time

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)
GWEI = 10**9


# --- what a chain needs: Keccak-256, RLP, the sender of a signature ---------------------------------------------------

def rotate(value, n):
    return (value << n | value >> (64 - n)) & (2**64 - 1) if n else value


def rounds():
    constants, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << (2**j - 1)
            lfsr = lfsr << 1 ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(constant)
    return constants


ROUNDS = rounds()


def permute(lanes):
    for constant in ROUNDS:
        c = [lanes[x][0] ^ lanes[x][1] ^ lanes[x][2] ^ lanes[x][3] ^ lanes[x][4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        lanes = [[lanes[x][y] ^ d[x] for y in range(5)] for x in range(5)]
        x, y, current = 1, 0, lanes[1][0]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, lanes[x][y] = lanes[x][y], rotate(current, (t + 1) * (t + 2) // 2 % 64)
        lanes = [[lanes[x][y] ^ (~lanes[(x + 1) % 5][y] & lanes[(x + 2) % 5][y]) for y in range(5)] for x in range(5)]
        lanes[0][0] ^= constant
    return lanes


def keccak(data):
    rate = 136
    padded = bytearray(data + b"\x01" + b"\0" * (-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    lanes = [[0] * 5 for _ in range(5)]
    for at in range(0, len(padded), rate):
        for i in range(rate // 8):
            lanes[i % 5][i // 5] ^= int.from_bytes(padded[at + 8 * i:at + 8 * i + 8], "little")
        lanes = permute(lanes)
    return b"".join(lanes[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


def rlp_item(data, at):
    first = data[at]
    if first < 0x80:
        return data[at:at + 1], at + 1
    if first < 0xC0:
        size, start = (first - 0x80, at + 1) if first < 0xB8 else (
            int.from_bytes(data[at + 1:at + 1 + first - 0xB7], "big"), at + 1 + first - 0xB7)
        return data[start:start + size], start + size
    size, start = (first - 0xC0, at + 1) if first < 0xF8 else (
        int.from_bytes(data[at + 1:at + 1 + first - 0xF7], "big"), at + 1 + first - 0xF7)
    items, end = [], start + size
    while start < end:
        item, start = rlp_item(data, start)
        items.append(item)
    return items, end


def rlp_write(item):
    body = b"".join(rlp_write(i) for i in item) if isinstance(item, list) else item
    if not isinstance(item, list) and len(body) == 1 and body[0] < 0x80:
        return body
    base = 0xC0 if isinstance(item, list) else 0x80
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(point, k):
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point, k = add(point, point), k >> 1
    return total


def recover(digest, parity, r, s):
    y = pow(r**3 + 7, (P + 1) // 4, P)
    if y % 2 != parity:
        y = P - y
    inverse = pow(r, -1, N)
    point = add(multiply((r, y), s * inverse % N), multiply(G, -int.from_bytes(digest, "big") * inverse % N))
    return keccak(point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))[12:]


def number(data):
    return int.from_bytes(data, "big")


class Transaction:
    """A signed transaction of type 2, decoded."""

    def __init__(self, raw):
        if raw[:1] != b"\x02":
            raise ValueError("only type 2 is understood")
        fields, end = rlp_item(raw, 1)
        if end != len(raw) or len(fields) != 12:
            raise ValueError("malformed")
        self.raw = raw
        self.hash = "0x" + keccak(raw).hex()
        self.chain_id, self.nonce, self.tip, self.max_fee, self.gas = map(number, fields[:5])
        self.to, self.value, self.data = fields[5], number(fields[6]), fields[7]
        digest = keccak(b"\x02" + rlp_write(fields[:9]))
        self.sender = "0x" + recover(digest, number(fields[9]), number(fields[10]), number(fields[11])).hex()


# --- the chain ----------------------------------------------------------------------------------------------------------

class Refusal(Exception):
    def __init__(self, message, code=-32000, data=None):
        super().__init__(message)
        self.answer = {"code": code, "message": message}
        if data is not None:
            self.answer["data"] = data


class Chain:
    """Blocks, a pool by sender and nonce, accounts that are as rich as they need to be."""

    def __init__(self, chain_id):
        self.chain_id = chain_id
        self.base_fee = GWEI
        self.tip = GWEI
        self.minimum_tip = 0
        self.automine = True
        self.poor = False  # everybody has nothing
        self.reverting = None  # revert data of every transaction and call
        self.allowance = 0
        self.branch = 0
        self.blocks = [[]]  # number -> transactions
        self.branches = [0]
        self.pool = {}
        self.sent = []

    def count(self, sender):
        return sum(1 for block in self.blocks for tx in block if tx.sender == sender)

    def find(self, tx_hash):
        for height, block in enumerate(self.blocks):
            for tx in block:
                if tx.hash == tx_hash:
                    return height, tx
        return None, next((tx for tx in self.pool.values() if tx.hash == tx_hash), None)

    def send(self, raw):
        tx = Transaction(raw)
        self.sent.append(tx)
        known = self.find(tx.hash)[1]
        other = self.pool.get((tx.sender, tx.nonce))
        if tx.chain_id != self.chain_id:
            raise Refusal("invalid chain id for signer")
        if known is not None and known in self.pool.values():
            raise Refusal("already known")
        if tx.nonce < self.count(tx.sender):
            raise Refusal("nonce too low")
        if self.poor:
            raise Refusal("insufficient funds for gas * price + value")
        if tx.max_fee < self.base_fee:
            raise Refusal("max fee per gas less than block base fee")
        if tx.tip < self.minimum_tip:
            raise Refusal(f"transaction underpriced: tip needed {self.minimum_tip}, tip permitted {tx.tip}")
        if other is not None and (tx.max_fee * 100 < other.max_fee * 110 or tx.tip * 100 < other.tip * 110):
            raise Refusal("replacement transaction underpriced")
        self.pool[tx.sender, tx.nonce] = tx
        if self.automine:
            self.mine()
        return tx.hash

    def mine(self, count=1):
        for _ in range(count):
            block, progress = [], True
            while progress:
                progress = False
                for key, tx in sorted(self.pool.items(), key=lambda item: item[0][1]):
                    if tx.nonce == self.count(tx.sender) + sum(t.sender == tx.sender for t in block):
                        block.append(tx)
                        del self.pool[key]
                        progress = True
            self.blocks.append(block)
            self.branches.append(self.branch)

    def reorg(self, depth, keep):
        """Another branch: depth blocks are replaced by as many; their transactions vanish, or go back to the pool."""
        gone = [tx for block in self.blocks[-depth:] for tx in block]
        del self.blocks[-depth:], self.branches[-depth:]
        self.branch += 1
        if keep:
            self.pool.update({(tx.sender, tx.nonce): tx for tx in gone})
        for _ in range(depth):
            self.blocks.append([])
            self.branches.append(self.branch)

    def block_hash(self, height):
        return "0x" + hashlib.sha256(f"{self.branches[height]}/{height}".encode()).hexdigest()

    def receipt(self, tx_hash):
        height, tx = self.find(tx_hash)
        if height is None:
            return None
        return {"transactionHash": tx_hash, "blockNumber": hex(height), "blockHash": self.block_hash(height),
                "status": "0x0" if self.reverting else "0x1", "gasUsed": hex(20999), "from": tx.sender,
                "to": "0x" + tx.to.hex(), "logs": []}

    def call(self, method, params):
        if method == "eth_chainId":
            return hex(self.chain_id)
        if method == "eth_blockNumber":
            return hex(len(self.blocks) - 1)
        if method == "eth_getTransactionCount":
            return hex(self.count(params[0].lower()))
        if method == "eth_getBalance":
            return "0x0" if self.poor else hex(10**20)
        if method == "eth_getCode":
            return "0x"
        if method == "eth_feeHistory":
            return {"oldestBlock": "0x0", "baseFeePerGas": [hex(self.base_fee)] * 6,
                    "gasUsedRatio": [0.5] * 5, "reward": [[hex(self.tip)]] * 5}
        if method == "eth_call":
            if self.reverting:
                raise Refusal("execution reverted", 3, self.reverting)
            return "0x" + self.allowance.to_bytes(32, "big").hex()
        if method == "eth_estimateGas":
            return hex(50000)
        if method == "eth_sendRawTransaction":
            return self.send(bytes.fromhex(params[0][2:]))
        if method == "eth_getTransactionReceipt":
            return self.receipt(params[0])
        if method == "eth_getTransactionByHash":
            tx = self.find(params[0])[1]
            return None if tx is None else {"hash": tx.hash, "nonce": hex(tx.nonce), "from": tx.sender}
        raise Refusal("Method not found", -32601)


# --- the server -----------------------------------------------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, body, status=200, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):  # noqa: N802
        self.send(self.server.stub.state())

    def do_POST(self):  # noqa: N802
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stub = self.server.stub
        if self.path == "/control":
            self.send(stub.control(body))
            return
        fault = stub.fault_for(body["method"])
        if fault is None:
            self.send(stub.answer(body))
        else:
            self.play(fault, body)

    def play(self, fault, body):
        kind = fault["kind"]
        good = {"jsonrpc": "2.0", "id": body["id"]}
        if kind == "error":
            self.send({**good, "error": {k: fault[k] for k in ("code", "message", "data") if k in fault}})
        elif kind == "result":
            self.send({**good, "result": fault["value"]})
        elif kind == "http":
            retry = [("Retry-After", str(fault["retry_after"]))] if "retry_after" in fault else []
            self.send(fault.get("body", "").encode(), fault["status"], retry)
        elif kind == "redirect":
            self.send(b"", 307, [("Location", fault["to"])])
        elif kind == "hang":
            time.sleep(fault["seconds"])
            self.close_connection = True
        elif kind == "torn":
            data = json.dumps(self.server.stub.answer(body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[:len(data) // 2])
            self.close_connection = True
        elif kind == "huge":
            self.send(json.dumps({**good, "result": "x" * fault["bytes"]}).encode())
        elif kind == "wrong_id":
            self.send({**self.server.stub.answer(body), "id": body["id"] + 1})
        elif kind == "not_json":
            self.send(b"<html>busy</html>")
        elif kind == "close":
            self.close_connection = True
        else:
            raise ValueError(kind)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a client that gave up is part of the play


class Stub:
    def __init__(self, chain_id=31337, port=0, certificate=None):
        self.chain = Chain(chain_id)
        self.faults = []
        self.calls = []
        self.lock = threading.RLock()
        self.server = Server(("127.0.0.1", port), Handler)
        self.server.stub = self
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
            self.url = f"https://localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def fault(self, method, kind, **more):
        """Play a fault; times= says how often."""
        with self.lock:
            self.faults.append({"method": method, "kind": kind, **more})

    def clear(self):
        with self.lock:
            self.faults.clear()

    def fault_for(self, method):
        with self.lock:
            self.calls.append(method)
            for fault in self.faults:
                if fault["method"] not in ("*", method):
                    continue
                if "times" in fault:
                    fault["times"] -= 1
                    if fault["times"] == 0:
                        self.faults.remove(fault)
                return dict(fault)
        return None

    def answer(self, body):
        good = {"jsonrpc": "2.0", "id": body["id"]}
        with self.lock:
            try:
                return {**good, "result": self.chain.call(body["method"], body["params"])}
            except Refusal as refusal:
                return {**good, "error": refusal.answer}

    def state(self):
        with self.lock:
            return {"calls": list(self.calls), "sent": [tx.hash for tx in self.chain.sent],
                    "head": len(self.chain.blocks) - 1, "pool": [tx.hash for tx in self.chain.pool.values()]}

    def control(self, wish):
        with self.lock:
            if "faults" in wish:
                self.faults = list(wish["faults"])
            if wish.get("forget_calls"):
                self.calls.clear()
            for name in ("chain_id", "base_fee", "tip", "minimum_tip", "automine", "poor", "reverting", "allowance"):
                if name in wish:
                    setattr(self.chain, name, wish[name])
            if wish.get("drop"):
                self.chain.pool.clear()
            if "mine" in wish:
                self.chain.mine(wish["mine"])
            if "reorg" in wish:
                self.chain.reorg(wish["reorg"], wish.get("keep", False))
        return self.state()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--chain-id", type=int, default=31337)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    stub = Stub(arguments.chain_id, arguments.port)
    print(f"port {stub.port}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
