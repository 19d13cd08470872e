"""
The state directory gone, full, not writable or damaged while nginx runs: routing
goes on, flips say why not, and go on when it is mended.
"""

import os
import re
import shutil
import subprocess

import pytest

from harness.flips import ARGS, Flipped, route, rules
from harness.wait import wait_until

TEXT = rules("a", "b")


@pytest.fixture
def router(start):
    router = start(Flipped(TEXT))
    router.api.patch("a", stage="live")
    return router


def refused(router, *words):
    """Nothing is changed, and the answer says why; routing goes on."""
    with router.one_worker():
        said = router.api.refused(503, "PATCH", "v1/routes/b", stage="live")
        for word in ("nothing was changed", *words):
            assert word in said, said
        router.api.refused(503, "POST", "v1/flips", undo=1)
        state = router.api.status()["state"]
        assert not state["writable"]
        assert state["error"] in said
    assert router.sides("/a/1") == "new"
    assert router.sides("/b/1") == "legacy"


def works(router):
    with router.one_worker():
        router.api.patch("b", stage="live")
        state = router.api.status()["state"]
        assert (state["writable"], state["error"]) == (True, None)
    assert router.sides("/a/1") == router.sides("/b/1") == "new"
    assert router.journal()[-1]["seq"] == router.api.status()["seq"]


def test_moved_away_and_back(router):
    away = router.state.with_name("away")
    router.state.rename(away)
    refused(router, "state")
    away.rename(router.state)
    works(router)


def test_removed(router):
    """And back from a copy: nginx has to be told."""
    shutil.copytree(router.state, router.state.with_name("copy"))
    shutil.rmtree(router.state)
    refused(router, "state")
    router.state.with_name("copy").rename(router.state)
    refused(router, "nginx must be reloaded")
    router.nginx.reload()
    assert router.sides("/a/1") == "new"
    works(router)


def test_removed_for_good(router):
    """nginx begins anew when it is told so; what is in force is the file."""
    shutil.rmtree(router.state)
    router.nginx.reload()
    assert router.sides("/a/1") == "legacy"
    router.api.patch("b", stage="live")
    assert router.sides("/b/1") == "new"


def test_journal_removed(router):
    journal = router.state / "journal.jsonl"
    text = journal.read_bytes()
    journal.unlink()
    refused(router, "journal.jsonl")
    journal.write_bytes(text)
    works(router)


def test_journal_truncated(router):
    router.api.patch("a", stage="done")
    journal = router.state / "journal.jsonl"
    text = journal.read_bytes()
    os.truncate(journal, len(text) - 300)
    answer = router.api.call("PATCH", "v1/routes/b", {"stage": "live"})
    assert answer.status == 503, answer
    assert router.sides("/a/1") == "new"


def test_journal_damaged(router):
    """No flip is made on top of what cannot be read; it is said loudly."""
    for stage in ("shadow", "live"):
        router.api.patch("a", stage=stage)
    journal = router.state / "journal.jsonl"
    text = journal.read_bytes()
    lines = text.splitlines(keepends=True)
    router.close()
    router.nginx.stop()

    journal.write_bytes(lines[0] + lines[1].replace(b"shadow", b"shodaw")
                        + lines[2])
    size = router.nginx.log_size()
    router.nginx.start()
    router.nginx.wait_log(r"\[err(or)?\].*no flip of \"main\" is possible"
                          r".*journal\.jsonl.*damaged", size)
    said = router.api.refused(503, "PATCH", "v1/routes/b", stage="live")
    assert "damaged" in said
    assert "line 2" in said or f"byte {len(lines[0])}" in said

    journal.write_bytes(text)
    router.nginx.reload()
    assert router.sides("/a/1") == "new"
    works(router)


def test_a_torn_last_line_is_dropped(router):
    journal = router.state / "journal.jsonl"
    text = journal.read_bytes()
    router.close()
    router.nginx.stop()
    journal.write_bytes(text + text[:100])
    size = router.nginx.log_size()
    router.nginx.start()
    router.nginx.wait_log(r"\[warn\].*unfinished last line of 100 bytes", size)
    assert router.sides("/a/1") == "new"
    works(router)
    assert [e["seq"] for e in router.journal()] == [1, 2]


def test_image_removed_while_nginx_is_down(router):
    """It is made of the journal."""
    router.close()
    router.nginx.stop()
    (router.state / "live").unlink()
    router.nginx.start()
    assert router.sides("/a/1") == "new"
    works(router)


@pytest.mark.parametrize("text", [b"", b"x" * 100, b"x" * 8192],
                         ids=["empty", "short", "garbage"])
def test_image_damaged_while_nginx_is_down(router, text):
    router.close()
    router.nginx.stop()
    (router.state / "live").write_bytes(text)
    router.nginx.start()
    assert router.sides("/a/1") == "new"
    works(router)


def test_image_replaced_under_it(router):
    live = router.state / "live"
    text = live.read_bytes()
    live.unlink()
    live.write_bytes(text)
    refused(router, "nginx must be reloaded")
    router.nginx.reload()
    assert router.sides("/a/1") == "new"
    works(router)


