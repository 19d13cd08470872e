/*
 * Conditions against a request, the plain way.
 *
 * This is what a condition means: the index of fig_match.c is only a faster
 * way to the same answer, and a test holds one against the other.
 */

#include "fig_condition.h"
#include "fig_value.h"


bool
fig_host_holds(const fig_hostname_t *name, fig_str_t host)
{
    size_t  skip;

    if (!name->wildcard) {
        return fig_str_eq(name->text, host);
    }

    /* ".example.com" with at least one byte, so a label, before it */

    if (host.len <= name->text.len) {
        return false;
    }

    skip = host.len - name->text.len;

    return fig_str_eq(fig_str(host.data + skip, name->text.len), name->text);
}


static bool
fig_regex_holds(const fig_regex_t *regex, fig_str_t subject,
    fig_scratch_t *scratch, bool *limited)
{
    fig_regex_result_t  rc;

    rc = fig_regex_match(regex, subject, scratch);

    if (rc == FIG_REGEX_LIMIT) {
        *limited = true;
    }

    return rc == FIG_REGEX_MATCH;
}


static bool
fig_prefix_holds(fig_str_t prefix, fig_str_t text)
{
    return text.len >= prefix.len
           && fig_str_eq(fig_str(text.data, prefix.len), prefix)
           && (text.len == prefix.len ? prefix.len != 0
                                      : text.data[prefix.len] == '/');
}


/* Cuts the first segment, which begins with a slash, off *text. */

static fig_str_t
fig_path_segment(fig_str_t *text)
{
    size_t     i;
    fig_str_t  segment;

    for (i = 1; i < text->len && text->data[i] != '/'; i++) {
        /* void */
    }

    segment = fig_str(text->data + 1, i - 1);
    *text = fig_str(text->data + i, text->len - i);

    return segment;
}


static bool
fig_template_holds(fig_str_t pattern, fig_str_t text)
{
    fig_str_t  want, have;

    while (pattern.len != 0) {

        if (text.len == 0 || text.data[0] != '/') {
            return false;
        }

        want = fig_path_segment(&pattern);
        have = fig_path_segment(&text);

        if (want.len > 1 && want.data[0] == '{') {

            /* {name} is one segment, and an empty one is none */

            if (have.len == 0) {
                return false;
            }

            continue;
        }

        if (!fig_str_eq(want, have)) {
            return false;
        }
    }

    return text.len == 0;
}


bool
fig_path_holds(const fig_path_t *path, fig_str_t text, fig_scratch_t *scratch,
    bool *limited)
{
    switch (path->kind) {

    case FIG_PATH_EXACT:
        return fig_str_eq(path->text, text);

    case FIG_PATH_TEMPLATE:
        return fig_template_holds(path->text, text);

    case FIG_PATH_REGEX:
        return fig_regex_holds(path->regex, text, scratch, limited);

    default: /* FIG_PATH_PREFIX */
        return fig_prefix_holds(path->text, text);
    }
}


static bool
fig_methods_hold(const fig_set_t *set, fig_str_t method)
{
    uint32_t  i;

    for (i = 0; i < set->nmethods; i++) {
        if (fig_str_eq(set->methods[i], method)) {
            return true;
        }
    }

    return set->nmethods == 0;
}


static bool
fig_cidr_holds(const fig_cidr_t *cidr, const fig_addr_t *addr)
{
    unsigned  bytes, rest, mask;

    if (addr->family == 0 || cidr->net.family != addr->family) {
        return false;
    }

    bytes = cidr->bits / 8;
    rest = cidr->bits % 8;

    if (memcmp(cidr->net.addr, addr->addr, bytes) != 0) {
        return false;
    }

    if (rest == 0) {
        return true;
    }

    mask = 0xffu << (8 - rest) & 0xffu;

    return ((cidr->net.addr[bytes] ^ addr->addr[bytes]) & mask) == 0;
}


