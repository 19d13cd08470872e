"""The path and host that the new side gets, and redirects."""

import pytest

from harness import faults

RULES = r"""
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: prefix, to: new, stage: live, match: {path: /api/orders/*}, rewrite: {path: /orders/*}}
  - {name: strip, to: new, stage: live, match: {path: /strip/*}, rewrite: {path: /*}}
  - {name: mount, to: new, stage: live, match: {path: /mount/*}, rewrite: {path: /a/b/*}}
  - {name: fixed, to: new, stage: live, match: {path: /fixed/*}, rewrite: {path: /one}}
  - {name: exact, to: new, stage: live, match: {path: /exact}, rewrite: {path: "/with space/ü"}}
  - {name: template, to: new, stage: live, match: {path: "/users/{user}/orders/{id}"}, rewrite: {path: "/orders/{id}/of/{user}"}}
  - {name: regex, to: new, stage: live, match: {path: /re/*}, rewrite: {regex: '^/re/(\d+)/(?<name>[^/]+)$', with: '/n/${name}/$1'}}
  - {name: legacy-side, to: new, stage: legacy, match: {path: /old/*}, rewrite: {path: /never/*, host: never.test}}
  - {name: host, to: new, stage: live, match: {path: /host/*}, rewrite: {host: orders.internal}}
  - {name: both, to: new, stage: live, match: {path: /both/*}, rewrite: {path: /b/*, host: both.internal}}
  - {name: several, to: new, stage: live, match: {path: [/s1/*, /s2/x/*]}, rewrite: {path: /s/*}}

  - {name: r-path, match: {path: /r/path}, redirect: {path: /new}}
  - {name: r-prefix, match: {path: /r/prefix/*}, redirect: {path: /new/*}}
  - {name: r-root, match: {path: /r/root/*}, redirect: {path: /*}}
  - {name: r-template, match: {path: "/r/t/{id}/x"}, redirect: {path: "/x/{id}"}}
  - {name: r-scheme, match: {path: /r/scheme/*}, redirect: {scheme: https}}
  - {name: r-host, match: {path: /r/host/*}, redirect: {host: new.test}}
  - {name: r-port, match: {path: /r/port/*}, redirect: {port: 8443}}
  - {name: r-all, match: {path: /r/all/*}, redirect: {scheme: https, host: new.test, port: 8443, path: /x, status: 308}}
  - {name: r-301, match: {path: /r/301}, redirect: {path: /x, status: 301}}
  - {name: r-303, match: {path: /r/303}, redirect: {path: /x, status: 303}}
  - {name: r-307, match: {path: /r/307}, redirect: {path: /x, status: 307}}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES)


REWRITTEN = [
    ("/api/orders/42", "/orders/42"),
    ("/api/orders/42/items/1", "/orders/42/items/1"),
    ("/api/orders", "/orders"),
    ("/api/orders/", "/orders/"),
    ("/api/orders?page=2&x=%2F", "/orders?page=2&x=%2F"),
    ("/api/orders/42?", "/orders/42?"),
    ("/strip/a/b", "/a/b"),
    ("/strip/", "/"),
    ("/strip", "/"),
    ("/strip?x=1", "/?x=1"),
    ("/mount/x", "/a/b/x"),
    ("/mount", "/a/b"),
    ("/fixed/whatever", "/one"),
    ("/fixed/whatever?x=1", "/one?x=1"),
    ("/exact", "/with%20space/%C3%BC"),
    ("/users/ann/orders/7", "/orders/7/of/ann"),
    ("/users/a%2Fb/orders/x%20y", "/orders/x%20y/of/a%2Fb"),
    ("/re/12/abc", "/n/abc/12"),
    ("/re/12/abc?x=1", "/n/abc/12?x=1"),
    ("/re/12/a%20b", "/n/a%20b/12"),
    ("/re/xx/abc", "/re/xx/abc"),
    ("/re/x%7Ex/abc", "/re/x%7Ex/abc"),
    ("/s1/a", "/s/a"),
    ("/s2/x/a", "/s/a"),
    # a rewritten path is encoded anew
    ("/api/orders/a%20b", "/orders/a%20b"),
    ("/api/orders/%7e", "/orders/~"),
    ("/api/orders/%C3%BC", "/orders/%C3%BC"),
    ("/api/orders/a%2fb", "/orders/a%2Fb"),
    ("/api/orders/a%5cb", "/orders/a%5Cb"),
    ("/api/orders/100%25", "/orders/100%25"),
    ("/api/orders/a%3Fb%23c", "/orders/a%3Fb%23c"),
    ("/api/orders/x/../42", "/orders/42"),
    ("/api/orders//42", "/orders/42"),
    ("/strip//evil.test/x", "/evil.test/x"),
]


@pytest.mark.parametrize("target, forwarded", REWRITTEN)
def test_rewritten(router, target, forwarded):
    router.get(target)
    request, = router.seen()
    assert request.backend == "new"
    if forwarded.endswith("?"):
        assert request.target in (forwarded, forwarded[:-1])
    else:
        assert request.target == forwarded


@pytest.mark.parametrize("target, forwarded", [
    ("/api/orders/a%2f~?x=1", "/orders/a%2F~"),
    ("/users/ann/orders/7", "/orders/7/of/ann"),
    ("/re/12/abc", "/n/abc/12"),
    ("/both/x", "/b/x"),
])
def test_the_fallback_gets_the_clients_path_and_host(router, target,
                                                     forwarded):
    router.new.on(forwarded, faults.answer(503))
    assert router.get(target).backend == "legacy"
    first, second = router.seen()
    assert first.path == forwarded
    assert second.target == target
    assert second.value("Host") == "shop.test"


def test_the_old_side_gets_the_clients_path_and_host(router):
    router.get("/old/a?b=1")
    request, = router.seen()
    assert request.backend == "legacy"
    assert request.target == "/old/a?b=1"
    assert request.value("Host") == "shop.test"


@pytest.mark.parametrize("target, host, forwarded", [
    ("/host/a", "orders.internal", "/host/a"),
    ("/both/a", "both.internal", "/b/a"),
])
def test_host(router, target, host, forwarded):
    response = router.get(target)
    request, = router.seen()
    assert request.value("Host") == host
    assert request.value("X-Forwarded-Host") == "shop.test"
    assert request.target == forwarded
    assert router.entry(response)["strangler_host"] == host


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_methods_and_bodies_are_untouched(router, method):
    body = None if method == "HEAD" else b"x" * 50000
    router.request(method, "/api/orders/42", body=body)
    request, = router.seen()
    assert request.method == method
    assert request.target == "/orders/42"
    assert request.body_length == len(body or b"")


def test_the_log_has_the_clients_request(router):
    entry = router.entry(router.get("/api/orders/42?x=1"))
    assert entry["request_uri"] == "/api/orders/42?x=1"
    assert entry["uri"] == "/api/orders/42"


REDIRECTED = [
    ("/r/path", "shop.test", "http://shop.test/new"),
    ("/r/path?a=1&b=2", "shop.test", "http://shop.test/new?a=1&b=2"),
    ("/r/path", "shop.test:8080", "http://shop.test:8080/new"),
    ("/r/prefix/a/b", "shop.test", "http://shop.test/new/a/b"),
    ("/r/prefix", "shop.test", "http://shop.test/new"),
    ("/r/prefix/", "shop.test", "http://shop.test/new/"),
    ("/r/prefix/a%2fb?x=%2f", "shop.test",
     "http://shop.test/new/a%2Fb?x=%2f"),
    ("/r/root/a", "shop.test", "http://shop.test/a"),
    ("/r/root", "shop.test", "http://shop.test/"),
    ("/r/t/7/x", "shop.test", "http://shop.test/x/7"),
    ("/r/scheme/a?x=1", "shop.test", "https://shop.test/r/scheme/a?x=1"),
    ("/r/scheme/a", "shop.test:8080", "https://shop.test/r/scheme/a"),
    ("/r/host/a", "shop.test", "http://new.test/r/host/a"),
    ("/r/host/a", "shop.test:8080", "http://new.test:8080/r/host/a"),
    ("/r/port/a", "shop.test", "http://shop.test:8443/r/port/a"),
    ("/r/port/a", "shop.test:8080", "http://shop.test:8443/r/port/a"),
    ("/r/host/a%2fb%7e", "shop.test", "http://new.test/r/host/a%2fb%7e"),
    ("/r/root//evil.test", "shop.test", "http://shop.test/evil.test"),
]


@pytest.mark.parametrize("target, host, location", REDIRECTED)
def test_redirect(router, target, host, location):
    response = router.get(target, host=host)
    assert response.status == 302
    assert response.value("Location") == location
    assert router.legs() == []


@pytest.mark.parametrize("target, status, location", [
    ("/r/all/a", 308, "https://new.test:8443/x"),
    ("/r/301", 301, "http://shop.test/x"),
    ("/r/303", 303, "http://shop.test/x"),
    ("/r/307", 307, "http://shop.test/x"),
])
def test_redirect_status(router, target, status, location):
    for method in ("GET", "HEAD", "POST"):
        response = router.request(method, target)
        assert response.status == status
        assert response.value("Location") == location


def test_redirect_cannot_be_split(router):
    response = router.get("/r/prefix/a%0d%0aSet-Cookie:%20x=1")
    assert response.value("Location") == (
        "http://shop.test/new/a%0D%0ASet-Cookie:%20x=1")
    assert response.values("Set-Cookie") == []


def test_redirect_of_a_large_post(router):
    response = router.request("POST", "/r/307", body=b"x" * 200000)
    assert response.status == 307
    assert router.get("/r/path").status == 302
