"""status, routes, backends, history, surface and explain from an API."""

import pytest

from command import good, strangler
from node import route

ROUTES = [
    route("orders-read", "ramp", 12.5, group="checkout", owner="team-o"),
    route("orders-write", "ramp", 12.5, group="checkout"),
    route("payments", "live", to={"payments": 3, "pay-v2": 1},
          capability="pay"),
    route("gone", None, to={}),
]


@pytest.fixture
def node(start):
    return start(ROUTES)


# status

def test_status(node):
    said = good("status", "--api", node.url)
    assert said.out == """\
rules      main, /etc/rules.yaml
generation 7, in force in 2 of 2 workers
flips      last is 0
drift      none: every route is as the file says
state      /var/lib/s
version    1.2.3, nginx 1.22.1
"""
    assert good("status", "--json", "--api", node.url).json \
        == node.get_status()


def test_status_that_is_not_good(node):
    node.stuck = 1
    said = strangler("status", "--api", node.url)
    assert said.code == 1
    assert "generation 7, in force in 1 of 2 workers\n" in said.out

    node.status = {
        "last_error": {"time": "2026-10-10T13:55:36.000Z", "diagnostics": [
            {"text": "rules.yaml:1:1: error: no\n   1 | x\x1b[2J"},
            {"file": "a.yaml", "line": 2, "col": 3, "message": "no\x1b[2J",
             "hint": None}]},
        "write": False, "drifting": 7, "drift": list("abcdefg"),
        "state": {"directory": "/s", "writable": False, "error": "full"}}
    said = strangler("status", "--api", node.url)
    assert said.code == 1
    assert "flips      last is 0; this API does not write\n" in said.out
    assert "drift      7 routes: a b c d e and more: strangler routes " \
        "--drift\n" in said.out
    assert "state      /s, not writable: full\n" in said.out
    assert said.out.endswith("""
    rules.yaml:1:1: error: no
       1 | x\\x1b[2J
    a.yaml:2:3: error: no\\x1b[2J
""")
    assert "error      the file is not in force, since " in said.out


# routes

def test_routes(node):
    node.routes["orders-read"].update(
        requests={"new": 1234567, "old": 12}, fallbacks={
            "timeout": 3, "connect": 12, "status": 0}, drift=True,
        source="flip", hold=True, file={"stage": "legacy", "percent": None},
        latency={"new": {"p50": 0.012, "p99": 1.25}, "old": None})
    said = good("routes", "--api", node.url)
    assert said.out == """\
ROUTE         STAGE       TO                          NEW  OLD  FALLBACKS\
              P99 NEW  GROUP     OWNER   NOTES
orders-read   ramp 12.5%  orders                1,234,567   12  connect 12, \
timeout 3    1.25s  checkout  team-o  flip, hold, the file says legacy
orders-write  ramp 12.5%  orders                        0    0\
                               -  checkout
payments      live        payments 3, pay-v2 1          0    0\
                               -
gone          -                                         0    0\
                               -
"""


def test_routes_as_json(node):
    assert good("routes", "--json", "--api", node.url).json \
        == {"routes": list(node.routes.values())}


@pytest.mark.parametrize("args,names", [
    (["--stage", "live"], ["payments"]),
    (["--group", "checkout"], ["orders-read", "orders-write"]),
    (["--owner", "team-o"], ["orders-read"]),
    (["--capability", "pay"], ["payments"]),
    (["--backend", "pay-v2"], ["payments"]),
    (["--drift"], ["payments"]),
    (["--group", "a&b=c d"], []),
])
def test_filters(node, args, names):
    node.routes["payments"]["drift"] = True
    said = good("routes", "--json", "--api", node.url, *args).json
    assert [r["name"] for r in said["routes"]] == names
    if not names:
        assert good("routes", "--api", node.url, *args).out \
            == "no route is like that: strangler routes shows all\n"


def test_pages(start):
    node = start([route(f"r{i:04}") for i in range(2345)])
    said = good("routes", "--json", "--api", node.url).json
    assert [r["name"] for r in said["routes"]] == list(node.routes)
    assert len(node.calls) == 3

    node.page = 1000000
    node.answers["/_strangler/v1/backends"] = (
        200, "application/json", '{"backends": [], "next": "x"}')
    assert good("backends", "--json", "--api", node.url).json \
        == {"backends": []}


def test_no_routes(start):
    assert good("routes", "--api", start().url).out \
        == ("there are no routes yet: the first one in the rules file is in "
            "force a second later\n")


def test_width_of_the_terminal(start, terminal):
    node = start([route("a" * 63, owner="ö" * 60), route("b")])
    for columns in (60, 100):
        said = terminal("routes", "--api", node.url, columns=columns,
                        env={"NO_COLOR": "1"})
        assert said.end() == 0
        lines = said.text.splitlines()
        assert len(lines) == 3
        assert max(map(len, lines)) == columns
        assert "aaa…  legacy" in lines[1]
        assert "ööö…" in lines[1]

    said = terminal("routes", "--api", node.url, columns=60,
                    env={"NO_COLOR": "1", "LANG": "C"})
    assert said.end() == 0
    assert "aaa...  legacy" in said.text

    said = terminal("routes", "--api", node.url, columns=200)
    assert said.end() == 0
    assert "\x1b[1m" + "a" * 63 + "\x1b[0m" in said.text


