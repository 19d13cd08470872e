"""What a comparison of two JSON texts must find, written a second time.

Slow and plain, by the words of the contract and by other means: rules are
looked up in sets of locations, numbers are fractions, equality is asked again
wherever it is needed.

    differences(a, b, options) -> {(path, kind, from, to), ...}
"""

import json
import re
from fractions import Fraction

ALIGNED = 1000


class Object(list):
    """Members as (name, value), in order, duplicates too."""

    def names(self):
        return list(dict.fromkeys(name for name, _ in self))

    def values(self, name):
        return [v for n, v in self if n == name]


class Number:
    def __init__(self, text):
        self.text = text
        self.value = Fraction(text)


def parse(text):
    return json.loads(text, object_pairs_hook=Object, parse_int=Number,
                      parse_float=Number)


def type_of(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Object) else "array"


TOKEN = re.compile(r"""(\.\.|\.|)(?:\[(?:'((?:\\.|[^'])*)'|(-?\d+)|(\*))\]
                       |([^.\[\]]+))""", re.X)


def locations(expression, root):
    """The set of tuples of names and indices that an expression selects."""
    at = [((), root)]
    for dots, quoted, index, star, bare in TOKEN.findall(expression[1:]):
        if dots == "..":
            at += _below(at)
        name = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
        any_ = star or bare == "*"
        at = [(where + (key,), child)
              for where, value in at for key, child in _children(value)
              if any_ or (_is_index(index, key, value) if index
                          else key == name and isinstance(value, Object))]
    return {where for where, _ in at}


def _children(value):
    if isinstance(value, Object):
        return list(value)
    return list(enumerate(value)) if isinstance(value, list) else []


def _is_index(index, key, value):
    return not isinstance(value, Object) and int(index) in (
        key, key - len(value))


def _below(at):
    found = []
    for where, value in at:
        children = [(where + (k,), child) for k, child in _children(value)]
        found += children + _below(children)
    return found


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)

SHAPES = {
    "uuid": UUID,
    "epoch": re.compile(r"[0-9]{10}([0-9]{3})?"),
    "rfc3339": re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?"
                          r"([Zz]|[+-]\d\d:\d\d)"),
}

ID = re.compile(r"[0-9]+|[0-9a-fA-F]{16,}|[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]"
                r"{25}|" + UUID.pattern, re.I)

NAME = re.compile(r"[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*", re.A)


def step(name, siblings):
    if siblings >= 50 or ID.fullmatch(name):
        return ".*"
    if NAME.fullmatch(name):
        return "." + name
    return "['" + re.sub(
        r"['\\]|[\0-\x1f]",
        lambda m: (f"\\u{ord(m.group()):04x}" if m.group() < " "
                   else "\\" + m.group()), name) + "']"


