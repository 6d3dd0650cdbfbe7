"""The same daemon on PostgreSQL: trades, restarts, and the empty environment."""

import socket
import struct
import subprocess
import sys
import threading

import localchain
import pytest
from conftest import ROOT, register


@pytest.fixture(scope="module")
def postgres():
    """A private cluster on a Unix socket; its URL."""
    wait = "import os, sys; print('url', os.environ['SELFSAME_TEST_POSTGRES'], flush=True); sys.stdin.read()"
    child = subprocess.Popen([str(ROOT / "tests/postgres/run"), sys.executable, "-c", wait], text=True,
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    line = child.stdout.readline().split()
    if child.poll() == 3:
        pytest.skip("PostgreSQL's server is not installed")
    assert line and line[0] == "url"
    yield line[1]
    child.stdin.close()
    child.wait(30)


def test_trades_and_restarts_on_postgresql(start, market, postgres):
    daemon = start(SELFSAME_DERIVATION="bound", DATABASE_URL=postgres)
    agent = register(daemon)
    market.fund(agent.address)
    body = {"type": "split", "conditionId": market.condition, "amount": "2"}
    for _ in range(3):
        status, _, done = agent.trade(body)
        assert status == 200, done
    assert postgres not in daemon.output() and "password" not in daemon.output().lower()
    daemon.stop()
    agent.daemon = start(SELFSAME_DERIVATION="bound", DATABASE_URL=postgres)
    status, _, page = agent.get(f"/agents/{agent.id}/trades")
    assert status == 200 and len(page["trades"]) == 3
    assert agent.trade(body)[0] == 200
    assert market.position(agent.address) == 8_000_000


def test_a_second_daemon_on_one_database_is_refused(start, market, postgres):
    start(SELFSAME_DERIVATION="bound", DATABASE_URL=postgres)
    with pytest.raises(localchain.StartError) as error:
        localchain.Daemon(market.settings(DATABASE_URL=postgres))
    assert "DATABASE_URL" in str(error.value) and postgres not in str(error.value)


class Notifier:
    """A server that lets everybody in, says what it was told to say as a notice, and then only fails."""

    def __init__(self, text):
        self.text, self.told = text, 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"postgres://user:word@127.0.0.1:{self.socket.getsockname()[1]}/name"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def start_packet(self, client):
        while head := client.recv(4, socket.MSG_WAITALL):
            rest = client.recv(struct.unpack(">I", head)[0] - 4, socket.MSG_WAITALL)
            if struct.unpack(">I", rest[:4])[0] == 196608:
                return True
            client.sendall(b"N")  # neither TLS nor GSSAPI
        return False

    def serve(self, client):
        def message(kind, body):
            return kind + struct.pack(">I", len(body) + 4) + body

        try:
            if not self.start_packet(client):
                return
            notice = b"SWARNING\0VWARNING\0C01000\0M" + self.text + b"\0\0"
            ready = message(b"Z", b"I")
            client.sendall(message(b"R", struct.pack(">I", 0)) + message(b"N", notice) +
                           message(b"S", b"server_version\x0015.0\0") + message(b"K", bytes(8)) + ready)
            self.told += 1
            while client.recv(65536):
                client.sendall(message(b"N", notice) + message(b"E", b"SERROR\0C42000\0Mno\0\0") + ready)
        except OSError:
            pass


def test_a_server_does_not_write_the_log(market):
    server = Notifier(b'\x1b[2Jtime=1 level="info" process="signer" event="all is well"')
    with pytest.raises(localchain.StartError) as error:
        localchain.Daemon(market.settings(DATABASE_URL=server.url))
    server.socket.close()
    assert server.told and "DATABASE_URL" in str(error.value)
    assert "all is well" not in str(error.value) and "\x1b" not in str(error.value)
