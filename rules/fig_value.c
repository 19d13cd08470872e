/*
 * Values of a request by name: header lines, query parameters, cookies.
 *
 * What a value is when a name comes more than once is decided here alone, so
 * that a condition, `by` and an explanation cannot differ.  It knows neither
 * what a value is compared with nor what is stuck to it.
 */

#include "fig_value.h"


static const fig_str_t  fig_cookie_name = FIG_STR("cookie");


void
fig_request_fill(fig_request_t *request)
{
    void  (*fill)(fig_request_t *);

    fill = request->fill;

    if (fill != NULL) {
        request->fill = NULL;
        fill(request);
    }
}


/* Appends to the scratch; false when it is full. */

static bool
fig_value_append(fig_scratch_t *scratch, size_t *len, fig_str_t str)
{
    if (str.len > FIG_SCRATCH_VALUE - *len) {
        return false;
    }

    if (str.len != 0) {
        memcpy(scratch->value + *len, str.data, str.len);
    }

    *len += str.len;

    return true;
}


/* Joins the lines of name, of which the first one is the i-th header. */

static fig_value_t
fig_value_join(const fig_request_t *request, size_t i, fig_str_t name,
    fig_scratch_t *scratch, fig_str_t *value)
{
    size_t               len;
    const fig_header_t  *header;

    static const fig_str_t  comma = FIG_STR(", ");

    len = 0;

    if (!fig_value_append(scratch, &len, request->headers[i].value)) {
        return FIG_VALUE_TOO_LONG;
    }

    for (i++; i < request->nheaders; i++) {
        header = &request->headers[i];

        if (!fig_str_caseeq(header->name, name)) {
            continue;
        }

        if (!fig_value_append(scratch, &len, comma)
            || !fig_value_append(scratch, &len, header->value))
        {
            return FIG_VALUE_TOO_LONG;
        }
    }

    *value = fig_str(scratch->value, len);

    return FIG_VALUE_FOUND;
}


fig_value_t
fig_value_header(fig_request_t *request, fig_str_t name,
    fig_scratch_t *scratch, fig_str_t *value)
{
    size_t  i, first;

    fig_request_fill(request);

    first = request->nheaders;

    for (i = 0; i < request->nheaders; i++) {

        if (!fig_str_caseeq(request->headers[i].name, name)) {
            continue;
        }

        if (first != request->nheaders) {
            return fig_value_join(request, first, name, scratch, value);
        }

        first = i;
    }

    if (first == request->nheaders) {
        return FIG_VALUE_MISSING;
    }

    *value = request->headers[first].value;

    return FIG_VALUE_FOUND;
}


static int
fig_value_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = (char) fig_lower((unsigned char) c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* The decoded byte at *p, which moves on. */

static char
fig_value_decode(const char **p, const char *last)
{
    int   high, low;
    char  c;

    c = *(*p)++;

    if (c == '+') {
        return ' ';
    }

    if (c != '%' || last - *p < 2) {
        return c;
    }

    high = fig_value_hex((*p)[0]);
    low = fig_value_hex((*p)[1]);

    if (high < 0 || low < 0) {
        return c;
    }

    *p += 2;

    return (char) (high * 16 + low);
}


static bool
fig_value_is_encoded(fig_str_t text)
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '%' || text.data[i] == '+') {
            return true;
        }
    }

    return false;
}


static bool
fig_value_query_name(const char *p, const char *last, fig_str_t name)
{
    size_t  i;

    for (i = 0; p < last; i++) {
        if (i == name.len || fig_value_decode(&p, last) != name.data[i]) {
            return false;
        }
    }

    return i == name.len;
}


/* The end of text or the first c in it. */

static const char *
fig_value_until(const char *p, const char *last, char c)
{
    while (p < last && *p != c) {
        p++;
    }

    return p;
}


fig_value_t
fig_value_query(const fig_request_t *request, fig_str_t name,
    fig_scratch_t *scratch, fig_str_t *value)
{
    size_t       len;
    const char  *p, *last, *end, *equals;

    p = request->query.data;
    last = p + request->query.len;

    for ( ;; p = end + 1) {
        end = fig_value_until(p, last, '&');
        equals = fig_value_until(p, end, '=');

        if (p < end && fig_value_query_name(p, equals, name)) {
            break;
        }

        if (end == last) {
            return FIG_VALUE_MISSING;
        }
    }

    p = (equals < end) ? equals + 1 : end;
    *value = fig_str(p, (size_t) (end - p));

    if (!fig_value_is_encoded(*value)) {
        return FIG_VALUE_FOUND;
    }

    for (len = 0; p < end; len++) {
        if (len == FIG_SCRATCH_VALUE) {
            return FIG_VALUE_TOO_LONG;
        }

        scratch->value[len] = fig_value_decode(&p, end);
    }

    *value = fig_str(scratch->value, len);

    return FIG_VALUE_FOUND;
}


static bool
fig_value_is_space(char c)
{
    return c == ' ' || c == '\t';
}


/* Finds name in one Cookie line. */

static bool
fig_value_cookie_line(fig_str_t line, fig_str_t name, fig_str_t *value)
{
    const char  *p, *last, *end, *equals;

    p = line.data;
    last = p + line.len;

    while (p < last) {

        if (fig_value_is_space(*p) || *p == ';') {
            p++;
            continue;
        }

        end = fig_value_until(p, last, ';');
        equals = fig_value_until(p, end, '=');

        *value = fig_str(p, (size_t) (equals - p));
        p = end;

        if (equals == end) {
            continue;
        }

        while (value->len && fig_value_is_space(value->data[value->len - 1])) {
            value->len--;
        }

        if (!fig_str_eq(*value, name)) {
            continue;
        }

        for (equals++; equals < end && fig_value_is_space(*equals); equals++) {
            /* void */
        }

        while (equals < end && fig_value_is_space(end[-1])) {
            end--;
        }

        *value = fig_str(equals, (size_t) (end - equals));

        return true;
    }

    return false;
}


fig_value_t
fig_value_cookie(fig_request_t *request, fig_str_t name, fig_str_t *value)
{
    size_t               i;
    const fig_header_t  *header;

    fig_request_fill(request);

    for (i = 0; i < request->nheaders; i++) {
        header = &request->headers[i];

        if (fig_str_caseeq(header->name, fig_cookie_name)
            && fig_value_cookie_line(header->value, name, value))
        {
            return FIG_VALUE_FOUND;
        }
    }

    return FIG_VALUE_MISSING;
}


fig_value_t
fig_value_find(fig_request_t *request, fig_by_kind_t kind, fig_str_t name,
    fig_scratch_t *scratch, fig_str_t *value)
{
    switch (kind) {

    case FIG_BY_HEADER:
        return fig_value_header(request, name, scratch, value);

    case FIG_BY_QUERY:
        return fig_value_query(request, name, scratch, value);

    case FIG_BY_COOKIE:
        return fig_value_cookie(request, name, value);

    default:
        return FIG_VALUE_MISSING;
    }
}
