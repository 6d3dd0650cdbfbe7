"""selfsame verify and inspect: every kind of evidence, where collateral comes from, what is said."""

import base64
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "fakes"))
from google_ca import TokenService  # noqa: E402
from pccs import Pccs  # noqa: E402

SELFSAME = ROOT / "build" / "bin" / "selfsame"
WRITE = ROOT / "build" / "tests" / "scenarios" / "write"
FIXTURES = ROOT / ".." / "shared" / "fixtures"
SIMULATED_ROOT = ROOT / "deploy" / "simulated-root.pem"


def fixture(name):
    path = FIXTURES / name
    if not path.exists():
        pytest.skip(f"fixtures/{name} is not there")
    return path


def run(verb, *arguments, stdin=None, cache=None):
    """(exit status, JSON or None, standard error); without a cache unless one is given"""
    env = {name: value for name, value in os.environ.items() if name not in ("HOME", "XDG_CACHE_HOME")}
    if cache is not None:
        env["XDG_CACHE_HOME"] = str(cache)
    env.pop("SELFSAME_PCCS", None)
    done = subprocess.run([str(SELFSAME), verb, "--json", *map(str, arguments)], input=stdin, capture_output=True,
                          timeout=120, check=False, env=env)
    return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr.decode()


def verify(*arguments, **kw):
    return run("verify", *arguments, **kw)


def result(out, name):
    return [c["result"] for c in out["checks"] if c["name"] == name]


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    if not WRITE.exists():
        pytest.skip("build/tests/scenarios/write is not built")
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run([str(WRITE), "cases", str(folder)], check=True)
    return folder


# --- where collateral comes from ---------------------------------------------------------------


def machine(cases, name="up-to-date"):
    folder = cases / name
    return folder / "quote.bin", json.loads((folder / "collateral.json").read_text())


def test_fetched_cached_and_offline(cases, tmp_path):
    quote, bundle = machine(cases)
    trust = ("--simulated-root", cases / "root.der")
    with Pccs(bundle) as pccs:
        service = ("--pccs", pccs.url)
        status, out, error = verify(quote, *trust, *service, cache=tmp_path)
        assert status == 0 and out["tcbStatus"] == "UpToDate", (out, error)
        assert result(out, "revocation") == ["passed"] and out["simulated"] is True
        asked = len(pccs.requests)
        assert asked == 4
        assert verify(quote, *trust, *service, cache=tmp_path)[0] == 0
        assert len(pccs.requests) == asked, "a fresh cache is used"
        assert verify(quote, *trust, *service, "--fetch", cache=tmp_path)[0] == 0
        assert len(pccs.requests) == 2 * asked
        cached = next((tmp_path / "selfsame").iterdir())
        day = time.time() - 100000
        os.utime(cached, (day, day))
        assert verify(quote, *trust, *service, cache=tmp_path)[0] == 0
        assert len(pccs.requests) == 3 * asked, "yesterday's is fetched anew"
        # a service that is away: what is cached and valid is used
        os.utime(cached, (day, day))
        pccs.fault = "forbidden"
        status, out, _ = verify(quote, *trust, *service, cache=tmp_path)
        assert status == 0
        assert any("could not be asked" in c["detail"] for c in out["checks"] if c["name"] == "collateral")
        # without a cache there is nothing
        status, out, _ = verify(quote, *trust, *service, cache=tmp_path / "none")
        assert status == 1 and out["code"] == "COLLATERAL_MISSING" and out["reason"] == "no-collateral"
        assert "--collateral" in out["remedy"]
        # a cache that somebody wrote into is no worse than none
        pccs.fault = None
        for garbage in ("", "{}", "[]", cached.read_text().replace("UpToDate", "UpToDatE")):
            cached.write_text(garbage)
            status, out, _ = verify(quote, *trust, *service, "--offline", cache=tmp_path)
            assert status == 1 and out["code"] == "COLLATERAL_MISSING"
        assert verify(quote, *trust, *service, cache=tmp_path)[0] == 0
        asked = len(pccs.requests)
        assert verify(quote, *trust, "--offline", cache=tmp_path)[0] == 0
        assert verify(quote, *trust, *service, "--at", int(time.time()), cache=tmp_path)[0] == 0
        assert len(pccs.requests) == asked


