/*
 * What the processes of a rule set share: the bytes of the newest rules.
 *
 *     zone -> shared  | generation | leader, lease | reported | checksum |
 *             bundle  -> bytes of all rules files (fig_files.h)
 *             count   -> what was counted (ngx_http_strangler_count.h)
 *
 * One process reads and checks a file and publishes its bytes; every other
 * compiles those same bytes, so that all have the same rules whatever happens
 * to the file in the meantime.  Generation numbers only grow.  The mutex of
 * the zone guards the bytes; it is taken on a reload, never by a request.
 */

#include "ngx_http_strangler.h"


static ngx_int_t ngx_http_strangler_zone_init(ngx_shm_zone_t *zone,
    void *data);


ngx_int_t
ngx_http_strangler_zone_add(ngx_conf_t *cf, ngx_http_strangler_rset_t *rset)
{
    u_char     *p;
    ngx_str_t   name;

    name.len = sizeof("strangler:") - 1 + rset->name.len;
    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(name.data, "strangler:", sizeof("strangler:") - 1);
    ngx_memcpy(p, rset->name.data, rset->name.len);

    rset->zone = ngx_shared_memory_add(cf, &name, rset->size,
                                       &ngx_http_strangler_module);
    if (rset->zone == NULL) {
        return NGX_ERROR;
    }

    rset->zone->init = ngx_http_strangler_zone_init;
    rset->zone->data = rset;

    return NGX_OK;
}


/*
 * The pid file names a living master, of this or of the binary before.  This
 * process itself is none: in a container the number is often the same as in
 * the one before, which left its file behind.
 */

