#!/usr/bin/env bash
#
# The one entry to building, trying and testing: see ./build.sh --help.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$top/build
so=ngx_http_strangler_module.so

suites=(style unit fuzz compare config stub cli router api)
long=(soak crash)

# shellcheck source=.ci/packages.sh
. "$top/.ci/packages.sh"
# shellcheck source=.ci/asan.sh
. "$top/.ci/asan.sh"
# shellcheck source=.ci/fuzz.sh
. "$top/.ci/fuzz.sh"


usage()
{
    cat <<END
usage: ./build.sh COMMAND

  deps            install the Debian packages that are missing
  module          make build/$so
  stub            make the example monolith and its services in build/stub
  cli             make the command, build/strangler
  run [--once] [--port N]
                  make all, put nginx in front of the example and move some of
                  its paths; then serve on 127.0.0.1:8080, or port N, until
                  Ctrl-C (--once: end there)
  test [SUITE...] run the tests, or some of: ${suites[*]},
                  and ${long[*]}, which take long (full: all of these)
  asan            run unit and router tests with AddressSanitizer and UBSan
  fuzz [--minutes N]
                  run the fuzz targets, each for N minutes (1): exit status 1
                  when one failed, whose input is then in build/fuzz/crashes
  bench [--quick] [SECTION...]
                  print what the module costs, or some of: instructions cpu
                  loading matching flips shadow (--functions KIND ROUTES
                  hit|miss: where the instructions of a case go; see
                  docs/performance.md)
  clean           remove build/

Packages that a command needs are installed, as root or with sudo.

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


# step NAME COMMAND...: silent when all is well, the end of the log when not;
# one at a time, whoever else builds in this tree

step()
{
    local name=$1 log=$build/log/$1.log code

    shift
    mkdir -p "$build/log"

    set +e
    (
        exec 9>"$build/lock"
        flock 9
        set -e
        "$@" >"$log" 2>&1 </dev/null
    )
    code=$?
    set -e

    if [ "$code" -ne 0 ]; then
        tail -n 40 "$log" >&2
        die 1 "$name failed; the whole log is $log"
    fi
}


# configure_make NAME SOURCE GOAL FLAG...: in build/nginx/NAME, where links give
# all that nginx's scripts use a short name: they cannot bear blanks in paths,
# and they write into the directory in which they run.

configure_make()
{
    local work=$build/nginx/$1 source=$2 goal=$3 configure=configure link stamp

    shift 3

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
            find strangler/{base,rules,compare,control,evidence,guard,module} \
                -name '*.[ch]' | sort
            cat strangler/module/openapi.json)

    if [ "$stamp" != "$(cat stamp 2>/dev/null)" ]; then
        rm -rf objs stamp
        bash "$configure" "$@" --builddir=objs --add-dynamic-module=strangler
        printf '%s\n' "$stamp" >stamp
    fi

    make -j"$(nproc)" -f objs/Makefile "$goal"
}


# build_module NAME SOURCE FLAG...

build_module()
{
    configure_make "$1" "$2" modules "${@:3}"

    # a running nginx has the old file mapped: replace it, never overwrite it

    if ! cmp -s "objs/$so" "$build/$so"; then
        cp "objs/$so" "$build/.$so"
        mv "$build/.$so" "$build/$so"
    fi
}


cmd_deps()
{
    need "${packages_module[@]}" "${packages_nginx[@]}" "${packages_stub[@]}" \
        "${packages_cli[@]}" "${packages_run[@]}" "${packages_test[@]}" \
        "${packages_fuzz[@]}"
    need_node
    say "all packages are installed"
}


cmd_module()
{
    local source=${NGINX_SRC:-} name=debian flags direct

    # functions of ours call each other without a detour that lets others
    # replace them

    direct=-fno-semantic-interposition
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

        if [ ! -e "$source/conf_flags" ]; then
            die 2 "without Debian's nginx-dev, NGINX_SRC must name a source" \
                "tree of nginx"
        fi

        # shellcheck source=/dev/null
        . "$source/conf_flags"
        flags=("${NGX_CONF_FLAGS[@]}")
    fi

    step module build_module "$name" "$source" "${flags[@]}" \
        --with-cc-opt="-O2 -fstack-protector-strong $direct" \
        --with-ld-opt="-Wl,-z,relro -Wl,-z,now -Wl,-Bsymbolic-functions"

    say "build/$so is ready, for nginx $(nginx_version "$source")"
}


