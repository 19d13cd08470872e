"""What `default` still serves, by shapes of paths."""

import json
import threading

import pytest

from harness.metrics import API, scrape
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: moved, match: {path: /moved/*}, to: new, stage: legacy}
  - {name: gone, match: {path: /gone/*}, respond: {status: 410}}
"""

ROOT = "location / { strangler_pass main; include @PARAMS@; }" + API


@pytest.fixture(params=[1, 2], ids=["one-worker", "two-workers"])
def router(request, one_router):
    return one_router(RULES, root=ROOT, workers=request.param)


def surface(router):
    with router.connect() as client:
        response = client.request("GET", "/_strangler/v1/surface")
    assert response.status == 200
    return json.loads(response.body)


def wait_surface(router, total):
    """Until so many requests have been handed over; shape -> requests."""
    def handed_over():
        found = surface(router)
        return found["total"] == total and found

    found = wait_until(handed_over, f"{total} requests are in the surface")
    counts = [shape["requests"] for shape in found["shapes"]]
    assert counts == sorted(counts, reverse=True)
    return {s["shape"]: s["requests"] for s in found["shapes"]}


def ask(router, *paths):
    with router.connect() as client:
        for path in paths:
            client.request("GET", path)


def test_shapes(router):
    ask(router, *(f"/orders/{i}/lines" for i in range(30)), "/", "/",
        *(f"/img/{i:08x}1.png?x={i}" for i in range(5)), "/a%2Fb/c")
    assert wait_surface(router, 38) == {
        "/orders/{id}/lines": 30, "/img/{id}.png": 5, "/": 2, "/{text}/c": 1}


def test_only_what_no_route_matched(router):
    ask(router, "/moved/1", "/gone/1", "/left/1", "/_strangler/readyz")
    assert wait_surface(router, 1) == {"/left/{id}": 1}


def test_it_outlives_workers_and_reloads(router):
    ask(router, *["/x"] * 3)
    wait_surface(router, 3)
    for pid in router.nginx.worker_pids():
        router.nginx.kill_worker(pid)
    ask(router, *["/x"] * 2)
    wait_surface(router, 5)
    since = surface(router)["since"]
    router.nginx.reload()
    assert wait_surface(router, 5) == {"/x": 5}
    router.nginx.http = router.nginx.http.replace("zone=1m", "zone=3m")
    router.nginx.write()
    router.nginx.reload()
    ask(router, "/x")
    assert wait_surface(router, 6) == {"/x": 6}
    assert surface(router)["since"] == since


def test_more_shapes_than_there_is_room_for(router):
    """
    Of a small zone: the frequent ones are found, none is told too low, and
    none further off than is said.  A worker's own table is full long before.
    """
    def name(i):
        return "/" + "".join(chr(97 + i // 26 ** k % 26) for k in range(3))

    exact = {}

    def run(part):
        paths = [name(i) for i in range(part, 1500, 3)]
        paths += ["/often", "/more/7"] * 150
        ask(router, *paths)
        for path in paths:
            shape = path.replace("7", "{id}")
            exact[shape] = exact.get(shape, 0) + 1

    threads = [threading.Thread(target=run, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lost = wait_until(lambda: scrape(router).total(
        "requests_total", route="") == 2400 and scrape(router), "2400")
    lost = lost.total("surface_lost_requests_total")
    wait_until(lambda: surface(router)["total"] + scrape(router).total(
        "surface_lost_requests_total") == 2400, "all are handed over or lost")
    found = surface(router)
    assert found["total"] + found["lost"] == 2400
    assert found["lost"] >= lost
    assert found["error"] <= found["total"] / 256
    shapes = {s["shape"]: s for s in found["shapes"]}
    assert len(shapes) <= 256
    assert {"/often", "/more/{id}"} <= set(shapes)
    for shape, s in shapes.items():
        assert s["error"] <= found["error"]
        assert s["requests"] - s["error"] <= exact[shape]
        assert s["requests"] >= exact[shape] - found["lost"]
