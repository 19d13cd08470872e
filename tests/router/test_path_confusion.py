"""
No path makes the router match one thing and the backend get another.

Paths are put together from all the ways of writing a dot segment and a
separator, and read by harness/hostile.py, which shares nothing with the
router.  What a backend gets must have the reading that was matched; where the
router writes a path of its own - rewritten, redirected, mapped back - it must
be clean as well.
"""

import itertools
import re
import urllib.parse

import pytest

from harness import faults
from harness.hostile import (encoded, is_clean, is_resolved, is_whole,
                             reading, say, target_of)
from harness.wait import ClosedPort

RULES = r"""
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  gone: {servers: ["%s"]}
default: legacy
routes:
  - {name: public, to: new, stage: done, match: {path: /public/*}}
  - {name: admin, to: new, stage: done, match: {path: /admin/*}}
  - {name: secret, to: new, stage: done, match: {path: /admin/secret}}
  - {name: deep, to: new, stage: done, match: {path: /public/a/b/*}}
  - {name: segment, to: new, stage: done, match: {path: "/segment/{id}"}}
  - {name: number, to: new, stage: done, match: {path: '~^/number/[0-9]+$'}}
  - {name: png, to: new, stage: done, match: {path: '~\.png$'}}
  - {name: slash, to: new, stage: done, match: {path: /x/a%%2Fb}}
  - {name: backslash, to: new, stage: done, match: {path: /x/a%%5Cb}}
  - {name: percent, to: new, stage: done, match: {path: /x/a%%25b}}
  - {name: root, to: new, stage: done, match: {path: /}}
  - {name: broken, to: gone, stage: live, match: {path: /broken/*}}

  - {name: move, to: new, stage: live, match: {path: /move/*}, rewrite: {path: /moved/*}}
  - {name: strip, to: new, stage: live, match: {path: /strip/*}, rewrite: {path: /*}}
  - {name: give, to: new, stage: live, match: {path: "/give/{a}/{b}"}, rewrite: {path: "/{b}/{a}"}}
  - {name: whole, to: new, stage: live, match: {path: /whole/*}, rewrite: {regex: '^/whole(.*)$', with: '/$1'}}
  - {name: swap, to: new, stage: live, match: {path: /swap/*}, rewrite: {regex: '^/swap/([^/]*)/(.*)$', with: '/$2/$1'}}
  - {name: join, to: new, stage: live, match: {path: /join/*}, rewrite: {regex: '^/join/([^/]*)/([^/]*)$', with: '/j/$1$2/x'}}
  - {name: cut, to: new, stage: live, match: {path: /cut/*}, rewrite: {regex: '^/cut/(.)(.*)/(.*)$', with: '/c/$1$3'}}

  - {name: to-path, match: {path: /to/path/*}, redirect: {path: /moved/*}}
  - {name: to-root, match: {path: /to/root/*}, redirect: {path: /*}}
  - {name: to-parts, match: {path: "/to/parts/{a}/{b}"}, redirect: {path: "/{b}/{a}"}}
  - {name: to-host, match: {path: /to/host/*}, redirect: {host: new.test}}
  - {name: to-https, match: {host: any.test, path: /*}, redirect: {scheme: https}}
  - {name: to-port, match: {path: /*, headers: {x-go: port}}, redirect: {port: 8443}}
"""

# names of routes by the reading of a path, best first
NAMED = [
    (r"/", "root"), (r"/admin/secret", "secret"), (r"/x/a%2Fb", "slash"),
    (r"/x/a%5Cb", "backslash"), (r"/x/a%25b", "percent"),
    (r"/segment/[^/]+", "segment"), (r"/number/[0-9]+", "number"),
    (r".*\.png", "png"), (r"/public/a/b(/.*)?", "deep"),
    (r"/public(/.*)?", "public"), (r"/admin(/.*)?", "admin"),
]

DOT_DOTS = ["..", ".%2e", ".%2E", "%2e.", "%2E.", "%2e%2e", "%2E%2e",
            "%2e%2E", "%2E%2E"]
