"""TDX quotes with collateral: a folder laid out like fixtures/tdx."""

import json

from case import FAILED, SKIPPED, Case, find, judged, verdict

INDEX = "index.json"

# of the index: of our output
PARSED = {"version": "version", "body_type": "bodyType", "signed_len": "signedLength", "trailing": "trailing",
          "qe_auth_len": "qeAuthLength", "cert_data_len": "certificationDataLength", "qe_isvsvn": "qeIsvSvn",
          "qe_isvprodid": "qeIsvProdId", "tee_tcb_svn": "teeTcbSvn", "mrseam": "mrseam",
          "mrsignerseam": "mrsignerseam", "seamattributes": "seamattributes", "tdattributes": "tdattributes",
          "xfam": "xfam", "mrtd": "mrtd", "mrconfigid": "mrconfigid", "mrowner": "mrowner",
          "mrownerconfig": "mrownerconfig", "rtmr0": "rtmr0", "rtmr1": "rtmr1", "rtmr2": "rtmr2",
          "rtmr3": "rtmr3", "report_data": "reportData", "tee_tcb_svn2": "teeTcbSvn2",
          "mrservicetd": "mrservicetd", "ak": "attestationKey"}
PCK = {"serial": "serial", "ppid": "ppid", "components": "components", "pcesvn": "pceSvn", "cpusvn": "cpuSvn",
       "pceid": "pceId", "fmspc": "fmspc", "sgx_type": "sgxType", "platform_instance_id": "platformInstanceId"}
FLAGS = {"dynamic_platform": "dynamicPlatform", "cached_keys": "cachedKeys", "smt_enabled": "smtEnabled"}


def same(want, got):
    return want.lower() == got.lower() if isinstance(want, str) and isinstance(got, str) else want == got


def compare(found, what, want, got):
    if not same(want, got):
        found.append((what, want, got))


def compare_parsed(found, parsed, out):
    quote, platform = out.get("quote") or {}, out.get("platform")
    for theirs, ours in PARSED.items():
        if theirs in parsed:
            compare(found, theirs, parsed[theirs], quote.get(ours))
    if platform is not None:
        compare_pck(found, parsed.get("pck") or {}, out)


def compare_pck(found, pck, out):
    platform = out["platform"]
    for theirs, ours in PCK.items():
        if theirs in pck:
            compare(found, theirs, pck[theirs], platform.get(ours))
    for theirs, ours in FLAGS.items():
        if theirs in pck:
            compare(found, theirs, pck[theirs] == "ff", platform.get(ours))
    if "issuer" in pck:
        compare(found, "issuer", pck["issuer"].split()[-2].lower(), platform.get("ca"))
    dates = next((i for i in out.get("validity", {}).get("items", []) if i["item"] == "PCK certificate"), {})
    for theirs, ours in (("not_before", "from"), ("not_after", "until")):
        if theirs in pck:
            compare(found, theirs, pck[theirs], dates.get(ours))


def compare_level(found, what, want, got):
    got = got or {}
    compare(found, f"{what} status", want["status"], got.get("status"))
    if want["status"] == "TCB_NOT_SUPPORTED":
        return
    if want.get("tcb_date"):
        compare(found, f"{what} date", want["tcb_date"], got.get("tcbDate"))
    if want.get("advisories") is not None:
        compare(found, f"{what} advisories", sorted(set(want["advisories"])), got.get("advisoryIds"))


def compare_evaluation(found, want, out):
    """What TCB evaluation alone gives, also where the evidence as a whole is refused."""
    tcb = out.get("tcb") or {}
    if want.get("status"):
        compare(found, "evaluated", want["status"], tcb.get("status"))
    for what in ("launch", "current"):
        if want.get(what):
            compare_level(found, what, want[what], tcb.get(what))
    for theirs, ours in (("tcb_info_eval_number", "tcbInfoEvaluationNumber"),
                         ("qe_identity_eval_number", "qeIdentityEvaluationNumber")):
        if want.get(theirs) is not None:
            compare(found, theirs, want[theirs], tcb.get(ours))
    # all nine items must have been read: where a list is missing, the window is another one
    validity = out.get("validity") or {}
    if want.get("common_window") and len(validity.get("items", [])) == 9:
        compare(found, "window", want["common_window"], [validity.get("from"), validity.get("until")])


def compare_verdict(found, case, out, status):
    """What every case says, but a member that it leaves out."""
    if "outcome" in case:
        compare(found, "outcome", case["outcome"], out["verdict"])
    compare(found, "exit status", out["verdict"] == "accept", status == 0)
    if "evidence" in case:
        compare(found, "evidence valid", case["evidence"] == "valid", out["tcbStatus"] is not None)
    for theirs, ours in (("tcb_status", "tcbStatus"), ("tcb_date", "tcbDate")):
        if theirs in case:
            compare(found, theirs, case[theirs], out[ours])
    if "advisories" in case:
        advisories = case["advisories"]
        want = None if advisories is None else sorted(set(advisories))
        compare(found, "advisories", want if case.get("tcb_status") else None, out["advisoryIds"])
    right = [case.get("reason"), *(case.get("reason_also") or [])]
    if "reason" in case and out["reason"] not in right:
        found.append(("reason", "/".join(map(str, right)), out["reason"]))


def arguments_of(folder, case):
    """The command line of a case, and its files."""
    files = {"--quote": find(folder, case["quote"])}
    if case.get("collateral"):
        files["--collateral"] = find(folder, case["collateral"])
    if case.get("trust_root", "intel") != "intel":
        files["--simulated-root"] = find(folder, case["trust_root"])
    arguments = ["verify", "--json", *(word for option in files.items() for word in option)]
    if case.get("eval_unix") is not None:
        arguments += ["--at", case["eval_unix"]]
    return arguments, files.values()


def words(*parts):
    return " ".join(str(part) for part in parts if part)


def check_case(folder, case, tool):
    name = str(case.get("id") or case.get("quote"))
    if not case.get("quote"):
        return Case(name, SKIPPED, "", "the case names no quote")
    expected = words(case.get("outcome"), case.get("tcb_status"), case.get("reason"))
    arguments, files = arguments_of(folder, case)
    missing = [path for path in files if not path.is_file()]
    if missing:
        return Case(name, FAILED, expected, f"{missing[0].parent.name}/{missing[0].name} is not there")
    out, status = verdict(tool, *arguments)
    if out is None:
        return Case(name, FAILED, expected, status)
    found = []
    compare_verdict(found, case, out, status)
    if (case.get("parsed") or {}).get("version") in (4, 5) and "quote" in out:
        compare_parsed(found, case["parsed"], out)
    # an SGX quote is refused before its TCB is looked at
    if case.get("tcb_eval") and out["reason"] != "unsupported-tee":
        compare_evaluation(found, case["tcb_eval"], out)
    return judged(name, found, expected, words(out["verdict"], out["tcbStatus"], out["reason"]))


def check_any(folder, case, tool):
    """A case that cannot be read fails by itself; those after it are judged."""
    try:
        return check_case(folder, case, tool)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as problem:
        name = case.get("id", "?") if isinstance(case, dict) else str(case)[:60]
        return Case(name, FAILED, "a case of a quote", f"{type(problem).__name__}: {problem}")


def check(folder, tool):
    for case in json.loads((folder / INDEX).read_text()):
        yield check_any(folder, case, tool)
