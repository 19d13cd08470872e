"""https backends: verified, named, and mixed with http in one request."""

import pytest

from harness import faults
from harness.backend import Backend
from harness.certs import Authority
from harness.router import Router

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  secure: {servers: [@secure@]}
  literal: {servers: [@secure@], host: orders.test}
  served: {servers: ["https://localhost:@secure_port@"], host: server}
  misnamed: {servers: [@secure@], host: payments.test}
  unknown: {servers: [@unknown@], host: orders.test}
  plain: {servers: [@plain@]}
  mixed: {servers: [@secure@, @plain@], host: orders.test}
default: legacy
routes:
  - {name: preserve, match: {path: /preserve/*}, to: secure, stage: live}
  - {name: literal, match: {path: /literal/*}, to: literal, stage: live}
  - {name: served, match: {path: /served/*}, to: served, stage: done}
  - {name: misnamed, match: {path: /misnamed/*}, to: misnamed, stage: live}
  - {name: misnamed-done, match: {path: /misnamed-done/*}, to: misnamed, stage: done}
  - {name: unknown, match: {path: /unknown/*}, to: unknown, stage: live}
  - {name: unknown-done, match: {path: /unknown-done/*}, to: unknown, stage: done}
  - {name: to-secure, match: {path: /to-secure/*}, from: literal, to: plain, stage: live}
  - {name: both-secure, match: {path: /both/*}, from: literal, to: secure, stage: live}
  - {name: assign, match: {path: /assign/*}, to: plain, stage: ramp, percent: 50, by: [assign], data: shared}
  - {name: away, match: {path: /away}, redirect: {path: /there}}
  - {name: mixed, match: {path: /mixed/*}, to: mixed, stage: done}
"""

HOST = "shop.test"


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ca")
    trusted = Authority(directory / "trusted")
    strange = Authority(directory / "strange", "Somebody Else")
    secure = Backend("secure", tls=trusted.context(
        "shop.test", "orders.test", "localhost"))
    unknown = Backend("unknown", tls=strange.context("orders.test"))

    router = Router(
        RULES.replace("@secure_port@", str(secure.port)),
        ["legacy", "plain", secure, unknown],
        env={"SSL_CERT_FILE": str(trusted.cert)}, main="env SSL_CERT_FILE;",
        servers="""
    server {
        listen unix:@HOME@/tls.sock ssl;
        ssl_certificate %s;
        ssl_certificate_key %s;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
    }""" % trusted.files("shop.test"))
    yield router
    router.stop()


@pytest.fixture(autouse=True)
def no_idle_connections(router):
    router.secure.drop_idle()


def test_host_preserve_names_the_client_host(router):
    response = router.get("/preserve/a", host=HOST)
    assert response.backend == "secure"
    assert router.secure.sni == [HOST]
    assert router.seen()[0].value("Host") == HOST


def test_the_port_is_no_part_of_the_name(router):
    response = router.get("/preserve/a", host="shop.test:8443")
    assert response.backend == "secure"
    assert router.seen()[0].value("Host") == "shop.test:8443"


def test_host_literal_is_the_name(router):
    response = router.get("/literal/a", host=HOST)
    assert response.backend == "secure"
    assert router.secure.sni == ["orders.test"]


def test_host_server_is_the_name(router):
    response = router.get("/served/a", host=HOST)
    assert response.backend == "secure"
    assert router.secure.sni == ["localhost"]


@pytest.mark.parametrize("route", ["misnamed", "unknown"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_failed_verification_is_no_connection(router, route, method):
    """Nothing was sent, so that any method may fall back."""
    response = router.request(method, f"/{route}/a", body=b"x" * 100)
    assert response.backend == "legacy"
    assert router.legs() == ["legacy"]
    assert router.entry(response)["strangler_fallback"] == "connect"


@pytest.mark.parametrize("route", ["misnamed-done", "unknown-done"])
def test_a_failed_verification_without_fallback(router, route):
    assert router.get(f"/{route}/a").status == 502
    assert router.legs() == []


def test_a_name_that_the_certificate_lacks(router):
    response = router.get("/preserve/a", host="elsewhere.test")
    assert response.backend == "legacy"
    assert router.entry(response)["strangler_fallback"] == "connect"


def test_a_kept_connection_serves_only_its_own_name(router):
    """Same address, other name: no connection of one for the other."""
    assert router.get("/literal/a", host=HOST).backend == "secure"
    assert router.get("/misnamed/a", host=HOST).backend == "legacy"
    assert router.get("/preserve/a", host="elsewhere.test").backend == "legacy"
    assert router.get("/preserve/a", host=HOST).backend == "secure"
    numbers = [r.connection for r in router.secure.seen()]
    assert len(set(numbers)) == 2


def test_connections_are_kept(router):
    for _ in range(5):
        assert router.get("/literal/a").backend == "secure"
    assert len({r.connection for r in router.secure.seen()}) == 1


@pytest.mark.parametrize("method, body", [
    ("GET", None), ("HEAD", None), ("GET", b"x" * 200000)])
def test_from_https_to_http(router, method, body):
    router.secure.on("/preserve/a", faults.answer(503))
    response = router.request(method, "/preserve/a", body=body)
    assert response.backend == "legacy"
    assert router.legs() == ["secure", "legacy"]
    assert router.seen()[0].digest == router.seen()[1].digest


@pytest.mark.parametrize("method, body", [
    ("GET", None), ("HEAD", None), ("GET", b"x" * 200000)])
def test_from_http_to_https(router, method, body):
    router.plain.on("/to-secure/a", faults.reset())
    response = router.request(method, "/to-secure/a", body=body)
    assert response.backend == "secure"
    assert router.legs() == ["plain", "secure"]
    assert router.secure.seen()[0].value("Host") == "orders.test"
    assert router.secure.seen()[0].body_length == len(body or b"")


def test_from_one_name_to_another(router):
    router.secure.on("/both/a", faults.in_turn(
        faults.answer(503), faults.echo))
    response = router.get("/both/a", host=HOST)
    assert response.backend == "secure"
    assert router.secure.sni == [HOST, "orders.test"]


def test_servers_of_either_scheme_in_one_backend(router):
    names = [router.get("/mixed/a").backend for _ in range(6)]
    assert names == names[:2] * 3
    assert sorted(names[:2]) == ["plain", "secure"]


def test_a_post_over_tls(router):
    response = router.request("POST", "/literal/a", body=b"x" * 300000)
    assert response.echo["body_length"] == 300000


def test_stale_tls_connection(router):
    router.secure.on("/literal/a", faults.if_reused(faults.drop()))
    assert router.get("/literal/a").backend == "secure"
    response = router.get("/literal/a")
    assert response.backend == "secure"
    assert router.entry(response)["strangler_fallback"] == ""


def test_a_tls_client(router):
    with router.connect(unix=router.home + "/tls.sock", tls=True) as client:
        response = client.request("GET", "/x")
    assert response.backend == "legacy"
    assert router.seen()[0].value("X-Forwarded-Proto") == "https"


def test_an_assigned_cookie_is_secure_on_https(router):
    with router.connect(unix=router.home + "/tls.sock", tls=True) as client:
        response = client.request("GET", "/assign/x")
    attributes = response.value("Set-Cookie").split("; ")[1:]
    assert "Secure" in attributes
    assert "HttpOnly" in attributes


def test_a_redirect_keeps_https(router):
    with router.connect(unix=router.home + "/tls.sock", tls=True) as client:
        response = client.request("GET", "/away?x=1")
    assert response.value("Location") == "https://shop.test/there?x=1"