DOTS = [".", "%2e", "%2E"]
ALMOST_DOTS = ["...", "..;", "..;x=y", ".;", "%252e%252e", "%25%32%65",
               "..%00",
               "..%20", "..%09", "..%0a", "..%5c", "..%2f", "%2e%2e%2f",
               "%c0%ae%c0%ae", "%e0%80%ae.", "%uff0e%uff0e", "..%ff", "..\xff",
               "%ef%bc%8e.", ".%e2%80%8b.", "..%3b", "..%23", "..%3f", "..#",
               "..\\", "..\t", "..%01", "..+", "..%", "%2", "%2g", "%%32e",
               ". .", "..%7f", "..\x7f", "..\0", "..\x1b"]
SLASHES = ["/", "//", "///", "/./", "/%2e/", "%2f", "%2F", "%2f%2F", "\\",
           "%5c", "%5C", "/\\", "\\/", "%5c/", "/%5C", "%252f", "%25%32%66",
           "%%32%66", "%c0%af", "%C0%AF", "%e0%80%af", "%f0%80%80%af",
           "%ef%bc%8f", "%e2%88%95", "%u2215", "%u002f", "\xc0\xaf", "/;/",
           ";/", "/;x=1/", "%3b/", ";", "/%20/", "/%09/", "%09", "%0a", "%0d",
           "%0d%0a", "%00", "/%00/", "%23", "#", "/#/", "%3f", "%3F", "%",
           "%/", "%2/", "%zz", "%-1", "% 2f", "+", "|", "^", "`", "{", "}",
           "\"", "<", ">", "~", "%7e", "%7E", "\x80", "\xff", "%ff", "%80",
           "%7f", "\x7f", "\x01", "\t", "\x1f", "%01", "%1f", ":", "@", "@/",
           "://", "%3a%2f%2f", ",", "=", "&", "*", "$", "!", "'", "(", "[",
           "]"]

CONFUSED = list(dict.fromkeys([
    *(f"/public/{d}/admin/secret" for d in DOT_DOTS + DOTS + ALMOST_DOTS),
    *(f"/public/x/{d}" for d in DOT_DOTS + DOTS + ALMOST_DOTS),
    *(f"/{d}/admin/secret" for d in DOT_DOTS + DOTS + ALMOST_DOTS),
    *(f"/admin{s}secret" for s in SLASHES),
    *(f"/public{s}../admin/secret" for s in SLASHES),
    *(f"/public/..{s}admin/secret" for s in SLASHES),
    *(f"{s}admin/secret" for s in SLASHES if s.startswith("/")),
    *(f"/x/a{s}b" for s in SLASHES),
    *(f"/segment/a{s}b" for s in SLASHES),
    *(f"/public/{a}/{b}/admin" for a, b in itertools.product(
        ["..", "%2e%2e", ".", "a"], ["..", "%2E.", "%2e", "a", ""])),
    *(f"/public/{d}{s}{d}{s}admin" for d in ("..", "%2e%2e")
      for s in ("/", "%2f", "\\", "%5c", "//", "/./")),
    "/x/./a%5cb", "/x/./a\\b", "/x/./a%2fb", "/x/./a%25b", "/x//a\\b",
    "/public/a/b/..", "/public/a/b/../", "/public/a/b/.", "/public/a/b/./",
    "/public/a/b/../..", "/public/a/b/../../..", "/public/a/../../../admin",
    "/admin/secret/.", "/admin/secret/x/..", "/admin/secret/", "/admin//",
    "/Admin/secret", "/ADMIN/SECRET", "/%41dmin/secret", "/%61dmin/secret",
    "/%61%64%6d%69%6e/%73%65%63%72%65%74", "/admin/%73ecret",
    "/admin/secret%20", "/admin/secret%00", "/admin/secret;", "/admin;/secret",
    "/admin/secret.", "/admin/secret/..;/", "/admin/secret%2f", "/admin./x",
    "/admin/secret%2e%2e", "/admin/secret#", "/admin/secret%23x",
    "/admin/secret%3fx=/public/", "/%2fadmin/secret", "/%5cadmin/secret",
    "/number/1", "/number/1%0a", "/number/%31", "/number/1%00", "/number/1/",
    "/number/1%20", "/number/1%0d%0a", "/number/%ef%bc%91", "/number/-1",
    "/admin/x.png", "/admin/secret/x.png", "/admin/secret%0a.png",
    "/admin/secret;.png", "/admin/secret%00.png", "/admin/secret%3f.png",
    "/admin/secret%23.png", "/admin/secret?.png", "/admin/secret/.png",
    "/admin/secret%2f.png", "/admin/x%2epng", "/admin/x.png%0a",
    "/a" * 500 + "/.." * 500, "/a" * 500 + "/.." * 501,
    "/a" * 400 + "/%2e%2e" * 399 + "/../admin", "/" + "." * 3000,
    "/" * 3000 + "admin/secret", "/." * 2000 + "/admin/secret",
    "/segment/" + "%41" * 2500, "/segment/" + "\xff" * 7000,
    "/segment/" + "%2f" * 2500, "/public/" + "a/../" * 1500 + "b",
]))

