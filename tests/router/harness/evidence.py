"""Evidence in a router's state directory, as if requests had been compared."""

import functools
import pathlib
import subprocess

from .nginx import make_home

HERE = pathlib.Path(__file__).parent
TOP = HERE.parents[2]


@functools.lru_cache(maxsize=None)
def build():
    """The program that feeds it, made once."""
    program = pathlib.Path(make_home()) / "feed_evidence"
    sources = [HERE / "feed_evidence.c"]
    for room, names in (("base", "*"), ("compare", "*"),
                        ("evidence", "fig_batch*"), ("evidence", "fig_evid*"),
                        ("evidence", "fig_record*"),
                        ("evidence", "fig_suspects*")):
        sources += sorted((TOP / room).glob(f"{names}.c"))
    subprocess.run(
        ["gcc", "-std=c11", "-O1", "-Wall", "-Werror", "-o", str(program),
         *(f"-I{TOP / room}" for room in ("base", "compare", "rules",
                                          "evidence")),
         *map(str, sources), "-lz", "-lm", "-lpthread"],
        check=True)
    return program


def feed(api, *pairs):
    """
    Each of pairs is "ROUTE N ..." of feed_evidence.c without its key, which is
    that of the rules in force.
    """
    lines = []
    for pair in pairs:
        route, rest = pair.split(" ", 1)
        key = api.get(f"v1/routes/{route}")["readiness"]["evidence"]
        lines.append(f"{route} {key} {rest}\n")
    feed_raw(api.router, "".join(lines))


def feed_raw(router, text):
    home = pathlib.Path(router.nginx.home)
    subprocess.run([str(build()), str(home / "state")], input=text, text=True,
                   check=True, timeout=60)


def only_class(api, route):
    """The one class that a route has."""
    classes = api.get(f"v1/differences?route={route}")["classes"]
    assert len(classes) == 1, classes
    return classes[0]
