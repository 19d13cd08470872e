"""advance: a route walks up while it does well, and goes back otherwise."""

import signal
import threading
import time

import pytest

from command import good, strangler
from evidence import GATHERING, READY, counted, counters
from node import route

FAST = ["--every", "200ms", "--min-requests", "10"]
WELL = counted(ok=30, old=30)


@pytest.fixture
def node(start):
    node = start([route("orders", readiness=READY, **counters())])
    node.traffic = WELL
    return node


def advance(*args, steps="1,50,100", fast=FAST):
    return ["advance", "orders", "--steps", steps, *fast, *args]


def steps(node):
    """What was flipped: stage and percent."""
    return [(body["stage"], body.get("percent"))
            for method, _, body in node.writes() if method == "PATCH"]


def now(node):
    entry = node.routes["orders"]
    return entry["stage"], entry["percent"]


UP = [("ramp", 1), ("ramp", 50), ("live", None)]


def test_up(node):
    said = good(*advance("--reason", "go", "--api", node.url))
    assert steps(node) == UP
    assert now(node) == ("live", 100)
    assert node.routes["orders"]["lease"] is None
    assert [line.split(",")[0] for line in said.lines[::2]] == [
        "step 1 of 3: ramp 1%", "step 2 of 3: ramp 50%", "step 3 of 3: live",
        "orders is live"]
    assert said.lines[1].startswith("ramp 1%: ")
    assert said.lines[1].endswith(" requests, 0.0% errors, p99 9.91ms "
                                  "(old 9.91ms): good")
    patches = [b for m, _, b in node.writes() if m == "PATCH"]
    assert [b["if_seq"] for b in patches] == [0, 1, 2]
    assert {b["reason"] for b in patches} == {"advance: go"}
    assert {b["lease"] for b in patches} == {"60s"}
    assert node.writes()[-1][2] == {"confirm": 3}


def test_as_json(node):
    said = good(*advance("--json", "--api", node.url)).json
    assert (said["route"], said["outcome"], said["because"]) == (
        "orders", "done", None)
    assert said["before"] == {"stage": "legacy", "percent": 0}
    assert [(s["stage"], s["percent"], s["verdict"]) for s in said["steps"]] \
        == [("ramp", 1, "good"), ("ramp", 50, "good"), ("live", 100, "good")]
    assert all(s["requests"] >= 10 and s["errors"] == 0
               for s in said["steps"])


def test_the_last_step_need_not_be_live(node):
    said = good(*advance("--api", node.url, steps="0.5,12.5%"))
    assert steps(node) == [("ramp", 0.5), ("ramp", 12.5)]
    assert said.lines[-1] == "orders is ramp 12.5%"
    assert node.routes["orders"]["lease"] is None


def test_steps_that_are_behind_it(node):
    node.set("orders", "ramp", 50, [])
    good(*advance("--api", node.url))
    assert steps(node) == [("live", None)]
    said = good(*advance("--api", node.url))
    assert said.out == "nothing to do: orders is there already\n"


# what goes back

@pytest.mark.parametrize("traffic,args,why", [
    (counted(ok=10, failed=10, old=30), [], "errors>1%: "),
    (counted(ok=10, fallbacks=10, old=30), [], "errors>1%: "),
    (counted(ok=10, slow=5, old=30), [],
     "p99>1.5x: it is 982ms, and 9.91ms on the old side"),
    (counted(ok=10, old=30), ["--abort-if", "p99>5ms"],
     "p99>5ms: it is 9.91ms"),
    (counted(ok=10, old=30), ["--abort-if", "errors>1%", "--abort-if",
                              "p50 > 0.001s"], "p50 > 0.001s: it is 5.5ms"),
    (counted(ok=0, old=30), [], "too little traffic to tell: 0 of the 10 "
                                "requests that --min-requests asks for"),
    (counted(ok=30), ["--abort-if", "p99>1.5x"],
     "p99>1.5x: the old side has answered too little to compare with: 0")])
@pytest.mark.parametrize("stage,percent", [("legacy", 0), ("ramp", 0.5)])
def test_back(node, traffic, args, why, stage, percent):
    node.set("orders", stage, percent, [])
    node.traffic = traffic
    said = strangler(*advance(*args, "--api", node.url))
    was = "legacy" if stage == "legacy" else "ramp 0.5%"
    assert said.code == 1
    assert said.err.startswith(f"strangler: orders is back to {was}: {why}")
    assert now(node) == (stage, percent)
    assert steps(node) == [("ramp", 1),
                           (stage, percent if stage == "ramp" else None)]
    assert "lease" not in node.writes()[-1][2]
    assert node.writes()[-1][2]["reason"].startswith("advance went back: "
                                                     + why)


