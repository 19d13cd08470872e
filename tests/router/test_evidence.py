"""What is learned of copies: classes, outcomes, readiness, and its life."""

import json
import os
import shutil
import signal

import pytest

from harness import faults
from harness.metrics import API, scrape
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@], version: header:X-Build}
default: legacy
routes:
  - name: shadow
    match: {path: /shadow/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 1000, timeout: 1s}
    compare: {noise: none, ignore: ["$.generated"], max_body: 64k, ready: {p0: 5, alpha: 5}}
  - name: live
    match: {path: /live/*}
    to: new
    stage: live
    shadow: {percent: 100, per_second: 100000}
    compare: {noise: none}
  - name: kept
    match: {path: /kept/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000}
    compare: {noise: none, values: keep, redact: ["$.secret"]}
  - name: noisy
    match: {path: /noisy/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 1000}
    compare: {noise: 100}
  - name: uncompared
    match: {path: /uncompared/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000}
    compare: none
"""

JSON = [("Content-Type", "application/json")]


def document(value, **headers):
    return faults.answer(200, json.dumps(value),
                         JSON + list(headers.items()))


@pytest.fixture
def router(one_router):
    return one_router(RULES, root="""
        location / { strangler_pass main; include @PARAMS@; }
        location /_strangler/ { strangler_api main write=on; }
    """, rules_args="zone=2m poll=100ms state=@HOME@/state")


def api(router, path):
    with router.connect() as client:
        response = client.request("GET", "/_strangler/v1/" + path)
    assert response.status == 200, response
    return json.loads(response.body)


def classes(router, route):
    return api(router, f"differences?route={route}")["classes"]


def readiness(router, route):
    return api(router, f"routes/{route}")["readiness"]


def compared(router, n, route="shadow"):
    return wait_until(
        lambda: (scrape(router).total("shadow_outcomes_total", route=route)
                 == n), f"{n} pairs are compared", 15)


def ask(router, path, n=1):
    with router.connect() as client:
        for _ in range(n):
            assert client.request("GET", path).status == 200


def both(router, path, old, new):
    router.legacy.on(path, old)
    router.new.on(path, new)


def test_equal_answers_match(router):
    both(router, "/shadow/1", document({"a": 1, "b": [1, 2], "generated": 1}),
         document({"b": [1.0, 2], "a": 1e0, "generated": 2}))
    ask(router, "/shadow/1", 20)
    compared(router, 20)
    assert scrape(router).total("shadow_outcomes_total", outcome="match") == 20
    assert not classes(router, "shadow")
    assert readiness(router, "shadow")["pairs"] == 20


def test_differences_make_classes(router):
    both(router, "/shadow/1", document({"items": [{"price": 1}, {"price": 2}],
                                        "x": "1"}),
         document({"items": [{"price": 1}, {"price": 3}], "x": 1, "y": 2}))
    ask(router, "/shadow/1", 10)
    compared(router, 10)
    found = {(c["part"], c["path"], c["kind"], c["from"], c["to"]): c
             for c in classes(router, "shadow")}
    assert set(found) == {
        ("body", "$.items[*].price", "value", "number", "number"),
        ("body", "$.x", "type", "string", "number"),
        ("body", "$.y", "extra", "", "number")}
    for c in found.values():
        assert c["pairs"] == 10
    assert readiness(router, "shadow")["mismatches"] == 10


@pytest.mark.parametrize("name, fault, kind", [
    ("refused", None, "transport"), ("reset", faults.reset(), "transport"),
    ("hang", faults.hang(), "transport"),
    ("truncated", faults.drop_mid_body(), "transport"),
    ("garbage", faults.garbage(), "transport"),
    ("large", faults.answer(200, b"x" * 70_000), "limit"),
    ("malformed", faults.answer(200, b"{", JSON), "parse"),
])
def test_a_fault_of_the_candidate_is_a_mismatch(router, name, fault, kind):
    router.legacy.on("/shadow/1", document({"a": 1}))
    if fault:
        router.new.on("/shadow/1", fault)
    else:
        router.new.stop()
    ask(router, "/shadow/1", 3)
    compared(router, 3)
    assert scrape(router).total("shadow_outcomes_total",
                                outcome="mismatch") == 3
    assert kind in [c["kind"] for c in classes(router, "shadow")]


def test_a_status_is_a_class(router):
    both(router, "/shadow/1", document({}), faults.answer(500, b"{}", JSON))
    ask(router, "/shadow/1", 3)
    compared(router, 3)
    (found,) = [c for c in classes(router, "shadow") if c["kind"] == "status"]
    assert (found["part"], found["from"], found["to"]) == (
        "status", "200", "500")


@pytest.mark.parametrize("answer", [
    faults.answer(206, b"x"), faults.answer(200, b"x" * 70_000),
    faults.chunked([b"data: 1\n\n"], [("Content-Type", "text/event-stream")]),
])
def test_a_primary_that_cannot_be_compared(router, answer):
    both(router, "/shadow/1", answer, document({}))
    router.get("/shadow/1")
    compared(router, 1)
    assert scrape(router).total("shadow_outcomes_total",
                                outcome="incomparable") == 1


def test_sides_stay_what_they_are_when_the_new_one_answers(router):
    both(router, "/live/1", document({"old": 1}), document({"new": 1}))
    ask(router, "/live/1")
    compared(router, 1, "live")
    found = {(c["path"], c["kind"]) for c in classes(router, "live")}
    assert found == {("$.old", "missing"), ("$.new", "extra")}


@pytest.mark.parametrize("fault, kind", [
    (faults.reset(), "transport"), (faults.answer(503, b"x"), "status")])
def test_a_failure_that_was_masked_is_a_mismatch(router, fault, kind):
    both(router, "/live/1", document({"a": 1}), fault)
    for _ in range(3):
        assert router.get("/live/1").backend is None    # not an echo
    compared(router, 3, "live")
    assert scrape(router).total("shadow_outcomes_total", route="live",
                                outcome="mismatch") == 3
    assert kind in [c["kind"] for c in classes(router, "live")]
    assert scrape(router).total("shadow_sent_total", route="live") == 0


def test_nothing_is_compared(router):
    both(router, "/uncompared/1", document({"old": 1}), document({"new": 1}))
    ask(router, "/uncompared/1", 3)
    wait_until(lambda: len(router.new.seen("/uncompared/1")) == 3, "copies")
    wait_until(lambda: scrape(router).total("shadow_in_flight") == 0, "idle")
    assert scrape(router).total("shadow_outcomes_total",
                                route="uncompared") == 0


def test_values_are_kept_when_asked_for_and_never_secrets(router):
    both(router, "/kept/1",
         faults.answer(200, json.dumps({"a": "old", "secret": "s1"}),
                       JSON + [("Set-Cookie", "sid=oldsecret; Path=/")]),
         faults.answer(200, json.dumps({"a": "new", "secret": "s2"}),
                       JSON + [("Set-Cookie", "other=newsecret; Path=/")]))
    ask(router, "/kept/1")
    compared(router, 1, "kept")
    text = json.dumps(api(router, "differences?route=kept"))
    for c in classes(router, "kept"):
        text += json.dumps(api(router, "differences/" + c["id"]))
    assert '"old"' in text and '"new"' in text
    for secret in ("s1", "s2", "oldsecret", "newsecret"):
        assert secret not in text


def test_values_are_not_kept_by_default(router):
    both(router, "/shadow/1", document({"a": "left"}),
         document({"a": "right"}))
    ask(router, "/shadow/1")
    compared(router, 1)
    (found,) = classes(router, "shadow")
    text = json.dumps(api(router, "differences/" + found["id"]))
    assert "left" not in text and "right" not in text
    state = os.path.join(router.home, "state", "evidence")
    for name in os.listdir(state):
        path = os.path.join(state, name)
        assert os.stat(path).st_mode & 0o777 == 0o600
        with open(path, "rb") as file:
            assert b"right" not in file.read()


def test_noise_is_found_by_asking_the_old_side_again(router):
    stamps = iter(range(1_000_000))

    def stamped(exchange):
        return document({"stamp": next(stamps), "same": 1})(exchange)

    both(router, "/noisy/1", stamped, stamped)
    with router.connect() as client:
        for _ in range(60):
            client.request("GET", "/noisy/1")
    compared(router, 60, "noisy")
    (found,) = classes(router, "noisy")
    assert (found["path"], found["noise"]) == ("$.stamp", "noise")
    # those of before that was known are no mismatches any more
    assert readiness(router, "noisy")["mismatches"] == 0
    # asked once for the client, once more for noise
    assert len(router.legacy.seen("/noisy/1")) == 120


def test_a_route_becomes_ready(router):
    both(router, "/shadow/1", document({"a": 1}), document({"a": 1}))
    ask(router, "/shadow/1", 300)
    compared(router, 300)
    found = wait_until(
        lambda: (r := readiness(router, "shadow"))["verdict"] == "ready" and r,
        "the route is ready")
    assert found["mismatches"] == 0
    both(router, "/shadow/1", document({"a": 1}), document({"b": 1}))
    ask(router, "/shadow/1", 30)
    compared(router, 330)
    assert readiness(router, "shadow")["verdict"] != "ready"


def test_a_new_build_begins_anew(router):
    both(router, "/shadow/1", document({"a": 1}),
         document({"a": 1}, **{"X-Build": "1"}))
    ask(router, "/shadow/1", 10)
    compared(router, 10)
    assert readiness(router, "shadow")["pairs"] == 10
    router.new.on("/shadow/1", document({"a": 1}, **{"X-Build": "2"}))
    ask(router, "/shadow/1", 5)
    compared(router, 15)
    assert readiness(router, "shadow")["pairs"] == 5


def test_what_is_compared_is_changed(router):
    both(router, "/shadow/1", document({"a": 1}), document({"a": 1}))
    ask(router, "/shadow/1", 10)
    compared(router, 10)
    generation = router.generation("/elsewhere")
    router.rules.replace(RULES.replace("$.generated", "$.stamp"))
    wait_until(lambda: router.generation("/elsewhere") > generation,
               "the new rules are in force")
    assert readiness(router, "shadow")["pairs"] == 0
    ask(router, "/shadow/1", 5)
    compared(router, 15)
    assert readiness(router, "shadow")["pairs"] == 5


@pytest.mark.parametrize("how", ["reload", "restart", "quit-at-once"])
def test_evidence_outlives_processes(router, how):
    both(router, "/shadow/1", document({"a": 1}), document({"a": 2}))
    ask(router, "/shadow/1", 100)

    if how == "reload":
        router.nginx.reload()
    else:
        if how == "restart":
            compared(router, 100)
        master = router.nginx.pid()
        router.close()
        router.nginx.signal(signal.SIGQUIT)
        router.nginx.wait_ended(master)
        router.nginx.start()

    found = wait_until(
        lambda: (c := classes(router, "shadow")) and c[0]["pairs"] == 100 and c,
        "all are there")
    assert len(found) == 1
    assert readiness(router, "shadow")["mismatches"] == 100


def test_a_worker_ends_though_its_evidence_cannot_be_kept(router):
    both(router, "/shadow/1", document({"a": 1}), document({"a": 2}))
    ask(router, "/shadow/1")
    compared(router, 1)
    evidence = os.path.join(router.home, "state", "evidence")
    shutil.rmtree(evidence)
    with open(evidence, "w"):
        pass                            # in the way of a new directory
    ask(router, "/shadow/1", 50)
    master = router.nginx.pid()
    router.close()
    router.nginx.signal(signal.SIGQUIT)
    router.nginx.wait_ended(master)
    assert "cannot be kept" in router.nginx.log()


def test_without_a_state_directory_answers_are_compared(one_router):
    router = one_router(RULES, root="location / { strangler_pass main; "
                        "include @PARAMS@; }" + API)
    both(router, "/shadow/1", document({"a": 1}), document({"a": 2}))
    ask(router, "/shadow/1", 10)
    compared(router, 10)
    assert scrape(router).total("shadow_outcomes_total",
                                outcome="mismatch") == 10


def test_two_workers_lose_nothing(one_router):
    router = one_router(RULES, root="""
        location / { strangler_pass main; include @PARAMS@; }
        location /_strangler/ { strangler_api main; }
    """, rules_args="zone=2m poll=100ms state=@HOME@/state", workers=2)
    both(router, "/shadow/1", document({"a": 1}), document({"a": 2}))
    for _ in range(20):
        ask(router, "/shadow/1", 10)
    compared(router, 200)
    (found,) = classes(router, "shadow")
    assert found["pairs"] == 200


def test_a_flip_that_is_older_than_nginx(router):
    def shadowed():
        before = len(router.new.seen("/live/1"))
        router.get("/live/1")
        return len(router.new.seen("/live/1")) > before

    with router.connect() as client:
        response = client.request(
            "PATCH", "/_strangler/v1/routes/live", JSON, host="127.0.0.1",
            body=json.dumps({"stage": "shadow"}).encode())
        assert response.status == 200, response
    assert router.get("/live/1").backend == "legacy"
    wait_until(lambda: router.new.seen("/live/1"), "the copy is there")
    master = router.nginx.pid()
    router.close()
    router.nginx.signal(signal.SIGQUIT)
    router.nginx.wait_ended(master)
    router.nginx.start()
    assert router.get("/live/1").backend == "legacy"
    wait_until(shadowed, "copies are made")
