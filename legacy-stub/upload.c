/*
 * Uploads are streamed through the digest that every body has; nothing is
 * kept.
 */

#include "exchange.h"
#include "reply.h"
#include "upload.h"


static enum MHD_Result
shop_upload_take(shop_exchange_t *x)
{
    return shop_reply_json(x, MHD_HTTP_OK,
                           json_pack("{s:I, s:s}", "length",
                                     (json_int_t) x->body.length, "sha256",
                                     shop_body_sha256(&x->body)));
}


const shop_route_t  shop_upload_routes[] = {
    { "POST", "/upload", SHOP_BODY_BYTES, shop_upload_take },
    { "PUT", "/upload", SHOP_BODY_BYTES, shop_upload_take },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
