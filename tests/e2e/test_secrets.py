"""While agents trade, no secret stands anywhere but in the signer: not in memory, files, database or logs."""

import hashlib
import hmac
import os
import pathlib
import re
import secrets
import subprocess
import threading

import pytest
from conftest import ROOT, register
from eth_account import Account
from eth_account.hdaccount import ETHEREUM_DEFAULT_PATH  # noqa: F401  (the wallet code is installed)

Account.enable_unaudited_hdwallet_features()


def fresh_phrase():
    return Account.create_with_mnemonic(num_words=24)[1]


def needles(phrase, agents):
    """Every form in which the root secret or a wallet's key could stand somewhere."""
    seed = hashlib.pbkdf2_hmac("sha512", phrase.encode(), b"mnemonic", 2048)
    master = hmac.new(b"Bitcoin seed", seed, hashlib.sha512).digest()
    found = {"seed": seed, "seed half": seed[:32], "master key": master[:32], "master chain code": master[32:],
             "mnemonic": phrase.encode(), "three words": " ".join(phrase.split()[5:8]).encode(),
             "seed in hex": seed.hex().encode()}
    for agent in agents:
        key = bytes(Account.from_mnemonic(phrase, account_path=agent.answer["path"]).key)
        found[f"key of {agent.id}"] = key
        found[f"key of {agent.id} in hex"] = key.hex().encode()
        found[f"key of {agent.id} as little-endian words"] = key[::-1]
    return found


def memory(pid):
    """The readable, writable or private memory of a process, mapping by mapping."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) (r\S+)", line)
            if found is None or "[vvar" in line or "[vsyscall" in line:
                continue
            begin, end = int(found.group(1), 16), int(found.group(2), 16)
            try:
                mem.seek(begin)
                yield line.strip(), mem.read(end - begin)
            except (OSError, OverflowError, ValueError):
                continue


def search_memory(pid, wanted):
    hits = []
    for line, content in memory(pid):
        hits += [(name, line) for name, needle in wanted.items() if needle in content]
    return hits


def may_trace():
    probe = subprocess.Popen(["sleep", "30"])
    try:
        next(memory(probe.pid))
        return True
    except (OSError, StopIteration):
        return False
    finally:
        probe.kill()
        probe.wait()


def search_files(folders, wanted):
    hits = []
    for folder in folders:
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                hits += [(name, str(path)) for name, needle in wanted.items() if needle in content]
    return hits


def begin_trading(start, market, **how):
    """A daemon on a fresh root secret with agents that keep trading in the background."""
    phrase = fresh_phrase()
    daemon = start(MNEMONIC=phrase, SELFSAME_DERIVATION="indexed", **how)
    idempotency = secrets.token_hex(16)
    agents = [register(daemon), register(daemon, headers={"Idempotency-Key": idempotency})]
    path = f"/agents/{agents[1].id}/rotate-key"
    status, _, rotated = agents[1].post(path, {}, Idempotency_Key=idempotency[::-1])
    assert status == 200, rotated
    agents[1].former, agents[1].key = agents[1].key, rotated["apiKey"]
    for agent in agents:
        market.fund(agent.address, ether=5)
    stop = threading.Event()

    def trade(agent):
        while not stop.is_set():
            agent.trade({"type": "split", "conditionId": market.condition, "amount": "0.01"})

    threads = [threading.Thread(target=trade, args=(a,)) for a in agents]
    for thread in threads:
        thread.start()
    try:
        yield daemon, phrase, agents, idempotency
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@pytest.fixture
def trading(start, market):
    yield from begin_trading(start, market)


@pytest.fixture(scope="session")
def unprotected():
    """The programs, with a signer that wipes nothing."""
    subprocess.run(["make", "-s", "unprotected"], cwd=ROOT, check=True)
    return ROOT / "build/unprotected/bin"


@pytest.fixture
def trading_unprotected(start, market, unprotected):
    yield from begin_trading(start, market, binaries=unprotected)


def test_no_secret_stands_in_any_process_but_the_signer(trading):
    if not may_trace():
        pytest.skip("reading another process's memory is not permitted here")
    daemon, phrase, agents, _ = trading
    wanted = needles(phrase, agents)
    children = daemon.children()
    assert {"selfsame-gateway", "selfsame-attester", "selfsame-signer"} <= set(children)
    for name, pid in [("selfsamed", daemon.pid), *children.items()]:
        if name != "selfsame-signer":
            assert search_memory(pid, wanted) == [], name


def test_the_signer_itself_keeps_no_mnemonic_and_no_seed(trading):
    if not may_trace():
        pytest.skip("reading another process's memory is not permitted here")
    daemon, phrase, agents, _ = trading
    wanted = {k: v for k, v in needles(phrase, agents).items() if not k.startswith("key of")}
    assert {"seed", "seed half", "mnemonic", "three words", "master key", "master chain code"} <= set(wanted)
    assert search_memory(daemon.children()["selfsame-signer"], wanted) == []


def test_the_scan_finds_the_seed_in_a_signer_without_the_protections(trading_unprotected):
    """The positive control: the same scan, where nothing was wiped."""
    if not may_trace():
        pytest.skip("reading another process's memory is not permitted here")
    daemon, phrase, agents, _ = trading_unprotected
    hits = {name for name, _ in search_memory(daemon.children()["selfsame-signer"], needles(phrase, agents))}
    assert {"seed", "seed half", "master key", "master chain code"} <= hits, hits
    wanted = needles(phrase, agents)
    for name, pid in [("selfsamed", daemon.pid), *daemon.children().items()]:
        if name != "selfsame-signer":
            assert search_memory(pid, wanted) == [], name


def test_the_scan_finds_what_is_there(trading):
    """Key material of the account level is in the release's signer, and is found."""
    if not may_trace():
        pytest.skip("reading another process's memory is not permitted here")
    daemon, phrase, _, _ = trading
    account = Account.from_mnemonic(phrase, account_path="m/44'/60'/0'/0")
    hits = search_memory(daemon.children()["selfsame-signer"], {"account node": bytes(account.key)})
    assert hits, "the account node's key must be found in the signer's locked memory"


def test_nothing_secret_is_in_files_database_or_logs(trading):
    daemon, phrase, agents, idempotency = trading
    wanted = needles(phrase, agents)
    for agent in agents:
        for key in {agent.key, getattr(agent, "former", agent.key)}:
            raw = bytes.fromhex(key[4:])
            wanted |= {f"API key {key[4:8]} of {agent.id}": key.encode(), f"raw API key {key[4:8]} of {agent.id}": raw,
                       f"API key {key[4:8]} of {agent.id} in hex": key[4:].encode()}
    wanted["Idempotency-Key"] = idempotency.encode()
    wanted["Idempotency-Key of the rotation"] = idempotency[::-1].encode()
    assert (pathlib.Path(daemon.directory) / "db/selfsame.db").exists()
    assert search_files([daemon.directory], wanted) == []
    logs = daemon.output()
    assert [name for name, needle in wanted.items() if needle.decode("latin-1") in logs] == []


def test_nothing_secret_is_in_the_kernels_view(trading):
    daemon, phrase, _, _ = trading
    word = " ".join(phrase.split()[:4]).encode()
    for name, pid in [("selfsamed", daemon.pid), *daemon.children().items()]:
        for view in ("environ", "cmdline"):
            assert word not in pathlib.Path(f"/proc/{pid}/{view}").read_bytes(), (name, view)
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0\s", limits), name
        if os.geteuid() == 0:
            # a process that is not dumpable belongs to root in /proc
            assert os.stat(f"/proc/{pid}/environ").st_uid == 0, name
    assert ROOT.exists()
