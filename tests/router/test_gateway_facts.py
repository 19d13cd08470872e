"""
What the Gateway API's conformance tests expect of an HTTPRoute, said in our
rules: hosts, paths, headers, query, methods, their precedence across routes,
weights, rewrites, redirects, header changes, timeouts.

Each feature has a host of its own and no default, so that 404 means: none.
"""

import collections
import json

import pytest

from harness import faults
from harness.stats import assert_share

# feature: routes (backend, condition sets) and requests (target, headers,
# method) -> backend, None for 404.

EXACT_PATH = (
    [("v1", [{"path": "/one"}]), ("v2", [{"path": "/two"}]),
     ("v3", [{"path": "/Three"}])],
    [("/one", {}, "v1"), ("/two", {}, "v2"), ("/Three", {}, "v3"),
     ("/", {}, None), ("/One", {}, None), ("/three", {}, None),
     ("/one/", {}, None), ("/two/", {}, None), ("/one/a", {}, None),
     ("/two/x/y", {}, None), ("/onea", {}, None), ("/one?x=1", {}, "v1")])

PREFIX_PATH = (
    [("v1", [{"path": "/*"}]), ("v2", [{"path": "/v2/*"}])],
    [("/", {}, "v1"), ("/example", {}, "v1"), ("/v2", {}, "v2"),
     ("/v2/", {}, "v2"), ("/v2/example", {}, "v2"),
     ("/v2example", {}, "v1"), ("/foo/v2/example", {}, "v1"),
     ("/V2", {}, "v1")])

PATH_ORDER = (
    [("v3", [{"path": "/match/*"}]),
     ("v2", [{"path": "/match/prefix/*"}]),
     ("v1", [{"path": "/match/prefix/one/*"}]),
     ("v1", [{"path": "/match/exact"}]),
     ("v2", [{"path": "/match/exact/one"}])],
    [("/match/exact/one", {}, "v2"), ("/match/exact", {}, "v1"),
     ("/match", {}, "v3"), ("/match/prefix/one/any", {}, "v1"),
     ("/match/prefix/any", {}, "v2"), ("/match/any", {}, "v3"),
     ("/match/exact/one/two", {}, "v3"), ("/match/prefix/one", {}, "v1"),
     ("/match/exact/", {}, "v3"), ("/other", {}, None)])

REGEX_PATH = (
    [("v1", [{"path": "~^/(one|two)/[0-9]+$"}]),
     ("v2", [{"path": "~^/files/.*\\.png$"}]),
     ("v3", [{"path": "/one/42"}])],
    [("/one/1", {}, "v1"), ("/two/22", {}, "v1"), ("/three/1", {}, None),
     ("/one/x", {}, None), ("/files/a/b.png", {}, "v2"),
     ("/files/a.png/x", {}, None), ("/one/42", {}, "v3")])

HEADERS = (
    [("v1", [{"headers": {"version": "one"}}]),
     ("v2", [{"headers": {"version": "two"}}]),
     ("v1", [{"headers": {"version": "two", "color": "orange"}}]),
     ("v1", [{"headers": {"color": "blue"}}, {"headers": {"color": "green"}}]),
     ("v2", [{"headers": {"color": "red"}},
             {"headers": {"color": "yellow"}}])],
    [("/", {"Version": "one"}, "v1"), ("/", {"Version": "two"}, "v2"),
     ("/", {"VERSION": "two"}, "v2"), ("/", {"Version": "ONE"}, None),
     ("/", {"Version": "two", "Color": "orange"}, "v1"),
     ("/", {"Version": "two", "Color": "blue"}, "v2"),
     ("/", {"Color": "orange"}, None), ("/", {"Some-Other": "one"}, None),
     ("/", {"Color": "blue"}, "v1"), ("/", {"Color": "green"}, "v1"),
     ("/", {"Color": "red"}, "v2"), ("/", {"Color": "yellow"}, "v2"),
     ("/", {"Color": "purple"}, None), ("/any", {"Color": "red"}, "v2")])

