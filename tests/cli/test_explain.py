"""strangler explain with a rules file."""

import pytest

from command import good, strangler
from split import bucket

RULES = """\
version: 1
backends:
  legacy: {servers: [http://127.0.0.1:8081]}
  orders: {servers: [http://127.0.0.1:9001]}
default: legacy
routes:
  - name: host
    match: {host: shop.test, path: /h}
    to: orders
    stage: done
  - name: tenant
    match: {path: /api/*, headers: {x-tenant: a}}
    to: orders
    stage: live
  - name: inside
    match: {path: '/api/{id}/x', clients: [10.0.0.0/8]}
    to: orders
    stage: shadow
  - name: ramp
    match: {path: /api/*}
    to: orders
    stage: ramp
    percent: 12.5
    by: [cookie:uid, client]
    data: old
    retry: {attempts: 2}
    rewrite: {path: /o/*}
  - name: draw
    match: {path: /draw}
    to: orders
    stage: ramp
    percent: 50
    by: request
    data: shared
  - name: new
    match: {path: /new}
    to: orders
    stage: ramp
    percent: 100
    by: assign
    data: shared
  - name: gone
    match: {path: /gone}
    respond: {status: 410}
"""


@pytest.fixture
def explain(write):
    file = write(RULES)

    def ask(*args):
        return good("explain", file, *args, "--json").json
    return ask


def test_text(write):
    uid = next(f"u{i}" for i in range(10000)
               if bucket("ramp", f"u{i}") < 1250)
    said = good("explain", write(RULES), "GET", "/api/7?q=1", "-H",
                f"Cookie: uid={uid}")
    n = bucket("ramp", uid)
    assert said.out == f"""\
route     ramp
stage     ramp 12.5%
side      new
backend   orders
bucket    {n} by cookie:uid
why       stage ramp, bucket {n} of cookie:uid is below 12.5%
retries   at most 2
fallback  legacy
sent as   /o/7

CANDIDATE       BECAUSE
tenant          header x-tenant is not "a"
ramp       won  matches, best rank
"""


def test_json(explain):
    assert explain("POST", "/api/7/x", "-H", "Cookie: uid=7") == {
        "route": "ramp", "stage": "ramp", "percent": 12.5, "source": "file",
        "side": "old", "backend": "legacy", "bucket": None, "by": None,
        "retries": 0, "fallback": None,
        "why": "stage ramp, the old side holds the data",
        "path": "/api/7/x", "rewritten": None,
        "candidates": [
            {"route": "inside", "won": False,
             "because": "client is in none of the networks"},
            {"route": "tenant", "won": False,
             "because": 'header x-tenant is not "a"'},
            {"route": "ramp", "won": True, "because": "matches, best rank"}]}


@pytest.mark.parametrize("args,route,backend", [
    (["GET", "/"], None, "legacy"),
    (["GET", "/h"], None, "legacy"),
    (["GET", "http://shop.test/h"], "host", "orders"),
    (["GET", "https://bob:pw@SHOP.test.:8443/h?x#y"], "host", "orders"),
    (["GET", "/h", "-H", "Host: shop.test:80"], "host", "orders"),
    (["GET", "http://x.test/h", "-H", "Host: shop.test"], None, "legacy"),
    (["GET", "http://[::1]:80/h"], None, "legacy"),
    (["GET", "http://shop.test"], None, "legacy"),
    (["GET", "http://shop.test?b"], None, "legacy"),
    (["GET", "/api/1", "-H", "X-Tenant: a"], "tenant", "orders"),
    (["GET", "/./a%70i//1", "-H", "X-Tenant:a"], "tenant", "orders"),
    (["GET", "/api/1/x", "--client", "10.1.2.3"], "inside", "legacy"),
    (["GET", "/api/1/x", "--client", "::ffff:10.1.2.3"], "inside", "legacy"),
    (["GET", "/gone"], "gone", None),
    (["GET", "/../x"], None, None),
    (["GET", "/a%00"], None, None),
])
def test_winners(explain, args, route, backend):
    said = explain(*args)
    assert (said["route"], said["backend"]) == (route, backend)


def test_query_without_path(write, explain):
    file = write(RULES + "  - {name: q, match: {path: /, query: {a: '1'}}, "
                 "to: orders, stage: live}\n", "query.yaml")
    for url in ("http://shop.test?a=1#a=2", "http://shop.test/?a=1", "/?a=1"):
        said = good("explain", file, "GET", url, "--json").json
        assert (said["route"], said["path"]) == ("q", "/")


def test_client_sticks(explain):
    for last in range(1, 40):
        said = explain("GET", "/api/1", "--client", f"192.0.2.{last}")
        assert said["bucket"] == bucket("ramp", bytes([192, 0, 2, last]))
        assert said["by"] == "client"
        assert said["side"] == ("new" if said["bucket"] < 1250 else "old")


def test_draws_are_said_to_be(explain, write):
    assert explain("GET", "/draw")["by"] == "request"
    said = good("explain", write(RULES), "GET", "/draw")
    assert " by request, drawn anew for every request\n" in said.out
    said = good("explain", write(RULES), "GET", "/new")
    assert " by assign, of the router's own cookie\n" in said.out


def test_refused_path(write):
    said = good("explain", write(RULES), "GET", "/../x")
    assert said.out == ("route     none\nbackend   none\n"
                        "why       such a path is answered with 400\n")


@pytest.mark.parametrize("args,err", [
    (["get", "/"], '"get" is no method: they are upper-case, such as GET'),
    (["GET", "shop.test/a"], '"shop.test/a" is neither a path nor a URL: it '
                             "begins with /, http:// or https://"),
    (["GET", "/", "-H", "nothing"], '"nothing" is no header \'Name: value\''),
    (["GET", "/", "-H", ": x"], '": x" is no header \'Name: value\''),
    (["GET", "/", "--client", "10.0.0"], '"10.0.0" is no address'),
])
def test_mistakes(rules, args, err):
    said = strangler("explain", rules, *args)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"strangler: {err} (strangler explain --help)\n"


def test_bad_rules(write):
    said = strangler("explain", write("version: 2\n"), "GET", "/")
    assert (said.code, said.out) == (1, "")
    assert "rules.yaml:1:10: error: " in said.err


def test_missing_rules(tmp_path):
    said = strangler("explain", tmp_path / "none", "GET", "/")
    assert (said.code, said.out) == (2, "")
    assert "cannot read" in said.err
