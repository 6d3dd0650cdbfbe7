"""The wallet on each real platform, whose agent is played: register, trade, attest, and what must not happen."""

import base64
import datetime
import hashlib
import json
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest
from conftest import ROOT, register
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from eth_account import Account
from eth_hash.auto import keccak
from test_attestation import SIMULATED_ROOT, attest, check_quote, jcs, lp, replay, result, unhex, verify
from test_openapi import check
from test_secrets import may_trace, search_memory

sys.path.insert(0, str(ROOT / "tests" / "fakes"))
import localchain  # noqa: E402
from dstack_agent import CA, DstackAgent, hkdf, public  # noqa: E402
from launcher import APP_ID, IMAGE_DIGEST, Launcher  # noqa: E402

BIN = ROOT / "build" / "bin"
FAKES = ROOT / "build" / "tests" / "fakes"
NOWHERE = {"SELFSAME_DSTACK_SOCKET": "/dev/null/none", "SELFSAME_LAUNCHER_SOCKET": "/dev/null/none",
           "SELFSAME_TSM_REPORTS": "/dev/null/none"}
NONCE = "ab" * 32

for _program in ("quote", "selfsame-attester"):
    if not (FAKES / _program).exists():
        pytest.skip("the fakes are not built: make test-programs", allow_module_level=True)


def phrase():
    """A mnemonic that nobody published."""
    Account.enable_unaudited_hdwallet_features()
    return Account.create_with_mnemonic()[1]


