/*
 * Sockets to listen on. Knows nothing of HTTP: what is accepted goes to the
 * daemon as it is.
 *
 *   closed_until   what is wanted, written by anybody, under the lock
 *   fd, listening  what is, written by the thread alone
 */

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "listener.h"


#define SHOP_LISTENER_BACKLOG  511

/* a rest when the process is out of descriptors */
#define SHOP_LISTENER_REST_MS  20


struct shop_listener_s {
    int                       fd;
    struct sockaddr_storage   address;
    socklen_t                 length;
    char                      name[160];
    shop_pause_t             *pause;
    struct MHD_Daemon        *daemon;
    pthread_t                 thread;
    pthread_mutex_t           lock;
    pthread_cond_t            changed;      /* listening has */
    int                       wake;         /* closed_until has changed */
    int64_t                   closed_until; /* 0: open */
    int                       listening;
    int                       gone;         /* the thread has ended */
    int                       running;      /* the thread was started */
};


static int
shop_listener_parse_unix(shop_listener_t *listener, const char *path)
{
    struct sockaddr_un  *un;

    un = (struct sockaddr_un *) &listener->address;

    if (path[0] == '\0' || strlen(path) >= sizeof(un->sun_path)) {
        return -1;
    }

    un->sun_family = AF_UNIX;
    strcpy(un->sun_path, path);
    listener->length = sizeof(struct sockaddr_un);

    return 0;
}


static int
shop_listener_parse(shop_listener_t *listener, const char *bind,
    unsigned port)
{
    char              service[16];
    struct addrinfo  *ai, hints;

    if (strncmp(bind, "unix:", 5) == 0) {
        return shop_listener_parse_unix(listener, bind + 5);
    }

    memset(&hints, 0, sizeof(hints));
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    snprintf(service, sizeof(service), "%u", port);

    if (getaddrinfo(bind, service, &hints, &ai) != 0) {
        return -1;
    }

    memcpy(&listener->address, ai->ai_addr, ai->ai_addrlen);
    listener->length = ai->ai_addrlen;
    freeaddrinfo(ai);

    return 0;
}


/* a socket that has the address, but does not listen: it refuses */
static int
shop_listener_bind(shop_listener_t *listener)
{
    int               one;
    struct sockaddr  *sa;

    one = 1;
    sa = (struct sockaddr *) &listener->address;

    if (sa->sa_family == AF_UNIX) {
        unlink(((struct sockaddr_un *) sa)->sun_path);
    }

    listener->fd = socket(sa->sa_family,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd == -1) {
        return -1;
    }

    if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(int))
        == -1
        || bind(listener->fd, sa, listener->length) == -1)
    {
        return -1;
    }

    /* the port that was taken for port 0 */
    return getsockname(listener->fd, sa, &listener->length);
}


static int
shop_listener_listen(shop_listener_t *listener)
{
    if (listener->fd == -1 && shop_listener_bind(listener) == -1) {
        return -1;
    }

    return listen(listener->fd, SHOP_LISTENER_BACKLOG);
}


static void
shop_listener_set_name(shop_listener_t *listener)
{
    char              host[64], port[16];
    const char       *format;
    struct sockaddr  *sa;

    sa = (struct sockaddr *) &listener->address;

    if (sa->sa_family == AF_UNIX) {
        snprintf(listener->name, sizeof(listener->name), "unix:%s",
                 ((struct sockaddr_un *) sa)->sun_path);
        return;
    }

    getnameinfo(sa, listener->length, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);

    format = sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s";
    snprintf(listener->name, sizeof(listener->name), format, host, port);
}


shop_listener_t *
shop_listener_create(const char *bind, unsigned port, shop_pause_t *pause)
{
    shop_listener_t  *listener;

    listener = calloc(1, sizeof(shop_listener_t));
    if (listener == NULL) {
        return NULL;
    }

    listener->fd = -1;
    listener->pause = pause;
    listener->listening = 1;
    listener->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->changed, NULL);

    if (listener->wake == -1) {
        goto failed;
    }

    if (shop_listener_parse(listener, bind, port) == -1) {
        fprintf(stderr, "bad address to listen on: %s\n", bind);
        goto failed;
    }

    if (shop_listener_listen(listener) == -1) {
        fprintf(stderr, "cannot listen on %s, port %u: %s\n", bind, port,
                strerror(errno));
        goto failed;
    }

    shop_listener_set_name(listener);

    return listener;

failed:

    shop_listener_destroy(listener);

    return NULL;
}


