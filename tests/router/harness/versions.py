"""
Rules that carry a number, so that an answer tells which rules made it: in a
header that the rules set, in the path that they rewrite to, and by nginx's
$strangler_generation.
"""

HEAD = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
"""

ROUTES = """
routes:
  - name: probe
    match: {path: /probe/*}
    to: new
    stage: live
    rewrite: {path: /v%d/*}
    headers: {response: {set: {X-Version: "%d"}}}
"""


def rules(number, head="", routes=""):
    return HEAD + head + ROUTES % (number, number) + routes


BAD = HEAD + """
routes:
  - name: one
    match: {path: /a*}
    to: new
    stage: done
  - name: two
    match: {path: /b}
    to: nowhere
    stage: soon
"""

def bad(note):
    """BAD once more, but another text than any before."""
    return BAD + f"# {note}\n"


# what each diagnostic of BAD points at
BAD_PLACES = [r"main\.yaml:10:\d+: error:", r"main\.yaml:15:\d+: error:",
              r"main\.yaml:16:\d+: error:"]


def version(response):
    """The number of the rules behind an answer; its signs must agree."""
    number = int(response.value("X-Version"))
    assert response.echo["target"].startswith(f"/v{number}/")
    return number


def wait_version(router, number, times=None, timeout=10.0):
    """Until every worker answers by these rules."""
    workers = router.nginx.workers

    def probe(connection):
        response = connection.request("GET", "/probe/w")
        return (response.value("X-Version") == str(number)
                and version(response) == number)

    router.wait_all_workers(
        probe, f"rules {number} are in force",
        times or (1 if workers == 1 else 16), timeout)
