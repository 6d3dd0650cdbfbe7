"""selfsamed and its children: what each one sees, may do and survives.

Once with stand-ins that misbehave on demand (tests/processes/child.c), and once with the
real programs. Only the standard library; no chain is needed for the stand-ins.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build" / "bin"
STAND_IN = ROOT / "build" / "tests" / "processes" / "child"
CHILDREN = ("selfsame-signer", "selfsame-attester", "selfsame-gateway")
PROGRAMS = (*CHILDREN, "selfsame-rootsource")
IS_ROOT = os.geteuid() == 0
PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
UID_BASE = 64101
look_inside = pytest.mark.skipif(not IS_ROOT, reason="only root looks into a process that is not dumpable")

(NORMAL, SIGNER_REFUSES, SIGNER_DIES_EARLY, ATTESTER_REFUSES, ATTESTER_DIES_EARLY,
 ATTESTER_TALKS_NONSENSE, GATEWAY_REFUSES, GATEWAY_IGNORES_SIGTERM, GATEWAY_DRAINS_SLOWLY,
 GATEWAY_REFUSES_SECOND_START, SIGNER_STAYS) = range(1, 12)


def wait_until(condition, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    return condition()


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Supervisor:
    """selfsamed with an environment of its own and its output in a file."""

    def __init__(self, folder, env, arguments=("--dev",)):
        self.log = folder / "log"
        with open(self.log, "wb") as out:
            self.process = subprocess.Popen([str(folder / "selfsamed"), *arguments], env=env,
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.pid = self.process.pid

    def output(self):
        return self.log.read_text(errors="replace")

    def ready(self, times=1):
        found = wait_until(lambda: self.process.poll() is not None
                           or self.output().count('event="ready"') >= times)
        assert found and self.process.poll() is None, self.output()
        return self

    def wait(self, seconds=45):
        return self.process.wait(seconds)

    def children(self):
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                name = (entry / "cmdline").read_bytes().split(b"\0")[0].decode()
            except (OSError, IndexError):
                continue
            if parent == self.pid and name in CHILDREN:
                found[name] = int(entry.name)
        return found

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def folder():
    """A place for programs that other users may enter, as an installed system has."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="selfsame-processes-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def place(folder):
    """The folder with selfsamed and the stand-ins."""
    for program in (BIN / "selfsamed", STAND_IN):
        if not program.exists():
            pytest.skip(f"{program.name} is not built")
    shutil.copy(BIN / "selfsamed", folder / "selfsamed")
    for name in PROGRAMS:
        shutil.copy(STAND_IN, folder / name)
    return folder


@pytest.fixture
def start(place):
    running = []

    def begin(behaviour=NORMAL, arguments=("--dev",), **more):
        env = {"SELFSAME_CHAIN_ID": "31337", "SELFSAME_ACTIVE_AGENTS": str(behaviour),
               "MNEMONIC": PHRASE, "DATABASE_URL": f"sqlite:{place}/db/selfsame.db", **more}
        one = Supervisor(place, {k: v for k, v in env.items() if v is not None}, arguments)
        running.append(one)
        return one

    yield begin
    for one in running:
        one.stop()


def status_field(pid, name):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return re.search(rf"^{name}:[ \t]*(.*)$", text, re.M).group(1)


def limit(pid, name):
    text = pathlib.Path(f"/proc/{pid}/limits").read_text()
    return re.search(rf"^{name}\s+(\S+)\s+(\S+)", text, re.M).groups()


# --- arguments and settings -------------------------------------------------------------------

def run(place, *arguments, **env):
    return subprocess.run([str(place / "selfsamed"), *arguments], env=env, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=20, check=False)


def test_help_names_every_setting(place):
    done = run(place, "--help")
    names = re.findall(r"^SETTING\((\w+)", (ROOT / "src/base/settings.def").read_text(), re.M)
    assert done.returncode == 0 and len(names) > 20
    assert all(f"  {name}\n" in done.stdout for name in names)


def test_version(place):
    done = run(place, "--version")
    assert done.returncode == 0 and re.fullmatch(r"selfsamed \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("arguments", [("--nonsense",), ("extra",), ("--config",), ("--dev=1",),
                                       ("--config", "a", "--config", "b")])
def test_wrong_arguments_are_usage_errors(place, arguments):
    done = run(place, *arguments)
    assert done.returncode == 2
    assert arguments[0].split("=")[0] in done.stderr and "usage:" in done.stderr


