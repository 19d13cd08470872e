/*
 * Decisions: stage, split, force, data, fallback, weights, in words.
 */

#include "rules_fixture.h"


enum {
    OLD = 0,
    NEW,
    OTHER,
    ELSEWHERE,
    NBACKENDS
};


/* A route of its own kind: everything that matters can be changed. */

typedef struct {
    fixture_t       f;
    fig_backend_t   backends[NBACKENDS];
    fig_target_t    targets[3];
    fig_by_t        by[3];
    fig_route_t    *route;
} bench_t;


static void
bench_init(bench_t *b)
{
    size_t  i;

    static const char *const  names[] = { "old", "new", "other", "else" };

    memset(b, 0, sizeof(bench_t));
    fixture_init(&b->f, 1);

    for (i = 0; i < NBACKENDS; i++) {
        b->backends[i].name = fig_str_from(names[i]);
        b->backends[i].index = (uint32_t) i;
    }

    b->route = fixture_route(&b->f, "orders");
    b->route->from = &b->backends[OLD];
    b->route->targets = b->targets;
    b->route->ntargets = 1;
    b->targets[0].backend = &b->backends[NEW];
    b->targets[0].weight = 1;
    b->route->percent = FIG_UNSET;
    b->route->by = b->by;
    b->route->fallback.to = &b->backends[OLD];

    b->f.match.route = b->route;
}


static void
bench_by(bench_t *b, fig_by_kind_t kind, const char *name,
    const char *source)
{
    fig_by_t  *by;

    by = &b->by[b->route->nby++];
    by->kind = kind;
    by->name = fig_str_from(name);
    by->source = fig_str_from(source);
}


static const fig_decision_t *
decide(bench_t *b, const char *method)
{
    b->f.request.method = fig_str_from(method);

    fig_decide(&b->f.ruleset, &b->f.request, &b->f.match, b->f.scratch, NULL,
               &b->f.decision);

    return &b->f.decision;
}


static const char *
decision_text(const fig_decision_t *decision)
{
    size_t  len;

    static char  text[256];

    len = fig_decision_text(decision, text, sizeof(text));
    assert_int_equal(len, strlen(text));

    return text;
}


/*
 * The whole table of stage, data and method.  For each of no force, forced
 * new, forced old, and both: the side (o, n) and why (S stage, F force, D
 * data); "sp" is the split.
 */

typedef struct {
    fig_stage_t   stage;
    fig_data_t    data;
    const char   *method;
    const char   *want[4];
} row_t;


