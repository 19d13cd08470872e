"""kill -9 at any moment of a stream of flips: nothing acknowledged is lost."""

import os
import random
import shutil
import signal

import pytest

from harness import nginx
from harness.crashing import CALLS, Crashing, build, random_rounds
from harness.wait import wait_until

# so many deaths of each kind
ROUNDS = int(os.environ.get("CRASH_ROUNDS", 8))

# with a sanitizer, whose library comes first, nothing is preloaded
preloading = pytest.mark.skipif(
    nginx.REPORTS is not None, reason="a sanitizer's library comes first")


@pytest.fixture(scope="module")
def preload():
    so = build()
    yield so
    shutil.rmtree(os.path.dirname(so))


@pytest.fixture
def crashing(start):
    return start(Crashing())


def test_all_are_killed(crashing):
    def one(crashing):
        crashing.kill_all()
        crashing.come_back()

    random_rounds(crashing, ROUNDS, one)


def test_a_worker_is_killed(crashing):
    random_rounds(crashing, ROUNDS, Crashing.kill_a_worker)


def test_the_master_is_killed_then_the_workers(crashing):
    """Workers without a master go on serving, and flipping."""
    def one(crashing):
        master = crashing.nginx.pid()
        workers = crashing.nginx.worker_pids()
        os.kill(master, signal.SIGKILL)
        crashing.some_time()
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        crashing.wait_dead([master, *workers])
        crashing.come_back()

    random_rounds(crashing, ROUNDS, one)


@preloading
@pytest.mark.parametrize("whom", ["all", "self"])
@pytest.mark.parametrize("call", CALLS)
def test_death_at(start, preload, call, whom):
    def one(crashing):
        crashing.die_at(call, whom)
        if whom == "all":
            crashing.come_back()

    random_rounds(start(Crashing(preload)), max(1, ROUNDS // 4), one)


@preloading
@pytest.mark.parametrize("whom", ["all", "self"])
@pytest.mark.parametrize("call", ["before rename", "after rename"])
def test_death_while_the_journal_begins_anew(start, preload, call, whom):
    """With a flip that a lease is to take back, long after its entry."""
    crashing = start(Crashing(preload))
    crashing.router.api.flips(*(
        {"route": n, "stage": "live"} for n in crashing.names[0]), lease="1h")
    crashing.swell()
    size = (crashing.router.state / "journal.jsonl").stat().st_size
    acked = crashing.router.api.route(crashing.names[0][0])
    crashing.acked[0] = {"stage": "live", "hold": False, "lease": True,
                         "seq": acked["seq"]}
    crashing.write(at_once=True)
    crashing.die_at(call, whom)
    if whom == "all":
        crashing.come_back()
    crashing.check()

    # whether it was begun anew or not, the next flip finds it short

    crashing.router.api.patch(crashing.names[1][0], stage="shadow", hold=True)
    assert (crashing.router.state / "journal.jsonl").stat().st_size < size


def test_killed_while_two_masters_run(start):
    """During a binary upgrade, with flips through workers of both."""
    def one(crashing):
        nginx = crashing.nginx
        crashing.some_time(0.2)
        old = nginx.upgrade()
        crashing.some_time(0.2)
        for _ in range(random.randrange(3)):
            crashing.kill_a_worker()
            crashing.some_time()
        if random.random() < 0.5:
            crashing.kill_all()
            crashing.come_back()
        else:
            nginx.signal(signal.SIGQUIT, old)
            nginx.wait_ended(old)
            wait_until(lambda: nginx.worker_pids(), "new workers serve")

    random_rounds(start(Crashing()), max(2, ROUNDS // 2), one)
