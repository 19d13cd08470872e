/*
 * Which routes are looked at: options of several commands, which the API
 * understands by the same names.
 *
 *     --stage live --drift  ->  v1/routes?stage=live&drift=true
 */

#ifndef FILTERS_H
#define FILTERS_H

#include "args.h"


extern const cli_option_t  cli_filter_options[];

/* The path of the list of these routes, v1/routes?...; to be freed. */
char *cli_filters_path(void);


#endif /* FILTERS_H */
