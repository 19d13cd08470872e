/*
 * Lines of the journal, written; and what people read of them.
 *
 * Reading them is in fig_entry_read.c.
 */

#define _GNU_SOURCE

#include "fig_line.h"

#include <stdio.h>
#include <time.h>
#include <zlib.h>


const char *const  fig_entry_kinds[FIG_ENTRY_KINDS] = {
    "flip", "undo", "revert", "confirm", "reset", "release", "rename",
    "snapshot"
};

const char *const  fig_fields[FIG_FIELDS] = {
    "stage", "percent", "drain", "shadow.percent"
};

const char *const  fig_slot_kinds[FIG_SLOT_KINDS] = {
    "", "route", "group", "backend", "shadow"
};


const char *
fig_entry_kind_name(fig_entry_kind_t kind)
{
    return fig_entry_kinds[kind];
}


const char *
fig_field_name(fig_field_kind_t field)
{
    return fig_fields[field];
}


int64_t
fig_time_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


void
fig_time_text(int64_t ms, char out[FIG_ENTRY_TIME])
{
    time_t     seconds;
    struct tm  tm;

    seconds = (time_t) (ms / 1000);

    if (ms < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099) {
        ms = seconds = 0;
        (void) gmtime_r(&seconds, &tm);
    }

    (void) snprintf(out, FIG_ENTRY_TIME, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                    ((unsigned) tm.tm_year + 1900) % 10000,
                    ((unsigned) tm.tm_mon + 1) % 100,
                    (unsigned) tm.tm_mday % 100, (unsigned) tm.tm_hour % 100,
                    (unsigned) tm.tm_min % 100, (unsigned) tm.tm_sec % 100,
                    (unsigned) (ms % 1000) % 1000);
}


static void
fig_put_time(fig_json_out_t *out, const char *key, int64_t ms)
{
    char  text[FIG_ENTRY_TIME];

    fig_time_text(ms, text);
    fig_json_put_key(out, key);
    fig_json_put_text(out, text);
}


static void
fig_put_percent(fig_json_out_t *out, int32_t percent)
{
    if (percent == FIG_UNSET) {
        fig_json_put_null(out);
    } else {
        fig_json_put_hundredths(out, percent);
    }
}


static void
fig_put_value(fig_json_out_t *out, fig_field_kind_t field, int32_t value)
{
    switch (field) {

    case FIG_FIELD_STAGE:
        fig_json_put_text(out, fig_stage_name((fig_stage_t) value));
        break;

    case FIG_FIELD_PERCENT:
    case FIG_FIELD_SHADOW:
        fig_json_put_hundredths(out, value);
        break;

    default:
        fig_json_put_bool(out, value != 0);
        break;
    }
}


