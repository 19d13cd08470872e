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

#include "control.h"
#include "diagnostics.h"
#include "drift.h"
#include "exchange.h"
#include "faults.h"
#include "program.h"
#include "server.h"
#include "session.h"


#define SHOP_IDLE_DEFAULT  75
#define SHOP_IDLE_MAX      86400


typedef struct {
    int64_t           port;
    int64_t           control_port;     /* -1: none */
    int64_t           idle;
    const char       *bind;
    const char       *db;
    const char       *static_dir;
    const char       *service;
    const char       *build;
    shop_switches_t  *faults;
    shop_switches_t  *drift;
    unsigned          echo:1;
    unsigned          stamp:1;
} shop_options_t;


static const struct option  shop_long_options[] = {
    { "port", required_argument, NULL, 'p' },
    { "bind", required_argument, NULL, 'b' },
    { "db", required_argument, NULL, 'd' },
    { "static", required_argument, NULL, 's' },
    { "service", required_argument, NULL, 'S' },
    { "idle", required_argument, NULL, 'i' },
    { "echo", no_argument, NULL, 'e' },
    { "build", required_argument, NULL, 'B' },
    { "stamp", no_argument, NULL, 't' },
    { "control-port", required_argument, NULL, 'c' },
    { "fault", required_argument, NULL, 'F' },
    { "drift", required_argument, NULL, 'D' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 }
};


/* with --echo, hardly anything but the echo answers */
static const shop_mount_t  shop_echo_mounts[] = {
    { "", shop_control_routes },
    { "", shop_echo_routes },
    { NULL, NULL }
};


static const shop_mount_t  shop_control_mounts[] = {
    { "", shop_control_routes },
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

    case 'c':
        options->control_port = shop_parse_number(optarg, 0, 65535);
        return options->control_port == -1 ? -1 : 0;

    case 'F':
        return shop_switches_add(options->faults, optarg);

    case 'D':
        return shop_switches_add(options->drift, optarg);

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

    case 'B':
        options->build = optarg;
        return 0;

    case 't':
        options->stamp = 1;
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

    options->faults = shop_switches_create("fault", shop_faults_kinds, 1);
    options->drift = shop_switches_create("drift", shop_drift_kinds, 0);

    if (options->faults == NULL || options->drift == NULL) {
        return -1;
    }

    options->port = 0;
    options->control_port = -1;
    options->idle = SHOP_IDLE_DEFAULT;
    options->bind = "127.0.0.1";
    options->db = ":memory:";
    options->static_dir = NULL;
    options->service = NULL;
    options->build = NULL;
    options->echo = 0;
    options->stamp = 0;

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
    shop->build = options->build;
    shop->stamped = program->stamped || options->stamp;
    shop->static_dir = -1;
    shop->idle = (unsigned) options->idle;
    shop->faults = options->faults;
    shop->drift = options->drift;

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


/* says where the program listens once all of it does */
static int
shop_program_start(shop_t *shop, shop_t *control,
    const shop_options_t *options, shop_server_t *servers[2])
{
    servers[0] = shop_server_start(shop, options->bind,
                                   (unsigned) options->port);
    if (servers[0] == NULL) {
        return -1;
    }

    /* the same shop, and the same door, from elsewhere */
    *control = *shop;
    control->mounts = shop_control_mounts;

    if (options->control_port != -1) {
        servers[1] = shop_server_start(control, options->bind,
                                       (unsigned) options->control_port);
        if (servers[1] == NULL) {
            return -1;
        }
    }

    shop_faults_set_door(shop, -1);

    printf("listening on %s\n", shop_server_name(servers[0]));

    if (servers[1]) {
        printf("control on %s\n", shop_server_name(servers[1]));
    }

    fflush(stdout);

    return 0;
}


/* until a signal; SIGUSR1 ends all faults, even those that shut the door */
static void
shop_program_wait(shop_t *shop, const sigset_t *signals)
{
    int  sig;

    for ( ;; ) {
        if (sigwait(signals, &sig) != 0 || sig != SIGUSR1) {
            return;
        }

        shop_switches_clear(shop->faults);
        shop_faults_set_door(shop, -1);
    }
}


static int
shop_program_serve(shop_t *shop, const shop_options_t *options)
{
    int             rc;
    shop_t          control;
    sigset_t        signals;
    shop_server_t  *servers[2] = { NULL, NULL };

    signal(SIGPIPE, SIG_IGN);

    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);

    rc = shop_program_start(shop, &control, options, servers);

    if (rc == 0) {
        shop_program_wait(shop, &signals);
    }

    /* the one that can close the other's door goes first */
    shop_server_stop(servers[1]);
    shop_server_stop(servers[0]);

    return rc == 0 ? 0 : 1;
}


static int
shop_program_run(const shop_program_t *program,
    const shop_options_t *options)
{
    int     rc;
    shop_t  shop = { 0 };

    rc = 1;

    if (shop_program_open(&shop, program, options) == 0) {
        rc = shop_program_serve(&shop, options);
    }

    shop_program_close(&shop);

    return rc;
}


int
shop_program_main(int argc, char **argv, const char *usage,
    shop_program_find_pt find)
{
    int                    rc;
    shop_options_t         options;
    const shop_program_t  *program;

    rc = shop_options_parse(&options, argc, argv);

    program = rc == 0 ? find(options.service) : NULL;

    if (rc == 1) {
        fputs(usage, stdout);
        rc = 0;

    } else if (program == NULL) {
        fputs(usage, stderr);
        rc = 2;

    } else {
        rc = shop_program_run(program, &options);
    }

    shop_switches_destroy(options.faults);
    shop_switches_destroy(options.drift);

    return rc;
}
