/*
 * Lines of the journal, read: they may be damaged, or those of another program.
 *
 * The checksum comes first.  What has a good one was written here; it is
 * checked all the same, as what it says goes into a table that is shared.
 */

#define _GNU_SOURCE

#include "fig_line.h"

#include "fig_json.h"
#include "fig_scalar.h"

#include <stdio.h>
#include <stdlib.h>


typedef struct {
    fig_json_t   *doc;
    fig_arena_t  *arena;
    bool          wrong;               /* something was not as it must be */
    bool          nomem;
} fig_reader_t;


static const fig_json_node_t *
fig_read_member(fig_reader_t *in, const fig_json_node_t *object,
    const char *key, fig_json_kind_t kind)
{
    const fig_json_node_t  *node;

    node = fig_json_find(in->doc, object, fig_str_from(key));

    if (node == NULL || node->kind != kind) {
        in->wrong = true;
        return NULL;
    }

    return node;
}


static fig_str_t
fig_read_str(fig_reader_t *in, const fig_json_node_t *object, const char *key)
{
    const fig_json_node_t  *node;

    node = fig_read_member(in, object, key, FIG_JSON_STRING);

    return (node != NULL) ? fig_json_text(in->doc, node) : fig_str("", 0);
}


/* Digits only, as they are written here. */

static uint64_t
fig_read_number(fig_reader_t *in, fig_str_t text)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    /* 18 digits: whatever is added to it stays a number */

    for (i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i == 18) {
            in->wrong = true;
            return 0;
        }

        value = value * 10 + (uint64_t) (text.data[i] - '0');
    }

    return value;
}


static uint64_t
fig_read_uint(fig_reader_t *in, const fig_json_node_t *object,
    const char *key)
{
    const fig_json_node_t  *node;

    node = fig_read_member(in, object, key, FIG_JSON_NUMBER);

    return (node != NULL) ? fig_read_number(in, fig_json_text(in->doc, node))
                          : 0;
}


static bool
fig_read_bool(fig_reader_t *in, const fig_json_node_t *object,
    const char *key)
{
    const fig_json_node_t  *node;

    node = fig_json_find(in->doc, object, fig_str_from(key));

    if (node != NULL && node->kind != FIG_JSON_TRUE
        && node->kind != FIG_JSON_FALSE)
    {
        in->wrong = true;
    }

    return node != NULL && node->kind == FIG_JSON_TRUE;
}


static int
fig_read_word(fig_reader_t *in, fig_str_t word, const char *const *words,
    size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (fig_str_eq(word, fig_str_from(words[i]))) {
            return (int) i;
        }
    }

    in->wrong = true;

    return 0;
}


static uint8_t
fig_read_stage(fig_reader_t *in, fig_str_t word)
{
    int  stage;

    for (stage = FIG_STAGE_NONE; stage <= FIG_STAGE_DONE; stage++) {
        if (fig_str_eq(word,
                       fig_str_from(fig_stage_name((fig_stage_t) stage))))
        {
            return (uint8_t) stage;
        }
    }

    in->wrong = true;

    return 0;
}


/* 25, 12.5 or 12.25, or null. */

static int32_t
fig_read_percent(fig_reader_t *in, const fig_json_node_t *node)
{
    int32_t        percent;
    fig_fault_t    fault;

    if (node == NULL || node->kind == FIG_JSON_NULL) {
        in->wrong = in->wrong || node == NULL;
        return FIG_UNSET;
    }

    if (node->kind != FIG_JSON_NUMBER
        || !fig_scalar_percent(fig_json_text(in->doc, node), &percent, &fault))
    {
        in->wrong = true;
        return FIG_UNSET;
    }

    return percent;
}


/* The inverse of fig_time_text(); days as in Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms" (2013), days_from_civil(). */

