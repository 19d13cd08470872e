/*
 * PCRE2 behind a small door; the only file that includes pcre2.h.
 *
 *     fig_regex_t     code, its JIT code, the pattern's text      immutable
 *     fig_scratch_t   match data, limits, JIT stack               one a thread
 *
 * A match is bounded three times over: by the number of backtracking steps,
 * by the depth and heap of PCRE2's interpreter, and by the stack of JIT code.
 */

#define PCRE2_CODE_UNIT_WIDTH  8

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "fig_scratch.h"


/*
 * What a step is differs: the interpreter counts every one back, JIT code only
 * the beginnings of repeated items, each of which can be a walk over the whole
 * subject.  Sane patterns on a path of 1,000 bytes stay well below the latter;
 * (a*)(a*)b, which would take half a minute for 8 KiB, meets it at once.
 */

#define FIG_MATCH_LIMIT    100000
#define FIG_JIT_LIMIT      2000
#define FIG_DEPTH_LIMIT    10000
#define FIG_HEAP_LIMIT     1024            /* KiB */
#define FIG_JIT_STACK_MIN  (32 * 1024)
#define FIG_JIT_STACK_MAX  (512 * 1024)

#define FIG_ERROR_SIZE     256


struct fig_regex_s {
    pcre2_code  *code;
    bool         jit;
    bool         caseless;
    uint32_t     ncaptures;
    size_t       len;
    char         pattern[];
};


/* The fixed texts of what PCRE2 would accept and we do not. */

static fig_status_t
fig_regex_refuse(const char *text, char *error)
{
    snprintf(error, FIG_ERROR_SIZE, "%s", text);

    return FIG_INVALID;
}


static int
fig_regex_callout(pcre2_callout_enumerate_block *block, void *data)
{
    *(size_t *) data = block->pattern_position;

    return 1;
}


/* What can be told before compiling; *offset says where. */

static fig_status_t
fig_regex_check_text(fig_str_t pattern, char *error, size_t *offset)
{
    *offset = 0;

    if (pattern.len > FIG_REGEX_MAX_PATTERN) {
        *offset = FIG_REGEX_MAX_PATTERN;
        return fig_regex_refuse("pattern is longer than 4096 bytes", error);
    }

    if (pattern.len > 2 && pattern.data[0] == '(' && pattern.data[1] == '*'
        && pattern.data[2] >= 'A' && pattern.data[2] <= 'Z')
    {
        return fig_regex_refuse("(*VERB) is not allowed at the start of "
                                "a pattern", error);
    }

    return FIG_OK;
}


/* What can be told after compiling. */

static fig_status_t
fig_regex_check_code(fig_regex_t *regex, char *error, size_t *offset)
{
    *offset = 0;

    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT,
                       &regex->ncaptures);

    if (regex->ncaptures > FIG_REGEX_MAX_CAPTURES) {
        return fig_regex_refuse("pattern has more than 99 groups", error);
    }

    if (pcre2_callout_enumerate(regex->code, fig_regex_callout, offset) != 0) {
        return fig_regex_refuse("callouts (?C) are not allowed", error);
    }

    return FIG_OK;
}


static fig_status_t
fig_regex_compile(fig_regex_t *regex, char *error, size_t *offset)
{
    int       rc;
    uint32_t  options;

    options = PCRE2_DOLLAR_ENDONLY | PCRE2_DOTALL | PCRE2_NEVER_BACKSLASH_C
              | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;

    if (regex->caseless) {
        options |= PCRE2_CASELESS;
    }

    regex->code = pcre2_compile((PCRE2_SPTR) regex->pattern, regex->len,
                                options, &rc, offset, NULL);

    if (regex->code == NULL) {
        if (rc == PCRE2_ERROR_HEAP_FAILED) {
            return FIG_NOMEM;
        }

        pcre2_get_error_message(rc, (PCRE2_UCHAR *) error, FIG_ERROR_SIZE);

        return FIG_INVALID;
    }

    if (fig_regex_check_code(regex, error, offset) != FIG_OK) {
        return FIG_INVALID;
    }

    /*
     * Where the kernel forbids writable code, or for a pattern that is not to
     * be had in JIT code, the interpreter gives the same answers.
     */

    regex->jit = pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE) == 0;

    return FIG_OK;
}


fig_status_t
fig_regex_create(fig_str_t pattern, bool caseless, fig_regex_t **regex,
    char error[256], size_t *offset)
{
    fig_regex_t   *re;
    fig_status_t   rc;

    *regex = NULL;
    error[0] = '\0';

    rc = fig_regex_check_text(pattern, error, offset);
    if (rc != FIG_OK) {
        return rc;
    }

    re = calloc(1, sizeof(fig_regex_t) + pattern.len + 1);
    if (re == NULL) {
        return FIG_NOMEM;
    }

    if (pattern.len != 0) {
        memcpy(re->pattern, pattern.data, pattern.len);
    }

    re->len = pattern.len;
    re->caseless = caseless;

    rc = fig_regex_compile(re, error, offset);
    if (rc != FIG_OK) {
        fig_regex_destroy(re);
        return rc;
    }

    *regex = re;

    return FIG_OK;
}


