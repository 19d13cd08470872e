"""
The text of the metrics: what their formats ask for, and that alerts and the
dashboard use what is there.
"""

import json
import pathlib
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_openmetrics)
from prometheus_client.parser import (
    text_string_to_metric_families as parse_text)

from harness import faults
from harness.metrics import API, Samples, scrape, wait_total
from harness.nginx import ROOT
from harness.wait import free_port, wait_until

DOCS = ROOT / "docs"

RULES = r"""
version: 1
backends:
  legacy: {servers: [@legacy@], max_fallbacks: 50}
  new: {servers: [@new@], max_in_flight: 200}
  dead: {servers: ["http://127.0.0.1:1"]}
default: legacy
groups:
  checkout: {stage: ramp, percent: 12.5, by: [request]}
routes:
  - {name: live, match: {path: /live/*}, to: new, stage: live,
     owner: "team \"a\\b\"", capability: "café"}
  - {name: split, match: {path: /split/*, methods: [GET]}, to: new, group: checkout}
  - {name: dead, match: {path: /dead/*}, to: dead, stage: live}
  - {name: copied, match: {path: /copied/*}, to: new, stage: shadow,
     shadow: {percent: 100}}
  - {name: done, match: {path: /done/*}, to: new, stage: done}
  - {name: moved, match: {path: /moved/*}, redirect: {path: /x}}
  - {name: limit, match: {path: '~^/limit/(a+)+$'}, to: new, stage: done}
"""

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = ("application/openmetrics-text;version=1.0.0,"
              "application/openmetrics-text;version=0.0.1;q=0.75,"
              "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")


@pytest.fixture(scope="module")
def router(make_router):
    router = make_router(
        RULES, root="location / { strangler_pass main; include @PARAMS@; }"
        + API, rules_args="zone=2m poll=100ms state=@HOME@/state")
    router.new.on("/done/cut", faults.drop_mid_body())
    for path in ("/live/1", "/split/1", "/dead/1", "/copied/1",
                 "/done/1", "/moved/1", "/done/cut", "/x/1",
                 "/limit/" + "a" * 60 + "b"):
        router.get(path)
    wait_total(router, 9, "requests_total")
    wait_total(router, 1, "shadow_outcomes_total", route="copied")
    return router


def fetch(router, accept=None):
    headers = [("Accept", accept)] if accept else []
    with router.connect() as client:
        response = client.request("GET", "/_strangler/metrics", headers)
    assert response.status == 200
    return response.value("Content-Type"), response.body.decode()


