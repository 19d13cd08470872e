/*
 * Difference classes: what differs, instead of every difference.
 *
 *     (route, part, path, kind, from -> to)
 *         count, first, last; 5 samples; noise; who acknowledged it
 *
 * Nobody reads 10,000 differences.  A class counts a pair once.  At most
 * per_route classes of a route and total of all are kept apart; what comes
 * then is counted in a class `other` of its route.
 *
 * Not thread-safe; times are seconds.
 */

#ifndef FIG_CLASSES_H
#define FIG_CLASSES_H

#include "fig_base.h"
#include "fig_compare.h"
#include "fig_json.h"
#include "fig_json_write.h"
#include "fig_noise.h"


#define FIG_CLASSES_PER_ROUTE  256
#define FIG_CLASSES_TOTAL      20000
#define FIG_CLASSES_SAMPLES    5
#define FIG_CLASSES_ACK        (30 * 86400)    /* s that it holds at most */


typedef struct fig_classes_s  fig_classes_t;


typedef struct {
    uint64_t   time;
    fig_str_t  request;                /* as the caller named it */
    fig_str_t  id;                     /* the same, for logs */
    fig_str_t  pointer;
    fig_str_t  from;                   /* data NULL: not kept */
    fig_str_t  to;
} fig_sample_t;


typedef enum {
    FIG_CLASS_UNDECIDED,               /* counts as a mismatch, */
    FIG_CLASS_REAL,                    /* as does this */
    FIG_CLASS_NOISE,
    FIG_CLASS_ACKNOWLEDGED
} fig_class_state_t;


/* Read only; lives until it is dropped or the classes are destroyed. */

typedef struct {
    fig_str_t          route;
    fig_answer_part_t  part;
    fig_kind_t         kind;
    fig_str_t          path;
    fig_str_t          from;
    fig_str_t          to;
    bool               other;          /* all that found no room */
    uint64_t           id;             /* the same for the same class */
    uint64_t           count;
    uint64_t           first;
    uint64_t           last;
    fig_noise_t        noise;          /* but for n, which is the route's */
    size_t             nsamples;
    fig_sample_t samples[FIG_CLASSES_SAMPLES];
    fig_str_t    reason;               /* of its acknowledgement, or empty */
    fig_str_t    owner;
    fig_str_t    by;                   /* who did it, and when */
    uint64_t     since;
    uint64_t     expires;              /* 0: it has none */
} fig_class_t;


/* 0: the defaults above.  NULL when memory is out. */
fig_classes_t *fig_classes_create(size_t per_route, size_t total);

/* NULL is allowed. */
void fig_classes_destroy(fig_classes_t *classes);

/*
 * Counts what a pair differed in, and gives its outcome: acknowledged when all
 * of its classes are, noise when all are that or acknowledged.  request and id
 * name it in samples.  When memory is out a class is counted in no place, and
 * the pair is a mismatch.
 */
fig_outcome_t fig_classes_add(fig_classes_t *classes, fig_str_t route,
    const fig_comparison_t *comparison, fig_str_t request, fig_str_t id,
    uint64_t now);

/*
 * A probe for noise: what primary and candidate differed in, and the primary
 * and itself, of which a class may come whose count is 0.  What is incomparable
 * is no probe.  FIG_OK or FIG_NOMEM.
 */
fig_status_t fig_classes_probe(fig_classes_t *classes, fig_str_t route,
    const fig_comparison_t *candidate, const fig_comparison_t *itself,
    uint64_t now);

/* The class with this id, or NULL. */
const fig_class_t *fig_classes_find(const fig_classes_t *classes, uint64_t id);

/*
 * The ids of the classes that a pair differs in, ascending and each once; how
 * many.  0 when there are more than max, or one of them is not known.
 */
size_t fig_classes_ids(const fig_classes_t *classes, fig_str_t route,
    const fig_comparison_t *comparison, uint64_t *ids, size_t max);

/* The classes of a route, or with a NULL route all, in order of their age. */
const fig_class_t *fig_classes_next(const fig_classes_t *classes,
    const fig_str_t *route, const fig_class_t *after);

fig_class_state_t fig_classes_state(const fig_classes_t *classes,
    const fig_class_t *class, uint64_t now);

/*
 * Acknowledges a class, not what may come under its path.  expires is brought
 * down to FIG_CLASSES_ACK from now; 0 takes the acknowledgement back.  by is
 * who does it, or empty.  FIG_OK, FIG_NOMEM, or FIG_INVALID when there is no
 * such class, or reason or owner are empty.
 */
fig_status_t fig_classes_acknowledge(fig_classes_t *classes, uint64_t id,
    fig_str_t reason, fig_str_t owner, fig_str_t by, uint64_t expires,
    uint64_t now);

/*
 * How many classes forbid a flip: not acknowledged, and a success that became
 * a server error, a type, or something missing.  *one is one of them, if any.
 */
size_t fig_classes_blocking(const fig_classes_t *classes, fig_str_t route,
    uint64_t now, const fig_class_t **one);

/* Drops what is known of a route; of all routes when route is NULL. */
void fig_classes_drop(fig_classes_t *classes, const fig_str_t *route);

/* Drops one class; false: there is none. */
bool fig_classes_forget(fig_classes_t *classes, uint64_t id);

/*
 * Counts anew: what is acknowledged stays so, without any counts and samples,
 * and all else is dropped.
 */
void fig_classes_renew(fig_classes_t *classes, uint64_t now);

/*
 * Gives a route another name, which no route may have.  The ids of its classes
 * become others.  FIG_OK or FIG_NOMEM.
 */
fig_status_t fig_classes_rename(fig_classes_t *classes, fig_str_t from,
    fig_str_t to);

/* How many probes a route has had. */
uint32_t fig_classes_probes(const fig_classes_t *classes, fig_str_t route);

/* All of them as a JSON value, and back; what is there is kept and added to. */
void fig_classes_write(const fig_classes_t *classes, fig_json_out_t *out);
fig_status_t fig_classes_read(fig_classes_t *classes, const fig_json_t *doc,
    const fig_json_node_t *node);

/* "undecided", "real", "noise", "acknowledged" */
const char *fig_class_state_name(fig_class_state_t state);

/* A class in words: body $.a[*].b: value, number -> number.  At most size. */
size_t fig_class_text(const fig_class_t *class, char *out, size_t size);


#endif /* FIG_CLASSES_H */
