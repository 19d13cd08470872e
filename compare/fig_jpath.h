/*
 * Path expressions: a subset of RFC 9535 (JSONPath).
 *
 *     $  .name  ['name']  ["name"]  [n]  [-n]  [*]  .*  ..name  ..*  ..[...]
 *
 *     $.items[*].price   ->   steps   | items | any | price |
 *                                      ^0      ^1    ^2     then the rule
 *
 * All expressions of a comparer are one list of steps.  A state is the set of
 * steps that wait for a child; going to a child gives its state and the rules
 * that apply to it.  It is a set of bits, so that a walk costs no memory.
 */

#ifndef FIG_JPATH_H
#define FIG_JPATH_H

#include "fig_arena.h"
#include "fig_base.h"


#define FIG_JPATH_WORDS  16
#define FIG_JPATH_STEPS  (64 * FIG_JPATH_WORDS)     /* of all expressions */


typedef enum {
    FIG_STEP_NAME,
    FIG_STEP_INDEX,
    FIG_STEP_ANY
} fig_step_kind_t;


typedef struct {
    fig_step_kind_t  kind;
    bool             deep;         /* after ..: waits below as well */
    bool             last;         /* then its rule applies */
    uint16_t         rule;
    fig_str_t        name;
    int64_t          index;        /* < 0: from the end */
} fig_step_t;


typedef enum {
    FIG_RULE_IGNORE,
    FIG_RULE_UNORDERED,
    FIG_RULE_REDACT,
    FIG_RULE_KEYED,
    FIG_RULE_TOLERANCE,
    FIG_RULE_SHAPE
} fig_rule_kind_t;


/* What applies to a value: of several rules of a kind the first. */

typedef struct {
    bool      ignore;
    bool      unordered;
    bool      redact;
    uint16_t  keyed;               /* 1 + which of its kind; 0: none */
    uint16_t  tolerance;
    uint16_t  shape;
} fig_applied_t;


typedef struct {
    uint64_t  bits[FIG_JPATH_WORDS];
} fig_jstate_t;


typedef struct {
    fig_rule_kind_t  kind;
    uint16_t         n;            /* which of its kind */
} fig_rule_t;


typedef struct {
    fig_step_t      *steps;
    size_t           nsteps;
    size_t           max_steps;
    size_t           nwords;       /* of a state, in use */
    fig_rule_t      *rules;
    size_t           nrules;
    size_t           max_rules;
    fig_jstate_t     start;        /* of the root */
    fig_jstate_t     indexed;      /* steps that want an index */
    fig_applied_t    root;
} fig_jpaths_t;


typedef struct {
    size_t       offset;
    const char  *message;          /* static */
} fig_jpath_error_t;


/* name-first and name-char of RFC 9535. */

static inline bool
fig_jpath_is_name_char(unsigned char c, bool first)
{
    unsigned char  lower;

    lower = fig_lower(c);

    return c == '_' || c >= 0x80 || (lower >= 'a' && lower <= 'z')
           || (!first && c >= '0' && c <= '9');
}


/*
 * Room for at most max_rules expressions, of len bytes in all.  FIG_OK or
 * FIG_NOMEM.
 */
fig_status_t fig_jpaths_init(fig_jpaths_t *paths, size_t max_rules, size_t len,
    fig_arena_t *arena);

/*
 * Adds an expression and its rule.  Names are copied into the arena.  On
 * FIG_INVALID *error says what is wrong with text, and where.
 */
fig_status_t fig_jpaths_add(fig_jpaths_t *paths, fig_str_t text,
    fig_rule_kind_t kind, size_t n, fig_arena_t *arena,
    fig_jpath_error_t *error);

/*
 * Goes from a container's state to that of a child.  Returns false when
 * nothing waits there: then *to is not set.  *applied is always.
 */
bool fig_jpaths_member(const fig_jpaths_t *paths, const fig_jstate_t *from,
    fig_str_t name, fig_jstate_t *to, fig_applied_t *applied);
bool fig_jpaths_element(const fig_jpaths_t *paths, const fig_jstate_t *from,
    uint32_t index, uint32_t n, fig_jstate_t *to, fig_applied_t *applied);

/* Whether elements at different places may have different states. */
bool fig_jpaths_is_indexed(const fig_jpaths_t *paths,
    const fig_jstate_t *state);

/*
 * Writes the step to a member as an expression has it, .name or ['name'].
 * Returns its length, also when that is more than size.
 */
size_t fig_jpath_write_name(fig_str_t name, char *out, size_t size);


#endif /* FIG_JPATH_H */
