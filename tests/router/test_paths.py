"""
A request is never routed by one reading of its path and forwarded in another:
what is matched, and which bytes the backend gets.
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
  - {name: p, to: new, stage: done, match: {path: /p/*}}
  - {name: p-exact, to: new, stage: done, match: {path: /p/a/b}}
  - {name: admin, to: new, stage: done, match: {path: /admin/*}}
  - {name: seg, to: new, stage: done, match: {path: "/seg/{id}"}}
  - {name: seg-two, to: new, stage: done, match: {path: "/seg/{id}/tail"}}
  - {name: slash, to: new, stage: done, match: {path: /x/a%2Fb}}
  - {name: backslash, to: new, stage: done, match: {path: /x/a%5Cb}}
  - {name: percent, to: new, stage: done, match: {path: /x/100%25}}
  - {name: tilde, to: new, stage: done, match: {path: /x/~user}}
  - {name: space, to: new, stage: done, match: {path: "/x/a b"}}
  - {name: umlaut, to: new, stage: done, match: {path: /x/ü}}
  - {name: semicolon, to: new, stage: done, match: {path: /x/a;v=1}}
  - {name: kept, to: new, stage: done, match: {path: '~^/k/a%2Fb$'}}
  - {name: root, to: new, stage: done, match: {path: /}}
  - {name: inner, to: new, stage: done, match: {path: /inner/*}}
  - {name: inner-percent, to: new, stage: done, match: {path: /inner/100%25}}
"""

# target, route, what the backend gets; None: the same bytes
FORWARDED = [
    # byte for byte
    ("/p/a", "p", None),
    ("/p/%61", "p", None),
    ("/%70/a/%62", "p-exact", None),
    ("/p/%7Ex", "p", None),
    ("/p/a%2fb", "p", None),
    ("/p/a%2Fb", "p", None),
    ("/p/a%5cb", "p", None),
    ("/p/a%25b", "p", None),
    ("/p/%2e%2e%2fadmin", "p", None),
    ("/p/..%2fadmin", "p", None),
    ("/p/..%5cadmin", "p", None),
    ("/p/%252e%252e/admin", "p", None),
    ("/p/%2561", "p", None),
    ("/p/a;b=c/d", "p", None),
    ("/p/..;/admin", "p", None),
    ("/p/a+b", "p", None),
    ("/p/a%20b", "p", None),
    ("/p/%C3%BC", "p", None),
    ("/p/\xc3\xbc", "p", None),
    ("/p/%FF%FE", "p", None),
    ("/p/a%0Ab", "p", None),
    ("/p/a%3Fb%23c", "p", None),
    ("/p/...", "p", None),
    ("/p/.hidden", "p", None),
    ("/p/a.", "p", None),
    ("/p/!$&'()*,:@[]^`{|}\"<>", "p", None),
    ("/", "root", None),
    # the query is nobody's business
    ("/p/a?", "p", None),
    ("/p/a?x=1&y=%2F..%2F", "p", None),
    ("/p/a?../../admin", "p", None),
    ("/p/a?a//b/./c", "p", None),
    ("/p/a?q=a?b", "p", None),
    # what the rules name in encoded or plain form is one path
    ("/x/a%2Fb", "slash", None),
    ("/x/a%2fb", "slash", None),
    ("/x/a/b", None, None),
    ("/x/a%5Cb", "backslash", None),
    ("/x/a%5cb", "backslash", None),
    ("/x/100%25", "percent", None),
    ("/x/~user", "tilde", None),
    ("/x/%7euser", "tilde", None),
    ("/x/a%20b", "space", None),
    ("/x/%C3%BC", "umlaut", None),
    ("/x/\xc3\xbc", "umlaut", None),
    ("/x/a;v=1", "semicolon", None),
    ("/x/a%3Bv=1", "semicolon", None),
    ("/k/a%2fb", "kept", None),
    # an encoded slash is part of its segment
    ("/seg/a%2Fb", "seg", None),
    ("/seg/a%2Fb/tail", "seg-two", None),
    ("/seg/a%2Ftail", "seg", None),
    ("/seg/a/b", None, None),
    # dot segments and double slashes: normalised
    ("/p/a/./b", "p-exact", "/p/a/b"),
    ("/p/a/x/../b", "p-exact", "/p/a/b"),
    ("/p/a//b", "p-exact", "/p/a/b"),
    ("/p///a", "p", "/p/a"),
    ("//p/a/b", "p-exact", "/p/a/b"),
    ("/p/../admin/x", "admin", "/admin/x"),
    ("/p/%2e%2e/admin/x", "admin", "/admin/x"),
    ("/p/.%2E/admin/x", "admin", "/admin/x"),
    ("/p/%2e/a", "p", "/p/a"),
    ("/p/a/.", "p", "/p/a/"),
    ("/p/a/..", "p", "/p/"),
    ("//admin", "admin", "/admin"),
    ("/./admin", "admin", "/admin"),
    ("/p/./a?x=./../y", "p", "/p/a?x=./../y"),
    ("/p/./a%2fb", "p", "/p/a%2Fb"),
    ("/p/./a%5cb", "p", "/p/a%5Cb"),
    ("/p/./a%25b", "p", "/p/a%25b"),
    ("/p/./a%20b", "p", "/p/a%20b"),
    ("/p/./a%3Fb%23c", "p", "/p/a%3Fb%23c"),
    ("/p/./%C3%BC", "p", "/p/%C3%BC"),
    ("/p/./%61", "p", "/p/a"),
    ("/seg//tail", "seg", "/seg/tail"),
]


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, server="""
        large_client_header_buffers 4 32k;
        rewrite ^/rw/(.*)$ /inner/$1;
        rewrite ^/rwq/(.*)$ /inner/$1?added=1;
    """, servers="""
    server {
        listen unix:@HOME@/noslash.sock;
        merge_slashes off;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
    }""")


