"""Flips outlive what happens to rules, workers and masters."""

import re
import signal

import pytest

from harness.flips import Flipped, mode, route, rules
from harness.wait import wait_until

TEXT = rules("a", "b", route("r", "ramp", percent=25))


@pytest.fixture
def router(start):
    return start(Flipped(TEXT))


def edits(router):
    router.edit(TEXT + "# edited elsewhere\n")


def reloads(router):
    router.nginx.reload()


def restarts(router):
    router.restart()


def upgrades(router):
    old = router.nginx.upgrade()
    assert router.sides("/a/1") == "new"
    router.nginx.signal(signal.SIGQUIT, old)
    router.nginx.wait_ended(old)


def takes_upgrade_back(router):
    old = router.nginx.upgrade()
    new = router.nginx.pid()
    router.nginx.signal(signal.SIGQUIT, new)
    router.nginx.wait_ended(new)
    wait_until(lambda: router.nginx.pid() == old, "the old one has its pid")


def loses_workers(router):
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)


EVENTS = [edits, reloads, restarts, upgrades, takes_upgrade_back,
          loses_workers]


@pytest.mark.parametrize("happens", EVENTS)
def test_a_flip_outlives(router, happens):
    router.api.patch("a", stage="live", reason="it is good")
    router.api.patch("r", percent=100)
    assert router.sides("/a/1") == "new"

    happens(router)

    assert router.sides("/a/1") == "new"
    assert router.sides("/r/1") == "new"
    assert router.sides("/b/1") == "legacy"
    state = router.api.route("a")
    assert (state["stage"], state["source"], state["drift"], state["seq"]) == (
        "live", "flip", True, 1)
    assert state["file"] == {"stage": "legacy", "percent": 0}
    assert router.api.route("r")["percent"] == 100
    assert [e["kind"] for e in router.api.history()] == ["flip", "flip"]
    assert [e["seq"] for e in router.journal()] == [1, 2]


@pytest.mark.parametrize("happens", EVENTS)
def test_flips_go_on_after(router, happens):
    router.api.patch("a", stage="live")
    happens(router)
    router.api.patch("b", stage="live")
    router.api.patch("a", stage="legacy")
    assert router.sides("/a/1") == "legacy"
    assert router.sides("/b/1") == "new"
    assert [e["seq"] for e in router.journal()] == [1, 2, 3]


def test_flips_with_two_masters(router):
    """Through workers of both, and every worker has each at once."""
    old = router.nginx.upgrade()
    new = router.nginx.pid()
    pids = {str(p) for m in (old, new) for p in router.nginx.worker_pids(m)}
    assert len(pids) == 4

    for number in range(30):
        stage = ("live", "legacy")[number % 2]
        router.api.patch("a", stage=stage)
        assert router.sides("/a/1", 12) == ("new", "legacy")[number % 2]

    numbers = [e["seq"] for e in router.journal()]
    assert numbers == list(range(1, 31))
    router.nginx.signal(signal.SIGQUIT, old)
    router.nginx.wait_ended(old)
    assert router.sides("/a/1") == "legacy"


def test_the_file_changes_that_very_value(router):
    router.api.patch("a", stage="live")
    router.api.patch("b", stage="live")
    router.edit(rules(route("a", "shadow"), "b",
                      route("r", "ramp", percent=25)))

    assert router.sides("/a/1") == "legacy"
    assert router.sides("/b/1") == "new"

    entry = router.api.wait_entry("reset")
    assert entry["actor"] == "rules"
    assert entry["changes"] == [{"route": "a", "field": "stage",
                                 "from": "live", "to": "shadow"}]
    state = router.api.route("a")
    assert (state["stage"], state["source"], state["drift"]) == (
        "shadow", "file", False)
    assert router.api.route("b")["source"] == "flip"


def test_the_file_changes_while_nginx_is_down(router):
    router.api.patch("a", stage="live")
    router.close()
    router.nginx.stop()
    router.rules.replace(rules(route("a", "shadow"), "b"))
    router.nginx.start()
    assert router.sides("/a/1") == "legacy"
    assert router.api.wait_entry("reset")["actor"] == "rules"
    assert router.api.route("a")["stage"] == "shadow"


def test_the_file_changes_and_nginx_reloads(router):
    router.api.patch("a", stage="live")
    router.rules.replace(rules(route("a", "shadow"), "b"))
    router.nginx.reload()
    router.api.wait_entry("reset")
    assert router.sides("/a/1") == "legacy"


def test_a_file_that_comes_to_agree_is_no_drift(router):
    """What was flipped is merged: the flip is not needed any more."""
    router.api.patch("a", stage="live")
    router.edit(rules(route("a", "live"), "b"))
    assert router.sides("/a/1") == "new"
    router.api.wait_entry("reset")
    state = router.api.route("a")
    assert (state["stage"], state["source"], state["drift"]) == (
        "live", "file", False)


def test_back_to_what_the_file_said_does_not_bring_the_flip_back(router):
    router.api.patch("a", stage="live")
    router.edit(rules(route("a", "shadow"), "b"))
    router.api.wait_entry("reset")
    router.edit(TEXT)
    assert router.sides("/a/1") == "legacy"
    assert router.api.route("a")["source"] == "file"


