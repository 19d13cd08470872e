"""What moving a route costs: a flip, against a reload of nginx with another
hand-written configuration, and against what no flip can do without.

    call       the PATCH; a signal; a bare append and fsync in the state directory
    first new  from its begin to the first answer by the new value
    last old   from its begin to the start of the last request that is answered
               by the old one; what began after the end of a call is counted

Clients keep their connections to all workers, and ask every so often.
"""

import dataclasses
import json
import os
import statistics
import time

import servers
from harness.answering import Answering
from harness.client import Connection
from harness.load import Load

WORKERS = 2
PAUSE = 0.001
BETWEEN = 0.03                          # s, so that answers by both are seen
RELOADED = 1.0                          # s, for the same

RULES = """
version: 1
backends:
  legacy: {{servers: [{legacy}]}}
  new: {{servers: [{new}]}}
default: legacy
routes:
  - {{name: a, match: {{path: /a/*}}, to: new, stage: legacy}}
"""


@dataclasses.dataclass
class Row:
    what: str
    calls: int
    call_ms: float
    first_new_ms: float = None
    last_old_ms: float = None
    worst_ms: float = None
    old_after: int = None
    closed: int = None


@dataclasses.dataclass
class Move:
    start: int
    end: int
    value: str


def measure(lab, rounds):
    """Yields a Row each for fsync, flip and reload."""
    answering = Answering("legacy", "new")
    try:
        with servers.running(router(lab, answering)) as server:
            yield from flips(server, rounds)
        with servers.running(plain(answering, "legacy")) as server:
            yield reloads(server, answering, max(rounds // 10, 3))
    finally:
        answering.stop()


def router(lab, answering):
    rules = lab.write_rules(RULES.format(**answering.urls), "flips.yaml")
    return servers.Server(f"""
    strangler_rules main {rules} state=@HOME@;
    server {{
        listen 127.0.0.1:@PORT@;
        location / {{
            strangler_pass main;
            include {servers.harness.PARAMS};
        }}
        location /_s/ {{ strangler_api main write=on; }}
    }}""".replace("@HOME@", f"{lab.home}/state"), master=True,
        workers=WORKERS, main=f"load_module {lab.module};")


def plain_http(answering, name):
    return f"""
    upstream backend {{
        server {answering.urls[name][7:]};
        keepalive 32;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:@PORT@;
        location / {{
            proxy_pass http://backend;
            {servers.PLAIN}
        }}
    }}"""


def plain(answering, name):
    return servers.Server(plain_http(answering, name), master=True,
                          workers=WORKERS)


def flips(server, rounds):
    directory = server.http.partition("state=")[2].partition(";")[0]
    load = Load(server.port, ["/a/1"], processes=1, pause=PAUSE)
    moves, bare = [], []
    try:
        with Connection(server.port) as client, \
                open(directory + "/bare", "ab", buffering=0) as file:
            for number in range(rounds):
                moves.append(flip(client, number))
                time.sleep(BETWEEN)
                bare.append(append(file))
        answers = load.results()
    finally:
        load.stop()

    yield Row("append, fsync", rounds, round(statistics.median(bare), 3))
    yield row("flip", moves, answers)


def flip(client, number):
    stage, value = (("live", "new"), ("legacy", "legacy"))[number % 2]
    start = time.monotonic_ns()
    answer = client.request(
        "PATCH", "/_s/v1/routes/a", {"Content-Type": "application/json"},
        body=json.dumps({"stage": stage}), host="127.0.0.1")
    end = time.monotonic_ns()
    assert answer.status == 200, answer
    return Move(start, end, value)


def append(file):
    """As many bytes as an entry of the journal has."""
    start = time.monotonic_ns()
    file.write(b"x" * 420 + b"\n")
    os.fsync(file.fileno())
    return (time.monotonic_ns() - start) / 1e6


def reloads(server, answering, rounds):
    load = Load(server.port, ["/a/1"], processes=1, pause=PAUSE)
    moves = []
    try:
        for number in range(rounds):
            value = ("new", "legacy")[number % 2]
            server.http = server.http.replace(
                *(answering.urls[name][7:] for name in (
                    ("legacy", "new") if value == "new"
                    else ("new", "legacy"))))
            server.write()
            moves.append(reload(server, value))
        answers = load.results()
    finally:
        load.stop()
    return row("nginx -s reload", moves, answers)


def reload(server, value):
    """The command's part of it, and then until all workers are new ones."""
    start = time.monotonic_ns()
    status, said = server.run("-s", "reload")
    end = time.monotonic_ns()
    assert status == 0, said
    time.sleep(RELOADED)
    return Move(start, end, value)


def row(what, moves, passes):
    """What clients saw of the moves, each of which is alone in its time."""
    answers = sorted((start, end, who) for answers in passes
                     for _, who, start, end in answers)
    firsts, lasts = [], []
    after = 0
    for move, following in zip(moves, [*moves[1:], None]):
        limit = following.start if following else move.end + 10 ** 10
        mine = [a for a in answers if move.start - 10 ** 8 < a[0] < limit]
        new = [end for start, end, who in mine
               if who == move.value and start >= move.start - 10 ** 6
               and end > move.start]
        old = [start for start, end, who in mine
               if start > move.start and who[0] != "!" and who != move.value]
        firsts.append((min(new) - move.start) / 1e6)
        lasts.append((max(old, default=move.start) - move.start) / 1e6)
        after += sum(start > move.end for start in old)
    closed = sum(who[0] == "!" for _, _, who in answers)
    took = [(m.end - m.start) / 1e6 for m in moves]
    return Row(what, len(moves), *(
        round(x, 3) for x in (statistics.median(took),
                              statistics.median(firsts),
                              statistics.median(lasts), max(lasts))),
        after, closed)
