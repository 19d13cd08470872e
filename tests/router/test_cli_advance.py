"""strangler advance against a real router, while requests come."""

import datetime
import json
import os
import subprocess

import pytest

from harness import faults
from harness.nginx import ROOT
from harness.wait import SLOWNESS, wait_until

PROGRAM = os.environ.get("STRANGLER_CLI", str(ROOT / "build" / "strangler"))

RULES = """\
version: 1
backends:
  legacy: {servers: ['@legacy@']}
  new: {servers: ['@new@']}
default: legacy
routes:
  - {name: walk, match: {path: /walk/*}, to: new, stage: legacy,
     by: [request], data: shared}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, rules_args="zone=4m poll=100ms "
                       "state=@HOME@/state", server="""
        location /_strangler/ {
            strangler_api main write=on;
        }""")


@pytest.fixture
def cli(router):
    """Starts the command; what it leaves is put back."""
    started = []

    def run(*args):
        process = subprocess.Popen(
            [PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                 "STRANGLER_API":
                 f"http://127.0.0.1:{router.port}/_strangler/"})
        started.append(process)
        return process

    def told(*args):
        out, err = run(*args, "--json").communicate(timeout=30 * SLOWNESS)
        assert err == "", err
        return json.loads(out)

    run.told = told
    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30 * SLOWNESS)
    router.new.reset()
    told("reset", "walk")


def route(cli):
    found, = cli.told("routes")["routes"]
    return found


def advance(cli, *args):
    return cli("advance", "walk", "--unready-ok", "--min-requests", 5, *args)


def walk(router, process):
    """Requests until it ends."""
    with router.connect() as client:
        while process.poll() is None:
            client.request("GET", "/walk/1")
    out, err = process.communicate(timeout=30 * SLOWNESS)
    return process.returncode, out, err


def test_up(router, cli):
    code, out, err = walk(router, advance(
        cli, "--steps", "50,100", "--every", "1s", "--abort-if",
        "errors>1%"))
    assert (code, err) == (0, ""), (out, err)
    assert out.splitlines()[-1] == "walk is live"
    found = route(cli)
    assert (found["stage"], found["lease"]) == ("live", None)


@pytest.mark.parametrize("status", [500, 502])
def test_back(router, cli, status):
    """Whether its errors reach clients or the old side answers instead."""
    router.new.on("/walk/1", faults.answer(status))
    code, out, err = walk(router, advance(
        cli, "--steps", "50,100", "--every", "20s"))
    assert code == 1, (out, err)
    assert "walk is back to legacy: errors>1%" in err
    found = route(cli)
    assert (found["stage"], found["lease"], found["drift"]) == (
        "legacy", None, False)


def test_somebody_else(router, cli):
    process = advance(cli, "--steps", "50", "--every", "5s", "--abort-if",
                      "errors>1%")
    wait_until(lambda: route(cli)["stage"] == "ramp", "it walks")
    cli.told("flip", "walk", "ramp", "7")
    code, out, err = walk(router, process)
    assert code == 1, (out, err)
    assert "walk is left alone" in err
    assert route(cli)["percent"] == 7


def test_killed(router, cli):
    """Then it has a lease, which is what puts it back."""
    process = advance(cli, "--steps", "5,100", "--every", "1h")
    wait_until(lambda: route(cli)["stage"] == "ramp", "it walks")
    process.kill()
    lease = route(cli)["lease"]
    left = datetime.datetime.fromisoformat(
        lease["expires"].replace("Z", "+00:00")) \
        - datetime.datetime.now(datetime.timezone.utc)
    assert 3600 < left.total_seconds() <= 7260