def test_a_percent_of_the_file_does_not_undo_a_stage(router):
    router.api.patch("r", stage="live")
    router.edit(rules("a", route("r", "ramp", percent=30)))
    assert router.api.route("r")["stage"] == "live"
    assert router.sides("/r/1") == "new"


def test_hold(router):
    """The rollback of the night is not undone by the merge of the morning."""
    router.edit(rules(route("a", "live"), "b"))
    router.api.patch("a", stage="legacy", hold=True, reason="it burns")
    router.edit(rules(route("a", "done"), "b"))

    assert router.sides("/a/1") == "legacy"
    state = router.api.route("a")
    assert (state["stage"], state["hold"], state["drift"]) == (
        "legacy", True, True)
    assert router.api.status()["drift"] == ["a"]
    assert [e["kind"] for e in router.api.history()] == ["flip"]

    router.restart()
    assert router.sides("/a/1") == "legacy"
    assert router.api.route("a")["hold"]

    entry = router.api.flips(release=["a"], reason="mended")
    assert entry["changes"][0]["to"] == "done"
    assert router.sides("/a/1") == "new"
    state = router.api.route("a")
    assert (state["stage"], state["hold"], state["drift"]) == (
        "done", False, False)
    assert router.api.last()["kind"] == "release"


def test_a_held_route_can_be_flipped_and_stays_held(router):
    router.api.patch("a", stage="live", hold=True)
    router.api.patch("a", stage="shadow")
    router.edit(rules(route("a", "live"), "b"))
    assert router.sides("/a/1") == "legacy"
    assert router.api.route("a")["hold"]


def test_reset(router):
    router.api.patch("a", stage="live", hold=True)
    router.api.patch("b", stage="live")
    said = router.api.flips(reset=["a"])
    assert said["changes"] == [{"route": "a", "field": "stage",
                                "from": "live", "to": "legacy"}]
    assert router.sides("/a/1") == "legacy"
    assert router.sides("/b/1") == "new"
    state = router.api.route("a")
    assert (state["source"], state["hold"], state["drift"]) == (
        "file", False, False)


def test_drift(router):
    assert router.api.status()["drift"] == []
    router.api.patch("a", stage="live")
    router.api.patch("r", percent=50)
    status = router.api.status()
    assert (status["drift"], status["drifting"]) == (["a", "r"], 2)
    listed = router.api.get("v1/routes?drift=true")["routes"]
    assert [r["name"] for r in listed] == ["a", "r"]
    router.api.patch("a", stage="legacy")
    router.api.patch("r", percent=25)
    assert router.api.status()["drift"] == []


def test_what_changes_nothing_writes_nothing(router):
    router.api.patch("a", stage="live")
    size = (router.state / "journal.jsonl").stat().st_size
    router.api.patch("a", stage="live")
    assert router.api.flips({"route": "a", "stage": "live"}) == {
        "seq": 1, "changes": [], "skipped": []}
    assert (router.state / "journal.jsonl").stat().st_size == size


def test_a_removed_route_comes_back_with_its_flip(router):
    router.api.patch("a", stage="live")
    router.edit(rules("b"))
    assert router.sides("/a/1") == "legacy"
    assert "no route" in router.api.refused(
        404, "PATCH", "v1/routes/a", stage="live")
    router.restart()
    router.edit(TEXT)
    assert router.sides("/a/1") == "new"
    assert router.api.route("a")["source"] == "flip"


def test_a_renamed_route_keeps_its_flip(router):
    router.api.patch("a", stage="live", lease="1h")
    router.edit(rules(route("z", was="a"), "b"))
    assert router.sides("/z/1") == "new"
    assert router.api.wait_entry("rename")["actor"] == "rules"
    assert router.api.route("z")["lease"]["seq"] == 1
    assert router.sides("/z/1") == "new"

    # the name is free, and another route has nothing of it

    router.edit(rules(route("z"), "a", "b"))
    assert router.sides("/z/1") == "new"
    assert router.sides("/a/1") == "legacy"


GROUPED = rules(route("a"), route("b"), "c").replace(
    "    stage: legacy\n    by: [client]\n", "    group: pair\n", 2).replace(
    "routes:", "groups:\n  pair: {stage: legacy, by: [client]}\nroutes:")


def test_a_group_is_flipped_whole(start):
    router = start(Flipped(GROUPED))
    router.api.flips({"group": "pair", "stage": "live"})
    assert router.sides("/a/1") == router.sides("/b/1") == "new"
    assert router.sides("/c/1") == "legacy"

    router.api.patch("a", stage="legacy")
    assert router.sides("/a/1") == router.sides("/b/1") == "legacy"

    router.api.patch("b", stage="live")
    router.restart()
    assert router.sides("/a/1") == router.sides("/b/1") == "new"
    router.edit(GROUPED.replace("pair: {stage: legacy",
                                "pair: {stage: shadow"))
    assert router.sides("/a/1") == router.sides("/b/1") == "legacy"
    assert [c["route"] for c in router.api.wait_entry("reset")[
        "changes"]] == ["a", "b"]
    router.api.flips({"group": "pair", "stage": "live"})
    router.api.flips(reset=["pair"])
    assert router.sides("/a/1") == router.sides("/b/1") == "legacy"


