"""Cases of a folder laid out like fixtures/dstack: expected.json and vectors/*.json.

Every value of them is compared with what src/evidence/ makes of the file it stands for.
run(folder, selfsame) yields (id, expected, got, status) with status passed, failed or skipped.
"""

import hashlib
import json
import pathlib
import subprocess
import tempfile

from case import cases, find, guarded

INDEX = "expected.json"

EVIDENCE_MEMBERS = ("quote_len", "version", "td_attributes", "mrtd", "rtmr0", "rtmr1", "rtmr2", "rtmr3",
                    "mr_config_id", "report_data", "tee_tcb_svn", "ppid", "fmspc", "pceid",
                    "pck_chain_to_intel_root", "mr_aggregated", "mr_system", "app_compose_sha256",
                    "device_id_le_0_5_5_sha256_header_user_data", "device_id_ge_0_5_6_sha256_ppid")
DERIVATION = "keys are derived by the agent and its KMS; the product only verifies their chains"
OTHER_PLATFORM = "refused by name: evidence of a platform that is not TDX"


class Eval:
    """tests/conformance/dstack_eval, next to the command under test."""

    def __init__(self, selfsame):
        self.program = pathlib.Path(selfsame).resolve().parent.parent / "tests/conformance/dstack_eval"
        if not self.program.is_file():
            raise FileNotFoundError(f"{self.program}: build it (make conformance does)")

    def __call__(self, *args):
        done = subprocess.run([self.program, *map(str, args)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return {"refused": (done.stderr.strip().splitlines() or ["no output"])[-1]}
        return json.loads(done.stdout)


def compare(name, expected, got):
    return name, expected, got, "passed" if expected == got else "failed"


def skip(name, why):
    return name, None, why, "skipped"


# --- secp256k1 in plain arithmetic, for links that no file holds -----------------------------------

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def add(a, b):
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P) if a == b else (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(scalar, point=G):
    result = None
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def public_key(secret):
    x, y = multiply(secret)
    return f"{2 + (y & 1):02x}{x:064x}"


# --- evidence --------------------------------------------------------------------------------------

def unhexed(path, scratch):
    """A quote as bytes: recorded ones are binary, or hex with white space."""
    if path.suffix != ".hex":
        return path
    target = scratch / (path.stem + ".bin")
    target.write_bytes(bytes.fromhex("".join(path.read_text().split())))
    return target


def find_response(value):
    """What the agent answered, wherever in a service's report it stands."""
    if isinstance(value, dict):
        if "attestation" in value and isinstance(value["attestation"], str) or {"quote", "event_log"} <= value.keys():
            return value
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            found = find_response(member)
            if found is not None:
                return found
    return None


def response_in(path, scratch):
    found = find_response(json.loads(path.read_text()))
    if found is None:
        return path
    target = scratch / "response.json"
    target.write_text(json.dumps(found))
    return target


def first_match(folder, *patterns):
    return next((path for pattern in patterns for path in sorted(folder.glob(pattern))), None)


def evaluate(evaluator, path, scratch):
    """The evidence that a name in expected.json stands for; None when there is no such file."""
    folder = path if path.is_dir() else path.parent
    compose = first_match(folder, "app-compose*.json", "app_compose*.json")
    more = [compose] if compose else []
    if path.suffix == ".json":
        return evaluator("response", response_in(path, scratch), *more)
    if path.is_file() and path.read_bytes()[:1] in (b"\0", b"\x82", b"\x83"):
        return evaluator("blob", path, *more)
    quote = path if path.is_file() else first_match(folder, "quote.bin", "quote.hex", "quote*")
    log = first_match(folder, "event_log.json", "eventlog.json", "*event*log*.json")
    if quote is None and path.is_dir():
        blob = first_match(folder, "attestation.bin", "attestation*.bin")
        return evaluator("blob", blob, *more) if blob else None
    if quote is None or log is None:
        return None
    return evaluator("parts", unhexed(quote, scratch), log, first_match(folder, "vm_config.json") or "-", *more)


def events_seen(wanted, found):
    """How many, or the first that differs."""
    for want, have in zip(wanted, found):
        for key in ("event", "payload", "digest"):
            if want[key] != have[key]:
                return f"{want['event']}: {key} {have[key]}"
    return f"{len(found)} events"


def evidence_cases(name, expected, got):
    for member, value in expected.items():
        case = f"{name}: {member}"
        if member in EVIDENCE_MEMBERS:
            yield compare(case, value, got.get(member))
        elif member == "replay_ok":
            yield compare(case, value, [register == "matches" for register in got.get("registers", [])])
        elif member == "rtmr3_events":
            yield compare(case, f"{len(value)} events", events_seen(value, got.get("rtmr3_events") or []))
        elif member != "why":
            yield skip(case, "a member that this runner does not know")


# --- keys ------------------------------------------------------------------------------------------

def keccak(data):
    """Keccak-256 by definition: hashlib has only SHA-3, which pads otherwise."""
    constants, state = [], [0] * 25
    register = 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            constant |= (register & 1) << ((1 << j) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    data = bytearray(data) + b"\x01"
    data += bytes(-len(data) % 136)
    data[-1] |= 0x80
    rotate = lambda v, n: (v << n | v >> (64 - n)) & (2**64 - 1) if n else v
    for block in range(0, len(data), 136):
        for i in range(17):
            state[i] ^= int.from_bytes(data[block + 8 * i:block + 8 * i + 8], "little")
        for constant in constants:
            c = [state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20] for x in range(5)]
            state = [v ^ c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1) for i, v in enumerate(state)]
            x, y, current = 1, 0, state[1]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                state[x + 5 * y], current = rotate(current, (t + 1) * (t + 2) // 2 % 64), state[x + 5 * y]
            state = [state[i] ^ (~state[i - i % 5 + (i + 1) % 5] & state[i - i % 5 + (i + 2) % 5])
                     for i in range(25)]
            state[0] ^= constant
    return b"".join(v.to_bytes(8, "little") for v in state)[:32]


def sign(secret, digest):
    """r || s || recovery id, low s; the nonce may be known: so are the keys."""
    nonce = int.from_bytes(hashlib.sha256(digest).digest(), "big") % N
    point = multiply(nonce)
    r = point[0] % N
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * secret) % N
    parity = point[1] & 1
    if s > N // 2:
        s, parity = N - s, parity ^ 1
    return f"{r:064x}{s:064x}{parity:02x}"


def appkeys_cases(evaluator, name, expected, path):
    """The published keys of a simulator: link0 is made with its application's root, link1 is recorded."""
    keys = json.loads(path.read_text())
    secret = int(keys["k256_key"], 16)
    key = public_key(1)
    link0 = sign(secret, keccak(b"test:" + key.encode()))
    got = evaluator("chain", "v0", "secp256k1", b"test".hex(), key, expected["app_id"], link0,
                    keys["k256_signature"])
    for member, value in expected.items():
        case = f"{name}: {member}"
        if member == "app_root_pubkey":
            yield compare(case, value, got.get("app_root_pubkey"))
        elif member == "kms_root_pubkey_recovered":
            yield compare(case, value, got.get("kms_root_pubkey"))
        elif member != "app_id":
            yield skip(case, DERIVATION)


# --- vectors ---------------------------------------------------------------------------------------

def event_vectors(evaluator, vectors, scratch):
    entries, digests = [], []
    for i, (event, rtmr) in enumerate(zip(vectors["events"], vectors["rtmr_after_each"])):
        case = f"vectors: event {i}, version {event['version']}"
        got = evaluator("event", event["version"], event["event"], event["payload"])
        yield compare(case, event["digest"], got.get("digest"))
        digests.append(event["digest"])
        yield compare(f"{case}: register after it", rtmr, evaluator("extend", *digests).get("rtmr", {}).get("3"))
        if event["event"] in [entry["event"] for entry in entries]:
            continue  # a log with one name twice is refused
        entries.append({"imr": 3, "event_type": 0x08000001, "event": event["event"],
                        "event_payload": event["payload"], "version": event["version"],
                        "preimage": event["preimage"], "digest": event["digest"]})
        log = scratch / "log.json"
        log.write_text(json.dumps(entries))
        yield compare(f"{case}: log up to it", rtmr, evaluator("log", log).get("rtmr", {}).get("3"))


def config_vectors(evaluator, config, scratch):
    if "v1" in config:
        got = evaluator("config-id", config["v1"]["compose_hash"], "00" * 20, "none", "")
        yield compare("vectors: mr_config v1", config["v1"]["mr_config_id"], got.get("v1"))
    if "v3" in config:
        document = scratch / "document.json"
        document.write_text(config["v3"]["document"])
        yield compare("vectors: mr_config v3", config["v3"]["tdx_mr_config_id"],
                      evaluator("document", document).get("v3"))


def kms_vectors(evaluator, kms):
    given = evaluator("kms", kms["caPubkey"], kms["k256Pubkey"], kms["report_data"])
    yield compare("vectors: kms_bootstrap_report_data", "accept", given.get("refused") or "accept")
    other = evaluator("kms", kms["caPubkey"], public_key(2), kms["report_data"])
    yield compare("vectors: kms_bootstrap_report_data, another root", "KMS_BINDING", other.get("refused"))


def derived_vectors(evaluator, vectors, scratch):
    yield from event_vectors(evaluator, vectors, scratch)
    yield from config_vectors(evaluator, vectors.get("mr_config", {}), scratch)
    if "ratls_report_data" in vectors:
        ratls = vectors["ratls_report_data"]
        yield compare("vectors: ratls_report_data", ratls["report_data"],
                      evaluator("ratls", ratls["spki_der"]).get("report_data"))
    if "kms_bootstrap_report_data" in vectors:
        yield from kms_vectors(evaluator, vectors["kms_bootstrap_report_data"])
    for member in sorted(vectors.keys() - {"_note", "events", "rtmr_after_each", "mr_config", "ratls_report_data",
                                           "kms_bootstrap_report_data"}):
        yield skip(f"vectors: {member}", "what the deployer computes, not the verifier")


def config_v2_vector(evaluator, vector, _scratch):
    got = evaluator("config-id", vector["compose_hash"], vector["app_id"], vector["key_provider"],
                    vector["key_provider_id"])
    yield compare("vectors: mr_config v2", vector["mr_config_id"], got.get("v2"))


def algorithm_of(key):
    return "ed25519" if len(key) == 64 else "secp256k1"


def live_chains(evaluator, vectors, _scratch):
    anchors = [anchor.split()[0] for anchor in vectors["anchors"].values()]
    for chain in vectors["chains"]:
        case = f"vectors: chain {chain['name']}"
        key = chain["public_key"]
        got = evaluator("chain", "v0", algorithm_of(key), chain["purpose"].encode().hex(), key, chain["app_id"],
                        *chain["signature_chain"])
        yield compare(f"{case}: app root", chain["app_root_pubkey"], got.get("app_root_pubkey"))
        yield compare(f"{case}: KMS root", chain["kms_root_pubkey"], got.get("kms_root_pubkey"))
        wanted = "refuse" if "MUST FAIL" in chain.get("expected", "") else "accept"
        yield compare(f"{case}: verdict", wanted, "accept" if got.get("kms_root_pubkey") in anchors else "refuse")


def signature_chains(evaluator, vectors, _scratch):
    for i, vector in enumerate(vectors["cases"]):
        case = f"vectors: signature chain {i}, {vector['algorithm']}"
        signature, link0, link1 = vector["signature_chain"]
        got = evaluator("signature", vector["algorithm"], vector["data"], vector["public_key"], signature)
        yield compare(f"{case}: signature", "accept", got.get("refused") or "accept")
        got = evaluator("chain", "v0", vector["algorithm"], vectors["purpose"].encode().hex(),
                        vector["public_key"], vectors["app_id"], link0, link1)
        yield compare(f"{case}: app root", vectors["app_root_pubkey"], got.get("app_root_pubkey"))
        yield compare(f"{case}: KMS root", vectors["kms_root_pubkey"], got.get("kms_root_pubkey"))
        yield compare(f"{case}: not the wrong root", True,
                      got.get("kms_root_pubkey") != vectors["wrong_kms_root_pubkey"])
    for vector in vectors["invalid_cases"]:
        got = evaluator("signature", vector["algorithm"], vector["data"], vector["public_key"], vector["signature"])
        yield compare(f"vectors: {vector['name']}", "KEY_CHAIN_SIGNATURE", got.get("refused"))


def guest_api_vectors(evaluator, vectors, _scratch):
    root = public_key(int(vectors["app_root_key"], 16))
    keys = {(bytes.fromhex(v["domain_hex"]).decode(), v["algorithm"]): v["public_key"] for v in vectors["vectors"]}
    for vector in vectors["link0"]:
        # link1 is not published: link0 again stands in its place, where it only has to be a signature
        key = keys[vector["domain"], vector["algorithm"]]
        got = evaluator("chain", "v1", vector["algorithm"], vector["domain"].encode().hex(), key, "00" * 20,
                        vector["link0"], vector["link0"])
        yield compare(f"vectors: v1 link0 of {vector['domain']}", root, got.get("app_root_pubkey"))
    v0 = vectors["v0"]
    got = evaluator("chain", "v0", v0["algorithm"], v0["purpose"].encode().hex(), v0["public_key"], "00" * 20,
                    v0["link0"], v0["link0"])
    yield compare("vectors: v0 link0", root, got.get("app_root_pubkey"))
    yield skip("vectors: derived keys and dip1 texts", DERIVATION)


# by what a file holds, whatever its name
VECTORS = (
    ({"events", "rtmr_after_each"}, derived_vectors),
    ({"compose_hash", "key_provider_id", "mr_config_id"}, config_v2_vector),
    ({"anchors", "chains"}, live_chains),
    ({"cases", "invalid_cases", "kms_root_pubkey"}, signature_chains),
    ({"app_root_key", "link0"}, guest_api_vectors),
)


def vector_cases(evaluator, path, scratch):
    vectors = json.loads(path.read_text())
    for members, compare_all in VECTORS:
        if isinstance(vectors, dict) and members <= vectors.keys():
            yield from compare_all(evaluator, vectors, scratch)
            return
    yield skip(f"vectors/{path.name}", DERIVATION)


# --- the folder ------------------------------------------------------------------------------------

def image_cases(evaluator, path):
    lists = json.loads(path.read_text())
    for member, dev in (("production", False), ("dev_must_reject", True)):
        for name, image in lists.get(member, {}).items():
            got = evaluator("image", image)
            if got.get("name") is None:
                yield skip(f"{path.name}: {name}", "no release known here; lists are the relying party's")
            else:
                yield compare(f"{path.name}: {name} is for development", dev, got.get("dev"))


def refused_platforms(evaluator, folder):
    """Attestations of platforms that are out of scope: named, not verified."""
    for path in sorted([*folder.rglob("*attestation*.bin"), *folder.rglob("*attestation*.json")]):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".bin" and path.read_bytes()[:1] != b"\0":
            continue
        got = evaluator("blob" if path.suffix == ".bin" else "response", path)
        if got.get("refused") == "EVIDENCE_PLATFORM":
            yield skip(name, OTHER_PLATFORM)
        elif path.suffix == ".bin":
            yield compare(f"{name}: read", "accept", got.get("refused") or "accept")


def expected_cases(evaluator, folder, key, expected, scratch):
    """One entry of expected.json, which is named after its evidence."""
    path = find(folder, key)
    if key == "key_import_denylist":
        yield skip(key, "keys are imported elsewhere; evidence holds public ones")
        return
    if path.name == "appkeys.json":
        yield from appkeys_cases(evaluator, key, expected, path)
        return
    got = evaluate(evaluator, path, scratch) if path.exists() else None
    if got is None:
        yield skip(key, "no evidence of that name")
    else:
        yield from evidence_cases(key, expected, got)


def run(folder, selfsame):
    folder = pathlib.Path(folder)
    evaluator = Eval(selfsame)
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        for key, expected in json.loads((folder / "expected.json").read_text()).items():
            yield from guarded(key, expected_cases(evaluator, folder, key, expected, scratch))
        for path in sorted((folder / "vectors").glob("*.json")):
            yield from guarded(f"vectors/{path.name}", vector_cases(evaluator, path, scratch))
        if (folder / "os_image_hashes.json").is_file():
            yield from guarded("os_image_hashes.json", image_cases(evaluator, folder / "os_image_hashes.json"))
        yield from guarded("other platforms", refused_platforms(evaluator, folder))


def check(folder, tool):
    return cases(run(folder, tool))