static ngx_uint_t
ngx_http_strangler_master_runs_by(ngx_str_t *pid_file, const char *suffix)
{
    long        pid;
    char        text[32];
    u_char      path[NGX_MAX_PATH + 1];
    ssize_t     n;
    ngx_fd_t    fd;

    (void) ngx_snprintf(path, NGX_MAX_PATH, "%V%s%Z", pid_file, suffix);

    fd = ngx_open_file(path, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    if (fd == NGX_INVALID_FILE) {
        return 0;
    }

    n = ngx_read_fd(fd, text, sizeof(text) - 1);
    (void) ngx_close_file(fd);

    if (n <= 0) {
        return 0;
    }

    text[n] = '\0';
    pid = strtol(text, NULL, 10);

    return pid > 0 && pid != (long) ngx_pid
           && (kill((pid_t) pid, 0) == 0 || ngx_errno == NGX_EPERM);
}


static ngx_uint_t
ngx_http_strangler_master_runs(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;

    /* this is it, and it is told to reload */

    if (!ngx_is_init_cycle(cycle->old_cycle)) {
        return 1;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    return ngx_http_strangler_master_runs_by(&ccf->pid, "")
           || ngx_http_strangler_master_runs_by(&ccf->pid, NGX_OLDPID_EXT);
}


static ngx_int_t
ngx_http_strangler_zone_use(ngx_http_strangler_rset_t *rset,
    const fig_files_t *files, ngx_http_strangler_gen_t *gen, ngx_log_t *log)
{
    size_t      needed;
    ngx_int_t   rc;
    ngx_uint_t  number;

    rc = ngx_http_strangler_zone_publish(rset, files, gen->ruleset, &number,
                                         &needed);

    if (rc == NGX_DECLINED) {
        ngx_http_strangler_log_too_large(log, NGX_LOG_EMERG, rset, needed);
    }

    if (rc != NGX_OK) {
        ngx_http_strangler_gen_destroy(gen);
        return NGX_ERROR;
    }

    return ngx_http_strangler_gen_install(rset, gen, number);
}


/*
 * A boot must not fail because of a typo that was made since the last one: the
 * rules that were in force then are used, and the error is as loud as ever.
 */

static ngx_int_t
ngx_http_strangler_zone_last_good(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    ngx_int_t                  rc;
    fig_files_t               *files;
    fig_diags_t               *diags;
    ngx_http_strangler_gen_t  *gen;

    if (rset->state.len == 0 || ngx_http_strangler_master_runs(cycle)) {
        return NGX_ERROR;
    }

    if (ngx_http_strangler_state_load(rset, &files) != FIG_OK) {
        return NGX_ERROR;
    }

    rc = NGX_ERROR;
    gen = NULL;

    diags = fig_diags_create();

    if (diags
        && ngx_http_strangler_gen_create(files, &gen, diags) == FIG_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "strangler: \"%V\" starts with the last good rules in "
                      "\"%V\" instead of \"%V\"",
                      &rset->name, &rset->state, &rset->file);

        rc = ngx_http_strangler_zone_use(rset, files, gen, cycle->log);
    }

    fig_diags_destroy(diags);
    fig_files_destroy(files);

    return rc;
}


static ngx_int_t
ngx_http_strangler_zone_load(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    ngx_int_t                  rc;
    fig_files_t               *files;
    fig_diags_t               *diags;
    fig_status_t               status;
    ngx_http_strangler_gen_t  *gen;

    files = NULL;
    gen = NULL;

    diags = fig_diags_create();
    if (diags == NULL) {
        return NGX_ERROR;
    }

    status = fig_files_read((char *) rset->file.data, &files, diags);

    if (status == FIG_OK) {
        status = ngx_http_strangler_gen_create(files, &gen, diags);
    }

    if (status == FIG_OK) {
        rc = ngx_http_strangler_zone_use(rset, files, gen, cycle->log);

    } else {
        ngx_http_strangler_log_diags(cycle->log, NGX_LOG_EMERG, rset, diags);
        ngx_http_strangler_keep_diags(rset, diags);

        if (files) {
            (void) ngx_http_strangler_zone_report(rset,
                                                  fig_files_checksum(files));
        }

        rc = ngx_http_strangler_zone_last_good(rset, cycle);
    }

    /* good rules that cannot be kept, on a full disk say, are still good */

    if (rc == NGX_OK && status == FIG_OK && !ngx_test_config) {
        (void) ngx_http_strangler_state_save(rset, files, cycle->log);
    }

    fig_diags_destroy(diags);
    fig_files_destroy(files);

    return rc;
}


static ngx_http_strangler_shared_t *
ngx_http_strangler_zone_create(ngx_http_strangler_rset_t *rset,
    ngx_slab_pool_t *slab)
{
    ngx_core_conf_t              *ccf;
    ngx_http_strangler_rset_t    *before;
    ngx_http_strangler_shared_t  *shared;

    ccf = (ngx_core_conf_t *) ngx_get_conf(rset->cycle->conf_ctx,
                                           ngx_core_module);

    shared = ngx_slab_calloc(slab, sizeof(ngx_http_strangler_shared_t));
    if (shared == NULL) {
        return NULL;
    }

    shared->slab = slab;
    shared->count = ngx_http_strangler_count_create(slab, rset->size,
                              ngx_max((ngx_uint_t) ccf->worker_processes, 1));

    if (shared->count == NULL) {
        return NULL;
    }

    before = ngx_http_strangler_count_before(rset);

    if (before) {
        shared->generation = before->shared->generation;
        ngx_http_strangler_count_take_over(shared->count, before->count,
                                           shared->generation);
    }

    return shared;
}


/*
 * Runs in the master (or the one process) for every configuration, after all
 * of it was parsed, and may still refuse it: rules are loaded here.
 */

static ngx_int_t
ngx_http_strangler_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_http_strangler_rset_t  *old = data;

    ngx_slab_pool_t             *slab;
    ngx_http_strangler_rset_t   *rset;

    rset = zone->data;
    slab = (ngx_slab_pool_t *) zone->shm.addr;

    if (old) {
        rset->shared = old->shared;

    } else if (zone->shm.exists) {
        rset->shared = slab->data;

    } else {
        slab->log_nomem = 0;

        rset->shared = ngx_http_strangler_zone_create(rset, slab);
        if (rset->shared == NULL) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "strangler: the zone of \"%V\" is too small for "
                          "any rules", &rset->name);
            return NGX_ERROR;
        }

        slab->data = rset->shared;
    }

    rset->count = rset->shared->count;

    if (ngx_http_strangler_state_init(rset, zone->shm.log) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_strangler_zone_load(rset, (ngx_cycle_t *) rset->cycle);
}


ngx_uint_t
ngx_http_strangler_zone_generation(ngx_http_strangler_rset_t *rset)
{
    return rset->shared->generation;
}


