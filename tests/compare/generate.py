"""Pairs of documents whose differences are known, because they were made.

    generate.py PROGRAM [N [SEED]]     N pairs (100,000): exit status 1 when
                                       one is judged in another way

A document is an object of members; each of some members gets one change, so
that differences do not touch each other.  Changes that make no difference are
among them, and texts are written in another way each time: order of members,
blanks, escapes, notations of numbers.
"""

import json
import random
import sys
from decimal import Decimal

from program import Pairs

NAMES = ["id", "name", "items", "price", "a b", "quo'te", "back\\slash", "ü",
         "x_1", "12345", "0123456789abcdef", "ok", "list", "née", "z-z", "\n",
         "01ARZ3NDEKTSV4RRFFQ69G5FAV", "slash/tilde~", ""]

TEXTS = ["", "text", "Müller", "\U0001f600", "a\"b\\c", "\x7f", "1", "null",
         "a longer text that is not in one word", "\u2028", "e\u0301"]

NUMBERS = ["0", "1", "-1", "12.5", "9007199254740993", "1e400",
           "18446744073709551616", "0.1", "-2.50", "3e-7", "100"]


class Raw(str):
    """A number as it is to be written."""


class Members(list):
    """An object."""


def step(name):
    return {"12345": ".*", "0123456789abcdef": ".*",
            "01ARZ3NDEKTSV4RRFFQ69G5FAV": ".*", "a b": "['a b']",
            "quo'te": "['quo\\'te']", "back\\slash": "['back\\\\slash']",
            "z-z": "['z-z']", "\n": "['\\u000a']", "": "['']",
            "slash/tilde~": "['slash/tilde~']"}.get(name, "." + name)


