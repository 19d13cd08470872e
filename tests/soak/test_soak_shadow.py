"""
A hundred thousand copies, which are answered well, late, by halves, with
garbage, too much and not at all, while rules are edited: at the end the worker
has the open files and the memory that it had at the beginning, and every copy
has an outcome.  Then workers are replaced and killed, and nginx ends.

    client -> router -> legacy          HTTP/1.1, HTTP/2; some go away
               copies -> good           an nginx
                      -> tls            over TLS
                      -> odd            whatever there is to fear
"""

import json
import os
import pathlib
import signal
import socket
import time

import pytest

import test_soak
from harness import certs, faults, nginx
from harness.backend import Backend
from harness.h2 import H2Connection
from harness.metrics import scrape
from harness.router import Router
from harness.wait import free_port, wait_until

COPIES = int(os.environ.get("SOAK_COPIES", 100000))
WARM_UP = COPIES // 7
EDIT_EVERY = 500                        # requests

# KiB.  As many blocks are kept as were needed at once, 8 MiB at most; if each
# copy left a pool of its own behind, it would be 200 MiB and more.
MORE_MEMORY = 2048 + 8192
AT_THE_END = 100                        # copies under way

RULES = """
version: 1
# edit @NUMBER@
backends:
  legacy: {servers: [@legacy@]}
  good: {servers: [@good@]}
  tls: {servers: [@tls@], tls: {verify: false}}
  odd: {servers: [@odd@]}
default: legacy
routes:
  - name: good
    match: {path: /good/*}
    to: good
    stage: shadow
    shadow: &shadow
      percent: 100
      per_second: 100000
      in_flight: 500
      timeout: 300ms
      methods: [GET, HEAD, POST]
      writes: idempotent
    compare: &compare {max_body: 1k, noise: 5}
  - {name: tls, match: {path: /tls/*}, to: tls, stage: shadow, shadow: *shadow, compare: *compare}
  - {name: odd, match: {path: /odd/*}, to: odd, stage: shadow, shadow: *shadow, compare: *compare}
  - name: last
    match: {path: /last/*}
    to: odd
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 500, timeout: 30s}
    compare: {noise: none}
"""

BACKEND = """
    default_type application/json;
    server {
        listen 127.0.0.1:@PORT@;
        client_max_body_size 10m;
        location / { return 200 '{"id": 1, "name": "good"}'; }
        @OTHERS@
    }"""

OTHERS = """
        location /good/other { return 200 '{"id": 2, "name": "good"}'; }
        location /good/503 { return 503 '{}'; }
        location /good/close { return 444; }"""

ODD = {"fine": faults.answer(200, b"{}", [("Content-Type",
                                           "application/json")]),
       "large": faults.answer(200, b"x" * 20_000), "hang": faults.hang(),
       "reset": faults.reset(), "half": faults.drop_mid_body(),
       "garbage": faults.garbage(), "drop": faults.drop(),
       "chunks": faults.chunked([b"x" * 700] * 5)}

SMALL, LARGE = b"x" * 200, b"x" * 40_000        # the second is in a file

TARGETS = [b"GET /good/1", b"GET /good/other", b"POST /good/1", b"GET /good/2",
           b"GET /good/503", b"HEAD /good/1", b"GET /good/close",
           b"GET /good/3", b"POST /good/2", b"GET /good/4", b"GET /good/5",
           b"GET /tls/1", b"POST /tls/1", b"GET /odd/fine"]


class Client(test_soak.Client):
    def ask(self, number):
        odd = list(ODD)
        turn = number % (len(TARGETS) + 1)
        if turn == len(TARGETS):
            target = f"GET /odd/{odd[number % len(odd)]}".encode()
        else:
            target = TARGETS[turn]
        body = b""
        if target.startswith(b"P"):
            body = LARGE if number % 3 else SMALL
        self.send(b"%s HTTP/1.1\r\nHost: shop.test\r\nContent-Length: %d\r\n"
                  b"\r\n%s" % (target, len(body), body))
        assert self.read(target.startswith(b"HEAD")) == 200, target


class Place:
    """The backends and the router in front of them."""

    def __init__(self, home):
        self.nginxes = []
        self.backends = []
        for name, others in (("legacy", ""), ("good", OTHERS)):
            port = free_port()
            text = BACKEND.replace("@PORT@", str(port))
            server = nginx.Nginx(text.replace("@OTHERS@", others),
                                 module=False, home=nginx.make_home())
            server.start()
            self.nginxes.append(server)
            self.backends.append(Known(name, port))
        authority = certs.Authority(home / "ca")
        self.odd = Backend("odd")
        self.tls = Backend("tls", tls=authority.context("tls.test"))
        for name, handler in ODD.items():
            self.odd.on("/odd/" + name, handler)
        self.backends += [self.odd, self.tls]
        self.router = Router(
            self.rules(0), self.backends, server="""
                listen unix:@HOME@/h2.sock http2;
                client_max_body_size 10m;
                client_body_buffer_size 16k;
                location /_strangler/ { strangler_api main; }""",
            rules_args="zone=2m poll=100ms state=@HOME@/state")

    @staticmethod
    def rules(number):
        return RULES.replace("@NUMBER@", str(number))

    def edit(self, number):
        self.router.rules.replace(self.rules(number))

    def api(self, path):
        with self.router.connect() as client:
            response = client.request("GET", "/_strangler/v1/" + path)
        assert response.status == 200, response
        return json.loads(response.body)

    def forget(self):
        """What backends have recorded would become a lot."""
        for backend in (self.odd, self.tls):
            with backend.lock:
                backend.requests.clear()

    def stop(self):
        self.router.stop()
        for server in self.nginxes:
            server.stop()
            server.remove()


