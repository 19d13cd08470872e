"""Readable tables of rows, which are dataclasses."""

import dataclasses


def heading(text):
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


class Table:
    """Columns are (title, field, format); lines are printed as they come."""

    def __init__(self, *columns):
        self.columns = [(title, field, form, max(len(title), 9))
                        for title, field, form in columns]
        self.rows = []
        print("  ".join(self.align(title, form, width)
                        for title, _, form, width in self.columns),
              flush=True)

    @staticmethod
    def align(text, form, width):
        return f"{text:<{width}}" if form[0] in "s<" else f"{text:>{width}}"

    def add(self, row):
        self.rows.append(dataclasses.asdict(row))
        cells = []
        for _, field, form, width in self.columns:
            value = getattr(row, field)
            text = "-" if value is None else format(value, form)
            cells.append(self.align(text, form, width))
        print("  ".join(cells).rstrip(), flush=True)

    def fill(self, rows):
        for row in rows:
            self.add(row)
        return self.rows
