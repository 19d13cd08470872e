/*
 * The sockets of the connections of a server, so that they can be cut.
 */

#ifndef SHOP_CLIENTS_H
#define SHOP_CLIENTS_H


typedef struct shop_clients_s  shop_clients_t;


/* NULL without memory. */
shop_clients_t *shop_clients_create(void);
void shop_clients_destroy(shop_clients_t *clients);

/* A socket is added when it is open and removed before it is closed. */
void shop_clients_add(shop_clients_t *clients, int fd);
void shop_clients_remove(shop_clients_t *clients, int fd);

/* Shuts all of them down but the socket spared. */
void shop_clients_cut(shop_clients_t *clients, int spared);


#endif /* SHOP_CLIENTS_H */
