/*
 * Some faults are answers that libmicrohttpd can send. For the others the
 * socket is taken from under it: bytes are written by hand, and MHD_NO makes
 * it close the connection without a word of its own.
 *
 *   latency      wait, then go on         status   another status
 *   hang         wait, then close         endless  a body without an end
 *   drop-header  half a header, close     reset    RST
 *   drop-body    half a body, close       garbage  no HTTP, close
 *   refuse       no listening socket; of the whole program
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "faults.h"
#include "reply.h"
#include "server.h"


#define SHOP_FAULT_MS_MAX    3600000
#define SHOP_FAULT_SEND_MS   2000
#define SHOP_FAULT_BLOCK     16384


typedef enum {
    SHOP_FAULT_LATENCY,
    SHOP_FAULT_STATUS,
    SHOP_FAULT_REFUSE,
    SHOP_FAULT_DROP_HEADER,
    SHOP_FAULT_DROP_BODY,
    SHOP_FAULT_HANG,
    SHOP_FAULT_RESET,
    SHOP_FAULT_GARBAGE,
    SHOP_FAULT_ENDLESS
} shop_fault_e;


const shop_switch_kind_t  shop_faults_kinds[] = {
    [SHOP_FAULT_LATENCY] = { "latency", SHOP_VALUE_NUMBER, 0,
                             SHOP_FAULT_MS_MAX, { NULL } },
    [SHOP_FAULT_STATUS] = { "status", SHOP_VALUE_NUMBER, 200, 599,
                            { NULL } },
    [SHOP_FAULT_REFUSE] = { "refuse", SHOP_VALUE_MAY_NUMBER, 1,
                            SHOP_FAULT_MS_MAX, { NULL } },
    [SHOP_FAULT_DROP_HEADER] = { "drop-header", SHOP_VALUE_NONE, 0, 0,
                                 { NULL } },
    [SHOP_FAULT_DROP_BODY] = { "drop-body", SHOP_VALUE_MAY_WORD, 0, 0,
                               { "length", "chunked", NULL } },
    [SHOP_FAULT_HANG] = { "hang", SHOP_VALUE_MAY_NUMBER, 0,
                          SHOP_FAULT_MS_MAX, { NULL } },
    [SHOP_FAULT_RESET] = { "reset", SHOP_VALUE_NONE, 0, 0, { NULL } },
    [SHOP_FAULT_GARBAGE] = { "garbage", SHOP_VALUE_NONE, 0, 0, { NULL } },
    [SHOP_FAULT_ENDLESS] = { "endless", SHOP_VALUE_MAY_NUMBER, 0,
                             SHOP_FAULT_MS_MAX, { NULL } },
    { NULL, SHOP_VALUE_NONE, 0, 0, { NULL } }
};


static const char  shop_fault_header[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json\r\n"
    "X-Served-";

static const char  shop_fault_body[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 4096\r\n"
    "\r\n"
    "{\"id\":42,\"customer\":\"ada@exa";

static const char  shop_fault_chunk[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json\r\n"
    "Transfer-Encoding: chunked\r\n"
    "\r\n"
    "1000\r\n"
    "{\"id\":42,\"customer\":\"ada@exa";

static const char  shop_fault_garbage[] =
    "\x16\x03\x01\x02\x00 ORA-00942: table or view does not exist\r\n\r\n";


/* sends as if libmicrohttpd were not there, and closes */
static enum MHD_Result
shop_fault_send(shop_exchange_t *x, const char *data, size_t len)
{
    int            fd;
    ssize_t        n;
    struct pollfd  pfd;

    fd = shop_exchange_socket(x);

    while (len) {
        n = send(fd, data, len, MSG_NOSIGNAL);

        if (n > 0) {
            data += n;
            len -= (size_t) n;
            continue;
        }

        pfd.fd = fd;
        pfd.events = POLLOUT;

        if (errno != EAGAIN || poll(&pfd, 1, SHOP_FAULT_SEND_MS) <= 0) {
            break;
        }
    }

    return MHD_NO;
}


/*
 * RST at once: connecting a socket to nothing is how Linux drops a
 * connection that is open. A close would send FIN before.
 */
