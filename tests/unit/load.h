/*
 * Loading rules from a test.
 *
 *     loaded_t  loaded;
 *
 *     load_text(&loaded, "version: 1\n");
 *     assert_loads(&loaded);  ... loaded.ruleset ...
 *     loaded_release(&loaded);
 */

#ifndef LOAD_H
#define LOAD_H

#include "unit.h"

#include "fig_comparing.h"
#include "fig_rules.h"


typedef struct {
    fig_files_t    *files;
    fig_ruleset_t  *ruleset;
    fig_diags_t    *diags;
    fig_status_t    status;
} loaded_t;


/* Loads len bytes that are called rules.yaml. */

static inline void
load_bytes(loaded_t *loaded, const char *text, size_t len)
{
    fig_str_t  name = FIG_STR("rules.yaml");

    loaded->ruleset = NULL;
    loaded->diags = fig_diags_create();
    assert_non_null(loaded->diags);

    assert_int_equal(fig_files_from_text(name, fig_str(text, len),
                                         &loaded->files), FIG_OK);

    loaded->status = fig_comparing_load(loaded->files, &loaded->ruleset,
                                        NULL, loaded->diags);
}


static inline void
load_text(loaded_t *loaded, const char *text)
{
    load_bytes(loaded, text, strlen(text));
}


static inline void
loaded_print(const loaded_t *loaded, FILE *out)
{
    size_t     i;
    fig_str_t  text;

    for (i = 0; i < fig_diags_kept(loaded->diags); i++) {
        text = fig_diags_text(loaded->diags, i);
        fprintf(out, "%.*s\n", (int) text.len, text.data);
    }

    if (fig_diags_count(loaded->diags) > fig_diags_kept(loaded->diags)) {
        fprintf(out, "%zu errors in all\n", fig_diags_count(loaded->diags));
    }
}


static inline void
assert_loads(const loaded_t *loaded)
{
    if (loaded->status != FIG_OK) {
        loaded_print(loaded, stderr);
    }

    assert_int_equal(loaded->status, FIG_OK);
    assert_int_equal(fig_diags_count(loaded->diags), 0);
}


static inline void
loaded_release(loaded_t *loaded)
{
    fig_ruleset_destroy(loaded->ruleset);
    fig_files_destroy(loaded->files);
    fig_diags_destroy(loaded->diags);
}


#endif /* LOAD_H */
