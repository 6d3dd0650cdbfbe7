"""The attestation of a running daemon: by hand, from docs/attestation.md alone, and by selfsame verify."""

import hashlib
import json
import pathlib
import secrets
import ssl
import subprocess
import urllib.request

import pytest
from conftest import register
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SELFSAME = ROOT / "build" / "bin" / "selfsame"
SIMULATED_ROOT = ROOT / "deploy" / "simulated-root.pem"


def jcs(value):
    """RFC 8785 for what our documents hold: ASCII names, integers, no floating point."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def unhex(text):
    assert text.startswith("0x")
    return bytes.fromhex(text[2:])


def lp(data):
    return len(data).to_bytes(4, "big") + data


def sha384(data):
    return hashlib.sha384(data).digest()


def attest(url, nonce):
    insecure = ssl.create_default_context()
    insecure.check_hostname = False
    insecure.verify_mode = ssl.CERT_NONE  # the attested key stands for it
    with urllib.request.urlopen(f"{url}/attestation?nonce={nonce}", timeout=30, context=insecure) as answer:
        return json.load(answer)


def verify(*arguments, stdin=None):
    """(exit status, verdict as JSON or None, stderr)"""
    done = subprocess.run([str(SELFSAME), "verify", "--json", *map(str, arguments)], input=stdin,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr.decode()


def result(verdict, name):
    return [c["result"] for c in verdict["checks"] if c["name"] == name]


def ecdsa_verify(key64, message, signature64):
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(key64[:32], "big"), int.from_bytes(key64[32:], "big"),
                                            ec.SECP256R1())
    signature = encode_dss_signature(int.from_bytes(signature64[:32], "big"), int.from_bytes(signature64[32:], "big"))
    numbers.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))


def check_quote(quote):
    """Structure and signatures of a v4 quote; returns (report data, RTMR3)."""
    auth_len = int.from_bytes(quote[632:636], "little")
    assert len(quote) == 636 + auth_len
    key, qe_report = quote[700:764], quote[770:1154]
    auth_end = 1220 + int.from_bytes(quote[1218:1220], "little")
    chain = x509.load_pem_x509_certificates(quote[auth_end + 6:].rstrip(b"\0"))
    root = x509.load_pem_x509_certificate(SIMULATED_ROOT.read_bytes())
    assert len(chain) == 3 and chain[2] == root
    for certificate, issuer in zip(chain, chain[1:] + [root]):
        certificate.verify_directly_issued_by(issuer)
    pck = chain[0].public_key().public_numbers()
    ecdsa_verify(pck.x.to_bytes(32, "big") + pck.y.to_bytes(32, "big"), qe_report, quote[1154:1218])
    assert qe_report[320:] == hashlib.sha256(key + quote[1220:auth_end]).digest() + bytes(32)
    ecdsa_verify(key, quote[:632], quote[636:700])
    return quote[568:632], quote[520:568]


def replay(log):
    rtmr3 = bytes(48)
    for event in log:
        assert event["rtmr"] == 3
        digest = sha384(b"selfsame/event/v1\0" + lp(event["type"].encode()) + lp(event["name"].encode()) +
                        lp(unhex(event["payload"])))
        assert digest == unhex(event["digest"])
        rtmr3 = sha384(rtmr3 + digest)
    return rtmr3


def test_by_hand(daemon):
    nonce = secrets.token_hex(32)
    document = attest(daemon.url, nonce)
    statement = document["statement"]
    report_data, rtmr3 = check_quote(unhex(document["evidence"]["quote"]))
    assert statement["nonce"] == f"0x{nonce}"
    assert report_data == hashlib.sha512(b"selfsame/statement/v1\0" + jcs(statement)).digest()
    assert rtmr3 == replay(document["eventLog"])
    expected = [("mode", "mode", statement["mode"].encode()),
                ("settings", "settings", hashlib.sha256(jcs(statement["settings"])).digest())]
    expected += [("binary", name, bytes.fromhex(digest)) for name, digest in sorted(statement["binaries"].items())]
    assert [(e["type"], e["name"], unhex(e["payload"])) for e in document["eventLog"]] == expected
    assert statement["development"] is True and document["simulated"] is True and "simulated" in document["warning"]


def test_binaries_are_the_files(daemon):
    binaries = attest(daemon.url, secrets.token_hex(16))["statement"]["binaries"]
    assert {"selfsamed", "selfsame-signer", "selfsame-attester", "selfsame-gateway"} <= set(binaries)
    for name, digest in binaries.items():
        assert hashlib.sha256((ROOT / "build" / "bin" / name).read_bytes()).hexdigest() == digest


def test_receipt_by_hand(daemon):
    agent = register(daemon)
    receipt = dict(agent.answer["receipt"])
    statement = attest(daemon.url, secrets.token_hex(16))["statement"]
    assert receipt["instanceKey"] == statement["instanceKey"] and receipt["mode"] == statement["mode"]
    signature = unhex(receipt.pop("signature"))
    ed25519.Ed25519PublicKey.from_public_bytes(unhex(statement["instanceKey"])).verify(
        signature, b"selfsame/receipt/v1\0" + jcs(receipt))


def test_verify_url_with_receipt_and_expectations(daemon, tmp_path):
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(register(daemon).answer))
    status, verdict, error = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, "--receipt", answer,
                                    "--expect", "mode=simulated-dev", "--expect", "settings.SELFSAME_CHAIN_ID=31337",
                                    "--expect", "tdattributes=0000001000000000")
    assert status == 0 and verdict["verdict"] == "accept", (verdict, error)
    assert result(verdict, "receipt") == ["passed"] and result(verdict, "expect") == ["passed"] * 3
    assert result(verdict, "nonce") == ["passed"]
    changed = dict(json.loads(answer.read_text()), address="0x000000000000000000000000000000000000dEaD")
    answer.write_text(json.dumps(changed))
    refused = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, "--receipt", answer)[1]
    assert refused["code"] == "RECEIPT" and result(refused, "receipt") == ["failed"]
    for name in ("revocation", "tcb-level", "qe-identity"):
        assert result(verdict, name) == ["not-checked"]


def test_verify_refuses(daemon, tmp_path):
    status, verdict, _ = verify(daemon.url)
    assert status == 1 and verdict["code"] == "ROOT_NOT_TRUSTED" and "root" in verdict["remedy"]
    nonce = secrets.token_hex(32)
    document = json.dumps(attest(daemon.url, nonce)).encode()
    accept = ("--simulated-root", SIMULATED_ROOT)
    assert verify("-", *accept, "--nonce", nonce, stdin=document)[0] == 0
    status, verdict, _ = verify("-", *accept, "--nonce", secrets.token_hex(32), stdin=document)
    assert status == 1 and verdict["code"] == "P_FRESHNESS"
    status, verdict, _ = verify("-", *accept, "--expect", "development=false", stdin=document)
    assert status == 1 and verdict["code"] == "EXPECT"
    status, verdict, _ = verify("-", *accept, "--at", "1000000000", stdin=document)
    assert status == 1 and verdict["code"] == "NOT_YET_VALID"
    changed = json.loads(document)
    changed["statement"]["timeUnverified"] += 1
    status, verdict, _ = verify("-", *accept, stdin=json.dumps(changed).encode())
    assert status == 1 and verdict["code"] == "P_REPORT_DATA"


def test_another_instances_receipt_is_refused(daemon, start, tmp_path):
    answer = tmp_path / "answer.json"
    answer.write_text(json.dumps(register(start()).answer))
    status, verdict, _ = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, "--receipt", answer)
    assert status == 1 and verdict["code"] == "RECEIPT"


def test_tls_key_is_pinned(start):
    one, other = start(SELFSAME_TLS="1"), start(SELFSAME_TLS="1")
    status, verdict, error = verify(one.url, "--simulated-root", SIMULATED_ROOT)
    assert status == 0 and result(verdict, "tls-key") == ["passed"], (verdict, error)
    hashes_seen = [attest(d.url, secrets.token_hex(16))["statement"]["tlsKeyHash"] for d in (one, other)]
    for daemon, wanted in zip((one, other), hashes_seen):
        der = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", daemon.port)))
        key = x509.load_der_x509_certificate(der).public_key()
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert wanted == f"0x{hashlib.sha256(spki).hexdigest()}"
    assert hashes_seen[0] != hashes_seen[1]


@pytest.mark.parametrize("arguments", [
    (), ("a", "b"), ("-", "--nonce", "00"), ("-", "--nonce", "xyz"), ("-", "--expect", "mode"),
    ("-", "--expect", "nothing=1"), ("-", "--at", "tomorrow"), ("-", "--simulated-root", "/nonexistent"),
    ("-", "--simulated-root", "/etc/hostname"), ("-", "--receipt", "/nonexistent"), ("-", "--what"), ("-", "--nonce"),
    ("http://192.0.2.1:8000",), ("https://user:pw@127.0.0.1",),
])
def test_wrong_usage(arguments):
    status, verdict, error = verify(*arguments, stdin=b"")
    assert status == 2 and verdict is None and error.startswith("selfsame verify: ")


def test_nothing_to_fetch():
    status, verdict, error = verify("http://127.0.0.1:1", "--simulated-root", SIMULATED_ROOT)
    assert status == 3 and verdict["code"] == "UNAVAILABLE" and "127.0.0.1" in error
    status, verdict, _ = verify("-", "--simulated-root", SIMULATED_ROOT, stdin=b"{}")
    assert status == 1 and verdict["code"] == "DOCUMENT"


def test_inspect(daemon, tmp_path):
    document = attest(daemon.url, secrets.token_hex(16))
    (tmp_path / "quote").write_bytes(unhex(document["evidence"]["quote"]))
    (tmp_path / "document").write_text(json.dumps(document))
    for name, words in (("quote", ("mrtd", "TD report 1.0", "Selfsame Simulated SGX Root CA", "53454C460001")),
                        ("document", ("SIMULATED TEE", "instanceKey", "selfsame-signer", "rtmr"))):
        done = subprocess.run([str(SELFSAME), "inspect", str(tmp_path / name)], capture_output=True, text=True,
                              timeout=30, check=False)
        assert done.returncode == 0 and all(word in done.stdout for word in words), done
    done = subprocess.run([str(SELFSAME), "inspect", "-"], input=b"nonsense", capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
