"""How a router is reached, and several of them at once."""

import socket
import ssl
import subprocess

import pytest

from command import good, strangler
from node import PREFIX, route


# one

def test_forms_of_a_url(start):
    node = start([route("a")])
    for url in (node.url, node.url.rstrip("/"), f"{node.name}/_strangler",
                f",{node.url},", f"{node.url},{node.url}",
                f"dns:{node.name}", f"dns:{node.name}/_strangler"):
        assert "a " in good("routes", "--api", url).out
        assert "a " in good("routes", env={"STRANGLER_API": url}).out
    assert all(path.startswith(f"{PREFIX}v1/routes?")
               for _, path, _, _ in node.calls)
    assert len(node.calls) == 14


def test_option_before_environment(start):
    node = start([route("a")])
    assert "a " in good("routes", "--api", node.url,
                        env={"STRANGLER_API": "http://127.0.0.1:1/"}).out


def test_which_router():
    for env in ({}, {"STRANGLER_API": ""}):
        said = strangler("routes", env=env)
        assert said.code == 2
        assert said.err.startswith("strangler: which router? --api URL or "
                                   "STRANGLER_API")


@pytest.mark.parametrize("url", [
    "ftp://x/", "http:///x", "http://x/?a", "file:///etc/passwd", "://",
    "http://a b/", "http://x/#a"])
def test_no_url(url):
    said = strangler("routes", "--api", url)
    assert (said.code, said.out) == (2, "")
    assert "is no base of an admin API" in said.err


def test_no_node():
    assert strangler("routes", "--api", ",").err \
        == "strangler: --api names no node\n"
    said = strangler("routes", "--api", "dns:none.invalid:80")
    assert said.code == 2
    assert said.err.startswith("strangler: cannot resolve none.invalid: ")


def test_nobody_there():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        for json in ([], ["--json"]):
            said = strangler("routes", *json, "--api",
                             f"http://bob:secret@127.0.0.1:{port}/x/")
            assert (said.code, said.out) == (2, "")
            assert f"127.0.0.1 port {port}" in said.err
            assert "secret" not in said.err
            assert len(said.err.splitlines()) == 1


def test_not_an_api(start):
    node = start()
    said = strangler("routes", "--api", f"http://{node.name}/")
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("strangler: answered with 404: is this the "
                               f"base of an admin API? http://{node.name}/v1/")

    node.answers[PREFIX + "v1/routes"] = (200, "text/html", "<h1>\x1b[2J")
    said = strangler("routes", "--api", node.url)
    assert (said.code, said.out) == (2, "")
    assert "the answer is no JSON" in said.err

    node.answers[PREFIX + "v1/routes"] = (
        200, "application/json", '{"routes": [], "routes": []}')
    assert strangler("routes", "--api", node.url).code == 2

    node.answers[PREFIX + "v1/routes"] = (302, "text/html", "")
    assert "answered with 302" in strangler("routes", "--api", node.url).err


def test_problems(start):
    node = start()
    node.answers[PREFIX + "v1/routes"] = (
        422, "application/problem+json; charset=utf-8",
        '{"title": "t", "detail": "no\\u001b[2J", "errors": '
        '["one", {"detail": "two"}, {"message": "three"}]}')
    said = strangler("routes", "--api", node.url)
    assert (said.code, said.out) == (1, "")
    assert said.err == "strangler: no\\x1b[2J; one; two; three (422)\n"

    node.answers[PREFIX + "v1/routes"] = (
        503, "application/problem+json", '{"title": "Not now"}')
    assert strangler("routes", "--api", node.url).err \
        == "strangler: Not now (503)\n"

    node.answers[PREFIX + "v1/routes"] = (503, "application/problem+json", "x")
    assert strangler("routes", "--api", node.url).code == 2


def test_user(start, tmp_path):
    node = start([route("a")])
    node.password = "bob:s:cret"
    said = strangler("routes", "--api", node.url)
    assert (said.code, said.err) == (
        2, "strangler: who is there? --user NAME:PASSWORD (401)\n")
    assert strangler("routes", "--api", node.url, "--user", "bob:x").code == 2

    good("routes", "--api", node.url, "--user", "bob:s:cret")
    good("routes", "--api", node.url, env={"STRANGLER_USER": "bob:s:cret"})
    good("routes", "--api", node.url.replace("//", "//bob:s%3Acret@"))

    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login bob password s:cret\n")
    netrc.chmod(0o600)
    good("routes", "--api", node.url, env={"HOME": str(tmp_path)})


