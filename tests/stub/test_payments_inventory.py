"""Payments, inventory and reservations."""

import pytest

from program import is_problem

PAYMENT = {"amount": 59.97, "method": "card", "status": "pending"}


def reserve(program, **draft):
    return program.request("POST", "/api/reservations", draft)


def stock(program, sku):
    return program.get("/api/inventory/" + sku).json


def test_seed_payment(legacy):
    answer = legacy.get("/api/payments/order/4")
    assert answer.status == 200
    assert answer.json == {
        "order_id": 4, "amount": 74.9, "currency": "EUR",
        "method": "invoice", "status": "captured",
        "created_at": "2026-01-06T15:52:56Z",
        "updated_at": "2026-01-06T15:52:56Z"}


def test_payments_are_what_orders_cost(legacy):
    orders = legacy.get("/api/orders?per_page=100&status=paid").json["orders"]
    orders = [o for o in orders if o["id"] <= 60]
    assert len(orders) == 20
    for order in orders:
        payment = legacy.get(f"/api/payments/order/{order['id']}").json
        assert payment["amount"] == order["total"]


@pytest.mark.parametrize("id_", ["6", "0", "x", "999999"])
def test_no_payment(legacy, id_):
    assert is_problem(legacy.get("/api/payments/order/" + id_), 404)


def test_pay(legacy):
    target = "/api/payments/order/6"
    answer = legacy.request("PUT", target, PAYMENT)
    assert answer.status == 201
    assert answer.json["amount"] == 59.97
    answer = legacy.request("PUT", target, {**PAYMENT, "status": "captured"})
    assert answer.status == 200
    assert legacy.get(target).json == answer.json
    assert answer.json["status"] == "captured"


@pytest.mark.parametrize("change", [
    {"amount": 0}, {"amount": -1}, {"amount": "5"}, {"amount": 0.001},
    {"amount": 1e12}, {"method": "gold"}, {"status": "lost"}, {"more": 1},
    {"method": None}])
def test_payment_refused(legacy, change):
    assert is_problem(legacy.request("PUT", "/api/payments/order/12",
                                     {**PAYMENT, **change}), 400)
    assert is_problem(legacy.get("/api/payments/order/12"), 404)


def test_pay_for_no_id(legacy):
    assert is_problem(legacy.request("PUT", "/api/payments/order/x", PAYMENT),
                      404)


def test_seed_stock(legacy):
    assert legacy.get("/api/inventory/COF-HOUSE").json == {
        "sku": "COF-HOUSE", "name": "House blend, 250 g", "price": 8.99,
        "currency": "EUR", "on_hand": 120, "reserved": 10, "available": 110,
        "status": "in_stock", "updated_at": "2026-01-05T11:00:00Z"}


def test_stock_list(legacy):
    items = legacy.get("/api/inventory").json["inventory"]
    assert [item["sku"] for item in items] == sorted(
        item["sku"] for item in items)
    assert len(items) == 12
    assert stock(legacy, "COF-HOUSE") in items


def test_stock_status(legacy):
    assert stock(legacy, "TEA-MINT")["status"] == "sold_out"
    assert stock(legacy, "CUP-SMALL")["status"] == "low"


def test_no_such_sku(legacy):
    assert is_problem(legacy.get("/api/inventory/NOPE"), 404)
    assert is_problem(legacy.request("PUT", "/api/inventory/NOPE",
                                     {"on_hand": 1}), 404)


def test_count_stock(legacy):
    answer = legacy.request("PUT", "/api/inventory/COF-DECAF",
                            {"on_hand": 77})
    assert answer.status == 200
    assert answer.json["on_hand"] == 77
    assert stock(legacy, "COF-DECAF") == answer.json


@pytest.mark.parametrize("on_hand", [-1, 1.5, "7", None, 10**9])
def test_count_refused(legacy, on_hand):
    assert is_problem(legacy.request("PUT", "/api/inventory/SPN-TEA",
                                     {"on_hand": on_hand}), 400)


def test_reservations(legacy):
    found = legacy.get("/api/reservations?sku=TEA-GREEN").json["reservations"]
    assert [r["id"] for r in found[:2]] == [1, 3]
    assert {r["sku"] for r in found} == {"TEA-GREEN"}
    every = legacy.get("/api/reservations").json["reservations"]
    assert every[3] == {"id": 4, "sku": "GRN-HAND", "quantity": 1,
                        "order_id": None,
                        "created_at": "2026-01-09T08:00:00Z"}
    assert legacy.get("/api/reservations?sku=NOPE").json == {
        "reservations": []}


def test_reserve_and_release(legacy):
    before = stock(legacy, "FLT-PAPER")
    answer = reserve(legacy, sku="FLT-PAPER", quantity=5, order_id=6)
    assert answer.status == 201
    target = answer.headers["Location"]
    assert target == f"/api/reservations/{answer.json['id']}"
    assert legacy.get(target).json == answer.json
    assert answer.json["order_id"] == 6
    after = stock(legacy, "FLT-PAPER")
    assert after["reserved"] == before["reserved"] + 5
    assert after["available"] == before["available"] - 5
    assert legacy.request("DELETE", target).status == 204
    assert stock(legacy, "FLT-PAPER") == before
    assert is_problem(legacy.get(target), 404)
    assert is_problem(legacy.request("DELETE", target), 404)


def test_no_more_than_there_is(legacy):
    free = stock(legacy, "POT-IRON")["available"]
    assert is_problem(reserve(legacy, sku="POT-IRON", quantity=free + 1), 409)
    assert reserve(legacy, sku="POT-IRON", quantity=free).status == 201
    assert is_problem(reserve(legacy, sku="POT-IRON", quantity=1), 409)
    assert stock(legacy, "POT-IRON")["status"] == "sold_out"


@pytest.mark.parametrize("draft", [
    {"sku": "NOPE", "quantity": 1}, {"sku": "SPN-TEA"}, {"quantity": 1},
    {"sku": "SPN-TEA", "quantity": 0}, {"sku": "SPN-TEA", "quantity": 1,
                                        "order_id": 0}])
def test_reservation_refused(legacy, draft):
    assert is_problem(reserve(legacy, **draft), 400)


@pytest.mark.parametrize("id_", ["0", "x", "999999"])
def test_no_such_reservation(legacy, id_):
    assert is_problem(legacy.get("/api/reservations/" + id_), 404)
    assert is_problem(legacy.request("DELETE", "/api/reservations/" + id_),
                      404)
