"""Copies where a location does more than pass, and evidence with no place."""

import json
import os
import re
import signal

import pytest

from harness import faults
from harness.metrics import API, scrape
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  third: {servers: [@third@]}
default: legacy
routes:
  - name: short
    match: {path: /short/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, timeout: 200ms}
    compare: {noise: none}
  - name: split
    match: {path: /split/*}
    to: new
    stage: ramp
    data: shared
    percent: 50
    by: [assign]
    shadow: {percent: 100, per_second: 100000}
    compare: {noise: none}
  - name: beyond
    match: {path: /beyond/*}
    to: new
    stage: live
    shadow: {percent: 100, per_second: 100000, to: third}
    compare: {noise: 100}
"""

ROOT = """
    location / { strangler_pass main; include @PARAMS@; }
    location /short/after/ {
        strangler_pass main;
        include @PARAMS@;
        post_action /after;
    }
    location = /after { proxy_pass http://127.0.0.1:@PORT@/plain; }
    location /short/sent/ { strangler_pass main; include @PARAMS@; }
    location = /elsewhere { internal; proxy_pass http://127.0.0.1:@PORT@/plain; }
    location = /plain {
        add_header X-Plain 1;              # and none of the server's
        return 200 plain;
    }
""" + API


@pytest.fixture
def router(one_router):
    return one_router(RULES, root=ROOT, backends=("legacy", "new", "third"),
                      rules_args="zone=2m poll=100ms state=@HOME@/state")


def outcomes(router, route):
    samples = scrape(router)
    return {o: n for o in ("match", "mismatch", "noise", "incomparable")
            if (n := samples.total("shadow_outcomes_total", route=route,
                                   outcome=o))}


def compared(router, route, n):
    wait_until(lambda: sum(outcomes(router, route).values()) == n,
               f"{n} pairs are compared", 15)
    return outcomes(router, route)


def document(value):
    return faults.answer(200, json.dumps(value),
                         [("Content-Type", "application/json")])


def test_a_copy_at_its_deadline_has_no_post_action(router):
    router.new.on("/short/after/1", faults.hang())
    assert router.get("/short/after/1").status == 200
    wait_until(lambda: router.new.seen("/short/after/1"), "the copy is there")
    assert compared(router, "short", 1) == {"mismatch": 1}
    asked = [e for e in router.entries() if e["request_uri"] == "/plain"]
    assert len(asked) == 1            # for the client


def test_an_answer_of_another_location_is_not_compared(router):
    router.legacy.on("/short/sent/1", faults.answer(
        200, b"", [("X-Accel-Redirect", "/elsewhere")]))
    response = router.get("/short/sent/1")
    assert response.body == b"plain"
    assert router.entry(response)["strangler_shadow"] == ""
    for backend in (router.legacy, router.new):
        backend.on("/short/1", document({"a": 1}))
    router.get("/short/1")
    assert compared(router, "short", 1) == {"match": 1}
    assert not router.new.seen("/short/sent/1")


def test_the_routers_own_cookie_is_no_difference(router):
    for backend in (router.legacy, router.new):
        backend.on("/split/1", document({"a": 1}))
    for _ in range(10):
        assert router.get("/split/1").value("Set-Cookie")
    assert compared(router, "split", 10) == {"match": 10}


def test_an_id_that_the_configuration_does_not_use(one_router):
    router = one_router(RULES, root=ROOT, backends=("legacy", "new", "third"),
                        rules_args="zone=2m poll=100ms", request_id="")
    for _ in range(4):
        router.get("/short/1")
    ids = wait_until(lambda: len(seen := router.new.seen("/short/1")) == 4
                     and {request.value("X-Request-ID") for request in seen},
                     "every copy is there")
    assert len(ids) == 4
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids), ids


def test_noise_of_the_old_side_excuses_no_one_else(router):
    router.legacy.on("/beyond/1", document({"a": 1}))
    router.new.on("/beyond/1", document({"a": 2}))
    router.third.on("/beyond/1", document({"a": 3}))
    for _ in range(40):
        router.get("/beyond/1")
    assert compared(router, "beyond", 40) == {"mismatch": 40}
    assert not router.legacy.seen("/beyond/1")


def test_a_worker_that_quits_does_not_wait_for_a_place(router):
    router.nginx.expect_log("evidence")
    state = os.path.join(router.home, "state", "evidence")
    router.get("/short/1")
    compared(router, "short", 1)
    os.rename(state, state + ".gone")
    with open(state, "wb"):
        pass
    router.get("/short/2")
    wait_until(lambda: "cannot be kept" in router.nginx.log(), "it fails", 15)
    master = router.nginx.pid()
    router.close()
    router.nginx.signal(signal.SIGQUIT)
    router.nginx.wait_ended(master)
