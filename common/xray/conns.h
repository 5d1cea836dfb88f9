/* The first half of the model: which event belongs to which connection, and
 * what state the segments put both ends in. */
#ifndef CONNS_H
#define CONNS_H

#include "model.h"

/* Fills model->conns and the conn and side of model->info. */
int conns_find(struct model *model);

/* Follows the states, and holds them and the order of things against what the
 * kernel said at every stop. */
int conns_follow(struct model *model);

/* Finds the connections that went the same way, and which to draw. */
int conns_compare(struct model *model);

#endif
