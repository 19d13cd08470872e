"""The nginxes of the benchmark, all on free ports of 127.0.0.1.

    client -> bare    a static proxy_pass with the headers of strangler_params
           -> router  the same by strangler_pass and a rules file
                        both -> backend, which answers at once
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "router"))

from harness import nginx as harness                        # noqa: E402
from harness.wait import free_port, wait_until              # noqa: E402

START_SECONDS = 60

# What strangler_params says, in nginx's own words.  What only concerns the
# cache is left out: it costs nothing where there is none.
PLAIN = """
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Prefix "";"""


class Server(harness.Nginx):
    """One nginx; wrapper is a command that is to run it, such as valgrind."""

    def __init__(self, http, master=False, wrapper=(), **options):
        self.port = free_port()
        self.wrapper = wrapper
        home = harness.make_home()
        super().__init__(
            f"    error_log {home}/error.log error;\n"
            + http.replace("@PORT@", str(self.port)),
            master=master, module=False, home=home, **options)

    def command(self, *args):
        wrapper = [w.replace("@HOME@", str(self.home)) for w in self.wrapper]
        return [*wrapper, *super().command(*args)]

    def start(self):
        if self.master:
            return super().start()

        self.write()
        self.process = subprocess.Popen(
            self.command(), stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(self.has_started, "nginx runs", START_SECONDS)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        harness.Nginx.live.append(self)
        return self

    def worker(self):
        """The process that serves."""
        return self.worker_pids()[0] if self.master else self.process.pid

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def running(server):
    """Whatever happens, it ends and its directory goes."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
        server.remove()


class Lab:
    """What all measurements share: the backend, and a copy of the module, so
    that one run measures one module whoever builds meanwhile."""

    def __init__(self):
        self.home = pathlib.Path(harness.make_home())
        self.module = self.home / harness.MODULE.name
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, self.home, True)
            shutil.copy(harness.MODULE, self.module)
            self.backend = stack.enter_context(running(backend()))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def bare(self, **options):
        return Server(f"""
    upstream backend {{
        server 127.0.0.1:{self.backend.port};
        keepalive 32;
        keepalive_requests 1000000;
    }}
    server {{
        listen 127.0.0.1:@PORT@;
        location / {{
            proxy_pass http://backend;
            {PLAIN}
        }}
    }}""", **options)

    def router(self, rules, poll="1h", location="", **options):
        """rules is the path of a rules file."""
        return Server(f"""
    strangler_rules main {rules} poll={poll};
    server {{
        listen 127.0.0.1:@PORT@;
        location / {{
            strangler_pass main;
            include {harness.PARAMS};
            {location}
        }}
    }}""", main=f"load_module {self.module};", **options)

    def write_rules(self, text, name="rules.yaml"):
        """A new file in the place of the old; its path."""
        path = self.home / name
        new = path.with_suffix(".new")
        new.write_text(text)
        os.chmod(new, 0o644)
        os.rename(new, path)
        return path


def backend():
    return Server("""
    server {
        listen 127.0.0.1:@PORT@;
        location / { return 200 "hello\\n"; }
    }""")
