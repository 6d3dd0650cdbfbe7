"""One case of a conformance folder, and the command that judges it."""

import json
import subprocess

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Case:
    def __init__(self, name, outcome, expected="", got=""):
        self.name, self.outcome, self.expected, self.got = name, outcome, expected, got


def judged(name, differences, expected):
    """A case that passed when it differs in nothing: [(what, expected, got)]."""
    if not differences:
        return Case(name, PASSED, expected, expected)
    return Case(name, FAILED, "; ".join(f"{what} {want}" for what, want, _ in differences),
                "; ".join(f"{what} {got}" for what, _, got in differences))


def cases(rows):
    """Cases of (name, expected, got, outcome)."""
    for name, expected, got, outcome in rows:
        yield Case(name, outcome, str(expected), str(got))


def verdict(tool, *arguments):
    """The JSON that `selfsame` prints, and its exit status; (None, text) when it prints none."""
    done = subprocess.run([str(tool), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)
    try:
        return json.loads(done.stdout), done.returncode
    except ValueError:
        return None, f"status {done.returncode}: {done.stderr.decode('utf-8', 'replace').strip()[-200:]}"
