"""differences, acknowledge, forget and ready against a real router."""

import json
import os
import signal
import subprocess

import pytest

from harness import api as apis
from harness.evidence import feed
from harness.nginx import ROOT
from harness.wait import SLOWNESS

PROGRAM = os.environ.get("STRANGLER_CLI", str(ROOT / "build" / "strangler"))
SECONDS = 30 * SLOWNESS

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: shadow, by: [client], data: shared}
  - {name: b, match: {path: /b/*}, to: new, stage: legacy, by: [client], data: shared, compare: none}
"""
PRICE = "a 2 body type $.items[*].price number string"


@pytest.fixture
def api(one_router):
    api = apis.make(RULES, make=one_router)
    yield api
    api.close()


@pytest.fixture
def start(api, request):
    def run(*args):
        process = subprocess.Popen(
            [PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                 "STRANGLER_API":
                 f"http://127.0.0.1:{api.router.port}{api.base}"})

        def stop():
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=SECONDS)
        request.addfinalizer(stop)
        return process
    return run


@pytest.fixture
def cli(start):
    def run(*args, code=0):
        process = start(*args)
        out, err = process.communicate(timeout=SECONDS)
        assert process.returncode == code, (out, err)
        return out or err
    return run


def classes(cli, *args):
    return json.loads(cli("differences", "--json", *args))["classes"]


def test_from_a_difference_to_ready(api, cli):
    feed(api, "a 6000 match", PRICE)
    one, = classes(cli)
    assert "type" in cli("differences")
    said = cli("differences", one["id"][:6])
    assert "where         body $.items[*].price\n" in said
    assert "number -> string" in said
    assert "GET /api/x" in said
    assert "not ready" in cli("ready", "a", code=1)

    cli("acknowledge", one["id"], "--reason", "meant", "--owner", "team",
        "--for", "7d")
    assert classes(cli) == []
    one, = classes(cli, "--acknowledged")
    assert one["acknowledged"]["owner"] == "team"
    cli("acknowledge", one["id"], "--off")
    assert len(classes(cli, "--route", "a")) == 1

    cli("forget", one["id"])
    assert classes(cli) == []
    cli("forget", "--route", "a")
    assert "nothing has been compared yet" in cli("ready", "a", code=1)
    feed(api, "a 6000 match")
    assert json.loads(cli("ready", "a", "--json"))["ready"] is True
    cli("ready", "a", "b", code=1)      # which is never compared


def test_follow(api, start):
    feed(api, PRICE)
    said = start("differences", "--follow", "--json")
    assert json.loads(said.stdout.readline())["kind"] == "type"
    feed(api, "a 1 body missing $.x number -")
    assert json.loads(said.stdout.readline())["path"] == "$.x"
    said.send_signal(signal.SIGINT)
    assert said.wait(SECONDS) == 0


def test_advance_needs_a_ready_route(api, cli):
    feed(api, "a 10 match")
    said = cli("advance", "a", "--steps", "1", code=1)
    assert said.startswith("strangler: a stays as it is: gathering: ")
    assert api.get("v1/routes/a")["stage"] == "shadow"