@pytest.fixture
def folder():
    path = pathlib.Path(tempfile.mkdtemp(prefix="selfsame-platform-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def agent(folder):
    """agent(generation...) -> a dstack agent at folder/dstack.sock; one at a time."""
    running = []

    def begin(**options):
        while running:
            running.pop().stop()
        running.append(DstackAgent(folder / "dstack.sock", **options))
        return running[0]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def launcher(folder):
    running = []

    def begin(image="eigencompute"):
        running.append(Launcher(folder / "teeserver.sock", image))
        return running[0]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def on(start, folder):
    """on("dstack", settings...) -> a daemon that finds this platform and no other."""
    places = {"dstack": {"SELFSAME_DSTACK_SOCKET": f"{folder}/dstack.sock"},
              "eigencompute": {"SELFSAME_LAUNCHER_SOCKET": f"{folder}/teeserver.sock", "MNEMONIC": phrase()},
              "tsm": {"SELFSAME_TSM_REPORTS": f"{folder}/report", "SELFSAME_TSM_MEASUREMENTS": f"{folder}/measurements",
                      "MNEMONIC": phrase()}}

    def begin(platform, binaries=None, **settings):
        settings = {**NOWHERE, **places[platform], "SELFSAME_ROOT_RECORD": f"{folder}/root", **settings}
        return start(arguments=(), binaries=binaries, **{k: v for k, v in settings.items() if v is not None})

    return begin


def refused(market, arguments=(), **settings):
    """The line that a start ends with."""
    with pytest.raises(localchain.StartError) as problem:
        localchain.Daemon(market.settings(**{**NOWHERE, **settings}), arguments)
    return str(problem.value)


def assert_works(daemon, market, platform):
    """Register, trade, attest; returns the attestation."""
    assert daemon.request("GET", "/health")[2]["platform"] == platform
    wallet = register(daemon)
    assert wallet.answer["path"].count("'") == 5  # bound: the default in a real TEE
    market.fund(wallet.address)
    status, _, trade = wallet.trade({"type": "split", "conditionId": market.condition, "amount": "10"})
    assert status in (200, 201) and trade["status"] in ("mined", "final"), trade
    assert market.position(wallet.address) == 10 * 10**6
    document = attest(daemon.url, NONCE)
    check("/attestation", "GET", 200, {"Content-Type": "application/json"}, document)
    assert document["platform"] == document["statement"]["platform"] == document["statement"]["mode"] == platform
    assert document["simulated"] is False and document["statement"]["development"] is False
    assert document["statement"]["nonce"] == f"0x{NONCE}" and document["warning"] is None
    assert wallet.answer["receipt"]["mode"] == platform
    return document


def assert_verifies(daemon, *arguments, not_checked=()):
    """The command line accepts it under the simulated root, and what was asked of it was looked at."""
    status, verdict, error = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, *arguments)
    assert status == 0, (verdict["step"], [c for c in verdict["checks"] if c["result"] == "failed"], error)
    for name in ("nonce", "platform", "report-data"):
        assert set(result(verdict, name)) == {"passed"}, (name, verdict)
    for name in not_checked:
        assert result(verdict, name) == ["not-checked"], (name, verdict)
    # nobody who did not name that root takes it for more
    status, other, _ = verify(daemon.url, "--offline")
    assert status == 1 and other["verdict"] == "refuse"
    return verdict


def report_data(document):
    return hashlib.sha512(b"selfsame/statement/v1\0" + jcs(document["statement"])).digest()


# --- dstack -------------------------------------------------------------------------------------

def root_name():
    digest = hashlib.sha256(b"selfsame/dstack-name/v1\0" + lp(b"root secret") + lp(b"selfsame")).hexdigest()
    return f"selfsame/v1/secp256k1/{digest}"


def root_id(key, scheme):
    seed = hkdf(bytes(32), key, f"selfsame/root-seed/v1/{scheme}".encode(), 64)
    return "0x" + hkdf(bytes(32), seed, b"selfsame/root-id/v1").hex()


@pytest.mark.parametrize("generation", ["0.5.9", "0.6.0"])
def test_dstack(agent, on, market, folder, generation):
    guest = agent(generation=generation)
    daemon = on("dstack")
    document = assert_works(daemon, market, "dstack")
    evidence = document["evidence"]
    assert evidence["type"] == "dstack" and "eventLog" not in document
    found, rtmr3 = check_quote(unhex(evidence["quote"]))
    assert found == report_data(document) and rtmr3 == guest.rtmr3()
    assert json.loads(evidence["eventLog"]) == guest.event_log() and evidence["appCompose"] == guest.app_compose
    assert json.loads(evidence["vmConfig"])["os_image_hash"] == guest.os_image_hash.hex()
    assert document["statement"]["settings"]["rootSource"] == "dstack"
    key = hkdf(b"RATLS", guest.app_root, root_name().encode())
    assert document["statement"]["settings"]["rootKey"] == "0x" + public(key).hex()
    chain = evidence["keyChain"]
    assert chain["scheme"] == "dstack-v0" and chain["path"] == root_name() and chain["purpose"] == "selfsame"
    assert unhex(chain["publicKey"]) == public(key) and len(chain["signatureChain"]) == 2
    assert document["statement"]["rootId"] == root_id(key, "dstack-v0")
    assert {request["path"] for request in guest.called("GetKey")} == {root_name()}
    quote = unhex(evidence["quote"])
    policy = folder / "policy.json"
    policy.write_text(json.dumps({"dstack": {"osMeasurements": [
        {"mrtd": quote[184:232].hex(), **{f"rtmr{i}": quote[376 + 48 * i:424 + 48 * i].hex() for i in range(3)}}]}}))
    authority = folder / "kms-ca.pem"
    authority.write_text("-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(CA).decode() + "-----END PUBLIC KEY-----\n")
    known = ("--policy", policy, "--kms-ca", authority, "--app-id", guest.app_id.hex(), "--os-image", guest.os_image_hash.hex(),
             "--compose-hash", hashlib.sha256(guest.app_compose.encode()).hexdigest())
    root, machine = ("--kms-root", public(guest.kms_root).hex()), ("--mr-kms", "22" * 32)
    pinned = (*known, *machine, *root)
    if generation == "0.5.9":
        verdict = assert_verifies(daemon, *pinned)
    else:  # its log does not name the KMS's machine: who pins it must show the KMS's own quote
        verdict = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, *pinned)[1]
        assert (verdict["step"], verdict["code"]) == ("mr-kms", "NOT_SUPPLIED"), verdict
        verdict = assert_verifies(daemon, *known, *root)
    for name in ("compose-hash", "app-id", "os-image", "key-chain", "config-id", "rtmr3"):
        assert result(verdict, name) == ["passed"], (name, verdict)
    verdict = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, *known, "--kms-root", public(guest.app_root).hex())[1]
    assert verdict["verdict"] == "refuse" and verdict["step"] == "key-chain"
    # the KMS's own quote binds both of its keys, or it is another's
    own, other = folder / "kms.json", folder / "other.json"
    binding = f"dstack-kms-genereted-keys-v1:{CA.hex()};{public(guest.kms_root).hex()};".encode()
    for path, data in ((own, keccak(binding) + bytes(32)), (other, bytes(64))):
        path.write_text(json.dumps({"quote": guest.quote(data), "event_log": json.dumps(guest.event_log())}))
    verdict = assert_verifies(daemon, *known, *root, "--kms-quote", own)
    assert result(verdict, "kms") == ["passed"], verdict
    for arguments, step, code in (((*known, *root, "--kms-quote", other), "kms", "KMS_BINDING"),
                                  ((*pinned, "--kms-quote", own), "kms" if generation == "0.5.9" else "mr-kms",
                                   "MR_KMS" if generation == "0.5.9" else "NOT_SUPPLIED"),
                                  ((*known, "--kms-quote", own), "expect", "EXPECT")):
        verdict = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, *arguments)[1]
        assert (verdict["step"], verdict["code"]) == (step, code), verdict
    # all report data ever asked for is the hash of a statement of ours: none of it is the nonce
    assert all(request["report_data"] != (NONCE * 2)[:128] for request in guest.called("GetQuote"))