QUERIES = [
    "?", "??", "?/", "?/../", "?../../admin", "?a=1", "?a=1?b=2", "?%", "?%zz",
    "?%00", "?%0d%0a", "?a=%2f..%2f", "?//", "?\\", "?\xff", "?a;b", "?;",
    "?http://evil.test/", "?a=b&a=c", "?&", "?=", "?+", "?%23", "?%3f",
    "?" + "q" * 6000,
]


@pytest.fixture(scope="module")
def router(make_router, closed):
    return make_router(RULES % closed.url, server="""
        large_client_header_buffers 4 64k;
        absolute_redirect off;
        rewrite ^/again/(.*)$ /public/$1;
        rewrite ^/encoded/(.*)$ /x/$1;
        rewrite ^/climb$ /public/$arg_to/secret;
        rewrite ^/wide/(.*)$ //$1;
        location /bare/ {
            rewrite ^/bare/(.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
        }
    """, location="strangler_debug_header on;", servers="""
    server {
        listen unix:@HOME@/noslash.sock;
        merge_slashes off;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
    }""")


@pytest.fixture(scope="module")
def closed():
    port = ClosedPort()
    yield port
    port.stop()


def route_of(path):
    """The name of the route that a reading belongs to; None: the default."""
    text = path.decode("latin-1")
    for pattern, name in NAMED:
        if re.fullmatch(pattern, text, re.S):
            return name
    return None


def is_refused(path):
    """
    (must, may): nginx refuses control bytes, and by its own reading, in which
    %2F is a slash, some paths more climb above the root.
    """
    must = reading(path) is None or re.search(rb"[\0-\x20\x7f]", path)
    by_nginx = reading(re.sub(rb"%2[fF]", b"/", path)) is None
    return bool(must), bool(must or by_nginx)


def ask(router, target, headers=""):
    data = f"GET {target} HTTP/1.1\r\nHost: shop.test\r\n{headers}"
    answer, = say(router, (data + "Connection: close\r\n\r\n"
                           ).encode("latin-1"))
    return answer


def check_forwarded(router, answer, target, legs=1):
    """What arrived has the reading that was matched."""
    path, mark, query = target.encode("latin-1").partition(b"?")
    must, may = is_refused(path)

    if answer.status == 400:
        assert may
        assert router.seen() == []
        return None

    assert not must
    assert answer.status == 200
    request, = router.seen()
    got, got_query = target_of(request)

    assert is_whole(request)
    assert reading(got) == reading(path)
    assert is_resolved(got)
    if is_resolved(path):
        assert got == path
    assert got_query == mark + query or (not query and got_query == b"")
    return request


@pytest.mark.parametrize("target", CONFUSED, ids=lambda t: repr(t)[:60])
def test_match_and_forwarding_agree(router, target):
    answer = ask(router, target)
    request = check_forwarded(router, answer, target)
    if request:
        name = route_of(reading(target_of(request)[0]))
        assert answer.route == name
        assert request.backend == ("new" if name else "legacy")


@pytest.mark.parametrize("query", QUERIES, ids=lambda t: repr(t)[:40])
@pytest.mark.parametrize("path, name", [
    ("/public/x", "public"), ("/public/./%2e%2e/admin", "admin"),
    ("/x/a%2fb", "slash")])
