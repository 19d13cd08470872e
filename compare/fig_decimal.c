/*
 * Exact decimals: equality, hashing, tolerance.
 *
 *     a   9 9 9 . 5          digits in a row, from the lowest power of ten of
 *     b     1 0 . 2 5        either: subtracted, multiplied and compared as on
 *     |   |       |          paper
 *     top         low
 */

#include "fig_decimal.h"
#include "fig_hash64.h"


#define FIG_DECIMAL_ROOM  (FIG_DECIMAL_SPAN + FIG_DECIMAL_LIMIT + 8)


/* sum of digits[i] * 10^(low + i); the last digit is not 0. */

typedef struct {
    size_t         n;
    int64_t        low;
    unsigned char  digits[FIG_DECIMAL_ROOM];
} fig_row_t;


static inline bool
fig_decimal_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


/* The exponent, at an e; more than 18 digits are huge. */

static void
fig_decimal_read_exponent(fig_decimal_t *decimal, const char *p,
    const char *end)
{
    bool         negative;
    int64_t      exponent;
    const char  *start;

    negative = (p[1] == '-');
    p += 1 + (p[1] == '-' || p[1] == '+');

    while (p < end && *p == '0') {
        p++;
    }

    for (exponent = 0, start = p; p < end; p++) {
        if (p - start == 18) {
            decimal->huge = true;
            return;
        }

        exponent = exponent * 10 + (*p - '0');
    }

    decimal->top += negative ? -exponent : exponent;
}


fig_decimal_t
fig_decimal_read(fig_str_t text)
{
    const char     *p, *start, *end, *dot;
    fig_decimal_t   decimal = { .ndigits = 0 };

    p = text.data;
    end = p + text.len;
    decimal.negative = (*p == '-');
    p += decimal.negative;

    for (start = p; p < end && fig_decimal_is_digit(*p); p++) {
        /* void */
    }

    dot = p;

    if (p < end && *p == '.') {
        for (p++; p < end && fig_decimal_is_digit(*p); p++) {
            /* void */
        }
    }

    for (decimal.end = p;
         decimal.end > start && decimal.end[-1] <= '0';
         decimal.end--)
    {
        /* void: zeros and the dot */
    }

    while (start < decimal.end && *start <= '0') {
        start++;
    }

    if (start == decimal.end) {
        decimal.negative = false;
        return decimal;
    }

    decimal.first = start;
    decimal.ndigits = (uint32_t) (decimal.end - start
                                  - (dot > start && dot < decimal.end));
    decimal.top = (start < dot) ? dot - start - 1 : dot - start;

    if (p < end) {
        fig_decimal_read_exponent(&decimal, p, end);
    }

    return decimal;
}


bool
fig_decimal_is_equal(fig_str_t a, fig_str_t b)
{
    uint32_t       n;
    const char    *p, *q;
    fig_decimal_t  x, y;

    if (fig_str_eq(a, b)) {
        return true;
    }

    x = fig_decimal_read(a);
    y = fig_decimal_read(b);

    if (x.ndigits != y.ndigits || x.negative != y.negative || x.top != y.top
        || x.huge || y.huge)
    {
        return false;
    }

    for (n = x.ndigits, p = x.first, q = y.first; n > 0; n--, p++, q++) {
        p += (*p == '.');
        q += (*q == '.');

        if (*p != *q) {
            return false;
        }
    }

    return true;
}


uint64_t
fig_decimal_hash(fig_str_t text)
{
    uint64_t        h;
    const char     *p;
    fig_decimal_t   decimal;

    decimal = fig_decimal_read(text);

    if (decimal.ndigits == 0) {
        return 0;
    }

    h = (uint64_t) decimal.top * 2 + decimal.negative;

    for (p = decimal.first; p < decimal.end; p++) {
        if (*p != '.') {
            h = h * UINT64_C(0x9e3779b97f4a7c15) + (unsigned char) *p;
        }
    }

    return fig_hash64_mix(h);
}


/* Digits of a decimal above low; room for all that is up to its top. */

static void
fig_row_fill(fig_row_t *row, const fig_decimal_t *decimal, int64_t low)
{
    size_t       i;
    const char  *p;

    row->low = low;
    row->n = 0;

    if (decimal->ndigits == 0) {
        return;
    }

    row->n = (size_t) (decimal->top - low) + 1;
    memset(row->digits, 0, row->n);

    for (p = decimal->first, i = row->n; p < decimal->end; p++) {
        if (*p != '.') {
            row->digits[--i] = (unsigned char) (*p - '0');
        }
    }
}


static void
fig_row_trim(fig_row_t *row)
{
    while (row->n > 0 && row->digits[row->n - 1] == 0) {
        row->n--;
    }
}


static unsigned char
fig_row_at(const fig_row_t *row, int64_t power)
{
    if (power < row->low || power >= row->low + (int64_t) row->n) {
        return 0;
    }

    return row->digits[power - row->low];
}


