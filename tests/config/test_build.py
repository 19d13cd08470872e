"""build.sh and config, from a copy of the tree in a path with blanks."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SO = "ngx_http_strangler_module.so"


def build(tree, *args, cwd=None, env=None):
    return subprocess.run(
        [tree / "build.sh", *args], cwd=cwd or tree, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
        env={**os.environ, "NGINX_SRC": "", **(env or {})}, check=False)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The tree as a fresh clone has it, with the module built once."""
    top = tmp_path_factory.mktemp("a clone") / "of this"
    shutil.copytree(ROOT, top, ignore=shutil.ignore_patterns(
        "build", ".git", "__pycache__"))
    run = build(top, "module", cwd="/")
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 1
    return top


def load(so, tmp_path):
    conf = tmp_path / "nginx.conf"
    conf.write_text(f'load_module "{so}";\npid "{tmp_path}/pid";\n'
                    "events {}\nhttp { access_log off; }\n")
    return subprocess.run(
        ["/usr/sbin/nginx", "-t", "-q", "-p", tmp_path, "-c", conf,
         "-e", "stderr"], text=True, capture_output=True, timeout=30,
        check=False)


def test_module_loads(tree, tmp_path):
    run = load(tree / "build" / SO, tmp_path)
    assert (run.returncode, run.stderr) == (0, "")


def test_module_has_all_that_is_there(tree):
    objects = {path.relative_to(tree / "build/nginx/debian/objs/addon")
               for path in (tree / "build/nginx/debian/objs").rglob("*.o")
               if "addon" in path.parts}
    assert objects == {
        source.relative_to(tree).with_suffix(".o")
        for room in ("base", "rules", "compare", "control", "evidence",
                     "guard", "module")
        for source in (tree / room).glob("*.c")}


def test_module_filters_before_gzip(tree):
    made = tree / "build/nginx/debian/objs" / SO.replace(".so", "_modules.c")
    names = re.findall(r'"(\w+)"', made.read_text())
    assert names == ["ngx_http_strangler_module", "ngx_http_strangler_module",
                     "ngx_http_copy_filter_module"]


def test_again_does_nothing(tree):
    so = tree / "build" / SO
    before = so.stat()
    run = build(tree, "module")
    assert run.returncode == 0
    assert so.stat().st_mtime_ns == before.st_mtime_ns
    log = (tree / "build/log/module.log").read_text()
    assert "Nothing to be done for 'modules'" in log


def test_header_change_compiles_again(tree):
    header = tree / "base/fig_base.h"
    before = header.stat()
    os.utime(header)
    run = subprocess.run(
        ["make", "-n", "-f", "objs/Makefile", "modules"], text=True,
        cwd=tree / "build/nginx/debian", capture_output=True, timeout=30,
        check=False)
    os.utime(header, ns=(before.st_atime_ns, before.st_mtime_ns))
    for source in (tree / "module").glob("*.c"):
        assert f"-o objs/addon/module/{source.stem}.o" in run.stdout


def test_error_is_shown_and_the_module_kept(tree):
    source = tree / "module/ngx_http_strangler_module.c"
    text = source.read_text()
    before = (tree / "build" / SO).read_bytes()
    try:
        source.write_text(text + "#error broken on purpose\n")
        run = build(tree, "module")
    finally:
        source.write_text(text)
    assert run.returncode == 1
    assert run.stdout == ""
    assert "broken on purpose" in run.stderr
    assert run.stderr.endswith(
        f"the whole log is {tree}/build/log/module.log\n")
    assert (tree / "build" / SO).read_bytes() == before


@pytest.fixture
def bare(tmp_path):
    """A user without rights on a machine that has no package."""
    def script(name, body):
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    script("dpkg-query", "exit 1")
    script("id", "echo 1000")
    script("sudo", "exit 1")
    script("apt-get", f"touch '{tmp_path}/called'")
    return {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize("command,package", [
    ("module", "nginx-dev"), ("stub", "libmicrohttpd-dev"),
    ("cli", "libcurl4-openssl-dev"),
    ("run", "curl"), ("test", "python3-pytest"), ("deps", "libcmocka-dev"),
    ("fuzz", "clang")])
def test_missing_packages_are_named(bare, tmp_path, command, package):
    run = build(ROOT, command, env=bare)
    assert run.returncode == 2
    assert run.stdout == ""
    said, _, line = run.stderr.strip().rpartition(": ")
    assert "as root" in said
    assert line.split()[:2] == ["apt-get", "install"]
    assert package in line.split()[2:]
    assert not (tmp_path / "called").exists()


def test_help_names_every_command():
    run = build(ROOT, "--help")
    assert run.returncode == 0
    for command in ("deps", "module", "stub", "cli", "run", "test", "asan",
                    "fuzz", "bench", "clean"):
        assert f"\n  {command} " in run.stdout


@pytest.mark.parametrize("args", [
    [], ["install"], ["module", "x"], ["run", "--twice"], ["run", "--port"],
    ["run", "--port", "http"], ["test", "everything"],
    ["fuzz", "1"], ["fuzz", "--minutes"], ["fuzz", "--minutes", "0"]])
def test_wrong_usage(args):
    run = build(ROOT, *args)
    assert run.returncode == 2
    assert run.stdout == ""
    assert "build.sh" in run.stderr


def test_source_tree_that_is_none(tmp_path):
    run = build(ROOT, "module", env={"NGINX_SRC": str(tmp_path)})
    assert run.returncode == 2
    assert f"NGINX_SRC={tmp_path}" in run.stderr


def test_clean(tmp_path):
    shutil.copy(ROOT / "build.sh", tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    (tmp_path / "build/log").mkdir(parents=True)
    for _ in range(2):
        run = build(tmp_path, "clean")
        assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
        assert not (tmp_path / "build").exists()
