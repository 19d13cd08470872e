"""The man page, docs/cli.md and the completion know all that --help does."""

import os
import re
import shutil
import subprocess

import pytest

from command import ENVIRONMENT, PROGRAM, TOP, good
from node import route
from test_usage import commands

COMMON = {"help"}


def options(command):
    return set(re.findall(r"^ +(?:-., )?--([a-z-]+)",
                          good(command, "--help").out, re.M)) - COMMON


@pytest.mark.parametrize("command", commands())
def test_man_page(command):
    page = (TOP / "docs/strangler.1").read_text()
    assert re.search(rf"^\.(Cm|It Cm) .*\b{command}\b", page, re.M)
    for option in options(command):
        assert f"Fl -{option}" in page or f", -{option}" in page, option


@pytest.mark.parametrize("command", commands())
def test_handbook(command):
    page = (TOP / "docs/cli.md").read_text()
    assert f"`{command}" in page
    for option in options(command):
        assert f"`--{option}" in page or f"[--{option}" in page, option


def test_man_page_is_well_formed():
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", TOP / "docs/strangler.1"],
        capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def complete(*words, env=None):
    """What bash offers for the last word."""
    script = ('source "$1"; shift; COMP_WORDS=("$@"); '
              "COMP_CWORD=$(($# - 1)); _strangler; "
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(
        ["bash", "-c", script, "bash", TOP / "cli/strangler.bash", PROGRAM,
         *words], capture_output=True, text=True, timeout=60, check=True,
        cwd=TOP / "rules/examples", env={**ENVIRONMENT, **(env or {})})
    assert done.stderr == ""
    return sorted(done.stdout.split())


def test_completion_of_commands():
    assert complete("") == sorted([*commands(), "--help", "--version"])
    assert complete("re") == ["ready", "release", "replay", "reset"]


@pytest.mark.parametrize("command", commands())
def test_completion_of_options(command):
    assert complete(command, "--") \
        == sorted(f"--{option}" for option in options(command) | COMMON)


def test_completion_of_values(start):
    node = start([route("orders-read"), route("stock")])
    env = {"STRANGLER_API": node.url}
    assert complete("check", "") == os.listdir(TOP / "rules/examples")
    assert complete("flip", "o", env=env) == ["orders-read"]
    assert complete("flip", "stock", "l", env=env) == ["legacy", "live"]
    assert complete("flip", "--api", node.url, "s") \
        == ["shadow", "stock"]
    assert complete("flip", "o") == []
    assert complete("reset", "", env=env) == ["orders-read", "stock"]
    assert complete("ready", "s", env=env) == ["stock"]
    assert complete("advance", "o", env=env) == ["orders-read"]
    assert complete("drain", "", env=env) == ["legacy", "orders"]
    assert complete("routes", "--stage", "") \
        == ["done", "legacy", "live", "ramp", "shadow"]
    assert complete("routes", "--reason", "") == []
