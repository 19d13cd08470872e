"""The storefront and the session."""

import http.cookies
from urllib.parse import urlencode

import pytest

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def login(program, user="ada@example.com", password="secret", **more):
    form = urlencode({"user": user, "password": password, **more})
    return program.request("POST", "/login", form, FORM)


def cookie_of(answer):
    cookie = http.cookies.SimpleCookie(answer.headers["Set-Cookie"])
    return cookie["shop_session"]


@pytest.fixture
def session(legacy):
    return {"Cookie": "a=b; shop_session=" + cookie_of(login(legacy)).value}


def test_home_lists_products(legacy):
    answer = legacy.get("/")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Served-By"] == "legacy"
    assert answer.text.count('<a href="/products/') == 12


def test_product_page(legacy):
    answer = legacy.get("/products/POT-IRON")
    assert answer.status == 200
    assert "<h1>Cast-iron teapot</h1>" in answer.text
    assert "59.00 EUR, in stock" in answer.text


def test_sold_out_product(legacy):
    assert "sold out" in legacy.get("/products/TEA-MINT").text


def test_unknown_product_is_a_page(legacy):
    answer = legacy.get("/products/%3Cb%3E")
    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")


def test_account_wants_login(legacy):
    answer = legacy.get("/account")
    assert answer.status == 302
    assert answer.headers["Location"] == "/login?next=/account"


def test_wrong_token_wants_login(legacy):
    answer = legacy.get("/account", {"Cookie": "shop_session=" + "0" * 64})
    assert answer.status == 302


def test_login_form_keeps_next(legacy):
    answer = legacy.get("/login?next=/products/POT-IRON")
    assert answer.status == 200
    assert 'name="next" value="/products/POT-IRON"' in answer.text


@pytest.mark.parametrize("next_", ["//evil.example/", "https://evil.example/",
                                   "/\\evil.example", "/a\r\nX: y", ""])
def test_login_leads_nowhere_else(legacy, next_):
    form = legacy.get("/login?" + urlencode({"next": next_}))
    assert 'name="next" value="/account"' in form.text
    answer = login(legacy, next=next_)
    assert answer.status == 303
    assert answer.headers["Location"] == "/account"


def test_login_form_escapes_next(legacy):
    answer = legacy.get("/login?" + urlencode({"next": '/"><b>'}))
    assert 'value="/&quot;&gt;&lt;b&gt;"' in answer.text


def test_login_sets_cookie_and_goes_on(legacy):
    answer = login(legacy, next="/products/POT-IRON")
    assert answer.status == 303
    assert answer.headers["Location"] == "/products/POT-IRON"
    cookie = cookie_of(answer)
    assert len(cookie.value) == 64
    assert cookie["path"] == "/"
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert cookie["max-age"] == "3600"


def test_tokens_differ(legacy):
    assert cookie_of(login(legacy)).value != cookie_of(login(legacy)).value


@pytest.mark.parametrize("user, password", [
    ("ada@example.com", "wrong"), ("nobody@example.com", "secret"),
    ("ada@example.com", ""), ("' OR 1 --", "secret")])
def test_login_refused(legacy, user, password):
    answer = login(legacy, user, password)
    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    assert "wrong" in answer.text


def test_login_without_password(legacy):
    assert legacy.request("POST", "/login", "user=ada%40example.com",
                          FORM).status == 400


def test_login_wants_a_form(legacy):
    assert legacy.request("POST", "/login", {"user": "ada"}).status == 415


def test_account_page(legacy, session):
    answer = legacy.get("/account", session)
    assert answer.status == 200
    assert "You are ada@example.com." in answer.text
    assert answer.text.count("<tr>") == 12


def test_logout_ends_the_session(legacy, session):
    answer = legacy.request("POST", "/logout", headers=session)
    assert answer.status == 303
    assert answer.headers["Location"] == "/"
    assert cookie_of(answer)["max-age"] == "0"
    assert legacy.get("/account", session).status == 302


def test_logout_without_session(legacy):
    assert legacy.get("/logout").status == 303


def test_assets_of_the_shop(run, shop_assets):
    program = run("shop-legacy", "--static", shop_assets)
    for name in ("shop.css", "logo.svg", "shipping.txt"):
        answer = program.get("/static/" + name)
        assert answer.status == 200
        assert answer.body == (shop_assets / name).read_bytes()
