/*
 * The key of a route's evidence, from what the rules say: texts with their
 * lengths and numbers, in one order, so that it is the same after a reload, on
 * another machine and for a file that says the same in other words.
 */

#include "fig_comparing_key.h"
#include "fig_hash64.h"
#include "fig_regex.h"


/* What is hashed otherwise than before must have another seed. */
#define FIG_COMPARING_SEED  UINT64_C(1)


static uint64_t
fig_key_strings(uint64_t h, const fig_str_t *texts, size_t n)
{
    size_t  i;

    h = fig_hash64_word(h, n);

    for (i = 0; i < n; i++) {
        h = fig_hash64_bytes(h, texts[i]);
    }

    return h;
}


static uint64_t
fig_key_regex(uint64_t h, const fig_regex_t *regex)
{
    if (regex == NULL) {
        return fig_hash64_word(h, 0);
    }

    h = fig_hash64_word(h, 1 + fig_regex_is_caseless(regex));

    return fig_hash64_bytes(h, fig_regex_pattern(regex));
}


static uint64_t
fig_key_conditions(uint64_t h, const fig_cond_t *conditions, uint32_t n)
{
    uint32_t  i;

    h = fig_hash64_word(h, n);

    for (i = 0; i < n; i++) {
        h = fig_hash64_bytes(h, conditions[i].name);
        h = fig_hash64_word(h, conditions[i].kind);
        h = fig_hash64_bytes(h, conditions[i].value);
        h = fig_key_regex(h, conditions[i].regex);
    }

    return h;
}


static uint64_t
fig_key_clients(uint64_t h, const fig_cidr_t *clients, uint32_t n)
{
    uint32_t  i;

    h = fig_hash64_word(h, n);

    for (i = 0; i < n; i++) {
        h = fig_hash64_word(h, clients[i].net.family);
        h = fig_hash64_word(h, clients[i].bits);
        h = fig_hash64_bytes(h, fig_str((const char *) clients[i].net.addr,
                                        sizeof(clients[i].net.addr)));
    }

    return h;
}


static uint64_t
fig_key_match(uint64_t h, const fig_route_t *route)
{
    uint32_t          i, j;
    const fig_set_t  *set;

    h = fig_hash64_word(h, route->nsets);

    for (i = 0; i < route->nsets; i++) {
        set = &route->sets[i];
        h = fig_hash64_word(h, set->nhosts);

        for (j = 0; j < set->nhosts; j++) {
            h = fig_hash64_bytes(h, set->hosts[j].source);
        }

        h = fig_hash64_word(h, set->npaths);

        for (j = 0; j < set->npaths; j++) {
            h = fig_hash64_word(h, set->paths[j].kind);
            h = fig_hash64_bytes(h, set->paths[j].text);
            h = fig_key_regex(h, set->paths[j].regex);
        }

        h = fig_key_strings(h, set->methods, set->nmethods);
        h = fig_key_conditions(h, set->headers, set->nheaders);
        h = fig_key_conditions(h, set->query, set->nquery);
        h = fig_key_conditions(h, set->cookies, set->ncookies);
        h = fig_key_clients(h, set->clients, set->nclients);
    }

    return h;
}


static uint64_t
fig_key_rewrite(uint64_t h, const fig_rewrite_t *rewrite)
{
    uint32_t           i;
    const fig_part_t  *part;

    h = fig_hash64_word(h, rewrite->path.nparts);

    for (i = 0; i < rewrite->path.nparts; i++) {
        part = &rewrite->path.parts[i];
        h = fig_hash64_word(h, part->kind);
        h = fig_hash64_bytes(h, part->text);
        h = fig_hash64_word(h, part->index);
    }

    h = fig_key_regex(h, rewrite->regex);

    return fig_hash64_bytes(h, rewrite->host);
}


static uint64_t
fig_key_fields(uint64_t h, const fig_field_t *fields, uint32_t n)
{
    uint32_t  i;

    h = fig_hash64_word(h, n);

    for (i = 0; i < n; i++) {
        h = fig_hash64_bytes(h, fields[i].name);
        h = fig_hash64_bytes(h, fields[i].value);
    }

    return h;
}


static uint64_t
fig_key_headers(uint64_t h, const fig_route_t *route)
{
    size_t               i;
    const fig_fields_t  *fields[2];

    fields[0] = &route->request_headers;
    fields[1] = &route->response_headers;

    for (i = 0; i < FIG_NELTS(fields); i++) {
        h = fig_key_fields(h, fields[i]->set, fields[i]->nset);
        h = fig_key_fields(h, fields[i]->add, fields[i]->nadd);
        h = fig_key_fields(h, fields[i]->remove, fields[i]->nremove);
    }

    h = fig_key_strings(h, route->shadow.strip_cookies,
                        route->shadow.nstrip_cookies);

    return fig_key_strings(h, route->shadow.strip_headers,
                           route->shadow.nstrip_headers);
}


