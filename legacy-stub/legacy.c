/*
 * shop-legacy, the monolith: pages at the root, everything else below /api,
 * one database for all of it.
 */

#include "control.h"
#include "diagnostics.h"
#include "inventory.h"
#include "login.h"
#include "orders.h"
#include "payments.h"
#include "program.h"
#include "report.h"
#include "reservations.h"
#include "sse.h"
#include "static_files.h"
#include "storefront.h"
#include "upload.h"


static const char  shop_legacy_usage[] =
    "usage: shop-legacy [--port N] [--bind ADDRESS] [--db FILE]\n"
    "                   [--static DIR] [--idle SECONDS] [--echo]\n"
    "                   [--build NAME] [--stamp]\n"
    "                   [--fault ...] [--drift ...] [--control-port N]\n"
    "\n"
    "  --port N        port to listen on, 0 takes a free one (0)\n"
    "  --bind ADDRESS  numeric address or unix:PATH (127.0.0.1)\n"
    "  --db FILE       database file (:memory:)\n"
    "  --static DIR    what /static/ serves (nothing)\n"
    "  --idle SECONDS  how long a connection may be silent (75)\n"
    "  --echo          answer every request as /debug/echo does\n"
    "  --build NAME    say so in X-Build\n"
    "  --stamp         orders carry generated_at, as they do anyway\n"
    "\n"
    "  --fault PATH=KIND[:VALUE]  what goes wrong, as with PUT /_faults\n"
    "  --drift PATH=KIND[:VALUE]  what differs, as with PUT /_drift\n"
    "  --control-port N           a port where no fault is, for /_faults\n"
    "                             and /_drift alone; 0 takes a free one\n";


static const shop_mount_t  shop_legacy_mounts[] = {
    { "", shop_storefront_routes },
    { "", shop_login_routes },
    { "", shop_static_routes },
    { "", shop_report_routes },
    { "", shop_sse_routes },
    { "", shop_diagnostics_routes },
    { "", shop_control_routes },
    { "/api", shop_orders_routes },
    { "/api", shop_payments_routes },
    { "/api", shop_inventory_routes },
    { "/api", shop_reservations_routes },
    { "/api", shop_upload_routes },
    { NULL, NULL }
};


static const shop_db_part_t *const  shop_legacy_parts[] = {
    &shop_db_accounts,
    &shop_db_catalog,
    &shop_db_inventory,
    &shop_db_orders,
    &shop_db_payments
};


static const shop_program_t  shop_legacy = {
    .name = "legacy",
    .mounts = shop_legacy_mounts,
    .parts = shop_legacy_parts,
    .nparts = sizeof(shop_legacy_parts) / sizeof(shop_legacy_parts[0]),
    .accounts = 1,
    .stamped = 1
};


static const shop_program_t *
shop_legacy_find(const char *service)
{
    return service ? NULL : &shop_legacy;
}


int
main(int argc, char **argv)
{
    return shop_program_main(argc, argv, shop_legacy_usage, shop_legacy_find);
}