def test_the_query_is_not_read(router, path, name, query):
    answer = ask(router, path + query)
    assert check_forwarded(router, answer, path + query)
    assert answer.route == name


@pytest.mark.parametrize("query", ["?#", "?a#b", "?a\0b", "?a\x01b", "?a\x7f",
                                   "?\t"])
def test_queries_that_are_refused(router, query):
    assert ask(router, "/public/x" + query).status == 400
    assert router.seen() == []


@pytest.mark.parametrize("target", [
    "/public//../admin/secret", "//admin/secret", "/admin//secret", "///",
    "/public///..//..//admin", "/public/..//admin", "/x//a%2fb", "//",
    "/public//%2e%2e//admin//secret//", "/admin/secret//"])
def test_merge_slashes_off(router, target):
    data = f"GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answer, = say(router, data.encode(), unix=router.home + "/noslash.sock")
    request = check_forwarded(router, answer, target)
    if request:
        assert answer.route == route_of(reading(target_of(request)[0]))


@pytest.mark.parametrize("path", [
    "x", "%2e%2e/admin", "./%2e/x", "..%2fadmin", "a%2f%7e", "a%0d%0aX:%20y",
    "\xff", "a\\b", "x//y", "..;/admin", "a?b=%2f", "%25%32%66"])
def test_every_leg_gets_the_same_path(router, path):
    """The first server is gone; the fallback gets what was matched."""
    target = "/broken/" + path
    answer = ask(router, target)
    request = check_forwarded(router, answer, target)
    if request:
        inside = reading(target.encode("latin-1").partition(b"?")[0])
        assert (answer.route == "broken") == inside.startswith(b"/broken/")
        assert request.backend != "gone"


# after a rewrite of nginx's own

@pytest.mark.parametrize("path", [
    "x", "a%2fb", "%252e%252e/admin", "a%3fb", "a%23b", "a%0d%0aX:%20y",
    "a%20HTTP/1.1", "\xff%ff", "%25%32%66", "a%5cb", "a\\b", "%09", "..%252f",
    "a%2500", "a%257f%7f", "\"<>"])
def test_after_a_rewrite_of_nginx(router, path):
    answer = ask(router, "/again/" + path)
    request, = router.seen()
    got, query = target_of(request)
    assert is_whole(request)
    assert is_clean(got) and query == b""
    assert answer.route == route_of(reading(got))


@pytest.mark.parametrize("path, name", [
    ("a%5cb", "backslash"), ("a%2fb", None), ("a%25b", "percent")])
def test_a_byte_has_one_form_after_a_rewrite(router, path, name):
    answer = ask(router, "/encoded/" + path)
    request, = router.seen()
    assert answer.route == route_of(reading(target_of(request)[0])) == name


@pytest.mark.parametrize("target", [
    "/climb?to=..", "/climb?to=../admin", "/climb?to=.", "/climb?to=a//b",
    "/wide/evil.test/x", "/wide/admin/secret"])
def test_a_rewrite_that_leaves_dot_segments(router, target):
    """Refused, or what arrives has the reading that was matched."""
    answer = ask(router, target)
    for request in router.seen():
        assert answer.route == route_of(reading(target_of(request)[0]))
    assert answer.status in (200, 400, 500)


@pytest.mark.parametrize("path", ["", "x", "http://evil.test/", "@evil.test",
                                  "admin/secret", "a%20b", "%3f", "*"])
def test_a_rewrite_that_leaves_no_slash(router, path):
    answer = ask(router, "/bare/" + path)
    for request in router.seen():
        assert request.target.startswith("/")
        assert is_whole(request)
    assert answer.status in (200, 400, 404, 500)


# absolute-form and others

AUTHORITIES = ["shop.test", "SHOP.test", "shop.test:80", "shop.test:",
               "shop.test.", "shop.test:65535", "127.0.0.1", "[::1]",
               "[::1]:80", "any-host.test"]


@pytest.mark.parametrize("path", [
    "", "/", "/admin/secret", "//admin/secret", "/public/../admin/secret",
    "/public/%2e%2e/admin", "/x/a%2fb", "?a=/../b", "/public/x?a=http://b/"])