def test_recorded_quote_with_fetched_collateral(tmp_path):
    """Intel's own documents and certificates, over the wire and back, byte by byte as they were signed."""
    quote = fixture("tdx/phala-v4-uptodate/quote.bin")
    bundle = json.loads(fixture("tdx/phala-v4-uptodate/collateral.json").read_text())
    for fault in (None, "hex"):
        with Pccs(bundle, fault) as pccs:
            status, out, error = verify("--quote", quote, "--fetch", "--pccs", pccs.url, "--at", 1752919234, cache=tmp_path)
            assert status == 0 and out["tcbStatus"] == "UpToDate" and out["simulated"] is False, (out, error)
            # today it is long over, and is refused for that
            status, out, _ = verify("--quote", quote, "--fetch", "--pccs", pccs.url, cache=tmp_path)
            assert status == 1 and out["reason"] == "expired"
    assert verify(quote, "--offline", "--at", 1752919234, cache=tmp_path)[0] == 0


def test_offline_says_the_remedy():
    quote = fixture("tdx/dstack-v4-report/quote.bin")
    status, out, _ = verify(quote, "--offline")
    assert status == 1 and out["code"] == "COLLATERAL_MISSING" and out["step"] == "collateral"
    assert "--collateral FILE" in out["remedy"] and result(out, "quote-signature") == ["passed"]
    # --quote is judged by what is named
    status, out, _ = verify("--quote", quote)
    assert status == 1 and out["reason"] == "no-collateral"


def test_malformed_collateral(cases, tmp_path):
    quote, _ = machine(cases)
    (tmp_path / "bundle").write_text("[]")
    status, out, _ = verify(quote, "--simulated-root", cases / "root.der", "--collateral", tmp_path / "bundle")
    assert status == 1 and out["code"] == "COLLATERAL_PARSE" and out["step"] == "collateral"


def test_attestation_with_collateral(daemon, cases):
    shipped = ROOT / "deploy" / "simulated-collateral.json"
    status, out, error = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, "--collateral", shipped)
    assert status == 0 and out["kind"] == "attestation", (out, error)
    assert out["tcbStatus"] == "UpToDate" and result(out, "revocation") == ["passed"]
    assert out["facts"]["mode"] == "simulated-dev" and "binaries.selfsame-signer" in out["facts"]
    with Pccs(json.loads(shipped.read_text())) as pccs:
        status, out, error = verify(daemon.url, "--simulated-root", SIMULATED_ROOT, "--pccs", pccs.url)
    assert status == 0 and result(out, "tcb-status") == ["passed"], (out, error)


def test_policy(cases, tmp_path):
    quote, bundle = machine(cases, "hardening-needed")
    (tmp_path / "bundle").write_text(json.dumps(bundle))
    arguments = (quote, "--simulated-root", cases / "root.der", "--collateral", tmp_path / "bundle")
    status, out, _ = verify(*arguments)
    assert status == 1 and out["reason"] == "tcb-status" and out["tcbStatus"] == "SWHardeningNeeded"
    policy = tmp_path / "policy.json"
    accepted = '"tcbStatuses": ["UpToDate", "SWHardeningNeeded"]'
    policy.write_text("{%s}" % accepted)
    status, out, error = verify(*arguments, "--policy", policy)
    assert status == 0, (out, error)
    # an application that was asked for is not met by evidence that names none
    policy.write_text('{%s, "dstack": {"appId": "%s"}}' % (accepted, "00" * 20))
    status, out, _ = verify(*arguments, "--policy", policy)
    assert status == 1 and out["step"] == "expect" and "dstack" in out["checks"][-1]["detail"]
    for text, words in (('{"tcbStatuses": ["Fine"]}', "tcbStatuses"), ('{"colour": 1}', "colour"), ("[]", "object"),
                        ('{"dstack": {"colour": 1}}', "colour"), ('{"graceDays":1,\n"graceDays":2}', 'line 2: duplicate'),
                        ('{"mrtd": ["0x00"]}', "mrtd: takes a list of strings of 96 digits"), ("{", "line 1: "), ("", "a JSON object"),
                        ('{"tcbStatuses": ["uptodate"]}', 'such as ["UpToDate"]')):
        policy.write_text(text)
        status, out, error = verify(*arguments, "--policy", policy)
        assert status == 2 and words in error, error


# --- kinds ---------------------------------------------------------------------------------------


def test_spellings_of_a_quote(cases):
    import base64
    quote, bundle = machine(cases)
    raw = quote.read_bytes()
    trust = ("--simulated-root", cases / "root.der")
    for spelling in (raw, raw.hex().encode(), b"0x" + raw.hex().encode() + b"\n", base64.b64encode(raw),
                     base64.encodebytes(raw)):
        status, out, _ = verify("-", *trust, stdin=spelling)
        assert status == 0 and out["kind"] == "tdx-quote"


