"""Runs the fuzz targets that are built and says in a line what each did.

    run.py BUILD [--minutes N]  N minutes a target (1), from what was found
                                before: BUILD/corpus
    run.py BUILD --short        a few thousand inputs from the seeds, always
                                the same, and `N passed` at the end

Exit status 1 when one failed: its input is in BUILD/crashes.
"""

import argparse
import gzip
import os
import random
import re
import shutil
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent

# inputs of a short run, and the edges that one reaches at least: a target that
# reaches less has seeds that lead nowhere
TARGETS = {
    "bundle": (20000, 80),
    "compare": (10000, 900),
    "flip": (3000, 600),
    "journal": (10000, 300),
    "jpath": (20000, 250),
    "json": (20000, 200),
    "load": (6000, 2300),
    "logline": (50000, 90),
    "match": (1000, 800),
    "path": (50000, 100),
    "pattern": (10000, 230),
    "request": (20000, 600),
    "rewrite": (5000, 1150),
}

DICTIONARIES = {"compare": "json", "flip": "flip", "journal": "flip",
                "jpath": "json", "json": "json", "load": "rules",
                "pattern": "regex", "path": "path", "request": "path",
                "rewrite": "path"}

# large seeds make large inputs, and those are slow
MAX_SEED = 4096


# flags, paths, fields of A and B, bodies of A and B
COMPARISONS = [
    (b"\x0b", b"", b"", b"", b'{"a":1,"b":[1,2,3],"c":{"d":"x"}}',
     b'{"c":{"d":"y"},"b":[1,9,2,3],"e":null}'),
    (b"\x08", b"$..stamp\n$.set\n$.items\n$..n\n$..s\n", b"", b"",
     b'{"set":[1,2,2],"items":[{"id":1,"v":1},{"id":2}],"n":1.0,"s":"1"}',
     b'{"set":[2,1,2],"items":[{"id":2},{"id":1,"v":2}],"n":1.4,"s":"2"}'),
    (b"\x09", b"", b"", b"", b'{"a":1,"a":2,"b":[[1],[2]],"c":null}',
     b'{"a":2,"a":1,"b":[[2],[1]]}'),
    (b"\xc0", b"", b"Content-Type:text/plain\nSet-Cookie:a=b; Path=/\n"
     b"Location:https://shop.example/x\nVary:a, b",
     b"content-type:Text/Plain;charset=utf-8\nset-cookie:a=c; path=/\n"
     b"location:http://a.example/x\nvary:B,a", b"xa\nb\r\nc", b"ax\nb\nd\n"),
    (b"\x00", b"", b"Content-Type:application/json",
     b"content-type:application/json\ncontent-encoding:gzip", b"[1]",
     gzip.compress(b"[1]", mtime=0).replace(b"\xff", b"\x03")),
    (b"\x18", b"", b"", b"", b"bytes", b"other bytes"),
]


def bundle(texts):
    """The texts in the form of rules/fig_bundle.c, without the checksum."""
    packed = b"figrules" + struct.pack("<4I", 1, 1, len(texts), 1)
    for name, text in texts:
        packed += struct.pack("<2I", len(name), len(text)) + name + text
    return packed + struct.pack("<I", 11) + b"routes.d/*."


def entry(seq, kind, slots, more=""):
    """A line of control/fig_entry.c."""
    text = (f'{{"v":1,"seq":{seq},"time":"2026-11-24T03:12:07.123Z",'
            f'"kind":"{kind}","actor":"a","reason":"","rules":'
            f'"0123456789abcdef"{more},"changes":[{{"route":"one",'
            f'"field":"percent","from":0,"to":12.5}}],"slots":[{slots}]')
    return f'{text},"sum":"{zlib.crc32(text.encode()):08x}"}}\n'


def slot(kind, name, seq, flags):
    return (f'{{"{kind}":"{name}","at":{seq},"flip":{seq},"flags":{flags},'
            '"stage":"ramp","percent":12.5,"file_stage":"legacy",'
            '"file_percent":null,"before":{"stage":"legacy","percent":null,'
            '"flip":0,"drain":false,"hold":false}}')


def journal():
    first = entry(1, "flip", slot("route", "one", 1, 3),
                  ',"hold":true,"lease":"2026-11-24T04:12:07.123Z"')
    second = entry(2, "undo", slot("group", "g", 2, 0), ',"of":1')
    third = entry(3, "reset", slot("backend", "b", 3, 4))
    snapshot = entry(2, "snapshot", slot("route", "one", 1, 11))
    for text in (first + second + third, first, snapshot + first + third,
                 first + third, second, first + second[:-1], first + "\0\n",
                 first + second[:90], first[1:] + second):
        yield text.encode()
        yield b"S" + text.encode()


