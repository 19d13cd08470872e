/*
 * The lists of switches over HTTP: a GET shows one, a PUT replaces it as a
 * whole, a DELETE empties it. All answer the list as it is then.
 */

#include "control.h"
#include "exchange.h"
#include "faults.h"
#include "reply.h"


static enum MHD_Result
shop_control_show(shop_exchange_t *x, shop_switches_t *list)
{
    return shop_reply_json(x, MHD_HTTP_OK, shop_switches_json(list));
}


/* 1 if the list was replaced, or 0 and *rc of an answer that says why not */
static int
shop_control_replace(shop_exchange_t *x, shop_switches_t *list,
    enum MHD_Result *rc)
{
    int            failed;
    char           why[200];
    json_t        *array;
    json_error_t   error;

    array = shop_body_json(&x->body, &error);

    if (array == NULL) {
        *rc = shop_reply_problem(x, MHD_HTTP_BAD_REQUEST, "line %d: %s",
                                 error.line, error.text);
        return 0;
    }

    failed = shop_switches_replace(list, array, why, sizeof(why));
    json_decref(array);

    if (failed) {
        *rc = shop_reply_result(x, SHOP_INVALID, why);
        return 0;
    }

    return 1;
}


static enum MHD_Result
shop_control_get_faults(shop_exchange_t *x)
{
    return shop_control_show(x, x->shop->faults);
}


static enum MHD_Result
shop_control_put_faults(shop_exchange_t *x)
{
    enum MHD_Result  rc;

    if (!shop_control_replace(x, x->shop->faults, &rc)) {
        return rc;
    }

    shop_faults_set_door(x->shop, shop_exchange_socket(x));

    return shop_control_show(x, x->shop->faults);
}


static enum MHD_Result
shop_control_delete_faults(shop_exchange_t *x)
{
    shop_switches_clear(x->shop->faults);
    shop_faults_set_door(x->shop, shop_exchange_socket(x));

    return shop_control_show(x, x->shop->faults);
}


static enum MHD_Result
shop_control_get_drift(shop_exchange_t *x)
{
    return shop_control_show(x, x->shop->drift);
}


static enum MHD_Result
shop_control_put_drift(shop_exchange_t *x)
{
    enum MHD_Result  rc;

    if (!shop_control_replace(x, x->shop->drift, &rc)) {
        return rc;
    }

    return shop_control_show(x, x->shop->drift);
}


static enum MHD_Result
shop_control_delete_drift(shop_exchange_t *x)
{
    shop_switches_clear(x->shop->drift);

    return shop_control_show(x, x->shop->drift);
}


int
shop_control_is_target(const shop_exchange_t *x)
{
    return x->mount && x->mount->routes == shop_control_routes;
}


const shop_route_t  shop_control_routes[] = {
    { "GET", "/_faults", SHOP_BODY_NONE, shop_control_get_faults },
    { "PUT", "/_faults", SHOP_BODY_JSON, shop_control_put_faults },
    { "DELETE", "/_faults", SHOP_BODY_NONE, shop_control_delete_faults },
    { "GET", "/_drift", SHOP_BODY_NONE, shop_control_get_drift },
    { "PUT", "/_drift", SHOP_BODY_JSON, shop_control_put_drift },
    { "DELETE", "/_drift", SHOP_BODY_NONE, shop_control_delete_drift },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