def certificate(guest, key, quoted):
    """As RA-TLS has it: over key, with a quote over another's or its own."""
    spki = quoted.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    values = {1: guest.quote(hashlib.sha512(b"ratls-cert:" + spki).digest()), 2: json.dumps(guest.event_log()).encode().hex()}
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "app.invalid")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime.datetime(2026, 1, 1), datetime.datetime(2036, 1, 1))
    for last, value in values.items():
        value = bytes.fromhex(value)
        content = b"\x04\x82" + len(value).to_bytes(2, "big") + value
        oid = x509.ObjectIdentifier(f"1.3.6.1.4.1.62397.1.{last}")
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, content), critical=False)
    return builder.sign(key, hashes.SHA256())


def test_dstack_certificate(agent, folder):
    guest = agent()
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    quote = bytes.fromhex(guest.quote(bytes(64)))
    policy = folder / "policy.json"
    policy.write_text(json.dumps({"dstack": {"appId": guest.app_id.hex(), "kmsCa": CA.hex(), "osMeasurements": [
        {"mrtd": quote[184:232].hex(), **{f"rtmr{i}": quote[376 + 48 * i:424 + 48 * i].hex() for i in range(3)}}]}}))
    known = ("--simulated-root", SIMULATED_ROOT, "--policy", policy, "--compose-hash",
             hashlib.sha256(guest.app_compose.encode()).hexdigest())
    path = folder / "app.pem"
    for encoding in (Encoding.PEM, Encoding.DER):
        path.write_bytes(certificate(guest, key, key).public_bytes(encoding))
        status, verdict, _ = verify(path, *known)
        assert status == 0 and verdict["kind"] == "dstack-certificate" and result(verdict, "report-data") == ["passed"], verdict
        # evidence of a machine, in the certificate of somebody else
        path.write_bytes(certificate(guest, key, other).public_bytes(encoding))
        status, verdict, _ = verify(path, *known)
        assert status == 1 and verdict["step"] == "report-data", verdict