static const row_t  rows[] = {
    { FIG_STAGE_LEGACY, FIG_DATA_SHARED, "GET", { "oS", "oS", "oS", "oS" } },
    { FIG_STAGE_LEGACY, FIG_DATA_SHARED, "PUT", { "oS", "oS", "oS", "oS" } },
    { FIG_STAGE_LEGACY, FIG_DATA_OLD, "GET", { "oS", "oS", "oS", "oS" } },
    { FIG_STAGE_LEGACY, FIG_DATA_OLD, "PUT", { "oS", "oS", "oS", "oS" } },
    { FIG_STAGE_LEGACY, FIG_DATA_NEW, "GET", { "oS", "oS", "oS", "oS" } },
    { FIG_STAGE_LEGACY, FIG_DATA_NEW, "PUT", { "oS", "oS", "oS", "oS" } },
    { FIG_STAGE_SHADOW, FIG_DATA_SHARED, "GET", { "oS", "nF", "oF", "nF" } },
    { FIG_STAGE_SHADOW, FIG_DATA_SHARED, "PUT", { "oS", "nF", "oF", "nF" } },
    { FIG_STAGE_SHADOW, FIG_DATA_OLD, "GET", { "oS", "nF", "oF", "nF" } },
    { FIG_STAGE_SHADOW, FIG_DATA_OLD, "PUT", { "oS", "oD", "oF", "oD" } },
    { FIG_STAGE_SHADOW, FIG_DATA_NEW, "GET", { "oS", "nF", "oF", "nF" } },
    { FIG_STAGE_SHADOW, FIG_DATA_NEW, "PUT", { "oS", "nF", "oF", "nF" } },
    { FIG_STAGE_RAMP, FIG_DATA_SHARED, "GET", { "sp", "nF", "oF", "nF" } },
    { FIG_STAGE_RAMP, FIG_DATA_SHARED, "PUT", { "sp", "nF", "oF", "nF" } },
    { FIG_STAGE_RAMP, FIG_DATA_OLD, "GET", { "sp", "nF", "oF", "nF" } },
    { FIG_STAGE_RAMP, FIG_DATA_OLD, "PUT", { "oD", "oD", "oF", "oD" } },
    { FIG_STAGE_RAMP, FIG_DATA_NEW, "GET", { "sp", "nF", "oF", "nF" } },
    { FIG_STAGE_RAMP, FIG_DATA_NEW, "PUT", { "nD", "nF", "nD", "nF" } },
    { FIG_STAGE_LIVE, FIG_DATA_SHARED, "GET", { "nS", "nF", "oF", "nF" } },
    { FIG_STAGE_LIVE, FIG_DATA_SHARED, "PUT", { "nS", "nF", "oF", "nF" } },
    { FIG_STAGE_LIVE, FIG_DATA_OLD, "GET", { "nS", "nF", "oF", "nF" } },
    { FIG_STAGE_LIVE, FIG_DATA_OLD, "PUT", { "nS", "nF", "oF", "nF" } },
    { FIG_STAGE_LIVE, FIG_DATA_NEW, "GET", { "nS", "nF", "oF", "nF" } },
    { FIG_STAGE_LIVE, FIG_DATA_NEW, "PUT", { "nS", "nF", "nD", "nF" } },
    { FIG_STAGE_DONE, FIG_DATA_SHARED, "GET", { "nS", "nS", "nS", "nS" } },
    { FIG_STAGE_DONE, FIG_DATA_SHARED, "PUT", { "nS", "nS", "nS", "nS" } },
    { FIG_STAGE_DONE, FIG_DATA_OLD, "GET", { "nS", "nS", "nS", "nS" } },
    { FIG_STAGE_DONE, FIG_DATA_OLD, "PUT", { "nS", "nS", "nS", "nS" } },
    { FIG_STAGE_DONE, FIG_DATA_NEW, "GET", { "nS", "nS", "nS", "nS" } },
    { FIG_STAGE_DONE, FIG_DATA_NEW, "PUT", { "nS", "nS", "nS", "nS" } }
};


static void
add_force(bench_t *b, fig_set_t **sets, uint32_t *n)
{
    fixture_cookie(&b->f, fixture_add(&b->f, sets, n, sizeof(fig_set_t)),
                   "qa", "1");
}


static void
check_side(const row_t *row, int force, const fig_decision_t *d)
{
    char  have[3];

    if (d->why == FIG_WHY_SPLIT) {
        strcpy(have, "sp");
    } else {
        have[0] = (d->side == FIG_SIDE_NEW) ? 'n' : 'o';
        have[1] = (d->why == FIG_WHY_STAGE) ? 'S'
                  : (d->why == FIG_WHY_FORCE) ? 'F' : 'D';
        have[2] = '\0';
    }

    if (strcmp(have, row->want[force]) != 0) {
        fail_msg("%s, data %d, %s, force %d: %s", fig_stage_name(row->stage),
                 row->data, row->method, force, have);
    }

    assert_int_equal(d->stage, row->stage);
    assert_int_equal(d->backend->index, d->side == FIG_SIDE_NEW ? NEW : OLD);
    assert_int_equal(d->bucket != FIG_BUCKETS, d->why == FIG_WHY_SPLIT);
    assert_true(d->why == FIG_WHY_SPLIT || d->by == NULL);
}


/* A fallback is had on the new side in ramp and live alone. */

