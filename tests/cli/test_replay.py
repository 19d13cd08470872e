"""strangler replay."""

import gzip
import os
import random
import time

import pytest

from command import TIMEOUT, good, strangler
from split import bucket

RULES = """\
version: 1
backends:
  legacy: {servers: [http://127.0.0.1:8081]}
  orders: {servers: [http://127.0.0.1:9001]}
  extra: {servers: [http://127.0.0.1:9002]}
default: legacy
routes:
"""

LIVE = "  - {name: o, match: {path: /o/*}, to: orders, stage: live}\n"
NONE = RULES.replace("routes:\n", "")


def ramp(percent, by="client", to="orders", name="o", more=""):
    return (f"  - {{name: {name}, match: {{path: /o/*}}, to: {to}, "
            f"stage: ramp, percent: {percent}, by: ['{by}'], data: shared"
            f"{more}}}\n")


def line(target="/", method="GET", client="192.0.2.1", agent="-"):
    return (f'{client} - - [10/Oct/2026:13:55:36 +0200] "{method} {target} '
            f'HTTP/1.1" 200 17 "-" "{agent}"\n')


@pytest.fixture
def replay(write):
    """Replays a log through rules, and maybe against others; the JSON."""
    def run(log, after, before=None, *options):
        args = [write(after, "after.yaml"), *options]
        if before is not None:
            args += ["--against", write(before, "before.yaml")]
        said = good("replay", "--json", *args, stdin=log)
        said.err = ""
        return said.json
    return run


def places(entry):
    return {place["backend"] or place["status"]: place["requests"]
            for place in entry["to"]}


def moves(said):
    return {(move["from"]["backend"] or move["from"]["status"],
             move["to"]["backend"] or move["to"]["status"]): move["requests"]
            for move in said["moves"]}


# formats

def test_counts(replay):
    said = replay(line("/") * 3 + line("/o/1") * 2 + line("/o/%2e%2e/x"),
                  RULES + LIVE)
    assert said == {
        "lines": 6, "requests": 6, "malformed": 0, "routes": [
            {"route": None, "requests": 4, "to": [
                {"backend": "legacy", "status": None, "requests": 4,
                 "expected": False}]},
            {"route": "o", "requests": 2, "to": [
                {"backend": "orders", "status": None, "requests": 2,
                 "expected": False}]}]}


def test_counts_table(write):
    rules = write(RULES + LIVE
                  + "  - {name: x, match: {path: /x}, respond: {status: 410}}")
    said = good("replay", rules, stdin=line("/") * 3 + line("/o/1") * 1234)
    assert said.out == """\
1,237 requests

ROUTE  STAGE  REQUESTS  SHARE  GO TO
none   -             3   0.2%  legacy 3
o      live      1,234  99.8%  orders 1,234

routes without a request: x
"""
    assert said.err == ""


def test_empty_log(write):
    said = good("replay", write(RULES + LIVE), stdin="")
    assert said.out == "0 requests\n\n\nroutes without a request: o\n"
    rules = write(RULES + LIVE)
    said = good("replay", rules, "--against", rules, stdin="")
    assert said.out == "0 of 0 requests would move\n"


@pytest.mark.parametrize("text,requests,malformed", [
    (line(), 1, 0),
    (line().rstrip("\n"), 1, 0),
    (line().replace("\n", "\r\n") * 2, 2, 0),
    (line().replace(' "-" "-"', ""), 1, 0),
    ("\n", 0, 1),
    ("x\n" + line() + "x", 1, 2),
    (line().replace("GET / HTTP/1.1", ""), 0, 1),
    ("x" * 3_000_000 + "\n" + line(), 1, 1),
    (line() + "x" * 3_000_000, 1, 1),
    (line("/" + "a" * 900_000) * 3, 3, 0),
    (line("/\\x5C\\x22"), 1, 0),
    ("\0\n", 0, 1),
], ids=range(12))
def test_lines(replay, text, requests, malformed):
    said = replay(text, RULES + LIVE)
    assert (said["lines"], said["requests"], said["malformed"]) \
        == (requests + malformed, requests, malformed)
    assert sum(r["requests"] for r in said["routes"]) == requests


