/*
 * Backends that misbehave, and are no heavier than nginx when they do.
 *
 *     misbehaving slow|silent|endless|reset
 *
 * slow     answers after a second
 * silent   takes connections and requests, and says nothing
 * endless  200 MB in chunks, as fast as they are taken
 * reset    closes with a RST when a request comes
 *
 * Prints its port on 127.0.0.1 and serves until its standard input ends.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define PEERS   4096                       /* descriptors */
#define CHUNK   65536
#define CHUNKS  3200                       /* 200 MB */
#define SLOW    1000                       /* ms */

#define HEAD    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
#define SAID    HEAD "Content-Length: 3\r\n\r\n{}\n"


typedef struct {
    int64_t   due;                         /* ms; slow */
    unsigned  chunks;                      /* that are still to come */
    size_t    sent;                        /* of this one */
} peer_t;


static peer_t  peers[PEERS];
static int     queue[PEERS * 2];           /* slow ones, in order */
static size_t  first, last;
static int     epoll = -1;
static char    mode;
static char    chunk[CHUNK + 9];


static void
die(const char *what)
{
    fprintf(stderr, "misbehaving: %s (%s)\n", what, strerror(errno));
    exit(1);
}


static int64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static void
watch(int fd, int how, uint32_t events)
{
    struct epoll_event  event = { .events = events, .data.fd = fd };

    if (epoll_ctl(epoll, how, fd, &event) == -1) {
        die("epoll_ctl");
    }
}


static int
listen_somewhere(void)
{
    int                 fd;
    socklen_t           len;
    struct sockaddr_in  sin = { .sin_family = AF_INET };

    len = sizeof(sin);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd == -1
        || bind(fd, (struct sockaddr *) &sin, len) == -1
        || listen(fd, 4096) == -1
        || getsockname(fd, (struct sockaddr *) &sin, &len) == -1)
    {
        die("cannot listen");
    }

    printf("%u\n", ntohs(sin.sin_port));
    fflush(stdout);

    return fd;
}


static void
take(int listener)
{
    int  fd;

    for ( ;; ) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

        if (fd == -1) {
            return;
        }

        if (fd >= PEERS) {
            close(fd);
            continue;
        }

        memset(&peers[fd], 0, sizeof(peer_t));
        watch(fd, EPOLL_CTL_ADD, EPOLLIN);
    }
}


static void
drop(int fd)
{
    peers[fd].due = 0;
    close(fd);
}


static void
send_chunks(int fd)
{
    ssize_t  n;
    peer_t  *peer;

    peer = &peers[fd];

    while (peer->chunks) {
        n = send(fd, chunk + peer->sent, sizeof(chunk) - peer->sent,
                 MSG_NOSIGNAL);

        if (n == -1) {
            if (errno != EAGAIN) {
                drop(fd);
            }

            return;
        }

        peer->sent += (size_t) n;

        if (peer->sent == sizeof(chunk)) {
            peer->sent = 0;
            peer->chunks--;
        }
    }

    drop(fd);
}


/* A request is there: bench's fit into one segment. */

static void
answer(int fd)
{
    struct linger  linger = { 1, 0 };

    switch (mode) {

    case 'r':
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
        drop(fd);
        break;

    case 'e':
        if (send(fd, HEAD "Transfer-Encoding: chunked\r\n\r\n",
                 sizeof(HEAD "Transfer-Encoding: chunked\r\n\r\n") - 1,
                 MSG_NOSIGNAL)
            == -1)
        {
            drop(fd);
            break;
        }

        peers[fd].chunks = CHUNKS;
        watch(fd, EPOLL_CTL_MOD, EPOLLOUT);
        break;

    default:
        if (last - first < PEERS * 2 && peers[fd].due == 0) {
            peers[fd].due = now() + SLOW;
            queue[last++ % (PEERS * 2)] = fd;
        }
    }
}


static void
serve(int fd, uint32_t events)
{
    char     buffer[16384];
    ssize_t  n;

    if (events & EPOLLOUT) {
        send_chunks(fd);
        return;
    }

    n = recv(fd, buffer, sizeof(buffer), 0);

    if (n == 0 || (n == -1 && errno != EAGAIN)) {
        drop(fd);
        return;
    }

    if (n > 0) {
        answer(fd);
    }
}


/* Answers whose second is over; ms until the next one. */

static int
say_what_is_due(void)
{
    int      fd;
    int64_t  left;

    for ( /* void */ ; first < last && mode == 'l'; first++) {
        fd = queue[first % (PEERS * 2)];

        if (peers[fd].due == 0) {
            continue;
        }

        left = peers[fd].due - now();

        if (left > 0) {
            return (int) left;
        }

        peers[fd].due = 0;

        if (send(fd, SAID, sizeof(SAID) - 1, MSG_NOSIGNAL) == -1) {
            drop(fd);
        }
    }

    if (mode != 'l') {
        first = last;
    }

    return -1;
}


int
main(int argc, char **argv)
{
    int                 i, n, listener;
    struct epoll_event  events[256];

    if (argc != 2) {
        fprintf(stderr, "misbehaving slow|silent|endless|reset\n");
        return 2;
    }

    mode = (argv[1][0] == 's') ? argv[1][1] : argv[1][0];

    memcpy(chunk, "10000\r\n", 7);
    memset(chunk + 7, ' ', CHUNK);
    memcpy(chunk + 7 + CHUNK, "\r\n", 2);

    epoll = epoll_create1(0);
    listener = listen_somewhere();
    watch(listener, EPOLL_CTL_ADD, EPOLLIN);
    watch(STDIN_FILENO, EPOLL_CTL_ADD, EPOLLIN);

    for ( ;; ) {
        n = epoll_wait(epoll, events, 256, say_what_is_due());

        for (i = 0; i < n; i++) {
            if (events[i].data.fd == STDIN_FILENO) {
                return 0;
            }

            if (events[i].data.fd == listener) {
                take(listener);

            } else {
                serve(events[i].data.fd, events[i].events);
            }
        }
    }
}
