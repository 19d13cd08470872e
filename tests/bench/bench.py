"""What the module costs, against a bare static proxy_pass in the same run.

    bench.py BUILD [--quick] [SECTION...]
    bench.py BUILD --functions KIND ROUTES hit|miss

BUILD/bench has match_bench, and gets bench.json with the figures of this run.
See docs/performance.md for what is measured and how.
"""

import argparse
import collections
import json
import pathlib
import signal
import sys
import time

import cases
import cpu
import flips
import instructions
import latency
import loading
import matching
import shadow
from servers import Lab
from tables import Table, heading

SECTIONS = ("instructions", "cpu", "loading", "matching", "flips",
            "shadow")

Size = collections.namedtuple(
    "Size", "kinds numbers cpu_kinds cpu_numbers cpu_rounds "
            "loaded_kinds loaded load_rounds phases counted flips shadow")

ALL = tuple(cases.KINDS.values())
SOME = tuple(cases.KINDS[name] for name in ("prefix", "regex"))

FULL = Size(kinds=ALL, numbers=cases.NUMBERS, cpu_kinds=ALL,
            cpu_numbers=(10, 10000), cpu_rounds=150,
            loaded_kinds=ALL, loaded=(1000, 10000), load_rounds=5, phases=8,
            counted=cases.NUMBERS, flips=200,
            shadow=5)
QUICK = Size(kinds=SOME, numbers=(10, 10000), cpu_kinds=SOME[:1],
             cpu_numbers=(10, 10000), cpu_rounds=60,
             loaded_kinds=SOME, loaded=(10000,), load_rounds=3, phases=3,
             counted=(10,), flips=60,
             shadow=1)

WHICH = (("kind", "kind", "s"), ("routes", "routes", ",d"), ("", "op", "s"))


def run_instructions(lab, size):
    heading("Instructions a request, above bare")
    table = Table(*WHICH, ("bare", "bare", ",.0f"),
                  ("router", "router", ",.0f"), ("above", "above", "+,.0f"),
                  ("of it in malloc", "above_in_malloc", "+,.0f"))
    rows = table.fill(instructions.measure(lab, size.kinds, size.numbers))
    threads = instructions.threads(lab, rows[0])
    print(f"\nA bare nginx that has threads takes {threads:+,.0f} itself.")
    return {"cases": rows, "threads": threads}


def run_cpu(lab, size):
    heading("CPU a request, in microseconds of user and system time")
    table = Table(*WHICH, ("bare", "bare_us", ".1f"),
                  ("router", "router_us", ".1f"), ("ratio", "ratio", ".3f"))
    return table.fill(cpu.measure(lab, size.cpu_kinds, size.cpu_numbers,
                                  size.cpu_rounds))


def run_loading(lab, size):
    heading("Loading rules, above rules of one route")
    table = Table(*WHICH[:2], ("start ms", "start_ms", ".0f"),
                  ("edit ms", "edit_ms", ".0f"),
                  ("start MiB", "start_mib", ".1f"),
                  ("edits MiB", "edits_mib", ".1f"))
    rows = table.fill(loading.measure(lab, size.loaded_kinds, size.loaded,
                                      size.load_rounds))

    heading(f"Requests while {size.loaded[-1]:,d} routes are loaded again "
            "and again")
    table = Table(("phase", "phase", "<13"), ("requests", "requests", ",d"),
                  ("edits", "edits", "d"), ("p50 ms", "p50_ms", ".2f"),
                  ("p99 ms", "p99_ms", ".2f"))
    phases = table.fill(latency.measure(lab, cases.KINDS["prefix"],
                                        size.loaded[-1], size.phases))
    return {"cases": rows, "requests": phases}


def run_matching(lab, size, program):
    heading("Matching alone")
    table = Table(("kind", "kind", "<23"), *WHICH[1:], ("ns", "ns", ".0f"),
                  ("instructions", "instructions", ",.0f"))
    return table.fill(matching.measure(program, lab.home, size.numbers,
                                       size.counted))


def run_flips(lab, size):
    heading("Moving a route, by a flip and by a reload")
    table = Table(("what", "what", "<15"), ("calls", "calls", "d"),
                  ("call ms", "call_ms", ".2f"),
                  ("first new", "first_new_ms", ".2f"),
                  ("last old", "last_old_ms", ".2f"),
                  ("worst", "worst_ms", ".2f"),
                  ("old after", "old_after", "d"), ("closed", "closed", "d"))
    return table.fill(flips.measure(lab, size.flips))


def run_shadow(lab, size, programs):
    heading("Shadows that are healthy and not, and what clients see")
    table = Table(("shadow", "case", "s"),
                  ("requests/s", "requests", ",d"),
                  ("of none", "of_none", ".3f"),
                  ("p50 us", "p50_us", ",.0f"), ("p99 us", "p99_us", ",.0f"))
    rows = table.fill(shadow.measure(lab, programs, size.shadow))

    heading("Other clients while documents of 1 MB are asked for")
    table = Table(("large ones", "case", "<10"), ("a second", "large", ".1f"),
                  ("p50 us", "p50_us", ",.0f"), ("p99 us", "p99_us", ",.0f"))
    return {"cases": rows, "burst": table.fill(
        shadow.measure_burst(lab, programs, size.shadow))}


def run_functions(lab, kind, number, op):
    heading(f"Instructions in functions themselves, {kind}, {number} "
            f"routes, {op}")
    rows = instructions.functions(lab, cases.KINDS[kind], int(number), op)
    print(f"{'above':>9}{'router':>9}{'bare':>9}  function")
    for name, bare, router in rows:
        if abs(router - bare) >= 1:
            print(f"{router - bare:+9.1f}{router:9.1f}{bare:9.1f}  {name}")


def arguments():
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("build", type=pathlib.Path, metavar="BUILD",
                        help="where the programs are built")
    parser.add_argument("--quick", action="store_true",
                        help="fewer points of each section")
    parser.add_argument("--functions", nargs=3,
                        metavar=("KIND", "ROUTES", "OP"),
                        help="where the instructions of one case go, instead")
    parser.add_argument("sections", nargs="*", metavar="SECTION",
                        help=" ".join(SECTIONS))
    options = parser.parse_intermixed_args()

    for section in options.sections:
        if section not in SECTIONS:
            parser.error(f"there is no section {section}, but: "
                         + " ".join(SECTIONS))

    if options.functions:
        kind, routes, op = options.functions
        if (kind not in cases.KINDS or not routes.isdigit()
                or int(routes) < 1 or op not in cases.OPS):
            parser.error("--functions wants " + "|".join(cases.KINDS)
                         + ", a number of routes, and hit or miss")
    return options


def main():
    options = arguments()
    size = QUICK if options.quick else FULL
    wanted = options.sections or SECTIONS
    home = options.build / "bench"
    runs = {"instructions": run_instructions, "cpu": run_cpu,
            "loading": run_loading, "flips": run_flips,
            "matching": lambda lab, size: run_matching(
                lab, size, home / "match_bench"),
            "shadow": lambda lab, size: run_shadow(lab, size, home)}

    # so that an end from outside ends the servers, too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    with Lab() as lab:
        if options.functions:
            run_functions(lab, *options.functions)
            return

        results = {"quick": options.quick}
        for section in SECTIONS:
            if section in wanted:
                start = time.monotonic()
                results[section] = runs[section](lab, size)
                print(f"\n({time.monotonic() - start:.0f} s)")

    figures = home / "bench.json"
    figures.write_text(json.dumps(results, indent=1) + "\n")
    print(f"\nThe figures are in {figures}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
