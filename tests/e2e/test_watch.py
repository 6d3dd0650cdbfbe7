"""selfsame watch against running daemons, a webhook that fails, restarts and a history that is tampered with."""

import http.server
import json
import os
import pathlib
import signal
import stat
import subprocess
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SELFSAME = ROOT / "build" / "bin" / "selfsame"
SIMULATED = ("--simulated-root", str(ROOT / "deploy" / "simulated-root.pem"))


class Webhook:
    """Takes alerts, after refusing the first `refuse` of them."""

    def __init__(self, refuse=0):
        self.refuse, self.seen, self.tries = refuse, [], 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_POST(self):
                outer.tries += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = 503 if outer.tries <= outer.refuse else 204
                if status == 204:
                    assert self.headers["Content-Type"] == "application/json"
                    outer.seen.append(json.loads(body))
                self.send_response(status)
                self.end_headers()

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def environment(folder):
    env = {name: value for name, value in os.environ.items() if name not in ("SELFSAME_PCCS", "HOME")}
    return dict(env, XDG_CACHE_HOME=str(folder / "cache"), XDG_STATE_HOME=str(folder / "state"))


def once(folder, *arguments):
    """(exit status, alerts, standard error)"""
    done = subprocess.run([str(SELFSAME), "watch", "--once", "--history", str(folder / "history"),
                           *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False,
                          env=environment(folder))
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def names(alerts):
    return [a["alert"] for a in alerts]


def history(folder):
    return [json.loads(line) for line in (folder / "history").read_text().splitlines()]


def check(folder, *arguments):
    return subprocess.run([str(SELFSAME), "watch", "--check-history", str(folder / "history"), *map(str, arguments)],
                          capture_output=True, text=True, timeout=60, check=False)


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def test_first_look_and_no_news(daemon, tmp_path):
    status, alerts, error = once(tmp_path, daemon.url, *SIMULATED)
    assert status == 0 and alerts == [], (alerts, error)
    status, alerts, _ = once(tmp_path, daemon.url, *SIMULATED)
    assert status == 0 and alerts == []
    lines = history(tmp_path)
    assert [line["type"] for line in lines] == ["start", "observation"], "what is not new is not repeated"
    assert lines[1]["verdict"] == "accept" and lines[1]["facts"]["mode"] == "simulated-dev"
    for name in ("history", "history.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert check(tmp_path).returncode == 0


def test_refused_without_root_then_recovered(daemon, tmp_path):
    status, alerts, _ = once(tmp_path, daemon.url)
    assert status == 1 and names(alerts) == ["refused"] and alerts[0]["code"] == "ROOT_NOT_TRUSTED"
    status, alerts, _ = once(tmp_path, daemon.url)
    assert status == 1 and alerts == [], "told once, and still no yes"
    status, alerts, _ = once(tmp_path, daemon.url, *SIMULATED)
    assert status == 1 and names(alerts) == ["recovered"]
    assert once(tmp_path, daemon.url, *SIMULATED)[:2] == (0, [])


def test_restart_and_other_settings_are_seen(start, tmp_path):
    first = start()
    port = first.port
    assert once(tmp_path, first.url, *SIMULATED)[0] == 0
    first.stop()
    status, alerts, error = once(tmp_path, first.url, *SIMULATED)
    assert status == 1 and names(alerts) == ["unreachable"] and "127.0.0.1" in error
    second = start(SELFSAME_LISTEN=f"127.0.0.1:{port}", SELFSAME_WAIT_SECONDS="7")
    assert second.url == first.url
    status, alerts, _ = once(tmp_path, second.url, *SIMULATED)
    assert status == 1 and names(alerts)[0] == "recovered" and "key-changed" in names(alerts)
    keys = next(a for a in alerts if a["alert"] == "key-changed")
    assert [c["name"] for c in keys["changes"]] == ["instanceKey"]
    assert once(tmp_path, second.url, *SIMULATED)[:2] == (0, [])


def test_expiry_is_told_once(daemon, tmp_path):
    collateral = ("--collateral", ROOT / "deploy" / "simulated-collateral.json")
    status, alerts, _ = once(tmp_path, daemon.url, *SIMULATED, *collateral, "--warn-days", "36500")
    assert status == 1 and {a["item"] for a in alerts} == {"certificatesUntil", "collateralUntil"}
    assert once(tmp_path, daemon.url, *SIMULATED, *collateral, "--warn-days", "36500")[:2] == (0, [])


def test_webhook_is_retried_and_survives_restart(daemon, tmp_path):
    with Webhook(refuse=10**6) as dead:
        status, alerts, error = once(tmp_path, daemon.url, "--webhook", dead.url)
        assert status == 1 and names(alerts) == ["refused"] and "webhook" in error and dead.seen == []
        assert dead.tries == 4
    with Webhook(refuse=1) as hook:
        # accepted now; the old alert is delivered first
        status, alerts, _ = once(tmp_path, daemon.url, *SIMULATED, "--webhook", hook.url)
        assert names(hook.seen) == ["refused", "recovered"] and hook.seen[1] == alerts[0]
        assert hook.seen[0]["signature"] in (tmp_path / "history").read_text()
        assert once(tmp_path, daemon.url, *SIMULATED, "--webhook", hook.url)[:2] == (0, [])
        assert len(hook.seen) == 2, "each alert once"
    assert [line["type"] for line in history(tmp_path)].count("delivered") == 2


def test_daemon_mode(start, tmp_path):
    target = start()
    with Webhook(refuse=1) as hook:
        watch = subprocess.Popen([str(SELFSAME), "watch", target.url, *SIMULATED, "--interval", "1", "--jitter", "0",
                                  "--failures", "2", "--webhook", hook.url], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True, env=environment(tmp_path))
        path = tmp_path / "state" / "selfsame" / "watch.jsonl"
        try:
            wait_for(lambda: path.exists() and '"observation"' in path.read_text())
            target.stop()
            wait_for(lambda: names(hook.seen) == ["unreachable"])
            assert hook.seen[0]["failures"] == 2 and hook.seen[0]["url"] == target.url
            # killed, and started again: it knows that it has told
            watch.kill()
            watch.wait()
            watch = subprocess.Popen(watch.args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                     env=environment(tmp_path))
            time.sleep(2.5)
            back = start(SELFSAME_LISTEN=f"127.0.0.1:{target.port}")
            wait_for(lambda: "key-changed" in names(hook.seen))
            assert names(hook.seen)[:2] == ["unreachable", "recovered"]
            back.stop()
        finally:
            watch.send_signal(signal.SIGTERM)
            out, error = watch.communicate(timeout=30)
        assert watch.returncode == 0, error
        assert "1 instances" in error and "signed by" in error
        assert names(map(json.loads, out.splitlines()))[:1] == ["recovered"]
    done = subprocess.run([str(SELFSAME), "watch", "--check-history", str(path)], capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 0 and "head" in done.stdout


class Slow(Webhook):
    """Answers after a while, and no attestation; `with` is a URL."""

    def __init__(self, seconds):
        super().__init__()

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                time.sleep(seconds)
                self.send_error(503)

        self.server.RequestHandlerClass = Handler


def test_slow_instances_are_waited_for_together(daemon, tmp_path):
    with Slow(2) as slow:
        urls = [f"{slow.url}/{i}" for i in range(8)]
        begun = time.monotonic()
        status, alerts, _ = once(tmp_path, *urls[:4], daemon.url, *urls[4:], *SIMULATED)
    assert status == 1 and time.monotonic() - begun < 8
    assert [a["url"] for a in alerts] == urls and set(names(alerts)) == {"unreachable"}
    assert [line["url"] for line in history(tmp_path) if line["type"] == "observation"] == [daemon.url]


def test_history_is_checked(daemon, tmp_path):
    once(tmp_path, daemon.url, *SIMULATED)
    once(tmp_path, daemon.url)
    done = check(tmp_path)
    assert done.returncode == 0
    key, head = (next(line.split()[1] for line in done.stdout.splitlines() if line.startswith(name))
                 for name in ("key", "head"))
    assert check(tmp_path, "--key", key, "--head", head).returncode == 0
    assert check(tmp_path, "--key", "00" * 32).returncode == 1
    text = (tmp_path / "history").read_text()
    lines = text.splitlines(keepends=True)
    # cut off at the end: only who kept the head sees it
    (tmp_path / "history").write_text("".join(lines[:-1]))
    assert check(tmp_path).returncode == 0
    done = check(tmp_path, "--head", head)
    assert done.returncode == 1 and "cut off" in done.stderr
    for changed in (text.replace('"accept"', '"refuse"', 1), "".join(lines[1:]), "".join([*lines, lines[-1]]), text[:-1]):
        (tmp_path / "history").write_text(changed)
        assert check(tmp_path).returncode == 1
    # nor does a watch go on with it
    (tmp_path / "history").write_text("".join([*lines, lines[-1]]))
    status, alerts, error = once(tmp_path, daemon.url, *SIMULATED)
    assert status == 1 and alerts == [] and "line" in error


@pytest.mark.parametrize("arguments", [
    (), ("not a url",), ("http://192.0.2.1",), ("http://127.0.0.1:1/?nonce=00",), ("http://127.0.0.1:1", "--interval", "0"),
    ("http://127.0.0.1:1", "--jitter", "101"), ("http://127.0.0.1:1", "--webhook", "http://192.0.2.1/"),
    ("http://127.0.0.1:1", "--nonce", "00" * 16), ("--check-history", "x", "http://127.0.0.1:1"),
    ("--check-history", "x", "--key", "00"), ("http://127.0.0.1:1", "--failures", "none"),
])
def test_wrong_usage(arguments, tmp_path):
    done = subprocess.run([str(SELFSAME), "watch", *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env=environment(tmp_path))
    assert done.returncode == 2 and done.stderr.startswith("selfsame watch: "), done
