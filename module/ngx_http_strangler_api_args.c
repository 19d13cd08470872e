/*
 * Query parameters of the admin API.
 *
 * The values live as long as the request's arena does.
 */

#include "ngx_http_strangler_api.h"


ngx_uint_t
ngx_http_strangler_api_has_arg(ngx_http_strangler_api_t *api,
    const char *name)
{
    ngx_str_t  value;

    return ngx_http_arg(api->request, (u_char *) name, ngx_strlen(name),
                        &value)
           == NGX_OK;
}


ngx_uint_t
ngx_http_strangler_api_arg(ngx_http_strangler_api_t *api, const char *name,
    fig_str_t *value)
{
    char       *copy;
    u_char     *dst, *src;
    ngx_str_t   raw;

    if (ngx_http_arg(api->request, (u_char *) name, ngx_strlen(name), &raw)
        != NGX_OK)
    {
        return 0;
    }

    copy = fig_arena_alloc(api->arena, raw.len + 1);
    if (copy == NULL) {
        return 0;
    }

    dst = (u_char *) copy;
    src = raw.data;

    ngx_unescape_uri(&dst, &src, raw.len, 0);

    *value = fig_str(copy, (size_t) ((char *) dst - copy));

    return 1;
}


ngx_uint_t
ngx_http_strangler_api_limit(ngx_http_strangler_api_t *api, uint32_t *limit)
{
    ngx_int_t  n;
    fig_str_t  value;

    *limit = 500;

    if (!ngx_http_strangler_api_arg(api, "limit", &value)) {
        return 1;
    }

    n = ngx_atoi((u_char *) value.data, value.len);

    if (n < 1 || n > 1000) {
        (void) fig_problem(&api->problem, 422,
                           "\"limit\" must be a number from 1 to 1000");
        return 0;
    }

    *limit = (uint32_t) n;

    return 1;
}
