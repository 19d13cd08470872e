"""v1/explain, v1/rules/check and v1/surface: what would happen, and why."""

import re

import pytest

from harness import api as apis
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: method, match: {path: /p/*, methods: [PUT, DELETE]}, to: new, stage: live}
  - {name: host, match: {path: /p/*, host: [one.test]}, to: new, stage: live}
  - {name: head, match: {path: /p/*, headers: {X-A: b}}, to: new, stage: live}
  - {name: absent, match: {path: /p/*, headers: {X-B: "!"}, cookies: {no: "1"}}, to: new, stage: live}
  - {name: query, match: {path: /p/*, query: {q: "~^[0-9]+$"}}, to: new, stage: live}
  - {name: client, match: {path: /p/*, clients: [10.0.0.0/8]}, to: new, stage: live}
  - {name: ramp, match: {path: "/ramp/{id}"}, to: new, stage: ramp, percent: 25, by: ["cookie:uid"], data: shared, retry: {attempts: 2}, fallback: {to: legacy, when: [connect]}}
  - {name: plain, match: {path: /plain}, to: new, stage: legacy}
  - {name: force, match: {path: /force}, to: new, stage: ramp, percent: 0, by: [client], data: shared, force: {new: [{headers: {X-Side: new}}]}}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
  - {name: moved, match: {path: /moved}, redirect: {path: /plain, status: 302}}
tests:
  - {request: GET /plain, route: plain}
"""


@pytest.fixture(scope="module")
def api(make_router):
    api = apis.make(RULES, make=make_router)
    yield api
    api.close()


@pytest.fixture(autouse=True)
def reset(api):
    yield
    api.post("v1/flips", {"reset": ["plain", "ramp"]})
    api.patch("v1/backends/new", {"drain": False})


def explain(api, url, method="GET", client=None, **headers):
    return api.post("v1/explain", {
        "url": url, "method": method, "client": client,
        "headers": {n.replace("_", "-"): v for n, v in headers.items()}})


def because(told):
    return {c["route"]: c["because"] for c in told["candidates"]}


def test_why_not(api):
    told = explain(api, "/p/1?q=x", X_B="1", client="192.0.2.1",
                   Host="two.test")
    assert (told["route"], told["backend"], told["side"]) == (
        None, "legacy", "old")
    said = because(told)
    for route, pattern in (("method", "method is not PUT or DELETE"),
                           ("head", "header X-A"), ("absent", "header X-B"),
                           ("query", "query q"), ("client", "client")):
        assert re.search(pattern, said[route], re.I), said
    assert not [c for c in told["candidates"] if c["won"]]


@pytest.mark.parametrize("ask,route", [
    ({"url": "/p/1", "method": "PUT"}, "method"),
    ({"url": "http://one.test/p/1"}, "host"),
    ({"url": "http://ONE.test:8080/p/1?x"}, "host"),
    ({"url": "/p/1", "headers": {"host": "one.test."}}, "host"),
    ({"url": "https://one.test", "headers": {}}, None),
    ({"url": "/p/1", "headers": {"x-a": "b"}}, "head"),
    ({"url": "/p/1", "headers": {"X-A": ["b"], "X-B": []}}, "head"),
    ({"url": "/p/1?q=12", "headers": {"X-B": ""}}, "query"),
    ({"url": "/p/1", "headers": {"X-B": ""}, "client": "10.1.1.1"}, "client"),
    ({"url": "/p/1", "headers": {"X-B": ""}, "client": "::ffff:10.1.1.1"},
     "client"),
    ({"url": "/p/../plain"}, "plain"), ({"url": "/%70lain"}, "plain"),
    ({"url": "//plain"}, "plain"), ({"url": "/nowhere"}, None),
    ({"url": "/", "client": "2001:db8::1"}, None)],
    ids=lambda value: str(value))
def test_urls_and_clients(api, ask, route):
    told = api.post("v1/explain", ask)
    assert told["route"] == route
    won = [c["route"] for c in told["candidates"] if c["won"]]
    assert won == ([route] if route else [])


def test_nothing_matches(api):
    told = explain(api, "/nowhere")
    assert [told[key] for key in ("route", "stage", "bucket", "by", "fallback")
            ] == [None] * 5
    assert told["backend"] == "legacy"


def test_a_bucket_is_that_of_requests(api):
    """What explain says is what is done, whoever asks."""
    for uid in range(40):
        cookie = f"uid={uid}"
        told = explain(api, "/ramp/1", Cookie=cookie)
        assert told["by"] == "cookie:uid"
        assert (told["side"] == "new") == (told["bucket"] < 2500)
        assert told["retries"] == (2 if told["side"] == "new" else 0)
        answer = api.router.get("/ramp/1", {"Cookie": cookie})
        assert answer.backend == told["backend"]


def test_a_bucket_without_its_cookie(api):
    told = explain(api, "/ramp/1")
    assert (told["by"], told["side"], told["backend"]) == (
        None, "old", "legacy")


def test_a_flip_is_in_it(api):
    assert explain(api, "/plain")["source"] == "file"
    seq = api.flip("plain", "live")["seq"]
    told = explain(api, "/plain")
    assert [told[key] for key in ("stage", "source", "side", "backend", "seq")
            ] == ["live", "flip", "new", "new", seq]


def test_a_drain_is_in_it(api):
    api.flip("plain", "live")
    api.patch("v1/backends/new", {"drain": True})
    told = explain(api, "/plain")
    assert (told["backend"], told["side"]) == ("legacy", "old")
    assert "drain" in told["why"]


def test_a_force_is_in_it(api):
    assert explain(api, "/force")["backend"] == "legacy"
    told = explain(api, "/force", X_Side="new")
    assert told["backend"] == "new" and "forced" in told["why"]


def test_answers_of_the_router(api):
    for url, why in (("/gone", "respond 410"), ("/moved", "redirect 302")):
        told = explain(api, url)
        assert (told["backend"], told["why"], told["stage"]) == (
            None, why, None)


def test_nothing_is_counted_or_changed(api):
    before = api.get("v1/routes/plain"), api.get("v1/surface"), api.seq()
    for url in ("/plain", "/left/over"):
        explain(api, url)
    assert before == (api.get("v1/routes/plain"), api.get("v1/surface"),
                      api.seq())


def test_good_rules(api):
    told = api.check(RULES)
    assert (told["ok"], told["errors"], told["diagnostics"], told["routes"],
            told["backends"], told["tests"]) == (True, 0, [], 11, 2, 1)


def test_places_of_errors(api):
    told = api.check("version: 1\nbackends:\n  a: {servers: [http://h:1]}\n"
                     "default: a\nroutes:\n  - {name: x, mach: {path: /a}, "
                     "to: a, stage: livee}\n")
    assert told["ok"] is False and told["errors"] == len(told["diagnostics"])
    first = told["diagnostics"][0]
    assert (first["line"], first["col"]) == (6, 15)
    assert "mach" in first["message"] and "match" in first["hint"]
    assert "mach" in first["text"] and "^" in first["text"]


@pytest.mark.parametrize("text", ["", "\0", b"\xff\xfe", "a: [", "- x",
                                  "&a [*a]", "x" * 100000, "{}" * 10000])
def test_what_is_no_rules(api, text):
    told = apis.good(api.call("POST", "v1/rules/check", text,
                              headers=apis.YAML))
    assert told["ok"] is False and told["diagnostics"]


@pytest.mark.parametrize("name", ["/etc/passwd", "../main.yaml", "main.yaml",
                                  "*", "/proc/self/environ"])
def test_no_file_is_read(api, name):
    """Rules that are asked about have no files beside them."""
    told = api.check(RULES + f"include: ['{name}']\n")
    assert told["ok"] is False
    assert "root:" not in str(told) and "backends" not in str(
        told["diagnostics"][0]["message"])


def test_against_current(api):
    for path in ("/left/17", "/left/18", "/left/19", "/other"):
        api.router.get(path)
    wait_until(lambda: sum(n for s, n in shapes(api).items() if "left" in s)
               >= 3, "they are counted")
    told = api.check(RULES, "?against=current")
    assert (told["moved"], told["moves"]) == (0, []) and told["compared"] > 1
    rules = RULES.replace("path: /plain}, to", "path: /plain}, priority: 1, to")
    rules = rules.replace("name: plain", "name: simple").replace(
        "route: plain", "route: simple").replace("tests:", """
  - {name: left, match: {path: /left/*}, to: new, stage: live}
tests:""")
    told = api.check(rules, "?against=current")
    moves = {m["url"]: m for m in told["moves"]}
    assert moves["/plain"]["to"] == {"route": "simple", "backend": "legacy"}
    assert moves["/plain"]["requests"] is None
    left = [m for url, m in moves.items() if url.startswith("/left/")]
    assert left and left[0]["from"] == {"route": None, "backend": "legacy"}
    assert left[0]["to"] == {"route": "left", "backend": "new"}
    assert sum(m["requests"] for m in left) >= 3
    assert told["moved"] == len(told["moves"])


def test_bad_rules_against_current(api):
    told = api.check("version: 3\n", "?against=current")
    assert told["ok"] is False and "moves" not in told


def shapes(api):
    return {s["shape"]: s["requests"] for s in api.get("v1/surface")["shapes"]}


def test_what_is_left(one_router):
    api = apis.make(RULES, make=one_router)
    uuid = "0b5e9d0a-5b1e-4e0c-9d6e-3d3c1b0a9f8e"
    for path in ("/shop/1", "/shop/2?x=1", "/shop/333", f"/u/{uuid}/x",
                 "/plain", "/gone", "/"):
        api.router.get(path)
    api.router.request("POST", "/shop/4", body="x")
    wait_until(lambda: api.get("v1/surface")["total"] == 6, "all are counted")
    told = shapes(api)
    assert told["/"] == 1 and "/plain" not in told and "/gone" not in told
    (shop,) = [n for s, n in told.items() if s.startswith("/shop/")]
    assert shop == 4
    assert not [s for s in told if uuid in s or "?" in s or "333" in s]
    assert list(told.values()) == sorted(told.values(), reverse=True)
    assert len(api.get("v1/surface?limit=1")["shapes"]) == 1
    api.close()


def test_paths_that_are_odd(one_router):
    """A shape is text, whatever clients ask for."""
    api = apis.make(RULES, make=one_router)
    for path in ("/a%22%0a%3Cb%3E", "/%ff%fe", "/" + "x/" * 200, "/{id}",
                 "/%E2%80%A8"):
        with api.router.connect() as client:
            client.request("GET", path)
    wait_until(lambda: api.get("v1/surface")["total"] >= 4, "they are counted")
    api.check(RULES, "?against=current")
    api.close()