def test_back_from_a_later_step(node):
    def worse(entry):
        (counted(ok=10, failed=5) if entry["percent"] == 50 else WELL)(entry)
    node.traffic = worse
    said = strangler(*advance("--json", "--api", node.url))
    assert said.code == 1
    assert steps(node) == [("ramp", 1), ("ramp", 50), ("legacy", None)]
    assert '"outcome": "back"' in said.out
    assert '"verdict": "bad"' in said.out


def test_errors_end_a_step_at_once(node):
    """Also where a step has far too few requests to be good."""
    node.traffic = counted(failed=1)
    began = time.monotonic()
    said = strangler(*advance("--api", node.url, fast=[
        "--every", "40s", "--min-requests", "20"]))
    assert said.code == 1
    assert "errors>1%: " in said.err
    assert now(node) == ("legacy", 0)
    assert time.monotonic() - began < 40


def test_a_router_that_began_anew(node):
    """Its counters are smaller than they were."""
    entry = node.routes["orders"]
    entry["outcomes"]["new"]["success"] = 10 ** 6
    entry["durations"]["new"][1] = 10 ** 6

    def anew(entry):
        if entry["stage"] == "ramp" and entry["outcomes"]["new"][
                "success"] >= 10 ** 6:
            entry.update(counters())
        WELL(entry)
    node.traffic = anew
    good(*advance("--api", node.url))


# readiness

@pytest.mark.parametrize("readiness,why", [
    (GATHERING, "gathering: more matches are needed"),
    (None, "unknown: the router does not compare the answers of its sides")])
def test_unready(node, readiness, why):
    node.routes["orders"]["readiness"] = readiness
    said = strangler(*advance("--api", node.url))
    assert (said.code, said.out) == (1, "")
    assert said.err == (f"strangler: orders stays as it is: {why} "
                        "(--unready-ok goes on all the same)\n")
    assert node.writes() == []
    good(*advance("--unready-ok", "--api", node.url))


def test_no_longer_ready(node):
    def spoilt(entry):
        WELL(entry)
        if entry["percent"] == 50:
            entry["readiness"] = GATHERING
    node.traffic = spoilt
    said = strangler(*advance("--api", node.url))
    assert said.code == 1
    assert said.err == ("strangler: orders is back to legacy: gathering: more "
                        "matches are needed\n")
    assert now(node) == ("legacy", 0)


# others, and nodes

def test_somebody_else_flips_it(node):
    def other(entry):
        WELL(entry)
        if entry["percent"] == 50:
            node.set("orders", "live", None, [])
            entry["seq"] = 77
    node.traffic = other
    said = strangler(*advance("--api", node.url))
    assert said.code == 1
    assert said.err == ("strangler: orders is left alone: it was flipped by "
                        "somebody else meanwhile\n")
    assert now(node) == ("live", 100)
    assert steps(node) == [("ramp", 1), ("ramp", 50)]


def test_somebody_is_quicker(node):
    """Between a look and the next step."""
    patch = node.patch_routes

    def late(words, query, body):
        if body.get("percent") == 50:
            node.routes["orders"]["seq"] = 77
        return patch(words, query, body)
    node.patch_routes = late
    said = strangler(*advance("--api", node.url))
    assert said.code == 1
    assert "is left alone" in said.err
    assert now(node) == ("ramp", 1)


def test_nodes(start):
    a, b = (start([route("orders", readiness=READY, **counters())])
            for _ in range(2))
    a.traffic = b.traffic = counted(ok=6, old=30)
    good(*advance("--api", f"{a.url},{b.url}"))
    assert steps(a) == steps(b) == UP


def test_one_node_does_not_do_well(start):
    a, b = (start([route("orders", readiness=READY, **counters())])
            for _ in range(2))
    a.traffic, b.traffic = counted(ok=10 ** 6, old=30), counted(
        ok=30, failed=5, old=30)
    said = strangler(*advance("--api", f"{a.url},{b.url}"))
    assert said.code == 1
    assert f"orders is back to legacy: {b.name}: errors>1%" in said.err
    assert now(a) == now(b) == ("legacy", 0)


def test_one_node_refuses(start):
    a, b = (start([route("orders", readiness=READY, **counters())])
            for _ in range(2))
    b.answers["/_strangler/v1/routes/orders"] = None
    called = b.called

    def refusing(handler, body):
        del b.answers["/_strangler/v1/routes/orders"]
        try:
            if handler.command == "PATCH":
                return (503, "application/problem+json",
                        '{"title": "no", "detail": "the disk is full"}')
            return called(handler, body)
        finally:
            b.answers["/_strangler/v1/routes/orders"] = None
    b.called = refusing
    said = strangler(*advance("--api", f"{a.url},{b.url}"))
    assert said.code == 1
    assert said.err == (f"strangler: orders is back to legacy: {b.name}: the "
                        "disk is full (503)\n")
    assert steps(a) == [("ramp", 1), ("legacy", None)]


