"""ready: whether routes are, on every node."""

import threading

import pytest

from command import good, strangler
from evidence import GATHERING, READY
from node import route

NOT = {**READY, "verdict": "not ready", "mismatches": 7,
       "reasons": ["3 real differences", "p99 is 2s"], "estimate": None}


def nodes(start, *readiness):
    made = [start([route("orders", readiness=one), route("cart")])
            for one in readiness]
    return made, ",".join(node.url for node in made)


def test_ready(start):
    _, api = nodes(start, READY)
    said = good("ready", "orders", "--api", api)
    assert said.lines == [
        "ROUTE   VERDICT  PAIRS  MISMATCHES",
        "orders  ready    6,000           0", "",
        "orders: no difference that counts; mismatch rate < 0.1 % at 99 % "
        "confidence"]
    assert good("ready", "orders", "--json", "--api", api).json == {
        "ready": True, "routes": [{**READY, "route": "orders"}]}


@pytest.mark.parametrize("readiness,verdict,why", [
    (NOT, "not ready", "3 real differences; p99 is 2s"),
    (GATHERING, "gathering", "more matches are needed"),
    (None, "unknown", "the router does not compare the answers of its "
                      "sides")])
def test_not_ready(start, readiness, verdict, why):
    _, api = nodes(start, readiness)
    said = strangler("ready", "orders", "--api", api)
    assert (said.code, said.err) == (1, "")
    assert said.lines[1].startswith(f"orders  {verdict} ")
    assert said.lines[-1] == f"orders: {why}"
    if readiness is GATHERING:
        assert "6,500  in " in said.lines[1]

    said = strangler("ready", "orders", "--json", "--api", api)
    assert said.code == 1
    assert '"ready": false' in said.out


def test_all_routes_and_nodes_are(start):
    (a, b), api = nodes(start, READY, GATHERING)
    said = strangler("ready", "orders", "--api", api)
    assert said.code == 1
    assert [line.split()[:3] for line in said.lines[1:3]] == [
        [a.name, "orders", "ready"], [b.name, "orders", "gathering"]]
    assert f"{b.name}: orders: more matches are needed" in said.lines

    b.routes["orders"]["readiness"] = READY
    assert good("ready", "orders", "--api", api)
    assert strangler("ready", "orders", "cart", "--api", api).code == 1


def test_no_such_route(start):
    _, api = nodes(start, READY)
    said = strangler("ready", "orders", "none", "--wait", "1m", "--api", api)
    assert said.code == 1
    assert said.err == 'strangler: there is no route "none" (404)\n'


def test_a_node_that_is_gone(start):
    (_, b), api = nodes(start, READY, READY)
    b.stop()
    b.stop = lambda: None
    said = strangler("ready", "orders", "--api", api)
    assert said.code == 2
    assert said.err.startswith(f"strangler: {b.name}: ")


def test_wait(start):
    (node,), api = nodes(start, GATHERING)
    looks = []

    def ready_at_last(entry):
        looks.append(0)
        entry["readiness"] = READY if len(looks) > 2 else GATHERING

    node.traffic = ready_at_last
    assert good("ready", "orders", "--wait", "1m", "--api", api).lines[1] \
        .startswith("orders  ready")
    assert len(looks) == 3


def test_wait_is_over(start):
    _, api = nodes(start, GATHERING)
    said = strangler("ready", "orders", "--wait", "100ms", "--api", api)
    assert (said.code, said.err) == (1, "")
    assert said.lines[1].startswith("orders  gathering")


def test_wait_for_a_node(start):
    """That does not answer at first."""
    (node,), api = nodes(start, READY)
    path = "/_strangler/v1/routes/orders"
    node.answers[path] = (502, "text/html", "no")
    timer = threading.Timer(0.3, node.answers.clear)
    timer.start()
    said = strangler("ready", "orders", "--wait", "1m", "--api", api)
    timer.join()
    assert said.code == 0