def test_unknown_kinds_are_refused():
    for data, words in ((b"hello", "nothing that is known"), (b"", "nothing"), (b'{"tcb_info":"{}"}', "collateral"),
                        (b"\2\0\0\0" + bytes(1180), "AMD SEV-SNP")):
        status, out, _ = verify("-", stdin=data)
        assert status == 1 and out["step"] == "kind" and words in out["checks"][0]["detail"]
    assert out["reason"] == "unsupported-tee"


def test_token():
    token = fixture("eigen/cs_pki_token_tdx_oak_sample.jwt")
    image = "sha256:e2e5e3672f416ac9ca71aa639abf86db0b713729a48c125a925af6c808b20b5d"
    nonce = "75a91c8dbe289f190d5e70ab1cb70c93cc14d7243f0ef3ff5326a622ead220a6"
    known = ("--at", "2025-09-05T08:30:00Z", "--audience", "z08381475938604996746", "--token-nonce", nonce)
    status, out, error = verify(token, *known, "--image", image, "--expect", f"imageDigest={image}")
    assert status == 0 and out["kind"] == "confidential-space-token", (out, error)
    assert all(c["result"] == "passed" for c in out["checks"] if c["name"] != "app")
    for more, code in ((("--image", "sha256:" + "00" * 32), "IMAGE_MISMATCH"), (("--audience", "x"), "TOKEN_AUDIENCE"),
                       (("--token-nonce", "x"), "TOKEN_NONCE"), (("--at", "2025-09-06T00:00:00Z"), "TOKEN_EXPIRED")):
        status, out, _ = verify(token, *known, *more)
        assert status == 1 and out["code"] == code


def test_token_tcb_status(tmp_path):
    service = TokenService("sha256:" + "9e" * 32, "0x" + "91" * 20)
    (tmp_path / "root.pem").write_bytes(service.authority.pem())
    for said, code in (("UpToDate", None), ("OutOfDate", "TOKEN_TCB_STATUS"), ("Revoked", "TOKEN_TCB_STATUS"), ("Fine", "TOKEN_TCB_STATUS")):
        service.changes = {"tdx": {"gcp_attester_tcb_status": said}}
        (tmp_path / "token").write_text(service.token("a", ["n" * 16], "PKI"))
        status, out, error = verify(tmp_path / "token", "--google-root", tmp_path / "root.pem")
        assert (status, out["code"]) == (0 if code is None else 1, code), (said, error)


def test_dstack_needs_to_be_told():
    evidence = fixture("dstack/verifier/quote-report.json")
    collateral = fixture("tdx/collateral-90c06f-2026-03/collateral.json")
    known = ("--at", 1774003274, "--collateral", collateral)
    status, out, _ = verify(evidence, *known)
    assert status == 1 and out["kind"] == "dstack" and out["step"] == "os-measurement" and out["tcbStatus"] == "UpToDate"
    assert "--policy" in out["remedy"]
    for name in ("quote", "quote-policy", "rtmr3", "events"):
        assert result(out, name) == ["passed"]
    app = out["facts"]["appId"]
    status, out, _ = verify(evidence, *known, "--app-id", app, "--compose-hash", out["facts"]["composeHash"],
                            "--expect", f"appId={app}", "--expect", "reportData=1234" + "00" * 62)
    assert [result(out, n) for n in ("app-id", "compose-hash", "report-data")] == [["passed"]] * 3
    assert set(result(out, "expect")) == {"passed"}
    status, out, _ = verify(evidence, *known, "--app-id", "00" * 20)
    assert status == 1 and out["step"] == "app-id" and out["code"] == "APP_ID"


def test_bound_evidence():
    vectors = json.loads(fixture("eigen/layr_bound_evidence_attestations.json").read_text())
    for v in vectors if isinstance(vectors, list) else vectors["attestations"]:
        known = ("--challenge", v["challenge"], "--at", "2026-03-01T00:00:00Z", "--offline")
        if v["extra_data"]:
            known += ("--extra-data", v["extra_data"])
        status, out, error = verify("-", *known, stdin=v["attestation"].encode())
        assert status == 1 and out["kind"] == "bound-evidence", error
        if v["platform"] == "intel_tdx":
            assert out["reason"] == "no-collateral"
            for name in ("ak-chain", "tpm-quotes", "tpm-nonce", "tpm-pcrs", "bound-nonce", "rtmr3", "pcr13"):
                assert result(out, name) == ["passed"], name
            assert out["facts"]["imageDigest"].startswith("sha256:")
            other = ("--challenge", "00" * 32, *known[2:])
            assert result(verify("-", *other, stdin=v["attestation"].encode())[1], "tpm-nonce") == ["failed"]
        else:
            assert out["reason"] == "unsupported-tee" and "Intel TDX" in out["remedy"]


