/*
 * Decisions and candidates in words, for headers, logs and people.
 *
 * Texts that a rules file or a client chose are shown through fig_text_show(),
 * so that no line breaks out of its line.  It decides nothing.
 */

#include <stdarg.h>
#include <stdio.h>

#include "fig_rules.h"
#include "fig_text.h"


/* A line under construction: text is cut where the room ends. */

typedef struct {
    char    *out;
    size_t   size;
    size_t   len;
} fig_line_t;


static const char *const  fig_stages[] = {
    "none", "legacy", "shadow", "ramp", "live", "done"
};

static const char *const  fig_sides[] = {
    "none", "old", "new"
};

static const char *const  fig_whys[] = {
    "default", "not_found", "stage", "split", "force", "data", "drain",
    "redirect", "respond"
};


static void
fig_line_init(fig_line_t *line, char *out, size_t size)
{
    line->out = out;
    line->size = size;
    line->len = 0;

    if (size != 0) {
        out[0] = '\0';
    }
}


static void __attribute__((format(printf, 2, 3)))
fig_line_add(fig_line_t *line, const char *format, ...)
{
    int      n;
    size_t   room;
    va_list  args;

    room = line->size - line->len;

    if (room <= 1) {
        return;
    }

    va_start(args, format);
    n = vsnprintf(line->out + line->len, room, format, args);
    va_end(args);

    if (n > 0) {
        line->len += ((size_t) n < room) ? (size_t) n : room - 1;
    }
}


static void
fig_line_add_shown(fig_line_t *line, fig_str_t text)
{
    char  shown[128];

    fig_text_show(text, shown, sizeof(shown));
    fig_line_add(line, "%s", shown);
}


static void
fig_line_add_quoted(fig_line_t *line, fig_str_t text)
{
    char  quoted[FIG_QUOTED];

    fig_line_add(line, "%s", fig_text_quote(text, quoted));
}


/* Hundredths of a percent, without zeros that say nothing: 25%, 12.5%. */

static void
fig_line_add_percent(fig_line_t *line, int32_t percent)
{
    fig_line_add(line, "%d", percent / 100);

    if (percent % 10 != 0) {
        fig_line_add(line, ".%02d", percent % 100);

    } else if (percent % 100 != 0) {
        fig_line_add(line, ".%d", percent % 100 / 10);
    }

    fig_line_add(line, "%%");
}


const char *
fig_stage_name(fig_stage_t stage)
{
    return fig_stages[(unsigned) stage < FIG_NELTS(fig_stages) ? stage : 0];
}


const char *
fig_side_name(fig_side_t side)
{
    return fig_sides[(unsigned) side < FIG_NELTS(fig_sides) ? side : 0];
}


const char *
fig_why_name(fig_why_t why)
{
    return fig_whys[(unsigned) why < FIG_NELTS(fig_whys) ? why : 0];
}


static void
fig_line_add_split(fig_line_t *line, const fig_decision_t *decision)
{
    fig_line_add(line, ", bucket %d", decision->bucket);

    if (decision->by != NULL) {
        fig_line_add(line, " of ");
        fig_line_add_shown(line, decision->by->source);
    } else {
        fig_line_add(line, " (nothing to stick to)");
    }

    fig_line_add(line, decision->side == FIG_SIDE_NEW ? " is below "
                                                      : " is not below ");
    fig_line_add_percent(line, decision->percent);
}


size_t
fig_decision_text(const fig_decision_t *decision, char *out, size_t size)
{
    fig_line_t  line;

    fig_line_init(&line, out, size);

    switch (decision->why) {

    case FIG_WHY_DEFAULT:
        fig_line_add(&line, "no route matches, default serves");
        return line.len;

    case FIG_WHY_NOT_FOUND:
        fig_line_add(&line, "no route matches and there is no default");
        return line.len;

    case FIG_WHY_REDIRECT:
        fig_line_add(&line, "redirect %d", decision->route->redirect.status);
        return line.len;

    case FIG_WHY_RESPOND:
        fig_line_add(&line, "respond %d", decision->route->respond.status);
        return line.len;

    default:
        fig_line_add(&line, "stage %s", fig_stage_name(decision->stage));
        break;
    }

    switch (decision->why) {

    case FIG_WHY_SPLIT:
        fig_line_add_split(&line, decision);
        break;

    case FIG_WHY_FORCE:
        fig_line_add(&line, ", forced to the %s side",
                     fig_side_name(decision->side));
        break;

    case FIG_WHY_DATA:
        fig_line_add(&line, ", the %s side holds the data",
                     fig_side_name(decision->side));
        break;

    case FIG_WHY_DRAIN:
        fig_line_add(&line, ", the new side is drained");
        break;

    default:
        break;
    }

    return line.len;
}


static void
fig_line_add_cond(fig_line_t *line, const char *what, const fig_cond_t *cond)
{
    fig_line_add(line, "%s ", what);
    fig_line_add_shown(line, cond->name);

    switch (cond->kind) {

    case FIG_COND_PRESENT:
        fig_line_add(line, " is absent");
        break;

    case FIG_COND_ABSENT:
        fig_line_add(line, " is present");
        break;

    case FIG_COND_REGEX:
        fig_line_add(line, " does not match ");
        fig_line_add_quoted(line, cond->value);
        break;

    default: /* FIG_COND_LITERAL */
        fig_line_add(line, " is not ");
        fig_line_add_quoted(line, cond->value);
        break;
    }
}


static void
fig_line_add_methods(fig_line_t *line, const fig_set_t *set)
{
    uint32_t  i;

    fig_line_add(line, "method is not ");

    for (i = 0; i < set->nmethods; i++) {
        if (i != 0) {
            fig_line_add(line, i + 1 == set->nmethods ? " or " : ", ");
        }

        fig_line_add_shown(line, set->methods[i]);
    }
}


size_t
fig_candidate_text(const fig_candidate_t *candidate, char *out, size_t size)
{
    fig_line_t  line;

    fig_line_init(&line, out, size);

    switch (candidate->because) {

    case FIG_BECAUSE_WON:
        fig_line_add(&line, "matches, best rank");
        break;

    case FIG_BECAUSE_HOST:
        fig_line_add(&line, "host is not ");
        fig_line_add_quoted(&line, candidate->host->source);
        break;

    case FIG_BECAUSE_PATH:
        fig_line_add(&line, "path does not match ");
        fig_line_add_quoted(&line, candidate->path->source);
        break;

    case FIG_BECAUSE_METHOD:
        fig_line_add_methods(&line, candidate->set);
        break;

    case FIG_BECAUSE_HEADER:
        fig_line_add_cond(&line, "header", candidate->cond);
        break;

    case FIG_BECAUSE_QUERY:
        fig_line_add_cond(&line, "query", candidate->cond);
        break;

    case FIG_BECAUSE_COOKIE:
        fig_line_add_cond(&line, "cookie", candidate->cond);
        break;

    case FIG_BECAUSE_CLIENT:
        fig_line_add(&line, "client is in none of the networks");
        break;

    case FIG_BECAUSE_RANK:
        fig_line_add(&line, "matches too, lower rank");
        break;
    }

    return line.len;
}