static bool
fig_clients_hold(const fig_set_t *set, fig_request_t *request)
{
    uint32_t  i;

    if (set->nclients == 0) {
        return true;
    }

    fig_request_fill(request);

    for (i = 0; i < set->nclients; i++) {
        if (fig_cidr_holds(&set->clients[i], &request->client)) {
            return true;
        }
    }

    return false;
}


/* A value that is too long to be put together is there, but equals nothing. */

static bool
fig_cond_holds(const fig_cond_t *cond, fig_value_t found, fig_str_t value,
    fig_scratch_t *scratch, bool *limited)
{
    switch (cond->kind) {

    case FIG_COND_ABSENT:
        return found == FIG_VALUE_MISSING;

    case FIG_COND_PRESENT:
        return found != FIG_VALUE_MISSING;

    case FIG_COND_REGEX:
        return found == FIG_VALUE_FOUND
               && fig_regex_holds(cond->regex, value, scratch, limited);

    default: /* FIG_COND_LITERAL */
        return found == FIG_VALUE_FOUND && fig_str_eq(cond->value, value);
    }
}


/* The first of n conditions on values of one kind that does not hold. */

static const fig_cond_t *
fig_conds_failed(const fig_cond_t *conds, uint32_t n, fig_by_kind_t kind,
    fig_request_t *request, fig_scratch_t *scratch, bool *limited)
{
    uint32_t     i;
    fig_str_t    value;
    fig_value_t  found;

    for (i = 0; i < n; i++) {
        found = fig_value_find(request, kind, conds[i].name, scratch, &value);

        if (!fig_cond_holds(&conds[i], found, value, scratch, limited)) {
            return &conds[i];
        }
    }

    return NULL;
}


fig_because_t
fig_conditions_check(const fig_set_t *set, fig_request_t *request,
    fig_scratch_t *scratch, const fig_cond_t **cond, bool *limited)
{
    *cond = NULL;

    if (!fig_methods_hold(set, request->method)) {
        return FIG_BECAUSE_METHOD;
    }

    *cond = fig_conds_failed(set->headers, set->nheaders, FIG_BY_HEADER,
                             request, scratch, limited);
    if (*cond != NULL) {
        return FIG_BECAUSE_HEADER;
    }

    *cond = fig_conds_failed(set->query, set->nquery, FIG_BY_QUERY, request,
                             scratch, limited);
    if (*cond != NULL) {
        return FIG_BECAUSE_QUERY;
    }

    *cond = fig_conds_failed(set->cookies, set->ncookies, FIG_BY_COOKIE,
                             request, scratch, limited);
    if (*cond != NULL) {
        return FIG_BECAUSE_COOKIE;
    }

    return fig_clients_hold(set, request) ? FIG_BECAUSE_WON
                                          : FIG_BECAUSE_CLIENT;
}


static bool
fig_set_host_holds(const fig_set_t *set, fig_str_t host)
{
    uint32_t  i;

    for (i = 0; i < set->nhosts; i++) {
        if (fig_host_holds(&set->hosts[i], host)) {
            return true;
        }
    }

    return set->nhosts == 0;
}


static bool
fig_set_path_holds(const fig_set_t *set, fig_str_t path,
    fig_scratch_t *scratch, bool *limited)
{
    uint32_t  i;

    for (i = 0; i < set->npaths; i++) {
        if (fig_path_holds(&set->paths[i], path, scratch, limited)) {
            return true;
        }
    }

    return set->npaths == 0;
}


bool
fig_set_holds(const fig_set_t *set, fig_request_t *request,
    fig_scratch_t *scratch, bool *limited)
{
    const fig_cond_t  *cond;

    return fig_set_host_holds(set, request->host)
           && fig_conditions_check(set, request, scratch, &cond, limited)
              == FIG_BECAUSE_WON
           && fig_set_path_holds(set, request->path, scratch, limited);
}