# --- what is said ----------------------------------------------------------------------------------


def test_explain(cases):
    quote, _ = machine(cases)
    status, out, _ = verify(quote, "--simulated-root", cases / "root.der", "--explain")
    assert status == 0 and all(c["against"] for c in out["checks"])
    done = subprocess.run([str(SELFSAME), "verify", "--explain", "--quote", str(quote)], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 1 and "against: " in done.stdout and "remedy: " in done.stdout
    assert "to have it checked: --collateral FILE" in done.stdout


@pytest.mark.parametrize("arguments", [
    ("--image", "latest"), ("--image", "sha256:zz"), ("--app-id", "00"), ("--os-image", "00"), ("--kms-root", "x"),
    ("--kms-ca", "/etc/hostname"), ("--google-root", "/etc/hostname"), ("--challenge", "x"), ("--fetch", "--offline"),
    ("--quote", "x"), ("--policy", "/nonexistent"), ("--jwks", "/nonexistent"), ("--at", "2026-02-30T00:00:00Z"),
    ("--pccs", "ftp://a.example"), ("--audience", ""), ("--token-nonce", ""),
])
def test_wrong_usage(arguments):
    status, out, error = verify("-", *arguments, stdin=b"")
    assert status == 2 and out is None and error.startswith("selfsame verify: ")


@pytest.mark.parametrize("arguments,words", [
    (("--colour",), "--colour: there is no such option"), (("-x",), "-x: there is no such option"),
    (("--json=1",), "--json=1"), (("--at",), "--at needs its value"), (("--policy", "/nosuch"), "--policy /nosuch: not found"),
    (("--policy", "/"), "--policy /: is a directory"), (("--jwks", "/dev/zero"), "--jwks /dev/zero: longer than 1 MiB"),
])
def test_wrong_usage_names_what_is_wrong(arguments, words):
    status, out, error = verify("-", *arguments, stdin=b"")
    assert status == 2 and out is None and words in error.splitlines()[0]


VERDICT = {"verdict", "kind", "tcbStatus", "advisoryIds", "tcbDate", "reason", "code", "step", "remedy", "simulated",
           "development", "checks", "facts"}


@pytest.mark.parametrize("source,words", [
    (("/nosuch",), "not found"), (("/",), "is a directory"), (("--quote", "/"), "is a directory"),
    (("/dev/zero",), "longer than 1 MiB"), (("http://127.0.0.1:1",), "127.0.0.1"),
])
def test_what_cannot_be_had_is_no_refusal(source, words):
    status, out, error = verify(*source)
    assert status == 3 and words in error and error.startswith("selfsame verify: ")
    assert set(out) == VERDICT and out["verdict"] == "refuse" and out["step"] == "evidence"
    assert (out["reason"], out["code"], out["kind"]) == ("unavailable", "UNAVAILABLE", "unknown") and out["remedy"]
    assert words in out["checks"][0]["detail"]


def test_inspect_of_what_cannot_be_had():
    status, out, error = run("inspect", "/nosuch")
    assert status == 3 and out == {"kind": "unknown", "refused": {"code": "UNAVAILABLE", "text": "not found"}}
    assert error == "selfsame inspect: /nosuch: not found\n"


def test_a_collateral_file_that_is_not_there(cases):
    quote, _ = machine(cases)
    status, out, _ = verify(quote, "--simulated-root", cases / "root.der", "--collateral", "/nosuch")
    assert status == 1 and (out["code"], out["reason"]) == ("COLLATERAL_MISSING", "no-collateral")
    assert "--collateral" in out["remedy"] and any("/nosuch: not found" in c["detail"] for c in out["checks"])


def test_a_full_disk_is_no_yes(cases):
    quote, _ = machine(cases)
    for arguments in (("verify", quote, "--simulated-root", cases / "root.der"), ("inspect", quote), ("help",)):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([str(SELFSAME), *map(str, arguments)], stdout=full, stderr=subprocess.PIPE, text=True,
                                  check=False, timeout=60)
        assert done.returncode == 3 and "standard output" in done.stderr


def on_terminal(command, **environment):
    """What it prints there"""
    import pty
    ours, theirs = pty.openpty()
    subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=theirs, check=False, timeout=60,
                   env={**{n: v for n, v in os.environ.items() if n != "NO_COLOR"}, "TERM": "xterm", **environment})
    os.close(theirs)
    out = b""
    try:
        while chunk := os.read(ours, 65536):
            out += chunk
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    return out