def made(target):
    """Seeds that are better made than kept."""
    if target == "bundle":
        yield bundle([(b"rules.yaml", b"version: 1\n")])
        yield bundle([(b"a", b"include: [b]\n"), (b"b", b""), (b"", b"c")])

    if target == "journal":
        yield from journal()

    if target == "compare":
        yield from map(b"\xff".join, COMPARISONS)

    if target == "jpath":
        document = b'{"a":[1,{"b":2}],"c":{"a":[[3]],"x y":0},"0":[]}'
        for path in (b"$..a", b"$.a[*].b", b"$['c'].*", b"$.a[-1]['b']",
                     b"$..*[0]", b'$["x y"]', b"$", b"$..[1]..b"):
            yield path + b"\xff" + document
        yield b'$\xff"a\'\\\\ \\u0001\xc3\xbc"'

    if target == "match":
        choices = random.Random(1)
        for size in (100, 400, 1000, 2000):
            yield bytes(choices.randrange(256) for _ in range(size))


def kept(target):
    """Seeds that are files of the tree."""
    yield from sorted(glob(str(HERE / "seeds" / target / "*")))
    if target == "load":
        yield from sorted(glob(str(TESTS.parent / "rules/examples/*.yaml")))
        yield from sorted(glob(str(TESTS / "golden/*.yaml")))


def write_seeds(build, target):
    seeds = build / "seeds" / target
    shutil.rmtree(seeds, ignore_errors=True)
    seeds.mkdir(parents=True)

    texts = [Path(name).read_bytes() for name in kept(target)]
    for number, text in enumerate([*texts, *made(target)]):
        if len(text) <= MAX_SEED:
            (seeds / f"{number:04}").write_bytes(text)
    return seeds


def command(build, target, minutes):
    """minutes None: a short run."""
    seeds = write_seeds(build, target)
    crashes = build / "crashes"
    corpus = build / "corpus" / target
    crashes.mkdir(exist_ok=True)
    corpus.mkdir(parents=True, exist_ok=True)

    words = [str(build / f"fuzz_{target}"), "-print_final_stats=1",
             "-timeout=60", "-rss_limit_mb=2048",
             f"-artifact_prefix={crashes}/{target}-"]
    if target in DICTIONARIES:
        words.append(f"-dict={HERE}/{DICTIONARIES[target]}.dict")
    if minutes is None:
        return [*words, "-seed=1", "-reload=0", f"-runs={TARGETS[target][0]}",
                str(seeds)]
    return [*words, f"-max_total_time={int(60 * minutes)}", str(corpus),
            str(seeds)]


def number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def failure(build, target, output):
    """What people need: what is wrong, the input, how to try it again."""
    wrong = re.findall(r"^(?:WRONG: .*|.*runtime error: .*|SUMMARY: .*)$",
                       output, re.M)
    lines = [wrong[0] if wrong else "it ended, see its log"]
    crash = re.findall(r"Test unit written to (\S+)", output)
    if crash:
        lines += [f"input: {crash[-1]}",
                  f"again: {build}/fuzz_{target} {crash[-1]}"]
    return [*lines, f"log:   {build}/log-{target}"]


def run(build, target, minutes):
    """Returns whether it went well, and lines to be printed."""
    log = build / f"log-{target}"
    limit = 600 + 60 * (minutes or 0)
    environment = {**os.environ, "CMOCKA_TEST_ABORT": "1",
                   "UBSAN_OPTIONS": "print_stacktrace=1"}

    began = time.monotonic()
    with open(log, "wb") as out:
        try:
            code = subprocess.run(
                command(build, target, minutes), stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, env=environment,
                timeout=limit, check=False).returncode
        except (OSError, subprocess.TimeoutExpired) as error:
            out.write(f"WRONG: {error}\n".encode())
            code = -1
    ended = time.monotonic()

    output = log.read_text(errors="replace")
    runs = number(r"stat::number_of_executed_units: *(\d+)", output)
    edges = number(r"cov: (\d+)", output)
    speed = round(runs / (ended - began))
    said = f"{target:8} {runs:9} runs  {edges:5} edges  {speed:6} exec/s"

    if code != 0:
        return False, [f"{said}  FAILED", *("         " + line for line
                                            in failure(build, target, output))]
    if minutes is None and edges < TARGETS[target][1]:
        return False, [f"{said}  FAILED: fewer edges than "
                       f"{TARGETS[target][1]}"]
    return True, [said]


def main():
    parser = argparse.ArgumentParser(prog="fuzz", allow_abbrev=False)
    parser.add_argument("build", type=lambda p: Path(p).resolve())
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", choices=TARGETS, action="append")
    options = parser.parse_args()

    minutes = None if options.short else options.minutes
    failed = 0
    targets = options.only or list(TARGETS)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for well, lines in pool.map(
                lambda target: run(options.build, target, minutes), targets):
            print("\n".join(lines), flush=True)
            failed += not well

    if options.short:
        print(f"{len(targets) - failed} passed"
              + (f", {failed} failed" if failed else "")
              + " in short runs of the fuzz targets")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
