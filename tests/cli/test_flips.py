"""flip, undo, confirm, reset, release and drain, on one node."""

import pytest

from command import good, strangler
from node import route

ROUTES = [
    route("orders-read", "ramp", 10, group="checkout"),
    route("orders-write", "ramp", 10, group="checkout"),
    route("payments", "live", to={"payments": 1}, capability="pay"),
    route("stock"),
    route("gone", None, to={}),
]


@pytest.fixture
def node(start):
    return start(ROUTES)


def sent(node):
    """The only write."""
    (method, path, body), = node.writes()
    assert (method, path) == ("POST", "v1/flips")
    return body


def test_flip(node):
    said = good("flip", "stock", "live", "--api", node.url)
    assert said.out == """\
CHANGED
stock    stage legacy -> live, percent 0% -> 100%
this is flip 1: strangler undo 1 takes it back
"""
    assert said.err == ""
    assert sent(node) == {"changes": [{"route": "stock", "stage": "live"}]}
    assert node.calls[0][2]["Content-Type"] == "application/json"


def test_flip_as_json(node):
    assert good("flip", "stock", "ramp", "12.5", "--json", "--api",
                node.url).json == {
        "seq": 1, "converged": True, "changes": [
            {"route": "stock", "field": "stage", "from": "legacy",
             "to": "ramp"},
            {"route": "stock", "field": "percent", "from": 0, "to": 12.5}]}


@pytest.mark.parametrize("args,body", [
    (["a", "b", "c", "done"],
     {"changes": [{"route": n, "stage": "done"} for n in "abc"]}),
    (["a", "ramp", "25%"],
     {"changes": [{"route": "a", "stage": "ramp", "percent": 25}]}),
    (["live", "ramp", "0.25"],
     {"changes": [{"route": "live", "stage": "ramp", "percent": 0.25}]}),
    (["a", "ramp"], {"changes": [{"route": "a", "stage": "ramp"}]}),
    (["a", "ramp", "100"],
     {"changes": [{"route": "a", "stage": "ramp", "percent": 100}]}),
    (["--group", "g", "--group", "h", "shadow"],
     {"changes": [{"group": "g", "stage": "shadow"},
                  {"group": "h", "stage": "shadow"}]}),
    (["a", "--capability", "c", "--backend", "b", "--all", "legacy"],
     {"changes": [{"route": "a", "stage": "legacy"},
                  {"capability": "c", "stage": "legacy"},
                  {"backend": "b", "stage": "legacy"},
                  {"all": True, "stage": "legacy"}]}),
    (["a", "live", "--reason", "it\nis ö", "--lease", "15m", "--hold",
      "--if-seq", "0"],
     {"changes": [{"route": "a", "stage": "live"}], "reason": "it\nis ö",
      "lease": "15m", "hold": True, "if_seq": 0}),
    (["a", "live", "--reason=\xff"],
     {"changes": [{"route": "a", "stage": "live"}], "reason": "\xff"}),
    (["a", "--shadow", "2.5%"],
     {"changes": [{"route": "a", "shadow": {"percent": 2.5}}]}),
    (["a", "7", "--shadow", "0"],
     {"changes": [{"route": n, "shadow": {"percent": 0}} for n in "a7"]}),
    (["a", "ramp", "5", "--shadow=100"],
     {"changes": [{"route": "a", "stage": "ramp", "percent": 5,
                   "shadow": {"percent": 100}}]}),
    (["--all", "--shadow", "0"],
     {"changes": [{"all": True, "shadow": {"percent": 0}}]}),
], ids=range(13))
def test_what_is_sent(node, args, body):
    strangler("flip", *args, "--api", node.url)
    assert sent(node) == body


@pytest.mark.parametrize("args,err", [
    (["stock", "lvie"], '"lvie" is no stage: did you mean "live"?'),
    (["stock"], '"stock" is no stage: they are legacy, shadow, ramp, live, '
                "done"),
    (["live"], "which route? ROUTE..., --group, --capability, --backend or "
               "--all"),
    (["50"], "which stage?"),
    (["stock", "50"], '"stock" is no stage: they are legacy, shadow, ramp, '
                      "live, done"),
    (["stock", "live", "50"], "a percent is for stage ramp, not for live"),
    (["stock", "ramp", "101"], '"101" is no percent from 0 to 100 with at '
                               "most two decimals"),
    (["stock", "ramp", "1.234"], '"1.234" is no percent from 0 to 100 with '
                                 "at most two decimals"),
    (["stock", "ramp", "1."], '"1." is no percent from 0 to 100 with at most '
                              "two decimals"),
    (["stock", "ramp", "5%%"], '"5%%" is no percent from 0 to 100 with at '
                               "most two decimals"),
    (["stock", "--shadow", "101"], '"101" is no percent from 0 to 100 with at '
                                   "most two decimals"),
    (["--shadow", "5"], "which route? ROUTE..., --group, --capability, "
                        "--backend or --all"),
    (["stock", "ramp", "1.2.3"], '"1.2.3" is no percent from 0 to 100 with '
                                 "at most two decimals"),
])
def test_mistakes(node, args, err):
    said = strangler("flip", *args, "--api", node.url)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"strangler: {err} (strangler flip --help)\n"
    assert node.calls == []


