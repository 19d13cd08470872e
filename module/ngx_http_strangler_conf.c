/*
 * The directives that do more than set a value.
 *
 *     strangler_rules    a rule set: its file, zone, state directory
 *     strangler_pass     the proxy module set up for a rule set's upstream, and
 *                        our handler in front of its
 *     strangler_headers  the proxy module told to leave some headers to us
 *     strangler_trusted  addresses
 *
 * A rule set may be used before it is declared, as an upstream may.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_ZONE  (16 * 1024 * 1024)
#define NGX_HTTP_STRANGLER_POLL  250           /* ms */

/* With https the proxy module has TLS ready; each try says if it is used. */

#if (NGX_HTTP_SSL)
#define NGX_HTTP_STRANGLER_SCHEME  "https://"
#else
#define NGX_HTTP_STRANGLER_SCHEME  "http://"
#endif


extern ngx_module_t  ngx_http_proxy_module;


/* What strangler_headers sends, and in which of its lines. */

static const struct {
    ngx_str_t   name;
    ngx_uint_t  line;
} ngx_http_strangler_lines[] = {
    { ngx_string("Host"), NGX_HTTP_STRANGLER_HOST },
    { ngx_string("Connection"), NGX_HTTP_STRANGLER_UPGRADE },
    { ngx_string("Upgrade"), NGX_HTTP_STRANGLER_UPGRADE },
    { ngx_string("X-Forwarded-For"), NGX_HTTP_STRANGLER_FOR },
    { ngx_string("X-Forwarded-Proto"), NGX_HTTP_STRANGLER_PROTO },
    { ngx_string("X-Forwarded-Host"), NGX_HTTP_STRANGLER_CLIENT_HOST },
    { ngx_string("X-Forwarded-Prefix"), NGX_HTTP_STRANGLER_PREFIX },
    { ngx_null_string, 0 }
};


/* The processes that loaded a rule set free it with its configuration. */

static void
ngx_http_strangler_rset_cleanup(void *data)
{
    ngx_http_strangler_rset_t *rset = data;

    if (rset->gen) {
        ngx_http_strangler_gen_release(rset->gen);
        rset->gen = NULL;
    }

    ngx_http_strangler_pool_release(rset);
}


