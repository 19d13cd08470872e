"""Waiting for a condition instead of sleeping, and ports that are free."""

import os
import socket
import time

# How many times more than usual nginx may take for everything.
SLOWNESS = float(os.environ.get("NGINX_SLOWNESS", "1"))


def wait_until(predicate, what, timeout=8.0, interval=0.01):
    """The first true value of predicate(); what says what did not happen."""
    timeout *= SLOWNESS
    deadline = time.monotonic() + timeout

    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(interval)


def holds(predicate, what, seconds, interval=0.02):
    """Asserts that predicate() stays true for so long."""
    deadline = time.monotonic() + seconds

    while time.monotonic() < deadline:
        assert predicate(), what
        time.sleep(interval)


def free_port(host="127.0.0.1"):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with socket.socket(family) as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


class ClosedPort:
    """A port that refuses: bound, so that nobody takes it, never listening."""

    def __init__(self):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.url = "http://" + self.address

    def stop(self):
        self.sock.close()


class Blackhole:
    """A listening socket with a full backlog: connecting to it times out."""

    def __init__(self):
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))
        self.sock.listen(0)
        self.fill = []
        self.address = "127.0.0.1:%d" % self.sock.getsockname()[1]
        self.url = "http://" + self.address

        for _ in range(8):
            sock = socket.socket()
            sock.setblocking(False)
            try:
                sock.connect(self.sock.getsockname())
            except BlockingIOError:
                pass
            self.fill.append(sock)

        wait_until(self.is_full, "the backlog is full")

    def is_full(self):
        with socket.socket() as probe:
            probe.settimeout(0.1)
            try:
                probe.connect(self.sock.getsockname())
            except TimeoutError:
                return True
        return False

    def stop(self):
        for sock in self.fill:
            sock.close()
        self.sock.close()