/* Without its name, and without what only says how it is spoken to. */

static uint64_t
fig_key_backend(uint64_t h, const fig_backend_t *backend)
{
    uint32_t  i;

    if (backend == NULL) {
        return fig_hash64_word(h, 0);
    }

    h = fig_hash64_word(h, 1 + backend->nservers);

    for (i = 0; i < backend->nservers; i++) {
        h = fig_hash64_word(h, backend->servers[i].https);
        h = fig_hash64_word(h, backend->servers[i].kind);
        h = fig_hash64_bytes(h, backend->servers[i].host);
        h = fig_hash64_word(h, backend->servers[i].port);
    }

    h = fig_hash64_word(h, backend->host_mode);
    h = fig_hash64_bytes(h, backend->host);
    h = fig_hash64_bytes(h, backend->tls.name);

    return fig_hash64_bytes(h, backend->version);
}


/* Of targets those that get requests: 90 and 10 is as good as 50 and 50. */

static uint64_t
fig_key_backends(uint64_t h, const fig_route_t *route)
{
    uint32_t  i;

    h = fig_key_backend(h, route->from);
    h = fig_key_backend(h, route->shadow.to);

    for (i = 0; i < route->ntargets; i++) {
        if (route->targets[i].weight > 0) {
            h = fig_key_backend(h, route->targets[i].backend);
        }
    }

    return h;
}


static uint64_t
fig_key_paths(uint64_t h, const fig_path_rules_t *rules)
{
    uint32_t                i;
    const fig_path_rule_t  *rule;

    h = fig_hash64_word(h, rules->n);

    for (i = 0; i < rules->n; i++) {
        rule = &rules->rules[i];
        h = fig_hash64_bytes(h, rule->path);
        h = fig_hash64_bytes(h, rule->key);
        h = fig_hash64_bytes(h, rule->abs);
        h = fig_hash64_bytes(h, rule->rel);
        h = fig_hash64_word(h, rule->shape);
        h = fig_key_regex(h, rule->regex);
    }

    return h;
}


static uint64_t
fig_key_compare(uint64_t h, const fig_compare_rule_t *compare)
{
    uint32_t  i;

    h = fig_hash64_word(h, compare->none);
    h = fig_hash64_word(h, compare->status_class);
    h = fig_hash64_word(h, compare->null_absent);
    h = fig_hash64_word(h, compare->keep_values);
    h = fig_hash64_word(h, compare->body);
    h = fig_hash64_word(h, compare->max_body);
    h = fig_hash64_word(h, (uint64_t) compare->noise);
    h = fig_hash64_word(h, (uint64_t) (compare->p0 * 10000 + 0.5));
    h = fig_hash64_word(h, (uint64_t) (compare->alpha * 10000 + 0.5));

    h = fig_hash64_word(h, compare->ncodes);

    for (i = 0; i < compare->ncodes; i++) {
        h = fig_hash64_word(h, compare->codes[i].a * UINT64_C(1000)
                               + compare->codes[i].b);
    }

    h = fig_key_strings(h, compare->add.names, compare->add.n);
    h = fig_key_strings(h, compare->remove.names, compare->remove.n);
    h = fig_key_paths(h, &compare->ignore);
    h = fig_key_paths(h, &compare->unordered);
    h = fig_key_paths(h, &compare->redact);
    h = fig_key_paths(h, &compare->keyed);
    h = fig_key_paths(h, &compare->tolerance);
    h = fig_key_paths(h, &compare->shape);
    h = fig_hash64_word(h, compare->nnormalize);

    for (i = 0; i < compare->nnormalize; i++) {
        h = fig_key_regex(h, compare->normalize[i].regex);
        h = fig_hash64_bytes(h, compare->normalize[i].with);
    }

    return h;
}


uint64_t
fig_comparing_hash(const fig_route_t *route)
{
    uint64_t  h;

    h = fig_key_match(FIG_COMPARING_SEED, route);
    h = fig_key_rewrite(h, &route->rewrite);
    h = fig_key_headers(h, route);
    h = fig_key_backends(h, route);
    h = fig_key_compare(h, &route->compare);

    return (h == 0) ? 1 : h;
}
