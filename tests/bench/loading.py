"""What loading rules costs: CPU and memory of nginx with so many routes above
the same nginx with one.

    start    `nginx -t`, which reads the configuration as a start does
    edit     a worker that takes over an edited file
"""

import dataclasses
import os
import pathlib
import re
import statistics
import subprocess

import cases
from cpu import clock
from harness.client import Connection
from harness.wait import wait_until
from servers import running

STAGES = ("done", "live")

SHOW_GENERATION = "add_header X-Generation $strangler_generation;"


@dataclasses.dataclass
class Row:
    kind: str
    routes: int
    start_ms: float
    edit_ms: float
    start_mib: float
    edits_mib: float


def measure(lab, kinds, numbers, rounds):
    """Yields a Row for each case."""
    base = None
    for kind in kinds:
        for number in (1, *numbers):
            row = one(lab, kind, number, rounds)
            if number == 1:
                base = row
                continue
            yield Row(kind.name, number, *(
                round(getattr(row, f.name) - getattr(base, f.name), 3)
                for f in dataclasses.fields(Row)[2:]))


def one(lab, kind, number, rounds):
    """The same, not yet above anything."""
    texts = [cases.rules(kind, number, lab.backend.url, stage)
             for stage in STAGES]
    path = lab.write_rules(texts[1])

    with running(lab.router(path, poll="50ms", location=SHOW_GENERATION,
                            master=True)) as router:
        start = statistics.median(configuration_ms(router)
                                  for _ in range(rounds))
        pid = router.worker()
        first = resident_mib(pid)
        edit = statistics.median(
            edit_ms(lab, router, pid, texts[i % 2]) for i in range(rounds))
        wait_idle(pid, quiet=0.6)       # the last old rules are freed
        return Row(kind.name, number, start, edit, first, resident_mib(pid))


def configuration_ms(router):
    """CPU of one nginx -t."""
    process = subprocess.Popen(
        router.command("-t", "-q"), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "nginx -t fails"
    return (usage.ru_utime + usage.ru_stime) * 1e3


def edit_ms(lab, router, pid, text):
    """CPU of the worker for taking over an edit and letting go of the old."""
    with Connection(router.port) as client:
        before = generation(client)
        used = clock(pid)
        lab.write_rules(text)
        wait_until(lambda: generation(client) != before, "the edit is in force",
                   timeout=30, interval=0.02)
        wait_idle(pid)
        return (clock(pid) - used) * 1e3


def generation(client):
    value = client.request("GET", "/").value("X-Generation")
    assert value, "the answer does not say its generation"
    return value


def resident_mib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1)) / 1024


def wait_idle(pid, quiet=0.1):
    """Until the process has nothing more to do."""
    last = -1.0

    def idle():
        nonlocal last
        used = clock(pid)
        rested = used - last < 0.02 * quiet
        last = used
        return rested

    wait_until(idle, "the worker is idle", timeout=30, interval=quiet)
