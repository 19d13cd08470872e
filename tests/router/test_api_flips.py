"""Flips by the API: preconditions, answers, and the history of them."""

import json

import pytest

from harness import api as apis
from harness.api import problem

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
groups:
  pair: {stage: legacy}
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared, capability: shop}
  - {name: b, match: {path: /b/*}, to: new, stage: ramp, percent: 25, by: [client], data: shared}
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
    api.post("v1/flips", {"reset": ["a", "b", "pair"]})
    api.patch("v1/backends/new", {"drain": False})


def last(api):
    return api.get(f"v1/history?after={api.seq() - 1}")["entries"][0]


def test_a_route(api):
    route = api.flip("a", "live", reason="now")
    assert (route["stage"], route["percent"], route["source"],
            route["drift"], route["seq"]) == ("live", 100, "flip", True,
                                              api.seq())
    assert route["file"] == {"stage": "legacy", "percent": 0}
    assert api.router.get("/a/1").backend == "new"
    entry = last(api)
    assert entry["changes"] == [
        {"route": "a", "field": "stage", "from": "legacy", "to": "live"}]
    assert (entry["kind"], entry["reason"]) == ("flip", "now")
    assert entry["rules"] == api.get("v1/status")["checksum"]


@pytest.mark.parametrize("given,share", [
    ("0", 0), ("0.5", .5), ("12.50", 12.5), ("99.99", 99.99), ("100", 100),
    ("100.00", 100)])
def test_percents(api, given, share):
    route = api.patch("v1/routes/a", f'{{"stage":"ramp","percent":{given}}}')
    assert (route["stage"], route["percent"]) == ("ramp", share)


def test_nothing_changes_nothing(api):
    before = api.seq()
    assert api.flip("a", "legacy")["seq"] == 0 or api.seq() == before
    flipped = api.post("v1/flips", {"changes": [
        {"route": "a", "stage": "legacy"}]})
    assert flipped == {"seq": before, "changes": [], "skipped": []}
    assert api.seq() == before


def test_the_tag(api):
    answer = api.call("GET", "v1/routes/a")
    tag = answer.value("ETag")
    assert tag == api.call("HEAD", "v1/routes/a").value("ETag")
    answer = api.call("PATCH", "v1/routes/a", {"stage": "live"},
                      headers={"If-Match": tag})
    assert answer.status == 200
    assert answer.value("ETag") == api.call("GET",
                                            "v1/routes/a").value("ETag") != tag
    problem(api.call("PATCH", "v1/routes/a", {"stage": "done"},
                     headers={"If-Match": tag}), 412, "If-Match")
    assert api.get("v1/routes/a")["stage"] == "live"


@pytest.mark.parametrize("tag", [
    '"x"', 'x', '""', '"1-0"', "W/{tag}", '"0-0", "1-1"', '{tag}x',
    '"{raw}', "-1", '"' + "9" * 100 + '"', '"{raw} "'])
def test_tags_that_are_none_of_ours(api, tag):
    ours = api.call("GET", "v1/routes/a").value("ETag")
    problem(api.call("PATCH", "v1/routes/a", {"stage": "live"}, headers={
        "If-Match": tag.format(tag=ours, raw=ours.strip('"'))}), 412)
    assert api.get("v1/routes/a")["stage"] == "legacy"


@pytest.mark.parametrize("tags", ["*", '"1-1", {tag}', "{tag} , \"x\""])
def test_any_tag_and_lists(api, tags):
    """RFC 9110, 13.1.1: one of the list is enough."""
    tag = api.call("GET", "v1/routes/a").value("ETag")
    assert api.call("PATCH", "v1/routes/a", {"stage": "live"}, headers={
        "If-Match": tags.format(tag=tag)}).status == 200


def test_the_tag_of_a_backend(api):
    tag = api.call("GET", "v1/backends/new").value("ETag")
    answer = api.call("PATCH", "v1/backends/new", {"drain": True},
                      headers={"If-Match": tag})
    assert answer.status == 200 and json.loads(answer.body)["drain"] is True
    problem(api.call("PATCH", "v1/backends/new", {"drain": False},
                     headers={"If-Match": tag}), 412)


def test_a_flip_decided_on_what_was(api):
    seq = api.flip("a", "live")["seq"]
    api.flip("b", "live")
    problem(api.call("PATCH", "v1/routes/a", {"stage": "done",
                                              "if_seq": seq - 1}), 409)
    problem(api.call("POST", "v1/flips", {"undo": seq, "if_seq": seq}), 409)
    assert api.flip("a", "done", if_seq=seq)["stage"] == "done"


def test_several_or_none(api):
    problem(api.call("POST", "v1/flips", {"changes": [
        {"route": "a", "stage": "live"}, {"route": "gone",
                                          "stage": "live"}]}), 422, "gone")
    assert api.get("v1/routes/a")["stage"] == "legacy"
    flipped = api.post("v1/flips", {"changes": [
        {"route": "a", "stage": "live"}, {"route": "b", "percent": 50}]})
    assert [(c["route"], c["field"], c["to"]) for c in flipped["changes"]
            ] == [("a", "stage", "live"), ("b", "percent", 50)]


def test_all_of_a_group_by_one(api):
    api.flip("one", "live")
    assert [api.get(f"v1/routes/{n}")["stage"] for n in ("one", "two")
            ] == ["live", "live"]
    assert {c["route"] for c in last(api)["changes"]} == {"one", "two"}


@pytest.mark.parametrize("what,routes", [
    ({"all": True}, {"a", "b", "one", "two"}),
    ({"backend": "new"}, {"a", "b", "one", "two"}),
    ({"capability": "shop"}, {"a"}), ({"group": "pair"}, {"one", "two"})],
    ids=["all", "backend", "capability", "group"])
def test_many_at_once(api, what, routes):
    flipped = api.post("v1/flips", {"changes": [{**what, "stage": "live"}]})
    assert {c["route"] for c in flipped["changes"]} == routes


def test_undo(api):
    seq = api.flip("a", "live")["seq"]
    undone = api.post("v1/flips", {"undo": seq})
    assert undone["changes"] == [
        {"route": "a", "field": "stage", "from": "live", "to": "legacy"}]
    assert (last(api)["kind"], last(api)["of"]) == ("undo", seq)
    problem(api.call("POST", "v1/flips", {"undo": seq}), 409, "since")


def test_a_lease(api):
    route = api.flip("a", "live", lease="1h")
    assert route["lease"]["seq"] == route["seq"]
    assert last(api)["lease"] == route["lease"]["expires"]
    api.post("v1/flips", {"confirm": route["seq"]})
    assert api.get("v1/routes/a")["lease"] is None
    problem(api.call("POST", "v1/flips", {"confirm": route["seq"]}), 404)


def test_a_lease_ends(api):
    api.flip("a", "live", lease="1s")
    apis.wait_until(lambda: api.get("v1/routes/a")["stage"] == "legacy",
                    "the lease has ended")
    assert last(api)["kind"] == "revert"


def test_drain(api):
    api.flip("a", "live")
    backend = api.patch("v1/backends/new", {"drain": True, "reason": "x"})
    assert (backend["drain"], backend["seq"]) == (True, api.seq())
    assert last(api)["changes"] == [
        {"backend": "new", "field": "drain", "from": False, "to": True}]
    assert api.router.get("/a/1").backend == "legacy"
    api.patch("v1/backends/new", {"drain": False})
    assert api.router.get("/a/1").backend == "new"


def test_a_default_is_not_drained(api):
    problem(api.call("PATCH", "v1/backends/legacy", {"drain": True}), 422)


def test_history_in_pages(api):
    first = api.seq()
    for i in range(7):
        api.flip("a", "live" if i % 2 == 0 else "legacy", reason=f"n{i}")
    seen, after, pages = [], first, 0
    while after is not None:
        page = api.get(f"v1/history?limit=3&after={after}")
        assert len(page["entries"]) <= 3 and page["oldest"] == 1
        seen += page["entries"]
        after, pages = page["next"], pages + 1
    assert [e["reason"] for e in seen] == [f"n{i}" for i in range(7)]
    assert [e["seq"] for e in seen] == list(range(first + 1, first + 8))
    assert pages == 3


def test_a_page_that_is_just_full(api):
    first = api.seq()
    for stage in ("live", "done", "legacy"):
        api.flip("a", stage)
    page = api.get(f"v1/history?limit=3&after={first}")
    assert (len(page["entries"]), page["next"]) == (3, None)


def test_history_of_one(api):
    first = api.seq()
    for name in ("a", "b", "a", "one"):
        api.flip(name, "live")
        api.flip(name, "legacy")
    api.patch("v1/backends/new", {"drain": True})

    def of(name, more=""):
        return api.get(f"v1/history?route={name}&after={first}{more}")

    assert [e["seq"] - first for e in of("a")["entries"]] == [1, 2, 5, 6]
    assert [e["seq"] - first for e in of("two")["entries"]] == [7, 8]
    assert [e["seq"] - first for e in of("new")["entries"]] == [9]
    page = of("a", "&limit=2")
    assert page["next"] == first + 2
    assert of("nobody") == {"entries": [], "next": None, "oldest": 1}


@pytest.mark.parametrize("query", [
    "after=x", "after=", "after=-1", "after=1.5", "after=99999999999999999999",
    "limit=0", "limit=1001", "limit=x", "limit=", "limit=-1"])
def test_pages_that_are_none(api, query):
    problem(api.call("GET", f"v1/history?{query}"), 422)


def test_after_the_end(api):
    page = api.get("v1/history?after=999999")
    assert page["entries"] == [] and page["next"] is None


def test_a_reason_in_any_script(api):
    """Text of people comes back as it was, and breaks no line."""
    reason = "na\u00efve \u4e2d \U0001f600 \"\\\n\t\u2028 \0 </script>"
    api.flip("a", "live", reason=reason)
    assert last(api)["reason"] == reason
    journal = api.router.nginx.home / "state" / "journal.jsonl"
    assert journal.read_bytes().count(b"\n") == api.seq()


def test_a_rename_is_told(api):
    """`was` carries a flip over, and the history says so."""
    api.flip("a", "live")
    generation = api.get("v1/status")["generation"]
    api.router.rules.replace(RULES.replace("name: a,", "name: c, was: a,"))
    api.wait_generation(generation + 1)
    try:
        assert api.get("v1/routes/c")["stage"] == "live"
        problem(api.call("GET", "v1/routes/a"), 404)
    finally:
        generation = api.get("v1/status")["generation"]
        api.router.rules.replace(RULES)
        api.wait_generation(generation + 1)
