"""nginx's configure with this add-on: dynamic and static, whatever else."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEBIAN = "/usr/share/nginx/src"
FLAGS = "--with-compat --with-threads --with-http_ssl_module".split()


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    """Debian's configure scripts and headers, where they may be run."""
    tree = tmp_path_factory.mktemp("nginx") / "src"
    shutil.copytree(DEBIAN, tree)
    return tree


def configure(tree, *args):
    return subprocess.run(
        ["bash", "./configure", "--builddir=out", *args], cwd=tree, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
        check=False)


def sources():
    return {str(path) for room in ("base", "rules", "module")
            for path in (ROOT / room).glob("*.c")}


def compiled(makefile):
    return set(re.findall(rf"{re.escape(str(ROOT))}/\S+\.c", makefile))


def test_dynamic(nginx):
    run = configure(nginx, *FLAGS, f"--add-dynamic-module={ROOT}")
    assert run.returncode == 0, run.stdout

    makefile = (nginx / "out/Makefile").read_text()
    assert compiled(makefile) == sources()
    assert "out/ngx_http_strangler_module.so" in makefile
    for room in ("base", "rules", "module"):
        for header in (ROOT / room).glob("*.h"):
            assert str(header) in makefile

    order = (nginx / "out/ngx_http_strangler_module_modules.c").read_text()
    names = re.findall(r'"(\w+)"', order)
    assert names == ["ngx_http_strangler_module", "ngx_http_strangler_module",
                     "ngx_http_copy_filter_module"]


def test_static(nginx):
    run = configure(nginx, *FLAGS, f"--add-module={ROOT}")
    assert run.returncode == 0, run.stdout

    makefile = (nginx / "out/Makefile").read_text()
    assert compiled(makefile) == sources()

    modules = (nginx / "out/ngx_modules.c").read_text()
    order = re.findall(r"&(\w+),", modules)
    assert order.index("ngx_http_headers_filter_module") \
        < order.index("ngx_http_strangler_module") \
        < order.index("ngx_http_copy_filter_module")


@pytest.mark.parametrize("how", ["--add-dynamic-module", "--add-module"])
def test_threads_come_with_it(nginx, how):
    run = configure(nginx, "--with-compat", f"{how}={ROOT}")
    assert run.returncode == 0, run.stdout
    assert "NGX_THREADS" in (nginx / "out/ngx_auto_config.h").read_text()
    assert "ngx_thread_pool_module" in (nginx / "out/ngx_modules.c").read_text()


@pytest.mark.parametrize("header,package", [
    ("yaml.h", "libyaml-dev"), ("pcre2.h", "libpcre2-dev")])
def test_missing_library(nginx, tmp_path, header, package):
    compiler = tmp_path / "cc"
    compiler.write_text('#!/bin/sh\n'
                        'for arg; do case $arg in *.c)\n'
                        f'    grep -q "<{header}>" "$arg" && exit 1\n'
                        'esac; done\nexec gcc "$@"\n')
    compiler.chmod(0o755)

    run = configure(nginx, *FLAGS, f"--with-cc={compiler}",
                    "--without-http_rewrite_module",
                    f"--add-dynamic-module={ROOT}")
    assert run.returncode != 0
    assert run.stdout.strip().endswith(f"({package})")


@pytest.mark.skipif("NGINX_SRC" not in os.environ,
                    reason="NGINX_SRC names no nginx source tree")
def test_static_nginx_runs(tmp_path):
    """With all of nginx's own sources: one program, and it starts."""
    tree = tmp_path / "src"
    shutil.copytree(os.environ["NGINX_SRC"], tree)
    if not (tree / "configure").exists():
        shutil.copy(tree / "auto/configure", tree)

    run = configure(tree, *FLAGS, f"--add-module={ROOT}")
    assert run.returncode == 0, run.stdout
    run = subprocess.run(["make", "-j2", "-f", "out/Makefile"], cwd=tree,
                         capture_output=True, text=True, timeout=600,
                         check=False)
    assert run.returncode == 0, run.stderr

    run = subprocess.run([tree / "out/nginx", "-V"], capture_output=True,
                         text=True, timeout=10, check=False)
    assert f"--add-module={ROOT}" in run.stderr
