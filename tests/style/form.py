"""The form of C files: nginx style, and how large and deep things may get."""

import re

COLUMNS = 80
FILE_LINES = 600
HEAD_LINES = range(3, 16)
BODY_LINES = 60
DEPTH = 3

# tests and the example monolith may be long; what is shipped may not
SHIPPED = ("base", "rules", "compare", "control", "module", "cli")

PREFIX = {"base": "fig_", "rules": "fig_", "compare": "fig_",
          "control": "fig_",
          "module": "ngx_http_strangler_"}


def check(source):
    """Yields (line, what)."""
    yield from _lines(source)
    yield from _head(source)
    yield from _macros(source)
    yield from _braces(source)
    yield from _definitions(source)

    for function in source.functions:
        yield from _blank_lines(source, function)
        yield from _name(source, function)
        yield from _size(source, function)
        yield from _labels(source, function)
        yield from _declarations(source, function)


def _lines(source):
    for number, line in enumerate(source.lines, 1):
        if len(line) > COLUMNS:
            yield number, f"{len(line)} columns, more than {COLUMNS}"

    text = re.sub(r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|/\*.*?\*/",
                  lambda m: re.sub(r"[^\n]", " ", m.group()),
                  source.text, flags=re.S)
    for number, line in enumerate(text.split("\n"), 1):
        if "//" in line:
            yield number, "a // comment"

    if source.room in SHIPPED and len(source.lines) - 1 > FILE_LINES:
        yield 1, f"{len(source.lines) - 1} lines, more than {FILE_LINES}"


def _head(source):
    match = re.match(r"/\*\n(.*?)\n \*/\n", source.text, re.S)
    if not match:
        yield 1, "no comment at the head of the file"
    elif source.room in SHIPPED:
        lines = match.group(1).count("\n") + 1
        if lines not in HEAD_LINES:
            yield 1, (f"the head comment has {lines} lines, not "
                      f"{HEAD_LINES[0]} to {HEAD_LINES[-1]}")


def _macros(source):
    for index, line in enumerate(source.code):
        match = re.match(r"\s*#\s*define\s+(\w+)\(", line)
        if match and "sizeof" not in line:
            yield index + 1, f"{match.group(1)} is a function-like macro"


def _matching(text, start):
    """The index behind the parenthesis that closes the one at start."""
    depth = 0
    for i in range(start, len(text)):
        if text[i] == "(":
            depth += 1
        elif text[i] == ")":
            depth -= 1
            if depth == 0:
                return i + 1
    return len(text)


def _without_directives(source):
    lines = []
    continued = False
    for line in source.code:
        directive = continued or line.lstrip().startswith("#")
        continued = directive and line.endswith("\\")
        lines.append("" if directive else line)
    return "\n".join(lines)


def _braces(source):
    text = _without_directives(source)
    for match in re.finditer(r"\b(if|for|while|switch|else|do)\b(\s*)", text):
        word, end = match.group(1), match.end()
        number = text.count("\n", 0, match.start()) + 1

        if word in ("else", "do"):
            rest = text[end:]
            if not re.match(r"\{|if\b" if word == "else" else r"\{", rest):
                yield number, f"no braces after {word}"
            continue

        if match.group(2) != " ":
            yield number, f"one blank between {word} and ("

        rest = text[_matching(text, end):].lstrip()
        empty = word in ("for", "while") and rest.startswith(";")
        if not empty and not rest.startswith("{"):
            yield number, f"no braces after {word}"


def _definitions(source):
    """Functions whose form hides them from every other check."""
    for index, line in enumerate(source.code):
        if re.match(r"[A-Za-z_][^=;]*\)\s*\{", line):
            yield index + 1, "a function's { has a line of its own"

        opened = line.startswith("{")
        if not opened or index == 0:
            continue

        head = index - 1
        while head > 0 and source.code[head].startswith(" "):
            head -= 1
        if re.match(r"[A-Za-z_]\w*[ *].*\w\(", source.code[head]):
            yield head + 1, "the return type has a line of its own"


def _blank_lines(source, function):
    after = function.closing + 1
    while after < len(source.lines) and not source.lines[after].strip():
        after += 1
    blank = after - function.closing - 1
    if (after < len(source.lines) and blank != 2
            and not source.code[after].startswith("#")):
        yield after + 1, f"{blank} blank lines after {function.name}(), not 2"

    # upwards: the return type, a comment that belongs to it, blank lines
    above = function.head - 2
    if above >= 1 and not source.lines[above].strip():
        if source.lines[above - 1].endswith("*/"):
            above -= 1
    if source.lines[above].endswith("*/"):
        while above > 0 and "/*" not in source.lines[above]:
            above -= 1
        above -= 1
    blank = 0
    while above >= 0 and not source.lines[above].strip():
        above -= 1
        blank += 1
    if above >= 0 and blank != 2 and not source.code[above].startswith("#"):
        yield (function.head + 1,
               f"{blank} blank lines before {function.name}(), not 2")


def _name(source, function):
    prefix = PREFIX.get(source.room)
    if prefix and not function.name.startswith(prefix):
        yield function.head + 1, f"{function.name}() does not begin {prefix}"


def _size(source, function):
    """Lines with something on them, and blocks within blocks."""
    lines = sum(1 for i in range(function.opening + 1, function.closing)
                if source.lines[i].strip())
    if lines > BODY_LINES:
        yield (function.head + 1,
               f"{function.name}() has {lines} lines, more than {BODY_LINES}")

    text = "\n".join(code for _, code in source.body(function))
    deepest = _deepest(text)
    if deepest:
        yield (function.opening + 2 + text.count("\n", 0, deepest),
               f"{function.name}() nests deeper than {DEPTH}")


def _deepest(text):
    """Where blocks first nest too deep; 0: nowhere.  Initialisers are none."""
    stack = []
    for match in re.finditer(r"[{}]", text):
        if match.group() == "}":
            if stack:
                stack.pop()
            continue
        before = text[:match.start()].rstrip()
        stack.append(not before.endswith(("=", ",", "{", "(", "]"))
                     and not re.search(r"[=(,&]\s*\([\w\s*]+(\[\w*\])?\)$"
                                       r"|\breturn\s*\([\w\s*]+\)$", before))
        if sum(stack) > DEPTH:
            return match.start()
    return 0


def _labels(source, function):
    labels = []
    for index, code in source.body(function):
        for label in re.findall(r"\bgoto\s+(\w+)", code):
            if label not in labels:
                labels.append(label)
                if len(labels) > 1:
                    yield (index + 1, f"{function.name}() has goto "
                           f"{label} besides {labels[0]}")


DECLARATION = re.compile(
    r"    (?!return\b|goto\b|else\b|case\b|break\b)"
    r"((?:[a-z_]\w*|[A-Z]\w*)(?: [A-Za-z_]\w*)*)( +)(\**)([A-Za-z_]\w*)"
    r"(?:\[[^;=]*\])*(?: = |,|;)")


def _declarations(source, function):
    """The block of declarations at the start of a body is in columns."""
    column = None
    for index, code in source.body(function):
        match = DECLARATION.match(code)
        if not match:
            if not code.strip():
                return
            continue
        if len(match.group(2)) < 2:
            if " = " in match.group():      # nginx's `conf_t *prev = parent;`
                continue
            yield (index + 1, f"two blanks at least before {match.group(4)} "
                   "in its declaration")
        elif column is None:
            column = match.start(4)
        elif match.start(4) != column:
            yield index + 1, f"{match.group(4)} is not in the column of the " \
                "declarations above"
