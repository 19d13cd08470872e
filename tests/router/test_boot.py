"""Boot and nginx -t: bad files, last good rules, the state directory."""

import os
import pwd
import re
import stat
import subprocess

import pytest

from harness.versions import BAD, BAD_PLACES, rules, version, wait_version
from harness.wait import SLOWNESS

STATE = "zone=1m poll=100ms state=@HOME@/state"
# errors of the rules are said at the highest level, line by line
LOUD = r"\[emerg\] .*strangler: "
LOST = "zone=1m state=@HOME@/no/such/dir"


def state_dir(router):
    return router.nginx.home / "state"


def boot(router):
    """Another nginx after the one before has ended."""
    router.nginx.start()
    return router


def quit(router):
    router.close()
    router.nginx.stop()


def test_a_bad_file_without_state_refuses(one_router):
    router = one_router(BAD, start=False)
    router.nginx.expect_log(r"\[emerg\]")
    said = router.nginx.refuses_to_start()
    for place in BAD_PLACES:
        assert re.search(place, said)
    assert "[emerg]" in said


def test_a_bad_file_with_empty_state_refuses(one_router):
    router = one_router(BAD, start=False, rules_args=STATE)
    router.nginx.expect_log(r"\[emerg\]")
    assert re.search(BAD_PLACES[0], router.nginx.refuses_to_start())
    status, said = router.nginx.test()
    assert status != 0
    assert re.search(BAD_PLACES[0], said)


def test_diagnostics_show_the_line(one_router):
    router = one_router(BAD, start=False)
    router.nginx.expect_log(r"\[emerg\]")
    _, said = router.nginx.test()
    assert "match: {path: /a*}" in said
    assert "to: nowhere" in said
    assert "^" in said


@pytest.fixture
def booted(one_router):
    """An nginx that has run rules 1, then 2, and ended."""
    router = one_router(rules(1), rules_args=STATE)
    wait_version(router, 1)
    router.rules.replace(rules(2))
    wait_version(router, 2)
    quit(router)
    return router


def test_boot_uses_the_last_good_rules(booted):
    router = booted
    router.rules.replace(BAD)
    size = router.nginx.log_size()
    boot(router)
    assert version(router.get("/probe/x")) == 2

    router.nginx.expect_log(LOUD)
    log = router.nginx.log_since(size)
    for place in BAD_PLACES:
        assert re.search(r"\[(error|crit|alert|emerg)\].*" + place, log)
    assert re.search("last good", log)

    router.rules.replace(rules(3))
    wait_version(router, 3)


def test_boot_with_last_good_rules_in_every_worker(booted):
    router = booted
    router.nginx.workers = 2
    router.rules.replace(BAD)
    router.nginx.expect_log(LOUD)
    boot(router)
    for _ in range(10):
        with router.connect() as client:
            assert version(client.request("GET", "/probe/x")) == 2
    router.nginx.kill_worker(router.nginx.worker_pids()[0])
    for _ in range(10):
        with router.connect() as client:
            assert version(client.request("GET", "/probe/x")) == 2


def test_nginx_t_before_a_boot(booted):
    """Debian's unit calls it first: a typo must not keep nginx down."""
    router = booted
    router.rules.replace(BAD)
    router.nginx.expect_log(LOUD)
    status, said = router.nginx.test()
    assert status == 0
    assert re.search(BAD_PLACES[0], said)
    assert re.search("last good", said)


def test_boot_with_a_stale_pid_file(booted):
    """A pid file whose process is dead does not mean that a master runs."""
    router = booted
    router.rules.replace(BAD)
    router.nginx.expect_log(LOUD)
    router.nginx.pid_file.write_text("4194303\n")
    status, _ = router.nginx.test()
    assert status == 0