@pytest.mark.parametrize("authority", AUTHORITIES)
def test_absolute_form(router, authority, path):
    answer = ask(router, f"http://{authority}{path}")
    if answer.status == 400:
        assert authority in ("shop.test:",)
        assert router.seen() == []
        return
    target = path if path.startswith("/") else "/" + path
    request = check_forwarded(router, answer, target)
    assert answer.route == route_of(reading(target_of(request)[0]))


@pytest.mark.parametrize("target", [
    "http:/admin/secret", "http:admin", "http:///admin/secret", "http://",
    "://shop.test/admin", "//shop.test:80@x/admin", "http//x/admin",
    "http://user@shop.test/admin", "http://u:p@shop.test/admin",
    "http://shop.test\\@evil.test/admin", "http://shop.test#/admin",
    "http://shop.test/#/admin", "http://[::1/admin", "http://[::1]x/admin",
    "http://[zz]/admin", "http://shop.test:x/admin", "http://shop.test:-1/",
    "http://shop.test:80:80/admin", "http://sh%6fp.test/admin",
    "http://shop_test/admin", "http://sh\xc3\xb6p.test/", "http://..//admin",
    "ftp://shop.test/admin/secret", "file:///etc/passwd", "unix:/admin",
    "unix:/run/x.sock:/admin", "javascript://shop.test/admin",
    "ht tp://shop.test/", "http+unix://shop.test/admin", "h2c://shop.test/x",
    "https://shop.test/admin/secret", "wss://shop.test/admin", "1://a/admin",
    "shop.test:80", "shop.test", "shop.test/admin", "*", "**", "*/admin",
    "admin/secret", "./admin", "../admin", "..", ".", "?", "?/admin", "#",
    "\\admin", "\\\\evil.test\\x", "%2fadmin", "%2Fadmin/secret", "@/admin",
    ";/admin", "\xff/admin", "\x80", "~", "+", "-", "/\\evil.test/x"])
@pytest.mark.parametrize("method", ["GET", "OPTIONS", "CONNECT"])
def test_odd_targets(router, method, target):
    """Refused, or what arrives is a path with a reading that was matched."""
    data = (f"{method} {target} HTTP/1.1\r\nHost: shop.test\r\n"
            "Connection: close\r\n\r\n").encode("latin-1")
    answers = say(router, data)
    assert len(answers) <= 1
    for request in router.seen():
        path, _ = target_of(request)
        assert is_whole(request)
        assert path.startswith(b"/")
        assert answers[0].route == route_of(reading(path))
    if not router.seen():
        assert not answers or 400 <= answers[0].status < 600
        assert not answers or answers[0].status not in (502, 504)


@pytest.mark.parametrize("line", [
    b"GET /admin/secret", b"GET  /admin/secret", b"GET /admin/secret ",
    b"GET /public/x /admin HTTP/1.1", b"GET /public/x  HTTP/1.1",
    b"GET /public/x\tHTTP/1.1", b"GET\t/public/x HTTP/1.1",
    b"GET /public/x HTTP/1.1 ", b"GET /public/x HTTP/1.1 x",
    b"GET /public/x HTTP/1.2", b"GET /public/x HTTP/2.0",
    b"GET /public/x HTTP/0.9", b"GET /public/x HTTP/9.9",
    b"GET /public/x HTTP/11", b"GET /public/x http/1.1",
    b"GET /public/x HTTP/1.10", b"GET /public/x HTTP/01.1",
    b"GET /public/x XTTP/1.1", b"GET /public/x", b"GET /public/x\x0bHTTP/1.1",
    b"get /public/x HTTP/1.1", b"Get /public/x HTTP/1.1",
    b"G\xffT /public/x HTTP/1.1", b"G\0T /public/x HTTP/1.1",
    b"GET: /public/x HTTP/1.1", b" GET /public/x HTTP/1.1",
    b"\r\nGET /public/x HTTP/1.1", b"\r\n\r\n\r\nGET /public/x HTTP/1.1",
    b"G3T /public/x HTTP/1.1", b"GE@T /public/x HTTP/1.1",
    b"TRACE /public/x HTTP/1.1", b"CONNECT /public/x HTTP/1.1",
    b"PRI * HTTP/2.0", b"GET /public/x\rHTTP/1.1", b"/public/x HTTP/1.1"])