def type_of(value):
    return ("null" if value is None else "boolean" if isinstance(value, bool)
            else "number" if isinstance(value, Raw)
            else "string" if isinstance(value, str)
            else "object" if isinstance(value, Members) else "array")


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.serial = 0

    def unique(self):
        self.serial += 1
        return f"unique {self.serial}"

    def scalar(self):
        choice = self.random.randrange(6)
        if choice == 0:
            return None
        if choice == 1:
            return self.random.random() < 0.5
        if choice < 4:
            return Raw(self.random.choice(NUMBERS))
        return self.random.choice(TEXTS)

    def value(self, depth):
        choice = self.random.randrange(4)
        if depth == 0 or choice < 2:
            return self.scalar()
        size = self.random.randrange(5)
        if choice == 2:
            return [self.value(depth - 1) for _ in range(size)]
        return Members((name, self.value(depth - 1)) for name
                       in self.random.sample(NAMES, size))

    # writing, in one of many ways

    def number(self, text):
        choice = self.random.randrange(6)
        if choice > 2 or "e" in text.lower():
            return text
        value = Decimal(text)
        if choice == 0:
            return text + ("00" if "." in text else ".0")
        if choice == 1:
            return f"{value.scaleb(3)}e-3" if "E" not in str(
                value.scaleb(3)) else text
        return text.replace("0", "-0") if text == "0" else text + "E+00"

    def text(self, text):
        written = json.dumps(text, ensure_ascii=self.random.random() < 0.3)
        if "/" in text and self.random.random() < 0.5:
            written = written.replace("/", "\\/")
        return written

    def write(self, value):
        blank = self.random.choice(["", "", "", " ", "\n\t"])
        if isinstance(value, Raw):
            return self.number(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Members):
            members = list(value)
            if len({n for n, _ in members}) == len(members) \
                    and self.random.random() < 0.5:
                self.random.shuffle(members)
            inside = f",{blank}".join(
                f"{self.text(n)}{blank}:{self.write(v)}" for n, v in members)
            return f"{{{blank}{inside}}}"
        if isinstance(value, list):
            return f"[{blank}" + f"{blank},".join(map(self.write, value)) + "]"
        return json.dumps(value)

    # changes: each gives a and b, the differences and the options for them

    def pair(self, kind):
        options = {}
        a, b, found = getattr(self, "make_" + kind)(options)
        return a, b, found, options

    def make_nothing(self, _):
        value = self.value(3)
        return value, value, []

    def make_text(self, _):
        return self.unique(), self.unique(), [
            ("", "value", "string", "string")]

    def make_normal_form(self, _):
        return "é", "e\u0301", [("", "value", "string", "string")]

    def make_number(self, _):
        a, b = self.random.choice([
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551616", "18446744073709551615"),
            ("0.1", "0.10000000000000001"), ("1e400", "1e401"), ("1", "-1"),
            ("123456789012345678901234567890",
             "123456789012345678901234567891")])
        return Raw(a), Raw(b), [("", "value", "number", "number")]

    def make_notation(self, _):
        a, b = self.random.choice([
            ("1", "1.0"), ("1", "10e-1"), ("-0", "0"), ("0.0", "0e5"),
            ("100", "1E+2"), ("12.50", "1.25e1"), ("1e400", "0.1e401")])
        return Raw(a), Raw(b), []

    def make_boolean(self, _):
        return True, False, [("", "value", "boolean", "boolean")]

    def make_type(self, _):
        a, b = self.random.choice([
            (Raw("1"), "1"), (True, "true"), ([], Members()), ("", []),
            (Members(), Raw("0")), (Raw("1"), True), ([None], "x")])
        return a, b, [("", "type", type_of(a), type_of(b))]

    def make_null(self, _):
        value = self.random.choice(["", Raw("0"), False, [], Members()])
        a, b = self.random.choice([(value, None), (None, value)])
        return a, b, [("", "null", type_of(a), type_of(b))]

    def members(self):
        return Members((name, self.value(1)) for name in self.random.sample(
            NAMES, self.random.randrange(1, 5)))

    def make_missing(self, _):
        a = self.members()
        b = Members(a)
        name, value = b.pop(self.random.randrange(len(b)))
        return a, b, [(step(name), "missing", type_of(value), "")]

    def make_extra(self, _):
        b, a, [(path, _, type_, _)] = self.make_missing(None)
        return a, b, [(path, "extra", "", type_)]

    def make_null_absent(self, options):
        options["null_absent"] = True
        a = Members([("n", None), ("m", Raw("1"))])
        b = Members([("m", Raw("1"))])
        return *self.random.choice([(a, b), (b, a)]), []

    def make_order(self, _):
        a = [self.unique() for _ in range(self.random.randrange(2, 6))]
        return a, a[1:] + a[:1], [("", "order", "array", "array")]

    def make_inserted(self, _):
        a = [Members([("v", self.unique())])
             for _ in range(self.random.randrange(6))]
        b = list(a)
        value = self.value(1)
        if isinstance(value, Members):
            value.append(("unique", self.unique()))
        b.insert(self.random.randrange(len(a) + 1), value)
        return a, b, [("[*]", "extra", "", type_of(value))]

    def make_removed(self, options):
        b, a, [(_, _, _, type_)] = self.make_inserted(options)
        return a, b, [("[*]", "missing", type_, "")]

    def make_element(self, _):
        a = [Members([("v", self.unique()), ("w", self.value(1))])
             for _ in range(self.random.randrange(1, 6))]
        b = list(a)
        at = self.random.randrange(len(a))
        b[at] = Members([("v", self.unique()), a[at][1]])
        return a, b, [("[*].v", "value", "string", "string")]

    def make_length(self, _):
        a = [Raw(str(i)) for i in range(1001)]
        return a, a + [Raw("7")], [("", "length", "array", "array")]

    def make_duplicate(self, _):
        a = Members([("n", Raw("1")), ("m", Raw("2")), ("n", Raw("3"))])
        b = Members(self.random.choice([
            [("n", Raw("3")), ("m", Raw("2")), ("n", Raw("1"))],
            [("n", Raw("1")), ("m", Raw("2"))],
            [("n", Raw("1")), ("m", Raw("2")), ("n", Raw("3")),
             ("n", Raw("3"))]]))
        return a, b, [("", "duplicate", "object", "object")]

    def make_same_duplicates(self, _):
        a = Members([("n", Raw("1")), ("m", Raw("2")), ("n", Raw("3"))])
        b = Members([("m", Raw("2")), ("n", Raw("1.0")), ("n", Raw("3"))])
        return a, b, []

    def make_ignored(self, options):
        options["ignore"] = ["..stamp"]
        a = Members([("stamp", self.unique()), ("v", Raw("1"))])
        b = Members([("stamp", self.value(2)), ("v", Raw("1"))])
        return [a], [b], []

    def make_ignored_and_not(self, options):
        options["ignore"] = ["[*].stamp"]
        a = Members([("stamp", self.unique()), ("v", Raw("1"))])
        b = Members([("v", Raw("2"))])
        return [a], [b], [("[*].v", "value", "number", "number")]

    def make_unordered(self, options):
        options["unordered"] = [""]
        a = [self.value(2) for _ in range(self.random.randrange(6))]
        b = list(a)
        self.random.shuffle(b)
        return a, b, []

    def make_unordered_missing(self, options):
        options["unordered"] = [""]
        a = [self.unique() for _ in range(self.random.randrange(1, 6))]
        b = a[1:]
        self.random.shuffle(b)
        return a, b, [("[*]", "missing", "string", "")]

    def make_keyed(self, options):
        options["keyed"] = {"": "id"}
        a = [Members([("id", Raw(str(i))), ("v", self.value(1))])
             for i in range(self.random.randrange(1, 6))]
        b = list(a)
        self.random.shuffle(b)
        b[0] = Members([b[0][0], ("v", self.unique()), ("w", None)])
        type_ = type_of(next(v for m in a if m[0] == b[0][0]
                             for n, v in m if n == "v"))
        kind = ("value" if type_ == "string" else "null" if type_ == "null"
                else "type")
        return a, b, [("[*].v", kind, type_, "string"),
                      ("[*].w", "extra", "", "null")]

    def make_keyed_twice(self, options):
        options["keyed"] = {"": "id"}
        one = Members([("id", Raw("1"))])
        return [one], [one, one], [("", "duplicate", "array", "array")]

    def make_near(self, options):
        options["tolerance"] = {"": {"abs": "0.1"}}
        a, b = self.random.choice([("1.1", "1.2"), ("0.3", "0.2"),
                                   ("-0.05", "0.05"), ("1e3", "999.9")])
        return Raw(a), Raw(b), []

    def make_far(self, options):
        options["tolerance"] = {"": {"rel": "0.01"}}
        return Raw("100"), Raw("101.0102"), [
            ("", "value", "number", "number")]

    def make_shape(self, options):
        options["shape"] = {"": "rfc3339"}
        return "2024-02-29T23:59:60.5+01:00", "1999-12-31t00:00:00z", []

    def make_lost_shape(self, options):
        options["shape"] = {"": "uuid"}
        a = "123e4567-e89b-12d3-a456-426614174000"
        return a, a[:-1] + "g", [("", "value", "string", "string")]

    def wrap(self, a, b, path, depth):
        """Puts both into the same surroundings."""
        for _ in range(depth):
            if self.random.random() < 0.4:
                a, b, path = [a], [b], "[*]" + path
                continue
            name = self.random.choice(NAMES)
            rest = [(n, self.value(1)) for n in self.random.sample(
                [n for n in NAMES if n != name], self.random.randrange(3))]
            at = self.random.randrange(len(rest) + 1)
            a = Members(rest[:at] + [(name, a)] + rest[at:])
            b = Members(rest[:at] + [(name, b)] + rest[at:])
            path = step(name) + path
        return a, b, path

    def document(self):
        """Texts of a and b, the set of differences, options."""
        a, b, found, options = Members(), Members(), set(), {}
        for i in range(self.random.randrange(1, 6)):
            kind = self.random.choice(KINDS)
            if kind == "length" and self.random.random() < 0.9:
                kind = "nothing"
            if kind == "null_absent" or options.get("null_absent"):
                kind = "nothing" if i else kind
            x, y, differences, wanted = self.pair(kind)
            x, y, path = self.wrap(x, y, "", self.random.randrange(4))
            path = f"$.m{'abcdef'[i]}" + path
            a.append((f"m{'abcdef'[i]}", x))
            b.append((f"m{'abcdef'[i]}", y))
            found |= {(path + p, *rest) for p, *rest in differences}
            for option, value in wanted.items():
                if isinstance(value, list):
                    options.setdefault(option, []).extend(
                        path + p for p in value)
                elif isinstance(value, dict):
                    options.setdefault(option, {}).update(
                        {path + p: v for p, v in value.items()})
                else:
                    options[option] = value
        return self.write(a), self.write(b), found, options


KINDS = [name[5:] for name in dir(Generator) if name.startswith("make_")]


def run(pairs, n, seed):
    """Yields what was judged in another way than it was made."""
    generator = Generator(seed)
    for _ in range(n):
        a, b, found, options = generator.document()
        outcome, judged = pairs.json(a, b, options)
        if judged != found or outcome != ("mismatch" if found else "match"):
            yield a, b, options, found, outcome, judged


def main():
    n = int(sys.argv[2]) if len(sys.argv) > 2 else 100000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    with Pairs(sys.argv[1]) as pairs:
        wrong = 0
        for a, b, options, found, outcome, judged in run(pairs, n, seed):
            wrong += 1
            if wrong <= 5:
                print(f"a: {a}\nb: {b}\noptions: {options}\nmade: {found}\n"
                      f"judged: {outcome} {judged}\n")
    print(f"{n} pairs of {len(KINDS)} kinds, {wrong} judged wrongly")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
