/*
 * A flag a descriptor. As a socket is removed before it is closed, a set flag
 * never stands for somebody else's descriptor.
 */

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "clients.h"


/* more than the server takes connections; the rest cannot be cut */
#define SHOP_CLIENTS_MAX  4096


struct shop_clients_s {
    pthread_mutex_t  lock;
    unsigned char    open[SHOP_CLIENTS_MAX];
};


shop_clients_t *
shop_clients_create(void)
{
    shop_clients_t  *clients;

    clients = calloc(1, sizeof(shop_clients_t));

    if (clients) {
        pthread_mutex_init(&clients->lock, NULL);
    }

    return clients;
}


void
shop_clients_destroy(shop_clients_t *clients)
{
    if (clients) {
        pthread_mutex_destroy(&clients->lock);
        free(clients);
    }
}


static void
shop_clients_set(shop_clients_t *clients, int fd, unsigned char open)
{
    if (fd < 0 || fd >= SHOP_CLIENTS_MAX) {
        return;
    }

    pthread_mutex_lock(&clients->lock);
    clients->open[fd] = open;
    pthread_mutex_unlock(&clients->lock);
}


void
shop_clients_add(shop_clients_t *clients, int fd)
{
    shop_clients_set(clients, fd, 1);
}


void
shop_clients_remove(shop_clients_t *clients, int fd)
{
    shop_clients_set(clients, fd, 0);
}


void
shop_clients_cut(shop_clients_t *clients, int spared)
{
    int  fd;

    pthread_mutex_lock(&clients->lock);

    for (fd = 0; fd < SHOP_CLIENTS_MAX; fd++) {
        if (clients->open[fd] && fd != spared) {
            shutdown(fd, SHUT_RDWR);
        }
    }

    pthread_mutex_unlock(&clients->lock);
}