@pytest.mark.parametrize("target, route, forwarded", FORWARDED)
def test_forwarded(router, target, route, forwarded):
    response = router.get(target)
    assert response.route == route
    request, = router.seen()
    assert request.target == (forwarded or target)
    assert request.backend == ("new" if route else "legacy")


@pytest.mark.parametrize("target", [
    "/p/a%00b", "/p/%00", "/p/a#b", "/p#",
    "/..", "/../p/a", "/p/../../a", "/%2e%2e/a", "/p/%zz", "/p/%2", "/p/%",
])
def test_refused(router, target):
    response = router.get(target)
    assert response.status == 400
    assert router.legs() == []


def test_raw_nul_is_refused(router):
    response = router.raw(b"GET /p/a\0b HTTP/1.1\r\nHost: shop.test\r\n\r\n")
    assert response.status == 400
    assert router.legs() == []


@pytest.mark.parametrize("target, route, forwarded", [
    ("/p//a", "p", "/p/a"),
    ("//admin/x", "admin", "/admin/x"),
    ("/p/a//b", "p-exact", "/p/a/b"),
    ("/p//../admin", None, None),
])
def test_merge_slashes_off(router, target, route, forwarded):
    with router.connect(unix=router.home + "/noslash.sock") as connection:
        response = connection.request("GET", target)
    request, = router.seen()
    assert "//" not in request.target
    if route:
        assert response.route == route
        assert request.target == forwarded


@pytest.mark.parametrize("target, forwarded", [
    ("http://shop.test/p/a?b=1", "/p/a?b=1"),
    ("http://shop.test/p/./a", "/p/a"),
    ("http://shop.test/p/a%2fb", "/p/a%2fb"),
    ("http://shop.test:8080/p/a", "/p/a"),
    ("HTTP://SHOP.test/p/a", "/p/a"),
])
def test_absolute_form_is_forwarded_as_a_path(router, target, forwarded):
    response = router.get(target, host="shop.test")
    assert response.route == "p"
    assert router.seen()[0].target == forwarded


def test_absolute_form_without_a_path(router):
    response = router.get("http://shop.test")
    assert response.route == "root"
    assert router.seen()[0].target == "/"


@pytest.mark.parametrize("target, route, forwarded", [
    ("/rw/a", "inner", "/inner/a"),
    ("/rw/a%2Fb", "inner", "/inner/a/b"),
    ("/rw/100%25", "inner-percent", "/inner/100%25"),
    ("/rw/a%20b", "inner", "/inner/a%20b"),
    ("/rw/%C3%BC", "inner", "/inner/%C3%BC"),
    ("/rw/a%3Fb", "inner", "/inner/a%3Fb"),
    ("/rw/a%23b", "inner", "/inner/a%23b"),
    ("/rw/a?x=%2F", "inner", "/inner/a?x=%2F"),
    ("/rwq/a?x=1", "inner", "/inner/a?added=1&x=1"),
])
def test_after_a_rewrite_of_nginx(router, target, route, forwarded):
    response = router.get(target)
    assert response.route == route
    assert router.seen()[0].target == forwarded


def test_a_rewrite_that_makes_dot_segments_routes_and_forwards_alike(router):
    """r->uri is what is matched, and what is forwarded."""
    response = router.get("/rw/..%2Fadmin")
    request, = router.seen()
    assert (request.target.startswith("/admin")) == (response.route == "admin")


def test_long_target(router):
    target = "/p/" + "a" * 20000 + "?" + "b" * 8000
    assert router.get(target).route == "p"
    assert router.seen()[0].target == target


def test_fallback_gets_the_same_bytes(router, make_router):
    """Also from the second try on the path is the client's."""
    other = make_router("""
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: live, to: new, stage: live, match: {path: /p/*}}
""")
    for target, forwarded in [("/p/%7e%2fx?a=%2F", "/p/%7e%2fx?a=%2F"),
                              ("/p/./%7e?a=./b", "/p/~?a=./b")]:
        other.reset()
        path = forwarded.partition("?")[0]
        other.new.on(path, faults.answer(503))
        assert other.get(target).backend == "legacy"
        assert [r.target for r in other.seen()] == [forwarded, forwarded]
