"""Instructions a request, counted by callgrind, of the router above bare.

nginx is one process under valgrind, which counts only once it is warm and has
seen that its rules are at rest.  A window is what N requests on one connection
cost; the quotient of the differences of two lengths has nothing in it that
happens once.  Of some windows the least counts: in others nginx formats the
time, or a timer fires.

What the C library's allocator does follows from how the heap happens to look,
which other rules change: it has a column of its own.
"""

import collections
import dataclasses
import pathlib
import re
import subprocess
import time

import cases
from servers import running
from wire import Client

WARM_UP = 100
SETTLED = 1.2                           # seconds
SHORT, LONG = 50, 150
WINDOWS = 5

ALLOCATOR = (r"(_int_|__libc_)?(malloc|free|memalign|calloc|realloc)\b"
             r"|posix_memalign|_mid_memalign|unlink_chunk|alloc_perturb"
             r"|malloc_consolidate|tcache_|arena_|sysmalloc|systrim")

VALGRIND = ("valgrind", "--tool=callgrind", "--instr-atstart=no",
            "--callgrind-out-file=@HOME@/callgrind.out")


@dataclasses.dataclass
class Row:
    kind: str
    routes: int
    op: str
    bare: float
    router: float
    above: float
    above_in_malloc: float


class Counter:
    """callgrind's hand on one nginx."""

    def __init__(self, server):
        self.server = server
        self.dumps = 0

    def control(self, *args):
        subprocess.run(
            ["callgrind_control", *args, str(self.server.process.pid)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            timeout=60, check=True)

    def begin(self):
        self.control("-i", "on")

    def reset(self):
        self.control("-z")

    def dump(self):
        """The file with what was counted since the last dump or reset."""
        self.control("-d")
        self.dumps += 1
        return pathlib.Path(self.server.home, f"callgrind.out.{self.dumps}")

    def window(self, client, number):
        """Function -> instructions of so many requests: the least of some
        windows, since timers fire in others."""
        windows = []
        for _ in range(WINDOWS):
            client.run(number)
            windows.append(self_costs(self.dump().read_text()))
        return min(windows, key=total)

    def a_request(self, target):
        """Function -> instructions a request, without what it calls."""
        with Client(self.server.port, target) as client:
            until = time.monotonic() + SETTLED
            while time.monotonic() < until:
                client.run(WARM_UP)
            self.reset()
            short = self.window(client, SHORT)
            long = self.window(client, LONG)
        return {name: (long[name] - short[name]) / (LONG - SHORT)
                for name in long}


def measure(lab, kinds, numbers):
    """Yields a Row for each case."""
    bare = {}
    with counted(lab.bare(wrapper=VALGRIND)) as counter:
        for kind in kinds:
            for op in cases.OPS:
                target = kind.target(op, numbers[-1])
                bare[kind, op] = counter.a_request(target)

    for kind in kinds:
        for number in numbers:
            path = lab.write_rules(cases.rules(kind, number, lab.backend.url))
            with counted(lab.router(path, wrapper=VALGRIND)) as counter:
                for op in cases.OPS:
                    router = counter.a_request(kind.target(op, number))
                    yield row(kind, number, op, bare[kind, op], router)


def row(kind, number, op, bare, router):
    return Row(kind.name, number, op, total(bare), total(router),
               total(router) - total(bare),
               total(router, ALLOCATOR) - total(bare, ALLOCATOR))


def threads(lab, first):
    """What it costs bare that its process has threads, as the router's has:
    the C library's calls into the kernel, and its allocator, take longer.
    first is the row whose request is sent again."""
    target = cases.KINDS[first["kind"]].target(first["op"], first["routes"])
    with counted(lab.bare(wrapper=VALGRIND,
                          main="thread_pool one threads=1;")) as counter:
        return total(counter.a_request(target)) - first["bare"]


def functions(lab, kind, number, op):
    """(name, bare, router): instructions a request in each function itself,
    the largest difference first."""
    path = lab.write_rules(cases.rules(kind, number, lab.backend.url))
    costs = []
    for server in (lab.bare(wrapper=VALGRIND),
                   lab.router(path, wrapper=VALGRIND)):
        with counted(server) as counter:
            costs.append(counter.a_request(kind.target(op, number)))

    bare, router = costs
    rows = [(name, bare.get(name, 0), router.get(name, 0))
            for name in bare | router]
    return sorted(rows, key=lambda row: row[1] - row[2])


class counted:
    """A server that runs under callgrind, counting."""

    def __init__(self, server):
        self.running = running(server)

    def __enter__(self):
        counter = Counter(self.running.__enter__())
        counter.begin()
        return counter

    def __exit__(self, *error):
        return self.running.__exit__(*error)


def total(costs, pattern=""):
    return sum(cost for name, cost in costs.items()
               if re.match(pattern, name))


def self_costs(text):
    """Function -> instructions, from callgrind's file.  A line after calls=
    is what the callee cost, all others are the function's own."""
    names = {}
    costs = collections.Counter()
    function = None
    is_call = False

    for line in text.splitlines():
        named = re.match(r"(c?fn)=\((\d+)\)(?: (.*))?", line)
        if named:
            what, key, name = named.groups()
            if name:
                names[key] = re.sub(r"'\d+$", "", name)
            if what == "fn":
                function = names[key]
        elif line.startswith("calls="):
            is_call = True
        elif line[:1] in "+-*0123456789" and line:
            if not is_call and function:
                costs[function] += int(line.split()[1])
            is_call = False

    return costs
