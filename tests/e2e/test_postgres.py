"""The same daemon on PostgreSQL: trades, restarts, and the empty environment."""

import subprocess
import sys

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