static void
check_fallback(const bench_t *b, const row_t *row, const fig_decision_t *d)
{
    bool                   want;
    const fig_fallback_t  *fallback;

    fallback = &b->route->fallback;

    want = d->side == FIG_SIDE_NEW && !fallback->none
           && (row->stage == FIG_STAGE_RAMP || row->stage == FIG_STAGE_LIVE);

    if (row->data == FIG_DATA_NEW) {
        want = want && (strcmp(row->method, "GET") == 0 ? fallback->stale
                                                        : fallback->unsafe);
    }

    assert_int_equal(d->fallback != NULL, want);
    assert_true(d->fallback == NULL || d->fallback->index == OLD);
}


static void
check_row(const row_t *row, int force, unsigned flags)
{
    bench_t  b;

    bench_init(&b);

    b.route->stage = row->stage;
    b.route->data = row->data;
    b.route->percent = (flags & 8) ? FIG_BUCKETS : 0;
    b.route->fallback.none = flags & 1;
    b.route->fallback.unsafe = flags & 2;
    b.route->fallback.stale = flags & 4;
    bench_by(&b, FIG_BY_CLIENT, "", "client");
    b.f.request.client = fixture_addr("192.0.2.1");

    if (force & 1) {
        add_force(&b, &b.route->force_new, &b.route->nforce_new);
    }

    if (force & 2) {
        add_force(&b, &b.route->force_old, &b.route->nforce_old);
    }

    fixture_request_header(&b.f, "Cookie", "qa=1");

    check_side(row, force, decide(&b, row->method));
    check_fallback(&b, row, &b.f.decision);

    if (b.f.decision.why == FIG_WHY_SPLIT) {
        assert_int_equal(b.f.decision.side,
                         (flags & 8) ? FIG_SIDE_NEW : FIG_SIDE_OLD);
    }

    /* the same sets do nothing to a request that they do not match */

    b.f.request.nheaders = 0;
    check_side(row, 0, decide(&b, row->method));

    fixture_release(&b.f);
}


static void
test_table(void **state)
{
    int       force;
    size_t    i;
    unsigned  flags;

    (void) state;

    for (i = 0; i < FIG_NELTS(rows); i++) {
        for (force = 0; force < 4; force++) {
            for (flags = 0; flags < 16; flags++) {
                check_row(&rows[i], force, flags);
            }
        }
    }
}


static void
test_no_match(void **state)
{
    bench_t                b;
    const fig_decision_t  *d;

    (void) state;

    bench_init(&b);
    b.f.match.route = NULL;

    d = decide(&b, "GET");
    assert_null(d->route);
    assert_null(d->backend);
    assert_int_equal(d->side, FIG_SIDE_NONE);
    assert_int_equal(d->why, FIG_WHY_NOT_FOUND);
    assert_string_equal(decision_text(d),
                        "no route matches and there is no default");

    b.f.ruleset.model.fallthrough = &b.backends[OLD];

    d = decide(&b, "GET");
    assert_int_equal(d->backend->index, OLD);
    assert_int_equal(d->side, FIG_SIDE_OLD);
    assert_int_equal(d->why, FIG_WHY_DEFAULT);
    assert_int_equal(d->bucket, FIG_BUCKETS);
    assert_null(d->fallback);
    assert_string_equal(decision_text(d), "no route matches, default serves");

    fixture_release(&b.f);
}


static void
test_redirect_and_respond(void **state)
{
    bench_t                b;
    const fig_decision_t  *d;

    (void) state;

    bench_init(&b);

    b.route->action = FIG_ACTION_REDIRECT;
    b.route->redirect.status = 308;
    d = decide(&b, "GET");
    assert_ptr_equal(d->route, b.route);
    assert_null(d->backend);
    assert_int_equal(d->side, FIG_SIDE_NONE);
    assert_int_equal(d->why, FIG_WHY_REDIRECT);
    assert_int_equal(d->stage, FIG_STAGE_NONE);
    assert_string_equal(decision_text(d), "redirect 308");

    b.route->action = FIG_ACTION_RESPOND;
    b.route->respond.status = 410;
    d = decide(&b, "GET");
    assert_null(d->backend);
    assert_int_equal(d->why, FIG_WHY_RESPOND);
    assert_string_equal(decision_text(d), "respond 410");

    fixture_release(&b.f);
}


/* The bucket is that of the first of `by` that the request has. */