DEV = {"SELFSAME_CHAIN_ID": "31337"}


@pytest.mark.parametrize("arguments, env, names", [
    (("--dev",), {**DEV, "SELFSAME_COLOUR": "blue"}, ["SELFSAME_COLOUR", "--help"]),
    (("--dev",), {**DEV, "SELFSAME_TLS": "yes"}, ["SELFSAME_TLS", "0 or 1"]),
    (("--dev",), {**DEV, "SELFSAME_LISTEN": "8000"}, ["SELFSAME_LISTEN"]),
    (("--dev",), {**DEV, "SELFSAME_UID_BASE": "0"}, ["SELFSAME_UID_BASE"]),
    (("--dev",), {**DEV, "CHAINSTACK_NODE": "http://198.51.100.1:1"}, ["CHAINSTACK_NODE", "https"]),
    (("--dev",), {**DEV, "DATABASE_URL": "mysql://x"}, ["DATABASE_URL", "sqlite:"]),
    (("--dev",), {}, ["SELFSAME_CHAIN_ID", "SELFSAME_LOCAL_FORK"]),
    (("--dev",), {"SELFSAME_LOCAL_FORK": "1", "CHAINSTACK_NODE": "https://rpc.example"},
     ["SELFSAME_CHAIN_ID", "loopback"]),
    ((), {}, ["MNEMONIC", "--dev"]),
    ((), {"MNEMONIC": PHRASE}, ["SELFSAME_PLATFORM", "--dev"]),
    ((), {"MNEMONIC": PHRASE, "SELFSAME_PLATFORM": "simulated"}, ["SELFSAME_PLATFORM", "--dev"]),
    (("--dev", "--config", "/nowhere/at/all"), DEV, ["--config", "No such file"]),
])
def test_a_refused_start_names_the_setting_and_the_remedy(place, arguments, env, names):
    done = run(place, *arguments, **env)
    assert done.returncode == 78, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert all(name in done.stderr for name in names), done.stderr
    for value in (v for v in env.values() if len(v) > 5):
        assert value not in done.stderr or value == "simulated"


def test_config_file_and_environment(place, start):
    config = place / "config"
    config.write_text("# comment\n\nSELFSAME_CHAIN_ID=1337\nSELFSAME_LOG=json\n")
    one = start(arguments=("--dev", "--config", str(config)), SELFSAME_CHAIN_ID=None)
    wait_until(lambda: '"event":"ready"' in one.output())
    assert '"chain":1337' in one.output(), one.output()


def test_config_file_with_a_secret_must_not_be_readable_by_all(place):
    config = place / "config"
    config.write_text(f"MNEMONIC={PHRASE}\n")
    config.chmod(0o644)
    done = run(place, "--dev", "--config", str(config), **DEV)
    assert done.returncode == 78 and "MNEMONIC" in done.stderr and "chmod 600" in done.stderr
    assert "winner" not in done.stderr


def test_config_file_with_an_unknown_name(place):
    config = place / "config"
    config.write_text("SELFSAME_CHAIN=137\n")
    done = run(place, "--dev", "--config", str(config), **DEV)
    assert done.returncode == 78 and "SELFSAME_CHAIN:" in done.stderr


# --- programs ---------------------------------------------------------------------------------

def test_a_missing_program_is_named(place):
    (place / "selfsame-attester").unlink()
    done = run(place, "--dev", **DEV)
    assert done.returncode == 78 and "selfsame-attester" in done.stderr


def test_a_directory_is_no_program(place):
    (place / "selfsame-gateway").unlink()
    (place / "selfsame-gateway").mkdir()
    done = run(place, "--dev", **DEV)
    assert done.returncode == 78 and "selfsame-gateway" in done.stderr and "regular" in done.stderr


@pytest.mark.skipif(not IS_ROOT, reason="only root is asked who else could write")
def test_a_program_that_others_can_write_is_refused(place):
    (place / "selfsame-signer").chmod(0o777)
    done = run(place, "--dev", **DEV)
    assert done.returncode == 78 and "selfsame-signer" in done.stderr and "chmod 755" in done.stderr


