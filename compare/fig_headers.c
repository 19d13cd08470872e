/*
 * Header fields of two answers, those of a list of names.
 *
 *     name -> text of A, text of B: missing, extra, or another value
 */

#include "fig_field.h"


fig_str_t
fig_answer_field(const fig_answer_t *answer, const char *name)
{
    size_t     i;
    fig_str_t  wanted;

    wanted = fig_str_from(name);

    for (i = answer->nfields; i > 0; i--) {
        if (fig_str_caseeq(answer->fields[i - 1].name, wanted)) {
            return fig_field_trim(answer->fields[i - 1].value);
        }
    }

    return fig_str(NULL, 0);
}


/* What is never kept, whatever the options say. */

static bool
fig_headers_is_secret(fig_str_t name)
{
    size_t  i;

    static const fig_str_t  secrets[] = {
        FIG_STR("authorization"), FIG_STR("proxy-authorization"),
        FIG_STR("cookie"), FIG_STR("set-cookie"), FIG_STR("set-cookie2")
    };

    for (i = 0; i < FIG_NELTS(secrets); i++) {
        if (fig_str_eq(name, secrets[i])) {
            return true;
        }
    }

    return false;
}


static fig_str_t
fig_headers_value(fig_findings_t *findings, const fig_answer_t *answer,
    fig_str_t name)
{
    bool       nomem;
    fig_str_t  value;

    if (!findings->comparer->options.keep_values
        || fig_headers_is_secret(name))
    {
        return fig_str(NULL, 0);
    }

    nomem = false;
    value = fig_field_raw(answer, name, findings->arena, &nomem);

    if (nomem) {
        findings->status = FIG_NOMEM;
        return fig_str(NULL, 0);
    }

    return fig_findings_value(findings, value);
}


static void
fig_headers_differ(fig_findings_t *findings, fig_str_t name, fig_kind_t kind)
{
    fig_difference_t  *difference;

    difference = fig_findings_add(findings, FIG_PART_HEADER, kind);

    if (difference == NULL) {
        return;
    }

    difference->path = name;

    if (kind != FIG_KIND_EXTRA) {
        difference->from_value = fig_headers_value(findings,
                                                   &findings->pair->a, name);
    }

    if (kind != FIG_KIND_MISSING) {
        difference->to_value = fig_headers_value(findings, &findings->pair->b,
                                                 name);
    }
}


void
fig_compare_headers(fig_findings_t *findings)
{
    bool                  nomem;
    size_t                i;
    fig_str_t             name, a, b;
    const fig_answers_t  *pair;

    nomem = false;
    pair = findings->pair;

    for (i = 0; i < findings->comparer->nheaders; i++) {
        name = findings->comparer->headers[i];
        a = fig_field_text(&pair->a, name, pair, findings->arena, &nomem);
        b = fig_field_text(&pair->b, name, pair, findings->arena, &nomem);

        if (nomem) {
            findings->status = FIG_NOMEM;
            return;
        }

        if (a.data == NULL || b.data == NULL) {
            if (a.data != NULL) {
                fig_headers_differ(findings, name, FIG_KIND_MISSING);

            } else if (b.data != NULL) {
                fig_headers_differ(findings, name, FIG_KIND_EXTRA);
            }

        } else if (!fig_str_eq(a, b)) {
            fig_headers_differ(findings, name, FIG_KIND_VALUE);
        }
    }
}