def test_refused(node):
    said = strangler("flip", "stok", "live", "--api", node.url)
    assert (said.code, said.out) == (1, "")
    assert said.err == 'strangler: there is no route "stok" (404)\n'

    said = strangler("flip", "stock", "live", "--if-seq", 7, "--api", node.url)
    assert said.code == 1
    assert said.err == "strangler: the last flip is 0, not 7 (409)\n"
    assert node.history == []


def test_nothing_to_change(node):
    said = good("flip", "payments", "live", "--api", node.url)
    assert said.out == "nothing to change: it is so already\n"


def test_lease(node):
    said = good("flip", "stock", "live", "--lease", "15m", "--api", node.url)
    assert said.out.endswith("it goes back by itself, but for strangler "
                             "confirm 1\n")


def test_left_out(node):
    node.answers["/_strangler/v1/flips"] = (
        200, "application/json", '{"seq": 1, "changes": [], "skipped": '
        '[{"route": "x", "because": "it has no old side"}]}')
    node.status = {"seq": 1}
    assert good("flip", "--all", "legacy", "--api", node.url).out \
        == ("nothing to change: it is so already\n"
            "left out: x, it has no old side\n")


def test_the_share_of_copies(node):
    said = good("flip", "stock", "shadow", "--shadow", 50, "--api", node.url)
    assert said.lines[1] == ("stock    shadow.percent 10% -> 50%, stage legacy "
                             "-> shadow")
    assert "copies 50%" in good("routes", "--api", node.url).out


def test_a_dry_run_of_copies(node):
    said = good("flip", "-n", "orders-read", "stock", "--shadow", 50, "--api",
                node.url)
    assert [line.split("  ")[0] for line in said.lines] \
        == ["WOULD CHANGE", "orders-read", "stock"]
    assert "ramp 10%, copies 10%" in said.out
    assert "ramp 10%, copies 50%" in said.out
    assert good("flip", "-n", "stock", "--shadow", 10, "--api", node.url).out \
        == "nothing would change: it is so already\n"
    assert node.writes() == []


# dry runs and questions

@pytest.mark.parametrize("args,changes", [
    (["stock", "live"], [("stock", "legacy", "live")]),
    (["orders-read", "ramp", "25"],
     [("orders-read", "ramp 10%", "ramp 25%"),
      ("orders-write", "ramp 10%", "ramp 25%")]),
    (["orders-read", "ramp", "10"], []),
    (["orders-read", "ramp"], []),
    (["stock", "ramp"], [("stock", "legacy", "ramp")]),
    (["--group", "checkout", "live"],
     [("orders-read", "ramp 10%", "live"),
      ("orders-write", "ramp 10%", "live")]),
    (["--capability", "pay", "legacy"], [("payments", "live", "legacy")]),
    (["--backend", "payments", "legacy"], [("payments", "live", "legacy")]),
    (["--all", "live"],
     [("orders-read", "ramp 10%", "live"),
      ("orders-write", "ramp 10%", "live"), ("stock", "legacy", "live")]),
    (["--group", "none", "live"], []),
])
def test_dry_run(node, args, changes):
    said = good("flip", "--dry-run", "--json", *args, "--api", node.url).json
    assert said == {"would_change": [
        {"route": r, "from": f, "to": t} for r, f, t in changes]}

    said = good("flip", "-n", *args, "--api", node.url)
    if changes:
        assert [line.split()[0] for line in said.lines[1:]] \
            == [r for r, _, _ in changes]
    else:
        assert said.out == "nothing would change: it is so already\n"
    assert node.writes() == []


def test_dry_run_of_nothing(node):
    said = strangler("flip", "--dry-run", "stokc", "live", "--api", node.url)
    assert said.code == 1
    assert said.err == ('strangler: there is no route "stokc", did you mean '
                        '"stock"?\n')