def test_dstack_event_once_per_machine(agent, on):
    guest = agent(generation="0.5.9")
    daemon = on("dstack")
    name, payload = guest.events[-1]
    assert name == "selfsame.boot" and len(payload) == 48 and guest.events[-2][0] == "system-ready"
    daemon.kill("selfsame-attester")
    time.sleep(0.5)
    attest(daemon.url, NONCE)
    assert [name for name, _ in guest.events].count("selfsame.boot") == 1


def test_dstack_tappd_attests_but_derives_no_root(agent, market, on, folder):
    agent(generation="tappd")
    text = refused(market, SELFSAME_DSTACK_SOCKET=f"{folder}/dstack.sock", SELFSAME_ROOT_RECORD=f"{folder}/root")
    assert "SELFSAME_ROOT_SOURCE" in text and "GetKey" in text
    daemon = on("dstack", MNEMONIC=phrase(), SELFSAME_ROOT_SOURCE="environment")
    document = assert_works(daemon, market, "dstack")
    assert check_quote(unhex(document["evidence"]["quote"]))[0] == report_data(document)
    assert "keyChain" not in document["evidence"]
    assert document["statement"]["settings"]["rootSource"] == "environment"


def test_dstack_the_same_wallet_with_an_empty_database(agent, on):
    agent(generation="0.5.9")
    first = on("dstack")
    wallet = register(first, "same")
    first.stop()
    again = on("dstack")
    status, _, answer = again.request("POST", "/register", {"agentId": "same"}, {"x-api-key": wallet.key})
    assert status == 201 and answer["address"] == wallet.address


@pytest.mark.parametrize("change", [{"kms_root": bytes(31) + b"\x06"}, {"app_compose": "{}"}])
def test_dstack_another_key_stops_the_start(agent, on, market, folder, change):
    agent(generation="0.5.9")
    first = on("dstack")
    recorded = (folder / "root").read_text()
    assert recorded.startswith("scheme=dstack-v0\npublicKey=0x0")
    first.stop()
    agent(generation="0.5.9", **change)
    settings = {"SELFSAME_DSTACK_SOCKET": f"{folder}/dstack.sock", "SELFSAME_ROOT_RECORD": f"{folder}/root"}
    text = refused(market, **settings)
    assert "another root secret" in text and recorded.split("publicKey=")[1].strip() in text
    assert (folder / "root").read_text() == recorded
    # nor by the setting, without the file
    (folder / "root").unlink()
    key = recorded.split("publicKey=")[1].strip()
    text = refused(market, **settings, SELFSAME_ROOT_PUBLIC_KEY=key)
    assert "SELFSAME_ROOT_PUBLIC_KEY" in text and not (folder / "root").exists()
    agent(generation="0.5.9")
    assert on("dstack", SELFSAME_ROOT_PUBLIC_KEY=key).request("GET", "/health")[0] == 200


def test_dstack_schemes_are_never_switched(agent, on, market, folder):
    agent(generation="0.5.9")
    first = on("dstack")
    before = attest(first.url, NONCE)["statement"]["rootId"]
    first.stop()
    # a newer agent has v1 too: the record decides
    guest = agent(generation="0.6.0")
    second = on("dstack")
    assert attest(second.url, NONCE)["statement"]["rootId"] == before
    assert not any("domain" in request for request in guest.called("GetKey"))
    second.stop()
    text = refused(market, SELFSAME_DSTACK_SOCKET=f"{folder}/dstack.sock", SELFSAME_ROOT_RECORD=f"{folder}/root",
                   SELFSAME_ROOT_SOURCE="dstack-v1")
    assert "on record as dstack-v0" in text
    third = on("dstack", SELFSAME_ROOT_SOURCE="dstack-v1", SELFSAME_ROOT_RECORD=f"{folder}/other")
    document = attest(third.url, NONCE)
    key = hkdf(b"dstack-guest-v1", guest.app_root, lp(b"dstack-guest-v1-key") + lp(b"secp256k1") + lp(root_name().encode()))
    assert document["statement"]["rootId"] == root_id(key, "dstack-v1") != before
    assert document["evidence"]["keyChain"]["scheme"] == "dstack-v1"


