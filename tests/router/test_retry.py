"""Retries: when there is one, what is sent, in which order, what is logged."""

import hashlib

import pytest

from harness import faults
from harness.metrics import API, scrape, wait_total
from harness.router import Router
from harness.wait import Blackhole, ClosedPort

QUICK = "backoff: {base: 1ms, max: 2ms}"

RULES = f"""
version: 1
backends:
  legacy: {{servers: [@legacy@]}}
  new: {{servers: [@new@], breaker: none}}
  other: {{servers: [@other@], breaker: none}}
  slow: {{servers: [@new@], breaker: none, timeouts: {{read: 150ms}}}}
  dead: {{servers: [@dead@], breaker: none}}
  half: {{servers: [@dead@, @new@], breaker: none}}
  pair: {{servers: [@new@, @other@], breaker: none}}
  dozen: {{servers: [@dead@, @dead@, @dead@, @new@], breaker: none}}
default: legacy
routes:
  - name: plain
    match: {{path: /plain/*}}
    to: new
    stage: live
    retry: {{attempts: 2, {QUICK}}}
  - name: done
    match: {{path: /done/*}}
    to: new
    stage: done
    retry: {{attempts: 2, {QUICK}}}
  - name: slow
    match: {{path: /slow/*}}
    to: slow
    stage: live
    retry: {{attempts: 1, {QUICK}}}
  - name: unsafe
    match: {{path: /unsafe/*}}
    to: new
    stage: live
    retry: {{attempts: 1, unsafe: true, {QUICK}}}
  - name: none
    match: {{path: /none/*}}
    to: new
    stage: done
    retry: {{attempts: 0}}
  - name: only-429
    match: {{path: /only-429/*}}
    to: slow
    stage: live
    retry: {{attempts: 1, when: [429], {QUICK}}}
  - name: half
    match: {{path: /half/*}}
    to: half
    stage: live
    retry: {{attempts: 1, {QUICK}}}
  - name: dozen
    match: {{path: /dozen/*}}
    to: dozen
    stage: done
    retry: {{attempts: 1, {QUICK}}}
  - name: pair
    match: {{path: /pair/*}}
    to: pair
    stage: done
    retry: {{attempts: 1, {QUICK}}}
  - name: weights
    match: {{path: /weights/*}}
    to: {{new: 1, other: 1}}
    stage: done
    retry: {{attempts: 1, {QUICK}}}
  - name: dead
    match: {{path: /dead/*}}
    to: dead
    stage: live
    retry: {{attempts: 3, {QUICK}}}
  - name: writes
    match: {{path: /writes/*}}
    to: new
    stage: live
    retry: {{attempts: 1, {QUICK}}}
    fallback: {{unsafe: true}}
  - name: legacy
    match: {{path: /legacy/*}}
    to: new
    stage: legacy
    retry: {{attempts: 2, {QUICK}}}
  - name: copied
    match: {{path: /copied/*}}
    to: new
    stage: shadow
    shadow: {{percent: 100, per_second: 1000}}
    retry: {{attempts: 2, {QUICK}}}
"""

LARGE = bytes(range(256)) * 8000


@pytest.fixture(scope="module")
def router():
    closed = ClosedPort()
    router = Router(
        RULES.replace("@dead@", closed.url), ["legacy", "new", "other"],
        http="proxy_cache_path @HOME@/cache keys_zone=answers:1m;",
        server=API + """
        location /cached/ {
            rewrite ^/cached(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_cache answers;
            proxy_cache_valid 200 1h;
        }
        location /unbuffered/ {
            rewrite ^/unbuffered(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_request_buffering off;
        }""")
    yield router
    router.stop()
    closed.stop()


@pytest.fixture(autouse=True)
def no_idle_connections(router):
    router.drop_idle()


def then(*handlers):
    """These one after the other, and then all is well."""
    return faults.in_turn(*handlers, faults.echo)


