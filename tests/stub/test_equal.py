"""A service answers as the monolith does, for the same data."""

import pytest

PAIRS = [
    ("orders", "/orders", "/api/orders"),
    ("orders", "/orders?page=2&per_page=7", "/api/orders?page=2&per_page=7"),
    ("orders", "/orders?status=paid", "/api/orders?status=paid"),
    ("orders", "/orders?status=lost", "/api/orders?status=lost"),
    *[("orders", f"/orders/{n}", f"/api/orders/{n}") for n in range(1, 62)],
    *[("payments", f"/payments/order/{n}", f"/api/payments/order/{n}")
      for n in range(1, 62)],
    ("inventory", "/inventory", "/api/inventory"),
    ("inventory", "/inventory/TEA-GREEN", "/api/inventory/TEA-GREEN"),
    ("inventory", "/inventory/NOPE", "/api/inventory/NOPE"),
    ("inventory", "/reservations", "/api/reservations"),
    ("inventory", "/reservations/4", "/api/reservations/4"),
    ("inventory", "/reservations?sku=x", "/api/reservations?sku=x")]

TIMES = ("generated_at", "created_at", "updated_at")


def without(value, names):
    if isinstance(value, dict):
        return {key: without(item, names) for key, item in value.items()
                if key not in names}
    if isinstance(value, list):
        return [without(item, names) for item in value]
    return value


def headers(answer):
    return sorted((name, value) for name, value in answer.headers.items()
                  if name not in ("Date", "X-Served-By", "Content-Length"))


@pytest.mark.parametrize("name, new, old", PAIRS)
def test_reads(legacy, services, name, new, old):
    candidate, primary = services[name].get(new), legacy.get(old)
    assert candidate.status == primary.status
    assert headers(candidate) == headers(primary)
    assert candidate.headers["X-Served-By"] == name
    assert primary.headers["X-Served-By"] == "legacy"
    assert candidate.json == without(primary.json, ("generated_at",))
    assert list(candidate.json) == [key for key in primary.json
                                    if key != "generated_at"]


def test_only_legacy_is_stamped(legacy, services):
    assert "generated_at" in legacy.get("/api/orders").json
    assert "generated_at" in legacy.get("/api/orders/1").json
    assert "generated_at" not in services["orders"].get("/orders").json
    assert "generated_at" not in services["orders"].get("/orders/1").json


def test_no_two_stamps_are_equal(legacy):
    stamps = [legacy.get("/api/orders/1").json["generated_at"]
              for _ in range(10)]
    assert len(set(stamps)) == 10


def test_a_service_stamps_and_names_its_build_when_told_to(run, services):
    service = run("shop-service", "--service", "orders", "--stamp",
                  "--build", "7")
    answer = service.get("/orders/1")
    assert answer.headers["X-Build"] == "7"
    assert "generated_at" in answer.json
    assert service.get("/orders/0").headers["X-Build"] == "7"
    assert "X-Build" not in services["orders"].get("/orders/1").headers


@pytest.mark.parametrize("name, method, path, body", [
    ("orders", "POST", "/orders", {
        "customer": "e@example.com",
        "items": [{"sku": "TEA-GREEN", "quantity": 3}]}),
    ("orders", "POST", "/orders", {"customer": 1}),
    ("orders", "PATCH", "/orders/12", {"status": "paid"}),
    ("orders", "PATCH", "/orders/5", {"status": "new"}),
    ("orders", "DELETE", "/orders/6", None),
    ("orders", "DELETE", "/orders/6", None),
    ("orders", "PUT", "/orders", {}),
    ("payments", "PUT", "/payments/order/12", {
        "amount": 1, "method": "card", "status": "pending"}),
    ("payments", "PUT", "/payments/order/12", {"amount": 1}),
    ("inventory", "PUT", "/inventory/TEA-MINT", {"on_hand": 9}),
    ("inventory", "POST", "/reservations", {"sku": "TEA-MINT",
                                            "quantity": 2}),
    ("inventory", "POST", "/reservations", {"sku": "TEA-MINT",
                                            "quantity": 8}),
    ("inventory", "DELETE", "/reservations/1", None)])
def test_writes(legacy, services, name, method, path, body):
    candidate = services[name].request(method, path, body)
    primary = legacy.request(method, "/api" + path, body)
    assert candidate.status == primary.status
    assert bool(candidate.body) == bool(primary.body)
    if candidate.body:
        assert without(candidate.json, TIMES) == without(primary.json, TIMES)
    location = primary.headers["Location"]
    if location:
        location = location.removeprefix("/api")
    assert candidate.headers["Location"] == location


def test_service_has_only_its_own(services):
    assert services["orders"].get("/payments/order/1").status == 404
    assert services["orders"].get("/inventory").status == 404
    assert services["payments"].get("/orders").status == 404
    assert services["inventory"].get("/api/inventory").status == 404
    assert services["orders"].get("/").status == 404


def test_one_database_for_two(run, tmp_path):
    database = tmp_path / "shared.db"
    legacy = run("shop-legacy", "--db", database)
    orders = run("shop-service", "--service", "orders", "--db", database)
    made = orders.request("POST", "/orders", {
        "customer": "e@example.com",
        "items": [{"sku": "TEA-GREEN", "quantity": 1}]}).json
    seen = legacy.get(f"/api/orders/{made['id']}").json
    assert without(seen, ("generated_at",)) == made
