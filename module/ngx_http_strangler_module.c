/*
 * The module: its table of directives, and when what starts.
 *
 *     configuration  -> zone init (master): load, check, publish
 *     init process   -> a worker's scratch, and its part in hot reload
 */

#include "ngx_http_strangler_api.h"
#include "ngx_http_strangler_shadow.h"


static void *ngx_http_strangler_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_strangler_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_strangler_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_strangler_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_strangler_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_http_strangler_init_process(ngx_cycle_t *cycle);
static void ngx_http_strangler_exit_process(ngx_cycle_t *cycle);


#define NGX_HTTP_STRANGLER_CALM  (512 * 1024)


extern ngx_module_t  ngx_http_proxy_module;

#if (NGX_THREADS)
extern ngx_module_t  ngx_thread_pool_module;
#endif


fig_scratch_t  *ngx_http_strangler_scratch;

/* The configuration whose rule sets are kept up to date by this process. */
static ngx_http_strangler_main_conf_t  *ngx_http_strangler_active;


static ngx_command_t  ngx_http_strangler_commands[] = {

    { ngx_string("strangler_rules"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_strangler_rules,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("strangler_pass"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_TAKE1,
      ngx_http_strangler_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("strangler_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_strangler_api,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("strangler_trusted"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_strangler_trust,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("strangler_headers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_http_strangler_headers,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_strangler_loc_conf_t, headers),
      NULL },

    { ngx_string("strangler_debug_header"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF
                        |NGX_HTTP_LIF_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_strangler_loc_conf_t, debug_header),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_strangler_module_ctx = {
    ngx_http_strangler_add_variables,      /* preconfiguration */
    ngx_http_strangler_postconfiguration,  /* postconfiguration */

    ngx_http_strangler_create_main_conf,   /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_strangler_create_loc_conf,    /* create location configuration */
    ngx_http_strangler_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_strangler_module = {
    NGX_MODULE_V1,
    &ngx_http_strangler_module_ctx,        /* module context */
    ngx_http_strangler_commands,           /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_strangler_init_module,        /* init module */
    ngx_http_strangler_init_process,       /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_strangler_exit_process,       /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_strangler_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_strangler_main_conf_t  *smcf;

    smcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_strangler_main_conf_t));
    if (smcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&smcf->rsets, cf->pool, 2,
                       sizeof(ngx_http_strangler_rset_t *))
        != NGX_OK)
    {
        return NULL;
    }

    return smcf;
}


static void *
ngx_http_strangler_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_strangler_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->trusted = NGX_CONF_UNSET_PTR;
    lcf->debug_header = NGX_CONF_UNSET;
    lcf->headers = NGX_CONF_UNSET;

    return lcf;
}


#if (NGX_HTTP_SSL)

static void
ngx_http_strangler_forget_system(void *data)
{
    X509_STORE_free(data);
}


/* The system's CAs, read once for a configuration: that takes a while. */

static X509_STORE *
ngx_http_strangler_system(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t              *cln;
    ngx_http_strangler_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_strangler_module);

    if (smcf->system) {
        return smcf->system;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NULL;
    }

    smcf->system = X509_STORE_new();

    if (smcf->system == NULL
        || X509_STORE_set_default_paths(smcf->system) == 0)
    {
        ngx_ssl_error(NGX_LOG_EMERG, cf->log, 0,
                      "X509_STORE_set_default_paths() failed");
        X509_STORE_free(smcf->system);
        smcf->system = NULL;
        return NULL;
    }

    cln->handler = ngx_http_strangler_forget_system;
    cln->data = smcf->system;

    return smcf->system;
}


/*
 * Certificates of https backends are verified.  Where the location names no
 * proxy_ssl_trusted_certificate the system's CAs are believed.
 */

static ngx_int_t
ngx_http_strangler_trust_system(ngx_conf_t *cf, ngx_http_upstream_conf_t *ucf)
{
    X509_STORE  *store;

    if (ucf->ssl == NULL || ucf->ssl->ctx == NULL) {
        return NGX_OK;
    }

    store = SSL_CTX_get_cert_store(ucf->ssl->ctx);

    if (sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) > 0) {
        return NGX_OK;
    }

    store = ngx_http_strangler_system(cf);
    if (store == NULL) {
        return NGX_ERROR;
    }

    SSL_CTX_set1_cert_store(ucf->ssl->ctx, store);

    return NGX_OK;
}

