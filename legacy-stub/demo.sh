#!/usr/bin/env bash
#
# The example, live: a monolith, three services cut out of it, and nginx in
# front.  Shows who answers and why, moves a path by editing one word of the
# rules, and stops a service to show the fallback.
#
#     demo.sh TOP ONCE PORT
#
# TOP is the repository, all built.  ONCE (yes, no): end after the show, with
# status 1 if anything was not as expected.  PORT: nginx's; 0 takes a free one
# and empty means 8080, or a free one where that is taken and ONCE is yes.
# All that runs and all that is written is below TOP/build/run.

# functions are called by wait_until and by traps
# shellcheck disable=SC2317

set -euo pipefail

top=$1
once=$2
port=$3

build=$top/build
run=$build/run
rules=$run/rules.yaml
patience=10                             # seconds that anything may take

declare -A pid_of=() port_of=()
unexpected=0

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[m'
else
    bold='' dim='' green='' red='' plain=''
fi


die()
{
    printf '%srun: %s%s\n' "$red" "$*" "$plain" >&2
    exit 1
}


title()
{
    printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"
}


note()
{
    printf '  %s%s%s\n' "$dim" "$*" "$plain"
}


# stop NAME: ends a program that was started here

stop()
{
    local pid=${pid_of[$1]} i

    unset "pid_of[$1]"
    kill -TERM "$pid" 2>/dev/null || true

    for ((i = 0; i < patience * 20; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.05
    done

    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}


stop_all()
{
    local name

    trap '' INT TERM

    for name in "${!pid_of[@]}"; do
        stop "$name"
    done
}


# wait_until WHAT COMMAND...: asks again and again, but not for ever

wait_until()
{
    local what=$1 end=$((SECONDS + patience))

    shift

    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            die "waited $patience s in vain until $what; see $run/logs"
        fi
        sleep 0.05
    done
}


is_taken()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}


free_port()
{
    local candidate

    while :; do
        candidate=$((20000 + RANDOM % 12000))
        is_taken "$candidate" || break
    done

    printf '%s\n' "$candidate"
}


choose_port()
{
    if [ -z "$port" ] && [ "$once" = yes ] && is_taken 8080; then
        port=0
    fi

    port=${port:-8080}

    if [ "$port" = 0 ]; then
        port=$(free_port)
    elif is_taken "$port"; then
        die "port $port is taken; another one: ./build.sh run --port N"
    fi
}


# is_listening NAME: the program has said where it listens

is_listening()
{
    port_of[$1]=$(sed -n 's/^listening on 127\.0\.0\.1://p' \
                  "$run/logs/$1.log")

    if [ -z "${port_of[$1]}" ]; then
        kill -0 "${pid_of[$1]}" 2>/dev/null \
            || die "$1 did not start; see $run/logs/$1.log"
        return 1
    fi
}


# start NAME PORT PROGRAM OPTION...: at PORT, or at a free one

start()
{
    local name=$1 want=$2

    shift 2

    if is_taken "$want"; then
        want=0
    fi

    "$build/stub/$1" "${@:2}" --port "$want" --db "$run/data/$name.db" \
        >"$run/logs/$name.log" 2>&1 </dev/null 9>&- &
    pid_of[$name]=$!

    wait_until "$name listens" is_listening "$name"
}


write_config()
{
    local user=''

    # workers of another user could not read a clone in root's home

    if [ "$(id -u)" -eq 0 ]; then
        user='user root;'
    fi

    cat >"$run/nginx.conf" <<END
load_module "$build/ngx_http_strangler_module.so";

$user
daemon off;
worker_processes 2;
pid "$run/nginx.pid";
error_log "$run/logs/error.log" notice;

events {
}

http {
    log_format migration '\$remote_addr "\$request" \$status '
                         'route=\$strangler_route by=\$strangler_backend '
                         'stage=\$strangler_stage '
                         'fallback="\$strangler_fallback"';
    access_log "$run/logs/access.log" migration;

    client_body_temp_path "$run/temp/body";
    proxy_temp_path "$run/temp/proxy";
    fastcgi_temp_path "$run/temp/fastcgi";
    uwsgi_temp_path "$run/temp/uwsgi";
    scgi_temp_path "$run/temp/scgi";

    strangler_rules main "$rules" "state=$run/state";

    server {
        listen 127.0.0.1:$port;

        location / {
            strangler_pass main;
            strangler_debug_header on;
            include "$top/module/strangler_params";
        }
    }
}
END
}


is_serving()
{
    kill -0 "${pid_of[nginx]}" 2>/dev/null \
        || { tail -n 20 "$run/logs/nginx.log" "$run/logs/error.log" >&2
             die "nginx did not start"; }
    is_taken "$port"
}


start_nginx()
{
    write_config

    nginx -p "$run" -e "$run/logs/error.log" -c "$run/nginx.conf" \
        >"$run/logs/nginx.log" 2>&1 </dev/null 9>&- &
    pid_of[nginx]=$!

    wait_until "nginx serves" is_serving
}


# ask METHOD PATH [CURL OPTION...]: sets status, backend, route and why

ask()
{
    local method=$1 path=$2 answer

    shift 2

    [ "$method" = HEAD ] && set -- --head "$@"
    [ "$method" = HEAD ] || set -- -X "$method" "$@"

    answer=$(curl -s -o /dev/null -D - -m "$patience" "$@" \
                 "http://127.0.0.1:$port$path" | tr -d '\r') || true

    status=$(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' <<<"$answer")
    backend=$(sed -n 's/^X-Strangler-Backend: //p' <<<"$answer")
    route=$(sed -n 's/^X-Strangler-Route: //p' <<<"$answer")
    why=$(sed -n 's/^X-Strangler-Why: //p' <<<"$answer")
}


header()
{
    printf '  %s%-34s %-7s %-11s %-16s %s%s\n' "$dim" request status \
        'answered by' route why "$plain"
}


# show STATUS BACKEND METHOD PATH [CURL OPTION...]: asks, prints a line of the
# table and checks it

show()
{
    local want_status=$1 want_backend=$2 mark=$green wrong=''

    shift 2
    ask "$@"

    if [ "$status $backend" != "$want_status $want_backend" ]; then
        unexpected=$((unexpected + 1))
        mark=$red
        wrong="  (expected: $want_status from $want_backend)"
    fi

    printf '  %-34s %-7s %s%-11s%s %-16s %s%s%s%s\n' "$1 $2" "${status:--}" \
        "$mark" "${backend:--}" "$plain" "${route:--}" "$why" \
        "$red" "$wrong" "$plain"
}


stage_of()
{
    sed -n "/- name: $1\$/,/stage:/s/.*stage: *\([a-z]*\).*/\1/p" "$rules"
}


# is_answered_by BACKEND PATH: by every worker, as far as eight new
# connections tell

is_answered_by()
{
    local want=$1 i

    for i in {1..8}; do
        ask GET "$2"
        [ "$backend" = "$want" ] || return 1
    done
}


# move ROUTE STAGE PATH BACKEND: the one word, and how long until it counts

move()
{
    local name=$1 stage=$2 path=$3 want=$4 before begin

    before=$(stage_of "$name")
    sed -i "/- name: $name\$/,/stage:/s/\(stage: *\)[a-z]*/\1$stage/" "$rules"

    printf '    - name: %s\n' "$name"
    printf '  %s-   stage: %s%s\n' "$red" "$before" "$plain"
    printf '  %s+   stage: %s%s\n\n' "$green" "$stage" "$plain"

    begin=${EPOCHREALTIME/[.,]/}
    wait_until "$path is answered by $want" is_answered_by "$want" "$path"
    note "in force $(((${EPOCHREALTIME/[.,]/} - begin) / 1000)) ms later," \
        "without a reload of nginx"
    echo
}


prepare()
{
    mkdir -p "$build"
    exec 9>"$build/run.lock"
    flock -n 9 || die "another ./build.sh run is under way in $run"

    rm -rf "$run"
    mkdir -p "$run"/{logs,data,temp}
    choose_port

    start legacy 8081 shop-legacy --static "$top/legacy-stub/static"
    start orders 9001 shop-service --service orders
    start payments 9002 shop-service --service payments
    start inventory 9003 shop-service --service inventory

    # the example's own ports, but where they were taken

    sed -e "s/127\.0\.0\.1:8081/127.0.0.1:${port_of[legacy]}/" \
        -e "s/127\.0\.0\.1:9001/127.0.0.1:${port_of[orders]}/" \
        -e "s/127\.0\.0\.1:9002/127.0.0.1:${port_of[payments]}/" \
        -e "s/127\.0\.0\.1:9003/127.0.0.1:${port_of[inventory]}/" \
        "$top/rules/examples/rules.yaml" >"$rules"

    start_nginx
}


story()
{
    title "The rules as they are"
    header
    show 200 legacy GET /
    show 200 legacy GET /api/orders/1
    show 200 payments GET /api/payments/order/1
    show 200 legacy GET /api/inventory/TEA-GREEN

    title "One word in rules.yaml: inventory leaves the monolith"
    move inventory live /api/inventory/TEA-GREEN inventory
    header
    show 200 inventory GET /api/inventory/TEA-GREEN
    show 200 legacy GET /

    title "The inventory service is stopped: the monolith answers instead"
    stop inventory
    header
    show 200 legacy GET /api/inventory/TEA-GREEN

    title "It is started again"
    start inventory "${port_of[inventory]}" shop-service --service inventory
    header
    show 200 inventory GET /api/inventory/TEA-GREEN
}


serve()
{
    title "Serving on http://127.0.0.1:$port/ until Ctrl-C"
    cat <<END
  rules   $rules
  logs    $run/logs
  try     curl -i http://127.0.0.1:$port/api/inventory/TEA-GREEN
          and change a stage in the rules
END

    trap 'echo; exit 0' INT TERM

    while kill -0 "${pid_of[nginx]}" 2>/dev/null; do
        wait "${pid_of[nginx]}" || true
    done

    die "nginx ended; see $run/logs/error.log"
}


main()
{
    trap stop_all EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM

    prepare
    story

    if [ "$unexpected" -gt 0 ]; then
        echo
        die "$unexpected answers were not as expected; see $run/logs"
    fi

    if [ "$once" = yes ]; then
        title "All as expected."
        exit 0
    fi

    serve
}


main
