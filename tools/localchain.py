"""A local chain and a development daemon, as processes: for `make run` and the tests.

Standard library only, so that it runs before anything else is installed.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = ROOT / "build" / "bin"
ANVIL = ROOT / "node_modules" / "@foundry-rs" / "anvil-linux-amd64" / "bin" / "anvil"
DEV_PHRASE = "test test test test test test test test test test test junk"


class StartError(Exception):
    """Something did not start; the text says what and what to do."""


def json_rpc(url, method, *params, timeout=10):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout) as answer:
        answer = json.load(answer)
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


class Process:
    """A child in a process group of its own, with its output kept by line."""

    def __init__(self, command, env=None, cwd=None, echo=None):
        self.lines = []
        self.seen = threading.Condition()
        self.echo = echo
        self.child = subprocess.Popen(
            command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for raw in self.child.stdout:
            line = raw.decode("utf-8", "replace").rstrip("\n")
            with self.seen:
                self.lines.append(line)
                self.seen.notify_all()
            if self.echo is not None:
                self.echo(line)
        with self.seen:
            self.seen.notify_all()

    def wait_for(self, pattern, timeout):
        """The first match of the pattern in any line so far or to come."""
        deadline = time.monotonic() + timeout
        at = 0
        with self.seen:
            while True:
                while at < len(self.lines):
                    found = re.search(pattern, self.lines[at])
                    at += 1
                    if found:
                        return found
                left = deadline - time.monotonic()
                if left <= 0 or (self.child.poll() is not None and not self.reader.is_alive()):
                    return None
                self.seen.wait(min(left, 0.2))

    @property
    def pid(self):
        return self.child.pid

    def alive(self):
        return self.child.poll() is None

    def output(self):
        with self.seen:
            return "\n".join(self.lines)

    def stop(self, grace=25):
        """SIGTERM, then SIGKILL; the exit status."""
        if self.alive():
            self.child.terminate()
            try:
                self.child.wait(grace)
            except subprocess.TimeoutExpired:
                self.child.kill()
        status = self.child.wait()
        self.reader.join(2)
        return status


class Anvil(Process):
    def __init__(self, port=0, chain_id=31337, options=()):
        if not ANVIL.exists():
            raise StartError("anvil is not installed: run tools/bootstrap")
        super().__init__([str(ANVIL), "--port", str(port), "--chain-id", str(chain_id),
                          "--host", "127.0.0.1", *options])
        found = self.wait_for(r"Listening on 127\.0\.0\.1:(\d+)", 20)
        if found is None:
            self.stop()
            raise StartError(f"anvil did not start:\n{self.output()[-800:]}")
        self.port = int(found.group(1))
        self.url = f"http://127.0.0.1:{self.port}"

    def rpc(self, method, *params):
        return json_rpc(self.url, method, *params)


def deploy(url):
    """Contracts and one market on the chain; a dict of addresses."""
    node = shutil.which("node")
    if node is None:
        raise StartError("node is not installed: run tools/bootstrap")
    done = subprocess.run([node, str(ROOT / "tools/chain/deploy.mjs"), url], capture_output=True,
                          text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        raise StartError(f"deploying the contracts failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout)


def open_directory(prefix):
    """A fresh directory whose parents any uid may pass (the daemon's children have their own)."""
    path = pathlib.Path(tempfile.mkdtemp(prefix=prefix, dir=tempfile.gettempdir()))
    path.chmod(0o711)
    return path


def market_settings(market):
    return {
        "SELFSAME_CHAIN_ID": str(market["chainId"]),
        "SELFSAME_CONDITIONAL_TOKENS": market["conditionalTokens"],
        "SELFSAME_TOKENS": f"USDC:{market['usdc']}:6",
    }


class Daemon(Process):
    """selfsamed with exactly these settings (nothing of this environment but PATH).

    under: a command that executes its arguments in its place.
    """

    def __init__(self, settings, arguments=("--dev",), binaries=None, echo=None, timeout=30, under=()):
        self.settings = dict(settings)
        self.directory = None
        if "DATABASE_URL" not in self.settings:
            self.directory = open_directory("selfsame-")
            self.settings["DATABASE_URL"] = f"sqlite:{self.directory}/db/selfsame.db"
        self.settings.setdefault("SELFSAME_LISTEN", "127.0.0.1:0")
        env = {"PATH": "/usr/bin:/bin", **self.settings}
        program = pathlib.Path(binaries or BIN) / "selfsamed"
        if not program.exists():
            raise StartError("the programs are not built: run make")
        super().__init__([*under, str(program), *arguments], env=env, echo=echo)
        found = self.wait_for(r'event"?[=:]"ready".*port"?[=:](\d+)', timeout)
        if found is None:
            self.stop()
            raise StartError(f"selfsamed did not start:\n{self.output()[-3000:]}")
        self.port = int(found.group(1))
        scheme = "https" if self.settings.get("SELFSAME_TLS") == "1" else "http"
        address = self.settings["SELFSAME_LISTEN"].rsplit(":", 1)[0]
        host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(address, address)
        self.url = f"{scheme}://{host}:{self.port}"

    def children(self):
        """{program name: pid} of the running children."""
        names = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text()
                argv = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == self.pid:
                names[os.path.basename(argv.split(b"\0")[0].decode())] = int(entry.name)
        return names

    def kill(self, name):
        os.kill(self.children()[name], signal.SIGKILL)

    def request(self, method, path, body=None, headers=None, timeout=60):
        """(status, headers, parsed JSON or text)"""
        return http_request(method, self.url + path, body, headers, timeout)

    def remove_files(self):
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)


# the daemon's certificate is its own: the attestation vouches for the key, no authority does
OWN_CERTIFICATE = ssl.create_default_context()
OWN_CERTIFICATE.check_hostname = False
OWN_CERTIFICATE.verify_mode = ssl.CERT_NONE


def http_request(method, url, body=None, headers=None, timeout=60):
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    if body is not None:
        headers.setdefault("Content-Type", "application/json")
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=OWN_CERTIFICATE) as answer:
            status, fields, text = answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        status, fields, text = error.code, error.headers, error.read()
    if "json" in fields.get("Content-Type", ""):
        return status, fields, json.loads(text)
    return status, fields, text.decode()
