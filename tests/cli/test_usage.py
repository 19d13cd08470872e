"""What is common to all commands: help, mistakes, exit statuses."""

import os
import subprocess

import pytest

from command import ENVIRONMENT, PROGRAM, TOP, good, strangler


def commands():
    return [line.split()[0] for line in good("--help").lines
            if line.startswith("  ") and not line.startswith("  strangler")]


def test_help_names_every_command():
    names = commands()
    assert {"check", "explain", "replay"} <= set(names)
    sources = {path.stem[len("cmd_"):] for path in (TOP / "cli").glob("cmd_*.c")}
    assert sources == set(names)


@pytest.mark.parametrize("command", commands())
def test_every_command_has_help(command):
    said = good(command, "--help")
    assert said.out.startswith(f"usage: strangler {command}")
    assert said.err == ""
    assert "--json" in said.out
    assert ("  --json" in said.out) == (command != "watch")
    assert max(map(len, said.lines)) <= 80
    assert good(command, "-h").out == said.out
    assert good("help", command).out == said.out


def test_no_command():
    said = strangler()
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("usage: strangler COMMAND")


def test_version():
    assert good("--version").out.startswith("strangler ")
    assert good("-V").out == good("--version").out


@pytest.mark.parametrize("args,err", [
    (["chekc"], 'there is no command "chekc", did you mean check? '
                "(strangler --help)"),
    (["frobnicate"], 'there is no command "frobnicate" (strangler --help)'),
    (["--chekc"], 'there is no option "--chekc" (strangler --help)'),
    (["\x1b[2J"], 'there is no command "\\x1b[2J" (strangler --help)'),
    (["check", "--jsom", "x"], "unknown option --jsom, did you mean --json? "
                               "(strangler check --help)"),
    (["check", "--frobnicate"], "unknown option --frobnicate "
                                "(strangler check --help)"),
    (["check", "-x"], "unknown option -x (strangler check --help)"),
    (["check", "--json=1"], "--json takes no value (strangler check --help)"),
    (["check"], "usage: strangler check FILE... [OPTION...] "
                "(strangler check --help)"),
    (["explain", "a", "b", "c", "d"],
     "usage: strangler explain FILE METHOD URL [OPTION...] "
     "(strangler explain --help)"),
    (["explain", "a", "b", "c", "-H"],
     "--header needs LINE (strangler explain --help)"),
    (["replay", "a", "--limit", "x"],
     '--limit "x" is no number (strangler replay --help)'),
    (["replay", "a", "--limit=-1"],
     '--limit "-1" is no number (strangler replay --help)'),
    (["replay", "a", "--limit=99999999999999999999"],
     '--limit "99999999999999999999" is no number (strangler replay --help)'),
])
def test_mistakes(args, err):
    said = strangler(*args)
    assert (said.code, said.out) == (2, "")
    assert said.err == f"strangler: {err}\n"


def test_options_in_any_form(rules):
    whole = good("explain", rules, "GET", "/api/orders/1", "--client", "::1",
                 "--header", "A: b", "--json").out
    for args in (
            [rules, "GET", "--client=::1", "/api/orders/1", "-HA: b",
             "--json"],
            ["--json", "-H", "A: b", "--client", "::1", "--", rules, "GET",
             "/api/orders/1"]):
        assert good("explain", *args).out == whole


def test_full_disk(rules):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "check", rules], stdout=full,
                              stderr=subprocess.PIPE, env=ENVIRONMENT,
                              timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == b"strangler: cannot write the output\n"