def test_malformed_lines_are_said(rules):
    said = good("replay", rules, stdin="x\n" + line())
    assert said.err == ("strangler: warning: 1 of 2 lines are no requests in "
                        "the combined format\n")


def test_logs_of_all_kinds(rules, write):
    plain = write(line() * 2, "a.log")
    packed = write(gzip.compress(line().encode() * 3)
                   + gzip.compress(line().encode() * 4), "b.log.gz")
    said = good("replay", "--json", rules, plain, packed, "-",
                stdin=gzip.compress(line().encode() * 5))
    assert said.json["requests"] == 14


def test_many_blocks(replay):
    text = "".join(line(f"/o/{i}" + "x" * (i % 999)) for i in range(20000))
    said = replay(text, RULES + LIVE)
    assert (said["requests"], said["malformed"]) == (20000, 0)
    assert places(said["routes"][0]) == {"orders": 20000}


def test_logs_that_cannot_be_read(rules, write, tmp_path):
    noise = random.Random(1).randbytes(5000).hex()
    packed = gzip.compress((line() + noise).encode())
    cut = write(packed[:-1000], "cut.gz")
    whole = write(line(), "a.log")

    said = strangler("replay", rules, cut, whole)
    assert said.code == 2
    assert f'cannot read "{cut}" to its end: ' in said.err
    assert said.out.startswith(("1 request\n", "2 requests\n"))

    said = strangler("replay", rules, tmp_path / "none", tmp_path, whole)
    assert said.code == 2
    assert f'"{tmp_path}/none": No such file or directory' in said.err
    assert f'"{tmp_path}": Is a directory' in said.err
    assert said.out.startswith("1 request\n")


def test_bad_rules(write, rules):
    bad = write("version: 2\n", "bad.yaml")
    for args in ([bad], [rules, "--against", bad]):
        said = strangler("replay", *args, stdin=line())
        assert (said.code, said.out) == (1, "")
        assert "bad.yaml:1:10: error: " in said.err


# what becomes of a request

def test_answers(replay):
    rules = (RULES.replace("default: legacy\n", "")
             + "  - {name: a, match: {path: /a}, respond: {status: 410}}\n"
             + "  - {name: b, match: {path: /b}, redirect: {path: /a}}\n")
    said = replay(line("/a") + line("/b") * 2 + line("/c") * 3
                  + line("/../d") * 4 + line("*", "OPTIONS"), rules)
    assert [(r["route"], places(r)) for r in said["routes"]] \
        == [(None, {400: 5, 404: 3}), ("a", {410: 1}), ("b", {302: 2})]


def test_hosts(replay, write):
    rules = (RULES + "  - {name: h, match: {host: shop.test}, to: orders, "
             "stage: live}\n")
    log = line("/") + line("http://Shop.test:80?") + line("http://b.test/")
    assert [places(r) for r in replay(log, rules)["routes"]] \
        == [{"legacy": 2}, {"orders": 1}]
    assert [places(r) for r in replay(log, rules, None, "--host",
                                      "SHOP.test:8080")["routes"]] \
        == [{"legacy": 1}, {"orders": 2}]

    assert "--host says whose it is" in good("replay", write(rules),
                                             stdin=log).err
    assert good("replay", write(rules), "--host", "x", stdin=log).err == ""
    assert strangler("replay", write(rules), "--host", "").code == 2


def test_what_a_log_has_is_looked_at(replay):
    rules = (RULES
             + "  - {name: q, match: {path: /, query: {a: '1 2'}}, "
             "to: orders, stage: live}\n"
             + "  - {name: m, match: {path: /, methods: [PUT]}, "
             "to: orders, stage: live}\n"
             + "  - {name: c, match: {path: /, clients: ['2001:db8::/32', "
             "10.0.0.0/8]}, to: orders, stage: live}\n"
             + "  - {name: u, match: {path: /, headers: {user-agent: ~bot}}, "
             "to: orders, stage: live}\n")
    said = replay(line("/?a=1+2") + line("/", "PUT") * 2
                  + line("/", client="10.9.9.9") * 3
                  + line("/", client="2001:db8::1")
                  + line("/", agent="a bot") * 5
                  + line("/", client="10.9.9.999") * 6
                  + line("/", client="unix:") * 7, rules)
    assert {r["route"]: r["requests"] for r in said["routes"]} \
        == {"q": 1, "m": 2, "c": 4, "u": 5, None: 13}


