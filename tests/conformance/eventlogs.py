"""Recorded event logs: eventlogs/expected.json of a folder laid out like fixtures/tdx, and the logs
that its index names next to a quote, which must replay to the quote's registers."""

import json
import pathlib
import tempfile

from case import cases, find, guarded, verdict
from dstack import Eval, compare, skip

INDEX = ("eventlogs/expected.json", "index.json")
BOOT = [0, 1, 2]  # what CCEL's log can show


def expected_cases(evaluator, folder):
    for entry in json.loads((folder / "eventlogs/expected.json").read_text()):
        name = entry["file"]
        if "rtmr" not in entry:
            yield skip(name, "no log: " + entry.get("what", ""))
            continue
        got = evaluator("ccel", find(folder, name))
        if "events" in entry:
            yield compare(f"{name}: events", entry["events"], got.get("events"))
        yield compare(f"{name}: registers", entry["rtmr"], got.get("rtmr"))


def table_of(log):
    """The ACPI table that was recorded next to a log."""
    return next(iter(sorted(log.parent.glob("*table*"))), None)


def is_ccel(case, log):
    return case.get("event_log_format", "dstack-json" if log.suffix == ".json" else "ccel") == "ccel"


def ccel_registers(evaluator, log, quote):
    """Which of the quote's registers a binary log replays to."""
    table = table_of(log)
    replayed = evaluator("ccel", log, *([table] if table else [])).get("rtmr") or {}
    return [int(i) for i, value in sorted(replayed.items()) if quote.get(f"rtmr{i}") == value]


def json_registers(evaluator, log, quote_file, scratch):
    """The same of dstack's log, alone or as the member event_log, as text or as an array."""
    events = json.loads(log.read_text())
    if isinstance(events, dict):
        events = events["event_log"]
    target = scratch / "log.json"
    target.write_text(events if isinstance(events, str) else json.dumps(events))
    registers = evaluator("parts", quote_file, target, "-").get("registers") or []
    return [i for i, register in enumerate(registers) if register == "matches"]


def index_cases(evaluator, tool, folder, case, scratch):
    name = f"{case['id']}: event log"
    log, quote_file = find(folder, case["event_log"]), find(folder, case["quote"])
    if not log.is_file() or not quote_file.is_file():
        yield name, f"{case['event_log']} and {case['quote']}", "a file is missing", "failed"
        return
    if is_ccel(case, log):
        quote = (verdict(tool, "verify", "--json", "--quote", quote_file)[0] or {}).get("quote") or {}
        got = ccel_registers(evaluator, log, quote)
    else:
        got = json_registers(evaluator, log, quote_file, scratch)
    wanted = case.get("event_log_rtmr_match")
    if wanted is None:
        wanted = BOOT if is_ccel(case, log) else [*BOOT, 3]
    yield compare(f"{name}, registers that match", wanted, got)


def run(folder, selfsame):
    folder = pathlib.Path(folder)
    evaluator = Eval(selfsame)
    if (folder / "eventlogs/expected.json").is_file():
        yield from expected_cases(evaluator, folder)
    if not (folder / "index.json").is_file():
        return
    with tempfile.TemporaryDirectory() as scratch:
        for case in json.loads((folder / "index.json").read_text()):
            if isinstance(case, dict) and case.get("event_log") and case.get("quote"):
                yield from guarded(str(case.get("id")), index_cases(evaluator, selfsame, folder, case,
                                                                    pathlib.Path(scratch)))


def check(folder, tool):
    return cases(run(folder, tool))
