/*
 * What fig_scalar.h has for amounts.
 *
 *     size      65536  64k  1m
 *     decimal   0.01  1e-6, as JSON writes it: the text is what is kept
 */

#include "fig_scalar.h"

#include <stdio.h>


#define FIG_DECIMAL_DIGITS    32
#define FIG_DECIMAL_EXPONENT  4


static bool
fig_scalar_is_digit(fig_str_t text, size_t i)
{
    return i < text.len && text.data[i] >= '0' && text.data[i] <= '9';
}


/* As people write a size: 64k, 1m, 1000. */

static void
fig_scalar_size_text(size_t size, char *out, size_t room)
{
    if (size > 0 && size % (1024 * 1024) == 0) {
        snprintf(out, room, "%zum", size / (1024 * 1024));

    } else if (size > 0 && size % 1024 == 0) {
        snprintf(out, room, "%zuk", size / 1024);

    } else {
        snprintf(out, room, "%zu", size);
    }
}


bool
fig_scalar_size(fig_str_t text, size_t min, size_t max, size_t *size,
    fig_fault_t *fault)
{
    char    least[32], most[32], message[FIG_FAULT_TEXT];
    size_t  i, value, unit;

    value = 0;

    for (i = 0; fig_scalar_is_digit(text, i); i++) {
        if (value <= max) {
            value = value * 10 + (size_t) (text.data[i] - '0');
        }
    }

    unit = 1;

    if (i > 0 && i + 1 == text.len) {
        switch (fig_lower((unsigned char) text.data[i])) {

        case 'k':
            unit = 1024;
            break;

        case 'm':
            unit = 1024 * 1024;
            break;

        default:
            i = 0;
            break;
        }

    } else if (i != text.len) {
        i = 0;
    }

    if (i == 0) {
        return fig_fault(fault, "must be a size", "write 64k or 1m");
    }

    if (value > max / unit || value * unit < min) {
        fig_scalar_size_text(min, least, sizeof(least));
        fig_scalar_size_text(max, most, sizeof(most));
        snprintf(message, sizeof(message), "must be a size from %s to %s",
                 least, most);
        return fig_fault(fault, message, NULL);
    }

    *size = value * unit;

    return true;
}


bool
fig_scalar_decimal(fig_str_t text, fig_fault_t *fault)
{
    size_t  i, digits, exponent;

    static const char  must[] = "must be a number, 0 or more";

    for (i = 0; fig_scalar_is_digit(text, i); i++) { /* void */ }

    digits = i;

    if (i == 0) {
        return fig_fault(fault, must, "write 0.01 or 1e-6");
    }

    if (i > 1 && text.data[0] == '0') {
        return fig_fault(fault, "begins with a zero", NULL);
    }

    if (i < text.len && text.data[i] == '.') {
        for (i++; fig_scalar_is_digit(text, i); i++) {
            digits++;
        }

        if (!fig_scalar_is_digit(text, i - 1)) {
            return fig_fault(fault, must, "write 0.01 or 1e-6");
        }
    }

    exponent = 0;

    if (i < text.len && fig_lower((unsigned char) text.data[i]) == 'e') {
        i++;

        if (i < text.len && (text.data[i] == '+' || text.data[i] == '-')) {
            i++;
        }

        for ( /* void */ ; fig_scalar_is_digit(text, i); i++) {
            exponent++;
        }

        if (exponent == 0) {
            return fig_fault(fault, must, "write 0.01 or 1e-6");
        }
    }

    if (i != text.len) {
        return fig_fault(fault, must, "write 0.01 or 1e-6");
    }

    if (digits > FIG_DECIMAL_DIGITS || exponent > FIG_DECIMAL_EXPONENT) {
        return fig_fault(fault, "has too many digits", NULL);
    }

    return true;
}
