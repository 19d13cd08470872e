"""What is measured: kinds of routes, how many of them, hit and miss.

A kind is a pattern for the path of a route and two requests, one that a route
matches and one that none does; {n} becomes a number of five digits, {x} five
letters, so that both requests are equally long.
"""

import dataclasses

OPS = ("hit", "miss")
NUMBERS = (1, 10, 1000, 10000)


@dataclasses.dataclass(frozen=True)
class Kind:
    name: str
    route: str
    hit: str
    miss: str

    def target(self, op, number):
        """The request's target, for rules with so many routes."""
        form = self.hit if op == "hit" else self.miss
        return form.format(n=f"{number // 2:05}", x="xxxxx")


KINDS = {kind.name: kind for kind in (
    Kind("exact", "/api/v1/item{n}",
         "/api/v1/item{n}", "/api/v1/item{x}"),
    Kind("prefix", "/api/item{n}/*",
         "/api/item{n}/orders/42", "/api/item{x}/orders/42"),
    Kind("template", "/api/item{n}/{{id}}/lines",
         "/api/item{n}/42/lines", "/api/item{n}/42/pages"),
    Kind("regex", r"~^/api/v\d+/item{n}/\d+$",
         "/api/v1/item{n}/77", "/api/v1/item{x}/77"),
)}

HEAD = """\
version: 1
backends:
  legacy: {{servers: [{url}]}}
  service: {{servers: [{url}]}}
default: legacy
routes:
"""


def rules(kind, number, url, first_stage="live"):
    """A rules file: every route is live, its backend and the default's answer
    alike.  first_stage makes a text that differs in one word."""
    lines = [HEAD.format(url=url)]
    for i in range(number):
        path = kind.route.format(n=f"{i:05}")
        stage = "live" if i else first_stage
        lines.append(f"  - {{name: r{i:05}, match: {{path: '{path}'}}, "
                     f"to: service, stage: {stage}}}\n")
    return "".join(lines)
