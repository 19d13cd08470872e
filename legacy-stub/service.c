/*
 * shop-service, one of the services that were cut out of the monolith: the
 * same routes without /api, and only the tables that they need.
 */

#include <string.h>

#include "control.h"
#include "diagnostics.h"
#include "inventory.h"
#include "orders.h"
#include "payments.h"
#include "program.h"
#include "reservations.h"


static const char  shop_service_usage[] =
    "usage: shop-service --service orders|payments|inventory [--port N]\n"
    "                    [--bind ADDRESS] [--db FILE] [--idle SECONDS]\n"
    "                    [--echo] [--build NAME] [--stamp]\n"
    "                    [--fault ...] [--drift ...] [--control-port N]\n"
    "\n"
    "  --service NAME  which one to be\n"
    "  --port N        port to listen on, 0 takes a free one (0)\n"
    "  --bind ADDRESS  numeric address or unix:PATH (127.0.0.1)\n"
    "  --db FILE       database file (:memory:)\n"
    "  --idle SECONDS  how long a connection may be silent (75)\n"
    "  --echo          answer every request as /debug/echo does\n"
    "  --build NAME    say so in X-Build\n"
    "  --stamp         orders carry generated_at, as the monolith's do\n"
    "\n"
    "  --fault PATH=KIND[:VALUE]  what goes wrong, as with PUT /_faults\n"
    "  --drift PATH=KIND[:VALUE]  what differs, as with PUT /_drift\n"
    "  --control-port N           a port where no fault is, for /_faults\n"
    "                             and /_drift alone; 0 takes a free one\n";


static const shop_mount_t  shop_service_orders_mounts[] = {
    { "", shop_orders_routes },
    { "", shop_diagnostics_routes },
    { "", shop_control_routes },
    { NULL, NULL }
};

static const shop_mount_t  shop_service_payments_mounts[] = {
    { "", shop_payments_routes },
    { "", shop_diagnostics_routes },
    { "", shop_control_routes },
    { NULL, NULL }
};

static const shop_mount_t  shop_service_inventory_mounts[] = {
    { "", shop_inventory_routes },
    { "", shop_reservations_routes },
    { "", shop_diagnostics_routes },
    { "", shop_control_routes },
    { NULL, NULL }
};


static const shop_db_part_t *const  shop_service_orders_parts[] = {
    &shop_db_catalog,
    &shop_db_orders
};

static const shop_db_part_t *const  shop_service_payments_parts[] = {
    &shop_db_payments
};

static const shop_db_part_t *const  shop_service_inventory_parts[] = {
    &shop_db_catalog,
    &shop_db_inventory
};


static const shop_program_t  shop_services[] = {
    {
        .name = "orders",
        .mounts = shop_service_orders_mounts,
        .parts = shop_service_orders_parts,
        .nparts = 2
    },
    {
        .name = "payments",
        .mounts = shop_service_payments_mounts,
        .parts = shop_service_payments_parts,
        .nparts = 1
    },
    {
        .name = "inventory",
        .mounts = shop_service_inventory_mounts,
        .parts = shop_service_inventory_parts,
        .nparts = 2
    }
};


static const shop_program_t *
shop_service_find(const char *service)
{
    size_t  i;

    if (service == NULL) {
        return NULL;
    }

    for (i = 0; i < sizeof(shop_services) / sizeof(shop_services[0]); i++) {
        if (strcmp(shop_services[i].name, service) == 0) {
            return &shop_services[i];
        }
    }

    return NULL;
}


int
main(int argc, char **argv)
{
    return shop_program_main(argc, argv, shop_service_usage,
                             shop_service_find);
}
