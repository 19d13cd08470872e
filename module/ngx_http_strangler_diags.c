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


void
ngx_http_strangler_keep_too_large(ngx_http_strangler_rset_t *rset,
    size_t needed)
{
    fig_diags_t  *diags;

    static const fig_pos_t  nowhere = { 0, 0, 0, 0 };

    diags = fig_diags_create();

    if (diags) {
        fig_diags_addf(diags, nowhere, "give strangler_rules a larger zone=",
                       "the rules do not fit into the zone of %zu bytes, they "
                       "need %zu KiB", rset->size, (needed + 1023) / 1024);
        ngx_http_strangler_keep_diags(rset, diags);
    }

    fig_diags_destroy(diags);
}


void
ngx_http_strangler_put_diags(fig_json_out_t *out, fig_diags_t *diags)
{
    size_t      i;
    fig_diag_t  diag;

    fig_json_begin_array(out);

    for (i = 0; i < fig_diags_kept(diags); i++) {
        diag = fig_diags_get(diags, i);

        fig_json_begin_object(out);
        fig_json_put_key(out, "file");
        fig_json_put_str(out, diag.file);
        fig_json_put_key(out, "line");
        fig_json_put_uint(out, diag.line);
        fig_json_put_key(out, "col");
        fig_json_put_uint(out, diag.col);
        fig_json_put_key(out, "message");
        fig_json_put_str(out, diag.message);
        fig_json_put_key(out, "hint");

        if (diag.hint.len) {
            fig_json_put_str(out, diag.hint);
        } else {
            fig_json_put_null(out);
        }

        fig_json_put_key(out, "text");
        fig_json_put_str(out, fig_diags_text(diags, i));
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
}


void
ngx_http_strangler_keep_diags(ngx_http_strangler_rset_t *rset,
    fig_diags_t *diags)
{
    fig_json_out_t  out;

    fig_json_out_init(&out);
    ngx_http_strangler_put_diags(&out, diags);

    if (!out.nomem) {
        ngx_http_strangler_zone_set_error(rset, fig_json_out_text(&out));
    }

    fig_json_out_release(&out);
}