def test_boot_with_a_pid_file_of_the_same_number(booted):
    """In a container nginx often has the number that it had before."""
    router = booted
    router.rules.replace(BAD)
    router.nginx.expect_log(LOUD)
    router.nginx.write()
    done = subprocess.run(
        ["sh", "-c", 'echo $$ >"$0"; exec "$@"', str(router.nginx.pid_file),
         *router.nginx.command("-t")],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=router.nginx.env, text=True,
        timeout=30 * SLOWNESS, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search("last good", done.stdout)


def test_the_file_comes_before_the_last_good_rules(booted):
    router = booted
    router.rules.replace(rules(5))
    boot(router)
    assert version(router.get("/probe/x")) == 5
    quit(router)
    router.rules.replace(BAD)
    router.nginx.expect_log(LOUD)
    boot(router)
    assert version(router.get("/probe/x")) == 5


def test_last_good_rules_include_included_files(one_router):
    router = one_router({"main": None}, start=False, rules_args=STATE)
    team = router.nginx.home / "team.yaml"
    team.write_text(
        "routes: [{name: team, match: {path: /team}, to: new, stage: done}]")
    router.rules.replace(rules(1, head="include: [team.yaml]\n"))
    router.start()
    assert router.get("/team").route == "team"
    quit(router)

    team.write_text("routes: [{")
    router.nginx.expect_log(LOUD)
    boot(router)
    assert router.get("/team").route == "team"


@pytest.mark.parametrize("damage", [
    lambda data: b"", lambda data: data[:len(data) // 2],
    lambda data: data[:100] + b"X" + data[101:],
    lambda data: b"\xff" * len(data)],
    ids=["empty", "torn", "flipped", "noise"])
def test_damaged_last_good_rules_are_none(booted, damage):
    router = booted
    file = state_dir(router) / "rules.last-good"
    file.write_bytes(damage(file.read_bytes()))
    router.nginx.expect_log(r"\[emerg\]|last.good")

    boot(router)
    assert version(router.get("/probe/x")) == 2
    quit(router)

    file.write_bytes(damage(file.read_bytes()))
    router.rules.replace(BAD)
    said = router.nginx.refuses_to_start()
    assert re.search(BAD_PLACES[0], said)


def test_the_state_directory_is_made(one_router):
    router = one_router(rules(1), rules_args=STATE)
    assert state_dir(router).is_dir()
    assert (state_dir(router) / "rules.last-good").is_file()


def test_the_parent_of_the_state_directory_must_exist(one_router):
    router = one_router(rules(1), rules_args=LOST, start=False)
    router.nginx.expect_log(r"\[emerg\]")
    status, said = router.nginx.test()
    assert status != 0
    assert "/no/such/dir" in said


def test_state_belongs_to_the_workers_user(one_router):
    """Made by a master that is root, used by workers that are not."""
    router = one_router(rules(1), rules_args=STATE, user="nobody nogroup", workers=2,
                        start=False)
    router.start()
    wait_version(router, 1)
    router.rules.replace(rules(2))
    wait_version(router, 2)

    nobody = pwd.getpwnam("nobody").pw_uid
    directory = state_dir(router)
    assert directory.stat().st_uid == nobody
    files = list(directory.iterdir())
    assert files
    for file in files:
        assert file.stat().st_uid == nobody, file
        mode = 0o700 if file.is_dir() else 0o600
        assert stat.S_IMODE(file.stat().st_mode) == mode, file

    quit(router)
    router.rules.replace(BAD)
    router.nginx.expect_log(LOUD)
    boot(router)
    assert version(router.get("/probe/x")) == 2


def test_a_file_of_another_in_the_place_of_a_new_one(one_router):
    """The master writes where the workers' user could put something."""
    router = one_router(rules(1), rules_args=STATE)
    other = router.nginx.home / "other"
    other.write_text("not ours")
    place = state_dir(router) / f"rules.last-good.{router.nginx.pid()}"
    os.link(other, place)
    before = other.stat()
    router.rules.replace(rules(2))
    wait_version(router, 2)
    router.close()
    router.nginx.reload()
    after = other.stat()
    assert other.read_text() == "not ours"
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert not place.exists()


def test_a_pipe_in_the_place_of_last_good_rules(booted):
    router = booted
    place = state_dir(router) / "rules.last-good"
    place.unlink()
    os.mkfifo(place)
    router.rules.replace(BAD)
    router.nginx.expect_log(r"\[emerg\]")
    assert re.search(BAD_PLACES[0], router.nginx.refuses_to_start())


def test_a_state_directory_that_workers_cannot_write(one_router):
    router = one_router(rules(1), rules_args=STATE, user="nobody nogroup",
                        start=False)
    parent = router.nginx.home / "state"
    parent.mkdir(mode=0o755)
    os.chown(parent, 0, 0)
    router.nginx.expect_log(r"\[emerg\]")
    status, said = router.nginx.test()
    if status == 0:
        assert parent.stat().st_uid == pwd.getpwnam("nobody").pw_uid
    else:
        assert "/state" in said


def test_a_missing_file_refuses(one_router):
    router = one_router({"main": None}, start=False)
    router.nginx.expect_log(r"\[emerg\]")
    status, said = router.nginx.test()
    assert status != 0
    assert "main.yaml" in said


def test_good_rules_that_cannot_be_kept_are_used(one_router):
    """What is wrong with a disk is no reason to serve nobody."""
    router = one_router(rules(1), rules_args=STATE, start=False)
    (state_dir(router) / "rules.last-good").mkdir(parents=True)
    boot(router)
    wait_version(router, 1)
    assert "the last good rules cannot be kept" in router.nginx.log()
    router.nginx.reload()
    assert version(router.get("/probe/x")) == 1
    router.rules.replace(rules(2))
    wait_version(router, 2)
