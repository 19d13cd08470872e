/*
 * Reads a pattern into the tokens of one of its ways.
 *
 *     /v\d+/(a|b)$     choices 0      / v GAP GAP / a END
 *                      choices 1      / v GAP GAP / b END
 *
 * Everything that changes how other parts are read or matched (inline options,
 * \Q, backreferences, recursion, conditions, verbs, \K) makes the reader fail,
 * and so does all that it does not know: a token too many would lose a match,
 * one that is missing costs time.
 */

#include "fig_reader.h"


#define FIG_READER_DEPTH  32


static void fig_read_alternatives(fig_reader_t *reader);


static void
fig_reader_push(fig_reader_t *reader, unsigned token)
{
    if (reader->ntokens == FIG_READER_TOKENS) {
        reader->failed = true;
        return;
    }

    reader->tokens[reader->ntokens++] = (uint16_t) token;
}


/* Takes back all tokens from start on: they may or may not be matched. */

static void
fig_reader_gap(fig_reader_t *reader, size_t start)
{
    reader->ntokens = start;
    fig_reader_push(reader, FIG_TOKEN_GAP);
}


static bool
fig_reader_next_is(const fig_reader_t *reader, char c)
{
    return reader->p < reader->last && *reader->p == c;
}


static bool
fig_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static bool
fig_is_alnum(char c)
{
    return fig_is_digit(c) || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
}


/*
 * Reads {n}, {n,} or {n,m} and tells whether n is 0.  Anything else with a
 * brace is text to some versions of PCRE2 and a quantifier to others.
 */

static bool
fig_read_braces(fig_reader_t *reader)
{
    bool  zero;

    zero = true;
    reader->p++;

    if (reader->p == reader->last || !fig_is_digit(*reader->p)) {
        reader->failed = true;
        return true;
    }

    for ( /* void */ ; reader->p < reader->last; reader->p++) {
        if (!fig_is_digit(*reader->p)) {
            break;
        }

        zero = zero && *reader->p == '0';
    }

    if (fig_reader_next_is(reader, ',')) {
        do {
            reader->p++;
        } while (reader->p < reader->last && fig_is_digit(*reader->p));
    }

    if (!fig_reader_next_is(reader, '}')) {
        reader->failed = true;
        return true;
    }

    reader->p++;

    return zero;
}


/* What follows an atom of which the tokens begin at start. */

static void
fig_read_quantifier(fig_reader_t *reader, size_t start)
{
    bool  zero;

    if (reader->p == reader->last) {
        return;
    }

    switch (*reader->p) {

    case '*':
    case '?':
        zero = true;
        reader->p++;
        break;

    case '+':
        zero = false;
        reader->p++;
        break;

    case '{':
        zero = fig_read_braces(reader);
        break;

    default:
        return;
    }

    /* lazy or possessive */

    if (fig_reader_next_is(reader, '?') || fig_reader_next_is(reader, '+')) {
        reader->p++;
    }

    fig_reader_gap(reader, zero ? start : reader->ntokens);
}


/* What has no width cannot be repeated; where it is, we do not follow. */

static void
fig_read_no_quantifier(fig_reader_t *reader)
{
    if (reader->p < reader->last
        && (*reader->p == '*' || *reader->p == '+' || *reader->p == '?'
            || *reader->p == '{'))
    {
        reader->failed = true;
    }
}


/* [:name:] inside a class, at its bracket. */

static bool
fig_read_posix(fig_reader_t *reader)
{
    const char  *p;

    p = reader->p + 2;

    if (reader->p[1] != ':') {
        return false;
    }

    while (p < reader->last && ((*p >= 'a' && *p <= 'z') || *p == '^')) {
        p++;
    }

    if (reader->last - p < 2 || p[0] != ':' || p[1] != ']') {
        return false;
    }

    reader->p = p + 2;

    return true;
}


/* Skips a class up to and with its bracket. */

static void
fig_skip_class(fig_reader_t *reader)
{
    if (fig_reader_next_is(reader, '^')) {
        reader->p++;
    }

    if (fig_reader_next_is(reader, ']')) {
        reader->p++;
    }

    while (reader->p < reader->last && *reader->p != ']') {

        if (reader->last - reader->p < 2) {
            break;
        }

        if (*reader->p == '\\') {

            /* a quoted part could hide the bracket */

            if (reader->p[1] == 'Q' || reader->p[1] == 'E') {
                break;
            }

            reader->p += 2;
            continue;
        }

        if (*reader->p == '['
            && (reader->p[1] == ':' || reader->p[1] == '.'
                || reader->p[1] == '='))
        {
            if (!fig_read_posix(reader)) {
                break;
            }

            continue;
        }

        reader->p++;
    }

    if (!fig_reader_next_is(reader, ']')) {
        reader->failed = true;
        return;
    }

    reader->p++;
}


/* A class, behind its bracket.  [.] is a byte; all others are gaps. */

static void
fig_read_class(fig_reader_t *reader)
{
    char  c;

    if (reader->last - reader->p >= 2 && reader->p[1] == ']') {
        c = reader->p[0];

        if (c != '^' && c != '\\' && c != '[' && c != ']') {
            fig_reader_push(reader, (unsigned char) c);
            reader->p += 2;
            return;
        }
    }

    fig_skip_class(reader);
    fig_reader_push(reader, FIG_TOKEN_GAP);
}


/* An escape, behind its backslash.  Returns whether it has a width. */

