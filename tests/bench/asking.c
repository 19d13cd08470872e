/*
 * Clients that keep their connections, and cost less than what they measure.
 *
 *     asking PORT TARGET open|closed N SECONDS
 *
 * open    N requests a second are due, whatever became of those before; the
 *         time of one counts from when it was due
 * closed  N connections ask again as soon as they are answered
 *
 * Prints requests, requests a second, and the median and the 99th percentile
 * in microseconds.  Every answer is 200 and as long as the first.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define CONNECTIONS  1024
#define GRACE        10000000000           /* ns, for the last answers */


typedef struct {
    int       fd;
    uint64_t  due;
    size_t    missing;
} conn_t;


static char      request[1024];
static size_t    request_len, answer_len;
static char      buffer[256 * 1024];
static unsigned  port;

static int       epoll = -1;
static conn_t    conns[CONNECTIONS];
static conn_t   *idle[CONNECTIONS];
static size_t    nconns, nidle;

static uint64_t *times;
static size_t    ntimes, ntimes_max;


static void
die(const char *what)
{
    fprintf(stderr, "asking: %s (%s)\n", what, strerror(errno));
    exit(1);
}


static uint64_t
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


static int
open_socket(void)
{
    int                 fd, one = 1;
    struct sockaddr_in  sin = { .sin_family = AF_INET };

    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1
        || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) == -1)
    {
        die("cannot connect");
    }

    return fd;
}


static void
send_request(conn_t *conn, uint64_t due)
{
    conn->due = due;
    conn->missing = answer_len;

    if (write(conn->fd, request, request_len) != (ssize_t) request_len) {
        die("cannot send");
    }
}


/* The first answer says how long all are. */

static void
measure_answer(void)
{
    int      fd;
    char    *p;
    size_t   len;
    ssize_t  n;

    fd = open_socket();

    if (write(fd, request, request_len) != (ssize_t) request_len) {
        die("cannot send");
    }

    for (len = 0; len < sizeof(buffer) - 1; len += (size_t) n) {
        n = read(fd, buffer + len, sizeof(buffer) - 1 - len);

        if (n <= 0) {
            die("no first answer");
        }

        buffer[len + (size_t) n] = '\0';
        p = strstr(buffer, "\r\n\r\n");

        if (p) {
            answer_len = (size_t) (p + 4 - buffer);
            p = strcasestr(buffer, "\r\nContent-Length:");

            if (p == NULL) {
                die("the answer has no length");
            }

            answer_len += strtoul(p + 17, NULL, 10);
            close(fd);
            return;
        }
    }

    die("the head of the answer is too long");
}


static conn_t *
take(void)
{
    conn_t              *conn;
    struct epoll_event   event = { .events = EPOLLIN };

    if (nidle) {
        return idle[--nidle];
    }

    if (nconns == CONNECTIONS) {
        die("too many requests are not answered");
    }

    conn = &conns[nconns++];
    conn->fd = open_socket();
    event.data.ptr = conn;

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, conn->fd, &event) == -1) {
        die("epoll_ctl");
    }

    return conn;
}


/* Whether all of its answer is there. */

static int
receive(conn_t *conn)
{
    ssize_t  n;

    n = recv(conn->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

    if (n == -1 && errno == EAGAIN) {
        return 0;
    }

    if (n <= 0 || (size_t) n > conn->missing) {
        die("closed, or more than an answer");
    }

    if (conn->missing == answer_len && memcmp(buffer + 9, "200", 3) != 0) {
        buffer[n < 200 ? n : 200] = '\0';
        die(buffer);
    }

    conn->missing -= (size_t) n;

    return conn->missing == 0;
}


static void
keep_time(conn_t *conn, uint64_t at)
{
    if (ntimes == ntimes_max) {
        ntimes_max = ntimes_max ? 2 * ntimes_max : 65536;
        times = realloc(times, ntimes_max * sizeof(uint64_t));

        if (times == NULL) {
            die("no memory");
        }
    }

    times[ntimes++] = at - conn->due;
}


static void
wait_for(int64_t ns, int closed, uint64_t end)
{
    int                 i, n;
    conn_t             *conn;
    uint64_t            at;
    struct timespec     ts;
    struct epoll_event  events[256];

    ts.tv_sec = ns / 1000000000;
    ts.tv_nsec = ns % 1000000000;

    n = epoll_pwait2(epoll, events, 256, &ts, NULL);

    for (i = 0; i < n; i++) {
        conn = events[i].data.ptr;

        if (!receive(conn)) {
            continue;
        }

        at = now();
        keep_time(conn, at);

        if (closed && at < end) {
            send_request(conn, at);

        } else {
            idle[nidle++] = conn;
        }
    }
}


static void
run_open(uint64_t rate, uint64_t total)
{
    uint64_t  sent, start, due, at;

    start = now();

    for (sent = 0; sent < total || nidle < nconns; /* void */ ) {
        at = now();
        due = start + sent * 1000000000 / rate;

        if (sent < total && at >= due) {
            send_request(take(), due);
            sent++;

        } else {
            wait_for(sent < total ? (int64_t) (due - at) : 100000000, 0, 0);
        }

        if (sent == total && at > due + GRACE) {
            die("not all are answered");
        }
    }
}


static void
run_closed(uint64_t connections, uint64_t end)
{
    uint64_t  i;

    for (i = 0; i < connections; i++) {
        send_request(take(), now());
    }

    while (nidle < nconns) {
        wait_for(100000000, 1, end);

        if (now() > end + GRACE) {
            die("not all are answered");
        }
    }
}


static int
compare_times(const void *one, const void *two)
{
    uint64_t  a = *(const uint64_t *) one, b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}


int
main(int argc, char **argv)
{
    double    seconds;
    uint64_t  number, start;

    if (argc != 6) {
        fprintf(stderr, "asking PORT TARGET open|closed N SECONDS\n");
        return 2;
    }

    port = (unsigned) atoi(argv[1]);
    number = strtoul(argv[4], NULL, 10);
    seconds = atof(argv[5]);

    request_len = (size_t) snprintf(request, sizeof(request),
                    "GET %s HTTP/1.1\r\nHost: shop.example.com\r\n"
                    "User-Agent: bench\r\nAccept: */*\r\n\r\n", argv[2]);

    (void) prctl(PR_SET_TIMERSLACK, 1UL);

    epoll = epoll_create1(0);
    measure_answer();

    start = now();

    if (strcmp(argv[3], "open") == 0) {
        run_open(number, number / 10);
        ntimes = 0;
        start = now();
        run_open(number, (uint64_t) (seconds * (double) number));

    } else {
        run_closed(number, start + (uint64_t) (seconds * 1e9));
    }

    seconds = (double) (now() - start) / 1e9;
    qsort(times, ntimes, sizeof(uint64_t), compare_times);

    printf("%zu %.1f %.1f %.1f\n", ntimes, (double) ntimes / seconds,
           (double) times[ntimes / 2] / 1e3,
           (double) times[ntimes * 99 / 100] / 1e3);

    return 0;
}
