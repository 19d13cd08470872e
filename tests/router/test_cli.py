"""The strangler command against a real router."""

import json
import os
import pathlib
import subprocess

import pytest

from harness.nginx import ROOT
from harness.wait import SLOWNESS, wait_until

PROGRAM = os.environ.get("STRANGLER_CLI", str(ROOT / "build" / "strangler"))

RULES = """\
version: 1
backends:
  legacy: {servers: ['@legacy@']}
  new: {servers: ['@new@']}
default: legacy
groups:
  checkout: {stage: legacy, by: [client]}
routes:
  - {name: orders, match: {path: /orders/*}, to: new, stage: legacy,
     by: [client], data: shared, owner: team-o, capability: shop}
  - {name: cart, match: {path: /cart/*}, to: new, group: checkout,
     data: shared}
  - {name: pay, match: {path: /pay/*}, to: new, group: checkout, data: shared}
  - {name: gone, match: {path: /gone}, respond: {status: 410}}
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
    def run(*args, code=0):
        done = subprocess.run(
            [PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=30 * SLOWNESS,
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent",
                 "STRANGLER_API":
                 f"http://127.0.0.1:{router.port}/_strangler/"}, check=False)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    yield run
    run("reset", "orders", "checkout")


def told(cli, *args, **options):
    return json.loads(cli(*args, "--json", **options).stdout)


def stages(cli):
    return {r["name"]: r["stage"] for r in told(cli, "routes")["routes"]}


def backend_of(router, target):
    router.reset()
    router.get(target)
    return router.legs()[-1]


def test_status(cli):
    assert "in force in 1 of 1 workers" in cli("status").stdout
    assert told(cli, "status")["converged"] is True


def test_flip_and_undo(cli, router):
    assert backend_of(router, "/orders/1") == "legacy"
    said = cli("flip", "orders", "live", "--reason", "it\tis ö").stdout
    assert "stage legacy -> live" in said
    assert backend_of(router, "/orders/1") == "new"

    entry = told(cli, "history")["entries"][-1]
    assert (entry["kind"], entry["reason"]) == ("flip", "it\tis ö")
    assert f"this is flip {entry['seq']}: " in said

    cli("undo")
    assert backend_of(router, "/orders/1") == "legacy"
    assert "took a flip back itself" in cli("undo", code=1).stderr


def test_groups_and_plans(cli):
    plan = told(cli, "flip", "cart", "ramp", "25", "--dry-run")
    assert plan == {"would_change": [
        {"route": name, "from": "legacy", "to": "ramp 25%"}
        for name in ("cart", "pay")]}
    assert stages(cli)["cart"] == "legacy"

    said = told(cli, "flip", "cart", "ramp", "25")
    assert {c["route"] for c in said["changes"]} == {"cart", "pay"}
    assert stages(cli)["pay"] == "ramp"


@pytest.mark.parametrize("selector", [
    ["--group", "checkout"], ["--capability", "shop"], ["--backend", "new"],
    ["--all"], ["orders", "--group", "checkout"]], ids=" ".join)
def test_plans_are_what_happens(cli, selector):
    plan = told(cli, "flip", *selector, "live", "--dry-run")["would_change"]
    said = told(cli, "flip", *selector, "live")
    assert {c["route"] for c in said["changes"]} \
        == {c["route"] for c in plan} != set()
    assert said["converged"] is True
    said = cli("flip", *selector, "live").stdout
    assert said.startswith("nothing to change: it is so already\n")


def test_refusals(cli):
    assert "none" in cli("flip", "none", "live", code=1).stderr
    assert "(409)" in cli("flip", "orders", "live", "--if-seq", 10 ** 6,
                          code=1).stderr
    cli("flip", "gone", "live", code=1)
    cli("undo", 10 ** 6, code=1)
    assert stages(cli)["orders"] == "legacy"


def test_lease_and_confirm(cli):
    said = told(cli, "flip", "orders", "live", "--lease", "1h")
    assert "lease ends in " in cli("routes").stdout
    cli("confirm", said["seq"])
    assert "lease" not in cli("routes").stdout
    assert stages(cli)["orders"] == "live"


def test_hold_and_release(cli):
    cli("flip", "orders", "live", "--hold")
    assert "flip, hold" in cli("routes").stdout
    cli("release", "orders")
    assert "hold" not in cli("routes").stdout


def test_drain(cli):
    assert cli("drain", "new").stdout.startswith("new is draining: ")
    assert "draining" in cli("backends").stdout
    assert cli("drain", "new", "--off").stdout.startswith("new is in use: ")


def test_filters(cli):
    assert [r["name"] for r in told(cli, "routes", "--owner", "team-o")
            ["routes"]] == ["orders"]
    assert [r["name"] for r in told(cli, "routes", "--group", "checkout")
            ["routes"]] == ["cart", "pay"]
    cli("flip", "orders", "live")
    assert [r["name"] for r in told(cli, "routes", "--drift")["routes"]] \
        == ["orders"]
    assert "1 route: orders" in cli("status").stdout


def test_counts(cli, router):
    for _ in range(5):
        router.get("/orders/1")
        router.get("/nothing/here")

    def counted():
        orders = told(cli, "routes")["routes"][0]
        return orders["requests"]["old"] >= 5

    wait_until(counted, "requests are counted")
    said = wait_until(
        lambda: (s := cli("surface").stdout).find("/nothing/here") >= 0 and s,
        "the surface has the path")
    assert said.splitlines()[0].endswith(
        tuple(["requests that no route matches", "ago", "now"]))


@pytest.mark.parametrize("args", [
    ["GET", "/orders/1", "--client", "192.0.2.1"],
    ["POST", "http://shop.test/cart/7?a=b", "-H", "A: b"],
    ["GET", "/gone"], ["GET", "/elsewhere"]], ids=lambda a: a[1])
def test_explain_is_the_same_without_a_router(cli, router, args, tmp_path):
    file = pathlib.Path(router.rules.path)
    there = told(cli, "explain", *args)
    here = told(cli, "explain", file, *args)
    for member in ("route", "stage", "side", "backend", "bucket", "by",
                   "retries", "fallback", "candidates", "why"):
        assert there[member] == here[member], member
