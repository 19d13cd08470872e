"""strangler watch, in a terminal."""

import signal
import termios

import pytest

from command import strangler
from node import route

ENTER = "\x1b[?1049h\x1b[?25l"
LEAVE = "\x1b[?25h\x1b[?1049l"


@pytest.fixture
def node(start):
    return start([route("orders", "ramp", 25), route("stock")])


@pytest.fixture
def watch(terminal):
    def begin(node, *args, **options):
        return terminal("watch", "--interval", "100ms", "--api", node.url,
                        *args, **options)
    return begin


def frame(said):
    """The lines of the last frame that is whole."""
    text = said.text[:said.text.rindex("\x1b[J")]
    return [line.removesuffix("\x1b[K") for line in
            text[text.rindex("\x1b[H") + 3:].split("\r\n")]


def test_frames(node, watch):
    said = watch(node, env={"NO_COLOR": "1"})
    said.wait("\x1b[J")
    assert said.text.startswith(ENTER)
    assert [line.rstrip() for line in frame(said)] == [
        "main  generation 7 converged  flips 0  drift 0  nodes 1 of 1", "",
        "ROUTE   STAGE     NEW/S  OLD/S  FALLBACKS/S",
        "orders  ramp 25%    0.0    0.0          0.0",
        "stock   legacy      0.0    0.0          0.0", ""]

    at = len(said.text)
    node.post_flips([], {}, {"changes": [{"route": "stock",
                                          "stage": "live"}]})
    said.wait("stock stage legacy -> live, stock percent 0% -> 100%", at)
    said.wait("stock   live ", at)
    said.wait("flip", at)

    said.send("q")
    assert said.end() == 0
    assert said.text.endswith(LEAVE)


def test_rates(node, watch):
    said = watch(node, env={"NO_COLOR": "1"})
    at = said.wait("\x1b[J")
    node.routes["orders"]["requests"] = {"new": 1000000, "old": 0}
    node.routes["orders"]["fallbacks"] = {"timeout": 500000}
    said.wait("\x1b[J", at)
    while not any(line.startswith("orders") and " 0.0 " in line
                  and float(line.split()[3]) > 0 < float(line.split()[5])
                  for line in frame(said)):
        at = said.wait("\x1b[J", at)

    # a router that starts anew counts from 0
    node.routes["orders"]["requests"] = {"new": 5, "old": 0}
    node.routes["orders"]["fallbacks"] = {}
    at = said.wait("\x1b[J", len(said.text))
    said.wait("orders  ramp 25%    0.0    0.0          0.0", at)
    assert "-0" not in said.text


def test_trouble_and_recovery(node, watch):
    said = watch(node)
    said.wait("converged")
    node.status = {"last_error": {"text": "x"}, "drifting": 7}
    at = said.wait("the file is not in force: strangler status says why",
                   len(said.text))
    said.wait("drift 7", at)
    node.stuck = 1000000
    at = said.wait("not converged", at)
    node.password = "a:b"
    at = said.wait("who is there?", at)
    said.wait("nodes 0 of 1", at)
    node.password = None
    said.wait("nodes 1 of 1", at)


def test_many_routes(start, watch):
    node = start([route(f"r{i:03}") for i in range(300)])
    node.routes["r222"]["requests"] = {"new": 0, "old": 1}
    said = watch(node, rows=12, columns=40, env={"NO_COLOR": "1"})
    at = said.wait("296 routes that are less busy")
    assert "r222" not in said.text

    while "r222" not in "\n".join(frame(said)):
        node.routes["r222"]["requests"]["old"] += 100000
        at = said.wait("\x1b[J", at)
    assert len(frame(said)) <= 12
    assert max(len(line) for line in frame(said)) <= 40


def test_resize(node, watch):
    said = watch(node, "--interval", "1h", env={"NO_COLOR": "1"})
    at = said.wait("\x1b[J")
    said.resize(30, 10)
    said.process.send_signal(signal.SIGWINCH)
    said.wait("\x1b[J", at)
    assert max(len(line) for line in frame(said)) <= 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM,
                                    signal.SIGHUP])
def test_signals_leave_the_terminal_as_it_was(node, watch, number):
    said = watch(node, "--interval", "1h")
    before = termios.tcgetattr(said.master)
    said.wait("\x1b[J")
    assert not termios.tcgetattr(said.master)[3] & termios.ECHO
    if number == signal.SIGINT:
        said.send("\x03")
    else:
        said.process.send_signal(number)
    assert said.end() == -number
    assert said.text.endswith(LEAVE)
    assert before[3] & termios.ECHO


def test_stop_and_go_on(node, watch):
    said = watch(node)
    at = said.wait("\x1b[J")
    said.process.send_signal(signal.SIGTSTP)
    at = said.wait(LEAVE, at)
    said.wait_stopped()
    said.process.send_signal(signal.SIGCONT)
    at = said.wait(ENTER, at)
    said.wait("\x1b[J", at)


def test_filters(node, watch):
    said = watch(node, "--stage", "ramp")
    said.wait("orders")
    said.wait("\x1b[J")
    assert "stock" not in said.text


def test_hostile_text(start, watch):
    node = start([route("a\x1b[2Jb")])
    node.post_flips([], {}, {"changes": [
        {"route": "a\x1b[2Jb", "stage": "live"}]})
    said = watch(node)
    said.wait("a\\x1b[2Jb stage legacy")
    assert "\x1b[2J" not in said.text


def test_no_terminal(node):
    said = strangler("watch", "--api", node.url)
    assert (said.code, said.out) == (2, "")
    assert said.err == ("strangler: this is no terminal (strangler watch "
                        "--help)\n")
