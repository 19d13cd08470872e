#!/usr/bin/env bash
#
# The example, live: a monolith, three services cut out of it, and nginx in
# front.  Shows who answers and why, moves a path by editing one word of the
# rules, stops a service to show the fallback, flips one by a command, and
# lets copies of requests say when a route is ready to move.
#
#     demo.sh TOP ONCE PORT
#
# TOP is the repository, all built.  ONCE (yes, no): end after the show, with
# status 1 if anything was not as expected.  PORT: nginx's; 0 takes a free one
# and empty means 8080, or a free one where that is taken and ONCE is yes.
# All that runs and all that is written is below TOP/build/run.

set -euo pipefail

top=$1
once=$2
port=$3

# shellcheck source=legacy-stub/demo-lib.sh
. "$top/legacy-stub/demo-lib.sh"


show_rules()
{
    title "A shop, partly migrated"
    header
    show 200 legacy GET /
    show 200 payments GET /api/payments/order/1
    show 200 legacy GET /api/inventory/TEA-GREEN
    show 200 legacy GET /api/orders/1
    show 200 orders GET /api/orders/1 -b qa=1
    show 200 legacy PATCH /api/orders/1 --json '{"note": "a present"}'
    show 410 - GET /api/v0/orders
}


show_stage()
{
    title "One word: inventory leaves the monolith"
    edit 'name: inventory' stage live
    await 'inventory, *' /api/inventory/TEA-GREEN
    header
    show 200 inventory GET /api/inventory/TEA-GREEN
    show 200 legacy GET /
}


show_fallback()
{
    title "The inventory service is stopped: the monolith steps in"
    stop inventory
    header
    show 200 legacy GET /api/inventory/TEA-GREEN

    title "The service is back"
    start inventory "${port_of[inventory]}" shop-service --service inventory
    header
    show 200 inventory GET /api/inventory/TEA-GREEN
}


show_flip()
{
    title "One command: back to the monolith, and what the file says can wait"
    strangler flip inventory legacy --hold --reason 'orders are piling up'
    header
    show 200 legacy GET /api/inventory/TEA-GREEN
    strangler history

    title "And undone"
    strangler undo --reason 'it was the disk'
    header
    show 200 inventory GET /api/inventory/TEA-GREEN
}


show_ramp()
{
    title "One number: orders for a quarter of the customers"
    count_split 200
    edit 'checkout:' percent 25
    await '*below 25%' /api/orders/1
    count_split 200

    # 25 % of 200, give or take five standard deviations

    if [ $((by_orders + by_legacy)) -ne 200 ] || [ "$by_orders" -lt 20 ] \
        || [ "$by_orders" -gt 80 ]
    then
        unexpected=$((unexpected + 1))
        note "that is no quarter"
    fi
}


show_mistake()
{
    local logged

    title "A typo changes nothing"
    logged=$(wc -l <"$run/logs/error.log")
    edit 'name: inventory' stage lvie
    wait_until "the typo is refused" is_refused "$logged"
    complaints "$logged" | sed 's/^/  /'
    echo
    header
    show 200 inventory GET /api/inventory/TEA-GREEN
    echo
    note "and right again:"
    edit 'name: inventory' stage live
}


# What would the service have said?  Three things are wrong with it, and one is
# different each time with the monolith itself.

show_shadow()
{
    local patience=60 id

    title "A copy of each request: what would the service have said?"
    drift '{"path": "/orders", "drift": "missing-field"}' \
        '{"path": "/orders", "drift": "type", "value": "quantity"}' \
        '{"path": "/orders", "drift": "null", "value": "customer"}'
    note "the service is made to leave out the currency, to send quantities" \
        "as text and to know no customer; clients get the monolith's list:"
    echo
    header
    show 200 legacy GET '/api/orders?page=2'
    echo

    lists legacy 120
    wait_until "three differences and the noise are found" asked \
        are_found

    echo
    strangler differences --noise
    expect_classes
    note "the monolith's own stamp is noise: asked twice, it differs from" \
        "itself. One of the others:"
    echo
    id=$(sed -n 's/^\([0-9a-f]*\) .* missing .*/\1/p' "$run/said")
    strangler differences "${id:0:4}"
    expect_status 1 strangler ready orders-list
}


show_ready()
{
    local patience=60

    title "A new build without these three: it is judged anew"
    stop orders
    start_orders 2
    note "ready at 20% and 95% confidence, so that the show ends; else it is" \
        "0.1% and 99%, which takes 5,115 equal answers"
    echo

    wait_until "orders-list is ready" asked is_ready
    strangler ready orders-list
    strangler differences

    title "Ready: it is walked to the service"
    lists_for_ever
    strangler advance orders-list --steps 25,100 --every 2s \
        --min-requests 10 --abort-if 'errors>1%' --reason 'it is ready'
    stop lists
    header
    show 200 orders GET '/api/orders?page=2'
}


serve()
{
    title "Serving on http://127.0.0.1:$port/ until Ctrl-C"
    cat <<END
  rules   $rules
  logs    $run/logs
  try     curl -i http://127.0.0.1:$port/api/inventory/TEA-GREEN
          and another stage for it in the rules
          export STRANGLER_API=http://127.0.0.1:$port/_strangler/
          $top/build/strangler status
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

    show_rules
    show_stage
    show_fallback
    show_flip
    show_ramp
    show_mistake
    show_shadow
    show_ready

    if [ "$unexpected" -gt 0 ]; then
        echo
        die "$unexpected answers were not as expected; see $run/logs"
    fi

    if [ "$once" = yes ]; then
        title "All as expected"
        exit 0
    fi

    serve
}


main