def promtool(*args, **options):
    return subprocess.run(["promtool", *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60,
                          **options)


def names(families):
    return {s.name for f in families for s in f.samples}


@pytest.mark.parametrize("accept", [None, "*/*", "text/html, */*;q=0.5"])
def test_what_every_parser_understands(router, accept):
    kind, text = fetch(router, accept)
    assert kind == OPENMETRICS
    checked = promtool("check", "metrics", input=text)
    assert (checked.returncode, checked.stdout) == (0, "")
    families = list(parse_openmetrics(text))
    assert names(families) == names(parse_text(text))
    types = {f.name: f.type for f in families}
    assert types["strangler_requests_total"] == "unknown"
    assert types["strangler_request_duration_seconds"] == "histogram"


@pytest.mark.parametrize("accept", [
    PROMETHEUS, "application/openmetrics-text", "text/plain;q=0.1, "
    "APPLICATION/OpenMetrics-Text; version=1.0.0"])
def test_openmetrics(router, accept):
    kind, text = fetch(router, accept)
    assert kind == OPENMETRICS
    assert text.endswith("\n# EOF\n")
    types = {f.name: f.type for f in parse_openmetrics(text)}
    assert types["strangler_requests"] == "counter"
    assert types["strangler_generation"] == "gauge"


@pytest.mark.parametrize("accept", ["text/plain", "text/plain; version=0.0.4"])
def test_text(router, accept):
    kind, text = fetch(router, accept)
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    assert "# EOF" not in text
    checked = promtool("check", "metrics", input=text)
    assert (checked.returncode, checked.stdout) == (0, "")
    types = {f.name: f.type for f in parse_text(text)}
    assert types["strangler_requests"] == "counter"


def test_every_line_once(router):
    _, text = fetch(router)
    lines = [line.rpartition(" ")[0] for line in text.splitlines()
             if not line.startswith("#")]
    assert len(lines) == len(set(lines))


def test_labels(router):
    info = {f.name: f for f in parse_openmetrics(fetch(router)[1])}[
        "strangler_route_info"]
    labels = {s.labels["route"]: s.labels for s in info.samples}
    assert labels["live"] == {
        "route": "live", "stage": "live", "owner": 'team "a\\b"',
        "capability": "café"}
    assert labels["split"] == {
        "route": "split", "stage": "ramp", "group": "checkout"}
    assert labels["moved"] == {"route": "moved", "stage": "none"}


def test_shares(router):
    assert scrape(router).table("route_share_ratio", "route") == {
        ("live",): 1, ("dead",): 1, ("done",): 1, ("limit",): 1,
        ("split",): 0.125}


def test_no_word_of_a_request(router):
    with router.connect() as client:
        client.request("GET", "/secret/xyzzy?xyzzy=1",
                       [("X-Xyzzy", "xyzzy"), ("User-Agent", "xyzzy")])
        client.request("XYZZY", "/done/1", host="xyzzy.test")
    assert "xyzzy" not in fetch(router)[1].lower()


def test_what_fails_first_is_an_increase(router):
    """Lines of routes that move are there before anything happens."""
    lines = scrape(router).lines
    zero = [labels for name, labels, value in lines
            if name == "fallbacks_total" and value == 0]
    assert {"route": "live", "reason": "timeout"} in zero
    zero = [labels for name, labels, value in lines
            if name == "requests_total" and value == 0]
    assert {"route": "split", "side": "new",
            "outcome": "server_error"} in zero


def test_copies(router):
    samples = scrape(router)
    assert samples.table("shadow_sent_total", "route", "side") == {
        ("copied", "new"): 1}
    assert samples.table("readiness", "route", "verdict") == {
        ("copied", "gathering"): 1}
    drops = {labels["reason"]: value for name, labels, value in samples.lines
             if name == "shadow_dropped_total"}
    assert len(drops) == 8
    assert set(drops.values()) == {0}


def used(text):
    found = set(re.findall(r"\bstrangler_\w+", text))
    assert found
    return found


def test_alerts_are_rules(router):
    checked = promtool("check", "rules", str(DOCS / "alerts.yml"))
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("file", ["alerts.yml", "grafana-dashboard.json"])
def test_only_metrics_that_are_there(router, file):
    known = names(parse_openmetrics(fetch(router)[1]))
    assert used((DOCS / file).read_text()) <= known


def test_the_handbook_has_every_metric(router):
    page = (DOCS / "metrics.md").read_text()
    for family in parse_openmetrics(fetch(router)[1]):
        name = family.name.removeprefix("strangler_")
        assert re.search(rf"`{name}[`{{]", page), name


def test_the_dashboard():
    board = json.loads((DOCS / "grafana-dashboard.json").read_text())
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids)) > 10
    areas = [panel["gridPos"] for panel in board["panels"]]
    cells = [(x, y) for a in areas for x in range(a["x"], a["x"] + a["w"])
             for y in range(a["y"], a["y"] + a["h"])]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert all(x < 24 for x, _ in cells)
    variables = {v["name"] for v in board["templating"]["list"]}
    text = json.dumps(board)
    asked = set(re.findall(r"\$\{?([a-z]+)", text))
    assert asked == variables


def test_twenty_thousand_routes(one_router):
    """Into the zone's default size, and out in bounded time."""
    text = RULES.partition("routes:")[0] + "routes:\n" + "".join(
        f"  - {{name: r{i}, match: {{path: /r{i}/*}}, to: new, stage: done}}\n"
        for i in range(20000))
    router = one_router(text, rules_args="poll=100ms", workers=2,
                        root="location / { strangler_pass main; "
                        "include @PARAMS@; }" + API)
    for i in (0, 7, 19999):
        assert router.get(f"/r{i}/x").backend == "new"
    samples = wait_total(router, 3, "requests_total")
    assert samples.table("requests_total", "route") == {
        ("r0",): 1, ("r7",): 1, ("r19999",): 1}
    assert len(samples.lines) > 60000
    checked = promtool("check", "metrics", input=samples.text)
    assert (checked.returncode, checked.stdout) == (0, "")