QUERY = (
    [("v1", [{"query": {"animal": "whale"}}]),
     ("v2", [{"query": {"animal": "dolphin"}}]),
     ("v3", [{"query": {"animal": "dolphin", "color": "blue"}}]),
     ("v3", [{"query": {"ANIMAL": "Whale"}}]),
     ("v1", [{"path": "/path1/*", "query": {"animal": "whale"}}]),
     ("v2", [{"headers": {"version": "one"}, "query": {"animal": "whale"}}]),
     ("v3", [{"path": "/path2/*", "headers": {"version": "two"},
              "query": {"animal": "whale"}}]),
     ("v1", [{"path": "/path3/*", "query": {"animal": "shark"}},
             {"path": "/path4/*", "headers": {"version": "three"},
              "query": {"animal": "kraken"}}]),
     ("v1", [{"path": "/path5/*"}]),
     ("v2", [{"query": {"animal": "hydra"}}]),
     ("v3", [{"headers": {"version": "four"}}])],
    [("/?animal=whale", {}, "v1"), ("/?animal=dolphin", {}, "v2"),
     ("/?animal=dolphin&color=blue", {}, "v3"),
     ("/?color=blue&animal=dolphin", {}, "v3"),
     ("/?ANIMAL=Whale", {}, "v3"),
     ("/?animal=whale&otherparam=irrelevant", {}, "v1"),
     ("/?animal=dolphin&color=yellow", {}, "v2"),
     ("/?color=blue", {}, None), ("/?animal=dog", {}, None),
     ("/?animal=whaledolphin", {}, None), ("/", {}, None),
     ("/path1?animal=whale", {}, "v1"),
     ("/?animal=whale", {"version": "one"}, "v2"),
     ("/path2?animal=whale", {"version": "two"}, "v3"),
     ("/path3?animal=shark", {}, "v1"),
     ("/path4?animal=kraken", {"version": "three"}, "v1"),
     ("/?animal=shark", {}, None), ("/path4?animal=kraken", {}, None),
     ("/path5?animal=hydra", {}, "v1"),
     ("/?animal=hydra", {"version": "four"}, "v3")])

METHODS = (
    [("v1", [{"path": "/*", "methods": ["POST"]}]),
     ("v2", [{"path": "/*", "methods": ["GET"]}]),
     ("v1", [{"path": "/path1/*", "methods": ["GET"]}]),
     ("v2", [{"path": "/*", "headers": {"version": "one"},
              "methods": ["PUT"]}]),
     ("v3", [{"path": "/path2/*", "headers": {"version": "two"},
              "methods": ["POST"]}]),
     ("v1", [{"path": "/path3/*", "methods": ["PATCH"]},
             {"path": "/path4/*", "headers": {"version": "three"},
              "methods": ["DELETE"]}]),
     ("v1", [{"path": "/path5/*"}]),
     ("v2", [{"path": "/*", "methods": ["PATCH"]}]),
     ("v3", [{"path": "/*", "headers": {"version": "four"}}])],
    [("/", {}, "v1", "POST"), ("/", {}, "v2", "GET"),
     ("/", {}, None, "HEAD"), ("/path1", {}, "v1", "GET"),
     ("/", {"version": "one"}, "v2", "PUT"),
     ("/path2", {"version": "two"}, "v3", "POST"),
     ("/path3", {}, "v1", "PATCH"),
     ("/path4", {"version": "three"}, "v1", "DELETE"),
     ("/", {}, None, "PUT"), ("/path4", {}, None, "DELETE"),
     ("/path5", {}, "v1", "PATCH"),
     ("/", {"version": "four"}, "v2", "PATCH")])

COMBINED = (
    [("v1", [{"path": "/*"}, {"path": "/*", "headers": {"version": "one"}}]),
     ("v2", [{"path": "/v2/*"}, {"path": "/*",
                                 "headers": {"version": "two"}}]),
     ("v3", [{"path": "/v2/*", "headers": {"version": "three"}}]),
     ("v1", [{"path": "/exact", "methods": ["GET"],
              "headers": {"version": "one"}, "query": {"a": "1"}}])],
    [("/", {}, "v1"), ("/example", {}, "v1"),
     ("/", {"Version": "one"}, "v1"), ("/v2", {}, "v2"),
     ("/v2/example", {}, "v2"), ("/", {"Version": "two"}, "v2"),
     ("/v2/", {"Version": "two"}, "v2"), ("/v2", {"Version": "three"}, "v3"),
     ("/v2x", {"Version": "three"}, "v1"),
     ("/exact?a=1", {"Version": "one"}, "v1"),
     ("/exact?a=1", {"Version": "two"}, "v2")])

