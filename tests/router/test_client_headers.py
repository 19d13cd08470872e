"""strangler_headers: the lines that tell a backend of its client."""

import pytest

from harness.router import Router

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@legacy@]}
default: legacy
routes:
  - {name: api, match: {path: /api/*}, to: new, stage: live, rewrite: {path: /*}}
"""

OURS = ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host")

FORGED = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.test"),
          ("X-Forwarded-Prefix", "/evil"), ("X-Own", "kept")]


def location(path, text):
    return f"""
        location {path} {{
            strangler_pass main;
            {text}
        }}"""


VARIABLES = """
            proxy_set_header Host $strangler_host;
            proxy_set_header Connection $strangler_connection;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $strangler_forwarded_proto;
            proxy_set_header X-Forwarded-Host $strangler_forwarded_host;
            proxy_set_header X-Forwarded-Prefix "";"""


@pytest.fixture(scope="module")
def router():
    router = Router(RULES, ["legacy"], root="""
        proxy_http_version 1.1;
        strangler_headers on;
""" + location("/", "")
        + location("/nested-off/", """strangler_headers off;
            location /nested-off/deeper/ { strangler_pass main; }""")
        + location("/params/", "include @PARAMS@;")
        + location("/variables/", "strangler_headers off;" + VARIABLES)
        + location("/others/", "proxy_set_header X-Who me;")
        + location("/beside/", """include @PARAMS@;
            proxy_set_header X-Forwarded-Proto gopher;
            proxy_set_header x-forwarded-host front.test;
            proxy_set_header X-Who me;""")
        + location("/before/", """proxy_set_header Host other.test;
            proxy_set_header Upgrade "";
            include @PARAMS@;""")
        + location("/api/own/", """include @PARAMS@;
            proxy_set_header X-Forwarded-Prefix /own;""")
        + location("/api/none/", """include @PARAMS@;
            proxy_set_header X-Forwarded-Prefix "";""")
        + location("/api/off/", "strangler_headers off;")
        + location("/inherits/", "location /inherits/deeper/ "
                   "{ strangler_pass main; }"))
    yield router
    router.stop()


def ask(router, path, headers=()):
    router.get(path, headers, host="Shop.Test:8080")
    request, = router.seen()
    return request


ALL = ["/", "/params/", "/variables/", "/inherits/",
       "/inherits/deeper/"]


@pytest.mark.parametrize("path", ALL)
def test_one_line_each(router, path):
    request = ask(router, path)
    assert request.values("Host") == ["Shop.Test:8080"]
    assert request.values("X-Forwarded-For") == ["127.0.0.1"]
    assert request.values("X-Forwarded-Proto") == ["http"]
    assert request.values("X-Forwarded-Host") == ["Shop.Test:8080"]
    for name in ("X-Forwarded-Prefix", "Connection", "Upgrade"):
        assert request.values(name) == []


@pytest.mark.parametrize("path", ALL)
def test_what_a_client_forges_is_replaced(router, path):
    request = ask(router, path, FORGED + [("Connection", "x-own")])
    assert request.values("X-Forwarded-Proto") == ["http"]
    assert request.values("X-Forwarded-Host") == ["Shop.Test:8080"]
    assert request.values("X-Forwarded-Prefix") == []
    assert request.values("Connection") == []
    assert request.values("X-Own") == ["kept"]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("lines, sent", [
    (["192.0.2.1"], "192.0.2.1, 127.0.0.1"),
    (["192.0.2.1, 192.0.2.2", "192.0.2.3"],
     "192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1"),
    (["x" * 3000], "x" * 3000 + ", 127.0.0.1")],
    ids=["one", "two", "long"])
def test_addresses_are_appended(router, path, lines, sent):
    request = ask(router, path, [("X-Forwarded-For", v) for v in lines])
    assert request.values("X-Forwarded-For") == [sent]


def test_empty_addresses_are_none(router):
    request = ask(router, "/", [("X-Forwarded-For", ""),
                                ("X-Forwarded-For", "192.0.2.1")])
    assert request.values("X-Forwarded-For") == ["192.0.2.1, 127.0.0.1"]


@pytest.mark.parametrize("path", ALL)
@pytest.mark.parametrize("wanted, sent", [
    ("websocket", True), ("chat/2, h2c", False), ("H2C", False)])
def test_upgrade(router, path, wanted, sent):
    request = ask(router, path, [("Connection", "Upgrade"),
                                 ("Upgrade", wanted)])
    assert request.values("Connection") == (["upgrade"] if sent else [])
    if sent:
        assert request.values("Upgrade") == [wanted]
    elif path != "/variables/":
        assert request.values("Upgrade") == []


@pytest.mark.parametrize("path", ALL)
def test_without_a_host(router, path):
    router.raw(f"GET {path} HTTP/1.0\r\n\r\n")
    request, = router.seen()
    assert request.values("Host") == [router.legacy.address]
    assert request.values("X-Forwarded-Host") == []
    assert request.values("X-Forwarded-For") == ["127.0.0.1"]


@pytest.mark.parametrize("path", ALL)
def test_a_body_arrives_whole(router, path):
    body = bytes(range(256)) * 40
    router.request("POST", path, body=body)
    request, = router.seen()
    assert request.body_length == len(body)
    assert request.complete
    assert request.values("Content-Length") == [str(len(body))]


@pytest.mark.parametrize("path", ["/nested-off/", "/nested-off/deeper/"])
def test_off_sends_nothing_of_ours(router, path):
    """But Host, without which there is no request."""
    request = ask(router, path, FORGED)
    assert request.values("X-Forwarded-For") == []
    assert request.values("X-Own") == ["kept"]
    assert request.values("Host") == ["Shop.Test:8080"]


def test_lines_of_a_location_replace_the_inherited_ones(router):
    """As proxy_set_header does, ours included."""
    request = ask(router, "/others/")
    assert request.values("X-Who") == ["me"]
    assert len(request.values("Host")) == 1
    for name in OURS[1:]:
        assert request.values(name) == []


def test_a_line_beside_ours_goes_before(router):
    request = ask(router, "/beside/")
    assert request.values("X-Forwarded-Proto") == ["gopher"]
    assert request.values("X-Forwarded-Host") == ["front.test"]
    assert request.values("X-Who") == ["me"]
    assert request.values("Host") == ["Shop.Test:8080"]
    assert request.values("X-Forwarded-For") == ["127.0.0.1"]


def test_lines_before_ours(router):
    request = ask(router, "/before/", [("Connection", "Upgrade"),
                                       ("Upgrade", "websocket")])
    assert request.values("Host") == ["other.test"]
    assert request.values("Connection") == []
    assert request.values("Upgrade") == []
    assert request.values("X-Forwarded-Host") == ["Shop.Test:8080"]


@pytest.mark.parametrize("path, values", [
    ("/api/a", ["/api"]), ("/api/own/a", ["/own"]), ("/api/none/a", []),
    ("/api/off/a", ["/api"])])
def test_a_line_beside_the_prefix_goes_before(router, path, values):
    request = ask(router, path, FORGED)
    assert request.values("X-Forwarded-Prefix") == values
    assert request.values("Host") == ["Shop.Test:8080"]