fig_status_t
ngx_http_strangler_zone_read(ngx_http_strangler_rset_t *rset,
    fig_files_t **files, ngx_uint_t *number)
{
    char                         *copy;
    size_t                        size;
    fig_status_t                  status;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;

    ngx_shmtx_lock(&shared->slab->mutex);

    /* a process may have been killed while it made room */

    size = shared->bundle ? shared->size : 0;
    copy = size ? malloc(size) : NULL;

    if (copy) {
        memcpy(copy, shared->bundle, size);
        *number = shared->generation;
    }

    ngx_shmtx_unlock(&shared->slab->mutex);

    if (copy == NULL) {
        return FIG_NOMEM;
    }

    status = fig_files_from_bundle(fig_str(copy, size), files);
    free(copy);

    return status;
}


/*
 * Room for size bytes.  Where both do not fit side by side the old bytes make
 * place for the new ones, and come back if those do not fit either: a worker
 * that is born later needs some.  The mutex is held.
 */

static u_char *
ngx_http_strangler_zone_room(ngx_http_strangler_shared_t *shared, size_t size)
{
    u_char  *p, *saved;

    p = ngx_slab_alloc_locked(shared->slab, size);

    if (p || shared->bundle == NULL) {
        return p;
    }

    saved = malloc(shared->size);
    if (saved == NULL) {
        return NULL;
    }

    memcpy(saved, shared->bundle, shared->size);
    ngx_slab_free_locked(shared->slab, shared->bundle);
    shared->bundle = NULL;

    p = ngx_slab_alloc_locked(shared->slab, size);

    if (p == NULL) {
        shared->bundle = ngx_slab_alloc_locked(shared->slab, shared->size);

        if (shared->bundle) {
            memcpy(shared->bundle, saved, shared->size);

        } else {
            shared->size = 0;
        }
    }

    free(saved);

    return p;
}


/* Bytes of a zone that has room for these rules and what is counted of them. */

static size_t
ngx_http_strangler_zone_needed(ngx_http_strangler_count_t *count, size_t size,
    const fig_ruleset_t *ruleset)
{
    size += ngx_http_strangler_count_needed(count, ruleset);

    /* the slab's own pages, the shapes, and what else is in it */

    return size + size / 16 + 64 * 1024;
}


ngx_int_t
ngx_http_strangler_zone_publish(ngx_http_strangler_rset_t *rset,
    const fig_files_t *files, const fig_ruleset_t *ruleset,
    ngx_uint_t *number, size_t *needed)
{
    u_char                       *p;
    size_t                        size;
    uint64_t                      checksum;
    ngx_http_strangler_chunk_t   *chunks;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;
    size = fig_files_bundle_size(files);
    checksum = fig_files_checksum(files);

    ngx_shmtx_lock(&shared->slab->mutex);

    if (shared->bundle && shared->checksum == checksum) {
        *number = shared->generation;
        shared->reported = 0;
        ngx_shmtx_unlock(&shared->slab->mutex);
        return NGX_OK;
    }

    p = NULL;
    chunks = shared->count->chunks;

    if (ngx_http_strangler_count_reserve(shared->count, ruleset) == NGX_OK) {
        p = ngx_http_strangler_zone_room(shared, size);
    }

    if (p == NULL) {
        ngx_http_strangler_count_unreserve(shared->count, chunks);
        ngx_shmtx_unlock(&shared->slab->mutex);

        *needed = ngx_http_strangler_zone_needed(shared->count, size, ruleset);
        return NGX_DECLINED;
    }

    /* who is killed from here on leaves slots too many, but never too few */

    ngx_http_strangler_count_commit(shared->count, ruleset,
                                    shared->generation + 1);

    fig_files_bundle(files, (char *) p);

    if (shared->bundle) {
        ngx_slab_free_locked(shared->slab, shared->bundle);
    }

    shared->bundle = p;
    shared->size = size;
    shared->checksum = checksum;
    shared->reported = 0;
    shared->count->loads++;
    *number = ++shared->generation;

    ngx_shmtx_unlock(&shared->slab->mutex);

    return NGX_OK;
}


uint64_t
ngx_http_strangler_zone_checksum(ngx_http_strangler_rset_t *rset)
{
    uint64_t                      checksum;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;

    ngx_shmtx_lock(&shared->slab->mutex);
    checksum = shared->checksum;
    ngx_shmtx_unlock(&shared->slab->mutex);

    return checksum;
}
