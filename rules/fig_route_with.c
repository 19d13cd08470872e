/*
 * `with` of `rewrite`: a path with references to groups of a regex.
 *
 *     /b/${name}/$1      "/b/"  group "name"  "/"  group 1
 */

#include "fig_route_path.h"
#include "fig_cutter.h"
#include "fig_regex.h"


/*
 * A reference at text.data[i]: *len is its length and *index the group, or -1
 * for `$$`.
 */

static bool
fig_with_reference(fig_str_t text, size_t i, const fig_regex_t *regex,
    size_t *len, int *index, fig_fault_t *fault)
{
    int64_t      number;
    fig_str_t    rest, name;
    const char  *end;

    static const char  form[] = "write $1, ${12} or ${name}, and $$ for a $";

    rest = fig_str(text.data + i + 1, text.len - i - 1);
    *len = 2;
    *index = -1;

    if (rest.len > 0 && rest.data[0] == '$') {
        return true;
    }

    if (rest.len > 0 && rest.data[0] >= '0' && rest.data[0] <= '9') {
        if (rest.len > 1 && rest.data[1] >= '0' && rest.data[1] <= '9') {
            return fig_fault_at(fault, i, 3, "is not clear here",
                                "write ${12}, or ${1}2");
        }

        name = fig_str(rest.data, 1);

    } else {
        end = (rest.len > 0 && rest.data[0] == '{')
              ? memchr(rest.data, '}', rest.len) : NULL;

        if (end == NULL) {
            return fig_fault_at(fault, i, 1, "has a $ without a group", form);
        }

        name = fig_str(rest.data + 1, (size_t) (end - rest.data) - 1);
        *len = name.len + 3;
    }

    if (name.len > 0 && name.data[0] >= '0' && name.data[0] <= '9') {
        if (!fig_scalar_int(name, 0, FIG_REGEX_MAX_CAPTURES, &number, fault)) {
            return fig_fault_at(fault, i, *len, "has no valid group", form);
        }

        *index = number <= (int64_t) fig_regex_captures(regex) ? (int) number
                                                               : -1;
    } else {
        *index = fig_route_is_word(name) ? fig_regex_group(regex, name) : -1;
    }

    if (*index < 0) {
        return fig_fault_at(fault, i, *len,
                            "names a group that the regex does not have", NULL);
    }

    return true;
}


/*
 * Copies text with every reference blotted out, so that what is left can be
 * checked as a path; counts the references.
 */

static bool
fig_with_blot(fig_str_t text, const fig_regex_t *regex, char *out,
    size_t *holes, fig_fault_t *fault)
{
    int     index;
    size_t  i, len;

    memcpy(out, text.data, text.len);
    *holes = 0;

    for (i = 0; i < text.len; i += len) {
        len = 1;

        if (text.data[i] != '$') {
            continue;
        }

        if (!fig_with_reference(text, i, regex, &len, &index, fault)) {
            return false;
        }

        memset(out + i, 'x', len);
        (*holes)++;
    }

    return true;
}


fig_status_t
fig_pattern_parse_with(fig_str_t text, const fig_regex_t *regex,
    fig_arena_t *arena, fig_pattern_t *pattern, fig_fault_t *fault)
{
    int           index;
    char          blotted[FIG_REGEX_MAX_PATTERN];
    size_t        i, from, len, holes;
    fig_cutter_t  cutter;

    if (text.len == 0 || text.len > sizeof(blotted)) {
        fig_fault(fault, text.len == 0 ? "must begin with \"/\""
                                       : "is longer than 4 KiB", NULL);
        return FIG_INVALID;
    }

    if (!fig_with_blot(text, regex, blotted, &holes, fault)
        || !fig_route_check(fig_str(blotted, text.len), fault))
    {
        return FIG_INVALID;
    }

    if (fig_cutter_init(&cutter, text, holes, arena, pattern) != FIG_OK) {
        return FIG_NOMEM;
    }

    for (from = 0, i = 0; i < text.len; i += len) {
        len = 1;

        if (text.data[i] != '$') {
            continue;
        }

        fig_cutter_literal(&cutter, fig_str(text.data + from, i - from));
        (void) fig_with_reference(text, i, regex, &len, &index, fault);
        from = i + len;

        if (index < 0) {
            fig_cutter_literal(&cutter, fig_str("$", 1));
            continue;
        }

        fig_cutter_flush(&cutter);
        fig_cutter_add(&cutter, FIG_PART_CAPTURE, fig_str("", 0),
                       (uint32_t) index);
    }

    fig_cutter_literal(&cutter, fig_str(text.data + from, text.len - from));
    fig_cutter_flush(&cutter);

    return cutter.nomem ? FIG_NOMEM : FIG_OK;
}