def test_dstack_a_phrase_in_the_environment_is_refused(agent, market, folder):
    agent(generation="0.5.9")
    text = refused(market, SELFSAME_DSTACK_SOCKET=f"{folder}/dstack.sock", MNEMONIC=phrase())
    assert "MNEMONIC" in text and "SELFSAME_ROOT_SOURCE=environment" in text
    text = refused(market, SELFSAME_DSTACK_SOCKET=f"{folder}/dstack.sock", MNEMONIC_PASSPHRASE="x")
    assert "MNEMONIC_PASSPHRASE" in text


def test_dstack_wrong_answers_are_not_passed_on(agent, on, market, folder):
    guest = agent(generation="0.5.9")
    daemon = on("dstack")
    old = guest.quote(bytes(64))

    def replayed(body):
        answer = {"quote": old, "event_log": "[]", "report_data": json.loads(body)["report_data"], "vm_config": ""}
        return 200, "application/json", json.dumps(answer).encode()

    guest.broken["GetQuote"] = replayed
    status, _, problem = daemon.request("GET", f"/attestation?nonce={NONCE}")
    assert status == 503, problem
    guest.broken["GetQuote"] = lambda _: (200, "text/html", b"<html>")
    assert daemon.request("GET", f"/attestation?nonce={NONCE}")[0] == 503
    guest.broken["GetQuote"] = lambda _: (400, "application/json", b'{"error":"busy"}')
    assert daemon.request("GET", f"/attestation?nonce={NONCE}")[0] == 503
    guest.broken.clear()
    assert attest(daemon.url, NONCE)["statement"]["nonce"] == f"0x{NONCE}"
    daemon.stop()
    guest.broken["GetKey"] = lambda _: (200, "application/json", b'{"key":"00","signature_chain":[]}')
    text = refused(market, SELFSAME_DSTACK_SOCKET=f"{folder}/dstack.sock", SELFSAME_ROOT_RECORD=f"{folder}/root")
    assert "contradicts itself" in text


def test_dstack_the_root_secret_stays_in_the_signer(agent, on):
    """The daemon's files and the record hold neither the agent's key nor the seed."""
    guest = agent(generation="0.5.9")
    daemon = on("dstack")
    register(daemon)
    key = hkdf(b"RATLS", guest.app_root, root_name().encode())
    seed = hkdf(bytes(32), key, b"selfsame/root-seed/v1/dstack-v0", 64)
    found = [p for p in pathlib.Path(daemon.directory).rglob("*") if p.is_file()]
    assert found
    for path in found:
        content = path.read_bytes()
        for secret in (key, seed, seed[:32]):
            assert secret not in content and secret.hex().encode() not in content
    assert key.hex() not in daemon.output() and seed.hex() not in daemon.output()
    assert "selfsame-rootsource" not in daemon.children()
    if not may_trace():
        pytest.skip("this machine lets nobody read another process's memory")
    wanted = {"key": key, "seed": seed, "seed half": seed[:32], "key in hex": key.hex().encode(),
              "seed in hex": seed.hex().encode()}
    for name, pid in {**daemon.children(), "selfsamed": daemon.pid}.items():
        if name != "selfsame-signer":
            assert search_memory(pid, wanted) == [], name


# --- EigenCompute and Confidential Space --------------------------------------------------------

def challenge_of(document):
    return hashlib.sha256(b"SELFSAME_ATTEST_V1\0" + report_data(document)).digest()