def test_not_writable(start):
    router = start(Flipped(TEXT, user="nobody nogroup"))
    router.api.patch("a", stage="live")
    journal = router.state / "journal.jsonl"
    journal.chmod(0o400)
    refused(router, "journal.jsonl", "Permission denied")
    journal.chmod(0o600)
    works(router)

    router.state.chmod(0)
    router.api.refused(503, "PATCH", "v1/routes/a", stage="legacy")
    assert router.sides("/a/1") == "new"
    router.state.chmod(0o700)
    router.api.patch("a", stage="legacy")
    assert router.sides("/a/1") == "legacy"


@pytest.fixture
def small(request, tmp_path):
    """A file system of its own, of 256 KiB."""
    directory = tmp_path / "small"
    directory.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=755",
                           "none", str(directory)], stderr=subprocess.PIPE)
    if done.returncode:
        pytest.skip("nothing can be mounted here")
    request.addfinalizer(lambda: subprocess.run(
        ["umount", "-l", str(directory)], check=True))
    return directory


def test_disk_full(small, start):
    router = start(Flipped(TEXT, rules_args=ARGS.replace(
        "@HOME@/state", f"{small}/state")))
    router.api.patch("a", stage="live")
    journal = small / "state" / "journal.jsonl"
    before = journal.read_bytes()

    with open(small / "filler", "wb", buffering=0) as filler:
        with pytest.raises(OSError):
            while True:
                filler.write(b"x" * 4096)

    # what has room in the last block of the file is still written

    reason = "y" * 900
    for _ in range(8):
        answer = router.api.call("PATCH", "v1/routes/b", {
            "stage": "shadow", "reason": reason})
        if answer.status != 200:
            break
        router.api.call("PATCH", "v1/routes/b", {"stage": "legacy",
                                                 "reason": reason})

    assert answer.status == 503
    assert "No space left" in answer.detail
    assert router.sides("/a/1") == "new"
    assert router.sides("/b/1") == "legacy"
    assert journal.read_bytes().startswith(before)
    assert journal.read_bytes().endswith(b"\n")

    (small / "filler").unlink()
    router.api.patch("b", stage="live")
    assert router.sides("/b/1") == "new"
    router.restart()
    assert router.sides("/a/1") == router.sides("/b/1") == "new"


def test_without_a_state_directory(start):
    router = start(Flipped(TEXT, rules_args="zone=1m"))
    said = router.api.refused(503, "PATCH", "v1/routes/a", stage="live")
    assert "state=" in said
    assert router.sides("/a/1") == "legacy"
    assert router.api.history() == []
    assert router.api.route("a")["source"] == "file"


# the zone


def counts(router):
    return router.api.route("a")["requests"]


def test_a_larger_zone(router):
    """nginx reloads with another size: a new zone, and nothing is lost."""
    for _ in range(5):
        router.get("/a/1")
    router.edit(TEXT + "# edited\n")
    wait_until(lambda: counts(router)["new"] == 5, "counted")
    before = router.api.status()["generation"]

    router.nginx.http = router.nginx.http.replace("zone=1m", "zone=2m")
    router.nginx.write()
    router.nginx.reload()

    status = router.api.wait_converged()
    assert status["generation"] >= before
    assert router.sides("/a/1") == "new"
    wait_until(lambda: counts(router)["new"] == 5 + 8, "counted")
    works(router)
    router.edit(TEXT + "# edited again\n")
    assert router.api.status()["generation"] > before


def test_rules_too_large_for_the_zone(router):
    generation = router.api.status()["generation"]
    size = router.nginx.log_size()
    many = [route(f"r{n}") for n in range(3000)]
    router.rules.replace(rules("a", "b", *many))
    router.nginx.wait_log(r"\[err(or)?\].*zone=\d+", size, 20)

    assert router.api.status()["generation"] == generation
    assert router.sides("/a/1") == "new"
    works(router)

    needed = re.search(r"zone=(\d+\w?)", router.nginx.log_since(size)).group(1)
    router.nginx.http = router.nginx.http.replace("zone=1m", f"zone={needed}")
    router.nginx.write()
    router.nginx.reload()
    wait_until(lambda: router.api.call("GET", "v1/routes/r2999").status == 200,
               "all are there")
    assert router.sides("/a/1") == router.sides("/b/1") == "new"


def test_two_sets_do_not_share(start):
    """Each has a directory; flips of one are none of the other."""
    router = start(Flipped(
        {"main": TEXT, "more": rules("a", route("more"))},
        rules_args="zone=1m poll=50ms state=@HOME@/@SET@", server="""
        location /t/ { strangler_api more write=on; }
        location /more/ { strangler_pass more; include @PARAMS@; }"""))
    router.api.patch("a", stage="live")
    with router.connect() as connection:
        answer = connection.request(
            "PATCH", "/t/v1/routes/more", {"Content-Type": "application/json"},
            body='{"stage":"live"}', host="127.0.0.1")
    assert answer.status == 200
    assert router.sides("/a/1") == router.sides("/more/1") == "new"
    router.restart()
    assert router.sides("/a/1") == router.sides("/more/1") == "new"
    assert len(router.api.history()) == 1
