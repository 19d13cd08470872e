/*
 * Files, RFC 9110 13 and 14. No symbolic link is followed, and a path is
 * opened segment by segment, so that nothing outside the directory is
 * reachable whatever was encoded in a segment.
 *
 *   ETag   "size-mtime in ns", strong: a changed file has another one
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include "exchange.h"
#include "reply.h"
#include "static_files.h"


#define SHOP_STATIC_TIME  "%a, %d %b %Y %H:%M:%S GMT"


typedef struct {
    int          fd;
    off_t        size;
    time_t       modified;
    char         etag[48];
    char         date[40];
    const char  *type;
} shop_file_t;


typedef enum {
    SHOP_RANGE_NONE,        /* the whole file */
    SHOP_RANGE_PART,
    SHOP_RANGE_BAD          /* 416 */
} shop_range_e;


static const struct {
    const char  *suffix;
    const char  *type;
} shop_static_types[] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".csv", "text/csv; charset=utf-8" },
    { ".json", "application/json" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".ico", "image/x-icon" }
};


static const char *
shop_static_type(const char *name)
{
    size_t  i, n, len;

    len = strlen(name);

    for (i = 0; i < sizeof(shop_static_types) / sizeof(shop_static_types[0]);
         i++)
    {
        n = strlen(shop_static_types[i].suffix);

        if (len > n
            && strcmp(name + len - n, shop_static_types[i].suffix) == 0)
        {
            return shop_static_types[i].type;
        }
    }

    return "application/octet-stream";
}


/* a descriptor or -1 */
static int
shop_static_walk(shop_exchange_t *x)
{
    int          fd, next, flags;
    size_t       i;
    const char  *name;

    fd = x->shop->static_dir == -1 ? -1 : dup(x->shop->static_dir);

    for (i = x->tail; i < x->nsegments && fd != -1; i++) {
        name = x->segments[i];
        next = -1;

        /* hidden files, "." and ".." at one blow */
        if (name[0] != '\0' && name[0] != '.' && strchr(name, '/') == NULL) {
            flags = i + 1 < x->nsegments ? O_DIRECTORY : O_NONBLOCK;
            next = openat(fd, name,
                          O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags);
        }

        close(fd);
        fd = next;
    }

    return fd;
}