def test_colour(cases):
    quote, _ = machine(cases)
    command = (SELFSAME, "verify", quote, "--simulated-root", cases / "root.der")
    assert b"\33[" in on_terminal(command)
    assert b"\33[" not in on_terminal(command, NO_COLOR="1") and b"\33[" not in on_terminal(command, TERM="dumb")
    assert b"\33[" in on_terminal(command, NO_COLOR="")
    assert b"\33[" not in subprocess.run([str(c) for c in command], capture_output=True, check=False, timeout=60).stdout


# --- inspect --------------------------------------------------------------------------------------


def test_inspect_quotes_as_recorded():
    folder = fixture("tdx")
    seen = 0
    for case in json.loads((folder / "index.json").read_text()):
        if case["kind"] != "recorded" or not case.get("parsed") or case["parsed"]["version"] == 3:
            continue
        status, out, _ = run("inspect", folder / case["quote"])
        if "refused" in out:
            assert status == 1 and case["evidence"] == "invalid"
            continue
        seen += 1
        want = dict(case["parsed"])
        for name, value in want.pop("pck").items():
            assert out["pck"].get(name) == value, (case["id"], name)
        for name, value in want.items():
            assert out.get(name) == value, (case["id"], name)
        assert out["td_attributes_flags"] == case["td_attributes_flags"]
    assert seen >= 10


@pytest.mark.parametrize("name,kind,member", [
    ("tdx/phala-v4-uptodate/collateral.json", "collateral", "tcb_info"),
    ("tdx/eventlogs/dstack_ccel.bin", "ccel", "rtmr"),
    ("dstack/verifier/quote-report.json", "dstack", "event_log"),
    ("dstack/verifier/tdx-lite-getquote.json", "dstack", "measured"),
    ("dstack/simulator-0.6/attestation.bin", "dstack-attestation", "quote"),
    ("dstack/phala-prod/phala-llm04-2025/app/cert_chain.pem", "dstack-certificate", "measured"),
    ("dstack/phala-prod/phala-hosted-kms/event_log.json", "dstack-event-log", "rtmr"),
    ("eigen/cs_pki_token_tdx_oak_sample.jwt", "confidential-space-token", "claims"),
])
def test_inspect_kinds(name, kind, member):
    status, out, error = run("inspect", fixture(name))
    assert status == 0 and out["kind"] == kind and out[member], error
    done = subprocess.run([str(SELFSAME), "inspect", str(fixture(name))], capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0 and member in done.stdout and done.stdout.isascii()


def test_inspect_ccel_replays():
    folder = fixture("tdx")
    for log in json.loads((folder / "eventlogs" / "expected.json").read_text()):
        if "rtmr" in log and log.get("what", "").startswith("CCEL log"):
            out = run("inspect", folder / log["file"])[1]
            for index, value in log["rtmr"].items():
                assert out["rtmr"][int(index)] == value, log["file"]


def test_inspect_of_nothing():
    for data in (b"", b"nonsense", b"{}", b"[", b"\4\0\2\0", b"eyJh.eyJh.x"):
        status, out, _ = run("inspect", "-", stdin=data)
        assert status == 1 and out["refused"]["text"]


def test_json_is_ascii_for_terminals(tmp_path):
    """U+009B is as good as ESC [ for some, and U+202E turns what follows it round."""
    claim = "a\x9b31m\u202e\x7f\x1b[2J \U0001f511"
    part = base64.urlsafe_b64encode(json.dumps({"kid": claim}, ensure_ascii=False).encode()).rstrip(b"=")
    (tmp_path / "token").write_bytes(part.replace(b".", b"") + b"." + part + b".AAAA")
    done = subprocess.run([str(SELFSAME), "inspect", "--json", str(tmp_path / "token")], capture_output=True, check=False,
                          timeout=60)
    assert done.returncode == 0 and all(0x20 <= c < 0x7f for c in done.stdout.rstrip(b"\n")), done.stdout
    assert json.loads(done.stdout)["claims"]["kid"] == claim
