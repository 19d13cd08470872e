"""Fixtures of the router tests; see README.md."""

import math
import signal

import pytest

from harness.nginx import Nginx, check_reports
from harness.router import Router
from harness.wait import SLOWNESS

SECONDS_A_TEST = math.ceil(60 * SLOWNESS)


@pytest.fixture(scope="module")
def make_router():
    """Makes routers that live until the end of the module."""
    made = []

    def make(*args, **options):
        made.append(Router(*args, **options))
        return made[-1]

    yield make
    stop_all(made)


@pytest.fixture
def one_router():
    """Makes routers that live for one test."""
    made = []

    def make(*args, **options):
        made.append(Router(*args, **options))
        return made[-1]

    yield make
    stop_all(made)


@pytest.fixture
def start(request):
    """Hands over what has a stop() to be stopped after the test."""
    def add(thing):
        request.addfinalizer(thing.stop)
        return thing
    return add


def stop_all(routers):
    errors = []
    for router in reversed(routers):
        try:
            router.stop()
        except AssertionError as error:
            errors.append(error)
    assert not errors, errors


@pytest.fixture(autouse=True)
def bounded():
    """No test goes on for ever."""
    def expire(*_):
        raise TimeoutError(f"the test took over {SECONDS_A_TEST} s")

    previous = signal.signal(signal.SIGALRM, expire)
    signal.alarm(SECONDS_A_TEST)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.fixture(autouse=True)
def clean():
    """Nothing is left of the test before, and nginx had no alert."""
    for router in Router.live:
        router.reset()
    yield
    check_reports()
    for nginx in list(Nginx.live):
        nginx.check_log()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for nginx in Nginx.live:
            report.sections.append(
                (f"error log of {nginx.home}", nginx.log()[-4000:]))
