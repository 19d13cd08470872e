/*
 * Who may do what with the admin API, beyond what nginx's own access modules
 * have said of the location.
 *
 *     write=on        or nothing is changed
 *     Host            an address, localhost or a name of this server: a name
 *                     that somebody else made point here is not to be trusted
 *                     (DNS rebinding)
 *     Origin          that of this server, when a browser sends one
 *     Content-Type    one that no HTML form can send
 */

#include "ngx_http_strangler_api.h"


ngx_str_t
ngx_http_strangler_api_header(ngx_http_request_t *r, const char *name)
{
    ngx_table_elt_t  *header;

    header = ngx_http_strangler_find_header(r, name, ngx_strlen(name));

    if (header == NULL) {
        return (ngx_str_t) ngx_null_string;
    }

    return header->value;
}


static ngx_uint_t
ngx_http_strangler_api_is_type(ngx_str_t value, const char *type)
{
    size_t  len;

    len = ngx_strlen(type);

    if (value.len < len
        || ngx_strncasecmp(value.data, (u_char *) type, len) != 0)
    {
        return 0;
    }

    while (len < value.len
           && (value.data[len] == ' ' || value.data[len] == '\t'))
    {
        len++;
    }

    return len == value.len || value.data[len] == ';';
}


static ngx_int_t
ngx_http_strangler_api_check_type(ngx_http_strangler_api_t *api)
{
    ngx_str_t  value;

    value = ngx_http_strangler_api_header(api->request, "content-type");

    /* no form can send a DELETE either, and it has nothing to say */

    if (value.len == 0 && api->endpoint->methods == NGX_HTTP_DELETE) {
        return NGX_OK;
    }

    if (api->endpoint->yaml) {
        if (ngx_http_strangler_api_is_type(value, "application/yaml")
            || ngx_http_strangler_api_is_type(value, "application/x-yaml")
            || ngx_http_strangler_api_is_type(value, "text/yaml"))
        {
            return NGX_OK;
        }

    } else if (ngx_http_strangler_api_is_type(value, "application/json")) {
        return NGX_OK;
    }

    (void) fig_problem(&api->problem, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                       "the body must be sent with Content-Type: %s",
                       api->endpoint->yaml ? "application/yaml"
                                           : "application/json");
    return NGX_ERROR;
}


static ngx_uint_t
ngx_http_strangler_api_is_address(ngx_str_t host)
{
    u_char  addr[16];

    if (host.len && host.data[0] == '[') {
        return host.len > 2 && host.data[host.len - 1] == ']'
               && ngx_inet6_addr(host.data + 1, host.len - 2, addr) == NGX_OK;
    }

    return ngx_inet_addr(host.data, host.len) != INADDR_NONE;
}


/* nginx's own list does not outlive the reading of the configuration. */

ngx_array_t *
ngx_http_strangler_api_names(ngx_conf_t *cf)
{
    ngx_str_t                 *name;
    ngx_uint_t                 i;
    ngx_array_t               *copy;
    ngx_http_server_name_t    *names;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    names = cscf->server_names.elts;

    copy = ngx_array_create(cf->pool, cscf->server_names.nelts + 1,
                            sizeof(ngx_str_t));
    if (copy == NULL) {
        return NULL;
    }

    for (i = 0; i < cscf->server_names.nelts; i++) {

#if (NGX_PCRE)
        if (names[i].regex) {
            continue;
        }
#endif

        name = ngx_array_push(copy);
        if (name == NULL) {
            return NULL;
        }

        *name = names[i].name;
    }

    return copy;
}


/* Whether a host has this name, or is one that *.NAME or .NAME stand for. */

static ngx_uint_t
ngx_http_strangler_api_fits(ngx_str_t host, ngx_str_t name)
{
    ngx_uint_t  star;

    star = (name.len > 1 && name.data[0] == '*');

    if (star) {
        name.data++;
        name.len--;
    }

    if (name.len > 1 && name.data[0] == '.') {

        if (host.len > name.len
            && ngx_strncasecmp(host.data + host.len - name.len, name.data,
                               name.len) == 0)
        {
            return 1;
        }

        name.data++;
        name.len--;
    }

    return !star
           && name.len != 0
           && host.len == name.len
           && ngx_strncasecmp(host.data, name.data, name.len) == 0;
}


