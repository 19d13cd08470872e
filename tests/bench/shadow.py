"""What shadows cost the clients whose requests are copied.

    asking -> router -> legacy           nginx, JSON of 1 KB
                  copy -> healthy        another nginx, the same JSON
                       -> slow, silent,  see misbehaving.c
                          endless, reset
                       -> dead           a port that refuses

Every request is copied; a router a case, the first without copies.  Runs of
all cases take turns, so that whatever else the machine does meets all of them;
a figure is the median of a case's runs.
"""

import contextlib
import dataclasses
import json
import statistics
import subprocess

import servers
from harness.wait import ClosedPort, wait_until

CASES = ("none", "healthy", "slow", "dead", "silent", "endless", "reset")
A_SECOND = 1000                         # open loop
CONNECTIONS = 32                        # closed loop
SECONDS = 2
BURST = 20                              # large answers a second

RULES = """\
version: 1
backends:
  legacy: {{servers: ["{legacy}"]}}
  new: {{servers: ["{new}"]}}
default: legacy
routes:
  - name: a
    match: {{path: /small}}
    to: new
    stage: {stage}
    shadow: {{percent: 100, per_second: 100000, in_flight: 64}}
  - name: large
    match: {{path: /large}}
    to: new
    stage: {large}
    shadow: {{percent: 100, per_second: 100000, in_flight: 64}}
    compare: {{max_body: 1m}}
"""


@dataclasses.dataclass
class Row:
    case: str
    requests: int                       # closed loop, a second
    of_none: float
    p50_us: float                       # open loop
    p99_us: float


@dataclasses.dataclass
class Burst:
    case: str
    large: float                        # a second
    p50_us: float
    p99_us: float


def small(n=8):
    return {"items": [{"id": i, "name": f"article {i}", "price": i + 0.99,
                       "tags": ["new", "sale"], "stock": {"here": i, "there":
                                                          None}}
                      for i in range(n)]}


def large(price):
    """Not quite 1 MB; another price makes a difference in each order."""
    return {"orders": [{"id": i, "total": i + price, "lines": small(9)}
                       for i in range(990)]}


def nginx(lab, name, price):
    """Answers from memory, but for what is large."""
    home = lab.home / name
    home.mkdir(exist_ok=True)
    home.chmod(0o755)
    (home / "large").write_text(json.dumps(large(price)))
    (home / "large").chmod(0o644)
    return servers.Server(f"""
    default_type application/json;
    server {{
        listen 127.0.0.1:@PORT@;
        location / {{ return 200 '{json.dumps(small())}'; }}
        location = /large {{ root {home}; }}
    }}""")


@contextlib.contextmanager
def misbehaving(program, how):
    """Its URL."""
    with subprocess.Popen([program, how], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def router(lab, case, legacy, new):
    stage = "legacy" if case in ("none", "unshadowed") else "shadow"
    small_stage = stage if case in CASES else "legacy"
    state = lab.home / ("state-" + case)
    rules = lab.write_rules(RULES.format(legacy=legacy, new=new,
                                         stage=small_stage, large=stage),
                            f"{case}.yaml")
    return lab.router(rules, poll=f"1h zone=2m state={state}", master=True)


def mirror(lab, shadow):
    return servers.Server(f"""
    upstream backend {{
        server {lab.legacy.url[7:]};
        keepalive 32;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:@PORT@;
        location / {{
            mirror /mirror;
            proxy_pass http://backend;
            {servers.PLAIN}
        }}
        location = /mirror {{
            internal;
            proxy_pass {shadow}$request_uri;
            {servers.PLAIN}
        }}
    }}""")


class Asking:
    def __init__(self, program):
        self.program = program

    def start(self, port, target, *how):
        return subprocess.Popen(
            [self.program, str(port), target, *map(str, how)],
            stdout=subprocess.PIPE, text=True)

    def __call__(self, *args):
        return self.result(self.start(*args))

    @staticmethod
    def result(process):
        """requests, requests a second, p50, p99"""
        with process:
            text = process.stdout.read()
        assert process.returncode == 0, "asking has failed"
        return [float(word) for word in text.split()]


@contextlib.contextmanager
def backends(lab, programs):
    """URLs by case; the old side is lab.legacy."""
    with contextlib.ExitStack() as stack:
        lab.legacy = stack.enter_context(
            servers.running(nginx(lab, "old", 0.5)))
        healthy = stack.enter_context(
            servers.running(nginx(lab, "new", 0.25)))
        closed = ClosedPort()
        stack.callback(closed.stop)
        urls = {"none": healthy.url, "healthy": healthy.url,
                "dead": closed.url}
        for case in CASES:
            if case not in urls:
                urls[case] = stack.enter_context(
                    misbehaving(programs / "misbehaving", case))
        yield urls


def settled(server):
    """No copy of the last run is under way any more."""
    pid = server.worker()
    last = []

    def same():
        with open(f"/proc/{pid}/stat") as stat:
            last.append(stat.read().split()[13:15])
        return len(last) > 3 and last[-1] == last[-3]

    wait_until(same, "the router is at rest", 20, 0.2)


def measure(lab, programs, runs):
    """Yields a Row a case, and one of nginx's own mirror."""
    asking = Asking(programs / "asking")
    closed = {case: [] for case in (*CASES, "mirror")}
    opened = {case: [] for case in CASES}

    with backends(lab, programs) as urls, contextlib.ExitStack() as stack:
        routers = {case: stack.enter_context(servers.running(
            router(lab, case, lab.legacy.url, urls[case])))
            for case in CASES}
        routers["mirror"] = stack.enter_context(
            servers.running(mirror(lab, urls["slow"])))

        for case, server in routers.items():    # connections, state
            if case != "mirror":
                asking(server.port, "/small", "closed", CONNECTIONS, 0.3)
                settled(server)

        for _ in range(runs):
            for case in closed:
                closed[case].append(asking(
                    routers[case].port, "/small", "closed", CONNECTIONS,
                    SECONDS)[1])
                settled(routers[case])
            for case in opened:
                opened[case].append(asking(
                    routers[case].port, "/small", "open", A_SECOND,
                    SECONDS)[2:])
                settled(routers[case])

    none = statistics.median(closed["none"])
    for case in closed:
        rate = statistics.median(closed[case])
        p50, p99 = (map(statistics.median, zip(*opened[case]))
                    if case in opened else (None, None))
        yield Row(case, round(rate), rate / none, p50, p99)


def measure_burst(lab, programs, runs):
    """Yields a Burst each: other clients while there are none, large answers,
    and large answers that are copied and compared."""
    asking = Asking(programs / "asking")
    found = {"idle": [], "unshadowed": [], "compared": []}

    with backends(lab, programs) as urls, contextlib.ExitStack() as stack:
        routers = {case: stack.enter_context(servers.running(
            router(lab, case, lab.legacy.url, urls["healthy"])))
            for case in ("unshadowed", "compared")}
        routers["idle"] = routers["compared"]

        for _ in range(runs):
            for case in found:
                port = routers[case].port
                burst = case != "idle" and asking.start(
                    port, "/large", "open", BURST, SECONDS + 1)
                times = asking(port, "/small", "open", A_SECOND, SECONDS)
                rate = asking.result(burst)[1] if burst else 0
                found[case].append((rate, *times[2:]))
                settled(routers[case])

    for case, rows in found.items():
        yield Burst(case, *map(statistics.median, zip(*rows)))