#endif


static char *
ngx_http_strangler_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_strangler_loc_conf_t *prev = parent;
    ngx_http_strangler_loc_conf_t *conf = child;

    ngx_http_core_loc_conf_t        *clcf;
    ngx_http_strangler_main_conf_t  *smcf;

    ngx_conf_merge_ptr_value(conf->trusted, prev->trusted, NULL);
    ngx_conf_merge_value(conf->debug_header, prev->debug_header, 0);

    ngx_http_strangler_merge_headers(cf, prev, conf);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* "if" goes on with the location's handler, "limit_except" has none */

    if (conf->api == NULL && conf->rset == NULL && prev->api && clcf->noname) {
        conf->api = prev->api;
        conf->write = prev->write;

        if (clcf->lmt_excpt && clcf->handler == NULL) {
            clcf->handler = ngx_http_strangler_api_handler;
        }
    }

    if (conf->api) {
        conf->names = ngx_http_strangler_api_names(cf);
        if (conf->names == NULL) {
            return NGX_CONF_ERROR;
        }

        /* the API has limits of its own, and says so in its own words */

        clcf->client_max_body_size = NGX_HTTP_STRANGLER_YAML
                                     + NGX_HTTP_STRANGLER_BODY;
    }

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_strangler_module);

    /*
     * "if" and "limit_except" go on with the location's handler, and the proxy
     * module, whose merge came first, has put its own into the latter.
     */

    if (conf->rset == NULL && prev->rset && clcf->noname) {

        if (clcf->lmt_excpt && clcf->handler == smcf->proxy_handler) {
            clcf->handler = ngx_http_strangler_handler;
            conf->rset = prev->rset;

        } else if (!clcf->lmt_excpt && clcf->handler == NULL) {
            conf->rset = prev->rset;
        }
    }

#if (NGX_HTTP_SSL)

    if (conf->rset
        && ngx_http_strangler_trust_system(cf,
               ngx_http_conf_get_module_loc_conf(cf, ngx_http_proxy_module))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}


#if (NGX_THREADS)

/* Threads of our own: those of "default" wait for disks. */

static ngx_int_t
ngx_http_strangler_add_threads(ngx_conf_t *cf, ngx_str_t *name,
    const char *threads)
{
    ngx_str_t      *value;
    ngx_array_t    *args, *saved;
    ngx_command_t  *cmd;

    if (ngx_thread_pool_get(cf->cycle, name)) {
        return NGX_OK;
    }

    args = ngx_array_create(cf->pool, 3, sizeof(ngx_str_t));
    if (args == NULL) {
        return NGX_ERROR;
    }

    value = ngx_array_push_n(args, 3);
    if (value == NULL) {
        return NGX_ERROR;
    }

    ngx_str_set(&value[0], "thread_pool");
    value[1] = *name;
    value[2].data = (u_char *) threads;
    value[2].len = ngx_strlen(threads);

    cmd = ngx_thread_pool_module.commands;

    saved = cf->args;
    cf->args = args;

    if (cmd->set(cf, cmd, NULL) != NGX_CONF_OK) {
        cf->args = saved;
        return NGX_ERROR;
    }

    cf->args = saved;

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_find_threads(ngx_conf_t *cf,
    ngx_http_strangler_rset_t *rset)
{
    ngx_str_t  compare;

    if (rset->threads.len) {
        return ngx_thread_pool_add(cf, &rset->threads) ? NGX_OK : NGX_ERROR;
    }

    ngx_str_set(&rset->threads, "strangler");
    ngx_str_set(&compare, NGX_HTTP_STRANGLER_COMPARERS);

    if (ngx_http_strangler_add_threads(cf, &rset->threads, "threads=2")
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_strangler_add_threads(cf, &compare, "threads=1");
}

#endif


static ngx_int_t
ngx_http_strangler_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                        i;
    ngx_http_strangler_rset_t       **rsets;
    ngx_http_strangler_main_conf_t   *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_strangler_module);
    rsets = smcf->rsets.elts;

    for (i = 0; i < smcf->rsets.nelts; i++) {

        if (!rsets[i]->declared) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "unknown rule set \"%V\" in %s:%ui: "
                          "no strangler_rules has that name",
                          &rsets[i]->name, rsets[i]->conf_file,
                          rsets[i]->conf_line);
            return NGX_ERROR;
        }