void
fig_regex_destroy(fig_regex_t *regex)
{
    if (regex != NULL) {
        pcre2_code_free(regex->code);
        free(regex);
    }
}


static pcre2_match_context *
fig_scratch_context(uint32_t limit)
{
    pcre2_match_context  *context;

    context = pcre2_match_context_create(NULL);

    if (context != NULL) {
        pcre2_set_match_limit(context, limit);
        pcre2_set_depth_limit(context, FIG_DEPTH_LIMIT);
        pcre2_set_heap_limit(context, FIG_HEAP_LIMIT);
    }

    return context;
}


fig_scratch_t *
fig_scratch_create(void)
{
    fig_scratch_t  *scratch;

    scratch = calloc(1, sizeof(fig_scratch_t));
    if (scratch == NULL) {
        return NULL;
    }

    scratch->context = fig_scratch_context(FIG_MATCH_LIMIT);
    scratch->jit_context = fig_scratch_context(FIG_JIT_LIMIT);
    scratch->match_data = pcre2_match_data_create(FIG_REGEX_MAX_CAPTURES + 1,
                                                  NULL);

    if (scratch->context == NULL || scratch->jit_context == NULL
        || scratch->match_data == NULL)
    {
        fig_scratch_destroy(scratch);
        return NULL;
    }

    /* NULL where there is no JIT: then no pattern has JIT code either */

    scratch->jit_stack = pcre2_jit_stack_create(FIG_JIT_STACK_MIN,
                                                FIG_JIT_STACK_MAX, NULL);

    if (scratch->jit_stack != NULL) {
        pcre2_jit_stack_assign(scratch->jit_context, NULL,
                               scratch->jit_stack);
    }

    return scratch;
}


void
fig_scratch_destroy(fig_scratch_t *scratch)
{
    if (scratch != NULL) {
        pcre2_jit_stack_free(scratch->jit_stack);
        pcre2_match_context_free(scratch->jit_context);
        pcre2_match_context_free(scratch->context);
        pcre2_match_data_free(scratch->match_data);
        free(scratch);
    }
}


fig_regex_result_t
fig_regex_match(const fig_regex_t *regex, fig_str_t subject,
    fig_scratch_t *scratch)
{
    return fig_regex_find(regex, subject, 0, scratch);
}


fig_regex_result_t
fig_regex_find(const fig_regex_t *regex, fig_str_t subject, size_t from,
    fig_scratch_t *scratch)
{
    int          rc;
    PCRE2_SPTR   text;

    if (from > subject.len) {
        return FIG_REGEX_NO_MATCH;
    }

    text = (PCRE2_SPTR) (subject.len != 0 ? subject.data : "");

    if (regex->jit) {
        rc = pcre2_jit_match(regex->code, text, subject.len, from, 0,
                             scratch->match_data, scratch->jit_context);
    } else {
        rc = pcre2_match(regex->code, text, subject.len, from, 0,
                         scratch->match_data, scratch->context);
    }

    if (rc >= 0) {
        scratch->ncaptures = regex->ncaptures;
        return FIG_REGEX_MATCH;
    }

    return (rc == PCRE2_ERROR_NOMATCH) ? FIG_REGEX_NO_MATCH : FIG_REGEX_LIMIT;
}


fig_str_t
fig_regex_capture(const fig_scratch_t *scratch, fig_str_t subject, unsigned n)
{
    PCRE2_SIZE  *ovector, start, end;

    /* PCRE2 leaves the pairs beyond the pattern's groups as they were */

    if (n > scratch->ncaptures) {
        return fig_str(NULL, 0);
    }

    ovector = pcre2_get_ovector_pointer(scratch->match_data);
    start = ovector[2 * n];
    end = ovector[2 * n + 1];

    if (start == PCRE2_UNSET || end > subject.len) {
        return fig_str(NULL, 0);
    }

    /* \K in a lookahead can put the start behind the end */

    if (start > end) {
        start = end;
    }

    return fig_str(subject.data + start, end - start);
}


unsigned
fig_regex_captures(const fig_regex_t *regex)
{
    return regex->ncaptures;
}


int
fig_regex_group(const fig_regex_t *regex, fig_str_t name)
{
    int   n;
    char  text[64];

    /* PCRE2's names have at most 32 bytes */

    if (name.len == 0 || name.len >= sizeof(text)) {
        return -1;
    }

    memcpy(text, name.data, name.len);
    text[name.len] = '\0';

    n = pcre2_substring_number_from_name(regex->code, (PCRE2_SPTR) text);

    return (n > 0) ? n : -1;
}


fig_str_t
fig_regex_pattern(const fig_regex_t *regex)
{
    return fig_str(regex->pattern, regex->len);
}


bool
fig_regex_is_caseless(const fig_regex_t *regex)
{
    return regex->caseless;
}
