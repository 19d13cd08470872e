/*
 * Request methods: their bits and the classes of RFC 9110, section 9.2.
 *
 *     GET HEAD OPTIONS TRACE | PUT DELETE | POST PATCH CONNECT ... | others
 *     safe                     idempotent   neither
 */

#include "fig_method.h"
#include "fig_rules.h"


#define FIG_METHODS_SAFE        0x0f
#define FIG_METHODS_IDEMPOTENT  0x3f


/* The bit of a method is its place; safe ones first, then idempotent ones. */

static const fig_str_t  fig_methods[] = {
    FIG_STR("GET"),
    FIG_STR("HEAD"),
    FIG_STR("OPTIONS"),
    FIG_STR("TRACE"),
    FIG_STR("PUT"),
    FIG_STR("DELETE"),
    FIG_STR("POST"),
    FIG_STR("PATCH"),
    FIG_STR("CONNECT")
};


uint32_t
fig_method_bit(fig_str_t method)
{
    size_t  i;

    for (i = 0; i < FIG_NELTS(fig_methods); i++) {
        if (fig_methods[i].len == method.len
            && fig_methods[i].data[0] == method.data[0]
            && fig_str_eq(fig_methods[i], method))
        {
            return 1U << i;
        }
    }

    return FIG_METHOD_OTHER;
}


bool
fig_method_is_safe(fig_str_t method)
{
    return fig_method_bit(method) & FIG_METHODS_SAFE;
}


bool
fig_method_is_idempotent(fig_str_t method)
{
    return fig_method_bit(method) & FIG_METHODS_IDEMPOTENT;
}
