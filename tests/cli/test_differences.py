"""differences, acknowledge and forget: classes, with samples, on nodes."""

import datetime
import json
import signal
import subprocess

import pytest

from command import ENVIRONMENT, PROGRAM, TIMEOUT, good, strangler
from evidence import difference
from node import route

SAMPLE = {"time": "2026-10-10T00:00:00Z", "request": "GET /api/orders/42",
          "id": "r-1", "pointer": "/items/0/price", "from": "number",
          "to": "string"}
MEANT = {"reason": "cents", "owner": "team-o",
         "expires": "2099-01-01T00:00:00Z"}


@pytest.fixture
def node(start):
    node = start([route("orders"), route("cart")])
    node.add(difference("a1", pairs=3),
             difference("b2", pairs=1200, part="header", path="vary",
                        kind="missing", **{"from": "", "to": ""}),
             difference("c3", "cart", part="status", path="", kind="status",
                        **{"from": "200", "to": "500"}, noise="undecided"),
             difference("d4", noise="noise"),
             difference("e5", acknowledged=MEANT))
    return node


def columns(said):
    """The first three words of each row."""
    return [tuple(line.split()[:3]) for line in said.lines[1:]
            if " not shown" not in line and ": --limit" not in line and line]


def test_list(node):
    said = good("differences", "--api", node.url)
    assert said.lines[0].split() == ["ID", "ROUTE", "WHERE", "KIND", "CHANGE",
                                     "PAIRS", "FIRST", "LAST", "STATE"]
    assert columns(said) == [
        ("b200000000000000", "orders", "header"),
        ("a100000000000000", "orders", "body"),
        ("c300000000000000", "cart", "status")]
    assert "body $.items[*].price  type " in said.out
    assert "number -> string" in said.out
    assert "200 -> 500" in said.out and "undecided" in said.out
    assert said.lines[-1] == "2 not shown: --noise, --acknowledged"


@pytest.mark.parametrize("args,ids", [
    (["--noise"], "b2 a1 c3 d4"), (["--acknowledged"], "b2 a1 c3 e5"),
    (["--noise", "--acknowledged"], "b2 a1 c3 d4 e5"),
    (["--route", "cart"], "c3"), (["--limit", "1"], "b2")])
def test_filters(node, args, ids):
    said = good("differences", *args, "--api", node.url)
    assert [i[:2] for i, *_ in columns(said)] == ids.split()
    assert ("2 more: --limit" in said.out) == (args[0] == "--limit")


def test_list_as_json(node):
    node.page = 2
    said = good("differences", "--json", "--api", node.url).json
    assert [c["id"][:2] for c in said["classes"]] == ["b2", "a1", "c3"]


def test_none(start):
    node = start([route("orders")])
    assert good("differences", "--api", node.url).out \
        == "there are no differences\n"


@pytest.mark.parametrize("id", ["a100000000000000", "a1", "a"])
def test_one(node, id):
    node.classes["a100000000000000"]["samples"] = [SAMPLE]
    said = good("differences", id, "--api", node.url)
    assert said.lines[:6] == [
        "id            a100000000000000", "route         orders",
        "where         body $.items[*].price", "kind          type",
        "change        number -> string", "pairs         3"]
    assert "GET /api/orders/42  r-1  /items/0/price  number -> string" \
        in said.lines[-1]
    assert good("differences", id, "--json",
                "--api", node.url).json["samples"] == [SAMPLE]


def test_one_that_is_acknowledged(node):
    said = good("differences", "e5", "--api", node.url)
    assert "\nacknowledged  by team-o, ends in " in said.out
    assert ": cents\n" in said.out


@pytest.mark.parametrize("command", ["differences", "forget"])
@pytest.mark.parametrize("id,code,err", [
    ("ff", 1, 'there is no difference "ff"'),
    ("f" * 16, 1, f'there is no difference "{"f" * 16}" (404)'),
    ("a1x", 2, '"a1x" is no id of a difference (strangler {} --help)'),
    ("A1", 2, '"A1" is no id of a difference (strangler {} --help)'),
    ("a" * 17, 2, f'"{"a" * 17}" is no id of a difference '
                  "(strangler {} --help)")])
def test_no_such(node, command, id, code, err):
    said = strangler(command, id, "--api", node.url)
    assert (said.code, said.out) == (code, "")
    assert said.err == f"strangler: {err.format(command)}\n"