ngx_http_strangler_rset_t *
ngx_http_strangler_find_rset(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                        i;
    ngx_pool_cleanup_t               *cln;
    ngx_http_strangler_rset_t        *rset, **rsets;
    ngx_http_strangler_main_conf_t   *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_strangler_module);
    rsets = smcf->rsets.elts;

    for (i = 0; i < smcf->rsets.nelts; i++) {
        if (rsets[i]->name.len == name->len
            && ngx_strncmp(rsets[i]->name.data, name->data, name->len) == 0)
        {
            return rsets[i];
        }
    }

    rset = ngx_pcalloc(cf->pool, sizeof(ngx_http_strangler_rset_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    rsets = ngx_array_push(&smcf->rsets);

    if (rset == NULL || cln == NULL || rsets == NULL) {
        return NULL;
    }

    *rsets = rset;

    rset->name = *name;
    rset->cycle = cf->cycle;
    rset->conf_file = cf->conf_file->file.name.data;
    rset->conf_line = cf->conf_file->line;

    ngx_queue_init(&rset->pools);
    ngx_queue_init(&rset->held);

    cln->handler = ngx_http_strangler_rset_cleanup;
    cln->data = rset;

    return rset;
}


/* Two rule sets in one directory would start with each other's rules. */

static ngx_http_strangler_rset_t *
ngx_http_strangler_find_state(ngx_http_strangler_main_conf_t *smcf,
    ngx_http_strangler_rset_t *rset)
{
    ngx_uint_t                   i;
    ngx_http_strangler_rset_t  **rsets;

    rsets = smcf->rsets.elts;

    for (i = 0; i < smcf->rsets.nelts; i++) {
        if (rsets[i] != rset
            && rset->state.len != 0
            && rsets[i]->state.len == rset->state.len
            && ngx_strncmp(rsets[i]->state.data, rset->state.data,
                           rset->state.len) == 0)
        {
            return rsets[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_strangler_state_option(ngx_conf_t *cf, ngx_str_t *state)
{
    if (ngx_conf_full_name(cf->cycle, state, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    while (state->len > 1 && state->data[state->len - 1] == '/') {
        state->data[--state->len] = '\0';
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_option(ngx_conf_t *cf, ngx_http_strangler_rset_t *rset,
    ngx_str_t *option)
{
    ssize_t    size;
    ngx_str_t  value;

    if (ngx_strncmp(option->data, "zone=", 5) == 0) {
        value.data = option->data + 5;
        value.len = option->len - 5;

        size = ngx_parse_size(&value);

        if (size < (ssize_t) (8 * ngx_pagesize)) {
            return NGX_ERROR;
        }

        rset->size = (size_t) size;
        return NGX_OK;
    }

    if (ngx_strncmp(option->data, "poll=", 5) == 0) {
        value.data = option->data + 5;
        value.len = option->len - 5;

        rset->poll = (ngx_msec_t) ngx_parse_time(&value, 0);

        if (rset->poll == (ngx_msec_t) NGX_ERROR || rset->poll == 0) {
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    if (ngx_strncmp(option->data, "state=", 6) == 0 && option->len > 6) {
        rset->state.data = option->data + 6;
        rset->state.len = option->len - 6;

        return ngx_http_strangler_state_option(cf, &rset->state);
    }

    if (ngx_strncmp(option->data, "threads=", 8) == 0 && option->len > 8) {
        rset->threads.data = option->data + 8;
        rset->threads.len = option->len - 8;

        return NGX_OK;
    }

    return NGX_ERROR;
}


char *
ngx_http_strangler_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                  *value;
    ngx_uint_t                  i;
    ngx_http_strangler_rset_t  *rset, *other;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "needs a name";
    }

    for (i = 0; i < value[1].len; i++) {
        if (!isalnum(value[1].data[i])
            && ngx_strchr("_-", value[1].data[i]) == NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name \"%V\" of a rule set", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    rset = ngx_http_strangler_find_rset(cf, &value[1]);
    if (rset == NULL) {
        return NGX_CONF_ERROR;
    }

    if (rset->declared) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate rule set \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    rset->declared = 1;
    rset->size = NGX_HTTP_STRANGLER_ZONE;
    rset->poll = NGX_HTTP_STRANGLER_POLL;
    rset->file = value[2];

    if (ngx_conf_full_name(cf->cycle, &rset->file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 3; i < cf->args->nelts; i++) {
        if (ngx_http_strangler_option(cf, rset, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    other = ngx_http_strangler_find_state(conf, rset);

    if (other) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "state directory \"%V\" is that of rule set "
                           "\"%V\" already", &rset->state, &other->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_strangler_zone_add(cf, rset) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_command_t *
ngx_http_strangler_proxy_command(const char *name)
{
    ngx_command_t  *cmd;

    for (cmd = ngx_http_proxy_module.commands; cmd->name.len; cmd++) {
        if (ngx_strcmp(cmd->name.data, name) == 0) {
            return cmd;
        }
    }

    return NULL;
}


/* Lets the proxy module set itself up, as if proxy_pass stood here. */

static char *
ngx_http_strangler_proxy_pass(ngx_conf_t *cf, ngx_str_t *url)
{
    char           *rv;
    ngx_str_t      *value, saved;
    ngx_command_t  *cmd;

    cmd = ngx_http_strangler_proxy_command("proxy_pass");
    if (cmd == NULL) {
        return "needs the proxy module";
    }

    value = cf->args->elts;
    saved = value[1];

    value[1] = *url;
    rv = cmd->set(cf, cmd, ngx_http_conf_get_module_loc_conf(cf,
                                                      ngx_http_proxy_module));
    value[1] = saved;

    return rv;
}


/* The proxy_set_header lines of this level, once merged the inherited ones. */

static ngx_array_t *
ngx_http_strangler_proxy_headers(ngx_conf_t *cf)
{
    char           *conf;
    ngx_array_t    *headers;
    ngx_command_t  *set;

    conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    set = ngx_http_strangler_proxy_command("proxy_set_header");

    if (set == NULL) {
        return NULL;
    }

    headers = *(ngx_array_t **) (conf + set->offset);

    return (headers == NGX_CONF_UNSET_PTR) ? NULL : headers;
}


/*
 * For the proxy module it is as if `proxy_set_header NAME "";` stood here for
 * all that we send, so that it does not send the same.
 */

char *
ngx_http_strangler_headers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_strangler_loc_conf_t *lcf = conf;

    char           *rv;
    void           *proxy_conf;
    ngx_str_t       args[3];
    ngx_uint_t      i;
    ngx_array_t    *saved, array;
    ngx_command_t  *set;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !lcf->headers) {
        return rv;
    }

    set = ngx_http_strangler_proxy_command("proxy_set_header");
    if (set == NULL) {
        return "needs the proxy module";
    }

    proxy_conf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    saved = cf->args;

    array = *saved;
    array.elts = args;
    array.nelts = 3;
    cf->args = &array;

    for (i = 0; ngx_http_strangler_lines[i].name.len; i++) {
        args[0] = set->name;
        args[1] = ngx_http_strangler_lines[i].name;
        ngx_str_set(&args[2], "");

        rv = set->set(cf, set, proxy_conf);
        if (rv != NGX_CONF_OK) {
            break;
        }
    }

    cf->args = saved;

    lcf->emptied = ngx_http_strangler_proxy_headers(cf);

    return rv;
}


static ngx_uint_t
ngx_http_strangler_is_set(ngx_array_t *headers, const ngx_str_t *name)
{
    ngx_uint_t     i, n;
    ngx_keyval_t  *kv;

    n = 0;
    kv = headers->elts;

    for (i = 0; i < headers->nelts; i++) {
        if (kv[i].key.len == name->len
            && ngx_strncasecmp(kv[i].key.data, name->data, name->len) == 0)
        {
            n++;
        }
    }

    return n > 1;                      /* one of them is ours */
}


/*
 * Which lines are ours to send.  They are inherited with the proxy_set_header
 * lines, never without; what such a line sets beside ours is left to it.  Where
 * "off" inherits those that empty Host, that is still to be sent: no request is
 * without it (RFC 9112, 3.2).
 */

void
ngx_http_strangler_merge_headers(ngx_conf_t *cf,
    ngx_http_strangler_loc_conf_t *prev, ngx_http_strangler_loc_conf_t *conf)
{
    ngx_uint_t    i;
    ngx_array_t  *headers;

    headers = ngx_http_strangler_proxy_headers(cf);

    if (conf->emptied == NULL && prev->emptied == headers) {
        conf->emptied = headers;
    }

    if (conf->headers == NGX_CONF_UNSET) {
        conf->headers = prev->headers == 1 && conf->emptied;
    }

    if (conf->emptied == NULL) {
        return;
    }

    conf->lines = conf->headers ? NGX_HTTP_STRANGLER_LINES
                                : NGX_HTTP_STRANGLER_HOST;

    for (i = 0; ngx_http_strangler_lines[i].name.len; i++) {
        if (ngx_http_strangler_is_set(headers,
                                      &ngx_http_strangler_lines[i].name))
        {
            conf->lines &= ~ngx_http_strangler_lines[i].line;
        }
    }
}


char *
ngx_http_strangler_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_strangler_loc_conf_t *lcf = conf;

    char                            *rv;
    u_char                          *p;
    ngx_str_t                       *value, url;
    ngx_http_upstream_conf_t        *ucf;
    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_strangler_rset_t       *rset;
    ngx_http_strangler_main_conf_t  *smcf;

    if (lcf->rset || lcf->api) {
        return lcf->api ? "is given beside strangler_api" : "is duplicate";
    }

    value = cf->args->elts;

    rset = ngx_http_strangler_find_rset(cf, &value[1]);
    if (rset == NULL) {
        return NGX_CONF_ERROR;
    }

    url.len = sizeof(NGX_HTTP_STRANGLER_SCHEME ".strangler.invalid") - 1
              + value[1].len;
    url.data = ngx_pnalloc(cf->pool, url.len);
    if (url.data == NULL) {
        return NGX_CONF_ERROR;
    }

    p = ngx_cpymem(url.data, NGX_HTTP_STRANGLER_SCHEME,
                   sizeof(NGX_HTTP_STRANGLER_SCHEME) - 1);
    p = ngx_cpymem(p, value[1].data, value[1].len);
    ngx_memcpy(p, ".strangler.invalid", sizeof(".strangler.invalid") - 1);

    rv = ngx_http_strangler_proxy_pass(cf, &url);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    ucf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module);
    ucf->upstream->peer.init_upstream = ngx_http_strangler_init_upstream;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_strangler_module);

    smcf->proxy_handler = clcf->handler;
    clcf->handler = ngx_http_strangler_handler;

    lcf->rset = rset;

    return NGX_CONF_OK;
}


char *
ngx_http_strangler_trust(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_strangler_loc_conf_t *lcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_uint_t   i;
    ngx_cidr_t  *cidr;

    if (lcf->trusted == NGX_CONF_UNSET_PTR) {
        lcf->trusted = ngx_array_create(cf->pool, 2, sizeof(ngx_cidr_t));
        if (lcf->trusted == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        cidr = ngx_array_push(lcf->trusted);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

#if (NGX_HAVE_UNIX_DOMAIN)

        if (ngx_strcmp(value[i].data, "unix:") == 0) {
            ngx_memzero(cidr, sizeof(ngx_cidr_t));
            cidr->family = AF_UNIX;
            continue;
        }

#endif

        rc = ngx_ptocidr(&value[i], cidr);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid address \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "low address bits of %V are meaningless",
                               &value[i]);
        }
    }

    return NGX_CONF_OK;
}
