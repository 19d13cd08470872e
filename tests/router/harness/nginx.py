"""A real nginx in a directory of its own, and what its logs say.

The configuration is the caller's but for the lines that keep this nginx away
from the machine's own: pid, logs, temporary files, user.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

from .wait import SLOWNESS, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ.get("NGINX_BIN", "/usr/sbin/nginx")
MODULE = pathlib.Path(os.environ.get(
    "STRANGLER_SO", ROOT / "build" / "ngx_http_strangler_module.so"))
PARAMS = ROOT / "module" / "strangler_params"

# Sanitizers: libraries to load before all others, and where reports arrive.
PRELOAD = os.environ.get("NGINX_PRELOAD", "")
REPORTS = os.environ.get("NGINX_REPORTS")

# A new binary gets of its environment what the configuration names.
KEPT = "".join(f"env {name};\n" for name in (
    "LD_PRELOAD", "ASAN_OPTIONS", "UBSAN_OPTIONS")) if REPORTS else ""

BAD = re.compile(r"\[(alert|emerg)\]|exited on signal|ERROR: \w+Sanitizer"
                 r"|runtime error:")


class Nginx:
    """main, events and http are snippets for these contexts."""

    live = []

    def __init__(self, http, main="", events="", workers=1, master=True,
                 user="root", module=True, env=None, home=None):
        self.http = http
        self.main = main
        self.events = events
        self.workers = workers
        self.master = master
        self.user = user
        self.module = module
        self.env = dict(os.environ, **(env or {}))
        if PRELOAD:
            self.env["LD_PRELOAD"] = PRELOAD
        self.process = None
        self.expected = []
        self.checked = 0
        self.home = pathlib.Path(home or make_home())
        self.conf = self.home / "nginx.conf"
        self.error_log = self.home / "error.log"
        self.pid_file = self.home / "nginx.pid"

    # configuration

    def config(self):
        load = f"load_module {MODULE};" if self.module else ""
        quiet = "" if "access_log" in self.http else "access_log off;"
        temp = "\n".join(
            f"    {kind}_temp_path {self.home}/temp/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))

        return f"""\
{load}
{KEPT}user {self.user};
daemon {"on" if self.master else "off"};
master_process {"on" if self.master else "off"};
worker_processes {self.workers};
worker_shutdown_timeout 10s;
pid {self.pid_file};
error_log {self.error_log} info;
{self.main}
events {{
    worker_connections 1024;
    {self.events}
}}
http {{
{temp}
    {quiet}
    client_max_body_size 64m;
    keepalive_requests 1000000;
{self.http}
}}
"""

    def write(self):
        (self.home / "temp").mkdir(exist_ok=True)
        os.chmod(self.home / "temp", 0o777)
        self.conf.write_text(self.config())

    def command(self, *args):
        return [BINARY, "-p", str(self.home), "-e", str(self.error_log),
                "-c", str(self.conf), *args]

    # life

    def start(self):
        self.write()

        if self.master:
            status, said = self.run()
            assert status == 0, f"nginx did not start:\n{said}\n{self.log()}"
        else:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, env=self.env, cwd=self.home)

        Nginx.live.append(self)
        wait_until(self.has_started, "nginx and its workers run")
        return self

    def has_started(self):
        if self.master:
            return len(self.worker_pids()) == self.workers
        assert self.process.poll() is None, "nginx ended:\n" + self.log()
        return self.pid()

    def run(self, *args):
        """Runs the binary to its end, or until it is a daemon."""
        done = subprocess.run(
            self.command(*args), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=self.env,
            cwd=self.home, timeout=30 * SLOWNESS, text=True)
        return done.returncode, done.stdout

    def test(self):
        """nginx -t: exit status and what it said."""
        self.write()
        return self.run("-t")

    def refuses_to_start(self):
        """Starts, expects that it ends by itself; what it said."""
        self.write()
        status, said = self.run()
        assert status != 0, "nginx started:\n" + said
        return said

    def pid(self):
        """The master's; None when there is none yet."""
        try:
            return int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None

    def worker_pids(self, master=None):
        """Workers that are not shutting down."""
        return [pid for pid, title in children(master or self.pid())
                if title.startswith("nginx: worker process")
                and "shutting down" not in title]

    def signal(self, number, pid=None):
        os.kill(pid or self.pid(), number)

    def reload(self):
        """A reload that is to succeed: waits for the new workers."""
        before = set(self.worker_pids())
        self.signal(signal.SIGHUP)
        wait_until(lambda: len(self.worker_pids()) == self.workers
                   and not before & set(self.worker_pids()),
                   "the reload has replaced every worker")

    def upgrade(self):
        """A binary upgrade; returns the old master's pid, still running."""
        old = self.pid()
        self.signal(signal.SIGUSR2)
        wait_until(lambda: self.pid() not in (None, old)
                   and len(self.worker_pids()) == self.workers,
                   "the new binary runs")
        return old

    def kill_worker(self, pid):
        """kill -9; returns when another worker has taken its place."""
        self.expect_log("exited on signal 9")
        self.signal(signal.SIGKILL, pid)
        wait_until(lambda: pid not in self.worker_pids()
                   and len(self.worker_pids()) == self.workers,
                   "a new worker runs")

    def stop(self, timeout=15):
        """Graceful; an nginx that does not end by itself is a failure."""
        if self in Nginx.live:
            Nginx.live.remove(self)

        pid = self.pid()
        if pid is not None:
            workers = self.worker_pids()
            self.signal(signal.SIGQUIT, pid)
            try:
                self.wait_ended(pid, timeout)
            except AssertionError:
                for process in [*workers, pid]:
                    kill(process)
                raise

        self.check_log()

    def wait_ended(self, pid, timeout=15):
        def ended():
            if self.process:
                self.process.poll()
            return not is_running(pid)

        wait_until(ended, f"process {pid} of nginx has ended", timeout)

    def remove(self):
        shutil.rmtree(self.home, ignore_errors=True)

    # logs

    def log(self):
        try:
            return self.error_log.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def log_size(self):
        try:
            return self.error_log.stat().st_size
        except FileNotFoundError:
            return 0

    def log_since(self, size):
        with open(self.error_log, "rb") as log:
            log.seek(size)
            return log.read().decode(errors="replace")

    def wait_log(self, pattern, since=0, timeout=8.0):
        return wait_until(
            lambda: re.search(pattern, self.log_since(since)),
            f"the error log has {pattern!r}", timeout)

    def expect_log(self, pattern):
        """Alerts that match are what the test is about."""
        self.expected.append(re.compile(pattern))

    def check_log(self):
        """No alert that was not expected, since the last check."""
        check_reports()
        if not self.error_log.exists():
            return
        text = self.log_since(self.checked)
        self.checked += len(text.encode())
        bad = [line for line in text.splitlines()
               if BAD.search(line)
               and not any(e.search(line) for e in self.expected)]
        assert not bad, "nginx logged:\n" + "\n".join(bad[:20])


def check_reports():
    """No report of a sanitizer, of whichever process."""
    said = []
    for report in pathlib.Path(REPORTS).glob("report.*") if REPORTS else ():
        text = report.read_text(errors="replace")
        if text:
            report.rename(report.with_name("told." + report.name))
            said.append(text[:6000])
    assert not said, "a sanitizer reports:\n" + "\n".join(said)


def make_home():
    """A directory that workers of any user may enter."""
    home = tempfile.mkdtemp(prefix="strangler-router-")
    os.chmod(home, 0o755)
    return home


def children(pid):
    """(pid, title) of the child processes."""
    found = []
    for entry in os.listdir("/proc") if pid else ():
        if not entry.isdigit():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_text()
            if int(stat.rpartition(")")[2].split()[1]) != pid:
                continue
            title = pathlib.Path("/proc", entry, "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append((int(entry), title.decode(errors="replace")))
    return found


def is_running(pid):
    try:
        stat = pathlib.Path("/proc", str(pid), "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def has_open(pids, path):
    """Whether one of these processes has that file open."""
    for pid in pids:
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{fd}") == str(path):
                    return True
        except FileNotFoundError:
            continue
    return False


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
