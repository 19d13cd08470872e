"""Fixtures of the command's tests, which are bounded in time."""

import signal

import pytest

from command import Terminal
from node import Node

SECONDS_A_TEST = 120

RULES = """\
version: 1
backends:
  legacy: {servers: [http://127.0.0.1:8081]}
  orders: {servers: [http://127.0.0.1:9001]}
default: legacy
routes:
  - name: orders-read
    match: {path: /api/orders/*, methods: [GET, HEAD]}
    to: orders
    stage: live
  - name: orders-write
    match: {path: /api/orders/*}
    to: orders
    stage: legacy
tests:
  - {request: GET /api/orders/1, route: orders-read}
"""


@pytest.fixture
def write(tmp_path):
    """Writes a file; its path."""
    def file(text, name="rules.yaml"):
        path = tmp_path / name
        if isinstance(text, str):
            path.write_text(text)
        else:
            path.write_bytes(text)
        return path
    return file


@pytest.fixture
def rules(write):
    return write(RULES)


@pytest.fixture
def terminal(request):
    def start(*args, **options):
        made = Terminal(*args, **options)
        request.addfinalizer(made.stop)
        return made
    return start


@pytest.fixture(autouse=True)
def bounded():
    """No test goes on for ever."""
    def expire(*_):
        raise TimeoutError(f"the test took over {SECONDS_A_TEST} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.alarm(SECONDS_A_TEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture
def start(request):
    """Starts nodes; each ends with the test."""
    def node(*args, **options):
        made = Node(*args, **options)
        request.addfinalizer(made.stop)
        return made
    return node
