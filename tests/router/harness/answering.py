"""Backends that are an nginx each: they answer at once, whatever is asked."""

from .nginx import Nginx, make_home
from .wait import free_port

SERVER = """
    server {
        listen 127.0.0.1:%d;
        location / { add_header X-Backend %s always; return 200 "%s\\n"; }
    }"""


class Answering:
    """Their answers say who they are, as those of harness.backend do."""

    def __init__(self, *names):
        self.urls = {}
        servers = ""
        for name in names:
            port = free_port()
            self.urls[name] = f"http://127.0.0.1:{port}"
            servers += SERVER % (port, name, name)
        self.nginx = Nginx(servers, module=False, home=make_home())
        self.nginx.start()

    def stop(self):
        self.nginx.stop()
        self.nginx.remove()