@pytest.mark.skipif(not IS_ROOT, reason="only root can give files away")
def test_a_program_of_another_user_is_refused(place):
    os.chown(place / "selfsame-signer", 12345, 12345)
    done = run(place, "--dev", **DEV)
    assert done.returncode == 78 and "selfsame-signer" in done.stderr and "chown root" in done.stderr


def test_the_digests_are_those_of_the_files(place, start):
    one = start().ready()
    digest = subprocess.run(["sha256sum", str(place / "selfsame-attester")], capture_output=True, text=True,
                            check=True).stdout.split()[0]
    assert f"selfsame-attester\\u0022:\\u0022{digest}" in one.output()


# --- the environment and the secret -----------------------------------------------------------

@look_inside
def test_the_environment_is_wiped(start):
    one = start(FOO="bar-of-gold").ready()
    raw = pathlib.Path(f"/proc/{one.pid}/environ").read_bytes()
    assert not raw.strip(b"\0"), raw[:100]
    assert b"winner" not in pathlib.Path(f"/proc/{one.pid}/cmdline").read_bytes()


@look_inside
def test_children_get_their_settings_and_nothing_else(place, start):
    one = start(FOO="bar", LD_PRELOAD="/nothing.so", http_proxy="http://127.0.0.1:1", PGHOST="x",
                OPENSSL_CONF="/nothing", SELFSAME_REGISTRATION_TOKEN="0123456789abcdef",
                MNEMONIC_PASSPHRASE="TREZOR").ready()
    base = {"PATH", "LC_ALL", "SELFSAME_LOG"}
    names = {}
    for name, pid in one.children().items():
        text = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode()
        names[name] = {line.split("=")[0] for line in text.split("\0") if line}
        assert "winner" not in text and "TREZOR" not in text
    assert names["selfsame-signer"] == base
    assert names["selfsame-attester"] == base | {"SELFSAME_PLATFORM"}
    assert {"DATABASE_URL", "CHAINSTACK_NODE", "SELFSAME_REGISTRATION_TOKEN"} <= names["selfsame-gateway"]
    assert not names["selfsame-gateway"] & {"MNEMONIC", "MNEMONIC_PASSPHRASE", "FOO", "LD_PRELOAD", "http_proxy",
                                            "PGHOST", "OPENSSL_CONF", "SELFSAME_UID_BASE"}


def memory_holds(pid, needle):
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            first, last = (int(x, 16) for x in span.split("-"))
            try:
                memory.seek(first)
                if needle in memory.read(last - first):
                    return True
            except OSError:
                continue
    return False


@look_inside
def test_the_supervisor_forgets_the_secret(start):
    one = start(MNEMONIC_PASSPHRASE="correct horse").ready()
    try:
        # positive control: it finds what is there
        assert memory_holds(one.pid, b"selfsame.db")
    except PermissionError:
        pytest.skip("ptrace is not permitted here")
    for needle in (PHRASE.encode(), b"winner thank year", b"correct horse"):
        assert not memory_holds(one.pid, needle), needle


def test_the_secret_reaches_the_signer(start):
    one = start(MNEMONIC_PASSPHRASE="TREZOR").ready()
    assert f'event="secret" mnemonic={len(PHRASE)} passphrase=6' in one.output()


def test_the_development_phrase_is_loud_and_only_for_development(start):
    one = start(MNEMONIC=None).ready()
    assert f'event="secret" mnemonic={len("test " * 11 + "junk")} ' in one.output()
    assert "MNEMONIC is not set" in one.output()
    assert "DEVELOPMENT MODE" in one.output()
    assert not memory_holds(one.pid, b"test test test junk") if IS_ROOT else True


def test_what_the_children_learn(start):
    one = start(SELFSAME_DERIVATION="bound").ready()
    assert one.output().count('event="boot" development=1 scheme=1 chain=31337 platform="simulated"') == 3


def test_derivation_is_indexed_in_development(start):
    one = start().ready()
    assert one.output().count("scheme=2") == 3


# --- confinement ------------------------------------------------------------------------------

@pytest.mark.skipif(not IS_ROOT, reason="only root gives users to its children")
def test_each_child_has_its_own_user_and_no_powers(start):
    one = start().ready()
    for number, name in enumerate(CHILDREN):
        pid = one.children()[name]
        assert status_field(pid, "Uid").split() == [str(UID_BASE + number)] * 4
        assert status_field(pid, "Gid").split() == [str(UID_BASE + number)] * 4
        assert status_field(pid, "Groups").strip() == ""
        for field in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status_field(pid, field), 16) == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root may change a root directory")
