"""
Deaths in the midst of flips, and what must be true after them.

    Writer     flips routes of its own, one call after the other, and knows
               what was acknowledged, and what of the last call it was not told
    Crashing   a router that dies, and comes back
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import threading
import time
import zlib

from .answering import Answering
from .client import Connection
from .flips import Api, Flipped, route, rules
from .nginx import Nginx, children, is_running, kill, make_home
from .wait import wait_until

SOURCE = pathlib.Path(__file__).parent / "killing_calls.c"

WRITERS = 3
MANY = 4                                # routes of a writer
LEASES = 128                            # that there are at most

CALLS = ["before write", "half write", "after write", "before fsync",
         "after fsync", "before ftruncate", "after ftruncate"]

SIDES = {"legacy": "legacy", "shadow": "legacy", "live": "new", "done": "new"}


def build():
    """The library that kills; its path, in a directory of its own."""
    so = os.path.join(make_home(), "killing_calls.so")
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC",
                    "-o", so, str(SOURCE), "-ldl"], check=True)
    return so


class Writer(threading.Thread):
    def __init__(self, port, names, acked=None):
        super().__init__(daemon=True)
        self.port = port
        self.names = names
        self.acked = acked or {"stage": "legacy", "hold": False, "seq": 0}
        self.doubt = None               # what was asked for, but not answered
        self.seqs = []
        self.wrong = []
        self.over = threading.Event()

    def run(self):
        try:
            with Connection(self.port) as connection:
                api = Api(None, connection)
                while not self.over.is_set():
                    self.flip(api)
        except (OSError, ValueError):
            pass                        # it died: whatever was asked for may be

    def flip(self, api):
        asked = {"stage": random.choice(
            [s for s in SIDES if s != self.acked["stage"]])}
        if random.random() < 0.3:
            asked["lease"] = "1h"
        if random.random() < 0.3:
            asked["hold"] = True
        stage = asked["stage"]
        self.doubt = {"stage": stage, "lease": "lease" in asked,
                      "hold": self.acked["hold"] or "hold" in asked}
        body = {"changes": [{"route": n, "stage": stage} for n in self.names],
                "reason": "writer " + self.names[0],
                **{k: asked[k] for k in ("lease", "hold") if k in asked}}
        answer = api.call("POST", "v1/flips", body)
        if answer.status == 422 and "leases" in answer.json["detail"]:
            self.doubt = None
            return
        if answer.status != 200:
            self.wrong.append(repr(answer))
            return
        said = answer.json
        self.acked = {**self.doubt, "seq": said["seq"]}
        self.doubt = None
        self.seqs.append(said["seq"])

    def stop(self):
        self.over.set()
        self.join(30)
        assert not self.is_alive(), "a writer hangs"
        assert not self.wrong, self.wrong


class Crashing:
    def __init__(self, preload=None, workers=2, user="root"):
        self.answering = Answering("legacy", "new")
        self.names = [[f"w{i}r{j}" for j in range(MANY)]
                      for i in range(WRITERS)]
        text = rules(*(route(n) for names in self.names for n in names))
        for name, url in self.answering.urls.items():
            text = text.replace(f"@{name}@", url)
        env = {}
        self.flag = None
        if preload:
            self.flag = pathlib.Path(preload + ".flag")
            env = {"LD_PRELOAD": preload, "KILLING_FLAG": str(self.flag)}
        self.router = Flipped(text, [], workers=workers, user=user, env=env)
        self.nginx = self.router.nginx
        self.nginx.expect_log("exited on signal 9")
        self.nginx.expect_log("could not be|sem_|shared memory")
        self.acked = [None] * WRITERS
        self.writers = []
        self.seqs = []

    def stop(self):
        for writer in self.writers:
            writer.over.set()
        try:
            self.router.stop()
        finally:
            self.answering.stop()

    # what happens

    def write(self, at_once=False):
        """Starts the writers; returns when each has been answered once."""
        self.writers = [Writer(self.router.port, names, acked)
                        for names, acked in zip(self.names, self.acked)]
        for writer in self.writers:
            writer.start()
        if not at_once:
            wait_until(lambda: all(w.seqs or not w.is_alive()
                                   for w in self.writers), "flips are made")

    def some_time(self, longest=0.05):
        """Not waiting for anything: the moment is what is drawn."""
        time.sleep(random.random() * longest)

    def masters(self):
        """The pids of the masters, and all of their workers."""
        pids = [self.nginx.pid()]
        old = pathlib.Path(str(self.nginx.pid_file) + ".oldbin")
        if old.exists():
            pids.append(int(old.read_text()))
        return pids

    def kill_all(self):
        """All at once: masters that are daemons lead a group of theirs, in
        which a new binary is, too."""
        master = self.nginx.pid()
        group = os.getpgid(master)
        assert group != os.getpgrp()
        pids = [p for m in self.masters() for p, _ in children(m)]
        os.killpg(group, signal.SIGKILL)
        self.wait_dead([*pids, *self.masters()])

    def wait_dead(self, pids):
        wait_until(lambda: not any(is_running(p) for p in pids), "all are dead")
        if self.nginx in Nginx.live:
            Nginx.live.remove(self.nginx)

    def kill_a_worker(self):
        workers = [p for m in self.masters() for p in
                   self.nginx.worker_pids(m)]
        kill(random.choice(workers))

    def die_at(self, call, whom):
        """The next such call is the last; returns when it was."""
        new = self.flag.with_suffix(".new")
        new.write_text(f"{call} {whom}\n")
        new.chmod(0o666)
        pids = self.masters()
        pids += [p for p, _ in children(pids[0])]
        os.rename(new, self.flag)
        wait_until(lambda: not self.flag.exists(), f"death {call}")
        if whom == "all":
            self.wait_dead(pids)

    def come_back(self):
        """After the death of all."""
        for left in self.nginx.home.glob("nginx.pid*"):
            left.unlink()
        self.nginx.start()

    def swell(self):
        """So much history, made by hand, that the next flip shortens it."""
        self.router.close()
        self.nginx.stop()
        journal = self.router.state / "journal.jsonl"
        last = json.loads(journal.read_bytes().splitlines()[-1])
        del last["sum"]
        with open(journal, "ab") as file:
            while file.tell() < 5 << 20:
                last["seq"] += 1
                last["reason"] = "x" * 1000
                line = json.dumps(last, separators=(",", ":"))[:-1].encode()
                file.write(b'%s,"sum":"%08x"}\n' % (line, zlib.crc32(line)))
        self.nginx.start()

    # what must be

    def check(self):
        """All that was acknowledged is in force, and nothing half."""
        for writer in self.writers:
            writer.stop()
            self.seqs += writer.seqs

        wait_until(lambda: len(self.nginx.worker_pids()) >= self.nginx.workers,
                   "the workers are there")
        api = self.router.api

        # what was written before a death, but not put in force

        wait_until(lambda: api.status()["seq"] == api.last()["seq"],
                   "the state is healed", interval=0.1)
        routes = api.routes()

        for number, writer in enumerate(self.writers):
            self.acked[number] = self.check_writer(writer, routes)

        self.check_sides()
        self.check_history(api)

    def check_writer(self, writer, routes):
        mine = [routes[n] for n in writer.names]
        now = {(r["stage"], r["hold"], r["seq"], r["lease"] is not None)
               for r in mine}
        assert len(now) == 1, f"half of a flip: {now}"
        stage, hold, seq, lease = now.pop()
        known = writer.acked
        found = {"stage": stage, "hold": hold, "lease": lease, "seq": seq}
        if seq == known["seq"]:
            assert found == {"lease": False, **known}
        else:
            assert writer.doubt, f"lost {known}: {found}"
            assert seq > known["seq"]
            assert found == {**writer.doubt, "seq": seq}
        return found

    def check_sides(self):
        expected = {n: SIDES[a["stage"]] for names, a in
                    zip(self.names, self.acked) for n in names}
        for _ in range(4):
            with self.router.connect() as connection:
                for name, side in expected.items():
                    answer = connection.request("GET", f"/{name}/1")
                    assert (answer.status, answer.backend) == (200, side), (
                        name, answer)

    def check_history(self, api):
        """The journal can be read, and has all that was acknowledged."""
        entries = api.history()
        seqs = [e["seq"] for e in entries]

        # one that was begun anew has the newest, and before them what a lease
        # is to go back to

        row = [s for i, s in enumerate(reversed(seqs)) if s == seqs[-1] - i]
        first = row[-1]
        assert seqs == sorted(set(seqs))
        assert len(seqs) - len(row) <= LEASES
        assert {s for s in self.seqs if s >= first} <= set(seqs)
        assert len({c["route"] for c in entries[-1]["changes"]}) == MANY
        status = api.status()
        assert status["state"]["error"] is None, status


def random_rounds(crashing, rounds, one):
    """Rounds of something that happens while flips are made."""
    seed = int(os.environ.get("CRASH_SEED", random.randrange(2 ** 32)))
    random.seed(seed)
    print("CRASH_SEED=" + str(seed))
    for number in range(rounds):
        crashing.write(at_once=number % 2)
        crashing.some_time()
        one(crashing)
        crashing.check()
    print(f"{rounds} rounds, {len(crashing.seqs)} flips acknowledged, "
          f"{json.dumps(crashing.acked[0])}")
