/*
 * What is wrong with rules in nginx's error log, where a line of a diagnostic
 * is a line.
 *
 *     [error] strangler: rules.yaml:12:5: error: unknown key "metods"
 *     [error] strangler:    12 |     metods: [GET]
 */

#include "ngx_http_strangler.h"


void
ngx_http_strangler_log_diags(ngx_log_t *log, ngx_uint_t level,
    ngx_http_strangler_rset_t *rset, fig_diags_t *diags)
{
    size_t       i, len;
    fig_str_t    text;
    const char  *p, *end;

    ngx_log_error(level, log, 0,
                  "strangler: the rules of \"%V\" have %uz error%s",
                  &rset->name, fig_diags_count(diags),
                  fig_diags_count(diags) == 1 ? "" : "s");

    for (i = 0; i < fig_diags_kept(diags); i++) {
        text = fig_diags_text(diags, i);

        while (text.len) {
            p = text.data;
            end = memchr(p, '\n', text.len);
            len = end ? (size_t) (end - p) : text.len;

            ngx_log_error(level, log, 0, "strangler: %*s", len, p);

            text.data += len + (end != NULL);
            text.len -= len + (end != NULL);
        }
    }

    if (fig_diags_count(diags) > fig_diags_kept(diags)) {
        ngx_log_error(level, log, 0, "strangler: and %uz more",
                      fig_diags_count(diags) - fig_diags_kept(diags));
    }
}


void
ngx_http_strangler_log_too_large(ngx_log_t *log, ngx_uint_t level,
    ngx_http_strangler_rset_t *rset, size_t needed)
{
    ngx_log_error(level, log, 0,
                  "strangler: the rules of \"%V\" do not fit into its zone of "
                  "%uz bytes, say zone=%uzk or more",
                  &rset->name, rset->size, (needed + 1023) / 1024);
}
