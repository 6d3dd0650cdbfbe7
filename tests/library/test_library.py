"""libselfsame as its users meet it: installed, found by pkg-config, linked both ways, run."""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FIXTURES = ROOT / "../shared/fixtures/tdx"
EXAMPLE = ROOT / "examples/verify_quote.c"
HEADER = ROOT / "include/selfsame/selfsame.h"
WRITE = ROOT / "build/tests/scenarios/write"


def run(*command, **more):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The library in a folder of its own, as a packager would install it."""
    there = tmp_path_factory.mktemp("installed")
    run("make", "-s", "-C", ROOT, "install-library", f"DESTDIR={there}", "PREFIX=/usr")
    return there


@pytest.fixture(scope="session")
def flags(installed):
    def ask(*options):
        return run("pkg-config", *options, "libselfsame", env={
            "PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(installed / "usr/lib/pkgconfig"),
            "PKG_CONFIG_SYSROOT_DIR": str(installed), "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
            "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1"}).split()
    return ask


@pytest.fixture(scope="session")
def examples(installed, flags, tmp_path_factory):
    """The example, linked with the shared library and with the static one."""
    there = tmp_path_factory.mktemp("examples")
    shared, static = there / "shared", there / "static"
    run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", *flags("--cflags"), EXAMPLE, "-o", shared,
        *flags("--libs"), f"-Wl,-rpath,{installed}/usr/lib")
    libs = [f"{installed}/usr/lib/libselfsame.a" if flag == "-lselfsame" else flag
            for flag in flags("--libs", "--static")]
    run("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-pedantic", *flags("--cflags"), EXAMPLE, "-o", static, *libs)
    return {"shared": shared, "static": static}


@pytest.fixture(scope="session")
def scenarios(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenarios")
    run(WRITE, "cases", folder)
    return folder, json.loads((folder / "index.json").read_text())


def declared():
    text = re.sub(r"/\*.*?\*/", "", HEADER.read_text(), flags=re.S)
    return set(re.findall(r"\b(selfsame_[a-z_]+)\s*\(", text))


def test_version_and_soname(installed):
    library = installed / "usr/lib/libselfsame.so"
    assert "Library soname: [libselfsame.so.0]" in run("readelf", "-d", library)
    version = re.search(r'SELFSAME_VERSION "(.*)"', (ROOT / "src/base/version.h").read_text()).group(1)
    assert library.resolve().name == f"libselfsame.so.{version}"
    assert f"Version: {version}\n" in (installed / "usr/lib/pkgconfig/libselfsame.pc").read_text()


def test_interface_is_what_the_header_declares(installed):
    """What is exported, under which version, equals the list and the header; both ways of linking."""
    listed = set(re.findall(r"^\t(selfsame_\w+);", (ROOT / "src/library/libselfsame.map").read_text(), re.M))
    assert listed == declared()
    shared = [line.split()[-1] for line in
              run("nm", "-D", "--defined-only", installed / "usr/lib/libselfsame.so").splitlines()]
    assert {name.partition("@@")[0] for name in shared} - {"SELFSAME_0"} == listed
    assert all(name.endswith("@@SELFSAME_0") for name in shared if not name.startswith("SELFSAME_0"))
    static = run("nm", "--defined-only", "--extern-only", installed / "usr/lib/libselfsame.a")
    assert set(re.findall(r" [A-Z] (\w+)$", static, re.M)) == listed


def test_help_lists_what_there_is():
    listed = set(re.findall(r"^  ([a-z-]+) ", run("make", "-s", "-C", ROOT, "help"), re.M))
    assert {"run", "test", "install", "uninstall", "bench"} <= listed
    for name in listed:
        run("make", "-n", "-C", ROOT, name)


def test_uninstall_takes_all_away(tmp_path):
    where = (f"DESTDIR={tmp_path}", "PREFIX=/usr")
    run("make", "-s", "-C", ROOT, "install", *where)
    names = {str(p.relative_to(tmp_path / "usr")) for p in tmp_path.rglob("*") if not p.is_dir()}
    assert {"bin/selfsame", "bin/selfsamed", "lib/libselfsame.so.0", "include/selfsame/selfsame.h", "share/man/man1/selfsame.1",
            "share/man/man3/selfsame_quote_verify.3", "share/selfsame/simulated-root.pem"} <= names
    run("make", "-s", "-C", ROOT, "uninstall", *where)
    assert [str(p) for p in tmp_path.rglob("*") if not p.is_dir()] == []


def test_needs_openssl_alone(installed):
    needed = set(re.findall(r"\(NEEDED\).*\[(.*?)\]", run("readelf", "-d", installed / "usr/lib/libselfsame.so")))
    assert needed == {"libcrypto.so.3", "libc.so.6"}


def test_builds_with_openssl_alone(installed):
    """Not even a header of another library is read."""
    sources = [p.relative_to(ROOT / "build/pic").with_suffix(".c") for p in (ROOT / "build/pic").rglob("*.o")]
    rules = run("gcc", "-M", "-D_GNU_SOURCE", "-Isrc", "-Iinclude", *(s for s in sources if (ROOT / s).exists()), cwd=ROOT)
    read = set(re.findall(r"/usr/include/([a-z0-9_]+)", rules))
    assert "openssl" in read
    assert not read & {"event2", "event", "curl", "sqlite3", "libpq", "postgresql", "jansson", "sodium", "secp256k1",
                       "llhttp", "seccomp"}


def test_no_writable_data(installed):
    """No global state: what is not constant is empty."""
    sections = re.findall(r"\] (\.(?:data|bss|tdata|tbss)\S*)\s+\S+\s+\S+\s+\S+\s+([0-9a-f]+)",
                          run("readelf", "-SW", installed / "usr/lib/libselfsame.a"))
    assert sections
    assert [name for name, size in sections if int(size, 16) > 0 and not name.startswith(".data.rel.ro")] == []


@pytest.mark.parametrize("command", [
    ["gcc", "-x", "c", "-std=c99"], ["gcc", "-x", "c", "-std=c11"], ["gcc", "-x", "c", "-std=c17"],
    ["g++", "-x", "c++", "-std=c++98"], ["g++", "-x", "c++", "-std=c++11"], ["g++", "-x", "c++", "-std=c++20"],
], ids=lambda command: command[-1])
def test_header_compiles(command, tmp_path):
    unit = tmp_path / "unit"
    unit.write_text("#include <selfsame/selfsame.h>\n#include <selfsame/selfsame.h>\n"
                    "int main(void) { return selfsame_version() == NULL; }\n")
    pedantic = ["-pedantic-errors", "-Wall", "-Wextra", "-Werror", "-Wno-long-long"]
    if command[0] == "gcc":
        pedantic.append("-Wstrict-prototypes")
    run(*command, *pedantic, f"-I{ROOT}/include", "-c", unit, "-o", tmp_path / "unit.o")


def test_example_is_short():
    assert len(EXAMPLE.read_text().splitlines()) <= 60


@pytest.mark.parametrize("linked", ["shared", "static"])
def test_example_on_simulated_quotes(examples, scenarios, linked):
    folder, cases = scenarios
    accepted = 0
    for case in cases:
        arguments = [folder / case["quote"], folder / case["collateral"], str(case["eval_unix"])]
        done = subprocess.run([examples[linked], *arguments, folder / case["trust_root"]],
                              capture_output=True, text=True, check=False)
        assert done.returncode == (0 if case["outcome"] == "accept" else 1), case["id"]
        if case["tcb_status"] is not None:
            assert f"status {case['tcb_status']} of {case['tcb_date']}, MRTD " in done.stdout
        # and Intel's root, which is the default, refuses them all
        refused = subprocess.run([examples[linked], *arguments], capture_output=True, text=True, check=False)
        assert refused.returncode == 1 and "status" not in refused.stdout
        accepted += done.returncode == 0
    assert 4 <= accepted < len(cases)


@pytest.mark.parametrize("linked", ["shared", "static"])
def test_example_on_a_recorded_quote(examples, linked):
    if not FIXTURES.is_dir():
        pytest.skip("no recorded quotes here")
    case = FIXTURES / "phala-v4-uptodate"
    out = run(examples[linked], case / "quote.bin", case / "collateral.json", "1752919234")
    assert out.startswith("accepted: ") and "status UpToDate of " in out
    late = subprocess.run([examples[linked], case / "quote.bin", case / "collateral.json"],
                          capture_output=True, text=True, check=False)
    assert late.returncode == 1 and late.stdout.startswith("refused: ")


def test_example_under_valgrind(examples, scenarios):
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    folder, cases = scenarios
    for case in (c for c in cases if c["id"] in ("up-to-date", "relaunch-advised", "pck-revoked")):
        done = subprocess.run(["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", examples["shared"],
                               folder / case["quote"], folder / case["collateral"], str(case["eval_unix"]),
                               folder / case["trust_root"]], capture_output=True, text=True, check=False)
        assert done.returncode == (0 if case["outcome"] == "accept" else 1), done.stderr


PAGES = sorted((ROOT / "man").glob("*.[0-9]"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_manual_is_well_formed(page):
    if shutil.which("mandoc") is None:
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_manual_names_every_function():
    named = set()
    for page in PAGES:
        named |= set(re.findall(r"^\.Nm (selfsame_\w+)", page.read_text(), re.M))
        for function in re.findall(r"^\.F[no] (selfsame_\w+)", page.read_text(), re.M):
            assert function in declared(), f"{page.name}: {function}"
    assert named == declared()


def test_manual_names_every_verb_and_option():
    """selfsame(1) has what the program's own help has."""
    program = ROOT / "build/bin/selfsame"
    page = (ROOT / "man/selfsame.1").read_text()
    verbs = re.findall(r"^  (\w+) ", run(program, "help"), re.M)
    assert "verify" in verbs
    for verb in verbs:
        assert re.search(rf"^\.It Ic {verb}\b", page, re.M), f"man/selfsame.1: verb {verb}"
        for option in re.findall(r"^  --([a-z-]+)", run(program, "help", verb), re.M):
            assert f".It Fl -{option}" in page, f"man/selfsame.1: {verb} --{option}"
