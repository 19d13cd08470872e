"""The harness itself, against nginx's plain proxy_pass."""

import hashlib
import signal

import pytest

from harness import faults
from harness.backend import Backend
from harness.client import Connection, serialize
from harness.h2 import H2Connection
from harness.nginx import Nginx, make_home
from harness.wait import Blackhole, ClosedPort, free_port


@pytest.fixture(scope="module")
def bench():
    backend = Backend("plain")
    port = free_port()
    home = make_home()
    nginx = Nginx(f"""
    server {{
        listen 127.0.0.1:{port};
        listen unix:{home}/h2.sock http2;
        location / {{
            proxy_pass {backend.url};
            proxy_http_version 1.1;
            proxy_read_timeout 300ms;
        }}
    }}""", workers=2, module=False, home=home)
    nginx.start()
    yield backend, port, nginx
    backend.reset()
    nginx.stop()
    backend.stop()
    nginx.remove()


@pytest.fixture
def backend(bench):
    bench[0].reset()
    return bench[0]


@pytest.fixture
def client(bench):
    with Connection(bench[1]) as connection:
        yield connection


def test_echo_tells_what_arrived(backend, client):
    body = b"x" * 300000
    response = client.request("POST", "/a?b=1", {"X-A": "1"}, body)
    digest = hashlib.sha256(body).hexdigest()

    assert response.echo["target"] == "/a?b=1"
    assert response.echo["sha256"] == digest
    request, = backend.seen("/a")
    assert request.digest == digest
    assert request.value("X-A") == "1"
    assert request.complete


def test_chunked_both_ways(backend, client):
    backend.on("/c", faults.chunked([b"one", b"two"]))
    response = client.request("POST", "/c", chunks=[b"ab", b"c"])

    assert response.body == b"onetwo"
    assert backend.seen("/c")[0].body == b"abc"


@pytest.mark.parametrize("fault, status", [
    (faults.hang(), 504),
    (faults.reset(), 502),
    (faults.drop(), 502),
    (faults.drop_mid_header(), 502),
    (faults.answer(503, "busy"), 503),
])
def test_faults_are_what_they_say(backend, client, fault, status):
    backend.on("/f", fault)
    assert client.request(target="/f").status == status
    assert len(backend.seen("/f")) == 1


@pytest.mark.parametrize("fault", [
    faults.drop_mid_body(), faults.reset_mid_body(),
    faults.hang_after_header()])
def test_a_cut_body_is_seen_as_incomplete(backend, client, fault):
    backend.on("/f", fault)
    response = client.request(target="/f")
    assert response.status == 200
    assert not response.complete


def test_pipelining(backend, client):
    client.send(serialize(target="/1") + serialize(target="/2"))
    assert [client.read().echo["target"] for _ in range(2)] == ["/1", "/2"]


def test_http_2(backend, bench):
    with H2Connection(str(bench[2].home / "h2.sock")) as client:
        assert client.request("GET", "/h2")[0]
        ok, _ = client.request("POST", "/h2", body=b"x" * 100000)
        assert ok
    assert [r.body_length for r in backend.seen()] == [0, 100000]
    backend.on("/h2", faults.answer(503))
    with H2Connection(str(bench[2].home / "h2.sock")) as client:
        assert not client.request("GET", "/h2")[0]


def test_closed_port_and_blackhole_do_not_answer(start):
    closed, hole = start(ClosedPort()), start(Blackhole())
    with pytest.raises(ConnectionRefusedError):
        Connection(int(closed.address.split(":")[1]), timeout=0.2)
    with pytest.raises(TimeoutError):
        Connection(int(hole.address.split(":")[1]), timeout=0.2)


def test_reload_and_kill_replace_workers(bench):
    nginx = bench[2]
    before = nginx.worker_pids()
    assert len(before) == 2
    nginx.reload()
    after = nginx.worker_pids()
    assert not set(before) & set(after)
    nginx.kill_worker(after[0])
    assert after[1] in nginx.worker_pids()


def test_an_alert_is_noticed(bench):
    nginx = bench[2]
    nginx.check_log()
    with open(nginx.error_log, "a") as log:
        log.write("2000/01/01 00:00:00 [alert] 1#1: made up\n")
    with pytest.raises(AssertionError, match="made up"):
        nginx.check_log()


def test_upgrade_leaves_one_master(bench):
    nginx = bench[2]
    old = nginx.upgrade()
    nginx.signal(signal.SIGQUIT, old)
    nginx.wait_ended(old)
    with Connection(bench[1]) as client:
        assert client.request(target="/u").status == 200
