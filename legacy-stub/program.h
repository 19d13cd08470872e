/*
 * What both programs are: options, a database, a server, until a signal.
 */

#ifndef SHOP_PROGRAM_H
#define SHOP_PROGRAM_H

#include <stddef.h>

#include "shop.h"


/* how a program differs from the other one */
typedef struct {
    const char                    *name;        /* X-Served-By */
    const shop_mount_t            *mounts;
    const shop_db_part_t *const   *parts;
    size_t                         nparts;
    unsigned                       accounts:1;  /* has logins */
    unsigned                       stamped:1;   /* see shop_t */
} shop_program_t;


/* Finds the program for a --service value, which is NULL without one. */
typedef const shop_program_t *(*shop_program_find_pt)(const char *service);


/*
 * Parses the command line, runs until SIGTERM or SIGINT. Returns the exit
 * status: 0, 1 if it could not start, 2 for a wrong command line.
 */
int shop_program_main(int argc, char **argv, const char *usage,
    shop_program_find_pt find);


#endif /* SHOP_PROGRAM_H */