@pytest.mark.parametrize("match,warning", [
    ("cookies: {a: '1'}", "cookies that"),
    ("headers: {x-a: '1'}", "headers that"),
    ("headers: {x-a: '1'}, cookies: {a: '1'}", "cookies and headers that"),
])
def test_what_a_log_has_not_is_said(write, match, warning):
    rules = write(RULES + f"  - {{name: a, match: {{{match}}}, to: orders, "
                  "stage: live}\n")
    said = good("replay", rules, stdin=line())
    assert f"rules look at {warning} the log does not have" in said.err


# splits

CLIENTS = [f"192.0.{i // 250}.{i % 250}" for i in range(2000)]


def below(percent, name="o"):
    return sum(bucket(name, bytes(map(int, c.split("."))))
               < percent * 100 for c in CLIENTS)


def test_split_by_client_is_exact(replay):
    log = "".join(line("/o/1", client=c) for c in CLIENTS)
    said = replay(log, RULES + ramp(12.5))
    assert places(said["routes"][0]) == {"orders": below(12.5),
                                         "legacy": 2000 - below(12.5)}
    assert not any(p["expected"] for p in said["routes"][0]["to"])


def test_split_by_query_is_exact(replay):
    log = "".join(line(f"/o/1?u={c}") for c in CLIENTS) + line("/o/1") * 7
    said = replay(log, RULES + ramp(40, "query:u"))
    new = sum(bucket("o", c) < 4000 for c in CLIENTS)
    assert places(said["routes"][0]) == {"orders": new, "legacy": 2007 - new}


def test_split_by_agent_is_exact(replay):
    log = "".join(line("/o/1", agent=c) for c in CLIENTS)
    said = replay(log, RULES + ramp(40, "header:User-Agent"))
    new = sum(bucket("o", c) < 4000 for c in CLIENTS)
    assert places(said["routes"][0]) == {"orders": new, "legacy": 2000 - new}


@pytest.mark.parametrize("by", ["cookie:uid", "header:x-user", "request",
                                "assign", "cookie:uid', 'client"])
def test_other_splits_are_expected_shares(replay, by):
    said = replay(line("/o/1") * 1000, RULES + ramp(12.5, by))
    assert places(said["routes"][0]) == {"legacy": 875, "orders": 125}
    assert all(p["expected"] for p in said["routes"][0]["to"])


def test_known_before_unknown(replay):
    """A client with the parameter is known, whatever comes after."""
    log = "".join(line(f"/o/1?u={c}") for c in CLIENTS) + line("/o/1") * 100
    said = replay(log, RULES + ramp(40, "query:u', 'cookie:c"))
    new = sum(bucket("o", c) < 4000 for c in CLIENTS) + 40
    assert places(said["routes"][0]) == {"orders": new, "legacy": 2100 - new}


def test_weights(replay):
    to = "{orders: 3, extra: 1}"
    said = replay(line("/o/1") * 1000, RULES + ramp(20, "cookie:u", to))
    assert places(said["routes"][0]) == {"legacy": 800, "orders": 150,
                                         "extra": 50}

    log = "".join(line("/o/1", client=c) for c in CLIENTS)
    said = replay(log, RULES + ramp(50, "client", to))
    counts = places(said["routes"][0])
    assert counts["orders"] + counts["extra"] == below(50)
    assert abs(counts["extra"] - below(50) / 4) < 100
    assert not any(p["expected"] for p in said["routes"][0]["to"])

    live = LIVE.replace("to: orders", "to: " + to)
    said = replay(line("/o/1") * 1000, RULES + live)
    assert places(said["routes"][0]) == {"orders": 750, "extra": 250}