def test_a_node_is_gone(start):
    """That one goes back by itself."""
    a, b = (start([route("orders", readiness=READY, **counters())])
            for _ in range(2))
    a.traffic = WELL

    def gone(entry):
        WELL(entry)
        if entry["stage"] == "ramp":
            b.answers["/_strangler/v1/routes/orders"] = (502, "text/html", "")
    b.traffic = gone
    said = strangler(*advance("--api", f"{a.url},{b.url}"))
    assert said.code == 1
    assert f"strangler: {b.name}: it is not back, and goes back by itself " \
        "within 1m\n" in said.err
    assert "orders is not everywhere back to legacy" in said.err
    assert now(a) == ("legacy", 0)


def test_nodes_that_differ(start):
    a, b = (start([route("orders", stage, 5, readiness=READY, **counters())])
            for stage in ("legacy", "ramp"))
    said = strangler(*advance("--api", f"{a.url},{b.url}"))
    assert said.code == 1
    assert said.err == ("strangler: orders stays as it is: it is not the same "
                        "on all nodes: flip it to one stage first\n")


# refusals and mistakes

@pytest.mark.parametrize("changes,why", [
    ({"lease": {"seq": 7, "expires": "2099-01-01T00:00:00Z"}},
     "a flip of it has a lease: strangler confirm 7 keeps it"),
    ({"stage": None, "percent": None}, "the router answers it by itself"),
    ({"outcomes": None}, "a router is too old: it does not tell how requests "
                         "end")])
def test_refused(node, changes, why):
    node.traffic = None
    node.routes["orders"].update(changes)
    said = strangler(*advance("--api", node.url))
    assert (said.code, said.out) == (1, "")
    assert said.err == f"strangler: orders stays as it is: {why}\n"
    assert node.writes() == []


@pytest.mark.parametrize("args,err", [
    (["orders"], "--steps says which percents, such as 1,5,25,100"),
    *[(["orders", "--steps", steps], f'--steps "{steps}" is no ascending list '
       "of percents such as 1,5,25,100")
      for steps in ("", "5,1", "1,1", "0,5", "1,101", "1,", "1;2", "1.234",
                    "1e1", "-1", "0x5", "1,,2")],
    *[(["orders", "--steps", "1", "--abort-if", gate],
       f'"{gate}" is none of errors>1%, p99>300ms, p99>1.5x')
      for gate in ("", "errors", "errors>1", "errors>1x", "p99>1", "p98>1s",
                   "p99>0.5x", "p99>1.5", "p99<1s", "errors>101%",
                   "errors>1%%", "p99>-1s")],
    (["orders", "--steps", "1", "--every", "15d"],
     "--every is from 100ms to 14d"),
    (["orders", "--steps", "1", "--every", "99ms"],
     "--every is from 100ms to 14d")])
def test_mistakes(node, args, err):
    said = strangler("advance", *args, "--api", node.url)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"strangler: {err} (strangler advance --help)\n"
    assert node.calls == []


# on a terminal

def test_progress(node, terminal):
    said = terminal(*advance("--api", node.url), columns=100)
    assert said.end() == 0
    assert "ramp 1% [#" in said.text
    assert " left, " in said.text
    assert "orders is live\r\n" in said.text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(node, terminal, number):
    said = terminal("advance", "orders", "--steps", "5,100", "--every", "1h",
                    "--api", node.url, columns=100)
    said.wait("ramp 5% [")
    if number == signal.SIGINT:
        said.send("\x03")
    else:
        said.process.send_signal(number)
    assert said.end() == -number
    assert "orders is back to legacy: interrupted" in said.text
    assert now(node) == ("legacy", 0)


def test_interrupted_twice(node, terminal):
    """Somebody who does not want to wait: the lease puts it back."""
    held = threading.Event()
    patch = node.patch_routes

    def slow(words, query, body):
        if body["stage"] == "legacy":
            node.lock.release()
            held.wait(60)
            node.lock.acquire()
        return patch(words, query, body)
    node.patch_routes = slow
    said = terminal("advance", "orders", "--steps", "5", "--every", "1h",
                    "--api", node.url, columns=100)
    said.wait("ramp 5% [")
    said.send("\x03")
    said.wait("interrupted\r\n")
    said.send("\x03")
    assert said.end() == -signal.SIGINT
    held.set()
    assert node.writes()[0][2]["lease"] == "7260s"
