"""Leases: flips that go back by themselves unless they are confirmed."""

import time

import pytest

from harness.flips import Flipped, rules
from harness.wait import SLOWNESS, holds, wait_until

TEXT = rules("a", "b")
SOON = 3 * SLOWNESS                     # s after its end


@pytest.fixture
def router(start):
    return start(Flipped(TEXT))


def test_it_goes_back(router):
    api = router.api
    begin = time.monotonic()
    state = api.patch("a", stage="live", lease="1s", reason="a try")
    assert router.sides("/a/1") == "new"
    assert state["lease"]["seq"] == 1

    wait_until(lambda: router.all_at("legacy", "/a/1"), "it goes back")
    took = time.monotonic() - begin
    assert 1 <= took < 1 + SOON

    entry = api.wait_entry("revert")
    assert (entry["actor"], entry["seq"]) == ("lease", 2)
    assert entry["changes"] == [{"route": "a", "field": "stage",
                                 "from": "live", "to": "legacy"}]
    state = api.route("a")
    assert (state["lease"], state["source"], state["drift"]) == (
        None, "file", False)


def test_it_goes_back_to_what_was_before_it_and_not_to_the_file(router):
    router.api.patch("a", stage="shadow")
    router.api.patch("a", stage="live", lease="1s")
    wait_until(lambda: router.api.route("a")["stage"] == "shadow",
               "it goes back")
    assert router.api.route("a")["source"] == "flip"


def test_confirmed(router):
    router.api.patch("a", stage="live", lease="1s")
    router.api.flips(confirm=1)
    assert router.api.route("a")["lease"] is None
    holds(lambda: router.all_at("new", "/a/1", 2), "it stays", 2.5)
    assert [e["kind"] for e in router.api.history()] == ["flip", "confirm"]
    assert "no lease" in router.api.refused(404, "POST", "v1/flips", confirm=1)


def test_confirmed_after_a_restart(router):
    router.api.patch("a", stage="live", lease="30s")
    router.restart()
    assert router.api.route("a")["lease"]["seq"] == 1
    router.api.flips(confirm=1)
    assert router.api.route("a")["lease"] is None


@pytest.mark.parametrize("how", ["quit", "reload", "upgrade", "kill"])
def test_it_outlives(router, how):
    router.api.patch("a", stage="live", lease="2s")

    if how == "quit":
        router.restart()
    elif how == "reload":
        router.nginx.reload()
    elif how == "kill":
        for pid in router.nginx.worker_pids():
            router.nginx.kill_worker(pid)
    else:
        old = router.nginx.upgrade()
        router.nginx.signal(3, old)
        router.nginx.wait_ended(old)

    wait_until(lambda: router.all_at("legacy", "/a/1"), "it goes back")
    router.api.wait_entry("revert")
    assert len(router.journal()) == 2


def test_due_while_nginx_was_down(router):
    router.api.patch("a", stage="live", lease="1s")
    router.close()
    router.nginx.stop()
    begin = time.monotonic()
    wait_until(lambda: time.monotonic() > begin + 1.2, "it is over", 10)
    router.nginx.start()
    wait_until(lambda: router.all_at("legacy", "/a/1"), "it goes back",
               SOON / SLOWNESS)
    assert router.api.wait_entry("revert")["actor"] == "lease"


def test_two_masters_revert_once(router):
    router.api.patch("a", stage="live", lease="2s")
    old = router.nginx.upgrade()
    router.api.wait_entry("revert")
    assert router.sides("/a/1", 16) == "legacy"
    holds(lambda: len(router.journal()) == 2, "once", 1)
    router.nginx.signal(3, old)
    router.nginx.wait_ended(old)


def test_flipped_again_meanwhile(router):
    """What somebody decided later stays."""
    router.api.flips({"route": "a", "stage": "live"},
                     {"route": "b", "stage": "live"}, lease="1s")
    router.api.patch("a", stage="done")
    wait_until(lambda: router.all_at("legacy", "/b/1"), "b goes back")
    assert router.sides("/a/1") == "new"
    assert router.api.route("a")["stage"] == "done"


def test_a_lease_within_another(router):
    """The inner one is over first, and then the outer one, too."""
    router.api.patch("a", stage="shadow", lease="4s")
    router.api.patch("a", stage="live", lease="1s")
    wait_until(lambda: router.api.route("a")["stage"] == "shadow",
               "the inner one is over")
    assert router.api.route("a")["lease"]["seq"] == 1
    wait_until(lambda: router.api.route("a")["stage"] == "legacy",
               "the outer one is over")
    assert [e["kind"] for e in router.api.history()] == ["flip"] * 2 + [
        "revert"] * 2


def test_undone_meanwhile(router):
    router.api.patch("a", stage="live", lease="1s")
    router.api.flips(undo=1)
    holds(lambda: router.all_at("legacy", "/a/1", 2), "it stays", 2)
    assert router.api.route("a")["lease"] is None


def test_a_drain_with_a_lease(router):
    router.api.patch("a", stage="live")
    router.api.drain("new", lease="1s")
    assert router.sides("/a/1") == "legacy"
    wait_until(lambda: router.all_at("new", "/a/1"), "it goes back")
    assert not router.api.backend("new")["drain"]


def test_a_held_flip_with_a_lease(router):
    """It goes back, and so does the hold."""
    router.api.patch("a", stage="live", lease="1s", hold=True)
    wait_until(lambda: router.all_at("legacy", "/a/1"), "it goes back")
    assert not router.api.route("a")["hold"]


@pytest.mark.parametrize("lease", ["0s", "-1s", "1", "soon", "", 5, "1e3s",
                                   "99999999999h"])
def test_wrong(router, lease):
    answer = router.api.call("PATCH", "v1/routes/a",
                             {"stage": "live", "lease": lease})
    assert answer.status == 422
    assert "lease" in answer.detail
    assert router.api.history() == []
