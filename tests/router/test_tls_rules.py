"""The tls key of a backend: who is believed, by which name, and who we are."""

import ssl

import pytest

from harness.backend import Backend
from harness.certs import Authority
from harness.router import Router

RULES = """
version: 1
backends:
  legacy: {servers: [@plain@]}
  careless: {servers: [@stranger@], tls: {verify: false}}
  careful: {servers: [@stranger@]}
  trusted: {servers: [@stranger@], host: orders.test, tls: {ca: "%(stranger)s"}}
  misled: {servers: [@secure@], host: orders.test, tls: {ca: "%(stranger)s"}}
  named: {servers: [@stranger@], tls: {ca: "%(stranger)s", name: orders.test}}
  misnamed: {servers: [@stranger@], tls: {ca: "%(stranger)s", name: other.test}}
  member: {servers: [@members@], tls: {ca: "%(stranger)s", name: orders.test, cert: "%(cert)s", key: "%(key)s"}}
  other-member: {servers: [@members@], tls: {ca: "%(stranger)s", name: orders.test, cert: "%(cert2)s", key: "%(key2)s"}}
  nobody: {servers: [@members@], tls: {ca: "%(stranger)s", name: orders.test}}
default: legacy
routes:
%(routes)s
"""

GOOD = ["careless", "trusted", "named", "member", "other-member"]
BAD = ["careful", "misled", "misnamed", "nobody"]


def rules(files):
    routes = "".join(
        f"  - {{name: {name}, match: {{path: /{name}/*}}, to: {name}, "
        "stage: live, data: shared}\n" for name in GOOD + BAD)
    return RULES % dict(files, routes=routes)


def who(exchange):
    """Says whose certificate it was shown, and if the session is an old one."""
    cert = exchange.sock.getpeercert()
    subject = dict(x[0] for x in cert["subject"]) if cert else {}
    return exchange.answer(200, b"", [
        ("X-Client", subject.get("commonName", "nobody")),
        ("X-Resumed", str(exchange.sock.session_reused))])


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    directory = tmp_path_factory.mktemp("ca")
    directory.parent.chmod(0o755)
    directory.chmod(0o755)
    return (Authority(directory / "system"),
            Authority(directory / "strange", "Somebody Else"))


@pytest.fixture(scope="module")
def files(authorities):
    """Paths by the names that RULES has for them."""
    _, stranger = authorities
    stranger.context("ann.test")
    stranger.context("bob.test")
    cert, key = stranger.files("ann.test")
    cert2, key2 = stranger.files("bob.test")
    return {"stranger": stranger.cert, "cert": cert, "key": key,
            "cert2": cert2, "key2": key2}


@pytest.fixture(scope="module")
def router(authorities, files):
    system, stranger = authorities
    members = stranger.context("orders.test")
    members.load_verify_locations(stranger.cert)
    members.verify_mode = ssl.CERT_REQUIRED
    router = Router(
        rules(files),
        ["plain", Backend("secure", tls=system.context("orders.test")),
         Backend("stranger", tls=stranger.context("orders.test")),
         Backend("members", tls=members)],
        env={"SSL_CERT_FILE": str(system.cert)}, main="env SSL_CERT_FILE;")
    yield router
    router.stop()


@pytest.fixture(autouse=True)
def no_idle_connections(router):
    router.drop_idle()


@pytest.mark.parametrize("name", GOOD)
def test_believed(router, name):
    for _ in range(2):
        response = router.get(f"/{name}/a")
        assert response.status == 200
        assert response.backend != "plain"
        assert router.entry(response)["strangler_backend"] == name


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("method, body", [("GET", None), ("POST", b"hello")])
def test_not_believed(router, name, method, body):
    """Nothing of the request is shown to whom we do not believe."""
    response = router.request(method, f"/{name}/a", body=body)
    reason = router.entry(response)["strangler_fallback"]

    # with TLS 1.3 a client is refused when it may have sent something already

    if name == "nobody" and (method == "POST" and reason == ""):
        assert response.status == 502
        assert router.legs() == []
        return

    assert response.backend == "plain"
    assert router.legs() == ["plain"]
    assert reason == "connect" or name == "nobody"


def test_each_shows_its_own_certificate(router):
    """Also over kept connections and old sessions."""
    for name in ("member", "other-member"):
        router.members.on(f"/{name}/a", who)

    for turn in range(6):
        if turn == 3:
            router.drop_idle()
        for name, client in (("member", "ann.test"),
                             ("other-member", "bob.test")):
            response = router.get(f"/{name}/a")
            assert response.value("X-Client") == client


def test_sessions_are_used_again(router):
    router.members.on("/member/a", who)
    assert router.get("/member/a").status == 200
    router.drop_idle()
    assert router.get("/member/a").value("X-Resumed") == "True"


def test_an_edit_of_the_certificate_is_no_old_connection(router, files):
    router.members.on("/member/a", who)
    assert router.get("/member/a").value("X-Client") == "ann.test"

    swapped = dict(files, cert=files["cert2"], key=files["key2"])
    generation = router.generation()
    try:
        router.rules.replace(rules(swapped))
        router.wait_all_workers(
            lambda c: int(c.request("GET", "/").value("X-Gen")) > generation,
            "the edit is in force")
        assert router.get("/member/a").value("X-Client") == "bob.test"
    finally:
        generation = router.generation()
        router.rules.replace(rules(files))
        router.wait_all_workers(
            lambda c: int(c.request("GET", "/").value("X-Gen")) > generation,
            "the first rules are in force again")


@pytest.mark.parametrize("key, value, said", [
    ("stranger", "/no/such/ca.pem", "No such file"),
    ("cert", "/no/such/cert.pem", "No such file"),
    ("key", "/no/such/key.pem", "No such file"),
    ("key", None, "key values mismatch")])
def test_what_cannot_be_used_is_an_error(router, files, key, value, said):
    """An edit with it changes nothing and shows the place."""
    size = router.nginx.log_size()
    generation = router.generation()
    router.rules.replace(rules(dict(files, **{
        key: value or files["key2"]})))
    router.nginx.wait_log(r"main\.yaml:\d+:\d+: error: .*" + said, size)
    assert router.generation() == generation
    assert router.get("/member/a").status == 200
    router.rules.replace(rules(files))
    router.nginx.wait_log("are those of generation", size)
