"""TDX quotes with collateral: a folder laid out like fixtures/tdx."""

import json

from case import FAILED, SKIPPED, Case, judged, verdict

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
    quote, platform = out.get("quote", {}), out.get("platform", {})
    for theirs, ours in PARSED.items():
        if theirs in parsed:
            compare(found, theirs, parsed[theirs], quote.get(ours))
    pck = parsed.get("pck") or {}
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
    compare(found, f"{what} date", want["tcb_date"], got.get("tcbDate"))
    compare(found, f"{what} advisories", sorted(set(want["advisories"])), got.get("advisoryIds"))


def compare_evaluation(found, want, out):
    """What TCB evaluation alone gives, also where the evidence as a whole is refused."""
    tcb = out.get("tcb") or {}
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


def check_case(folder, case, tool):
    arguments = ["verify", "--json", "--quote", folder / case["quote"]]
    if case.get("collateral"):
        arguments += ["--collateral", folder / case["collateral"]]
    if case.get("eval_unix") is not None:
        arguments += ["--at", case["eval_unix"]]
    if case.get("trust_root", "intel") != "intel":
        arguments += ["--simulated-root", folder / case["trust_root"]]
    missing = [a for a in arguments if hasattr(a, "exists") and not a.exists()]
    if missing:
        return Case(case["id"], SKIPPED, "", f"{missing[0].name} is not there")
    expected = " ".join(filter(None, (case["outcome"], case.get("tcb_status"), case.get("reason"))))
    out, status = verdict(tool, *arguments)
    if out is None:
        return Case(case["id"], FAILED, expected, status)
    found = []
    compare(found, "outcome", case["outcome"], out["verdict"])
    compare(found, "exit status", case["outcome"] == "accept", status == 0)
    for theirs, ours in (("tcb_status", "tcbStatus"), ("tcb_date", "tcbDate")):
        compare(found, theirs, case.get(theirs), out[ours])
    advisories = case.get("advisories")
    compare(found, "advisories", sorted(set(advisories)) if case.get("tcb_status") else None, out["advisoryIds"])
    right = [case.get("reason"), *(case.get("reason_also") or [])]
    if out["reason"] not in right:
        found.append(("reason", "/".join(map(str, right)), out["reason"]))
    if case.get("parsed") and case["parsed"].get("version") in (4, 5) and "platform" in out:
        compare_parsed(found, case["parsed"], out)
    # an SGX quote is refused before its TCB is looked at
    if case.get("tcb_eval") and out["reason"] != "unsupported-tee":
        compare_evaluation(found, case["tcb_eval"], out)
    return judged(case["id"], found, expected)


def check(folder, tool):
    for case in json.loads((folder / INDEX).read_text()):
        yield check_case(folder, case, tool)
