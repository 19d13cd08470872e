"""C text as the checks see it: a file, its code without comments and string
contents, and the functions that it defines.

    Source   path, room, lines     as they are
             code                  the same lines with comments and the insides
                                   of literals blanked, columns unchanged
             functions             found by the house's own form: a body begins
                                   with a `{` and ends with a `}` in column 1
"""

import re

NOISE = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.X | re.S)


def _blank(match):
    text = match.group()
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[-1]
    return re.sub(r"[^\n]", " ", text)


class Function:
    """Lines are indexes into the source: name, `{` and `}`."""

    def __init__(self, name, head, opening, closing):
        self.name = name
        self.head = head
        self.opening = opening
        self.closing = closing


class Source:
    def __init__(self, path, text):
        self.path = path
        self.room = path.split("/")[0]
        self.text = text
        self.lines = text.split("\n")
        self.code = NOISE.sub(_blank, text).split("\n")
        self.functions = list(self._find_functions())

    def _find_functions(self):
        opening = None
        for i, line in enumerate(self.code):
            if line.startswith("{"):
                opening = i
            elif line.startswith("}") and opening is not None:
                head = self._head_of(opening)
                if head is not None:
                    name = re.match(r"\w+", self.code[head]).group()
                    yield Function(name, head, opening, i)
                opening = None

    def _head_of(self, opening):
        """The line with the name: the nearest one above that starts so."""
        for i in range(opening - 1, -1, -1):
            if re.match(r"[A-Za-z_]\w*\(", self.code[i]):
                return i
            if not self.code[i].startswith(" "):
                return None
        return None

    def body(self, function):
        """(index, code) of the lines between the braces."""
        for i in range(function.opening + 1, function.closing):
            yield i, self.code[i]

    def includes(self):
        """(index, name) of every #include."""
        for i, line in enumerate(self.lines):
            match = re.match(r'\s*#\s*include\s+["<]([^">]+)[">]', line)
            if match and self.code[i].strip():
                yield i, match.group(1)
