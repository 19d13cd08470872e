"""nginx's own reload, upgrade, and death of workers lose no rules."""

import os
import re
import signal
import threading

import pytest

from harness.versions import BAD, BAD_PLACES, rules, version, wait_version
from harness.wait import holds, wait_until


@pytest.fixture(params=[1, 2], ids=["one-worker", "two-workers"])
def router(request, one_router):
    """Rules 2 are in force; those of the master's start were 1."""
    router = one_router(rules(1), workers=request.param,
                        rules_args="zone=1m poll=100ms state=@HOME@/state")
    wait_version(router, 1)
    router.rules.replace(rules(2))
    wait_version(router, 2)
    return router


def spoil(router):
    """From now on the file is bad and rules 2 are the last good ones."""
    size = router.nginx.log_size()
    router.rules.replace(BAD)
    router.nginx.wait_log(BAD_PLACES[0], size)


def always(router, number, times=12):
    for _ in range(times):
        with router.connect() as client:
            assert version(client.request("GET", "/probe/x")) == number


@pytest.mark.parametrize("spoiled", [False, True], ids=["good", "bad-file"])
def test_a_new_worker_has_the_newest_rules(router, spoiled):
    if spoiled:
        spoil(router)
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
        always(router, 2)


def test_a_new_worker_without_a_file(router):
    router.rules.path.unlink()
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
        always(router, 2)


def test_edits_go_on_after_a_death(router):
    """Whoever was the leader: another takes its place."""
    number = 3
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
        router.rules.replace(rules(number))
        wait_version(router, number)
        number += 1


def test_reload(router):
    router.nginx.reload()
    always(router, 2)
    router.rules.replace(rules(3))
    wait_version(router, 3)


def test_reload_with_a_new_file(router):
    """The reload itself brings the file's newest text."""
    router.rules.replace(rules(3))
    router.nginx.reload()
    always(router, 3)


def test_generations_never_go_back(router):
    def generation():
        with router.connect() as client:
            return int(client.request("GET", "/probe/x").value("X-Gen"))

    before = generation()
    router.nginx.reload()
    assert generation() >= before
    router.rules.replace(rules(3))
    wait_version(router, 3)
    assert generation() > before


def test_reload_refuses_a_bad_file(router):
    spoil(router)
    workers = router.nginx.worker_pids()
    size = router.nginx.log_size()
    router.nginx.expect_log(r"\[emerg\]")
    router.nginx.signal(signal.SIGHUP)
    router.nginx.wait_log(r"\[emerg\].*main\.yaml", size)
    always(router, 2)
    holds(lambda: router.nginx.worker_pids() == workers,
          "the workers stay", 0.5)
    assert "starts with the last good" not in router.nginx.log_since(size)

    router.rules.replace(rules(3))
    wait_version(router, 3)
    router.nginx.reload()
    always(router, 3)


def test_nginx_t_refuses_a_bad_file_while_a_master_runs(router):
    spoil(router)
    router.nginx.expect_log(r"\[emerg\]")
    status, said = router.nginx.test()
    assert status != 0
    for place in BAD_PLACES:
        assert re.search(place, said)
    always(router, 2)


def test_nginx_t_changes_nothing(router):
    status, said = router.nginx.test()
    assert status == 0
    assert "successful" in said
    always(router, 2)
    router.rules.replace(rules(3))
    wait_version(router, 3)


def test_upgrade(router):
    old = router.nginx.upgrade()
    always(router, 2)
    router.nginx.signal(signal.SIGQUIT, old)
    router.nginx.wait_ended(old)
    always(router, 2)
    router.rules.replace(rules(3))
    wait_version(router, 3)


def test_edits_while_two_masters_run(router):
    old = router.nginx.upgrade()
    router.rules.replace(rules(3))
    wait_version(router, 3, times=30)
    router.nginx.signal(signal.SIGQUIT, old)
    router.nginx.wait_ended(old)
    always(router, 3)


class Knocking(threading.Thread):
    """A connection a request, one after the other."""

    def __init__(self, router, stop):
        super().__init__(daemon=True)
        self.router = router
        self.stop = stop
        self.count = 0
        self.errors = []

    def run(self):
        while not self.stop.is_set():
            try:
                with self.router.connect() as client:
                    version(client.request("GET", "/probe/x"))
                self.count += 1
            except (OSError, ValueError, AssertionError) as error:
                self.errors.append(repr(error))


@pytest.mark.parametrize("change", ["reload", "upgrade"])
def test_no_new_connection_fails_meanwhile(router, change):
    stop = threading.Event()
    clients = [Knocking(router, stop) for _ in range(3)]
    for client in clients:
        client.start()
    try:
        for number in (3, 4):
            if change == "reload":
                router.nginx.reload()
            else:
                old = router.nginx.upgrade()
                router.nginx.signal(signal.SIGQUIT, old)
                router.nginx.wait_ended(old)
            router.rules.replace(rules(number))
            wait_version(router, number, times=20)
    finally:
        stop.set()
        for client in clients:
            client.join(10)
    assert [client.errors for client in clients] == [[], [], []]
    assert all(client.count > 20 for client in clients)


def test_upgrade_taken_back(router):
    """The new master quits, the old one goes on with the newest rules."""
    old = router.nginx.upgrade()
    new = router.nginx.pid()
    router.rules.replace(rules(3))
    wait_version(router, 3, times=30)
    router.nginx.signal(signal.SIGQUIT, new)
    router.nginx.wait_ended(new)
    wait_until(lambda: router.nginx.pid() == old, "the old one has its pid")
    always(router, 3)
    router.rules.replace(rules(4))
    wait_version(router, 4)


def test_upgrade_with_a_bad_file_loses_no_rules(router):
    spoil(router)
    router.nginx.expect_log(r"\[emerg\]|\[alert\]")
    old = router.nginx.pid()
    size = router.nginx.log_size()
    router.nginx.signal(signal.SIGUSR2)
    router.nginx.wait_log(r"start worker process|\[emerg\]"
                          r"|exited with code", size)
    always(router, 2)
    if router.nginx.pid() not in (old, None):
        router.nginx.signal(signal.SIGQUIT, old)
        router.nginx.wait_ended(old)
    always(router, 2)


def test_quit_while_an_edit_is_being_read(router):
    """Nothing is left behind: stop() waits for the end and the log."""
    router.rules.replace(rules(3))
    os.utime(router.rules.path)
    router.nginx.stop()
    assert not router.nginx.worker_pids()
