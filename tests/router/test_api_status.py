"""v1/status and readyz: what the router says of itself."""

import json
import os

import pytest

from harness import api as apis
from harness.api import problem
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: a, match: {path: /a/*}, to: new, stage: legacy, by: [client], data: shared}
"""


@pytest.fixture
def api(one_router):
    api = apis.make(RULES, make=one_router, workers=3)
    yield api
    api.close()


def test_workers(api):
    nginx = api.router.nginx
    pids = set(nginx.worker_pids())

    # the leader is found by a first tick

    status = wait_until(
        lambda: (s := api.get("v1/status"))["leader"] in pids
        and {w["pid"] for w in s["workers"]} == pids and s,
        "all workers sit, and one of them leads")
    assert (status["converged"], status["generation"]) == (True, 1)
    assert {w["generation"] for w in status["workers"]} == {1}
    assert (status["rule_set"], status["routes"], status["backends"]) == (
        "main", 1, 2)
    assert status["file"] == str(api.router.rules.path)


def test_other_rules(api):
    before = api.get("v1/status")
    api.router.rules.replace(RULES + "# other\n")
    api.wait_generation(2)
    after = api.get("v1/status")
    assert after["checksum"] != before["checksum"]
    assert {w["generation"] for w in after["workers"]} == {2}


def test_a_worker_that_died(api):
    nginx = api.router.nginx
    api.close()
    dead = nginx.worker_pids()[0]
    nginx.kill_worker(dead)
    wait_until(lambda: {w["pid"] for w in api.get("v1/status")["workers"]
                        if not w["exiting"]} == set(nginx.worker_pids()),
               "the new worker has the place of the dead one")
    wait_until(lambda: api.get("v1/status")["converged"], "it has the rules")
    wait_until(lambda: api.get("v1/status")["leader"] in nginx.worker_pids(),
               "there is a leader")


def test_an_error_comes_and_goes(api):
    assert api.get("v1/status")["last_error"] is None
    api.router.rules.replace(RULES + "wrong: 1\n")
    error = wait_until(lambda: api.get("v1/status")["last_error"],
                       "the error is told")
    (found,) = error["diagnostics"]
    assert found["line"] == RULES.count("\n") + 1 and found["col"] == 1
    assert os.path.basename(found["file"]) == "main.yaml"
    status = api.get("v1/status")
    assert (status["generation"], status["converged"]) == (1, True)
    assert api.get("readyz")["ready"] is True
    api.router.rules.replace(RULES)
    wait_until(lambda: api.get("v1/status")["last_error"] is None,
               "the error is gone")


def test_a_file_that_is_gone(api):
    api.router.rules.path.unlink()
    wait_until(lambda: api.get("v1/status")["last_error"], "it is told")
    api.router.rules.replace(RULES)
    wait_until(lambda: api.get("v1/status")["last_error"] is None,
               "the error is gone")


def test_ready(api):
    for _ in range(12):
        with api.router.connect() as client:
            answer = client.request("GET", "/_s/readyz", host="x.test")
            assert answer.status == 200
            assert json.loads(answer.body) == {"ready": True, "generation": 1}


def test_seq_is_that_of_the_history(api):
    assert api.seq() == 0
    api.flip("a", "live")
    entries = api.get("v1/history")["entries"]
    assert api.seq() == entries[-1]["seq"] == 1


def test_a_state_that_is_damaged(api):
    """It is said where, reads go on, and nothing is written over it."""
    api.flip("a", "live")
    api.flip("a", "legacy")
    api.flip("a", "done")
    api.close()
    journal = api.router.nginx.home / "state" / "journal.jsonl"
    lines = journal.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"legacy", b"legacX", 1)
    nginx = api.router.nginx
    pid = nginx.pid()
    journal.write_bytes(b"\n".join(lines))
    damaged = journal.read_bytes()
    (journal.parent / "live").unlink()
    nginx.reload()
    assert nginx.pid() == pid
    status = api.get("v1/status")
    assert status["state"]["writable"] is False
    assert "line 2" in status["state"]["error"]
    problem(api.call("PATCH", "v1/routes/a", {"stage": "live"}), 503, "line 2")
    assert api.router.get("/a/1").status == 200
    assert journal.read_bytes() == damaged
