/*
 * Where a request goes, and as what: `to`, `rewrite`, `redirect`, `respond`.
 * Whether a path that is to be filled in has what it needs depends on `match`
 * and is fig_validate.c's.
 */

#include "fig_decode.h"
#include "fig_route_path.h"
#include "fig_text.h"


#define FIG_TARGET_WEIGHT_MAX  1000


static const char  fig_to_hint[] =
    "write a backend's name, or {orders-v1: 90, orders-v2: 10}";


static void
fig_decode_weights(fig_load_t *load, const fig_yaml_t *node,
    fig_route_t *route)
{
    bool               sound;
    int64_t            weight, total;
    uint32_t           i, index;
    fig_target_t      *target;
    const fig_pair_t  *pair;

    total = 0;
    sound = true;

    for (i = 0; i < node->n; i++) {
        pair = &node->pairs[i];

        if (!fig_load_find(load, pair->key, "backend", &load->backend_names,
                           &index))
        {
            sound = false;
        }

        if (!fig_load_int(load, pair->value, "to", 0, FIG_TARGET_WEIGHT_MAX,
                          &weight))
        {
            sound = false;
        }

        if (!sound) {
            continue;
        }

        target = &route->targets[route->ntargets++];
        target->backend = &load->model->backends[index];
        target->weight = (uint32_t) weight;
        total += weight;
    }

    if (!sound) {
        route->ntargets = 0;

    } else if (total == 0) {
        fig_load_error(load, node->pos, "give one backend a weight above 0",
                       "all weights of \"to\" are 0");
    }
}


void
fig_decode_targets(fig_load_t *load, const fig_yaml_t *node,
    fig_route_t *route)
{
    uint32_t              n;
    const fig_backend_t  *backend;

    n = 1;

    if (node->kind != FIG_YAML_TEXT || fig_yaml_is_null(node)) {
        if (!fig_load_is_map(load, node, "to", fig_to_hint)) {
            return;
        }

        n = node->n;
    }

    route->targets = fig_load_array(load, n, sizeof(fig_target_t));
    if (route->targets == NULL) {
        return;
    }

    if (node->kind == FIG_YAML_MAP) {
        fig_decode_weights(load, node, route);
        return;
    }

    backend = fig_load_backend(load, node, "to");

    if (backend != NULL) {
        route->targets[0].backend = backend;
        route->targets[0].weight = 1;
        route->ntargets = 1;
    }
}


/* `path` of `rewrite` and `redirect`. */

static void
fig_decode_pattern(fig_load_t *load, const fig_yaml_t *node,
    fig_pattern_t *pattern)
{
    fig_fault_t   fault;
    fig_status_t  status;

    if (!fig_load_is_text(load, node, "path")) {
        return;
    }

    status = fig_pattern_parse(node->text, load->arena, pattern, &fault);

    if (status == FIG_OK) {
        return;
    }

    pattern->nparts = 0;

    if (status == FIG_INVALID) {
        fig_load_key_fault(load, node, "path", &fault);

    } else {
        load->nomem = true;
    }
}


static void
fig_decode_with(fig_load_t *load, const fig_yaml_t *node,
    fig_rewrite_t *rewrite)
{
    fig_fault_t   fault;
    fig_status_t  status;

    if (!fig_load_is_text(load, node, "with") || rewrite->regex == NULL) {
        return;
    }

    status = fig_pattern_parse_with(node->text, rewrite->regex, load->arena,
                                    &rewrite->path, &fault);

    if (status == FIG_INVALID) {
        rewrite->path.nparts = 0;
        fig_load_key_fault(load, node, "with", &fault);

    } else if (status == FIG_NOMEM) {
        load->nomem = true;
    }
}


static void
fig_decode_rewrite_regex(fig_load_t *load, const fig_yaml_t *node,
    fig_rewrite_t *rewrite)
{
    if (!fig_load_is_text(load, node, "regex")) {
        return;
    }

    if (node->text.len > 0 && node->text.data[0] == '~') {
        fig_load_error(load, node->pos, "leave the ~ out; (?i) at the "
                       "beginning ignores case",
                       "\"regex\" is a regex without ~");
        return;
    }

    rewrite->regex = fig_load_regex(load, node, 0, false);
}


