"""strangler_pass among nginx's other directives, locations and servers."""

import pytest

from harness import faults
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: new, match: {path: /new/*}, to: new, stage: live}
  - {name: auth, match: {path: /auth}, to: new, stage: done}
  - {name: part, match: {path: "/part/{n}"}, to: new, stage: done}
  - {name: asset, match: {path: '~\\.css$'}, to: new, stage: done}
  - {name: gone, match: {path: /gone}, respond: {status: 410, body: gone}}
  - {name: header, match: {path: /which, headers: {X-New: "1"}}, to: new, stage: live}
  - name: sides
    match: {path: /cached/*}
    to: new
    stage: live
    force: {old: [{headers: {X-Side: old}}]}
"""

OTHER = """
version: 1
backends:
  other: {servers: [@other@]}
default: other
"""

SERVER = """
        ssi on;
        ssi_types text/x-ssi;
        root @HOME@/www;

        location = /exact {
            strangler_pass main;
            include @PARAMS@;
        }
        location ~ \\.css$ {
            strangler_pass main;
            include @PARAMS@;
        }
        location /outer/ {
            strangler_pass main;
            include @PARAMS@;
            location /outer/inner/ {
                return 200 "nested\\n";
            }
            location /outer/again/ {
                strangler_pass other;
                include @PARAMS@;
            }
        }
        location /limited/ {
            strangler_pass main;
            include @PARAMS@;
            limit_except GET POST {
                deny all;
            }
        }
        location /excepted/ {
            strangler_pass main;
            include @PARAMS@;
            limit_except GET {
                strangler_pass other;
            }
        }
        location /excepted-same/ {
            strangler_pass main;
            include @PARAMS@;
            limit_except GET {
                allow all;
            }
        }
        location /if/ {
            if ($arg_other) {
                strangler_pass other;
            }
            if ($arg_flag) {
                set $unused 1;
            }
            strangler_pass main;
            include @PARAMS@;
        }
        location /try/ {
            try_files $uri @named;
        }
        location @named {
            strangler_pass main;
            include @PARAMS@;
        }
        location /nothing/ {
            return 404;
            error_page 404 = @named;
        }
        location /page/ {
            strangler_pass main;
            include @PARAMS@;
            proxy_intercept_errors on;
            error_page 404 /new/not-found;
        }
        location /guarded/ {
            auth_request /auth;
            auth_request_set $who $upstream_http_x_who;
            strangler_pass main;
            include @PARAMS@;
            proxy_set_header X-Who $who;
        }
        location = /auth {
            internal;
            strangler_pass main;
            include @PARAMS@;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
        location /accel/ {
            strangler_pass main;
            include @PARAMS@;
        }
        location /internal/ {
            internal;
            strangler_pass main;
            include @PARAMS@;
        }
        location /denied/ {
            deny all;
            strangler_pass main;
            include @PARAMS@;
        }
        location /cached/ {
            strangler_pass main;
            include @PARAMS@;
            proxy_cache store;
            proxy_cache_valid 200 1m;
        }
        location /stored/ {
            strangler_pass main;
            include @PARAMS@;
            proxy_store @HOME@/www/$uri;
        }
        location /gzipped/ {
            strangler_pass main;
            include @PARAMS@;
            gzip on;
            gzip_types text/plain;
            gzip_proxied any;
            sub_filter before after;
            sub_filter_types text/plain;
            sub_filter_once off;
        }
        location /new/scarce/ {
            limit_req zone=scarce nodelay;
            strangler_pass main;
            include @PARAMS@;
        }
        location /which {
            strangler_pass main;
            include @PARAMS@;
        }
"""

SERVERS = """
    server {
        listen unix:@HOME@/two.sock;
        server_name two.test;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
    }
    server {
        listen unix:@HOME@/two.sock;
        server_name three.test;
        location / {
            strangler_pass other;
            include @PARAMS@;
        }
    }
"""


@pytest.fixture(scope="module")
def router(make_router):
    router = make_router(
        {"main": RULES, "other": OTHER}, ["legacy", "new", "other"],
        start=False, server=SERVER, servers=SERVERS,
        http="proxy_cache_path @HOME@/cache keys_zone=store:1m;\n"
             "    limit_req_zone $server_name zone=scarce:1m rate=1r/m;")
    www = router.nginx.home / "www"
    www.mkdir(mode=0o777)
    (www / "try").mkdir()
    (www / "try" / "file").write_text("a file\n")
    return router.start()


@pytest.mark.parametrize("target, route, backend", [
    ("/exact", None, "legacy"),
    ("/a/b.css", "asset", "new"),
    ("/outer/x", None, "legacy"),
    ("/outer/again/x", None, "other"),
    ("/limited/x", None, "legacy"),
    ("/excepted/x", None, "legacy"),
    ("/excepted-same/x", None, "legacy"),
    ("/if/x", None, "legacy"),
    ("/if/x?flag=1", None, "legacy"),
    ("/if/x?other=1", None, "other"),
    ("/try/nothing", None, "legacy"),
    ("/nothing/x", None, "legacy"),
    ("/new/x", "new", "new"),
])
def test_location(router, target, route, backend):
    response = router.get(target)
    assert response.status in (200, 404)
    assert response.backend == backend
    assert response.route == route
    assert router.seen()[0].target == target


def test_nested_locations_do_not_inherit(router):
    assert router.get("/outer/inner/x").text == "nested\n"
    assert router.legs() == []


@pytest.mark.parametrize("path, method, status, legs", [
    ("/limited/x", "GET", 200, ["legacy"]),
    ("/limited/x", "HEAD", 200, ["legacy"]),
    ("/limited/x", "POST", 200, ["legacy"]),
    ("/limited/x", "DELETE", 403, []),
    ("/excepted/x", "POST", 200, ["other"]),
    ("/excepted-same/x", "POST", 200, ["legacy"]),
])
def test_limit_except(router, path, method, status, legs):
    response = router.request(method, path, body=b"" if method == "HEAD"
                              else b"abc")
    assert response.status == status
    assert router.legs() == legs


def test_limit_except_still_decides(router):
    """In the excepted methods it is our handler too, not proxy's alone."""
    response = router.request("POST", "/excepted-same/x")
    assert router.entry(response)["strangler_backend"] == "legacy"


def test_try_files_prefers_the_file(router):
    assert router.get("/try/file").text == "a file\n"
    assert router.legs() == []


def test_error_page_after_an_answer(router):
    router.legacy.on("/page/x", faults.answer(404, "no"))
    response = router.get("/page/x")
    assert response.status == 404
    assert response.backend == "new"
    assert router.legs() == ["legacy", "new"]
    assert router.seen()[1].target == "/new/not-found"
    assert router.entry(response)["strangler_route"] == "new"


def test_auth_request(router):
    router.new.on("/auth", faults.answer(204, headers=[("X-Who", "ann")]))
    response = router.request("POST", "/guarded/x", body=b"x" * 50000)
    assert response.backend == "legacy"
    assert router.legs() == ["new", "legacy"]
    auth, main = router.seen()
    assert (auth.target, auth.body_length) == ("/auth", 0)
    assert main.value("X-Who") == "ann"
    assert main.body_length == 50000
    entry = router.entry(response)
    assert entry["strangler_backend"] == "legacy"
    assert entry["strangler_route"] == ""


@pytest.mark.parametrize("status", [401, 403])
def test_auth_request_denies(router, status):
    router.new.on("/auth", faults.answer(status))
    assert router.get("/guarded/x").status == status
    assert router.legs() == ["new"]


def test_subrequests(router):
    """Each part of the page has a decision of its own."""
    router.legacy.on("/page.ssi", faults.answer(
        200, '[<!--#include virtual="/part/1" -->|'
        '<!--#include virtual="/elsewhere?x=1" -->|'
        '<!--#include virtual="/part/2" -->]',
        [("Content-Type", "text/x-ssi")]))
    router.new.on("/part/1", faults.answer(200, "one"))
    router.legacy.on("/elsewhere", faults.answer(200, "two"))
    router.new.on("/part/2", faults.answer(200, "three"))
    response = router.get("/page.ssi")
    assert response.text == "[one|two|three]"
    assert sorted(router.legs()) == ["legacy", "legacy", "new", "new"]
    entry = router.entry(response)
    assert entry["strangler_backend"] == "legacy"


def test_fallback_in_a_subrequest(router):
    router.legacy.on("/page.ssi", faults.answer(
        200, '[<!--#include virtual="/new/part" -->]',
        [("Content-Type", "text/x-ssi")]))
    router.new.on("/new/part", faults.reset())
    router.legacy.on("/new/part", faults.answer(200, "rescued"))
    assert router.get("/page.ssi").text == "[rescued]"


def test_respond_in_a_subrequest(router):
    router.legacy.on("/page.ssi", faults.answer(
        200, '[<!--#include virtual="/gone" -->]',
        [("Content-Type", "text/x-ssi")]))
    response = router.get("/page.ssi")
    assert response.status == 200
    assert response.text == "[gone]"


def test_x_accel_redirect(router):
    router.legacy.on("/accel/x", faults.answer(
        200, "", [("X-Accel-Redirect", "/internal/y?z=1")]))
    response = router.get("/accel/x")
    assert response.backend == "legacy"
    assert router.seen()[1].target == "/internal/y?z=1"


def test_x_accel_redirect_to_another_side(router):
    router.legacy.on("/accel/x", faults.answer(
        200, "", [("X-Accel-Redirect", "/new/y")]))
    response = router.get("/accel/x")
    assert response.backend == "new"
    assert router.legs() == ["legacy", "new"]
    assert router.entry(response)["strangler_backend"] == "new"


def test_internal_and_denied(router):
    assert router.get("/internal/x").status == 404
    assert router.get("/denied/x").status == 403
    assert router.legs() == []


def test_cache_keeps_the_sides_apart(router):
    new = router.get("/cached/a")
    old = router.get("/cached/a", {"X-Side": "old"})
    assert [new.backend, old.backend] == ["new", "legacy"]
    again_new = router.get("/cached/a")
    again_old = router.get("/cached/a", {"X-Side": "old"})
    assert [again_new.backend, again_old.backend] == ["new", "legacy"]
    assert router.legs() == ["new", "legacy"]
    entry = router.entry(again_new)
    assert entry["upstream_cache_status"] == "HIT"
    assert entry["strangler_backend"] == "new"


def test_an_answer_of_the_fallback_is_not_cached(router):
    router.drop_idle()
    router.new.on("/cached/b", faults.in_turn(faults.reset(), faults.echo))
    assert router.get("/cached/b").backend == "legacy"
    assert router.get("/cached/b").backend == "new"
    assert router.get("/cached/b").backend == "new"
    assert router.legs() == ["new", "legacy", "new"]


def test_store(router):
    body = router.get("/stored/x").body
    stored = router.nginx.home / "www/stored/x"
    wait_until(stored.exists, "the answer is stored, maybe after it was sent")
    assert stored.read_bytes() == body


def test_gzip_and_sub_filter(router):
    router.legacy.on("/gzipped/x", faults.answer(
        200, "before " * 500, [("Content-Type", "text/plain")]))
    assert router.get("/gzipped/x").text == "after " * 500
    response = router.get("/gzipped/x", {"Accept-Encoding": "gzip"})
    assert response.value("Content-Encoding") == "gzip"


def test_servers_share_a_rule_set(router):
    with router.connect(unix=router.home + "/two.sock") as client:
        response = client.request("GET", "/new/a", host="two.test")
        assert response.backend == "new"
        assert response.route == "new"


def test_two_rule_sets(router):
    with router.connect(unix=router.home + "/two.sock") as client:
        for _ in range(2):
            response = client.request("GET", "/new/a", host="three.test")
            assert response.backend == "other"
            response = client.request("GET", "/new/a", host="two.test")
            assert response.backend == "new"


def test_a_location_without_strangler_pass_has_empty_variables(router):
    response = router.get("/outer/inner/x")
    entry = router.entry(response)
    assert entry["strangler_route"] == ""
    assert entry["strangler_backend"] == ""
    assert entry["strangler_fallback"] == ""


def test_reuseport(one_router):
    router = one_router(RULES, listen="reuseport", workers=2)
    for _ in range(10):
        with router.connect() as client:
            assert client.request("GET", "/new/a").backend == "new"


def test_limit_req(router):
    """What is over the limit reaches no backend, and is no failure of one."""
    router.new.on("/new/scarce/a", faults.answer(503))
    assert router.get("/new/scarce/a").backend == "legacy"
    assert router.legs() == ["new", "legacy"]

    response = router.get("/new/scarce/a")
    assert response.status == 503
    assert router.legs() == ["new", "legacy"]
    assert router.entry(response)["strangler_fallback"] == ""
