/*
 * Difference classes as JSON, so that they survive a restart.
 *
 *     {"routes": [{"name", "probes"}],
 *      "classes": [{"route", "part", "kind", "path", "from", "to", "other",
 *                   "count", "first", "last", "noise": [both, b, c], "seen",
 *                   "samples": [{"time", "request", "id", "pointer", "from",
 *                                "to"}],
 *                   "acknowledged": {"reason", "owner", "by", "since",
 *                                    "expires"}}]}
 *
 * What is read was written by an earlier run, of another version perhaps: what
 * is odd is left out.
 */

#include "fig_classes.h"
#include "fig_classes_table.h"


static void
fig_saved_put(fig_json_out_t *out, const char *key, fig_str_t text)
{
    if (text.data != NULL) {
        fig_json_put_key(out, key);
        fig_json_put_str(out, text);
    }
}


static void
fig_saved_put_number(fig_json_out_t *out, const char *key, uint64_t n)
{
    fig_json_put_key(out, key);
    fig_json_put_uint(out, n);
}


static void
fig_saved_put_samples(fig_json_out_t *out, const fig_class_t *class)
{
    size_t               i;
    const fig_sample_t  *sample;

    fig_json_put_key(out, "samples");
    fig_json_begin_array(out);

    for (i = 0; i < class->nsamples; i++) {
        sample = &class->samples[i];

        fig_json_begin_object(out);
        fig_saved_put_number(out, "time", sample->time);
        fig_saved_put(out, "request", sample->request);
        fig_saved_put(out, "id", sample->id);
        fig_saved_put(out, "pointer", sample->pointer);
        fig_saved_put(out, "from", sample->from);
        fig_saved_put(out, "to", sample->to);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
}


static void
fig_saved_put_class(fig_json_out_t *out, const fig_class_entry_t *entry)
{
    const fig_class_t  *class = &entry->class;

    fig_json_begin_object(out);
    fig_saved_put(out, "route", class->route);
    fig_json_put_key(out, "part");
    fig_json_put_text(out, fig_part_name(class->part));
    fig_json_put_key(out, "kind");
    fig_json_put_text(out, fig_kind_name(class->kind));
    fig_saved_put(out, "path", class->path);
    fig_saved_put(out, "from", class->from);
    fig_saved_put(out, "to", class->to);
    fig_json_put_key(out, "other");
    fig_json_put_bool(out, class->other);
    fig_saved_put_number(out, "count", class->count);
    fig_saved_put_number(out, "first", class->first);
    fig_saved_put_number(out, "last", class->last);
    fig_json_put_key(out, "noise");
    fig_json_begin_array(out);
    fig_json_put_uint(out, class->noise.both);
    fig_json_put_uint(out, class->noise.b);
    fig_json_put_uint(out, class->noise.c);
    fig_json_end_array(out);
    fig_saved_put_number(out, "seen", entry->seen);
    fig_saved_put_samples(out, class);

    if (class->expires != 0) {
        fig_json_put_key(out, "acknowledged");
        fig_json_begin_object(out);
        fig_saved_put(out, "reason", class->reason);
        fig_saved_put(out, "owner", class->owner);
        fig_saved_put(out, "by", class->by);
        fig_saved_put_number(out, "since", class->since);
        fig_saved_put_number(out, "expires", class->expires);
        fig_json_end_object(out);
    }

    fig_json_end_object(out);
}


void
fig_classes_write(const fig_classes_t *classes, fig_json_out_t *out)
{
    const fig_class_entry_t  *entry;
    const fig_class_route_t  *route;

    fig_json_begin_object(out);
    fig_json_put_key(out, "routes");
    fig_json_begin_array(out);

    for (route = classes->routes; route != NULL; route = route->next) {
        fig_json_begin_object(out);
        fig_saved_put(out, "name", route->name);
        fig_saved_put_number(out, "probes", route->probes);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
    fig_json_put_key(out, "classes");
    fig_json_begin_array(out);

    for (entry = classes->first; entry != NULL; entry = entry->next) {
        fig_saved_put_class(out, entry);
    }

    fig_json_end_array(out);
    fig_json_end_object(out);
}


/* A member's text; empty, or with data NULL, where it is none. */

static fig_str_t
fig_saved_get(const fig_json_t *doc, const fig_json_node_t *object,
    const char *key)
{
    const fig_json_node_t  *member;

    member = fig_json_find(doc, object, fig_str_from(key));

    if (member == NULL || member->kind != FIG_JSON_STRING) {
        return fig_str(NULL, 0);
    }

    return fig_json_text(doc, member);
}


/* A number that is a natural one; 0 where it is none. */

static uint64_t
fig_saved_number(const fig_json_t *doc, const fig_json_node_t *node)
{
    size_t     i;
    uint64_t   n;
    fig_str_t  text;

    if (node == NULL || node->kind != FIG_JSON_NUMBER) {
        return 0;
    }

    text = fig_json_text(doc, node);

    for (i = 0, n = 0; i < text.len && i < 19; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return 0;
        }

        n = n * 10 + (uint64_t) (text.data[i] - '0');
    }

    return n;
}


static uint64_t
fig_saved_get_number(const fig_json_t *doc, const fig_json_node_t *object,
    const char *key)
{
    return fig_saved_number(doc, fig_json_find(doc, object,
                                               fig_str_from(key)));
}


static void
fig_saved_read_samples(const fig_json_t *doc, const fig_json_node_t *node,
    fig_class_t *class)
{
    fig_sample_t           *sample;
    const fig_json_node_t  *child;

    node = fig_json_find(doc, node, fig_str("samples", 7));

    if (node == NULL || node->kind != FIG_JSON_ARRAY) {
        return;
    }

    for (child = fig_json_first(doc, node);
         child != NULL && class->nsamples < FIG_CLASSES_SAMPLES;
         child = fig_json_next(doc, child))
    {
        sample = &class->samples[class->nsamples++];
        sample->time = fig_saved_get_number(doc, child, "time");
        sample->request = fig_classes_copy(fig_saved_get(doc, child,
                                                         "request"));
        sample->id = fig_classes_copy(fig_saved_get(doc, child, "id"));
        sample->pointer = fig_classes_copy(fig_saved_get(doc, child,
                                                         "pointer"));
        sample->from = fig_classes_copy(fig_saved_get(doc, child, "from"));
        sample->to = fig_classes_copy(fig_saved_get(doc, child, "to"));
    }
}


static void
fig_saved_read_noise(const fig_json_t *doc, const fig_json_node_t *node,
    fig_noise_t *noise)
{
    size_t                  i;
    uint32_t               *counts[3] = { &noise->both, &noise->b, &noise->c };
    const fig_json_node_t  *child;

    node = fig_json_find(doc, node, fig_str("noise", 5));

    if (node == NULL || node->kind != FIG_JSON_ARRAY) {
        return;
    }

    for (i = 0, child = fig_json_first(doc, node);
         i < 3 && child != NULL;
         i++, child = fig_json_next(doc, child))
    {
        *counts[i] += (uint32_t) fig_saved_number(doc, child);
    }
}


/* The names that part and kind have; false: this is no class. */

static bool
fig_saved_read_names(const fig_json_t *doc, const fig_json_node_t *node,
    fig_difference_t *difference)
{
    unsigned   i;
    fig_str_t  part, kind;

    memset(difference, 0, sizeof(fig_difference_t));
    part = fig_saved_get(doc, node, "part");
    kind = fig_saved_get(doc, node, "kind");
    difference->path = fig_saved_get(doc, node, "path");
    difference->from = fig_saved_get(doc, node, "from");
    difference->to = fig_saved_get(doc, node, "to");

    if (difference->path.data == NULL || difference->from.data == NULL
        || difference->to.data == NULL)
    {
        return false;
    }

    for (i = FIG_PART_STATUS; i <= FIG_PART_BODY; i++) {
        if (fig_str_eq(part, fig_str_from(fig_part_name(i)))) {
            break;
        }
    }

    difference->part = i;

    if (i > FIG_PART_BODY) {
        return false;
    }

    for (i = FIG_KIND_STATUS; i <= FIG_KIND_DUPLICATE; i++) {
        if (fig_str_eq(kind, fig_str_from(fig_kind_name(i)))) {
            break;
        }
    }

    difference->kind = i;

    return i <= FIG_KIND_DUPLICATE;
}


static fig_status_t
fig_saved_read_class(fig_classes_t *classes, const fig_json_t *doc,
    const fig_json_node_t *node)
{
    fig_str_t               route;
    fig_class_t            *class;
    fig_difference_t        difference;
    fig_class_route_t      *home;
    fig_class_entry_t      *entry;
    const fig_json_node_t  *other;

    route = fig_saved_get(doc, node, "route");

    if (route.data == NULL || !fig_saved_read_names(doc, node, &difference)) {
        return FIG_OK;
    }

    home = fig_classes_make_route(classes, route);
    if (home == NULL) {
        return FIG_NOMEM;
    }

    other = fig_json_find(doc, node, fig_str("other", 5));

    entry = fig_classes_get(classes, home, &difference,
                            other != NULL && other->kind == FIG_JSON_TRUE,
                            fig_saved_get_number(doc, node, "first"));
    if (entry == NULL) {
        return FIG_NOMEM;
    }

    class = &entry->class;
    class->count += fig_saved_get_number(doc, node, "count");
    class->last = fig_saved_get_number(doc, node, "last");
    entry->seen += fig_saved_get_number(doc, node, "seen");
    fig_saved_read_noise(doc, node, &class->noise);
    fig_saved_read_samples(doc, node, class);

    node = fig_json_find(doc, node, fig_str("acknowledged", 12));

    if (node != NULL && class->expires == 0) {
        class->reason = fig_classes_copy(fig_saved_get(doc, node, "reason"));
        class->owner = fig_classes_copy(fig_saved_get(doc, node, "owner"));
        class->by = fig_classes_copy(fig_saved_get(doc, node, "by"));
        class->since = fig_saved_get_number(doc, node, "since");
        class->expires = fig_saved_get_number(doc, node, "expires");
    }

    return FIG_OK;
}


static const fig_json_node_t *
fig_saved_list(const fig_json_t *doc, const fig_json_node_t *node,
    const char *key)
{
    node = fig_json_find(doc, node, fig_str_from(key));

    return (node != NULL && node->kind == FIG_JSON_ARRAY)
           ? fig_json_first(doc, node) : NULL;
}


fig_status_t
fig_classes_read(fig_classes_t *classes, const fig_json_t *doc,
    const fig_json_node_t *node)
{
    fig_str_t               name;
    fig_status_t            status;
    fig_class_route_t      *route;
    const fig_json_node_t  *child;

    for (child = fig_saved_list(doc, node, "routes");
         child != NULL;
         child = fig_json_next(doc, child))
    {
        name = fig_saved_get(doc, child, "name");

        if (name.data == NULL) {
            continue;
        }

        route = fig_classes_make_route(classes, name);
        if (route == NULL) {
            return FIG_NOMEM;
        }

        route->probes += (uint32_t) fig_saved_get_number(doc, child, "probes");
    }

    for (child = fig_saved_list(doc, node, "classes");
         child != NULL;
         child = fig_json_next(doc, child))
    {
        status = fig_saved_read_class(classes, doc, child);
        if (status != FIG_OK) {
            return status;
        }
    }

    return FIG_OK;
}