class Known:
    """A backend that is an nginx, as Router wants to know it."""

    def __init__(self, name, port):
        self.name = name
        self.url = f"http://127.0.0.1:{port}"

    def reset(self):
        pass

    stop = drop_idle = reset


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path)
    yield place
    place.stop()


def go_away(router, number):
    """A client that does not wait for its answer."""
    with socket.create_connection(("127.0.0.1", router.port)) as sock:
        sock.sendall(b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"
                     % (b"good/1", b"tls/1", b"odd/half")[number % 3])


def ask_by_h2(router, number):
    with H2Connection(router.home + "/h2.sock") as client:
        for path in ("/good/1", "/tls/1", "/odd/reset"):
            ok, _ = client.request("GET", path)
            assert ok
        # more streams at once, and a body
        streams = [client.send("POST", "/good/1", body=b"x" * 300),
                   client.send("GET", "/good/2")]
        assert client.read(streams[number % 2])[0]


def ask(place, number):
    """Requests until so many copies were sent, and some more."""
    router = place.router
    client = Client(router.port)
    asked = 0
    goal = scrape(router).total("shadow_sent_total") + number
    while asked % 1000 or scrape(router).total("shadow_sent_total") < goal:
        asked += 1
        client.ask(asked)
        if asked % 97 == 0:
            go_away(router, asked)
        if asked % 211 == 0:
            ask_by_h2(router, asked)
        if asked % EDIT_EVERY == 0:
            place.edit(asked // EDIT_EVERY)
            place.forget()
    client.close()
    return asked


def balance(samples):
    """Copies that were sent, and what is known of them."""
    return (samples.total("shadow_sent_total"),
            samples.total("shadow_outcomes_total")
            + samples.total("shadow_dropped_total", reason="queue"))


def settled(place, lost=0):
    """
    All copies have ended, and all that have been compared are counted: all but
    those that are lost, or as many as stay the same for some seconds, as a busy
    worker merges seldom.
    """
    last = []

    def at_rest():
        samples = scrape(place.router)
        sent, known = balance(samples)
        last.append((sent, known, samples.total("shadow_in_flight")))
        return last[-1][2] == 0 and (
            sent == known + lost
            or (len(last) > 60 and len(set(last[-60:])) == 1))

    wait_until(at_rest, "all copies have an outcome", 60, 0.1)
    return last[-1][:2]


def state(place):
    """Without the connections to backends that are kept."""
    (pid,) = place.router.nginx.worker_pids()
    place.router.close()
    for backend in (place.odd, place.tls):
        backend.drop_idle()
    for server in place.nginxes:
        server.reload()
    last = []

    def same():
        last.append(test_soak.state(pid))
        return len(last) > 5 and len(set(last[-5:])) == 1

    wait_until(same, "the worker is at rest", 20, 0.3)
    return last[-1]


def kept(place):
    """Pairs of all routes in the evidence."""
    found = [place.api("routes/" + name)["readiness"]
             for name in ("good", "tls", "odd", "last")]
    return sum(r["pairs"] + r["incomparable"] for r in found)


def test_nothing_is_left_of_copies(place):
    start = time.monotonic()
    ask(place, WARM_UP)
    settled(place)
    first = state(place)
    ask(place, COPIES)
    sent, known = settled(place)
    last = state(place)
    samples = scrape(place.router)
    print(f"{sent:.0f} copies in {time.monotonic() - start:.0f} s: "
          f"{samples.table('shadow_outcomes_total', 'outcome')}, dropped "
          f"{samples.table('shadow_dropped_total', 'reason')}; files "
          f"{first[0]} -> {last[0]}, memory {first[1]} -> {last[1]} KiB")

    assert sent == known
    assert set(samples.table("shadow_outcomes_total", "outcome")) >= {
        ("match",), ("mismatch",)}
    assert last[0] <= first[0] + 1
    if not nginx.REPORTS:                   # sanitizers keep what was freed
        assert last[1] <= first[1] + MORE_MEMORY
    assert "accept4() failed" not in place.router.nginx.log()


def test_workers_come_and_go(place):
    router = place.router
    lost = may_be_lost = 0
    for turn in range(6):
        before, _ = settled(place, lost)
        ask(place, COPIES // 60)
        if turn % 3 == 2:
            # what waits, or is not merged yet, goes with its worker
            router.nginx.kill_worker(router.nginx.worker_pids()[0])
            sent, known = settled(place)
            may_be_lost += sent - before
            assert lost <= sent - known <= may_be_lost
            lost = sent - known
        else:
            router.nginx.reload()
            sent, known = settled(place, lost)
            assert sent - known == lost
    print(f"{sent:.0f} copies, {lost:.0f} lost with killed workers")


@pytest.mark.parametrize("how", ["quit", "term"])
def test_the_end_comes_while_copies_are_under_way(place, how):
    router = place.router
    ask(place, 1000)
    settled(place)
    before = kept(place)
    assert before > 0

    gate = faults.Gate()
    place.odd.on("/last/1", gate)
    with router.connect() as client:
        for _ in range(AT_THE_END):
            assert client.request("GET", "/last/1").status == 200
    wait_until(lambda: gate.waiting == AT_THE_END, "the copies are there", 30)
    router.close()

    master = router.nginx.pid()
    router.nginx.signal({"quit": signal.SIGQUIT, "term": signal.SIGTERM}[how])
    if how == "quit":
        wait_until(lambda: not router.nginx.worker_pids(), "workers end")
    gate.open()
    router.nginx.wait_ended(master, 30)
    router.nginx.check_log()
    router.nginx.start()

    after = kept(place) - before
    assert after == AT_THE_END if how == "quit" else after in range(
        AT_THE_END + 1)
