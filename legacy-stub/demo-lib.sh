# What demo.sh stands on: programs that are started and ended, questions to
# nginx, edits of the rules.  demo.sh sets top, once and port.
#
# shellcheck shell=bash
# variables come from there; wait_until and traps call functions
# shellcheck disable=SC2154,SC2317

build=$top/build
run=$build/run
rules=$run/rules.yaml
patience=10                             # seconds that anything may take
PATH=$PATH:/usr/sbin                    # nginx is there, for everybody

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

    # it is read at once, maybe before the program's shell has made it

    : >"$run/logs/$name.log"

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

        location /_strangler/ {
            strangler_api main write=on;
            allow 127.0.0.1;
            deny all;
        }
    }
}
END
}


is_serving()
{
    kill -0 "${pid_of[nginx]}" 2>/dev/null \
        || { tail -n 20 "$run/logs/nginx.log" >&2
             die "nginx did not start; see $run/logs/error.log"; }
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
    printf '  %s%-34s %-7s %-11s %-13s %s%s\n' "$dim" request status \
        'answered by' route why "$plain"
}


# show STATUS BACKEND METHOD PATH [CURL OPTION...]: asks, prints a line of the
# table and checks it; BACKEND is - where nginx answers by itself

show()
{
    local want=$1\ $2 mark=$green wrong='' request="$3 $4"

    shift 2
    ask "$@"

    if [ "${3:-}" = -b ]; then
        request+=" ($4)"
    fi

    if [ "$status ${backend:--}" != "$want" ]; then
        unexpected=$((unexpected + 1))
        mark=$red
        wrong="  (expected: $want)"
    fi

    printf '  %-34s %-7s %s%-11s%s %-13s %s%s%s%s\n' "$request" \
        "${status:--}" "$mark" "${backend:--}" "$plain" "${route:--}" "$why" \
        "$red" "$wrong" "$plain"
}


# strangler WORD...: the command, shown and run; its answer is shown, too

strangler()
{
    expect_status 0 strangler "$@"
}


quietly_strangler()
{
    STRANGLER_API=http://127.0.0.1:$port/_strangler/ \
        "$top/build/strangler" "$@" 2>&1 </dev/null
}


# expect_status N strangler WORD...: the same, with another end

expect_status()
{
    local want=$1 word code=0

    shift 2

    printf '  %s$%s strangler' "$bold" "$plain"

    for word in "$@"; do
        if [[ $word == *[\ \>]* ]]; then
            word="'$word'"
        fi

        printf ' %s' "$word"
    done

    echo

    quietly_strangler "$@" >"$run/said" || code=$?
    sed 's/^/    /' "$run/said"

    if [ "$code" -ne "$want" ]; then
        unexpected=$((unexpected + 1))
        note "exit status $code, not the expected $want"
    fi

    echo
}


# edit WHERE KEY VALUE: the first such key after a line that ends with WHERE,
# shown as it changes

edit()
{
    local place="/$1\$/,/^ *$2:/" before after

    before=$(sed -n "$place{/^ *$2:/p}" "$rules")
    sed -i "$place{s/^\( *$2: *\)[^ ]*/\1$3/}" "$rules"
    after=$(sed -n "$place{/^ *$2:/p}" "$rules")

    printf '    %s\n  %s- %s%s\n  %s+ %s%s\n\n' "$1" "$red" \
        "${before%%#*}" "$plain" "$green" "${after%%#*}" "$plain"
}


# is_in_force PATTERN PATH: in every worker, as far as eight connections tell;
# PATTERN is for who answers and why

is_in_force()
{
    for _ in {1..8}; do
        ask GET "$2"
        # shellcheck disable=SC2053
        [[ "$backend, $why" = $1 ]] || return 1
    done
}


# await PATTERN PATH: until an edit is in force

await()
{
    local begin=${EPOCHREALTIME/[.,]/} tenths

    wait_until "$2 is answered by $1" is_in_force "$@"
    tenths=$(((${EPOCHREALTIME/[.,]/} - begin) / 100000))

    note "in force $((tenths / 10)).$((tenths % 10)) s later, without a" \
        "reload of nginx"
    echo
}