def test_question(node, terminal):
    args = ["flip", "--all", "live", "--api", node.url]
    said = terminal(*args)
    said.wait("change 3 routes? [y/N] ")
    said.send("n\n")
    assert said.end() == 1
    assert "nothing was changed" in said.text
    assert node.writes() == []

    said = terminal(*args)
    said.wait("[y/N] ")
    said.send("\x04")
    assert said.end() == 1
    assert node.writes() == []

    said = terminal(*args)
    said.wait("[y/N] ")
    said.send("yes\n")
    assert said.end() == 0
    assert node.seq == 1


def test_no_question(node, terminal):
    for args in (["stock", "live"], ["--all", "live", "--yes"]):
        said = terminal("flip", *args, "--api", node.url)
        assert said.end() == 0
        assert "[y/N]" not in said.text
    assert good("flip", "--all", "legacy", "--api", node.url).code == 0
    assert node.seq == 3


# undo and the others

def test_undo(node):
    good("flip", "stock", "live", "--api", node.url)
    said = good("undo", "1", "--reason", "no", "--api", node.url)
    assert "stock    percent 100% -> 0%, stage live -> legacy\n" in said.out
    assert node.history[-1]["reason"] == "no"
    assert node.writes()[-1][2] == {"undo": 1, "reason": "no"}


def test_undo_the_last(node):
    good("flip", "stock", "live", "--api", node.url)
    good("flip", "payments", "legacy", "--lease", "5m", "--api", node.url)
    good("confirm", "2", "--api", node.url)
    good("undo", "--api", node.url)
    assert node.writes()[-1][2] == {"undo": 2, "if_seq": 3}
    assert node.routes["payments"]["stage"] == "live"

    said = strangler("undo", "--api", node.url)
    assert said.code == 1
    assert said.err == ("strangler: the last change, 4, took a flip back "
                        "itself: strangler undo 4 brings it again\n")


def test_undo_of_nothing(node):
    said = strangler("undo", "--api", node.url)
    assert (said.code, said.err) == (
        1, "strangler: nothing was flipped that could be undone\n")
    said = strangler("undo", "7", "--api", node.url)
    assert (said.code, said.err) == (1, "strangler: there is no flip 7 (404)\n")
    said = strangler("undo", "x", "--api", node.url)
    assert (said.code, said.err) == (
        2, 'strangler: "x" is no number of the history '
        "(strangler undo --help)\n")


def test_confirm_reset_release(node):
    good("flip", "stock", "live", "--hold", "--lease", "1h", "--api", node.url)
    good("confirm", "1", "--api", node.url)
    good("release", "stock", "--api", node.url)
    said = good("reset", "stock", "payments", "--reason", "so", "--api",
                node.url)
    assert "stock    stage live -> legacy, percent 100% -> 0%" in said.out
    assert [w[2] for w in node.writes()[1:]] == [
        {"confirm": 1}, {"release": ["stock"]},
        {"reset": ["stock", "payments"], "reason": "so"}]
    said = strangler("reset", "none", "--api", node.url)
    assert (said.code, said.err) == (
        1, 'strangler: there is no route "none" (404)\n')


def test_drain(node):
    node.backends["orders"]["in_flight"] = 7
    said = good("drain", "orders", "--reason", "disk", "--lease", "5m",
                "--api", node.url)
    assert said.out == "orders is draining: 7 requests in flight\n"
    assert node.writes() == [("PATCH", "v1/backends/orders", {
        "drain": True, "reason": "disk", "lease": "5m"})]
    said = good("drain", "orders", "--off", "--api", node.url)
    assert said.out == "orders is in use: 7 requests in flight\n"
    assert good("drain", "orders", "--json", "--api",
                node.url).json["converged"] is True

    said = strangler("drain", "a/b", "--api", node.url)
    assert (said.code, said.err) == (
        1, 'strangler: there is no backend "a/b" (404)\n')


def test_not_converged(node):
    node.stuck = 3
    assert good("flip", "stock", "live", "--api", node.url).code == 0

    node.stuck = 10 ** 6
    said = strangler("flip", "stock", "legacy", "--wait", "200ms", "--api",
                     node.url)
    assert said.code == 1
    assert said.err == ("strangler: not converged: not every worker has the "
                        "newest rules\n")
    assert "stock    stage live -> legacy" in said.out

    said = strangler("flip", "stock", "live", "--json", "--wait", "200ms",
                     "--api", node.url)
    assert said.code == 1
    assert '"converged": false' in said.out


def test_status_behind(node):
    node.status = {"seq": 0}
    said = strangler("flip", "stock", "live", "--wait", "100ms", "--api",
                     node.url)
    assert said.code == 1
    assert said.err == ("strangler: not converged: its status does not know "
                        "of the flip\n")
