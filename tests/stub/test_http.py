"""What holds for every path: methods, errors, bodies, connections, echo."""

import hashlib
import json
import signal
import socket
import subprocess

import pytest

from program import BUILD, TOP, is_problem, read_all, read_until

READABLE = ["/", "/products/POT-IRON", "/login", "/account", "/healthz",
            "/api/orders", "/api/orders/1", "/api/orders/999999",
            "/api/payments/order/1", "/api/inventory",
            "/api/inventory/TEA-GREEN", "/api/reservations",
            "/api/reservations/1", "/static/page.html", "/debug/echo", "/nope"]


@pytest.mark.parametrize("target", READABLE)
def test_head_is_get_without_body(legacy, target):
    get = legacy.get(target)
    head = legacy.request("HEAD", target)
    assert head.status == get.status
    assert head.body == b""
    assert head.headers["X-Served-By"] == "legacy"
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    if target != "/debug/echo":
        assert head.headers["Content-Length"] == get.headers["Content-Length"]


@pytest.mark.parametrize("target", ["/reports/orders.csv?rows=1", "/events"])
def test_head_of_a_stream(legacy, target):
    data = legacy.raw(b"HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n"
                      % target.encode())
    assert data.startswith(b"HTTP/1.1 200 ")
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r\n\r\n") == 1
    assert b"Content-Length" not in data


@pytest.mark.parametrize("method, target, allow", [
    ("DELETE", "/api/orders", "GET, HEAD, POST, OPTIONS"),
    ("POST", "/api/orders/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ("POST", "/api/payments/order/1", "GET, HEAD, PUT, OPTIONS"),
    ("DELETE", "/api/inventory/TEA-GREEN", "GET, HEAD, PUT, OPTIONS"),
    ("PUT", "/api/reservations", "GET, HEAD, POST, OPTIONS"),
    ("PATCH", "/api/reservations/1", "GET, HEAD, DELETE, OPTIONS"),
    ("GET", "/api/upload", "POST, PUT, OPTIONS"),
    ("POST", "/", "GET, HEAD, OPTIONS"),
    ("PUT", "/login", "GET, HEAD, POST, OPTIONS"),
    ("POST", "/static/page.html", "GET, HEAD, OPTIONS"),
    ("BREW", "/healthz", "GET, HEAD, OPTIONS")])
def test_method_not_allowed(legacy, method, target, allow):
    answer = legacy.request(method, target)
    assert is_problem(answer, 405)
    assert answer.headers["Allow"] == allow
    answer = legacy.request("OPTIONS", target)
    assert answer.status == 204
    assert answer.headers["Allow"] == allow


@pytest.mark.parametrize("target", [
    "/nope", "/api", "/api/", "/api/orders/", "/api/orders/1/", "/Api/orders",
    "/api//orders", "/api/./orders", "/api/x/../orders", "/api/orders%2F1",
    "/api/orders;x=y", "/orders", "/" + "a/" * 40])
def test_not_found(legacy, target):
    assert is_problem(legacy.get(target), 404)


def test_encoded_path_is_the_same_path(legacy):
    assert legacy.get("/api/%6Frders/%35").json["id"] == 5


@pytest.mark.parametrize("target", ["/api/orders/5%00", "/%00", "*"])
def test_bad_path(legacy, target):
    assert is_problem(legacy.get(target), 400)


def test_absolute_form(legacy):
    assert legacy.get("http://shop.example/api/orders/5").json["id"] == 5


@pytest.mark.parametrize("type_, status", [
    ("text/plain", 415), ("application/jsonx", 415), ("", 415), (None, 415),
    ("application/json", 400), ("Application/JSON; charset=utf-8", 400)])
def test_media_type(legacy, type_, status):
    headers = {} if type_ is None else {"Content-Type": type_}
    for method, target in [("POST", "/api/orders"), ("PUT", "/api/orders/1"),
                           ("PATCH", "/api/orders/1"),
                           ("PUT", "/api/payments/order/1"),
                           ("PUT", "/api/inventory/TEA-GREEN"),
                           ("POST", "/api/reservations")]:
        assert is_problem(legacy.request(method, target, "{}"[:1], headers),
                          status)


def test_large_json(legacy):
    connection = legacy.connect()
    body = b'{"note": "' + b"x" * (1024 * 1024)
    headers = {"Content-Type": "application/json"}
    assert is_problem(legacy.request("PATCH", "/api/orders/1", body, headers,
                                     connection), 413)
    # it was read to its end, so the connection is still good
    assert legacy.get("/healthz", via=connection).status == 200
    assert is_problem(legacy.request("PATCH", "/api/orders/1", iter([body]),
                                     headers, connection), 413)
    assert legacy.get("/healthz", via=connection).status == 200
    connection.close()


def test_body_that_nobody_wants(legacy):
    connection = legacy.connect()
    for method, target, status in [("POST", "/nope", 404), ("POST", "/", 405),
                                   ("DELETE", "/api/orders/5", 409),
                                   ("GET", "/healthz", 200)]:
        answer = legacy.request(method, target, b"x" * 200000, via=connection)
        assert answer.status == status
    connection.close()


def test_keep_alive(legacy):
    with legacy.socket() as sock:
        for _ in range(3):
            sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            data = read_until(sock, b"}")
            assert data.startswith(b"HTTP/1.1 200 OK\r\n")
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
                     b"Connection: close\r\n\r\n")
        assert b"\r\nConnection: close\r\n" in read_all(sock)


