"""Many clients at once; and no leak, as far as valgrind can tell."""

import shutil
import threading

import pytest

ORDER = {"customer": "eve@example.com",
         "items": [{"sku": "TEA-GREEN", "quantity": 1}]}

FAULTS = [("latency", 10), ("status", 503), ("status", 204),
          ("drop-header", None), ("drop-body", "length"),
          ("drop-body", "chunked"), ("hang", 10), ("reset", None),
          ("garbage", None), ("endless", None)]


def test_clients_at_once(run, tmp_path):
    program = run("shop-legacy", "--db", tmp_path / "shop.db")
    statuses = []

    def client():
        connection = program.connect()
        for _ in range(10):
            answer = program.request("POST", "/api/orders", ORDER,
                                     via=connection)
            statuses.append(answer.status)
            answer = program.get("/api/orders?per_page=5", via=connection)
            statuses.append(answer.status)
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] * 200 + [201] * 200
    assert program.get("/api/orders").json["count"] == 260


def test_reservations_never_oversell(run):
    program = run("shop-legacy")
    free = program.get("/api/inventory/GRN-HAND").json["available"]
    statuses = []

    def client():
        answer = program.request("POST", "/api/reservations",
                                 {"sku": "GRN-HAND", "quantity": 1})
        statuses.append(answer.status)

    threads = [threading.Thread(target=client) for _ in range(free + 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [201] * free + [409] * 5


@pytest.fixture
def checked(run):
    """Runs a program under valgrind, and asserts that all was well."""
    def start(*args):
        programs.append(run(*args, wrapper=(
            "valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
            "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible")))
        return programs[-1]

    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    programs = []
    yield start
    for program in programs:
        assert program.stop(timeout=50) == 0, program.errors
        assert program.errors == ""


def test_no_leak(checked, static_dir):
    program = checked("shop-legacy", "--static", static_dir)

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    program.get("/")
    program.get("/products/POT-IRON")
    answer = program.request("POST", "/login",
                             "user=ada%40example.com&password=secret", form)
    session = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    assert program.get("/account", session).status == 200
    program.request("POST", "/logout", headers=session)

    made = program.request("POST", "/api/orders", ORDER).json
    target = f"/api/orders/{made['id']}"
    program.request("PATCH", target, {"status": "paid"})
    program.request("PATCH", target, {"status": "new"})
    program.request("PUT", target, {"bad": 1})
    program.request("POST", "/api/orders", {**ORDER, "items": [
        {"sku": "NOPE", "quantity": 1}]})
    program.request("DELETE", target)
    program.get("/api/orders?status=paid")

    program.request("PUT", "/api/payments/order/6", {
        "amount": 1.5, "method": "card", "status": "pending"})
    program.request("POST", "/api/reservations", {"sku": "TEA-GREEN",
                                                  "quantity": 1})
    program.get("/api/inventory/TEA-GREEN")
    program.get("/static/numbers.bin", {"Range": "bytes=0-9"})
    program.get("/static/numbers.bin", {"Range": "bytes=9999999-"})
    program.get("/reports/orders.csv?rows=100")
    program.request("POST", "/api/upload", b"x" * 100000)
    program.get("/debug/echo?x=1")
    program.get("/nope")
    program.request("BREW", "/")

    with program.socket() as sock:
        sock.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(65536)


def test_no_leak_by_fault(checked):
    program = checked("shop-legacy", "--control-port", 0)
    for kind, value in FAULTS:
        fault = {"path": "/api/*", "fault": kind}
        if value is not None:
            fault["value"] = value
        program.steer("PUT", "/_faults", [fault])
        for method, size in (("GET", 0), ("PUT", 200000)):
            with program.socket() as sock:
                sock.sendall(b"%s /api/orders/5 HTTP/1.1\r\nHost: x\r\n"
                             b"Content-Length: %d\r\n\r\n"
                             % (method.encode(), size) + bytes(size))
                try:
                    sock.recv(65536)
                except ConnectionResetError:
                    assert kind == "reset"


def test_no_leak_by_drift(checked):
    program = checked("shop-legacy", "--control-port", 0)
    for kind in ("rounding", "missing-field", "null", "order", "type",
                 "timestamp"):
        program.steer("PUT", "/_drift", [{"path": "/*", "drift": kind}])
        assert program.get("/api/orders").status == 200
    assert program.request("PUT", "/_drift", [{"path": 1}]).status == 400
    program.steer("PUT", "/_faults", [{"path": "/*", "fault": "refuse"}])
    program.steer("DELETE", "/_faults")
    assert program.get("/api/orders").status == 200