static enum MHD_Result
shop_fault_reset(shop_exchange_t *x)
{
    struct sockaddr  nothing;

    memset(&nothing, 0, sizeof(nothing));
    nothing.sa_family = AF_UNSPEC;

    connect(shop_exchange_socket(x), &nothing, sizeof(nothing));

    return MHD_NO;
}


static enum MHD_Result
shop_fault_hang(shop_exchange_t *x, int64_t ms)
{
    int  size;

    /* what was not read yet should not end up in our memory */
    size = 1;
    setsockopt(shop_exchange_socket(x), SOL_SOCKET, SO_RCVBUF, &size,
               sizeof(size));

    shop_exchange_wait(x->shop, x->connection, ms);

    return MHD_NO;
}


static enum MHD_Result
shop_fault_status(shop_exchange_t *x, unsigned status)
{
    if (status < 400) {
        return shop_reply_empty(x, status);
    }

    return shop_reply_problem(x, status, "a fault was asked for");
}


typedef struct {
    shop_t                 *shop;
    struct MHD_Connection  *connection;
    int64_t                 delay_ms;
} shop_endless_t;


static ssize_t
shop_fault_endless_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    shop_endless_t  *endless = cls;

    (void) pos;

    if (shop_exchange_wait(endless->shop, endless->connection,
                           endless->delay_ms)
        != SHOP_PAUSE_OVER)
    {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }

    memset(buf, ' ', max);

    return (ssize_t) max;
}


static enum MHD_Result
shop_fault_endless(shop_exchange_t *x, int64_t delay_ms)
{
    shop_endless_t  *endless;

    endless = malloc(sizeof(shop_endless_t));

    if (endless) {
        endless->shop = x->shop;
        endless->connection = x->connection;
        endless->delay_ms = delay_ms == -1 ? 0 : delay_ms;
    }

    return shop_reply_stream(x, "application/json", SHOP_FAULT_BLOCK,
                             shop_fault_endless_read, endless);
}


/* everything but latency and refuse ends the exchange */
static enum MHD_Result
shop_fault_end(shop_exchange_t *x, const shop_switch_t *s)
{
    switch (s->kind) {

    case SHOP_FAULT_STATUS:
        return shop_fault_status(x, (unsigned) s->number);

    case SHOP_FAULT_DROP_HEADER:
        return shop_fault_send(x, shop_fault_header,
                               sizeof(shop_fault_header) - 1);

    case SHOP_FAULT_DROP_BODY:
        if (strcmp(s->word, "chunked") == 0) {
            return shop_fault_send(x, shop_fault_chunk,
                                   sizeof(shop_fault_chunk) - 1);
        }

        return shop_fault_send(x, shop_fault_body,
                               sizeof(shop_fault_body) - 1);

    case SHOP_FAULT_HANG:
        return shop_fault_hang(x, s->number);

    case SHOP_FAULT_RESET:
        return shop_fault_reset(x);

    case SHOP_FAULT_GARBAGE:
        return shop_fault_send(x, shop_fault_garbage,
                               sizeof(shop_fault_garbage) - 1);

    default:
        return shop_fault_endless(x, s->number);
    }
}


int
shop_faults_act(shop_exchange_t *x, unsigned early, enum MHD_Result *rc)
{
    size_t         i;
    shop_switch_t  s;

    i = 0;

    while (shop_switches_next(x->shop->faults, &i, x->method, x->raw,
                              x->raw_len, early, &s))
    {
        if (s.kind == SHOP_FAULT_REFUSE) {
            continue;
        }

        if (s.kind != SHOP_FAULT_LATENCY) {
            *rc = shop_fault_end(x, &s);
            return 1;
        }

        if (shop_exchange_wait(x->shop, x->connection, s.number)
            != SHOP_PAUSE_OVER)
        {
            *rc = MHD_NO;
            return 1;
        }
    }

    return 0;
}


void
shop_faults_set_door(shop_t *shop, int fd)
{
    shop_switch_t  s;

    if (shop_switches_find(shop->faults, SHOP_FAULT_REFUSE, &s)) {
        shop_server_refuse(shop->door, s.number, fd);

    } else {
        shop_server_resume(shop->door);
    }
}
