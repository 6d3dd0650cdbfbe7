"""The guest agent of dstack, as strict as its documents say the real one is.

Generations: "0.5.9" (v0 with EmitEvent), "0.6.0" (v0 and v1, EmitEvent refused), "tappd" (to 0.4).
Keys come from an application root key under a KMS root key by the published formulas; quotes are
of the simulated TEE (build/tests/fakes/quote).
"""

import hashlib
import hmac
import json
import pathlib
import subprocess

from eth_hash.auto import keccak
from eth_keys import keys
from unix_server import UnixServer, as_json, as_text

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
QUOTE = ROOT / "build" / "tests" / "fakes" / "quote"
RUNTIME_EVENT = 0x08000001
# SubjectPublicKeyInfo of a P-256 key: the KMS's certificate authority
CA = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                   "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                   "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")


def hkdf(salt, ikm, info, length=32):
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    out, block, count = b"", b"", 1
    while len(out) < length:
        block = hmac.new(prk, block + info + bytes([count]), hashlib.sha256).digest()
        out, count = out + block, count + 1
    return out[:length]


def lp(data):
    return len(data).to_bytes(4, "big") + data


def link(key, message):
    return keys.PrivateKey(key).sign_msg_hash(keccak(message)).to_bytes()


def public(key):
    return keys.PrivateKey(key).public_key.to_compressed_bytes()


class BadRequest(Exception):
    pass