void
fig_entry_show_changes(const fig_entry_t *entry, fig_json_out_t *out)
{
    uint32_t             i;
    const fig_change_t  *change;

    fig_json_put_key(out, "changes");
    fig_json_begin_array(out);

    for (i = 0; i < entry->nchanges; i++) {
        change = &entry->changes[i];

        fig_json_begin_object(out);
        fig_json_put_key(out, change->backend ? "backend" : "route");
        fig_json_put_str(out, change->name);
        fig_json_put_key(out, "field");
        fig_json_put_text(out, fig_fields[change->field]);
        fig_json_put_key(out, "from");
        fig_put_value(out, change->field, change->from);
        fig_json_put_key(out, "to");
        fig_put_value(out, change->field, change->to);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
}


/* Flags are written as a number: they are the table's own. */

static void
fig_put_moved(fig_json_out_t *out, const fig_moved_t *moved)
{
    const fig_slot_t  *slot;

    slot = &moved->slot;

    fig_json_begin_object(out);
    fig_json_put_key(out, fig_slot_kinds[slot->kind]);
    fig_json_put_str(out, fig_slot_name(slot));
    fig_json_put_key(out, "at");
    fig_json_put_uint(out, slot->seq);
    fig_json_put_key(out, "flip");
    fig_json_put_uint(out, slot->flip);
    fig_json_put_key(out, "flags");
    fig_json_put_uint(out, slot->flags);
    fig_json_put_key(out, "stage");
    fig_json_put_text(out, fig_stage_name((fig_stage_t) slot->stage));
    fig_json_put_key(out, "percent");
    fig_put_percent(out, slot->percent);
    fig_json_put_key(out, "file_stage");
    fig_json_put_text(out, fig_stage_name((fig_stage_t) slot->file_stage));
    fig_json_put_key(out, "file_percent");
    fig_put_percent(out, slot->file_percent);
    fig_json_put_key(out, "before");
    fig_json_begin_object(out);
    fig_json_put_key(out, "stage");
    fig_json_put_text(out, fig_stage_name((fig_stage_t) moved->stage));
    fig_json_put_key(out, "percent");
    fig_put_percent(out, moved->percent);
    fig_json_put_key(out, "flip");
    fig_json_put_uint(out, moved->flip);
    fig_json_put_key(out, "drain");
    fig_json_put_bool(out, moved->drain);
    fig_json_put_key(out, "hold");
    fig_json_put_bool(out, moved->hold);
    fig_json_end_object(out);
    fig_json_end_object(out);
}


static void
fig_put_machine(fig_json_out_t *out, const fig_entry_t *entry)
{
    uint32_t  i;

    fig_json_put_key(out, "slots");
    fig_json_begin_array(out);

    for (i = 0; i < entry->nmoved; i++) {
        fig_put_moved(out, &entry->moved[i]);
    }

    fig_json_end_array(out);

    if (entry->nleases != 0) {
        fig_json_put_key(out, "leases");
        fig_json_begin_array(out);

        for (i = 0; i < entry->nleases; i++) {
            fig_json_put_uint(out, entry->leases[i].seq);
            fig_json_put_int(out, entry->leases[i].until);
        }

        fig_json_end_array(out);
    }
}


/* What the journal and the API have in common. */

static void
fig_put_head(fig_json_out_t *out, const fig_entry_t *entry)
{
    char  rules[17];

    fig_json_put_key(out, "seq");
    fig_json_put_uint(out, entry->seq);
    fig_put_time(out, "time", entry->time);
    fig_json_put_key(out, "kind");
    fig_json_put_text(out, fig_entry_kinds[entry->kind]);
    fig_json_put_key(out, "actor");
    fig_json_put_str(out, entry->actor);
    fig_json_put_key(out, "reason");
    fig_json_put_str(out, entry->reason);

    (void) snprintf(rules, sizeof(rules), "%016llx",
                    (unsigned long long) entry->rules);
    fig_json_put_key(out, "rules");
    fig_json_put_text(out, rules);

    if (entry->of != 0) {
        fig_json_put_key(out, "of");
        fig_json_put_uint(out, entry->of);
    }

    if (entry->hold) {
        fig_json_put_key(out, "hold");
        fig_json_put_bool(out, true);
    }

    if (entry->until != 0) {
        fig_put_time(out, "lease", entry->until);
    }
}


void
fig_entry_show(const fig_entry_t *entry, fig_json_out_t *out)
{
    fig_json_begin_object(out);
    fig_put_head(out, entry);
    fig_entry_show_changes(entry, out);
    fig_json_end_object(out);
}


uint32_t
fig_entry_sum(const char *data, size_t len)
{
    return (uint32_t) crc32_z(0, (const unsigned char *) data, len);
}


void
fig_entry_encode(const fig_entry_t *entry, fig_json_out_t *out)
{
    char    sum[32];
    size_t  start;

    start = out->len;

    fig_json_begin_object(out);
    fig_json_put_key(out, "v");
    fig_json_put_int(out, FIG_ENTRY_VERSION);
    fig_put_head(out, entry);
    fig_entry_show_changes(entry, out);
    fig_put_machine(out, entry);

    if (out->nomem) {
        return;
    }

    (void) snprintf(sum, sizeof(sum), "%08x",
                    fig_entry_sum(out->data + start, out->len - start));

    fig_json_put_key(out, "sum");
    fig_json_put_text(out, sum);
    fig_json_end_object(out);
    fig_json_put_newline(out);
}
