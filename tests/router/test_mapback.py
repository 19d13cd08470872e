"""
A service behind a rewritten path speaks of its own paths; clients read theirs:
Location, Set-Cookie, and X-Forwarded-Prefix, which tells the service.
"""

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
  - {name: mount, to: new, stage: live, match: {host: mount.test, path: /*}, rewrite: {path: /v2/*}}
  - {name: template, to: new, stage: live, match: {path: "/users/{user}/orders/{id}"}, rewrite: {path: "/orders/{id}"}}
  - {name: regex, to: new, stage: live, match: {path: /re/*}, rewrite: {regex: '^/re/(.*)$', with: '/x/$1'}}
  - {name: plain, to: new, stage: live, match: {path: /plain/*}}
  - {name: host, to: new, stage: live, match: {path: /host/*}, rewrite: {path: /h/*, host: orders.internal}}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES)


def answer(router, target, headers, status=302, host="shop.test"):
    """The new side answers any path so."""
    handler = faults.answer(status, "", headers)
    for path in ("/orders/42", "/a", "/v2/a", "/x/1", "/plain/a", "/h/a"):
        router.new.on(path, handler)
    return router.get(target, host=host)


LOCATIONS = [
    ("/api/orders/42", "/orders/43", "/api/orders/43"),
    ("/api/orders/42", "/orders", "/api/orders"),
    ("/api/orders/42", "/orders/43?a=/orders#b", "/api/orders/43?a=/orders#b"),
    ("/api/orders/42", "/orders/a%2Fb", "/api/orders/a%2Fb"),
    ("/api/orders/42", "http://shop.test/orders/43",
     "http://shop.test/api/orders/43"),
    ("/api/orders/42", "http://other.test/orders/43",
     "http://other.test/orders/43"),
    ("/api/orders/42", "//other.test/orders/43", "//other.test/orders/43"),
    ("/api/orders/42", "http://shop.test.evil/orders/43",
     "http://shop.test.evil/orders/43"),
    ("/api/orders/42", "http://shop.test@evil.test/orders/43",
     "http://shop.test@evil.test/orders/43"),
    ("/api/orders/42", "/ordersx", "/ordersx"),
    ("/api/orders/42", "/elsewhere", "/elsewhere"),
    ("/api/orders/42", "43", "43"),
    ("/api/orders/42", "?page=2", "?page=2"),
    ("/strip/a", "/b/c", "/strip/b/c"),
    ("/strip/a", "/", "/strip/"),
    ("/strip/a", "//evil.test/b", "//evil.test/b"),
    ("/users/ann/orders/42", "/orders/7", "/users/ann/orders/7"),
    ("/re/1", "/x/2", "/x/2"),
    ("/plain/a", "/orders/1", "/orders/1"),
]


@pytest.mark.parametrize("target, sent, seen", LOCATIONS)
@pytest.mark.parametrize("status", [201, 302])
def test_location(router, target, sent, seen, status):
    response = answer(router, target, [("Location", sent)], status)
    assert response.status == status
    location = response.value("Location")
    assert location == seen


def path_of(url):
    return "/" + url.split("/", 3)[3] if "://" in url else url


def test_location_of_the_backends_own_authority(router):
    own = f"http://{router.new.address}/orders/43"
    response = answer(router, "/api/orders/42", [("Location", own)])
    assert path_of(response.value("Location")) == "/api/orders/43"
    assert router.new.address not in response.value("Location")

    own = "http://orders.internal/h/2"
    response = answer(router, "/host/a", [("Location", own)])
    assert path_of(response.value("Location")) == "/host/2"
    assert "orders.internal" not in response.value("Location")


@pytest.mark.parametrize("sent", [
    "/v2//evil.test/x", "/v2/\\evil.test/x", "/v2//", "/v2/%5c/x", "/v2///x"])
def test_location_never_becomes_another_host(router, sent):
    response = answer(router, "/a", [("Location", sent)], host="mount.test")
    location = response.value("Location")
    assert not location.startswith(("//", "/\\")), location


def test_location_below_a_mount(router):
    response = answer(router, "/a", [("Location", "/v2/b")], host="mount.test")
    assert response.value("Location") == "/b"


COOKIES = [
    ("/api/orders/42", "a=1; Path=/orders", "a=1; Path=/api/orders"),
    ("/api/orders/42", "a=1; path=/orders/x; HttpOnly",
     "a=1; path=/api/orders/x; HttpOnly"),
    ("/api/orders/42", "a=1; HttpOnly", "a=1; HttpOnly"),
    ("/api/orders/42", "a=Path=/orders", "a=Path=/orders"),
    ("/api/orders/42", "a=1; Path=/elsewhere", "a=1; Path=/elsewhere"),
    ("/plain/a", "a=1; Path=/orders", "a=1; Path=/orders"),
]


@pytest.mark.parametrize("target, sent, seen", COOKIES)
def test_cookie_path(router, target, sent, seen):
    response = answer(router, target, [("Set-Cookie", sent)], 200)
    assert response.value("Set-Cookie") == seen


def test_several_cookies(router):
    response = answer(router, "/api/orders/42", [
        ("Set-Cookie", "a=1; Path=/orders"), ("Set-Cookie", "b=2"),
        ("Set-Cookie", "c=3; Path=/orders/c")], 200)
    assert response.values("Set-Cookie") == [
        "a=1; Path=/api/orders", "b=2", "c=3; Path=/api/orders/c"]


def test_the_fallbacks_answer_is_not_mapped(router):
    """It speaks of the clients' paths already."""
    router.new.on("/orders/42", faults.answer(503))
    router.legacy.on("/api/orders/42", faults.answer(302, "", [
        ("Location", "/orders/43"), ("Set-Cookie", "a=1; Path=/orders")]))
    response = router.get("/api/orders/42")
    assert response.status == 302
    assert response.value("Location") == "/orders/43"
    assert response.value("Set-Cookie") == "a=1; Path=/orders"


@pytest.mark.parametrize("target, prefix", [
    ("/api/orders/42", "/api"), ("/strip/a", "/strip"), ("/plain/a", None),
    ("/elsewhere", None)])
def test_forwarded_prefix(router, target, prefix):
    response = router.get(target)
    assert router.seen()[0].value("X-Forwarded-Prefix") == prefix
    assert router.entry(response)["strangler_prefix"] == (prefix or "")


@pytest.mark.parametrize("target", ["/plain/a", "/elsewhere", "/strip/a"])
def test_a_clients_prefix_is_not_believed(router, target):
    router.get(target, {"X-Forwarded-Prefix": "/evil"})
    assert "/evil" not in router.seen()[0].values("X-Forwarded-Prefix")


def test_the_fallback_has_no_prefix(router):
    router.new.on("/orders/42", faults.answer(503))
    router.get("/api/orders/42")
    assert [r.values("X-Forwarded-Prefix") for r in router.seen()] == [
        ["/api"], []]


def test_nginxs_own_mapping_comes_first(make_router):
    """proxy_redirect and proxy_cookie_path see what the service said."""
    router = make_router(RULES, location="""
        proxy_redirect    /orders/ /first/;
        proxy_cookie_path /orders/ /first/;
    """)
    response = answer(router, "/api/orders/42", [
        ("Location", "/orders/43"), ("Set-Cookie", "a=1; Path=/orders/b")])
    assert path_of(response.value("Location")) == "/first/43"
    assert response.value("Set-Cookie") == "a=1; Path=/first/b"

    response = answer(router, "/api/orders/42", [
        ("Location", "/orders"), ("Set-Cookie", "a=1; Path=/orders")])
    assert response.value("Location") == "/api/orders"
    assert response.value("Set-Cookie") == "a=1; Path=/api/orders"


def test_proxy_redirect_off_leaves_the_modules_mapping(make_router):
    router = make_router(RULES, location="proxy_redirect off;")
    own = f"http://{router.new.address}/orders/43"
    response = answer(router, "/api/orders/42", [("Location", own)])
    assert path_of(response.value("Location")) == "/api/orders/43"
    assert router.new.address not in response.value("Location")
