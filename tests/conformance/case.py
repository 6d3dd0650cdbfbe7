"""One case of a conformance folder, and the command that judges it."""

import json
import pathlib
import subprocess

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECORDED = ROOT.parent / "shared/fixtures"


class Case:
    def __init__(self, name, outcome, expected="", got=""):
        self.name, self.outcome, self.expected, self.got = name, outcome, expected, got


def judged(name, differences, expected, got):
    """A case that passed when it differs in nothing: [(what, expected, got)]."""
    if not differences:
        return Case(name, PASSED, expected, got)
    return Case(name, FAILED, "; ".join(f"{what} {want}" for what, want, _ in differences),
                "; ".join(f"{what} {got}" for what, _, got in differences))


def cases(rows):
    """Cases of (name, expected, got, outcome)."""
    for name, expected, got, outcome in rows:
        yield Case(name, outcome, expected, got)


def guarded(name, rows):
    """Rows of one file; what cannot be read of it is a failure, and the next file is judged."""
    try:
        yield from rows
    except Exception as problem:  # whatever it is, it is reported as a case
        yield name, "a file of this layout", f"{type(problem).__name__}: {problem}", FAILED


def find(folder, name):
    """A file of a case; one that the folder does not have may be that of the recorded cases."""
    path = folder / name
    if not path.exists():
        for other in sorted(RECORDED.glob("*")):
            if (other / name).is_file():
                return other / name
    return path


def verdict(tool, *arguments):
    """The JSON that `selfsame` prints, and its exit status; (None, text) when it prints none."""
    try:
        done = subprocess.run([str(tool), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
    except subprocess.TimeoutExpired:
        return None, "no answer within a minute"
    try:
        return json.loads(done.stdout), done.returncode
    except ValueError:
        return None, f"status {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}"
