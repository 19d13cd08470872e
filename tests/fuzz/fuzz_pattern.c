/*
 * Patterns: whatever PCRE2 matches has in it what the reader of patterns
 * guarantees.
 *
 *     0  choices of a pattern and paths over small alphabets
 *     1  pattern LF subject LF subject ...
 *     2  the same, and case is ignored
 *
 * A pattern without its special characters is a subject as well.
 */

#include "fuzz.h"
#include "literal_truth.h"
#include "random_paths.h"

#include "fig_regex.h"


#define SUBJECTS  16


static fig_scratch_t   *scratch;
static fig_literals_t   literals;


static void
check_captures(const fig_regex_t *regex, fig_str_t subject)
{
    unsigned   n;
    fig_str_t  capture;

    for (n = 0; n <= fig_regex_captures(regex); n++) {
        capture = fig_regex_capture(scratch, subject, n);

        fuzz_check(capture.data == NULL
                   || (capture.data >= subject.data
                       && capture.data + capture.len
                          <= subject.data + subject.len),
                   "a capture of something else", subject);
    }
}


static void
check_subject(const fig_regex_t *regex, fig_str_t subject)
{
    fuzz_heap_t  heap;

    heap.n = 0;
    subject = fuzz_copy(&heap, subject);

    if (fig_regex_match(regex, subject, scratch) == FIG_REGEX_MATCH) {
        fuzz_check(literals_are_true(&literals, subject), "a false guarantee",
                   subject);
        check_captures(regex, subject);
    }

    fuzz_release(&heap);
}


/* The pattern, of which the guarantees are then known; NULL: not accepted. */

static fig_regex_t *
read_pattern(fig_str_t pattern, bool caseless)
{
    char          error[256];
    size_t        offset;
    fig_regex_t  *regex;

    if (fig_regex_create(pattern, caseless, &regex, error, &offset)
        != FIG_OK)
    {
        fuzz_check(error[0] != '\0' && offset <= pattern.len
                   && regex == NULL, "no error", pattern);
        return NULL;
    }

    fig_literals_parse(fig_regex_pattern(regex), &literals);

    return regex;
}


static void
fuzz_choices(fig_str_t text)
{
    char          pattern[512], subject[512];
    size_t        i, skip;
    random_t      r;
    fig_regex_t  *regex;

    r = random_from_bytes((const uint8_t *) text.data, text.len);
    random_pattern(&r, pattern);
    skip = 1 + (pattern[1] == '*');

    regex = read_pattern(fig_str_from(pattern + skip), skip == 2);

    if (regex == NULL) {
        return;
    }

    for (i = 0; i < SUBJECTS && r.nbytes != 0; i++) {
        random_path(&r, subject, false);
        check_subject(regex, fig_str_from(subject));
    }

    fig_regex_destroy(regex);
}


static void
check_stripped(const fig_regex_t *regex, fuzz_heap_t *heap)
{
    char       *out;
    size_t      i, len;
    fig_str_t   pattern;

    static const char  special[] = "^$\\()[]?*+|{}";

    pattern = fig_regex_pattern(regex);
    out = fuzz_room(heap, pattern.len);

    for (i = 0, len = 0; i < pattern.len; i++) {
        if (pattern.data[i] == '\0' || !strchr(special, pattern.data[i])) {
            out[len++] = pattern.data[i];
        }
    }

    check_subject(regex, fig_str(out, len));
}


static void
fuzz_bytes(fig_str_t text, bool caseless)
{
    size_t        i;
    fig_str_t     pattern;
    fig_regex_t  *regex;
    fuzz_heap_t   heap;

    heap.n = 0;
    pattern = fuzz_copy(&heap, fuzz_cut(&text, '\n'));

    regex = read_pattern(pattern, caseless);

    if (regex != NULL) {
        for (i = 0; i < SUBJECTS && text.len != 0; i++) {
            check_subject(regex, fuzz_cut(&text, '\n'));
        }

        check_stripped(regex, &heap);
    }

    fig_regex_destroy(regex);
    fuzz_release(&heap);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    scratch = fig_scratch_create();
    assert_non_null(scratch);

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fig_str_t  text;

    if (size == 0) {
        return 0;
    }

    text = fig_str((const char *) data + 1, size - 1);

    switch (data[0] & 3) {

    case 0:
        fuzz_choices(text);
        break;

    default:
        fuzz_bytes(text, data[0] & 2);
        break;
    }

    return 0;
}