def test_unix_socket(start, tmp_path):
    node = start([route("a")], unix=tmp_path / "api.sock")
    for args in ([], ["--api", "http://x/_strangler"]):
        assert "a " in good("routes", "--unix-socket", tmp_path / "api.sock",
                            *args).out
    assert node.calls[0][2]["Host"] == "localhost"
    assert node.calls[1][2]["Host"] == "x"
    said = strangler("routes", "--unix-socket", tmp_path / "api.sock",
                     "--api", "http://a/,http://b/")
    assert said.code == 2
    assert "--unix-socket is for one node" in said.err


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A CA, which signs for localhost and for a client."""
    top = tmp_path_factory.mktemp("tls")

    def run(*args):
        subprocess.run(["openssl", *args], cwd=top, check=True, timeout=60,
                       stdin=subprocess.DEVNULL, capture_output=True)

    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key",
        "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2")
    for name in ("localhost", "client"):
        (top / "ext").write_text(f"subjectAltName=DNS:{name}\n")
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key",
            "-out", "csr", "-subj", f"/CN={name}")
        run("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-out", f"{name}.pem", "-days", "2",
            "-extfile", "ext")
    return top


def test_tls(start, certificates):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "localhost.pem",
                            certificates / "localhost.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    node = start([route("a")], tls=context)
    url = f"https://localhost:{node.port}/_strangler/"
    ca = ["--cacert", certificates / "ca.pem"]
    client = ["--cert", certificates / "client.pem",
              "--key", certificates / "client.key"]

    said = strangler("routes", "--api", url, *client)
    assert said.code == 2
    assert "certificate" in said.err
    assert strangler("routes", "--api", url, *ca).code == 2
    good("routes", "--api", url, *ca, *client)

    # by address, and verified by name
    dns = f"dns+https:localhost:{node.port}"
    said = strangler("routes", "--api", dns, *ca, *client)
    assert "a " in said.out
    assert node.calls[-1][2]["Host"] == f"localhost:{node.port}"


def test_timeout(start):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        said = strangler("routes", "--timeout", "200ms", "--api",
                         "http://127.0.0.1:%d/" % silent.getsockname()[1])
    assert (said.code, said.out) == (2, "")
    assert "timed out" in said.err.lower()


# several

@pytest.fixture
def nodes(start):
    return [start([route("o", "ramp", 10), route("p", "live")])
            for _ in range(3)]


def api(nodes):
    return ["--api", ",".join(node.url for node in nodes)]


def test_reads_merge(nodes):
    for i, node in enumerate(nodes):
        node.routes["o"].update(
            requests={"new": 10 ** i, "old": 2}, fallbacks={"timeout": i},
            latency={"new": {"p50": 0.1 * i, "p99": 0.2 * i}, "old": None})
    said = good("routes", "--json", *api(nodes)).json["routes"]
    assert [r["name"] for r in said] == ["o", "p"]
    assert said[0]["requests"] == {"new": 111, "old": 6}
    assert said[0]["fallbacks"] == {"timeout": 3}
    assert said[0]["latency"] == {"new": {"p50": 0.2, "p99": 0.4},
                                  "old": None}
    assert "differs" not in said[0]
    assert "nodes" not in said[0]


def test_differences_are_told(nodes):
    nodes[1].routes["o"].update(stage="live", percent=100)
    del nodes[2].routes["p"]
    said = good("routes", "--json", *api(nodes)).json["routes"]
    assert said[0]["differs"] == {
        "stage": {nodes[0].name: "ramp", nodes[1].name: "live",
                  nodes[2].name: "ramp"},
        "percent": {nodes[0].name: 10, nodes[1].name: 100,
                    nodes[2].name: 10}}
    assert said[1]["nodes"] == [nodes[0].name, nodes[1].name]

    said = good("routes", *api(nodes))
    assert "differs by node" in said.out
    assert (f"o: stage is ramp on {nodes[0].name}, live on {nodes[1].name}, "
            f"ramp on {nodes[2].name}\n") in said.out


def test_backends_and_surface_merge(nodes):
    for i, node in enumerate(nodes):
        node.backends["orders"].update(in_flight=i, requests={"success": 2})
        node.shapes = [{"shape": "/a", "requests": 5, "error": 1},
                       {"shape": f"/b{i}", "requests": 7 + i, "error": 0}]
    said = good("backends", "--json", *api(nodes)).json["backends"][1]
    assert (said["in_flight"], said["requests"]) == (3, {"success": 6})
    said = good("surface", "--json", *api(nodes)).json
    assert [(s["shape"], s["requests"]) for s in said["shapes"]] \
        == [("/a", 15), ("/b2", 9), ("/b1", 8), ("/b0", 7)]
    assert said["total"] == 39


def test_status_of_all(nodes):
    said = good("status", *api(nodes))
    assert [line.split()[0] for line in said.lines] \
        == ["NODE", *(node.name for node in nodes)]
    nodes[1].stuck = 1
    said = strangler("status", *api(nodes))
    assert said.code == 1
    assert "  no 1/2  " in said.lines[2]
    said = good("status", "--json", *api(nodes)).json
    assert [n["node"] for n in said["nodes"]] == [n.name for n in nodes]


def test_history_of_all(nodes):
    for i in (0, 1, 2, 0):
        nodes[i].post_flips([], {}, {"reason": f"r{i}", "changes": [
            {"route": "p", "stage": "legacy" if nodes[i].seq == 0
             else "live"}]})
    said = good("history", "--json", *api(nodes)).json["entries"]
    assert len(said) == 4
    assert [e["time"] for e in said] == sorted(e["time"] for e in said)
    assert {e["node"] for e in said} == {n.name for n in nodes}
    assert good("history", *api(nodes)).lines[0].startswith("NODE")


def test_explain_of_all(nodes):
    said = good("explain", "GET", "/", *api(nodes))
    assert said.out.count("route     o\n") == 3
    assert all(f"{node.name}\n" in said.out for node in nodes)


def test_a_node_that_is_down(nodes):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        down = "127.0.0.1:%d" % closed.getsockname()[1]
        args = ["--api", f"http://{down}/,{nodes[0].url}"]
        said = strangler("routes", *args)
        assert said.code == 2
        assert said.err.startswith(f"strangler: {down}: ")
        assert said.out.startswith("ROUTE")

        said = strangler("flip", "o", "live", *args)
        assert said.code == 2
        assert "strangler: 1 of 2 nodes did not take it\n" in said.err
        assert "o        stage ramp -> live" in said.out
        assert nodes[0].seq == 1


def test_flips_go_to_all(nodes):
    nodes[1].post_flips([], {}, {"changes": [{"route": "p",
                                              "stage": "done"}]})
    said = good("flip", "o", "live", *api(nodes))
    assert said.out == f"""\
