"""Recorded CCEL logs: eventlogs/expected.json of a folder laid out like fixtures/tdx, and the logs
that its index names next to a quote, which must replay to the quote's registers."""

import json
import pathlib

from case import cases
from dstack import Eval, compare, skip

FOLDER = "tdx"
INDEX = "eventlogs/expected.json"


def expected_cases(evaluator, folder):
    for entry in json.loads((folder / "eventlogs/expected.json").read_text()):
        name = entry["file"]
        if "rtmr" not in entry:
            yield skip(name, "no log: " + entry.get("what", ""))
            continue
        got = evaluator("ccel", folder / name)
        yield compare(f"{name}: events", entry["events"], got.get("events"))
        yield compare(f"{name}: registers", entry["rtmr"], got.get("rtmr"))


def table_of(log):
    """The ACPI table that was recorded next to a log."""
    return next(iter(sorted(log.parent.glob("*table*"))), None)


def index_cases(evaluator, folder):
    for case in json.loads((folder / "index.json").read_text()):
        if not case.get("event_log"):
            continue
        log, parsed = folder / case["event_log"], case.get("parsed") or {}
        name = f"{case['id']}: event log"
        if not log.is_file() or case.get("kind") != "recorded":
            continue
        if log.suffix == ".json":
            got = evaluator("response", log)
            wanted = ["matches"] * 4
            yield compare(name, wanted, got.get("registers"))
            continue
        table = table_of(log)
        got = evaluator("ccel", log, *([table] if table else []))
        wanted = {str(i): parsed.get(f"rtmr{i}") for i in range(3)}
        yield compare(name, wanted, got.get("rtmr"))


def run(folder, selfsame):
    folder = pathlib.Path(folder)
    evaluator = Eval(selfsame)
    if (folder / "eventlogs/expected.json").is_file():
        yield from expected_cases(evaluator, folder)
    if (folder / "index.json").is_file():
        yield from index_cases(evaluator, folder)


def check(folder, tool):
    return cases(run(folder, tool))
