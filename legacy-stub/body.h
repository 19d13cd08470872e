/*
 * The body of one request as it streams in. Every body is counted and
 * hashed; what else is kept depends on its kind:
 *
 *   SHOP_BODY_NONE   nothing          SHOP_BODY_JSON   text, up to 1 MiB
 *   SHOP_BODY_FORM   a few fields     SHOP_BODY_BYTES  nothing, up to 64 MiB
 *
 * A body over its limit is still read (and thrown away) for a while, so that
 * the client gets to see the answer that says so.
 */

#ifndef SHOP_BODY_H
#define SHOP_BODY_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/evp.h>


#define SHOP_BODY_FIELDS     4
#define SHOP_BODY_NAME_LEN   32
#define SHOP_BODY_VALUE_LEN  512
#define SHOP_BODY_HEX_LEN    65


typedef enum {
    SHOP_BODY_NONE,
    SHOP_BODY_JSON,
    SHOP_BODY_FORM,
    SHOP_BODY_BYTES
} shop_body_kind_e;


typedef enum {
    SHOP_BODY_FINE,
    SHOP_BODY_TOO_LARGE,    /* over the limit of its kind */
    SHOP_BODY_WRONG_TYPE,   /* Content-Type does not fit the kind */
    SHOP_BODY_BROKEN        /* out of memory */
} shop_body_state_e;


typedef struct {
    char                       name[SHOP_BODY_NAME_LEN];
    char                       value[SHOP_BODY_VALUE_LEN];
} shop_body_field_t;


typedef struct {
    shop_body_kind_e           kind;
    shop_body_state_e          state;
    uint64_t                   limit;
    uint64_t                   length;      /* bytes received */
    EVP_MD_CTX                *digest;
    char                       hex[SHOP_BODY_HEX_LEN];
    char                      *text;        /* of a JSON body */
    size_t                     capacity;
    struct MHD_PostProcessor  *form;
    shop_body_field_t          fields[SHOP_BODY_FIELDS];
    size_t                     nfields;
} shop_body_t;


/*
 * Starts an empty body from the connection's headers, which may already
 * decide its state. body is zeroed; shop_body_release() frees what it holds.
 */
void shop_body_init(shop_body_t *body, shop_body_kind_e kind,
    struct MHD_Connection *connection);
void shop_body_release(shop_body_t *body);

/* Takes len bytes. Returns -1 when the client sends more than is bearable. */
int shop_body_feed(shop_body_t *body, const char *data, size_t len);

/*
 * The SHA-256 of the whole body in hex, owned by body; empty if it failed.
 * Nothing can be fed any more.
 */
const char *shop_body_sha256(shop_body_t *body);

/* The JSON value, to be freed by the caller, or NULL and error filled in. */
json_t *shop_body_json(shop_body_t *body, json_error_t *error);

/* The value of a form's field, owned by body, or NULL. */
const char *shop_body_field(shop_body_t *body, const char *name);


#endif /* SHOP_BODY_H */
