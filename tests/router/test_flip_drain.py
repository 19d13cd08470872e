"""A drained backend gets no request that has another place."""

import signal

import pytest

from harness.flips import Flipped, route, rules

HEAD = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  other: {servers: [@other@]}
default: legacy
"""

LIVE = route("live", "live")
RAMP = route("ramp", "ramp", percent=50).replace("[client]", "[query:n]")
FULL = route("full", "ramp", percent=100)
PAIR = route("pair", "done").replace("to: new", "to: {new: 3, other: 1}")
LONE = route("lone", "done")
MINE = route("mine", "live").replace("data: shared", "data: new")
OLD = route("old", "shadow").replace("to: new", "to: other\n    from: new")

TEXT = rules(LIVE, RAMP, FULL, PAIR, head=HEAD)


def make(start, text=TEXT):
    return start(Flipped(text, ["legacy", "new", "other"]))


@pytest.fixture
def router(start):
    return make(start)


def test_live(router):
    assert router.sides("/live/1") == "new"
    state = router.api.drain("new", reason="maintenance")
    assert state["drain"]
    assert router.sides("/live/1") == "legacy"

    for number in range(3):
        entry = router.entry(router.get("/live/1"))
        assert entry["strangler_fallback"] == "drain"
        assert entry["strangler_backend"] == "legacy"
        assert entry["strangler_side"] == "old"
        assert entry["strangler_stage"] == "live"

    assert router.api.route("live")["fallbacks"]["drain"] == 8 + 3
    assert router.api.backend("new")["drain"]
    assert not router.api.backend("legacy")["drain"]

    router.api.drain("new", False)
    assert router.sides("/live/1") == "new"
    assert not router.api.backend("new")["drain"]
    assert router.entry(router.get("/live/1"))["strangler_fallback"] == ""


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_writes_too(router, method):
    router.api.drain("new")
    for name in ("live", "full"):
        answer = router.request(method, f"/{name}/1", body=b"x" * 100)
        assert answer.backend == "legacy"
        assert answer.echo["body_length"] == 100
        assert router.entry(answer)["strangler_fallback"] == "drain"
    assert [r.backend for r in router.seen()] == ["legacy"] * 2


def test_ramp(router):
    def split():
        return [router.get(f"/ramp/1?n={n}").backend for n in range(60)]

    before = split()
    assert set(before) == {"legacy", "new"}
    router.api.drain("new")
    assert set(split()) == {"legacy"}
    moved = [router.get(f"/ramp/1?n={n}") for n in range(60)]
    by_drain = [router.entry(a)["strangler_fallback"] for a in moved]
    assert by_drain == ["drain" if b == "new" else "" for b in before]
    router.api.drain("new", False)
    assert split() == before


def test_weights(router):
    """The others have the share of one that is drained; no fallback is."""
    def seen():
        return [router.get(f"/pair/{n}").backend for n in range(40)]

    assert set(router.side("/pair/1", [("X-A", str(n))])
               for n in range(40)) <= {"new", "other"}
    router.api.drain("new")
    assert set(seen()) == {"other"}
    answer = router.get("/pair/1")
    assert router.entry(answer)["strangler_fallback"] == ""
    assert router.entry(answer)["strangler_side"] == "new"

    # now it is needed

    assert "pair" in router.api.refused(
        422, "PATCH", "v1/backends/other", drain=True)
    router.api.drain("new", False)
    router.api.drain("other")
    assert set(seen()) == {"new"}


def test_only_place(start):
    router = make(start, rules(LIVE, LONE, head=HEAD))
    said = router.api.refused(422, "PATCH", "v1/backends/new", drain=True)
    assert "lone" in said
    assert router.sides("/live/1") == "new"
    assert not router.api.backend("new")["drain"]
    assert router.api.history() == []


def test_data_that_only_the_new_side_has(start):
    router = make(start, rules(MINE, head=HEAD))
    assert "mine" in router.api.refused(422, "PATCH", "v1/backends/new",
                                        drain=True)
    assert router.sides("/mine/1") == "new"


def test_old_side(start):
    router = make(start, rules(OLD, head=HEAD))
    assert router.sides("/old/1") == "new"
    assert "old" in router.api.refused(422, "PATCH", "v1/backends/new",
                                       drain=True)
    router.api.patch("old", stage="done")
    router.api.drain("new")


def test_default(router):
    assert "default" in router.api.refused(422, "PATCH", "v1/backends/legacy",
                                           drain=True)


def test_unknown(router):
    router.api.refused(404, "PATCH", "v1/backends/nobody", drain=True)


def test_a_flip_that_would_leave_no_place(router):
    """Drained first, then flipped to where there is no fallback."""
    router.api.drain("new")
    answer = router.api.call("PATCH", "v1/routes/live", {"stage": "done"})

    # either it is refused, or what nobody can stand in for goes on

    if answer.status == 200:
        assert router.sides("/live/1") == "new"
    else:
        assert answer.status == 422
        assert router.sides("/live/1") == "legacy"


def test_a_file_that_leaves_no_place(router):
    """Requests are never without a place."""
    router.api.drain("new")
    router.edit(rules(LONE, head=HEAD))
    assert router.sides("/lone/1") == "new"


def test_undo(router):
    router.api.drain("new")
    said = router.api.flips(undo=1)
    assert said["changes"] == [{"backend": "new", "field": "drain",
                                "from": True, "to": False}]
    assert router.sides("/live/1") == "new"
    router.api.flips(undo=2)
    assert router.sides("/live/1") == "legacy"


@pytest.mark.parametrize("how", ["edit", "reload", "restart", "upgrade"])
def test_outlives(router, how):
    router.api.drain("new")

    if how == "edit":
        router.edit(TEXT + "# edited elsewhere\n")
    elif how == "reload":
        router.nginx.reload()
    elif how == "restart":
        router.restart()
    else:
        old = router.nginx.upgrade()
        router.nginx.signal(signal.SIGQUIT, old)
        router.nginx.wait_ended(old)

    assert router.sides("/live/1") == "legacy"
    assert router.sides("/pair/1") == "other"
    assert router.api.backend("new")["drain"]


def test_with_flips_in_one_call(router):
    """What the drained one served is flipped away in the same step."""
    router.api.flips({"backend": "new", "stage": "legacy"})
    router.api.drain("new")
    assert router.sides("/live/1") == "legacy"
    assert router.entry(router.get("/live/1"))["strangler_fallback"] == ""


def test_metric(router):
    def drained():
        with router.connect() as connection:
            text = connection.request("GET", "/_s/metrics",
                                      host="127.0.0.1").text
        return {line.rpartition(" ")[2] for line in text.splitlines()
                if line.startswith('strangler_backend_drained{')
                and 'backend="new"' in line}

    assert drained() == {"0"}
    router.api.drain("new")
    assert drained() == {"1"}
