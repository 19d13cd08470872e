"""Drift: each kind, and where it applies."""

import re
import time

import pytest

from program import is_problem

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def drifting(faulty):
    """Sets one kind of drift; returns what is and what should be."""
    def get(target, kind, value=None):
        faulty.steer("DELETE", "/_drift")
        before = faulty.get(target)
        drift = {"path": "/api/*", "drift": kind}
        if value is not None:
            drift["value"] = value
        faulty.steer("PUT", "/_drift", [drift])
        after = faulty.get(target)
        assert after.status == before.status == 200
        assert after.headers["Content-Type"] == before.headers["Content-Type"]
        before, after = before.json, after.json
        before.pop("generated_at", 0)
        after.pop("generated_at", 0)
        return before, after
    return get


@pytest.mark.parametrize("value, amount, price", [
    (None, 49.5, 4.5), (1, 49.5, 4.5), (0, 50.0, 5.0)])
def test_rounding(faulty, drifting, value, amount, price):
    faulty.request("PUT", "/api/payments/order/6", {
        "amount": 49.54, "method": "card", "status": "pending"})
    before, after = drifting("/api/payments/order/6", "rounding", value)
    assert before["amount"] == 49.54
    assert after == {**before, "amount": amount}
    before, after = drifting("/api/inventory/TEA-MINT", "rounding", value)
    assert before["price"] == 4.5
    assert after == {**before, "price": price}


def test_missing_field(drifting):
    before, after = drifting("/api/orders/5", "missing-field")
    assert before.pop("currency") == "EUR"
    assert after == before


def test_missing_field_of_any_name_and_depth(drifting):
    before, after = drifting("/api/orders?per_page=2", "missing-field",
                             "price")
    for order in before["orders"]:
        for item in order["items"]:
            del item["price"]
    assert after == before


def test_null(drifting):
    before, after = drifting("/api/orders/5", "null")
    assert after == {**before, "currency": None}
    before, after = drifting("/api/orders/5", "null", "items")
    assert after == {**before, "items": None}


def test_order(drifting):
    before, after = drifting("/api/orders?per_page=3", "order")
    for order in before["orders"]:
        order["items"].reverse()
    before["orders"].reverse()
    assert after == before
    assert [order["id"] for order in after["orders"]] == [3, 2, 1]


def test_type(drifting):
    before, after = drifting("/api/orders/5", "type")
    assert after["id"] == "5"
    assert after["items"][0]["quantity"] == "2"
    assert after["total"] == before["total"]


def test_type_of_a_name(drifting):
    before, after = drifting("/api/orders/5", "type", "total")
    assert before["total"] == 92.5
    assert after == {**before, "total": "92.5"}


@pytest.mark.parametrize("value", [None, "shift"])
def test_timestamp_shift(drifting, value):
    before, after = drifting("/api/orders/5", "timestamp", value)
    assert before["created_at"] == "2026-01-06T19:05:25Z"
    assert after == {**before, "created_at": "2026-01-06T20:05:25Z",
                     "updated_at": "2026-01-06T23:05:25Z"}


def test_timestamp_epoch(drifting):
    before, after = drifting("/api/payments/order/4", "timestamp", "epoch")
    assert after == {**before, "created_at": 1767714776,
                     "updated_at": 1767714776}


def test_timestamp_now(faulty, drifting):
    _, after = drifting("/api/orders/5", "timestamp", "now")
    today = time.strftime("%Y-%m-", time.gmtime())
    assert after["created_at"].startswith(today)
    assert not STAMP.fullmatch(after["created_at"])
    again = faulty.get("/api/orders/5").json
    assert again["created_at"] != after["created_at"]


def test_several(faulty):
    faulty.steer("PUT", "/_drift", [
        {"path": "/api/orders/5", "drift": "missing-field"},
        {"path": "/api/orders/*", "drift": "null", "value": "note"},
        {"path": "/api/orders/*", "drift": "type", "value": "id"}])
    order = faulty.get("/api/orders/5").json
    assert "currency" not in order and order["id"] == "5"
    order = faulty.get("/api/orders/4").json
    assert order["currency"] == "EUR"
    assert order["id"] == "4" and order["note"] is None
    assert faulty.get("/api/inventory/TEA-MINT").json["currency"] == "EUR"


def test_every_and_method(faulty):
    faulty.steer("PUT", "/_drift", [
        {"path": "/api/orders/5", "drift": "null", "method": "GET",
         "every": 2, "times": 2}])
    seen = [faulty.get("/api/orders/5").json["currency"] for _ in range(6)]
    assert seen == ["EUR", None, "EUR", None, "EUR", "EUR"]
    assert faulty.steer("GET", "/_drift")[0]["hits"] == 2


def test_writes_store_the_truth(faulty):
    faulty.steer("PUT", "/_drift", [{"path": "/api/orders/*",
                                     "drift": "missing-field"}])
    answer = faulty.request("POST", "/api/orders", {
        "customer": "e@example.com",
        "items": [{"sku": "TEA-GREEN", "quantity": 1}]})
    assert answer.status == 201 and "currency" not in answer.json
    faulty.steer("DELETE", "/_drift")
    assert faulty.get(f"/api/orders/{answer.json['id']}").json[
        "currency"] == "EUR"


def test_problems_and_pages_do_not_drift(faulty):
    faulty.steer("PUT", "/_drift", [{"path": "/*", "drift": "type"}])
    assert is_problem(faulty.get("/api/orders/999999"), 404)
    assert faulty.get("/").status == 200


def test_drift_does_not_touch_its_own_list(faulty):
    drift = [{"path": "/*", "drift": "order"}, {"path": "/*", "drift": "type"}]
    faulty.steer("PUT", "/_drift", drift)
    assert [d["drift"] for d in faulty.get("/_drift").json] == [
        "order", "type"]
    assert faulty.get("/_drift").json[0]["hits"] == 0


@pytest.mark.parametrize("drift", [
    {"path": "/a", "drift": "hang"}, {"path": "/a", "fault": "null"},
    {"path": "/a", "drift": "rounding", "value": 2},
    {"path": "/a", "drift": "order", "value": "x"},
    {"path": "/a", "drift": "timestamp", "value": "soon"},
    {"path": "/a", "drift": "null", "value": "x" * 40},
    {"path": "/a", "drift": "null", "when": "header"},
    {"path": "/a", "drift": "null", "value": ""}])
def test_bad_drift(faulty, drift):
    assert is_problem(faulty.request("PUT", "/_drift", [drift]), 400)


def test_drift_option(run):
    program = run("shop-service", "--service", "orders",
                  "--drift", "/orders/*=null:status",
                  "--drift", "/orders/5=missing-field")
    order = program.get("/orders/5").json
    assert order["status"] is None and "currency" not in order
