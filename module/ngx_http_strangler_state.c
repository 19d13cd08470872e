/*
 * The state directory: what outlives every process.
 *
 *     DIR/rules.last-good   the bundle of the newest rules that were in force
 *
 * Files are replaced by rename after an fsync, have mode 0600 and belong to
 * the workers' user, whoever makes them.
 */

#include "ngx_http_strangler.h"


static const char  ngx_http_strangler_last_good[] = "rules.last-good";


static ngx_int_t
ngx_http_strangler_state_path(ngx_http_strangler_rset_t *rset, char *path,
    size_t size, const char *suffix)
{
    int  n;

    n = snprintf(path, size, "%.*s/%s%s", (int) rset->state.len,
                 rset->state.data, ngx_http_strangler_last_good, suffix);

    return (n > 0 && (size_t) n < size) ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_strangler_state_users(ngx_http_strangler_rset_t *rset)
{
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(rset->cycle->conf_ctx,
                                           ngx_core_module);

    rset->user = ccf->user;
    rset->group = ccf->group;

    if (geteuid() != 0 || rset->user == (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        rset->user = geteuid();
        rset->group = getegid();
    }
}


static ngx_uint_t
ngx_http_strangler_state_is_writable(ngx_http_strangler_rset_t *rset,
    struct stat *st)
{
    mode_t  need;

    if (rset->user == 0) {
        return 1;
    }

    if (st->st_uid == rset->user) {
        need = S_IWUSR|S_IXUSR;

    } else if (st->st_gid == rset->group) {
        need = S_IWGRP|S_IXGRP;

    } else {
        need = S_IWOTH|S_IXOTH;
    }

    return (st->st_mode & need) == need;
}


ngx_int_t
ngx_http_strangler_state_init(ngx_http_strangler_rset_t *rset, ngx_log_t *log)
{
    char         *dir;
    struct stat   st;

    ngx_http_strangler_state_users(rset);

    if (rset->state.len == 0) {
        return NGX_OK;
    }

    dir = (char *) rset->state.data;

    if (mkdir(dir, 0700) == 0) {

        if (geteuid() == 0 && lchown(dir, rset->user, rset->group) == -1) {
            ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                          "strangler: lchown(\"%s\") failed", dir);
            return NGX_ERROR;
        }

    } else if (ngx_errno != NGX_EEXIST) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "strangler: the state directory \"%s\" "
                      "cannot be made", dir);
        return NGX_ERROR;
    }

    if (stat(dir, &st) == -1 || !S_ISDIR(st.st_mode)) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "strangler: the state directory \"%s\" "
                      "is not a directory", dir);
        return NGX_ERROR;
    }

    if (!ngx_http_strangler_state_is_writable(rset, &st)) {
        ngx_log_error(NGX_LOG_EMERG, log, 0,
                      "strangler: the state directory \"%s\" "
                      "is not writable by the workers' user (uid %d)",
                      dir, (int) rset->user);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_state_write(ngx_http_strangler_rset_t *rset, int fd,
    const char *data, size_t size)
{
    size_t   done;
    ssize_t  n;

    if (geteuid() == 0 && fchown(fd, rset->user, rset->group) == -1) {
        return NGX_ERROR;
    }

    for (done = 0; done < size; done += n) {
        n = write(fd, data + done, size - done);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            n = 0;

        } else if (n <= 0) {
            return NGX_ERROR;
        }
    }

    return fsync(fd) == 0 ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_strangler_state_sync_dir(ngx_http_strangler_rset_t *rset)
{
    int  fd;

    fd = open((char *) rset->state.data, O_RDONLY|O_DIRECTORY);

    if (fd != -1) {
        (void) fsync(fd);
        (void) close(fd);
    }
}


static ngx_int_t
ngx_http_strangler_state_replace(ngx_http_strangler_rset_t *rset,
    const char *data, size_t size, ngx_log_t *log)
{
    int        fd;
    char       path[NGX_MAX_PATH], tmp[NGX_MAX_PATH], suffix[32];
    ngx_int_t  rc;

    (void) snprintf(suffix, sizeof(suffix), ".%ld", (long) ngx_pid);

    if (ngx_http_strangler_state_path(rset, path, sizeof(path), "") != NGX_OK
        || ngx_http_strangler_state_path(rset, tmp, sizeof(tmp), suffix)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* what the workers' user has put there is not to be written to as root */

    (void) unlink(tmp);

    fd = open(tmp, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "strangler: \"%s\" cannot be written", tmp);
        return NGX_ERROR;
    }

    rc = ngx_http_strangler_state_write(rset, fd, data, size);

    if (rc == NGX_OK && rename(tmp, path) == -1) {
        rc = NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, log, ngx_errno,
                      "strangler: the last good rules cannot be kept in "
                      "\"%s\"", path);
        (void) unlink(tmp);
    }

    (void) close(fd);

    if (rc == NGX_OK) {
        ngx_http_strangler_state_sync_dir(rset);
    }

    return rc;
}


ngx_int_t
ngx_http_strangler_state_save(ngx_http_strangler_rset_t *rset,
    const fig_files_t *files, ngx_log_t *log)
{
    char       *data;
    size_t      size;
    ngx_int_t   rc;

    if (rset->state.len == 0) {
        return NGX_OK;
    }

    size = fig_files_bundle_size(files);

    data = malloc(size);
    if (data == NULL) {
        return NGX_ERROR;
    }

    fig_files_bundle(files, data);
    rc = ngx_http_strangler_state_replace(rset, data, size, log);
    free(data);

    return rc;
}


static fig_status_t
ngx_http_strangler_state_read(int fd, fig_files_t **files)
{
    char          *data;
    size_t         done, size;
    ssize_t        n;
    struct stat    st;
    fig_status_t   status;

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size <= 0
        || st.st_size > 2 * (off_t) FIG_FILES_MAX_SIZE)
    {
        return FIG_INVALID;
    }

    size = (size_t) st.st_size;

    data = malloc(size);
    if (data == NULL) {
        return FIG_NOMEM;
    }

    for (done = 0; done < size; done += n) {
        n = read(fd, data + done, size - done);

        if (n <= 0) {
            break;
        }
    }

    status = (done == size) ? fig_files_from_bundle(fig_str(data, size), files)
                            : FIG_INVALID;
    free(data);

    return status;
}


fig_status_t
ngx_http_strangler_state_load(ngx_http_strangler_rset_t *rset,
    fig_files_t **files)
{
    int           fd;
    char          path[NGX_MAX_PATH];
    fig_status_t  status;

    if (ngx_http_strangler_state_path(rset, path, sizeof(path), "")
        != NGX_OK)
    {
        return FIG_INVALID;
    }

    /* O_NONBLOCK: a pipe in its place is not to be waited for */

    fd = open(path, O_RDONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (fd == -1) {
        return FIG_INVALID;
    }

    status = ngx_http_strangler_state_read(fd, files);
    (void) close(fd);

    return status;
}
