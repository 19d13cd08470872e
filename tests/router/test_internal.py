"""When memory goes out inside the module, requests go where they always went.

A preloaded malloc() fails for sizes that only the module asks for: the list of
headers that conditions look at, and room for a path.
"""

import os
import pathlib
import subprocess

import pytest

from harness import nginx
from harness.nginx import make_home
from harness.router import Router

pytestmark = pytest.mark.skipif(
    nginx.REPORTS is not None, reason="a sanitizer's malloc comes first")

SOURCE = pathlib.Path(__file__).parent / "harness" / "failing_malloc.c"

# A header takes 32 bytes of the list, and far fewer in the request.
MANY = [(f"x{i:03}", "1") for i in range(200)]

# An escaped path may take three times its length.
LONG = "x" * 2100

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - name: tagged
    match: {path: /tagged/*, headers: {x-tag: yes}}
    to: new
    stage: done
  - name: live
    match: {path: /live/*}
    to: new
    stage: live
    rewrite: {path: /new/*}
  - name: split
    match: {path: /split/*}
    to: new
    stage: ramp
    data: shared
    percent: 100
    by: [cookie:uid]
  - name: done
    match: {path: /done/*}
    to: new
    stage: done
    rewrite: {path: /new/*}
"""


@pytest.fixture(scope="module")
def preload():
    home = make_home()
    so = os.path.join(home, "failing_malloc.so")
    subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-shared", "-fPIC",
                    "-o", so, str(SOURCE)], check=True)
    os.chmod(home, 0o755)
    yield so
    os.unlink(so)
    os.rmdir(home)


@pytest.fixture(scope="module")
def router(preload):
    flag = preload + ".flag"
    router = Router(RULES, location="strangler_debug_header on;", env={
        "LD_PRELOAD": preload, "FAILING_SIZES": "6100-7000",
        "FAILING_FLAG": flag})
    router.nginx.expect_log("could not be made or carried out")
    router.nginx.expect_log("malloc")
    router.flag = pathlib.Path(flag)
    yield router
    router.stop()


@pytest.fixture
def no_memory(router):
    """Call the result for the number of failures so far."""
    router.flag.write_bytes(b"")
    router.flag.chmod(0o666)
    yield lambda: router.flag.stat().st_size
    router.flag.unlink()


# name: (path, headers, target at the new side)
CASES = {
    "tagged": ("/tagged/a", MANY + [("X-Tag", "yes")], "/tagged/a"),
    "split": ("/split/a", MANY + [("Cookie", "uid=1")], "/split/a"),
    "live": ("/live/" + LONG, [], "/new/" + LONG),
    "done": ("/done/" + LONG, [], "/new/" + LONG),
}


@pytest.mark.parametrize("case", CASES)
def test_with_memory(router, case):
    path, headers, target = CASES[case]
    response = router.get(path, headers)
    assert response.status == 200
    assert response.backend == "new"
    assert [r.target for r in router.seen()] == [target]


@pytest.mark.parametrize("case", ["tagged", "split", "live"])
@pytest.mark.parametrize("method, body", [("GET", None), ("POST", b"hello")])
def test_goes_to_the_default(router, no_memory, method, body, case):
    path, headers, _ = CASES[case]
    size = router.nginx.log_size()
    response = router.request(method, path, headers, body=body)
    assert no_memory() > 0
    assert response.status == 200
    assert response.backend == "legacy"
    assert response.value("X-Strangler-Backend") == "legacy"

    request, = router.seen()
    assert request.target == path
    assert request.body_length == len(body or b"")
    router.nginx.wait_log(
        "carried out, the request goes to the default", size)


def test_what_is_done_has_no_default(router, no_memory):
    size = router.nginx.log_size()
    response = router.get("/done/" + LONG)
    assert no_memory() > 0
    assert response.status == 500
    assert router.seen() == []
    router.nginx.wait_log("is answered with 500", size)


def test_as_ever_afterwards(router):
    for path, headers, _ in CASES.values():
        assert router.get(path, headers).backend == "new"
