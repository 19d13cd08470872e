"""Who is said to have flipped: user, certificate's subject, or address."""

import socket
import ssl

import pytest

from harness import api as apis
from harness.api import JSON
from harness.certs import Authority
from harness.client import Connection, serialize
from harness.wait import free_port

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared}
"""
USERS = "ann:{PLAIN}secret\n"


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    ca = Authority(tmp_path_factory.mktemp("ca"))
    ca.context("test")
    ca.context("operator.example")
    return ca


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    ca = Authority(tmp_path_factory.mktemp("stranger"), "Stranger")
    ca.context("stranger.example")
    return ca


@pytest.fixture(scope="module")
def api(make_router, ca):
    cert, key = ca.files("test")
    port = free_port()
    api = apis.make(RULES, make=make_router, start=False, server="""
        location /basic/ {
            auth_basic x;
            auth_basic_user_file @HOME@/users;
            strangler_api main write=on;
        }
        location /denied/ {
            deny all;
            strangler_api main write=on;
        }
    """, servers=f"""
    server {{
        listen 127.0.0.1:{port} ssl;
        listen unix:@HOME@/sock;
        ssl_certificate {cert};
        ssl_certificate_key {key};
        ssl_client_certificate {ca.cert};
        ssl_verify_client optional_no_ca;
        location /_s/ {{ strangler_api main write=on; }}
        location /basic/ {{
            auth_basic x;
            auth_basic_user_file @HOME@/users;
            strangler_api main write=on;
        }}
    }}
""")
    api.tls = port
    users = api.router.nginx.home / "users"
    users.write_text(USERS)
    users.chmod(0o644)
    api.router.start()
    yield api
    api.close()


def actor(api, send):
    """The actor of a flip that send(method, path, body) makes."""
    stage = api.get("v1/routes/a")["stage"]
    other = "live" if stage == "legacy" else "legacy"
    answer = send(f'{{"stage":"{other}"}}')
    assert answer.status == 200, answer.body
    return api.get(f"v1/history?after={api.seq() - 1}")["entries"][0]["actor"]


def over_tls(api, base="/_s/", cert=None, headers=()):
    def send(body):
        context = ssl._create_unverified_context()
        if cert:
            context.load_cert_chain(*cert)
        with socket.create_connection(("127.0.0.1", api.tls), 10) as raw:
            sock = context.wrap_socket(raw, server_hostname="test")
            sock.sendall(serialize("PATCH", base + "v1/routes/a",
                                   {**JSON, **dict(headers)}, body,
                                   host="127.0.0.1"))
            connection = Connection.__new__(Connection)
            connection.sock, connection.alive = sock, True
            connection.stream = sock.makefile("rb")
            answer = connection.read("PATCH")
            connection.close()
            return answer
    return send


def test_the_address(api):
    assert actor(api, lambda body: api.call("PATCH", "v1/routes/a", body)
                 ) == "127.0.0.1"


def test_a_unix_socket(api):
    def send(body):
        with Connection(0, unix=str(api.router.nginx.home / "sock")) as c:
            return c.request("PATCH", "/_s/v1/routes/a", JSON, body,
                             host="localhost")
    assert actor(api, send) == "unix:"


def test_the_user(api):
    def send(body):
        with api.router.connect() as client:
            return client.request(
                "PATCH", "/basic/v1/routes/a",
                {**JSON, "Authorization": "Basic YW5uOnNlY3JldA=="}, body,
                host="127.0.0.1")
    assert actor(api, send) == "ann"


def test_a_user_that_nobody_has_checked(api):
    """Authorization where the location asks for none says nothing."""
    assert actor(api, lambda body: api.call(
        "PATCH", "v1/routes/a", body,
        headers={"Authorization": "Basic YW5uOng="})) == "127.0.0.1"


def test_the_subject(api, ca):
    cert = ca.files("operator.example")
    assert actor(api, over_tls(api, cert=cert)) == "CN=operator.example"


def test_no_certificate(api):
    assert actor(api, over_tls(api)) == "127.0.0.1"


def test_a_certificate_of_a_stranger(api, stranger):
    cert = stranger.files("stranger.example")
    assert actor(api, over_tls(api, cert=cert)) == "127.0.0.1"


def test_the_user_goes_before_the_subject(api, ca):
    cert = ca.files("operator.example")
    assert actor(api, over_tls(api, "/basic/", cert, {
        "Authorization": "Basic YW5uOnNlY3JldA=="})) == "ann"


@pytest.mark.parametrize("base,headers,status", [
    ("/basic/", {}, 401), ("/basic/", {"Authorization": "Basic YW5uOng="},
                           401), ("/denied/", {}, 403)])
def test_nginx_says_who_may_enter(api, base, headers, status):
    before = api.seq()
    with api.router.connect() as client:
        for method, path, body in (("GET", "v1/status", None),
                                   ("PATCH", "v1/routes/a",
                                    '{"stage":"done"}'),
                                   ("GET", "v1/events", None)):
            assert client.request(method, base + path, {**JSON, **headers},
                                  body, host="127.0.0.1").status == status
    assert api.seq() == before
