/*
 * How the servers of a backend stand: whose turn it is, how busy each is.
 *
 *     generation 7  peers[] --+--> standing  | current | active |  refs 2
 *     generation 8  peers[] --+
 *
 * A server - an address and a scheme, by the name of its backend - keeps its
 * standing when other rules come, so that a rotation does not begin anew and
 * what older requests are doing counts.  The last generation that names it
 * takes it away.  All of it is this worker's own: workers need not agree.
 */

#include "ngx_http_strangler.h"


typedef struct {
    fig_standing_t   standing;         /* first: peers point to it */
    ngx_queue_t      queue;            /* of its pool */
    ngx_uint_t       refs;             /* peers of generations */
    ngx_uint_t       generation;       /* the last that named it */
    ngx_uint_t       https;
    socklen_t        socklen;
    ngx_sockaddr_t   sockaddr;
} ngx_http_strangler_standing_t;


fig_status_t
ngx_http_strangler_balance_create(ngx_http_strangler_backend_t *backend,
    fig_arena_t *arena)
{
    ngx_uint_t                  i;
    fig_balance_t              *balance;
    ngx_http_strangler_peer_t  *peer;

    balance = &backend->balance;

    balance->policy = backend->conf->balance;
    balance->n = (uint32_t) backend->npeers;
    balance->choices = fig_arena_array(arena, balance->n,
                                          sizeof(fig_choice_t));
    if (balance->choices == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < backend->npeers; i++) {
        peer = &backend->peers[i];
        peer->standing = &peer->own;

        balance->choices[i].standing = peer->standing;
        balance->choices[i].weight = peer->server->weight;
    }

    fig_balance_init(balance);

    return FIG_OK;
}


/*
 * From *next on, which is then what follows: of a thousand servers nearly all
 * stand where they stood in the rules before.
 */

static ngx_http_strangler_standing_t *
ngx_http_strangler_find_standing(ngx_http_strangler_pool_t *pool,
    const ngx_http_strangler_peer_t *peer, ngx_queue_t **next)
{
    ngx_queue_t                    *q;
    ngx_http_strangler_standing_t  *s;

    q = *next;

    do {
        s = ngx_queue_data(q, ngx_http_strangler_standing_t, queue);

        if (q != ngx_queue_sentinel(&pool->standings)
            && s->https == peer->server->https
            && s->socklen == peer->socklen
            && ngx_memcmp(&s->sockaddr, peer->sockaddr, s->socklen) == 0)
        {
            *next = ngx_queue_next(q);
            return s;
        }

        q = ngx_queue_next(q);

    } while (q != *next);

    return NULL;
}


static ngx_http_strangler_standing_t *
ngx_http_strangler_add_standing(ngx_http_strangler_pool_t *pool,
    const ngx_http_strangler_peer_t *peer)
{
    ngx_http_strangler_standing_t  *s;

    if (peer->socklen > (socklen_t) sizeof(ngx_sockaddr_t)) {
        return NULL;
    }

    s = ngx_calloc(sizeof(ngx_http_strangler_standing_t), ngx_cycle->log);
    if (s == NULL) {
        return NULL;
    }

    s->generation = pool->generation;
    s->https = peer->server->https;
    s->socklen = peer->socklen;
    ngx_memcpy(&s->sockaddr, peer->sockaddr, peer->socklen);

    ngx_queue_insert_tail(&pool->standings, &s->queue);

    return s;
}


/* Without memory a peer keeps what is its own, and counts there. */

void
ngx_http_strangler_balance_join(ngx_http_strangler_backend_t *backend)
{
    ngx_uint_t                      i, kept;
    ngx_queue_t                    *next;
    ngx_http_strangler_peer_t      *peer;
    ngx_http_strangler_pool_t      *pool;
    ngx_http_strangler_standing_t  *s;

    pool = backend->pool;

    if (pool == NULL) {
        return;
    }

    kept = 0;
    next = ngx_queue_head(&pool->standings);

    for (i = 0; i < backend->npeers; i++) {
        peer = &backend->peers[i];

        s = ngx_http_strangler_find_standing(pool, peer, &next);

        if (s == NULL) {
            s = ngx_http_strangler_add_standing(pool, peer);
            if (s == NULL) {
                continue;
            }
        }

        kept |= (s->generation != pool->generation);

        s->generation = pool->generation;
        s->refs++;

        peer->standing = &s->standing;
        backend->balance.choices[i].standing = peer->standing;
    }

    if (!kept) {
        fig_balance_spin(&backend->balance,
                         (uint32_t) ngx_http_strangler_random());
    }
}


void
ngx_http_strangler_balance_leave(ngx_http_strangler_backend_t *backend)
{
    ngx_uint_t                      i;
    ngx_http_strangler_peer_t      *peer;
    ngx_http_strangler_standing_t  *s;

    for (i = 0; i < backend->npeers; i++) {
        peer = &backend->peers[i];

        if (peer->standing == &peer->own) {
            continue;
        }

        s = (ngx_http_strangler_standing_t *) peer->standing;

        if (--s->refs == 0) {
            ngx_queue_remove(&s->queue);
            ngx_free(s);
        }
    }
}


void
ngx_http_strangler_balance_spin(ngx_http_strangler_gen_t *gen)
{
    uint32_t  i;

    for (i = 0; i < gen->model->nbackends; i++) {
        fig_balance_spin(&gen->backends[i].balance,
                         (uint32_t) ngx_http_strangler_random());
    }
}


void
ngx_http_strangler_standings_forget(ngx_http_strangler_pool_t *pool)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&pool->standings)) {
        q = ngx_queue_head(&pool->standings);
        ngx_queue_remove(q);
        ngx_queue_init(q);             /* for it to be removed once more */
    }
}