def test_a_beginning_of_two(node):
    node.add(difference("a2"))
    said = strangler("differences", "a", "--api", node.url)
    assert (said.code, said.err) == (
        1, 'strangler: 2 differences begin with "a"\n')


def test_text_from_outside_is_shown(node):
    node.add(difference("f6", path="$['\x1b[2J']", pairs=9 ** 9))
    for args in ([], ["f6"]):
        said = good("differences", *args, "--api", node.url)
        assert "\x1b" not in said.out and "\\x1b[2J" in said.out


# several nodes

def two(start):
    a, b = start([route("orders")]), start([route("orders")])
    a.add(difference("a1", pairs=3, first="2026-10-02T00:00:00Z",
                     samples=[SAMPLE]), difference("b2"))
    b.add(difference("a1", pairs=4, first="2026-10-01T00:00:00Z",
                     last="2026-10-11T00:00:00Z", samples=[SAMPLE],
                     noise="undecided"))
    return a, b, f"{a.url},{b.url}"


def test_nodes_are_merged(start):
    a, b, api = two(start)
    first, second = good("differences", "--json", "--api",
                         api).json["classes"]
    assert (first["pairs"], first["first"], first["last"]) == (
        7, "2026-10-01T00:00:00Z", "2026-10-11T00:00:00Z")
    assert first["differs"] == {"noise": {a.name: "real",
                                          b.name: "undecided"}}
    assert second["nodes"] == [a.name]

    one = good("differences", "a1", "--json", "--api", api).json
    assert (one["pairs"], one["samples"]) == (7, [SAMPLE, SAMPLE])
    assert good("differences", "b2", "--json", "--api", api).json["pairs"] == 1


def test_acknowledged_where_it_is_known(start):
    a, b, api = two(start)
    good("acknowledge", "a1", "b2", "--reason", "so", "--owner", "o", "--api",
         api)
    assert [p for _, p, _ in a.writes()] == [
        f"v1/differences/{i}{'0' * 14}" for i in ("a1", "b2")]
    assert len(b.writes()) == 1
    good("forget", "b2", "--api", api)
    assert list(a.classes) == ["a1" + "0" * 14]


def test_a_node_that_is_gone(start):
    a, b, api = two(start)
    b.stop()
    b.stop = lambda: None
    for args in (["differences", "a1"], ["forget", "a1"]):
        said = strangler(*args, "--api", api)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith(f"strangler: {b.name}: ")
    assert strangler("differences", "--api", api).code == 2


# acknowledge

def test_acknowledge(node):
    said = good("acknowledge", "a1", "--reason", "cents", "--owner", "team-o",
                "--until", "2099-01-31", "--api", node.url)
    assert said.out == ("a100000000000000 is acknowledged until "
                        "2099-01-31T00:00:00Z: body $.items[*].price of "
                        "orders\n")
    assert node.writes() == [("PATCH", "v1/differences/a100000000000000", {
        "acknowledge": {"reason": "cents", "owner": "team-o",
                        "expires": "2099-01-31T00:00:00Z"}})]

    said = good("acknowledge", "a1", "--off", "--api", node.url)
    assert said.out == ("a100000000000000 counts again: body "
                        "$.items[*].price of orders\n")
    assert node.classes["a100000000000000"]["acknowledged"] is None


@pytest.mark.parametrize("args,days", [([], 30), (["--for", "7d"], 7)])
def test_acknowledged_for(node, args, days):
    said = good("acknowledge", "a1", "--reason", "r", "--owner", "o", *args,
                "--json", "--api", node.url).json
    until = datetime.datetime.fromisoformat(
        said["classes"][0]["acknowledged"]["expires"].replace("Z", "+00:00"))
    left = until - datetime.datetime.now(datetime.timezone.utc)
    assert 0 <= days * 86400 - left.total_seconds() < TIMEOUT


@pytest.mark.parametrize("args,err", [
    ([], "--reason says why that is good, and --owner who is asked about it"),
    (["--reason", "r"], "--reason says why that is good, and --owner who is "
                        "asked about it"),
    (["--off", "--reason", "r"], "--off takes it back, and needs nothing "
                                 "else"),
    (["--reason", "r", "--owner", "o", "--until", "2099-01-01", "--for", "1d"],
     "--for or --until, not both"),
    (["--reason", "r", "--owner", "o", "--until", "soon"],
     '--until "soon" is no date such as 2027-01-31'),
    (["--reason", "r", "--owner", "o", "--until", "2020-01-01"],
     "that would be over already"),
    (["--reason", "r", "--owner", "o", "--for", "0"],
     "that would be over already")])