static ngx_uint_t
ngx_http_strangler_api_is_name(ngx_http_request_t *r, ngx_str_t host)
{
    ngx_str_t                      *names;
    ngx_uint_t                      i;
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_strangler_module);
    names = lcf->names->elts;

    for (i = 0; i < lcf->names->nelts; i++) {
        if (ngx_http_strangler_api_fits(host, names[i])) {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_strangler_api_check_host(ngx_http_strangler_api_t *api)
{
    ngx_str_t  host;

    host = api->request->headers_in.server;

    if (host.len
        && ((host.len == sizeof("localhost") - 1
             && ngx_strncasecmp(host.data, (u_char *) "localhost", host.len)
                == 0)
            || ngx_http_strangler_api_is_address(host)
            || ngx_http_strangler_api_is_name(api->request, host)))
    {
        return NGX_OK;
    }

    (void) fig_problem(&api->problem, NGX_HTTP_FORBIDDEN,
                       "the Host of a write must be an address, localhost or "
                       "a server_name of this server");
    return NGX_ERROR;
}


static ngx_int_t
ngx_http_strangler_api_check_origin(ngx_http_strangler_api_t *api)
{
    ngx_str_t            origin, site, scheme, host;
    ngx_http_request_t  *r;

    r = api->request;

    site = ngx_http_strangler_api_header(r, "sec-fetch-site");
    origin = ngx_http_strangler_api_header(r, "origin");

    if (site.len
        && !(site.len == 11 && ngx_strncmp(site.data, "same-origin", 11) == 0)
        && !(site.len == 4 && ngx_strncmp(site.data, "none", 4) == 0))
    {
        goto refused;
    }

    if (ngx_http_strangler_find_header(r, "origin", 6) == NULL) {
        return NGX_OK;
    }

    scheme = ngx_http_strangler_scheme(r);
    host = ngx_http_strangler_client_host(r);

    if (host.len
        && origin.len == scheme.len + 3 + host.len
        && ngx_strncasecmp(origin.data, scheme.data, scheme.len) == 0
        && ngx_strncmp(origin.data + scheme.len, "://", 3) == 0
        && ngx_strncasecmp(origin.data + scheme.len + 3, host.data, host.len)
           == 0)
    {
        return NGX_OK;
    }

refused:

    (void) fig_problem(&api->problem, NGX_HTTP_FORBIDDEN,
                       "a page of another origin cannot change anything here");
    return NGX_ERROR;
}


ngx_int_t
ngx_http_strangler_api_check(ngx_http_strangler_api_t *api)
{
    if (api->endpoint->writes && !api->write) {
        (void) fig_problem(&api->problem, NGX_HTTP_FORBIDDEN,
                           "this API is for reading only: strangler_api has no "
                           "write=on");
        return NGX_ERROR;
    }

    if (api->endpoint->writes
        && (ngx_http_strangler_api_check_host(api) != NGX_OK
            || ngx_http_strangler_api_check_origin(api) != NGX_OK))
    {
        return NGX_ERROR;
    }

    if (api->endpoint->methods != NGX_HTTP_GET) {
        return ngx_http_strangler_api_check_type(api);
    }

    return NGX_OK;
}


static ngx_str_t
ngx_http_strangler_api_subject(ngx_http_request_t *r)
{
    ngx_str_t  subject;

    ngx_str_null(&subject);

#if (NGX_HTTP_SSL)

    /* of a certificate that was verified: anybody can make one */

    if (r->connection->ssl
        && SSL_get_verify_result(r->connection->ssl->connection) == X509_V_OK
        && ngx_ssl_get_subject_dn(r->connection, r->pool, &subject) != NGX_OK)
    {
        ngx_str_null(&subject);
    }

#endif

    return subject;
}


ngx_int_t
ngx_http_strangler_api_actor(ngx_http_strangler_api_t *api)
{
    ngx_str_t            actor;
    ngx_http_request_t  *r;

    r = api->request;
    ngx_str_null(&actor);

    if (r->headers_in.user.len) {
        actor = r->headers_in.user;
    }

    if (actor.len == 0) {
        actor = ngx_http_strangler_api_subject(r);
    }

    if (actor.len == 0) {
        actor = r->connection->addr_text;
    }

    api->actor = ngx_http_strangler_fig(actor);

    if (api->actor.len > 256) {
        api->actor.len = 256;
    }

    return NGX_OK;
}
