"""What the metrics of a router say."""

import re

from .wait import wait_until

API = "location /_strangler/ { strangler_api main; }"

LINE = re.compile(r'(\w+)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class Samples:
    """The lines of one scrape."""

    def __init__(self, text):
        self.text = text
        self.lines = []
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, labels, value = LINE.fullmatch(line).groups()
            self.lines.append((name.removeprefix("strangler_"),
                               dict(LABEL.findall(labels or "")),
                               float(value)))

    def total(self, name, **labels):
        """The sum of all lines of that name with these labels."""
        return sum(value for n, l, value in self.lines
                   if n == name and labels.items() <= l.items())

    def table(self, name, *labels, **where):
        """Labels' values -> sum, without what is 0."""
        found = {}
        for n, l, value in self.lines:
            if n == name and where.items() <= l.items() and value:
                key = tuple(l.get(label) for label in labels)
                found[key] = found.get(key, 0) + value
        return found


def scrape(router, accept=None):
    headers = [("Accept", accept)] if accept else []
    with router.connect() as client:
        response = client.request("GET", "/_strangler/metrics", headers)
    assert response.status == 200, response
    return Samples(response.text)


def wait_total(router, wanted, name, **labels):
    """Until a sum is what it is to be; the scrape that said so."""
    last = None

    def reached():
        nonlocal last
        last = scrape(router)
        return last.total(name, **labels) == wanted

    try:
        wait_until(reached, f"{name} {labels} is {wanted}")
    except AssertionError as error:
        raise AssertionError(
            f"{error}, but {last.total(name, **labels):g}") from None
    return last


def requests(router):
    """(route, side, outcome) -> requests, once nothing is in flight."""
    samples = wait_total(router, 0, "backend_in_flight")
    return samples.table("requests_total", "route", "side", "outcome")


def assert_table(router, wanted, *labels):
    """
    Requests by labels.  A request is counted after its answer was sent: what
    is there at first need not be all.
    """
    wanted = {key if isinstance(key, tuple) else (key,): value
              for key, value in wanted.items()}
    table = None

    def reached():
        nonlocal table
        samples = scrape(router)
        table = samples.table("requests_total", *labels)
        return table == wanted and samples.total("backend_in_flight") == 0

    try:
        wait_until(reached, "requests are counted")
    except AssertionError:
        assert table == wanted
        raise


def assert_requests(router, wanted):
    """(route, side, outcome) -> requests."""
    assert_table(router, wanted, "route", "side", "outcome")
