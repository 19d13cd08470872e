"""A sampled request is sent once more, and its client never notices."""

import gzip
import os

import pytest

from harness import faults
from harness.metrics import API, scrape
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  third: {servers: [@third@]}
default: legacy
routes:
  - name: shadow
    match: {path: /shadow/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 1000}
    compare: {noise: none}
  - name: ramp
    match: {path: /ramp/*, methods: [GET]}
    to: new
    stage: ramp
    percent: 50
    by: [header:x-user]
    shadow: {percent: 100, per_second: 100000}
    compare: {noise: none}
  - name: live
    match: {path: /live/*}
    to: new
    stage: live
    shadow: {percent: 100, per_second: 100000}
    compare: {noise: none}
  - name: other
    match: {path: /other/*}
    to: new
    stage: live
    shadow: {percent: 100, to: third}
  - {name: plain, match: {path: /plain/*}, to: new, stage: live}
  - {name: unasked, match: {path: /unasked/*}, to: new, stage: shadow, shadow: {percent: 0}}
  - {name: old, match: {path: /old/*}, to: new, stage: legacy, shadow: {percent: 100}}
  - {name: done, match: {path: /done/*}, to: new, stage: done, shadow: {percent: 100}}
  - name: rewritten
    match: {path: /rewritten/*}
    to: new
    stage: shadow
    rewrite: {path: /*}
    headers: {request: {set: {X-Set: "yes"}}}
    shadow: {percent: 100, per_second: 1000}
    compare: {noise: none}
  - name: writes
    match: {path: /writes/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 1000, methods: [GET, POST, PUT], writes: sandbox, max_body: 100k}
    compare: {noise: none}
  - name: stripped
    match: {path: /stripped/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 1000, strip: [cookie:session, "header:Authorization", "header:X-Secret"]}
    compare: {noise: none}
"""

ROOT = """
    location / { strangler_pass main; include @PARAMS@; }
    location /shadow/set/ {
        set $mine from-set;
        set $mine "${mine}-$request_method";
        strangler_pass main;
        include @PARAMS@;
        proxy_set_header X-Mine $mine;
        proxy_set_header X-Scheme $scheme;
        proxy_set_header X-Id $request_id;
        proxy_set_header X-Copy $strangler_copy;
    }
    location /shadow/mapped/ {
        set $mine from-set;
        strangler_pass main;
        include @PARAMS@;
        proxy_set_header X-Side $mapped_side;
        proxy_set_header X-Asked $mapped_cookie;
        add_header X-Seen $mapped_side$mapped_cookie;
    }
    location /shadow/unpassed/ {
        strangler_pass main;
        include @PARAMS@;
        proxy_pass_request_headers off;
    }
    location /shadow/denied/ { strangler_pass main; include @PARAMS@; deny all; }
    location /shadow/trusted/ {
        strangler_trusted 127.0.0.1;
        strangler_pass main;
        include @PARAMS@;
    }
    location /shadow/paged/ {
        strangler_pass main;
        include @PARAMS@;
        proxy_intercept_errors on;
        error_page 404 502 504 /page;
    }
    location /writes/unbuffered/ {
        strangler_pass main;
        include @PARAMS@;
        proxy_request_buffering off;
    }
    location /shadow/unbuffered/ {
        strangler_pass main;
        include @PARAMS@;
        proxy_buffering off;
    }
    location /shadow/stored/ {
        strangler_pass main;
        include @PARAMS@;
        proxy_store @HOME@/stored;
        proxy_ignore_client_abort on;
        post_action /after;
    }
    location /shadow/logged/ {
        strangler_pass main;
        include @PARAMS@;
        error_page 500 502 504 =200 /elsewhere/failed;
        proxy_intercept_errors on;
        proxy_limit_rate 100;
        proxy_buffers 4 4k; proxy_busy_buffers_size 8k; proxy_buffer_size 4k;
        mirror /mirrored;
        limit_req zone=slow;
    }
    location = /mirrored { internal; strangler_pass main; include @PARAMS@; }
    location /after { return 200; }
    location = /page { return 200 page; }
""" + API


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, root=ROOT, backends=("legacy", "new", "third"),
                       http="limit_req_zone $server_name zone=slow:64k "
                            "rate=10000r/s;"
                            "map $strangler_side$strangler_copy $mapped_side {"
                            " old primary; new1 copied; }"
                            "map $cookie_a $mapped_cookie { default $cookie_a; }",
                       rules_args="zone=2m poll=100ms state=@HOME@/state")


def copies(backend, path, n=1):
    """The copies that a backend has got, when there are so many."""
    def enough():
        found = [r for r in backend.seen(path)
                 if r.value("X-Strangler-Shadow") == "1"]
        return found if len(found) >= n else None

    return wait_until(enough, f"{n} copies of {path} are there")


def shadow(router, response):
    return router.entry(response)["strangler_shadow"]


def backend_of(response):
    return response.value("X-Backend")


def assert_not_copied(router, response, word=""):
    """Copies start in order: that of a later request has come, no other."""
    assert shadow(router, response) == word
    router.get("/shadow/marker")
    copies(router.new, "/shadow/marker")
    marked = [r for r in router.seen() if r.value("X-Strangler-Shadow")
              and r.path != "/shadow/marker"]
    assert not marked, marked


def test_stage_shadow_copies_to_the_new_side(router):
    response = router.get("/shadow/1?a=b")
    assert backend_of(response) == "legacy"
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.target == "/shadow/1?a=b"
    assert shadow(router, response) == "sent"
    assert [r.value("X-Strangler-Shadow")
            for r in router.legacy.seen()] == [None]


@pytest.mark.parametrize("user", range(20))
def test_ramp_copies_to_the_side_that_did_not_answer(router, user):
    response = router.get("/ramp/1", [("X-User", str(user))])
    other = {"legacy": router.new, "new": router.legacy}[backend_of(response)]
    (copy,) = copies(other, "/ramp/1")
    assert copy.value("X-User") == str(user)
    assert len(router.seen()) == 2


def test_live_copies_to_the_old_side(router):
    assert backend_of(router.get("/live/1")) == "new"
    copies(router.legacy, "/live/1")


def test_another_backend_may_get_the_copy(router):
    assert backend_of(router.get("/other/1")) == "new"
    copies(router.third, "/other/1")
    assert not router.legacy.seen()


@pytest.mark.parametrize("path", ["/plain/1", "/unasked/1", "/old/1",
                                  "/done/1", "/elsewhere"])
def test_no_copy(router, path):
    assert_not_copied(router, router.get(path))


@pytest.mark.parametrize("header", [
    ("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("If-None-Match", '"x"'),
    ("If-Match", '"x"'),
    ("If-Unmodified-Since", "Sat, 01 Jan 2000 00:00:00 GMT"),
    ("Range", "bytes=0-1"),
    ("If-Range", '"x"'),
])
def test_conditional_and_range_requests_are_not_eligible(router, header):
    assert_not_copied(router, router.get("/shadow/1", [header]))


def test_an_upgrade_is_not_eligible(router):
    response = router.raw("GET /shadow/1 HTTP/1.1\r\nHost: a\r\n"
                          "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert_not_copied(router, response)


def test_methods_that_are_not_listed(router):
    assert_not_copied(router, router.request("POST", "/shadow/1", body=b"x"))


def test_a_failed_primary_is_not_copied(router):
    router.legacy.on("/shadow/1", faults.drop())
    response = router.get("/shadow/1")
    assert response.status == 502
    assert_not_copied(router, response)


def test_a_fallback_is_not_copied(router):
    router.new.on("/live/1", faults.reset())
    response = router.get("/live/1")
    assert backend_of(response) == "legacy"
    assert_not_copied(router, response)


def test_an_error_page_is_not_copied(router):
    router.legacy.on("/shadow/paged/1", faults.answer(404, "x"))
    response = router.get("/shadow/paged/1")
    assert response.text == "page"
    assert_not_copied(router, response)


def test_what_was_denied_is_not_copied(router):
    response = router.get("/shadow/denied/1")
    assert response.status == 403
    assert_not_copied(router, response)


def test_another_coding_is_not_eligible(router):
    router.legacy.on("/shadow/1", faults.answer(
        200, b"xx", [("Content-Encoding", "br")]))
    assert_not_copied(router, router.get("/shadow/1"))


def test_gzip_is_eligible(router):
    router.legacy.on("/shadow/1", faults.answer(
        200, gzip.compress(b"xx"), [("Content-Encoding", "gzip")]))
    assert shadow(router, router.get("/shadow/1")) == "sent"
    copies(router.new, "/shadow/1")


@pytest.mark.parametrize("sent, copied", [
    ("gzip", "gzip"), ("br, gzip;q=0.5", "gzip"), ("br", None), (None, None),
    ("identity", None),
])
def test_accept_encoding_is_reduced_to_gzip(router, sent, copied):
    headers = [("Accept-Encoding", sent)] if sent else []
    router.get("/shadow/1", headers)
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.value("Accept-Encoding") == copied
    assert router.legacy.seen()[0].value("Accept-Encoding") == sent


def test_the_rewritten_path_and_header_rules(router):
    router.get("/rewritten/a/b?c=d")
    (copy,) = copies(router.new, "/a/b")
    assert copy.target == "/a/b?c=d"
    assert copy.value("X-Set") == "yes"
    assert copy.value("X-Forwarded-Prefix") == "/rewritten"
    primary = router.legacy.seen()[0]
    assert primary.target == "/rewritten/a/b?c=d"
    assert primary.value("X-Forwarded-Prefix") is None


def test_what_is_forwarded_is_the_same(router):
    headers = [("X-Forwarded-For", "10.0.0.1"), ("X-A", "1"), ("X-A", "2"),
               ("Cookie", "a=b; c=d"), ("Authorization", "Basic x"),
               ("User-Agent", "me")]
    router.get("/shadow/%41%2F?x=%20", headers, host="shop.example:8080")
    copy = copies(router.new, "/shadow/%41%2F")[0]
    primary = router.legacy.seen()[0]
    own = ("x-strangler-shadow", "x-request-id")
    assert ([h for h in copy.headers if h[0].lower() not in own]
            == primary.headers)
    assert copy.target == primary.target


def test_absolute_form(router):
    router.raw(f"GET http://shop.example/shadow/1 HTTP/1.1\r\n"
               "Host: other\r\nConnection: close\r\n\r\n")
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.value("Host") == "shop.example"


def test_http_1_0_without_a_host(router):
    router.raw("GET /shadow/1 HTTP/1.0\r\n\r\n")
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.version == "HTTP/1.1"


def test_variables_are_the_clients(router):
    response = router.get("/shadow/set/1")
    (copy,) = copies(router.new, "/shadow/set/1")
    assert copy.value("X-Mine") == "from-set-GET"
    assert copy.value("X-Scheme") == "http"
    assert copy.value("X-Id") == response.value("X-Id")
    assert copy.value("X-Copy") == "1"
    assert router.legacy.seen()[0].value("X-Copy") is None


def test_what_follows_from_others_is_found_anew(router):
    router.get("/shadow/mapped/1", [("Cookie", "a=b")])
    (copy,) = copies(router.new, "/shadow/mapped/1")
    primary = router.legacy.seen()[0]
    assert (primary.value("X-Side"), primary.value("X-Asked")) == (
        "primary", "b")
    assert (copy.value("X-Side"), copy.value("X-Asked")) == ("copied", "b")


def test_the_marker_comes_with_every_copy(router):
    router.get("/shadow/unpassed/1")
    copies(router.new, "/shadow/unpassed/1")


def test_the_requests_id(router):
    response = router.get("/shadow/1")
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.value("X-Request-ID") == response.value("X-Id")
    assert router.legacy.seen()[0].value("X-Request-ID") is None


def test_the_clients_own_id_is_kept(router):
    router.get("/shadow/1", [("X-Request-ID", "mine")])
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.value("X-Request-ID") == "mine"


def test_a_spoofed_marker_is_removed(router):
    for path in ("/shadow/1", "/plain/1", "/elsewhere"):
        router.reset()
        router.get(path, [("X-Strangler-Shadow", "1"), ("X-A", "b")])
        router.get("/shadow/marker")
        copies(router.new, "/shadow/marker")
        first = router.seen()[0]
        assert first.value("X-Strangler-Shadow") is None
        assert first.value("X-A") == "b"


def test_a_spoofed_marker_does_not_prevent_the_copy(router):
    router.get("/shadow/1", [("X-Strangler-Shadow", "1")])
    copies(router.new, "/shadow/1")


def test_a_trusted_marker_is_kept_and_not_copied_again(router):
    response = router.get("/shadow/trusted/1", [("X-Strangler-Shadow", "1")])
    assert shadow(router, response) == ""
    assert router.legacy.seen()[0].value("X-Strangler-Shadow") == "1"
    response = router.get("/shadow/trusted/2")
    assert shadow(router, response) == "sent"
    copies(router.new, "/shadow/trusted/2")
    assert not router.new.seen("/shadow/trusted/1")


def test_bodies(router):
    for size in (0, 1, 1000, 20_000, 100_000, 102_400):
        router.reset()
        body = bytes(i % 251 for i in range(size))
        response = router.request("POST", "/writes/1", body=body)
        assert shadow(router, response) == "sent"
        (copy,) = copies(router.new, "/writes/1")
        wait_until(lambda: copy.complete, "the whole body is there")
        assert copy.body_length == size
        wait_until(lambda: copy.digest == router.legacy.seen()[0].digest,
                   "the whole body is there")


def test_a_chunked_body(router):
    response = router.raw(
        "PUT /writes/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
        "Connection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert response.status == 200
    (copy,) = copies(router.new, "/writes/1")
    assert copy.value("Content-Length") == "5"
    wait_until(lambda: copy.body == b"abcde", "the body is there")


@pytest.mark.parametrize("size", [102_401, 1_000_000])
def test_a_large_body_is_not_copied(router, size):
    response = router.request("POST", "/writes/1", body=b"x" * size)
    assert response.status == 200
    assert_not_copied(router, response, "dropped_body")


def test_a_body_that_was_not_buffered(router):
    response = router.request("POST", "/writes/unbuffered/1",
                              body=b"x" * 50_000)
    assert response.status == 200
    assert_not_copied(router, response, "dropped_body")


@pytest.mark.parametrize("key, copied", [
    ("abc", "abc-shadow"), ('"abc"', '"abc-shadow"')])
def test_the_idempotency_key_is_another(router, key, copied):
    router.request("POST", "/writes/1", [("Idempotency-Key", key)], body=b"x")
    (copy,) = copies(router.new, "/writes/1")
    assert copy.value("Idempotency-Key") == copied
    assert router.legacy.seen()[0].value("Idempotency-Key") == key


@pytest.mark.parametrize("cookie, copied", [
    ("session=1", None), ("a=b; session=1", "a=b"), ("session=1; a=b", "a=b"),
    ("a=b; session=1; c=d", "a=b; c=d"), ("xsession=1", "xsession=1"),
    ("session", None), ("a=b;session=x;", "a=b;"),
])
def test_stripped_cookies(router, cookie, copied):
    router.get("/stripped/1", [("Cookie", cookie)])
    (copy,) = copies(router.new, "/stripped/1")
    assert (copy.value("Cookie") or None) in (copied, (copied or "").rstrip(";"))
    assert router.legacy.seen()[0].value("Cookie") == cookie


def test_stripped_headers(router):
    router.get("/stripped/1", [("Authorization", "Basic x"), ("x-secret", "y"),
                               ("X-Other", "z")])
    (copy,) = copies(router.new, "/stripped/1")
    assert copy.value("Authorization") is None
    assert copy.value("X-Secret") is None
    assert copy.value("X-Other") == "z"


def test_head(router):
    router.request("HEAD", "/shadow/1")
    (copy,) = copies(router.new, "/shadow/1")
    assert copy.method == "HEAD"


@pytest.mark.parametrize("status", [200, 201, 204, 301, 400, 404, 500, 503])
def test_any_answer_of_a_backend_is_eligible(router, status):
    router.legacy.on("/shadow/1", faults.answer(status, "x"))
    response = router.get("/shadow/1")
    assert response.status == status
    copies(router.new, "/shadow/1")


def test_the_log_knows_nothing_of_the_copy(router):
    router.new.on("/shadow/1", faults.answer(500, "x"))
    response = router.get("/shadow/1")
    copies(router.new, "/shadow/1")
    router.get("/shadow/marker")
    entry = router.entry(response)
    assert entry["upstream_status"] == "200"
    assert entry["upstream_addr"] == router.legacy.address
    assert entry["strangler_backend"] == "legacy"
    same = [e for e in router.entries() if e["id"] == entry["id"]]
    assert len(same) == 1


def test_pipelined_requests(router):
    answers = router.many(("GET", f"/shadow/{i}", ()) for i in range(40))
    assert [backend_of(a) for a in answers] == ["legacy"] * 40
    for i in range(40):
        copies(router.new, f"/shadow/{i}")


def test_without_buffering(router):
    router.new.on("/shadow/unbuffered/1", faults.answer(200, b"x" * 100_000))
    for _ in range(3):
        response = router.get("/shadow/unbuffered/1")
        assert shadow(router, response) == "sent"
    copies(router.new, "/shadow/unbuffered/1", 3)
    wait_until(lambda: scrape(router).total("shadow_in_flight") == 0, "idle")


def test_a_copy_is_not_stored(router):
    router.legacy.on("/shadow/stored/1", faults.answer(200, b"old"))
    router.new.on("/shadow/stored/1", faults.answer(200, b"new"))
    router.get("/shadow/stored/1")
    copies(router.new, "/shadow/stored/1")
    wait_until(lambda: scrape(router).total("shadow_in_flight") == 0, "idle")
    with open(os.path.join(router.home, "stored"), "rb") as file:
        assert file.read() == b"old"


def test_a_copy_goes_through_no_phase_again(router):
    router.new.on("/shadow/logged/1", faults.answer(500, b"x" * 50_000))
    router.get("/shadow/logged/1")
    copies(router.new, "/shadow/logged/1")
    wait_until(lambda: scrape(router).total("shadow_in_flight") == 0, "idle")
    assert len(router.legacy.seen("/mirrored")) == 1
    assert not router.legacy.seen("/elsewhere/failed")