class DstackAgent:
    def __init__(self, path, generation="0.5.9", kms_root=bytes(31) + b"\x05", app_compose=None, os_image_hash=b"\x0a" * 32):
        self.generation = generation
        self.kms_root = kms_root
        self.app_compose = app_compose or json.dumps({
            "manifest_version": 2, "name": "selfsame", "runner": "docker-compose", "kms_enabled": True, "allowed_envs": [],
            "docker_compose_file": f"services:\n  selfsame:\n    image: registry.invalid/selfsame@sha256:{'5e' * 32}\n"
                                   "    volumes:\n      - /var/run/dstack.sock:/var/run/dstack.sock\n"})
        compose_hash = hashlib.sha256(self.app_compose.encode()).digest()
        self.app_id = compose_hash[:20]
        self.os_image_hash = os_image_hash
        self.app_root = hkdf(b"RATLS", kms_root, self.app_id + b"app-key")
        self.mr_config_id = b"\x01" + compose_hash + bytes(15)
        provider = json.dumps({"name": "kms", "id": CA.hex()}, separators=(",", ":")).encode()
        # 0.6 dropped the event of the KMS's machine, and writes events of version 2
        machine = [] if generation == "0.6.0" else [("mr-kms", b"\x22" * 32)]
        self.events = [("system-preparing", b""), ("app-id", self.app_id), ("compose-hash", compose_hash),
                       ("instance-id", b"\x11" * 20), ("boot-mr-done", b""), *machine,
                       ("os-image-hash", os_image_hash), ("key-provider", provider), ("storage-fs", b"ext4"),
                       ("system-ready", b"")]
        self.broken = {}  # method -> function(request) -> (status, type, body): a wrong answer
        self.server = UnixServer(path, self.answer)

    def stop(self):
        self.server.stop()

    def called(self, method):
        """The requests of one method, parsed."""
        return [json.loads(body) for _, path, body in self.server.asked
                if path.rsplit("/", 1)[-1].split(".")[-1] == method]

    # --- the event log ---------------------------------------------------------------------

    def preimage(self, name, payload):
        if self.generation == "0.6.0":
            return json.dumps({"name": name, "payload": payload.hex(), "type": RUNTIME_EVENT}, separators=(",", ":")).encode()
        return RUNTIME_EVENT.to_bytes(4, "little") + b":" + name.encode() + b":" + payload

    def digest(self, name, payload):
        return hashlib.sha384(self.preimage(name, payload)).digest()

    def rtmr3(self):
        value = bytes(48)
        for name, payload in self.events:
            value = hashlib.sha384(value + self.digest(name, payload)).digest()
        return value

    def event_log(self):
        return [{"imr": 3, "event_type": RUNTIME_EVENT, "digest": self.digest(name, payload).hex(), "event": name,
                 "event_payload": payload.hex(), **self.second_version(name, payload)} for name, payload in self.events]

    def second_version(self, name, payload):
        if self.generation != "0.6.0":
            return {}
        return {"version": 2, "preimage": self.preimage(name, payload).hex()}

    def quote(self, report_data):
        done = subprocess.run([str(QUOTE), report_data.hex(), self.rtmr3().hex(), self.mr_config_id.hex()],
                              capture_output=True, text=True, check=True)
        return done.stdout.strip()

    # --- HTTP ------------------------------------------------------------------------------

    def answer(self, method, path, headers, body):
        mounts = [("/prpc/Tappd.", self.tappd), ("/prpc/", self.tappd)] if self.generation == "tappd" else \
            [("/v1/", self.v1), ("/v0/", self.v0), ("/", self.v0)] if self.generation == "0.6.0" else [("/", self.v0)]
        for prefix, mount in mounts:
            name = path[len(prefix):]
            if path.startswith(prefix) and name and "/" not in name:
                return self.call(mount, name, method, headers, body)
        return as_text(404, "Not Found")

    def call(self, mount, name, method, headers, body):
        if name in self.broken:
            return self.broken[name](body)
        if mount(name) is None:  # agents without v1 call that a bad request
            return as_json(404 if self.generation == "0.6.0" else 400, {"error": f"Service not found: {name}"})
        if method != "POST" or headers.get("Content-Type") != "application/json":
            return as_json(400, {"error": "the tests speak JSON by POST"})
        try:
            request = json.loads(body)
            return as_json(200, mount(name)(request))
        except (BadRequest, ValueError, KeyError, TypeError) as problem:
            return as_json(400, {"error": str(problem)})

    def v0(self, name):
        return {"Version": self.version, "Info": self.info, "GetQuote": self.get_quote, "GetKey": self.get_key_v0,
                "EmitEvent": self.emit_event}.get(name)

    def v1(self, name):
        return {"Version": self.version, "GetKey": self.get_key_v1}.get(name)

    def tappd(self, name):
        return {"TdxQuote": self.tdx_quote, "Version": self.version}.get(name)

    # --- methods ---------------------------------------------------------------------------

    def version(self, _):
        return {"version": self.generation, "rev": "fake"}

    def info(self, _):
        tcb_info = {"mrtd": "", "event_log": self.event_log(), "app_compose": self.app_compose}
        return {"app_id": self.app_id.hex(), "instance_id": "11" * 20, "app_cert": "", "tcb_info": json.dumps(tcb_info),
                "app_name": "selfsame", "os_image_hash": self.os_image_hash.hex(), "vm_config": self.vm_config()}

    def vm_config(self):
        return json.dumps({"os_image_hash": self.os_image_hash.hex(), "cpu_count": 1, "memory_size": 2147483648})

    @staticmethod
    def report_data(request):
        data = bytes.fromhex(request["report_data"].removeprefix("0x"))
        if len(data) > 64:
            raise BadRequest("report_data is too large")
        return data.ljust(64, b"\0")

    def get_quote(self, request):
        data = self.report_data(request)
        return {"quote": self.quote(data), "event_log": json.dumps(self.event_log()), "report_data": data.hex(),
                "vm_config": self.vm_config()}

    def tdx_quote(self, request):
        if request.get("hash_algorithm") != "raw":
            raise BadRequest("the fake hashes nothing")
        data = bytes.fromhex(request["report_data"])
        if len(data) != 64:
            raise BadRequest("raw takes exactly 64 bytes")
        return {"quote": self.quote(data), "event_log": json.dumps(self.event_log()), "hash_algorithm": "raw", "prefix": ""}

    def emit_event(self, request):
        if self.generation != "0.5.9":
            raise BadRequest("EmitEvent was removed in dstack 0.6.0; runtime RTMR3 events are system-owned and cannot be "
                             "extended by apps")
        self.events.append((request["event"], bytes.fromhex(request["payload"])))
        return {}

    def issued(self):
        return link(self.kms_root, b"dstack-kms-issued:" + self.app_id + public(self.app_root)).hex()

    def get_key_v0(self, request):
        if request.get("algorithm", "") not in ("", "secp256k1", "k256"):
            raise BadRequest("Unsupported algorithm")
        key = hkdf(b"RATLS", self.app_root, request["path"].encode())
        claim = f"{request['purpose']}:{public(key).hex()}".encode()
        return {"key": key.hex(), "signature_chain": [link(self.app_root, claim).hex(), self.issued()]}

    def get_key_v1(self, request):
        if set(request) != {"domain", "algorithm"} or request["algorithm"] != "secp256k1":
            raise BadRequest("domain and algorithm, and the fake knows one")
        domain = request["domain"].encode()
        key = hkdf(b"dstack-guest-v1", self.app_root, lp(b"dstack-guest-v1-key") + lp(b"secp256k1") + lp(domain))
        claim = lp(b"dstack-guest-v1-key-claim") + lp(b"secp256k1") + lp(domain) + lp(public(key))
        return {"key": key.hex(), "public_key": public(key).hex(),
                "signature_chain": [link(self.app_root, claim).hex(), self.issued()]}