static int
fig_row_compare(const fig_row_t *a, const fig_row_t *b)
{
    int64_t        power, low, top_a, top_b;
    unsigned char  x, y;

    if (a->n == 0 || b->n == 0) {
        return (a->n != 0) - (b->n != 0);
    }

    top_a = a->low + (int64_t) a->n;
    top_b = b->low + (int64_t) b->n;

    if (top_a != top_b) {
        return (top_a > top_b) ? 1 : -1;
    }

    low = (a->low < b->low) ? a->low : b->low;

    for (power = top_a - 1; power >= low; power--) {
        x = fig_row_at(a, power);
        y = fig_row_at(b, power);

        if (x != y) {
            return (x > y) ? 1 : -1;
        }
    }

    return 0;
}


/* out = a + b, or a - b, which is not negative; all from the same low. */

static void
fig_row_combine(fig_row_t *out, const fig_row_t *a, const fig_row_t *b,
    bool minus)
{
    int     digit, carry;
    size_t  i, n;

    out->low = a->low;
    n = (a->n > b->n) ? a->n : b->n;

    for (i = 0, carry = 0; i < n; i++) {
        digit = (i < a->n ? a->digits[i] : 0) + carry;
        digit += (minus ? -1 : 1) * (i < b->n ? b->digits[i] : 0);
        carry = (digit < 0) ? -1 : digit / 10;
        out->digits[i] = (unsigned char) (digit - 10 * carry);
    }

    if (carry > 0) {
        out->digits[n++] = 1;
    }

    out->n = n;
    fig_row_trim(out);
}


static void
fig_row_multiply(fig_row_t *out, const fig_row_t *a, const fig_row_t *b)
{
    size_t    i, j;
    unsigned  digit;

    out->low = a->low + b->low;
    out->n = a->n + b->n;
    memset(out->digits, 0, out->n);

    for (i = 0; i < b->n; i++) {
        for (j = 0, digit = 0; j < a->n || digit != 0; j++) {
            digit += out->digits[i + j];
            digit += (j < a->n) ? (unsigned) a->digits[j] * b->digits[i] : 0;
            out->digits[i + j] = (unsigned char) (digit % 10);
            digit /= 10;
        }
    }

    fig_row_trim(out);
}


static void
fig_row_read(fig_row_t *row, fig_str_t text)
{
    fig_decimal_t  decimal;

    decimal = fig_decimal_read(text);
    fig_row_fill(row, &decimal, decimal.top - (int64_t) decimal.ndigits + 1);
}


/* The power of ten of the lowest digit of either. */

static int64_t
fig_decimal_low(const fig_decimal_t *a, const fig_decimal_t *b)
{
    int64_t  x, y;

    x = a->top - (int64_t) a->ndigits + 1;
    y = b->top - (int64_t) b->ndigits + 1;

    if (a->ndigits == 0) {
        return y;
    }

    return (b->ndigits == 0 || x < y) ? x : y;
}


bool
fig_decimal_is_near(fig_str_t a, fig_str_t b, fig_str_t abs, fig_str_t rel)
{
    int64_t         low;
    fig_row_t       x, y, gap, limit, product, *larger;
    fig_decimal_t   p, q;

    if (fig_decimal_is_equal(a, b)) {
        return true;
    }

    p = fig_decimal_read(a);
    q = fig_decimal_read(b);
    low = fig_decimal_low(&p, &q);

    if (p.huge || q.huge
        || (p.ndigits != 0 && p.top - low >= FIG_DECIMAL_SPAN)
        || (q.ndigits != 0 && q.top - low >= FIG_DECIMAL_SPAN))
    {
        return false;
    }

    fig_row_fill(&x, &p, low);
    fig_row_fill(&y, &q, low);
    larger = (fig_row_compare(&x, &y) >= 0) ? &x : &y;
    fig_row_combine(&gap, larger, larger == &x ? &y : &x,
                    p.negative == q.negative);

    if (abs.len != 0) {
        fig_row_read(&limit, abs);

        if (fig_row_compare(&gap, &limit) <= 0) {
            return true;
        }
    }

    if (rel.len == 0) {
        return false;
    }

    fig_row_read(&limit, rel);
    fig_row_multiply(&product, larger, &limit);

    return fig_row_compare(&gap, &product) <= 0;
}


bool
fig_decimal_is_limit(fig_str_t text)
{
    size_t  i, digits;

    if (text.len == 0 || text.len > FIG_DECIMAL_LIMIT + 8
        || text.data[0] == '-')
    {
        return false;
    }

    for (i = 0; i < text.len && (text.data[i] | 0x20) != 'e'; i++) {
        if (!fig_decimal_is_digit(text.data[i]) && text.data[i] != '.') {
            return false;
        }
    }

    digits = i;

    return digits <= FIG_DECIMAL_LIMIT && text.len - digits <= 5;
}
