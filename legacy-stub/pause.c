/*
 * An eventfd that becomes readable once and stays so, polled together with
 * the client's socket.
 */

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "pause.h"


struct shop_pause_s {
    int  stop;
};


shop_pause_t *
shop_pause_create(void)
{
    shop_pause_t  *pause;

    pause = malloc(sizeof(shop_pause_t));
    if (pause == NULL) {
        return NULL;
    }

    pause->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (pause->stop == -1) {
        free(pause);
        return NULL;
    }

    return pause;
}


void
shop_pause_destroy(shop_pause_t *pause)
{
    if (pause) {
        close(pause->stop);
        free(pause);
    }
}


void
shop_pause_stop(shop_pause_t *pause)
{
    eventfd_write(pause->stop, 1);
}


int
shop_pause_descriptor(shop_pause_t *pause)
{
    return pause->stop;
}


shop_pause_e
shop_pause_wait(shop_pause_t *pause, int fd, int64_t ms)
{
    int            n;
    int64_t        left, end;
    struct pollfd  pfd[2];

    pfd[0].fd = pause->stop;
    pfd[0].events = POLLIN;
    pfd[1].fd = fd;
    pfd[1].events = POLLRDHUP;

    end = shop_clock_ms() + ms;

    for ( ;; ) {
        left = ms < 0 ? -1 : end - shop_clock_ms();

        if (ms >= 0 && left < 0) {
            left = 0;
        }

        n = poll(pfd, 2, left > INT_MAX ? INT_MAX : (int) left);

        if (n == 0 && left <= INT_MAX) {
            return SHOP_PAUSE_OVER;
        }

        if (n == -1 && errno != EINTR) {
            return SHOP_PAUSE_STOP;
        }

        if (n > 0) {
            return pfd[0].revents ? SHOP_PAUSE_STOP : SHOP_PAUSE_GONE;
        }
    }
}


int64_t
shop_clock_ms(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
