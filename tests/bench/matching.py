"""Matching alone, without nginx: what match_bench measures."""

import dataclasses
import pathlib
import subprocess

import cases
from instructions import self_costs, total

# match_bench's names of kinds, and ours
KINDS = {"exact": "exact", "prefix": "prefix", "template": "template",
         "segment": "regex", "gram": "regex, no whole segment",
         "host": "host"}

MATCHES = 1000


@dataclasses.dataclass
class Row:
    kind: str
    routes: int
    op: str
    ns: float
    instructions: float = None


def measure(program, home, numbers, counted):
    """Rows for these numbers of routes, with instructions for those counted.
    """
    for row in times(program):
        if row.routes not in numbers:
            continue
        if row.routes in counted:
            row.instructions = count(program, pathlib.Path(home), row)
        row.kind = KINDS[row.kind]
        yield row


def times(program):
    """The program's own table: kind, routes, hit ns, miss ns, ..."""
    done = subprocess.run([program], stdout=subprocess.PIPE, text=True,
                          timeout=300, check=True)
    rows = []
    for line in done.stdout.splitlines()[1:]:
        kind, routes, *ns = line.split()
        rows += [Row(kind, int(routes), op, float(value))
                 for op, value in zip(cases.OPS, ns)]
    return rows


def count(program, home, row):
    out = home / "matching.out"
    subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=fig_match",
         f"--callgrind-out-file={out}", program, row.kind, str(row.routes),
         row.op], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        timeout=300, check=True)
    return total(self_costs(out.read_text())) / MATCHES
