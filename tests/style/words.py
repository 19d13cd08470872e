"""What no text file may have, whatever its language."""

import re

CODE = (".c", ".h", ".py", ".sh", ".md")

# these files say what is forbidden
EXEMPT = "tests/style/"

FORBIDDEN = (
    (re.compile(r"\b(TODO|FIXME|XXX|HACK)\b"), "unfinished: {}"),
    (re.compile(r"(?<![\w.:/*])/(?:home/\w+|root|Users/\w+|work)/[\w.]+"),
     "a path of one machine: {}"),
    (re.compile(r"\b[Ii]ssue +#?\d+"), "the text stands alone, without {}"),
)


def check(path, text):
    """Yields (line, what)."""
    code = path.endswith(CODE)

    for number, line in enumerate(text.split("\n"), 1):
        if code and "\t" in line:
            yield number, "a tab"
        if code and line != line.rstrip():
            yield number, "blanks at the end of the line"
        if not path.startswith(EXEMPT):
            for pattern, what in FORBIDDEN:
                for match in pattern.finditer(line):
                    yield number, what.format(match.group())

    if code and text and not text.endswith("\n"):
        yield text.count("\n") + 1, "no newline at the end of the file"
    if code and text.endswith("\n\n"):
        yield text.count("\n"), "an empty line at the end of the file"
