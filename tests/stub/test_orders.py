"""/api/orders."""

import re

import pytest

from program import is_problem

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
DRAFT = {"customer": "eve@example.com",
         "items": [{"sku": "TEA-GREEN", "quantity": 2},
                   {"sku": "CUP-LARGE", "quantity": 1}],
         "note": "Grüße"}


@pytest.fixture
def order(legacy):
    answer = legacy.request("POST", "/api/orders", DRAFT)
    assert answer.status == 201
    return answer.json


def path(order):
    return f"/api/orders/{order['id']}"


def whole(order, **changes):
    items = [{"sku": item["sku"], "quantity": item["quantity"]}
             for item in order["items"]]
    return {"customer": order["customer"], "status": order["status"],
            "note": order["note"], "items": items, **changes}


def test_seed_order(legacy):
    order = legacy.get("/api/orders/5").json
    assert STAMP.fullmatch(order.pop("generated_at"))
    assert order == {
        "id": 5, "customer": "ada@example.com", "status": "shipped",
        "currency": "EUR", "items": [
            {"sku": "TEA-BLACK", "name": "Black tea, 100 g", "quantity": 2,
             "price": 6.9},
            {"sku": "COF-ESPR", "name": "Espresso roast, 1 kg", "quantity": 3,
             "price": 21.9},
            {"sku": "FLT-PAPER", "name": "Paper filters, 100 pieces",
             "quantity": 4, "price": 3.25}],
        "total": 92.5, "note": None, "created_at": "2026-01-06T19:05:25Z",
        "updated_at": "2026-01-06T22:05:25Z"}


def test_money_is_printed_as_cents(legacy):
    body = legacy.get("/api/orders/2").text
    numbers = re.findall(r'"(?:price|total)":([^,}]+)', body)
    assert len(numbers) > 2
    for number in numbers:
        assert re.fullmatch(r"\d+\.\d{1,2}", number)


@pytest.mark.parametrize("id_", ["0", "999999", "x", "-1", "1.0", "1e3", "+1",
                                 "99999999999999999999"])
def test_absent(legacy, id_):
    assert is_problem(legacy.get("/api/orders/" + id_), 404)


def test_first_page(legacy):
    page = legacy.get("/api/orders").json
    assert STAMP.fullmatch(page["generated_at"])
    assert page["page"] == 1 and page["per_page"] == 20
    assert page["count"] >= 60
    assert [o["id"] for o in page["orders"]] == list(range(1, 21))
    assert page["orders"][4]["total"] == 92.5
    assert "generated_at" not in page["orders"][4]


def test_pages_cover_everything_once(legacy):
    seen = []
    for number in range(1, 100):
        page = legacy.get(f"/api/orders?page={number}&per_page=7").json
        if not page["orders"]:
            break
        seen += [o["id"] for o in page["orders"]]
    assert len(seen) == page["count"]
    assert seen == sorted(set(seen))


def test_filter(legacy):
    page = legacy.get("/api/orders?status=shipped&per_page=100").json
    assert {o["status"] for o in page["orders"]} == {"shipped"}
    assert page["count"] == len(page["orders"]) == 20


def test_filter_and_page(legacy):
    page = legacy.get("/api/orders?per_page=3&page=7&status=shipped").json
    assert len(page["orders"]) == 2 and page["count"] == 20


@pytest.mark.parametrize("query", [
    "page=0", "page=x", "page=-1", "page=", "per_page=0", "per_page=101",
    "per_page=1e1", "status=lost", "status=", "status=new%27"])
def test_bad_query(legacy, query):
    assert is_problem(legacy.get("/api/orders?" + query), 400)


def test_encoded_query(legacy):
    page = legacy.get("/api/orders?status=%73hipped&%70er_page=%33").json
    assert page["count"] == 20


def test_create(legacy):
    answer = legacy.request("POST", "/api/orders", DRAFT)
    order = answer.json
    assert answer.status == 201
    assert answer.headers["Location"] == path(order)
    assert order["customer"] == "eve@example.com"
    assert order["note"] == "Grüße"
    assert order["status"] == "new"
    assert order["total"] == 27.4
    assert order["created_at"] == order["updated_at"]
    stored = legacy.get(path(order)).json
    assert {**stored, "generated_at": 0} == {**order, "generated_at": 0}


def test_ids_are_not_reused(legacy, order):
    assert legacy.request("DELETE", path(order)).status == 204
    again = legacy.request("POST", "/api/orders", DRAFT).json
    assert again["id"] > order["id"]