void
shop_listener_destroy(shop_listener_t *listener)
{
    struct sockaddr  *sa;

    if (listener == NULL) {
        return;
    }

    if (listener->running) {
        pthread_join(listener->thread, NULL);
    }

    if (listener->fd != -1) {
        close(listener->fd);
        sa = (struct sockaddr *) &listener->address;

        if (sa->sa_family == AF_UNIX) {
            unlink(((struct sockaddr_un *) sa)->sun_path);
        }
    }

    if (listener->wake != -1) {
        close(listener->wake);
    }

    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}


static void
shop_listener_accept(shop_listener_t *listener)
{
    int                      fd;
    socklen_t                len;
    struct sockaddr_storage  client;

    len = sizeof(client);
    fd = accept4(listener->fd, (struct sockaddr *) &client, &len,
                 SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd != -1) {
        /* closes fd if it fails */
        MHD_add_connection(listener->daemon, fd, (struct sockaddr *) &client,
                           len);
        return;
    }

    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
        shop_pause_wait(listener->pause, -1, SHOP_LISTENER_REST_MS);
    }
}


/* makes of the socket what is wanted; the lock is held */
static void
shop_listener_switch(shop_listener_t *listener, int wanted)
{
    if (wanted) {
        if (shop_listener_listen(listener) == -1) {
            perror("cannot listen again");
        }

    } else {
        close(listener->fd);
        listener->fd = -1;

        if (shop_listener_bind(listener) == -1) {
            perror("cannot keep the address");
        }
    }

    listener->listening = wanted;
    pthread_cond_broadcast(&listener->changed);
}


/* how long to wait for the next change, -1 for ever */
static int
shop_listener_update(shop_listener_t *listener)
{
    int64_t  left;

    pthread_mutex_lock(&listener->lock);

    left = -1;

    if (listener->closed_until && listener->closed_until != INT64_MAX) {
        left = listener->closed_until - shop_clock_ms();

        if (left <= 0) {
            listener->closed_until = 0;
            left = -1;
        }
    }

    if (listener->listening != (listener->closed_until == 0)) {
        shop_listener_switch(listener, listener->closed_until == 0);
    }

    pthread_mutex_unlock(&listener->lock);

    return (int) left;
}


static void
shop_listener_loop(shop_listener_t *listener)
{
    int            timeout;
    eventfd_t      count;
    struct pollfd  pfd[3];

    pfd[0].fd = shop_pause_descriptor(listener->pause);
    pfd[0].events = POLLIN;
    pfd[1].fd = listener->wake;
    pfd[1].events = POLLIN;
    pfd[2].events = POLLIN;

    for ( ;; ) {
        timeout = shop_listener_update(listener);
        pfd[2].fd = listener->listening ? listener->fd : -1;

        if (poll(pfd, 3, timeout) == -1) {
            if (errno != EINTR) {
                return;
            }

            continue;
        }

        if (pfd[0].revents) {
            return;
        }

        if (pfd[1].revents) {
            eventfd_read(listener->wake, &count);
            continue;
        }

        if (pfd[2].revents) {
            shop_listener_accept(listener);
        }
    }
}


static void *
shop_listener_run(void *data)
{
    shop_listener_t  *listener = data;

    shop_listener_loop(listener);

    pthread_mutex_lock(&listener->lock);
    listener->gone = 1;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);

    return NULL;
}


static void
shop_listener_want(shop_listener_t *listener, int64_t closed_until)
{
    pthread_mutex_lock(&listener->lock);

    listener->closed_until = closed_until;
    eventfd_write(listener->wake, 1);

    while (!listener->gone
           && listener->listening != (listener->closed_until == 0))
    {
        pthread_cond_wait(&listener->changed, &listener->lock);
    }

    pthread_mutex_unlock(&listener->lock);
}


void
shop_listener_refuse(shop_listener_t *listener, int64_t ms)
{
    shop_listener_want(listener, ms == -1 ? INT64_MAX : shop_clock_ms() + ms);
}


void
shop_listener_resume(shop_listener_t *listener)
{
    shop_listener_want(listener, 0);
}


int
shop_listener_start(shop_listener_t *listener, struct MHD_Daemon *daemon)
{
    int  err;

    listener->daemon = daemon;

    err = pthread_create(&listener->thread, NULL, shop_listener_run,
                         listener);
    if (err) {
        fprintf(stderr, "cannot start a thread: %s\n", strerror(err));
        return -1;
    }

    listener->running = 1;

    return 0;
}


const char *
shop_listener_name(shop_listener_t *listener)
{
    return listener->name;
}