def test_pipelining(legacy):
    request = b"GET /healthz HTTP/1.1\r\nHost: x\r\n%s\r\n"
    data = legacy.raw(request % b"" * 4 + request % b"Connection: close\r\n")
    assert data.count(b"HTTP/1.1 200 OK") == 5


def test_idle_connection_is_closed(run):
    program = run("shop-legacy", "--idle", 1)
    with program.socket() as sock:
        assert read_all(sock) == b""


def test_garbage_is_refused(legacy):
    assert b" 400 " in legacy.raw(b"GET / HTTP/9.9 x\r\n\r\n").split(b"\n")[0]
    assert legacy.get("/healthz").status == 200


def test_health(legacy, services):
    assert legacy.get("/healthz").json == {"status": "ok",
                                           "service": "legacy"}
    for name, program in services.items():
        answer = program.get("/healthz")
        assert answer.json == {"status": "ok", "service": name}
        assert answer.headers["X-Served-By"] == name


def test_echo(legacy):
    answer = legacy.raw(
        b"PROPFIND /debug/echo/a%2Fb//../%c3x;y?q=%20+&r HTTP/1.1\r\n"
        b"Host: shop.example\r\nX-Twice: 1\r\nx-twice: \xe9\r\n"
        b"Content-Length: 3\r\nConnection: close\r\n\r\nabc")
    echo = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert echo.pop("client").startswith("127.0.0.1:")
    assert echo == {
        "server": "legacy", "method": "PROPFIND",
        "target": "/debug/echo/a%2Fb//../%c3x;y?q=%20+&r",
        "path": "/debug/echo/a%2Fb//../%c3x;y", "query": "q=%20+&r",
        "version": "HTTP/1.1",
        "headers": [["Host", "shop.example"], ["X-Twice", "1"],
                    ["x-twice", "\u00e9"], ["Content-Length", "3"],
                    ["Connection", "close"]],
        "body": {"length": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}}


def test_echo_without_query_and_body(services):
    echo = services["orders"].get("/debug/echo").json
    assert echo["query"] is None
    assert echo["body"] == {"length": 0,
                            "sha256": hashlib.sha256(b"").hexdigest()}


def test_echo_everything(run):
    program = run("shop-service", "--service", "payments", "--echo")
    for target in ("/", "/healthz", "/a//b", "/api/orders?x", "/a/../b"):
        echo = program.request("POST", target, b"abc").json
        assert echo["server"] == "payments"
        assert echo["target"] == target
        assert echo["body"]["length"] == 3


def test_large_header(legacy):
    value = "x" * 60000
    echo = legacy.get("/debug/echo", {"X-Large": value}).json
    assert ["X-Large", value] in echo["headers"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals(run, number):
    program = run("shop-legacy")
    connection = program.connect()
    assert program.get("/healthz", via=connection).status == 200
    assert program.stop(number) == 0
    assert program.errors == ""
    connection.close()


def test_data_survive(run, tmp_path):
    options = ("shop-legacy", "--db", tmp_path / "shop.db")
    program = run(*options)
    assert program.request("DELETE", "/api/orders/6").status == 204
    count = program.get("/api/orders").json["count"]
    program.stop()
    program = run(*options)
    assert program.get("/api/orders").json["count"] == count == 59
    assert is_problem(program.get("/api/orders/6"), 404)


def test_ipv6(run):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    program = run("shop-legacy", "--bind", "::1")
    assert program.address.startswith("[::1]:")
    echo = program.get("/debug/echo").json
    assert echo["client"].startswith("::1:")


def test_unix_socket(run, tmp_path):
    path = tmp_path / "shop.sock"
    program = run("shop-legacy", "--bind", f"unix:{path}")
    assert program.address == f"unix:{path}"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(path))
        sock.sendall(b"GET /debug/echo HTTP/1.0\r\n\r\n")
        assert b'"client":"unix:"' in read_all(sock)
    program.stop()
    assert not path.exists()


@pytest.mark.parametrize("name, options, code", [
    ("shop-legacy", ["--port", "x"], 2), ("shop-legacy", ["--port", "65536"], 2),
    ("shop-legacy", ["--nope"], 2), ("shop-legacy", ["more"], 2),
    ("shop-legacy", ["--service", "orders"], 2), ("shop-service", [], 2),
    ("shop-service", ["--service", "x"], 2), ("shop-legacy", ["--idle", "0"], 2),
    ("shop-legacy", ["--bind", "localhost."], 1),
    ("shop-legacy", ["--db", "/nonexistent/x.db"], 1),
    ("shop-legacy", ["--static", "/nonexistent"], 1),
    ("shop-legacy", ["--help"], 0)])
def test_command_line(name, options, code):
    done = subprocess.run([BUILD / name, *options], capture_output=True,
                          text=True, timeout=10)
    assert done.returncode == code
    if code == 0:
        assert done.stdout.startswith("usage: shop-legacy")
    else:
        assert done.stdout == "" and done.stderr


def test_port_in_use(legacy):
    done = subprocess.run([BUILD / "shop-legacy", "--port", str(legacy.port)],
                          capture_output=True, text=True, timeout=10)
    assert done.returncode == 1
    assert "Address already in use" in done.stderr


def test_room_is_documented():
    text = (TOP / "legacy-stub" / "README.md").read_text()
    usage = ""
    for name in ("shop-legacy", "shop-service"):
        usage += subprocess.run([BUILD / name, "--help"], capture_output=True,
                                text=True, timeout=10).stdout
    options = {word for word in usage.split() if word.startswith("--")}
    assert options
    for option in options:
        assert option in text