def test_odd_request_lines(router, line):
    """nginx is strict or lenient as it is; a backend gets one good line."""
    answers = []
    try:
        answers = say(router, line + b"\r\nHost: shop.test\r\n"
                                     b"Connection: close\r\n\r\n")
    except AssertionError as error:
        assert "not an answer" in str(error)    # HTTP/0.9 has no head
    requests = router.seen()
    assert len(requests) <= 1
    assert len(answers) <= 1
    for request in requests:
        assert is_whole(request)
        assert reading(target_of(request)[0]) in (b"/public/x",
                                                  b"/admin/secret")
        assert request.value("Host")
    if not requests and answers:
        assert answers[0].status in (400, 405, 505)


# rewritten paths

TAILS = list(dict.fromkeys([
    *(f"/{d}/x" for d in DOT_DOTS + DOTS + ALMOST_DOTS),
    *(f"/a{s}b" for s in SLASHES), *(f"/{s}evil.test/x" for s in SLASHES),
    "", "/", "//", "/%2f/", "/x/", "/x/..", "/x/.", "/;", "/\\", "/%5c",
    "/a?b=/../c", "/a?", "/%25", "/%252f", "/100%25/2F", "/%25/2F", "/2F/%25",
    "/.%2e%2f/x", "/a%20HTTP%2f1.1%0d%0aHost:%20evil", "/%E2%82%AC", "/%61",
]))


def moved(name, path):
    """What rules make of a reading, not yet encoded; None: no rewriting."""
    if name == "move":
        return b"/moved" + path[len("/move"):]
    if name == "strip":
        return path[len("/strip"):] or b"/"
    if name == "whole":
        return path[len("/whole"):] or b"/"
    return None


@pytest.mark.parametrize("tail", TAILS, ids=lambda t: repr(t)[:40])
@pytest.mark.parametrize("name", ["move", "strip", "whole"])
def test_rewritten(router, name, tail):
    target = f"/{name}{tail}"
    path, mark, query = target.encode("latin-1").partition(b"?")
    answer = ask(router, target)
    must, may = is_refused(path)

    if answer.status == 400:
        assert may
        assert router.seen() == []
        return

    assert not must
    request, = router.seen()
    got, got_query = target_of(request)
    assert is_whole(request)

    if answer.route != name:
        assert not re.match(rb"/%s(/|$)" % name.encode(), reading(path))
        assert reading(got) == reading(path)
        return

    assert is_clean(got), got
    assert got == encoded(moved(name, reading(path)))
    assert got_query == mark + query or (not query and got_query == b"")

    prefix = request.value("X-Forwarded-Prefix")
    if name != "move" and prefix is not None:
        assert prefix == "/" + name


@pytest.mark.parametrize("target", [
    *(f"/give/{s}/evil.test" for s in SLASHES if "/" not in s),
    *(f"/give/evil.test/{s}" for s in SLASHES if "/" not in s),
    *(f"/swap/evil.test/{s}" for s in SLASHES),
    *(f"/swap/{s}/evil.test" for s in SLASHES),
    *(f"/join/{a}/{b}" for a, b in itertools.product(
        [".", "%2e", "..", "%25", "%", "%252", "a", "%5c", "%2f"],
        [".", "%2e", "2f", "2e", "5c", "b", "%2f", "..%2f"])),
    *(f"/cut/{s}/2F" for s in SLASHES), *(f"/cut/{s}/25" for s in SLASHES),
    "/cut/./.x", "/cut/.x/.", "/cut/%2e./.", "/cut/%25/2Fadmin", "/cut/%25/5C",
], ids=lambda t: repr(t)[:60])
def test_rewritten_by_pieces(router, target):
    """Whatever pieces a client brings, the new path is clean."""
    path = target.encode("latin-1").partition(b"?")[0]
    answer = ask(router, target)
    if answer.status == 400:
        assert is_refused(path)[1]
        return
    request, = router.seen()
    got, _ = target_of(request)
    assert is_whole(request)
    if answer.route not in ("give", "swap", "join", "cut"):
        assert reading(got) == reading(path)
    elif encoded(reading(path)) != got:
        assert is_clean(got), got
        assert got.count(b"%2F") <= reading(path).count(b"%2F")
        assert got.count(b"%5C") <= encoded(reading(path)).count(b"%5C")


