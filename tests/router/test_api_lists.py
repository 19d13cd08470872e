"""Lists in pages, with filters; large ones do not hold up anybody."""

import threading
import time

import pytest

from harness import api as apis, faults
from harness.api import problem
from harness.client import serialize

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  third: {servers: [@new@]}
default: legacy
groups:
  pair: {stage: legacy}
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared, capability: shop, owner: ann}
  - {name: b, match: {path: /b/*}, to: third, stage: ramp, percent: 25, by: [client], data: shared, capability: shop, owner: "ben & co"}
  - {name: c, match: {path: /c}, to: new, stage: live, from: third}
  - {name: one, match: {path: /one}, to: new, group: pair, owner: ann}
  - {name: two, match: {path: /two}, to: new, group: pair}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
"""
MANY = 20000 - 6                       # more are refused


@pytest.fixture(scope="module")
def api(make_router):
    api = apis.make(RULES, make=make_router)
    yield api
    api.close()


def names(page):
    return [route["name"] for route in page["routes"]]


def pages(api, path, key):
    found, after, sizes = [], "", []
    while after is not None:
        page = api.get(path + (f"&after={after}" if after else ""))
        found += [one["name"] for one in page[key]]
        sizes.append(len(page[key]))
        after = page["next"]
    return found, sizes


@pytest.mark.parametrize("limit,sizes", [
    (1, [1] * 6), (4, [4, 2]), (5, [5, 1]), (6, [6]), (1000, [6])])
def test_pages(api, limit, sizes):
    found, said = pages(api, f"v1/routes?limit={limit}", "routes")
    assert found == ["a", "b", "c", "one", "two", "gone"]
    assert said == sizes


@pytest.mark.parametrize("limit,sizes", [(1, [1, 1, 1]), (2, [2, 1]), (3, [3])])
def test_pages_of_backends(api, limit, sizes):
    found, said = pages(api, f"v1/backends?limit={limit}", "backends")
    assert (sorted(found), said) == (["legacy", "new", "third"], sizes)


@pytest.mark.parametrize("query,found", [
    ("group=pair", ["one", "two"]), ("capability=shop", ["a", "b"]),
    ("owner=ann", ["a", "one"]), ("owner=ben%20%26%20co", ["b"]),
    ("stage=legacy", ["a", "one", "two"]), ("stage=ramp", ["b"]),
    ("backend=third", ["b", "c"]),
    ("backend=new&owner=ann", ["a", "one"]),
    ("group=pair&limit=1&after=one", ["two"]),
    ("after=two", ["gone"]), ("after=gone", []), ("group=x", []),
    ("stage=x", []), ("drift=true", []), ("owner=", None), ("drift=false", None)])
def test_filters(api, query, found):
    everything = ["a", "b", "c", "one", "two", "gone"]
    assert names(api.get(f"v1/routes?{query}")) == (
        everything if found is None else found)


def test_a_filter_and_pages(api):
    page = api.get("v1/routes?owner=ann&limit=1")
    assert (names(page), page["next"]) == (["a"], "a")
    page = api.get("v1/routes?owner=ann&limit=1&after=a")
    assert (names(page), page["next"]) == (["one"], None)


def test_what_is_not_as_the_file_says(api):
    api.flip("a", "live")
    api.flip("two", "live")
    assert names(api.get("v1/routes?drift=true")) == ["a", "one", "two"]
    assert names(api.get("v1/routes?stage=live")) == ["a", "c", "one", "two"]
    status = api.get("v1/status")
    assert (status["drift"], status["drifting"]) == (["a", "one", "two"], 3)
    api.post("v1/flips", {"reset": ["a", "pair"]})
    assert names(api.get("v1/routes?drift=true")) == []


@pytest.mark.parametrize("path", [
    "v1/routes?limit=0", "v1/routes?limit=1001", "v1/routes?limit=x",
    "v1/routes?limit=1.5", "v1/routes?limit=", "v1/routes?limit=-1",
    "v1/routes?limit=99999999999999999999", "v1/backends?limit=0",
    "v1/surface?limit=0", "v1/surface?limit=1001"])
def test_limits_that_are_none(api, path):
    problem(api.call("GET", path), 422, "limit")


@pytest.mark.parametrize("path", [
    "v1/routes?after=x", "v1/routes?after=", "v1/routes?after=%00",
    "v1/backends?after=x", "v1/backends?after=a"])
def test_after_what_is_not_there(api, path):
    problem(api.call("GET", path), 404, "go on after")


def test_how_it_is_told(api):
    """Conditions, sides and labels as the file has them."""
    route = api.get("v1/routes/b")
    assert route["match"] == [{"path": ["/b/*"]}]
    assert (route["from"], route["to"]) == ("legacy", {"third": 1})
    assert (route["stage"], route["percent"]) == ("ramp", 25)
    gone = api.get("v1/routes/gone")
    assert [gone[key] for key in ("action", "stage", "percent", "from", "to",
                                  "owner", "lease")
            ] == ["respond"] + [None] * 6


def test_counts(api):
    before = api.get("v1/routes/c")["requests"]["new"]
    backend = api.get("v1/backends/new")["requests"]["success"]
    for _ in range(3):
        assert api.router.get("/c").status == 200
    apis.wait_until(
        lambda: api.get("v1/routes/c")["requests"]["new"] == before + 3,
        "the requests are counted")
    told = api.get("v1/backends/new")
    assert told["requests"]["success"] == backend + 3
    assert (told["in_flight"], told["failures"]) == (0, {})


def test_counts_of_a_side(api):
    """What a program needs that looks twice, and at what is between."""
    before = api.get("v1/routes/c")
    for status in (200, 404, 500):
        api.router.new.on("/c", faults.answer(status))
        assert api.router.get("/c").status == status
    api.router.reset()

    def ended():
        after = api.get("v1/routes/c")
        return {name: n - before["outcomes"]["new"][name]
                for name, n in after["outcomes"]["new"].items()}

    apis.wait_until(lambda: sum(ended().values()) == 3, "they are counted")
    assert ended() == {"success": 1, "client_error": 1, "server_error": 1,
                       "aborted": 0}

    durations = api.get("v1/routes/c")["durations"]
    assert durations["bounds"] == sorted(durations["bounds"])
    assert len(durations["new"]) == len(durations["bounds"]) + 1
    assert sum(durations["new"]) == sum(before["durations"]["new"]) + 3
    assert sum(durations["old"]) == 0

    assert api.get("v1/routes/gone")["durations"] is None
    assert all("durations" not in route
               for route in api.get("v1/routes")["routes"])


@pytest.fixture(scope="module")
def large(make_router):
    rules = RULES + "".join(
        f"  - {{name: r{i}, match: {{path: /r/{i}/*}}, to: new, stage: legacy, "
        f"by: [client], data: shared}}\n" for i in range(MANY))
    api = apis.make(rules, make=make_router,
                    rules_args="zone=128m poll=100ms state=@HOME@/state")
    yield api
    api.close()


def test_twenty_thousand_routes(large):
    found, sizes = pages(large, "v1/routes?limit=1000", "routes")
    assert len(found) == len(set(found)) == MANY + 6
    assert max(sizes) == 1000


def test_metrics_come_in_pieces(large):
    answer = large.call("GET", "metrics")
    assert answer.complete
    assert answer.value("Transfer-Encoding") == "chunked"
    text = answer.body.decode()
    assert text.count('strangler_requests_total{route="r') >= MANY
    assert text.endswith("# EOF\n")


def test_other_clients_are_not_held_up(large):
    """One worker: its event loop goes on while lists are made and sent."""
    over = threading.Event()
    counts = {}

    def ask(path):
        counts[path] = 0
        while not over.is_set():
            with large.router.connect(timeout=60) as client:
                client.send(serialize("GET", "/_s/" + path,
                                      host="127.0.0.1"))
                assert client.read().status == 200
            counts[path] += 1

    threads = [threading.Thread(target=ask, args=(path,)) for path in
               ("metrics", "v1/routes?limit=1000&stage=live", "v1/backends")]
    quiet = sorted(timed(large) for _ in range(200))
    for thread in threads:
        thread.start()
    try:
        apis.wait_until(lambda: len(counts) == 3, "the lists are asked for")
        busy = sorted(timed(large) for _ in range(400))
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert min(counts.values()) > 0
    p99 = busy[len(busy) * 99 // 100]
    print(f"p99 quiet {quiet[198] * 1000:.1f} ms, busy {p99 * 1000:.1f} ms, "
          f"{counts}")
    assert p99 < 0.1 + 3 * quiet[198]


def timed(api):
    start = time.monotonic()
    assert api.router.get("/gone").status == 410
    return time.monotonic() - start


def test_all_of_them_flipped(large):
    flipped = large.post("v1/flips", {"changes": [
        {"capability": "shop", "stage": "live"}]})
    assert len(flipped["changes"]) == 2
    flipped = large.post("v1/flips", {"changes": [
        {"all": True, "stage": "live"}]})
    assert len({c["route"] for c in flipped["changes"]}) == MANY + 2
    assert large.get("v1/status")["drifting"] == MANY + 4
    undone = large.post("v1/flips", {"undo": flipped["seq"]})
    assert len(undone["changes"]) == len(flipped["changes"])
