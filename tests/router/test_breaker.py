"""Who fails again and again is left alone for a while, and comes back."""

import json
import time

import pytest

from harness import faults
from harness.metrics import API, scrape, wait_total
from harness.wait import SLOWNESS, ClosedPort, wait_until

OPEN = 0.4 * SLOWNESS

RULES = f"""
version: 1
backends:
  legacy: {{servers: [@legacy@]}}
  new:
    servers: [@new@]
    timeouts: {{read: 200ms}}
    breaker: {{failures: 3, open: 1h, successes: 2}}
  quick:
    servers: [@new@]
    breaker: {{failures: 3, open: {OPEN * 1000:.0f}ms, successes: 2}}
  rated:
    servers: [@new@]
    breaker: {{failures: 1000, errors: 50%, min_requests: 10, window: 1h,
              open: 1h}}
  dead:
    servers: [@dead@]
    breaker: {{failures: 3, open: 1h}}
  many: {{servers: [@dead@, @dead1@, @dead2@, @dead3@, @new@], breaker: {{failures: 2, open: 1h}}}}
  never: {{servers: [@dead@], breaker: none}}
default: legacy
routes:
  - {{name: live, match: {{path: /live/*}}, to: new, stage: live}}
  - {{name: near, match: {{path: /near/*}}, to: new, stage: live}}
  - {{name: listed, match: {{path: /listed/*}}, to: new, stage: live, fallback: {{when: [500]}}}}
  - {{name: done, match: {{path: /done/*}}, to: new, stage: done}}
  - {{name: quick, match: {{path: /quick/*}}, to: quick, stage: live}}
  - {{name: only, match: {{path: /only/*}}, to: quick, stage: done}}
  - {{name: again, match: {{path: /again/*}}, to: new, stage: live, retry: {{attempts: 5, backoff: {{base: 1ms, max: 1ms}}}}}}
  - {{name: rated, match: {{path: /rated/*}}, to: rated, stage: live}}
  - {{name: dead, match: {{path: /dead/*}}, to: dead, stage: live}}
  - {{name: dead2, match: {{path: /dead2/*}}, to: dead, stage: live}}
  - {{name: many, match: {{path: /many/*}}, to: many, stage: done}}
  - {{name: never, match: {{path: /never/*}}, to: never, stage: live}}
  - name: copied
    match: {{path: /copied/*}}
    to: new
    stage: shadow
    shadow: {{percent: 100, per_second: 1000, in_flight: 100}}
    compare: none
"""

STATES = {0: "closed", 1: "open", 2: "half open"}


def with_dead(rules, ports):
    for name, port in zip(("@dead@", "@dead1@", "@dead2@", "@dead3@"), ports):
        rules = rules.replace(name, port.url)
    return rules


@pytest.fixture
def router(one_router):
    dead = [ClosedPort() for _ in range(4)]
    router = one_router(with_dead(RULES, dead), workers=2,
                        rules_args="zone=2m poll=100ms", root=API + """
    location / { strangler_pass main; include @PARAMS@; }
    """)
    router.dead = dead
    yield router
    for port in dead:
        port.stop()


def fresh(router, path, method="GET", **options):
    """Over a connection of its own: any of the workers."""
    with router.connect() as client:
        return client.request(method, path, **options)


def reason(router, response):
    return router.entry(response)["strangler_fallback"]


def state(router, route, backend="new"):
    return STATES[scrape(router).total("breaker_state", route=route,
                                       backend=backend)]


def fail(router, path, n=3, fault=None):
    router.new.on(path, fault or faults.answer(503))
    return [fresh(router, path) for _ in range(n)]


def test_failures_in_a_row_open_it_in_all_workers(router):
    reasons = [reason(router, r) for r in fail(router, "/live/1")]
    assert reasons == ["503"] * 3
    asked = len(router.new.seen("/live/1"))
    answers = [fresh(router, "/live/1") for _ in range(6)]
    assert {r.backend for r in answers} == {"legacy"}
    assert {reason(router, r) for r in answers} == {"breaker"}
    assert len(router.new.seen("/live/1")) == asked
    assert state(router, "live") == "open"
    samples = scrape(router)
    assert samples.total("fallbacks_total", route="live",
                         reason="breaker") == 6
    assert samples.total("breaker_opened_total", route="live") == 1
    # a bad endpoint does not open the door for its neighbours
    assert fresh(router, "/near/1").backend == "new"
    assert state(router, "near") == "closed"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_was_sent_so_that_all_methods_fall_back(router, method):
    fail(router, "/live/1")
    response = fresh(router, "/live/1", method, body=b"x")
    assert (response.status, response.backend) == (200, "legacy")
    assert reason(router, response) == "breaker"


def test_trials_close_it_and_traffic_comes_back(router):
    fail(router, "/quick/1")
    router.new.on("/quick/1", faults.answer(200, b"x"))
    wait_until(lambda: fresh(router, "/quick/1")
               and state(router, "quick", "quick") == "closed",
               "it is closed")
    # not all at once
    seen = {fresh(router, "/quick/1").backend for _ in range(20)}
    assert "legacy" in seen


def test_a_trial_that_fails_opens_it_again(router):
    fail(router, "/quick/1")
    router.new.requests.clear()
    wait_until(lambda: fresh(router, "/quick/1")
               and router.new.seen("/quick/1"), "a trial is made")
    assert scrape(router).total("breaker_opened_total", route="quick") >= 2
    # one in each time that it is open, whoever asks how often
    start = time.monotonic()
    router.new.requests.clear()
    while time.monotonic() - start < 3 * OPEN:
        fresh(router, "/quick/1")
    trials = len(router.new.seen("/quick/1"))
    assert 1 <= trials <= (time.monotonic() - start) / OPEN + 1