def test_signer_and_attester_have_an_empty_root(start):
    one = start().ready()
    for name in CHILDREN[:2]:
        pid = one.children()[name]
        assert os.listdir(f"/proc/{pid}/root") == []
        assert os.stat(f"/proc/{pid}/root").st_ino == os.stat(f"/proc/{pid}/cwd").st_ino
        # not even root can make a file there: the directory is gone
        with pytest.raises(OSError):
            open(f"/proc/{pid}/root/x", "w", encoding="ascii")
    assert os.readlink(f"/proc/{one.children()['selfsame-gateway']}/root") == "/"


def test_filter_limits_and_dumpable(start):
    one = start().ready()
    for name, pid in one.children().items():
        assert status_field(pid, "Seccomp") == "2" and status_field(pid, "NoNewPrivs") == "1"
        assert limit(pid, "Max core file size") == ("0", "0")
        # a process that is not dumpable belongs to root in /proc
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0
        if name != "selfsame-gateway":
            assert limit(pid, "Max processes") == ("0", "0")
    signer = one.children()["selfsame-signer"]
    assert limit(signer, "Max open files") == ("16", "16")
    assert limit(signer, "Max locked memory") == ("65536", "65536")
    assert limit(one.pid, "Max core file size") == ("0", "0")
    assert os.stat(f"/proc/{one.pid}/mem").st_uid == 0


