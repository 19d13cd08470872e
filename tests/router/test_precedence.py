"""Which of several matching routes wins: in whatever order they are written."""

import json

import pytest

PRELUDE = {
    "version": 1,
    "backends": {"legacy": {"servers": ["@legacy@"]},
                 "new": {"servers": ["@new@"]}},
    "default": "legacy",
}

# name, the better match, the worse match, a request that both match: target,
# host, headers.  A match may carry a priority.
PAIRS = [
    ("priority", {"path": "/p1/*", "priority": 5}, {"path": "/p1/a"},
     "/p1/a", None, {}),
    ("priority-over-host",
     {"path": "/p2", "priority": 1}, {"path": "/p2", "host": "h.test"},
     "/p2", "h.test", {}),
    ("negative-priority", {"path": "/p3/*"}, {"path": "/p3/a", "priority": -1},
     "/p3/a", None, {}),
    ("host-over-none", {"path": "/h1", "host": "h.test"}, {"path": "/h1"},
     "/h1", "h.test", {}),
    ("host-over-wildcard",
     {"path": "/h2", "host": "a.h.test"}, {"path": "/h2", "host": "*.h.test"},
     "/h2", "a.h.test", {}),
    ("longer-wildcard",
     {"path": "/h3", "host": "*.b.h.test"}, {"path": "/h3", "host": "*.h.test"},
     "/h3", "a.b.h.test", {}),
    ("wildcard-over-none", {"path": "/h4", "host": "*.h.test"}, {"path": "/h4"},
     "/h4", "a.h.test", {}),
    ("host-over-path", {"path": "/h5/*", "host": "h.test"}, {"path": "/h5/a"},
     "/h5/a", "h.test", {}),
    ("host-over-everything",
     {"path": "/h6/*", "host": "*.h.test"},
     {"path": "/h6/a", "methods": ["GET"], "headers": {"X-A": "*"}},
     "/h6/a", "a.h.test", {"X-A": "1"}),
    ("exact-over-template", {"path": "/x1/a"}, {"path": "/x1/{id}"},
     "/x1/a", None, {}),
    ("exact-over-regex", {"path": "/x2/a"}, {"path": "~^/x2/a$"},
     "/x2/a", None, {}),
    ("exact-over-prefix", {"path": "/x3/a"}, {"path": "/x3/a/*"},
     "/x3/a", None, {}),
    ("template-over-regex", {"path": "/x4/{id}"}, {"path": "~^/x4/a$"},
     "/x4/a", None, {}),
    ("template-over-prefix", {"path": "/x5/{id}"}, {"path": "/x5/a/*"},
     "/x5/a", None, {}),
    ("regex-over-prefix", {"path": "~^/x6"}, {"path": "/x6/a/b/*"},
     "/x6/a/b/c", None, {}),
    ("longer-prefix", {"path": "/x7/a/*"}, {"path": "/x7/*"},
     "/x7/a/b", None, {}),
    ("prefix-over-none",
     {"path": "/*", "headers": {"X-Pn": "1"}},
     {"headers": {"X-Pn": "1", "X-Other": "*"}},
     "/x8", None, {"X-Pn": "1", "X-Other": "1"}),
    ("more-literals", {"path": "/t1/a/{x}/c"}, {"path": "/t1/a/{x}/{y}"},
     "/t1/a/b/c", None, {}),
    ("more-literals-later", {"path": "/t2/{a}/b/c"}, {"path": "/t2/a/{b}/{c}"},
     "/t2/a/b/c", None, {}),
    ("first-difference", {"path": "/t3/a/{y}"}, {"path": "/t3/{x}/b"},
     "/t3/a/b", None, {}),
    ("first-difference-deep",
     {"path": "/t4/{w}/b/{y}/d"}, {"path": "/t4/{w}/{x}/c/d"},
     "/t4/a/b/c/d", None, {}),
    ("path-over-methods", {"path": "/m1/a"},
     {"path": "/m1/*", "methods": ["GET"]}, "/m1/a", None, {}),
    ("methods-over-none", {"path": "/m2", "methods": ["GET"]}, {"path": "/m2"},
     "/m2", None, {}),
    ("methods-over-headers",
     {"path": "/m3", "methods": ["GET"]},
     {"path": "/m3", "headers": {"X-A": "1", "X-B": "1"}},
     "/m3", None, {"X-A": "1", "X-B": "1"}),
    ("more-headers",
     {"path": "/c1", "headers": {"X-A": "1", "X-B": "*"}},
     {"path": "/c1", "headers": {"X-A": "1"}},
     "/c1", None, {"X-A": "1", "X-B": "1"}),
    ("headers-over-query",
     {"path": "/c2", "headers": {"X-A": "1"}},
     {"path": "/c2", "query": {"a": "1", "b": "1", "c": "1"}},
     "/c2?a=1&b=1&c=1", None, {"X-A": "1"}),
    ("more-query",
     {"path": "/c3", "query": {"a": "1", "b": "1"}},
     {"path": "/c3", "query": {"a": "1"}}, "/c3?a=1&b=1", None, {}),
    ("query-over-cookies",
     {"path": "/c4", "query": {"a": "1"}},
     {"path": "/c4", "cookies": {"u": "1", "v": "1"}},
     "/c4?a=1", None, {"Cookie": "u=1; v=1"}),
    ("more-cookies",
     {"path": "/c5", "cookies": {"u": "1", "v": "1"}},
     {"path": "/c5", "cookies": {"u": "1"}},
     "/c5", None, {"Cookie": "u=1; v=1"}),
    ("cookies-over-clients",
     {"path": "/c6", "cookies": {"u": "1"}},
     {"path": "/c6", "clients": ["127.0.0.0/8"]},
     "/c6", None, {"Cookie": "u=1"}),
    ("clients-over-none",
     {"path": "/c7", "clients": ["127.0.0.0/8"]}, {"path": "/c7"},
     "/c7", None, {}),
]