# changes

def test_moves(replay):
    log = line("/o/1?a") * 3 + line("/o/2", "PUT") + line("/") * 6
    said = replay(log, RULES + LIVE, RULES + LIVE.replace("live", "legacy"))
    assert said == {
        "lines": 10, "requests": 10, "malformed": 0, "moved": 4,
        "expected": False, "rerouted": 0, "moves": [
            {"requests": 4, "expected": False,
             "from": {"route": "o", "backend": "legacy", "status": None},
             "to": {"route": "o", "backend": "orders", "status": None},
             "samples": ["GET /o/1?a", "PUT /o/2"]}]}


def test_moves_table(write):
    said = good("replay", write(RULES + LIVE, "a.yaml"), "--against",
                write(NONE, "b.yaml"),
                stdin=line("/o/1?a") * 3 + line("/o/\\x1b[2J") + line("/") * 6)
    assert said.out == """\
4 of 10 requests would move (40.0%)

#  REQUESTS  FROM    TO      ROUTE BEFORE  ROUTE AFTER
1         4  legacy  orders  none          o

1  such as
    GET /o/1?a
    GET /o/\\x1b[2J
"""


def test_nothing_moves(write):
    rules = write(RULES + LIVE)
    said = good("replay", rules, "--against", rules, "--fail-if-moved",
                stdin=line("/o/1"))
    assert said.out == "0 of 1 requests would move\n"


def test_fail_if_moved(write):
    args = ["replay", write(RULES + LIVE, "a.yaml"), "--against",
            write(NONE, "b.yaml")]
    assert strangler(*args, stdin=line("/o/1")).code == 0
    assert strangler(*args, "--fail-if-moved", stdin=line("/o/1")).code == 1
    assert strangler(*args, "--fail-if-moved", stdin=line("/x")).code == 0


def test_another_route_is_no_move(replay, write):
    after = RULES + LIVE.replace("live", "legacy")
    said = replay(line("/o/1") * 3 + line("/"), after, NONE)
    assert (said["moved"], said["rerouted"], said["moves"]) == (0, 3, [])

    said = good("replay", write(after, "a.yaml"), "--against",
                write(NONE, "b.yaml"), stdin=line("/o/1") * 3)
    assert said.out == ("0 of 3 requests would move\n3 requests get another "
                        "route, and go where they went\n")


def test_backends_are_compared_by_name(replay):
    """Other numbers in the file, the same names."""
    other = RULES.replace("default", "unused").replace(
        "backends:\n", "backends:\n  a: {servers: [http://127.0.0.1:1]}\n"
    ).replace("unused", "default")
    said = replay(line("/o/1") + line("/"), RULES + LIVE, other + LIVE)
    assert said["moved"] == 0


@pytest.mark.parametrize("before,after,moved", [
    (ramp(10, "cookie:u"), ramp(25, "cookie:u"),
     {("legacy", "orders"): 150}),
    (ramp(25, "cookie:u"), ramp(10, "cookie:u"),
     {("orders", "legacy"): 150}),
    (ramp(25, "cookie:u"), ramp(25, "cookie:u"), {}),
    (ramp(25, "cookie:u"), LIVE, {("legacy", "orders"): 750}),
    (ramp(25, "cookie:u"), "", {("orders", "legacy"): 250}),

    # another name, or another thing to stick to: dealt anew
    (ramp(20, "cookie:u"), ramp(50, "cookie:u", name="p"),
     {("legacy", "orders"): 400, ("orders", "legacy"): 100}),
    (ramp(20, "cookie:u"), ramp(50, "cookie:v"),
     {("legacy", "orders"): 400, ("orders", "legacy"): 100}),

    # weights: the same line of clients, cut elsewhere
    (LIVE, LIVE.replace("to: orders", "to: {orders: 3, extra: 1}"),
     {("orders", "extra"): 250}),
    (ramp(40, "cookie:u", "{orders: 1, extra: 1}"),
     ramp(40, "cookie:u", "{orders: 3, extra: 1}"),
     {("extra", "orders"): 100}),
], ids=range(9))
def test_moves_of_unknown_clients(replay, before, after, moved):
    said = replay(line("/o/1") * 1000, (RULES + after) if after else NONE,
                  (RULES + before) if before else NONE)
    assert moves(said) == moved
    assert said["moved"] == sum(moved.values())
    assert said["expected"] == bool(moved)