def retries(router, route):
    return scrape(router).table("retries_total", "reason", route=route)


def assert_retried(router, response, legs, fallback=""):
    entry = router.entry(response)
    assert router.legs() == legs
    assert entry["strangler_retries"] == str(legs.count("new") - 1)
    assert entry["strangler_fallback"] == fallback
    return entry


@pytest.mark.parametrize("route, fault, reason, status", [
    ("plain", faults.answer(503), "status", "503"),
    ("plain", faults.answer(502), "status", "502"),
    ("plain", faults.reset(), "invalid", "502"),
    ("plain", faults.drop(), "invalid", "502"),
    ("plain", faults.drop_mid_header(), "invalid", "502"),
    ("plain", faults.garbage(), "invalid", "502"),
    ("slow", faults.hang(), "timeout", "504"),
    ("only-429", faults.answer(429), "status", "429"),
], ids=["503", "502", "reset", "drop", "mid-header", "garbage", "hang",
        "429"])
def test_a_failure_then_an_answer(router, route, fault, reason, status):
    path = f"/{route}/a"
    before = retries(router, route)
    router.new.on(path, then(fault))
    response = router.get(path)
    assert response.backend == "new"
    entry = assert_retried(router, response, ["new", "new"])
    address = router.new.address
    assert entry["upstream_addr"] == f"{address}, {address}"
    assert entry["upstream_status"] == f"{status}, 200"
    after = retries(router, route)
    assert after[(reason,)] == before.get((reason,), 0) + 1
    assert sum(after.values()) == sum(before.values()) + 1


@pytest.mark.parametrize("fault", [
    faults.answer(500), faults.answer(404), faults.answer(429)],
    ids=["500", "404", "429"])
def test_other_answers_are_passed_on(router, fault):
    router.new.on("/plain/a", fault)
    response = router.get("/plain/a")
    assert response.status >= 400
    assert_retried(router, response, ["new"])


@pytest.mark.parametrize("fault, kind", [
    (faults.answer(503), "503"), (faults.reset(), "invalid"),
    (faults.hang(), "timeout")], ids=["503", "reset", "hang"])
def test_what_is_not_listed_falls_back_at_once(router, fault, kind):
    router.new.on("/only-429/a", fault)
    response = router.get("/only-429/a")
    assert response.backend == "legacy"
    assert_retried(router, response, ["new", "legacy"], kind)


def test_what_only_retry_lists_is_an_answer_in_the_end(router):
    router.new.on("/only-429/a", faults.answer(429, "later"))
    response = router.get("/only-429/a")
    assert (response.status, response.text) == (429, "later")
    assert_retried(router, response, ["new", "new"])


def test_the_fallback_comes_last(router):
    router.new.on("/plain/a", faults.answer(503, "down"))
    response = router.get("/plain/a")
    assert response.backend == "legacy"
    entry = assert_retried(router, response, ["new"] * 3 + ["legacy"],
                           "503")
    assert entry["upstream_status"] == "503, 503, 503, 200"
    assert entry["upstream_addr"].count(",") == 3
    assert entry["strangler_side"] == "old"


def test_without_fallback_the_last_answer_is_passed_on(router):
    router.new.on("/done/a", faults.in_turn(
        faults.answer(503, "first"), faults.answer(502, "second"),
        faults.answer(504, "third")))
    response = router.get("/done/a")
    assert (response.status, response.text) == (504, "third")
    entry = assert_retried(router, response, ["new"] * 3)
    assert entry["upstream_status"] == "503, 502, 504"


def test_without_fallback_the_last_failure_is_told(router):
    router.new.on("/done/a", faults.reset())
    response = router.get("/done/a")
    assert response.status == 502
    assert_retried(router, response, ["new"] * 3)


def test_each_failure_may_be_another(router):
    router.new.on("/done/a", then(faults.answer(503), faults.reset()))
    response = router.get("/done/a")
    assert response.backend == "new"
    entry = assert_retried(router, response, ["new"] * 3)
    assert entry["upstream_status"] == "503, 502, 200"


