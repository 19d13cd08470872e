#!/usr/bin/env bash
#
# The one entry to building, trying and testing: see ./build.sh --help.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$top/build
so=ngx_http_strangler_module.so

packages_module=(gcc make libc6-dev libyaml-dev libpcre2-dev)
packages_nginx=(nginx nginx-dev)


usage()
{
    cat <<'END'
usage: ./build.sh COMMAND

  deps            install the Debian packages that are missing
  module          make build/ngx_http_strangler_module.so
  clean           remove build/

environment

  NGINX_SRC=DIR   make the module for this nginx source tree, not for Debian's
                  package
END
}


say()
{
    printf '%s\n' "$*"
}


# die STATUS WORD...

die()
{
    local code=$1

    shift
    printf 'build.sh: %s\n' "$*" >&2
    exit "$code"
}


# step NAME COMMAND...: silent when all is well, the end of the log when not

step()
{
    local name=$1 log=$build/log/$1.log code

    shift
    mkdir -p "$build/log"

    set +e
    (set -e; "$@") >"$log" 2>&1 </dev/null
    code=$?
    set -e

    if [ "$code" -ne 0 ]; then
        tail -n 40 "$log" >&2
        die 1 "$name failed; the whole log is $log"
    fi
}


root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}


# is_root_possible: without asking for a password where nobody can answer

is_root_possible()
{
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null \
        || { [ -t 0 ] && sudo -v; }
}


# missing PACKAGE...: those that are not installed, one a line

missing()
{
    local installed package

    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" \
                2>/dev/null || true)

    for package in "$@"; do
        if ! grep -qx "installed $package" <<<"$installed"; then
            printf '%s\n' "$package"
        fi
    done | sort -u
}


# need PACKAGE...: installs those that are missing

need()
{
    local packages version

    if ! command -v dpkg-query >/dev/null; then
        die 2 "this is no Debian; what is needed here is known there as: $*"
    fi

    mapfile -t packages < <(missing "$@")

    if [ ${#packages[@]} -eq 0 ]; then
        return 0
    fi

    # nginx-dev fits one version of nginx: that which is there, never another

    version=$(dpkg-query -W -f '${Version}' nginx 2>/dev/null || true)

    if [ -n "$version" ]; then
        packages=("${packages[@]/%nginx-dev/nginx-dev=$version}")
    fi

    if ! is_root_possible; then
        die 2 "packages are missing; as root, please:" \
            "apt-get install ${packages[*]}"
    fi

    say "installing ${packages[*]}"
    step apt-update root apt-get -q update
    step apt-install apt_install "${packages[@]}"

    if [ -z "$version" ] && [ -z "$(missing nginx)" ]; then
        say "nginx is installed, but neither started nor enabled at boot"
    fi
}


# Debian starts a service that it installs.  We want nginx's program, not a
# server on port 80: a policy forbids it for the time of the installation.

apt_install()
{
    local policy=/usr/sbin/policy-rc.d fresh

    fresh=$(missing nginx)

    if [ ! -e "$policy" ]; then
        trap 'root rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' | root tee "$policy"
        root chmod 755 "$policy"
    fi

    root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
        --no-install-recommends --no-remove install "$@"

    if [ -n "$fresh" ] && [ -z "$(missing nginx)" ]; then
        root update-rc.d nginx disable || true

        if root service nginx status; then
            root service nginx stop
        fi
    fi
}


# build_module NAME SOURCE FLAG...: in build/nginx/NAME, where links give all
# that nginx's scripts use a short name: they cannot bear blanks in paths, and
# they write into the directory in which they run.

build_module()
{
    local work=$build/nginx/$1 source=$2 configure=configure link stamp

    shift 2

    if [ -e "$source/auto/configure" ]; then
        configure=auto/configure
    fi

    mkdir -p "$work"

    for link in auto src configure; do
        if [ -e "$source/$link" ]; then
            ln -sfn "$source/$link" "$work/$link"
        fi
    done

    ln -sfn "$top" "$work/strangler"
    cd "$work"

    stamp=$(printf '%s\n' "$source" "$@"
            cat strangler/config src/core/nginx.h
            find strangler/{base,rules,module} -name '*.[ch]' | sort)

    if [ "$stamp" != "$(cat stamp 2>/dev/null)" ]; then
        rm -rf objs stamp
        bash "$configure" "$@" --builddir=objs --add-dynamic-module=strangler
        printf '%s\n' "$stamp" >stamp
    fi

    make -j"$(nproc)" -f objs/Makefile modules

    # a running nginx has the old file mapped: replace it, never overwrite it

    if ! cmp -s "objs/$so" "$build/$so"; then
        cp "objs/$so" "$build/.$so"
        mv "$build/.$so" "$build/$so"
    fi
}


cmd_deps()
{
    need "${packages_module[@]}" "${packages_nginx[@]}"
    say "all packages are installed"
}


cmd_module()
{
    local source=${NGINX_SRC:-} name=debian flags

    flags=(--with-compat --with-threads --with-http_ssl_module)

    if [ -n "$source" ]; then
        need "${packages_module[@]}" libssl-dev zlib1g-dev

        if [ ! -e "$source/src/core/nginx.h" ]; then
            die 2 "NGINX_SRC=$source is no nginx source tree"
        fi

        source=$(cd "$source" && pwd)
        name=source-$(cksum <<<"$source" | cut -d ' ' -f 1)

    else
        need "${packages_module[@]}" "${packages_nginx[@]}"
        source=/usr/share/nginx/src

        # shellcheck source=/dev/null
        . "$source/conf_flags"
        flags=("${NGX_CONF_FLAGS[@]}")
    fi

    step module build_module "$name" "$source" "${flags[@]}" \
        --with-cc-opt="-O2 -fstack-protector-strong" \
        --with-ld-opt="-Wl,-z,relro -Wl,-z,now"

    say "build/$so is ready, for nginx $(nginx_version "$source")"
}


nginx_version()
{
    sed -n 's/.*NGINX_VERSION .*"\(.*\)"/\1/p' "$1/src/core/nginx.h"
}


cmd_clean()
{
    rm -rf "$build"
}


main()
{
    local command=${1:-}

    case $command in
        deps|module|clean)
            shift
            "cmd_$command" "$@"
            ;;
        -h|--help|help)
            usage
            ;;
        *)
            usage >&2
            exit 2
            ;;
    esac
}


main "$@"
