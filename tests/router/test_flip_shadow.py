"""The share of copies as a flip: answers, history, and what every worker has."""

import pytest

from harness import api as apis
from harness.api import problem
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
groups:
  pair: {stage: shadow}
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: shadow, shadow: {percent: 5}}
  - {name: plain, match: {path: /plain/*}, to: new, stage: shadow}
  - {name: old, match: {path: /old/*}, to: new, stage: legacy}
  - {name: one, match: {path: /one}, to: new, group: pair}
  - {name: two, match: {path: /two}, to: new, group: pair}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
"""


@pytest.fixture(scope="module")
def api(make_router):
    api = apis.make(RULES, make=make_router)
    yield api
    api.close()


@pytest.fixture(autouse=True)
def reset(api):
    yield
    api.post("v1/flips", {"reset": ["a", "plain", "old", "one", "two"]})


def share(api, name):
    shadow = api.get(f"v1/routes/{name}")["shadow"]
    return shadow["percent"], shadow["file"]["percent"]


def flip(api, name, percent, **more):
    return api.patch(f"v1/routes/{name}",
                     {"shadow": {"percent": percent}, **more})


def drift(api):
    lines = api.call("GET", "metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines
               if line.startswith("strangler_drift"))


def last(api):
    return api.get(f"v1/history?after={api.seq() - 1}")["entries"][0]


def test_what_the_file_says(api):
    assert share(api, "a") == (5, 5)
    assert share(api, "plain") == (10, 10)
    assert share(api, "old") == (0, 0)
    assert api.get("v1/routes/gone")["shadow"] is None


def test_a_route(api):
    route = flip(api, "a", 12.5, reason="more of it")
    assert route["shadow"] == {"percent": 12.5, "file": {"percent": 5}}
    assert (route["stage"], route["source"], route["drift"], route["seq"]) \
        == ("shadow", "flip", True, api.seq())
    assert last(api)["changes"] == [
        {"route": "a", "field": "shadow.percent", "from": 5, "to": 12.5}]
    assert [r["name"] for r in api.get("v1/routes?drift=true")["routes"]] \
        == ["a"]
    assert api.get("v1/status")["drift"]
    answer = api.post("v1/explain", {"method": "GET", "url": "/a/1"})
    assert answer["shadow"] == route["shadow"]
    assert drift(api) == 1

    before = api.seq()
    flip(api, "a", 12.5)
    assert api.seq() == before
    api.post("v1/flips", {"undo": before})
    assert share(api, "a") == (5, 5)
    assert api.get("v1/routes/a")["drift"] is False


def test_with_the_stage(api):
    route = api.patch("v1/routes/a", {"stage": "live",
                                      "shadow": {"percent": 1}})
    assert (route["stage"], route["shadow"]["percent"]) == ("live", 1)
    assert [c["field"] for c in last(api)["changes"]] \
        == ["stage", "shadow.percent"]
    assert api.router.get("/a/1").backend == "new"
    api.flip("a", "shadow")
    assert share(api, "a") == (1, 5)


def test_of_a_group_each_has_its_own(api):
    flip(api, "one", 50)
    assert share(api, "one") == (50, 10)
    assert share(api, "two") == (10, 10)
    answer = api.post("v1/flips", {"changes": [
        {"group": "pair", "shadow": {"percent": 0}}]})
    assert {(c["route"], c["to"]) for c in answer["changes"]} \
        == {("one", 0), ("two", 0)}


def test_all(api):
    answer = api.post("v1/flips", {"changes": [
        {"all": True, "shadow": {"percent": 7}}]})
    assert {c["route"] for c in answer["changes"]} \
        == {"a", "plain", "one", "two"}
    assert [s["route"] for s in answer["skipped"]] == ["old"]


@pytest.mark.parametrize("name,body,why", [
    ("old", {"shadow": {"percent": 5}}, "nothing is copied"),
    ("gone", {"shadow": {"percent": 5}}, "redirects or responds"),
    ("a", {"shadow": {}}, "needs"),
    ("a", {"shadow": 5}, "object"),
    ("a", {"shadow": {"percent": 101}}, "0 to 100"),
    ("a", {"shadow": {"percnt": 1}}, "percnt"),
    ("a", {"shadow": {"percent": 5}, "stage": "done"}, "nothing is copied"),
])
def test_refused(api, name, body, why):
    before = api.seq()
    problem(api.call("PATCH", f"v1/routes/{name}", body), 422, why)
    assert api.seq() == before


def test_if_seq_and_the_tag(api):
    seq = flip(api, "a", 1)["seq"]
    problem(api.call("PATCH", "v1/routes/a", {"stage": "live", "if_seq": 0}),
            409)
    tag = api.call("GET", "v1/routes/a").value("ETag")
    flip(api, "a", 2, if_seq=seq)
    problem(api.call("PATCH", "v1/routes/a", {"stage": "live"},
                     {"If-Match": tag}), 412)


def test_a_lease(api):
    route = flip(api, "a", 90, lease="1h")
    assert route["lease"]["seq"] == route["seq"]
    api.post("v1/flips", {"confirm": route["seq"]})
    assert api.get("v1/routes/a")["lease"] is None
    assert share(api, "a") == (90, 5)


def test_the_file_changes_it(api):
    flip(api, "a", 50)
    flip(api, "plain", 50)
    api.router.rules.replace(RULES.replace("{percent: 5}", "{percent: 6}"))
    wait_until(lambda: share(api, "a") == (6, 6), "the file's share")
    assert share(api, "plain") == (50, 10)
    wait_until(lambda: last(api)["actor"] == "rules", "what the file dropped")
    assert last(api)["changes"] == [
        {"route": "a", "field": "shadow.percent", "from": 50, "to": 6}]
    flip(api, "a", 50, hold=True)
    api.router.rules.replace(RULES)
    wait_until(lambda: share(api, "a") == (50, 5), "the file before")
    api.post("v1/flips", {"release": ["a"]})
    assert share(api, "a") == (5, 5)


def copied(api, path):
    """Whether a request is copied, as the access log has it."""
    entry = api.router.entry(api.router.get(path))
    return entry["strangler_shadow"] == "sent"


def test_copies_follow(api):
    flip(api, "a", 0)
    assert not copied(api, "/a/1")
    flip(api, "a", 100)
    assert copied(api, "/a/2")
    wait_until(lambda: api.router.new.seen("/a/2"), "the copy is there")

    # what waits for another stage copies nothing in this one
    for stage in "legacy", "done":
        api.flip("a", stage)
        assert share(api, "a") == (100, 5)
        assert not copied(api, f"/a/{stage}")

    # where the file says nothing, a flip counts as if it did
    api.flip("plain", "live")
    assert not copied(api, "/plain/1")
    flip(api, "plain", 100)
    assert copied(api, "/plain/2")