# complaints LINE: about the rules, in nginx's error log after that line

complaints()
{
    tail -n "+$(($1 + 1))" "$run/logs/error.log" \
        | sed -n 's/.*strangler: //p'
}


is_refused()
{
    complaints "$1" | grep -q 'stays in force'
}


# count_split N: asks as N customers and says who answered

count_split()
{
    local i served

    for ((i = 1; i <= $1; i++)); do
        printf 'url = "http://127.0.0.1:%s/api/orders/1"\n' "$port"
        printf 'cookie = "shop_session=customer-%s"\n' "$i"
        printf 'output = /dev/null\n'
        printf 'write-out = "%%header{x-strangler-backend}\\n"\nnext\n'
    done | sed '$d' >"$run/customers.curl"

    served=$(curl -s -m "$patience" -K "$run/customers.curl")
    by_orders=$(grep -c '^orders$' <<<"$served" || true)
    by_legacy=$(grep -c '^legacy$' <<<"$served" || true)

    printf '  %s customers: %s are served by orders, %s by legacy\n\n' \
        "$1" "$by_orders" "$by_legacy"
}


# drift OBJECT...: what is different in the answers of orders from now on

drift()
{
    local IFS=,

    curl -s -f -o /dev/null -m "$patience" -X PUT \
        -H 'Content-Type: application/json' -d "[$*]" \
        "http://127.0.0.1:${port_of[orders]}/_drift" \
        || die "orders takes no drift; see $run/logs/orders.log"
}


# write_lists N: so many lists of orders, each for another customer; not with
# the first order, which differs since it was written to above

write_lists()
{
    local i

    for ((i = 1; i <= $1; i++)); do
        printf 'url = "http://127.0.0.1:%s/api/orders?per_page=%s&page=%s"\n' \
            "$port" $((i % 19 + 1)) $((i % 2 + 2))
        printf 'cookie = "shop_session=customer-%s"\n' "$i"
        printf 'output = /dev/null\n'
        printf 'write-out = "%%header{x-strangler-backend}\\n"\nnext\n'
    done | sed '$d' >"$run/lists.curl"
}


ask_lists()
{
    curl -s -m "$patience" -K "$run/lists.curl"
}


# lists BACKEND N: asks for them; all of them must come from there

lists()
{
    local served

    write_lists "$2"
    served=$(ask_lists | grep -c "^$1\$" || true)
    note "$2 customers ask for lists of orders: $1 answers $served"

    if [ "$served" -ne "$2" ]; then
        unexpected=$((unexpected + 1))
    fi
}


# lists_for_ever: until it is stopped

lists_for_ever()
{
    (
        trap 'exit 0' TERM

        while ask_lists; do
            :
        done
    ) >"$run/logs/lists.log" 2>&1 </dev/null 9>&- &
    pid_of[lists]=$!
}


# asked COMMAND...: whether it is so, with more to compare if it is not yet

asked()
{
    "$@" || { ask_lists >/dev/null; "$@"; }
}


are_found()
{
    quietly_strangler differences --noise >"$run/found" || true

    [ "$(grep -c ' real$' "$run/found")" -ge 3 ] \
        && [ "$(grep -c ' noise$' "$run/found")" -ge 1 ]
}


expect_classes()
{
    local wrong=0 pattern

    for pattern in 'orders\[\*\]\.currency +missing .* real$' \
        'items\[\*\]\.quantity +type .* real$' \
        'orders\[\*\]\.customer +null .* real$' \
        'generated_at +value .* noise$'
    do
        grep -q -E "$pattern" "$run/said" || wrong=1
    done

    if [ "$wrong" -ne 0 ] || [ "$(grep -c '^[0-9a-f]\{16\} ' "$run/said")" -ne 4 ]
    then
        unexpected=$((unexpected + 1))
        note "these are not the three, and the noise"
    fi
}


is_ready()
{
    quietly_strangler ready orders-list >/dev/null
}


# start_orders BUILD

start_orders()
{
    start orders "${port_of[orders]:-9001}" shop-service --service orders \
        --stamp --build "$1"
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
    start_orders 1
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
