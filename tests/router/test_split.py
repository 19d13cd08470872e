"""
Who goes to the new side in stage ramp: shares, stickiness, monotony, groups.

Statistics fail by chance with a probability of at most 1e-6 a bound (see
harness/stats.py).  A split by hash is not even random: for given names the
outcome is always the same.
"""

import re

import pytest

from harness import faults
from harness.stats import assert_share

PERCENTS = ["0", "0.5", "5", "25", "50", "75", "99.5", "100"]

ROUTE = """
  - name: {name}
    match: {{path: /{name}/*}}
    to: new
    stage: ramp
    percent: {percent}
    by: [{by}]
    data: shared
"""

HEAD = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
groups:
  journey: {stage: ramp, percent: 50, by: [cookie:uid]}
  arrived: {stage: live}
routes:
  - {name: step-one, group: journey, to: new, data: shared, match: {path: /one/*}}
  - {name: step-two, group: journey, to: new, data: shared, match: {path: /two/*}}
  - {name: in-live, group: arrived, to: new, match: {path: /arrived/*}}
"""

ROUTES = [
    ("by-request", "30", "request"),
    ("by-cookie", "25", "cookie:uid"),
    ("by-header", "25", "header:X-User"),
    ("by-query", "25", "query:user"),
    ("by-client", "50", "client"),
    ("by-assign", "50", "assign"),
    ("in-order", "50", "cookie:uid, header:X-User, client"),
    ("cookie-or-assign", "50", "cookie:uid, assign"),
    ("twin-one", "50", "cookie:uid"),
    ("twin-two", "50", "cookie:uid"),
]


def main_rules():
    return HEAD + "".join(
        ROUTE.format(name=name, percent=percent, by=by)
        for name, percent, by in ROUTES)


def rise_rules(percent):
    return HEAD + ROUTE.format(name="rise", percent=percent, by="cookie:uid")


@pytest.fixture(scope="module")
def router(make_router):
    sets = {"main": main_rules()}
    locations = []
    for i, percent in enumerate(PERCENTS):
        sets[f"rise{i}"] = rise_rules(percent)
        locations.append(f"""
        location /rise{i}/ {{
            rewrite ^/rise{i}(/.*)$ $1 break;
            strangler_pass rise{i};
            include @PARAMS@;
        }}""")
    return make_router(sets, server="\n".join(locations) + """
        set_real_ip_from 127.0.0.1;
        real_ip_header X-Real-IP;""")


def sides(router, requests):
    """True for each request that the new side answered."""
    return [r.backend == "new" for r in router.many(requests)]


def cookies(path, users):
    return [("GET", path, {"Cookie": f"uid={u}"}) for u in users]


# shares

def test_by_request_is_random(router):
    new = sides(router, [("GET", "/by-request/a", {})] * 1500)
    assert_share(sum(new), len(new), 0.30)


@pytest.mark.parametrize("make", [
    lambda i: ("/by-cookie/a", {"Cookie": f"x=1; uid=user-{i}"}),
    lambda i: ("/by-header/a", {"X-User": f"user-{i}"}),
    lambda i: (f"/by-query/a?user=user-{i}&b=2", {}),
], ids=["cookie", "header", "query"])
def test_share(router, make):
    requests = [("GET", *make(i)) for i in range(1500)]
    new = sides(router, requests)
    assert_share(sum(new), len(new), 0.25)
    assert sides(router, requests) == new


def test_share_by_client(router):
    requests = [("GET", "/by-client/a", {"X-Real-IP": f"10.0.{i // 250}.{i % 250}"})
                for i in range(1000)]
    new = sides(router, requests)
    assert_share(sum(new), len(new), 0.50)
    assert sides(router, requests) == new


def test_consecutive_requests_are_independent(router):
    """No pattern between neighbours: pairs agree as often as chance has it."""
    new = sides(router, [("GET", "/by-request/a", {})] * 1500)
    agree = sum(a == b for a, b in zip(new[::2], new[1::2]))
    assert_share(agree, len(new) // 2, 0.3 * 0.3 + 0.7 * 0.7)


# stickiness

def test_a_client_sticks_whatever_else_changes(router):
    for user in range(12):
        answers = {r.backend for r in router.many([
            ("GET", "/by-cookie/a", {"Cookie": f"uid={user}"}),
            ("GET", "/by-cookie/b?x=1", {"Cookie": f"uid={user}; b=1"}),
            ("POST", "/by-cookie/c", {"Cookie": f"uid={user}"}),
            ("HEAD", "/by-cookie/a", {"Cookie": f"a=1; uid={user}"}),
        ])}
        assert len(answers) == 1, user


def test_routes_split_independently(router):
    users = range(800)
    one = sides(router, cookies("/twin-one/a", users))
    two = sides(router, cookies("/twin-two/a", users))
    agree = sum(a == b for a, b in zip(one, two))
    assert_share(agree, len(one), 0.5)


def test_without_the_value_below_hundred_is_the_old_side(router):
    """Nobody moves whom the next request could not be told from another."""
    new = sides(router, [("GET", "/by-cookie/a", {})] * 200)
    assert not any(new)
    last = len(PERCENTS) - 1
    assert all(sides(router, [("GET", f"/rise{last}/rise/a", {})] * 20))


def test_the_first_of_the_list_that_the_request_has(router):
    """The cookie where there is one, else the header, else the address."""
    users = range(60)
    by_cookie = sides(router, cookies("/in-order/a", users))
    both = [("GET", "/in-order/a", {"Cookie": f"uid={u}", "X-User": "same"})
            for u in users]
    assert sides(router, both) == by_cookie

    by_header = sides(router, [("GET", "/in-order/a", {"X-User": str(u)})
                               for u in users])
    assert by_header == by_cookie, "the value counts, not where it came from"

    alone = sides(router, [("GET", "/in-order/a", {})] * 20)
    assert len(set(alone)) == 1


# the router's own cookie

def test_assign_gives_a_cookie(router):
    response = router.get("/by-assign/a")
    cookie = response.value("Set-Cookie")
    pair, *attributes = [part.strip() for part in cookie.split(";")]

    assert re.fullmatch(r"strangler_id=[0-9a-f]{32}", pair)
    assert "HttpOnly" in attributes
    assert "SameSite=Lax" in attributes
    assert "Path=/" in attributes
    assert "Secure" not in attributes


def test_assign_is_random_and_sticks(router):
    answers = router.many([("GET", "/by-assign/a", {})] * 400)
    ids = [r.value("Set-Cookie").split(";")[0] for r in answers]
    new = [r.backend == "new" for r in answers]

    assert len(set(ids)) == len(ids)
    assert_share(sum(new), len(new), 0.5)

    again = router.many([("GET", "/by-assign/b", {"Cookie": i}) for i in ids])
    assert [r.backend == "new" for r in again] == new
    assert all(r.values("Set-Cookie") == [] for r in again)


@pytest.mark.parametrize("value", ["", "x", "0" * 31, "0" * 33, "G" * 32,
                                   "A" * 32, "../../../../../etc/passwd"])
def test_assign_replaces_a_strange_cookie(router, value):
    response = router.get("/by-assign/a", {"Cookie": f"strangler_id={value}"})
    assert re.match(r"strangler_id=[0-9a-f]{32};",
                    response.value("Set-Cookie"))


def test_assign_only_where_it_is_needed(router):
    response = router.get("/cookie-or-assign/a", {"Cookie": "uid=7"})
    assert response.values("Set-Cookie") == []
    response = router.get("/cookie-or-assign/a")
    assert len(response.values("Set-Cookie")) == 1
    assert router.get("/by-cookie/a").values("Set-Cookie") == []


def test_assign_keeps_the_backends_cookies(router):
    for backend in (router.legacy, router.new):
        backend.on("/by-assign/a", faults.answer(
            200, "x", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]))
    values = router.get("/by-assign/a").values("Set-Cookie")
    assert values[:2] == ["a=1", "b=2"] or values[1:] == ["a=1", "b=2"]
    assert len(values) == 3


def test_assign_sticks_through_a_fallback(router):
    router.new.on("/by-assign/f", faults.answer(503))
    answers = router.many([("GET", "/by-assign/f", {})] * 30)
    assert all(r.backend == "legacy" for r in answers)
    assert all(len(r.values("Set-Cookie")) == 1 for r in answers)


# monotony

def test_rising_percent_only_moves_to_the_new_side(router):
    users = range(400)
    before = [False] * len(users)
    for i, percent in enumerate(PERCENTS):
        now = sides(router, cookies(f"/rise{i}/rise/a", users))
        back = [u for u, b, n in zip(users, before, now) if b and not n]
        assert back == [], f"{percent} moves clients back"
        assert_share(sum(now), len(now), float(percent) / 100)
        before = now
    assert all(before)


def test_zero_and_hundred_are_exact(router):
    users = range(300)
    assert not any(sides(router, cookies("/rise0/rise/a", users)))
    last = len(PERCENTS) - 1
    assert all(sides(router, cookies(f"/rise{last}/rise/a", users)))


# groups

def test_a_group_is_one_journey(router):
    users = range(300)
    one = sides(router, cookies("/one/a", users))
    two = sides(router, cookies("/two/a", users))
    assert one == two
    assert_share(sum(one), len(one), 0.5)


def test_a_groups_stage(router):
    response = router.get("/arrived/a")
    assert response.backend == "new"
    entry = router.entry(response)
    assert entry["strangler_stage"] == "live"
    assert entry["strangler_route"] == "in-live"


def test_a_group_falls_back_as_any(router):
    router.new.on("/arrived/a", faults.answer(503))
    assert router.get("/arrived/a").backend == "legacy"