# redirects

def location_of(answer):
    """The Location as a browser reads it: (scheme, authority, path)."""
    location = answer.value("Location")
    assert re.fullmatch(r"[\x21-\x7e]+", location), location
    read = location.replace("\\", "/")
    parts = urllib.parse.urlsplit(read)
    return parts.scheme, parts.netloc, parts.path


@pytest.mark.parametrize("tail", TAILS, ids=lambda t: repr(t)[:40])
@pytest.mark.parametrize("base, host", [
    ("/to/path", "shop.test"), ("/to/root", "shop.test"),
    ("/to/host", "new.test")])
def test_redirected(router, base, host, tail):
    target = base + tail
    path = target.encode("latin-1").partition(b"?")[0]
    answer = ask(router, target)
    if answer.status in (400, 200):
        route = answer.route or ""
        assert is_refused(path)[1] or not route.startswith("to-")
        return
    assert answer.status == 302
    assert router.seen() == []
    scheme, authority, got = location_of(answer)
    assert (scheme, authority) == ("http", host)
    if base == "/to/host":
        assert reading(got.encode()) == reading(path) or "\\" in target
    else:
        assert is_clean(got.encode()), got


HOSTLESS = [
    "//evil.test/x", "/\\evil.test/x", "/%5cevil.test", "/%2fevil.test",
    "///evil.test", "/./evil.test", "/.//evil.test", "/..//evil.test",
    "/a/..//evil.test", "/%09/evil.test", "/%0d/evil.test", "/%0a/evil.test",
    "/%2e//evil.test", "/\\/evil.test", "/;//evil.test", "/%2f%2fevil.test",
    "/\xff/evil.test", "/%0d%0aX-Evil:%20c4n4ry", "/x?%0d%0aX-Evil:c4n4ry",
    "/@evil.test", "/:@evil.test", "/.evil.test"]


@pytest.mark.parametrize("head", ["", "/to/root", "/to/path", "/to/parts/a"])
@pytest.mark.parametrize("target", HOSTLESS)
def test_redirect_without_a_host(router, head, target):
    """HTTP/1.0 with no Host: the Location is a path, and only that."""
    answer, = say(router, f"GET {head}{target} HTTP/1.0\r\nX-Go: port\r\n\r\n"
                  .encode("latin-1"))
    assert answer.values("X-Evil") == []
    if answer.status in (301, 302):
        scheme, authority, path = location_of(answer)
        assert (scheme, authority) == ("", "")
        assert path.startswith("/") and not path.startswith("//")
    else:
        assert answer.status in (200, 400)


@pytest.mark.parametrize("target", HOSTLESS)
def test_redirect_to_https(router, target):
    answer, = say(router, f"GET {target} HTTP/1.1\r\nHost: Any.test:8080\r\n"
                  "Connection: close\r\n\r\n".encode("latin-1"))
    assert answer.values("X-Evil") == []
    if answer.status != 400:
        assert location_of(answer)[:2] == ("https", "any.test")


# answers mapped back

OWN = "http://%OWN%"
ABUSED = [
    OWN + "/\t/evil.test/", OWN + "/\t\\evil.test/", OWN + "\t//evil.test/",
    OWN + "//evil.test/", OWN + "/\\evil.test/", OWN + "\\evil.test/",
    OWN + "/\\/evil.test", OWN + "///evil.test", OWN + "/.//evil.test",
    OWN + "/%2fevil.test", OWN + "/%09/evil.test", OWN + "/..//evil.test",
    OWN + "?//evil.test", OWN + "#//evil.test", OWN + "@evil.test/",
    OWN + ".evil.test/", OWN + ":80/", OWN + "\t.evil.test/",
    OWN + "/moved//evil.test/", OWN + "/moved/\\evil.test/",
    OWN + "/moved/\t/evil.test/", OWN + "/moved/..//evil.test/",
    OWN + "/moved\t/evil.test/", OWN + "/moved?//evil.test",
    OWN + "/moved/x\t", OWN + "/\t", OWN + "/ /evil.test",
    "//%OWN%//evil.test/", "//%OWN%/\\evil.test", "//%OWN%/\t/evil.test",
    "/moved//evil.test/", "/moved/\\evil.test/", "/moved/\t/evil.test/",
    "/moved/%2fevil.test/", "/moved/%5cevil.test", "/moved/..//evil.test/",
    "/moved/.//evil.test/", "/moved///evil.test/", "/moved", "/moved/",
    "/moved/%0d%0aX-Evil:%20c4n4ry", "/moved/\xff/x", "/moved/ /x",
    "http://shop.test/moved//evil.test", "http://shop.test//evil.test",
    "http://shop.test/\\evil.test", "HTTP://%OWN%//evil.test/",
    "http:/\\%OWN%/evil.test", "http:////evil.test/", "/evil.test//",
    "/%09/evil.test/", "/%5c/evil.test", "/%2f%2fevil.test/", "/x//y",
]