nginx_version()
{
    sed -n 's/.*NGINX_VERSION .*"\(.*\)"/\1/p' "$1/src/core/nginx.h"
}


cmd_stub()
{
    need "${packages_stub[@]}"
    step stub make -j"$(nproc)" -C "$top/legacy-stub" "BUILD=$build/stub"
    say "build/stub/shop-legacy and shop-service are ready"
}


cmd_cli()
{
    need "${packages_cli[@]}"
    step cli make -j"$(nproc)" -C "$top/cli" "BUILD=$build"
    say "build/strangler is ready"
}


cmd_run()
{
    local port='' once=no

    while [ $# -gt 0 ]; do
        case $1 in
            --once)
                once=yes
                ;;
            --port)
                port=${2:-}
                if [[ ! $port =~ ^[0-9]{1,5}$ ]] || ((10#$port > 65535)); then
                    usage_error "--port needs a number up to 65535"
                fi
                shift
                ;;
            *)
                usage_error "run knows no $1"
                ;;
        esac
        shift
    done

    need "${packages_run[@]}" "${packages_module[@]}" "${packages_nginx[@]}" \
        "${packages_stub[@]}"
    cmd_module
    cmd_stub
    cmd_cli

    exec "$BASH" "$top/legacy-stub/demo.sh" "$top" "$once" "$port"
}


cmd_test()
{
    local suite all=("${suites[@]}" "${long[@]}")

    if [ "$*" = full ]; then
        set -- "${all[@]}"
    fi

    for suite in "$@"; do
        if [[ " ${all[*]} " != *" $suite "* ]]; then
            usage_error "there is no test suite $suite, but: full ${all[*]}"
        fi
    done

    if [ $# -eq 0 ]; then
        set -- "${suites[@]}"
    fi

    need "${packages_test[@]}" "${packages_module[@]}" \
        "${packages_nginx[@]}" "${packages_stub[@]}" "${packages_cli[@]}" \
        "${packages_run[@]}"

    if [[ " $* " == *" fuzz "* ]]; then
        need "${packages_fuzz[@]}"
    fi

    if [[ " $* " == *" api "* ]]; then
        api_tools
    fi

    cmd_module
    cmd_stub
    cmd_cli

    exec "$BASH" "$top/tests/run.sh" "$build" "$@"
}


# need_node: it has other names where it does not come from Debian

need_node()
{
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        need "${packages_api[@]}"
    fi
}


# What the description of the API is checked with; once, then without network

api_tools()
{
    local work=$build/api stamp

    need_node
    stamp=$(cat "$top/tests/api/package-lock.json")

    if [ "$stamp" != "$(cat "$work/stamp" 2>/dev/null)" ]; then
        mkdir -p "$work"
        rm -f "$work/stamp"
        cp "$top/tests/api/package.json" "$top/tests/api/package-lock.json" \
            "$work"
        step api-tools npm --prefix "$work" ci --ignore-scripts --no-audit \
            --no-fund
        printf '%s\n' "$stamp" >"$work/stamp"
    fi
}


cmd_bench()
{
    need "${packages_bench[@]}" "${packages_module[@]}" "${packages_nginx[@]}"
    cmd_module
    step match-bench make -C "$top/tests/bench" all "BUILD=$build/bench"

    PYTHONDONTWRITEBYTECODE=1 \
        exec /usr/bin/python3 "$top/tests/bench/bench.py" "$build" "$@"
}


cmd_clean()
{
    rm -rf "$build"
}


usage_error()
{
    die 2 "$* (./build.sh --help)"
}


main()
{
    local command=${1:-}

    case $command in
        deps|module|stub|cli|asan|clean)
            [ $# -eq 1 ] || usage_error "$command takes no arguments"
            "cmd_$command"
            ;;
        run|test|bench|fuzz)
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
