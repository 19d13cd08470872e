/*
 * Bodies that are kept, in blocks that are used again.
 *
 *     kept -> block -> block -> block
 *             8 KiB    8 KiB    part of it
 *     idle -> block -> block ..
 *
 * Bodies come in pieces of a length that is often not known before, in the
 * event loop.  A buffer that grows is copied as often as it grows, and a large
 * one is new to the process each time: each of its pages is a fault, which
 * costs more than the bytes on it.  So a body is put together by the thread
 * that reads it, and what it came in stays with the process, within limits.
 */

#include "ngx_http_strangler_shadow.h"


#define NGX_HTTP_STRANGLER_BLOCK  (8192 - sizeof(void *))
#define NGX_HTTP_STRANGLER_KEPT   8192         /* blocks: 64 MiB */
#define NGX_HTTP_STRANGLER_IDLE   1024         /* blocks: 8 MiB */


struct ngx_http_strangler_block_s {
    ngx_http_strangler_block_t  *next;
    u_char                       data[NGX_HTTP_STRANGLER_BLOCK];
};


/* Of this process: in bodies, and for those to come. */

static ngx_uint_t                   ngx_http_strangler_nkept;
static ngx_uint_t                   ngx_http_strangler_nidle;
static ngx_http_strangler_block_t  *ngx_http_strangler_idle;


ngx_uint_t
ngx_http_strangler_is_full(void)
{
    return ngx_http_strangler_nkept >= NGX_HTTP_STRANGLER_KEPT;
}


static ngx_int_t
ngx_http_strangler_add_block(ngx_http_strangler_body_t *body)
{
    ngx_http_strangler_block_t  *block;

    if (ngx_http_strangler_is_full()) {
        return NGX_ERROR;
    }

    block = ngx_http_strangler_idle;

    if (block) {
        ngx_http_strangler_idle = block->next;
        ngx_http_strangler_nidle--;

    } else {
        block = ngx_alloc(sizeof(ngx_http_strangler_block_t), ngx_cycle->log);
        if (block == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_http_strangler_nkept++;

    block->next = NULL;

    if (body->last) {
        body->last->next = block;

    } else {
        body->first = block;
    }

    body->last = block;
    body->free = NGX_HTTP_STRANGLER_BLOCK;

    return NGX_OK;
}


ngx_int_t
ngx_http_strangler_body_add(ngx_http_strangler_body_t *body, u_char *data,
    size_t len)
{
    size_t   n;
    u_char  *p;

    while (len) {

        if (body->free == 0 && ngx_http_strangler_add_block(body) != NGX_OK) {
            return NGX_ERROR;
        }

        n = ngx_min(len, body->free);
        p = body->last->data + NGX_HTTP_STRANGLER_BLOCK - body->free;

        ngx_memcpy(p, data, n);

        body->free -= n;
        body->len += n;
        data += n;
        len -= n;
    }

    return NGX_OK;
}


fig_status_t
ngx_http_strangler_body_read(const ngx_http_strangler_body_t *body,
    fig_arena_t *arena, fig_str_t *str)
{
    char                        *p, *end;
    size_t                       n;
    ngx_http_strangler_block_t  *block;

    if (body->len <= NGX_HTTP_STRANGLER_BLOCK) {
        *str = fig_str(body->first ? (char *) body->first->data : NULL,
                       body->len);
        return FIG_OK;
    }

    p = fig_arena_room(arena, body->len);
    if (p == NULL) {
        return FIG_NOMEM;
    }

    *str = fig_str(p, body->len);
    end = p + body->len;

    for (block = body->first; p < end; block = block->next) {
        n = ngx_min((size_t) (end - p), NGX_HTTP_STRANGLER_BLOCK);
        p = (char *) ngx_cpymem(p, block->data, n);
    }

    return FIG_OK;
}


void
ngx_http_strangler_body_free(ngx_http_strangler_body_t *body)
{
    ngx_http_strangler_block_t  *block, *next;

    for (block = body->first; block; block = next) {
        next = block->next;
        ngx_http_strangler_nkept--;

        if (ngx_http_strangler_nidle >= NGX_HTTP_STRANGLER_IDLE) {
            ngx_free(block);
            continue;
        }

        block->next = ngx_http_strangler_idle;
        ngx_http_strangler_idle = block;
        ngx_http_strangler_nidle++;
    }

    ngx_memzero(body, sizeof(ngx_http_strangler_body_t));
}
