"""Header changes by rule, what strangler_params sets, and debug headers."""

import pytest

from harness import faults

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - name: request
    match: {path: /request/*}
    to: new
    stage: live
    headers:
      request:
        set: {X-Set: from-rules, X-Env: "prod, blue"}
        add: {X-Add: added}
        remove: [X-Remove, cookie]
  - name: request-old
    match: {path: /request-old/*}
    to: new
    stage: legacy
    headers: {request: {set: {X-Set: from-rules}}}
  - name: proxied
    match: {path: /proxied/*}
    to: new
    stage: live
    headers:
      request:
        set: {X-Forwarded-Proto: https, X-Real-IP: 192.0.2.1}
        remove: [X-Forwarded-Host]
        add: {X-Forwarded-For: 192.0.2.9}
  - name: response
    match: {path: /response/*}
    to: new
    stage: live
    headers:
      response:
        set: {X-Set: from-rules, Cache-Control: no-store, Content-Type: text/x-set}
        add: {X-Add: added, Set-Cookie: "extra=1; Path=/"}
        remove: [X-Remove, ETag, Last-Modified]
  - name: literal
    match: {path: /literal/*}
    to: new
    stage: live
    headers:
      request: {set: {X-Literal: "$host ${uri} %{x}"}}
      response: {set: {X-Literal: "$host ${uri} %{x}"}}
  - name: redirect
    match: {path: /redirect/*}
    redirect: {path: /elsewhere}
    headers: {response: {set: {X-Set: from-rules}}}
  - name: respond
    match: {path: /respond/*}
    respond: {status: 410, body: gone}
    headers: {response: {set: {X-Set: from-rules, Retry-After: "1"}}}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, server="""
        location /debug/ {
            rewrite ^/debug(/.*)$ $1 break;
            strangler_pass main;
            strangler_debug_header on;
            include @PARAMS@;
        }
        location /own/ {
            rewrite ^/own(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
            proxy_set_header X-Own "of the location";
            proxy_set_header X-Set "of the location";
            proxy_hide_header X-Hidden;
        }
        location /trusting/ {
            rewrite ^/trusting(/.*)$ $1 break;
            strangler_pass main;
            strangler_trusted 127.0.0.0/8;
            include @PARAMS@;
        }""")


def combined(message, name):
    """All values of a header: list items over all lines."""
    return [item.strip() for value in message.values(name)
            for item in value.split(",")]


def sent(router):
    return router.seen()[-1]


# requests

def test_request_set_adds_what_is_missing(router):
    router.get("/request/a")
    assert sent(router).value("X-Set") == "from-rules"
    assert sent(router).value("X-Env") == "prod, blue"


def test_request_set_replaces_every_line(router):
    router.get("/request/a", [("x-set", "one"), ("X-SET", "two")])
    assert sent(router).value("X-Set") == "from-rules"


def test_request_add_keeps_the_clients(router):
    router.get("/request/a", {"X-Add": "mine"})
    assert combined(sent(router), "X-Add") == ["mine", "added"]


def test_request_remove(router):
    router.get("/request/a", [("X-Remove", "1"), ("x-remove", "2"),
                              ("Cookie", "a=b"), ("X-Keep", "3")])
    assert sent(router).values("X-Remove") == []
    assert sent(router).values("Cookie") == []
    assert sent(router).value("X-Keep") == "3"


def test_request_headers_go_to_the_fallback_too(router):
    router.new.on("/request/a", faults.answer(503))
    router.get("/request/a", {"X-Remove": "1", "X-Add": "mine"})
    assert router.legs() == ["new", "legacy"]
    for request in router.seen():
        assert request.value("X-Set") == "from-rules"
        assert combined(request, "X-Add") == ["mine", "added"]
        assert request.values("X-Remove") == []


def test_request_headers_go_to_either_side(router):
    router.get("/request-old/a", {"X-Set": "mine"})
    assert router.legs() == ["legacy"]
    assert sent(router).value("X-Set") == "from-rules"


def test_request_rules_win_over_proxy_set_header(router):
    router.get("/own/request/a")
    assert sent(router).value("X-Set") == "from-rules"
    assert sent(router).value("X-Own") == "of the location"


def test_request_headers_that_params_set(router):
    router.get("/proxied/a")
    request = sent(router)
    assert request.value("X-Forwarded-Proto") == "https"
    assert request.value("X-Real-IP") == "192.0.2.1"
    assert request.values("X-Forwarded-Host") == []
    assert combined(request, "X-Forwarded-For") == ["127.0.0.1", "192.0.2.9"]


def test_request_values_are_literal(router):
    response = router.get("/literal/a")
    assert sent(router).value("X-Literal") == "$host ${uri} %{x}"
    assert response.value("X-Literal") == "$host ${uri} %{x}"


def test_other_headers_pass_unchanged(router):
    """Names, values and order of what nobody changes."""
    headers = [("X-One", "1"), ("x-two", "b  c"), ("X-One", "2"),
               ("Accept", "*/*;q=0.1"), ("X_Under", "dropped by nginx"),
               ("Authorization", "Basic Zm9v"), ("Cookie", "a=1; b=2")]
    router.get("/elsewhere", headers)
    names = ("x-one", "x-two", "accept", "authorization", "cookie")
    passed = [(n, v) for n, v in sent(router).headers if n.lower() in names]
    assert passed == [h for h in headers if h[0].lower() in names]


