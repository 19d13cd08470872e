/*
 * Request bodies. libmicrohttpd hands them over piece by piece; none is ever
 * held in memory as a whole, except JSON text below its limit.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "body.h"


#define SHOP_BODY_JSON_MAX   (1024 * 1024)
#define SHOP_BODY_FORM_MAX   (16 * 1024)
#define SHOP_BODY_BYTES_MAX  (64 * 1024 * 1024)

/* read beyond the limit before the connection is cut */
#define SHOP_BODY_WASTE_MAX  (64 * 1024 * 1024)


static const char  shop_body_form_type[] =
    "application/x-www-form-urlencoded";


static int
shop_body_is_type(const char *header, const char *type)
{
    size_t  n;

    if (header == NULL) {
        return 0;
    }

    n = strcspn(header, "; \t");

    return n == strlen(type) && strncasecmp(header, type, n) == 0;
}


static void
shop_body_fail(shop_body_t *body, shop_body_state_e state)
{
    /* the first reason counts */
    if (body->state == SHOP_BODY_FINE) {
        body->state = state;
    }
}


static enum MHD_Result
shop_body_on_field(void *cls, enum MHD_ValueKind kind, const char *key,
    const char *filename, const char *content_type, const char *encoding,
    const char *data, uint64_t off, size_t size)
{
    shop_body_t        *body = cls;
    shop_body_field_t  *field;

    (void) kind;
    (void) filename;
    (void) content_type;
    (void) encoding;

    if (off == 0) {
        if (body->nfields == SHOP_BODY_FIELDS
            || strlen(key) >= SHOP_BODY_NAME_LEN)
        {
            /* no form of ours has it */
            return MHD_YES;
        }

        field = &body->fields[body->nfields++];
        strcpy(field->name, key);

    } else {
        field = NULL;

        if (body->nfields) {
            field = &body->fields[body->nfields - 1];
        }

        if (field == NULL || strcmp(field->name, key) != 0) {
            return MHD_YES;
        }
    }

    if (off + size >= SHOP_BODY_VALUE_LEN) {
        shop_body_fail(body, SHOP_BODY_TOO_LARGE);
        return MHD_NO;
    }

    if (size) {
        memcpy(field->value + off, data, size);
    }

    return MHD_YES;
}


static void
shop_body_init_form(shop_body_t *body, const char *type,
    struct MHD_Connection *connection)
{
    body->limit = SHOP_BODY_FORM_MAX;

    if (!shop_body_is_type(type, shop_body_form_type)) {
        shop_body_fail(body, SHOP_BODY_WRONG_TYPE);
        return;
    }

    body->form = MHD_create_post_processor(connection, 1024,
                                           shop_body_on_field, body);
    if (body->form == NULL) {
        shop_body_fail(body, SHOP_BODY_BROKEN);
    }
}


static void
shop_body_init_json(shop_body_t *body, const char *type)
{
    body->limit = SHOP_BODY_JSON_MAX;

    if (!shop_body_is_type(type, "application/json")) {
        shop_body_fail(body, SHOP_BODY_WRONG_TYPE);
    }
}


void
shop_body_init(shop_body_t *body, shop_body_kind_e kind,
    struct MHD_Connection *connection)
{
    const char  *type, *length;

    body->kind = kind;
    body->limit = SHOP_BODY_BYTES_MAX;

    type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                       MHD_HTTP_HEADER_CONTENT_TYPE);

    if (kind == SHOP_BODY_JSON) {
        shop_body_init_json(body, type);

    } else if (kind == SHOP_BODY_FORM) {
        shop_body_init_form(body, type, connection);
    }

    length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                         MHD_HTTP_HEADER_CONTENT_LENGTH);

    if (length && strtoull(length, NULL, 10) > body->limit) {
        shop_body_fail(body, SHOP_BODY_TOO_LARGE);
    }
}


void
shop_body_release(shop_body_t *body)
{
    if (body->form) {
        MHD_destroy_post_processor(body->form);
    }

    EVP_MD_CTX_free(body->digest);
    free(body->text);
}


static int
shop_body_hash(shop_body_t *body, const char *data, size_t len)
{
    if (body->digest == NULL) {
        body->digest = EVP_MD_CTX_new();

        if (body->digest == NULL
            || !EVP_DigestInit_ex(body->digest, EVP_sha256(), NULL))
        {
            return -1;
        }
    }

    return EVP_DigestUpdate(body->digest, data, len) ? 0 : -1;
}


static int
shop_body_keep(shop_body_t *body, const char *data, size_t len)
{
    char    *text;
    size_t   used, want;

    used = body->length - len;

    if (body->length > body->capacity) {
        want = body->length < 4096 ? 4096 : body->length * 2;
        text = realloc(body->text, want);

        if (text == NULL) {
            return -1;
        }

        body->text = text;
        body->capacity = want;
    }

    memcpy(body->text + used, data, len);

    return 0;
}


int
shop_body_feed(shop_body_t *body, const char *data, size_t len)
{
    body->length += len;

    if (body->length > body->limit) {
        shop_body_fail(body, SHOP_BODY_TOO_LARGE);

        return body->length > body->limit + SHOP_BODY_WASTE_MAX ? -1 : 0;
    }

    if (shop_body_hash(body, data, len) == -1) {
        shop_body_fail(body, SHOP_BODY_BROKEN);
    }

    if (body->state != SHOP_BODY_FINE) {
        return 0;
    }

    if (body->kind == SHOP_BODY_JSON
        && shop_body_keep(body, data, len) == -1)
    {
        shop_body_fail(body, SHOP_BODY_BROKEN);
    }

    if (body->form) {
        /* a malformed form just lacks fields */
        MHD_post_process(body->form, data, len);
    }

    return 0;
}


const char *
shop_body_sha256(shop_body_t *body)
{
    unsigned           i, len;
    unsigned char      md[EVP_MAX_MD_SIZE];
    static const char  digits[] = "0123456789abcdef";

    if (body->hex[0]
        || shop_body_hash(body, "", 0) == -1
        || !EVP_DigestFinal_ex(body->digest, md, &len))
    {
        return body->hex;
    }

    for (i = 0; i < len; i++) {
        body->hex[2 * i] = digits[md[i] >> 4];
        body->hex[2 * i + 1] = digits[md[i] & 15];
    }

    return body->hex;
}


json_t *
shop_body_json(shop_body_t *body, json_error_t *error)
{
    return json_loadb(body->text ? body->text : "", body->length,
                      JSON_REJECT_DUPLICATES, error);
}


const char *
shop_body_field(shop_body_t *body, const char *name)
{
    size_t  i;

    if (body->form) {
        /* the last field is known to be complete only now */
        MHD_destroy_post_processor(body->form);
        body->form = NULL;
    }

    for (i = 0; i < body->nfields; i++) {
        if (strcmp(body->fields[i].name, name) == 0) {
            return body->fields[i].value;
        }
    }

    return NULL;
}
