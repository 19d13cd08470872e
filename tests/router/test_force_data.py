"""Testers and bots go where they are told; writes go where the truth is."""

import pytest

from harness import faults

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
"""

FORCE = """
  - name: force-{stage}
    match: {{path: /force/{stage}/*}}
    to: new
    stage: {stage}
    shadow: {{percent: 0}}
    {ramp}
    force:
      new: [{{cookies: {{qa: "1"}}}}, {{headers: {{X-Try: "*"}}}}]
      old: [{{headers: {{User-Agent: '~*bot'}}}}, {{query: {{side: old}}}},
            {{clients: [10.0.0.0/8]}}]
"""

DATA = """
  - name: data-{data}-{stage}
    match: {{path: /data/{data}/{stage}/*}}
    to: new
    stage: {stage}
    shadow: {{percent: 0}}
    data: {data}
    {ramp}
"""

RAMP = {"ramp": "percent: {0}\n    by: [request]\n    data: shared",
        "data": "percent: {0}\n    by: [request]"}

STAGES = ["legacy", "shadow", "ramp", "live", "done"]
SAFE = ["GET", "HEAD", "OPTIONS"]
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


def rules():
    text = RULES
    for stage in ("shadow", "ramp", "live"):
        ramp = RAMP["ramp"].format(50) if stage == "ramp" else ""
        text += FORCE.format(stage=stage, ramp=ramp)
    for data in ("shared", "old", "new"):
        for stage in STAGES:
            percents = {"ramp": ["0", "100"]}.get(stage, [""])
            for percent in percents:
                ramp = RAMP["data"].format(percent) if percent else ""
                route = DATA.format(data=data, stage=stage, ramp=ramp)
                if percent:
                    route = route.replace("-ramp", "-ramp" + percent)
                    route = route.replace("/ramp/", f"/ramp{percent}/")
                text += route
    text += """
  - name: stale
    match: {path: /stale/*}
    to: new
    stage: live
    data: new
    fallback: {stale: true}
"""
    return text


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(rules(), server="""
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;""")


def answers(router, target, headers=(), times=1, method="GET"):
    return {r.backend for r in router.many([(method, target, headers)] * times)}


@pytest.mark.parametrize("stage", ["shadow", "ramp", "live"])
@pytest.mark.parametrize("headers", [
    {"Cookie": "a=1; qa=1"}, {"X-Try": "yes"},
], ids=["cookie", "header"])
def test_forced_to_the_new_side(router, stage, headers):
    assert answers(router, f"/force/{stage}/a", headers, 20) == {"new"}


@pytest.mark.parametrize("stage", ["shadow", "ramp", "live"])
@pytest.mark.parametrize("query, headers", [
    ("", {"User-Agent": "GoogleBot/2"}), ("?side=old", {}),
    ("", {"X-Real-IP": "10.9.9.9"}),
], ids=["header", "query", "client"])
def test_forced_to_the_old_side(router, stage, query, headers):
    assert answers(router, f"/force/{stage}/a{query}", headers, 20) == {
        "legacy"}


@pytest.mark.parametrize("stage, expected", [
    ("shadow", {"legacy"}), ("ramp", {"legacy", "new"}), ("live", {"new"})])
def test_nobody_else_is_forced(router, stage, expected):
    headers = {"Cookie": "qa=2", "User-Agent": "curl"}
    assert answers(router, f"/force/{stage}/a", headers, 60) == expected


def test_a_forced_tester_falls_back_as_any(router):
    router.new.on("/force/live/a", faults.answer(503))
    response = router.get("/force/live/a", {"X-Try": "1"})
    assert response.backend == "legacy"


def test_forced_to_the_old_side_in_live_has_no_fallback(router):
    router.legacy.on("/force/live/a", faults.answer(503))
    response = router.get("/force/live/a?side=old")
    assert response.status == 503
    assert router.legs() == ["legacy"]


# data, stage, side of safe methods, side of unsafe methods
TRUTH = [
    ("shared", "legacy", "legacy", "legacy"),
    ("shared", "shadow", "legacy", "legacy"),
    ("shared", "ramp0", "legacy", "legacy"),
    ("shared", "ramp100", "new", "new"),
    ("shared", "live", "new", "new"),
    ("shared", "done", "new", "new"),
    ("old", "legacy", "legacy", "legacy"),
    ("old", "shadow", "legacy", "legacy"),
    ("old", "ramp0", "legacy", "legacy"),
    ("old", "ramp100", "new", "legacy"),
    ("old", "live", "new", "new"),
    ("old", "done", "new", "new"),
    ("new", "legacy", "legacy", "legacy"),
    ("new", "shadow", "legacy", "legacy"),
    ("new", "ramp0", "legacy", "new"),
    ("new", "ramp100", "new", "new"),
    ("new", "live", "new", "new"),
    ("new", "done", "new", "new"),
]


@pytest.mark.parametrize("data, stage, safe, unsafe", TRUTH)
def test_who_gets_reads_and_writes(router, data, stage, safe, unsafe):
    path = f"/data/{data}/{stage}/a"
    for method in SAFE + UNSAFE:
        router.reset()
        router.request(method, path)
        expected = safe if method in SAFE else unsafe
        assert router.legs() == [expected], method


def test_no_stale_reads(router):
    """With data: new the old side has no answer that may stand in."""
    router.new.on("/data/new/live/a", faults.answer(503, "down"))
    response = router.get("/data/new/live/a")
    assert response.status == 503
    assert response.text == "down"
    assert router.legs() == ["new"]


def test_stale_reads_where_they_are_allowed(router):
    router.new.on("/stale/a", faults.answer(503, "down"))
    assert router.get("/stale/a").backend == "legacy"


@pytest.mark.parametrize("data", ["shared", "old"])
def test_reads_fall_back_while_the_old_side_knows(router, data):
    path = f"/data/{data}/live/a"
    router.new.on(path, faults.answer(503, "down"))
    assert router.get(path).backend == "legacy"