def test_no_attempts_are_none(router):
    router.new.on("/none/a", faults.answer(503, "down"))
    response = router.get("/none/a")
    assert response.text == "down"
    assert_retried(router, response, ["new"])


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refused_connections(router, method):
    """Nothing was sent, so that it may be tried again whatever it is."""
    answers = [router.request(method, "/half/a", body=b"abc")
               for _ in range(4)]
    assert [a.backend for a in answers] == ["new"] * 4
    assert router.legs() == ["new"] * 4
    logged = [router.entry(a) for a in answers]
    assert sorted(e["strangler_retries"] for e in logged) == list("0011")
    assert sorted(e["upstream_status"] for e in logged) == [
        "200", "200", "502, 200", "502, 200"]


def test_all_attempts_refused(router):
    response = router.request("POST", "/dead/a", body=b"abc")
    assert response.backend == "legacy"
    entry = router.entry(response)
    assert entry["strangler_retries"] == "3"
    assert entry["strangler_fallback"] == "connect"
    assert entry["upstream_status"] == "502, 502, 502, 502, 200"


def test_servers_are_all_asked_without_a_fallback(router):
    """As without `retry`, however few attempts there are."""
    for _ in range(4):
        assert router.get("/dozen/a").backend == "new"


@pytest.mark.parametrize("method", ["POST", "PATCH", "PURGE"])
@pytest.mark.parametrize("fault, status", [
    (faults.reset(), 502), (faults.answer(503, "no"), 503)],
    ids=["reset", "503"])
def test_what_is_not_idempotent_is_sent_once(router, method, fault, status):
    router.new.on("/plain/a", fault)
    response = router.request(method, "/plain/a", body=b"abc")
    assert response.status == status
    assert_retried(router, response, ["new"])


@pytest.mark.parametrize("method", ["POST", "PATCH", "PURGE"])
@pytest.mark.parametrize("fault", [faults.reset(), faults.answer(503)],
                         ids=["reset", "503"])
def test_unsafe(router, method, fault):
    router.new.on("/unsafe/a", then(fault))
    response = router.request(method, "/unsafe/a", body=b"abc")
    assert response.backend == "new"
    assert_retried(router, response, ["new"] * 2)
    assert [r.body for r in router.seen()] == [b"abc"] * 2


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE"])
def test_idempotent_methods(router, method):
    router.new.on("/plain/a", then(faults.reset()))
    response = router.request(method, "/plain/a")
    assert response.status == 200
    assert_retried(router, response, ["new"] * 2)


@pytest.mark.parametrize("fault", [
    faults.answer(503), faults.reset(), faults.reset_unread()],
    ids=["503", "reset", "unread"])
@pytest.mark.parametrize("body, chunks", [
    (b"a=1", None), (LARGE, None),
    (None, [LARGE[i:i + 70000] for i in range(0, len(LARGE), 70000)])],
    ids=["small", "spooled", "chunked"])
def test_bodies_are_sent_whole_again(router, fault, body, chunks):
    router.new.on("/plain/a", then(fault, fault))
    with router.connect() as connection:
        response = connection.request("PUT", "/plain/a", body=body,
                                      chunks=chunks)
    assert response.backend == "new"
    assert_retried(router, response, ["new"] * 3)
    wanted = LARGE if body is None else body
    last = router.seen()[-1]
    assert last.digest == hashlib.sha256(wanted).hexdigest()
    assert last.body_length == len(wanted)


def test_bodies_reach_the_fallback(router):
    router.new.on("/writes/a", faults.answer(503))
    response = router.request("PUT", "/writes/a", body=LARGE)
    assert response.backend == "legacy"
    assert_retried(router, response, ["new", "new", "legacy"], "503")
    assert {r.digest for r in router.seen()} == {
        hashlib.sha256(LARGE).hexdigest()}