static int
shop_static_open(shop_exchange_t *x, shop_file_t *file)
{
    struct tm    tm;
    struct stat  st;

    file->fd = shop_static_walk(x);

    if (file->fd == -1) {
        return -1;
    }

    if (fstat(file->fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        close(file->fd);
        return -1;
    }

    file->size = st.st_size;
    file->modified = st.st_mtim.tv_sec;
    file->type = shop_static_type(x->segments[x->nsegments - 1]);

    snprintf(file->etag, sizeof(file->etag), "\"%llx-%llx\"",
             (unsigned long long) st.st_size,
             (unsigned long long) st.st_mtim.tv_sec * 1000000000
             + (unsigned long long) st.st_mtim.tv_nsec);

    gmtime_r(&file->modified, &tm);
    strftime(file->date, sizeof(file->date), SHOP_STATIC_TIME, &tm);

    return 0;
}


/* is the tag in the list of an If-None-Match, compared weakly? */
static int
shop_static_is_listed(const char *list, const char *etag)
{
    size_t       len;
    const char  *p;

    if (strcmp(list, "*") == 0) {
        return 1;
    }

    len = strlen(etag);

    for (p = list; (p = strstr(p, etag)) != NULL; p += len) {
        if (p == list || strchr(" \t,/", p[-1]) != NULL) {
            return 1;
        }
    }

    return 0;
}


static time_t
shop_static_parse_date(const char *text)
{
    char       *end;
    struct tm   tm;

    memset(&tm, 0, sizeof(tm));
    end = strptime(text, SHOP_STATIC_TIME, &tm);

    return end && *end == '\0' ? timegm(&tm) : -1;
}


static int
shop_static_is_fresh(shop_exchange_t *x, shop_file_t *file)
{
    time_t       since;
    const char  *value;

    value = shop_exchange_header(x, MHD_HTTP_HEADER_IF_NONE_MATCH);

    if (value) {
        return shop_static_is_listed(value, file->etag);
    }

    value = shop_exchange_header(x, MHD_HTTP_HEADER_IF_MODIFIED_SINCE);

    if (value == NULL) {
        return 0;
    }

    since = shop_static_parse_date(value);

    return since != -1 && file->modified <= since;
}


/* may the range be answered, or has the file changed under the client? */
static int
shop_static_is_range_valid(shop_exchange_t *x, shop_file_t *file)
{
    const char  *value;

    value = shop_exchange_header(x, MHD_HTTP_HEADER_IF_RANGE);

    if (value == NULL) {
        return 1;
    }

    return strcmp(value, value[0] == '"' ? file->etag : file->date) == 0;
}


/* one of "bytes=A-B", "bytes=A-", "bytes=-N"; anything else is ignored */
static shop_range_e
shop_static_parse_range(const char *text, off_t size, off_t *first,
    off_t *last)
{
    char     a[24], b[24];
    size_t   n;
    int64_t  from, to;

    if (strncasecmp(text, "bytes=", 6) != 0) {
        return SHOP_RANGE_NONE;
    }

    text += 6;
    n = strcspn(text, "-");

    if (text[n] == '\0' || n >= sizeof(a) || strlen(text + n + 1) >= sizeof(b))
    {
        return SHOP_RANGE_NONE;
    }

    memcpy(a, text, n);
    a[n] = '\0';
    strcpy(b, text + n + 1);

    from = shop_parse_number(a, 0, INT64_MAX);
    to = shop_parse_number(b, 0, INT64_MAX);

    if ((a[0] && from == -1) || (b[0] && to == -1) || (!a[0] && !b[0])
        || (a[0] && b[0] && to < from))
    {
        return SHOP_RANGE_NONE;
    }

    if (!a[0]) {
        *first = to < size ? size - to : 0;
        *last = size - 1;

        return to == 0 || size == 0 ? SHOP_RANGE_BAD : SHOP_RANGE_PART;
    }

    *first = from;
    *last = b[0] && to < size ? to : size - 1;

    return from < size ? SHOP_RANGE_PART : SHOP_RANGE_BAD;
}


static void
shop_static_set_validators(shop_exchange_t *x, shop_file_t *file)
{
    shop_reply_header(x, MHD_HTTP_HEADER_ETAG, file->etag);
    shop_reply_header(x, MHD_HTTP_HEADER_LAST_MODIFIED, file->date);
    shop_reply_header(x, MHD_HTTP_HEADER_CACHE_CONTROL,
                      "public, max-age=3600");
    shop_reply_header(x, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
}


/* takes over the descriptor */
static enum MHD_Result
shop_static_send(shop_exchange_t *x, shop_file_t *file, unsigned status,
    off_t first, off_t length)
{
    struct MHD_Response  *response;

    response = MHD_create_response_from_fd_at_offset64((uint64_t) length,
                                                       file->fd,
                                                       (uint64_t) first);
    if (response == NULL) {
        close(file->fd);
        return MHD_NO;
    }

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                            file->type);

    return shop_reply_response(x, status, response);
}


static enum MHD_Result
shop_static_send_range(shop_exchange_t *x, shop_file_t *file,
    const char *range)
{
    char          text[96];
    off_t         first, last;
    shop_range_e  kind;

    kind = shop_static_parse_range(range, file->size, &first, &last);

    if (kind == SHOP_RANGE_NONE) {
        return shop_static_send(x, file, MHD_HTTP_OK, 0, file->size);
    }

    if (kind == SHOP_RANGE_BAD) {
        close(file->fd);
        snprintf(text, sizeof(text), "bytes */%lld", (long long) file->size);
        shop_reply_header(x, MHD_HTTP_HEADER_CONTENT_RANGE, text);

        return shop_reply_problem(x, MHD_HTTP_RANGE_NOT_SATISFIABLE,
                                  "the file has %lld bytes",
                                  (long long) file->size);
    }

    snprintf(text, sizeof(text), "bytes %lld-%lld/%lld", (long long) first,
             (long long) last, (long long) file->size);
    shop_reply_header(x, MHD_HTTP_HEADER_CONTENT_RANGE, text);

    return shop_static_send(x, file, MHD_HTTP_PARTIAL_CONTENT, first,
                            last - first + 1);
}


static enum MHD_Result
shop_static_get(shop_exchange_t *x)
{
    const char   *range;
    shop_file_t   file;

    if (shop_static_open(x, &file) == -1) {
        return shop_reply_problem(x, MHD_HTTP_NOT_FOUND,
                                  "there is no such file");
    }

    range = shop_exchange_header(x, MHD_HTTP_HEADER_RANGE);

    if (shop_static_is_fresh(x, &file)) {
        close(file.fd);
        shop_static_set_validators(x, &file);
        return shop_reply_empty(x, MHD_HTTP_NOT_MODIFIED);
    }

    /* RFC 9110 14.2: Range is defined for GET alone */
    if (range && strcmp(x->method, "GET") == 0
        && shop_static_is_range_valid(x, &file))
    {
        shop_static_set_validators(x, &file);
        return shop_static_send_range(x, &file, range);
    }

    shop_static_set_validators(x, &file);

    return shop_static_send(x, &file, MHD_HTTP_OK, 0, file.size);
}


const shop_route_t  shop_static_routes[] = {
    { "GET", "/static/*", SHOP_BODY_NONE, shop_static_get },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
