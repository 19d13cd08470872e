"""What comparisons have found, as the admin API tells it."""

import json
import re
import time

import pytest

from harness import api as apis
from harness.api import problem
from harness.evidence import feed, only_class
from harness.wait import wait_until
from test_api_events import Stream

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: shadow, by: [client], data: shared}
  - {name: b, match: {path: /b/*}, to: new, stage: legacy, by: [client], data: shared}
  - {name: c, match: {path: /c/*}, to: new, stage: legacy, by: [client], data: shared, compare: none}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
"""
ID = re.compile(r"[0-9a-f]{16}")
WHEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NOBODY = "0123456789abcdef"
ACK = {"reason": "a stamp", "owner": "team"}


@pytest.fixture
def api(one_router):
    api = apis.make(RULES, make=one_router)
    yield api
    api.close()


@pytest.fixture
def listen(api, start):
    return lambda **options: start(Stream(api, **options))


def ready(api, route):
    return api.get(f"v1/routes/{route}")["readiness"]


def acknowledge(api, one, **more):
    return api.patch(f"v1/differences/{one}", {"acknowledge": {**ACK, **more}})


def seconds(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def test_nothing_yet(api):
    assert api.get("v1/differences") == {"classes": [], "next": None}
    assert api.get("v1/differences?route=a")["classes"] == []
    said = ready(api, "a")
    assert said["verdict"] == "gathering"
    assert said["reasons"][0] == "nothing has been compared yet"
    assert (said["pairs"], said["mismatches"], said["since"]) == (0, 0, None)
    assert ready(api, "c") is None      # is never compared
    assert ready(api, "gone") is None
    for path in (NOBODY, "x", "0", "A" * 17):
        problem(api.call("GET", f"v1/differences/{path}"), 404)
    problem(api.call("GET", "v1/differences?route=nobody"), 404, "no route")
    problem(api.call("GET", f"v1/differences?after={NOBODY}"), 404)


def test_a_class(api):
    feed(api, "a 300 match", "a 2 body type $.items[*].price number string",
         "a 1 incomparable")
    one = only_class(api, "a")
    assert api.get(f"v1/differences/{one['id']}") == one
    assert ID.fullmatch(one["id"])
    assert {k: one[k] for k in ("route", "part", "path", "kind", "from", "to",
                                "pairs", "noise", "state", "acknowledged")} == {
        "route": "a", "part": "body", "path": "$.items[*].price",
        "kind": "type", "from": "number", "to": "string", "pairs": 2,
        "noise": "undecided", "state": "undecided", "acknowledged": None}
    assert WHEN.fullmatch(one["first"]) and WHEN.fullmatch(one["last"])
    sample = one["samples"][0]
    assert len(one["samples"]) == 2
    assert sample["request"] == "GET /api/x"
    assert (sample["pointer"], sample["from"], sample["to"]) == (
        "/0/a", None, None)
    assert len(sample["id"]) == 32
    said = ready(api, "a")
    assert (said["verdict"], said["pairs"], said["mismatches"]) == (
        "not ready", 302, 2)
    assert said["incomparable"] == 1
    assert said["classes"]["undecided"] == 1
    assert "classes of differences forbid it" in said["reasons"][0]
    assert said == next(r for r in api.get("v1/routes")["routes"]
                        if r["name"] == "a")["readiness"]


def test_ready(api):
    feed(api, "a 6000 match")
    said = ready(api, "a")
    assert said["verdict"] == "ready"
    assert said["estimate"] == "mismatch rate < 0.1 % at 99 % confidence"
    assert said["score"] >= said["threshold"] > 4
    assert said["needed"] == 0


def test_values_of_secrets(api):
    feed(api, "a 1 header value set-cookie - - SECRET SECRET",
         "a 1 body value $.x number number 1 2")
    classes = api.get("v1/differences?route=a")["classes"]
    assert [(s["from"], s["to"]) for c in classes for s in c["samples"]] == [
        (None, None), ("1", "2")]


def test_pages(api):
    feed(api, *(f"{route} 1 body value $.p{i} number string"
                for i in range(5) for route in ("b", "a")))
    found, after = [], ""
    while after is not None:
        page = api.get("v1/differences?limit=3" + (f"&after={after}"
                                                   if after else ""))
        assert 1 <= len(page["classes"]) <= 3
        found += [(c["route"], c["path"]) for c in page["classes"]]
        after = page["next"]
    assert found == [(r, f"$.p{i}") for r in "ab" for i in range(5)]

    page = api.get("v1/differences?route=b&limit=4")
    rest = api.get(f"v1/differences?route=b&after={page['next']}")
    assert [c["path"] for c in rest["classes"]] == ["$.p4"]
    assert rest["next"] is None
    problem(api.call("GET", f"v1/differences?route=a&after={page['next']}"),
            422, "another route")
    problem(api.call("GET", "v1/differences?limit=0"), 422)


def test_acknowledging(api):
    feed(api, "a 1 body missing $.x number -")
    one = only_class(api, "a")["id"]
    assert ready(api, "a")["verdict"] == "not ready"
    said = acknowledge(api, one, expires="7d")
    assert said["state"] == "acknowledged" and said["noise"] == "undecided"
    ack = said["acknowledged"]
    assert (ack["reason"], ack["owner"], ack["by"]) == (
        "a stamp", "team", "127.0.0.1")
    assert seconds(ack["expires"]) - seconds(ack["time"]) == 7 * 86400
    assert ready(api, "a")["verdict"] == "gathering"
    assert ready(api, "a")["classes"]["acknowledged"] == 1
    assert api.get("v1/differences?state=acknowledged")["classes"] == [said]
    assert api.get("v1/differences?state=real")["classes"] == []

    for expires in ("3000-01-01", "3000-01-01T00:00:00+02:00", None):
        ack = acknowledge(api, one, expires=expires)["acknowledged"]
        assert seconds(ack["expires"]) - seconds(ack["time"]) == 30 * 86400

    api.router.nginx.reload()
    api.close()
    assert only_class(api, "a")["acknowledged"]["owner"] == "team"
    said = api.patch(f"v1/differences/{one}", {"acknowledge": None})
    assert said["acknowledged"] is None
    assert ready(api, "a")["verdict"] == "not ready"


@pytest.mark.parametrize("body, status, pattern", [
    ({}, 422, "must be given"),
    ({"acknowledge": {}}, 422, '"reason" must be a text'),
    ({"acknowledge": {"reason": "x"}}, 422, '"owner" must be a text'),
    ({"acknowledge": {"reason": "", "owner": "x"}}, 422, "reason"),
    ({"acknowledge": {"reason": "x" * 1001, "owner": "x"}}, 422, "reason"),
    ({"acknowledge": {"reason": 1, "owner": "x"}}, 422, "string"),
    ({"acknowledge": {**ACK, "expires": "soon"}}, 422, "neither a date"),
    ({"acknowledge": {**ACK, "expires": "2020-01-01"}}, 422, "over already"),
    ({"acknowledge": {**ACK, "until": "7d"}}, 422, "unknown member"),
    ({"acknowledge": True}, 422, "must be given"),
    ({"acknowledge": None, "x": 1}, 422, "unknown member"),
    ("{", 400, "JSON"),
    ('{"acknowledge": null, "acknowledge": null}', 400, "JSON")])
def test_words_that_are_none(api, body, status, pattern):
    feed(api, "a 1 body missing $.x number -")
    one = only_class(api, "a")["id"]
    problem(api.call("PATCH", f"v1/differences/{one}", body), status, pattern)
    assert only_class(api, "a")["acknowledged"] is None


def test_resetting(api):
    feed(api, "a 3 body missing $.x number -", "a 1 body value $.y number null",
         "b 1 body missing $.x number -")
    ids = [c["id"] for c in api.get("v1/differences?route=a")["classes"]]
    answer = api.call("DELETE", f"v1/differences/{ids[0]}")
    assert (answer.status, json.loads(answer.body)) == (
        200, {"id": ids[0], "dropped": True})
    problem(api.call("DELETE", f"v1/differences/{ids[0]}"), 404)
    assert only_class(api, "a")["id"] == ids[1]
    assert ready(api, "a")["mismatches"] == 4       # they were

    answer = api.call("DELETE", "v1/differences?route=a")
    assert (answer.status, json.loads(answer.body)) == (
        200, {"route": "a", "dropped": True})
    assert ready(api, "a")["pairs"] == 0
    assert only_class(api, "b")["pairs"] == 1
    assert api.call("DELETE", "v1/differences?route=a").status == 200
    problem(api.call("DELETE", "v1/differences?route=nobody"), 404)
    problem(api.call("DELETE", "v1/differences"), 422, "route")


def test_who_may(api):
    feed(api, "a 1 body missing $.x number -")
    one = only_class(api, "a")["id"]
    for method, path, body in (("DELETE", "v1/differences?route=a", None),
                               ("DELETE", f"v1/differences/{one}", None),
                               ("PATCH", f"v1/differences/{one}",
                                {"acknowledge": ACK})):
        problem(api.call(method, path, body,
                         headers={"Origin": "http://evil.example"}), 403)
        problem(api.call(method, path, body,
                         headers={"Content-Type": "text/plain"}), 415)
        problem(api.call(method, path, body, host="evil.example"), 403)
    answer = api.call("POST", f"v1/differences/{one}", {})
    problem(answer, 405)
    assert answer.value("Allow") == "GET, HEAD, PATCH, DELETE"
    assert only_class(api, "a")["pairs"] == 1


def test_reading_only(one_router):
    api = apis.make(RULES, make=one_router, write=False)
    feed(api, "a 1 body missing $.x number -")
    one = only_class(api, "a")["id"]
    problem(api.call("DELETE", "v1/differences?route=a"), 403, "write=on")
    problem(api.call("PATCH", f"v1/differences/{one}", {"acknowledge": ACK}),
            403, "write=on")
    api.close()


def test_without_a_state(one_router):
    api = apis.make(RULES, make=one_router, rules_args="zone=1m poll=100ms")
    for method, path, body in (("GET", "v1/differences", None),
                               ("GET", f"v1/differences/{NOBODY}", None),
                               ("DELETE", "v1/differences?route=a", None),
                               ("PATCH", f"v1/differences/{NOBODY}",
                                {"acknowledge": ACK})):
        problem(api.call(method, path, body), 503, "no state=DIR")
    said = ready(api, "a")
    assert (said["verdict"], said["pairs"]) == ("gathering", 0)
    assert "state=DIR" in said["reasons"][0]
    api.close()


def test_rules_that_compare_otherwise(api):
    feed(api, "a 6000 match", "a 1 body value $.x number number")
    one = only_class(api, "a")["id"]
    acknowledge(api, one)
    before = ready(api, "a")
    api.router.rules.replace(RULES.replace("path: /a/*}", "path: /a/b/*}"))
    api.wait_generation(2)
    after = ready(api, "a")
    assert after["evidence"] != before["evidence"]
    assert (after["verdict"], after["pairs"]) == ("gathering", 0)
    assert "has changed" in after["reasons"][0]
    assert only_class(api, "a")["acknowledged"]

    feed(api, "a 10 match")
    assert ready(api, "a")["pairs"] == 10
    assert only_class(api, "a")["pairs"] == 0       # its word holds


def test_another_name(api):
    feed(api, "a 5 body value $.x number number")
    acknowledge(api, only_class(api, "a")["id"])
    api.router.rules.replace(RULES.replace("name: a,", "name: z, was: a,"))
    api.wait_generation(2)
    wait_until(lambda: ready(api, "z")["pairs"] == 5, "a name to be followed")
    one = only_class(api, "z")
    assert (one["route"], one["pairs"]) == ("z", 5)
    assert one["acknowledged"]["owner"] == "team"
    problem(api.call("GET", "v1/differences?route=a"), 404)


def test_a_damaged_file(api):
    feed(api, "a 5 match", "b 5 match")
    path = api.router.nginx.home / "state" / "evidence" / "a.json"
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"#" + data[101:])
    assert "cannot be read" in ready(api, "a")["reasons"][0]
    assert ready(api, "b")["pairs"] == 5
    feed(api, "a 5 match")
    assert ready(api, "a")["pairs"] == 5
    assert path.with_name("a.json.damaged").exists()


def test_metrics(api):
    assert "strangler_differences{" not in metrics(api)
    feed(api, "a 8000 match", "a 1 body value $.x number number",
         "b 9 body missing $.x number -")
    acknowledge(api, only_class(api, "b")["id"])
    text = metrics(api)
    for line in ('differences{route="a",state="undecided"} 1',
                 'differences{route="a",state="acknowledged"} 0',
                 'differences{route="b",state="acknowledged"} 1',
                 'readiness{route="a",verdict="ready"} 1',
                 'readiness{route="a",verdict="not ready"} 0',
                 'readiness{route="b",verdict="gathering"} 1'):
        assert f"strangler_{line}\n" in text, line
    assert 'route="c",state' not in text


def metrics(api):
    return api.call("GET", "metrics").body.decode()


def test_events(api, listen):
    streams = [listen().hello() for _ in range(3)]
    feed(api, "a 500 match", "a 1 body value $.x number number")
    one = only_class(api, "a")
    for stream in streams:
        assert stream.next("difference") == ("difference", 0, one)
    feed(api, "a 1 body missing $.y number -")
    for stream in streams:
        told = stream.next("readiness")[2]
        assert (told["route"], told["verdict"]) == ("a", "not ready")
        assert told["pairs"] == 502
        assert "forbid it" in told["reasons"][0]
        assert stream.next("difference")[2]["path"] == "$.y"
    acknowledge(api, stream_class(api, "$.y"))
    for stream in streams:
        told = stream.next("readiness")[2]
        assert told["verdict"] == "gathering"

    # who comes later hears of what comes then

    late = listen().hello()
    feed(api, "b 1 body value $.z number number")
    assert late.next("difference")[2]["route"] == "b"


def stream_class(api, path):
    return next(c["id"] for c in api.get("v1/differences?route=a")["classes"]
                if c["path"] == path)


def test_every_worker_tells(one_router, start):
    api = apis.make(RULES, make=one_router, workers=2)
    streams = [start(Stream(api)).hello() for _ in range(8)]
    feed(api, "a 1 body value $.x number number")
    for stream in streams:
        assert stream.next("difference")[2]["path"] == "$.x"
    api.close()