def test_acknowledge_mistakes(node, args, err):
    said = strangler("acknowledge", "a1", *args, "--api", node.url)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"strangler: {err} (strangler acknowledge --help)\n"
    assert node.calls == []


# forget

def test_forget(node):
    said = good("forget", "a1", "b2", "--api", node.url)
    assert said.out == ("a100000000000000 is forgotten\n"
                        "b200000000000000 is forgotten\n")
    assert {i[:2] for i in node.classes} == {"c3", "d4", "e5"}
    assert good("forget", "c3", "--json", "--api",
                node.url).json == {"forgotten": True}


def test_forget_a_route(node):
    assert good("forget", "--route", "orders", "--api", node.url).out \
        == "all of orders is forgotten\n"
    assert {i[:2] for i in node.classes} == {"c3"}
    said = strangler("forget", "--route", "none", "--api", node.url)
    assert (said.code, said.err) == (
        1, 'strangler: there is no route "none" (404)\n')


def test_forget_asks(node, terminal):
    said = terminal("forget", "--route", "orders", "--api", node.url)
    said.wait("[y/N] ")
    said.send("n\n")
    assert said.end() == 1
    assert len(node.classes) == 5
    said = terminal("forget", "--route", "orders", "--yes", "--api", node.url)
    assert said.end() == 0
    assert len(node.classes) == 1


@pytest.mark.parametrize("args", [[], ["a1", "--route", "orders"]])
def test_forget_what(node, args):
    said = strangler("forget", *args, "--api", node.url)
    assert (said.code, said.err) == (
        2, "strangler: either IDs or --route (strangler forget --help)\n")


# --follow

@pytest.fixture
def follow(request):
    def start(*args):
        process = subprocess.Popen(
            [PROGRAM, "differences", "--follow", *args], env=ENVIRONMENT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def stop():
            process.kill()
            process.communicate(timeout=TIMEOUT)
        request.addfinalizer(stop)
        return process
    return start


def test_follow(node, follow):
    said = follow("--api", node.url, "--route", "orders")
    known = [said.stdout.readline() for _ in range(3)]
    assert known[1].startswith("b2") and known[2].startswith("a1")

    node.wait_listeners(1)
    node.tell("flip", {"seq": 1})
    node.tell("difference", difference("a1", pairs=99))
    node.tell("difference", difference("f1", "cart"))
    node.tell("difference", difference("f2", noise="noise"))
    node.tell("difference", difference("f3", path="$.a\nb"))
    assert said.stdout.readline() == (
        "f300000000000000  orders  body $.a\\x0ab  type  number -> string  "
        "real\n")

    said.send_signal(signal.SIGINT)
    assert said.wait(TIMEOUT) == 0
    assert said.stdout.read() == said.stderr.read() == ""


def test_follow_goes_on_after_a_stream_has_ended(node, follow):
    said = follow("--api", node.url, "--json")
    ids = {json.loads(said.stdout.readline())["id"][:2] for _ in range(3)}
    assert ids == {"a1", "b2", "c3"}
    node.wait_listeners(1)
    node.add(difference("f1"))            # which nobody was told of
    node.cut_streams()
    assert json.loads(said.stdout.readline())["id"][:2] == "f1"
    node.wait_listeners(1)
    node.tell("difference", difference("f2"))
    assert json.loads(said.stdout.readline())["id"][:2] == "f2"
    said.terminate()
    assert said.wait(TIMEOUT) == 0


def test_follow_of_two_nodes(start, follow):
    a, b, api = two(start)
    said = follow("--api", api)
    for _ in range(3):
        said.stdout.readline()
    a.wait_listeners(1)
    b.wait_listeners(1)
    b.tell("difference", difference("f2"))
    assert said.stdout.readline().startswith("f2")


def test_follow_says_that_there_are_no_events(node, follow):
    node.ended = True
    node.stream = node.answer
    node.answers["/_strangler/v1/events"] = (404, "text/html", "no")
    said = follow("--api", node.url)
    assert said.stderr.readline() == ("strangler: warning: the events are "
                                      "answered with 404\n")
