"""selfsame collateral fetch against a service that answers as Intel's does, or misbehaves."""

import datetime
import ipaddress
import json
import os
import pathlib
import stat
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "fakes"))
from pccs import Pccs  # noqa: E402

SELFSAME = ROOT / "build" / "bin" / "selfsame"
WRITE = ROOT / "build" / "tests" / "scenarios" / "write"


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    """Simulated machines and their collateral, a folder each."""
    if not WRITE.exists():
        pytest.skip("build/tests/scenarios/write is not built")
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run([str(WRITE), "cases", str(folder)], check=True)
    return folder


@pytest.fixture
def machine(cases):
    """(quote, bundle) of a machine that is up to date."""
    folder = next(p for p in sorted(cases.iterdir()) if p.name.endswith("uptodate") or p.name.endswith("up-to-date"))
    return folder / "quote.bin", json.loads((folder / "collateral.json").read_text())


def run(*arguments, cache=None, **environment):
    env = dict(os.environ, **environment)
    for name in ("SELFSAME_PCCS", "HOME", "XDG_CACHE_HOME"):
        env.pop(name, None)
    if cache is not None:
        env["XDG_CACHE_HOME"] = str(cache)
    return subprocess.run([str(SELFSAME), *map(str, arguments)], capture_output=True, timeout=120, check=False, env=env)


def fetch(cases, quote, pccs, out, *more, **kw):
    return run("collateral", "fetch", quote, "--pccs", pccs.url, "--simulated-root", cases / "root.der", "--out", out,
               *more, **kw)


def test_fetched_whole(cases, machine, tmp_path):
    quote, bundle = machine
    with Pccs(bundle) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text()) == bundle
    assert b"TCB info" in done.stderr and b"UpToDate" in done.stderr and b"it holds, until" in done.stderr
    assert any("update=early" in r for r in pccs.requests)
    cached = list((tmp_path / "selfsame").iterdir())
    assert len(cached) == 1 and stat.S_IMODE(cached[0].stat().st_mode) == 0o600
    assert cached[0].read_bytes() == (tmp_path / "out.json").read_bytes()


def test_standard_update_and_standard_output(cases, machine, tmp_path):
    quote, bundle = machine
    with Pccs(bundle) as pccs:
        done = run("collateral", "fetch", quote, "--pccs", pccs.url + "/sgx/certification/v4/", "--simulated-root",
                   cases / "root.der", "--update", "standard", "--quiet", cache=tmp_path)
    assert done.returncode == 0 and done.stderr == b"" and json.loads(done.stdout) == bundle
    assert all("update=early" not in r for r in pccs.requests)


@pytest.mark.parametrize("fault", ["hex", "flaky", "throttled", "cut"])
def test_faults_that_pass(cases, machine, tmp_path, fault):
    quote, bundle = machine
    with Pccs(bundle, fault) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", cache=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text()) == bundle


@pytest.mark.parametrize("fault,words", [
    ("down", b"status 500"), ("huge", b"longer than"), ("to-file", b""), ("to-http", b""),
    ("forbidden", b"credentials"), ("no-chain", b"no issuer chain"), ("bad-chain", b"PEM"), ("not-json", b"tcbInfo"),
    ("no-root-crl", b"root CRL"),
])
def test_faults_that_stay(cases, machine, tmp_path, fault, words):
    quote, bundle = machine
    with Pccs(bundle, fault) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", cache=tmp_path)
    assert done.returncode == 3 and words in done.stderr, done.stderr
    assert not (tmp_path / "out.json").exists() and not (tmp_path / "selfsame").exists()


def test_forged_collateral_is_not_written(cases, machine, tmp_path):
    quote, bundle = machine
    bundle["tcb_info"] = bundle["tcb_info"].replace('"OutOfDate"', '"UpToDate"')
    with Pccs(bundle) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", cache=tmp_path)
    assert done.returncode == 1 and b"TCB_INFO_SIGNATURE" in done.stderr
    assert not (tmp_path / "out.json").exists() and not (tmp_path / "selfsame").exists()


def test_unknown_platform_and_no_quote(cases, machine, tmp_path):
    quote, bundle = machine
    bundle["tcb_info"] = bundle["tcb_info"].replace('"fmspc":"', '"fmspc":"FF', 1)
    with Pccs(bundle) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", cache=tmp_path)
        assert done.returncode == 3 and b"FMSPC" in done.stderr
        asked = len(pccs.requests)
        # under Intel's root this quote's platform is nobody's, and nothing is asked
        done = run("collateral", "fetch", quote, "--pccs", pccs.url, cache=tmp_path)
        assert done.returncode == 1 and b"root" in done.stderr
        (tmp_path / "text").write_text("hello")
        done = fetch(cases, tmp_path / "text", pccs, tmp_path / "out.json")
        assert done.returncode == 1 and b"no TDX quote" in done.stderr
        assert len(pccs.requests) == asked


def self_signed(folder, common_name="pccs", is_for_loopback=True):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
    now = datetime.datetime.utcnow()
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
                   .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
                   .not_valid_after(now + datetime.timedelta(days=1)))
    if is_for_loopback:
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = certificate.add_extension(x509.SubjectAlternativeName([loopback]), False)
    certificate = certificate.sign(key, hashes.SHA256())
    (folder / "tls.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                                      serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / "tls.pem", folder / "tls.key"


def test_tls_is_verified(cases, machine, tmp_path):
    quote, bundle = machine
    certificate = self_signed(tmp_path)
    with Pccs(bundle, certificate=certificate) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", cache=tmp_path)
        assert done.returncode == 3 and b"certificate" in done.stderr and not pccs.requests
        done = fetch(cases, quote, pccs, tmp_path / "out.json", "--pccs-ca", certificate[0], cache=tmp_path)
        assert done.returncode == 0, done.stderr


def test_a_certificates_name_does_not_steer_the_terminal(cases, machine, tmp_path):
    quote, bundle = machine
    certificate = self_signed(tmp_path, "\x1b[2Jverdict: accept\u009b31m\u202e", is_for_loopback=False)
    with Pccs(bundle, certificate=certificate) as pccs:
        done = fetch(cases, quote, pccs, tmp_path / "out.json", "--pccs-ca", certificate[0], cache=tmp_path)
    assert done.returncode == 3 and b"verdict: accept" in done.stderr
    assert all(0x20 <= c < 0x7f or c == 0x0a for c in done.stderr), done.stderr


@pytest.mark.parametrize("arguments", [
    (), ("fetch",), ("get", "x"), ("fetch", "a", "b"), ("fetch", "x", "--pccs", "http://pccs.example"),
    ("fetch", "x", "--pccs", "https://a.example/sgx/certification/v3/"), ("fetch", "x", "--update", "soon"),
    ("fetch", "x", "--pccs"), ("fetch", "x", "--what"),
])
def test_wrong_usage(arguments):
    done = run("collateral", *arguments)
    assert done.returncode == 2 and done.stderr.startswith(b"selfsame collateral: ")
