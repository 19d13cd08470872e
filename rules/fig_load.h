/*
 * What all decoders share: where the model under construction is, and readers
 * that turn one node into one value or one error.
 *
 *     nodes (scratch arena) --decode--> model (arena) --validate--> checked
 *
 * A reader that returns false, NULL or FIG_INVALID has reported why, unless the
 * node was bad or memory is out (fig_load_t.nomem says so); its caller goes on
 * with the next key, so that one run finds many errors.  `key` is the key that
 * a message names.  Private to the loading half of rules/.
 */

#ifndef FIG_LOAD_H
#define FIG_LOAD_H

#include "fig_arena.h"
#include "fig_diag.h"
#include "fig_files.h"
#include "fig_model.h"
#include "fig_names.h"
#include "fig_rules.h"
#include "fig_scalar.h"
#include "fig_yaml.h"


typedef struct {
    fig_arena_t       *arena;          /* the rule set's */
    fig_arena_t       *scratch;        /* gone after loading */
    fig_diags_t       *diags;
    const fig_files_t *files;
    const fig_rules_checks_t  *checks;  /* NULL: none */
    fig_model_t       *model;

    fig_names_t        backend_names;  /* numbers are indexes in the model */
    fig_names_t        group_names;
    fig_names_t        route_names;

    /* what the model does not keep, for fig_validate.c; see fig_decode.h */

    struct fig_draft_s        *drafts;         /* by route */
    struct fig_group_draft_s  *group_drafts;   /* by group */

    uint32_t           nregexes;
    uint32_t           regex_room;
    fig_regex_t      **regexes;        /* in arena; also owned by it */

    uint64_t           errors;         /* grows whenever a value is wrong */
    bool               no_default;     /* no `default` is given */
    bool               nomem;
    bool               partial;        /* something was unreadable: a name that
                                          is not known may stand there */
} fig_load_t;


/* An array of zeroed objects in the rule set's arena; sets nomem. */
void *fig_load_array(fig_load_t *load, size_t n, size_t size);

/* A copy in the rule set's arena; sets nomem. */
fig_str_t fig_load_copy(fig_load_t *load, fig_str_t str);

/* "line 12" or "other.yaml:12", as seen from a place in file. */
const char *fig_load_place(fig_load_t *load, uint32_t file, fig_pos_t pos,
    char *out, size_t size);

/*
 * The place of a part of a node's text, where the text stands in the file as
 * it is - without escapes, folding or an alias; elsewhere that of the node.
 */
fig_pos_t fig_load_part(const fig_yaml_t *node, size_t offset, size_t len);

/* Adds an error; hint may be NULL. */
void fig_load_error(fig_load_t *load, fig_pos_t pos, const char *hint,
    const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Reports what is wrong with a node's text; subject begins the sentence. */
void fig_load_fault(fig_load_t *load, const fig_yaml_t *node,
    const char *subject, const fig_fault_t *fault);

/* The same for a key, and for a value that is named by itself. */
void fig_load_key_fault(fig_load_t *load, const fig_yaml_t *node,
    const char *key, const fig_fault_t *fault);
void fig_load_value_fault(fig_load_t *load, const fig_yaml_t *node,
    const fig_fault_t *fault);


/* A key that a map may hold. */

typedef enum {
    FIG_KEY_KNOWN = 0,
    FIG_KEY_LATER,                     /* not supported yet */
    FIG_KEY_ELSEWHERE                  /* belongs to another map: see hint */
} fig_key_kind_t;


typedef struct {
    const char        *name;
    fig_key_kind_t     kind;
    const char        *hint;
} fig_key_t;


/*
 * Sorts the pairs of a map by the table of its keys: given[i] is the pair of
 * keys[i] or NULL.  Unknown keys are reported; one that is nearly that of the
 * table counts as it, so that one mistake is told once.  False: no map.
 */
bool fig_load_keys(fig_load_t *load, const fig_yaml_t *node, const char *what,
    const fig_key_t *keys, size_t nkeys, const fig_pair_t **given);

/* Checks of a node's kind.  A list or map must also not be empty. */
bool fig_load_is_text(fig_load_t *load, const fig_yaml_t *node,
    const char *key);
bool fig_load_is_list(fig_load_t *load, const fig_yaml_t *node,
    const char *key, const char *hint);
bool fig_load_is_map(fig_load_t *load, const fig_yaml_t *node,
    const char *key, const char *hint);

/* Readers of scalars.  Texts are copied and never empty. */
bool fig_load_text(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_str_t *text);
bool fig_load_bool(fig_load_t *load, const fig_yaml_t *node, const char *key,
    bool *value);
bool fig_load_int(fig_load_t *load, const fig_yaml_t *node, const char *key,
    int64_t min, int64_t max, int64_t *value);
bool fig_load_duration(fig_load_t *load, const fig_yaml_t *node,
    const char *key, int64_t *ms);
bool fig_load_percent(fig_load_t *load, const fig_yaml_t *node,
    const char *key, int32_t *percent);
bool fig_load_size(fig_load_t *load, const fig_yaml_t *node,
    const char *key, size_t min, size_t max, size_t *size);

/* One of nwords words: *index says which. */
bool fig_load_word(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const char *const *words, size_t nwords, size_t *index);

/* A key of a map that must be a name of the file's own: backend, route... */
bool fig_load_check_name(fig_load_t *load, const fig_yaml_t *node,
    const char *what);

/*
 * The number of a name in names.  False where it is not known, reported with
 * what it should be ("backend") and the nearest name.
 */
bool fig_load_find(fig_load_t *load, const fig_yaml_t *node, const char *what,
    const fig_names_t *names, uint32_t *index);

/* The backend that a node names, or NULL. */
const fig_backend_t *fig_load_backend(fig_load_t *load, const fig_yaml_t *node,
    const char *key);

/*
 * Compiles the pattern that begins skip bytes into node's text.  The rule set
 * owns the result.
 */
fig_regex_t *fig_load_regex(fig_load_t *load, const fig_yaml_t *node,
    size_t skip, bool caseless);

/* Host and optional port, lower-case, as `host` of a backend or rewrite. */
bool fig_load_host(fig_load_t *load, const fig_yaml_t *node, const char *key,
    bool port_allowed, fig_str_t *host);


#endif /* FIG_LOAD_H */