static void
test_by(void **state)
{
    bench_t                b;
    fig_str_t              name;
    const fig_decision_t  *d;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_RAMP;
    b.route->percent = 5000;
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    bench_by(&b, FIG_BY_QUERY, "u", "query:u");
    bench_by(&b, FIG_BY_HEADER, "x-user", "header:X-User");

    name = fig_str_from("orders");

    d = decide(&b, "GET");
    assert_null(d->by);
    assert_int_equal(d->bucket, FIG_BUCKETS - 1);
    assert_int_equal(d->side, FIG_SIDE_OLD);
    assert_string_equal(decision_text(d), "stage ramp, bucket 9999 "
                        "(nothing to stick to) is not below 50%");

    fixture_request_header(&b.f, "X-USER", "a");
    fixture_request_header(&b.f, "x-user", "b");
    d = decide(&b, "GET");
    assert_ptr_equal(d->by, &b.by[2]);
    assert_int_equal(d->bucket, fig_split_bucket(name, fig_str_from("a, b")));

    b.f.request.query = fig_str_from("v=1&u=a+%62");
    d = decide(&b, "GET");
    assert_ptr_equal(d->by, &b.by[1]);
    assert_int_equal(d->bucket, fig_split_bucket(name, fig_str_from("a b")));

    fixture_request_header(&b.f, "Cookie", "uid=alice");
    d = decide(&b, "GET");
    assert_ptr_equal(d->by, &b.by[0]);
    assert_int_equal(d->bucket, fig_split_bucket(name,
                                                 fig_str_from("alice")));

    /* an empty value is nothing to stick to */

    b.f.headers[2].value = fig_str_from("uid=; x=1");
    d = decide(&b, "GET");
    assert_ptr_equal(d->by, &b.by[1]);

    fixture_release(&b.f);
}


