/*
 * Sockets to listen on. Knows nothing of HTTP: what is accepted goes to the
 * daemon as it is.
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
    unsigned                  running:1;
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


static int
shop_listener_open(shop_listener_t *listener)
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
        || bind(listener->fd, sa, listener->length) == -1
        || listen(listener->fd, SHOP_LISTENER_BACKLOG) == -1)
    {
        return -1;
    }

    /* the port that was taken for port 0 */
    return getsockname(listener->fd, sa, &listener->length);
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

    if (shop_listener_parse(listener, bind, port) == -1) {
        fprintf(stderr, "bad address to listen on: %s\n", bind);
        goto failed;
    }

    if (shop_listener_open(listener) == -1) {
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


static void *
shop_listener_loop(void *data)
{
    struct pollfd     pfd[2];
    shop_listener_t  *listener = data;

    pfd[0].fd = shop_pause_descriptor(listener->pause);
    pfd[0].events = POLLIN;
    pfd[1].fd = listener->fd;
    pfd[1].events = POLLIN;

    for ( ;; ) {
        if (poll(pfd, 2, -1) == -1 && errno != EINTR) {
            return NULL;
        }

        if (pfd[0].revents) {
            return NULL;
        }

        if (pfd[1].revents) {
            shop_listener_accept(listener);
        }
    }
}


int
shop_listener_start(shop_listener_t *listener, struct MHD_Daemon *daemon)
{
    int  err;

    listener->daemon = daemon;

    err = pthread_create(&listener->thread, NULL, shop_listener_loop,
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