static bool
fig_read_escape(fig_reader_t *reader)
{
    char  c;

    if (reader->p == reader->last) {
        reader->failed = true;
        return true;
    }

    c = *reader->p++;

    if ((unsigned char) c < 0x80 && !fig_is_alnum(c)) {
        fig_reader_push(reader, (unsigned char) c);
        return true;
    }

    switch (c) {

    case 'd':
    case 'D':
    case 'w':
    case 'W':
    case 's':
    case 'S':
    case 'h':
    case 'H':
    case 'v':
    case 'V':
    case 'N':
    case 'R':
        fig_reader_push(reader, FIG_TOKEN_GAP);
        return true;

    case 'b':
    case 'B':
    case 'A':
        return false;

    case 'z':
        fig_reader_push(reader, FIG_TOKEN_END);
        return false;

    default:
        reader->failed = true;
        return true;
    }
}


/*
 * The beginning of a group, behind its parenthesis.  Returns whether its text
 * is part of what is matched, and not of a lookaround.
 */

static bool
fig_read_group_kind(fig_reader_t *reader)
{
    char  c;

    if (fig_reader_next_is(reader, '*')) {
        reader->failed = true;
        return true;
    }

    if (!fig_reader_next_is(reader, '?')) {
        return true;
    }

    reader->p++;

    if (reader->last - reader->p < 2) {
        reader->failed = true;
        return true;
    }

    c = *reader->p++;

    if (c == ':' || c == '>' || c == '|') {
        return true;
    }

    if (c == '=' || c == '!') {
        return false;
    }

    if (c == '<' && (*reader->p == '=' || *reader->p == '!')) {
        reader->p++;
        return false;
    }

    /* (?<name>...), (?P<name>...), (?'name'...) */

    if (c == 'P' && *reader->p == '<') {
        c = *reader->p++;
    }

    if (c != '<' && c != '\'') {
        reader->failed = true;
        return true;
    }

    c = (c == '<') ? '>' : '\'';

    while (reader->p < reader->last
           && (fig_is_alnum(*reader->p) || *reader->p == '_'))
    {
        reader->p++;
    }

    if (!fig_reader_next_is(reader, c)) {
        reader->failed = true;
        return true;
    }

    reader->p++;

    return true;
}


/* A group, behind its parenthesis. */

static void
fig_read_group(fig_reader_t *reader)
{
    bool    matched;
    size_t  start;

    start = reader->ntokens;
    matched = fig_read_group_kind(reader);

    if (!matched) {
        reader->muted++;
    }

    fig_read_alternatives(reader);

    if (!matched) {
        reader->muted--;
        fig_reader_gap(reader, start);
    }

    if (!fig_reader_next_is(reader, ')')) {
        reader->failed = true;
        return;
    }

    reader->p++;
}


/* One atom with its quantifier. */

static void
fig_read_item(fig_reader_t *reader)
{
    bool    width;
    char    c;
    size_t  start;

    width = true;
    start = reader->ntokens;
    c = *reader->p++;

    switch (c) {

    case '^':
        width = false;
        break;

    case '$':
        fig_reader_push(reader, FIG_TOKEN_END);
        width = false;
        break;

    case '.':
        fig_reader_push(reader, FIG_TOKEN_GAP);
        break;

    case '[':
        fig_read_class(reader);
        break;

    case '(':
        fig_read_group(reader);
        break;

    case '\\':
        width = fig_read_escape(reader);
        break;

    case '*':
    case '+':
    case '?':
    case '{':
        reader->failed = true;
        break;

    default:
        fig_reader_push(reader, (unsigned char) c);
        break;
    }

    if (width) {
        fig_read_quantifier(reader, start);
    } else {
        fig_read_no_quantifier(reader);
    }
}


static void
fig_read_sequence(fig_reader_t *reader)
{
    while (reader->p < reader->last && *reader->p != '|' && *reader->p != ')'
           && !reader->failed)
    {
        fig_read_item(reader);
    }
}


/*
 * The place of the next alternation in the odometer, or -1 where it has none
 * because it is not chosen itself.
 */

static int
fig_reader_choice(fig_reader_t *reader)
{
    if (reader->muted != 0) {
        return -1;
    }

    if (reader->nchoices == FIG_READER_CHOICES) {
        reader->failed = true;
        return -1;
    }

    return (int) reader->nchoices++;
}


/* Alternatives up to a parenthesis or the end: one of them is kept. */

static void
fig_read_alternatives(fig_reader_t *reader)
{
    int       place;
    bool      kept;
    size_t    start, end;
    uint32_t  n;

    if (reader->depth++ == FIG_READER_DEPTH) {
        reader->failed = true;
    }

    place = fig_reader_choice(reader);
    start = reader->ntokens;
    n = 0;

    while (!reader->failed) {
        kept = place < 0 || reader->choice[place] == n;
        reader->muted += !kept;

        end = reader->ntokens;
        fig_read_sequence(reader);

        reader->muted -= !kept;

        if (!kept) {
            reader->ntokens = end;
        }

        n++;

        if (!fig_reader_next_is(reader, '|')) {
            break;
        }

        reader->p++;
    }

    reader->depth--;

    if (n > 1 && (place < 0 || (reader->flat && place > 0))) {
        fig_reader_gap(reader, start);
        n = 1;
    }

    if (place >= 0) {
        reader->count[place] = n;
    }
}


bool
fig_reader_way(fig_reader_t *reader, fig_str_t pattern)
{
    reader->p = pattern.data;
    reader->last = pattern.data + pattern.len;
    reader->failed = false;
    reader->muted = 0;
    reader->depth = 0;
    reader->nchoices = 0;
    reader->ntokens = 0;

    fig_read_alternatives(reader);

    return !reader->failed && reader->p == reader->last;
}


bool
fig_reader_turn(fig_reader_t *reader)
{
    uint32_t  i;

    for (i = reader->nchoices; i > 0; i--) {

        if (reader->choice[i - 1] + 1 < reader->count[i - 1]) {
            reader->choice[i - 1]++;
            return true;
        }

        reader->choice[i - 1] = 0;
    }

    return false;
}