# name, first in the file, second, request: equal rank, the file's order rules
TIES = [
    ("headers", {"path": "/e1", "headers": {"X-A": "1"}},
     {"path": "/e1", "headers": {"X-B": "1"}}, "/e1", {"X-A": "1", "X-B": "1"}),
    ("regexes", {"path": "~^/e2/a"}, {"path": "~^/e2/.*b"}, "/e2/ab", {}),
    ("regex-lengths", {"path": "~/e3"}, {"path": "~^/e3/long/and/exact$"},
     "/e3/long/and/exact", {}),
    ("methods", {"path": "/e4", "methods": ["GET", "HEAD"]},
     {"path": "/e4", "methods": ["GET"]}, "/e4", {}),
    ("query-kinds", {"path": "/e5", "query": {"a": "*"}},
     {"path": "/e5", "query": {"a": "1"}}, "/e5?a=1", {}),
    ("clients", {"path": "/e6", "clients": ["127.0.0.0/8"]},
     {"path": "/e6", "clients": ["127.0.0.1/32"]}, "/e6", {}),
]

# The more specific host has routes, but none for the rest of the request.
HOSTS = [
    ("literal", {"path": "/o1/*", "host": "*.h.test"},
     {"path": "/o1/a", "host": "a.h.test"}, "/o1/b", "a.h.test"),
    ("literal-to-none", {"path": "/o2/*"},
     {"path": "/o2/a", "host": "a.h.test"}, "/o2/b", "a.h.test"),
    ("wildcards", {"path": "/o3", "host": "*.h.test"},
     {"path": "/o3", "host": "*.b.h.test", "methods": ["POST"]},
     "/o3", "a.b.h.test"),
]


def route(name, match):
    match = dict(match)
    entry = {"name": name, "to": "new", "stage": "done"}
    if "priority" in match:
        entry["priority"] = match.pop("priority")
    entry["match"] = match
    return entry


def rules():
    routes = []
    for name, better, worse, *_ in PAIRS:
        routes.append(route(name + ".better", better))
        routes.append(route(name + ".worse", worse))
    for name, first, second, *_ in TIES:
        routes.append(route(name + ".first", first))
        routes.append(route(name + ".second", second))
    for name, general, special, *_ in HOSTS:
        routes.append(route("o-" + name + ".general", general))
        routes.append(route("o-" + name + ".special", special))
    return routes


@pytest.fixture(scope="module")
def router(make_router):
    forward = json.dumps(PRELUDE | {"routes": rules()}, indent=1)
    backward = json.dumps(PRELUDE | {"routes": rules()[::-1]}, indent=1)
    return make_router(
        {"main": forward, "backward": backward},
        server="""
        error_page 418 = @backward;
        location @backward {
            strangler_pass backward;
            include @PARAMS@;
        }
        if ($http_x_backward) {
            return 418;
        }""")


@pytest.mark.parametrize("backward", [False, True], ids=["as-is", "reversed"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p[0])
def test_more_specific_wins(router, pair, backward):
    name, _, _, target, host, headers = pair
    if backward:
        headers = headers | {"X-Backward": "1"}
    response = router.get(target, headers, host=host or "shop.test")
    assert response.route == name + ".better"
    assert response.backend == "new"


@pytest.mark.parametrize("backward", [False, True], ids=["as-is", "reversed"])
@pytest.mark.parametrize("tie", TIES, ids=lambda t: t[0])
def test_earlier_wins_between_equals(router, tie, backward):
    name, _, _, target, headers = tie
    if backward:
        headers = headers | {"X-Backward": "1"}
    response = router.get(target, headers)
    assert response.route == name + (".second" if backward else ".first")


@pytest.mark.parametrize("backward", [False, True], ids=["as-is", "reversed"])
@pytest.mark.parametrize("case", HOSTS, ids=lambda c: c[0])
def test_less_specific_hosts_are_tried(router, case, backward):
    name, _, _, target, host = case
    headers = {"X-Backward": "1"} if backward else {}
    response = router.get(target, headers, host=host)
    assert response.route == f"o-{name}.general"