# what strangler_params sets

def test_params(router):
    router.get("/elsewhere", host="Shop.Test:8080")
    request = sent(router)
    assert request.value("Host") == "Shop.Test:8080"
    assert request.value("X-Forwarded-For") == "127.0.0.1"
    assert request.value("X-Forwarded-Proto") == "http"
    assert request.value("X-Forwarded-Host") == "Shop.Test:8080"
    assert request.values("Upgrade") == []
    assert request.values("Connection") in ([], ["keep-alive"])
    assert request.version == "HTTP/1.1"


def test_forwarded_for_is_appended(router):
    router.get("/elsewhere", {"X-Forwarded-For": "192.0.2.1"})
    assert combined(sent(router), "X-Forwarded-For") == [
        "192.0.2.1", "127.0.0.1"]


def test_forwarding_headers_are_not_believed(router):
    router.get("/elsewhere", {"X-Forwarded-Proto": "https",
                              "X-Forwarded-Host": "evil.test"})
    assert sent(router).value("X-Forwarded-Proto") == "http"
    assert sent(router).value("X-Forwarded-Host") == "shop.test"


def test_trusted_forwarding_headers_are_believed(router):
    response = router.get("/trusting/elsewhere",
                          {"X-Forwarded-Proto": "https",
                           "X-Forwarded-Host": "front.test"})
    assert sent(router).value("X-Forwarded-Proto") == "https"
    assert sent(router).value("X-Forwarded-Host") == "front.test"
    entry = router.entry(response)
    assert entry["strangler_forwarded_proto"] == "https"


def test_trusted_without_forwarding_headers(router):
    router.get("/trusting/elsewhere")
    assert sent(router).value("X-Forwarded-Proto") == "http"
    assert sent(router).value("X-Forwarded-Host") == "shop.test"


def test_a_forged_proto_is_no_injection(router):
    router.get("/trusting/elsewhere", {"X-Forwarded-Proto": "gopher\t<x>"})
    assert sent(router).value("X-Forwarded-Proto") in ("http", "gopher\t<x>")
    assert len(sent(router).values("X-Forwarded-Proto")) == 1


# answers

def respond_with(router, **headers):
    pairs = [(n.replace("_", "-"), v) for n, v in headers.items()]
    router.new.on("/response/a", faults.answer(200, "hello", pairs))
    return router.get("/response/a")


def test_response_set_adds_what_is_missing(router):
    response = respond_with(router)
    assert response.value("X-Set") == "from-rules"
    assert response.value("Cache-Control") == "no-store"
    assert response.text == "hello"


