/*
 * Locations, as far as their authority is concerned.
 *
 *     https://Shop.example:443/x?y   ->   /x?y    the request's own host
 *     http://10.0.0.1:8080/x         ->   /x      the backend's own
 *     https://elsewhere.example/x    ->   as it is, or with another host
 */

#include "fig_field.h"


typedef struct {
    fig_str_t  scheme;                     /* empty: none, as in //host/ */
    fig_str_t  authority;
    fig_str_t  rest;
} fig_location_t;


static bool
fig_location_is_scheme(char c)
{
    c = (char) fig_lower((unsigned char) c);

    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+'
           || c == '-' || c == '.';
}


/* false: there is no authority, so nothing to do. */

static bool
fig_location_split(fig_str_t text, fig_location_t *location)
{
    size_t  i, start;

    for (i = 0; i < text.len && fig_location_is_scheme(text.data[i]); i++) {
        /* void */
    }

    location->scheme = fig_str(text.data, i);

    if (i != 0) {
        if (i == text.len || text.data[i] != ':') {
            return false;
        }

        i++;
    }

    if (text.len - i < 2 || text.data[i] != '/' || text.data[i + 1] != '/') {
        return false;
    }

    for (i += 2, start = i; i < text.len; i++) {
        if (memchr("/?#", text.data[i], 3) != NULL) {
            break;
        }
    }

    location->authority = fig_str(text.data + start, i - start);
    location->rest = fig_str(text.data + i, text.len - i);

    return true;
}


/* Without the port that a scheme has anyway. */

static fig_str_t
fig_location_host(fig_str_t authority, fig_str_t scheme)
{
    size_t  n;
    bool    http, https;

    n = authority.len;
    http = (scheme.len == 0 || fig_str_caseeq(scheme, fig_str("http", 4)));
    https = (scheme.len == 0 || fig_str_caseeq(scheme, fig_str("https", 5)));

    if (http && n > 3 && memcmp(authority.data + n - 3, ":80", 3) == 0) {
        return fig_str(authority.data, n - 3);
    }

    if (https && n > 4 && memcmp(authority.data + n - 4, ":443", 4) == 0) {
        return fig_str(authority.data, n - 4);
    }

    return authority;
}


static bool
fig_location_is(fig_str_t host, fig_str_t ours, fig_str_t scheme)
{
    return ours.len != 0
           && fig_str_caseeq(host, fig_location_host(ours, scheme));
}


fig_str_t
fig_location_text(const fig_field_hosts_t *hosts, fig_str_t text,
    fig_arena_t *arena, bool *nomem)
{
    char            *out;
    size_t           i, n;
    fig_str_t        host;
    fig_location_t   location;

    if (!fig_location_split(text, &location)) {
        return text;
    }

    host = fig_location_host(location.authority, location.scheme);

    for (i = 0; i < hosts->pair->nmaps; i++) {
        if (fig_location_is(host, hosts->pair->maps[i].from, location.scheme)) {
            host = fig_location_host(hosts->pair->maps[i].to, location.scheme);
            break;
        }
    }

    if (location.rest.len == 0) {
        location.rest = fig_str("/", 1);
    }

    if (fig_location_is(host, hosts->pair->host, location.scheme)
        || fig_location_is(host, hosts->own, location.scheme))
    {
        return location.rest;
    }

    n = location.scheme.len + host.len;
    out = fig_arena_alloc(arena, n + location.rest.len + 4);

    if (out == NULL) {
        *nomem = true;
        return fig_str("", 0);
    }

    for (i = 0; i < location.scheme.len; i++) {
        out[i] = (char) fig_lower((unsigned char) location.scheme.data[i]);
    }

    memcpy(out + i, "://", 3);

    for (i = 0; i < host.len; i++) {
        out[location.scheme.len + 3 + i]
            = (char) fig_lower((unsigned char) host.data[i]);
    }

    memcpy(out + n + 3, location.rest.data, location.rest.len);

    return fig_str(out, n + 3 + location.rest.len);
}
