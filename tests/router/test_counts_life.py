"""Counters outlive workers, rules, reloads, and the size of their zone."""

import signal
import threading

import pytest

from harness import faults
from harness.metrics import API, assert_table, scrape, wait_total
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
"""

ROUTE = "  - {{name: {0}, match: {{path: /{0}/*}}, to: new, stage: live}}\n"

ROOT = "location / { strangler_pass main; include @PARAMS@; }" + API


def rules(*names, extra=""):
    return RULES + "".join(ROUTE.format(name) for name in names) + extra


@pytest.fixture(params=[1, 2], ids=["one-worker", "two-workers"])
def router(request, one_router):
    return one_router(rules("a", "b"), root=ROOT, workers=request.param)


def ask(router, path, times):
    for _ in range(times):
        with router.connect() as client:
            assert client.request("GET", path).status == 200


def edit(router, text):
    """Returns when every worker has the new rules in force."""
    before = scrape(router).total("generation")
    router.rules.replace(text)

    def followed():
        samples = scrape(router)
        return (samples.total("generation") > before
                and samples.total("workers_behind") == 0)

    wait_until(followed, "every worker has the edited rules")


def resize(router, size):
    router.nginx.http = router.nginx.http.replace("zone=1m", "zone=" + size)
    router.nginx.write()
    router.nginx.reload()


def assert_counted(router, wanted):
    """route -> requests of any side and outcome."""
    assert_table(router, wanted, "route")


def test_death_of_workers(router):
    for round in range(1, 4):
        ask(router, "/a/1", 5)
        ask(router, "/x", 2)
        assert_counted(router, {"a": 5 * round, "": 2 * round})
        for pid in router.nginx.worker_pids():
            router.nginx.kill_worker(pid)
        assert_counted(router, {"a": 5 * round, "": 2 * round})


def test_in_flight_dies_with_its_worker(router):
    router.new.on("/a/1", faults.hang())
    clients = [router.connect() for _ in range(6)]
    for client in clients:
        client.send(b"GET /a/1 HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_total(router, 6, "backend_in_flight", backend="new")
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
    wait_total(router, 0, "backend_in_flight")
    for client in clients:
        client.close()
    ask(router, "/b/1", 3)
    assert_counted(router, {"b": 3})


class Asking(threading.Thread):
    """A connection a request; how many were answered, how many were sent."""

    def __init__(self, router, stop):
        super().__init__(daemon=True)
        self.router = router
        self.stop = stop
        self.sent = self.answered = 0

    def run(self):
        while not self.stop.is_set():
            try:
                with self.router.connect() as client:
                    self.sent += 1
                    client.request("GET", f"/x/{self.sent}")
                self.answered += 1
            except OSError:
                pass


def test_deaths_under_load(router):
    """A worker may die between an answer and its counting, and within."""
    stop = threading.Event()
    clients = [Asking(router, stop) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        kills = 0
        for round in range(3):
            router.rules.replace(rules("a", f"r{round}"))
            for pid in router.nginx.worker_pids():
                router.nginx.kill_worker(pid)
                kills += 1
    finally:
        stop.set()
        for client in clients:
            client.join(10)

    wait_total(router, 0, "backend_in_flight")
    answered = sum(client.answered for client in clients)
    sent = sum(client.sent for client in clients)
    assert answered > 20
    assert answered - 3 * kills <= scrape(router).total(
        "requests_total") <= sent
    ask(router, "/a/1", 2)
    wait_total(router, 2, "requests_total", route="a")


def test_reload(router):
    for round in range(1, 4):
        ask(router, "/a/1", 5)
        router.nginx.reload()
        assert_counted(router, {"a": 5 * round})


def test_a_request_that_outlives_its_workers(router):
    """It counts where the others do, though its worker is not of them."""
    gate = faults.Gate()
    router.new.on("/a/slow", gate)
    with router.connect() as client:
        client.send(b"GET /a/slow HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_total(router, 1, "backend_in_flight")
        router.nginx.reload()
        ask(router, "/b/1", 4)
        samples = wait_total(router, router.nginx.workers, "workers")
        assert samples.total("backend_in_flight", backend="new") == 1
        gate.open()
        assert client.read().status == 200
    assert_counted(router, {"a": 1, "b": 4})


def test_upgrade(router):
    """The new binary has a zone of its own, and begins anew."""
    ask(router, "/a/1", 5)
    old = router.nginx.upgrade()
    router.nginx.signal(signal.SIGQUIT, old)
    router.nginx.wait_ended(old)
    ask(router, "/a/1", 2)
    assert_counted(router, {"a": 2})


def test_edits(router):
    ask(router, "/a/1", 3)
    edit(router, rules("b", "c", "a"))
    ask(router, "/a/1", 2)
    ask(router, "/c/1", 1)
    assert_counted(router, {"a": 5, "c": 1})


def test_a_route_that_comes_back(router):
    ask(router, "/a/1", 3)
    edit(router, rules("b"))
    ask(router, "/a/1", 2)
    assert_counted(router, {"": 2})
    edit(router, rules("a"))
    assert_counted(router, {"a": 3, "": 2})


def test_a_renamed_route(router):
    ask(router, "/a/1", 3)
    renamed = ROUTE.format("z").replace("}, to", "}, was: a, to")
    edit(router, rules("b", extra=renamed))
    ask(router, "/z/1", 1)
    assert_counted(router, {"z": 4})
    edit(router, rules("z"))
    assert_counted(router, {"z": 4})


def test_a_request_of_a_renamed_route(router):
    gate = faults.Gate()
    router.new.on("/a/slow", gate)
    with router.connect() as client:
        client.send(b"GET /a/slow HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_total(router, 1, "backend_in_flight")
        edit(router, rules(extra=ROUTE.format("z").replace(
            "}, to", "}, was: a, to")))
        gate.open()
        assert client.read().status == 200
    assert_counted(router, {"z": 1})


def test_many_edits_use_the_room_of_names_that_are_gone(one_router):
    router = one_router(rules("a"), root=ROOT,
                        rules_args="zone=128k poll=100ms")
    ask(router, "/a/1", 3)
    for round in range(12):
        edit(router, rules("a", *(f"r{round}-{i}" for i in range(30))))
        ask(router, f"/r{round}-0/1", 1)
        assert_counted(router, {"a": 3, f"r{round}-0": 1})


def test_rules_for_which_the_zone_has_no_room(one_router):
    router = one_router(rules("a"), root=ROOT,
                        rules_args="zone=128k poll=100ms")
    ask(router, "/a/1", 3)
    size = router.nginx.log_size()
    router.rules.replace(rules("a", *(f"r{i}" for i in range(1000))))
    router.nginx.wait_log(r"zone=\d+k or more", size)
    samples = scrape(router)
    assert samples.total("rules_loads_total", result="error") == 1
    assert samples.total("rules_invalid") == 1
    ask(router, "/a/1", 2)
    assert_counted(router, {"a": 5})
    edit(router, rules("a", "b"))
    assert_counted(router, {"a": 5})
    assert scrape(router).total("rules_invalid") == 0


@pytest.mark.parametrize("size", ["2m", "512k", "128k"])
def test_another_size_of_the_zone(router, size):
    router.new.on("/b/1", faults.answer(502))
    ask(router, "/a/1", 7)
    ask(router, "/b/1", 2)
    ask(router, "/x", 4)
    edit(router, rules("a", "b", "c"))
    before = scrape(router)
    resize(router, size)
    after = scrape(router)
    for name in ("requests_total", "fallbacks_total", "backend_requests_total",
                 "backend_failures_total", "request_duration_seconds_count"):
        assert after.total(name) == before.total(name), name
        if "duration" in name and size == "128k":
            continue
        assert (after.table(name, "route", "side", "outcome", "reason",
                            "backend")
                == before.table(name, "route", "side", "outcome", "reason",
                                "backend"))
    assert after.total("generation") > before.total("generation")
    router.new.reset()
    ask(router, "/a/1", 1)
    wait_total(router, 8, "requests_total", route="a")
    edit(router, rules("a"))
    wait_total(router, 8, "requests_total", route="a")


def test_loads_and_refusals(router):
    assert scrape(router).table("rules_loads_total", "result") == {
        ("success",): 1}
    edit(router, rules("a"))
    size = router.nginx.log_size()
    router.rules.replace("version: 3\n")
    router.nginx.wait_log("stays in force", size)
    samples = scrape(router)
    assert samples.table("rules_loads_total", "result") == {
        ("success",): 2, ("error",): 1}
    assert samples.total("rules_invalid") == 1
    edit(router, rules("b"))
    samples = scrape(router)
    assert samples.table("rules_loads_total", "result") == {
        ("success",): 3, ("error",): 1}
    assert samples.total("rules_invalid") == 0


def test_without_a_master(one_router):
    router = one_router(rules("a"), root=ROOT, master=False)
    ask(router, "/a/1", 3)
    assert_counted(router, {"a": 3})
    assert scrape(router).total("workers") == 1