FEATURES = {
    "exact-path": EXACT_PATH, "prefix-path": PREFIX_PATH,
    "path-order": PATH_ORDER, "regex-path": REGEX_PATH, "headers": HEADERS,
    "query": QUERY, "methods": METHODS, "combined": COMBINED,
}

# Across routes and hosts: host, target, headers -> backend

HOST_ROUTES = [
    ("v1", [{"host": ["example.com", "example.net"], "path": "/*"},
            {"host": ["example.com", "example.net"], "path": "/*",
             "headers": {"version": "one"}}]),
    ("v2", [{"host": "example.com", "path": "/v2/*"},
            {"host": "example.com", "path": "/*",
             "headers": {"version": "two"}}]),
    ("v1", [{"host": "very.specific.com", "path": "/s1/*"}]),
    ("v2", [{"host": "*.specific.com", "path": "/s2/*"}]),
    ("v3", [{"host": ["*.anotherwildcard.io", "foo.wildcard.org"],
             "path": "/s3/*"}]),
    ("v1", [{"host": "*.wildcard.org", "path": "/*"}]),
    ("v2", [{"host": "a.b.wildcard.org", "path": "/*"}]),
]

HOST_CASES = [
    ("example.com", "/", {}, "v1"), ("example.com", "/example", {}, "v1"),
    ("example.net", "/example", {}, "v1"),
    ("example.com", "/example", {"Version": "one"}, "v1"),
    ("example.com", "/v2", {}, "v2"), ("example.net", "/v2", {}, "v1"),
    ("example.com", "/v2/example", {}, "v2"),
    ("example.com", "/", {"Version": "two"}, "v2"),
    ("example.net", "/", {"Version": "two"}, "v1"),
    ("example.com:8080", "/v2", {}, "v2"), ("EXAMPLE.com", "/v2", {}, "v2"),
    ("very.specific.com", "/s1", {}, "v1"),
    ("very.specific.com:1234", "/s1", {}, "v1"),
    ("very.specific.com", "/s2", {}, "v2"),
    ("other.specific.com", "/s1", {}, None),
    ("other.specific.com", "/s2", {}, "v2"),
    ("specific.com", "/s2", {}, None),
    ("a.b.specific.com", "/s2", {}, "v2"),
    ("one.anotherwildcard.io", "/s3", {}, "v3"),
    ("one.two.anotherwildcard.io", "/s3", {}, "v3"),
    ("anotherwildcard.io", "/s3", {}, None),
    ("foo.wildcard.org", "/s3", {}, "v3"),
    ("bar.wildcard.org", "/s3", {}, "v1"),
    ("foo.wildcard.org", "/other", {}, "v1"),
    ("a.b.wildcard.org", "/x", {}, "v2"),
    ("c.b.wildcard.org", "/x", {}, "v1"),
    ("wildcard.org", "/x", {}, None),
    ("unknown.test", "/", {}, None),
]

