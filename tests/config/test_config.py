"""nginx's configure with this add-on, without build.sh."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = "/usr/share/nginx/src"
FLAGS = "--with-compat --with-http_ssl_module".split()


@pytest.fixture
def nginx(tmp_path):
    """Debian's configure scripts and headers, where they may be run."""
    tree = tmp_path / "src"
    shutil.copytree(DEBIAN, tree)
    return tree


def configure(tree, *args):
    return subprocess.run(
        ["bash", "./configure", "--builddir=out", *args], cwd=tree, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        check=False)


def test_static(nginx):
    run = configure(nginx, *FLAGS, f"--add-module={ROOT}")
    assert run.returncode == 0, run.stdout

    makefile = (nginx / "out/Makefile").read_text()
    assert set(re.findall(rf"{re.escape(str(ROOT))}/\S+\.c", makefile)) == {
        str(source) for room in ("base", "rules", "compare", "control",
                                 "evidence", "guard", "module")
        for source in (ROOT / room).glob("*.c")}

    modules = (nginx / "out/ngx_modules.c").read_text()
    order = re.findall(r"&(\w+),", modules)
    assert order.index("ngx_http_headers_filter_module") \
        < order.index("ngx_http_strangler_module") \
        < order.index("ngx_http_copy_filter_module")

    # threads were not asked for, but the module needs them
    assert "ngx_thread_pool_module" in order
    assert "NGX_THREADS" in (nginx / "out/ngx_auto_config.h").read_text()


@pytest.mark.parametrize("header,package", [
    ("yaml.h", "libyaml-dev"), ("pcre2.h", "libpcre2-dev")])
def test_missing_library(nginx, tmp_path, header, package):
    """Only the add-on's part of configure, with a compiler that lacks it."""
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\n'
                        'for arg; do case $arg in *.c)\n'
                        f'    grep -q "<{header}>" "$arg" && exit 1\n'
                        'esac; done\nexec gcc "$@"\n')
    compiler.chmod(0o755)

    run = subprocess.run(
        ["sh", "-c", ". auto/options; . auto/init; . auto/sources\n"
         f"CC={compiler}; ngx_addon_dir={ROOT}; ngx_module_link=DYNAMIC\n"
         "mkdir -p $NGX_OBJS; . $ngx_addon_dir/config"], cwd=nginx, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30,
        check=False)
    assert run.returncode == 1
    assert run.stdout.endswith(f"({package})\n")


@pytest.mark.skipif("NGINX_SRC" not in os.environ,
                    reason="NGINX_SRC names no nginx source tree")
def test_static_nginx_takes_rules(tmp_path):
    """With all of nginx's own sources: one program, and it starts."""
    tree = tmp_path / "src"
    shutil.copytree(os.environ["NGINX_SRC"], tree)
    if not (tree / "configure").exists():
        shutil.copy(tree / "auto/configure", tree)

    run = configure(tree, *FLAGS, f"--prefix={tmp_path}",
                    f"--add-module={ROOT}")
    assert run.returncode == 0, run.stdout
    run = subprocess.run(["make", "-j2", "-f", "out/Makefile"], cwd=tree,
                         capture_output=True, text=True, timeout=600,
                         check=False)
    assert run.returncode == 0, run.stderr

    (tmp_path / "rules.yaml").write_text(
        "version: 1\nbackends:\n"
        "  old: {servers: [http://127.0.0.1:1]}\ndefault: old\n")
    (tmp_path / "nginx.conf").write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\n"
        f"access_log off;\nstrangler_rules main {tmp_path}/rules.yaml;\n"
        "server { location / { strangler_pass main; } }\n}\n")
    run = subprocess.run(
        [tree / "out/nginx", "-t", "-p", tmp_path, "-c", "nginx.conf",
         "-e", "stderr"], capture_output=True, text=True, timeout=10,
        check=False)
    assert run.returncode == 0, run.stderr