def test_eigencompute(launcher, on, market, folder):
    image = launcher("eigencompute")
    daemon = on("eigencompute")
    document = assert_works(daemon, market, "eigencompute")
    assert document["evidence"]["type"] == "bound-evidence" and "eventLog" not in document
    assert document["statement"]["settings"]["rootSource"] == "environment"
    challenge, extra = image.challenges[-1]
    assert challenge == challenge_of(document) and extra == report_data(document)
    assert base64.b64decode(document["evidence"]["attestation"], validate=True) and not image.tokens
    (folder / "root.pem").write_bytes(image.machine.authority.pem())
    anchors = ("--google-root", folder / "root.pem", "--image", IMAGE_DIGEST, "--app-id", APP_ID)
    verdict = assert_verifies(daemon, *anchors)
    for name in ("ak-chain", "tpm-quotes", "tpm-nonce", "bound-nonce", "canonical-log", "pcr13", "image", "app"):
        assert result(verdict, name) == ["passed"], (name, verdict)
    # whose MNEMONIC this is, nobody has shown; a list of the KMS's does, if it is this application's
    assert result(verdict, "root-secret") == ["not-checked"]
    for app, wanted in ((None, "not-checked"), (APP_ID, "passed"), ("11" * 20, "failed")):
        document["statement"]["settings"]["SELFSAME_KMS_ADDRESSES"] = "{}"
        if app:
            document["statement"]["settings"]["SELFSAME_APP_ID"] = "0x" + app.removeprefix("0x")
        (folder / "edited.json").write_text(json.dumps(document))
        status, verdict, _ = verify(folder / "edited.json", "--simulated-root", SIMULATED_ROOT, *anchors)
        assert status == 1 and result(verdict, "root-secret") == [wanted], (app, verdict)
    # under Google's own root, for another image, with another program in the log
    assert verify(daemon.url, "--simulated-root", SIMULATED_ROOT)[0] == 1
    status, verdict, _ = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, *anchors[:3], "sha256:" + "00" * 32)
    assert status == 1 and verdict["step"] == "image"
    image.machine.events[4] = (4, b"other")
    image.machine.register = lambda algorithm: bytes(algorithm().digest_size)
    status, verdict, _ = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, *anchors)
    assert status == 1 and verdict["step"] in ("rtmr3", "pcr13")


@pytest.mark.parametrize("image,kind", [("stock", "PKI"), ("oidc", "OIDC")])
def test_confidential_space(launcher, on, market, folder, image, kind):
    space = launcher(image)
    daemon = on("eigencompute")
    document = assert_works(daemon, market, "eigencompute")
    assert document["evidence"]["type"] == "confidential-space-token"
    assert space.tokens[-1] == {"audience": "selfsame-attestation/v1", "nonces": [challenge_of(document).hex()],
                                "token_type": kind}
    assert not space.challenges
    (folder / "anchor").write_bytes(space.service.authority.pem() if kind == "PKI" else space.service.jwks().encode())
    anchor = ("--google-root" if kind == "PKI" else "--jwks", folder / "anchor")
    known = ("--image", IMAGE_DIGEST, "--app-id", APP_ID)
    status, verdict, error = verify(daemon.url, *anchor, *known)
    assert status == 0, (verdict["step"], [c for c in verdict["checks"] if c["result"] == "failed"], error)
    for name in ("nonce", "token-signature", "token-nonce", "token-audience", "image", "app"):
        assert result(verdict, name) == ["passed"], (name, verdict)
    assert verify(daemon.url, *known)[0] == 1  # under the pinned root
    status, verdict, _ = verify(daemon.url, *anchor, "--image", "sha256:" + "00" * 32)
    assert status == 1 and verdict["step"] == "image"
    space.service.changes = {"dbgstat": "enabled"}
    status, verdict, _ = verify(daemon.url, *anchor, *known)
    assert status == 1 and verdict["step"] == "debug"


KMS_DOMAINS = ["COMPUTE_APP_ENV_REQUEST_RSA_KEY_V1", "COMPUTE_APP_JWT_REQUEST_RSA_KEY_V1", "COMPUTE_APP_KMS_SIGNATURE_V1",
               "COMPUTE_APP_KEY_DERIVATION_V1"]