def test_no_files_when_the_log_is_no_file(place):
    env = {**DEV, "SELFSAME_ACTIVE_AGENTS": "1", "DATABASE_URL": f"sqlite:{place}/db/x.db"}
    with subprocess.Popen([str(place / "selfsamed"), "--dev"], env=env, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr:
                if 'event="started" name="selfsame-gateway"' in line:
                    break
                found = re.search(r'event="started" name="selfsame-signer" pid=(\d+)', line)
                if found:
                    signer = int(found.group(1))
            assert limit(signer, "Max file size") == ("0", "0")
        finally:
            process.kill()


@look_inside
def test_descriptors_are_those_of_the_wiring(start):
    fds = [os.open("/dev/null", os.O_RDONLY) for _ in range(4)]
    for fd in fds:
        os.set_inheritable(fd, True)
    one = start().ready()
    for fd in fds:
        os.close(fd)
    wanted = {"selfsame-signer": {0, 1, 2, 3, 5, 6}, "selfsame-attester": {0, 1, 2, 3, 4, 6},
              "selfsame-gateway": {0, 1, 2, 3, 4, 5}}
    for name, pid in one.children().items():
        assert {int(fd) for fd in os.listdir(f"/proc/{pid}/fd")} == wanted[name]
        assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"


@look_inside
def test_standard_streams_may_be_missing(place):
    env = {**DEV, "SELFSAME_ACTIVE_AGENTS": "1", "DATABASE_URL": f"sqlite:{place}/db/x.db"}
    with subprocess.Popen(["sh", "-c", f"exec {place}/selfsamed --dev 0<&- 1>&- 2>&-"], env=env) as process:
        one = Supervisor.__new__(Supervisor)
        one.pid = process.pid
        try:
            assert wait_until(lambda: len(one.children()) == 3)
            assert os.readlink(f"/proc/{one.children()['selfsame-signer']}/fd/2") == "/dev/null"
        finally:
            process.kill()


# --- the database's place ---------------------------------------------------------------------

@pytest.mark.skipif(not IS_ROOT, reason="only root gives users to its children")
def test_the_database_directory_is_made_for_the_gateway(place, start):
    start().ready()
    made = os.stat(place / "db")
    assert stat.S_IMODE(made.st_mode) == 0o700 and made.st_uid == UID_BASE + 2
    assert os.stat(place / "db" / "selfsame.db").st_uid == UID_BASE + 2
    assert stat.S_IMODE(os.stat(place / "db" / "selfsame.db").st_mode) & 0o077 == 0


@pytest.mark.skipif(not IS_ROOT, reason="only root gives users to its children")
@pytest.mark.parametrize("mine", ["directory", "file", "wal", "above"])
def test_a_database_that_the_gateway_cannot_use_stops_the_start(place, start, mine):
    folder = place / "db"
    folder.mkdir(mode=0o700)
    url = f"sqlite:{folder}/selfsame.db"
    if mine in ("file", "wal"):
        os.chown(folder, UID_BASE + 2, UID_BASE + 2)
        path = folder / ("selfsame.db" if mine == "file" else "selfsame.db-wal")
        path.touch(mode=0o600)
    if mine == "above":
        url = f"sqlite:{folder}/inner/selfsame.db"
    one = start(DATABASE_URL=url)
    assert one.wait() == 78
    assert "DATABASE_URL" in one.output() and f"chown {UID_BASE + 2}" in one.output()
    assert 'event="started"' not in one.output()


def test_a_missing_directory_above_is_named(place, start):
    one = start(DATABASE_URL=f"sqlite:{place}/a/b/c/selfsame.db")
    assert one.wait() == 78
    assert "DATABASE_URL" in one.output() and "mkdir -p" in one.output()


def test_a_relative_database_path_is_the_callers(place, start):
    (place / "here").mkdir()
    before = os.getcwd()
    os.chdir(place)
    try:
        one = start(DATABASE_URL="sqlite:here/new/selfsame.db" if IS_ROOT else "sqlite:here/selfsame.db")
    finally:
        os.chdir(before)
    if IS_ROOT:
        one.ready()
        assert (place / "here/new/selfsame.db").exists()
    else:
        one.ready()
        assert (place / "here/selfsame.db").exists()


# --- life and death ---------------------------------------------------------------------------

def test_ready_says_the_port_once(start):
    one = start().ready()
    assert len(re.findall(r'event="ready" port=4321 ', one.output())) == 1


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_drains_in_order(start, stop):
    one = start(GATEWAY_DRAINS_SLOWLY).ready()
    pids = one.children()
    os.kill(one.pid, stop)
    assert one.wait() == 0
    out = one.output()
    ends = re.findall(r'event="ended" name="([\w-]+)"', out)
    assert ends == ["selfsame-gateway", "selfsame-attester", "selfsame-signer"]
    assert out.index("drained") < out.index('event="ended"')
    assert f'name="selfsame-signer" pid={pids["selfsame-signer"]} status=0' in out
    assert not any(alive(pid) for pid in pids.values())


def test_a_second_signal_does_not_wait(start):
    one = start(GATEWAY_IGNORES_SIGTERM).ready()
    os.kill(one.pid, signal.SIGTERM)
    wait_until(lambda: "draining" in one.output())
    time.sleep(0.2)
    began = time.monotonic()
    os.kill(one.pid, signal.SIGTERM)
    assert one.wait() == 0 and time.monotonic() - began < 10  # alone it would be given 15 s


def test_a_signer_that_does_not_end_is_killed(start):
    one = start(SIGNER_STAYS).ready()
    pids = one.children()
    os.kill(one.pid, signal.SIGTERM)
    assert one.wait(15) == 0
    assert not alive(pids["selfsame-signer"]) and 'signal="KILL"' in one.output()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_the_signers_death_ends_the_daemon(start, how):
    one = start().ready()
    pids = one.children()
    os.kill(pids["selfsame-signer"], how)
    assert one.wait() == 70
    assert not any(alive(pid) for pid in pids.values())
    assert "signer lost" in one.output()


def test_the_signers_death_ends_a_gateway_that_will_not_go(start):
    one = start(GATEWAY_IGNORES_SIGTERM).ready()
    pids = one.children()
    os.kill(pids["selfsame-signer"], signal.SIGKILL)
    assert one.wait(15) == 70
    assert not any(alive(pid) for pid in pids.values())


@look_inside
@pytest.mark.parametrize("victim", CHILDREN[1:])
def test_gateway_and_attester_restart_as_a_pair_on_the_same_wiring(start, victim):
    one = start().ready()
    before = one.children()
    signer_fds = {fd: os.readlink(f"/proc/{before['selfsame-signer']}/fd/{fd}") for fd in (3, 5, 6)}
    wires = {name: os.readlink(f"/proc/{before[name]}/fd/4") for name in CHILDREN[1:]}
    os.kill(before[victim], signal.SIGKILL)
    # the stand-in gateway is ready only after the signer and the attester answered it
    one.ready(2)
    after = one.children()
    assert after["selfsame-signer"] == before["selfsame-signer"]
    assert all(after[name] != before[name] for name in CHILDREN[1:])
    assert signer_fds == {fd: os.readlink(f"/proc/{after['selfsame-signer']}/fd/{fd}") for fd in (3, 5, 6)}
    assert wires == {name: os.readlink(f"/proc/{after[name]}/fd/4") for name in CHILDREN[1:]}
    os.kill(one.pid, signal.SIGTERM)
    assert one.wait() == 0


def test_restarts_back_off(start):
    one = start().ready()
    for round_number in range(2, 5):
        os.kill(one.children()["selfsame-gateway"], signal.SIGKILL)
        one.ready(round_number)
    pauses = [int(n) for n in re.findall(r"pause_ms=(\d+)", one.output())]
    assert pauses == [100, 200, 400]


def test_a_restart_that_is_refused_is_tried_again(start):
    one = start(GATEWAY_REFUSES_SECOND_START).ready()
    os.kill(one.children()["selfsame-gateway"], signal.SIGKILL)
    assert wait_until(lambda: one.output().count("restarting") >= 3)
    assert "not a second time" in one.output() and one.process.poll() is None
    os.kill(one.pid, signal.SIGTERM)
    assert one.wait() == 0


@look_inside
def test_a_picked_port_is_kept(start):
    one = start(SELFSAME_LISTEN="127.0.0.1:0").ready()
    os.kill(one.children()["selfsame-gateway"], signal.SIGKILL)
    one.ready(2)
    env = pathlib.Path(f"/proc/{one.children()['selfsame-gateway']}/environ").read_bytes().split(b"\0")
    assert b"SELFSAME_LISTEN=127.0.0.1:4321" in env


def test_kill_9_of_the_supervisor_leaves_nothing(start):
    one = start(GATEWAY_IGNORES_SIGTERM).ready()
    pids = one.children()
    assert len(pids) == 3
    os.kill(one.pid, signal.SIGKILL)
    one.wait()
    assert wait_until(lambda: not any(alive(pid) for pid in pids.values()))


def test_a_terminals_interrupt_reaches_the_supervisor_alone(start):
    one = start().ready()
    groups = {os.getpgid(pid) for pid in one.children().values()}
    assert os.getpgid(one.pid) not in groups and len(groups) == 3


@pytest.mark.parametrize("behaviour, status, text", [
    (SIGNER_REFUSES, 78, "selfsamed: MNEMONIC: word 3 is not on the list"),
    (SIGNER_DIES_EARLY, 70, "selfsamed: selfsame-signer ended before it was ready"),
    (ATTESTER_REFUSES, 78, "selfsamed: attester: will not"),
    (ATTESTER_DIES_EARLY, 70, "selfsamed: selfsame-attester ended before it was ready"),
    (ATTESTER_TALKS_NONSENSE, 70, "ERR_PROTOCOL"),
    (GATEWAY_REFUSES, 78, "selfsamed: DATABASE_URL: will not"),
])
def test_a_child_that_fails_at_the_start_stops_it(start, behaviour, status, text):
    one = start(behaviour)
    assert one.wait() == status, one.output()
    assert text in one.output()
    assert not one.children()
    assert 'event="ready"' not in one.output()


# --- the real programs ------------------------------------------------------------------------

class Node(http.server.BaseHTTPRequestHandler):
    """A JSON-RPC node that knows the chain's id and a quiet chain, and nothing else."""

    ANSWERS = {"eth_chainId": "0x7a69", "eth_blockNumber": "0x1", "eth_gasPrice": "0x1",
               "eth_getTransactionCount": "0x0", "eth_getBalance": "0x0"}

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        many = asked if isinstance(asked, list) else [asked]
        answers = [{"jsonrpc": "2.0", "id": one["id"], "result": self.ANSWERS[one["method"]]}
                   if one["method"] in self.ANSWERS else
                   {"jsonrpc": "2.0", "id": one["id"], "error": {"code": -32601, "message": "not found"}}
                   for one in many]
        body = json.dumps(answers if isinstance(asked, list) else answers[0]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def node():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def real(folder, node):
    """The real daemon, ready, with a database of its own and a wallet phrase."""
    for name in ("selfsamed", *PROGRAMS):
        if not (BIN / name).exists():
            pytest.skip(f"{name} is not built")
        shutil.copy(BIN / name, folder / name)
    one = Supervisor(folder, {"SELFSAME_CHAIN_ID": "31337", "MNEMONIC": PHRASE, "CHAINSTACK_NODE": node,
                              "SELFSAME_LISTEN": "127.0.0.1:0", "SELFSAME_ACTIVE_AGENTS": "64",
                              "DATABASE_URL": f"sqlite:{folder}/db/selfsame.db"})
    yield one
    one.stop()


def supervisors_ready(one):
    return re.findall(r'process="selfsamed" event="ready" port=(\d+)', one.output())


def real_ready(one, times=1):
    found = wait_until(lambda: one.process.poll() is not None or len(supervisors_ready(one)) >= times, 20)
    assert found and one.process.poll() is None, one.output()
    return int(supervisors_ready(one)[-1])


def health(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=10) as answer:
        return json.loads(answer.read())


def test_real_children_are_confined(real):
    real_ready(real)
    pids = real.children()
    assert set(pids) == set(CHILDREN)
    for number, name in enumerate(CHILDREN):
        pid = pids[name]
        assert status_field(pid, "Seccomp") == "2" and status_field(pid, "NoNewPrivs") == "1"
        assert limit(pid, "Max core file size") == ("0", "0")
        assert os.stat(f"/proc/{pid}/mem").st_uid == 0
        assert int(status_field(pid, "CapEff"), 16) == 0
        if IS_ROOT:
            assert status_field(pid, "Uid").split() == [str(UID_BASE + number)] * 4
    locked = int(status_field(pids["selfsame-signer"], "VmLck").split()[0])
    assert 0 < locked <= 48


@look_inside
def test_real_children_see_no_secret(real):
    real_ready(real)
    for pid in (real.pid, *real.children().values()):
        for place in ("environ", "cmdline"):
            assert b"winner" not in pathlib.Path(f"/proc/{pid}/{place}").read_bytes()
    assert "winner" not in real.output()


@look_inside
def test_real_children_hold_no_strange_descriptor(real):
    real_ready(real)
    for name in CHILDREN[:2]:
        fds = {fd: os.readlink(f"/proc/{real.children()[name]}/fd/{fd}")
               for fd in os.listdir(f"/proc/{real.children()[name]}/fd")}
        assert set(fds) <= set("0123456") and all(fds[fd].startswith("socket:") for fd in set(fds) & set("3456"))


@pytest.mark.parametrize("victim", CHILDREN[1:])
def test_real_gateway_and_attester_come_back_on_the_same_port(real, victim):
    port = real_ready(real)
    before = real.children()
    first = health(port)
    os.kill(before[victim], signal.SIGKILL)
    assert real_ready(real, 2) == port
    after = real.children()
    assert after["selfsame-signer"] == before["selfsame-signer"] and after[victim] != before[victim]
    # the same signer, and the same instance of it
    second = health(port)
    assert {k: v for k, v in first.items() if "nstance" in k} == {k: v for k, v in second.items() if "nstance" in k}


def test_real_signers_death_ends_the_daemon(real):
    real_ready(real)
    pids = real.children()
    os.kill(pids["selfsame-signer"], signal.SIGKILL)
    assert real.wait() == 70
    assert not any(alive(pid) for pid in pids.values())


def test_real_daemon_drains(real):
    real_ready(real)
    pids = real.children()
    os.kill(real.pid, signal.SIGTERM)
    assert real.wait(30) == 0, real.output()
    ends = dict(re.findall(r'event="ended" name="([\w-]+)" pid=\d+ (\w+=\S+)', real.output()))
    assert ends["selfsame-gateway"] == "status=0" and ends["selfsame-signer"] == "status=0", ends
    assert not any(alive(pid) for pid in pids.values())


def test_real_signer_refuses_a_bad_phrase(folder, node):
    for name in ("selfsamed", *PROGRAMS):
        if not (BIN / name).exists():
            pytest.skip(f"{name} is not built")
        shutil.copy(BIN / name, folder / name)
    env = {"SELFSAME_CHAIN_ID": "31337", "CHAINSTACK_NODE": node, "DATABASE_URL": f"sqlite:{folder}/db/x.db",
           "MNEMONIC": PHRASE.replace("thank", "thnak", 1)}
    done = run(folder, "--dev", **env)
    assert done.returncode == 78 and "MNEMONIC" in done.stderr and "3" in done.stderr
    assert "thnak" not in done.stderr