@pytest.mark.parametrize("method, fault", [
    ("PUT", faults.reset()), ("PUT", faults.answer(503, "no"))],
    ids=["reset", "503"])
def test_a_body_that_is_not_kept_is_sent_once(router, method, fault):
    router.new.on("/done/a", fault)
    response = router.request(method, "/unbuffered/done/a", body=LARGE)
    assert response.status in (502, 503)
    assert_retried(router, response, ["new"])


def test_another_server_is_preferred(router):
    router.new.on("/pair/a", faults.answer(503))
    for _ in range(4):
        assert router.get("/pair/a").backend == "other"
    legs = router.legs()
    assert legs.count("other") == 4
    assert legs.count("new") == 2


def test_with_weights_the_backend_stays(router):
    """Who sticks to a version is not shown the other one."""
    router.new.on("/weights/a", faults.answer(503))
    answers = [router.get("/weights/a") for _ in range(16)]
    failed = [a for a in answers if a.status == 503]
    assert 0 < len(failed) < 16
    assert router.legs().count("new") == 2 * len(failed)
    assert router.legs().count("other") == 16 - len(failed)


def test_the_old_side_is_not_retried(router):
    router.legacy.on("/legacy/a", faults.answer(503, "down"))
    response = router.get("/legacy/a")
    assert response.status == 503
    assert router.legs() == ["legacy"]


def test_a_copy_is_not_retried(router):
    router.new.on("/copied/a", faults.answer(503))
    assert router.get("/copied/a").backend == "legacy"
    wait_total(router, 1, "shadow_outcomes_total", route="copied")
    assert sorted(router.legs()) == ["legacy", "new"]


def test_a_closed_connection_is_no_retry(router):
    """One that was kept and is closed has another made, once a try."""
    router.new.on("/plain/a", faults.close_after(faults.echo))
    for _ in range(3):
        response = router.get("/plain/a")
        assert response.backend == "new"
        assert router.entry(response)["strangler_retries"] == "0"


def test_what_a_retry_is_answered_is_kept_in_a_cache(router):
    for n in range(8):
        router.new.on(f"/plain/{n}", faults.in_turn(
            faults.answer(503, "down"), faults.answer(200, f"fine {n}")))
        for status, tries in (("MISS", "503, 200"), ("HIT", "")):
            response = router.get(f"/cached/plain/{n}")
            assert response.text == f"fine {n}"
            entry = router.entry(response)
            assert entry["upstream_cache_status"] == status
            assert entry["upstream_status"] == tries
    assert router.legs() == ["new"] * 16


def test_a_death_in_the_body_is_passed_on(router):
    router.new.on("/plain/a", faults.drop_mid_body())
    response = router.get("/plain/a")
    assert not response.complete
    assert_retried(router, response, ["new"])


def test_a_handshake_that_hangs(one_router):
    hole = Blackhole()
    router = one_router("""
version: 1
backends:
  legacy: {servers: [@legacy@]}
  hole: {servers: [@hole@, @new@], breaker: none, timeouts: {connect: 100ms}}
default: legacy
routes:
  - name: hole
    match: {path: /*}
    to: hole
    stage: live
    retry: {backoff: {base: 1ms, max: 1ms}}
""".replace("@hole@", hole.url))
    answers = [router.request("POST", "/a", body=b"abc") for _ in range(2)]
    assert [a.backend for a in answers] == ["new"] * 2
    assert {"504, 200", "200"} == {
        router.entry(a)["upstream_status"] for a in answers}
    hole.stop()


def test_what_is_told(router):
    router.new.on("/plain/m", faults.answer(503))
    router.get("/plain/m")
    samples = scrape(router)
    told = {l["reason"] for n, l, _ in samples.lines
            if n == "retries_total" and l["route"] == "plain"}
    assert told == {"connect", "timeout", "invalid", "status"}
    assert samples.total("retries_refused_total") == 0
    assert samples.total("backend_retrying") == 0