@pytest.mark.parametrize("image", ["eigencompute", "stock"])
def test_nobody_chooses_what_the_launcher_is_asked(launcher, on, image):
    """The oracle: a nonce that is the KMS's challenge for the attacker's own key, in every domain."""
    server = launcher(image)
    daemon = on("eigencompute")
    pem = b"-----BEGIN PUBLIC KEY-----\nMIIC\n-----END PUBLIC KEY-----\n"
    wanted = [hashlib.sha256(domain.encode() + b"\0" + pem).digest() for domain in KMS_DOMAINS]
    for challenge in wanted:
        for nonce in (challenge, challenge * 2):
            attest(daemon.url, nonce.hex())
    for query in ("audience=https://sts.googleapis.com", "extra_data=", "challenge=" + wanted[0].hex()):
        assert daemon.request("GET", f"/attestation?nonce={NONCE}&{query}")[0] == 400
    for challenge, extra in server.challenges:
        assert challenge not in wanted and len(extra) == 64
    for token in server.tokens:
        assert token["audience"] == "selfsame-attestation/v1"
        assert not {bytes.fromhex(nonce) for nonce in token["nonces"]} & set(wanted)
    assert len(server.challenges) + len(server.tokens) >= 2 * len(KMS_DOMAINS)


def test_a_failing_launcher_is_not_replaced_by_something_weaker(launcher, on):
    server = launcher("eigencompute")
    daemon = on("eigencompute")
    server.image = "stock"  # tokens, all of a sudden
    assert daemon.request("GET", f"/attestation?nonce={NONCE}")[0] == 503
    assert not server.tokens
    server.image = "eigencompute"
    server.failing = (500, "failed to get attestation: TPM")
    assert daemon.request("GET", f"/attestation?nonce={NONCE}")[0] == 503
    server.failing = None
    assert attest(daemon.url, NONCE)["evidence"]["type"] == "bound-evidence"


def test_equal_requests_share_evidence(launcher, on):
    server = launcher("eigencompute")
    daemon = on("eigencompute")
    before = len(server.challenges)
    assert attest(daemon.url, NONCE) == attest(daemon.url, NONCE)
    assert len(server.challenges) == before + 1
    attest(daemon.url, "cd" * 32)
    assert len(server.challenges) == before + 2


def test_a_mnemonic_that_the_kms_did_not_sign_for(launcher, market, folder):
    launcher("eigencompute")
    listed = {"data": {"evmAddresses": [{"address": "0x" + "11" * 20, "derivationPath": "m/44'/60'/0'/0/0"}],
                       "solanaAddresses": []}, "signature": base64.b64encode(b"0" * 70).decode()}
    (folder / "list.json").write_text(json.dumps(listed, indent=1))
    common = {"SELFSAME_LAUNCHER_SOCKET": f"{folder}/teeserver.sock", "MNEMONIC": phrase()}
    for value in (json.dumps(listed), f"{folder}/list.json"):
        text = refused(market, **common, SELFSAME_KMS_ADDRESSES=value)
        assert "SELFSAME_KMS_ADDRESSES" in text
    assert "cannot be read" in refused(market, **common, SELFSAME_KMS_ADDRESSES=f"{folder}/nothing.json")


# --- configfs-tsm -------------------------------------------------------------------------------

@pytest.fixture
def tsm_programs(folder):
    """The release's programs, and its attester on a kernel that is played."""
    place = folder / "bin"
    place.mkdir()
    for name in ("selfsamed", "selfsame-signer", "selfsame-gateway", "selfsame-rootsource"):
        shutil.copy(BIN / name, place / name)
    shutil.copy(FAKES / "selfsame-attester", place / "selfsame-attester")
    (folder / "report").mkdir()
    (folder / "measurements").mkdir()
    return place


