"""How long requests take while rules are loaded, against the same without.

Open loop: a request is due every so often, whatever became of those before,
and its time counts from when it was due.  Phases without and with edits take
turns; with edits, the next comes as soon as an answer was given by the last,
so that rules are being loaded all the time.  Percentiles are medians over the
phases: a phase that the machine had no time for does not decide.
"""

import collections
import dataclasses
import os
import selectors
import statistics
import time

import cases
from loading import SHOW_GENERATION, STAGES
from servers import running
from wire import connect, request

PHASE_SECONDS = 2.0
A_SECOND = 400


@dataclasses.dataclass
class Row:
    phase: str
    requests: int
    edits: int
    p50_ms: float
    p99_ms: float


class Edits:
    """Two texts, written before, that take turns as one rules file."""

    def __init__(self, lab, kind, number):
        self.count = 0
        self.ready = []
        for stage in STAGES:
            text = cases.rules(kind, number, lab.backend.url, stage)
            self.ready.append(lab.write_rules(text, f"{stage}.yaml"))
        self.path = self.ready[0].with_name("edited.yaml")
        self.next()

    def next(self):
        new = self.path.with_suffix(".new")
        os.link(self.ready[self.count % 2], new)
        os.rename(new, self.path)
        self.count += 1


class OpenLoop:
    def __init__(self, port, target):
        self.port = port
        self.data = request(target)
        self.selector = selectors.DefaultSelector()
        self.idle = []
        self.due = {}                       # socket -> when it was due
        self.answers = collections.defaultdict(bytes)
        self.times = []
        self.generation = None

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()

    def run(self, seconds, edits=None):
        """The times of all requests that are due within so many seconds, in
        ms; with edits, as many as are taken over in this time."""
        self.times = []
        start = time.perf_counter()
        sent = 0
        known = self.generation

        if edits:
            edits.next()

        while sent < seconds * A_SECOND or self.due:
            due = start + sent / A_SECOND
            now = time.perf_counter()
            is_over = sent >= seconds * A_SECOND
            if not is_over and now >= due:
                self.send(due)
                sent += 1
                continue
            self.receive(None if is_over else due - now)
            if edits and self.generation != known and not is_over:
                known = self.generation
                edits.next()

        return self.times

    def send(self, due):
        if self.idle:
            sock = self.idle.pop()
        else:
            sock = connect(self.port)
            self.selector.register(sock, selectors.EVENT_READ)
        self.due[sock] = due
        sock.sendall(self.data)

    def receive(self, timeout):
        for key, _ in self.selector.select(timeout):
            sock = key.fileobj
            self.answers[sock] += self.part(sock)
            if self.answers[sock].endswith(b"\r\n\r\nhello\n"):
                self.finish(sock)

    @staticmethod
    def part(sock):
        data = sock.recv(65536)
        if not data:
            raise ConnectionError("nginx closed the connection")
        return data

    def finish(self, sock):
        answer = self.answers.pop(sock)
        assert answer[9:12] == b"200", answer
        now = time.perf_counter()
        self.times.append((now - self.due.pop(sock)) * 1e3)
        self.generation = answer.partition(b"X-Generation: ")[2].split()[0]
        self.idle.append(sock)


def measure(lab, kind, number, phases):
    """Two Rows: without and with edits."""
    edits = Edits(lab, kind, number)
    quiet, edited = [], []

    with running(lab.router(edits.path, poll="50ms", master=True,
                            location=SHOW_GENERATION)) as router:
        loop = OpenLoop(router.port, kind.target("hit", number))
        try:
            loop.run(PHASE_SECONDS / 4)     # connections, and a generation
            for _ in range(phases):
                quiet.append(loop.run(PHASE_SECONDS))
                edited.append(loop.run(PHASE_SECONDS, edits))
        finally:
            loop.close()

    return [row("without edits", quiet, 0),
            row("with edits", edited, edits.count - 1)]


def row(phase, times, edits):
    return Row(phase, sum(map(len, times)), edits,
               statistics.median(percentile(t, 50) for t in times),
               statistics.median(percentile(t, 99) for t in times))


def percentile(times, percent):
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]
