"""Cases of a folder laid out like fixtures/eigen: bound evidence, tokens, nonces, digests.

Each vector of *attestations.json is judged, and every value that *expected.json gives for its
name is compared. Every *.jwt is judged here as well, by other code, and both verdicts must
agree. An entry without anything to compare with is reported as skipped.
"""

import base64
import datetime
import hashlib
import importlib.util
import json
import pathlib
import re
import subprocess

from case import RECORDED, cases, guarded

INDEX = ("*attestations.json", "*.jwt", "*derivation_vectors.json")
AT = 1780000000  # for evidence that names no time: within the life of Google's and Intel's chains
PLATFORM = {"intel_tdx": "accept", "amd_sev_snp": "refuse unsupported-tee SEV_SNP",
            "gcp_shielded_vm": "refuse unsupported-tee SHIELDED_VM"}


def evaluate(program, *arguments, data=b""):
    done = subprocess.run([str(program), *arguments], input=data, capture_output=True, check=False)
    if done.returncode != 0:
        return {"verdict": f"crash {done.returncode}: {done.stderr.decode(errors='replace').strip()}"}
    return json.loads(done.stdout)


def verdict_of(answer):
    if answer["verdict"] != "refuse":
        return answer["verdict"]
    return f"refuse {answer['reason']} {answer['code']}"


def case(name, expected, got):
    return name, expected, got, "passed" if expected == got else "failed"


# --- bound evidence ------------------------------------------------------------

def differences(row, answer):
    """The first value of an expected row that the answer does not have."""
    steps = answer.get("steps", {})
    is_tdx = answer.get("platform") == "INTEL_TDX"
    claimed = {
        "tpm_nonce_found_in_all_quotes": steps.get("tpm-nonce") == "passed",
        "rtmr3_replay_matches": steps.get("rtmr3") == "passed",
    }
    if is_tdx:
        claimed["report_data_matches"] = steps.get("bound-nonce") == "passed"
    for key, want in row.items():
        if key in ("name", "quote_fields") or (key == "report_data_matches" and not is_tdx):
            continue
        if key == "container":
            got = dict(answer.get("container", {}))
            got["env"] = dict(pair.split("=", 1) for pair in got.get("env", []))
            got = {k: got.get(k) for k in want}
        else:
            got = claimed.get(key, answer.get(key))
        if got != want:
            return f"{key} {json.dumps(got)[:100]} instead of {json.dumps(want)[:100]}"
    return None


def judge_vector(program, vector, row):
    data = base64.b64decode(vector["attestation"])
    at = str(vector.get("at", vector.get("eval_unix", AT)))
    answer = evaluate(program, "bound", vector["challenge"], vector.get("extra_data") or "", at, data=data)
    return answer, differences(row, answer) if row else None


def bound_cases(folder, program):
    for path in sorted(folder.glob("*attestations.json")):
        rows = {}
        for other in folder.glob("*expected.json"):
            found = json.loads(other.read_text())
            rows.update({row["name"]: row for row in found if isinstance(found, list)})
        for vector in json.loads(path.read_text()):
            name = vector["name"]
            answer, difference = judge_vector(program, vector, rows.get(name))
            want = vector.get("verdict") or PLATFORM.get(vector["platform"], "refuse")
            got = verdict_of(answer) if difference is None else difference
            if want == "refuse" and got.startswith("refuse"):
                want = got
            yield case(f"bound/{name}", want, got)
            if rows.get(name) is None:
                yield f"bound/{name}/values", "values in *expected.json", "none", "skipped"
            yield from quote_cases(folder, vector, answer)


def quote_cases(folder, vector, answer):
    """The raw quote, where the folder has it."""
    if vector["platform"] != "intel_tdx":
        return
    name = "tdx_quote_{}_{}.bin".format("hardened" if vector.get("hardened") else "debug",
                                        "extra" if vector.get("extra_data") else "noextra")
    if (folder / name).is_file():
        want = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        yield case(f"quote/{name}", want, answer.get("quote_sha256"))


# --- tokens ----------------------------------------------------------------------