static void
test_by_client(void **state)
{
    bench_t                b;
    fig_str_t              name;
    const fig_decision_t  *d;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_RAMP;
    b.route->percent = 10000;
    bench_by(&b, FIG_BY_CLIENT, "", "client");

    name = fig_str_from("orders");

    b.f.request.client = fixture_addr("203.0.113.9");
    d = decide(&b, "GET");
    assert_ptr_equal(d->by, &b.by[0]);
    assert_int_equal(d->bucket,
                     fig_split_bucket(name, fig_str("\xcb\x00\x71\x09", 4)));

    b.f.request.client = fixture_addr("2001:db8::1");
    d = decide(&b, "GET");
    assert_int_equal(d->bucket, fig_split_bucket(name, fig_str(
        "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16)));

    /* an address that is not known: only 100% moves it */

    b.f.request.client.family = 0;
    d = decide(&b, "GET");
    assert_null(d->by);
    assert_int_equal(d->bucket, FIG_BUCKETS - 1);
    assert_int_equal(d->side, FIG_SIDE_NEW);

    b.route->percent = 9999;
    assert_int_equal(decide(&b, "GET")->side, FIG_SIDE_OLD);

    fixture_release(&b.f);
}


static void
test_by_group_name(void **state)
{
    bench_t      b;
    fig_group_t  group;

    (void) state;

    bench_init(&b);
    memset(&group, 0, sizeof(group));
    group.name = fig_str_from("checkout");

    b.route->group = &group;
    b.route->stage = FIG_STAGE_RAMP;
    b.route->percent = 5000;
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    fixture_request_header(&b.f, "Cookie", "uid=alice");

    assert_int_equal(decide(&b, "GET")->bucket, 8027);

    fixture_release(&b.f);
}


static void
test_assign(void **state)
{
    char                   cookie[64];
    bench_t                b;
    fig_decision_t         first;
    const fig_decision_t  *d;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_RAMP;
    b.route->percent = 5000;
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    bench_by(&b, FIG_BY_ASSIGN, "", "assign");
    b.f.request.random = 1;

    first = *decide(&b, "GET");
    assert_true(first.assign);
    assert_ptr_equal(first.by, &b.by[1]);
    assert_memory_equal(first.assigned, "b6910e43b874319789518f4278ba9600",
                        32);
    assert_int_equal(first.bucket, fig_split_bucket(
        fig_str_from("orders"), fig_str(first.assigned, 32)));

    /* the client comes back with it, and stays where it is */

    sprintf(cookie, "%s=%.32s", FIG_ASSIGN_COOKIE, first.assigned);
    fixture_request_header(&b.f, "Cookie", cookie);
    b.f.request.random = 2;

    d = decide(&b, "GET");
    assert_false(d->assign);
    assert_ptr_equal(d->by, &b.by[1]);
    assert_int_equal(d->bucket, first.bucket);

    /* what was not assigned by us is not believed */

    cookie[sizeof(FIG_ASSIGN_COOKIE)] = 'B';
    assert_true(decide(&b, "GET")->assign);

    b.f.headers[0].value = fig_str_from(FIG_ASSIGN_COOKIE "=abc");
    assert_true(decide(&b, "GET")->assign);

    /* nor is anything assigned where something else comes first */

    b.f.headers[0].value = fig_str_from("uid=alice");
    d = decide(&b, "GET");
    assert_false(d->assign);
    assert_ptr_equal(d->by, &b.by[0]);

    /* or where nothing is split */

    b.f.request.nheaders = 0;
    b.route->stage = FIG_STAGE_LIVE;
    assert_false(decide(&b, "GET")->assign);

    fixture_release(&b.f);
}


static void
test_by_request(void **state)
{
    bench_t   b;
    uint64_t  i, hits;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_RAMP;
    b.route->percent = 2500;
    bench_by(&b, FIG_BY_REQUEST, "", "request");
    hits = 0;

    for (i = 0; i < 40000; i++) {
        b.f.request.random = i;
        hits += decide(&b, "GET")->side == FIG_SIDE_NEW;
        assert_ptr_equal(b.f.decision.by, &b.by[0]);
    }

    /* 5 standard deviations of a binomial distribution: 5 * 86.6 */

    assert_in_range(hits, 10000 - 433, 10000 + 433);

    fixture_release(&b.f);
}


/* Raising the percent moves clients to the new side and none back. */

static void
test_monotone(void **state)
{
    char         cookie[64];
    bench_t      b;
    int32_t      percent;
    unsigned     i, hits;
    fig_side_t   side, before;

    static const int32_t  percents[] = { 0, 1, 100, 2500, 5000, 9999, 10000 };

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_RAMP;
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    fixture_request_header(&b.f, "Cookie", cookie);
    hits = 0;

    for (i = 0; i < 2000; i++) {
        b.f.headers[0].value.len = (size_t) sprintf(cookie, "uid=%u", i);
        before = FIG_SIDE_OLD;

        for (size_t k = 0; k < FIG_NELTS(percents); k++) {
            percent = percents[k];
            b.route->percent = percent;
            side = decide(&b, "GET")->side;

            assert_true(side == FIG_SIDE_NEW || before == FIG_SIDE_OLD);
            assert_true(percent != 0 || side == FIG_SIDE_OLD);
            assert_true(percent != 10000 || side == FIG_SIDE_NEW);

            hits += percent == 2500 && side == FIG_SIDE_NEW;
            before = side;
        }
    }

    /* 5 standard deviations: 5 * 19.4 */

    assert_in_range(hits, 500 - 97, 500 + 97);

    fixture_release(&b.f);
}


static void
bench_weights(bench_t *b, uint32_t one, uint32_t two, uint32_t three)
{
    b->route->ntargets = 3;
    b->targets[0].weight = one;
    b->targets[1].backend = &b->backends[OTHER];
    b->targets[1].weight = two;
    b->targets[2].backend = &b->backends[ELSEWHERE];
    b->targets[2].weight = three;
}


static void
test_weights(void **state)
{
    char      cookie[64];
    bench_t   b;
    unsigned  i, counts[NBACKENDS];

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_DONE;
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    bench_weights(&b, 90, 0, 10);
    memset(counts, 0, sizeof(counts));

    fixture_request_header(&b.f, "Cookie", cookie);

    for (i = 0; i < 20000; i++) {
        b.f.headers[0].value.len = (size_t) sprintf(cookie, "uid=%u", i);
        b.f.request.random = i;
        counts[decide(&b, "GET")->backend->index]++;

        /* it sticks, and no bucket was needed */

        b.f.request.random = ~(uint64_t) i;
        assert_int_equal(b.f.decision.bucket, FIG_BUCKETS);
        assert_null(b.f.decision.by);
        assert_ptr_equal(b.f.decision.backend, decide(&b, "GET")->backend);
    }

    /* 5 standard deviations: 5 * 42.4 */

    assert_in_range(counts[NEW], 18000 - 212, 18000 + 212);
    assert_int_equal(counts[OTHER], 0);
    assert_int_equal(counts[OLD], 0);

    fixture_release(&b.f);
}


/* Where nothing sticks, weights are drawn. */

static void
test_weights_are_drawn(void **state)
{
    bench_t   b;
    unsigned  i, counts[NBACKENDS];

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_LIVE;
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    bench_weights(&b, 0, 500, 500);
    memset(counts, 0, sizeof(counts));

    for (i = 0; i < 20000; i++) {
        b.f.request.random = i;
        counts[decide(&b, "GET")->backend->index]++;
    }

    /* 5 standard deviations: 5 * 70.7 */

    assert_in_range(counts[OTHER], 10000 - 354, 10000 + 354);
    assert_int_equal(counts[NEW], 0);

    fixture_release(&b.f);
}


/* The last backend but those without weight gets the last of the hashes. */

static void
test_weight_at_the_end(void **state)
{
    bench_t   b;
    unsigned  i;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_DONE;
    bench_weights(&b, 0, 1, 0);

    for (i = 0; i < 1000; i++) {
        b.f.request.random = i;
        assert_int_equal(decide(&b, "GET")->backend->index, OTHER);
    }

    fixture_release(&b.f);
}


static void
test_fallback_elsewhere(void **state)
{
    bench_t  b;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_LIVE;

    b.route->fallback.to = &b.backends[ELSEWHERE];
    assert_int_equal(decide(&b, "GET")->fallback->index, ELSEWHERE);

    /* not to the one that has just failed */

    b.route->fallback.to = &b.backends[NEW];
    assert_null(decide(&b, "GET")->fallback);

    b.route->fallback.to = NULL;
    assert_null(decide(&b, "GET")->fallback);

    fixture_release(&b.f);
}


/* Without an old side nobody can be forced there. */

static void
test_no_old_side(void **state)
{
    bench_t                b;
    const fig_decision_t  *d;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_LIVE;
    b.route->from = NULL;
    b.route->fallback.none = true;
    b.route->fallback.to = NULL;
    add_force(&b, &b.route->force_old, &b.route->nforce_old);
    fixture_request_header(&b.f, "Cookie", "qa=1");

    d = decide(&b, "GET");
    assert_int_equal(d->side, FIG_SIDE_NEW);
    assert_int_equal(d->backend->index, NEW);

    fixture_release(&b.f);
}


/* A set of `force` is a whole condition set, hosts and paths included. */

static void
test_force_is_a_set(void **state)
{
    bench_t     b;
    fig_set_t  *set;

    (void) state;

    bench_init(&b);
    b.route->stage = FIG_STAGE_SHADOW;

    set = fixture_add(&b.f, &b.route->force_new, &b.route->nforce_new,
                      sizeof(fig_set_t));
    fixture_host(&b.f, set, "*.test");
    fixture_path(&b.f, set, "/a/{id}");
    fixture_path(&b.f, set, "~^/b");
    fixture_path(&b.f, set, "/c/*");
    fixture_method(&b.f, set, "GET");

    b.f.request.host = fig_str_from("x.test");
    b.f.request.path = fig_str_from("/a/1");
    assert_int_equal(decide(&b, "GET")->side, FIG_SIDE_NEW);
    b.f.request.path = fig_str_from("/bb");
    assert_int_equal(decide(&b, "GET")->side, FIG_SIDE_NEW);
    b.f.request.path = fig_str_from("/c");
    assert_int_equal(decide(&b, "GET")->side, FIG_SIDE_NEW);

    assert_int_equal(decide(&b, "POST")->side, FIG_SIDE_OLD);
    b.f.request.path = fig_str_from("/d");
    assert_int_equal(decide(&b, "GET")->side, FIG_SIDE_OLD);
    b.f.request.path = fig_str_from("/c");
    b.f.request.host = fig_str_from("test");
    assert_int_equal(decide(&b, "GET")->side, FIG_SIDE_OLD);

    fixture_release(&b.f);
}


static void
test_methods(void **state)
{
    size_t  i;

    static const struct {
        const char  *method;
        bool         safe;
        bool         idempotent;
    } classes[] = {
        { "GET", true, true }, { "HEAD", true, true },
        { "OPTIONS", true, true }, { "TRACE", true, true },
        { "PUT", false, true }, { "DELETE", false, true },
        { "POST", false, false }, { "PATCH", false, false },
        { "CONNECT", false, false }, { "PURGE", false, false },
        { "get", false, false }, { "", false, false },
        { "GE", false, false }, { "PROPFIND", false, false }
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(classes); i++) {
        assert_int_equal(fig_method_is_safe(fig_str_from(classes[i].method)),
                         classes[i].safe);
        assert_int_equal(
            fig_method_is_idempotent(fig_str_from(classes[i].method)),
            classes[i].idempotent);
    }
}


static void
test_words(void **state)
{
    char                   small[12];
    bench_t                b;
    const fig_decision_t  *d;

    (void) state;

    assert_string_equal(fig_stage_name(FIG_STAGE_RAMP), "ramp");
    assert_string_equal(fig_stage_name(FIG_STAGE_DONE), "done");
    assert_string_equal(fig_side_name(FIG_SIDE_NEW), "new");
    assert_string_equal(fig_side_name(FIG_SIDE_NONE), "none");
    assert_string_equal(fig_why_name(FIG_WHY_NOT_FOUND), "not_found");
    assert_string_equal(fig_why_name(FIG_WHY_RESPOND), "respond");
    assert_string_equal(fig_stage_name((fig_stage_t) 99), "none");

    bench_init(&b);
    bench_by(&b, FIG_BY_COOKIE, "uid", "cookie:uid");
    fixture_request_header(&b.f, "Cookie", "uid=bob");

    b.route->stage = FIG_STAGE_RAMP;
    b.route->percent = 9950;
    d = decide(&b, "GET");
    assert_int_equal(d->side, FIG_SIDE_NEW);
    assert_string_equal(decision_text(d), "stage ramp, bucket 6107 of "
                        "cookie:uid is below 99.5%");

    b.route->percent = 5;
    assert_string_equal(decision_text(decide(&b, "GET")), "stage ramp, "
                        "bucket 6107 of cookie:uid is not below 0.05%");

    assert_int_equal(fig_decision_text(d, small, sizeof(small)), 11);
    assert_string_equal(small, "stage ramp,");
    assert_int_equal(fig_decision_text(d, NULL, 0), 0);

    b.route->stage = FIG_STAGE_LIVE;
    assert_string_equal(decision_text(decide(&b, "GET")), "stage live");

    add_force(&b, &b.route->force_old, &b.route->nforce_old);
    b.f.headers[0].value = fig_str_from("qa=1");
    assert_string_equal(decision_text(decide(&b, "GET")),
                        "stage live, forced to the old side");

    b.route->data = FIG_DATA_NEW;
    assert_string_equal(decision_text(decide(&b, "PUT")),
                        "stage live, the new side holds the data");

    fixture_release(&b.f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_redirect_and_respond),
        cmocka_unit_test(test_by),
        cmocka_unit_test(test_by_client),
        cmocka_unit_test(test_by_group_name),
        cmocka_unit_test(test_assign),
        cmocka_unit_test(test_by_request),
        cmocka_unit_test(test_monotone),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_weights_are_drawn),
        cmocka_unit_test(test_weight_at_the_end),
        cmocka_unit_test(test_fallback_elsewhere),
        cmocka_unit_test(test_no_old_side),
        cmocka_unit_test(test_force_is_a_set),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_words)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