CHANGED
o        stage ramp -> live, percent 10% -> 100%
{nodes[0].name}: this is flip 1: strangler undo 1 takes it back
{nodes[1].name}: this is flip 2: strangler undo 2 takes it back
{nodes[2].name}: this is flip 1: strangler undo 1 takes it back
"""
    assert all(node.routes["o"]["stage"] == "live" for node in nodes)


def test_flips_that_differ(nodes):
    nodes[1].routes["o"]["stage"] = "shadow"
    said = good("flip", "o", "live", *api(nodes))
    assert said.out.count("CHANGED\n") == 3
    assert "stage shadow -> live" in said.out

    said = good("flip", "o", "legacy", "--json", *api(nodes)).json
    assert said["converged"] is True
    assert [n["node"] for n in said["nodes"]] == [n.name for n in nodes]


def test_one_refuses(nodes):
    del nodes[1].routes["o"]
    said = strangler("flip", "o", "live", *api(nodes))
    assert said.code == 1
    assert said.err == (
        f'strangler: {nodes[1].name}: there is no route "o" (404)\n'
        "strangler: 1 of 3 nodes did not take it\n")
    assert nodes[2].seq == 1


def test_one_has_not_converged(nodes):
    nodes[2].stuck = 10 ** 6
    said = strangler("flip", "o", "live", "--wait", "300ms", *api(nodes))
    assert said.code == 1
    assert said.err == (f"strangler: {nodes[2].name}: not converged: not "
                        "every worker has the newest rules\n")


def test_one_has_other_rules(nodes):
    nodes[1].status = {"checksum": "c1"}
    said = strangler("flip", "o", "live", "--wait", "300ms", *api(nodes))
    assert said.code == 1
    assert said.err == (f"strangler: {nodes[1].name}: not converged: has "
                        "other rules than the first node\n")


def test_undo_on_all(nodes):
    nodes[1].post_flips([], {}, {"changes": [{"route": "p",
                                              "stage": "done"}]})
    good("flip", "o", "live", *api(nodes))
    good("undo", *api(nodes))
    assert [node.writes()[-1][2] for node in nodes] == [
        {"undo": 1, "if_seq": 1}, {"undo": 2, "if_seq": 2},
        {"undo": 1, "if_seq": 1}]
    assert all(node.routes["o"]["stage"] == "ramp" for node in nodes)


def test_undo_of_another_flip(nodes):
    good("flip", "o", "live", *api(nodes))
    nodes[1].post_flips([], {}, {"changes": [{"route": "p",
                                              "stage": "done"}]})
    before = [node.seq for node in nodes]
    said = strangler("undo", *api(nodes))
    assert said.code == 1
    assert said.err == (
        f"strangler: {nodes[1].name}: its last flip is another than the "
        "first node's: use --api for one after the other\n")
    for command in ("undo", "confirm"):
        said = strangler(command, "2", *api(nodes))
        assert said.code == 1
        assert said.err.startswith("strangler: 2 is not the same flip on "
                                   "every node: ")
    assert [node.seq for node in nodes] == before
    good("undo", "1", *api(nodes))


def test_dns_names_every_address(start):
    """localhost is 127.0.0.1, and ::1 where there is IPv6."""
    addresses = {info[4][0] for info in socket.getaddrinfo(
        "localhost", None, type=socket.SOCK_STREAM)}
    first = start([route("o", "ramp", 10)], host=sorted(addresses)[0])
    nodes = [first, *(start([route("o", "ramp", 10)], host=address,
                            port=first.port)
                      for address in sorted(addresses)[1:])]
    good("flip", "o", "live", "--api", f"dns:localhost:{first.port}")
    assert all(node.routes["o"]["stage"] == "live" for node in nodes)
    assert all(node.calls[0][2]["Host"] == node.name for node in nodes)