def test_all_or_none(router):
    router.api.refused(422, "POST", "v1/flips", changes=[
        {"route": "a", "stage": "live"}, {"route": "b", "percent": 5}])
    router.api.refused(404, "POST", "v1/flips", changes=[
        {"route": "a", "stage": "live"}, {"route": "x", "stage": "live"}])
    assert router.sides("/a/1") == "legacy"
    assert router.api.history() == []


def test_all_routes_and_all_of_a_backend(router):
    router.api.flips({"all": True, "stage": "live"})
    for name in "abr":
        assert router.sides(f"/{name}/1") == "new"
    router.api.flips({"backend": "new", "stage": "legacy"})
    for name in "abr":
        assert router.sides(f"/{name}/1") == "legacy"
    assert [len(e["changes"]) for e in router.api.history()] == [3, 3]


def test_undo_chain(router):
    for stage in ("shadow", "live", "done"):
        router.api.patch("a", stage=stage)
    assert "undo that one first" in router.api.refused(
        409, "POST", "v1/flips", undo=1)

    for seq, stage in ((3, "live"), (2, "shadow"), (1, "legacy")):
        router.api.flips(undo=seq)
        assert router.api.route("a")["stage"] == stage

    entries = router.api.history()
    assert [e["kind"] for e in entries] == ["flip"] * 3 + ["undo"] * 3


def test_undo_of_an_undo(router):
    router.api.patch("a", stage="live")
    router.api.flips(undo=1)
    assert router.sides("/a/1") == "legacy"
    router.api.flips(undo=2)
    assert router.sides("/a/1") == "new"
    router.api.flips(undo=3)
    assert router.sides("/a/1") == "legacy"
    assert router.api.status()["seq"] == 4


def test_undo_after_a_restart_and_of_many(router):
    router.api.flips({"route": "a", "stage": "live"},
                     {"route": "r", "percent": 100}, reason="both")
    router.restart()
    router.api.flips(undo=1)
    assert router.sides("/a/1") == "legacy"
    assert router.api.route("r")["percent"] == 25
    assert router.api.last()["reason"] is not None


def test_if_seq(router):
    router.api.patch("a", stage="live", if_seq=0)
    router.api.patch("b", stage="live", if_seq=0)
    assert "1" in router.api.refused(409, "PATCH", "v1/routes/a",
                                     stage="legacy", if_seq=0)
    router.api.patch("a", stage="legacy", if_seq=1)
    router.api.refused(409, "POST", "v1/flips", if_seq=2, changes=[
        {"route": "a", "stage": "live"}])
    router.api.flips({"route": "a", "stage": "live"}, if_seq=3)


def test_log(router):
    router.api.patch("a", stage="live", reason="it is good")
    lines = [line for line in router.nginx.log().splitlines()
             if "flip 1 of" in line]
    assert len(lines) == 1
    assert re.search(r'\[notice\].*flip 1 of "main" by 127\.0\.0\.1: 1 change'
                     r'.*\ba\b.*it is good', lines[0])


def test_log_of_hostile_words(router):
    reason = "x\n2026/01/01 [crit] \x1b[2J\u202e"
    router.api.patch("a", stage="live", reason=reason)
    log = router.nginx.log()
    assert "\x1b" not in log
    assert "\u202e" not in log
    assert not re.search(r"^2026/01/01 \[crit\]", log, re.M)
    assert router.api.last()["reason"] == reason


def check_owner(state, uid):
    for file in state.rglob("*"):
        wanted = 0o700 if file.is_dir() else 0o600
        assert mode(file)[:2] == (wanted, uid), file


@pytest.mark.parametrize("user, uid", [("root", 0), ("nobody nogroup", 65534)])
def test_whose_files(start, user, uid):
    router = start(Flipped(TEXT, user=user))
    router.api.patch("a", stage="live")
    assert mode(router.state)[0] == 0o700
    check_owner(router.state, uid)
    names = {f.name for f in router.state.iterdir()}
    assert names == {"journal.jsonl", "live", "rules.last-good", "evidence"}

    router.nginx.reload()               # by a master that is root
    router.api.patch("a", stage="legacy")
    router.restart()
    router.api.patch("b", stage="live")
    assert router.sides("/b/1") == "new"
    check_owner(router.state, uid)


def test_counters(router):
    def flips():
        with router.connect() as connection:
            text = connection.request("GET", "/_s/metrics",
                                      host="127.0.0.1").text
        return {kind: int(count) for kind, count in re.findall(
            r'^strangler_flips_total\{[^}]*kind="(\w+)"[^}]*\} (\d+)', text,
            re.M)}

    router.api.patch("a", stage="live")
    router.api.flips(undo=1)
    after = flips()
    assert after["flip"] == 1
    assert after["undo"] == 1