def test_hostile_text(start):
    node = start([route("a\x1b]0;x\x07b", owner="\u202eevil\x9b2J")])
    said = good("routes", "--api", node.url)
    assert not set(said.out) & {"\x1b", "\x07", "\u202e", "\x9b"}
    assert "a\\x1b]0;x\\x07b" in said.out


# backends

def test_backends(node):
    node.backends["orders"].update(
        requests={"success": 900, "client_error": 90, "server_error": 10},
        failures={"timeout": 2}, in_flight=3, drain=True,
        latency={"p50": 0.0042, "p99": 0.25})
    said = good("backends", "--api", node.url)
    assert said.out == """\
BACKEND  STATE     SERVERS  IN FLIGHT  REQUESTS  ERRORS  FAILURES     P50\
    P99
legacy   in use          1          0         0       -                 -\
      -
orders   draining        1          3     1,000    1.0%  timeout 2  4.2ms\
  250ms
"""
    assert good("backends", "--json", "--api", node.url).json \
        == {"backends": list(node.backends.values())}


def test_no_backends(start):
    assert good("backends", "--api", start(backends=()).url).out \
        == ("there are no backends: a rules file names them in `backends`\n")


# history

def flips(node, n):
    for i in range(n):
        node.post_flips([], {}, {"changes": [{
            "route": "orders-read", "stage": "ramp", "percent": i + 20}],
            "reason": f"step {i}"})


def test_history(node):
    flips(node, 3)
    node.post_flips([], {}, {"undo": 3})
    said = good("history", "--api", node.url)
    assert said.lines[0].split() == ["SEQ", "WHEN", "KIND", "BY", "WHAT",
                                     "REASON"]
    assert "flip  client  orders-read percent 12.5% -> 20%, orders-write " \
        "percent 12.5% -> 20%" in said.lines[1]
    assert said.lines[1].endswith("step 0")
    assert "undo  client  of 3: orders-write percent 22% -> 21%, " \
        "orders-read percent 22% -> 21%" in said.lines[4]
    assert good("history", "--json", "--api", node.url).json \
        == {"entries": node.history}


def test_history_is_the_newest(node):
    flips(node, 30)
    seqs = [e["seq"] for e in good("history", "--json", "--api",
                                   node.url).json["entries"]]
    assert seqs == list(range(11, 31))
    said = good("history", "--json", "--limit", 3, "--route", "orders-write",
                "--api", node.url).json
    assert [e["seq"] for e in said["entries"]] == [28, 29, 30]
    assert good("history", "--json", "--route", "payments", "--api",
                node.url).json == {"entries": []}


def test_many_changes_are_short(start):
    node = start([route(f"r{i}") for i in range(9)])
    node.post_flips([], {}, {"changes": [{"all": True, "stage": "live"}]})
    said = good("history", "--api", node.url).out
    assert "r0 stage legacy -> live, r0 percent 0% -> 100% and 16 more" in said
    said = good("history", "--full", "--api", node.url).out
    assert "r8 percent 0% -> 100%" in said


def test_no_history(node):
    assert good("history", "--api", node.url).out \
        == "nothing was flipped yet: strangler flip ROUTE STAGE\n"


def test_follow(node, terminal):
    flips(node, 2)
    said = terminal("history", "--follow", "--api", node.url, columns=200)
    at = said.wait("step 1")
    assert "step 0" in said.text
    flips(node, 1)
    said.wait("3  20", at)
    node.post_flips([], {}, {"undo": 3})
    said.wait("of 3: ", at)
    said.send("\x03")
    assert said.end() == -2
    assert said.text.count("step 1") == 1


# surface

def test_surface(node):
    node.shapes = [{"shape": f"/s{i}/{{id}}", "requests": 1000 - i,
                    "error": 0} for i in range(25)]
    said = good("surface", "--api", node.url, "--limit", 2)
    assert said.out == """\
24,700 requests that no route matches

REQUESTS  SHARE  PATHS
   1,000   4.0%  /s0/{id}
     999   4.0%  /s1/{id}

23 more: --limit
"""
    said = good("surface", "--json", "--api", node.url).json
    assert said == {"shapes": node.shapes, "total": 24700, "error": 0}


def test_no_surface(node):
    assert good("surface", "--api", node.url).out \
        == "no request has come that no route matches\n"


# explain

def test_explain(node):
    said = good("explain", "--api", node.url, "POST",
                "https://shop.test/a?b#c", "-H", "A: 1", "-H", "A: 2",
                "-H", "Cookie: a=1", "-H", "Cookie: b=2", "--client", "::1",
                "--json")
    assert said.json["asked"] == {
        "method": "POST", "url": "https://shop.test/a?b", "client": "::1",
        "headers": {"A": "1, 2", "Cookie": "a=1; b=2"}}
    said = good("explain", "--api", node.url, "GET", "/a")
    assert said.out == """\
route     o
stage     ramp 25% (by a flip)
side      new
backend   orders
bucket    17 by cookie:uid
why       it is so
fallback  legacy

CANDIDATE       BECAUSE
o          won  matches, best rank
"""


def test_explain_is_checked_first(node):
    assert strangler("explain", "--api", node.url, "get", "/a").code == 2
    assert strangler("explain", "--api", node.url, "GET", "a").code == 2
    assert node.calls == []
