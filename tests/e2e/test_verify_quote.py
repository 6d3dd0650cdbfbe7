"""selfsame verify --quote: what is called a quote is judged as one, in whatever form it comes."""

import base64
import json
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SELFSAME = ROOT / "build/bin/selfsame"
WRITE = ROOT / "build/tests/scenarios/write"


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    if not WRITE.exists():
        pytest.skip("build/tests/scenarios/write is not built")
    folder = tmp_path_factory.mktemp("cases")
    subprocess.run([str(WRITE), "cases", str(folder)], check=True)
    return folder


@pytest.fixture(scope="module")
def machine(machines):
    """A case of a simulated machine that is up to date."""
    return next(c for c in json.loads((machines / "index.json").read_text()) if c["outcome"] == "accept")


@pytest.fixture(scope="module")
def quote(machines, machine):
    return (machines / machine["quote"]).read_bytes()


@pytest.fixture(scope="module")
def bundle(machines, machine):
    return json.loads((machines / machine["collateral"]).read_text())


@pytest.fixture
def verify(machines, machine, quote, bundle, tmp_path):
    """(verdict, reason) of a quote and a collateral file; those of the machine where none is given."""
    def run(document=quote, collateral=None):
        (tmp_path / "quote").write_bytes(document)
        (tmp_path / "collateral").write_bytes(collateral if collateral is not None else json.dumps(bundle).encode())
        done = subprocess.run([str(SELFSAME), "verify", "--json", "--quote", str(tmp_path / "quote"),
                               "--collateral", str(tmp_path / "collateral"), "--at", str(machine["eval_unix"]),
                               "--simulated-root", str(machines / machine["trust_root"])],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        out = json.loads(done.stdout)
        assert done.returncode == (0 if out["verdict"] == "accept" else 1)
        return out["verdict"], out["reason"]
    return run


def test_text_forms_of_a_quote(verify, quote):
    for form in (quote.hex(), quote.hex().upper() + "\r\n", "0x" + quote.hex(), base64.b64encode(quote).decode(),
                 base64.encodebytes(quote).decode()):
        assert verify(form.encode()) == ("accept", None)


def test_bytes_that_follow_a_quote_do_not_matter(verify, quote):
    assert verify(quote + bytes(128 << 10)) == ("accept", None)


def test_a_quote_beyond_the_size_of_any_is_refused_by_its_size(verify, quote):
    assert verify(quote + bytes(1 << 20)) == ("refuse", "size")


@pytest.mark.parametrize("version", [0, 1, 2, 6, 0x0104, 0x84, 0x8004, 0xffff])
def test_the_version_is_judged_whatever_else_begins_so(verify, quote, version):
    assert verify(version.to_bytes(2, "little") + quote[2:]) == ("refuse", "version")


def test_a_quote_of_the_length_of_another_report_is_still_a_quote(verify, quote):
    assert verify(b"\4\0\0\0" + quote[4:1184]) == ("refuse", "key-type")


def without(bundle, name, value=None):
    return json.dumps({**bundle, name: value}).encode()


@pytest.mark.parametrize("name, reason", [
    ("root_ca_crl", "crl"), ("pck_crl", "crl"), ("tcb_info_issuer_chain", "tcb-signer"), ("tcb_info", "tcb-info"),
    ("tcb_info_signature", "tcb-info"), ("qe_identity_issuer_chain", "tcb-signer"), ("qe_identity", "qe-identity"),
    ("qe_identity_signature", "qe-identity")])
def test_an_item_that_is_null_or_empty_is_missing(verify, bundle, name, reason):
    assert verify(collateral=without(bundle, name)) == ("refuse", reason)
    assert verify(collateral=without(bundle, name, "")) == ("refuse", reason)
    assert verify(collateral=json.dumps({k: v for k, v in bundle.items() if k != name}).encode()) == ("refuse", reason)


def test_members_that_nobody_asked_for_are_ignored(verify, bundle):
    more = {**bundle, "pck_certificate_chain": None, "pck_crl_issuer_chain": None, "note": "café", "x": [{"y": 1.5e3}]}
    assert verify(collateral=json.dumps(more, ensure_ascii=False).encode()) == ("accept", None)
    assert verify(collateral=json.dumps(more).encode()) == ("accept", None)


def test_line_ends_around_the_signers_certificates_do_not_matter(verify, bundle):
    for change in (lambda t: t.rstrip("\n"), lambda t: t.replace("\n", "\r\n"), lambda t: t + "\n\n",
                   lambda t: t.replace("-----\n-----BEGIN", "-----\n\n-----BEGIN")):
        chains = {k: change(v) for k, v in bundle.items() if k in ("tcb_info_issuer_chain", "qe_identity_issuer_chain")}
        assert verify(collateral=json.dumps({**bundle, **chains}).encode()) == ("accept", None)