class Prometheus:
    """Debian's, which scrapes one router often."""

    def __init__(self, target, home):
        self.port = free_port()
        home = pathlib.Path(home)
        config = home / "prometheus.yml"
        config.write_text(f"""
global: {{scrape_interval: 250ms, evaluation_interval: 250ms}}
rule_files: ["{DOCS / "alerts.yml"}"]
scrape_configs:
  - job_name: strangler
    metrics_path: /_strangler/metrics
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
""")
        self.log = open(home / "prometheus.log", "w+")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}",
             f"--storage.tsdb.path={home / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    def get(self, path, **args):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?"
        try:
            with urllib.request.urlopen(url + urllib.parse.urlencode(args),
                                        timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            assert self.process.poll() is None, "prometheus has ended"
            return None

    def query(self, expression):
        """Labels' values -> value."""
        data = self.get("query", query=expression)
        if data is None:
            return None
        return {tuple(v for k, v in sorted(r["metric"].items())
                      if not k.startswith("__")): float(r["value"][1])
                for r in data["result"]}


def test_a_prometheus_scrapes_it(router, start, tmp_path):
    router.get("/live/2")
    prometheus = start(Prometheus(router.port, tmp_path))
    wanted = scrape(router).table("requests_total", "route")
    wanted = {key: value for key, value in wanted.items() if key != ("",)}

    def scraped():
        return prometheus.query(
            'sum by (route) (strangler_requests_total{route!=""}) > 0'
        ) == wanted

    wait_until(scraped, "its counts are those of the router", 30)

    targets = prometheus.get("targets")["activeTargets"]
    assert [t["lastError"] for t in targets] == [""]
    types = prometheus.get("metadata", metric="strangler_requests_total")
    types = types or prometheus.get("metadata", metric="strangler_requests")
    assert [t["type"] for t in sum(types.values(), [])] == ["counter"]

    def evaluated():
        groups = prometheus.get("rules")["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules and all(rule["health"] == "ok" for rule in rules)

    wait_until(evaluated, "every alert rule can be evaluated", 30)

    board = json.loads((DOCS / "grafana-dashboard.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            expression = target["expr"].replace("$__rate_interval", "1m")
            expression = re.sub(r"\$(route|instance)", ".*", expression)
            assert prometheus.query(expression) is not None, expression


def test_flips(one_router):
    router = one_router(
        RULES.rpartition("  - {name: limit")[0],
        rules_args="zone=1m poll=100ms state=@HOME@/state", workers=2,
        root="location / { strangler_pass main; include @PARAMS@; }"
        "location /_strangler/ { strangler_api main write=on; }")

    def patch(path, **changes):
        with router.connect() as client:
            response = client.request(
                "PATCH", "/_strangler/v1/" + path,
                [("Content-Type", "application/json")],
                host="localhost", body=json.dumps(changes).encode())
        assert response.status == 200, response.text

    assert scrape(router).total("drift_routes") == 0
    patch("routes/done", stage="shadow")
    patch("routes/live", stage="legacy")
    samples = scrape(router)
    assert samples.table("flips_total", "kind") == {("flip",): 2}
    assert samples.total("drift_routes") == 2
    assert samples.total("route_share_ratio", route="done") == 0
    assert samples.total("route_share_ratio", route="live") == 0
    assert samples.table("route_info", "route", stage="shadow") == {
        ("copied",): 1, ("done",): 1}
    assert samples.table("stage_routes", "stage") == {
        ("legacy",): 1, ("shadow",): 2, ("ramp",): 1, ("live",): 1}

    # what moves now has durations

    for _ in range(5):
        router.get("/done/1")
    samples = wait_total(router, 5, "requests_total", route="done")
    assert samples.total("request_duration_seconds_count", route="done") == 5

    patch("routes/live", stage="live")
    patch("backends/new", drain=True)
    assert router.get("/live/1").backend == "legacy"
    samples = wait_total(router, 1, "requests_total", route="live", side="old")
    assert samples.total("fallbacks_total", route="live", reason="drain") == 1
    assert samples.table("backend_drained", "backend") == {("new",): 1}
