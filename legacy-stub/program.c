/*
 * From command line to exit. Signals are blocked in every thread and waited
 * for in this one, so that nothing ever runs in a signal handler.
 */

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "diagnostics.h"
#include "exchange.h"
#include "program.h"
#include "server.h"
#include "session.h"


#define SHOP_IDLE_DEFAULT  75
#define SHOP_IDLE_MAX      86400


typedef struct {
    int64_t      port;
    int64_t      idle;
    const char  *bind;
    const char  *db;
    const char  *static_dir;
    const char  *service;
    unsigned     echo:1;
} shop_options_t;


static const struct option  shop_long_options[] = {
    { "port", required_argument, NULL, 'p' },
    { "bind", required_argument, NULL, 'b' },
    { "db", required_argument, NULL, 'd' },
    { "static", required_argument, NULL, 's' },
    { "service", required_argument, NULL, 'S' },
    { "idle", required_argument, NULL, 'i' },
    { "echo", no_argument, NULL, 'e' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


/* with --echo, nothing but the echo answers */
static const shop_mount_t  shop_echo_mounts[] = {
    { "", shop_echo_routes },
    { NULL, NULL }
};


/* 0, or -1 for an option that makes no sense */
static int
shop_options_set(shop_options_t *options, int c)
{
    switch (c) {

    case 'p':
        options->port = shop_parse_number(optarg, 0, 65535);
        return options->port == -1 ? -1 : 0;

    case 'i':
        options->idle = shop_parse_number(optarg, 1, SHOP_IDLE_MAX);
        return options->idle == -1 ? -1 : 0;

    case 'b':
        options->bind = optarg;
        return 0;

    case 'd':
        options->db = optarg;
        return 0;

    case 's':
        options->static_dir = optarg;
        return 0;

    case 'S':
        options->service = optarg;
        return 0;

    case 'e':
        options->echo = 1;
        return 0;

    default:
        return -1;
    }
}


/* 0 to go on, -1 for a mistake, 1 for --help */
static int
shop_options_parse(shop_options_t *options, int argc, char **argv)
{
    int  c;

    options->port = 0;
    options->idle = SHOP_IDLE_DEFAULT;
    options->bind = "127.0.0.1";
    options->db = ":memory:";
    options->static_dir = NULL;
    options->service = NULL;
    options->echo = 0;

    while ((c = getopt_long(argc, argv, "", shop_long_options, NULL)) != -1) {
        if (c == 'h') {
            return 1;
        }

        if (shop_options_set(options, c) == -1) {
            return -1;
        }
    }

    return optind == argc ? 0 : -1;
}


static int
shop_program_open(shop_t *shop, const shop_program_t *program,
    const shop_options_t *options)
{
    shop->name = program->name;
    shop->mounts = options->echo ? shop_echo_mounts : program->mounts;
    shop->stamped = program->stamped;
    shop->static_dir = -1;

    shop->pause = shop_pause_create();
    shop->events = shop_events_create();

    if (shop->pause == NULL || shop->events == NULL) {
        fprintf(stderr, "out of memory or descriptors\n");
        return -1;
    }

    shop->db = shop_db_open(options->db, program->parts, program->nparts);
    if (shop->db == NULL) {
        return -1;
    }

    if (program->accounts && shop_session_seed(shop->db) != SHOP_OK) {
        return -1;
    }

    if (options->static_dir) {
        shop->static_dir = open(options->static_dir,
                                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (shop->static_dir == -1) {
            perror(options->static_dir);
            return -1;
        }
    }

    return 0;
}


static void
shop_program_close(shop_t *shop)
{
    if (shop->static_dir != -1) {
        close(shop->static_dir);
    }

    shop_db_close(shop->db);
    shop_events_destroy(shop->events);
    shop_pause_destroy(shop->pause);
}


static int
shop_program_serve(shop_t *shop, const shop_options_t *options)
{
    int             sig;
    sigset_t        signals;
    shop_server_t  *server;

    signal(SIGPIPE, SIG_IGN);

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    server = shop_server_start(shop, options->bind, (unsigned) options->port,
                               (unsigned) options->idle);
    if (server == NULL) {
        return 1;
    }

    printf("listening on %s\n", shop_server_name(server));
    fflush(stdout);

    sigwait(&signals, &sig);
    shop_server_stop(server);

    return 0;
}


int
shop_program_main(int argc, char **argv, const char *usage,
    shop_program_find_pt find)
{
    int                    rc;
    shop_t                 shop = { 0 };
    shop_options_t         options;
    const shop_program_t  *program;

    rc = shop_options_parse(&options, argc, argv);

    if (rc == 1) {
        fputs(usage, stdout);
        return 0;
    }

    program = rc == 0 ? find(options.service) : NULL;

    if (program == NULL) {
        fputs(usage, stderr);
        return 2;
    }

    rc = 1;

    if (shop_program_open(&shop, program, &options) == 0) {
        rc = shop_program_serve(&shop, &options);
    }

    shop_program_close(&shop);

    return rc;
}