EXTRA = """
  - {name: weights, match: {host: weights.test, path: /*}, to: {v1: 70, v2: 30, v3: 0}, stage: done}
  - {name: rw-prefix, match: {host: rw.test, path: /prefix/one/*}, to: v1, stage: done, rewrite: {path: /one/*}}
  - {name: rw-strip, match: {host: rw.test, path: /strip-prefix/*}, to: v1, stage: done, rewrite: {path: /*}}
  - {name: rw-full, match: {host: rw.test, path: /full/one/*}, to: v1, stage: done, rewrite: {path: /one}}
  - name: rw-headers
    match: {host: rw.test, path: /full/headers/*}
    to: v1
    stage: done
    rewrite: {path: /test, host: one.example.org}
    headers: &changes
      request:
        set: {X-Header-Set: set-overwrites-values}
        add: {X-Header-Add: header-val-1, X-Header-Add-Append: header-val-2}
        remove: [X-Header-Remove]
      response:
        set: {X-Header-Set: set-overwrites-values}
        add: {X-Header-Add: header-val-1, X-Header-Add-Append: header-val-2}
        remove: [X-Header-Remove]
  - {name: modify, match: {host: modify.test, path: /*}, to: v1, stage: done, headers: *changes}
  - {name: rw-host, match: {host: rw.test, path: /one/*}, to: v1, stage: done, rewrite: {host: one.example.org}}
  - {name: total, match: {host: time.test, path: /total/*}, to: v1, stage: done, timeouts: {total: 300ms}}
  - {name: read, match: {host: time.test, path: /read/*}, to: v1, stage: done, timeouts: {read: 300ms}}
  - {name: no-limit, match: {host: time.test, path: /*}, to: v1, stage: done}
  - {name: r-nil, match: {host: redirect.test, path: /nil}, redirect: {host: example.org}}
  - {name: r-80, match: {host: redirect.test, path: /port-80}, redirect: {host: example.org, port: 80}}
  - {name: r-8080, match: {host: redirect.test, path: /port-8080}, redirect: {host: example.org, port: 8080}}
  - {name: r-https, match: {host: redirect.test, path: /https}, redirect: {host: example.org, scheme: https}}
  - {name: r-https-443, match: {host: redirect.test, path: /https-443}, redirect: {host: example.org, scheme: https, port: 443}}
  - {name: r-https-8443, match: {host: redirect.test, path: /https-8443}, redirect: {host: example.org, scheme: https, port: 8443}}
  - {name: r-prefix, match: {host: redirect.test, path: /original-prefix/*}, redirect: {path: /replacement-prefix/*}}
  - {name: r-full, match: {host: redirect.test, path: /full/*}, redirect: {path: /full-path-replacement}}
  - {name: r-path-host, match: {host: redirect.test, path: /path-and-host/*}, redirect: {host: example.org, path: /replacement-prefix/*}}
  - {name: r-path-status, match: {host: redirect.test, path: /path-and-status/*}, redirect: {path: /replacement-prefix/*, status: 301}}
  - {name: r-host-status, match: {host: redirect.test, path: /host-and-status}, redirect: {host: example.org, status: 301}}
"""


def routes():
    made = []

    def add(feature, table):
        for i, (backend, sets) in enumerate(table):
            made.append({"name": f"{feature}.{i}", "match": sets,
                         "to": backend, "stage": "done"})

    for feature, (table, _) in FEATURES.items():
        add(feature, [(b, [{"host": feature + ".test", **s} for s in sets])
                      for b, sets in table])
    add("hosts", HOST_ROUTES)
    return "".join(f"  - {json.dumps(route)}\n" for route in made)


@pytest.fixture(scope="module")
def router(make_router):
    return make_router("""
version: 1
backends:
  v1: {servers: [@v1@]}
  v2: {servers: [@v2@]}
  v3: {servers: [@v3@]}
routes:
""" + routes() + EXTRA, ["v1", "v2", "v3"])


def expect(router, response, backend):
    if backend is None:
        assert response.status == 404
        assert router.legs() == []
    else:
        assert response.status == 200
        assert router.legs() == [backend]


@pytest.mark.parametrize("feature, case", [
    (feature, case) for feature, (_, cases) in FEATURES.items()
    for case in cases], ids=lambda v: v if isinstance(v, str) else repr(v))
def test_matching(router, feature, case):
    target, headers, backend, *method = case
    response = router.request(method[0] if method else "GET", target, headers,
                              host=feature + ".test")
    expect(router, response, backend)


@pytest.mark.parametrize("host, target, headers, backend", HOST_CASES)
def test_hosts_and_across_routes(router, host, target, headers, backend):
    expect(router, router.get(target, headers, host=host), backend)


def test_weights(router):
    with router.connect() as client:
        got = collections.Counter(
            client.request("GET", "/", host="weights.test").backend
            for _ in range(800))
    assert set(got) == {"v1", "v2"}
    assert_share(got["v1"], 800, 0.7)


