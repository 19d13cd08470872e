/*
 * /login, /logout and /account, which is for those who are logged in.
 */

#ifndef SHOP_LOGIN_H
#define SHOP_LOGIN_H

#include "shop.h"


extern const shop_route_t  shop_login_routes[];


#endif /* SHOP_LOGIN_H */