#if (NGX_THREADS)

        if (ngx_http_strangler_find_threads(cf, rsets[i]) != NGX_OK) {
            return NGX_ERROR;
        }

#endif
    }

    if (ngx_http_strangler_count_init(cf) != NGX_OK
        || ngx_http_strangler_shadow_init(cf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_strangler_filter_init(cf);
}


static ngx_http_strangler_main_conf_t *
ngx_http_strangler_cycle_conf(ngx_cycle_t *cycle)
{
    return ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_strangler_module);
}


static void
ngx_http_strangler_stop(void)
{
    ngx_uint_t                   i;
    ngx_http_strangler_rset_t  **rsets;

    if (ngx_http_strangler_active == NULL) {
        return;
    }

    rsets = ngx_http_strangler_active->rsets.elts;

    for (i = 0; i < ngx_http_strangler_active->rsets.nelts; i++) {
        ngx_http_strangler_reload_stop(rsets[i]);
    }

    ngx_http_strangler_active = NULL;
}


static ngx_int_t
ngx_http_strangler_start(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    ngx_http_strangler_rset_t       **rsets;
    ngx_http_strangler_main_conf_t   *smcf;

    smcf = ngx_http_strangler_cycle_conf(cycle);

    if (smcf == NULL) {
        return NGX_OK;
    }

    rsets = smcf->rsets.elts;

    for (i = 0; i < smcf->rsets.nelts; i++) {
        ngx_http_strangler_balance_spin(rsets[i]->gen);

        if (ngx_http_strangler_reload_start(rsets[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_http_strangler_active = smcf;

    return NGX_OK;
}


/* The state of every rule set is opened for the processes to be born. */

static ngx_int_t
ngx_http_strangler_open_states(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    ngx_http_strangler_rset_t       **rsets;
    ngx_http_strangler_main_conf_t   *smcf;

    smcf = ngx_http_strangler_cycle_conf(cycle);

    if (smcf == NULL || ngx_test_config) {
        return NGX_OK;
    }

    rsets = smcf->rsets.elts;

    for (i = 0; i < smcf->rsets.nelts; i++) {
        if (ngx_http_strangler_live_init(rsets[i], cycle) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Without a master a new configuration comes into a process that runs. */

static ngx_int_t
ngx_http_strangler_init_module(ngx_cycle_t *cycle)
{
    if (ngx_http_strangler_open_states(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_http_strangler_active == NULL) {
        return NGX_OK;
    }

    ngx_http_strangler_stop();

    return ngx_http_strangler_start(cycle);
}


/*
 * glibc gives what is free at the end of the heap back to the kernel from 128
 * KiB on, which a few dozen requests at once reach again and again, and pay for
 * with page faults.  Freeing a large piece that it had mapped makes it twice as
 * patient as that is large (mallopt(3), M_MMAP_THRESHOLD), as any large rules
 * file does; small ones shall not be slower.
 */

static void
ngx_http_strangler_calm_heap(void)
{
#if defined(__GLIBC__)
    void  *p;

    p = ngx_alloc(NGX_HTTP_STRANGLER_CALM, ngx_cycle->log);

    if (p) {
        ngx_free(p);
    }
#endif
}


static ngx_int_t
ngx_http_strangler_init_process(ngx_cycle_t *cycle)
{
    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    ngx_http_strangler_seed();
    ngx_http_strangler_calm_heap();

    ngx_http_strangler_scratch = fig_scratch_create();
    if (ngx_http_strangler_scratch == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_strangler_start(cycle);
}


static void
ngx_http_strangler_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    ngx_http_strangler_rset_t       **rsets;
    ngx_http_strangler_main_conf_t   *smcf;

    smcf = ngx_http_strangler_active;
    ngx_http_strangler_stop();

    if (smcf) {
        rsets = smcf->rsets.elts;

        for (i = 0; i < smcf->rsets.nelts; i++) {
            ngx_http_strangler_pool_release(rsets[i]);
        }
    }

    fig_scratch_destroy(ngx_http_strangler_scratch);
    ngx_http_strangler_scratch = NULL;
}