@pytest.mark.parametrize("target, forwarded", [
    ("/prefix/one/two", "/one/two"), ("/prefix/one", "/one"),
    ("/prefix/one/", "/one/"), ("/strip-prefix/three", "/three"),
    ("/strip-prefix", "/"), ("/strip-prefix/", "/"),
    ("/full/one/two", "/one"), ("/full/headers/x", "/test"),
    ("/one/x?a=1", "/one/x?a=1"), ("/prefix/one/two?a=1", "/one/two?a=1"),
])
def test_rewrite_path(router, target, forwarded):
    router.get(target, host="rw.test")
    assert router.seen()[0].target == forwarded


def test_rewrite_host(router):
    router.get("/one", host="rw.test")
    assert router.seen()[0].value("Host") == "one.example.org"


def items(message, name):
    return [item.strip() for value in message.values(name)
            for item in value.split(",")]


@pytest.mark.parametrize("host, target", [("rw.test", "/full/headers/x"),
                                          ("modify.test", "/x")])
def test_request_headers(router, host, target):
    router.get(target, {
        "x-header-remove": "val", "X-Header-Add-Append": "append-val-1",
        "x-header-set": "some-other-value", "Another": "val"}, host=host)
    request = router.seen()[0]
    assert items(request, "X-Header-Set") == ["set-overwrites-values"]
    assert items(request, "X-Header-Add") == ["header-val-1"]
    assert items(request, "X-Header-Add-Append") == [
        "append-val-1", "header-val-2"]
    assert items(request, "X-Header-Remove") == []
    assert items(request, "Another") == ["val"]


def test_response_headers(router):
    router.v1.on("/x", faults.answer(200, "x", [
        ("x-header-remove", "val"), ("X-Header-Add-Append", "append-val-1"),
        ("x-header-set", "some-other-value"), ("Another", "val")]))
    response = router.get("/x", host="modify.test")
    assert items(response, "X-Header-Set") == ["set-overwrites-values"]
    assert items(response, "X-Header-Add") == ["header-val-1"]
    assert items(response, "X-Header-Add-Append") == [
        "append-val-1", "header-val-2"]
    assert items(response, "X-Header-Remove") == []
    assert items(response, "Another") == ["val"]


@pytest.mark.parametrize("path", ["/total/x", "/read/x"])
def test_timeouts(router, path):
    router.v1.on(path, faults.hang())
    assert router.get(path, host="time.test").status == 504
    assert router.get(path + "/y", host="time.test").status == 200


# Where the port is that of the scheme it may be said or left out.
REDIRECTS = [
    ("redirect.test", "/nil", 302, ["http://example.org/nil"]),
    ("redirect.test:8080", "/nil", 302, ["http://example.org:8080/nil"]),
    ("redirect.test", "/port-80", 302, [
        "http://example.org/port-80", "http://example.org:80/port-80"]),
    ("redirect.test:8080", "/port-80", 302, [
        "http://example.org/port-80", "http://example.org:80/port-80"]),
    ("redirect.test", "/port-8080", 302, [
        "http://example.org:8080/port-8080"]),
    ("redirect.test", "/https", 302, ["https://example.org/https"]),
    ("redirect.test:8080", "/https", 302, ["https://example.org/https"]),
    ("redirect.test", "/https-443", 302, [
        "https://example.org/https-443", "https://example.org:443/https-443"]),
    ("redirect.test", "/https-8443", 302, [
        "https://example.org:8443/https-8443"]),
    ("redirect.test", "/original-prefix/lemon", 302, [
        "http://redirect.test/replacement-prefix/lemon"]),
    ("redirect.test", "/full/path/original", 302, [
        "http://redirect.test/full-path-replacement"]),
    ("redirect.test", "/path-and-host", 302, [
        "http://example.org/replacement-prefix"]),
    ("redirect.test", "/path-and-status", 301, [
        "http://redirect.test/replacement-prefix"]),
    ("redirect.test", "/host-and-status", 301, [
        "http://example.org/host-and-status"]),
]


@pytest.mark.parametrize("host, target, status, locations", REDIRECTS)
def test_redirects(router, host, target, status, locations):
    response = router.get(target, host=host)
    assert response.status == status
    assert response.value("Location") in locations
    assert router.legs() == []
