"""Runs the checks over a tree and prints what they find."""

import os
import sys

import deps
import form
import words
from ctext import Source

ROOMS = ("base", "rules", "compare", "control", "module", "cli", "legacy-stub",
         "tests")


def files(top):
    """Paths of the tree's files below top, without what is built or hidden."""
    for directory, names, entries in os.walk(top):
        names[:] = sorted(n for n in names
                          if n not in ("build", "node_modules", "__pycache__")
                          and (not n.startswith(".") or n == ".ci"))
        for entry in sorted(entries):
            path = os.path.join(directory, entry)
            if os.path.isfile(path):
                yield os.path.relpath(path, top)


def read(top, path):
    """The text, or None where it is none."""
    with open(os.path.join(top, path), "rb") as file:
        data = file.read()
    if b"\0" in data[:4096]:
        return None
    return data.decode("utf-8", "replace")


def check(top):
    """Every finding: (path, line, what)."""
    sources = []
    for path in files(top):
        text = read(top, path)
        if text is None:
            continue
        for line, what in words.check(path, text):
            yield path, line, what
        if path.endswith((".c", ".h")) and path.split("/")[0] in ROOMS:
            sources.append(Source(path, text))

    for source in sources:
        for line, what in form.check(source):
            yield source.path, line, what

    yield from deps.check(top, sources)


def main():
    found = sorted(set(check(sys.argv[1])))
    for path, line, what in found:
        print(f"{path}:{line}: {what}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
