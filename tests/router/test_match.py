"""Every kind of condition, over HTTP."""

import pytest

RULES = r"""
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: exact, to: new, stage: done, match: {path: /exact/a}}
  - {name: exact-slash, to: new, stage: done, match: {path: /exact/s/}}
  - {name: prefix, to: new, stage: done, match: {path: /pre/*}}
  - {name: template, to: new, stage: done, match: {path: "/tpl/{id}/b"}}
  - {name: two-names, to: new, stage: done, match: {path: "/two/{a}/{b}"}}
  - {name: regex, to: new, stage: done, match: {path: '~^/re/\d+$'}}
  - {name: caseless, to: new, stage: done, match: {path: '~*^/ri/[a-z]+$'}}
  - {name: anywhere, to: new, stage: done, match: {path: '~un-?anchored'}}
  - {name: dot, to: new, stage: done, match: {path: '~^/dot/a.b$'}}
  - {name: paths, to: new, stage: done, match: {path: [/list/a, /list/b/*]}}
  - name: sets
    to: new
    stage: done
    match:
      - {path: /sets/get, methods: [GET]}
      - {path: /sets/post, methods: [POST]}
  - {name: methods, to: new, stage: done, match: {path: /m, methods: [PUT, PURGE]}}
  - {name: h-literal, to: new, stage: done, match: {path: /h, headers: {X-Tenant: acme}}}
  - {name: h-regex, to: new, stage: done, match: {path: /hr, headers: {X-Tenant: '~^a.*e$'}}}
  - {name: h-caseless, to: new, stage: done, match: {path: /hi, headers: {X-Tenant: '~*^acme$'}}}
  - {name: h-present, to: new, stage: done, match: {path: /hp, headers: {X-Tenant: "*"}}}
  - {name: h-absent, to: new, stage: done, match: {path: /ha, headers: {X-Tenant: "!"}}}
  - {name: h-two, to: new, stage: done, match: {path: /h2, headers: {X-A: "1", X-B: "2"}}}
  - {name: q-literal, to: new, stage: done, match: {path: /q, query: {v: "2"}}}
  - {name: q-regex, to: new, stage: done, match: {path: /qr, query: {v: '~^\d+$'}}}
  - {name: q-present, to: new, stage: done, match: {path: /qp, query: {v: "*"}}}
  - {name: q-absent, to: new, stage: done, match: {path: /qa, query: {v: "!"}}}
  - {name: q-two, to: new, stage: done, match: {path: /q2, query: {a: "1", b: "2"}}}
  - {name: c-literal, to: new, stage: done, match: {path: /c, cookies: {uid: "7"}}}
  - {name: c-regex, to: new, stage: done, match: {path: /cr, cookies: {uid: '~^[0-9]+$'}}}
  - {name: c-present, to: new, stage: done, match: {path: /cp, cookies: {uid: "*"}}}
  - {name: c-absent, to: new, stage: done, match: {path: /ca, cookies: {uid: "!"}}}
  - {name: client-4, to: new, stage: done, match: {path: /cl, clients: [10.1.0.0/16, 192.0.2.7/32]}}
  - {name: client-6, to: new, stage: done, match: {path: /cl6, clients: ["2001:db8::/32"]}}
  - {name: client-here, to: new, stage: done, match: {path: /cl0, clients: [127.0.0.0/8]}}
  - {name: host, to: new, stage: done, match: {path: /host, host: shop.example.com}}
  - {name: host-wild, to: new, stage: done, match: {path: /wild, host: "*.example.com"}}
  - {name: host-list, to: new, stage: done, match: {path: /hosts, host: [a.example.org, "*.b.example.org"]}}
  - {name: only-host, to: new, stage: done, match: {host: all.example.net}}
  - {name: only-header, to: new, stage: done, match: {headers: {X-Only: "yes"}}}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, server="""
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;""")


def check(router, expected, target, method="GET", **options):
    """expected is a route, or None: it went to default."""
    response = router.request(method, target, **options)
    assert response.route == expected
    assert response.backend == ("new" if expected else "legacy")


PATHS = [
    ("/exact/a", "exact"),
    ("/exact/a?x=1", "exact"),
    ("/exact/a/", None),
    ("/exact/A", None),
    ("/exact/a/b", None),
    ("/exact", None),
    ("/exact/s/", "exact-slash"),
    ("/exact/s", None),
    ("/pre", "prefix"),
    ("/pre/", "prefix"),
    ("/pre/b", "prefix"),
    ("/pre/b/c/d", "prefix"),
    ("/prefix", None),
    ("/pr", None),
    ("/Pre/b", None),
    ("/tpl/1/b", "template"),
    ("/tpl/x.y-z/b", "template"),
    ("/tpl//b", None),
    ("/tpl/1/b/", None),
    ("/tpl/1/2/b", None),
    ("/tpl/1", None),
    ("/tpl/1/c", None),
    ("/two/1/2", "two-names"),
    ("/two/1", None),
    ("/two/1/", None),
    ("/re/12", "regex"),
    ("/re/x", None),
    ("/re/12/", None),
    ("/re/12%0A", None),
    ("/RE/12", None),
    ("/ri/abc", "caseless"),
    ("/RI/ABC", "caseless"),
    ("/ri/ab1", None),
    ("/x/unanchored/y", "anywhere"),
    ("/un-anchored", "anywhere"),
    ("/x?unanchored", None),
    ("/dot/axb", "dot"),
    ("/dot/a%0Ab", "dot"),
    ("/dot/a%FFb", "dot"),
    ("/dot/axyb", None),
    ("/list/a", "paths"),
    ("/list/b/c", "paths"),
    ("/list/c", None),
]


@pytest.mark.parametrize("target, expected", PATHS)
def test_path(router, target, expected):
    check(router, expected, target)


@pytest.mark.parametrize("method, target, expected", [
    ("GET", "/sets/get", "sets"), ("POST", "/sets/get", None),
    ("POST", "/sets/post", "sets"), ("GET", "/sets/post", None),
    ("PUT", "/m", "methods"), ("PURGE", "/m", "methods"),
    ("GET", "/m", None), ("POST", "/m", None), ("HEAD", "/m", None),
    ("HEAD", "/exact/a", "exact"), ("OPTIONS", "/exact/a", "exact"),
])
def test_method(router, method, target, expected):
    check(router, expected, target, method)


@pytest.mark.parametrize("target, headers, expected", [
    ("/h", [("X-Tenant", "acme")], "h-literal"),
    ("/h", [("x-tenant", "acme")], "h-literal"),
    ("/h", [("X-Tenant", "ACME")], None),
    ("/h", [("X-Tenant", "acme2")], None),
    ("/h", [("X-Tenant", "")], None),
    ("/h", [], None),
    ("/h", [("X-Tenant", "acme"), ("X-Tenant", "b")], None),
    ("/hr", [("X-Tenant", "acme")], "h-regex"),
    ("/hr", [("X-Tenant", "acm")], None),
    ("/hr", [("X-Tenant", "a"), ("X-Tenant", "e")], "h-regex"),
    ("/hi", [("X-Tenant", "aCmE")], "h-caseless"),
    ("/hp", [("X-Tenant", "anything")], "h-present"),
    ("/hp", [], None),
    ("/ha", [], "h-absent"),
    ("/ha", [("X-Tenant", "x")], None),
    ("/h2", [("X-A", "1"), ("X-B", "2")], "h-two"),
    ("/h2", [("X-A", "1")], None),
    ("/h2", [("X-A", "1"), ("X-B", "3")], None),
])
def test_header(router, target, headers, expected):
    check(router, expected, target, headers=headers)


def test_the_second_of_repeated_header_lines_is_no_match(router):
    check(router, None, "/h",
          headers=[("X-Tenant", "x"), ("X-Tenant", "acme")])


@pytest.mark.parametrize("target, expected", [
    ("/q?v=2", "q-literal"), ("/q?a=1&v=2&b=3", "q-literal"),
    ("/q?v=3", None), ("/q?v=22", None), ("/q", None), ("/q?V=2", None),
    ("/q?w=2", None), ("/q?xv=2", None),
    ("/q?v=2&v=3", "q-literal"), ("/q?v=3&v=2", None),
    ("/qr?v=17", "q-regex"), ("/qr?v=x", None), ("/qr?v=", None),
    ("/qp?v=1", "q-present"), ("/qp?v=", "q-present"),
    ("/qp?v", "q-present"), ("/qp?vv=1", None), ("/qp", None),
    ("/qa", "q-absent"), ("/qa?w=1", "q-absent"), ("/qa?v=1", None),
    ("/q2?b=2&a=1", "q-two"), ("/q2?a=1", None), ("/q2?a=1&b=1", None),
])
def test_query(router, target, expected):
    check(router, expected, target)


@pytest.mark.parametrize("target, lines, expected", [
    ("/c", ["uid=7"], "c-literal"),
    ("/c", ["a=1; uid=7; b=2"], "c-literal"),
    ("/c", ["a=1", "uid=7"], "c-literal"),
    ("/c", ["a=1;uid=7"], "c-literal"),
    ("/c", ["uid=8"], None),
    ("/c", ["xuid=7"], None),
    ("/c", ["uid=77"], None),
    ("/c", [], None),
    ("/c", ["uid=7; uid=8"], "c-literal"),
    ("/c", ["uid=8; uid=7"], None),
    ("/c", ["uid=8", "uid=7"], None),
    ("/c", ["uid=7", "uid=8"], "c-literal"),
    ("/cr", ["uid=123"], "c-regex"),
    ("/cr", ["uid=x"], None),
    ("/cp", ["uid=x"], "c-present"),
    ("/cp", ["uid="], "c-present"),
    ("/cp", ["other=x"], None),
    ("/ca", [], "c-absent"),
    ("/ca", ["other=x"], "c-absent"),
    ("/ca", ["uid=x"], None),
])
def test_cookie(router, target, lines, expected):
    check(router, expected, target,
          headers=[("Cookie", line) for line in lines])


@pytest.mark.parametrize("target, address, expected", [
    ("/cl", "10.1.2.3", "client-4"), ("/cl", "10.2.0.1", None),
    ("/cl", "192.0.2.7", "client-4"), ("/cl", "192.0.2.8", None),
    ("/cl", "::ffff:10.1.2.3", "client-4"), ("/cl", "2001:db8::1", None),
    ("/cl6", "2001:db8:1::1", "client-6"), ("/cl6", "2001:db9::1", None),
    ("/cl6", "10.1.2.3", None), ("/cl0", "10.1.2.3", None),
])
def test_client(router, target, address, expected):
    check(router, expected, target, headers=[("X-Real-IP", address)])


def test_client_as_connected(router):
    check(router, "client-here", "/cl0")


@pytest.mark.parametrize("target, host, expected", [
    ("/host", "shop.example.com", "host"),
    ("/host", "shop.example.com:8080", "host"),
    ("/host", "SHOP.Example.COM", "host"),
    ("/host", "shop.example.com.", "host"),
    ("/host", "shop.example.com.:80", "host"),
    ("/host", "www.shop.example.com", None),
    ("/host", "example.com", None),
    ("/wild", "a.example.com", "host-wild"),
    ("/wild", "a.b.example.com", "host-wild"),
    ("/wild", "A.EXAMPLE.com:81", "host-wild"),
    ("/wild", "example.com", None),
    ("/wild", "badexample.com", None),
    ("/wild", "a.example.com.evil.test", None),
    ("/hosts", "a.example.org", "host-list"),
    ("/hosts", "x.b.example.org", "host-list"),
    ("/hosts", "b.example.org", None),
    ("/anything/at/all", "all.example.net", "only-host"),
    ("/anything", "127.0.0.1", None),
    ("/anything", "[::1]:80", None),
])
def test_host(router, target, host, expected):
    check(router, expected, target, host=host)


def test_header_alone(router):
    check(router, "only-header", "/any", headers=[("X-Only", "yes")])


def test_without_host_only_routes_without_host(router):
    response = router.raw("GET /host HTTP/1.0\r\n\r\n")
    assert response.backend == "legacy"
    response = router.raw("GET /exact/a HTTP/1.0\r\n\r\n")
    assert response.route == "exact"
    response = router.raw("GET /wild HTTP/1.0\r\n\r\n")
    assert response.route is None


def test_absolute_form_wins_over_the_header(router):
    response = router.raw("GET http://shop.example.com/host HTTP/1.1\r\n"
                          "Host: other.test\r\n\r\n")
    assert response.route == "host"
    response = router.raw("GET http://other.test/host HTTP/1.1\r\n"
                          "Host: shop.example.com\r\n\r\n")
    assert response.route is None
    assert response.backend == "legacy"
