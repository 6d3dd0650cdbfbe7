"""The runner behind make conformance, on folders of its own: what it finds, prints and fails."""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NO_QUOTE = {"id": "empty", "kind": "mutation", "quote": "empty/quote.bin", "collateral": None, "eval_unix": 1750000000,
            "trust_root": "intel", "outcome": "refuse", "reason": "size", "reason_also": ["parse"]}


def run(*arguments, cwd=ROOT):
    done = subprocess.run([sys.executable, str(ROOT / "tests/conformance/run"), *map(str, arguments)], cwd=cwd,
                          capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.splitlines()


def folder_of(path, *cases):
    path.mkdir(parents=True, exist_ok=True)
    (path / "empty").mkdir(exist_ok=True)
    (path / "empty/quote.bin").write_bytes(b"")
    (path / "index.json").write_text(json.dumps(list(cases)))
    return path


def test_a_case_that_passes_says_what_was_expected_and_what_came(tmp_path):
    status, lines = run(folder_of(tmp_path, NO_QUOTE))
    assert status == 0
    assert lines[-1] == "1 passed, 0 failed, 0 skipped"
    assert lines[0].split() == ["passed", "tdx/empty", "expected:", "refuse", "size", "got:", "refuse", "size"]


def test_a_case_that_differs_fails_and_names_what_differs(tmp_path):
    status, lines = run(folder_of(tmp_path, {**NO_QUOTE, "reason": "signature", "reason_also": []}))
    assert status == 1
    assert lines[0].split() == ["failed", "tdx/empty", "expected:", "reason", "signature", "got:", "reason", "size"]


def test_a_folder_is_found_below_the_named_one_and_by_a_relative_path(tmp_path):
    folder_of(tmp_path / "kept/back/quotes", NO_QUOTE)
    status, lines = run("kept", cwd=tmp_path)
    assert (status, lines[-1]) == (0, "1 passed, 0 failed, 0 skipped")


def test_members_that_a_case_leaves_out_are_not_compared_and_unknown_ones_do_not_matter(tmp_path):
    status, lines = run(folder_of(tmp_path, {"id": "short", "quote": "empty/quote.bin", "colour": "blue"}))
    assert (status, lines[-1]) == (0, "1 passed, 0 failed, 0 skipped")


def test_a_case_that_cannot_be_read_fails_alone(tmp_path):
    status, lines = run(folder_of(tmp_path, "no case", {**NO_QUOTE, "advisories": 7}, NO_QUOTE))
    assert (status, lines[-1]) == (1, "1 passed, 2 failed, 0 skipped")


def test_a_missing_file_is_a_failure(tmp_path):
    status, lines = run(folder_of(tmp_path, {**NO_QUOTE, "quote": "gone/quote.bin"}))
    assert status == 1
    assert "gone/quote.bin is not there" in lines[0]


def test_a_named_folder_without_a_case_is_a_failure(tmp_path):
    assert run(tmp_path)[0] == 1
    assert run(tmp_path / "absent")[0] == 1
    assert run(folder_of(tmp_path / "none"))[0] == 1
    status, lines = run(folder_of(tmp_path / "other", {"id": "of another kind"}))
    assert (status, lines[-1]) == (1, "0 passed, 1 failed, 1 skipped")


def test_an_index_that_is_no_json_is_a_failure(tmp_path):
    folder_of(tmp_path)
    (tmp_path / "index.json").write_text("{")
    assert run(tmp_path)[0] == 1
