/*
 * Request methods as bits, so that a condition on methods costs one AND;
 * private to rules/.  Methods that have no bit of their own share
 * FIG_METHOD_OTHER and are compared as strings.
 */

#ifndef FIG_METHOD_H
#define FIG_METHOD_H

#include "fig_base.h"


#define FIG_METHOD_OTHER  (1U << 31)


/* The method's bit.  Case-sensitive, as methods are. */
uint32_t fig_method_bit(fig_str_t method);


#endif /* FIG_METHOD_H */
