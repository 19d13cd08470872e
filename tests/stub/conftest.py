"""Fixtures of the stub's tests: programs on free ports, bounded in time."""

import signal

import pytest

from program import Program, TOP

SECONDS_A_TEST = 60


@pytest.fixture(scope="module")
def static_dir(tmp_path_factory):
    directory = tmp_path_factory.mktemp("static")
    (directory / "page.html").write_bytes(b"<p>hello</p>\n")
    (directory / "numbers.bin").write_bytes(bytes(range(256)) * 4096)
    (directory / "empty.txt").write_bytes(b"")
    (directory / ".hidden").write_bytes(b"not for you")
    (directory / "below").mkdir()
    (directory / "below" / "style.css").write_bytes(b"p { color: red }\n")
    (directory / "link.txt").symlink_to("/etc/hostname")
    return directory


@pytest.fixture(scope="module")
def legacy(tmp_path_factory, static_dir):
    database = tmp_path_factory.mktemp("legacy") / "shop.db"
    program = Program("shop-legacy", "--db", database, "--static", static_dir)
    yield program
    assert program.stop() == 0
    assert program.errors == ""


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """All of them by name."""
    directory = tmp_path_factory.mktemp("services")
    programs = {}
    try:
        for name in ("orders", "payments", "inventory"):
            programs[name] = Program("shop-service", "--service", name,
                                     "--db", directory / f"{name}.db")
        yield programs
    finally:
        codes = [program.stop() for program in programs.values()]
    assert codes == [0, 0, 0]


@pytest.fixture
def run(request):
    """Runs programs that live for one test."""
    def start(*args, **options):
        program = Program(*args, **options)
        request.addfinalizer(
            lambda: program.process.returncode is None and program.stop())
        return program
    return start


@pytest.fixture(scope="module")
def faulty_program():
    program = Program("shop-legacy", "--control-port", 0)
    yield program
    assert program.stop() == 0
    assert program.errors == ""


@pytest.fixture
def faulty(faulty_program):
    """A monolith with a control port; nothing is left of the test before."""
    yield faulty_program
    faulty_program.steer("DELETE", "/_faults")
    faulty_program.steer("DELETE", "/_drift")


@pytest.fixture
def shop_assets():
    return TOP / "legacy-stub" / "static"


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