def test_moves_of_known_clients(replay):
    log = "".join(line("/o/1", client=c) for c in CLIENTS)
    said = replay(log, RULES + ramp(25), RULES + ramp(10))
    assert moves(said) == {("legacy", "orders"): below(25) - below(10)}
    assert said["expected"] is False


def test_expected_moves_are_said_to_be(write):
    said = good("replay", write(RULES + ramp(25, "cookie:u"), "a.yaml"),
                "--against", write(RULES + ramp(10, "cookie:u"), "b.yaml"),
                "--samples", "0", stdin=line("/o/1") * 1000)
    assert said.out == """\
about 150 of 1,000 requests would move (15.0%)

#  REQUESTS  FROM    TO      ROUTE BEFORE  ROUTE AFTER
1      ~150  legacy  orders  o             o
"""


def test_samples_and_limit(write):
    rules = "".join(f"  - {{name: r{i}, match: {{path: /r{i}/*}}, to: orders, "
                    "stage: live}\n" for i in range(30))
    log = "".join(line(f"/r{i}/{k}") * 2 for i in range(30)
                  for k in range(i + 1))
    args = ["replay", write(RULES + rules, "a.yaml"), "--against",
            write(NONE, "b.yaml")]

    said = good(*args, "--limit", "2", stdin=log)
    assert "28 more kinds of move: --limit\n" in said.out
    assert said.lines[3].split() == ["1", "60", "legacy", "orders", "none",
                                     "r29"]

    said = good(*args, "--json", "--samples", "5", stdin=log).json
    assert [move["requests"] for move in said["moves"]] \
        == list(range(60, 0, -2))
    assert said["moves"][0]["samples"] == [f"GET /r29/{k}" for k in range(5)]
    assert said["moves"][-1]["samples"] == ["GET /r0/0"]


def test_random_logs_agree_with_explain(write):
    """Request by request, and all at once."""
    choices = random.Random(7)
    routes = [ramp(30), LIVE.replace("name: o,", "name: p,")
              .replace("/o/*", "/o/{x}/p").replace("path: /o", "path: '/o")
              .replace("/p}", "/p'}"),
              "  - {name: g, match: {path: ~^/g/\\d+$, methods: [GET]}, "
              "to: extra, stage: done}\n"]
    rules = write(RULES + "".join(routes))
    log, wanted = "", {}
    for _ in range(60):
        method = choices.choice(["GET", "GET", "POST"])
        target = choices.choice(["/", "/o/1", "/o/2/p", "/g/7", "/g/x",
                                 "/./o/%41", "/a/../o//2/p?x"])
        client = f"198.51.100.{choices.randrange(255)}"
        log += line(target, method, client)
        said = good("explain", rules, method, target, "--client", client,
                    "--json").json
        key = (said["route"], said["backend"])
        wanted[key] = wanted.get(key, 0) + 1

    said = good("replay", "--json", rules, stdin=log).json
    assert {(r["route"], p["backend"]): p["requests"]
            for r in said["routes"] for p in r["to"]} == wanted


def test_progress_on_a_terminal(rules, tmp_path, terminal):
    log = tmp_path / "log"
    os.mkfifo(log)
    replay = terminal("replay", rules, log)
    deadline = time.monotonic() + TIMEOUT
    with open(log, "w") as fifo:
        while " lines" not in replay.text:
            assert time.monotonic() < deadline
            fifo.write(line() * 5000)
            replay._read(0)
    assert replay.end() == 0
    assert "\r\x1b[K" in replay.text
    assert " requests\r\n" in replay.text
