"""
A hundred thousand requests with faults, while rules are edited: at the end the
worker has the open files and the memory that it had at the beginning.

    client -> router -> good     answers
                     -> faulty   answers, fails, closes, begins and closes
                     -> dead     nobody there
                     -> legacy   takes what falls back
"""

import os
import pathlib
import re
import socket
import time

import pytest

from harness.nginx import Nginx, make_home
from harness.router import Router
from harness.wait import ClosedPort, free_port, wait_until

REQUESTS = int(os.environ.get("SOAK_REQUESTS", 100000))
WARM_UP = 15000
EDIT_EVERY = 500                        # requests
MORE_MEMORY = 1024                      # KiB

RULES = """
version: 1
# edit {number}
backends:
  legacy: {{servers: [{legacy}]}}
  good: {{servers: [{faulty}]}}
  faulty: {{servers: [{faulty}], timeouts: {{read: 100ms}}}}
  dead: {{servers: [{dead}]}}
default: legacy
routes:
  - {{name: good, match: {{path: /good/*}}, to: good, stage: live, data: shared}}
  - {{name: moved, match: {{path: /moved/*}}, to: good, stage: live, data: shared, rewrite: {{path: /good/*}}}}
  - {{name: half, match: {{path: /half/*}}, to: faulty, stage: ramp, percent: {percent}, by: [query:n], data: shared, rewrite: {{path: /*}}}}
  - {{name: faulty, match: {{path: /faulty/*}}, to: faulty, stage: live, data: shared, rewrite: {{path: /*}}}}
  - {{name: dead, match: {{path: /dead/*}}, to: dead, stage: live, data: shared}}
  - {{name: away, match: {{path: /away}}, redirect: {{path: /there}}}}
"""

BACKEND = """
    server {
        listen 127.0.0.1:@PORT@;
        client_max_body_size 10m;
        location / { return 200 "legacy\\n"; }
        location /good/ { return 200 "good\\n"; }
        location /503 { return 503 "no\\n"; }
        location /502 { return 502 "no\\n"; }
        location /close { return 444; }
        location /once { keepalive_timeout 0; return 200 "once\\n"; }
    }"""

BODY = b"x" * 40000

TARGETS = [b"GET /good/a", b"GET /moved/a", b"GET /half/503?n=%d",
           b"GET /faulty/503", b"GET /faulty/close", b"GET /faulty/once",
           b"GET /dead/a", b"GET /away", b"GET /nothing", b"POST /good/a",
           b"POST /dead/a", b"PUT /faulty/close", b"HEAD /faulty/502"]


class Servers:
    """Two nginxes that answer, and a place where none does."""

    def __init__(self):
        self.nginxes = []
        self.urls = {}
        for name in ("legacy", "faulty"):
            port = free_port()
            nginx = Nginx(BACKEND.replace("@PORT@", str(port)), module=False,
                          home=make_home())
            nginx.start()
            self.nginxes.append(nginx)
            self.urls[name] = f"http://127.0.0.1:{port}"
        self.closed = ClosedPort()
        self.urls["dead"] = self.closed.url

    def rules(self, number):
        return RULES.format(number=number, percent=50 + number % 40,
                            **self.urls)

    def stop(self):
        self.closed.stop()
        for nginx in self.nginxes:
            nginx.stop()
            nginx.remove()


@pytest.fixture
def servers():
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture
def router(servers):
    router = Router(servers.rules(0), [], server="client_max_body_size 10m;")
    yield router
    router.stop()


class Client:
    """One connection as long as it lasts; counts what it is answered."""

    def __init__(self, port):
        self.port = port
        self.sock = None
        self.statuses = {}

    def ask(self, number):
        target = TARGETS[number % len(TARGETS)]
        if b"%d" in target:
            target %= number
        body = BODY if target.startswith(b"P") else b""
        self.send(b"%s HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n"
                  b"\r\n%s" % (target, len(body), body))
        status = self.read(target.startswith(b"HEAD"))
        key = target.split(b"?")[0], status
        self.statuses[key] = self.statuses.get(key, 0) + 1

    def send(self, data):
        if self.sock is None:
            self.sock = socket.create_connection(("127.0.0.1", self.port), 30)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.sendall(data)

    def read(self, no_body):
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.sock.recv(65536)
            assert part, "closed before an answer"
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        while not no_body and len(body) < length:
            body += self.sock.recv(65536)
        if re.search(rb"(?i)connection: close", head):
            self.close()
        return int(head.split()[1])

    def close(self):
        if self.sock:
            self.sock.close()
            self.sock = None


def state(pid):
    """Open files, and KiB in memory."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return (len(os.listdir(f"/proc/{pid}/fd")),
            int(re.search(r"VmRSS:\s+(\d+)", text).group(1)))


def settled(router, generation, pid):
    """The state when the newest rules are in force and old ones are freed."""
    wait_until(lambda: router.generation() >= generation, "the last edit")
    router.close()
    last = []

    def same():
        last.append(state(pid))
        return len(last) > 5 and len(set(last[-5:])) == 1

    wait_until(same, "the worker is at rest", timeout=20, interval=0.3)
    return last[-1]


def test_nothing_is_left(router, servers):
    pid, = router.nginx.worker_pids()
    client = Client(router.port)
    aborted = 0
    generation = 1
    first = None
    start = time.monotonic()

    for number in range(1, WARM_UP + REQUESTS + 1):
        client.ask(number)

        if number % 97 == 0:            # a client that does not wait
            with socket.create_connection(("127.0.0.1", router.port)) as sock:
                sock.sendall(b"GET /faulty/503 HTTP/1.1\r\nHost: a\r\n\r\n")
            aborted += 1

        if number % EDIT_EVERY == 0:
            router.rules.replace(servers.rules(number // EDIT_EVERY))

        if number == WARM_UP:
            client.close()
            first = settled(router, generation + 1, pid)

    client.close()
    last = settled(router, generation + 2, pid)

    print(f"{sum(client.statuses.values())} requests, {aborted} aborted, "
          f"{router.generation()} generations, "
          f"{time.monotonic() - start:.0f} s; files {first[0]} -> {last[0]}, "
          f"memory {first[1]} -> {last[1]} KiB")
    assert router.nginx.worker_pids() == [pid]
    assert last[0] <= first[0] + 1
    assert last[1] <= first[1] + MORE_MEMORY

    seen = {key: count for key, count in client.statuses.items()}
    wrong = {key: count for key, count in seen.items() if key[1] != (
        302 if key[0] == b"GET /away" else
        502 if key[0] == b"PUT /faulty/close" else 200)}
    assert not wrong
