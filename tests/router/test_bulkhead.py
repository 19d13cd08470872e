"""A backend has so many requests at once and no more, whatever happens."""

import json
import threading
import time

import pytest

from harness import faults
from harness.client import serialize
from harness.metrics import API, scrape, wait_total
from harness.wait import ClosedPort, holds, wait_until

PLACES = 4

RULES = f"""
version: 1
backends:
  legacy: {{servers: [@legacy@]}}
  new: {{servers: [@new@], max_in_flight: {PLACES}}}
  own: {{servers: [@new@]}}
  pair: {{servers: [@dead@, @new@], max_in_flight: 1}}
  quick: {{servers: [@new@], max_in_flight: 5, timeouts: {{read: 300ms}}}}
default: legacy
routes:
  - {{name: live, match: {{path: /live/*}}, to: new, stage: live}}
  - {{name: connect, match: {{path: /connect/*}}, to: new, stage: live, fallback: {{when: [connect]}}}}
  - {{name: never, match: {{path: /never/*}}, to: new, stage: live, fallback: {{when: [overload]}}}}
  - {{name: done, match: {{path: /done/*}}, to: new, stage: done}}
  - {{name: mine, match: {{path: /mine/*}}, to: new, stage: live, data: new}}
  - {{name: pair, match: {{path: /pair/*}}, to: pair, stage: done}}
  - {{name: quick, match: {{path: /quick/*}}, to: quick, stage: live}}
  - {{name: own, match: {{path: /own/*}}, to: own, stage: live}}
  - name: copied
    match: {{path: /copied/*}}
    to: new
    stage: shadow
    shadow: {{percent: 100, per_second: 1000, in_flight: 100}}
    compare: {{noise: none}}
"""

HTTP = "proxy_cache_path @HOME@/cache keys_zone=c:1m;"

ROOT = API + """
    location / { strangler_pass main; include @PARAMS@; }
    location /done/unbuffered {
        strangler_pass main; include @PARAMS@; proxy_request_buffering off;
    }
    location /done/paged {
        strangler_pass main; include @PARAMS@;
        error_page 503 =503 /page;
    }
    location /done/cached {
        strangler_pass main; include @PARAMS@;
        proxy_cache c; proxy_cache_valid 200 1m;
    }
    location = /page { return 200 "their page"; }
"""


@pytest.fixture(scope="module")
def router(make_router):
    dead = ClosedPort()
    router = make_router(RULES.replace("@dead@", dead.url), root=ROOT,
                         http=HTTP, workers=2)
    yield router
    dead.stop()