def decode(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def chain_holds(header, at, root_der):
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import padding

    chain = [x509.load_der_x509_certificate(base64.b64decode(c)) for c in header["x5c"]]
    when = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
    if len(chain) != 3 or base64.b64decode(header["x5c"][2]) != root_der:
        return None
    for c, issuer in zip(chain, chain[1:] + chain[2:]):
        if not c.not_valid_before_utc <= when <= c.not_valid_after_utc:
            return None
        issuer.public_key().verify(c.signature, c.tbs_certificate_bytes, padding.PKCS1v15(),
                                   c.signature_hash_algorithm)
    return chain[0].public_key()


def token_holds(text, at, root_der):
    """Whether a token is to be accepted, by code that shares nothing with the library's."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    try:
        head, body, signature = text.split(".")
        header, claims = json.loads(decode(head)), json.loads(decode(body))
        key = chain_holds(header, at, root_der)
        if key is None or header["alg"] != "RS256":
            return False
        key.verify(decode(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    except (ValueError, KeyError, TypeError, InvalidSignature):
        return False
    space = claims["submods"].get("confidential_space", {})
    return (claims["nbf"] - 60 <= at < claims["exp"] + 60 and claims["hwmodel"] == "GCP_INTEL_TDX"
            and claims["iss"] == "https://confidentialcomputing.googleapis.com"
            and claims["swname"] == "CONFIDENTIAL_SPACE" and claims["dbgstat"] == "disabled-since-boot"
            and "STABLE" in space.get("support_attributes", []))


def root_of(folder):
    for path in (folder / "confidential_space_root.pem", folder.parent / "eigen" / "confidential_space_root.pem",
                 RECORDED / "eigen" / "confidential_space_root.pem"):
        if path.is_file():
            found = re.search(r"-----BEGIN CERTIFICATE-----(.*?)-----END", path.read_text(), re.S)
            return base64.b64decode(found.group(1))
    return None


def token_moments(text):
    """Within, before and after the token's life."""
    try:
        claims = json.loads(decode(text.split(".")[1]))
        return [("", claims["iat"] + 750), ("/early", claims["nbf"] - 61), ("/late", claims["exp"] + 60)]
    except (ValueError, KeyError, IndexError, TypeError):
        return [("", AT)]


def token_cases(folder, program):
    root_der = root_of(folder)
    able = importlib.util.find_spec("cryptography") is not None
    for path in sorted(folder.glob("*.jwt")):
        text = "".join(path.read_text().split())
        for suffix, at in token_moments(text):
            name = f"token/{path.name}{suffix}"
            if root_der is None or not able:
                yield name, "a root and the package cryptography to judge by", "none", "skipped"
                continue
            answer = evaluate(program, "token", str(at), "", "", data=text.encode())
            want = "accept" if token_holds(text, at, root_der) else "refuse"
            yield case(name, want, answer["verdict"])


# --- nonces and digests ------------------------------------------------------------

def fields_of(text):
    found = dict(re.findall(r"(\w+)=(\w+)", text))
    return {k: "" if v == "none" else v for k, v in found.items()}


def vector_cases(folder, program):
    for path in sorted(folder.glob("*derivation_vectors.json")):
        vectors = json.loads(path.read_text())
        for text, want in vectors.get("tpm_nonce_golden", {}).items():
            f = fields_of(text)
            answer = evaluate(program, "tpm-nonce", text.split()[0], f["c"], f["e"])
            yield case(f"tpm-nonce/{text}", want, answer.get("nonce"))
        for text, want in vectors.get("bound_nonce_golden", {}).items():
            f = fields_of(text)
            answer = evaluate(program, "tee-nonce", f["c"], f["ak"], f["e"])
            yield case(f"tee-nonce/{text}", want, answer.get("nonce"))
        for text, want in vectors.get("signable_digests", {}).items():
            found = re.fullmatch(r"(\w+) over (.*)", text)
            if found is None:
                continue
            content = found.group(2)
            content = content[1:-1] if content.startswith('"') else content
            answer = evaluate(program, "digest", found.group(1), content)
            yield case(f"digest/{text}", want, answer.get("digest"))


def run(folder, selfsame_binary):
    program = pathlib.Path(selfsame_binary).resolve().parent.parent / "tests" / "conformance" / "eigen_eval"
    if not program.is_file():
        yield "eigen", "build/tests/conformance/eigen_eval", "not built: make test-programs", "failed"
        return
    yield from guarded("bound", bound_cases(folder, program))
    yield from guarded("token", token_cases(folder, program))
    yield from guarded("vectors", vector_cases(folder, program))


def check(folder, tool):
    return cases(run(folder, tool))