def test_tsm(tsm_programs, on, market):
    daemon = on("tsm", binaries=tsm_programs)
    document = assert_works(daemon, market, "tsm")
    assert document["evidence"]["type"] == "tdx-quote"
    found, rtmr3 = check_quote(unhex(document["evidence"]["quote"]))
    assert found == report_data(document) and rtmr3 == replay(document["eventLog"])
    assert [e["type"] for e in document["eventLog"]][:2] == ["mode", "settings"]
    digest = hashlib.sha256((BIN / "selfsame-signer").read_bytes()).hexdigest()
    assert_verifies(daemon, "--expect", f"binaries.selfsame-signer={digest}", "--expect", "mode=tsm")
    assert daemon.request("GET", "/health")[2]["development"] is False


def test_the_release_refuses_a_directory_that_is_no_configfs(market, folder):
    (folder / "report").mkdir()
    text = refused(market, MNEMONIC=phrase(), SELFSAME_TSM_REPORTS=f"{folder}/report")
    assert "SELFSAME_PLATFORM" in text
    assert list((folder / "report").iterdir()) == []


# --- which platform, and what a real one forbids --------------------------------------------------

def test_the_order_of_probing(agent, launcher, on, folder):
    agent(generation="0.5.9")
    launcher("eigencompute")
    both = {"SELFSAME_LAUNCHER_SOCKET": f"{folder}/teeserver.sock"}
    assert on("dstack", **both).request("GET", "/health")[2]["platform"] == "dstack"
    named = on("dstack", **both, SELFSAME_PLATFORM="eigencompute", MNEMONIC=phrase())
    assert named.request("GET", "/health")[2]["platform"] == "eigencompute"


def test_a_real_tee_forbids_development(launcher, market, folder):
    launcher("eigencompute")
    socket = {"SELFSAME_LAUNCHER_SOCKET": f"{folder}/teeserver.sock"}
    assert "--dev is refused in a real TEE" in refused(market, arguments=("--dev",), **socket)
    junk = "test test test test test test test test test test test junk"
    assert "published" in refused(market, **socket, MNEMONIC=junk)
    assert "MNEMONIC" in refused(market, **socket)


def test_a_platform_that_is_not_there(market):
    for name in ("dstack", "eigencompute", "tsm"):
        assert "SELFSAME_PLATFORM" in refused(market, SELFSAME_PLATFORM=name, MNEMONIC=phrase())


# --- confinement --------------------------------------------------------------------------------

def test_the_attester_holds_no_socket_of_the_agent(agent, on):
    """Between two requests it has its wires and nothing else; it was passed each connection."""
    agent(generation="0.5.9")
    daemon = on("dstack")
    attest(daemon.url, NONCE)
    pid = daemon.children()["selfsame-attester"]
    try:
        descriptors = {int(fd.name) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    except PermissionError:
        pytest.skip("only root looks into a process that is not dumpable")
    assert descriptors == {0, 1, 2, 3, 4, 6}


def test_stopping_while_the_agent_is_silent(agent, folder, market):
    """selfsame-rootsource waits for an answer: SIGTERM ends it at once, and everything with it."""
    guest = agent(generation="0.5.9")
    guest.broken["GetKey"] = lambda _: (time.sleep(8), (500, "text/plain", b""))[1]
    env = {"PATH": "/usr/bin:/bin", **market.settings(), **NOWHERE, "SELFSAME_DSTACK_SOCKET": f"{folder}/dstack.sock",
           "SELFSAME_ROOT_RECORD": f"{folder}/root", "DATABASE_URL": f"sqlite:{folder}/db/x.db",
           "SELFSAME_LISTEN": "127.0.0.1:0"}
    with subprocess.Popen([str(BIN / "selfsamed")], env=env, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(100):
            if guest.called("GetKey"):
                break
            time.sleep(0.05)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        assert time.monotonic() - begun < 4
    assert not (folder / "root").exists()
