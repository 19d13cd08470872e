#!/usr/bin/env bash
#
# Runs test suites, whose programs are built, and sums up:
#
#     run.sh BUILD SUITE...
#
# What a suite says goes to BUILD/log/test-SUITE.log.  Its closing lines are
# shown, and the end of that log where it failed.  The very last line is
# `N passed, N failed`; the exit status is 1 if anything failed.

set -uo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
shift


# Debian's own python; nothing is left in the tree

py()
{
    PYTHONDONTWRITEBYTECODE=1 \
        /usr/bin/python3 -m pytest -q -p no:cacheprovider "$@"
}


suite_style()
{
    local code=0

    if "$tests/style/check.sh"; then
        echo "1 passed in house style"
    else
        echo "1 failed in house style"
        code=1
    fi

    py "$tests/style" && return "$code"
}


suite_unit()
{
    local how

    for how in '' SAN=1 TSAN=1; do
        make -j"$(nproc)" -O -C "$tests/unit" check "BUILD=$build/unit" $how \
            || return
    done
}


suite_fuzz()
{
    make -j"$(nproc)" -C "$tests/fuzz" "BUILD=$build/fuzz" \
        && /usr/bin/python3 "$tests/fuzz/run.py" "$build/fuzz" --short
}


suite_compare()
{
    make -j"$(nproc)" -C "$tests/compare" "BUILD=$build/compare" \
        && COMPARE_BUILD=$build/compare py "$tests/compare"
}


suite_config()
{
    py "$tests/config"
}


suite_stub()
{
    py "$tests/stub"
}


suite_cli()
{
    py "$tests/cli"
}


# every other file, so that both take about as long

