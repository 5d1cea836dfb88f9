/* One property of the routes to this host, through rtnetlink(7). */
#ifndef ROUTE_H
#define ROUTE_H

/*
 * Makes TCP on 127.0.0.0/8 acknowledge at once what it receives, as `ip route
 * change ... quickack 1` does. A delayed ACK comes by a timer (40 ms and more)
 * and thus between any two calls. The caller must have made this network.
 * Returns 0, or -1 with errno.
 */
int route_quick_ack(void);

#endif