static int64_t
fig_read_time(fig_reader_t *in, fig_str_t text)
{
    int       n;
    char      copy[FIG_ENTRY_TIME];
    int64_t   era, days, yoe, doy;
    unsigned  y, mo, d, h, mi, s, ms;

    if (text.len != FIG_ENTRY_TIME - 1) {
        in->wrong = true;
        return 0;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    n = 0;

    if (sscanf(copy, "%4u-%2u-%2uT%2u:%2u:%2u.%3uZ%n", &y, &mo, &d, &h, &mi,
               &s, &ms, &n) != 7
        || n != (int) text.len || mo < 1 || mo > 12 || y < 1970)
    {
        in->wrong = true;
        return 0;
    }

    y -= (mo <= 2);
    era = y / 400;
    yoe = y % 400;
    doy = (153 * (int64_t) (mo > 2 ? mo - 3 : mo + 9) + 2) / 5 + d - 1;
    days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;

    return ((days * 24 + h) * 60 + mi) * 60000 + (int64_t) s * 1000 + ms;
}


/* A slot without its name.  What it sets, it has. */

static void
fig_read_slot(fig_reader_t *in, const fig_json_node_t *node, uint64_t seq,
    fig_slot_t *slot)
{
    uint64_t  flags;

    slot->seq = fig_read_uint(in, node, "at");
    slot->flip = fig_read_uint(in, node, "flip");
    flags = fig_read_uint(in, node, "flags");

    slot->stage = fig_read_stage(in, fig_read_str(in, node, "stage"));
    slot->percent = fig_read_percent(in,
                      fig_json_find(in->doc, node, fig_str_from("percent")));
    slot->file_stage = fig_read_stage(in, fig_read_str(in, node,
                                                       "file_stage"));
    slot->file_percent = fig_read_percent(in,
                 fig_json_find(in->doc, node, fig_str_from("file_percent")));

    if (slot->seq > seq || slot->flip > slot->seq
        || (flags & ~(uint64_t) FIG_SLOT_FLAGS)
        || ((flags & FIG_SLOT_STAGE) && slot->stage == FIG_STAGE_NONE)
        || ((flags & FIG_SLOT_DRAIN) != 0 && slot->kind != FIG_SLOT_BACKEND)
        || ((flags & FIG_SLOT_PERCENT) != 0 && slot->kind == FIG_SLOT_SHADOW
            && slot->percent == FIG_UNSET))
    {
        in->wrong = true;
        return;
    }

    slot->flags = (uint8_t) flags;
}


static void
fig_read_moved(fig_reader_t *in, const fig_json_node_t *node, uint64_t seq,
    fig_moved_t *moved)
{
    int                     kind;
    fig_str_t               name;
    const fig_json_node_t  *named, *before;

    for (kind = FIG_SLOT_ROUTE, named = NULL; kind <= FIG_SLOT_SHADOW; kind++)
    {
        named = fig_json_find(in->doc, node,
                              fig_str_from(fig_slot_kinds[kind]));

        if (named != NULL) {
            break;
        }
    }

    name = (named != NULL) ? fig_json_text(in->doc, named) : fig_str("", 0);

    if (named == NULL || named->kind != FIG_JSON_STRING || name.len == 0
        || name.len > FIG_STATE_NAME)
    {
        in->wrong = true;
        return;
    }

    fig_slot_init(&moved->slot, (fig_slot_kind_t) kind, name);
    fig_read_slot(in, node, seq, &moved->slot);

    before = fig_read_member(in, node, "before", FIG_JSON_OBJECT);

    if (before != NULL) {
        moved->stage = fig_read_stage(in, fig_read_str(in, before, "stage"));
        moved->percent = fig_read_percent(in,
                    fig_json_find(in->doc, before, fig_str_from("percent")));
        moved->flip = fig_read_uint(in, before, "flip");
        moved->drain = fig_read_bool(in, before, "drain");
        moved->hold = fig_read_bool(in, before, "hold");
    }
}


static int32_t
fig_read_value(fig_reader_t *in, const fig_json_node_t *object,
    const char *key, fig_field_kind_t field)
{
    int32_t                 percent;
    const fig_json_node_t  *node;

    switch (field) {

    case FIG_FIELD_STAGE:
        return fig_read_stage(in, fig_read_str(in, object, key));

    case FIG_FIELD_PERCENT:
    case FIG_FIELD_SHADOW:
        node = fig_read_member(in, object, key, FIG_JSON_NUMBER);
        percent = fig_read_percent(in, node);

        return (percent == FIG_UNSET) ? 0 : percent;

    default:
        return fig_read_bool(in, object, key);
    }
}


static void
fig_read_change(fig_reader_t *in, const fig_json_node_t *node,
    fig_change_t *change)
{
    change->backend = fig_json_find(in->doc, node, fig_str_from("backend"))
                      != NULL;
    change->name = fig_read_str(in, node,
                                change->backend ? "backend" : "route");
    change->field = (fig_field_kind_t)
                    fig_read_word(in, fig_read_str(in, node, "field"),
                                  fig_fields, FIG_FIELDS);
    change->from = fig_read_value(in, node, "from", change->field);
    change->to = fig_read_value(in, node, "to", change->field);
}


/* An array of objects in the arena, one for each element; NULL where none. */

static void *
fig_read_array(fig_reader_t *in, const fig_json_node_t *array, size_t size,
    uint32_t *n)
{
    void  *elements;

    *n = 0;

    if (array == NULL || array->nchildren == 0) {
        return NULL;
    }

    elements = fig_arena_array(in->arena, array->nchildren, size);

    if (elements == NULL) {
        in->nomem = true;
        return NULL;
    }

    *n = array->nchildren;

    return elements;
}


static void
fig_read_leases(fig_reader_t *in, const fig_json_node_t *root,
    fig_entry_t *entry)
{
    uint32_t                i;
    const fig_json_node_t  *array, *node;

    array = fig_json_find(in->doc, root, fig_str_from("leases"));

    if (array == NULL) {
        return;
    }

    if (array->kind != FIG_JSON_ARRAY || array->nchildren % 2 != 0
        || array->nchildren > 2 * FIG_STATE_LEASES)
    {
        in->wrong = true;
        return;
    }

    entry->leases = fig_read_array(in, array, sizeof(fig_lease_t),
                                   &entry->nleases);
    entry->nleases /= 2;

    node = fig_json_first(in->doc, array);

    for (i = 0; i < entry->nleases && node != NULL; i++) {
        entry->leases[i].seq = fig_read_number(in, fig_json_text(in->doc,
                                                                 node));
        node = fig_json_next(in->doc, node);
        entry->leases[i].until = (int64_t)
                           fig_read_number(in, fig_json_text(in->doc, node));
        node = fig_json_next(in->doc, node);
    }
}


static void
fig_read_lists(fig_reader_t *in, const fig_json_node_t *root,
    fig_entry_t *entry)
{
    uint32_t                i;
    const fig_json_node_t  *array, *node;

    array = fig_read_member(in, root, "changes", FIG_JSON_ARRAY);
    entry->changes = fig_read_array(in, array, sizeof(fig_change_t),
                                    &entry->nchanges);

    node = (entry->nchanges != 0) ? fig_json_first(in->doc, array) : NULL;

    for (i = 0; node != NULL; i++, node = fig_json_next(in->doc, node)) {
        fig_read_change(in, node, &entry->changes[i]);
    }

    array = fig_read_member(in, root, "slots", FIG_JSON_ARRAY);
    entry->moved = fig_read_array(in, array, sizeof(fig_moved_t),
                                  &entry->nmoved);

    node = (entry->nmoved != 0) ? fig_json_first(in->doc, array) : NULL;

    for (i = 0; node != NULL; i++, node = fig_json_next(in->doc, node)) {
        fig_read_moved(in, node, entry->seq, &entry->moved[i]);
    }

    fig_read_leases(in, root, entry);
}


static void
fig_read_entry(fig_reader_t *in, fig_entry_t *entry)
{
    char                    copy[17];
    fig_str_t               text;
    const fig_json_node_t  *root;

    root = fig_json_root(in->doc);

    if (root->kind != FIG_JSON_OBJECT) {
        in->wrong = true;
        return;
    }

    entry->seq = fig_read_uint(in, root, "seq");
    in->wrong = in->wrong || entry->seq == 0;
    entry->time = fig_read_time(in, fig_read_str(in, root, "time"));
    entry->kind = (fig_entry_kind_t)
                  fig_read_word(in, fig_read_str(in, root, "kind"),
                                fig_entry_kinds, FIG_ENTRY_KINDS);
    entry->actor = fig_read_str(in, root, "actor");
    entry->reason = fig_read_str(in, root, "reason");
    entry->hold = fig_read_bool(in, root, "hold");

    text = fig_read_str(in, root, "rules");

    if (text.len == sizeof(copy) - 1) {
        memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
        entry->rules = strtoull(copy, NULL, 16);

    } else {
        in->wrong = true;
    }

    if (fig_json_find(in->doc, root, fig_str_from("of")) != NULL) {
        entry->of = fig_read_uint(in, root, "of");
    }

    if (fig_json_find(in->doc, root, fig_str_from("lease")) != NULL) {
        entry->until = fig_read_time(in, fig_read_str(in, root, "lease"));
    }

    fig_read_lists(in, root, entry);
}


/* `...,"sum":"1c291ca3"}` */

static const char *
fig_entry_check(fig_str_t line)
{
    char         sum[9];
    size_t       n;
    const char  *tail;

    static const char  mark[] = ",\"sum\":\"";

    n = sizeof(mark) - 1 + 8 + 2;

    if (line.len < n) {
        return "it is too short";
    }

    tail = line.data + line.len - n;

    if (memcmp(tail, mark, sizeof(mark) - 1) != 0
        || memcmp(line.data + line.len - 2, "\"}", 2) != 0)
    {
        return "it has no checksum";
    }

    (void) snprintf(sum, sizeof(sum), "%08x",
                    fig_entry_sum(line.data, line.len - n));

    if (memcmp(tail + sizeof(mark) - 1, sum, 8) != 0) {
        return "its checksum is wrong";
    }

    return NULL;
}


fig_status_t
fig_entry_decode(fig_str_t line, fig_arena_t *arena, fig_entry_t *entry,
    const char **why)
{
    fig_reader_t        in;
    fig_status_t        status;
    fig_json_error_t    error;
    fig_json_limits_t   limits;

    memset(entry, 0, sizeof(fig_entry_t));
    memset(&in, 0, sizeof(fig_reader_t));
    memset(&limits, 0, sizeof(fig_json_limits_t));

    limits.nodes = FIG_ENTRY_NODES;

    *why = fig_entry_check(line);

    if (*why != NULL) {
        return FIG_INVALID;
    }

    status = fig_json_parse(line, &limits, arena, &in.doc, &error);

    if (status != FIG_OK) {
        *why = "it is not JSON";
        return status;
    }

    in.arena = arena;

    if (fig_json_root(in.doc)->kind == FIG_JSON_OBJECT
        && fig_read_uint(&in, fig_json_root(in.doc), "v")
           != FIG_ENTRY_VERSION)
    {
        *why = "it is of a version that this program does not know";
        return FIG_INVALID;
    }

    fig_read_entry(&in, entry);

    if (in.nomem) {
        return FIG_NOMEM;
    }

    if (in.wrong) {
        *why = "it lacks something, or has what cannot be";
        return FIG_INVALID;
    }

    return FIG_OK;
}