router_half()
{
    local i files=("$tests"/router/test_*.py) half=()

    for ((i = $1; i < ${#files[@]}; i += 2)); do
        half+=("${files[i]}")
    done

    py "${half[@]}"
}


suite_router-1()
{
    router_half 0
}


suite_router-2()
{
    router_half 1
}


suite_api()
{
    API_MODULES=$build/api py "$tests/api"
}


suite_soak()
{
    py -s "$tests/soak"
}


# many more deaths, which take longer than other tests do

suite_crash()
{
    CRASH_ROUNDS=40 NGINX_SLOWNESS=5 py -s "$tests/router/test_flip_crash.py"
}


suite_asan-unit()
{
    make -j"$(nproc)" -O -C "$tests/unit" check "BUILD=$build/unit" SAN=1
}


# Debian's nginx, which has no sanitizer itself: its module's comes first

suite_asan-module()
{
    local libraries

    libraries=$(gcc -print-file-name=libasan.so):$(
        gcc -print-file-name=libubsan.so)

    NGINX_PRELOAD=$libraries sanitized asan /usr/sbin/nginx
}


suite_asan-nginx()
{
    sanitized palloc "$build/nginx/palloc/objs/nginx"
}


# sanitized NAME NGINX: the router's tests with what is in build/nginx/NAME.
# nginx does not free what ends with the process, and each of its dynamic
# modules has a list of names that is called like nginx's own.

sanitized()
{
    local objs=$build/nginx/$1/objs reports=$build/asan/reports common asan

    rm -rf "$reports"
    mkdir -p "$reports"
    chmod 1777 "$reports"
    common=abort_on_error=1:log_path=$reports/report
    asan=detect_stack_use_after_return=1:detect_odr_violation=0

    NGINX_BIN=$2 STRANGLER_SO=$objs/ngx_http_strangler_module.so \
        NGINX_REPORTS=$reports NGINX_SLOWNESS=3 \
        ASAN_OPTIONS=detect_leaks=0:$asan:$common \
        UBSAN_OPTIONS=print_stacktrace=1:$common \
        py "$tests/router"
}


# count LOG passed|failed: pytest writes `3 passed, 1 failed in 0.5s` (and
# errors, which are failures), cmocka `[  PASSED  ] 3 test(s).` per program

count()
{
    local log=$1 words=$2

    if [ "$words" = failed ]; then
        words='failed|errors?'
    fi

    {
        grep -aE '^(=+ )?[0-9]+ [a-z]+.* in [a-z0-9]' "$log" \
            | grep -aoE "[0-9]+ ($words)"
        grep -aE "^\[ +${2^^} +\] [0-9]+ test" "$log" | grep -aoE '[0-9]+ '
    } | awk '{ n += $1 } END { print n + 0 }'
}


# closing LOG: what a suite said at its end

closing()
{
    local log=$1 programs

    programs=$(grep -acE '^\[=+\] [0-9]+ test\(s\) run' "$log")

    if [ "$programs" -gt 0 ]; then
        echo "$programs programs: $(count "$log" passed) passed," \
            "$(count "$log" failed) failed"
    fi

    grep -aE '^(=+ )?[0-9]+ [a-z]+.* in [a-z0-9]' "$log"
}


# Suites that mostly wait run two at a time, the longest first and that of the
# router in two halves.  Others have the machine to themselves: these before them, as they use all processors and take
# little time, and all the rest, which is long or measures something, at the end.

first=(unit fuzz compare)
beside=(router config cli style api stub)
total_passed=0
total_failed=0
declare -A running=()


# begin SUITE: in a process group of its own, so that it can be ended with all
# that it started

begin()
{
    local log=$build/log/test-$1.log

    mkdir -p "$build/log"
    set -m
    "suite_$1" >"$log" 2>&1 </dev/null &
    running[$!]=$1
    set +m

    if [ -t 1 ]; then
        printf '\r\e[K%s under way, see %s' "${running[*]}" "$build/log"
    fi
}


# report SUITE CODE: what is shown of it, when it has ended

report()
{
    local log=$build/log/test-$1.log passed failed

    passed=$(count "$log" passed)
    failed=$(count "$log" failed)

    if [ -t 1 ]; then
        printf '\r\e[K'
    fi

    if [ "$2" -ne 0 ]; then
        failed=$((failed > 0 ? failed : 1))
        tail -n 60 "$log" | cut -c 1-300 | sed 's/^/    /'
        printf '%-8s FAILED, the whole log is %s\n' "$1" "$log"
    fi

    closing "$log" | sed "s/^/$(printf '%-8s ' "$1")/"

    total_passed=$((total_passed + passed))
    total_failed=$((total_failed + failed))
}


# end_one: waits for one of those that are under way

end_one()
{
    local process code

    wait -n -p process "${!running[@]}"
    code=$?

    report "${running[$process]}" "$code"
    unset "running[$process]"
}


# give_up: they end as with Ctrl-C, which is in order

give_up()
{
    local process

    trap '' INT TERM

    for process in "${!running[@]}"; do
        kill -INT -- "-$process"
    done

    wait
    exit 130
}


trap give_up INT TERM

last=()
together=()

for suite in "${beside[@]}"; do
    if [[ " $* " != *" $suite "* ]]; then
        continue
    fi

    if [ "$suite" = router ]; then
        together+=(router-1 router-2)
    else
        together+=("$suite")
    fi
done

for suite in "$@"; do
    case " ${beside[*]} ${first[*]} " in
        *" $suite "*) ;;
        *) last+=("$suite") ;;
    esac
done

for suite in "${first[@]}"; do
    if [[ " $* " == *" $suite "* ]]; then
        begin "$suite"
        end_one
    fi
done

at_once=$(($(nproc) > 1 ? 2 : 1))

for suite in "${together[@]}"; do
    if [ ${#running[@]} -eq $at_once ]; then
        end_one
    fi

    begin "$suite"
done

while [ ${#running[@]} -gt 0 ]; do
    end_one
done

for suite in "${last[@]}"; do
    begin "$suite"
    end_one
done

echo
echo "$total_passed passed, $total_failed failed"

[ "$total_failed" -eq 0 ]
