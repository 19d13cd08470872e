/*
 * Reading evidence: files are replaced whole, so nobody has to be waited for.
 */

#define _GNU_SOURCE

#include "fig_evidence_dir.h"
#include "fig_batch_pairs.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


#define FIG_EVIDENCE_ROUTES  65536     /* that are looked at */


/* Puts a verdict into words that no pair has given. */

static void
fig_view_say(fig_evidence_view_t *view, const char *why)
{
    fig_readiness_t  *readiness = &view->readiness;

    readiness->verdict = FIG_VERDICT_GATHERING;
    memmove(readiness->reasons[1], readiness->reasons[0],
            (FIG_READY_REASONS - 1) * FIG_READY_TEXT);
    (void) snprintf(readiness->reasons[0], FIG_READY_TEXT, "%s", why);

    if (readiness->nreasons < FIG_READY_REASONS) {
        readiness->nreasons++;
    }
}


static void
fig_view_fill(fig_evidence_view_t *view, fig_record_t *record, uint64_t key,
    uint64_t now)
{
    view->outdated = (key != 0 && record->key != key);

    if (view->outdated) {

        /* what there is says nothing about what is compared now */

        fig_ready_init(&record->ready, key);
        memset(&record->old_side, 0, sizeof(fig_latency_t));
        memset(&record->new_side, 0, sizeof(fig_latency_t));
    }

    view->key = record->key;
    view->version = record->version;
    view->since = view->outdated ? 0 : record->since;
    view->updated = record->updated;
    view->dropped = record->dropped;
    view->pairs = record->ready.matches + record->ready.mismatches;
    view->mismatches = record->ready.mismatches;
    view->incomparable = record->ready.incomparable;
    view->probes = fig_classes_probes(record->classes, view->route);
    view->old_p99 = fig_latency_percentile(&record->old_side, 99);
    view->new_p99 = fig_latency_percentile(&record->new_side, 99);
    fig_record_judge(record, view->route, now, &view->readiness);

    if (view->outdated) {
        fig_view_say(view, "what is compared has changed: evidence begins "
                     "anew");
    }
}


/* The record of a route; FIG_INVALID: there is none that can be read. */

static fig_status_t
fig_view_load(fig_evidence_t *evidence, fig_str_t route, fig_record_t *record,
    const char **why)
{
    int            dir, error;
    bool           good;
    char          *data, file[FIG_EVIDENCE_FILE];
    size_t         len;
    fig_status_t   status;

    *why = NULL;

    if (!fig_batch_is_name(route)) {
        return FIG_INVALID;
    }

    dir = fig_evidence_dir(evidence, false);

    if (dir == -1) {
        *why = (errno == ENOENT) ? NULL : strerror(errno);
        return FIG_INVALID;
    }

    fig_evidence_file(route, file);
    good = fig_evidence_slurp(dir, file, FIG_RECORD_MAX, true, &data, &len);
    error = errno;
    (void) close(dir);

    if (!good) {
        *why = (error == ENOENT) ? NULL : strerror(error);
        return (error == ENOMEM) ? FIG_NOMEM : FIG_INVALID;
    }

    status = fig_record_decode(record, route, fig_str(data, len), 0, why);
    free(data);

    return status;
}


fig_status_t
fig_evidence_read(fig_evidence_t *evidence, fig_str_t route, uint64_t key,
    uint64_t now, fig_evidence_view_t *view)
{
    char           text[FIG_READY_TEXT];
    const char    *why;
    fig_status_t   status;
    fig_record_t   record;

    memset(view, 0, sizeof(fig_evidence_view_t));
    view->route = route;

    status = fig_view_load(evidence, route, &record, &why);

    if (status == FIG_OK) {
        fig_view_fill(view, &record, key, now);
        view->classes = record.classes;
        return FIG_OK;
    }

    if (status == FIG_NOMEM || !fig_record_init(&record, 0)) {
        return FIG_NOMEM;
    }

    fig_view_fill(view, &record, 0, now);
    view->none = true;
    view->classes = record.classes;

    if (why != NULL) {
        (void) snprintf(text, sizeof(text), "its evidence cannot be read: "
                        "%.100s", why);
    }

    fig_view_say(view, why != NULL ? text : "nothing has been compared yet");

    return FIG_OK;
}


void
fig_evidence_release(fig_evidence_view_t *view)
{
    fig_classes_destroy(view->classes);
    view->classes = NULL;
}


static int
fig_evidence_compare_names(const void *one, const void *two)
{
    const fig_str_t  *a = one, *b = two;

    return strcmp(a->data, b->data);
}


static fig_status_t
fig_evidence_collect(DIR *dir, fig_arena_t *arena, fig_str_t **names,
    size_t *n)
{
    size_t          room;
    fig_str_t       name, *grown;
    struct dirent  *entry;

    room = 0;

    while ((entry = readdir(dir)) != NULL && *n < FIG_EVIDENCE_ROUTES) {

        name = fig_evidence_file_route(entry->d_name);
        if (name.len == 0) {
            continue;
        }

        if (*n == room) {
            room = (room == 0) ? 64 : 2 * room;

            grown = fig_arena_array(arena, room, sizeof(fig_str_t));
            if (grown == NULL) {
                return FIG_NOMEM;
            }

            if (*n != 0) {
                memcpy(grown, *names, *n * sizeof(fig_str_t));
            }

            *names = grown;
        }

        (*names)[*n] = fig_arena_str(arena, name);

        if ((*names)[*n].data == NULL) {
            return FIG_NOMEM;
        }

        (*n)++;
    }

    return FIG_OK;
}


fig_status_t
fig_evidence_routes(fig_evidence_t *evidence, fig_arena_t *arena,
    fig_str_t **names, size_t *n)
{
    int            fd;
    DIR           *dir;
    fig_status_t   status;

    *names = NULL;
    *n = 0;

    fd = fig_evidence_dir(evidence, false);
    if (fd == -1) {
        return FIG_OK;
    }

    dir = fdopendir(fd);

    if (dir == NULL) {
        (void) close(fd);
        return FIG_NOMEM;
    }

    status = fig_evidence_collect(dir, arena, names, n);
    (void) closedir(dir);

    if (*n > 1) {
        qsort(*names, *n, sizeof(fig_str_t), fig_evidence_compare_names);
    }

    return status;
}


bool
fig_evidence_find(fig_evidence_t *evidence, uint64_t id,
    char route[FIG_EVIDENCE_NAME])
{
    int             fd;
    DIR            *dir;
    bool            found;
    char           *head;
    size_t          len;
    fig_str_t       name;
    struct dirent  *entry;

    fd = fig_evidence_dir(evidence, false);
    dir = (fd != -1) ? fdopendir(fd) : NULL;

    if (dir == NULL) {
        if (fd != -1) {
            (void) close(fd);
        }

        return false;
    }

    found = false;

    while (!found && (entry = readdir(dir)) != NULL) {
        name = fig_evidence_file_route(entry->d_name);

        if (name.len == 0
            || !fig_evidence_slurp(fd, entry->d_name, FIG_RECORD_HEAD, false,
                                   &head, &len))
        {
            continue;
        }

        found = fig_record_has(fig_str(head, len), id);
        free(head);

        if (found) {
            memcpy(route, name.data, name.len);
            route[name.len] = '\0';
        }
    }

    (void) closedir(dir);

    return found;
}