void
fig_decode_rewrite(fig_load_t *load, const fig_yaml_t *node,
    fig_rewrite_t *rewrite)
{
    const fig_pair_t  *path, *regex, *with, *host, *given[4];

    static const fig_key_t  keys[] = {
        { "path", FIG_KEY_KNOWN, NULL },
        { "regex", FIG_KEY_KNOWN, NULL },
        { "with", FIG_KEY_KNOWN, NULL },
        { "host", FIG_KEY_KNOWN, NULL },
    };

    if (!fig_load_is_map(load, node, "rewrite", "write {path: /orders/*}")
        || !fig_load_keys(load, node, "\"rewrite\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    path = given[0];
    regex = given[1];
    with = given[2];
    host = given[3];

    if (path != NULL && (regex != NULL || with != NULL)) {
        fig_load_error(load, path->key->pos, NULL,
                       "\"path\" excludes \"regex\" and \"with\"");
        return;
    }

    if ((regex == NULL) != (with == NULL)) {
        fig_load_error(load, (regex != NULL ? regex : with)->key->pos,
                       "write {regex: ^/a/(.*)$, with: /b/$1}",
                       "\"regex\" and \"with\" need each other");
        return;
    }

    if (path != NULL) {
        fig_decode_pattern(load, path->value, &rewrite->path);
    }

    if (regex != NULL) {
        fig_decode_rewrite_regex(load, regex->value, rewrite);
        fig_decode_with(load, with->value, rewrite);
    }

    if (host != NULL) {
        fig_load_host(load, host->value, "host", true, &rewrite->host);
    }
}


static void
fig_decode_scheme(fig_load_t *load, const fig_yaml_t *node, fig_str_t *scheme)
{
    size_t  i;

    static const char *const  words[] = { "http", "https" };

    if (fig_load_word(load, node, "scheme", words, FIG_NELTS(words), &i)) {
        *scheme = fig_str_from(words[i]);
    }
}


static void
fig_decode_redirect_status(fig_load_t *load, const fig_yaml_t *node,
    uint16_t *status)
{
    size_t  i;

    static const char *const  words[] = { "301", "302", "303", "307", "308" };
    static const uint16_t     statuses[] = { 301, 302, 303, 307, 308 };

    if (fig_load_word(load, node, "status", words, FIG_NELTS(words), &i)) {
        *status = statuses[i];
    }
}


void
fig_decode_redirect(fig_load_t *load, const fig_yaml_t *node,
    fig_redirect_t *redirect)
{
    int64_t            port;
    const fig_pair_t  *given[5];

    static const fig_key_t  keys[] = {
        { "scheme", FIG_KEY_KNOWN, NULL },
        { "host", FIG_KEY_KNOWN, NULL },
        { "port", FIG_KEY_KNOWN, NULL },
        { "path", FIG_KEY_KNOWN, NULL },
        { "status", FIG_KEY_KNOWN, NULL },
    };

    redirect->port = FIG_UNSET;
    redirect->status = 302;

    if (!fig_load_is_map(load, node, "redirect",
                         "write {path: /new, status: 301}")
        || !fig_load_keys(load, node, "\"redirect\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    if (given[0] == NULL && given[1] == NULL && given[2] == NULL
        && given[3] == NULL)
    {
        fig_load_error(load, node->pos, "say scheme, host, port or path",
                       "\"redirect\" leads back to the same place");
    }

    if (given[0] != NULL) {
        fig_decode_scheme(load, given[0]->value, &redirect->scheme);
    }

    if (given[1] != NULL) {
        fig_load_host(load, given[1]->value, "host", false, &redirect->host);
    }

    if (given[2] != NULL
        && fig_load_int(load, given[2]->value, "port", 1, 65535, &port))
    {
        redirect->port = (int32_t) port;
    }

    if (given[3] != NULL) {
        fig_decode_pattern(load, given[3]->value, &redirect->path);
    }

    if (given[4] != NULL) {
        fig_decode_redirect_status(load, given[4]->value, &redirect->status);
    }
}


static bool
fig_respond_has_body(const fig_respond_t *respond)
{
    return respond->status != 204 && respond->status != 304;
}


static void
fig_decode_type(fig_load_t *load, const fig_yaml_t *node, fig_str_t *type)
{
    fig_fault_t  fault;

    if (!fig_load_text(load, node, "type", type)) {
        return;
    }

    if (!fig_scalar_field(*type, &fault)) {
        fig_load_key_fault(load, node, "type", &fault);

    } else if (memchr(type->data, '/', type->len) == NULL) {
        fig_load_error(load, node->pos, "write application/json",
                       "\"type\" must be a media type");
    }
}


void
fig_decode_respond(fig_load_t *load, const fig_yaml_t *node,
    fig_respond_t *respond)
{
    int64_t            status;
    const fig_pair_t  *body, *given[3];

    static const fig_key_t  keys[] = {
        { "status", FIG_KEY_KNOWN, NULL },
        { "body", FIG_KEY_KNOWN, NULL },
        { "type", FIG_KEY_KNOWN, NULL },
    };

    respond->type = fig_str("text/plain", 10);

    if (!fig_load_is_map(load, node, "respond", "write {status: 410}")
        || !fig_load_keys(load, node, "\"respond\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    body = given[1];

    if (given[0] == NULL) {
        fig_load_error(load, node->pos, "add status: 410",
                       "\"respond\" has no \"status\"");

    } else if (fig_load_int(load, given[0]->value, "status", 200, 599,
                            &status))
    {
        respond->status = (uint16_t) status;
    }

    if (body != NULL && fig_load_is_text(load, body->value, "body")) {
        respond->body = fig_load_copy(load, body->value->text);

        if (respond->body.len > 0 && !fig_respond_has_body(respond)) {
            fig_load_error(load, body->key->pos, NULL,
                           "an answer with status %u has no body",
                           respond->status);
        }
    }

    if (given[2] != NULL) {
        fig_decode_type(load, given[2]->value, &respond->type);
    }
}
