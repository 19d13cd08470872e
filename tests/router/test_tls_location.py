"""proxy_ssl_* of a location: what a kept connection or session is good for."""

import ssl

import pytest

from harness.backend import Backend
from harness.certs import Authority
from harness.router import Router

RULES = """
version: 1
backends:
  legacy: {servers: [@secure@], host: orders.test, tls: {verify: false}}
  named: {servers: [@secure@], tls: {verify: false, name: own.test}}
  other: {servers: [@secure@], host: other.test, tls: {verify: false}}
default: legacy
routes:
  - {name: named, match: {path: /named/*}, to: named, stage: live}
  - {name: other, match: {path: /other/*}, to: other, stage: live}
"""

CLIENTS = ("ann.test", "bob.test")


def who(exchange):
    """Says whose certificate it was shown, and if the session is an old one."""
    subject = dict(x[0] for x in exchange.sock.getpeercert()["subject"])
    return exchange.answer(200, b"", [
        ("X-Client", subject["commonName"]),
        ("X-Resumed", str(exchange.sock.session_reused))])


def make_secure(authority, version):
    context = authority.context("orders.test", "other.test")
    for name in CLIENTS:
        authority.context(name)
    context.load_verify_locations(authority.cert)
    context.maximum_version = version
    return context


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3],
                ids=["TLSv1.2", "TLSv1.3"])
def clients(request, tmp_path):
    """A location where a header of the client chooses the certificate."""
    authority = Authority(tmp_path / "ca")
    context = make_secure(authority, request.param)
    context.verify_mode = ssl.CERT_REQUIRED
    secure = Backend("secure", tls=context)
    router = Router(RULES, [secure], location=f"""
        proxy_ssl_certificate     {tmp_path}/ca/$http_x_who.pem;
        proxy_ssl_certificate_key {tmp_path}/ca/$http_x_who.key;
    """)
    router.secure.on("/a", who)
    yield router
    router.stop()


def test_a_connection_serves_no_other_client(clients):
    for name in CLIENTS * 3:
        response = clients.get("/a", {"X-Who": name})
        assert response.value("X-Client") == name
        assert response.value("X-Resumed") == "False"


def test_a_session_serves_no_other_client(clients):
    for name in CLIENTS * 3:
        response = clients.get("/a", {"X-Who": name})
        assert response.value("X-Client") == name
        clients.secure.drop_idle()


@pytest.fixture
def names(tmp_path):
    """Two locations that inherit the same TLS settings, one with a name."""
    authority = Authority(tmp_path / "ca")
    secure = Backend(
        "secure", tls=make_secure(authority, ssl.TLSVersion.TLSv1_3))
    router = Router(RULES, [secure], server="""
        location /payments/ {
            proxy_ssl_name payments.test:8443;
            strangler_pass main;
            include @PARAMS@;
        }
        location /variable/ {
            proxy_ssl_name $http_x_name;
            strangler_pass main;
            include @PARAMS@;
        }
        location /named/ {
            proxy_ssl_name payments.test;
            strangler_pass main;
            include @PARAMS@;
        }
    """)
    yield router
    router.stop()


def test_proxy_ssl_name_is_the_name(names):
    assert names.get("/payments/a").status == 200
    assert names.secure.sni == ["payments.test"]


def test_the_rules_name_goes_before_proxy_ssl_name(names):
    assert names.get("/named/a").status == 200
    assert names.secure.sni == ["own.test"]


def test_proxy_ssl_name_keeps_connections(names):
    for _ in range(3):
        assert names.get("/payments/a").status == 200
    assert names.secure.sni == ["payments.test"]


def test_a_connection_serves_no_other_proxy_ssl_name(names):
    """Whichever comes first: the backend's host, or the location's name."""
    for path in ("/a", "/payments/a", "/a", "/payments/a"):
        assert names.get(path).status == 200
    assert names.secure.sni == ["orders.test", "payments.test"]

    for name in ("x.test", "y.test", "x.test"):
        assert names.get("/variable/a", {"X-Name": name}).status == 200
    assert names.secure.sni[2:] == ["x.test", "y.test"]
