"""The stage table: who answers, who stands in, and what the log says of it."""

import pytest

from harness import faults

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  other: {servers: [@other@]}
default: legacy
routes:
  - name: in-legacy
    match: {path: /legacy/*}
    to: new
    stage: legacy
    capability: orders
  - name: in-shadow
    match: {path: /shadow/*}
    to: new
    stage: shadow
    shadow: {percent: 0}
  - name: ramp-none
    match: {path: /ramp0/*}
    to: new
    stage: ramp
    percent: 0
    by: [request]
    data: shared
  - name: ramp-all
    match: {path: /ramp100/*}
    to: new
    stage: ramp
    percent: 100
    by: [request]
    data: shared
  - name: in-live
    match: {path: /live/*}
    to: new
    stage: live
  - name: in-done
    match: {path: /done/*}
    to: new
    stage: done
  - name: from-other
    match: {path: /from/*}
    from: other
    to: new
    stage: legacy
  - name: from-other-live
    match: {path: /from-live/*}
    from: other
    to: new
    stage: live
  - name: gone
    match: {path: /gone/*}
    respond: {status: 410, body: "it is gone\\n", type: text/x-gone}
  - name: bare
    match: {path: /bare}
    respond: {status: 204}
  - name: moved
    match: {path: /moved/*}
    redirect: {path: /live/*}
"""

NO_DEFAULT = """
version: 1
backends:
  new: {servers: [@new@]}
routes:
  - {name: only, match: {path: /only/*}, to: new, stage: done}
  - name: live-alone
    match: {path: /live-alone/*}
    to: new
    stage: live
    fallback: none
"""

# path, route, stage, who answers, side, who stands in when that one fails
STAGES = [
    ("/legacy/a", "in-legacy", "legacy", "legacy", "old", None),
    ("/shadow/a", "in-shadow", "shadow", "legacy", "old", None),
    ("/ramp0/a", "ramp-none", "ramp", "legacy", "old", None),
    ("/ramp100/a", "ramp-all", "ramp", "new", "new", "legacy"),
    ("/live/a", "in-live", "live", "new", "new", "legacy"),
    ("/done/a", "in-done", "done", "new", "new", None),
    ("/from/a", "from-other", "legacy", "other", "old", None),
    ("/from-live/a", "from-other-live", "live", "new", "new", "other"),
]


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(
        {"main": RULES, "bare": NO_DEFAULT},
        backends=("legacy", "new", "other"),
        server="""
        location /bare-set/ {
            rewrite ^/bare-set(/.*)$ $1 break;
            strangler_pass bare;
            include @PARAMS@;
        }""")


@pytest.mark.parametrize("path, route, stage, answers, side, _", STAGES)
def test_who_answers(router, path, route, stage, answers, side, _):
    response = router.get(path)

    assert response.backend == answers
    assert router.legs() == [answers]

    entry = router.entry(response)
    assert entry["strangler_route"] == route
    assert entry["strangler_stage"] == stage
    assert entry["strangler_backend"] == answers
    assert entry["strangler_side"] == side
    assert entry["strangler_fallback"] == ""


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path, answers", [(s[0], s[3]) for s in STAGES])
def test_every_method_goes_the_same_way(router, path, answers, method):
    response = router.request(method, path, body=b"x" * 10)
    assert response.backend == answers
    assert router.seen()[0].body_length == 10


@pytest.mark.parametrize(
    "path, answers, stands_in", [(s[0], s[3], s[5]) for s in STAGES])
def test_who_stands_in(router, path, answers, stands_in):
    router.backends[answers].on(path, faults.answer(503, "busy"))
    response = router.get(path)

    if stands_in is None:
        assert response.status == 503
        assert response.text == "busy"
        assert router.legs() == [answers]
        assert router.entry(response)["strangler_fallback"] == ""
    else:
        assert response.backend == stands_in
        assert router.legs() == [answers, stands_in]
        entry = router.entry(response)
        assert entry["strangler_fallback"] == "503"
        assert entry["strangler_backend"] == stands_in
        assert entry["strangler_side"] == "old"


def test_no_route_goes_to_default(router):
    response = router.get("/elsewhere")
    assert response.backend == "legacy"
    assert response.route is None
    entry = router.entry(response)
    assert entry["strangler_backend"] == "legacy"
    assert entry["strangler_stage"] == ""


def test_no_fallback_for_default(router):
    router.legacy.on("/elsewhere", faults.answer(503))
    assert router.get("/elsewhere").status == 503
    assert router.legs() == ["legacy"]


def test_without_default_404(router):
    response = router.get("/bare-set/nothing")
    assert response.status == 404
    assert router.legs() == []
    assert router.entry(response)["strangler_backend"] == ""


def test_without_default_routes_still_work(router):
    assert router.get("/bare-set/only/a").backend == "new"


def test_live_without_an_old_side(router):
    router.new.on("/live-alone/a", faults.answer(503))
    assert router.get("/bare-set/live-alone/a").status == 503
    assert router.get("/bare-set/live-alone/b").backend == "new"


def test_respond(router):
    response = router.get("/gone/x")
    assert response.status == 410
    assert response.text == "it is gone\n"
    assert response.value("Content-Type") == "text/x-gone"
    assert router.legs() == []

    entry = router.entry(response)
    assert entry["strangler_route"] == "gone"
    assert entry["strangler_backend"] == ""
    assert entry["upstream_addr"] == ""


def test_respond_to_head_and_post(router):
    response = router.request("HEAD", "/gone/x")
    assert response.status == 410
    assert response.value("Content-Length") == "11"
    response = router.request("POST", "/gone/x", body=b"y" * 100000)
    assert response.status == 410
    assert router.get("/live/a").backend == "new"


def test_respond_without_a_body(router):
    response = router.get("/bare")
    assert response.status == 204
    assert response.body == b""


def test_redirect_needs_no_stage(router):
    response = router.get("/moved/a/b?c=1")
    assert response.status == 302
    assert response.value("Location").endswith("/live/a/b?c=1")
    assert router.legs() == []


def test_capability_is_logged(router):
    entry = router.entry(router.get("/legacy/a"))
    assert entry["strangler_capability"] == "orders"


def test_nothing_is_copied(router):
    entry = router.entry(router.get("/shadow/a"))
    assert entry["strangler_shadow"] == ""
    assert entry["strangler_copy"] in ("", "0")