def browser_authority(location):
    """The authority that a browser goes to; None: the same one."""
    location = re.sub("[\t\r\n]", "", location).strip(" ").replace("\\", "/")
    found = re.match(r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//+([^/?#]*)", location)
    return found and found.group(1).rpartition("@")[2].lower()


@pytest.mark.parametrize("sent", ABUSED, ids=repr)
@pytest.mark.parametrize("target", ["/move/a", "/strip/a", "/whole/a",
                                    "/public/a", "/legacy/a"])
def test_map_back_makes_no_other_host(router, target, sent):
    backend = router.legacy if target == "/legacy/a" else router.new
    sent = sent.replace("%OWN%", backend.address)
    handler = faults.answer(302, "", [("Location", sent)])
    for path in ("/moved/a", "/a", "/public/a", "/legacy/a"):
        backend.on(path, handler)
    answer = ask(router, target)
    assert answer.status == 302
    location = answer.value("Location")
    assert answer.values("X-Evil") == []
    before, after = map(browser_authority, (sent, location))
    allowed = {before, None, "shop.test"}
    if before == backend.address:
        allowed = {None, "shop.test", backend.address}
    assert after in allowed, location


@pytest.mark.parametrize("sent", [
    "a=1; Path=/moved", "a=1; Path=/moved/", "a=1; Path=/moved/x; Secure",
    "a=1; Path=/moved/%0d%0a; Secure", "a=1; Path=/moved//x", "a=1; Path=/",
    "a=1; Path=/moved/../..", "a=1; Path=/moved/%3bDomain=test",
    "a=1; Path=/moved/%3b%20Domain=evil.test",
    "a=1; Path=/moved; Path=/moved/b", "a=1; Path=/moved ; HttpOnly",
    "a=1; PATH=/moved", "a=1;Path=/moved;Domain=shop.test", "a=Path=/moved",
    "a=\";Path=/moved;\"", "a=1; Path=\"/moved\"", "a=1; Path", "a=1; Path=",
    "a=1; Path=x", "a=1; XPath=/moved", "Path=/moved", "; Path=/moved", "=",
    "a=1; Path=/moved/\xff", "a=1; Path=/moved/\t; Secure",
    "a=1;;;Path=/moved",
    "a=1; Path=/moved/%2f%2e%2e", "__Host-a=1; Path=/; Secure"], ids=repr)
@pytest.mark.parametrize("target", ["/move/a", "/strip/a", "/public/a"])
def test_map_back_of_cookies_changes_the_path_alone(router, target, sent):
    handler = faults.answer(200, "", [("Set-Cookie", sent)])
    for path in ("/moved/a", "/a", "/public/a"):
        router.new.on(path, handler)
    got = ask(router, target).value("Set-Cookie")
    assert re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", got)

    pairs = list(itertools.zip_longest(sent.strip().split(";"),
                                       got.split(";")))
    changed = [(a, b) for a, b in pairs if a != b]
    assert len(changed) <= 1
    for before, after in changed:
        name, _, path = after.strip().partition("=")
        assert before.strip().lower().startswith("path=/")
        assert name.lower() == "path"
        assert target != "/public/a"
        assert re.match(r"/(move|strip)(/|$)", path)
        assert is_resolved(path.encode("latin-1"))