class Oracle:
    def __init__(self, a, b, options):
        self.null_absent = options.get("null_absent", False)
        self.sides = {}
        for side, root in (("a", a), ("b", b)):
            rules = self.sides[side] = {}
            for kind in ("ignore", "unordered"):
                rules[kind] = set().union(*(
                    locations(e, root) for e in options.get(kind, ())))
            for kind in ("keyed", "tolerance", "shape"):
                rules[kind] = {}
                for e, value in options.get(kind, {}).items():
                    for where in locations(e, root):
                        rules[kind].setdefault(where, value)
        self.found = set()
        self.probing = 0

    def rule(self, kind, place):
        return self.sides[place[0]][kind].get(place[1])

    def has(self, kind, place):
        return place[1] in self.sides[place[0]][kind]

    def report(self, path, kind, a, b):
        self.found.add((path, kind, a, b))

    def equal(self, a, b, la, lb):
        kept, self.found = self.found, set()
        self.probing += 1
        self.value(a, b, la, lb, "$")
        self.probing -= 1
        equal, self.found = not self.found, kept
        return equal

    def value(self, a, b, la, lb, path):
        """la and lb are where the values are in their documents."""
        if self.has("ignore", ("a", la)):
            return
        types = type_of(a), type_of(b)
        if types[0] != types[1]:
            self.report(path, "null" if "null" in types else "type", *types)
        elif types[0] == "object":
            self.object(a, b, la, lb, path)
        elif types[0] == "array":
            if self.rule("keyed", ("a", la)):
                self.keyed(a, b, la, lb, path)
            elif self.has("unordered", ("a", la)):
                self.unordered(a, b, la, lb, path)
            else:
                self.array(a, b, la, lb, path)
        elif not self.scalar(a, b, la):
            self.report(path, "value", *types)

    def scalar(self, a, b, where):
        if isinstance(a, Number):
            x, y = a.value, b.value
            if x == y:
                return True
            near = self.rule("tolerance", ("a", where))
            if near and "abs" in near and abs(x - y) <= Fraction(near["abs"]):
                return True
            if near and "rel" in near and \
                    abs(x - y) <= Fraction(near["rel"]) * max(abs(x), abs(y)):
                return True
            a, b = a.text, b.text
        elif a == b:
            return True
        shape = self.rule("shape", ("a", where))
        return (bool(shape) and isinstance(a, str)
                and bool(SHAPES[shape].fullmatch(a))
                and bool(SHAPES[shape].fullmatch(b)))

    def object(self, a, b, la, lb, path):
        siblings = max(len(a), len(b))
        for name in dict.fromkeys(a.names() + b.names()):
            x, y = a.values(name), b.values(name)
            wa, wb = la + (name,), lb + (name,)
            below = path + step(name, siblings)
            side = ("a", wa) if x else ("b", wb)
            if self.has("ignore", side):
                continue
            if len(x) == 1 and len(y) == 1:
                self.value(x[0], y[0], wa, wb, below)
            elif not x or not y:
                values = [v for v in x or y
                          if v is not None or not self.null_absent]
                if values:
                    best = [v for v in values if v is not None] or values
                    self.absent(best[0], bool(x), below)
            elif len(x) != len(y) or not all(
                    self.equal(v, w, wa, wb) for v, w in zip(x, y)):
                self.report(path, "duplicate", "object", "object")

    def absent(self, value, in_a, path):
        if in_a:
            self.report(path, "missing", type_of(value), "")
        else:
            self.report(path, "extra", "", type_of(value))

    def alone(self, value, side, where, in_a, path):
        if not self.has("ignore", (side, where)):
            self.absent(value, in_a, path + "[*]")

    def array(self, a, b, la, lb, path):
        def same(i, j):
            ignored = [self.has("ignore", ("a", la + (i,))),
                       self.has("ignore", ("b", lb + (j,)))]
            return all(ignored) or (not any(ignored) and self.equal(
                a[i], b[j], la + (i,), lb + (j,)))

        def pair(i, j):
            self.value(a[i], b[j], la + (i,), lb + (j,), path + "[*]")

        if len(a) == len(b) and all(same(i, i) for i in range(len(a))):
            return
        if self.probing:
            self.report(path, "differs", "", "")
            return
        if len(a) == len(b) and self.is_shuffled(a, b, same):
            self.report(path, "order", "array", "array")
            return
        if max(len(a), len(b)) > ALIGNED:
            for i in range(min(len(a), len(b))):
                pair(i, i)
            if len(a) != len(b):
                self.report(path, "length", "array", "array")
            return
        i = j = 0
        for x, y in [*self.align(a, b, same), (len(a), len(b))]:
            while i < x and j < y:
                pair(i, j)
                i, j = i + 1, j + 1
            for i in range(i, x):
                self.alone(a[i], "a", la + (i,), True, path)
            for j in range(j, y):
                self.alone(b[j], "b", lb + (j,), False, path)
            i, j = x + 1, y + 1

    @staticmethod
    def is_shuffled(a, b, same):
        rest = list(range(len(b)))
        for i in range(len(a)):
            for j in rest:
                if same(i, j):
                    rest.remove(j)
                    break
            else:
                return False
        return True

    @staticmethod
    def align(a, b, same):
        """Equal heads and tails, then from the front: a pair if it is one,
        otherwise what leaves more, of a where both leave as much."""
        head, na, nb = 0, len(a), len(b)
        while head < min(na, nb) and same(head, head):
            head += 1
        while min(na, nb) > head and same(na - 1, nb - 1):
            na, nb = na - 1, nb - 1
        best = {}
        for i in range(na, head - 1, -1):
            for j in range(nb, head - 1, -1):
                if i == na or j == nb:
                    best[i, j] = 0
                elif same(i, j):
                    best[i, j] = 1 + best[i + 1, j + 1]
                else:
                    best[i, j] = max(best[i + 1, j], best[i, j + 1])
        pairs = [(i, i) for i in range(head)]
        i = j = head
        while i < na and j < nb:
            if same(i, j):
                pairs.append((i, j))
                i, j = i + 1, j + 1
            elif best[i + 1, j] >= best[i, j + 1]:
                i += 1
            else:
                j += 1
        return pairs + [(na + k, nb + k) for k in range(len(a) - na)]

    def unordered(self, a, b, la, lb, path):
        rest_a, rest_b = [], list(range(len(b)))
        for i in range(len(a)):
            for j in rest_b:
                if self.equal(a[i], b[j], la + (i,), lb + (j,)):
                    rest_b.remove(j)
                    break
            else:
                rest_a.append(i)
        for i, j in zip(rest_a, rest_b):
            self.value(a[i], b[j], la + (i,), lb + (j,), path + "[*]")
        for i in rest_a[len(rest_b):]:
            self.alone(a[i], "a", la + (i,), True, path)
        for j in rest_b[len(rest_a):]:
            self.alone(b[j], "b", lb + (j,), False, path)

    def keyed(self, a, b, la, lb, path):
        key = self.rule("keyed", ("a", la))

        def groups(array):
            found = {}
            for i, element in enumerate(array):
                values = (element.values(key)
                          if isinstance(element, Object) else [])
                value = values[0] if values else None
                name = None
                if isinstance(value, Number):
                    name = ("number", value.value)
                elif value is not None and not isinstance(value, list):
                    name = (type_of(value), value)
                    if type_of(value) == "boolean":
                        name = (str(value), value)
                found.setdefault(name, []).append(i)
            return found

        ga, gb = groups(a), groups(b)
        for name in [*ga, *(n for n in gb if n not in ga)]:
            x, y = ga.get(name, []), gb.get(name, [])
            if name is not None and not y:
                for i in x:
                    self.alone(a[i], "a", la + (i,), True, path)
            elif name is not None and not x:
                for j in y:
                    self.alone(b[j], "b", lb + (j,), False, path)
            elif name is not None and len(x) == len(y) == 1:
                self.value(a[x[0]], b[y[0]], la + (x[0],), lb + (y[0],),
                           path + "[*]")
            elif len(x) != len(y) or not all(
                    self.equal(a[i], b[j], la + (i,), lb + (j,))
                    for i, j in zip(x, y)):
                self.report(path, "missing" if name is None else "duplicate",
                            "array", "array")


def differences(a, b, options):
    x, y = parse(a), parse(b)
    oracle = Oracle(x, y, options)
    oracle.value(x, y, (), (), "$")
    return oracle.found
