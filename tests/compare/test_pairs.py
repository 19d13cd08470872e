"""Differences that are known, and those that a second reading finds."""

import os
import random
from pathlib import Path

import pytest

import generate
import oracle
from program import JSON, Pairs, answer

PROGRAM = Path(os.environ.get(
    "COMPARE_BUILD", Path(__file__).parents[2] / "build/compare")) / "pairs"


@pytest.fixture(scope="module")
def pairs():
    with Pairs(str(PROGRAM)) as program:
        yield program


def test_made_differences_are_found_and_no_others(pairs):
    assert list(generate.run(pairs, 2000, 7)) == []
    assert len(generate.KINDS) >= 20


class Random:
    """Small documents over few names and values, so that much is alike."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def scalar(self):
        return self.random.choice(
            ["null", "true", "false", "0", "-0.0", "1", "1.0", "2", "10e-1",
             "1.05", '"a"', '"b"', '"\\u0061"', '"1700000000"', '""'])

    def value(self, depth):
        choice = self.random.randrange(5)
        if depth == 0 or choice < 2:
            return self.scalar()
        n = self.random.randrange(5)
        if choice == 2:
            return "[" + ",".join(
                self.value(depth - 1) for _ in range(n)) + "]"
        return "{" + ",".join(
            f'"{self.random.choice("abc")}":{self.value(depth - 1)}'
            for _ in range(n)) + "}"

    def changed(self, text):
        """The same text with a scalar or two replaced, or a part moved."""
        parts = text.split(",")
        for _ in range(self.random.randrange(3)):
            i, j = (self.random.randrange(len(parts)) for _ in range(2))
            parts[i], parts[j] = parts[j], parts[i]
        for _ in range(self.random.randrange(3)):
            i = self.random.randrange(len(parts))
            parts[i] = parts[i].replace("1", self.random.choice("12"))
        text = ",".join(parts)
        try:
            oracle.parse(text)
        except ValueError:
            return self.value(4)
        return text

    def path(self):
        # an index means different elements where arrays are aligned, and is
        # tested elsewhere
        steps = [".a", ".b", "[*]", ".*", "..a", "..c", "['b']", "..*"]
        return "$" + "".join(self.random.choice(steps)
                             for _ in range(self.random.randrange(4)))

    def options(self):
        if self.random.random() < 0.3:
            return {}
        options = {"null_absent": self.random.random() < 0.3}
        for kind in ("ignore", "unordered"):
            if self.random.random() < 0.3:
                options[kind] = [self.path()]
        if self.random.random() < 0.3:
            options["keyed"] = {self.path(): self.random.choice("ab")}
        if self.random.random() < 0.3:
            options["shape"] = {self.path(): "epoch"}
        return options


def disagreements(pairs, seed, n):
    source = Random(seed)
    for _ in range(n):
        a = source.value(4)
        b = source.value(4) if source.random.random() < 0.3 \
            else source.changed(a)
        options = source.options()
        wanted = oracle.differences(a, b, options)
        outcome, found = pairs.json(a, b, options)
        if found != wanted or outcome != ("mismatch" if wanted else "match"):
            yield a, b, options, wanted, found


def test_agrees_with_a_second_reading(pairs):
    assert list(disagreements(pairs, 11, 2500)) == []
