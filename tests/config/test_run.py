"""The example: that its show goes as planned, and that nothing stays behind.

It runs beside a ./build.sh run that somebody may have going: all that it
writes is below a directory of its own, in a path with a blank.
"""

import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("stub", "ngx_http_strangler_module.so", "strangler")


@pytest.fixture
def top(tmp_path):
    """The repository as the example sees it."""
    top = tmp_path / "a clone"
    (top / "build").mkdir(parents=True)
    for name in ("legacy-stub", "module", "rules"):
        (top / name).symlink_to(ROOT / name)
    for name in PROGRAMS:
        assert (ROOT / "build" / name).exists()
        (top / "build" / name).symlink_to(ROOT / "build" / name)
    return top


def start(top, once, port):
    return subprocess.Popen(
        ["bash", ROOT / "legacy-stub/demo.sh", top, once, str(port)],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, start_new_session=True)


def finish(run, seconds=300):
    try:
        return run.communicate(timeout=seconds)
    finally:
        if run.poll() is None:
            run.terminate()
            run.communicate(timeout=30)


def left_behind(top):
    """Command lines that still speak of this directory."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = process.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(top) in line:
            found.append(line)
    return found


def test_show_goes_as_planned(top):
    run = start(top, "yes", 0)
    said, complained = finish(run)
    assert (run.returncode, complained) == (0, "")
    assert "\x1b" not in said
    assert "All as expected" in said
    assert 'did you mean "live"?' in said
    assert "fallback: connect" in said

    # three drifts are three differences, and what differs by itself is noise
    found = re.findall(r"^ +[0-9a-f]{16}  orders-list  body (\S+) +(\w+) .* "
                       r"(\w+)$", said, re.M)
    assert set(found) == {
        ("$.orders[*].currency", "missing", "real"),
        ("$.orders[*].items[*].quantity", "type", "real"),
        ("$.orders[*].customer", "null", "real"),
        ("$.generated_at", "value", "noise")}
    assert len(found) == 4
    verdicts = re.findall(r"^ +orders-list  (not ready|ready) ", said, re.M)
    assert verdicts == ["not ready", "ready"]
    assert "orders-list is live" in said
    assert left_behind(top) == []


def test_wrong_answer_is_a_failure(top):
    rules = ROOT / "rules/examples/rules.yaml"
    (top / "rules").unlink()
    (top / "rules/examples").mkdir(parents=True)
    (top / "rules/examples/rules.yaml").write_text(
        rules.read_text().replace("status: 410", "status: 404"))
    run = start(top, "yes", 0)
    said, complained = finish(run)
    assert run.returncode == 1
    assert "expected: 410" in said
    assert "1 answers were not as expected" in complained
    assert left_behind(top) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_until_told_to_end(top, number):
    run = start(top, "no", 0)
    try:
        for line in run.stdout:
            if line.startswith("Serving on http://127.0.0.1:"):
                break
        port = int(line.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"

        second = start(top, "yes", 0)
        assert "another ./build.sh run is under way" in finish(second)[1]
        assert second.returncode == 1

        # as a terminal does it: the whole group, not only the shell
        os.killpg(run.pid, number)
    finally:
        complained = finish(run)[1]
    assert (run.returncode, complained) == (0, "")
    assert left_behind(top) == []


def test_taken_port_is_refused(top):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = start(top, "no", port)
        complained = finish(run)[1]
    assert run.returncode == 1
    assert complained == (f"run: port {port} is taken; another one: "
                          "./build.sh run --port N\n")
    assert left_behind(top) == []
