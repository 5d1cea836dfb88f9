/* Every TCP segment on this network's loopback, with the kernel's own
 * timestamps: an AF_PACKET ring (packet(7)), no library. */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "events.h"

#include <stdio.h>

struct capture;

/*
 * Starts to capture. pcap: NULL, or a file that gets all packets, as
 * pcap-savefile(5) has it, and stays the caller's. Needs CAP_NET_RAW in this
 * network. Returns NULL with one sentence in why when that is refused.
 */
struct capture *capture_open(FILE *pcap, char *why, size_t size);

/*
 * Adds the segments that came since the last time, marked with that turn.
 * On loopback a segment is here before the system call that sent it returns.
 * Returns how many came; 0 for a NULL capture.
 */
int capture_drain(struct capture *capture, struct recording *recording,
                  int step);

/* Drains once more, notes the packets that were lost, and ends. */
void capture_close(struct capture *capture, struct recording *recording,
                   int step);

#endif