def test_without_fallback_the_client_is_told(router):
    fail(router, "/done/1")
    response = fresh(router, "/done/1")
    assert response.status == 503
    assert 3500 < int(response.value("Retry-After")) <= 3600
    assert response.value("Content-Type") == "application/problem+json"
    assert "left alone" in json.loads(response.body)["detail"]
    assert router.entry(response)["upstream_addr"] in ("", "-")


def test_without_fallback_all_come_back_at_once(router):
    fail(router, "/only/1")
    router.new.on("/only/1", faults.answer(200, b"x"))
    wait_until(lambda: fresh(router, "/only/1").status == 200
               and state(router, "only", "quick") == "closed", "it is closed")
    assert {fresh(router, "/only/1").status for _ in range(20)} == {200}


@pytest.mark.parametrize("fault", ["reset", "hang", "garbage", "mid-body"])
def test_what_counts(router, fault):
    made = {"reset": faults.reset(), "hang": faults.hang(),
            "garbage": faults.garbage(), "mid-body": faults.drop_mid_body()}
    router.new.on("/live/1", made[fault])
    for _ in range(3):
        try:
            fresh(router, "/live/1")
        except (OSError, AssertionError):
            assert fault == "mid-body"
    assert state(router, "live") == "open"


@pytest.mark.parametrize("status", [200, 301, 404, 429, 500, 501])
def test_what_does_not_count(router, status):
    fail(router, "/live/1", 6, faults.answer(status))
    assert state(router, "live") == "closed"


def test_a_status_that_the_rules_list_counts(router):
    fail(router, "/listed/1", 6, faults.answer(502))
    assert state(router, "listed") == "closed"
    fail(router, "/listed/1", 3, faults.answer(500))
    assert state(router, "listed") == "open"


def test_clients_that_go_away_do_not_count(router):
    gate = faults.Gate()
    router.new.on("/near/1", gate)
    for n in range(5):
        with router.connect() as client:
            client.send(b"GET /near/1 HTTP/1.1\r\nHost: a\r\n\r\n")
            wait_until(lambda: gate.waiting == n + 1, "it is asked")
    wait_total(router, 0, "backend_in_flight", backend="new")
    gate.open()
    assert state(router, "near") == "closed"


def test_by_rate(router):
    router.new.on("/rated/good", faults.answer(200, b"x"))
    router.new.on("/rated/bad", faults.answer(503))
    for _ in range(5):
        fresh(router, "/rated/good")
    for _ in range(4):
        fresh(router, "/rated/bad")
    assert state(router, "rated", "rated") == "closed"
    fresh(router, "/rated/bad")
    assert state(router, "rated", "rated") == "open"


def test_a_dead_backend_is_dead_for_all_of_its_routes(router):
    for _ in range(3):
        assert reason(router, fresh(router, "/dead/1")) == "connect"
    assert reason(router, fresh(router, "/dead2/1")) == "breaker"
    assert scrape(router).total("backend_breaker_state", backend="dead") == 1


def test_a_server_that_lives_is_found_among_dead_ones(router):
    assert {fresh(router, "/many/1").status for _ in range(20)} == {200}


def test_the_head_of_an_answer_is_enough_for_a_trial(router):
    """What is downloaded may take longer than anybody is to wait."""
    fail(router, "/only/1")
    router.new.on("/only/1", faults.hang_after_header())
    clients = []

    def asked():
        clients.append(router.connect())
        clients[-1].send(b"GET /only/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        return state(router, "only", "quick") == "closed"

    wait_until(asked, "it is closed", interval=0.05)
    for client in clients:
        client.close()


def test_none_is_none(router):
    reasons = {reason(router, fresh(router, "/never/1")) for _ in range(8)}
    assert reasons == {"connect"}


def test_a_retry_does_not_ask_an_open_breaker(router):
    router.new.on("/again/1", faults.answer(503))
    response = fresh(router, "/again/1")
    assert response.backend == "legacy"
    assert reason(router, response) == "breaker"
    assert len(router.new.seen("/again/1")) == 3


def test_copies_neither_open_it_nor_ask_it(router):
    router.new.on("/copied/1", faults.answer(503))
    for _ in range(6):
        fresh(router, "/copied/1")
    wait_until(lambda: len(router.new.seen("/copied/1")) == 6, "all copies")
    assert scrape(router).total("breaker_opened_total") == 0


def test_it_outlives_workers_reloads_and_edits(router):
    fail(router, "/live/1")
    assert state(router, "live") == "open"
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
    assert reason(router, fresh(router, "/live/1")) == "breaker"
    router.nginx.reload()
    assert reason(router, fresh(router, "/live/1")) == "breaker"
    number = scrape(router).total("generation")
    router.rules.replace("# edited\n"
                         + with_dead(RULES, router.dead))
    wait_until(lambda: scrape(router).total("generation") > number,
               "the edit is in force")
    assert reason(router, fresh(router, "/live/1")) == "breaker"


def test_a_trial_of_a_killed_worker_is_forgotten(router):
    fail(router, "/quick/1")
    gate = faults.Gate()
    router.new.on("/quick/1", gate)
    clients = []

    def trial():
        clients.append(router.connect())
        clients[-1].send(b"GET /quick/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        return gate.waiting

    wait_until(trial, "a trial hangs", interval=0.05)
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
    gate.open()
    for client in clients:
        client.close()
    router.new.on("/quick/1", faults.answer(200, b"x"))
    wait_until(lambda: fresh(router, "/quick/1")
               and state(router, "quick", "quick") == "closed", "it is closed")