def test_response_set_replaces_every_line(router):
    router.new.on("/response/a", faults.answer(200, "hello", [
        ("x-set", "one"), ("X-Set", "two"), ("Cache-Control", "public"),
        ("Cache-Control", "max-age=5")]))
    response = router.get("/response/a")
    assert response.value("X-Set") == "from-rules"
    assert response.value("Cache-Control") == "no-store"


def test_response_set_content_type(router):
    response = respond_with(router, Content_Type="text/html")
    assert response.value("Content-Type") == "text/x-set"


def test_response_add_keeps_the_backends(router):
    response = respond_with(router, X_Add="theirs", Set_Cookie="id=7")
    assert combined(response, "X-Add") == ["theirs", "added"]
    assert response.values("Set-Cookie") == ["id=7", "extra=1; Path=/"]


def test_response_remove(router):
    response = respond_with(
        router, X_Remove="1", ETag='"x"', X_Keep="1",
        Last_Modified="Tue, 01 Jan 2030 00:00:00 GMT")
    assert response.values("X-Remove") == []
    assert response.values("ETag") == []
    assert response.values("Last-Modified") == []
    assert response.value("X-Keep") == "1"


def test_response_headers_of_the_fallback(router):
    router.new.on("/response/a", faults.answer(503))
    router.legacy.on("/response/a", faults.answer(200, "old", [
        ("X-Set", "theirs"), ("X-Remove", "1")]))
    response = router.get("/response/a")
    assert response.text == "old"
    assert response.value("X-Set") == "from-rules"
    assert response.values("X-Remove") == []


def test_response_headers_of_an_error(router):
    router.new.on("/response/a", faults.answer(404, "no", [("X-Remove", "1")]))
    response = router.get("/response/a")
    assert response.status == 404
    assert response.value("X-Set") == "from-rules"
    assert response.values("X-Remove") == []


@pytest.mark.parametrize("path, status", [("/redirect/a", 302),
                                          ("/respond/a", 410)])
def test_response_headers_without_a_backend(router, path, status):
    response = router.get(path)
    assert response.status == status
    assert response.value("X-Set") == "from-rules"


def test_retry_after_on_an_answer_of_ours(router):
    assert router.get("/respond/a").value("Retry-After") == "1"


def test_rules_of_one_route_touch_no_other(router):
    router.legacy.on("/elsewhere", faults.answer(200, "x", [("X-Remove", "1")]))
    response = router.get("/elsewhere", {"X-Remove": "2"})
    assert response.value("X-Remove") == "1"
    assert response.values("X-Set") == []
    assert sent(router).value("X-Remove") == "2"


# debug headers

DEBUG = ("X-Strangler-Route", "X-Strangler-Backend", "X-Strangler-Why")


def test_debug_headers_are_off(router):
    response = router.get("/request/a")
    assert [response.values(name) for name in DEBUG] == [[], [], []]


def test_debug_headers(router):
    response = router.get("/debug/request/a")
    assert response.value("X-Strangler-Route") == "request"
    assert response.value("X-Strangler-Backend") == "new"
    assert "live" in response.value("X-Strangler-Why")


def test_debug_headers_tell_the_fallback(router):
    router.new.on("/request/a", faults.answer(503))
    response = router.get("/debug/request/a")
    assert response.value("X-Strangler-Backend") == "legacy"


def test_debug_headers_on_answers_of_ours(router):
    assert router.get("/debug/respond/a").value(
        "X-Strangler-Route") == "respond"
    assert router.get("/debug/redirect/a").value(
        "X-Strangler-Route") == "redirect"


def test_debug_headers_on_errors(router):
    router.new.on("/request/a", faults.reset())
    router.legacy.on("/request/a", faults.reset())
    response = router.get("/debug/request/a")
    assert response.status == 502
    assert response.value("X-Strangler-Route") == "request"
