"""Runs the strangler command, with or without a terminal."""

import json
import os
import pathlib
import pty
import select
import struct
import subprocess
import fcntl
import termios
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("STRANGLER_CLI", str(TOP / "build" / "strangler"))
TIMEOUT = 60

# nothing of the machine's own
ENVIRONMENT = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8",
               "HOME": "/nonexistent",
               **{name: value for name, value in os.environ.items()
                  if name.startswith(("ASAN_", "UBSAN_", "LD_PRELOAD"))}}


class Said:
    """What it printed, and how it ended."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self):
        assert self.err == ""
        return json.loads(self.out)

    @property
    def lines(self):
        return self.out.splitlines()

    def __repr__(self):
        return f"exit {self.code}\n{self.out}\n--- stderr\n{self.err}"


def strangler(*args, stdin="", env=None, cwd=None):
    """Without a terminal.  stdin is text or bytes."""
    if isinstance(stdin, str):
        stdin = stdin.encode()
    done = subprocess.run(
        [PROGRAM, *map(str, args)], input=stdin, capture_output=True, cwd=cwd,
        env={**ENVIRONMENT, **(env or {})}, timeout=TIMEOUT, check=False)
    said = Said(done.returncode, done.stdout.decode(), done.stderr.decode())
    assert said.code in (0, 1, 2, 3), said
    return said


def good(*args, **options):
    """One that is to succeed: what it printed."""
    said = strangler(*args, **options)
    assert said.code == 0, said
    return said


class Terminal:
    """The command in a terminal of its own; what it prints, as it comes."""

    def __init__(self, *args, columns=80, rows=24, env=None):
        self.text = ""
        master, slave = pty.openpty()
        self.master = master
        self.resize(columns, rows)
        self.process = subprocess.Popen(
            [PROGRAM, *map(str, args)], stdin=slave, stdout=slave,
            stderr=slave, env={**ENVIRONMENT, **(env or {})},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("4H", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.master, text.encode())

    def _read(self, timeout):
        """False at the end."""
        if not select.select([self.master], [], [], timeout)[0]:
            return True
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait(self, what, since=0):
        """Until the text is there; where it ends."""
        deadline = time.monotonic() + TIMEOUT
        while what not in self.text[since:]:
            assert self._read(0.1) and time.monotonic() < deadline, \
                f"no {what!r} in {self.text[since:][-1000:]!r}"
        return self.text.index(what, since) + len(what)

    def end(self):
        """Reads to the end; the exit status."""
        deadline = time.monotonic() + TIMEOUT
        while self._read(0.1):
            assert time.monotonic() < deadline, self.text
        return self.process.wait(TIMEOUT)

    def wait_stopped(self):
        """Until it sleeps, as after ^Z."""
        deadline = time.monotonic() + TIMEOUT
        while pathlib.Path("/proc", str(self.process.pid), "stat") \
                .read_text().rpartition(")")[2].split()[0] != "T":
            assert time.monotonic() < deadline, "it goes on"
            time.sleep(0.01)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(TIMEOUT)
        os.close(self.master)