@pytest.mark.parametrize("change", [
    {"customer": None}, {"customer": ""}, {"customer": "eve"},
    {"customer": 7}, {"customer": "@" * 201}, {"items": []},
    {"items": {}}, {"items": [{"sku": "TEA-GREEN", "quantity": 1}] * 51},
    {"items": [{"sku": "TEA-GREEN"}]}, {"items": [{"quantity": 1}]},
    {"items": [{"sku": "TEA-GREEN", "quantity": 0}]},
    {"items": [{"sku": "TEA-GREEN", "quantity": 1.5}]},
    {"items": [{"sku": "TEA-GREEN", "quantity": "1"}]},
    {"items": [{"sku": "NOPE", "quantity": 1}]},
    {"items": [{"sku": "TEA-GREEN", "quantity": 1, "price": 0}]},
    {"items": ["TEA-GREEN"]}, {"note": 1}, {"status": "paid"}, {"more": 1}])
def test_create_refused(legacy, change):
    count = legacy.get("/api/orders").json["count"]
    assert is_problem(legacy.request("POST", "/api/orders",
                                     {**DRAFT, **change}), 400)
    assert legacy.get("/api/orders").json["count"] == count


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"a":1,"a":2}',
                                  '{"customer":"\\ud800"}', "{} {}"])
def test_bad_json(legacy, body):
    assert is_problem(legacy.request(
        "POST", "/api/orders", body, {"Content-Type": "application/json"}),
        400)


def test_change_note_only(legacy, order):
    answer = legacy.request("PATCH", path(order), {"note": None})
    assert answer.status == 200
    assert answer.json["note"] is None
    assert answer.json["items"] == order["items"]
    assert answer.json["customer"] == order["customer"]


def test_change_nothing_keeps_note(legacy, order):
    answer = legacy.request("PATCH", path(order), {"status": "paid"})
    assert answer.json["note"] == order["note"]
    assert answer.json["status"] == "paid"


def test_replace(legacy, order):
    draft = whole(order, items=[{"sku": "POT-IRON", "quantity": 3}])
    del draft["note"]
    answer = legacy.request("PUT", path(order), draft)
    assert answer.status == 200
    assert answer.json["total"] == 177.0
    assert answer.json["note"] is None
    assert legacy.get(path(order)).json["items"] == answer.json["items"]


def test_replace_wants_everything(legacy, order):
    assert is_problem(legacy.request("PUT", path(order), {"note": "x"}), 400)


def test_failed_replace_changes_nothing(legacy, order):
    draft = whole(order, customer="mallory@example.com",
                  items=[{"sku": "POT-IRON", "quantity": 1},
                         {"sku": "NOPE", "quantity": 1}])
    assert is_problem(legacy.request("PUT", path(order), draft), 400)
    stored = legacy.get(path(order)).json
    assert {**stored, "generated_at": 0} == {**order, "generated_at": 0}


@pytest.mark.parametrize("way, final", [
    (["paid", "shipped"], 200), (["cancelled"], 200),
    (["paid", "cancelled"], 200), (["new"], 200), (["shipped"], 409),
    (["cancelled", "new"], 409), (["paid", "new"], 409),
    (["paid", "shipped", "cancelled"], 409), (["lost"], 400)])
def test_status_changes(legacy, order, way, final):
    for status in way[:-1]:
        assert legacy.request("PATCH", path(order),
                              {"status": status}).status == 200
    answer = legacy.request("PATCH", path(order), {"status": way[-1]})
    assert answer.status == final
    if final == 200:
        assert answer.json["status"] == way[-1]
    else:
        assert is_problem(answer, final)


def test_items_of_a_paid_order_stay(legacy, order):
    legacy.request("PATCH", path(order), {"status": "paid"})
    answer = legacy.request("PATCH", path(order), {
        "items": [{"sku": "POT-IRON", "quantity": 1}]})
    assert is_problem(answer, 409)


def test_change_absent(legacy):
    assert is_problem(legacy.request("PATCH", "/api/orders/999999",
                                     {"note": "x"}), 404)
    assert is_problem(legacy.request("PATCH", "/api/orders/x",
                                     {"note": "x"}), 404)


def test_delete(legacy, order):
    answer = legacy.request("DELETE", path(order))
    assert answer.status == 204 and answer.body == b""
    assert "Content-Type" not in answer.headers
    assert is_problem(legacy.get(path(order)), 404)
    assert is_problem(legacy.request("DELETE", path(order)), 404)


def test_shipped_is_not_deleted(legacy):
    assert is_problem(legacy.request("DELETE", "/api/orders/5"), 409)
    assert legacy.get("/api/orders/5").status == 200
