"""Thousands of connections that say nothing, from many addresses: those who have something to say get through."""

import contextlib
import resource
import selectors
import socket
import statistics
import threading
import time

import pytest

SOURCES = [f"127.0.{i // 200}.{2 + i % 200}" for i in range(51)]
CROWD = 6000


class Crowd:
    """Holds as many connections as it can get: what the server closes is opened again at once."""

    def __init__(self, port, size, opening=b""):
        self.port, self.size, self.opening = port, size, opening
        self.opened = 0
        self.selector = selectors.DefaultSelector()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def open_one(self):
        one = socket.socket()
        one.setblocking(False)
        one.bind((SOURCES[self.opened % len(SOURCES)], 0))
        with contextlib.suppress(BlockingIOError):
            one.connect(("127.0.0.1", self.port))
        self.selector.register(one, selectors.EVENT_READ | (selectors.EVENT_WRITE if self.opening else 0))
        self.opened += 1

    def look(self, one, events):
        if events & selectors.EVENT_WRITE:
            with contextlib.suppress(OSError):
                one.send(self.opening)
            self.selector.modify(one, selectors.EVENT_READ)
            return
        with contextlib.suppress(OSError):
            if one.recv(4096):
                return
        self.selector.unregister(one)
        one.close()

    def run(self):
        while not self.stopping.is_set():
            for _ in range(min(100, self.size - len(self.selector.get_map()))):
                self.open_one()
            for key, events in self.selector.select(0.01):
                self.look(key.fileobj, events)

    def close(self):
        self.stopping.set()
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


@pytest.fixture
def crowd():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < CROWD + 1000:
        pytest.skip(f"needs {CROWD + 1000} descriptors, has {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    running = []

    def begin(daemon, **more):
        running.append(Crowd(daemon.port, CROWD, **more))
        deadline = time.monotonic() + 60
        while running[-1].opened < CROWD and time.monotonic() < deadline:
            time.sleep(0.05)
        return running[-1]

    yield begin
    for one in running:
        one.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("opening", [b"", b"GET /health HTTP/1.1\r\nHost: a\r\nX: ", b"GET /openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n",
                                     b"POST /register HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                                     b"Content-Length: 1000\r\n\r\n{"], ids=["silent", "half-a-head", "one-request", "half-a-body"])
def test_health_answers_in_time_whoever_holds_connections(start, crowd, opening):
    daemon = start(SELFSAME_DERIVATION="bound")
    crowd(daemon, opening=opening)
    took = []
    for _ in range(8):
        began = time.monotonic()
        assert daemon.request("GET", "/health", timeout=10)[0] == 200
        took.append(time.monotonic() - began)
        time.sleep(0.2)
    print(f"/health: median {statistics.median(took):.3f} s, slowest {max(took):.3f} s")
    assert max(took) < 5, took