class Held:
    """Requests that the backend has got and does not answer yet."""

    def __init__(self, router, path, n=PLACES, backend="new", **request):
        self.router = router
        self.gate = faults.Gate()
        self.backend = router.backends[backend]
        self.backend.on(path, self.gate)
        self.clients = []
        self.add(path, n, **request)

    def add(self, path, n, **request):
        wanted = self.gate.waiting + n
        for _ in range(n):
            client = self.router.connect()
            self.clients.append(client)
            client.send(serialize(target=path, **request))
        wait_until(lambda: self.gate.waiting == wanted,
                   f"the backend has {wanted} requests")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Lets all be answered."""
        self.gate.open()
        statuses = [client.read().status for client in self.clients]
        self.close()
        return statuses

    def close(self):
        self.gate.open()
        for client in self.clients:
            client.close()
        self.clients = []


def empty(router):
    """Nobody holds a place; the metrics that say so."""
    samples = wait_total(router, 0, "backend_in_flight")
    assert samples.total("backend_fallbacks_in_flight") == 0
    return samples


def assert_all_places(router, path="/done/all", n=PLACES):
    """That many fit in, and not one more."""
    empty(router)
    with Held(router, path, n) as held:
        assert fresh(router, path).status == 503
        assert held.end() == [200] * n
    empty(router)


def fresh(router, path, method="GET", **options):
    """Over a connection of its own: any of the workers."""
    with router.connect() as client:
        return client.request(method, path, **options)


class Asking(threading.Thread):
    """One request; its answer, and how long that took."""

    def __init__(self, router, path):
        super().__init__(daemon=True)
        self.router = router
        self.path = path
        self.response = None

    def run(self):
        begun = time.monotonic()
        self.response = fresh(self.router, self.path)
        self.seconds = time.monotonic() - begun


def ask_all(router, path, n):
    asking = [Asking(router, path) for _ in range(n)]
    for thread in asking:
        thread.start()
    return asking


def test_never_more_than_there_are_places(router):
    """Two workers that see each other may both refuse the last one."""
    gate = faults.Gate()
    router.new.on("/done/many", gate)
    asking = ask_all(router, "/done/many", 10 * PLACES)
    wait_until(lambda: sum(t.is_alive() for t in asking) <= PLACES,
               "all others were turned away")
    held = [t for t in asking if t.is_alive()]
    assert PLACES - 1 <= len(held) <= PLACES
    assert gate.waiting == len(held) == len(router.seen())
    gate.open()
    for thread in asking:
        thread.join(10)
        assert thread.response.status == (200 if thread in held else 503)
    assert_all_places(router)


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("route", ["live", "connect", "never"])
def test_over_the_limit_to_the_fallback(router, route, method):
    """Whatever `when` lists, and every method: nothing was sent."""
    before = scrape(router)
    body = None if method in ("GET", "HEAD") else b"x" * 40000
    with Held(router, f"/{route}/held"):
        response = router.request(method, f"/{route}/a?b=c", body=body)
        assert (response.status, response.backend) == (200, "legacy")
        entry = router.entry(response)
        assert entry["strangler_fallback"] == "overload"
        assert entry["strangler_backend"] == "legacy"
        assert entry["strangler_side"] == "old"
        assert entry["upstream_status"] == "200"
        if method != "HEAD":
            assert response.echo["target"] == f"/{route}/a?b=c"
            assert response.echo["body_length"] == len(body or b"")
    assert router.legs() == ["new"] * PLACES + ["legacy"]
    after = empty(router)
    for name, labels in (
            ("fallbacks_total", {"route": route, "reason": "overload"}),
            ("backend_refused_total", {"backend": "new",
                                       "limit": "in_flight"})):
        assert after.total(name, **labels) == before.total(name, **labels) + 1


def test_the_fallback_must_be_allowed(router):
    """`data: new`: the old side does not have what was written."""
    with Held(router, "/mine/held"):
        assert fresh(router, "/mine/a").status == 503
        assert fresh(router, "/mine/a", "POST", body=b"x").status == 503
    assert router.legs() == ["new"] * PLACES


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_without_a_fallback(router, method):
    with Held(router, "/done/held"), router.connect() as client:
        for _ in range(3):
            response = client.request(
                method, "/done/a", body=b"abc" if method == "POST" else None)
            assert response.status == 503
            assert response.value("Retry-After") == "1"
            assert response.value("Content-Type") == (
                "application/problem+json")
            if method != "HEAD":
                problem = json.loads(response.body)
                assert problem["status"] == 503
                assert problem["title"] == "Service Unavailable"
                assert "new" not in response.text
            entry = router.entry(response)
            assert entry["strangler_fallback"] == ""
            assert entry["upstream_status"] == ""
            assert entry["upstream_addr"] == ""
        assert not client.is_closed()
    assert_all_places(router)


def test_among_pipelined_requests(router):
    with Held(router, "/done/held"), router.connect() as client:
        client.send(b"".join(serialize(target=t) for t in (
            "/x", "/done/a", "/own/a", "/live/a")))
        statuses = [client.read().status for _ in range(4)]
    assert statuses == [200, 503, 200, 200]


def test_a_page_of_their_own(router):
    with Held(router, "/done/held"):
        response = fresh(router, "/done/paged/a")
    assert (response.status, response.text) == (503, "their page")
    assert response.value("Retry-After") == "1"


def test_slow_uploads_hold_no_places(router):
    uploads = []
    for _ in range(2 * PLACES):
        client = router.connect()
        client.send(serialize("POST", "/done/up", body=b"x" * 20000)[:-1])
        uploads.append(client)
    assert holds(lambda: not router.seen(), "none is sent on", 0.1) is None
    assert scrape(router).total("backend_in_flight") == 0
    assert_all_places(router)
    for client in uploads:
        client.send(b"x")
        assert client.read().echo["body_length"] == 20000
        client.close()


def test_uploads_that_are_passed_on_do(router):
    """They are at the backend, and the answer may come before their end."""
    uploads = []
    for _ in range(PLACES):
        client = router.connect()
        client.send(serialize("POST", "/done/unbuffered", body=b"x" * 999)[:-1])
        uploads.append(client)
    wait_total(router, PLACES, "backend_in_flight", backend="new")
    with router.connect() as client:
        client.send(serialize("POST", "/done/unbuffered",
                              body=b"x" * 100000)[:5000])
        assert client.read().status == 503
    for client in uploads:
        client.send(b"x")
        assert client.read().status == 200
        client.close()
    assert_all_places(router)


def test_the_next_server_of_a_backend(router):
    """A try ends before the next one begins."""
    for _ in range(4):
        assert fresh(router, "/pair/a").status == 200
    assert scrape(router).total("backend_in_flight") == 0


def test_what_the_cache_answers_takes_no_place(router):
    router.new.on("/done/cached", faults.answer(200, "kept"))
    assert fresh(router, "/done/cached").text == "kept"
    with Held(router, "/done/held"):
        assert fresh(router, "/done/cached").text == "kept"
        assert fresh(router, "/done/cached?other").status == 503
    assert len(router.new.seen("/done/cached")) == 1


def test_copies_take_no_places(router):
    gate = faults.Gate()
    router.new.on("/copied/a", gate)
    for _ in range(2 * PLACES):
        assert fresh(router, "/copied/a").backend == "legacy"
    wait_until(lambda: gate.waiting == 2 * PLACES, "all copies have come")
    assert_all_places(router)
    gate.open()
    with Held(router, "/done/held"):
        assert fresh(router, "/copied/b").backend == "legacy"
        wait_until(lambda: router.new.seen("/copied/b"), "a copy has come")
    wait_total(router, 0, "shadow_in_flight")


def test_backends_of_one_server_have_places_of_their_own(router):
    with Held(router, "/done/held"):
        assert fresh(router, "/own/a").backend == "new"


def test_a_hung_service(router):
    """It gets as many as it has places; the others do not wait for it."""
    peak = 0
    router.new.on("/quick/a", faults.hang())
    asking = []
    begun = time.monotonic()
    for number in range(100):
        asking += ask_all(router, "/quick/a", 1)
        if number % 20 == 10:
            peak = max(peak, scrape(router).total("backend_in_flight",
                                                  backend="quick"))
        time.sleep(max(0, begun + number / 100 - time.monotonic()))
    for thread in asking:
        thread.join(10)
        assert thread.response.backend == "legacy"
    assert 0 < peak <= 5
    rounds = (time.monotonic() - begun) / 0.3 + 1
    assert 5 <= len(router.new.seen()) <= 5 * rounds
    assert sorted(t.seconds for t in asking)[70] < 0.3
    empty(router)


ENDS = {
    "abort": (faults.hang(), {}),
    "status": (faults.answer(503), {}),
    "reset": (faults.reset(), {}),
    "garbage": (faults.garbage(), {}),
    "body": (faults.drop_mid_body(), {}),
    "timeout": (faults.hang(), {"target": "/quick/a"}),
    "head": (faults.answer(200, "abc"), {"method": "HEAD"}),
    "upgrade": (faults.upgrade_echo, {"headers": {
        "Connection": "Upgrade", "Upgrade": "websocket"}}),
}


@pytest.mark.parametrize("how", ENDS)
def test_every_end_leaves_the_place(router, how):
    fault, request = ENDS[how]
    request = {"target": "/done/a", **request}
    router.new.on(request["target"], fault)
    for _ in range(2):
        with router.connect() as client:
            client.send(serialize(**request))
            if how == "abort":
                wait_total(router, 1, "backend_in_flight")
            else:
                response = client.read(request.get("method", "GET"))
                assert (response.status == 101) == (how == "upgrade")
        empty(router)
    assert_all_places(router)


def test_an_upgrade_holds_its_place(router):
    router.new.on("/done/ws", faults.upgrade_echo)
    clients = []
    for _ in range(PLACES):
        client = router.connect()
        assert client.request("GET", "/done/ws", {
            "Connection": "Upgrade", "Upgrade": "websocket"}).status == 101
        clients.append(client)
    assert fresh(router, "/done/a").status == 503
    for client in clients:
        client.close()
    assert_all_places(router)
