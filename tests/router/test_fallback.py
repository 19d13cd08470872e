"""What fallback means beyond the matrix: where to, when not, for how long."""

import socket
import time

import pytest

from harness import faults
from harness.client import serialize
from harness.router import Router
from harness.wait import ClosedPort, wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@], breaker: none}
  other: {servers: [@other@], breaker: none}
  served: {servers: [@legacy@], breaker: none, host: old.internal}
  dead: {servers: [@dead@], breaker: none}
  slow: {servers: [@new@], breaker: none, timeouts: {read: 200ms, send: 200ms}}
  mute: {servers: ["https://@mute@"], breaker: none, timeouts: {connect: 200ms}}
  pair: {servers: [@dead@, @new@], breaker: none}
  twice: {servers: [@new@, @other@], breaker: none}
default: legacy
routes:
  - {name: plain, match: {path: /plain/*}, to: new, stage: live}
  - {name: third, match: {path: /third/*}, to: new, stage: live, fallback: {to: other}}
  - {name: only-connect, match: {path: /only-connect/*}, to: slow, stage: live, fallback: {when: [connect]}}
  - {name: only-timeout, match: {path: /only-timeout/*}, to: slow, stage: live, fallback: {when: [timeout]}}
  - {name: only-invalid, match: {path: /only-invalid/*}, to: slow, stage: live, fallback: {when: [invalid]}}
  - {name: only-503, match: {path: /only-503/*}, to: slow, stage: live, fallback: {when: [503]}}
  - {name: class, match: {path: /class/*}, to: new, stage: live, fallback: {when: [5xx, 418]}}
  - {name: host, match: {path: /host/*}, from: served, to: new, stage: live}
  - {name: from-dead, match: {path: /from-dead/*}, from: dead, to: new, stage: live}
  - {name: dead, match: {path: /dead/*}, to: dead, stage: live}
  - {name: dead-done, match: {path: /dead-done/*}, to: dead, stage: done}
  - {name: pair, match: {path: /pair/*}, to: pair, stage: live}
  - {name: twice, match: {path: /twice/*}, to: twice, stage: live}
  - {name: mute, match: {path: /mute/*}, to: mute, stage: live}
  - {name: slow, match: {path: /slow/*}, to: slow, stage: live}
  - {name: patient, match: {path: /patient/*}, to: slow, stage: live, timeouts: {read: 5s}}
  - {name: total, match: {path: /total/*}, to: new, stage: live, timeouts: {total: 400ms}}
  - name: total-two
    match: {path: /total-two/*}
    to: new
    stage: live
    timeouts: {read: 200ms, total: 500ms}
  - name: ramp
    match: {path: /ramp/*}
    to: new
    stage: ramp
    percent: 50
    by: [request]
    data: shared
"""


@pytest.fixture(scope="module")
def router():
    closed = ClosedPort()
    mute = socket.create_server(("127.0.0.1", 0))
    text = RULES.replace("@dead@", closed.url).replace(
        "@mute@", "127.0.0.1:%d" % mute.getsockname()[1])
    router = Router(
        text, ["legacy", "new", "other"],
        server="""
        location /intercept/ {
            rewrite ^/intercept(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_intercept_errors on;
            error_page 503 /plain/sorry;
        }
        location /off/ {
            rewrite ^/off(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_next_upstream off;
            proxy_next_upstream_tries 1;
        }""")
    yield router
    router.stop()
    closed.stop()
    mute.close()


@pytest.fixture(autouse=True)
def no_idle_connections(router):
    router.drop_idle()


def test_to_another_backend(router):
    router.new.on("/third/a", faults.answer(503))
    response = router.get("/third/a")
    assert response.backend == "other"
    assert router.legs() == ["new", "other"]
    assert router.entry(response)["strangler_backend"] == "other"


WHEN = {"only-connect": "connect", "only-timeout": "timeout",
        "only-invalid": "invalid", "only-503": "503"}


@pytest.mark.parametrize("fault, kind, status", [
    (faults.hang(), "timeout", 504), (faults.reset(), "invalid", 502),
    (faults.drop_mid_header(), "invalid", 502),
    (faults.garbage(), "invalid", 502), (faults.answer(503), "503", 503),
    (faults.answer(502), "502", 502), (faults.answer(504), "504", 504),
], ids=["hang", "reset", "mid-header", "garbage", "503", "502", "504"])
@pytest.mark.parametrize("route", WHEN)
def test_only_when_it_is_listed(router, route, fault, kind, status):
    path = f"/{route}/a"
    router.new.on(path, fault)
    response = router.get(path)
    if WHEN[route] == kind:
        assert response.backend == "legacy"
        assert router.entry(response)["strangler_fallback"] == kind
    else:
        assert response.status == status
        assert router.legs() == ["new"]


@pytest.mark.parametrize("status", [500, 501, 502, 505, 507, 599, 418])
def test_a_class_of_statuses(router, status):
    router.new.on("/class/a", faults.answer(status))
    response = router.get("/class/a")
    assert response.backend == "legacy"
    assert router.entry(response)["strangler_fallback"] == str(status)


@pytest.mark.parametrize("status", [200, 204, 301, 304, 400, 404, 417, 419])
def test_other_statuses_are_answers(router, status):
    router.new.on("/class/a", faults.answer(status, "theirs"))
    response = router.get("/class/a")
    assert response.status == status
    assert router.legs() == ["new"]


@pytest.mark.parametrize("method, again", [
    ("GET", True), ("HEAD", True), ("OPTIONS", True), ("POST", False),
    ("PUT", False), ("DELETE", False), ("PATCH", False), ("PURGE", False),
    ("PROPFIND", False), ("get", False),
])
def test_which_methods_are_safe(router, method, again):
    router.new.on("/plain/m", faults.reset())
    response = router.request(method, "/plain/m")
    if method == "get" and response.status in (400, 405):
        assert router.legs() == []
        return
    assert router.legs() == (["new", "legacy"] if again else ["new"])


def test_both_fail_by_status(router):
    router.new.on("/plain/a", faults.answer(503, "new is down"))
    router.legacy.on("/plain/a", faults.answer(502, "old is down"))
    response = router.get("/plain/a")
    assert (response.status, response.text) == (502, "old is down")
    entry = router.entry(response)
    assert entry["upstream_status"] == "503, 502"
    assert entry["strangler_fallback"] == "503"
    assert router.legs() == ["new", "legacy"]


def test_both_fail(router):
    router.new.on("/plain/a", faults.reset())
    router.legacy.on("/plain/a", faults.reset())
    response = router.get("/plain/a")
    assert response.status == 502
    assert router.legs() == ["new", "legacy"]


def test_the_fallback_is_refused(router):
    router.new.on("/from-dead/a", faults.answer(503, "down"))
    response = router.get("/from-dead/a")
    assert response.status == 502
    assert router.legs() == ["new"]
    assert router.entry(response)["upstream_status"] == "503, 502"


def test_the_fallback_has_its_own_host(router):
    router.new.on("/host/a", faults.answer(503))
    router.get("/host/a")
    assert [r.value("Host") for r in router.seen()] == [
        "shop.test", "old.internal"]


def test_without_fallback_a_refused_connection_is_502(router):
    response = router.get("/dead-done/a")
    assert response.status == 502
    assert router.legs() == []


def test_a_request_has_one_try_at_a_backend(router):
    """Each server gets its turn; more tries are what `retry` is for."""
    answers = [router.get("/pair/a") for _ in range(4)]
    assert sorted(r.backend for r in answers) == [
        "legacy", "legacy", "new", "new"]
    assert len(router.seen()) == 4


def test_a_failed_answer_does_not_pass_to_the_next_server(router):
    for backend in (router.new, router.other):
        backend.on("/twice/a", faults.answer(503))
    for _ in range(2):
        assert router.get("/twice/a").backend == "legacy"
    legs = router.legs()
    assert legs in (["new", "legacy", "other", "legacy"],
                    ["other", "legacy", "new", "legacy"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_handshake_that_hangs_is_no_connection(router, method):
    """Connected, but nothing of the request was sent: all may fall back."""
    response = router.request(method, "/mute/a", body=b"x" * 10)
    assert response.backend == "legacy"
    entry = router.entry(response)
    assert entry["strangler_fallback"] == "connect"
    assert entry["upstream_status"] == "504, 200"


def test_the_connection_to_the_client_stays(router):
    router.new.on("/plain/a", faults.reset())
    with router.connect() as connection:
        for _ in range(5):
            assert connection.request("GET", "/plain/a").backend == "legacy"
        assert not connection.is_closed()


def test_fallback_among_pipelined_requests(router):
    router.new.on("/plain/b", faults.drop_mid_header())
    with router.connect() as connection:
        connection.send(b"".join(
            serialize(target=f"/plain/{c}") for c in "abc"))
        answers = [connection.read() for _ in range(3)]
    assert [r.backend for r in answers] == ["new", "legacy", "new"]
    assert [r.echo["target"] for r in answers] == [
        "/plain/a", "/plain/b", "/plain/c"]


def test_in_ramp_only_the_new_side_has_a_fallback(router):
    router.new.on("/ramp/a", faults.answer(503))
    router.legacy.on("/ramp/a", faults.answer(502))
    for _ in range(12):
        router.get("/ramp/a")
    legs = router.legs()
    assert legs.count("legacy") == 12
    assert 0 < legs.count("new") < 12
    assert "legacy" in legs[:1] or legs[1] == "legacy"


@pytest.mark.parametrize("fault", [
    faults.drop_mid_body(), faults.reset_mid_body()], ids=["drop", "reset"])
def test_a_death_mid_body_is_passed_on(router, fault):
    router.new.on("/plain/a", fault)
    response = router.get("/plain/a")
    assert response.status == 200
    assert not response.complete
    assert b"the beginning".startswith(response.body)
    assert router.legs() == ["new"]
    assert router.entry(response)["strangler_fallback"] == ""


def test_a_hang_mid_body_is_passed_on(router):
    router.new.on("/slow/a", faults.hang_after_header())
    response = router.get("/slow/a")
    assert response.status == 200
    assert not response.complete
    assert router.legs() == ["new"]


def test_send_timeout(router):
    """The backend reads nothing: what was sent makes a POST unrepeatable."""
    router.new.on("/slow/a", faults.hang_unread())
    response = router.request("POST", "/slow/a", body=b"x" * 20_000_000)
    assert response.status == 504
    assert router.legs() == ["new"]


def test_send_timeout_of_a_safe_request(router):
    router.new.on("/slow/a", faults.hang_unread())
    response = router.get("/slow/a", body=b"x" * 20_000_000)
    assert response.backend == "legacy"
    assert router.entry(response)["strangler_fallback"] == "timeout"
    assert router.legacy.seen()[0].body_length == 20_000_000


def test_an_early_answer_is_an_answer(router):
    """A backend may answer before it has read the body."""
    def refuse(exchange):
        return exchange.answer(413, "too large", close=True)
    refuse.before_body = True
    router.new.on("/plain/a", refuse)
    response = router.request("POST", "/plain/a", body=b"x" * 1000)
    assert response.status in (413, 502)
    assert router.legs() == ["new"]


def elapsed(call):
    begin = time.monotonic()
    result = call()
    return result, time.monotonic() - begin


def test_the_routes_timeout_overrides_the_backends(router):
    gate = faults.Gate()
    router.new.on("/patient/a", gate)
    with router.connect() as connection:
        connection.send(serialize(target="/patient/a"))
        wait_until(lambda: gate.waiting, "the backend has the request")
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() - begin > 0.4, "time passes")
        gate.open()
        assert connection.read().backend == "new"


def test_the_backends_timeout(router):
    router.new.on("/slow/a", faults.hang())
    response, seconds = elapsed(lambda: router.get("/slow/a"))
    assert response.backend == "legacy"
    assert 0.15 < seconds < 2


def test_total_ends_a_hanging_try(router):
    router.new.on("/total/a", faults.hang())
    response, seconds = elapsed(lambda: router.get("/total/a"))
    assert response.status == 504
    assert 0.3 < seconds < 2
    assert router.legs() == ["new"]


def test_total_includes_the_fallback(router):
    router.new.on("/total-two/a", faults.hang())
    router.legacy.on("/total-two/a", faults.hang())
    response, seconds = elapsed(lambda: router.get("/total-two/a"))
    assert response.status == 504
    assert 0.4 < seconds < 2
    assert router.legs() == ["new", "legacy"]


def test_total_is_no_limit_for_an_answer_that_has_begun(router):
    stream = faults.Stream()
    router.new.on("/total/s", stream)
    with router.connect() as connection:
        connection.send(serialize(target="/total/s"))
        stream.feed(b"first")
        assert connection.read_head().status == 200
        begin = time.monotonic()
        wait_until(lambda: time.monotonic() - begin > 0.7, "time passes")
        stream.feed(b"second")
        stream.end()
        rest = b""
        while b"0\r\n\r\n" not in rest:
            rest += connection.stream.read1(1000)
    assert b"second" in rest


def test_total_leaves_the_connection_to_the_client(router):
    router.new.on("/total/a", faults.hang())
    with router.connect() as connection:
        assert connection.request("GET", "/total/a").status == 504
        assert connection.request("GET", "/total/b").backend == "new"


def test_a_client_that_goes_away(router):
    gate = faults.Gate()
    router.new.on("/plain/a", gate)
    with router.connect() as connection:
        connection.send(serialize(target="/plain/a"))
        wait_until(lambda: gate.waiting, "the backend has the request")
    wait_until(lambda: any(e["status"] == "499" for e in router.entries()),
               "nginx has noticed")
    gate.open()
    assert router.legs() == ["new"]


def test_error_page_of_the_location_comes_after_the_fallback(router):
    router.new.on("/plain/a", faults.answer(503))
    assert router.get("/intercept/plain/a").backend == "legacy"

    router.legacy.on("/plain/a", faults.answer(503))
    response = router.get("/intercept/plain/a")
    assert response.status == 503
    assert response.backend == "new"
    assert b'"target": "/plain/sorry"' in response.body


def test_proxy_next_upstream_is_not_what_decides(router):
    router.new.on("/plain/a", faults.answer(503))
    assert router.get("/off/plain/a").backend == "legacy"


def test_a_failure_is_forgotten(router):
    """One failed request changes nothing for the next."""
    router.new.on("/plain/a", faults.in_turn(
        *[faults.reset()] * 3, faults.answer(200, "fine")))
    for _ in range(3):
        assert router.get("/plain/a").backend == "legacy"
    assert router.get("/plain/a").text == "fine"
